"""Where the rules meet the protocol: the shape of what is blocked, special-use names, rebinding, safe search (DECISIONS)."""

from __future__ import annotations

import ipaddress
import time
from collections.abc import Iterator

import pytest

from tests.flow.protocol_stub import (
    AAAA,
    ANY,
    BEDTIME,
    CNAME,
    DNAME,
    DS,
    HTTPS,
    KID,
    MX,
    NOERROR,
    NS,
    NXDOMAIN,
    OFF,
    PLAIN,
    PTR,
    QNAME,
    SAFE,
    SERVFAIL,
    SOA,
    SVCB,
    TXT,
    A,
    Lab,
    Message,
    a,
    cname,
    exchange,
    lab,
    opt,
    query,
    rr,
    soa,
    start,
    svcb,
    wire,
)
from tests.processes import Service

__all__ = ["lab"]

NULL = {A: "0.0.0.0", AAAA: "::"}
OTHERS = [NS, CNAME, SOA, PTR, MX, TXT, DS, SVCB, HTTPS, ANY, 65280]


# ---- the shape of a blocked answer (DECISIONS 2) -------------------------------------------------------------------


@pytest.mark.parametrize("qtype", [A, AAAA])
@pytest.mark.parametrize("tcp", [False, True])
def test_addresses_are_null(lab: Lab, qtype: int, tcp: bool) -> None:
    for name in ("blocked.example", "x.y.blocked.example", "BLOCKED.example"):
        got = lab.ask(name, qtype, KID, tcp=tcp)
        assert got.rcode == NOERROR and got.addresses == [NULL[qtype]] and 1 <= got.ttls[0] <= 60
        assert got.ttls == [10] and not got.authority and not got.ad


@pytest.mark.parametrize("qtype", OTHERS)
def test_other_types_are_nodata_with_a_short_soa(lab: Lab, qtype: int) -> None:
    for _ in range(2):
        got = lab.ask("blocked.example", qtype, KID, edns=opt())
        assert got.is_nodata and got.negative_ttl <= 60 and got.authority[0].ttl <= 60
        assert wire("blocked.example").endswith(wire(got.authority[0].owner)), "the SOA of the name or above it"
        assert got.ede == [17]


@pytest.mark.parametrize(("name", "client", "code"), [
    ("forbidden.example", PLAIN, 16), ("x.forbidden.example", KID, 16), ("forbidden.example", OFF, 16),
    ("www.off.example", OFF, 17), ("www.bed.example", BEDTIME, 17), ("blocked.example", KID, 17),
    ("tiktok.com", KID, 17), ("gamble.example", KID, 17), ("private.ede.example", PLAIN, 15), ("null.ede.example", PLAIN, 15),
])  # fmt: skip
def test_extended_errors_name_the_row(lab: Lab, name: str, client: str, code: int) -> None:
    """RFC 8914 4.16 to 4.18 as DECISIONS 2 has them; nothing without EDNS; short text, in the household's language."""
    lab.upstream.on("private.ede.example", [a(QNAME, "192.168.1.1")])
    lab.upstream.on("null.ede.example", [a(QNAME, "0.0.0.0")])
    for _ in range(2):
        got = lab.ask(name, client=client, edns=opt())
        assert got.addresses == ["0.0.0.0"] and got.ede == [code]
        assert len(got.ede_texts[0].encode()) <= 120 and got.ede_texts[0].isascii() and got.ede_texts[0]
        assert not lab.ask(name, client=client).edns


@pytest.mark.parametrize(
    "name", ["blocked.example", "gamble.example", "tiktok.com", "www.tiktok.com", "forbidden.example"]
)
def test_blocked_names_ask_nobody(lab: Lab, name: str) -> None:
    lab.upstream.on(name, lambda q: q.answer(ns=[soa(name)]))
    lab.ask(name, client=KID)
    assert not lab.upstream.asked(name)
    if name != "forbidden.example":
        assert lab.ask(name, client=PLAIN).is_nodata  # the stub's: another client's rules are his own
        assert lab.upstream.asked(name)


