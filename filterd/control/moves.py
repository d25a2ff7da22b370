"""Daily moves: a grant, internet off and on, a pause of the filter, a bonus, tomorrow off.

Each takes whom it covers (exactly one of profile, device and, for off and on, everyone) and how long; each can be
undone (change.py). What a grant lifts, and that "off" ends the grants before it, is policy/'s (DECISIONS 1).

    bonus(state, Who("mẹ"), profile="lan", minutes=15)
    off(state, Who("bố"), everyone=True, minutes=60)
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path

from filterd.config.sitename import site_name
from filterd.control.change import Done, apply
from filterd.errors import ConfigError
from filterd.host.clock import rules_time
from filterd.model.change import Who
from filterd.model.household import DayException, Grant, Household, InternetOff, Profile, Scope
from filterd.wire.name import to_text

MAX_MINUTES = 31 * 24 * 60  # of one move: longer is a rule, not a move
PAUSE_MINUTES = 30
MAX_PAUSE_MINUTES = 24 * 60
MAX_TEXT = 200  # characters of a reason
MAX_EXCEPTIONS = 400  # of one profile


@dataclass(frozen=True, slots=True)
class Whom:
    """Whom a move covers: exactly one of the three."""

    profile: str = ""
    device: str = ""
    everyone: bool = False

    def check(self, household: Household, *, everyone: bool = False) -> None:
        """Raise ConfigError when this is nobody of `household`, or everybody where that is not possible."""
        given = bool(self.profile) + bool(self.device) + self.everyone
        if given != 1 or (self.everyone and not everyone):
            raise ConfigError(f"expected exactly one of profile, device{' and everyone' if everyone else ''}")
        if self.profile and self.profile not in {p.id for p in household.profiles}:
            known = ", ".join(p.id for p in household.profiles)
            raise ConfigError(f"profile: there is no {self.profile!r} (known: {known})")
        if self.device and self.device not in {d.id for d in household.devices}:
            known = ", ".join(d.id for d in household.devices[:20])
            raise ConfigError(f"device: there is no {self.device!r} (known: {known})")


def grant(
    state: Path,
    who: Who,
    scope: Scope,
    whom: Whom,
    *,
    value: str = "",
    minutes: int | None = None,
    until: float | None = None,
    reason: str = "",
    verb: str = "grant",
    seen: int | None = None,
    now: float | None = None,
) -> Done:
    """Allow something for a while; without an end until it is revoked. Given now, it pierces an off given before."""
    at = moment(state, now)
    given = Grant(
        scope,
        value_of(scope, value),
        whom.profile,
        whom.device,
        at,
        _end(at, minutes, until),
        who.by,
        text_of(reason, "reason"),
    )

    def alter(household: Household) -> Household:
        whom.check(household)
        return replace(household, grants=(*household.grants, given))

    return apply(state, who, verb, alter, seen=seen, now=at)


def revoke(state: Path, who: Who, ident: str, *, seen: int | None = None, now: float | None = None) -> Done:
    """End the grant `ident` at once."""

    def alter(household: Household) -> Household:
        kept = tuple(g for g in household.grants if g.id != ident)
        if len(kept) == len(household.grants):
            raise ConfigError(f"grant: there is no {ident!r} (known: {', '.join(g.id for g in household.grants)})")
        return replace(household, grants=kept)

    return apply(state, who, "revoke", alter, seen=seen, now=now)


def bonus(
    state: Path,
    who: Who,
    whom: Whom,
    minutes: int,
    *,
    reason: str = "",
    seen: int | None = None,
    now: float | None = None,
) -> Done:
    """Give `minutes` more from now on (a `time` grant): bedtime, off, budgets and timed rules wait, the filter stays."""
    return grant(state, who, Scope.TIME, whom, minutes=minutes, reason=reason, verb="bonus", seen=seen, now=now)


def pause(
    state: Path,
    who: Who,
    whom: Whom,
    minutes: int = PAUSE_MINUTES,
    *,
    reason: str = "",
    seen: int | None = None,
    now: float | None = None,
) -> Done:
    """Pause the filter (a `filter` grant) for at most a day. The province's mandatory names stay blocked."""
    if not 1 <= minutes <= MAX_PAUSE_MINUTES:
        raise ConfigError(f"minutes: {minutes} is not in 1..{MAX_PAUSE_MINUTES}; a pause lasts at most a day")
    return grant(state, who, Scope.FILTER, whom, minutes=minutes, reason=reason, verb="pause", seen=seen, now=now)


def off(
    state: Path,
    who: Who,
    whom: Whom,
    *,
    minutes: int | None = None,
    until: float | None = None,
    reason: str = "",
    seen: int | None = None,
    now: float | None = None,
) -> Done:
    """Switch the Internet off now, until then or until it is switched on. It ends the running grants it covers."""
    at = moment(state, now)
    end = _end(at, minutes, until)
    given = InternetOff(whom.profile, whom.device, whom.everyone, at, end, who.by, text_of(reason, "reason"))

    def alter(household: Household) -> Household:
        whom.check(household, everyone=True)
        return replace(without_later(household, whom, at), internet_off=(*household.internet_off, given))

    return apply(state, who, "off", alter, seen=seen, now=at)


