"""Who hands out resolvers on the network (DHCP, DHCPv6, router advertisements) besides this box.

offers = Offers()
offers.take(sighting, at, worn)              # a Finding the first time, then None
offers.last(mac, "192.0.2.1"), offers.lately()
"""

from __future__ import annotations

from collections.abc import Mapping

from filterd.model.bypass import Confidence, Finding, Kind
from filterd.model.sighting import Sighting
from filterd.presence.bypass_asks import AGAIN_S

MAX_OFFERS = 256  # the longest unheard goes first


class Offers:
    """Who offers what. Times are POSIX seconds."""

    def __init__(self) -> None:
        self._last: dict[tuple[str, str], float] = {}  # who, which address -> when

    def take(self, seen: Sighting, at: float, worn: Mapping[str, str]) -> Finding | None:
        """Note an offer; return what is to be told of it. `worn`: whose addresses are whose."""
        offer = (seen.mac, seen.address)
        before = self._last.pop(offer, None)
        self._last[offer] = at
        if len(self._last) > MAX_OFFERS:
            del self._last[next(iter(self._last))]
        if before is not None and at - before < AGAIN_S:
            return None
        kind = Kind.ROUTER_DNS if worn.get(seen.address) == seen.mac else Kind.SECOND_DNS
        facts: dict[str, str | int | bool] = {"address": seen.address, "offered": seen.detail or "dhcp"}
        return Finding(kind, seen.mac, at, at, Confidence.HIGH, facts, "router")

    def last(self, mac: str, address: str) -> float | None:
        """Return when `mac` offered `address` last; None: that was not seen."""
        return self._last.get((mac, address))

    def lately(self) -> dict[str, float]:
        """Return the addresses that are offered, and when last."""
        return {address: last for (_, address), last in self._last.items()}
