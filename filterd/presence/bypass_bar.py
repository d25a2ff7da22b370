"""Where the bar of one device's silence lies, by how far its silences went that meant nothing.

If the model of a device (bypass_rhythm.py) were right, a silence that means nothing would reach x nats once in e^x times.
No model is right: people read long pages, films ask nothing. So the silences that reached LOW are counted, and how far
beyond it they went; they fall off like e^(-x / mean), and the bar is where one would be met once in RARE_DAYS. Before
much was seen, what most devices do is taken.

    bar = Bar()
    bar.see(4.2); bar.end(told=False)        # a silence that reached 4.2 nats and ended in a question
    bar.day(); bar.nats
"""

from __future__ import annotations

from math import log
from typing import Any

LOW = 3.0  # nats: what is below says nothing of the tail
RARE_DAYS = 100.0  # of one device
_MEAN, _MEAN_WEIGHT = 1.2, 6.0  # nats beyond LOW, and how many silences that counts as
_A_DAY, _DAYS_WEIGHT = 0.3, 3.0  # silences beyond LOW a day, and how many days that counts as
_KEEP = 0.95  # of what was counted stays from one day to the next
_MOST = 1e6


class Bar:
    """What was counted of one device."""

    __slots__ = ("_beyond", "_count", "_days", "_reached", "nats")

    def __init__(self) -> None:
        self._count = self._beyond = self._days = 0.0
        self._reached = 0.0  # by the silence of now
        self.nats = 0.0
        self._work_out()

    def see(self, nats: float) -> None:
        """The silence of now has reached `nats`."""
        self._reached = max(self._reached, nats)

    def end(self, *, told: bool) -> None:
        """It is over. `told`: it was told as odd, and is not counted."""
        reached, self._reached = self._reached, 0.0
        if not told:
            self.take(reached)

    def take(self, nats: float) -> None:
        """Count a silence that reached `nats` and meant nothing."""
        if nats > LOW:
            self._count += 1
            self._beyond += nats - LOW
            self._work_out()

    def day(self) -> None:
        """A day is over."""
        self._count, self._beyond, self._days = self._count * _KEEP, self._beyond * _KEEP, self._days * _KEEP + 1
        self._work_out()

    def document(self) -> list[float]:
        """Return what was counted, as plain values."""
        return [round(x, 3) for x in (self._count, self._beyond, self._days)]

    @classmethod
    def of(cls, document: Any) -> Bar:
        """Return what `document` returned. TypeError, ValueError: it is none."""
        found = cls()
        found._count, found._beyond, found._days = (float(x) for x in document)
        if not all(0 <= x <= _MOST for x in (found._count, found._beyond, found._days)):
            raise ValueError("counts out of bounds")
        found._work_out()
        return found

    def _work_out(self) -> None:
        mean = (self._beyond + _MEAN_WEIGHT * _MEAN) / (self._count + _MEAN_WEIGHT)
        often = (self._count + _DAYS_WEIGHT * _A_DAY) / (self._days + _DAYS_WEIGHT)
        self.nats = LOW + mean * max(0.0, log(often * RARE_DAYS))
