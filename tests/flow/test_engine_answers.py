"""What a client gets for a question that is answered here: blocked, special, minimal, refused."""

from __future__ import annotations

from dataclasses import replace

import dnslib
import pytest

from filterd.model.household import ForwardZone
from filterd.wire.name import to_wire
from tests.playbook import (
    ADULT,
    HOUSEHOLD,
    KID,
    Answer,
    Asked,
    Logged,
    Nothing,
    Playbook,
    Query,
    Reply,
    Wait,
    source,
    world,
)

NXDOMAIN, REFUSED, NOTIMP, FORMERR, SERVFAIL = 3, 5, 4, 1, 2
LISTS = {"adult": ["bad.example"]}


@pytest.fixture
def book() -> Playbook:
    return Playbook(world(lists=LISTS, canaries=["use-application-dns.net"], mandatory={"abuse": ["worst.example"]}))


@pytest.mark.parametrize("tcp", [False, True])
@pytest.mark.parametrize("name", ["bad.example", "a.b.bad.example", "BAD.example"])
def test_blocked_address_is_the_null_address_and_nobody_is_asked(book: Playbook, name: str, tcp: bool) -> None:
    book >> Query(name, tcp=tcp) << Reply(a=["0.0.0.0"], count=1, ttl=10, edns=False) << Nothing()
    book >> Query(name, "AAAA", tcp=tcp) << Reply(aaaa=["::"], count=1, ttl=10) << Nothing()
    for qtype in ("TXT", "HTTPS", "MX", "ANY", "PTR", "TYPE999"):
        book >> Query(name, qtype, tcp=tcp) << Reply(count=0, soa_ttl=10) << Nothing()
    assert {event.tail.row.id for event in book.events} == {"category"}


def test_soa_of_a_block_is_short_in_both_its_numbers(book: Playbook) -> None:
    book >> Query("bad.example", "TXT") << Reply(soa_ttl=10)
    assert book.last is not None
    assert book.last.auth[0].rdata.times[4] == 10


def test_block_carries_the_extended_error_only_for_edns(book: Playbook) -> None:
    book >> Query("bad.example", edns=1232) << Reply(ede=17, ede_text="Filtered, category: adult")
    book >> Query("worst.example", edns=512) << Reply(a=["0.0.0.0"], ede=16)
    book >> Query("worst.example") << Reply(a=["0.0.0.0"], edns=False)
    book << Logged(row="category", category="adult", device="phone") << Logged(row="mandatory", category="abuse")


def test_flags_of_a_block_are_the_askers_and_ours(book: Playbook) -> None:
    book >> Query("bad.example", rd=False, cd=True, ad=True, edns=1232, do=True) << Reply(a=["0.0.0.0"], ad=False)
    assert book.last_packet[2:4] == b"\x80\x90"  # QR, RA, CD; RD not set, as asked


def test_nxdomain_mode() -> None:
    book = Playbook(world(lists=LISTS), block_mode="nxdomain")
    for qtype in ("A", "AAAA", "TXT"):
        book >> Query("bad.example", qtype, edns=1232) << Reply(NXDOMAIN, count=0, soa_ttl=10, ede=17)


def test_household_chooses_the_mode_and_the_option_overrides_it() -> None:
    home = replace(HOUSEHOLD, block_mode="nxdomain")
    Playbook(world(home, lists=LISTS)) >> Query("bad.example") << Reply(NXDOMAIN)
    Playbook(world(home, lists=LISTS), block_mode="null") >> Query("bad.example") << Reply(a=["0.0.0.0"])


def test_page_mode_leads_to_the_asked_address() -> None:
    book = Playbook(world(lists=LISTS), block_mode="page")
    book >> Query("bad.example") << Reply(a=["192.168.1.2"])
    book >> Query("bad.example", local="10.0.0.1") << Reply(a=["10.0.0.1"])
    book >> Query("bad.example", "AAAA") << Reply(aaaa=["::"])  # no address of that family is known
    book.engine.set_addresses(["192.168.1.2", "fd00::2", "not an address"])
    book >> Query("bad.example", "AAAA") << Reply(aaaa=["fd00::2"])
    book >> Query("bad.example", "A", local="fd00::9") << Reply(a=["192.168.1.2"])
    book >> Query("bad.example", "TXT") << Reply(count=0, soa_ttl=10)


