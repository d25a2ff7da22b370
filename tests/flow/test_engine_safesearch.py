"""Safe search: an alias to the safe host and its records, never the original's."""

from __future__ import annotations

from dataclasses import replace

import pytest

from filterd.model.household import Grant, Names, Scope
from filterd.wire.name import to_wire
from tests.playbook import (
    ADULT,
    HOUSEHOLD,
    KID_PROFILE,
    SAFE_ADDRESS,
    SAFE_HOST,
    WALL,
    Answer,
    Asked,
    Logged,
    Nothing,
    Playbook,
    Query,
    Reply,
    Wait,
    rr,
    soa,
    world,
)

GOOGLE, BING = "www.google.com", "www.bing.com"
NXDOMAIN, SERVFAIL = 3, 2


@pytest.fixture
def book() -> Playbook:
    return Playbook(world(lists={"adult": ["bad.example"]}, mandatory={"abuse": ["worst.example"]}))


@pytest.mark.parametrize("tcp", [False, True])
@pytest.mark.parametrize(("qtype", "field", "data"), [("A", "a", SAFE_ADDRESS), ("AAAA", "aaaa", "2001:db8::120")])
def test_search_engine_leads_to_its_safe_host(book: Playbook, qtype: str, field: str, data: str, tcp: bool) -> None:
    book >> Query(GOOGLE, qtype, tcp=tcp) << Asked(SAFE_HOST, qtype) << Nothing()
    wanted = {field: [data], "cname": [SAFE_HOST], "count": 2, "ttl": 60}
    book >> Answer(f"{SAFE_HOST} 300 {qtype} {data}") << Reply(**wanted) << Logged("rewrite", "default", GOOGLE)
    for _ in range(3):
        book >> Query("WWW.google.com", qtype, tcp=tcp) << Reply(**wanted) << Nothing() << Logged("rewrite")
    book >> Query(SAFE_HOST, qtype, tcp=tcp) << Reply(**{field: [data]}, count=1) << Nothing()
    book >> Wait(250)
    book >> Query(GOOGLE, qtype, tcp=tcp) << Reply(cname=[SAFE_HOST])
    assert book.last is not None
    assert [record.ttl for record in book.last.rr] == [60, 50]
    book >> Wait(60)
    book >> Query(GOOGLE, qtype, tcp=tcp) << Asked(SAFE_HOST) >> Wait(2) << Reply(**{**wanted, "ttl": 30})


@pytest.mark.parametrize("qtype", ["HTTPS", "SVCB"])
def test_hints_of_the_original_are_never_seen(book: Playbook, qtype: str) -> None:
    book >> Query(GOOGLE, qtype) << Asked(SAFE_HOST, qtype)
    book >> Answer(authority=[soa("google.com")]) << Reply(cname=[SAFE_HOST], count=1, soa_ttl=60)
    book >> Query(GOOGLE, qtype) << Reply(cname=[SAFE_HOST], count=1, soa_ttl=60) << Nothing()


def test_other_types_are_left_alone(book: Playbook) -> None:
    book.resolve(GOOGLE, f"{GOOGLE} 300 TXT hello", qtype="TXT") << Reply(count=1, cname=[])


@pytest.mark.parametrize("rcode", [0, NXDOMAIN, SERVFAIL])
def test_safe_host_that_does_not_resolve_has_a_published_address(book: Playbook, rcode: int) -> None:
    book >> Query(GOOGLE) << Asked(SAFE_HOST)
    authority = [soa("google.com")] if rcode != SERVFAIL else []
    book >> Answer(rcode=rcode, authority=authority)
    if rcode == SERVFAIL:
        book << Asked(SAFE_HOST, upstream=1) >> Answer(rcode=rcode)
    book << Reply(a=[SAFE_ADDRESS], cname=[SAFE_HOST], count=2, ttl=60) << Nothing()
    book >> Query(GOOGLE) << Reply(a=[SAFE_ADDRESS], count=2) << Nothing()
    book >> Query(GOOGLE, "AAAA") << Asked(SAFE_HOST, "AAAA") if rcode != NXDOMAIN else book >> Query(GOOGLE, "AAAA")
    if rcode == NXDOMAIN:
        book << Reply(NXDOMAIN, cname=[SAFE_HOST], count=1)


def test_safe_host_without_published_address(book: Playbook) -> None:
    book >> Query(BING) << Asked("strict.bing.com") >> Answer(rcode=NXDOMAIN, authority=[soa("bing.com")])
    book << Reply(NXDOMAIN, cname=["strict.bing.com"], count=1, soa_ttl=60)


