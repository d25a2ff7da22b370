"""Our own bytes: answers to clients, errors, and questions to upstreams.

Every answer is made from the asker's packet: id, RD, CD and the question's letters come back as they were sent, which
is what a resolver checks against forgery. Leaves to others: what to say (policy, engine) and how to copy an
upstream's records (scan.body).

    reply(query, packet, NXDOMAIN, authority=soa(10), nscount=1, options=(ede(EDE_FILTERED, "bedtime"),))
"""

from __future__ import annotations

from collections.abc import Sequence
from struct import Struct

from filterd.errors import ParseError
from filterd.wire.constants import (
    AD,
    BADVERS,
    CD,
    DO,
    HEADER_LEN,
    MAX_MESSAGE,
    NOERROR,
    OPCODE_MASK,
    OPTION_EDE,
    QR,
    RA,
    RD,
    SERVFAIL,
    TC,
    TYPE_OPT,
    TYPE_SOA,
    UDP_SIZE,
)
from filterd.wire.name import skip_labels
from filterd.wire.parse import Opt, Query, read_additional, skip_record

QUESTION_NAME = b"\xc0\x0c"  # a pointer to the question's name, which always begins right after the header
MAX_EDE_TEXT = 120  # bytes; longer texts are cut, so that a block still fits the smallest answer

_HEADER = Struct(">HHHHHH")
_TYPE_CLASS = Struct(">HH")
_RR = Struct(">HHIH")
_OPT = Struct(">BHHBBHH")  # root owner, type, udp size, extended rcode, version, flags, rdlength
_OPTION = Struct(">HH")
_U16 = Struct(">H")
_SOA_NAMES = b"\x09localhost\x00" + b"\x06nobody\x07invalid\x00"
_SOA_TIMES = Struct(">IIIII")  # serial, refresh, retry, expire, minimum
_MAX_SKIPPED = (
    64  # records an error answer steps over in search of an OPT: a broken packet must not cost more than a good one
)
_CASE_BITS = bytes(0x20 if chr(byte).isalpha() and byte < 0x80 else 0 for byte in range(256))
_BINARY_DIGITS = bytes.maketrans(b"01", b"\x00\xff")


def reply(
    query: Query,
    packet: bytes,
    rcode: int,
    answer: bytes = b"",
    ancount: int = 0,
    authority: bytes = b"",
    nscount: int = 0,
    options: Sequence[tuple[int, bytes]] = (),
    ad: bool = False,
    tc: bool = False,
) -> bytes:
    """Return the answer to `query`, which was parsed from `packet`; an OPT with `options` is added iff the asker sent
    one.

    `answer` and `authority` are whole records, uncompressed or compressed against the question only. AA=0, RA=1, Z=0.
    An rcode above 15 needs an OPT; without one the asker gets SERVFAIL. ParseError beyond 65,535 bytes.
    """
    if query.edns:
        tail = opt(UDP_SIZE, query.do, rcode >> 4, options)
        arcount = 1
    else:
        tail = b""
        arcount = 0
        if rcode > 15:
            rcode = SERVFAIL
    flags = QR | RA | rcode & 15
    if query.rd:
        flags |= RD
    if query.cd:
        flags |= CD
    if ad:
        flags |= AD
    if tc:
        flags |= TC
    header = _HEADER.pack(query.id, flags, 1, ancount, nscount, arcount)
    message = b"".join((header, packet[HEADER_LEN : query.question_end], answer, authority, tail))
    if len(message) > MAX_MESSAGE:
        raise ParseError(f"expected an answer of at most {MAX_MESSAGE} bytes, got {len(message)}")
    return message


