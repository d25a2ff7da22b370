"""The walk over an upstream's packet: bounds, names, rcodes, extended errors."""

from __future__ import annotations

import pytest

from filterd.errors import ParseError
from filterd.wire.build import ede, opt, rr
from filterd.wire.name import to_wire
from filterd.wire.scan import scan_response, soa_minimum
from tests.unit.wire.answers import ASKED, TEST_1, a, answer, cname

END = 12 + 17 + 4  # after the question www.example.org
SOA_TAIL = bytes(16) + b"\0\0\0\x3c"  # MINIMUM 60


def test_header_and_question() -> None:
    packet = answer("www.example.org", 1, [], flags=0x87F3).replace(b"www", b"wWw")
    response = scan_response(packet)
    assert (response.id, response.opcode, response.rcode) == (0x1234, 0, 3)
    assert (response.qr, response.aa, response.tc) == (True, True, True)
    assert (response.ra, response.ad, response.cd) == (True, True, True)
    assert (response.qname, response.name) == (b"\3wWw\7example\3org\0", b"\3www\7example\3org\0")
    assert (response.qtype, response.qclass, response.question_end) == (1, 1, END)
    assert (response.edns, response.ede) == (False, ())


def test_a_record_knows_its_offsets() -> None:
    packet = answer("www.example.org", 1, [a(ttl=0x01020304)])
    (record,) = scan_response(packet).answer
    assert (record.start, record.rdata, record.end) == (END, END + 12, END + 16)
    assert packet[record.ttl_offset :][:4] == b"\1\2\3\4"
    assert (record.owner, record.rtype, record.rclass, record.ttl) == (to_wire("www.example.org"), 1, 1, 0x01020304)
    assert packet[record.rdata : record.end] == TEST_1


def test_a_ttl_with_its_top_bit_set_is_0() -> None:
    ttls = [r.ttl for r in scan_response(answer("a.org", 1, [a(ttl=0x7FFFFFFF), a(ttl=0x80000000)])).answer]
    assert ttls == [0x7FFFFFFF, 0]  # RFC 2181 section 8


def test_sections_are_kept_apart_and_opt_is_none_of_them() -> None:
    authority = [rr(to_wire("example.org"), 2, 5, to_wire("ns.example.org"))]
    additional = [a("ns.example.org"), opt(1232, False, 0, [(3, b"nsid"), ede(6, "bogus\0"), ede(22)])]
    response = scan_response(answer("www.example.org", 1, [a()], authority, additional))
    assert [len(s) for s in (response.answer, response.authority, response.additional)] == [1, 1, 1]
    assert response.edns
    assert response.ede == ((6, "bogus"), (22, ""))


def test_the_rcode_includes_the_bits_of_the_opt() -> None:
    assert scan_response(answer("a.org", 1, [], [], [opt(512, False, 1)], flags=0x8181)).rcode == 17


def test_an_ede_too_short_for_its_code_is_ignored() -> None:
    assert scan_response(answer("a.org", 1, [], [], [opt(512, False, 0, [(15, b"x"), (15, b"\0\4")])])).ede == (
        (4, ""),
    )


def test_an_answer_without_question_can_be_read() -> None:
    response = scan_response(b"\x12\x34\x80\x01" + bytes(8))  # FORMERR of a server that does not know EDNS
    assert (response.rcode, response.qname, response.name, response.question_end) == (1, b"", b"", 12)
    response = scan_response(b"\x12\x34\x80\0\0\0\0\1\0\0\0\0" + a("a.org"))
    assert response.answer[0].owner == to_wire("a.org")


@pytest.mark.parametrize("size", range(12))
def test_less_than_a_header_is_refused(size: int) -> None:
    with pytest.raises(ParseError):
        scan_response(bytes(size))


def test_every_cut_is_noticed() -> None:
    packet = answer("www.example.org", 1, [cname("", "a.org"), a("a.org")], [], [opt(512, False, 0, [ede(1, "x")])])
    scan_response(packet)
    for size in range(len(packet)):
        with pytest.raises(ParseError):
            scan_response(packet[:size])


def test_a_cut_in_a_truncated_message_is_expected() -> None:
    packet = answer("www.example.org", 1, [a(), a()], flags=0x8380)
    assert len(scan_response(packet).answer) == 2
    response = scan_response(packet[:-3])
    assert response.tc
    assert (response.answer, response.authority, response.additional) == ([], [], [])


