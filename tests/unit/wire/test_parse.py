"""What a client may ask, and what answer a broken question deserves."""

from __future__ import annotations

import pytest

from filterd.errors import ParseError
from filterd.wire.build import opt, question
from filterd.wire.constants import BADVERS, FORMERR, NOTIMP
from filterd.wire.parse import parse_query

QUESTION = b"\3wWw\7example\3org\0" + b"\0\1\0\1"  # www.example.org, A, IN
OPT = b"\0\0\x29\x04\xd0\0\0\0\0\0\0"  # root, OPT, 1232 bytes, rcode 0, version 0, no DO, no options


def header(flags: int = 0x0100, qd: int = 1, an: int = 0, ns: int = 0, ar: int = 0) -> bytes:
    return b"\x12\x34" + b"".join(number.to_bytes(2, "big") for number in (flags, qd, an, ns, ar))


def refused(packet: bytes) -> int | None:
    with pytest.raises(ParseError) as caught:
        parse_query(packet)
    return caught.value.rcode


def test_a_plain_question() -> None:
    query = parse_query(header() + QUESTION)
    assert (query.id, query.opcode, query.rd, query.ad, query.cd) == (0x1234, 0, True, False, False)
    assert query.qname == b"\3wWw\7example\3org\0"
    assert query.name == b"\3www\7example\3org\0"
    assert (query.qtype, query.qclass, query.question_end) == (1, 1, 12 + len(QUESTION))
    assert (query.edns, query.udp_size, query.do) == (False, 512, False)


def test_ad_and_cd_are_read() -> None:
    query = parse_query(header(flags=0x0030) + QUESTION)
    assert (query.rd, query.ad, query.cd) == (False, True, True)


def test_edns_tells_size_and_do() -> None:
    query = parse_query(question(b"\3org\0", 28, id=9, do=True, cd=True, udp_size=4096))
    assert (query.edns, query.udp_size, query.do, query.cd, query.id) == (True, 4096, True, True, 9)


@pytest.mark.parametrize(("sent", "taken"), [(0, 512), (511, 512), (512, 512), (513, 513), (65535, 65535)])
def test_sizes_below_512_count_as_512(sent: int, taken: int) -> None:
    alone = header(ar=1) + QUESTION + opt(sent, False)
    behind = header(ar=2) + QUESTION + b"\0\0\x10\0\1\0\0\0\0\0\0" + opt(sent, False)
    assert parse_query(alone).udp_size == parse_query(behind).udp_size == taken


def test_opt_behind_another_record() -> None:
    tsig = b"\3key\0\0\xfa\0\xff\0\0\0\0\0\3abc"
    query = parse_query(header(ar=2) + QUESTION + tsig + opt(1400, True, 0, [(10, b"12345678")]))
    assert (query.edns, query.udp_size, query.do) == (True, 1400, True)
    assert not parse_query(header(ar=1) + QUESTION + tsig).edns


def test_unknown_options_and_trailing_bytes_are_ignored() -> None:
    packet = header(ar=1) + QUESTION + opt(1232, False, 0, [(65001, b"what"), (12, bytes(100))]) + b"trailing"
    assert parse_query(packet).edns
    assert not parse_query(header() + QUESTION + OPT).edns  # not counted, so not there


def test_a_label_may_hold_any_byte() -> None:
    query = parse_query(header() + b"\5a.\0B\xff\3org\0\0\x1c\0\3")
    assert query.name == b"\5a.\0b\xff\3org\0"
    assert (query.qtype, query.qclass) == (28, 3)  # any type and class: the caller decides


def test_the_root_can_be_asked_for() -> None:
    assert parse_query(header() + b"\0\0\2\0\1").name == b"\0"


@pytest.mark.parametrize("packet", [b"", bytes(11), header()[:11]])
def test_less_than_a_header_gets_no_answer(packet: bytes) -> None:
    assert refused(packet) is None