def error_reply(packet: bytes, rcode: int) -> bytes:
    """Return the error answer to a packet that may be broken anywhere after its 12 bytes of header. ParseError only
    when shorter.

    Id, opcode, RD and CD come back; the question when there is exactly one that can be read; an OPT when the packet
    has one that can be read, and always with BADVERS (RFC 6891 section 6.1.3). The caller has kept silent for answers
    (QR=1).
    """
    if len(packet) < HEADER_LEN:
        raise ParseError(f"expected a header of {HEADER_LEN} bytes, got {len(packet)} bytes")
    ident, flags, *counts = _HEADER.unpack_from(packet)
    question = b""
    found: Opt | None = None
    try:
        end = HEADER_LEN
        if counts[0] == 1:
            end = skip_labels(packet, end) + 4
            if end > len(packet):
                raise ParseError("the question is cut off")
            question = packet[HEADER_LEN:end]
        found = _search_opt(packet, end, counts)
    except ParseError:
        pass  # what could be read so far is what comes back
    tail = b""
    if found is not None or rcode == BADVERS:
        tail = opt(UDP_SIZE, found is not None and found.do, rcode >> 4)
    elif rcode > 15:
        rcode = SERVFAIL
    flags = QR | RA | flags & (OPCODE_MASK | RD | CD) | rcode & 15
    return _HEADER.pack(ident, flags, 1 if question else 0, 0, 0, 1 if tail else 0) + question + tail


def truncated(query: Query, packet: bytes) -> bytes:
    """Return the answer that sends the asker to TCP: TC=1, no records (RFC 2181 section 9)."""
    return reply(query, packet, NOERROR, tc=True)


def question(
    name: bytes,
    qtype: int,
    qclass: int = 1,
    id: int = 0,
    rd: bool = True,
    cd: bool = False,
    do: bool = False,
    ad: bool = False,
    udp_size: int = UDP_SIZE,
) -> bytes:
    """Return a question to an upstream, with an OPT and no options: nothing about the asker leaves the house."""
    flags = (RD if rd else 0) | (AD if ad else 0) | (CD if cd else 0)
    header = _HEADER.pack(id, flags, 1, 0, 0, 1)
    return header + name + _TYPE_CLASS.pack(qtype, qclass) + opt(udp_size, do)


def opt(udp_size: int, do: bool, ext_rcode_high: int = 0, options: Sequence[tuple[int, bytes]] = ()) -> bytes:
    """Return an OPT record of EDNS version 0; `ext_rcode_high` = the rcode's bits above the lowest four (RFC 6891
    section 6.1.3).
    """
    rdata = b"".join([_OPTION.pack(code, len(value)) + value for code, value in options]) if options else b""
    return _OPT.pack(0, TYPE_OPT, udp_size, ext_rcode_high, 0, DO if do else 0, len(rdata)) + rdata


def ede(code: int, text: str = "") -> tuple[int, bytes]:
    """Return the EDNS option of an extended error (RFC 8914); the text is cut to 120 bytes of UTF-8, never inside a
    character.
    """
    extra = text.encode("utf-8", "replace")
    if len(extra) > MAX_EDE_TEXT:
        extra = extra[:MAX_EDE_TEXT].decode("utf-8", "ignore").encode()
    return OPTION_EDE, _U16.pack(code) + extra


def rr(owner: bytes, rtype: int, ttl: int, rdata: bytes, rclass: int = 1) -> bytes:
    """Return one record; `owner` is a wire name, or QUESTION_NAME for the name asked for."""
    return owner + _RR.pack(rtype, rclass, ttl, len(rdata)) + rdata


def soa(ttl: int, zone_owner: bytes = QUESTION_NAME) -> bytes:
    """Return a made-up SOA that lets a negative answer of ours be cached for `ttl` seconds (RFC 2308 section 5), no
    longer.
    """
    return rr(zone_owner, TYPE_SOA, ttl, _SOA_NAMES + _SOA_TIMES.pack(1, 3600, 600, 86400, ttl))


def randomise_case(name: bytes, bits: int) -> bytes:
    """Return `name` with the case of its letters flipped where `bits` says: one bit a byte, the lowest for the last
    byte.

    getrandbits(255) covers every name. Upstreams echo the letters, so a forger must guess them too
    (draft-vixie-dnsext-dns0x20).
    """
    size = len(name)
    chosen = format(bits & ((1 << size) - 1), f"0{size}b").encode("ascii").translate(_BINARY_DIGITS)
    flips = int.from_bytes(chosen, "big") & int.from_bytes(name.translate(_CASE_BITS), "big")
    return (int.from_bytes(name, "big") ^ flips).to_bytes(size, "big")


def _search_opt(packet: bytes, offset: int, counts: list[int]) -> Opt | None:
    questions, answers, authorities, additionals = counts
    if questions > 1 or answers + authorities + additionals > _MAX_SKIPPED:
        return None
    for _ in range(answers + authorities):
        offset, _ = skip_record(packet, offset)
    return read_additional(packet, offset, additionals)
