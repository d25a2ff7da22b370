"""Daily moves for several people at once: one change, one Undo. And the end of a pause before its time.

off_for(state, Who("mẹ", "web"), ["lan", "minh"], minutes=30)
tomorrow_off_for(state, Who("mẹ", "web"), ["lan", "minh"], date(2026, 11, 25))
resume(state, Who("mẹ", "web"), Whom(profile="lan"))
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from pathlib import Path

from filterd.control.change import Done, apply
from filterd.control.moves import MAX_MINUTES, Whom, free_day, moment, text_of, without_later
from filterd.errors import ConfigError
from filterd.model.change import Who
from filterd.model.household import Household, InternetOff, Scope


def off_for(
    state: Path,
    who: Who,
    profiles: Sequence[str],
    *,
    minutes: int | None = None,
    reason: str = "",
    seen: int | None = None,
    now: float | None = None,
) -> Done:
    """Switch the Internet off for some profiles, for `minutes` or until it is switched on. ConfigError: nobody, unknown."""
    at = moment(state, now)
    if not profiles:
        raise ConfigError("profiles: expected at least one")
    if minutes is not None and not 1 <= minutes <= MAX_MINUTES:
        raise ConfigError(f"minutes: {minutes} is not in 1..{MAX_MINUTES}")
    text = text_of(reason, "reason")
    until = None if minutes is None else at + minutes * 60

    def alter(household: Household) -> Household:
        for ident in profiles:
            Whom(profile=ident).check(household)
            household = without_later(household, Whom(profile=ident), at)
        given = tuple(InternetOff(ident, "", False, at, until, who.by, text) for ident in dict.fromkeys(profiles))
        return replace(household, internet_off=(*household.internet_off, *given))

    return apply(state, who, "off", alter, seen=seen, now=at)


def tomorrow_off_for(
    state: Path, who: Who, profiles: Sequence[str], day: date, *, seen: int | None = None, now: float | None = None
) -> Done:
    """Let no windows begin on `day` for some profiles. Given twice it changes nothing. ConfigError: nobody, unknown."""
    if not profiles:
        raise ConfigError("profiles: expected at least one")

    def alter(household: Household) -> Household:
        after = household
        for ident in dict.fromkeys(profiles):
            after = free_day(after, ident, day)
        return household if after == household else after

    return apply(state, who, "free day", alter, seen=seen, now=now)


def resume(state: Path, who: Who, whom: Whom, *, seen: int | None = None, now: float | None = None) -> Done:
    """End every pause of the filter that was given to exactly this profile or device. ConfigError: there is none."""
    at = moment(state, now)

    def alter(household: Household) -> Household:
        whom.check(household)
        kept = tuple(
            g
            for g in household.grants
            if g.scope is not Scope.FILTER
            or (g.profile, g.device) != (whom.profile, whom.device)
            or (g.until is not None and g.until <= at)
        )
        if len(kept) == len(household.grants):
            raise ConfigError(f"pause: the filter is not paused for {whom.profile or whom.device}")
        return replace(household, grants=kept)

    return apply(state, who, "filter again", alter, seen=seen, now=at)