def test_a_name_that_only_looks_like_a_blocked_one(lab: Lab) -> None:
    for name in ("notblocked.example", "blocked.example.org", "xblocked.example"):
        assert lab.ask(name, client=KID).rcode == NXDOMAIN
    got = lab.send(query(b"\x0fblocked.example\0", edns=opt()), KID)
    assert not got.ede and not got.answer, "a dot inside one label is no border between two"


def test_the_more_specific_name_decides(lab: Lab) -> None:
    lab.upstream.on("good.blocked.example", [a(QNAME, "192.0.2.70")])
    assert lab.ask("good.blocked.example", client=KID).addresses == ["192.0.2.70"]
    assert lab.ask("bad.blocked.example", client=KID).addresses == ["0.0.0.0"]


@pytest.mark.parametrize("name", ["use-application-dns.net", "mask.icloud.com", "mask-h2.icloud.com"])
@pytest.mark.parametrize("qtype", [A, AAAA, HTTPS])
def test_canaries_are_nxdomain_in_every_mode(lab: Lab, name: str, qtype: int) -> None:
    got = lab.ask(name, qtype, KID, edns=opt())
    assert got.rcode == NXDOMAIN and got.ede == [17] and got.authority[0].ttl <= 60


@pytest.fixture(scope="module")
def modes(lab: Lab) -> Iterator[dict[str, Service]]:
    """The same household in the other two block modes."""
    found = {mode: start(lab.state, [lab.upstream.url], "--block", mode) for mode in ("nxdomain", "page")}
    yield found
    for service in found.values():
        service.end()


@pytest.mark.parametrize("qtype", [A, AAAA, TXT, HTTPS, ANY])
def test_mode_nxdomain(modes: dict[str, Service], qtype: int) -> None:
    for _ in range(2):
        got = Message(exchange(modes["nxdomain"].bound[0], query("x.blocked.example", qtype, edns=opt()), KID) or b"")
        assert got.rcode == NXDOMAIN and not got.answer and got.negative_ttl <= 60 and got.ede == [17] and not got.aa


def test_mode_page(modes: dict[str, Service]) -> None:
    server = modes["page"].bound[0]
    for _ in range(2):
        assert Message(exchange(server, query("blocked.example"), KID) or b"").addresses == ["127.0.0.1"]
        six = Message(exchange(server, query("blocked.example", AAAA), KID) or b"")
        assert six.rcode == NOERROR and six.addresses in ([], ["::"], ["::1"])
        assert Message(exchange(server, query("blocked.example", HTTPS), KID) or b"").is_nodata
        assert Message(exchange(server, query("use-application-dns.net"), KID) or b"").rcode == NXDOMAIN


# ---- targets -------------------------------------------------------------------------------------------------------

TARGETS = {
    "cname": (A, [cname(QNAME, "x.gamble.example"), a("x.gamble.example", "192.0.2.66")]),
    "second cname": (
        A,
        [cname(QNAME, "cdn.ok.example"), cname("cdn.ok.example", "gamble.example"), a("gamble.example", "192.0.2.66")],
    ),
    "cname out of order": (A, [a("gamble.example", "192.0.2.66"), cname(QNAME, "gamble.example")]),
    "cname without end": (A, [cname(QNAME, "GAMBLE.example")]),  # without SOA it is asked for every time
    "cname asked for": (CNAME, [cname(QNAME, "gamble.example")]),
    "cname to txt": (TXT, [cname(QNAME, "gamble.example"), rr("gamble.example", TXT, b"\1x")]),
    "https alias": (HTTPS, [svcb(QNAME, 0, "gamble.example")]),
    "https target": (HTTPS, [svcb(QNAME, 1, "x.gamble.example", [(1, b"\x02h3")])]),
    "https second": (HTTPS, [svcb(QNAME, 1, "."), svcb(QNAME, 2, "gamble.example")]),
    "svcb target": (SVCB, [svcb(QNAME, 1, "gamble.example", rtype=SVCB)]),
    "cname to https": (HTTPS, [cname(QNAME, "ok.example"), svcb("ok.example", 1, "gamble.example")]),
    "dname": (A, [rr("targets.example", DNAME, wire("gamble.example")), cname(QNAME, "x.gamble.example")]),
    "own name": (A, [cname(QNAME, "blocked.example"), a("blocked.example", "192.0.2.66")]),
    "service": (A, [cname(QNAME, "www.tiktok.com"), a("www.tiktok.com", "192.0.2.66")]),
    "mandatory": (A, [cname(QNAME, "forbidden.example"), a("forbidden.example", "192.0.2.66")]),
}


