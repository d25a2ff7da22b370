"""What becomes of an upstream's answer: caching, absence, chains of aliases, records that nobody asked for."""

from __future__ import annotations

import itertools
import threading
import time
from struct import pack

import pytest

from tests.flow.protocol_stub import (
    AAAA,
    CNAME,
    DNAME,
    HTTPS,
    KID,
    MX,
    NOERROR,
    NS,
    NSEC,
    NXDOMAIN,
    PLAIN,
    QNAME,
    RRSIG,
    SERVFAIL,
    SOA,
    SRV,
    SVCB,
    TXT,
    A,
    Asked,
    Lab,
    a,
    cname,
    lab,
    opt,
    rr,
    soa,
    svcb,
    wire,
)

__all__ = ["lab"]


# ---- positive answers ----------------------------------------------------------------------------------------------


def test_the_second_question_asks_nobody(lab: Lab) -> None:
    lab.upstream.on("www.hit.example", [a(QNAME, "192.0.2.30", 300), a(QNAME, "192.0.2.31", 300)])
    assert lab.ask("www.hit.example").addresses == ["192.0.2.30", "192.0.2.31"]
    for name in ("www.hit.example", "WWW.hit.example"):
        assert sorted(lab.ask(name).addresses) == ["192.0.2.30", "192.0.2.31"]
    assert sorted(lab.ask("www.hit.example", client=KID).addresses) == ["192.0.2.30", "192.0.2.31"]
    assert len(lab.upstream.asked("www.hit.example")) == 1


def test_ttls_count_down(lab: Lab) -> None:
    lab.upstream.on("www.down.example", [a(QNAME, "192.0.2.32", 100)])
    assert lab.ask("www.down.example").ttls == [100]
    time.sleep(1.1)
    assert lab.ask("www.down.example").ttls == [99]
    assert lab.ask("www.down.example", tcp=True).ttls == [99]


def test_an_answer_lives_no_longer_than_its_ttl(lab: Lab) -> None:
    lab.upstream.on("www.short.example", [a(QNAME, "192.0.2.33", 1)])
    lab.ask("www.short.example")
    lab.ask("www.short.example")
    time.sleep(1.15)
    assert lab.ask("www.short.example").ttls == [1]
    assert len(lab.upstream.asked("www.short.example")) >= 2


def test_ttl_0_is_shown_and_not_kept(lab: Lab) -> None:
    """RFC 1035 3.2.1: for the transaction in progress."""
    lab.upstream.on("www.zero.example", [a(QNAME, "192.0.2.34", 0)])
    for client in (PLAIN, KID, PLAIN):
        assert lab.ask("www.zero.example", client=client).ttls == [0]
    assert len(lab.upstream.asked("www.zero.example")) == 3


@pytest.mark.parametrize("ttl", [0x80000000, 0xFFFFFFFF])
def test_ttls_with_the_top_bit_are_0(lab: Lab, ttl: int) -> None:
    """RFC 2181 8."""
    name = f"t{ttl}.top.example"
    lab.upstream.on(name, [a(QNAME, "192.0.2.35", ttl)])
    assert lab.ask(name).ttls == [0]


def test_huge_ttls_are_capped_not_refused(lab: Lab) -> None:
    lab.upstream.on("www.huge.example", [a(QNAME, "192.0.2.36", 0x7FFFFFFF)])
    (ttl,) = lab.ask("www.huge.example").ttls
    assert 3600 <= ttl <= 604_800  # RFC 8767 4 suggests at most a week
    lab.ask("www.huge.example")
    assert len(lab.upstream.asked("www.huge.example")) == 1


@pytest.mark.parametrize(("ttl", "shown"), [(300, 60), (61, 60), (60, 60), (59, 59), (10, 10), (1, 1), (0, 0)])
def test_a_switchable_profiles_ttls_are_capped(lab: Lab, ttl: int, shown: int) -> None:
    """DECISIONS 3: at most 60 s, a lower one stays; others see the original."""
    name = f"t{ttl}.cap.example"
    lab.upstream.on(name, [a(QNAME, "192.0.2.37", ttl)])
    assert lab.ask(name, client=KID).ttls == [shown]
    assert lab.ask(name, client=PLAIN).ttls == [ttl]
    assert lab.ask(name, client=KID, tcp=True).ttls == [shown]