def test_several_questions_or_too_many_records_are_refused() -> None:
    for counts in (b"\0\2\0\0\0\0\0\0", b"\0\1\x08\0\x08\0\0\1"):
        with pytest.raises(ParseError):
            scan_response(b"\x12\x34\x81\x80" + counts + to_wire("a.org") + b"\0\1\0\1" + bytes(60000))


@pytest.mark.parametrize(
    "record",
    [
        rr(ASKED, 1, 5, b"\1\2\3"),
        rr(ASKED, 1, 5, b""),
        rr(ASKED, 28, 5, bytes(15)),
        rr(ASKED, 28, 5, bytes(17)),
        rr(ASKED, 5, 5, b""),
        rr(ASKED, 5, 5, b"\1a"),  # the name runs out of the data
        rr(ASKED, 5, 5, b"\1a\0x"),  # and here the data out of the name
        rr(ASKED, 5, 5, b"\xc0\xff"),
        rr(ASKED, 5, 5, b"\x41"),
        rr(ASKED, 39, 5, b"\xc0"),
        rr(ASKED, 15, 5, b"\0\1"),
        rr(ASKED, 6, 5, b"\1a\0\1b\0" + bytes(19)),
        rr(ASKED, 35, 5, bytes(4) + b"\xff"),  # a NAPTR string runs out
        rr(ASKED, 35, 5, bytes(4) + b"\0\0\0"),
        rr(ASKED, 46, 5, bytes(18)),
        rr(ASKED, 41, 5, b""),  # an OPT that is no additional record
        rr(b"\xc0\xff", 1, 5, TEST_1),
        rr(b"\xc0\x0b", 1, 5, TEST_1),  # a name read through the header
    ],
)
def test_malformed_records_are_refused(record: bytes) -> None:
    with pytest.raises(ParseError):
        scan_response(answer("www.example.org", 1, [record]))
    with pytest.raises(ParseError):
        scan_response(answer("www.example.org", 1, [], [record]))


@pytest.mark.parametrize(
    "additional",
    [
        [opt(512, False), opt(512, False)],
        [b"\1a" + opt(512, False)],
        [opt(512, False)[:-2] + b"\0\3abc"],
        [opt(512, False)[:-2] + b"\0\5\0\x0f\0\2x"],
    ],
)
def test_malformed_opts_are_refused(additional: list[bytes]) -> None:
    with pytest.raises(ParseError):
        scan_response(answer("www.example.org", 1, [], [], additional))


def test_data_of_other_classes_and_of_additional_records_is_not_looked_into() -> None:
    chaos = rr(ASKED, 1, 5, b"\1a\0\0\1", rclass=3)  # an A of Chaosnet: a name and an address
    scan_response(answer("www.example.org", 1, [chaos], [], [rr(ASKED, 28, 5, b"glue")]))


def test_a_joined_name_may_not_exceed_255_bytes() -> None:
    long = ".".join(["a" * 63] * 3 + ["b" * 61])
    scan_response(answer(long, 1, [rr(b"\xc0\x4c", 1, 5, TEST_1)]))
    with pytest.raises(ParseError):
        scan_response(answer(long, 1, [rr(b"\1x\xc0\x0c", 1, 5, TEST_1)]))


def test_only_pointers_to_labels_of_names_are_solid() -> None:
    ttl_offset = END + 6
    through_ttl = rr(bytes((0xC0, ttl_offset)), 1, 5, TEST_1)
    response = scan_response(
        answer("www.example.org", 1, [a(ttl=0x01610000), rr(b"\xc0\x10", 1, 5, TEST_1), through_ttl])
    )
    assert [record.owner for record in response.answer] == [to_wire(n) for n in ("www.example.org", "example.org", "a")]
    assert [record.solid for record in response.answer] == [True, True, False]


def test_soa_minimum() -> None:
    packet = answer("a.org", 1, [a()], [rr(ASKED, 6, 300, b"\2ns\xc0\x0c\0" + SOA_TAIL)], flags=0x8183)
    response = scan_response(packet)
    assert soa_minimum(packet, response.authority[0]) == 60
    with pytest.raises(ParseError):
        soa_minimum(packet, response.answer[0])
    packet = answer("a.org", 1, [], [rr(ASKED, 6, 300, b"\0\0" + bytes(16) + b"\x80\0\0\0")])
    assert soa_minimum(packet, scan_response(packet).authority[0]) == 0