@pytest.mark.parametrize("kind", TARGETS)
def test_what_leads_to_a_blocked_name_is_blocked(lab: Lab, kind: str) -> None:
    qtype, records = TARGETS[kind]
    name = f"{kind.replace(' ', '-')}.targets.example"
    lab.upstream.on(name, records)
    code = 16 if kind == "mandatory" else 17
    for tcp in (False, False, True):  # a miss, a hit, TCP
        got = lab.ask(name, qtype, KID, edns=opt(), tcp=tcp)
        assert got.rcode == NOERROR and got.ede == [code]
        assert got.addresses == ["0.0.0.0"] if qtype == A else got.is_nodata
        assert b"gamble" not in got.packet[12 + len(got.question) :].lower()
    passed = lab.ask(name, qtype, PLAIN, edns=opt())
    assert passed.ede == ([16] if kind == "mandatory" else [])
    assert len(lab.upstream.asked(name)) == (4 if kind in ("cname without end", "dname") else 1)


@pytest.mark.parametrize("kind", ["cname", "https target", "mandatory"])
def test_an_allowed_question_covers_its_chain_but_for_the_province(lab: Lab, kind: str) -> None:
    qtype, records = TARGETS[kind]
    name = f"{kind.replace(' ', '-')}.allowed.example"
    lab.upstream.on(name, records)
    got = lab.ask(name, qtype, KID, edns=opt())
    assert got.ede == ([16] if kind == "mandatory" else [])


def test_mx_and_ns_targets_are_no_chain(lab: Lab) -> None:
    lab.upstream.on("mail.targets2.example", [rr(QNAME, MX, b"\0\1" + wire("gamble.example"))])
    assert lab.ask("mail.targets2.example", MX, KID).types == [MX]


# ---- special-use names ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["localhost", "LOCALHOST", "a.localhost", "x.y.localhost"])
def test_localhost_is_loopback(lab: Lab, name: str) -> None:
    """RFC 6761 6.3."""
    assert lab.ask(name).addresses == ["127.0.0.1"]
    assert lab.ask(name, AAAA).addresses == ["::1"]
    for qtype in (TXT, MX, HTTPS, NS, SOA, CNAME):
        got = lab.ask(name, qtype)
        assert (got.rcode in (NOERROR, NXDOMAIN) and qtype not in (TXT, MX, HTTPS)) or not got.answer
    assert not lab.upstream.asked(name)


@pytest.mark.parametrize(
    "name",
    ["invalid", "x.invalid", "test", "www.a.test", "local", "printer.local", "_ipp._tcp.local", "onion", "duckduckgogg42.onion",
     "alt", "x.alt"],
)  # fmt: skip
@pytest.mark.parametrize("qtype", [A, AAAA, SOA, TXT, HTTPS, ANY, 65280])
def test_names_that_do_not_exist(lab: Lab, name: str, qtype: int) -> None:
    """RFC 6761 6.2, 6.4; RFC 6762 22.1; RFC 7686 2; RFC 9476. An SOA makes it cacheable (RFC 2308)."""
    for client in (PLAIN, KID, BEDTIME):
        got = lab.ask(name, qtype, client)
        assert got.rcode == NXDOMAIN and not got.answer and [r.rtype for r in got.authority] == [SOA]
        assert name.endswith(got.authority[0].owner)
    assert not lab.upstream.asked(name)


