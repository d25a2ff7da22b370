"""A client's packet to a Query, or a ParseError that carries the answer it deserves.

Handles the header, the one question and EDNS (RFC 1035 section 4, RFC 6891). Leaves to others: which classes and
types are served (engine), and the bytes of the error answer (build.error_reply). This runs for every packet: one
walk, no copy but the name.

    query = parse_query(packet)      # ParseError(rcode=None): say nothing; rcode=FORMERR, NOTIMP, BADVERS: say that
"""

from __future__ import annotations

from dataclasses import dataclass
from struct import Struct
from struct import error as StructError

from filterd.errors import ParseError
from filterd.wire.constants import BADVERS, FORMERR, MIN_UDP, NOTIMP, REFUSED, TYPE_IXFR, TYPE_OPT
from filterd.wire.name import skip_name

_HEADER = Struct(">HHHHHH").unpack_from  # id, flags, QDCOUNT, ANCOUNT, NSCOUNT, ARCOUNT
_TYPE_CLASS = Struct(">HH").unpack_from
_OPT = Struct(">HBBHH").unpack_from  # after owner and type: udp size, extended rcode, version, flags, rdlength
_RR = Struct(">HHIH").unpack_from  # after the owner: type, class, TTL, rdlength
_OPTION = Struct(">HH").unpack_from  # code, length
_OPT_START = b"\0\0\x29"  # root owner, TYPE_OPT
_LAST_NAME_END = 12 + 254  # offset of the final 0 of the longest name


@dataclass(slots=True)
class Query:
    """One question of a client. `qname` has the asked case, `name` is lower; `question_end` is the offset after the
    question.
    """

    id: int
    opcode: int
    rd: bool
    ad: bool
    cd: bool
    qname: bytes
    name: bytes
    qtype: int
    qclass: int
    question_end: int
    edns: bool
    udp_size: int  # bytes the asker takes over UDP, >= 512
    do: bool


@dataclass(frozen=True, slots=True)
class Opt:
    """The OPT record of a message (RFC 6891 section 6.1.3); the options are packet[start:end], checked."""

    udp_size: int
    ext_rcode: int
    version: int
    do: bool
    start: int
    end: int


_new_query = Query.__new__


def parse_query(packet: bytes) -> Query:
    """Return the question in `packet`. Trailing bytes after the last counted record and unknown EDNS options are
    ignored.

    ParseError with rcode None (say nothing) for less than a header or an answer (answering answers makes loops);
    NOTIMP for an opcode other than QUERY; FORMERR for all that is malformed, also several questions (RFC 9619);
    BADVERS for EDNS versions above 0.
    """
    try:
        ident, flags, questions, answers, authorities, additionals = _HEADER(packet)
    except StructError:
        raise ParseError(f"expected a header of 12 bytes, got {len(packet)} bytes") from None
    if flags & 0xF800:
        if flags & 0x8000:
            raise ParseError("expected a question, got an answer (QR=1)")
        raise ParseError(f"expected opcode 0, got {flags >> 11}", NOTIMP)
    if questions != 1 or answers or authorities:
        if questions == 1 and not answers and _is_ixfr(packet):
            raise ParseError("transfers are not served", REFUSED)  # its SOA is no format error, RFC 1995 section 3
        raise ParseError(
            f"expected 1 question and no answers, got QDCOUNT={questions} ANCOUNT={answers} NSCOUNT={authorities}",
            FORMERR,
        )
    pos = 12
    try:
        # Labels may hold zero bytes: only the lengths lead to the end of the name.
        while length := packet[pos]:
            if length > 63:
                raise ParseError(f"expected a label length at offset {pos}, got byte 0x{length:02x}", FORMERR)
            pos += length + 1
        if pos > _LAST_NAME_END:
            raise ParseError(f"the name asked for has {pos - 11} bytes, more than 255", FORMERR)
        end = pos + 5
        qtype, qclass = _TYPE_CLASS(packet, pos + 1)
    except (IndexError, StructError):
        raise ParseError(f"the question runs past the end of {len(packet)} bytes", FORMERR) from None

    query = _new_query(Query)
    if additionals:
        if additionals == 1 and packet.startswith(_OPT_START, end) and len(packet) >= end + 11:
            udp_size, _, version, opt_flags, rdlength = _OPT(packet, end + 3)
            if rdlength:
                _check_options(packet, end + 11, rdlength)
            query.edns = True
            query.udp_size = udp_size if udp_size > MIN_UDP else MIN_UDP
            query.do = opt_flags > 0x7FFF
        else:
            opt = read_additional(packet, end, additionals)
            version = opt.version if opt else 0
            query.edns = opt is not None
            query.udp_size = opt.udp_size if opt else MIN_UDP
            query.do = opt is not None and opt.do
        if version:
            raise ParseError(f"expected EDNS version 0, got {version}", BADVERS)
    else:
        query.edns = query.do = False
        query.udp_size = MIN_UDP
    query.id = ident
    query.opcode = 0
    query.rd = flags & 0x0100 != 0
    query.ad = flags & 0x0020 != 0
    query.cd = flags & 0x0010 != 0
    query.qname = qname = packet[12 : pos + 1]
    query.name = qname.lower()  # length bytes are <= 63, never in A-Z
    query.qtype = qtype
    query.qclass = qclass
    query.question_end = end
    return query


