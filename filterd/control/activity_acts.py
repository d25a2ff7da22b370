"""What a row of the log is changed with, where a daily move or a profile's own rule does not reach: a name for all.

block_for_all(state, Who("mẹ", "web"), "bad.example")       # one change, one Undo
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from filterd.config.sitename import site_name
from filterd.control.change import Done, apply
from filterd.errors import ConfigError
from filterd.model.change import Who
from filterd.model.household import Household, Profile


def block_for_all(state: Path, who: Who, name: str, *, seen: int | None = None) -> Done:
    """Block a site's name, with all below it, on every profile. ConfigError: it is no site's name."""
    try:
        wire = site_name(name)
    except ValueError as exc:
        raise ConfigError(f"name: {name!r} is no site's name: {exc}") from None

    def change(profile: Profile) -> Profile:
        names = profile.names
        if wire in names.block and wire not in names.allow:
            return profile
        block = names.block if wire in names.block else (*names.block, wire)
        return replace(profile, names=replace(names, block=block, allow=tuple(n for n in names.allow if n != wire)))

    def alter(household: Household) -> Household:
        return replace(household, profiles=tuple(change(profile) for profile in household.profiles))

    return apply(state, who, "name block", alter, seen=seen)