def without_later(household: Household, whom: Whom, at: float) -> Household:
    """Return `household` without the grants that begin after `at` and have an end, for whom an off now covers.

    They were given before it: an off ends them as it ends the running ones, else "15 minutes more" that were to move
    tonight's bedtime would open what a parent has closed since.
    """
    mine = {d.id for d in household.devices if d.profile == whom.profile} if whom.profile else set()

    def ends(one: Grant) -> bool:
        if one.until is None or (one.start or 0.0) <= at:
            return False
        if whom.everyone:
            return True
        if whom.profile:
            return one.profile == whom.profile or one.device in mine
        return one.device == whom.device

    return replace(household, grants=tuple(g for g in household.grants if not ends(g)))


def on(state: Path, who: Who, whom: Whom, *, seen: int | None = None, now: float | None = None) -> Done:
    """Switch the Internet on again where it was switched off for exactly this profile, device, or everyone.

    ConfigError when it is off for more than that (then on for one would be a grant: `bonus`). The grants that the off
    ended stay ended; Undo of the off restores them.
    """
    at = moment(state, now)

    def alter(household: Household) -> Household:
        whom.check(household, everyone=True)
        found = False
        kept = []
        for one in household.internet_off:
            same = (one.profile, one.device, one.everyone) == (whom.profile, whom.device, whom.everyone)
            if same and is_off(one, at):
                found = True
                one = replace(one, ended=at)
            kept.append(one)
        if not found:
            _explain_still_off(household, whom, at)
            return household
        return replace(household, internet_off=tuple(kept))

    return apply(state, who, "on", alter, seen=seen, now=at)


def tomorrow_off(state: Path, who: Who, profile: str, day: date, *, seen: int | None = None) -> Done:
    """No windows start on `day` (a free day): an exception before all others. Given twice it changes nothing."""

    return apply(state, who, "free day", lambda h: free_day(h, profile, day), seen=seen)


def free_day(household: Household, profile: str, day: date) -> Household:
    """Return `household` where no windows of `profile` start on `day`. ConfigError: no such profile, too many days."""

    def change(found: Profile) -> Profile:
        first = next((e for e in found.exceptions if e.on == day or e.holiday), None)
        if first == DayException((), on=day):
            return found  # it decides already: the first that matches does
        kept = tuple(e for e in found.exceptions if e.on != day)
        if len(kept) >= MAX_EXCEPTIONS:
            raise ConfigError(f"exceptions: {len(kept) + 1} of {profile}, expected at most {MAX_EXCEPTIONS}")
        return replace(found, exceptions=(DayException((), on=day), *kept))

    return with_profile(household, profile, change)


def with_profile(household: Household, ident: str, change: Callable[[Profile], Profile]) -> Household:
    """Return `household` with `change` applied to the profile `ident`. ConfigError: none."""
    Whom(profile=ident).check(household)
    return replace(household, profiles=tuple(change(p) if p.id == ident else p for p in household.profiles))


def is_off(one: InternetOff, at: float) -> bool:
    """Return whether this off blocks at `at`."""
    return one.ended is None and (one.start or 0.0) <= at and (one.until is None or at < -(-one.until // 60) * 60)


def moment(state: Path, now: float | None) -> float:
    """Return the moment of a change: to the millisecond, as it is written; None: what time it is for the rules.

    A board without a clock battery starts in 1970: "15 minutes more" counted from then would be over already.
    """
    return round(rules_time(state) if now is None else now, 3)


def text_of(text: str, what: str, most: int = MAX_TEXT) -> str:
    """Return a person's line of text; ConfigError when it is too long or holds control characters."""
    text = text.strip()
    if len(text) > most or not text.isprintable():
        raise ConfigError(f"{what}: expected one line of at most {most} characters")
    return text


def value_of(scope: Scope, value: str) -> str:
    """Return a grant's value as it is kept: a site's name in its plain form. ConfigError: it is none."""
    if scope is not Scope.NAME:
        return value
    try:
        return to_text(site_name(value))
    except ValueError as exc:
        raise ConfigError(f"value: {value!r} is no site's name: {exc}") from None


def _explain_still_off(household: Household, whom: Whom, at: float) -> None:
    profile = whom.profile or next((d.profile for d in household.devices if d.id == whom.device), "")
    for one in household.internet_off:
        if is_off(one, at) and not whom.everyone and (one.everyone or (whom.device and one.profile == profile)):
            wider = "everyone" if one.everyone else f"profile {one.profile}"
            raise ConfigError(
                f"the Internet is off for {wider}: switch it on for {wider}, or give "
                f"{whom.profile or whom.device} a bonus"
            )


def _end(at: float, minutes: int | None, until: float | None) -> float | None:
    if minutes is not None and until is not None:
        raise ConfigError("expected minutes or until, got both")
    if minutes is not None:
        if not 1 <= minutes <= MAX_MINUTES:
            raise ConfigError(f"minutes: {minutes} is not in 1..{MAX_MINUTES}")
        return at + minutes * 60
    if until is not None and until <= at:
        raise ConfigError("until: expected a time to come, got one that is past")
    if until is not None and not until <= at + MAX_MINUTES * 60:  # NaN too
        raise ConfigError(f"until: expected a time within {MAX_MINUTES // 1440} days; longer is a rule, not a move")
    return until
