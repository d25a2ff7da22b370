"""Profiles: add, rename, remove, and every rule of one: categories, services, names, safe search, windows, budgets.

Functions of plain values, each one change (change.py). Rules are judged by the household's own reader, so that what a
file may say, a call may say, and nothing more. `patch` changes any key of the file's form at once (the page's forms).

    set_rule(state, Who("mẹ"), "lan", "services", "tiktok", "block")
    add_name(state, Who("mẹ"), "lan", "block", "example-chat.com")
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from filterd.config.sitename import site_name
from filterd.control.change import Done, apply
from filterd.control.entities import HOUSEHOLD, LISTS, bodies_of, household_of
from filterd.control.household import known_words
from filterd.control.moves import Whom, text_of, with_profile
from filterd.errors import ConfigError
from filterd.model.change import Body, Key, Who
from filterd.model.household import Household, Names, Profile, Rule, Window
from filterd.wire.name import to_text

MAX_NAME = 80  # characters of a person's or a device's name
NAME_LISTS = ("block", "allow", "always")


def add_profile(
    state: Path, who: Who, name: str, preset: str, *, ident: str = "", seen: int | None = None
) -> tuple[Done, str]:
    """Add a profile; return what was done and its id (made of the name unless given)."""
    made: list[str] = []

    def alter(household: Household) -> Household:
        made.append(new_id("profile", ident, name, {p.id for p in household.profiles}))
        profile = Profile(made[-1], text_of(name, "name", MAX_NAME), preset)
        return replace(household, profiles=(*household.profiles, profile))

    done = apply(state, who, "profile added", alter, seen=seen)
    return done, made[-1]


def remove_profile(state: Path, who: Who, ident: str, *, devices_to: str = "", seen: int | None = None) -> Done:
    """Remove a profile with its grants and offs. Its devices go to `devices_to`; without that there must be none."""

    def alter(household: Household) -> Household:
        Whom(profile=ident).check(household)
        left = tuple(p for p in household.profiles if p.id != ident)
        if not left:
            raise ConfigError("profile: the last one stays; a household needs one")
        mine = [d.id for d in household.devices if d.profile == ident]
        if mine and not devices_to:
            raise ConfigError(f"profile: {ident} has devices ({', '.join(mine[:5])}); say to which profile they go")
        if devices_to:
            Whom(profile=devices_to).check(replace(household, profiles=left))
        default = household.default_profile
        if default == ident or (not default and household.profiles[0].id == ident):
            # devices never seen before must not fall to a grown-up's rules because a child's profile went
            default = devices_to or next((p.id for p in left if p.preset not in ("adult", "none")), left[0].id)
        return replace(
            household,
            profiles=left,
            default_profile=default,
            devices=tuple(replace(d, profile=devices_to) if d.profile == ident else d for d in household.devices),
            grants=tuple(g for g in household.grants if g.profile != ident),
            internet_off=tuple(o for o in household.internet_off if o.profile != ident),
        )

    return apply(state, who, "profile removed", alter, seen=seen)


def patch(state: Path, who: Who, ident: str, values: Mapping[str, Any], *, seen: int | None = None) -> Done:
    """Replace keys of a profile by `values`, in the form of the household's file; None takes a key away."""
    if "id" in values:
        raise ConfigError("id: a profile keeps its id")
    return _patch_entity(state, who, ("profile", ident), values, "profile changed", seen)


def patch_household(state: Path, who: Who, values: Mapping[str, Any], *, seen: int | None = None) -> Done:
    """Replace keys of the household itself: timezone, language, block_mode, default_profile, privacy, holidays ..."""
    for key in values:
        if key in LISTS.values():
            raise ConfigError(f"{key}: these are things of their own, changed one by one")
        if key == "upstreams":  # another right than the household's; tried before they are used (upstreams.py)
            raise ConfigError("upstreams: `filterd upstream` and the system's page change them")
    return _patch_entity(state, who, HOUSEHOLD, values, "household changed", seen)


