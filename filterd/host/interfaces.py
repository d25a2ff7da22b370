"""Our own addresses and the prefixes on-link at our interfaces, by the `netifaces` import name; nowhere else.

A home has public IPv6 prefixes that its provider changes: who is on-link today is asked anew every half minute.

    addresses, prefixes = local_networks()
"""

from __future__ import annotations

import ipaddress
import socket
from typing import Any

Network = ipaddress.IPv4Network | ipaddress.IPv6Network
_MIN_PREFIX = {4: 8, 6: 32}  # a wider on-link prefix is a mistake, and would open the box to the Internet


def local_networks(source: Any = None) -> tuple[list[str], list[Network]]:
    """Return our addresses (plain, no scope) and the prefixes on-link, both sorted. Empty when nothing can be learnt.

    Point-to-point links (a provider's, a VPN's) contribute their addresses, but no prefix: the house is not there.
    `source`: something like the netifaces module.
    """
    if source is None:
        try:
            import netifaces as source
        except ImportError:
            return [], []
    addresses: set[str] = set()
    prefixes: set[Network] = set()
    try:
        interfaces = source.interfaces()
    except OSError:
        return [], []
    for interface in interfaces:
        try:
            found = source.ifaddresses(interface)
        except (ValueError, OSError):
            continue  # it went away meanwhile
        for family in (int(socket.AF_INET), int(socket.AF_INET6)):
            for entry in found.get(family, ()):
                _add(entry, addresses, prefixes)
    return sorted(addresses), sorted(prefixes, key=lambda n: (n.version, int(n.network_address), n.prefixlen))


def _add(entry: dict[str, str], addresses: set[str], prefixes: set[Network]) -> None:
    try:
        address = ipaddress.ip_address(str(entry["addr"]).partition("%")[0])
        addresses.add(str(address))
        mask = str(entry.get("netmask", ""))
        # netifaces gives ffff:ffff::/32, netifaces-plus too; plain ffff:ffff:: from some systems
        length = mask.partition("/")[2] if "/" in mask else mask
        if not length or "peer" in entry:
            return
        if ":" in length:
            length = str(int(ipaddress.IPv6Address(length)).bit_count())
        network = ipaddress.ip_network(f"{address}/{length}", strict=False)
    except (ValueError, KeyError):
        return
    if network.prefixlen >= _MIN_PREFIX[network.version]:
        prefixes.add(network)
