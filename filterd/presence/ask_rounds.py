"""When presence asks, and whom it knows to ask: at the start, twice an hour, and soon after somebody new was seen. Pure.

A round asks for DHCP, DHCPv6 and router advertisements (ask.py); some seconds later, when it is known who offers what,
routers and resolvers on-link are asked whether they answer DNS (ask_dns.py). However many newcomers there are, or pretend
to be: one round in GAP_S, and MAX_KNOWN are remembered.

    rounds = Rounds(now, random.random)
    rounds.take(sighting, now)
    if rounds.is_due(now): ...
    if rounds.is_time_for_dns(now): ...
"""

from __future__ import annotations

import math
from collections.abc import Callable

from filterd.model.sighting import ANSWERS, Kind, Sighting
from filterd.presence.ask_dns import Target

FIRST_S = 4.0  # after the start: the manager and the network come up meanwhile
EVERY_S = 1800.0
JITTER = 0.2  # of EVERY_S, more or less: many boxes in one network do not ask at once
SOON_S = 5.0  # after somebody new: it may have only begun
GAP_S = 120.0  # between two rounds, whatever happens
DNS_S = 8.0  # after the rest: a DHCP server looks for seconds whether an address is free before it offers it
MAX_KNOWN = 64


class Rounds:
    """The rhythm. `now` is monotonic seconds; `random` returns 0 to 1."""

    def __init__(self, now: float, random: Callable[[], float]) -> None:
        self._random = random
        self._next = now + FIRST_S
        self._last = -math.inf
        self._dns_at = math.inf
        self._known: dict[tuple[str, Target], None] = {}  # (MAC, who); the longest unheard first

    @property
    def known(self) -> list[Target]:
        """Routers and offered resolvers, the newest first."""
        return [target for _, target in reversed(self._known)]

    def take(self, seen: Sighting, now: float) -> None:
        """Note who is a router or offers a resolver; somebody new is asked soon."""
        if seen.kind not in (Kind.RA, Kind.DNS_SERVER) or not seen.address or seen.detail == ANSWERS:
            return
        key = (seen.mac, Target(seen.address, seen.interface))
        is_new = key not in self._known
        self._known.pop(key, None)
        self._known[key] = None
        if len(self._known) > MAX_KNOWN:
            del self._known[next(iter(self._known))]
        if is_new:
            self.soon(now)

    def soon(self, now: float) -> None:
        """Something has changed: ask in some seconds, if the last round is long enough ago."""
        self._next = min(self._next, max(now + SOON_S, self._last + GAP_S))

    def is_due(self, now: float) -> bool:
        """Return whether to ask now, and note that it is done."""
        if now < self._next:
            return False
        self._last = now
        self._next = now + EVERY_S * (1 + JITTER * (2 * self._random() - 1))
        self._dns_at = now + DNS_S
        return True

    def is_time_for_dns(self, now: float) -> bool:
        """Return whether to ask for DNS now, once a round."""
        if now < self._dns_at:
            return False
        self._dns_at = math.inf
        return True
