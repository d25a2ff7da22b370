"""Addresses that the answer for a public name must not hold (rows 11 and 12 of the table look for them).

A page on the Internet whose name leads to 192.168.1.1 makes the child's browser talk to the router (DNS rebinding).
And an upstream that filters answers 0.0.0.0 or ::. Which names are exempt is the engine's business.
"""

from __future__ import annotations

from collections.abc import Iterable

PRIVATE = 1  # some address leads into the house or to the asker itself
NULL = 2  # some address is 0.0.0.0 or ::

FIRST_BYTES = frozenset((0, 10, 100, 127, 169, 172, 192, 255, *range(0xFC, 0xFF)))  # of all that can be marked

_NULL_V4 = b"\0\0\0\0"
_NULL_V6 = bytes(16)
_MAPPED = bytes(10) + b"\xff\xff"  # ::ffff:0:0/96, RFC 4291 section 2.5.5.2
_COMPATIBLE = bytes(12)  # ::/96, RFC 4291 section 2.5.5.1
_NAT64 = b"\x00\x64\xff\x9b" + bytes(8)  # 64:ff9b::/96, RFC 6052 section 3.1: never for private IPv4


def marks(addresses: Iterable[bytes]) -> int:
    """Return PRIVATE and NULL as they apply to any of `addresses` (4 or 16 raw bytes)."""
    found = 0
    for address in addresses:
        if len(address) == 4:
            found |= _mark_v4(address)
        elif address[:12] in (_MAPPED, _COMPATIBLE, _NAT64):
            if address == _NULL_V6:
                found |= NULL
            elif address[:12] == _COMPATIBLE and address[12] == 0:
                found |= PRIVATE  # ::1 and what else is below ::/104
            else:
                found |= _mark_v4(address[12:])
        else:
            first, second = address[0], address[1]
            # fc00::/7 RFC 4193; fe80::/10 RFC 4291; fec0::/10 RFC 3879 (site-local, deprecated but routed by some)
            if first & 0xFE == 0xFC or (first == 0xFE and second >= 0x80):
                found |= PRIVATE
    return found


def _mark_v4(address: bytes) -> int:
    first, second = address[0], address[1]
    if first == 0:  # "this network", RFC 1122 section 3.2.1.3: many systems take it for themselves
        return NULL if address == _NULL_V4 else PRIVATE
    if first in (10, 127):
        return PRIVATE
    if first == 192:
        return PRIVATE if second == 168 else 0
    if first == 172:
        return PRIVATE if second & 0xF0 == 16 else 0
    if first == 169:
        return PRIVATE if second == 254 else 0
    if first == 100:  # RFC 6598
        return PRIVATE if second & 0xC0 == 64 else 0
    return PRIVATE if address == b"\xff\xff\xff\xff" else 0