def test_names_that_end_like_special_ones_are_not(lab: Lab) -> None:
    for name in (
        "xlocalhost",
        "mytest",
        "www.contest",
        "test.example",
        "localhost.example",
        "notlocal",
        "10.in-addr.arpa.example",
    ):
        lab.upstream.on(name, [a(QNAME, "192.0.2.71")])
        assert lab.ask(name).addresses == ["192.0.2.71"], name


EMPTY_ZONES = [
    "10.in-addr.arpa", *[f"{n}.172.in-addr.arpa" for n in range(16, 32)], "0.in-addr.arpa", "127.in-addr.arpa",
    "254.169.in-addr.arpa", "2.0.192.in-addr.arpa", "100.51.198.in-addr.arpa", "113.0.203.in-addr.arpa",
    "255.255.255.255.in-addr.arpa", ".".join(["0"] * 32) + ".ip6.arpa", "1." + ".".join(["0"] * 31) + ".ip6.arpa",
    "d.f.ip6.arpa", "8.e.f.ip6.arpa", "9.e.f.ip6.arpa", "a.e.f.ip6.arpa", "b.e.f.ip6.arpa", "8.b.d.0.1.0.0.2.ip6.arpa",
    "64.100.in-addr.arpa", "127.100.in-addr.arpa", "home.arpa",
]  # fmt: skip


@pytest.mark.parametrize("zone", EMPTY_ZONES)
def test_locally_served_zones(lab: Lab, zone: str) -> None:
    """RFC 6303 3, 4 (RFC 7793, RFC 8375): SOA and NS at the apex, NODATA for other types there, NXDOMAIN below."""
    top = lab.ask(zone, SOA)
    assert top.types == [SOA] and top.answer[0].owner == zone
    assert lab.ask(zone, NS).types == [NS]
    assert lab.ask(zone, TXT).is_nodata
    assert lab.ask(zone, TXT).authority[0].owner == zone
    if zone.count(".") < 30:
        got = lab.ask(f"9.8.{zone}", PTR)
        assert got.rcode == NXDOMAIN and got.authority[0].owner == zone
    assert not lab.upstream.asked(zone) and not lab.upstream.asked(f"9.8.{zone}")


@pytest.mark.parametrize("zone", ["15.172.in-addr.arpa", "32.172.in-addr.arpa", "8.8.in-addr.arpa", "63.100.in-addr.arpa",
                                  "128.100.in-addr.arpa", "c.f.ip6.arpa", "7.e.f.ip6.arpa", "c.e.f.ip6.arpa", "e.f.ip6.arpa"])  # fmt: skip
def test_neighbours_of_locally_served_zones_are_forwarded(lab: Lab, zone: str) -> None:
    lab.upstream.on(f"1.{zone}", [rr(QNAME, PTR, wire("host.example"))])
    assert lab.ask(f"1.{zone}", PTR).types == [PTR]


@pytest.mark.parametrize("name", ["1.0.0.127.in-addr.arpa", "1." + ".".join(["0"] * 31) + ".ip6.arpa"])
def test_loopback_addresses_have_the_name_localhost(lab: Lab, name: str) -> None:
    got = lab.ask(name, PTR)
    assert got.types == [PTR] and got.answer[0].target == "localhost"
    assert lab.ask(name, TXT).is_nodata


@pytest.mark.parametrize("name", ["0.0.127.in-addr.arpa", "0.127.in-addr.arpa"])
def test_above_a_name_that_exists_is_no_nxdomain(lab: Lab, name: str) -> None:
    """RFC 8020 2, RFC 4592 2.2.2: 1.0.0.127.in-addr.arpa has a PTR, so these are empty non-terminals."""
    assert lab.ask(name, PTR).is_nodata


@pytest.mark.parametrize("qtype", [64, A, TXT])
def test_no_designated_resolver(lab: Lab, qtype: int) -> None:
    """RFC 9462 4, 6.4: SVCB _dns.resolver.arpa is answered here, NODATA without a designation."""
    for name in ("_dns.resolver.arpa", "resolver.arpa"):
        got = lab.ask(name, qtype, edns=opt())
        assert got.is_nodata and got.authority[0].owner == "resolver.arpa" and not lab.upstream.asked(name)


