"""Multicast DNS: what a device calls itself.

A name counts only when the packet also says that this name's address is the one it came from: a reflector repeats what
others say, a sleep proxy speaks for others, and neither is they.

    read(payload, mac="02:aa:00:00:00:11", source="192.0.2.11")   # [Seen(MDNS, ..., name="Lans-iPhone")]

Sources: RFC 6762.
"""

from __future__ import annotations

import ipaddress
from struct import Struct

from filterd.errors import ParseError
from filterd.model.sighting import Kind, clean
from filterd.presence.seen import Seen
from filterd.wire.name import read_name, skip_name

_HEADER = Struct("!HHHHHH").unpack_from
_RR = Struct("!HHIH").unpack_from
_SIZES = {1: 4, 28: 16}  # A, AAAA
_MAX_RECORDS = 128  # of one packet that are looked at; the questions count too
_MAX_OWNERS = 16  # names that are read, the dear part
_LOCAL = b"\x05local\0"


def read(data: bytes, mac: str, source: str) -> list[Seen]:
    """Return the names that the sender gives itself, at most two. ParseError: malformed. `source`: its address."""
    if len(data) < 12:
        raise ParseError(f"expected a DNS header of 12 bytes, got {len(data)}")
    _, _, questions, *counts = _HEADER(data)
    if not source or questions + sum(counts) > _MAX_RECORDS:
        return []
    at = 12
    for _ in range(questions):
        at = skip_name(data, at) + 4
    own = ipaddress.ip_address(source).packed
    names: list[str] = []
    owners = 0
    for _ in range(sum(counts)):
        start = at
        at = skip_name(data, at)
        if at + 10 > len(data):
            raise ParseError(f"the record at offset {start} runs past the end of {len(data)} bytes")
        kind, _, ttl, length = _RR(data, at)
        at += 10
        if at + length > len(data):
            raise ParseError(f"the record at offset {start} runs past the end of {len(data)} bytes")
        # TTL 0 is a goodbye; the class has a flag in its top bit and is IN for these types anyway
        if length == _SIZES.get(kind) and ttl and data[at : at + length] == own and owners < _MAX_OWNERS:
            owners += 1
            name = _host(read_name(data, start)[0])
            if name and name not in names:
                names.append(name)
        at += length
    # a device that calls itself many names says nothing with any of them
    return [Seen(Kind.MDNS, mac, source, name) for name in names] if len(names) <= 2 else []


def _host(owner: bytes) -> str:
    """Return the label before .local; "" for other names."""
    if owner[1 + owner[0] :].lower() != _LOCAL:
        return ""
    return clean(owner[1 : 1 + owner[0]])
