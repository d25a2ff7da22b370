"""Who is answered at all (DECISIONS 6): the house, not the Internet. An open resolver is an amplifier for attackers.

Loopback, link-local, private and shared address space, every prefix that is on-link at one of our interfaces (homes
have public IPv6; the ISP changes it), and ranges that the operator names. Rate limits of those who are admitted:
fast/clients.py.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable, Sequence

from filterd.fast.clients import Client

Network = ipaddress.IPv4Network | ipaddress.IPv6Network

_ALWAYS = (
    "127.0.0.0/8", "::1/128",  # loopback
    "169.254.0.0/16", "fe80::/10",  # link-local
    "10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16",  # private, RFC 1918
    "100.64.0.0/10",  # shared, RFC 6598
    "fc00::/7",  # unique local, RFC 4193
)  # fmt: skip
_EXEMPT = frozenset((b"\x7f\0\0\1", bytes(15) + b"\1"))  # the box's own programs: cannot be spoofed from outside
REFUSED_PER_S = 5.0  # REFUSED answers to outsiders, all together
REFUSED_BURST = 10.0


class Gate:
    """Decides who comes in."""

    def __init__(self, ranges: Iterable[str], rate: float, burst: float, now: float) -> None:
        """`ranges`: the operator's prefixes; `rate`, `burst`: of a client's bucket."""
        self._fixed = [ipaddress.ip_network(text, strict=False) for text in (*_ALWAYS, *ranges)]
        self._rate = rate
        self._burst = burst
        self._outsiders = Client("", b"", REFUSED_PER_S, REFUSED_BURST, now)
        self._prefixes: dict[int, list[tuple[int, int]]] = {}  # bytes of an address -> [(mask, network)]
        self.on_link(())

    def on_link(self, networks: Sequence[Network]) -> None:
        """Admit these prefixes too, in place of those named last time."""
        self._prefixes = {4: [], 16: []}
        for network in (*self._fixed, *networks):
            mask = int(network.netmask)
            self._prefixes[network.max_prefixlen // 8].append((mask, int(network.network_address)))

    def meet(self, address: str, packed: bytes, now: float) -> Client | None:
        """Return a new client with a full bucket, or None for an outsider."""
        value = int.from_bytes(packed, "big")
        for mask, network in self._prefixes.get(len(packed), ()):
            if value & mask == network:
                if packed in _EXEMPT:
                    return Client(address, packed, float("inf"), float("inf"), now)
                return Client(address, packed, self._rate, self._burst, now)
        return None

    def may_refuse(self, now: float) -> bool:
        """Return whether an outsider may get a REFUSED; counts as given."""
        return self._outsiders.pay(now)
