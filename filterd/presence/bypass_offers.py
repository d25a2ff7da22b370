"""Who hands out resolvers on the network (DHCP, DHCPv6, router advertisements) besides this box.

offers = Offers()
offers.take(sighting, at, worn)              # a Finding the first time, then None
offers.last(mac, "192.0.2.1", otherwise=at), offers.lately()
"""

from __future__ import annotations

from collections.abc import Mapping

from filterd.model.bypass import Confidence, Finding, Kind
from filterd.model.sighting import Sighting
from filterd.presence.bypass_lately import Lately

MAX_OFFERS = 256  # the longest unheard goes first


class Offers:
    """Who offers what. Times are POSIX seconds."""

    def __init__(self) -> None:
        self._met = Lately[tuple[str, str]](MAX_OFFERS)  # who, which address

    def take(self, seen: Sighting, at: float, worn: Mapping[str, str]) -> Finding | None:
        """Note an offer; return what is to be told of it. `worn`: whose addresses are whose."""
        if not self._met.is_news((seen.mac, seen.address), at):
            return None
        kind = Kind.ROUTER_DNS if worn.get(seen.address) == seen.mac else Kind.SECOND_DNS
        facts: dict[str, str | int | bool] = {"address": seen.address, "offered": seen.detail or "dhcp"}
        return Finding(kind, seen.mac, at, at, Confidence.HIGH, facts, "router")

    def last(self, mac: str, address: str, otherwise: float) -> float:
        """Return when `mac` offered `address` last; `otherwise` when that was not seen."""
        return self._met.last((mac, address), otherwise)

    def lately(self) -> dict[str, float]:
        """Return the addresses that are offered, and when last."""
        return {address: last for (_, address), last in self._met.all().items()}
