"""Packets: any bytes work or raise ParseError; what we build can be read; what we read is what dnslib reads."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import dnslib
import pytest
from dnslib import CLASS, QTYPE, RR, DNSHeader, DNSQuestion, DNSRecord
from hypothesis import example, given, settings
from hypothesis import strategies as st

from filterd.errors import ParseError
from filterd.wire.build import ede, error_reply, question, reply, rr, soa, truncated
from filterd.wire.frame import Deframer, frame
from filterd.wire.name import to_text, to_wire
from filterd.wire.parse import parse_query
from filterd.wire.scan import Record, body, follow, scan_response, soa_minimum
from tests.examples import examples

hosts = st.sampled_from(
    ["example.org", "www.example.org", "a.www.example.org", "example.net", "cdn.example.net", "b.c.d"]
)
ttls = st.integers(0, 0x7FFFFFFF)
addresses = st.binary(min_size=4, max_size=4).map(lambda raw: ".".join(map(str, raw)))


def _a(draw: Callable[..., Any]) -> tuple[int, Any]:
    return QTYPE.A, dnslib.A(draw(addresses))


def _aaaa(draw: Callable[..., Any]) -> tuple[int, Any]:
    return QTYPE.AAAA, dnslib.AAAA(tuple(draw(st.binary(min_size=16, max_size=16))))


def _named(qtype: int, kind: Callable[[str], Any]) -> Callable[..., tuple[int, Any]]:
    return lambda draw: (qtype, kind(draw(hosts)))


def _mx(draw: Callable[..., Any]) -> tuple[int, Any]:
    return QTYPE.MX, dnslib.MX(draw(hosts), draw(st.integers(0, 65535)))


def _soa(draw: Callable[..., Any]) -> tuple[int, Any]:
    return QTYPE.SOA, dnslib.SOA(draw(hosts), draw(hosts), tuple(draw(st.tuples(*[ttls] * 5))))


def _srv(draw: Callable[..., Any]) -> tuple[int, Any]:
    return QTYPE.SRV, dnslib.SRV(1, 2, 3, draw(hosts))


def _naptr(draw: Callable[..., Any]) -> tuple[int, Any]:
    return QTYPE.NAPTR, dnslib.NAPTR(1, 2, b"U", b"E2U+sip", draw(st.sampled_from([b"", b"!x!y!"])), draw(hosts))


def _txt(draw: Callable[..., Any]) -> tuple[int, Any]:
    return QTYPE.TXT, dnslib.TXT(draw(st.binary(min_size=1, max_size=20)))


KINDS = [_a, _aaaa, _mx, _soa, _srv, _naptr, _txt]
KINDS += [_named(QTYPE.CNAME, dnslib.CNAME), _named(QTYPE.NS, dnslib.NS), _named(QTYPE.PTR, dnslib.PTR)]


@st.composite
def records(draw: Callable[..., Any]) -> RR:
    rtype, rdata = draw(st.sampled_from(KINDS))(draw)
    return RR(draw(hosts), rtype, CLASS.IN, draw(ttls), rdata)


@st.composite
def messages(draw: Callable[..., Any]) -> DNSRecord:
    """An upstream's answer, packed (and compressed) by dnslib."""
    qtype = draw(st.sampled_from([QTYPE.A, QTYPE.AAAA, QTYPE.CNAME, QTYPE.MX, QTYPE.ANY]))
    header = DNSHeader(id=draw(st.integers(0, 65535)), qr=1, ra=1, rcode=draw(st.sampled_from([0, 3])))
    message = DNSRecord(header, q=DNSQuestion(draw(hosts), qtype))
    message.add_answer(*draw(st.lists(records(), max_size=6)))
    message.add_auth(*draw(st.lists(records(), max_size=3)))
    message.add_ar(*draw(st.lists(records(), max_size=3)))
    return message


@settings(max_examples=examples(300))
@given(messages())
def test_scan_sees_what_dnslib_packed(message: DNSRecord) -> None:
    packet = bytes(message.pack())
    response = scan_response(packet)
    assert (response.id, response.rcode, response.qtype) == (message.header.id, message.header.rcode, message.q.qtype)
    assert to_text(response.name) == str(message.q.qname).rstrip(".")
    for ours, theirs in (
        (response.answer, message.rr),
        (response.authority, message.auth),
        (response.additional, message.ar),
    ):
        assert [seen(record) for record in ours] == [
            (str(record.rname).rstrip("."), record.rtype, record.rclass, record.ttl) for record in theirs
        ]
    for record, packed in zip(response.answer, message.rr, strict=True):
        if record.rtype == QTYPE.CNAME:
            assert to_text(record.target) == str(packed.rdata).rstrip(".")
        elif record.rtype == QTYPE.SOA:
            assert soa_minimum(packet, record) == packed.rdata.times[4]


def seen(record: Record) -> tuple[str, int, int, int]:
    return to_text(record.owner), record.rtype, record.rclass, record.ttl