@pytest.mark.parametrize("mode", ["null", "nxdomain", "page"])
def test_canary_is_nxdomain_whatever_the_mode(mode: str) -> None:
    book = Playbook(world(canaries=["use-application-dns.net"]), block_mode=mode)
    book >> Query("use-application-dns.net", edns=1232) << Reply(NXDOMAIN, ede=17)
    book >> Query("use-application-dns.net", "AAAA") << Reply(NXDOMAIN)


def test_block_ttl_is_clamped() -> None:
    Playbook(world(lists=LISTS), block_ttl_s=3600) >> Query("bad.example") << Reply(ttl=60)
    Playbook(world(lists=LISTS), block_ttl_s=0) >> Query("bad.example") << Reply(ttl=1)


@pytest.mark.parametrize(
    ("name", "qtype", "reply"),
    [
        ("localhost", "A", Reply(a=["127.0.0.1"])),
        ("a.localhost", "A", Reply(a=["127.0.0.1"])),
        ("LocalHost", "AAAA", Reply(aaaa=["::1"])),
        ("localhost", "MX", Reply(count=0, soa_ttl=60)),
        ("x.invalid", "A", Reply(NXDOMAIN, soa_ttl=60)),
        ("test", "A", Reply(NXDOMAIN)),
        ("a.test", "TXT", Reply(NXDOMAIN)),
        ("printer.local", "A", Reply(NXDOMAIN)),
        ("abc.onion", "A", Reply(NXDOMAIN)),
        ("abc.alt", "A", Reply(NXDOMAIN)),
        ("home.arpa", "A", Reply(count=0, soa_ttl=60)),
        ("home.arpa", "SOA", Reply(count=1)),
        ("x.home.arpa", "A", Reply(NXDOMAIN)),
        ("_dns.resolver.arpa", "SVCB", Reply(count=0, soa_ttl=60)),
        ("resolver.arpa", "A", Reply(count=0)),
        ("1.0.0.127.in-addr.arpa", "PTR", Reply(count=1)),
        ("1.0.0.127.in-addr.arpa", "A", Reply(count=0)),
        ("2.0.0.127.in-addr.arpa", "PTR", Reply(NXDOMAIN)),
        ("0.127.in-addr.arpa", "PTR", Reply(count=0, soa_ttl=60)),
        ("1" + ".0" * 31 + ".ip6.arpa", "SOA", Reply(count=1)),
        ("5.1.168.192.in-addr.arpa", "PTR", Reply(NXDOMAIN)),
        ("168.192.in-addr.arpa", "NS", Reply(count=1)),
        ("168.192.in-addr.arpa", "PTR", Reply(count=0, soa_ttl=60)),
        ("1.31.172.in-addr.arpa", "PTR", Reply(NXDOMAIN)),
        ("1.64.100.in-addr.arpa", "PTR", Reply(NXDOMAIN)),
        ("1.0.0.d.f.ip6.arpa", "PTR", Reply(NXDOMAIN)),
        ("8.b.d.0.1.0.0.2.ip6.arpa", "SOA", Reply(count=1)),
        ("1" + ".0" * 31 + ".ip6.arpa", "PTR", Reply(count=1)),
        ("1" + ".0" * 31 + ".ip6.arpa", "TXT", Reply(count=0)),
        ("filterd.home.arpa", "A", Reply(a=["192.168.1.2"])),
        ("filterd.home.arpa", "AAAA", Reply(count=0, soa_ttl=60)),
        ("x.filterd.home.arpa", "A", Reply(NXDOMAIN)),
    ],
)
def test_special_names_never_leave_the_house(book: Playbook, name: str, qtype: str, reply: Reply) -> None:
    book >> Query(name, qtype, edns=1232) << reply << Nothing() << Logged("local", "local", name)
    book >> Query(name, qtype, client=ADULT, tcp=True) << reply << Nothing()


@pytest.mark.parametrize("name", ["32.172.in-addr.arpa", "1.128.100.in-addr.arpa", "local.example", "testa", "arpa"])
def test_ordinary_neighbours_of_special_names_are_forwarded(book: Playbook, name: str) -> None:
    book >> Query(name, "PTR") << Asked(name)


def test_label_that_only_looks_like_a_special_ending_is_forwarded(book: Playbook) -> None:
    name = b"\x07a\x05local\x00"  # one label that holds the bytes of ".local"
    book >> Query(raw=b"\x12\x34\x01\0\0\1\0\0\0\0\0\0" + name + b"\0\1\0\1") << Asked()


