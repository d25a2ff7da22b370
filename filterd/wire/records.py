"""The records of an upstream's answer as offsets into its packet, and the names inside them.

Holds the values that scan.py fills and chain.py and body.py read, and the one table of types whose data holds domain
names.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from filterd.errors import ParseError
from filterd.wire import constants as c
from filterd.wire.name import MAX_NAME, read_name


@dataclass(slots=True)
class Record:
    """One record of a packet. Offsets count from the packet's first byte; the data is packet[rdata:end]."""

    owner: bytes  # lower case, uncompressed
    rtype: int
    rclass: int
    ttl: int  # s; a TTL with its top bit set counts as 0 (RFC 2181 section 8)
    ttl_offset: int
    start: int
    rdata: int
    end: int
    target: bytes  # CNAME and DNAME: the name in the data, lower case; b"" else
    solid: bool  # its names are read from name bytes only, so it means the same after TTLs and question were rewritten


@dataclass(slots=True)
class Response:
    """What an upstream said. Without a question (some servers' errors) `qname` and `name` are b"" and `question_end`
    is 12.
    """

    id: int
    rcode: int  # with the OPT record's high bits
    qr: bool
    opcode: int
    aa: bool
    tc: bool
    ra: bool
    ad: bool
    cd: bool
    qname: bytes  # case kept
    name: bytes  # lower case
    qtype: int
    qclass: int
    question_end: int
    answer: list[Record]
    authority: list[Record]
    additional: list[Record]  # without OPT
    edns: bool
    ede: tuple[tuple[int, str], ...]  # extended errors, RFC 8914


ANY_TAIL: Final = -1

# type: (bytes before the first name, names, bytes after the last name). RFC 1035 section 3.3; RFC 3597 section 4
# names the later types that a receiver must be ready to decompress. RRSIG and NSEC must not be compressed (RFC 4034),
# but are read alike.
_LAYOUTS: Final[dict[int, tuple[int, int, int]]] = {
    c.TYPE_NS: (0, 1, 0),
    c.TYPE_MD: (0, 1, 0),
    c.TYPE_MF: (0, 1, 0),
    c.TYPE_CNAME: (0, 1, 0),
    c.TYPE_SOA: (0, 2, 20),
    c.TYPE_MB: (0, 1, 0),
    c.TYPE_MG: (0, 1, 0),
    c.TYPE_MR: (0, 1, 0),
    c.TYPE_PTR: (0, 1, 0),
    c.TYPE_MINFO: (0, 2, 0),
    c.TYPE_MX: (2, 1, 0),
    c.TYPE_RP: (0, 2, 0),
    c.TYPE_AFSDB: (2, 1, 0),
    c.TYPE_RT: (2, 1, 0),
    c.TYPE_SIG: (18, 1, ANY_TAIL),
    c.TYPE_PX: (2, 2, 0),
    c.TYPE_NXT: (0, 1, ANY_TAIL),
    c.TYPE_SRV: (6, 1, 0),
    c.TYPE_NAPTR: (4, 1, 0),  # and three strings before the name, see names_layout
    c.TYPE_KX: (2, 1, 0),
    c.TYPE_DNAME: (0, 1, 0),
    c.TYPE_RRSIG: (18, 1, ANY_TAIL),
    c.TYPE_NSEC: (0, 1, ANY_TAIL),
}
TYPES_WITH_NAMES: Final = frozenset(_LAYOUTS)


def names_layout(packet: bytes, rtype: int, rdata: int, end: int) -> tuple[int, int, int]:
    """Return (offset of the first name, number of names, bytes after the last or ANY_TAIL) of data of a type with
    names.
    """
    skip, names, tail = _LAYOUTS[rtype]
    pos = rdata + skip
    if rtype == c.TYPE_NAPTR:  # RFC 3403 section 4.1: flags, services and regexp are counted strings
        for _ in range(3):
            if pos >= end:
                raise malformed(rtype, rdata)
            pos += packet[pos] + 1
    if pos >= end:
        raise malformed(rtype, rdata)
    return pos, names, tail


def malformed(rtype: int, rdata: int) -> ParseError:
    """Return the error for data that does not fit its type."""
    return ParseError(f"the data at offset {rdata} does not fit type {rtype}")


class Names:
    """Reads the names of one packet; remembers where labels begin, so that a pointer costs one look-up.

    An honest pointer goes to a label of an earlier name (RFC 1035 section 4.1.4). One that goes elsewhere, into a TTL
    for example, is still read as any client would read it, but its record is not `solid`: copied under another TTL it
    would name something else.
    """

    __slots__ = ("_known", "_packet")

    def __init__(self, packet: bytes, question: bytes) -> None:
        """`question`: the lower-case name at offset 12, b"" without a question."""
        self._packet = packet
        self._known: dict[int, bytes] = {}
        self._remember(12, question, len(question) - 1)

    def read(self, offset: int) -> tuple[bytes, int, bool]:
        """Return (lower-case name, offset after it, solid). ParseError as read_name."""
        packet = self._packet
        pos = offset
        try:
            while 0 < (length := packet[pos]) < 64:
                pos += length + 1
            if length:
                tail = self._known.get((length & 0x3F) << 8 | packet[pos + 1]) if length >= 0xC0 else None
                if tail is None:
                    name, after = read_name(packet, offset)
                    return name.lower(), after, False
                name = packet[offset:pos].lower() + tail
                after = pos + 2
            else:
                after = pos + 1
                name = packet[offset:after].lower()
        except IndexError:
            raise ParseError(f"the name at offset {offset} runs past the end of {len(packet)} bytes") from None
        if len(name) > MAX_NAME:
            raise ParseError(f"the name at offset {offset} is longer than {MAX_NAME} bytes")
        self._remember(offset, name, pos - offset)
        return name, after, True

    def _remember(self, offset: int, name: bytes, length: int) -> None:
        """Note every label that begins in the `length` bytes at `offset`, and what comes right after: the root or a
        pointer.
        """
        known = self._known
        pos = 0
        while pos < length:
            known[offset + pos] = name[pos:]
            pos += name[pos] + 1
        if length >= 0:
            known[offset + pos] = name[pos:]