def test_dead_upstream_and_the_published_address(book: Playbook) -> None:
    book >> Query(GOOGLE) >> Wait(4.6)
    book << Reply(a=[SAFE_ADDRESS], cname=[SAFE_HOST])


def test_alias_is_no_target_but_what_follows_it_is_judged(book: Playbook) -> None:
    home = replace(
        HOUSEHOLD, profiles=(replace(KID_PROFILE, names=Names(block=(to_wire(SAFE_HOST),))), HOUSEHOLD.profiles[1])
    )  # fmt: skip
    other = Playbook(world(home, lists={"adult": ["bad.example"]}))
    other >> Query(GOOGLE) << Asked(SAFE_HOST) >> Answer(f"{SAFE_HOST} 300 A {SAFE_ADDRESS}")
    other << Reply(a=[SAFE_ADDRESS], count=2)
    other >> Query(BING) << Asked("strict.bing.com")
    other >> Answer("strict.bing.com 300 CNAME bad.example", "bad.example 300 A 192.0.2.1") << Reply(a=["0.0.0.0"])
    other << Logged("rewrite") << Logged("block", "category", BING, matched="bad.example")
    other >> Query(BING, "AAAA") << Asked("strict.bing.com")
    other >> Answer("strict.bing.com 300 AAAA fd00::1") << Reply(aaaa=["::"]) << Logged("block", "rebind")


def test_compressed_answers_of_the_safe_host_are_unfolded(book: Playbook) -> None:
    book >> Query(BING) << Asked("strict.bing.com")
    asked = book.asked[-1].packet
    end = 12 + len("strict.bing.com") + 2 + 4
    alias = b"\xc0\x0c\0\5\0\1\0\0\1\0\0\7\4edge\xc0\x13"  # strict.bing.com CNAME edge.bing.com
    address = b"\xc0" + bytes([end + 12]) + b"\0\1\0\1\0\0\1\0\0\4\xc0\0\2\7"
    book >> Answer(raw=asked[:2] + b"\x81\x80\0\1\0\2\0\0\0\0" + asked[12:end] + alias + address)
    book << Reply(a=["192.0.2.7"], cname=["strict.bing.com", "edge.bing.com"], count=3)
    assert book.last is not None
    assert [str(record.rname).lower() for record in book.last.rr] == [
        "www.bing.com.", "strict.bing.com.", "edge.bing.com.",
    ]  # fmt: skip


def test_filter_grant_and_grown_ups_search_freely(book: Playbook) -> None:
    book.resolve(GOOGLE, f"{GOOGLE} 300 A 192.0.2.44", client=ADULT) << Reply(a=["192.0.2.44"], cname=[])
    home = replace(HOUSEHOLD, grants=(Grant(Scope.FILTER, "", "lan", until=WALL + 3600, by="m"),))
    free = Playbook(world(home))
    free.resolve(GOOGLE, f"{GOOGLE} 300 A 192.0.2.44") << Reply(a=["192.0.2.44"], cname=[], ttl=60)


def test_ad_bit_does_not_travel_through_an_alias_of_ours() -> None:
    from filterd.model.upstream import parse

    book = Playbook(upstreams=(parse("udp://127.0.0.1"),))
    book >> Query(GOOGLE, ad=True)
    book.asked.append(book.commands.pop())  # type: ignore[arg-type]
    book >> Answer(f"{SAFE_HOST} 300 A {SAFE_ADDRESS}", ad=True) << Reply(ad=False)


def test_safe_host_in_a_forwarding_zone() -> None:
    from filterd.model.household import ForwardZone

    zone = ForwardZone(to_wire("google.com"), ("udp://192.168.1.1",))
    book = Playbook(world(replace(HOUSEHOLD, forward_zones=(zone,))))
    book >> Query(GOOGLE) << Asked(SAFE_HOST, upstream=2)


def test_answer_too_large_to_be_unfolded_fails_rather_than_breaks() -> None:
    from filterd.resolve.cache import Fact
    from filterd.resolve.learn import detach

    name = to_wire("a" * 60 + ".example")
    record = b"\xc0\x0c\0\2\0\1"
    pieces = (record, *[b"\0\2\xc0\x0c" + record for _ in range(999)], b"\0\2\xc0\x0c")
    fact = Fact(pieces, (300,) * 1000, 1000, 0, 0, 0.0, 300)
    assert detach(name, 2, fact).rcode == SERVFAIL
    assert rr("a.example 1 A 192.0.2.1")
