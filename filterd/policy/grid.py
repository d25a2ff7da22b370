"""A profile's windows on a grid of seven days that do not start at midnight, so that a night is one block. Pure.

A column is the 24 hours from `start_hour` of its date on; minutes in a column count from there. A window stands in the
column in which it begins; what passes the column's end is its tail, at the top of the next one.

    layout(schedule, date(2026, 11, 23))      # Grid(start_hour=6, blocks=(Block(window=0, column=0, start=930, ...), ...))
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta

from filterd.model.household import Window
from filterd.policy.clock import Schedule

DAYS = 7
START_HOUR = 6
START_HOURS = range(4, 10)  # where the grid may start when fewer windows cross that hour
SAVED = 2  # a single late morning a week is a tail, not a reason to move the whole grid
_DAY = 1440  # minutes


@dataclass(frozen=True, slots=True)
class Block:
    """A window, or its tail, in one column: [start, end) in minutes from the column's beginning."""

    window: int  # its number in the schedule
    day: date  # on which the window starts: both parts of one night have the same
    column: int
    start: int
    end: int
    tail: bool = False


@dataclass(frozen=True, slots=True)
class Grid:
    """Seven columns from `first` on, and what stands in them, in the order of columns and times."""

    first: date
    start_hour: int
    blocks: tuple[Block, ...]


def layout(schedule: Schedule, first: date, start_hour: int | None = None) -> Grid:
    """Return the grid of the seven days from `first`. `start_hour`: None chooses by the weekly windows."""
    starts = [(day, number) for day in _dates(first) for number in schedule.starting(day)]
    hour = best_hour(schedule.windows[number] for number in schedule.weekly) if start_hour is None else start_hour
    blocks: list[Block] = []
    for day, number in starts:
        window = schedule.windows[number]
        # minutes from the beginning of the first column
        begin = (day - first).days * _DAY + window.start - hour * 60
        end = begin + window.end - window.start
        column = begin // _DAY
        for place in (column, column + 1):
            low, high = max(begin, place * _DAY), min(end, (place + 1) * _DAY)
            if low < high and 0 <= place < DAYS:
                blocks.append(Block(number, day, place, low - place * _DAY, high - place * _DAY, place != column))
    return Grid(first, hour, tuple(sorted(blocks, key=lambda b: (b.column, b.start, b.window))))


def best_hour(windows: Iterable[Window]) -> int:
    """Return the full hour at which a grid of these weekly windows starts: 6, so that it rarely moves.

    Another hour from 4 to 9, the nearest, only when that many fewer windows a week cross it (SAVED).
    """
    spans = [(w.start, w.end, 7 if w.days is None else len(w.days)) for w in windows]

    def crossing(hour: int) -> int:
        edges = (hour * 60, hour * 60 + _DAY)
        return sum(days for start, end, days in spans if any(start < edge < end for edge in edges))

    best = min(START_HOURS, key=lambda hour: (crossing(hour), abs(hour - START_HOUR), hour))
    return best if crossing(best) + SAVED <= crossing(START_HOUR) else START_HOUR


def place_of(minute: int, day: date, grid: Grid) -> tuple[int, int] | None:
    """Return (column, minute in it) of a wall-clock minute of a date, None when it is outside the grid."""
    at = (day - grid.first).days * _DAY + minute - grid.start_hour * 60
    return (at // _DAY, at % _DAY) if 0 <= at < DAYS * _DAY else None


def overlap(one: Window, other: Window) -> bool:
    """Return whether two weekly windows are in force at one time on some day, nights included."""
    for day in range(7) if one.days is None else one.days:
        for number in range(7) if other.days is None else other.days:
            for away in (number - day, number - day - 7, number - day + 7):
                start, end = other.start + away * _DAY, other.end + away * _DAY
                if one.start < end and start < one.end:
                    return True
    return False


def _dates(first: date) -> list[date]:
    """The days of the grid and their neighbours, whose windows may reach into it."""
    return [first + timedelta(days=n) for n in range(-1, DAYS + 1)]
