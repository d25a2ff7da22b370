"""Our own answers and questions, byte by byte and through the eyes of dnslib."""

from __future__ import annotations

import random

import pytest
from dnslib import DNSRecord

from filterd.errors import ParseError
from filterd.wire.build import (
    QUESTION_NAME,
    ede,
    error_reply,
    opt,
    question,
    randomise_case,
    reply,
    rr,
    soa,
    truncated,
)
from filterd.wire.constants import BADVERS, EDE_FILTERED, FORMERR, NOTIMP, NXDOMAIN, REFUSED, SERVFAIL
from filterd.wire.parse import parse_query
from filterd.wire.scan import scan_response

QUESTION = b"\3wWw\7example\3org\0" + b"\0\1\0\1"
ASKED = b"\x12\x34\x01\x10\0\1\0\0\0\0\0\0" + QUESTION  # RD and CD, no EDNS
ASKED_EDNS = b"\x12\x34\x01\0\0\1\0\0\0\0\0\1" + QUESTION + opt(4096, True)


def test_reply_gives_back_what_was_sent() -> None:
    answer = reply(parse_query(ASKED), ASKED, 0, rr(QUESTION_NAME, 1, 10, b"\xc0\0\2\1"), 1)
    assert answer == (
        b"\x12\x34"  # the asker's id
        b"\x81\x90"  # QR RD / RA CD, rcode 0
        b"\0\1\0\1\0\0\0\0"  # one question, one answer, no OPT: none was sent
        + QUESTION  # in the asker's case
        + b"\xc0\x0c\0\1\0\1\0\0\0\x0a\0\4\xc0\0\2\1"
    )


def test_reply_with_edns_carries_opt_and_the_reason() -> None:
    query = parse_query(ASKED_EDNS)
    answer = reply(query, ASKED_EDNS, NXDOMAIN, authority=soa(10), nscount=1, options=[ede(EDE_FILTERED, "bedtime")])
    response = scan_response(answer)
    assert (response.rcode, response.edns, response.ede) == (NXDOMAIN, True, ((17, "bedtime"),))
    assert (response.aa, response.ra, response.ad, response.tc) == (False, True, False, False)
    assert answer.endswith(
        b"\0\0\x29\x04\xd0\0\0\x80\0\0\x0d" + b"\0\x0f\0\x09\0\x11bedtime"
    )  # 1232 bytes, DO comes back
    assert "bedtime" not in str(reply(parse_query(ASKED), ASKED, NXDOMAIN, options=[ede(EDE_FILTERED, "bedtime")]))


def test_reply_flags() -> None:
    response = scan_response(reply(parse_query(ASKED), ASKED, 0, ad=True, tc=True))
    assert (response.ad, response.tc, response.cd) == (True, True, True)


def test_high_rcodes_need_an_opt() -> None:
    assert scan_response(reply(parse_query(ASKED_EDNS), ASKED_EDNS, 23)).rcode == 23
    assert scan_response(reply(parse_query(ASKED), ASKED, 23)).rcode == SERVFAIL


def test_no_reply_beyond_65535_bytes() -> None:
    with pytest.raises(ParseError):
        reply(parse_query(ASKED), ASKED, 0, bytes(65535), 1)


def test_truncated_sends_the_asker_to_tcp() -> None:
    for asked, opts in ((ASKED, 0), (ASKED_EDNS, 1)):
        record = DNSRecord.parse(truncated(parse_query(asked), asked))
        assert record.header.tc == 1
        assert (len(record.rr), len(record.auth), len(record.ar)) == (0, 0, opts)


def test_the_made_up_soa_limits_both_ttls() -> None:
    packet = reply(parse_query(ASKED), ASKED, NXDOMAIN, authority=soa(7, b"\7example\3org\0"), nscount=1)
    (record,) = DNSRecord.parse(packet).auth
    assert str(record.rname) == "example.org."
    assert record.ttl == record.rdata.times[4] == 7
    assert (str(record.rdata.mname), str(record.rdata.rname)) == ("localhost.", "nobody.invalid.")


def test_question_to_an_upstream() -> None:
    packet = question(b"\3org\0", 28, id=0x0102, do=True, ad=True, cd=True)
    assert packet == (
        b"\1\2\x01\x30\0\1\0\0\0\0\0\1"  # RD, AD CD
        b"\3org\0\0\x1c\0\1"
        b"\0\0\x29\x04\xd0\0\0\x80\0\0\0"  # 1232 bytes, DO, no options
    )
    assert question(b"\0", 2, rd=False)[2:4] == b"\0\0"


