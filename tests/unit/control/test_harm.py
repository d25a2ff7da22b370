"""The password before something harmful opens: every way to open it is one, what closes or is harmless is none."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from filterd.config.catalogue import load as load_catalogue
from filterd.control import harm, moves, profiles, requests
from filterd.control.change import apply, revert
from filterd.control.harm import opens_harm
from filterd.control.household import load
from filterd.control.moves import Whom
from filterd.errors import ProofNeeded
from filterd.model.change import Who
from filterd.model.household import (
    DayException,
    Device,
    Effect,
    Grant,
    Household,
    Names,
    Profile,
    Rule,
    Scope,
    Window,
)
from filterd.wire.name import to_wire
from tests.unit.control.family import state

__all__ = ["state"]  # a fixture
BET, PLAIN = to_wire("bet.example"), to_wire("plain.example")
GROUP = next(s.id for s in load_catalogue().services.values() if s.group == "dating")
MILD = next(s.id for s in load_catalogue().services.values() if s.group == "video")
HOURS = Window("Giờ", Effect.PERMIT, 1000, 1100, None, (), (), ("gambling",))
KID = Profile("kid", "Kid", "age-7-9")
TEEN = Profile("teen", "Teen", "age-14-17")
ADULT = Profile("adult", "Adult", "adult")
HOUSE = Household(
    (KID, TEEN, ADULT), "kid", confirm_harm=True,
    devices=(Device("pad", "Pad", "kid", ip="192.0.2.1"), Device("pc", "PC", "adult", ip="192.0.2.2")),
)  # fmt: skip
MUM, CHILD = Who("mẹ", "web"), Who("Kid", "child")


def harm_of(name: str) -> frozenset[str]:
    return frozenset({"gambling"}) if name == "bet.example" else frozenset()


def kid(**values: Any) -> Callable[[Household], Household]:
    return lambda h: replace(h, profiles=tuple(replace(p, **values) if p.id == "kid" else p for p in h.profiles))


def given(scope: Scope, value: str = "", **whom: str) -> Callable[[Household], Household]:
    return lambda h: replace(h, grants=(Grant(scope, value, id="g1", until=9e9, **(whom or {"profile": "kid"})),))


def device(**values: Any) -> Callable[[Household], Household]:
    return lambda h: replace(h, devices=(replace(h.devices[0], **values), *h.devices[1:]))


OPENS = {
    "category": kid(categories={"gambling": Rule.ALLOW}),
    "age": kid(preset="adult"),
    "no age": kid(preset="none"),
    "site": kid(names=Names(allow=(BET,))),
    "site for ever": kid(names=Names(always=(BET,))),
    "service": kid(services={GROUP: Rule.ALLOW}),
    "hours of a category": kid(windows=(HOURS,)),
    "hours of a service": kid(windows=(replace(HOURS, categories=(), services=(GROUP,)),)),
    "hours of a day": kid(exceptions=(DayException((HOURS,), holiday=""),)),
    "pause": given(Scope.FILTER),
    "pause of a device": given(Scope.FILTER, device="pad"),
    "grant of a category": given(Scope.CATEGORY, "gambling"),
    "grant of a site": given(Scope.NAME, "bet.example"),
    "grant of a service": given(Scope.SERVICE, GROUP),
    "device to a grown-up": device(profile="adult"),
    "new device of a grown-up": lambda h: replace(
        h, devices=(*h.devices, Device("new", "New", "adult", ip="192.0.2.9"))
    ),
    "strangers like grown-ups": lambda h: replace(h, default_profile="adult"),
    "the rule itself": lambda h: replace(h, confirm_harm=False),
    "child removed": lambda h: replace(
        h, profiles=(TEEN, ADULT), default_profile="teen", devices=(replace(h.devices[0], profile="adult"),)
    ),
}  # fmt: skip
HARMLESS = {
    "nothing": lambda h: h,
    "other category": kid(categories={"social": Rule.ALLOW}),
    "closed": kid(categories={"gambling": Rule.BLOCK}),
    "other site": kid(names=Names(allow=(PLAIN,))),
    "blocked site": kid(names=Names(block=(BET,))),
    "other service": kid(services={MILD: Rule.ALLOW}),
    "bedtime": kid(windows=(Window("Ngủ", Effect.OFFLINE, 1290, 1800),)),
    "more time": given(Scope.TIME),
    "mild grant": given(Scope.CATEGORY, "social"),
    "site that is open anyway": given(Scope.NAME, "bet.example", profile="adult"),
    "older, harm closed alike": kid(preset="age-10-13"),
    "device to a sister": device(profile="teen"),
    "device of a grown-up to a child": lambda h: replace(
        h, devices=(h.devices[0], replace(h.devices[1], profile="kid"))
    ),
    "grown-up's own": lambda h: replace(
        h, profiles=(KID, TEEN, replace(ADULT, names=Names(allow=(BET,))))
    ),
}  # fmt: skip


@pytest.mark.parametrize("way", OPENS)
def test_every_way_to_open_harm(way: str) -> None:
    assert opens_harm(HOUSE, OPENS[way](HOUSE), harm_of)


@pytest.mark.parametrize("way", HARMLESS)
def test_what_opens_no_harm(way: str) -> None:
    assert not opens_harm(HOUSE, HARMLESS[way](HOUSE), harm_of)


def test_a_grant_that_was_there_is_not_asked_for_again() -> None:
    had = given(Scope.FILTER)(HOUSE)
    assert not opens_harm(had, replace(had, language="en"), harm_of)
    longer = replace(had, grants=(replace(had.grants[0], until=None),))
    assert opens_harm(had, longer, harm_of)


def confirm(state: Path) -> str:
    profiles.patch_household(state, MUM, {"confirm_harm": True})
    return load(state).profiles[0].id


def test_off_by_default_and_binding_once_chosen(state: Path) -> None:
    ident = load(state).profiles[0].id
    profiles.set_rule(state, MUM, ident, "categories", "gambling", "allow")
    profiles.set_rule(state, MUM, ident, "categories", "gambling", "block")
    confirm(state)
    before = load(state)
    for source in harm.REMOTE:
        with pytest.raises(ProofNeeded):
            profiles.set_rule(state, Who("mẹ", source), ident, "categories", "gambling", "allow")
        with pytest.raises(ProofNeeded):
            moves.pause(state, Who("mẹ", source), Whom(profile=ident), 15)
        with pytest.raises(ProofNeeded):
            profiles.patch_household(state, Who("mẹ", source), {"confirm_harm": None})
    assert load(state) == before
    profiles.set_rule(state, Who("mẹ", "web", is_proved=True), ident, "categories", "gambling", "allow")
    profiles.set_rule(state, Who("root", "cli"), ident, "categories", "adult", "allow")
    assert load(state).profiles[0].categories["gambling"] is Rule.ALLOW


def test_a_proof_is_no_part_of_who_did_it(state: Path) -> None:
    proved = Who("mẹ", "web", is_proved=True)
    done = apply(state, proved, "language", lambda h: replace(h, language="en" if h.language == "vi" else "vi"))
    assert done.change is not None and done.change.who == MUM == proved


def test_taking_back_is_no_way_round_but_a_slip_is_forgiven(state: Path) -> None:
    ident = load(state).profiles[0].id
    profiles.set_rule(state, MUM, ident, "categories", "gambling", "allow")
    confirm(state)
    done = profiles.set_rule(state, MUM, ident, "categories", "gambling", "block")
    assert done.change is not None
    with pytest.raises(ProofNeeded):
        revert(state, MUM, done.change.number, now=done.change.at + 60)
    revert(state, MUM, done.change.number, now=done.change.at + 5)
    assert load(state).profiles[0].categories["gambling"] is Rule.ALLOW


def test_an_answer_to_a_child_opens_no_harm_either(state: Path) -> None:
    ident = confirm(state)
    profiles.set_rule(state, MUM, ident, "categories", "gambling", "block")
    asked = requests.ask(state, CHILD, profile=ident, scope=Scope.CATEGORY, value="gambling")
    with pytest.raises(ProofNeeded):
        requests.answer(state, MUM, asked.id, True)
    requests.answer(state, replace(MUM, is_proved=True), asked.id, True)
    assert requests.requests(state)[0].state == "granted"


def test_what_the_lists_in_force_call_harm_counts(state: Path) -> None:
    ident = confirm(state)
    profiles.set_rule(state, MUM, ident, "categories", "adult", "block")
    profiles.add_name(state, MUM, ident, "allow", "harmless.example")
    for part in ("allow", "always"):
        with pytest.raises(ProofNeeded):
            profiles.add_name(state, MUM, ident, part, "www.bad.example")
    profiles.add_name(state, MUM, ident, "block", "www.bad.example")
