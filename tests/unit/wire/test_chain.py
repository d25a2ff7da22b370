"""Which records of an answer belong to its question, and where they lead."""

from __future__ import annotations

import pytest

from filterd.errors import ParseError
from filterd.wire.build import rr
from filterd.wire.name import to_text, to_wire
from filterd.wire.scan import Chain, follow, scan_response
from tests.unit.wire.answers import ASKED, TEST_1, TEST_2, a, answer, cname, dname, rrsig

V6 = bytes.fromhex("20010db8000000000000000000000001")


def walk(qname: str, qtype: int, records: list[bytes], qclass: int = 1) -> Chain:
    packet = answer(qname, qtype, records, qclass=qclass)
    return follow(packet, scan_response(packet))


def told(chain: Chain) -> list[tuple[str, int]]:
    return [(to_text(record.owner), record.rtype) for record in chain.kept]


def targets(chain: Chain) -> list[str]:
    return [to_text(name) for name in chain.targets]


def test_an_address() -> None:
    chain = walk("www.example.org", 1, [a(), a("", TEST_2)])
    assert chain.addresses == [TEST_1, TEST_2]
    assert (len(chain.kept), chain.targets, chain.complete, chain.looped) == (2, [], True, False)
    assert chain.final == to_wire("www.example.org")


def test_a_chain_in_order() -> None:
    chain = walk("www.example.org", 28, [cname("", "B.net"), cname("b.net", "c.net"), rr(to_wire("c.net"), 28, 5, V6)])
    assert targets(chain) == ["b.net", "c.net"]
    assert (chain.addresses, to_text(chain.final), chain.complete) == ([V6], "c.net", True)


def test_a_chain_out_of_order_is_put_in_order() -> None:
    records = [a("c.net"), cname("b.net", "c.net"), cname("", "b.net")]
    chain = walk("www.example.org", 1, records)
    assert told(chain) == [("www.example.org", 5), ("b.net", 5), ("c.net", 1)]
    assert targets(chain) == ["b.net", "c.net"]


def test_records_of_other_names_types_and_classes_are_not_kept() -> None:
    records = [
        a("evil.example"),
        rr(ASKED, 16, 5, b"\1x"),
        cname("", "b.net"),
        rr(to_wire("b.net"), 1, 5, TEST_2, rclass=3),
        a("b.net"),
        cname("other.example", "b.net"),
    ]
    chain = walk("www.example.org", 1, records)
    assert told(chain) == [("www.example.org", 5), ("b.net", 1)]
    assert chain.addresses == [TEST_1]


def test_names_are_compared_without_case() -> None:
    packet = answer("www.example.org", 1, [a("WWW.EXAMPLE.ORG").replace(b"org", b"oRg")])
    assert follow(packet, scan_response(packet)).complete


def test_nothing_asked_for_means_incomplete() -> None:
    assert walk("www.example.org", 1, []) == Chain([], [], [], to_wire("www.example.org"), False, False)
    chain = walk("www.example.org", 1, [cname("", "b.net")])
    assert (to_text(chain.final), chain.complete, len(chain.kept)) == ("b.net", False, 1)


@pytest.mark.parametrize(
    "records",
    [
        [cname("", "www.example.org")],
        [cname("", "b.net"), cname("b.net", "www.example.org")],
        [cname("", "b.net"), cname("b.net", "c.net"), cname("c.net", "b.net"), a("d.net")],
    ],
)
def test_a_loop_is_noticed(records: list[bytes]) -> None:
    chain = walk("www.example.org", 1, records)
    assert (chain.looped, chain.complete) == (True, False)


def test_at_most_16_links() -> None:
    links = [cname(f"n{i}.net", f"n{i + 1}.net") for i in range(17)]
    assert walk("n0.net", 1, [*links[:16], a("n16.net")]).complete
    chain = walk("n0.net", 1, [*links, a("n17.net")])
    assert (chain.looped, chain.complete) == (True, False)


