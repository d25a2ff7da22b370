"""Addresses that two devices claim at the same time, as presence/identify.py knows them: each told once while it goes on.

claims = Claims()
claims.take(at, identify.conflicts(at))          # [Finding] for an address that is news, then []
claims.last("192.0.2.11", otherwise=at)          # when it was last at odds
"""

from __future__ import annotations

from collections.abc import Iterable

from filterd.model.bypass import Confidence, Finding, Kind
from filterd.presence.bypass_lately import Lately

MAX_CLAIMS = 256  # addresses; the longest at peace goes first


class Claims:
    """Addresses at odds. Times are POSIX seconds."""

    def __init__(self) -> None:
        self._met = Lately[str](MAX_CLAIMS)  # addresses

    def take(self, at: float, conflicts: Iterable[tuple[str, str, str]]) -> list[Finding]:
        """Note what is at odds now, as (address, MAC, MAC); return what is to be told of that."""
        found: list[Finding] = []
        for address, mac, other in conflicts:
            if self._met.is_news(address, at):
                facts: dict[str, str | int | bool] = {"address": address, "other": other}
                found.append(Finding(Kind.ADDRESS_CONFLICT, mac, at, at, Confidence.MEDIUM, facts, "router"))
        return found

    def last(self, address: str, otherwise: float) -> float:
        """Return when `address` was last at odds; `otherwise` when that was not seen."""
        return self._met.last(address, otherwise)
