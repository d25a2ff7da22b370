"""Our own interfaces, addresses and gateways, and the prefixes on-link, by the `netifaces` import name; nowhere else.

A home has public IPv6 prefixes that its provider changes: who is on-link today is asked anew every half minute.

    addresses, prefixes = local_networks()
    [link.name for link in links()]     # Ethernet interfaces, the one with the default gateway first
"""

from __future__ import annotations

import ipaddress
import socket
from dataclasses import dataclass
from typing import Any

Network = ipaddress.IPv4Network | ipaddress.IPv6Network
_MIN_PREFIX = {4: 8, 6: 32}  # a wider on-link prefix is a mistake, and would open the box to the Internet


_AF_LINK = 17  # netifaces.AF_LINK on Linux: the MAC address
_NO_MAC = "00:00:00:00:00:00"  # of the loopback


@dataclass(frozen=True, slots=True)
class Link:
    """One interface with a MAC address. `prefixes`: our address with its prefix, of both families; `gateways`: plain."""

    name: str
    mac: str
    prefixes: tuple[ipaddress.IPv4Interface | ipaddress.IPv6Interface, ...] = ()
    gateways: tuple[str, ...] = ()


def links(source: Any = None) -> list[Link]:
    """Return the interfaces that have a MAC address, those with a default gateway first. Empty when none can be learnt.

    `source`: something like the netifaces module.
    """
    if source is None:
        try:
            import netifaces as source
        except ImportError:
            return []
    found: list[Link] = []
    try:
        gateways = [entry for family in (2, 10) for entry in source.gateways().get(family, ())]
        interfaces = source.interfaces()
    except OSError:
        return []
    for name in interfaces:
        try:
            entries = source.ifaddresses(name)
        except (ValueError, OSError):
            continue  # it went away meanwhile
        macs = [str(entry.get("addr", "")).lower() for entry in entries.get(_AF_LINK, ())]
        if len(macs) != 1 or len(macs[0]) != len(_NO_MAC) or macs[0] == _NO_MAC:
            continue
        own = [_on_link(entry) for family in (2, 10) for entry in entries.get(family, ())]
        via = dict.fromkeys(str(gateway[0]).partition("%")[0] for gateway in gateways if gateway[1] == name)
        found.append(Link(name, macs[0], tuple(one for one in own if one is not None), tuple(via)))
    return sorted(found, key=lambda link: not link.gateways)


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
        addresses.add(str(ipaddress.ip_address(str(entry["addr"]).partition("%")[0])))
    except (ValueError, KeyError):
        return
    found = _on_link(entry)
    if found is not None and found.network.prefixlen >= _MIN_PREFIX[found.version]:
        prefixes.add(found.network)


def _on_link(entry: dict[str, str]) -> ipaddress.IPv4Interface | ipaddress.IPv6Interface | None:
    """Return the address with its prefix; None for a point-to-point link's, and for what is none."""
    try:
        mask = str(entry.get("netmask", ""))
        # netifaces gives ffff:ffff::/32, netifaces-plus too; plain ffff:ffff:: from some systems
        length = mask.partition("/")[2] if "/" in mask else mask
        if not length or "peer" in entry:
            return None
        if ":" in length:
            length = str(int(ipaddress.IPv6Address(length)).bit_count())
        return ipaddress.ip_interface(f"{str(entry['addr']).partition('%')[0]}/{length}")
    except (ValueError, KeyError):
        return None
