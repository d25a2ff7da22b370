"""When the windows of a profile hold, for the search for loopholes: never, only behind a closed door, on which nights.

Pure. What is in force when is policy/clock.py's word; here its answers of the next 400 days are summed up.

    hours = Hours.of(profile, household, now)
    hours.never        -> numbers of the windows that are in force at no minute
    hours.shut         -> numbers of the windows during which nothing of what they open can be reached
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

from filterd.model.household import Budget, DayException, Effect, Household, Profile, Window
from filterd.policy.clock import HORIZON_DAYS, Schedule, Span, local_time, turns

NIGHT = (21 * 60, 30 * 60)  # 21:00 to 6:00, minutes after midnight of the evening
ENOUGH = 180  # minutes offline in a night that count as a bedtime
SCHOOL_NIGHTS = (6, 0, 1, 2, 3)  # evenings before a school day: Sunday to Thursday, as date.weekday()
_DAY = 1440  # minutes
_DAY_S = 86_400


@dataclass(frozen=True, slots=True)
class Hours:
    """A profile's windows over the next 400 days. Windows are numbered: the weekly ones, then each exception's."""

    windows: tuple[Window, ...]
    owners: tuple[int | None, ...]  # each window's exception; None: it is a weekly one
    states: tuple[tuple[tuple[int, ...], int, int], ...]  # (in force, from, to) in POSIX seconds
    zone: ZoneInfo
    past: frozenset[int]  # exceptions whose last date is before today
    hidden: frozenset[int]  # exceptions with dates to come, each of which an earlier exception decides
    later: frozenset[int]  # exceptions that reach beyond the 400 days: nothing is said of their windows

    @classmethod
    def of(cls, profile: Profile, household: Household, now: float) -> Hours:
        """Look at one profile from `now` on."""
        zone = ZoneInfo(household.timezone)
        today = local_time(now, zone).date()
        windows = list(profile.windows or ())
        weekly = len(windows)
        window_owners: list[int | None] = [None] * weekly
        spans: list[Span] = []
        owners: list[int] = []
        for number, exception in enumerate(profile.exceptions):
            mine = tuple(range(len(windows), len(windows) + len(exception.windows)))
            windows += exception.windows
            window_owners += [number] * len(mine)
            for first, last in dates_of(exception, household):
                spans.append(Span(first, last, mine))
                owners.append(number)
        schedule = Schedule(tuple(windows), tuple(range(weekly)), tuple(spans))
        # from this morning on: what was in force an hour ago is no window that never is
        morning = datetime.combine(today, time.min, zone).timestamp()
        at, found = turns(schedule, zone, morning, HORIZON_DAYS + 2)
        end = at[0] + (HORIZON_DAYS + 2) * _DAY_S
        states = tuple((state, low, high) for state, (low, high) in zip(found, pairwise([*at, end]), strict=True))
        return cls(tuple(windows), tuple(window_owners), states, zone, *_fates(spans, owners, today))

    @property
    def never(self) -> frozenset[int]:
        """Windows in force at no minute."""
        return frozenset(range(len(self.windows))) - {i for state, _, _ in self.states for i in state}

    @property
    def shut(self) -> frozenset[int]:
        """`only` and `permit` windows whose every minute lies in an offline one (or in an `only` that names nothing)."""
        seen: set[int] = set()
        open_: set[int] = set()
        for state, _, _ in self.states:
            offline = {i for i in state if is_offline(self.windows[i])}
            others = [i for i in state if i not in offline]
            seen.update(others)
            if not offline:
                open_.update(others)
        return frozenset(seen - open_)

    def longest(self, budget: Budget) -> int:
        """Return the most minutes that a day leaves to what `budget` counts, over its days."""
        timed = {s for w in self.windows if w.effect is Effect.PERMIT for s in (*w.services, *w.categories)}
        parts = {*budget.services, *budget.categories}
        always = bool(parts - timed)
        minutes: dict[date, int] = {}
        for state, low, high in self.states:
            windows = [self.windows[i] for i in state]
            if any(is_offline(w) for w in windows):
                continue
            opened = {x for w in windows if w.effect is Effect.PERMIT for x in (*w.services, *w.categories)}
            if always or not parts.isdisjoint(opened):
                self._add(minutes, low, high)
        days = budget.days
        return max((m for d, m in minutes.items() if days is None or d.weekday() in days), default=0)

    def _add(self, minutes: dict[date, int], low: int, high: int) -> None:
        """Add [low, high) to the local days that it touches."""
        while low < high:
            here = local_time(low, self.zone)
            next_day = datetime.combine(here.date() + timedelta(days=1), datetime.min.time(), self.zone)
            stop = min(high, max(low + 60, int(next_day.timestamp())))
            minutes[here.date()] = minutes.get(here.date(), 0) + (stop - low) // 60
            low = stop


def is_offline(window: Window) -> bool:
    """Return whether a window blocks everything."""
    named = window.names or window.services or window.categories
    return window.effect is Effect.OFFLINE or (window.effect is Effect.ONLY and not named)


def dates_of(exception: DayException, household: Household) -> list[tuple[date, date]]:
    """Return the spans of dates that an exception is about."""
    spans = [(h.first, h.last) for h in household.holidays if h.name == exception.holiday]
    return [(exception.on, exception.on), *spans] if exception.on is not None else spans


def sleepless(windows: tuple[Window, ...]) -> tuple[int, ...]:
    """Return the weekdays of SCHOOL_NIGHTS whose night has too little offline, by these windows every week."""
    busy: list[list[tuple[int, int]]] = [[] for _ in range(7)]  # of the week's evenings: [from, to) after its midnight
    for window in windows:
        if is_offline(window):
            for day in range(7) if window.days is None else window.days:
                for shift in (-1, 0, 1):  # what began yesterday reaches into tonight, what begins tomorrow too
                    busy[(day + shift) % 7].append((window.start - shift * _DAY, window.end - shift * _DAY))
    return tuple(night for night in SCHOOL_NIGHTS if _covered(busy[night]) < ENOUGH)


def _covered(spans: list[tuple[int, int]]) -> int:
    """Return how many minutes of NIGHT the spans cover together."""
    total, reached = 0, NIGHT[0]
    for start, end in sorted(spans):
        low, high = max(start, reached), min(end, NIGHT[1])
        if low < high:
            total += high - low
            reached = high
    return total


def _fates(spans: list[Span], owners: list[int], today: date) -> tuple[frozenset[int], frozenset[int], frozenset[int]]:
    """Return the exceptions that are past, that are hidden by earlier ones, and that reach beyond the horizon."""
    first, end = today.toordinal(), today.toordinal() + HORIZON_DAYS
    free = set(range(first, end))
    coming, decide, later = set(), set(), set()
    for span, owner in zip(spans, owners, strict=True):
        low, high = max(span.first.toordinal(), first), min(span.last.toordinal(), end - 1)
        mine = free.intersection(range(low, high + 1))
        free -= mine
        if span.last >= today:
            coming.add(owner)
        if span.last.toordinal() >= end:
            later.add(owner)
        if mine:
            decide.add(owner)
    return frozenset(set(owners) - coming), frozenset(coming - decide - later), frozenset(later)
