"""Daily budgets: five-minute slots, local days, the identity of a budget, what it charges and what is said. Pure.

    slot_of(1_790_000_000)                      # 5966666
    charges(budget, tags)                       # does a name count for it?
    about(8, 60, "en")                          # "about 40 of 60 minutes"
    spent_for(household, rows, now)             # what compile_snapshot takes

A slot is at // 300 since the epoch, so neither summer time nor a changed zone touches it. `used` counts slots.

What is charged (DECISIONS 7) is what row 8 could have stopped, and no more: an allowed question that came as far as row
8 (`reaches_row`), for a name of the budget that is not background chatter (`charges`), outside every `time` grant
(`gifts`: a bonus lifts row 8, so its minutes are a present). What a parent granted by name, service or category, a
lifeline, or a name that the profile allows by itself passes a used-up budget, so it uses none up either.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import date, datetime, time, timedelta
from typing import Protocol
from zoneinfo import ZoneInfo

from filterd.model.decision import Action, Row
from filterd.model.event import Origin, Tail
from filterd.model.household import Budget, Household, Profile, Scope
from filterd.model.tags import TagSet
from filterd.policy.compile import Knowledge, Spent, compile_snapshot

SLOT_S = 300
SLOT_MINUTES = 5

Gifts = Mapping[tuple[str, str], tuple[tuple[float, float], ...]]  # (profile, device or "") -> [start, end) of each

_NOTHING = Knowledge({}, {}, {}, {}, {}, {})


class SpentLike(Protocol):
    """A row of the store: `used` slots of the budget with the key `budget`, on the local day `day` (an ordinal)."""

    @property
    def profile(self) -> str: ...
    @property
    def budget(self) -> str: ...
    @property
    def day(self) -> int: ...
    @property
    def start(self) -> float: ...
    @property
    def used(self) -> int: ...


def slot_of(at: float) -> int:
    """Return the slot of a moment (seconds since the epoch)."""
    return int(at // SLOT_S)


def day_of(at: float, zone: ZoneInfo) -> int:
    """Return the ordinal of the household's local date."""
    return datetime.fromtimestamp(at, zone).date().toordinal()


def midnight_after(day: int, zone: ZoneInfo) -> float:
    """Return when the local day ends; a midnight that is skipped counts as the moment the clock jumps."""
    following = date.fromordinal(day) + timedelta(days=1)
    return datetime.combine(following, time(), zone).timestamp()


def slots_of(day: int, zone: ZoneInfo) -> range:
    """Return the slots of a local day: those that begin in it. 276 to 300 with summer time."""
    first, last = midnight_after(day - 1, zone), midnight_after(day, zone)
    return range(int(-(-first // SLOT_S)), int(-(-last // SLOT_S)))


def counts_on(budget: Budget, day: int) -> bool:
    """Return whether a budget holds on a local day."""
    return budget.days is None or date.fromordinal(day).weekday() in budget.days


def key_of(budget: Budget) -> str:
    """Return what names a budget through a change of its minutes: a digest of everything else."""
    days = None if budget.days is None or len(budget.days) == 7 else sorted(budget.days)
    said = json.dumps([sorted(set(budget.services)), sorted(set(budget.categories)), days])
    return hashlib.sha256(said.encode()).hexdigest()[:16]


def is_used_up(used: int, minutes: int) -> bool:
    """Return whether `used` slots fill a budget of `minutes`."""
    return used * SLOT_MINUTES >= minutes


def spent_for(household: Household, rows: Iterable[SpentLike], now: float) -> list[Spent]:
    """Return the budgets that are used up on the local day of `now`; minutes and days are judged as they are now."""
    zone = ZoneInfo(household.timezone)
    today = day_of(now, zone)
    used = {(r.profile, r.budget): r for r in rows if r.day == today}
    end = midnight_after(today, zone)
    return [
        Spent(profile.id, index, row.start, end)
        for profile in household.profiles
        for index, budget in enumerate(profile.budgets)
        if (row := used.get((profile.id, key_of(budget)))) is not None
        and counts_on(budget, today)
        and is_used_up(row.used, budget.minutes)
    ]


def reaches_row(tail: Tail) -> bool:
    """Return whether a question was allowed by a row behind the budgets'. One that failed gave nobody anything."""
    return tail.action in (Action.ALLOW, Action.REWRITE) and tail.row > Row.BUDGET and tail.origin != Origin.FAILED


def charges(budget: Budget, tags: TagSet) -> bool:
    """Return whether a name with these tags counts for a budget.

    Chatter of a service does not count for that service, and for no category. Names that a service shares with others
    are not its own in a bundle, so they never count for it.
    """
    if any(s in budget.services and s not in tags.chatter for s in tags.services):
        return True
    return not tags.chatter and any(c in budget.categories for c in tags.categories)


def gifts(household: Household, now: float) -> Gifts:
    """Return when `time` grants are in force, as the snapshot has them: with what "off now" ended cut away.

    A device that is not in there has what its profile has, under "".
    """
    grants = tuple(g for g in household.grants if g.scope is Scope.TIME)
    if not grants:
        return {}
    bare = tuple(Profile(p.id, p.id) for p in household.profiles)  # no windows: nothing to work out for 400 days
    document = compile_snapshot(replace(household, profiles=bare, grants=grants), _NOTHING, now)
    return {
        (household.profiles[slot["profile"]].id, slot["device"]): tuple(
            (g["start"], float("inf") if g["end"] is None else g["end"]) for g in slot["grants"]
        )
        for slot in document["slots"]
    }


def is_gift(given: Gifts, profile: str, device: str, at: float) -> bool:
    """Return whether a `time` grant was in force for a device at a moment."""
    found = given.get((profile, device))
    if found is None:
        found = given.get((profile, ""), ())
    return any(start <= at < end for start, end in found)


def about(used: int, minutes: int, language: str) -> str:
    """Return how far a budget is used, never finer than DNS can tell."""
    reached = min(used * SLOT_MINUTES, minutes)
    if language == "vi":
        return f"khoảng {reached} trên {minutes} phút"
    return f"about {reached} of {minutes} minutes"