def set_rule(state: Path, who: Who, ident: str, part: str, word: str, rule: str, *, seen: int | None = None) -> Done:
    """Set a category or service (`part`: categories, services) to block, allow, or `default` (the preset's word)."""
    singular = {"categories": "category", "services": "service"}.get(part)
    if singular is None:
        raise ConfigError(f"expected categories or services, got {part!r}")
    if rule not in ("block", "allow", "default"):
        raise ConfigError(f"rule: expected block, allow or default, got {rule!r}")

    def change(profile: Profile) -> Profile:
        rules: dict[str, Rule] = dict(getattr(profile, part))
        if rule == "default":
            rules.pop(word, None)
        else:
            rules[word] = Rule(rule)
        changed: dict[str, Any] = {part: rules}
        return replace(profile, **changed)

    return apply(state, who, f"{singular} {rule}", lambda h: with_profile(h, ident, change), seen=seen)


def add_name(state: Path, who: Who, ident: str, part: str, name: str, *, seen: int | None = None) -> Done:
    """Put a site's name on a profile's own list (`part`: block, allow, always); it covers everything below it.

    Blocked and allowed exclude each other for one name: what is said last holds.
    """
    wire = _site(name)

    def change(profile: Profile) -> Profile:
        names = {key: getattr(profile.names, key) for key in NAME_LISTS}
        if part in ("block", "allow"):
            other = "allow" if part == "block" else "block"
            names[other] = tuple(n for n in names[other] if n != wire)
        if wire not in names[_part(part)]:
            names[part] = (*names[part], wire)
        return replace(profile, names=Names(**names))

    return apply(state, who, f"name {part}", lambda h: with_profile(h, ident, change), seen=seen)


def remove_name(state: Path, who: Who, ident: str, part: str, name: str, *, seen: int | None = None) -> Done:
    """Take a site's name off a profile's own list."""
    wire = _site(name)

    def change(profile: Profile) -> Profile:
        found: tuple[bytes, ...] = getattr(profile.names, _part(part))
        if wire not in found:
            raise ConfigError(f"name: {to_text(wire)} is not among the names {profile.id} has under {part}")
        return replace(profile, names=replace(profile.names, **{part: tuple(n for n in found if n != wire)}))

    return apply(state, who, f"name {part} removed", lambda h: with_profile(h, ident, change), seen=seen)


def set_windows(state: Path, who: Who, ident: str, windows: Iterable[Window], *, seen: int | None = None) -> Done:
    """Replace a profile's weekly windows."""
    kept = tuple(windows)
    return apply(
        state,
        who,
        "windows",
        lambda h: with_profile(h, ident, lambda p: replace(p, windows=kept)),
        seen=seen,
    )


def new_id(what: str, given: str, name: str, taken: set[str]) -> str:
    """Return the id `given`, or one made of `name`; ConfigError when another `what` has it."""
    ident = given or free_id(name, taken)
    if ident in taken:
        raise ConfigError(f"{what}: there is a {ident!r} already")
    return ident


def free_id(name: str, taken: Iterable[str]) -> str:
    """Return an id for a person or device made of their name: `Bé Na` is `be-na`; with a number when it is taken."""
    plain = unicodedata.normalize("NFD", name.replace("đ", "d").replace("Đ", "D"))
    base = re.sub(r"[^a-z0-9]+", "-", plain.encode("ascii", "ignore").decode().lower()).strip("-")[:40] or "x"
    known = set(taken)
    ident, number = base, 1
    while ident in known:
        number += 1
        ident = f"{base}-{number}"
    return ident


def _patch_entity(state: Path, who: Who, key: Key, values: Mapping[str, Any], verb: str, seen: int | None) -> Done:
    known = known_words(state)

    def alter(household: Household) -> Household:
        bodies: dict[Key, Body] = bodies_of(household)
        if key not in bodies:
            raise ConfigError(f"{key[0]}: there is no {key[1]!r}")
        body = {**bodies[key], **values}
        bodies[key] = {k: v for k, v in body.items() if v is not None}
        return household_of(bodies, known)

    return apply(state, who, verb, alter, seen=seen)


def _site(name: str) -> bytes:
    try:
        return site_name(name)
    except ValueError as exc:
        raise ConfigError(f"name: {name!r} is no site's name: {exc}") from None


def _part(part: str) -> str:
    if part not in NAME_LISTS:
        raise ConfigError(f"expected one of {', '.join(NAME_LISTS)}, got {part!r}")
    return part
