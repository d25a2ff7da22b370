"""An upstream's packet to a Response: one walk over its records, no objects for their data.

Handles bounds, names, extended rcode and extended errors, so that everything after it can trust the offsets. What
belongs to the question is said by chain.follow, the copy for the client is made by body.body; both can be imported
from here. That the answer is the one that was waited for (id, question, address) is checked by resolve.transaction.

    response = scan_response(packet); chain = follow(packet, response); copy = body(packet, response, chain.kept, [])
"""

from __future__ import annotations

from struct import Struct
from struct import error as StructError

from filterd.errors import ParseError
from filterd.wire import constants as c
from filterd.wire.body import Body, body
from filterd.wire.chain import Chain, follow
from filterd.wire.name import skip_labels
from filterd.wire.records import ANY_TAIL, TYPES_WITH_NAMES, Names, Record, Response, malformed, names_layout

__all__ = ["Body", "Chain", "Record", "Response", "body", "follow", "scan_response", "soa_minimum"]

MAX_RECORDS = 4096  # in one message; an honest one has some dozens

_HEADER = Struct(">HHHHHH").unpack_from
_TYPE_CLASS = Struct(">HH").unpack_from
_RR = Struct(">HHIH").unpack_from
_U32 = Struct(">I").unpack_from
_ADDRESS_LEN = {c.TYPE_A: 4, c.TYPE_AAAA: 16}
_LOOKED_INTO = TYPES_WITH_NAMES | _ADDRESS_LEN.keys()

_new_record = Record.__new__
_new_response = Response.__new__


def scan_response(packet: bytes) -> Response:
    """Return the sections of `packet`; ParseError when any record is malformed, the questions are several or the
    records over 4096.

    Of a truncated message (TC=1) whose records do not parse, header and question are kept: it only says "ask again
    over TCP".
    """
    try:
        ident, flags, questions, answers, authorities, additionals = _HEADER(packet)
    except StructError:
        raise ParseError(f"expected a header of 12 bytes, got {len(packet)} bytes") from None
    if questions > 1:
        raise ParseError(f"expected one question, got {questions}")
    if answers + authorities + additionals > MAX_RECORDS:
        raise ParseError(f"expected at most {MAX_RECORDS} records, got {answers + authorities + additionals}")
    response = _new_response(Response)
    response.id = ident
    response.rcode = flags & 15
    response.qr = flags & 0x8000 != 0
    response.opcode = flags >> 11 & 15
    response.aa = flags & 0x0400 != 0
    response.tc = flags & 0x0200 != 0
    response.ra = flags & 0x0080 != 0
    response.ad = flags & 0x0020 != 0
    response.cd = flags & 0x0010 != 0
    response.edns = False
    response.ede = ()
    if questions:
        end = skip_labels(packet, 12)
        response.qname = packet[12:end]
        response.name = packet[12:end].lower()
        try:
            response.qtype, response.qclass = _TYPE_CLASS(packet, end)
        except StructError:
            raise ParseError(f"the question runs past the end of {len(packet)} bytes") from None
        response.question_end = end + 4
    else:
        response.qname = response.name = b""
        response.qtype = response.qclass = 0
        response.question_end = 12
    try:
        _scan_sections(packet, response, answers, authorities, additionals)
    except ParseError:
        if not response.tc:
            raise
        response.answer, response.authority, response.additional = [], [], []
    return response


def soa_minimum(packet: bytes, record: Record) -> int:
    """Return the MINIMUM field of an SOA record in seconds; negative answers live for min(record.ttl, this) (RFC 2308
    section 5).
    """
    if record.rtype != c.TYPE_SOA:
        raise ParseError(f"expected an SOA record, got type {record.rtype}")
    minimum: int = _U32(packet, record.end - 4)[0]  # inside: scan_response() checked the data
    return minimum if minimum < 0x80000000 else 0


def _scan_sections(packet: bytes, response: Response, answers: int, authorities: int, additionals: int) -> None:
    size = len(packet)
    question = response.name
    names: Names | None = None
    records: list[Record] = []
    pos = response.question_end
    checked = answers + authorities  # the additional section is never copied: its data is not looked into
    opt: Record | None = None
    try:
        for index in range(checked + additionals):
            record = _new_record(Record)
            record.start = pos
            record.target = b""
            if question and packet[pos] == 0xC0 and packet[pos + 1] == 12:
                record.owner = question
                record.solid = True
                pos += 2
            else:
                if names is None:
                    names = Names(packet, question)
                record.owner, pos, record.solid = names.read(pos)
            record.rtype, record.rclass, ttl, rdlength = _RR(packet, pos)
            record.ttl = ttl if ttl < 0x80000000 else 0
            record.ttl_offset = pos + 4
            record.rdata = pos + 10
            pos += 10 + rdlength
            record.end = pos
            if pos > size:
                raise ParseError(f"the record at offset {record.start} runs past the end of {size} bytes")
            if record.rtype == c.TYPE_OPT:
                if index < checked or opt is not None or packet[record.start]:
                    raise ParseError("expected at most one OPT record, of the root, in the additional section")
                opt = record
                continue
            if index < checked and record.rtype in _LOOKED_INTO:
                wanted = _ADDRESS_LEN.get(record.rtype)
                if wanted is None:
                    if names is None:
                        names = Names(packet, question)
                    _check_names(packet, record, names)
                elif rdlength != wanted and record.rclass == c.CLASS_IN:
                    raise malformed(record.rtype, record.rdata)
            records.append(record)
    except (IndexError, StructError):
        raise ParseError(f"a record runs past the end of {size} bytes") from None
    response.answer = records[:answers]
    response.authority = records[answers:checked]
    response.additional = records[checked:]
    if opt is not None:
        response.edns = True
        response.rcode |= packet[opt.ttl_offset] << 4
        response.ede = _extended_errors(packet, opt.rdata, opt.end)


def _check_names(packet: bytes, record: Record, names: Names) -> None:
    """Read the names in the data, so that a verbatim copy holds no pointer that goes astray; note the target of CNAME
    and DNAME.
    """
    rtype = record.rtype
    pos, count, tail = names_layout(packet, rtype, record.rdata, record.end)
    name = b""
    for _ in range(count):
        name, pos, solid = names.read(pos)
        if not solid:
            record.solid = False
    if pos > record.end or (tail != ANY_TAIL and pos + tail != record.end):
        raise malformed(rtype, record.rdata)
    if rtype == c.TYPE_CNAME or rtype == c.TYPE_DNAME:
        record.target = name


def _extended_errors(packet: bytes, pos: int, end: int) -> tuple[tuple[int, str], ...]:
    errors = []
    while pos + 4 <= end:
        code, length = _TYPE_CLASS(packet, pos)
        pos += 4
        if code == c.OPTION_EDE and length >= 2 and pos + length <= end:
            text = packet[pos + 2 : pos + length].decode("utf-8", "replace").rstrip("\0")
            errors.append((packet[pos] << 8 | packet[pos + 1], text))
        pos += length
    if pos != end:
        raise ParseError("the EDNS options run past the end of their OPT record")
    return tuple(errors)
