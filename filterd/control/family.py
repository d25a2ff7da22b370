"""Who lives here: the children of the first run become profiles in one change, each with a name that proves the filter.

settle(state, Who("mẹ", "web"), [Child("", "Lan", "age-10-13")], grown_ups="Bố mẹ", language="vi")
is_testable(load(state), "lan")       # its own list blocks TEST_NAME
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

from filterd.control.change import Done, apply
from filterd.control.household import is_demonstration
from filterd.control.moves import text_of
from filterd.control.profiles import MAX_NAME, add_name, free_id
from filterd.errors import ConfigError
from filterd.model.change import Who
from filterd.model.household import Household, Profile
from filterd.wire.name import to_wire

PRESETS = ("age-0-6", "age-7-9", "age-10-13", "age-14-17")  # the youngest first
TEST_NAME = "thu-bo-loc.example.com"  # nobody's site; the family step blocks it for every child
_TEST_WIRE = to_wire(TEST_NAME)


@dataclass(frozen=True, slots=True)
class Child:
    """One child as a person tells it. `ident`: of a profile that is there already, else ""."""

    ident: str
    name: str
    preset: str


def of_household(household: Household) -> list[Child]:
    """Return the children who are there."""
    return [Child(p.id, p.name, p.preset) for p in household.profiles if p.preset in PRESETS]


def settle(
    state: Path, who: Who, children: list[Child], *, grown_ups: str, language: str, seen: int | None = None
) -> Done:
    """Make `children` the household's, in one change. The demonstration goes with its devices; other profiles stay.

    `grown_ups`: what their profile is called when there is none yet. Devices of a child that goes follow the youngest.
    """
    fresh = is_demonstration(state)

    def alter(household: Household) -> Household:
        old = {} if fresh else {p.id: p for p in household.profiles}
        others = [] if fresh else [p for p in household.profiles if p.preset not in PRESETS]
        taken = {p.id for p in others} | {c.ident for c in children if c.ident in old}
        made = []
        for child in children:
            name = text_of(child.name, "name", MAX_NAME)
            if child.preset not in PRESETS:
                raise ConfigError("preset: expected an age")
            known = old.get(child.ident)
            if known is not None:
                made.append(_testable(replace(known, name=name, preset=child.preset)))
                continue
            ident = free_id(name, taken)
            taken.add(ident)
            made.append(_testable(Profile(ident, name, child.preset)))
        if not any(p.preset == "adult" for p in others):
            others.append(Profile(free_id(grown_ups, taken), grown_ups, "adult"))
        profiles = (*made, *others)
        youngest = min(made, key=lambda p: PRESETS.index(p.preset)).id if made else others[0].id
        left = {p.id for p in profiles}

        def moved(profile: str) -> str:
            return profile if profile in left else youngest

        return replace(
            household,
            profiles=profiles,
            default_profile=youngest,
            language=language,
            devices=() if fresh else tuple(replace(d, profile=moved(d.profile)) for d in household.devices),
            grants=tuple(g for g in household.grants if not g.profile or g.profile in left) if not fresh else (),
            internet_off=tuple(o for o in household.internet_off if not o.profile or o.profile in left)
            if not fresh
            else (),
        )

    return apply(state, who, "family", alter, seen=seen)


def youngest(children: list[Child]) -> Child | None:
    """Return the youngest of the rows that are complete."""
    known = [c for c in children if c.preset in PRESETS and c.name]
    return min(known, key=lambda c: PRESETS.index(c.preset), default=None)


def is_testable(household: Household, profile: str) -> bool:
    """Return whether the test name is blocked for this profile by its own list."""
    return any(p.id == profile and _TEST_WIRE in p.names.block for p in household.profiles)


def prepare_test(state: Path, who: Who, profile: str, *, seen: int | None = None) -> Done:
    """Block the test name for `profile`."""
    return add_name(state, who, profile, "block", TEST_NAME, seen=seen)


def _testable(profile: Profile) -> Profile:
    if _TEST_WIRE in profile.names.block:
        return profile
    return replace(profile, names=replace(profile.names, block=(*profile.names.block, _TEST_WIRE)))
