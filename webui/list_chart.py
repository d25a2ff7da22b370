"""The size of a list over time, as a line: a version that was held back is a cross beside it, joined by a dotted line.

Numbers in, places in a picture out; the picture is drawn on the server (templates/system/chart.html), without a script, and
the table below it says the same.

    chart = of(row.events)
    chart.line, chart.held       # "12,80 40,79 ...", crosses
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

WIDTH, HEIGHT = 320, 96  # of the picture; it grows with the page
LEFT, RIGHT, TOP, BOTTOM = 8, 312, 12, 84
LEAST = 2  # versions that make a line

Event = tuple[float | None, int, bool, str]  # when, names, taken, why not


@dataclass(frozen=True, slots=True)
class Cross:
    """A version that was held back, and the last good one before it."""

    x: int
    y: int
    from_x: int
    from_y: int


@dataclass(frozen=True, slots=True)
class Chart:
    """What is drawn. `line`: an SVG polyline's points; `first`, `last`: days; `low`, `high`, `newest`: names."""

    line: str
    dots: tuple[tuple[int, int], ...]
    held: tuple[Cross, ...]
    first: float
    last: float
    low: int
    high: int
    newest: int


def of(events: Sequence[Event]) -> Chart | None:
    """Return the picture of a list's history (in any order); None while there are not two versions to compare."""
    known = sorted(((at, names, taken) for at, names, taken, _why in events if at is not None and names > 0))
    taken_ones = [names for _, names, taken in known if taken]
    if len(known) < LEAST or not taken_ones:
        return None
    first, last = known[0][0], known[-1][0]
    top = max(names for _, names, _ in known)

    def place(at: float, names: int) -> tuple[int, int]:
        along = (at - first) / (last - first) if last > first else 1.0
        return round(LEFT + along * (RIGHT - LEFT)), round(BOTTOM - names / top * (BOTTOM - TOP))

    dots: list[tuple[int, int]] = []
    held: list[Cross] = []
    for at, names, taken in known:
        x, y = place(at, names)
        if taken:
            dots.append((x, y))
        else:
            from_x, from_y = dots[-1] if dots else (x, y)
            held.append(Cross(x, y, from_x, from_y))
    return Chart(
        " ".join(f"{x},{y}" for x, y in dots), tuple(dots), tuple(held), first, last,
        min(taken_ones), max(taken_ones), taken_ones[-1],
    )  # fmt: skip
