"""Home at a glance: for every person what is on now, until when, what comes then, and what a tap would do.

Compiled from the household in the store at this moment by the same code as the published snapshot, and judged by the
workers' own precedence table (policy/outlook.py). Never a second interpretation of the rules.

    seen = outlook(state)
    lan = seen.of("lan")
    strip(state, "lan")                                # from now until 8:00 tomorrow
    plus(state, Who("mẹ", "web"), "lan", 15)           # does what lan.extra(15) says
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from filterd.control.change import Done, apply
from filterd.control.entities import household_of
from filterd.control.household import known_words, open_store
from filterd.control.moves import MAX_MINUTES, Whom, moment, text_of
from filterd.errors import ConfigError, FilterdError
from filterd.host.clock import Clock
from filterd.model.change import Who
from filterd.model.household import Grant, Household
from filterd.model.now import DeviceNow, Extra, Outlook, Piece, ProfileNow
from filterd.policy.compile import Spent, is_switchable
from filterd.policy.judge import Judge
from filterd.policy.outlook import around, extra_grant, following, judge_of, next_off, sight, slot_of
from filterd.policy.outlook import strip as pieces_of

EXTRAS = (15, 30, 60)  # minutes that are worked out beforehand
MORNING = 8  # o'clock: where the strip ends


@dataclass(frozen=True, slots=True)
class Seen:
    """The household with its rules at one moment."""

    household: Household
    revision: int
    at: float
    trusted: bool
    judge: Judge
    spent: tuple[Spent, ...] = ()

    @property
    def zone(self) -> ZoneInfo:
        """The household's time zone."""
        return ZoneInfo(self.household.timezone)


def see(state: Path, now: float | None = None) -> Seen:
    """Read the household and compile its times. `now`: POSIX seconds; None: as the rules' own clock says.

    Raises StoreError (no household, or it cannot be read), ConfigError (it is damaged).
    """
    at, trusted = rules_clock(state) if now is None else (now, True)
    with open_store(state) as store:
        stored = store.stored()
        household = household_of(stored.bodies(), known_words(state))
        spent: tuple[Spent, ...] = ()
        if any(p.budgets for p in household.profiles):
            from filterd.policy.budget import day_of, spent_for

            rows = store.spent(day_of(at, ZoneInfo(household.timezone)))
            spent = tuple(spent_for(household, rows, at))
    return Seen(household, stored.revision, at, trusted, judge_of(household, at, spent), spent)


def rules_clock(state: Path) -> tuple[float, bool]:
    """Return what time it is for the rules, and whether that is known to be right."""
    return Clock(state)(time.monotonic())


def outlook(state: Path, now: float | None = None) -> Outlook:
    """Return how things are for everybody. Raises StoreError, ConfigError."""
    from filterd.control.requests import requests

    seen = see(state, now)
    budgets = _budgets(state, seen)
    asked = _last_asked(state, seen)
    profiles = tuple(_profile_now(seen, number, budgets, asked) for number in range(len(seen.household.profiles)))
    pending = tuple(requests(state, pending=True, now=seen.at))
    household = seen.household
    return Outlook(
        seen.revision, seen.at, household.timezone, household.language, seen.trusted, profiles, pending
    )  # fmt: skip


def strip(state: Path, profile: str, start: float | None = None, end: float | None = None) -> tuple[Piece, ...]:
    """Return the pieces of a profile's time from `start` (now) until `end` (8:00 tomorrow). ConfigError: no profile."""
    seen = see(state, start)
    Whom(profile=profile).check(seen.household)
    last = morning(seen.at, seen.zone) if end is None else end
    return pieces_of(seen.judge, slot_of(seen.judge, profile), seen.at, last)


def strips(state: Path, now: float | None = None) -> dict[str, tuple[Piece, ...]]:
    """Return every profile's pieces from now until 8:00 tomorrow, in the household's order."""
    seen = see(state, now)
    last = morning(seen.at, seen.zone)
    return {p.id: pieces_of(seen.judge, i, seen.at, last) for i, p in enumerate(seen.household.profiles)}


def morning(at: float, zone: ZoneInfo) -> float:
    """Return when it is 8:00 on the day after `at`."""
    tomorrow = datetime.fromtimestamp(at, zone).date() + timedelta(days=1)
    return datetime(tomorrow.year, tomorrow.month, tomorrow.day, MORNING, tzinfo=zone).timestamp()


def extra(state: Path, profile: str, minutes: int, now: float | None = None) -> Extra:
    """Return what `minutes` more would do for a profile. ConfigError: there is no such, or too many minutes."""
    _check_minutes(minutes)
    seen = see(state, now)
    Whom(profile=profile).check(seen.household)
    return _extra(seen, profile, minutes)