def test_ede_text_is_cut_between_characters() -> None:
    code, value = ede(15, "ệ" * 50)  # three bytes each
    assert (code, value[:2], value[2:].decode()) == (15, b"\0\x0f", "ệ" * 40)
    assert ede(15, "x" + "ệ" * 50)[1][2:].decode() == "x" + "ệ" * 39
    assert ede(4) == (15, b"\0\4")
    assert ede(0, "\ud800")[1] == b"\0\0?"


def test_error_reply_echoes_question_and_edns() -> None:
    response = scan_response(error_reply(ASKED_EDNS, REFUSED))
    assert (response.id, response.rcode, response.qr, response.ra) == (0x1234, 5, True, True)
    assert response.qname == b"\3wWw\7example\3org\0"
    assert response.edns
    assert error_reply(ASKED_EDNS, REFUSED)[-4:-2] == b"\x80\0"  # DO
    assert error_reply(ASKED, FORMERR) == b"\x12\x34\x81\x91\0\1\0\0\0\0\0\0" + QUESTION


def test_badvers_reply_has_an_opt_of_version_0() -> None:
    asked = ASKED_EDNS[:-5] + b"\1\x80\0\0\0"  # EDNS version 1
    with pytest.raises(ParseError) as caught:
        parse_query(asked)
    assert caught.value.rcode == BADVERS
    answer = error_reply(asked, BADVERS)
    assert answer[3] & 15 == 0  # header rcode 0 ...
    assert answer[-11:] == b"\0\0\x29\x04\xd0\1\0\x80\0\0\0"  # ... and 1 in the OPT: 16
    assert scan_response(error_reply(ASKED, BADVERS)).rcode == BADVERS


def test_error_reply_without_opt_cannot_say_a_high_rcode() -> None:
    assert scan_response(error_reply(ASKED, 23)).rcode == SERVFAIL


@pytest.mark.parametrize(
    "rest",
    [
        b"",  # nothing after the header
        b"\xff\xff\xff",
        b"\3www\0\0\1",  # half a question
        b"\xc0\x0c\0\1\0\1",
    ],
)
def test_notimp_for_a_body_that_does_not_parse_is_a_header_only(rest: bytes) -> None:
    asked = b"\x12\x34\x29\0\0\1\0\1\0\1\0\1" + rest  # opcode 5, UPDATE, RD
    assert error_reply(asked, NOTIMP) == b"\x12\x34\xa9\x84\0\0\0\0\0\0\0\0"


@pytest.mark.parametrize("count", [b"\0\0", b"\0\2", b"\xff\xff"])
def test_error_reply_to_other_question_counts_has_none(count: bytes) -> None:
    answer = error_reply(ASKED[:4] + count + ASKED[6:], FORMERR)
    assert answer == b"\x12\x34\x81\x91\0\0\0\0\0\0\0\0"


def test_error_reply_finds_the_opt_behind_other_records() -> None:
    text = b"\0\0\x10\0\1\0\0\0\0\0\0"
    asked = ASKED[:6] + b"\0\1\0\1\0\2" + QUESTION + text * 3 + opt(512, False)
    assert scan_response(error_reply(asked, FORMERR)).edns


@pytest.mark.parametrize(
    "bad", [b"\0\0\x29\x04\xd0\0\0\0\0\0\5\0\x0a\0\2x", opt(512, False) * 2, b"\1a" + opt(512, False)]
)
def test_error_reply_to_a_broken_opt_has_none(bad: bytes) -> None:
    response = scan_response(error_reply(ASKED[:10] + b"\0\2" + QUESTION + bad, FORMERR))
    assert not response.edns
    assert response.qname


def test_error_reply_does_not_walk_thousands_of_records() -> None:
    asked = ASKED[:10] + b"\xff\xff" + QUESTION + opt(512, False) + bytes(60000)
    assert not scan_response(error_reply(asked, FORMERR)).edns


def test_error_reply_needs_a_header() -> None:
    with pytest.raises(ParseError):
        error_reply(bytes(11), FORMERR)


def test_case_is_flipped_where_the_bits_say() -> None:
    name = b"\3www\0018\7example\0"
    assert randomise_case(name, 0) == name
    assert randomise_case(name, (1 << 255) - 1) == name.upper() == b"\3WWW\0018\7EXAMPLE\0"
    assert randomise_case(name, 0b10) == b"\3www\0018\7examplE\0"  # the lowest bit is the final zero's
    assert randomise_case(b"\0", 1) == b"\0"
    rng = random.Random(1)
    seen = {randomise_case(name, rng.getrandbits(255)) for _ in range(100)}
    assert len(seen) > 90
    assert {variant.lower() for variant in seen} == {name}
