"""Which windows are in force when. Pure: the wall clock comes in as an argument.

A window belongs to the day on which it starts and is in force whenever the wall clock shows a time inside it
(DECISIONS 5): a skipped hour is skipped, a repeated hour counts twice. So the truth is `in_force(schedule, local)` on
naive local time; `turns` only lists the instants at which its answer changes, for the snapshot.

    schedule = Schedule(windows=(bedtime,), weekly=(0,), exceptions=())
    in_force(schedule, datetime(2026, 11, 28, 21, 30))  -> (0,)
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from datetime import tzinfo as Zone
from functools import lru_cache
from itertools import pairwise

from filterd.model.household import Window

HORIZON_DAYS = 400  # the snapshot carries every boundary for so long (DECISIONS 3)
_MINUTE = 60
_DAY = 86400  # seconds
_DAY_MINUTES = 1440
_EPOCH = date(1970, 1, 1).toordinal()


@dataclass(frozen=True, slots=True)
class Span:
    """An exception: on each date of [first, last] these windows start instead of the weekly ones."""

    first: date
    last: date
    windows: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Schedule:
    """All windows of a profile; `weekly` and the spans name them by index. The first span that matches a date wins."""

    windows: tuple[Window, ...] = ()
    weekly: tuple[int, ...] = ()
    exceptions: tuple[Span, ...] = ()

    def starting(self, day: date) -> tuple[int, ...]:
        """Return the windows that start on `day`."""
        for span in self.exceptions:
            if span.first <= day <= span.last:
                chosen = span.windows
                break
        else:
            chosen = self.weekly
        weekday = day.weekday()
        return tuple(i for i in chosen if (days := self.windows[i].days) is None or weekday in days)


def in_force(schedule: Schedule, local: datetime) -> tuple[int, ...]:
    """Return the indices of the windows in force at naive wall-clock time `local`, ascending."""
    if not schedule.windows:
        return ()
    today = local.date()
    minute = local.hour * 60 + local.minute
    windows = schedule.windows
    found = {i for i in schedule.starting(today) if windows[i].start <= minute < windows[i].end}
    later = minute + _DAY_MINUTES
    if today > date.min:
        found |= {i for i in schedule.starting(today - timedelta(days=1)) if later < windows[i].end}
    return tuple(sorted(found))


def local_time(wall: float, zone: Zone) -> datetime:
    """Return the naive wall-clock time of POSIX second `wall` in `zone`."""
    return datetime.fromtimestamp(wall, zone).replace(tzinfo=None)


def turns(
    schedule: Schedule, zone: Zone, start: float, days: int = HORIZON_DAYS
) -> tuple[list[int], list[tuple[int, ...]]]:
    """Return (instants, windows in force from each on) over `days` from `start`, beginning with `start` itself.

    Only changes are listed. The second list is as long as the first. Instants are whole POSIX seconds.
    """
    begin = int(start) // _MINUTE * _MINUTE
    end = begin + days * _DAY
    if not schedule.windows:
        return [begin], [()]
    first = local_time(begin, zone).date() - timedelta(days=2)
    edges, states = _wall_clock_turns(schedule, first, days + 5)
    at: list[int] = []
    found: list[tuple[int, ...]] = []
    cuts = [begin, *(c for c in _offset_changes(zone, first, days + 5) if begin < c < end), end]
    for low, high in pairwise(cuts):
        # between two changes of the offset the wall clock runs evenly; at a change it jumps ahead or back
        offset = datetime.fromtimestamp(low, zone).utcoffset() or timedelta()
        shift = offset.days * _DAY + offset.seconds
        here = bisect_right(edges, low + shift) - 1
        if not found or states[here] != found[-1]:
            at.append(low)
            found.append(states[here])
        last = bisect_left(edges, high + shift)
        at += [edge - shift for edge in edges[here + 1 : last]]
        found += states[here + 1 : last]
    return at, found


def _wall_clock_turns(schedule: Schedule, first: date, days: int) -> tuple[list[int], list[tuple[int, ...]]]:
    """Return (naive wall-clock seconds since 1970, windows in force from each on) for windows starting on `days` dates.

    Neighbours differ. The first entry is before all windows, with none in force.
    """
    starts: dict[int, int] = {}  # minute since 1970 -> bits of the windows that begin
    ends: dict[int, int] = {}
    base = first.toordinal()
    edges_of: dict[tuple[int, ...], list[tuple[int, int, int]]] = {}
    for number, chosen in enumerate(_starting_on(schedule, base, days)):
        if not chosen:
            continue
        edges = edges_of.get(chosen)
        if edges is None:
            windows = schedule.windows
            edges = edges_of[chosen] = [(windows[i].start, windows[i].end, 1 << i) for i in chosen]
        midnight = (base + number - _EPOCH) * _DAY_MINUTES
        for start, end, bit in edges:
            starts[midnight + start] = starts.get(midnight + start, 0) | bit
            ends[midnight + end] = ends.get(midnight + end, 0) | bit
    names: dict[int, tuple[int, ...]] = {0: ()}
    at: list[int] = [(base - 1 - _EPOCH) * _DAY]
    states: list[tuple[int, ...]] = [()]
    bits = 0
    for minute in sorted(starts.keys() | ends.keys()):
        # a window that ends when its next day's begins goes on: ends first
        now = bits & ~ends.get(minute, 0) | starts.get(minute, 0)
        if now != bits:
            bits = now
            state = names.get(now)
            if state is None:
                state = names[now] = tuple(i for i in range(now.bit_length()) if now >> i & 1)
            at.append(minute * _MINUTE)
            states.append(state)
    return at, states


def _starting_on(schedule: Schedule, base: int, days: int) -> list[tuple[int, ...]]:
    """Return `schedule.starting(day)` for `days` dates from ordinal `base` on, without asking for each."""
    weekly = _by_weekday(schedule, schedule.weekly)
    found = [weekly[(base + number + 6) % 7] for number in range(days)]
    for span in reversed(schedule.exceptions):  # the first that matches is laid on last
        own = _by_weekday(schedule, span.windows)
        for number in range(max(0, span.first.toordinal() - base), min(days, span.last.toordinal() + 1 - base)):
            found[number] = own[(base + number + 6) % 7]
    return found


def _by_weekday(schedule: Schedule, chosen: tuple[int, ...]) -> list[tuple[int, ...]]:
    return [
        tuple(i for i in chosen if (days := schedule.windows[i].days) is None or weekday in days)
        for weekday in range(7)
    ]


@lru_cache(maxsize=16)
def _offset_changes(zone: Zone, first: date, days: int) -> tuple[int, ...]:
    """Return the POSIX seconds in the range at which the offset of `zone` changes (daylight saving)."""

    def offset(at: int) -> timedelta | None:
        moment = datetime.fromtimestamp(at, zone)
        return moment.utcoffset()

    step = 6 * 3600
    begin = int(datetime(first.year, first.month, first.day, tzinfo=UTC).timestamp()) - 86400
    found = []
    before = offset(begin)
    for at in range(begin + step, begin + (days + 3) * 86400, step):
        after = offset(at)
        if after != before:
            low, high = at - step, at
            while high - low > 1:
                middle = (low + high) // 2
                if offset(middle) == before:
                    low = middle
                else:
                    high = middle
            found.append(high)
            before = after
    return tuple(found)
