"""One device's habits: how much it is heard between two questions; and how odd its silence is now.

Time goes by minutes. `quiet` is the number of minutes, of the last WINDOW, in which the device was heard since it asked
last: a phone that is used and goes round us is heard again and again and does not ask. For each part of the day the
device's own silences are counted by the most that `quiet` reached in them. A phone in use asks within minutes; one
asleep, a printer or a television in standby is silent for hours, which is a habit too. The bar is where a silence like
this would be met once in `rare_days`, read off the tail of the counts; it lies out of reach for who is always silent.

Nothing here knows names, systems or confidence: bypass.py does.
"""

from __future__ import annotations

from math import exp, inf, log
from typing import Any

WINDOW = 30  # minutes
BLOCKS = 12  # of two hours, a day
LEARN_S = 86_400.0  # of life before silence means anything: a whole day and night
RARE_DAYS = 600.0
THING_DAYS = 15_000.0  # the same of things in a corner: televisions, consoles and printers go round us hardly ever
LEAST = 5  # minutes heard: fewer are never odd
MARGIN = 1.05  # between what the tail says and the bar
_KEEP_DAY = 0.95  # of what was learned stays from one day to the next: habits change within weeks
_ENOUGH = 25.0  # silences in and around a part of the day; with fewer the whole day's are taken
_SOME = 8.0  # silences; with fewer nothing is known
_TOP = 1.2  # silences that reached so far: the end of what is known
_TAIL = 14.0  # silences that reached so far: where the tail begins
_FLAT, _STEEP = 0.12, 0.7  # bounds of the tail's slope, a minute
_SURER, _MANY = 0.5, 400.0  # that the tail may be steeper when so many silences were counted
_KEEP = 0.35  # of `quiet` stays after a question: one in an hour is none
_REFRESH = 20  # minutes a bar is good for
_ALL = (1 << WINDOW) - 1


class Habit:
    """The habits of one device."""

    __slots__ = (
        "_bar", "_block", "_day", "_left", "_most", "_silences", "alarmed", "asked", "began", "bits", "heard", "rare_days", "spell"
    )  # fmt: skip

    def __init__(self, began: float) -> None:
        self.began = began  # when it was seen first
        self.rare_days = THING_DAYS  # bypass.py knows better
        self.heard = False  # in this minute
        self.asked = False
        self.bits = 0  # minutes in which it was heard since it asked last, the newest lowest
        self.spell = 0.0  # when it asked last, or was heard first after a long silence
        self.alarmed = False  # this silence was told; it is no habit, and is not learned
        self._silences = [[0.0] * (WINDOW + 1) for _ in range(BLOCKS)]  # by block and the most that quiet reached
        self._most = 0
        self._block = _block(began)
        self._day = int(began // 86_400)
        self._bar = inf
        self._left = 0  # minutes until the bar is worked out again

    @property
    def quiet(self) -> int:
        """The minutes, of the last WINDOW, in which it was heard since it asked."""
        return self.bits.bit_count()

    def bar(self, at: float) -> float:
        """Return what `quiet` does not pass by this device's habits."""
        self._left -= 1
        if self._left <= 0:
            self._left = _REFRESH
            self._bar = self._work_out(at)
        return self._bar

    def close(self, at: float, *, blind: bool) -> bool:
        """End the minute that began at `at`; return whether its silence became odd with it.

        `blind`: nobody asks though many should: then it says nothing.
        """
        heard, asked = self.heard, self.asked
        self.heard = self.asked = False
        if blind:
            return False
        if (block := _block(at)) != self._block:
            self._turn(block, at)
        if asked:
            self._end()
            return False
        self.bits = (self.bits << 1 | heard) & _ALL
        if not heard:
            return False
        quiet = self.bits.bit_count()
        if quiet == 1:
            self.spell = at
        self._most = max(self._most, quiet)
        if self.alarmed or quiet <= LEAST or not self.is_grown(at) or quiet <= self.bar(at):
            return False
        self.alarmed = True
        return True

    def is_grown(self, at: float) -> bool:
        """Return whether it was seen for so long that its habits are known."""
        return at - self.began >= LEARN_S

    def forgive(self) -> None:
        """This silence is nothing: a person says so. It is a habit from now on."""
        self.alarmed = False
        self._note()

    def document(self) -> dict[str, Any]:
        """Return what was learned, as plain values; the silence of now is left out."""
        rows = [{str(m): round(n, 2) for m, n in enumerate(row) if n >= 0.01} for row in self._silences]
        return {"began": self.began, "day": self._day, "silences": rows}

    @classmethod
    def of(cls, document: dict[str, Any]) -> Habit:
        """Return the habit of what `document` returned. KeyError, TypeError, ValueError: it is none."""
        found = cls(float(document["began"]))
        found._day = int(document["day"])
        rows = [{int(m): float(n) for m, n in row.items()} for row in document["silences"]]
        if len(rows) != BLOCKS or any(not 0 <= m <= WINDOW or not 0 <= n < 1e6 for row in rows for m, n in row.items()):
            raise ValueError("silences out of bounds")
        found._silences = [[row.get(m, 0.0) for m in range(WINDOW + 1)] for row in rows]
        return found

    def _end(self) -> None:
        """It asked. One question in a long silence is none: the program that goes round is not alone on a device."""
        self._note()
        left = int(self.quiet * _KEEP)
        bits, kept = self.bits, 0
        for place in range(WINDOW):  # the newest stay
            if not left:
                break
            if bits >> place & 1:
                kept |= 1 << place
                left -= 1
        self.bits = kept << 1 & _ALL
        self._most = self.quiet
        if not kept:
            self.alarmed = False
            self.spell = 0.0

    def _note(self) -> None:
        """Learn the silence up to now."""
        if self._most and not self.alarmed:
            self._silences[self._block][self._most] += 1

    def _turn(self, block: int, at: float) -> None:
        self._note()
        self._block, self._most, self._left = block, self.quiet, 0
        day = int(at // 86_400)
        if day != self._day:
            keep = _KEEP_DAY ** min(day - self._day, 60)
            self._silences = [[x * keep for x in row] for row in self._silences]
            self._day = day

    def _work_out(self, at: float) -> float:
        block = self._block
        near = [self._silences[b % BLOCKS] for b in (block - 1, block, block + 1)]
        reached = _reached(near)
        if reached[0] < _ENOUGH:
            reached = _reached(self._silences)
        if reached[0] < _SOME:
            return inf
        days = (1 - exp((at - self.began) / 86_400 * log(_KEEP_DAY))) / (1 - _KEEP_DAY)
        top = max(m for m, n in enumerate(reached) if n >= min(_TOP, reached[0]))
        start = max((m for m, n in enumerate(reached) if n >= _TAIL), default=0)
        slope = log(reached[start] / reached[top]) / (top - start) if start < top else 0.5 * log(reached[top] + 2)
        steep = _STEEP + _SURER * min(1.0, reached[0] / _MANY)
        slope = min(steep, max(_FLAT, slope))
        return (top + max(0.0, log(reached[top] * self.rare_days / days)) / slope) * MARGIN


def _reached(rows: list[list[float]]) -> list[float]:
    """Return how many silences reached each number of minutes or more."""
    found = [0.0] * (WINDOW + 1)
    total = 0.0
    for m in range(WINDOW, -1, -1):
        total += sum(row[m] for row in rows)
        found[m] = total
    return found


def _block(at: float) -> int:
    return int(at % 86_400 // (86_400 // BLOCKS))