def test_forwarding_zone_wins_over_special_names() -> None:
    home = replace(HOUSEHOLD, forward_zones=(ForwardZone(to_wire("home.arpa"), ("udp://192.168.1.1",)),))
    book = Playbook(world(home))
    book >> Query("nas.home.arpa") << Asked("nas.home.arpa", upstream=2)
    book >> Answer("nas.home.arpa 300 A 192.168.1.7") << Reply(a=["192.168.1.7"], ttl=60)
    book >> Query("filterd.home.arpa") << Asked("filterd.home.arpa", upstream=2)
    assert book.engine.upstream_count == 3
    assert book.engine.upstream(2).address == "192.168.1.1"


def test_longest_forwarding_zone_decides_and_unreadable_upstreams_never_leak() -> None:
    zones = (
        ForwardZone(to_wire("school.example"), ("udp://192.168.1.1",)),
        ForwardZone(to_wire("lab.school.example"), ("udp://192.168.1.3", "udp://192.168.1.4")),
        ForwardZone(to_wire("broken.example"), ("gopher://x",)),
    )
    book = Playbook(world(replace(HOUSEHOLD, forward_zones=zones)))
    book >> Query("a.school.example") << Asked(upstream=2)
    book >> Query("a.lab.school.example") << Asked(upstream=3)
    book >> Query("a.broken.example", edns=1232) << Reply(SERVFAIL, ede=23) << Nothing()


def test_any_gets_a_minimal_answer_after_the_rules_had_their_say(book: Playbook) -> None:
    book >> Query("www.example.org", "ANY") << Reply(count=1, ttl=60) << Nothing() << Logged("allow", "default")
    assert book.last is not None
    assert book.last.rr[0].rtype == 13
    assert bytes(book.last.rr[0].rdata.data) == b"\x07RFC8482\x00"
    book >> Query("www.example.org", "ANY", client=ADULT) << Reply(count=1, ttl=3600)
    book >> Query("bad.example", "ANY") << Reply(count=0, soa_ttl=10)


@pytest.mark.parametrize(
    ("qtype", "rcode"),
    [("TYPE252", REFUSED), ("TYPE251", REFUSED), ("TYPE253", NOTIMP), ("TYPE254", NOTIMP), ("TYPE41", FORMERR)]
    + [("TYPE249", REFUSED), ("TYPE250", REFUSED)],
)
def test_types_that_are_not_served(book: Playbook, qtype: str, rcode: int) -> None:
    book >> Query("bad.example", qtype) << Reply(rcode, count=0) << Nothing()
    assert not book.events


@pytest.mark.parametrize("qclass", [3, 4, 254, 255, 0, 2])
def test_classes_other_than_in_are_refused(book: Playbook, qclass: int) -> None:
    book >> Query("version.bind", "TXT", qclass=qclass, edns=1232) << Reply(REFUSED, count=0, edns=True) << Nothing()


def test_type_zero_is_an_ordinary_type_for_the_cache(book: Playbook) -> None:
    book.resolve("zero.example", qtype="TYPE0", authority=["example 300 SOA ns.example a.example 1 2 3 4 300"])
    book << Reply(count=0)
    book >> Query("zero.example", "A") << Asked("zero.example", "A")  # an absence of type 0 says nothing of A


@pytest.mark.parametrize(
    ("raw", "rcode"),
    [
        (b"\x12\x34\x01\0\0\2\0\0\0\0\0\0" + b"\x01a\0\0\1\0\1" * 2, FORMERR),
        (b"\x12\x34\x28\0\0\1\0\0\0\0\0\0" + b"\x01a\0\0\1\0\1", NOTIMP),
        (b"\x12\x34\x01\0\0\1\0\0\0\0\0\0" + b"\x01a", FORMERR),
        (b"\x12\x34\x01\0\0\1\0\0\0\0\0\1" + b"\x01a\0\0\1\0\1" + b"\0\0\x29\x04\xd0\0\x01\0\0\0\0", 0),
    ],
)
def test_malformed_questions_get_their_error(book: Playbook, raw: bytes, rcode: int) -> None:
    book >> Query(raw=raw) << Reply(rcode) << Nothing()
    assert not book.events


