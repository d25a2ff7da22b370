"""Daily budgets: five-minute slots, local days, the identity of a budget, and what is said of it. Pure.

    slot_of(1_790_000_000)                      # 5966666
    about(8, 60, "en")                          # "about 40 of 60 minutes"
    spent_for(household, rows, now)             # what compile_snapshot takes

A slot is at // 300 since the epoch, so neither summer time nor a changed zone touches it. `used` counts slots.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from datetime import date, datetime, time, timedelta
from typing import Protocol
from zoneinfo import ZoneInfo

from filterd.model.household import Budget, Household
from filterd.policy.compile import Spent

SLOT_S = 300
SLOT_MINUTES = 5


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


def about(used: int, minutes: int, language: str) -> str:
    """Return how far a budget is used, never finer than DNS can tell."""
    reached = min(used * SLOT_MINUTES, minutes)
    if language == "vi":
        return f"khoảng {reached} trên {minutes} phút"
    return f"about {reached} of {minutes} minutes"
