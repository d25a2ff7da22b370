"""Questions that are under way to upstreams: one each, however many clients wait for it; and the timers of their tries.

Bounded: flights in all, clients that wait for one. Leaves to others: sending and judging (engine/forward.py).
"""

from __future__ import annotations

import heapq
from typing import Any, Final, Generic, TypeVar

from filterd.resolve.cache import Fact

MAX_WAITERS: Final = 256  # for one question
TICK_S: Final = 0.02

T = TypeVar("T")


class Flight:
    """One question under way. `waiters` are the engine's; nobody waits for a prefetch."""

    __slots__ = (
        "attempts",
        "bare",
        "cd",
        "deadline",
        "do",
        "done",
        "ede",
        "group",
        "key",
        "name",
        "next_at",
        "qtype",
        "retry",
        "stale",
        "stale_at",
        "started",
        "tries",
        "waiters",
    )

    def __init__(
        self, key: bytes, name: bytes, qtype: int, do: bool, cd: bool, group: int, now: float, deadline: float
    ) -> None:
        self.key = key
        self.name = name
        self.qtype = qtype
        self.do = do
        self.cd = cd
        self.group = group
        self.started = now
        self.deadline = deadline  # monotonic; answered by then, one way or the other
        self.next_at = deadline  # when the current try is over
        self.stale: Fact | None = None  # what may be shown when nobody answers
        self.stale_at = deadline  # when that is shown to those who wait
        self.waiters: list[Any] = []
        self.attempts: list[Any] = []  # all that were sent, to be forgotten together
        self.tries: dict[int, int] = {}  # upstream -> how often it was asked
        self.bare: set[int] | None = None  # upstreams asked without EDNS by now
        self.retry = False  # between two tries: `next_at` starts the next one, no try is lost then
        self.ede: tuple[tuple[int, str], ...] = ()  # of the last error
        self.done = False


class Wheel(Generic[T]):
    """Timers that are rarely needed: adding is cheap, cancelling is not needed (who is done ignores the call)."""

    def __init__(self) -> None:
        self._slots: dict[int, list[T]] = {}
        self._ticks: list[int] = []

    def add(self, when: float, item: T) -> None:
        """Give `item` back from `due` soon after monotonic time `when`."""
        tick = int(when / TICK_S) + 1
        slot = self._slots.get(tick)
        if slot is None:
            self._slots[tick] = [item]
            heapq.heappush(self._ticks, tick)
        else:
            slot.append(item)

    def next(self) -> float:
        """Return the monotonic time of the next timer, infinite without one."""
        return self._ticks[0] * TICK_S if self._ticks else float("inf")

    def due(self, now: float) -> list[T]:
        """Return and forget everything whose time has come."""
        items: list[T] = []
        while self._ticks and self._ticks[0] * TICK_S <= now:
            items += self._slots.pop(heapq.heappop(self._ticks))
        return items

    def __len__(self) -> int:
        return sum(len(slot) for slot in self._slots.values())
