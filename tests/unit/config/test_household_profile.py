"""A profile in the household's file: every key, and every error with its path and line."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from filterd.config.household import read
from filterd.model.household import Budget, DayException, Effect, Household, Rule, Window
from filterd.wire.name import to_wire
from tests.unit.config.household_text import KNOWN, profile_problems, with_more


def test_a_profile(example: Household) -> None:
    anna, ben, parents = example.profiles
    assert (anna.preset, anna.switchable, anna.parent_sees) == ("age-10-13", False, "categories")
    assert anna.categories == {"gambling": Rule.BLOCK, "social": Rule.ALLOW}
    assert anna.services == {"tiktok": Rule.BLOCK, "youtube": Rule.ALLOW}
    assert anna.names.allow == tuple(map(to_wire, ("wiki.chat.example", "tie.example", "xn--bcher-kva.example")))
    assert anna.names.always == (to_wire("school.example"),)
    assert anna.safe_search == {"google": "on", "bing": "off", "youtube": "strict"}
    assert (ben.preset, ben.switchable, ben.windows, parents.windows) == ("none", None, None, ())


def test_windows(example: Household) -> None:
    assert example.profiles[0].windows == (
        Window("Bedtime", Effect.OFFLINE, 1290, 1800, frozenset({0, 1, 2, 3, 6})),
        Window(
            "Homework",
            Effect.ONLY,
            960,
            1050,
            frozenset({0, 1}),
            (to_wire("learn.example"),),
            ("zalo",),
            ("forums",),
        ),
        Window("Play", Effect.PERMIT, 840, 1440, frozenset({5, 6}), (), ("roblox",), ("games",)),
        Window("permit", Effect.PERMIT, 720, 2160, frozenset({2}), (), ("roblox",)),
    )


def test_exceptions_and_budgets(example: Household) -> None:
    anna = example.profiles[0]
    late = Window("Late", Effect.OFFLINE, 1380, 1860)
    assert anna.exceptions == (
        DayException((), on=date(2026, 12, 24)),
        DayException((late,), holiday="Christmas"),
        DayException((), holiday="Summer"),
    )
    assert anna.budgets == (
        Budget(("youtube",), ("games",), 60, frozenset(range(5))),
        Budget(("tiktok",), (), 30),
    )


def test_contradictory_overlapping_and_repeated_rules_are_valid() -> None:
    text = """
    names: {block: [a.example, a.example], allow: [a.example], always: [a.example]}
    windows:
      - {from: "08:00", to: "10:00", effect: offline}
      - {from: "08:00", to: "10:00", effect: offline}
      - {from: "09:00", to: "09:30", effect: only}
    exceptions: [{date: 2026-12-24, windows: []}, {date: 2026-12-24, windows: []}]