def test_the_box_has_a_name(lab: Lab) -> None:
    assert lab.ask("filterd.home.arpa").addresses == ["127.0.0.1"]
    assert lab.ask("filterd.home.arpa", TXT).is_nodata


@pytest.mark.parametrize("name", ["www.google.com", "localhost", "captive.apple.com", "x.home.arpa"])
def test_special_names_need_no_rule(lab: Lab, name: str) -> None:
    """Row 1 and 2 come before `off`: a lifeline is asked upstream, a local name answered here."""
    lab.upstream.on("captive.apple.com", [a(QNAME, "192.0.2.72")])
    for client in (OFF, BEDTIME):
        got = lab.ask(name, client=client, edns=opt())
        expected = {
            "www.google.com": ["0.0.0.0"],
            "localhost": ["127.0.0.1"],
            "captive.apple.com": ["192.0.2.72"],
            "x.home.arpa": [],
        }
        assert got.addresses == expected[name]
        assert got.ede == ([17] if name == "www.google.com" else [])


def test_lifelines_are_exact(lab: Lab) -> None:
    lab.upstream.on("captive.apple.com", [a(QNAME, "192.0.2.72", 300)])
    got = lab.ask("captive.apple.com", client=OFF)
    assert got.addresses == ["192.0.2.72"] and got.ttls[0] <= 60
    for name in ("x.captive.apple.com", "apple.com"):
        assert lab.ask(name, client=OFF, edns=opt()).ede == [17]


# ---- forwarding zones ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "name", ["www.school.example", "school.example", "WWW.School.example", "x.corp.test", "hp.printers.local"]
)
def test_forwarding_zones_go_to_their_own_server(lab: Lab, name: str) -> None:
    """They beat row 1 and are exempt from rebinding."""
    lab.school.on(name, [a(QNAME, "192.168.7.7")])
    for _ in range(2):
        assert lab.ask(name).addresses == ["192.168.7.7"]
    assert lab.school.asked(name) and not lab.upstream.asked(name)


def test_a_reverse_zone_forwarded_beats_the_empty_one(lab: Lab) -> None:
    lab.school.on("7.7.168.192.in-addr.arpa", [rr(QNAME, PTR, wire("pc7.school.example"))])
    assert lab.ask("7.7.168.192.in-addr.arpa", PTR).answer[0].target == "pc7.school.example"
    assert lab.ask("9.8.10.in-addr.arpa", PTR).rcode == NXDOMAIN


def test_forwarding_zones_are_judged(lab: Lab) -> None:
    lab.school.on("secret.school.example", [a(QNAME, "192.168.7.8")])
    assert lab.ask("secret.school.example", client=KID).addresses == ["0.0.0.0"]
    assert lab.ask("www2.school.example", client=OFF, edns=opt()).ede == [17]
    assert lab.ask("x.corp.test", client=BEDTIME, edns=opt()).ede == [17]
    lab.school.on("alias.school.example", [cname(QNAME, "gamble.example"), a("gamble.example", "192.0.2.66")])
    assert lab.ask("alias.school.example", client=KID, edns=opt()).ede == [17]


def test_the_neighbours_of_a_forwarding_zone_stay_local(lab: Lab) -> None:
    for name in ("other.test", "test", "local", "xprinters.local"):
        assert lab.ask(name).rcode == NXDOMAIN and not lab.school.asked(name)


def test_an_answer_of_one_server_is_not_used_for_the_other(lab: Lab) -> None:
    """A zone's server that says that a name above it does not exist speaks for its own zone alone."""
    lab.upstream.on("outside.example", [a(QNAME, "192.0.2.73")])
    lab.school.on("cross.school.example", [cname(QNAME, "outside.example"), a("outside.example", "192.0.2.66")])
    lab.ask("cross.school.example")
    assert lab.ask("outside.example").addresses == ["192.0.2.73"]


# ---- rows 11 and 12 ------------------------------------------------------------------------------------------------

