"""What may be remembered: every level, harm, and a profile whose parent sees categories."""

from __future__ import annotations

from dataclasses import replace

import pytest

from filterd.control.privacy import Keep, Masks
from filterd.model.decision import Action, Row
from filterd.model.event import Tail
from filterd.model.household import Household, Privacy, Profile

NAME = b"\7example\3org\0"
BLOCKED = Tail(
    Action.BLOCK, Row.CATEGORY, 1, 0, 0, NAME, "tuan", "pc", "adult", "tiktok", "adult-list", "adult", b"\3cdn" + NAME
)
ALLOWED = replace(BLOCKED, action=Action.ALLOW, row=Row.DEFAULT, category="", service="", rule="nothing blocks it")


@pytest.mark.parametrize(
    ("level", "blocked", "allowed"),
    [
        ("everything", Keep.DETAIL, Keep.DETAIL),
        ("blocked", Keep.DETAIL, Keep.COUNT),
        ("counts", Keep.COUNT, Keep.COUNT),
        ("nothing", Keep.NOTHING, Keep.NOTHING),
    ],
)
def test_the_level_says_how_much_is_kept(level: str, blocked: Keep, allowed: Keep) -> None:
    masks = Masks.of(Household((Profile("lan", "Lan"),), privacy=Privacy(level=level)))
    assert masks.keep(BLOCKED) is blocked
    assert [masks.keep(replace(ALLOWED, action=a)) for a in (Action.ALLOW, Action.REWRITE, Action.LOCAL)] == [
        allowed
    ] * 3
    assert (masks.shown(5, BLOCKED) is None) == (blocked is not Keep.DETAIL)


def test_harm_is_known_by_category_and_hour_alone() -> None:
    masks = Masks()
    at_ms = 1_795_500_000_000 + 1_234_567
    shown = masks.shown(at_ms, replace(BLOCKED, category="abuse"))
    assert shown is not None
    when, tail = shown
    assert when == at_ms - at_ms % 3_600_000
    assert (tail.qname, tail.matched, tail.category, tail.rule) == (b"", b"", "abuse", "adult")
    assert masks.shown(at_ms, BLOCKED) == (at_ms, BLOCKED)


def test_a_parent_who_sees_categories_sees_no_name_nor_what_stands_for_one() -> None:
    masks = Masks.of(Household((Profile("tuan", "Tuấn", parent_sees="categories"), Profile("lan", "Lan"))))
    shown = masks.shown(77, BLOCKED)
    assert shown is not None
    when, tail = shown
    assert (when, tail.qname, tail.matched, tail.service, tail.category) == (77, b"", b"", "", "adult")
    assert masks.shown(77, replace(BLOCKED, profile="lan")) == (77, replace(BLOCKED, profile="lan"))


@pytest.mark.parametrize("row", list(Row))
def test_the_words_of_a_rule_stay_unless_they_name_a_site(row: Row) -> None:
    masks = Masks(hidden=frozenset({"tuan"}))
    rule = masks.mask(replace(BLOCKED, row=row, rule="words")).rule
    assert rule == ("" if row in (Row.GRANT, Row.NAME, Row.BUDGET, Row.SERVICE) else "words")
