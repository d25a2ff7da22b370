"""Who lives here: the children of a form, and the household made of them in one change.

children, problems = read_form(request.form)
changed(lambda who, seen: settle(state(), who, children, ...), ...)
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from filterd.control.change import Done, apply
from filterd.control.household import is_demonstration
from filterd.control.moves import text_of
from filterd.control.profiles import MAX_NAME, add_name, free_id
from filterd.errors import ConfigError
from filterd.model.change import Who
from filterd.model.household import Household, Profile
from webui.wizard_seen import TEST_NAME

PRESETS = ("age-0-6", "age-7-9", "age-10-13", "age-14-17")  # the youngest first
MOST = 12  # children
TEST_WIRE = b"".join(bytes([len(part)]) + part.encode() for part in TEST_NAME.split(".")) + b"\0"


@dataclass(frozen=True, slots=True)
class Child:
    """One row of the form. `ident`: of a profile that is there already, else ""."""

    ident: str
    name: str
    preset: str


def of_household(household: Household) -> list[Child]:
    """Return the children who are there, as rows."""
    return [Child(p.id, p.name, p.preset) for p in household.profiles if p.preset in PRESETS]


def of_form(form: Mapping[str, str]) -> list[Child]:
    """Return the rows of a form, also half-filled ones: `id-0`, `name-0`, `preset-0` and so on."""
    found = []
    for row in range(MOST):
        if f"name-{row}" in form:
            preset = form.get(f"preset-{row}", "")
            name = form[f"name-{row}"][: 4 * MAX_NAME].strip()
            found.append(Child(form.get(f"id-{row}", "")[:MAX_NAME], name, preset if preset in PRESETS else ""))
    return found


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
    return any(p.id == profile and TEST_WIRE in p.names.block for p in household.profiles)


def prepare_test(state: Path, who: Who, profile: str, *, seen: int | None = None) -> Done:
    """Block the test name for `profile`."""
    return add_name(state, who, profile, "block", TEST_NAME, seen=seen)


def _testable(profile: Profile) -> Profile:
    if TEST_WIRE in profile.names.block:
        return profile
    return replace(profile, names=replace(profile.names, block=(*profile.names.block, TEST_WIRE)))