def test_answers_get_no_answer_whatever_else_is_wrong() -> None:
    assert refused(header(flags=0x8180) + QUESTION) is None
    assert refused(header(flags=0xF800, qd=9)) is None


def test_other_opcodes_come_before_the_counts() -> None:
    assert refused(header(flags=0x2800, qd=7, an=1)) == NOTIMP  # UPDATE
    assert refused(header(flags=0x7800)) == NOTIMP


@pytest.mark.parametrize("counts", [{"qd": 0}, {"qd": 2}, {"an": 1}, {"ns": 1}])
def test_counts_other_than_one_question_are_malformed(counts: dict[str, int]) -> None:
    assert refused(header(**counts) + QUESTION + QUESTION) == FORMERR


LONG = b"\x3f" + b"a" * 63


@pytest.mark.parametrize(
    "rest",
    [
        b"",
        b"\3ww",
        b"\3www\0",  # no type
        b"\3www\0\0\1\0",  # half a class
        b"\xc0\x0c\0\1\0\1",  # a pointer in a question has nothing to point to
        b"\3www\xc0\x0c\0\1\0\1",
        b"\x40" + b"a" * 64 + b"\0\0\1\0\1",
        LONG * 3 + b"\x3e" + b"b" * 62 + b"\0\0\1\0\1",  # 256 bytes
    ],
)
def test_bad_questions_are_malformed(rest: bytes) -> None:
    assert refused(header() + rest) == FORMERR


def test_255_bytes_of_name_are_fine() -> None:
    assert len(parse_query(header() + LONG * 3 + b"\x3d" + b"b" * 61 + b"\0\0\1\0\1").name) == 255


@pytest.mark.parametrize(
    "extra",
    [
        b"",  # counted but absent
        OPT[:-1],
        OPT[:-2] + b"\0\1",  # rdlength past the end
        OPT[:-2] + b"\0\3\0\x0a\0",  # three bytes are no option
        OPT[:-2] + b"\0\5\0\x0a\0\2x",  # the option overruns its record
        OPT[:-2] + b"\0\5\0\x0a\0\2xyz",  # and still does when bytes follow
        b"\1a" + OPT,  # owner is not the root
        b"\xc0\x0c" + OPT[1:],
        b"\xc0\xff" + OPT[1:],  # a pointer forwards
        b"\x41\0",
    ],
)
def test_a_bad_additional_record_is_malformed(extra: bytes) -> None:
    assert refused(header(ar=1) + QUESTION + extra) == FORMERR
    text = b"\0\0\x10\0\1\0\0\0\0\0\0"
    assert refused(header(ar=2) + QUESTION + text + extra) == FORMERR


def test_a_second_opt_is_malformed() -> None:
    assert refused(header(ar=2) + QUESTION + OPT + OPT) == FORMERR


def test_versions_above_0_are_named_but_only_in_well_formed_packets() -> None:
    version_1 = b"\0\0\x29\x04\xd0\0\1\0\0\0\0"
    assert refused(header(ar=1) + QUESTION + version_1) == BADVERS
    assert refused(header(ar=2) + QUESTION + version_1 + b"\0\0\x10\0\1\0\0\0\0\0\0") == BADVERS
    assert refused(header(ar=2) + QUESTION + version_1 + OPT) == FORMERR
    assert refused(header(ar=1) + QUESTION + version_1[:-2] + b"\0\1x") == FORMERR


def test_incremental_transfer_with_its_soa_is_refused_not_malformed() -> None:
    # id 1, RD; QDCOUNT 1, NSCOUNT 1; example. IXFR IN; the client's SOA follows (RFC 1995 section 3)
    packet = bytes.fromhex("0001 0100 0001 0000 0001 0000") + b"\x07example\0\x00\xfb\x00\x01" + b"\xc0\x0c" + bytes(8)
    with pytest.raises(ParseError) as caught:
        parse_query(packet)
    assert caught.value.rcode == 5