def test_negative_answers_are_capped_too(lab: Lab) -> None:
    lab.upstream.on("no.cap.example", lambda q: q.answer(ns=[soa("cap.example", 900, 900)], rcode=NXDOMAIN))
    assert lab.ask("no.cap.example", client=KID).negative_ttl == 60
    assert lab.ask("no.cap.example", client=KID).authority[0].ttl <= 60
    assert lab.ask("no.cap.example", client=PLAIN).negative_ttl == 900


def test_types_and_names_are_cached_apart(lab: Lab) -> None:
    lab.upstream.on("www.apart.example", lambda q: q.answer(a(QNAME, "192.0.2.38" if q.qtype == A else "2001:db8::38")))
    assert lab.ask("www.apart.example").addresses == ["192.0.2.38"]
    assert lab.ask("www.apart.example", AAAA).addresses == ["2001:db8::38"]
    assert len(lab.upstream.asked("www.apart.example")) == 2


def test_fifty_at_once_are_one_question_upstream(lab: Lab) -> None:
    lab.upstream.on("www.once.example", lambda q: q.later(0.2, q.answer(a(QNAME, "192.0.2.39"))))
    got: list[list[str]] = []
    clients = [PLAIN, KID, "127.0.0.88"]
    threads = [
        threading.Thread(
            target=lambda i=i: got.append(lab.ask("www.once.example", client=clients[i % 3], tcp=i % 5 == 0).addresses)
        )
        for i in range(50)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert got == [["192.0.2.39"]] * 50
    assert len(lab.upstream.asked("www.once.example")) == 1


def test_a_popular_name_is_fetched_before_it_ends(lab: Lab) -> None:
    """Prefetch: asked in the last tenth of its life it is answered from the cache and asked for anew."""
    lab.upstream.on("www.popular.example", [a(QNAME, "192.0.2.40", 3)])
    for _ in range(4):
        lab.ask("www.popular.example")
    time.sleep(2.8)
    lab.ask("www.popular.example")
    time.sleep(0.4)
    assert lab.ask("www.popular.example").ttls[0] >= 2
    assert len(lab.upstream.asked("www.popular.example")) == 2


# ---- absence -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("ttl", "minimum", "shown"), [(300, 60, 60), (30, 600, 30), (0, 600, 0), (600, 0, 0), (86400, 86400, 10800)]
)
@pytest.mark.parametrize("rcode", [NXDOMAIN, NOERROR])
def test_absence_is_kept_for_the_lower_of_ttl_and_minimum(
    lab: Lab, ttl: int, minimum: int, shown: int, rcode: int
) -> None:
    """RFC 2308 3, 5: min(SOA TTL, MINIMUM), at most three hours; the TTL shown is that and counts down."""
    name = f"n{rcode}-{ttl}-{minimum}.absent.example"
    lab.upstream.on(name, lambda q: q.answer(ns=[soa("absent.example", ttl, minimum)], rcode=rcode))
    first = lab.ask(name)
    assert first.rcode == rcode and not first.answer
    assert first.authority[0].owner == "absent.example" and first.negative_ttl == shown
    second = lab.ask(name)
    assert second.rcode == rcode and second.negative_ttl in (shown, shown - 1)
    assert len(lab.upstream.asked(name)) == (1 if shown else 2)


def test_nxdomain_is_for_all_types_nodata_for_one(lab: Lab) -> None:
    """RFC 2308 5."""
    lab.upstream.on("nx.types2.example", lambda q: q.answer(ns=[soa("types2.example")], rcode=NXDOMAIN))
    lab.upstream.on("nd.types2.example", lambda q: q.answer(ns=[soa("types2.example")]))
    for qtype in (A, AAAA, MX, TXT):
        assert lab.ask("nx.types2.example", qtype).rcode == NXDOMAIN
        assert lab.ask("nd.types2.example", qtype).is_nodata
    assert len(lab.upstream.asked("nx.types2.example")) == 1
    assert len(lab.upstream.asked("nd.types2.example")) == 4


def test_below_a_name_that_does_not_exist_is_nothing(lab: Lab) -> None:
    """RFC 8020 2."""
    lab.upstream.on("gone.cut.example", lambda q: q.answer(ns=[soa("cut.example")], rcode=NXDOMAIN))
    lab.upstream.on("a.b.gone.cut.example", [a(QNAME, "192.0.2.41")])
    lab.upstream.on("notgone.cut.example", [a(QNAME, "192.0.2.42")])
    lab.ask("gone.cut.example")
    got = lab.ask("a.b.gone.cut.example")
    assert got.rcode == NXDOMAIN and got.authority[0].owner == "cut.example"
    assert lab.ask("notgone.cut.example").addresses == ["192.0.2.42"]
    assert not lab.upstream.asked("a.b.gone.cut.example")


