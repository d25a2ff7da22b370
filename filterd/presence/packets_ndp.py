"""IPv6 neighbour discovery: which MAC wears which address, who is a router, and which resolvers it announces (RDNSS).

Temporary addresses (RFC 8981) come this way to the device that wears them: before anybody can answer it, it must say so.

    read(payload, mac="02:aa:00:00:00:01", source="fe80::1")      # [Seen(RA, ...), Seen(DNS_SERVER, ...)]

Sources: RFC 4861, RFC 8106 (RDNSS).
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator
from struct import Struct

from filterd.errors import ParseError
from filterd.model.sighting import Kind
from filterd.presence.packets_dhcp import addresses6
from filterd.presence.seen import Seen, device_address

_U16, _U32 = Struct("!H").unpack_from, Struct("!I").unpack_from
SOLICIT_ROUTER, ADVERTISE_ROUTER, SOLICIT, ADVERTISE = 133, 134, 135, 136
_HEADS = {SOLICIT_ROUTER: 8, ADVERTISE_ROUTER: 16, SOLICIT: 24, ADVERTISE: 24}  # bytes before the options
_SOURCE_LLA, _TARGET_LLA, _RDNSS = 1, 2, 25
_MAX_RESOLVERS = 8


def read(data: bytes, mac: str, source: str) -> list[Seen]:
    """Return what an ICMPv6 message says. `source`: its sender's address, "" for ::. ParseError: malformed.

    The checksum is the kernel's business, for which this frame is too; what fakes it can fake a right one as well.
    """
    kind = data[0] if data else -1
    head = _HEADS.get(kind)
    if head is None:
        return []
    if len(data) < head or data[1] != 0:
        raise ParseError(f"expected neighbour discovery of {head} bytes and code 0, got {len(data)} bytes")
    options = list(_options(data, head))
    if kind == ADVERTISE_ROUTER:
        return _router(data, mac, source, options)
    if kind == ADVERTISE:
        return _owner(_target(data), mac, options, _TARGET_LLA)
    return _owner(source, mac, options, _SOURCE_LLA)  # "": it only looks whether an address is free


def _owner(address: str, mac: str, options: list[tuple[int, bytes]], wanted: int) -> list[Seen]:
    """An address belongs to the sender unless it names another MAC for it (a proxy's or an impostor's business)."""
    named = [value[:6].hex(":") for code, value in options if code == wanted]
    return [Seen(Kind.NDP, mac, address)] if address and all(other == mac for other in named) else []


def _router(data: bytes, mac: str, source: str, options: list[tuple[int, bytes]]) -> list[Seen]:
    if not source or not ipaddress.IPv6Address(source).is_link_local:
        raise ParseError(f"expected a router advertisement from a link-local address, got {source or '::'}")
    seen = [Seen(Kind.RA, mac, source, detail=f"lifetime={_U16(data, 6)[0]}")]
    seen += _owner(source, mac, options, _SOURCE_LLA)
    offers: list[Seen] = []
    for code, value in options:
        if code == _RDNSS and len(value) >= 22 and _U32(value, 2)[0]:  # lifetime 0: it is taken back
            offers += [Seen(Kind.DNS_SERVER, mac, address, detail="ra") for address in addresses6(value[6:])]
    return seen + offers[:_MAX_RESOLVERS]


def _target(data: bytes) -> str:
    address = device_address(data[8:24])
    if not address:
        raise ParseError(f"expected one node's address as the target, got {data[8:24].hex()}")
    return address


def _options(data: bytes, start: int) -> Iterator[tuple[int, bytes]]:
    """Yield (type, value); lengths are in units of 8 bytes. ParseError: length 0, or past the end (RFC 4861 4.6)."""
    at = start
    while at < len(data):
        length = data[at + 1] * 8 if at + 2 <= len(data) else 0
        if not length or at + length > len(data):
            raise ParseError(f"the option at offset {at} is empty or runs past the end of {len(data)} bytes")
        yield data[at], data[at + 2 : at + length]
        at += length
