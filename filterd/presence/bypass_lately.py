"""What goes on and is told once: a thing that was not met for AGAIN_S is news when it is met again. Bounded.

lately = Lately(256)
lately.is_news("192.0.2.11", at), lately.last("192.0.2.11")          # True, at
"""

from __future__ import annotations

from collections.abc import Hashable
from typing import Generic, TypeVar

from filterd.presence.bypass_asks import AGAIN_S

K = TypeVar("K", bound=Hashable)


class Lately(Generic[K]):
    """When each thing was met last, the longest unmet first. Times are POSIX seconds."""

    def __init__(self, most: int) -> None:
        """`most`: things that are remembered; the longest unmet goes first."""
        self._most = most
        self._last: dict[K, float] = {}

    def is_news(self, key: K, at: float) -> bool:
        """Note that it was met; return whether it was not for so long."""
        before = self._last.pop(key, None)
        self._last[key] = at
        if len(self._last) > self._most:
            del self._last[next(iter(self._last))]
        return before is None or at - before >= AGAIN_S

    def last(self, key: K, otherwise: float) -> float:
        """Return when it was met last; `otherwise` when that was not seen."""
        return self._last.get(key, otherwise)

    def all(self) -> dict[K, float]:
        """Return everything that is remembered, and when it was met last."""
        return dict(self._last)
