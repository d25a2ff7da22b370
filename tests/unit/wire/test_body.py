"""The copy of an answer's records that is kept and sent under other TTLs."""

from __future__ import annotations

import pytest
from dnslib import DNSRecord

from filterd.errors import ParseError
from filterd.wire.build import rr
from filterd.wire.name import to_wire
from filterd.wire.scan import Body, Record, body, follow, scan_response
from tests.unit.wire.answers import ASKED, TEST_1, a, answer, cname, rrsig

END = 12 + 17 + 4  # after the question www.example.org


def copied(packet: bytes, *, authority: bool = False) -> Body:
    response = scan_response(packet)
    chain = follow(packet, response)
    return body(packet, response, chain.kept, response.authority if authority else [])


def around(packet: bytes, made: Body) -> bytes:
    """The message a client gets."""
    counts = made.an.to_bytes(2, "big") + made.ns.to_bytes(2, "big") + b"\0\0"
    return packet[:6] + counts + packet[12 : scan_response(packet).question_end] + made.render(made.ttls)


def zone_lines(packet: bytes) -> list[str]:
    record = DNSRecord.parse(packet)
    return [r.toZone() for r in [*record.rr, *record.auth]]


def test_nothing_kept_is_an_empty_body() -> None:
    made = copied(answer("www.example.org", 1, [a("other.example")]))
    assert (made.pieces, made.ttls, made.an, made.ns) == ((b"",), (), 0, 0)
    assert made.render(()) == b""


def test_a_plain_answer_is_copied_with_a_hole_for_each_ttl() -> None:
    packet = answer("www.example.org", 1, [a(ttl=300), a(ttl=20)], [], [a("extra.example")])
    made = copied(packet)
    assert made.pieces == (b"\xc0\x0c\0\1\0\1", b"\0\4" + TEST_1 + b"\xc0\x0c\0\1\0\1", b"\0\4" + TEST_1)
    assert (made.ttls, made.an, made.ns) == ((300, 20), 2, 0)
    assert made.render((1, 2)) == a(ttl=1) + a(ttl=2)


def test_render_needs_a_ttl_for_each_record() -> None:
    with pytest.raises(ValueError, match="zip"):
        copied(answer("www.example.org", 1, [a()])).render(())


def test_a_compressed_chain_and_its_authority_are_copied_as_they_are() -> None:
    #                          33: pointer  45: cdn.example.net           62: pointer to 45
    records = [cname("", "cdn.example.net"), rr(b"\xc0\x2d", 1, 20, TEST_1)]
    authority = [rr(b"\xc0\x31", 2, 9, b"\2ns\xc0\x10")]  # 49: example.net; ns.example.org
    packet = answer("www.example.org", 1, records, authority)
    made = copied(packet, authority=True)
    assert made.render(made.ttls) == packet[END:]
    assert (made.ttls, made.an, made.ns) == ((300, 20, 9), 2, 1)


def test_records_behind_dropped_ones_are_written_anew() -> None:
    # MX, NS, SOA, SRV and NAPTR data point into a record that is not copied: 46 = mail.example.net, 51 = example.net
    dropped = rr(to_wire("x"), 5, 5, b"\4mail\7example\3net\0")
    data = {
        2: b"\2ns\xc0\x33",
        15: b"\0\x0a\xc0\x2e",
        6: b"\xc0\x2e\4root\xc0\x33" + bytes(20),
        33: b"\0\1\0\2\0\3\xc0\x2e",
        35: b"\0\1\0\2\1U\3sip\0\xc0\x33",
        17: b"\xc0\x2e\xc0\x33",
        16: b"\2\xc0\x2e",  # no names in a TXT: these bytes stay
    }
    records = [
        dropped,
        *[rr(ASKED, rtype, rtype, rdata) for rtype, rdata in data.items()],
        rr(b"\2ww\xc0\x10", 1, 5, TEST_1),
    ]
    packet = answer("www.example.org", 255, records)
    made = copied(packet)
    assert made.an == len(data)
    again = around(packet, made)
    assert zone_lines(again) == zone_lines(packet)[1:-1]
    assert b"\xc0\x2e" not in made.render(made.ttls).replace(data[16], b"")
    assert made.pieces[0] == b"\xc0\x0c\0\2\0\1"  # the owner stays a pointer to the question


def test_other_owners_are_written_in_full_and_in_their_case() -> None:
    packet = answer("www.example.org", 1, [a("b.net").replace(b"net", b"nEt"), cname("", "b.net"), rrsig("b.net", 1)])
    made = copied(packet)
    assert zone_lines(around(packet, made)) == [zone_lines(packet)[i] for i in (1, 0, 2)]
    assert made.pieces[1].endswith(b"\1b\3nEt\0\0\1\0\1")


def test_authority_after_a_dropped_answer_is_written_anew() -> None:
    records = [a(), a("evil.example")]
    packet = answer("www.example.org", 1, records, [rr(b"\xc0\x10", 6, 9, b"\xc0\x31\xc0\x0c" + bytes(20))])
    made = copied(packet, authority=True)
    assert (made.an, made.ns) == (1, 1)
    assert zone_lines(around(packet, made)) == [zone_lines(packet)[0], zone_lines(packet)[2]]


def test_a_name_that_reads_through_a_ttl_survives_another_ttl() -> None:
    # The CNAME's data is a pointer into the TTL of the record before: 1 'a' 0 0 = "a". Judged as "a", it must stay "a".
    records = [rr(ASKED, 16, 0x01610000, b""), rr(ASKED, 5, 5, bytes((0xC0, END + 6)))]
    packet = answer("www.example.org", 255, records)
    made = copied(packet)
    again = packet[:12] + packet[12:END] + made.render((0x01620000, 5))
    assert follow(again, scan_response(again)).targets == follow(packet, scan_response(packet)).targets == [b"\1a\0"]


def test_without_a_question_in_the_packet_nothing_points_to_it() -> None:
    record = rr(to_wire("a.org"), 5, 5, b"\1b\xc0\x0e")
    packet = b"\x12\x34\x80\0\0\0\0\1\0\0\0\0" + record
    response = scan_response(packet)
    made = body(packet, response, response.answer, [])
    assert made.render((5,)) == cname("a.org", "b.org", ttl=5)


def test_records_that_unfold_beyond_65535_bytes_are_refused() -> None:
    long = ".".join(["a" * 63] * 3)
    dropped = a("other.example")
    records = [dropped, *[rr(ASKED, 2, 5, b"\1x\xc0\x0c") for _ in range(400)]]
    packet = answer(long, 2, records)
    with pytest.raises(ParseError):
        copied(packet)


def test_records_can_be_chosen_by_the_caller() -> None:
    packet = answer("www.example.org", 1, [a(ttl=1), a(ttl=2), a(ttl=3)])
    response = scan_response(packet)
    chosen: list[Record] = [response.answer[2], response.answer[0]]
    assert body(packet, response, chosen, []).render((3, 1)) == a(ttl=3) + a(ttl=1)