def test_nodata_does_not_reach_below(lab: Lab) -> None:
    """An empty non-terminal is no absence of what is below it."""
    lab.upstream.on("ent.cut.example", lambda q: q.answer(ns=[soa("cut.example")]))
    lab.upstream.on("x.ent.cut.example", [a(QNAME, "192.0.2.43")])
    lab.ask("ent.cut.example")
    assert lab.ask("x.ent.cut.example").addresses == ["192.0.2.43"]


@pytest.mark.parametrize("rcode", [NXDOMAIN, NOERROR])
def test_absence_without_soa_is_passed_and_not_kept(lab: Lab, rcode: int) -> None:
    """RFC 2308 5."""
    name = f"r{rcode}.nosoa.example"
    lab.upstream.on(name, lambda q: q.answer(rcode=rcode))
    for _ in range(2):
        got = lab.ask(name)
        assert got.rcode == rcode and not got.answer
    assert len(lab.upstream.asked(name)) == 2


def test_the_soa_of_another_zone_says_nothing(lab: Lab) -> None:
    """Out of bailiwick: it is not shown and does not make the absence last."""
    lab.upstream.on("x.foreign.example", lambda q: q.answer(ns=[soa("attacker.test", 9999, 9999)], rcode=NXDOMAIN))
    for _ in range(2):
        assert "attacker.test" not in [r.owner for r in lab.ask("x.foreign.example").authority]
    assert len(lab.upstream.asked("x.foreign.example")) == 2


def test_proofs_are_for_who_asked_for_them(lab: Lab) -> None:
    signature = pack(">HBBIIIH", SOA, 8, 1, 300, 2_000_000_000, 1_700_000_000, 1) + wire("proof.example") + bytes(64)
    nsec = wire("z.proof.example") + b"\0\1\x40"
    ns = [soa("proof.example"), rr("proof.example", RRSIG, signature), rr("a.proof.example", NSEC, nsec)]
    lab.upstream.on("b.proof.example", lambda q: q.answer(ns=ns, rcode=NXDOMAIN, edns=opt(do=q.message.do)))
    for _ in range(2):
        assert [r.rtype for r in lab.ask("b.proof.example", edns=opt(do=True)).authority] == [SOA, RRSIG, NSEC]
        assert [r.rtype for r in lab.ask("b.proof.example").authority] == [SOA]


def test_a_referral_is_no_answer(lab: Lab) -> None:
    """NS in the authority section with an empty answer: NODATA at most, never kept, never handed on as a delegation."""
    lab.upstream.on(
        "www.referral.example",
        lambda q: q.answer(
            ns=[rr("referral.example", NS, wire("ns.evil.example"))], ar=[a("ns.evil.example", "192.0.2.66")]
        ),
    )
    for _ in range(2):
        got = lab.ask("www.referral.example")
        assert not got.answer and not got.authority and not got.additional
    assert len(lab.upstream.asked("www.referral.example")) >= 2


# ---- chains --------------------------------------------------------------------------------------------------------


def chain(first: str, links: int, zone: str) -> list[bytes]:
    """`links` aliases from `first`, then an address."""
    names = [first, *(f"c{i}.{zone}" for i in range(links))]
    return [cname(x, y) for x, y in itertools.pairwise(names)] + [a(names[-1], "192.0.2.50")]


@pytest.mark.parametrize("links", [1, 2, 8, 10])
@pytest.mark.parametrize("order", ["in order", "reversed", "address first"])
def test_chains_in_any_order(lab: Lab, links: int, order: str) -> None:
    """RFC 1034 3.6.2, 4.3.2; also those that an upstream sent out of order."""
    name = f"w{links}{order[0]}.chain.example"
    records = chain(name, links, "chain.example")
    if order == "reversed":
        records.reverse()
    elif order == "address first":
        records.insert(0, records.pop())
    lab.upstream.on(name, records)
    for _ in range(2):
        got = lab.ask(name, edns=opt(4096))
        assert got.types == [CNAME] * links + [A], "a client that walks the answer once must get there"
        owner = name
        for record in got.answer:
            assert record.owner == owner
            owner = record.target if record.rtype == CNAME else owner
    assert len(lab.upstream.asked(name)) == 1