"""
    household = read("version: 1\nprofiles:\n  - id: lan\n    name: Lan" + text, KNOWN)
    assert len(household.profiles[0].windows or ()) == 3
    grants = "grants:\n" + "  - {profile: lan, scope: time}\n" * 2
    assert len(with_more(grants).grants) == 2


@pytest.mark.parametrize(
    ("text", "line", "parts"),
    [
        ("preset: age-10", 5, ["profiles[0].preset: unknown preset 'age-10'", "did you mean age-10-13?"]),
        ("switchable: on", 5, ["profiles[0].switchable: expected true or false, got 'on'"]),
        ("parent_sees: all", 5, ["profiles[0].parent_sees"]),
        ("categories: {gamblin: block}", 5, ["categories.gamblin", "did you mean gambling?"]),
        ("categories: {gambling: deny}", 5, ["profiles[0].categories.gambling: unknown word 'deny'"]),
        ("services: {youtube: [block]}", 5, ["profiles[0].services.youtube: expected one of block, allow, got a list"]),
        ("services: {youtube: block, youtube: allow}", 5, ["services.youtube: this key stands here twice"]),
        ("names: {blocked: [a.example]}", 5, ["profiles[0].names.blocked: unknown key; did you mean block?"]),
        ("names:\n  block:\n    - 192.0.2.1", 7, ["profiles[0].names.block[0]", "an address is no name"]),
        ("safe_search: {googel: true}", 5, ["safe_search.googel: unknown key; did you mean google?"]),
        ("safe_search: {youtube: true}", 5, ["safe_search.youtube: unknown level 'true'"]),
        ("safe_search: {google: strict}", 5, ["safe_search.google: expected true or false"]),
        ("windows:\n  - {from: 08:00, to: 09:00}", 6, ["profiles[0].windows[0]: effect is missing"]),
        ("windows:\n  - {from: 08:00, effect: offline}", 6, ["profiles[0].windows[0]: to is missing"]),
        ("windows:\n  - {from: 24:00, to: 01:00, effect: offline}", 6, ["windows[0].from", "'24:00'"]),
        ("windows:\n  - {from: 08:00, to: 24:01, effect: offline}", 6, ["windows[0].to", "'24:01'"]),
        ("windows:\n  - {from: 1290, to: 09:00, effect: offline}", 6, ["windows[0].from", "'1290'"]),
        ("windows:\n  - {from: 8h, to: 09:60, effect: offline}", 6, ["windows[0].to"]),
        ("windows:\n  - {from: 08:00, to: 09:00, effect: sleep}", 6, ["unknown effect 'sleep'"]),
        ("windows:\n  - {from: 08:00, to: 09:00, effect: offline, days: [monday]}", 6, ["days[0]", "mean mon?"]),
        ("windows:\n  - {from: 08:00, to: 09:00, effect: offline, days: []}", 6, ["at least one day"]),
        ("windows:\n  - {from: 08:00, to: 09:00, effect: offline, days: mon}", 6, ["days: expected a list of days"]),
        ("windows:\n  - {from: 08:00, to: 09:00, effect: only, services: [zalos]}", 6, ["services[0]", "mean zalo?"]),
        ("windows:\n  - {from: 08:00, to: 09:00, effect: offline, names: [a.example]}", 6, ["blocks everything"]),
        ("windows:\n  - {from: 08:00, to: 09:00, effect: permit, names: [a.example]}", 6, ["not names"]),
        ("windows:\n  - offline", 6, ["profiles[0].windows[0]: expected a mapping"]),
        ("exceptions:\n  - {windows: []}", 6, ["exceptions[0]: expected either 'date' or 'holiday'"]),
        ("exceptions:\n  - {date: 2026-12-24, holiday: T}", 6, ["exceptions[0]: expected either"]),
        ("exceptions:\n  - {date: 24.12.2026}", 6, ["exceptions[0].date", "'24.12.2026'"]),
        ("exceptions:\n  - {holiday: T}", 6, ["exceptions[0].holiday: unknown holiday 'T'"]),
        ("exceptions:\n  - {date: 2026-12-24, windows: [{from: x, to: y, effect: z}]}", 6, ["windows[0].effect"]),
        ("budgets:\n  - {minutes: 60}", 6, ["budgets[0]: a budget needs at least one service or category"]),
        ("budgets:\n  - {services: [youtube], minutes: 0}", 6, ["budgets[0].minutes", "from 1 to 1440"]),
        ("budgets:\n  - {services: [youtube]}", 6, ["budgets[0]: minutes is missing"]),
    ],
)
def test_an_error_in_a_profile_names_its_path_and_line(text: str, line: int, parts: list[str]) -> None:
    found = profile_problems(text)
    assert any(all(p in f for p in parts) and f.endswith(f"(h.yaml:{line})") for f in found), found


def test_bounds_on_the_number_of_windows() -> None:
    found: list[Any] = profile_problems("windows:\n" + "  - {from: 08:00, to: 09:00, effect: offline}\n" * 65)
    assert "at most 64 items, got 65" in found[0]
