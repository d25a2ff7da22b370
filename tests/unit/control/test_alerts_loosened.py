"""Which changes loosen: a table from edits to what they mean, and the same by real use cases through the history."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from filterd.control import devices, moves, profiles, requests
from filterd.control.alerts import Alerts
from filterd.control.alerts_loosened import Context, Loosening, loosened
from filterd.control.alerts_rows import list_alerts
from filterd.control.alerts_settings import set_settings
from filterd.control.change import history, revert, undo
from filterd.model.alert import AlertKind
from filterd.model.change import Change, Edit, Who
from filterd.model.household import Scope
from tests.unit.control.family import ANNA, DAD, MUM, PAGE, state

__all__ = ["state"]  # a fixture
CONTEXT = Context(
    presets={"age-7-9": frozenset({"gambling", "adult", "social"}), "age-14-17": frozenset({"gambling", "adult"})},
    safe={"age-7-9": {"google": "on", "youtube": "strict"}, "age-14-17": {"google": "on", "youtube": "moderate"}},
    adults=frozenset({"dad"}),
    devices={"pad": "kid", "phone": "dad"},
    harm=frozenset({"gambling", "adult"}),
    harm_of=lambda name: frozenset({"gambling"}) if name == "bet.example" else frozenset(),
)
BED = {"name": "Bed", "from": "21:30", "to": "06:00", "effect": "offline"}
ONLY = {"name": "School", "from": "08:00", "to": "12:00", "effect": "only", "services": ["kahoot"]}
PLAY = {
    "name": "Play",
    "from": "14:00",
    "to": "17:00",
    "days": ["sat", "sun"],
    "effect": "permit",
    "services": ["roblox"],
}
KID: dict[str, Any] = {
    "id": "kid", "name": "Kid", "preset": "age-7-9", "categories": {"ads": "block"}, "services": {"tiktok": "block"},
    "names": {"block": ["x.example"]}, "windows": [BED, ONLY, PLAY], "budgets": [{"services": ["youtube"], "minutes": 60}],
}  # fmt: skip


def without(key: str) -> dict[str, Any]:
    return {k: v for k, v in KID.items() if k != key}


def kid(**more: Any) -> dict[str, Any]:
    return {**KID, **more}


def edits(*given: Edit) -> Change:
    return Change(7, 0.0, Who("bố"), "profile changed", given)


@pytest.mark.parametrize(
    ("after", "said"),
    [
        (kid(name="Kind"), []),
        (kid(preset="age-14-17"), ["category social", "safe-search youtube"]),
        (kid(preset="adult"), ["preset adult"]),
        (kid(preset="none", categories={"ads": "block", "social": "block"}),
         ["category adult", "category gambling", "safe-search google", "safe-search youtube"]),
        (kid(categories={}), ["category ads"]),
        (kid(categories={"ads": "block", "gambling": "allow"}), ["category gambling"]),
        (kid(categories={"ads": "block", "games": "block"}), []),
        (kid(categories={"ads": "allow"}), ["category ads"]),
        (kid(services={}), ["service tiktok"]),
        (kid(services={"tiktok": "allow"}), ["service tiktok"]),
        (kid(services={"tiktok": "block", "zalo": "allow"}), ["service zalo"]),
        (kid(services={"tiktok": "block", "zalo": "block"}), []),
        (without("names"), ["name"]),
        (kid(names={"block": ["x.example", "y.example"]}), []),
        (kid(names={"block": ["x.example"], "always": ["school.example"]}), []),
        (kid(names={"block": ["x.example"], "always": ["bet.example"]}), ["always gambling"]),
        (kid(names={"block": ["x.example"], "allow": ["bet.example"]}), ["allow gambling"]),
        (kid(safe_search={"google": False}), ["safe-search google"]),
        (kid(safe_search={"youtube": "none"}), ["safe-search youtube"]),
        (kid(safe_search={"google": True, "bing": True}), []),
        (kid(windows=[ONLY, PLAY]), ["window"]),
        (kid(windows=[{**BED, "from": "22:00"}, ONLY, PLAY]), ["window"]),
        (kid(windows=[{**BED, "from": "21:00"}, ONLY, PLAY]), []),
        (kid(windows=[{**BED, "days": ["mon"]}, ONLY, PLAY]), ["window"]),
        (kid(windows=[{**BED, "effect": "only"}, ONLY, PLAY]), ["window"]),
        (kid(windows=[BED, {**ONLY, "effect": "offline"}, PLAY]), []),
        (kid(windows=[BED, {**ONLY, "services": ["kahoot", "tiktok"]}, PLAY]), ["window"]),
        (kid(windows=[BED, {**ONLY, "name": "Other"}, PLAY]), []),
        (kid(windows=[BED, ONLY]), ["service roblox"]),
        (kid(windows=[BED, ONLY, {**PLAY, "to": "18:00"}]), ["service roblox"]),
        (kid(windows=[BED, ONLY, {**PLAY, "to": "16:00"}]), []),
        (kid(windows=[BED, ONLY, PLAY, {**PLAY, "services": [], "categories": ["gambling"]}]), ["category gambling"]),
        (kid(windows=[BED, ONLY, PLAY, {**PLAY, "services": ["zalo"]}]), []),
        (kid(exceptions=[{"date": "2026-11-30", "windows": []}]), ["free-day"]),
        (kid(exceptions=[{"date": "2026-11-30", "windows": [BED]}]), []),
        (without("budgets"), ["budget"]),
        (kid(budgets=[{"services": ["youtube"], "minutes": 90}]), ["budget"]),
        (kid(budgets=[{"services": ["youtube"], "minutes": 30}]), []),
        (kid(budgets=[{"services": ["youtube"], "minutes": 60, "days": ["sat"]}]), ["budget"]),
        (kid(budgets=[{"services": ["youtube", "tiktok"], "minutes": 60}]), []),
        (kid(switchable=False), ["switchable"]),
        (kid(parent_sees="categories"), []),
    ],
)  # fmt: skip
def test_edits_of_a_childs_profile(after: dict[str, Any], said: list[str]) -> None:
    found = loosened(edits(Edit("profile", "kid", KID, after)), CONTEXT)
    assert [f"{x.what} {x.value}".strip() for x in found] == said
    assert {x.profile for x in found} <= {"kid"}
    back = loosened(edits(Edit("profile", "kid", after, KID)), CONTEXT)
    if after.get("preset") == "adult":
        assert back == ()  # a grown-up's rules became stricter: nobody's alert
    grown = loosened(edits(Edit("profile", "kid", {**KID, "preset": "adult"}, {**after, "preset": "adult"})), CONTEXT)
    assert grown == ()


@pytest.mark.parametrize(
    ("edit", "said"),
    [
        (Edit("device", "pad", {"profile": "kid"}, {"profile": "dad"}), [("kid", "device", "pad")]),
        (Edit("device", "pad", {"profile": "dad"}, {"profile": "kid"}), []),
        (Edit("device", "new", None, {"profile": "dad"}), [("", "device", "new")]),
        (Edit("device", "new", None, {"profile": "kid"}), []),
        (Edit("device", "pad", {"profile": "kid"}, None), []),
        (Edit("household", "", {"default_profile": "kid"}, {"default_profile": "dad"}), [("dad", "default", "")]),
        (Edit("household", "", {"language": "vi"}, {"language": "en"}), []),
        (Edit("household", "", None, {"default_profile": "dad"}), []),
        (Edit("grant", "g", None, {"profile": "kid", "scope": "filter", "until": "x"}), [("kid", "pause", "")]),
        (Edit("grant", "g", None, {"device": "pad", "scope": "filter", "until": "x"}), [("kid", "pause", "")]),
        (Edit("grant", "g", None, {"device": "phone", "scope": "filter", "until": "x"}), []),
        (Edit("grant", "g", None, {"profile": "dad", "scope": "filter"}), []),
        (Edit("grant", "g", None, {"profile": "kid", "scope": "time", "until": "x"}), []),
        (Edit("grant", "g", None, {"profile": "kid", "scope": "time"}), [("kid", "endless", "time")]),
        (Edit("grant", "g", None, {"profile": "kid", "scope": "category", "value": "adult", "until": "x"}),
         [("kid", "grant", "adult")]),
        (Edit("grant", "g", None, {"profile": "kid", "scope": "category", "value": "games", "until": "x"}), []),
        (Edit("grant", "g", None, {"profile": "kid", "scope": "name", "value": "bet.example"}),
         [("kid", "grant", "gambling")]),
        (Edit("grant", "g", None, {"profile": "kid", "scope": "name", "value": "school.example"}), []),
        (Edit("grant", "g", {"profile": "kid", "scope": "filter"}, None), []),
        (Edit("off", "o", {"everyone": True}, None), []),
        (Edit("profile", "kid", KID, None), []),
        (Edit("profile", "kid", None, KID), []),
        (Edit("request", "r1", None, {"scope": "time"}), []),
        (Edit("setting", "alerts", None, {"ntfy": {"ref": "a"}}), []),
        (Edit("setting", "alerts", {"ntfy": {"ref": "a"}}, {"kinds": []}), [("", "alerts", "")]),
        (Edit("setting", "alerts", {"ntfy": {"ref": "a"}, "kinds": ["x", "y"]}, {"ntfy": {"ref": "a"}, "kinds": ["x"]}),
         [("", "alerts", "")]),
        (Edit("setting", "alerts", {"ntfy": {"ref": "a"}}, None), [("", "alerts", "")]),
        (Edit("setting", "other", {"ntfy": 1}, None), []),
    ],
)  # fmt: skip
def test_other_edits(edit: Edit, said: list[tuple[str, str, str]]) -> None:
    assert loosened(edits(edit), CONTEXT) == tuple(Loosening(*x) for x in said)


def test_all_edits_of_a_change_count_once_each() -> None:
    twice = Edit("grant", "g", None, {"profile": "kid", "scope": "filter", "until": "x"})
    assert loosened(edits(twice, twice), CONTEXT) == (Loosening("kid", "pause"),)


def test_bodies_that_are_damaged_are_no_crash() -> None:
    for wrong in ({}, {"windows": 3, "names": [], "budgets": [{}], "categories": None, "exceptions": ["x"]}):
        loosened(edits(Edit("profile", "kid", KID, wrong), Edit("profile", "kid", wrong, KID)), CONTEXT)


# --- through the history ---

NOW = 1_795_600_000.0


class Watched:
    """Alerts of a state whose household changes."""

    def __init__(self, state: Path) -> None:
        self.state = state
        self.alerts = Alerts(state)
        assert self.alerts.step(NOW) is False

    def step(self, now: float = NOW + 60) -> bool:
        """A step after all changes have settled."""
        self.alerts.reload()
        return self.alerts.step(max(now, history(self.state, limit=1)[0].at + 11))

    @property
    def found(self) -> list[tuple[str, list[list[str]], int]]:
        return [(a.profile, a.detail["what"], a.count) for a in reversed(list_alerts(self.state))]


@pytest.fixture
def watched(state: Path) -> Watched:
    return Watched(state)


def test_what_was_before_is_no_news(watched: Watched) -> None:
    assert watched.step() is False and watched.found == []


def test_a_change_by_page_or_command_line_is_an_alert(watched: Watched) -> None:
    profiles.set_rule(watched.state, PAGE, "anna", "categories", "games", "allow")
    assert watched.step() is True
    (alert,) = list_alerts(watched.state)
    assert (alert.profile, alert.detail["what"]) == ("anna", [["category", "games"]])
    assert (alert.detail["by"], alert.detail["source"]) == ("mẹ", "web")
    assert watched.step() is False


def test_the_manager_and_an_update_are_nobody(watched: Watched) -> None:
    for source in ("manager", "upgrade"):
        profiles.set_rule(watched.state, Who(source=source), "anna", "services", "tiktok", "default")
        profiles.set_rule(watched.state, Who(source=source), "anna", "services", "tiktok", "block")
    assert watched.step() is False and watched.found == []


def test_changes_of_one_person_in_an_hour_are_one_alert(watched: Watched) -> None:
    profiles.set_rule(watched.state, MUM, "anna", "categories", "games", "allow")
    watched.step()
    profiles.set_rule(watched.state, MUM, "anna", "services", "tiktok", "allow")
    profiles.set_windows(watched.state, MUM, "anna", ())
    assert watched.step() is False
    moves.pause(watched.state, DAD, ANNA, 10)
    assert watched.step() is True
    assert watched.found == [
        ("anna", [["category", "games"], ["service", "tiktok"], ["window", ""]], 3),
        ("anna", [["pause", ""]], 1),
    ]


def test_it_is_told_once_whatever_restarts(watched: Watched) -> None:
    profiles.set_rule(watched.state, MUM, "anna", "categories", "games", "allow")
    for _ in range(3):
        watched.alerts = Alerts(watched.state)
        watched.step()
    assert watched.found == [("anna", [["category", "games"]], 1)]


def test_what_was_undone_at_once_is_no_alert(watched: Watched) -> None:
    done = profiles.set_rule(watched.state, MUM, "anna", "categories", "games", "allow")
    assert done.change is not None
    watched.alerts.reload()
    assert watched.alerts.step(done.change.at + 5) is False  # it may still be undone
    undo(watched.state, MUM, now=done.change.at + 9)
    assert watched.step(done.change.at + 30) is False and watched.found == []
    again = profiles.set_rule(watched.state, MUM, "anna", "categories", "games", "allow")
    assert again.change is not None and watched.step() is True


def test_taking_a_rule_back_later_is_loosening(watched: Watched) -> None:
    done = profiles.set_rule(watched.state, MUM, "ben", "services", "tiktok", "block")
    assert done.change is not None
    assert watched.step() is False
    revert(watched.state, DAD, done.change.number, now=done.change.at + 3600)
    assert watched.step() is True
    assert watched.found == [("ben", [["service", "tiktok"]], 1)]


def test_an_allowed_name_counts_when_lists_call_it_harm(watched: Watched) -> None:
    profiles.add_name(watched.state, MUM, "anna", "always", "harmless.example")
    assert watched.step() is False
    profiles.add_name(watched.state, MUM, "anna", "always", "www.bad.example")
    assert watched.step() is True
    moves.grant(watched.state, MUM, Scope.NAME, ANNA, value="bad.example", minutes=5)
    watched.step()
    assert watched.found == [("anna", [["always", "adult"], ["grant", "adult"]], 2)]
    assert "bad.example" not in str(list_alerts(watched.state))


def test_a_device_for_a_grown_up_and_alerts_switched_off(watched: Watched) -> None:
    profiles.add_profile(watched.state, MUM, "Dad", "adult", ident="dad")
    set_settings(watched.state, MUM, {"ntfy": {"topic": "abc"}})
    assert watched.step() is False
    devices.change_device(watched.state, MUM, "pad", profile="dad")
    set_settings(watched.state, MUM, {"ntfy": None})
    assert watched.step() is True
    assert watched.found == [("anna", [["device", "pad"]], 1), ("", [["alerts", ""]], 1)]


def test_a_child_that_needs_to_talk_is_an_alert_once(watched: Watched) -> None:
    child = Who("Anna", "child")
    requests.ask(watched.state, child, profile="anna", scope=Scope.TIME)  # more time is none
    assert watched.step() is False
    requests.ask(watched.state, child, profile="anna", scope=Scope.TIME, kind="talk")
    assert watched.step() is True
    (alert,) = list_alerts(watched.state)
    assert (alert.kind, alert.profile, alert.detail.get("what")) == (AlertKind.CHILD_TALKS, "anna", None)
    watched.alerts = Alerts(watched.state)
    assert watched.step() is False and len(list_alerts(watched.state)) == 1
