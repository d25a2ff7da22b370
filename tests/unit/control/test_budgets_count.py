"""The counting itself: its bounds, and that another profile's questions cost nothing."""

from __future__ import annotations

from dataclasses import replace

import pytest

from filterd.control import budgets_count
from filterd.control.budgets_count import MAX_NAMES, MAX_SLOTS, MAX_TAILS, Meters
from filterd.model.household import Budget, Household, Profile
from filterd.model.tags import Tag, TagKind, TagSet
from filterd.wire.name import to_wire
from tests.unit.control.budget_home import NOON, asked

VIDEO = TagSet.of({Tag(TagKind.SERVICE, "youtube")})
HOUSE = Household((Profile("anna", "Anna", budgets=(Budget(("youtube",), (), 60),)), Profile("dad", "Dad")))


def meters(household: Household = HOUSE, tags: TagSet = VIDEO) -> tuple[Meters, list[bytes]]:
    looked_up: list[bytes] = []

    def look_up(name: bytes) -> TagSet:
        looked_up.append(name)
        return tags

    made = Meters(look_up)
    made.plan(household, NOON)
    return made, looked_up


def test_names_are_looked_up_once_and_only_for_those_who_have_budgets() -> None:
    made, looked_up = meters()
    tail = asked()
    for event in (tail, tail, asked(), asked("other.example"), asked(profile="dad"), asked(profile="gone")):
        made.take([event])
    assert looked_up == [to_wire("www.tube.example"), to_wire("other.example")]


def test_what_is_remembered_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    made, looked_up = meters()
    count = MAX_NAMES + MAX_TAILS
    for n in range(count):
        made.take([asked(f"n{n}.example")])
        assert len(made._tails) <= MAX_TAILS
        assert len(made._names) <= MAX_NAMES
    assert len(looked_up) == count
    assert len(made._names) > MAX_NAMES // 2
    made.take([asked("n0.example"), asked(f"n{count - 1}.example")])
    assert len(looked_up) == count + 1  # the oldest was forgotten, the newest was not


def test_the_slots_of_a_budget_are_bounded() -> None:
    made, _ = meters()
    for n in range(MAX_SLOTS):
        assert len(made.take([asked(at=NOON + n * 300)])) == 1
    (meter,) = made
    assert len(meter.slots) == MAX_SLOTS
    assert len(made.take([asked(at=NOON + MAX_SLOTS * 300)])) == 1
    first = int(NOON // 300)
    assert meter.slots == set(range(first + MAX_SLOTS - MAX_SLOTS // 4, first + MAX_SLOTS + 1))


def test_two_budgets_that_differ_in_minutes_alone_share_a_meter() -> None:
    twice = replace(HOUSE.profiles[0], budgets=(Budget(("youtube",), (), 60), Budget(("youtube",), (), 30)))
    made, _ = meters(replace(HOUSE, profiles=(twice,)))
    assert len(list(made)) == 1
    assert len(made.take([asked(), asked()])) == 1


def test_whose_budgets_are_gone_is_not_counted() -> None:
    made, _ = meters()
    tail = asked()
    made.take([tail])
    assert made and not made.plan(HOUSE, NOON)
    made.plan(replace(HOUSE, profiles=(Profile("anna", "Anna"),)), NOON)
    assert not made and made.take([tail]) == []
    assert made.plan(HOUSE, NOON)
    assert made.find(("anna", "x")) is None


def test_one_profile_alone() -> None:
    both = tuple(replace(HOUSE.profiles[0], id=ident) for ident in ("anna", "ben"))
    made = Meters(lambda _: VIDEO)
    made.plan(replace(HOUSE, profiles=both), NOON, only="ben")
    assert [m.key[0] for m in made] == ["ben"]
    assert len(made.take([asked(), asked(profile="ben")])) == 1


def test_a_bundle_that_cannot_be_opened_leaves_the_one_before(tmp_path, monkeypatch: pytest.MonkeyPatch) -> None:
    from tests.unit.control.budget_home import build_bundle, set_up

    monkeypatch.setenv("FILTERD_RUN", str(tmp_path / "run"))
    state = set_up(tmp_path / "state")
    names = budgets_count.Names(state)
    assert names.refresh() and not names.refresh()
    assert names.tags(to_wire("x.tube.example")).services == ("youtube",)
    from filterd.control.publish import publish_bundle

    file = build_bundle(state, also="new.example")
    publish_bundle(state, file)
    file.write_bytes(b"damaged")
    assert not names.refresh()
    assert names.tags(to_wire("x.tube.example")).services == ("youtube",)
    names.close()
    assert names.tags(to_wire("x.tube.example")).services == ("youtube",)  # the revision before it, opened anew
    assert names.tags(b"").services == ()
    names.close()