@pytest.mark.parametrize("links", [17, 20, 40])
def test_long_chains_are_whole_or_fail(lab: Lab, links: int) -> None:
    """A cut chain with NOERROR says that the name has no address, which is untrue."""
    name = f"l{links}.chain.example"
    lab.upstream.on(name, chain(name, links, f"l{links}-.chain.example"))
    got = lab.ask(name, tcp=True)
    assert got.rcode == SERVFAIL or got.types == [CNAME] * links + [A]


@pytest.mark.parametrize("links", [1, 2, 5])
def test_loops_are_errors(lab: Lab, links: int) -> None:
    """RFC 1034 3.6.2: loops are signalled as an error."""
    name = f"err{links}.chain.example"
    names = [name, *(f"{i}.{name}" for i in range(links - 1)), name]
    lab.upstream.on(name, [cname(x, y) for x, y in itertools.pairwise(names)])
    assert lab.ask(name).rcode == SERVFAIL


@pytest.mark.parametrize("qtype", [A, TXT])
def test_all_records_of_a_set_have_one_ttl(lab: Lab, qtype: int) -> None:
    """RFC 2181 5.2: "in no case may a server send an RRSet with TTLs not all equal"; the lowest counts."""
    name = f"t{qtype}.even.example"
    lab.upstream.on(name, [rr(QNAME, qtype, bytes([3]) + b"abc"[:3], 100), rr(QNAME, qtype, bytes([3]) + b"xyz", 300)])
    assert lab.ask(name, qtype).ttls == [100, 100]


def test_a_record_sent_twice_loses_none(lab: Lab) -> None:
    """RFC 2181 5 would have duplicates suppressed ("should"); passed as they came they do no harm, as in dnsmasq."""
    lab.upstream.on("twice.even.example", [a(QNAME, "192.0.2.44"), a(QNAME, "192.0.2.44"), a(QNAME, "192.0.2.45")])
    for _ in range(2):
        assert set(lab.ask("twice.even.example").addresses) == {"192.0.2.44", "192.0.2.45"}


@pytest.mark.parametrize("links", [1, 2, 5])
def test_loops_end(lab: Lab, links: int) -> None:
    name = f"loop{links}.chain.example"
    names = [name, *(f"{i}.{name}" for i in range(links - 1)), name]
    lab.upstream.on(name, [cname(x, y) for x, y in itertools.pairwise(names)])
    began = time.monotonic()
    got = lab.ask(name)
    assert got.rcode in (SERVFAIL, NOERROR) and A not in got.types
    assert time.monotonic() - began < 1


def test_an_alias_without_its_end(lab: Lab) -> None:
    """CNAME and NODATA: RFC 2308 2.2; the SOA is of the target's zone."""
    lab.upstream.on(
        "alias.half.example", lambda q: q.answer(cname(QNAME, "t.other.example"), ns=[soa("other.example", 50, 40)])
    )
    for _ in range(2):
        got = lab.ask("alias.half.example")
        assert got.rcode == NOERROR and got.types == [CNAME] and got.negative_ttl in (39, 40)
    assert len(lab.upstream.asked("alias.half.example")) == 1


def test_an_alias_to_nothing(lab: Lab) -> None:
    """CNAME and NXDOMAIN: RFC 2308 2.1, RFC 6604; it is the target that does not exist, not the alias."""
    lab.upstream.on(
        "alias.dead.example",
        lambda q: q.answer(
            *([cname(QNAME, "t.dead.example")] if q.qtype != MX else []),
            ns=[soa("dead.example")],
            rcode=NXDOMAIN if q.qtype != MX else 0,
        ),
    )
    lab.upstream.on("below.alias.dead.example", [a(QNAME, "192.0.2.51")])
    for _ in range(2):
        got = lab.ask("alias.dead.example")
        assert got.rcode == NXDOMAIN and got.types == [CNAME] and [r.rtype for r in got.authority] == [SOA]
    assert lab.ask("alias.dead.example", MX).rcode == NOERROR
    assert lab.ask("below.alias.dead.example").addresses == ["192.0.2.51"]


def test_a_question_for_the_alias_itself(lab: Lab) -> None:
    lab.upstream.on("alias.self.example", [cname(QNAME, "t.self.example")])
    for _ in range(2):
        got = lab.ask("alias.self.example", CNAME)
        assert got.types == [CNAME] and got.answer[0].target == "t.self.example"