PRIVATE4 = [
    "10.0.0.1",
    "10.255.255.255",
    "172.16.0.1",
    "172.31.9.9",
    "192.168.0.1",
    "169.254.1.1",
    "127.0.0.1",
    "127.9.9.9",
    "100.64.0.1",
    "0.0.0.1",
]
PRIVATE6 = [
    "::1",
    "fc00::1",
    "fd12::1",
    "fe80::1",
    "::ffff:192.168.1.1",
    "::ffff:10.0.0.1",
    "::ffff:127.0.0.1",
    "64:ff9b::10.0.0.1",
]
PUBLIC = [
    "172.15.0.1",
    "172.32.0.1",
    "192.169.0.1",
    "11.0.0.1",
    "100.63.0.1",
    "100.128.0.1",
    "8.8.8.8",
    "2001:db8::1",
    "2606:4700::1",
    "fb00::1",
    "64:ff9b::8.8.8.8",
]


@pytest.mark.parametrize("address", PRIVATE4 + PRIVATE6)
def test_a_private_address_blocks_the_answer(lab: Lab, address: str) -> None:
    """Row 11, whoever asks, on a miss and a hit; one among public ones is enough."""
    qtype = AAAA if ":" in address else A
    public = "2001:db8::2" if qtype == AAAA else "192.0.2.2"
    name = f"r{address.replace('.', '-').replace(':', '_')}.priv.example"
    lab.upstream.on(name, [a(QNAME, public), a(QNAME, address)])
    for client in (PLAIN, PLAIN, KID):
        got = lab.ask(name, qtype, client, edns=opt())
        assert got.addresses == [NULL[qtype]] and got.ede == [15]


@pytest.mark.parametrize("address", PUBLIC)
def test_public_addresses_pass(lab: Lab, address: str) -> None:
    qtype = AAAA if ":" in address else A
    name = f"r{address.replace('.', '-').replace(':', '_')}.pub.example"
    lab.upstream.on(name, [a(QNAME, address)])
    assert lab.ask(name, qtype).addresses == [ipaddress.ip_address(address).compressed]


@pytest.mark.parametrize("params", [[(4, bytes([192, 168, 1, 1]))], [(4, bytes([192, 0, 2, 1, 10, 0, 0, 1]))], [(6, bytes(15) + b"\1")],
                                    [(6, bytes(10) + b"\xff\xff" + bytes([10, 0, 0, 1]))]])  # fmt: skip
@pytest.mark.parametrize("qtype", [HTTPS, SVCB])
def test_private_hints_block_the_answer(lab: Lab, params: list[tuple[int, bytes]], qtype: int) -> None:
    name = f"h{params[0][0]}{len(params[0][1])}{qtype}.{params[0][1].hex()}.hint.example"
    lab.upstream.on(name, [svcb(QNAME, 1, ".", params, rtype=qtype)])
    for _ in range(2):
        got = lab.ask(name, qtype, edns=opt())
        assert got.is_nodata and got.ede == [15]


def test_a_private_address_behind_an_alias(lab: Lab) -> None:
    lab.upstream.on("alias.priv.example", [cname(QNAME, "t.priv2.example"), a("t.priv2.example", "10.1.1.1")])
    for _ in range(2):
        assert lab.ask("alias.priv.example", edns=opt()).ede == [15]
    assert lab.ask("alias.priv.example", CNAME, edns=opt()).ede in ([], [15])


@pytest.mark.parametrize("name", ["rebind.example", "nas.rebind.example"])
def test_exempt_names_may_be_private(lab: Lab, name: str) -> None:
    lab.upstream.on(name, [a(QNAME, "192.168.9.9")])
    for client in (PLAIN, KID, PLAIN):
        assert lab.ask(name, client=client).addresses == ["192.168.9.9"]


def test_no_allow_lifts_rebinding(lab: Lab) -> None:
    """DECISIONS 1: rows 11 and 12 judge the answer after every allow."""
    lab.upstream.on("p.allowed.example", [a(QNAME, "10.0.0.9")])
    assert lab.ask("p.allowed.example", client=KID, edns=opt()).ede == [15]
    lab.upstream.on("p.always.example", [a(QNAME, "10.0.0.9")])
    assert lab.ask("p.always.example", client=OFF, edns=opt()).ede == [15]


