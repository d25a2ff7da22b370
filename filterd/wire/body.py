"""The records of an answer as bytes with holes for the TTLs: what the cache keeps and every client gets.

A body begins right after the question. Header, question, OPT and the TTLs themselves are written anew for each asker
by whoever sends it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from struct import Struct

from filterd.errors import ParseError
from filterd.wire.constants import MAX_MESSAGE
from filterd.wire.name import read_name
from filterd.wire.records import TYPES_WITH_NAMES, Record, Response, names_layout

_U16 = Struct(">H")
_U32 = Struct(">I")


@dataclass(slots=True)
class Body:
    """`pieces[0] + ttl + pieces[1] + ttl + ... + pieces[n]`, one TTL (4 bytes) a record; answer records first, then
    authority.
    """

    pieces: tuple[bytes, ...]
    ttls: tuple[int, ...]  # s, as received
    an: int
    ns: int

    def render(self, ttls: Sequence[int]) -> bytes:
        """Return the records with these TTLs, one a record."""
        parts = [self.pieces[0]]
        for ttl, piece in zip(ttls, self.pieces[1:], strict=True):
            parts.append(_U32.pack(ttl))
            parts.append(piece)
        return b"".join(parts)


def body(
    packet: bytes, response: Response, answer_records: Sequence[Record], authority_records: Sequence[Record]
) -> Body:
    """Return the given records of `response`, valid after the same question in any case; ParseError beyond 65,535
    bytes.

    When they are the packet's first records in their order they are copied as they are: compression pointers only go
    backwards, and all that is before them is the same in the copy. Otherwise they are written anew without
    compression, except that an owner equal to the question's name is a pointer to it.
    """
    an, ns = len(answer_records), len(authority_records)
    records = [*answer_records, *authority_records] if ns else answer_records
    begin = pos = response.question_end
    pieces = []
    ttls = []
    if response.name:
        hole = begin
        for record in records:
            if record.start != pos or not record.solid:
                break
            pieces.append(packet[hole : record.ttl_offset])
            hole = record.ttl_offset + 4
            ttls.append(record.ttl)
            pos = record.end
        else:
            pieces.append(packet[hole:pos])
            return Body(tuple(pieces), tuple(ttls), an, ns)
    return _rebuilt(packet, response, records, an, ns)


def _rebuilt(packet: bytes, response: Response, records: Sequence[Record], an: int, ns: int) -> Body:
    pieces = []
    before = b""
    size = response.question_end
    for record in records:
        if record.owner == response.name:
            owner = b"\xc0\x0c"
        else:
            owner = read_name(packet, record.start)[0]
        rdata = _plain_rdata(packet, record)
        size += len(owner) + 10 + len(rdata)
        if size > MAX_MESSAGE:
            raise ParseError(f"expected records of at most {MAX_MESSAGE} bytes without compression, got more")
        pieces.append(before + owner + packet[record.ttl_offset - 4 : record.ttl_offset])  # type and class as they are
        before = _U16.pack(len(rdata)) + rdata
    pieces.append(before)
    return Body(tuple(pieces), tuple([record.ttl for record in records]), an, ns)


def _plain_rdata(packet: bytes, record: Record) -> bytes:
    """The record's data with its names uncompressed (RFC 3597 section 4: only known types ever hold compressed
    names).
    """
    if record.rtype not in TYPES_WITH_NAMES:
        return packet[record.rdata : record.end]
    pos, count, _ = names_layout(packet, record.rtype, record.rdata, record.end)
    parts = [packet[record.rdata : pos]]
    for _ in range(count):
        name, pos = read_name(packet, pos)
        parts.append(name)
    parts.append(packet[pos : record.end])
    return b"".join(parts)
