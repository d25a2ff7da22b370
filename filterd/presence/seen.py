"""What the packet readers hand to each other: a sighting that does not know yet when and where, and what all of them need.

Seen(Kind.ARP, "02:aa:00:00:00:11", "192.0.2.11")
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator
from dataclasses import dataclass
from struct import Struct

from filterd.errors import ParseError
from filterd.model.sighting import Kind

_PAIR = Struct("!HH").unpack_from


@dataclass(frozen=True, slots=True)
class Seen:
    """As Sighting (model/sighting.py), without time and interface."""

    kind: Kind
    mac: str
    address: str = ""
    name: str = ""
    detail: str = ""


def options6(data: bytes, start: int) -> Iterator[tuple[int, bytes]]:
    """Yield (code, value) of DHCPv6 options (RFC 8415 section 21.1). ParseError when one runs past the end."""
    at = start
    while at + 4 <= len(data):
        code, length = _PAIR(data, at)
        at += 4
        if at + length > len(data):
            raise ParseError(f"DHCPv6 option {code} of {length} bytes runs past the end of {len(data)} bytes")
        yield code, data[at : at + length]
        at += length


def device_address(raw: bytes) -> str:
    """Return an address of 4 or 16 bytes as text; "" when no single device can have it."""
    address = ipaddress.ip_address(raw)
    if address.is_multicast or address.is_unspecified or address.is_loopback or raw == b"\xff\xff\xff\xff":
        return ""
    return str(address)