def test_private_addresses_in_other_sections_are_not_even_handed_on(lab: Lab) -> None:
    lab.upstream.on(
        "x.sections.example", lambda q: q.answer(a(QNAME, "192.0.2.74"), ar=[a("x.sections.example", "10.0.0.1")])
    )
    got = lab.ask("x.sections.example", edns=opt())
    assert got.addresses == ["192.0.2.74"] and not got.ede and not got.additional


@pytest.mark.parametrize("kind", ["A", "AAAA", "EDE 15", "EDE 16", "EDE 17", "NXDOMAIN", "REFUSED", "HTTPS"])
def test_what_the_upstream_filtered_is_blocked_in_our_shape(lab: Lab, kind: str) -> None:
    """Row 12, EDE 15 for all of them, the same on a miss and a hit."""
    code = int(kind[4:]) if kind.startswith("EDE") else 17
    edns = opt(options=b"\0\x0f\0\x02\0" + bytes([code]))
    name = f"{kind.replace(' ', '').lower()}.filtered.example"
    qtype = AAAA if kind == "AAAA" else HTTPS if kind == "HTTPS" else A

    def script(q):
        if kind in NULL_KINDS:
            return q.answer(a(QNAME, NULL_KINDS[kind]))
        if kind in ("NXDOMAIN", "REFUSED"):
            return q.answer(
                rcode=3 if kind == "NXDOMAIN" else 5,
                edns=edns,
                ns=[soa("filtered.example")] if kind == "NXDOMAIN" else [],
            )
        return q.answer(
            *([a(QNAME, "192.0.2.75")] if qtype == A else []),
            ns=[soa("filtered.example")] if qtype != A else [],
            edns=edns,
        )

    lab.upstream.on(name, script)
    for client in (PLAIN, KID, PLAIN):
        got = lab.ask(name, qtype, client, edns=opt())
        assert got.rcode == NOERROR and got.ede == [15], (client, got.packet)
        assert got.addresses == [NULL[qtype]] if qtype in NULL else got.is_nodata
        assert not lab.ask(name, qtype, client).edns


NULL_KINDS = {"A": "0.0.0.0", "AAAA": "::"}


@pytest.mark.parametrize("code", [0, 3, 4, 18, 22])
def test_other_extended_errors_do_not_block(lab: Lab, code: int) -> None:
    name = f"e{code}.passes.example"
    lab.upstream.on(
        name, lambda q: q.answer(a(QNAME, "192.0.2.76"), edns=opt(options=b"\0\x0f\0\x02\0" + bytes([code])))
    )
    for _ in range(2):
        got = lab.ask(name, edns=opt())
        assert got.addresses == ["192.0.2.76"] and got.ede in ([], [code])


# ---- safe search ---------------------------------------------------------------------------------------------------

ENGINES = {
    "www.google.com": "forcesafesearch.google.com", "www.google.com.vn": "forcesafesearch.google.com",
    "WWW.GOOGLE.DE": "forcesafesearch.google.com", "www.bing.com": "strict.bing.com", "duckduckgo.com": "safe.duckduckgo.com",
    "www.youtube.com": "restrict.youtube.com", "m.youtube.com": "restrict.youtube.com",
}  # fmt: skip


@pytest.fixture
def safe_hosts(lab: Lab) -> None:
    for host in set(ENGINES.values()):
        lab.upstream.on(
            host,
            lambda q: q.answer(
                *(
                    {A: [a(q.message.qname, "192.0.2.80", 120)], AAAA: [a(q.message.qname, "2001:db8::80", 120)]}.get(
                        q.qtype, []
                    )
                ),
                ns=[] if q.qtype in (A, AAAA) else [soa("example")],
            ),
        )