def test_dname_with_its_alias(lab: Lab) -> None:
    """RFC 6672 3.1: DNAME, the CNAME it makes, the address."""
    name = "www.old.dn.example"
    lab.upstream.on(
        name,
        [
            rr("old.dn.example", DNAME, wire("new.dn.example")),
            cname(name, "www.new.dn.example"),
            a("www.new.dn.example", "192.0.2.52"),
        ],
    )
    for _ in range(2):
        got = lab.ask(name)
        assert got.types == [DNAME, CNAME, A]
        assert got.answer[0].owner == "old.dn.example" and got.addresses == ["192.0.2.52"]


def test_the_lowest_ttl_ends_the_whole_chain(lab: Lab) -> None:
    lab.upstream.on(
        "ttl.chain.example", [cname(QNAME, "ttl2.chain.example", 1), a("ttl2.chain.example", "192.0.2.53", 300)]
    )
    lab.ask("ttl.chain.example")
    time.sleep(1.15)
    assert lab.ask("ttl.chain.example").ttls == [1, 300]


def test_mx_and_srv_and_their_data(lab: Lab) -> None:
    lab.upstream.on(
        "data.example",
        lambda q: q.answer(
            rr(QNAME, MX, b"\0\x0a" + b"\x04mail" + QNAME)
            if q.qtype == MX
            else rr(QNAME, SRV, b"\0\1\0\2\x13\xc4" + wire("sip.data.example"))
        ),
    )
    for _ in range(2):
        assert lab.ask("data.example", MX).answer[0].rdata == b"\0\x0a" + wire("mail.data.example")
        assert lab.ask("data.example", SRV).answer[0].rdata == b"\0\1\0\2\x13\xc4" + wire("sip.data.example")


@pytest.mark.parametrize("rtype", [HTTPS, SVCB])
def test_service_bindings_arrive_as_they_are(lab: Lab, rtype: int) -> None:
    """RFC 9460: alpn, port, hints, ech, an unknown key; alias mode; several; the target is not compressed."""
    params = [
        (1, b"\x02h2\x02h3"),
        (3, b"\x20\xfb"),
        (4, bytes([192, 0, 2, 60])),
        (5, b"ech"),
        (6, bytes.fromhex("20010db8") + bytes(12)),
        (65280, b"?"),
    ]
    name = f"s{rtype}.svc.example"
    records = [
        svcb(QNAME, 1, ".", params, rtype=rtype),
        svcb(QNAME, 2, "alt.svc.example", [(1, b"\x02h3")], rtype=rtype),
    ]
    lab.upstream.on(name, records)
    lab.upstream.on("alias" + name, [svcb(QNAME, 0, "target.svc.example", rtype=rtype)])
    for _ in range(2):
        got = lab.ask(name, rtype)
        assert sorted(r.rdata for r in got.answer) == sorted(record[12:] for record in records)
        assert lab.ask("alias" + name, rtype).answer[0].rdata == b"\0\0" + wire("target.svc.example")


# ---- what nobody asked for -----------------------------------------------------------------------------------------


def test_extra_records_reach_nobody_and_answer_nothing(lab: Lab) -> None:
    """RFC 2181 5.4.1, RFC 5452: a poisoned answer, authority and additional section."""
    lab.upstream.on("www.poison.example", lambda q: q.answer(
        a(QNAME, "192.0.2.61"), a("bank.poisoned.example", "192.0.2.66"), cname("other.poison.example", "evil.example"),
        ns=[rr("poisoned.example", NS, wire("ns.evil.example")), rr("poison.example", NS, wire("ns.evil.example"))],
        ar=[a("bank2.poisoned.example", "192.0.2.66"), a("ns.evil.example", "192.0.2.66")],
    ))  # fmt: skip
    for _ in range(2):
        got = lab.ask("www.poison.example")
        assert [(r.owner, r.rtype) for r in got.answer] == [("www.poison.example", A)]
        assert not got.authority and not got.additional
    for name in ("bank.poisoned.example", "bank2.poisoned.example", "other.poison.example"):
        assert lab.ask(name).rcode == NXDOMAIN  # asked for, not taken from above
        assert lab.upstream.asked(name)


def test_other_types_of_the_name_are_left_out(lab: Lab) -> None:
    lab.upstream.on("www.mixed.example", [a(QNAME, "192.0.2.62"), rr(QNAME, TXT, b"\1x"), a(QNAME, "2001:db8::62")])
    assert lab.ask("www.mixed.example").types == [A]
    lab.upstream.on("www.mixed.example", [a(QNAME, "2001:db8::63")])
    assert lab.ask("www.mixed.example", AAAA).addresses == ["2001:db8::63"]