@settings(max_examples=examples(300))
@given(messages(), st.data())
def test_a_copy_of_chosen_records_means_the_same(message: DNSRecord, data: st.DataObject) -> None:
    packet = bytes(message.pack())
    response = scan_response(packet)
    answers = data.draw(st.lists(st.sampled_from(range(len(message.rr))), unique=True) if message.rr else st.just([]))
    authority = data.draw(
        st.lists(st.sampled_from(range(len(message.auth))), unique=True) if message.auth else st.just([])
    )
    made = body(packet, response, [response.answer[i] for i in answers], [response.authority[i] for i in authority])
    new_ttls = [data.draw(ttls) for _ in made.ttls]
    counts = made.an.to_bytes(2, "big") + made.ns.to_bytes(2, "big") + b"\0\0"
    copy = DNSRecord.parse(packet[:6] + counts + packet[12 : response.question_end] + made.render(new_ttls))
    wanted = [message.rr[i] for i in answers] + [message.auth[i] for i in authority]
    assert list(made.ttls) == [record.ttl for record in wanted]
    for record, got, ttl in zip(wanted, [*copy.rr, *copy.auth], new_ttls, strict=True):
        assert (got.rname, got.rtype, got.ttl) == (record.rname, record.rtype, ttl)
        assert got.rdata.toZone() == record.rdata.toZone()


@settings(max_examples=examples(300))
@given(messages())
def test_what_is_kept_can_be_followed_again(message: DNSRecord) -> None:
    """The filter's promise: the copy leads exactly where the original was judged to lead."""
    packet = bytes(message.pack())
    response = scan_response(packet)
    chain = follow(packet, response)
    made = body(packet, response, chain.kept, [])
    copy = (
        packet[:6] + made.an.to_bytes(2, "big") + bytes(4) + packet[12 : response.question_end] + made.render(made.ttls)
    )
    again = follow(copy, scan_response(copy))
    assert [seen(record) for record in again.kept] == [seen(record) for record in chain.kept]
    assert (again.targets, again.addresses, again.final) == (chain.targets, chain.addresses, chain.final)
    assert (again.complete, again.looped) == (chain.complete, chain.looped)
    owners = {response.name, *chain.targets}
    assert all(record.owner in owners for record in chain.kept)


@st.composite
def damaged(draw: Callable[..., Any]) -> bytes:
    """A good packet with a few bytes changed, cut or inserted."""
    whole = draw(
        st.one_of(messages().map(lambda message: bytes(message.pack())), st.just(question(to_wire("a.b.org"), 65)))
    )
    data = bytearray(whole)
    for _ in range(draw(st.integers(1, 4))):
        at = draw(st.integers(0, len(data)))
        data[at : at + draw(st.integers(0, 2))] = draw(st.binary(max_size=3))
    return bytes(data)


@settings(max_examples=examples(500))
@given(st.one_of(st.binary(max_size=600), damaged()))
@example(b"")
def test_any_bytes_work_or_raise_parse_error(packet: bytes) -> None:
    take(packet)


def take(packet: bytes) -> None:
    """Everything an engine would do with a packet; any exception but ParseError escapes."""
    try:
        query = parse_query(packet)
        assert scan_response(truncated(query, packet)).qname == query.qname
        options = [ede(15, "blocked")]
        said = scan_response(reply(query, packet, 3, authority=soa(10), nscount=1, options=options))
        assert (said.rcode, said.qtype, said.edns) == (3, query.qtype, query.edns)
    except ParseError:
        pass
    for rcode in (1, 4, 5, 16):
        try:
            said = scan_response(error_reply(packet, rcode))
            assert said.rcode == rcode
        except ParseError:
            assert len(packet) < 12
    try:
        response = scan_response(packet)
        chain = follow(packet, response)
        made = body(packet, response, chain.kept, response.authority)
        assert len(made.ttls) == made.an + made.ns == len(made.pieces) - 1
    except ParseError:
        pass


@given(
    st.sampled_from(["example.org", "a.b.c.d.e", ".", r"\000\.\255.org"]),
    st.integers(0, 65535),
    st.integers(0, 65535),
    st.tuples(*[st.booleans()] * 4),
    st.integers(0, 65535),
)
def test_our_questions_are_read_as_built(
    host: str, qtype: int, ident: int, flags: tuple[bool, bool, bool, bool], size: int
) -> None:
    rd, cd, do, ad = flags
    query = parse_query(question(to_wire(host), qtype, 1, ident, rd=rd, cd=cd, do=do, ad=ad, udp_size=size))
    assert (query.id, query.name, query.qtype) == (ident, to_wire(host), qtype)
    assert (query.rd, query.cd, query.do, query.ad) == flags
    assert query.udp_size == max(size, 512)


@given(st.lists(st.binary(min_size=1, max_size=300), max_size=10), st.lists(st.integers(1, 50), min_size=1))
def test_a_stream_is_cut_the_same_however_it_arrives(packets: list[bytes], sizes: list[int]) -> None:
    stream = b"".join(frame(packet) for packet in packets)
    deframer = Deframer()
    got: list[bytes] = []
    pos = turn = 0
    while pos < len(stream):
        size = sizes[turn % len(sizes)]
        got += deframer.feed(stream[pos : pos + size])
        pos += size
        turn += 1
    assert got == packets
    assert deframer.pending == 0


@pytest.mark.parametrize("qtype", [1, 28])
def test_a_full_cycle_through_dnslib(qtype: int) -> None:
    packet = question(to_wire("www.example.org"), qtype, id=5)
    made = reply(parse_query(packet), packet, 0, rr(b"\xc0\x0c", qtype, 60, bytes(4 if qtype == 1 else 16)), 1)
    record = DNSRecord.parse(made)
    assert (record.header.id, record.a.rtype, record.a.ttl) == (5, qtype, 60)