def _is_ixfr(packet: bytes) -> bool:
    """Whether the question is for an incremental transfer."""
    pos = 12
    while pos < len(packet) and 0 < packet[pos] <= 63:
        pos += packet[pos] + 1
    return pos <= _LAST_NAME_END and packet[pos : pos + 3] == b"\0" + TYPE_IXFR.to_bytes(2, "big")


def read_additional(packet: bytes, offset: int, count: int) -> Opt | None:
    """Walk `count` records from `offset` and return the OPT among them, None without one; FORMERR for a second or
    malformed one.
    """
    found: Opt | None = None
    for _ in range(count):
        owner = offset
        offset, rtype = skip_record(packet, offset)
        if rtype != TYPE_OPT:
            continue
        if found is not None:
            raise ParseError("expected one OPT record, got two", FORMERR)  # RFC 6891 section 6.1.1
        if packet[owner]:
            raise ParseError("expected the root as owner of the OPT record", FORMERR)  # RFC 6891 section 6.1.2
        udp_size, ext_rcode, version, flags, rdlength = _OPT(packet, owner + 3)
        _check_options(packet, owner + 11, rdlength)
        found = Opt(max(udp_size, MIN_UDP), ext_rcode, version, flags > 0x7FFF, owner + 11, offset)
    return found


def skip_record(packet: bytes, offset: int) -> tuple[int, int]:
    """Return (offset after the record, its type); FORMERR when malformed or cut off. Pointers are not followed."""
    try:
        offset = skip_name(packet, offset)
        rtype, _, _, rdlength = _RR(packet, offset)
    except StructError:
        raise ParseError(f"the record at offset {offset} runs past the end of {len(packet)} bytes", FORMERR) from None
    except ParseError as exc:
        raise ParseError(str(exc), FORMERR) from None
    end = offset + 10 + rdlength
    if end > len(packet):
        raise ParseError(f"the record at offset {offset} runs past the end of {len(packet)} bytes", FORMERR)
    return end, rtype


def _check_options(packet: bytes, pos: int, length: int) -> None:
    """FORMERR unless the `length` bytes at `pos` are inside the packet and are whole options (RFC 6891 section
    6.1.2).
    """
    end = pos + length
    if end > len(packet):
        raise ParseError(f"the OPT record runs past the end of {len(packet)} bytes", FORMERR)
    while pos + 4 <= end:
        pos += 4 + _OPTION(packet, pos)[1]
    if pos != end:
        raise ParseError("the EDNS options run past the end of their OPT record", FORMERR)