def test_only_records_that_nobody_asked_for(lab: Lab) -> None:
    lab.upstream.on("www.wrong.example", [a("elsewhere.wrong.example", "192.0.2.66")])
    for _ in range(2):
        got = lab.ask("www.wrong.example")
        assert not got.answer


def test_records_of_another_class_are_left_out(lab: Lab) -> None:
    lab.upstream.on("www.class.example", [rr(QNAME, A, bytes([192, 0, 2, 66]), rclass=3), a(QNAME, "192.0.2.63")])
    assert lab.ask("www.class.example").addresses == ["192.0.2.63"]


def test_a_chain_takes_no_branch(lab: Lab) -> None:
    """Two CNAMEs at a name are against RFC 2181 10.1; one is followed, and nothing of the other is shown."""
    lab.upstream.on(
        "two.branch.example",
        [
            cname(QNAME, "x.branch.example"),
            cname(QNAME, "y.branch.example"),
            a("x.branch.example", "192.0.2.64"),
            a("y.branch.example", "192.0.2.65"),
        ],
    )
    got = lab.ask("two.branch.example")
    assert got.rcode == SERVFAIL or got.types == [CNAME, A]


def test_an_upstreams_options_reach_no_client(lab: Lab) -> None:
    """RFC 6891 6.2.1: OPT is hop by hop. NSID, cookie, padding, keepalive stay between us and the upstream."""
    lab.upstream.on(
        "www.hop.example",
        lambda q: q.answer(
            a(QNAME, "192.0.2.67"),
            edns=opt(4096, options=b"\0\x0a\0\x10" + bytes(16) + b"\0\x03\0\x02ns" + b"\0\x0c\0\x04" + bytes(4)),
        ),
    )
    for _ in range(2):
        got = lab.ask("www.hop.example", edns=opt())
        assert got.addresses == ["192.0.2.67"] and not got.options and got.udp_size == 1232


def test_an_upstreams_extended_error_is_shown_to_who_can_read_it(lab: Lab) -> None:
    """RFC 8914 3: e.g. 6 DNSSEC bogus with SERVFAIL."""
    lab.upstream.on(
        "bogus.hop.example", lambda q: q.answer(rcode=SERVFAIL, edns=opt(options=b"\0\x0f\0\x07\0\x06bogus"))
    )
    got = lab.ask("bogus.hop.example", edns=opt())
    assert got.rcode == SERVFAIL and 6 in got.ede
    assert lab.ask("bogus.hop.example").rcode == SERVFAIL


def test_an_asked_question_that_fails_is_not_asked_again_at_once(lab: Lab) -> None:
    """RFC 9520 3.2, RFC 2308 7: resolution failures are remembered for a second or more, at most 5 minutes."""
    lab.upstream.on("fail.hop.example", lambda q: q.answer(rcode=SERVFAIL))
    for _ in range(5):
        assert lab.ask("fail.hop.example").rcode == SERVFAIL
    assert len(lab.upstream.asked("fail.hop.example")) <= 2


def test_the_question_that_came_back_is_not_in_the_client_case(lab: Lab) -> None:
    """A cached answer is shown under each asker's own letters (RFC 4343, draft-vixie-dnsext-dns0x20)."""

    def script(asked: Asked):
        return asked.answer(
            cname(wire(asked.message.qname), "Target.CASE2.example"), a("Target.CASE2.example", "192.0.2.68")
        )

    lab.upstream.on("www.case2.example", script)
    for name in ("www.case2.example", "WWW.CASE2.EXAMPLE", "wWw.cAsE2.eXaMpLe"):
        got = lab.ask(name)
        assert got.qname == name and got.addresses == ["192.0.2.68"]
        assert got.answer[0].owner.lower() == name.lower()
        assert got.answer[0].target.lower() == "target.case2.example" == got.answer[1].owner.lower()


@pytest.mark.parametrize("name", ["Y.Soa1.Example", "y.soa2.example"])
@pytest.mark.parametrize("rcode", [NXDOMAIN, NOERROR])
def test_the_zone_of_an_absence_is_not_in_our_mixed_letters(lab: Lab, name: str, rcode: int) -> None:
    """Servers point back into the question, whose letters were ours: the client gets its own or lower case."""
    name = f"{rcode}{name}"

    def script(asked: Asked):
        return asked.answer(ns=[soa(pack(">H", 0xC000 | 12 + 1 + asked.message.qname.index(".")))], rcode=rcode)

    lab.upstream.on(name, script)
    zone = name.partition(".")[2]
    for _ in range(2):
        assert lab.ask(name, MX).authority[0].owner in (zone, zone.lower())