def test_a_question_for_the_cname_itself_is_not_followed() -> None:
    chain = walk("www.example.org", 5, [cname("", "b.net"), cname("b.net", "c.net")])
    assert (told(chain), targets(chain), chain.complete) == ([("www.example.org", 5)], ["b.net"], True)
    assert not walk("www.example.org", 5, [a()]).complete


def test_of_two_cnames_one_is_kept() -> None:
    chain = walk("www.example.org", 1, [cname("", "b.net"), cname("", "evil.example"), a("b.net"), a("evil.example")])
    assert told(chain) == [("www.example.org", 5), ("b.net", 1)]


def test_the_asked_rrset_beside_a_cname_wins() -> None:
    chain = walk("www.example.org", 1, [cname("", "evil.example"), a(), a("evil.example", TEST_2)])
    assert (told(chain), chain.targets, chain.addresses) == ([("www.example.org", 1)], [], [TEST_1])


def test_dname_with_its_cname() -> None:
    records = [dname("example.org", "example.net"), cname("", "www.example.net"), a("www.example.net")]
    chain = walk("www.example.org", 1, records)
    assert told(chain) == [("example.org", 39), ("www.example.org", 5), ("www.example.net", 1)]
    assert targets(chain) == ["example.net", "www.example.net"]


def test_dname_without_its_cname() -> None:
    chain = walk("www.example.org", 1, [dname("org", "net"), a("www.example.net")])
    assert told(chain) == [("org", 39), ("www.example.net", 1)]
    assert (targets(chain), chain.complete) == (["net", "www.example.net"], True)


def test_dname_of_the_root_and_one_used_twice() -> None:
    chain = walk("a.org", 1, [dname(".", "example.net"), a("a.org.example.net")])
    assert (targets(chain), chain.complete) == (["example.net", "a.org.example.net"], True)
    assert walk("a.org", 1, [dname(".", "net")]).looped  # every made name lies below the root again
    records = [dname("org", "net"), cname("b.net", "c.org"), a("c.net")]
    chain = walk("b.org", 1, records)
    assert targets(chain) == ["net", "b.net", "c.org", "c.net"]
    assert told(chain) == [("org", 39), ("b.net", 5), ("c.net", 1)]


def test_dname_does_not_redirect_its_own_name() -> None:
    assert walk("example.org", 1, [dname("example.org", "example.net"), a("example.net")]).kept == []
    assert walk(".", 1, [dname(".", "example.net"), a("example.net")]).kept == []


def test_the_closest_dname_counts() -> None:
    chain = walk(
        "a.b.org", 1, [dname("org", "evil.example"), dname("b.org", "c.net"), rr(to_wire("b.org"), 16, 5, b"\0")]
    )
    assert (targets(chain), told(chain)) == (["c.net", "a.c.net"], [("b.org", 39)])


def test_a_dname_that_contradicts_the_cname_is_dropped() -> None:
    chain = walk("www.example.org", 1, [dname("example.org", "evil.example"), cname("", "b.net"), a("b.net")])
    assert told(chain) == [("www.example.org", 5), ("b.net", 1)]
    assert targets(chain) == ["b.net"]


def test_dname_asked_for() -> None:
    chain = walk("example.org", 39, [dname("example.org", "example.net")])
    assert (told(chain), targets(chain), chain.complete) == ([("example.org", 39)], ["example.net"], True)
    chain = walk("www.example.org", 5, [dname("example.org", "example.net"), cname("", "www.example.net")])
    assert told(chain) == [("example.org", 39), ("www.example.org", 5)]


def test_dname_cannot_make_a_name_beyond_255_bytes() -> None:
    long = ".".join(["a" * 63] * 3)
    with pytest.raises(ParseError):
        walk(f"{long}.org", 1, [dname("org", f"{long}.net")])