@pytest.mark.usefixtures("safe_hosts")
@pytest.mark.parametrize("name", ENGINES)
@pytest.mark.parametrize(("qtype", "address"), [(A, "192.0.2.80"), (AAAA, "2001:db8::80")])
def test_search_engines_lead_to_their_safe_host(lab: Lab, name: str, qtype: int, address: str) -> None:
    for tcp in (False, False, True):
        got = lab.ask(name, qtype, SAFE, edns=opt(), tcp=tcp)
        assert got.types == [CNAME, qtype] and got.addresses == [address] and not got.ede and not got.ad
        assert got.answer[0].owner == name and got.answer[0].target == ENGINES[name] == got.answer[1].owner.lower()
    assert not lab.upstream.asked(name)


@pytest.mark.usefixtures("safe_hosts")
@pytest.mark.parametrize("qtype", [HTTPS, SVCB])
def test_service_bindings_of_an_engine_get_the_alias_alone(lab: Lab, qtype: int) -> None:
    lab.upstream.on("www.google.com", lambda q: q.answer(svcb(QNAME, 1, ".", [(4, bytes([192, 0, 2, 66]))])))
    for _ in range(2):
        got = lab.ask("www.google.com", qtype, SAFE)
        assert got.rcode == NOERROR and got.types == [CNAME] and got.answer[0].target == "forcesafesearch.google.com"
        assert bytes([192, 0, 2, 66]) not in got.packet


@pytest.mark.usefixtures("safe_hosts")
def test_other_types_and_other_clients_see_the_engine_itself(lab: Lab) -> None:
    lab.upstream.on(
        "www.bing.com", lambda q: q.answer(rr(QNAME, TXT, b"\1x") if q.qtype == TXT else a(QNAME, "192.0.2.81"))
    )
    assert lab.ask("www.bing.com", TXT, SAFE).types == [TXT]
    assert lab.ask("www.bing.com", client=PLAIN).addresses == ["192.0.2.81"]


@pytest.mark.parametrize("name", ["www.ecosia.org", "yandex.com"])
@pytest.mark.parametrize("qtype", [A, AAAA])
@pytest.mark.parametrize("rcode", [SERVFAIL, NXDOMAIN])
def test_a_safe_host_that_does_not_resolve_gives_no_original(lab: Lab, name: str, qtype: int, rcode: int) -> None:
    for host in ("strict-safe-search.ecosia.org", "familysearch.yandex.ru"):
        lab.upstream.on(
            host,
            lambda q: q.answer(
                rcode=rcode, ns=[soa("org" if "org" in host else "ru", 0, 0)] if rcode == NXDOMAIN else []
            ),
        )
    lab.upstream.on(name, lambda q: q.answer(a(QNAME, "192.0.2.66" if q.qtype == A else "2001:db8::66")))
    got = lab.ask(name, qtype, SAFE)
    assert not {"192.0.2.66", "2001:db8::66"} & set(got.addresses)
    assert not lab.upstream.asked(name)
    assert got.rcode == SERVFAIL or got.types[:1] == [CNAME]


# ---- time ----------------------------------------------------------------------------------------------------------


def test_a_change_of_rules_bites_at_the_next_question(lab: Lab) -> None:
    """DECISIONS 3: nothing is flushed, nothing is forgotten: import while it runs."""
    from tests.flow.protocol_stub import HOUSEHOLD, filterd

    lab.upstream.on("www.change.example", [a(QNAME, "192.0.2.82", 300)])
    service = start(lab.state, [lab.upstream.url])
    try:
        server = service.bound[0]
        ask = lambda: Message(exchange(server, query("www.change.example"), KID) or b"").addresses  # noqa: E731
        assert ask() == ask() == ["192.0.2.82"]
        text = HOUSEHOLD.format(school=lab.school.url)
        path = service.state.parent / "new.yaml"
        path.write_text(text.replace("block: [blocked.example", "block: [www.change.example"))
        filterd("policy", "import", str(path), state=service.state, run=service.run)
        assert ask() == ["0.0.0.0"]
        path.write_text(text)
        filterd("policy", "import", str(path), state=service.state, run=service.run)
        began = time.monotonic()
        assert ask() == ["192.0.2.82"]
        assert time.monotonic() - began < 1
        assert len(lab.upstream.asked("www.change.example")) == 1
    finally:
        service.end()