@pytest.mark.parametrize("raw", [b"", b"\x12\x34", b"\x12\x34\x81\x80\0\1\0\0\0\0\0\0\x01a\0\0\1\0\1"])
def test_answers_and_scraps_get_silence(book: Playbook, raw: bytes) -> None:
    book >> Query(raw=raw) << Nothing()
    assert book.engine.stats()["drop_malformed"] == 1


def test_answer_that_does_not_fit_is_truncated_and_whole_over_tcp(book: Playbook) -> None:
    records = [f"big.example 300 TXT {n}{'x' * 199}" for n in range(8)]
    book.resolve("big.example", *records, qtype="TXT") << Reply(tc=True, count=0)
    book >> Query("big.example", "TXT", edns=4096) << Reply(tc=True, edns=True)  # never more than 1232
    book >> Query("big.example", "TXT", tcp=True) << Reply(count=8)
    book.resolve("mid.example", *[f"mid.example 300 TXT {n}{'x' * 199}" for n in range(4)], qtype="TXT")
    book << Reply(tc=True)
    book >> Query("mid.example", "TXT", edns=1232) << Reply(count=4)
    book >> Query("mid.example", "TXT", edns=700) << Reply(tc=True)
    book >> Query("mid.example", "TXT", edns=100) << Reply(tc=True)  # counts as 512
    assert book.engine.stats()["truncated"] == 5


def test_block_with_a_long_name_fits_or_is_truncated() -> None:
    long = ".".join(["x" * 60, "y" * 60, "z" * 60, "bad.example"])
    book = Playbook(world(lists=LISTS))
    book >> Query(long, "TXT", edns=512) << Reply(count=0, ede=17)
    assert len(book.last_packet) <= 512


def test_private_door_is_unfiltered_and_shares_the_cache(book: Playbook) -> None:
    got: list[bytes] = []
    engine = book.engine
    book._take(engine.on_resolve(to_wire("bad.example"), 1, book.now, got.append))
    book << Asked("bad.example")
    book >> Answer("bad.example 300 A 192.0.2.66") << Nothing()
    assert str(dnslib.DNSRecord.parse(got[0]).rr[0].rdata) == "192.0.2.66"
    book._take(engine.on_resolve(to_wire("bad.example"), 1, book.now, got.append))
    book << Nothing()
    assert len(got) == 2
    assert not book.events
    book >> Query("bad.example") << Reply(a=["0.0.0.0"])
    book._take(engine.on_resolve(to_wire("x.local"), 1, book.now, got.append))
    assert dnslib.DNSRecord.parse(got[2]).header.rcode == NXDOMAIN
    engine.set_addresses(["192.168.1.2"])
    book._take(engine.on_resolve(to_wire("filterd.home.arpa"), 1, book.now, got.append))
    assert str(dnslib.DNSRecord.parse(got[3]).rr[0].rdata) == "192.168.1.2"


def test_private_door_passes_on_what_the_upstream_filtered(book: Playbook) -> None:
    got: list[bytes] = []
    book._take(book.engine.on_resolve(to_wire("www.example.org"), 1, book.now, got.append))
    book << Asked("www.example.org") >> Answer(rcode=23, ede=[(17, "filtered")])
    answer = dnslib.DNSRecord.parse(got[0])
    assert answer.header.rcode == 23 & 15
    assert answer.ar[0].rdata[0].data == b"\0\x11filtered"


def test_private_door_says_when_there_is_no_answer() -> None:
    got: list[bytes] = []
    book = Playbook(max_inflight=1)
    book._take(book.engine.on_resolve(to_wire("a.example"), 1, book.now, got.append))
    book._take(book.engine.on_resolve(to_wire("b.example"), 1, book.now, got.append))
    assert dnslib.DNSRecord.parse(got[0]).header.rcode == SERVFAIL
    book >> Wait(5)
    assert len(got) == 2
    assert dnslib.DNSRecord.parse(got[1]).header.rcode == SERVFAIL


def test_two_kinds_of_clients_one_cache(book: Playbook) -> None:
    book.resolve("www.example.org", "www.example.org 3600 A 192.0.2.1", client=KID) << Reply(ttl=60, to=KID)
    book >> Query("www.example.org", client=ADULT) << Reply(ttl=3600, to=ADULT) << Nothing()
    assert source(KID).packed == b"\xc0\xa8\x01\x14"