def test_signatures_go_with_what_they_cover() -> None:
    records = [
        cname("", "b.net"),
        rrsig("", 5),
        rrsig("", 1),  # covers nothing that is kept
        a("b.net"),
        rrsig("b.net", 1),
        rrsig("other.example", 1),
    ]
    chain = walk("www.example.org", 1, records)
    assert told(chain) == [("www.example.org", 5), ("www.example.org", 46), ("b.net", 1), ("b.net", 46)]
    chain = walk("www.example.org", 1, [a("b.net"), rrsig("b.net", 1), cname("", "b.net")])
    assert told(chain) == [("www.example.org", 5), ("b.net", 1), ("b.net", 46)]


@pytest.mark.parametrize("qtype", [46, 255])
def test_any_and_rrsig_keep_all_that_is_there(qtype: int) -> None:
    records = [a(), rr(ASKED, 16, 5, b"\1x"), rrsig("", 16), cname("", "b.net"), a("b.net")]
    chain = walk("www.example.org", qtype, records)
    assert [rtype for _, rtype in told(chain)] == [1, 16, 46, 5]
    assert (chain.addresses, targets(chain), chain.complete) == ([TEST_1], ["b.net"], True)


def test_rrsig_behind_an_alias() -> None:
    chain = walk("www.example.org", 46, [cname("", "b.net"), a("b.net"), rrsig("b.net", 1)])
    assert told(chain) == [("www.example.org", 5), ("b.net", 1), ("b.net", 46)]


def test_class_any_takes_every_class() -> None:
    assert walk("www.example.org", 1, [a()], qclass=255).addresses == [TEST_1]
    chain = walk("www.example.org", 1, [rr(ASKED, 1, 5, b"chaos", rclass=3)], qclass=3)
    assert (chain.addresses, chain.complete) == ([], True)


SERVICE = (
    b"\0\1" + to_wire("svc.example.net") + b"\0\1\0\3\2h2"  # priority, target, alpn=h2
    b"\0\4\0\x08" + TEST_1 + TEST_2 + b"\0\6\0\x10" + V6  # ipv4hint, ipv6hint
)  # fmt: skip


@pytest.mark.parametrize("rtype", [64, 65])
def test_services_tell_target_and_hints(rtype: int) -> None:
    chain = walk("www.example.org", rtype, [rr(ASKED, rtype, 5, SERVICE)])
    assert targets(chain) == ["svc.example.net"]
    assert chain.addresses == [TEST_1, TEST_2, V6]


@pytest.mark.parametrize("priority", [0, 1])
def test_a_service_of_the_owner_has_no_other_target(priority: int) -> None:
    for target in (b"\0", b"\3wWw\7example\3org\0"):
        assert walk("www.example.org", 65, [rr(ASKED, 65, 5, bytes((0, priority)) + target)]).targets == []


def test_alias_mode_is_a_target() -> None:
    chain = walk("www.example.org", 65, [rr(ASKED, 65, 5, b"\0\0" + to_wire("CDN.example.net"))])
    assert targets(chain) == ["cdn.example.net"]


@pytest.mark.parametrize(
    "rdata",
    [
        b"",
        b"\0",
        b"\0\1",
        b"\0\1\1",
        b"\0\1\3www",
        b"\0\1\xc0\x0c",  # never compressed (RFC 9460 section 2.2)
        b"\0\1\0\0",
        b"\0\1\0\0\4\0",
        b"\0\1\0\0\4\0\5" + TEST_1,  # hint runs out of the data
        b"\0\1\0\0\4\0\3abc",  # no whole address
        b"\0\1\0\0\4\0\0",  # no address at all
        b"\0\1\0\0\6\0\4abcd",
        b"\0\1\0\0\4\0\4" + TEST_1 + b"\0\4\0\4" + TEST_1,  # the same key twice
        b"\0\1\0\0\4\0\4" + TEST_1 + b"\0\1\0\0",  # keys out of order
    ],
)
def test_malformed_services_are_refused(rdata: bytes) -> None:
    with pytest.raises(ParseError):
        walk("www.example.org", 65, [rr(ASKED, 65, 5, rdata), a("b.net")])
