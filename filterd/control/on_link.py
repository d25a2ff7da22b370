"""Who is in the house by a public address: IPv6 homes have those, and their provider changes the prefix.

is_on_link("2001:db8:77::11")      # a prefix that one of our interfaces has now
"""

from __future__ import annotations

import ipaddress
import threading
import time

from filterd.host.interfaces import Network, local_networks

FRESH_S = 30.0  # between two looks at the interfaces, as the DNS workers do it
_lock = threading.Lock()
_known: tuple[float, list[Network]] = (-FRESH_S, [])


def plain(address: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    """Return an address without its scope, IPv4 inside IPv6 as IPv4; None for what is no address."""
    try:
        found = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return None
    mapped = found.ipv4_mapped if isinstance(found, ipaddress.IPv6Address) else None
    return found if mapped is None else mapped


def is_on_link(address: str) -> bool:
    """True when `address` lies in a prefix on-link at one of our interfaces. False for what is no address."""
    found = plain(address)
    if found is None:
        return False
    return any(found in network for network in _prefixes() if network.version == found.version)


def _prefixes() -> list[Network]:
    global _known
    with _lock:
        at, prefixes = _known
        now = time.monotonic()
        if now - at >= FRESH_S:
            prefixes = local_networks()[1]
            _known = (now, prefixes)
    return prefixes