def plus(
    state: Path,
    who: Who,
    profile: str,
    minutes: int,
    *,
    reason: str = "",
    seen: int | None = None,
    now: float | None = None,
) -> Done:
    """Give a profile `minutes` more as `extra` says: open it for so long when it is off, else move its next off back.

    It is worked out inside the change, so that two parents who tap at once give twice as much. ConfigError: there is no
    off within a day, so there is nothing to give.
    """
    _check_minutes(minutes)
    at = moment(state, now)
    text = text_of(reason, "reason")

    def alter(household: Household) -> Household:
        Whom(profile=profile).check(household)
        given = extra_grant(household, judge_of(household, at), profile, minutes, at)
        if given is None:
            raise ConfigError(f"minutes: {profile} is on for the next day anyway, there is nothing to add to")
        return replace(household, grants=(*household.grants, replace(given, by=who.by, reason=text)))

    return apply(state, who, "bonus", alter, seen=seen, now=at)


def _check_minutes(minutes: int) -> None:
    if not 1 <= minutes <= MAX_MINUTES:
        raise ConfigError(f"minutes: {minutes} is not in 1..{MAX_MINUTES}")


def _profile_now(seen: Seen, number: int, budgets: Mapping[str, Any], asked: Mapping[str, float]) -> ProfileNow:
    household, judge, at = seen.household, seen.judge, seen.at
    profile = household.profiles[number]
    piece = around(judge, number, at)
    mine = [d for d in household.devices if d.profile == profile.id]
    grants = [g for g in judge.snapshot.slots[number].grants if g.start <= at and (g.end is None or at < g.end)]
    bonus = max((g for g in grants if g.scope == "time"), key=_end, default=None)
    pause = max((g for g in grants if g.scope == "filter"), key=_end, default=None)
    return ProfileNow(
        id=profile.id,
        name=profile.name,
        kind=piece.kind,
        since=piece.start,
        until=piece.end,
        reason=piece.reason,
        rule=piece.rule,
        by=piece.by,
        then=following(judge, number, piece),
        bonus_until=None if bonus is None else bonus.end,
        bonus_by="" if bonus is None else bonus.by,
        paused_until=None if pause is None else pause.end,
        budgets=tuple(budgets.get(profile.id, ())),
        devices=len(mine),
        last_asked=asked.get(profile.id),
        differ=_differing(seen, piece, {d.id: d.name for d in mine}),
        extras=tuple(_extra(seen, profile.id, minutes) for minutes in EXTRAS),
        switchable=is_switchable(profile),
    )


def _differing(seen: Seen, piece: Piece, names: Mapping[str, str]) -> tuple[DeviceNow, ...]:
    found = []
    for slot, compiled in enumerate(seen.judge.snapshot.slots):
        if compiled.device in names and compiled.device:
            own = sight(seen.judge.state(slot, seen.at))
            if (own.kind, own.rule if own.kind == "only" else "") != (
                piece.kind,
                piece.rule if piece.kind == "only" else "",
            ):
                whole = around(seen.judge, slot, seen.at)
                found.append(
                    DeviceNow(compiled.device, names[compiled.device], own.kind, whole.end, own.reason, own.by)
                )
    return tuple(found)


def _extra(seen: Seen, profile: str, minutes: int) -> Extra:
    grant = extra_grant(seen.household, seen.judge, profile, minutes, seen.at)
    slot = slot_of(seen.judge, profile)
    if grant is None:
        return Extra(minutes, "nothing", next_off(seen.judge, slot, seen.at))
    is_off = sight(seen.judge.state(slot, seen.at)).kind in ("off", "only")
    then = judge_of(_only(seen.household, profile, grant), seen.at, seen.spent)
    return Extra(minutes, "opens" if is_off else "moves", next_off(then, slot_of(then, profile), seen.at))


def _only(household: Household, profile: str, grant: Grant) -> Household:
    """Return the household of this profile alone with one more grant."""
    return replace(
        household,
        profiles=tuple(p for p in household.profiles if p.id == profile),
        default_profile=profile,
        devices=(),
        grants=(*(g for g in household.grants if g.profile == profile), grant),
        internet_off=tuple(o for o in household.internet_off if o.everyone or o.profile == profile),
    )


def _end(grant: Any) -> float:
    return float("inf") if grant.end is None else float(grant.end)


def _budgets(state: Path, seen: Seen) -> dict[str, list[Any]]:
    """Return today's budgets by profile; none while they cannot be counted, for the rest of the page is still true."""
    found: dict[str, list[Any]] = {}
    if any(p.budgets for p in seen.household.profiles):
        try:
            from filterd.control.budgets_status import status

            for one in status(state, now=seen.at):
                found.setdefault(one.profile, []).append(one)
        except (ImportError, FilterdError, OSError):
            return {}
    return found


def _last_asked(state: Path, seen: Seen) -> dict[str, float]:
    from filterd.control.newest import newest_questions

    if seen.household.privacy.level == "nothing":
        return {}
    try:
        return newest_questions(state, seen.at, seen.zone).profiles
    except (FilterdError, OSError):
        return {}
