"""The answer is judged too: every target of the chain, private and null addresses, on a miss, a hit and a stale answer."""

from __future__ import annotations

from dataclasses import replace

import pytest

from filterd.engine.commands import Ask
from filterd.model.household import ForwardZone, Grant, Names, Rule, Scope
from filterd.wire.name import to_wire
from tests.playbook import (
    ADULT,
    HOUSEHOLD,
    KID_PROFILE,
    WALL,
    Answer,
    Asked,
    Logged,
    Nothing,
    Playbook,
    Query,
    Reply,
    Swap,
    Wait,
    bundle,
    rr,
    soa,
    world,
)

NAME = "www.example.org"
QTYPES = ("A", "AAAA", "HTTPS", "TXT")
NOBODY_ANSWERS = 5.0


def kid(**changes: object) -> object:
    """The household with another child."""
    return replace(HOUSEHOLD, profiles=(replace(KID_PROFILE, **changes), HOUSEHOLD.profiles[1]))  # type: ignore[arg-type]


PARTS = {
    "lists": {"adult": ["bad.example"], "games": ["game.example"]},
    "mandatory": {"abuse": ["worst.example"]},
    "services": {"tube": ["tube.example"]},
    "lifelines": ["life.example"],
}
# row -> (household, the target's name, the row and extended error of the block)
ROWS = {
    "mandatory": (HOUSEHOLD, "x.worst.example", 16),
    "name": (kid(names=Names(block=(to_wire("own.example"),))), "a.own.example", 17),
    "service": (kid(services={"tube": Rule.BLOCK}), "cdn.tube.example", 17),
    "category": (HOUSEHOLD, "bad.example", 17),
}


def chain_records(kind: str, qtype: str, target: str) -> list[str]:
    """An answer for NAME that leads to `target`."""
    data = {"A": "192.0.2.1", "AAAA": "2001:db8::1", "HTTPS": "1 . alpn=h2", "TXT": "hello"}[qtype]
    if kind == "cname":
        return [f"{NAME} 300 CNAME {target}", f"{target} 300 {qtype} {data}"]
    if kind == "second cname":
        return [f"{NAME} 300 CNAME fine.example", f"fine.example 300 CNAME {target}", f"{target} 300 {qtype} {data}"]
    if kind == "dname":
        return [f"example.org 300 DNAME {target}", f"{NAME} 300 CNAME www.{target}", f"www.{target} 300 {qtype} {data}"]
    assert kind == "https"
    wire = "0001" + to_wire(target).hex()
    return [f"{NAME} 300 TYPE65 {wire}"]


@pytest.mark.parametrize("tcp", [False, True])
@pytest.mark.parametrize("row", list(ROWS))
@pytest.mark.parametrize(
    ("kind", "qtype"),
    [(kind, qtype) for kind in ("cname", "second cname", "dname") for qtype in QTYPES] + [("https", "HTTPS")],
)
def test_blocked_target_blocks_the_whole_answer_on_miss_hit_and_stale(
    row: str, kind: str, qtype: str, tcp: bool
) -> None:
    household, target, ede = ROWS[row]
    book = Playbook(world(household, **PARTS))
    wanted = {
        "A": Reply(a=["0.0.0.0"], count=1, ttl=10, ede=ede),
        "AAAA": Reply(aaaa=["::"], count=1, ttl=10, ede=ede),
    }.get(qtype, Reply(count=0, soa_ttl=10, ede=ede))
    if kind == "dname":
        target = "y." + target
    matched = target  # the DNAME's target comes before the name it makes
    book >> Query(NAME, qtype, edns=1232, tcp=tcp) << Asked(NAME, qtype)
    book >> Answer(*chain_records(kind, qtype, target)) << wanted << Nothing()
    book << Logged("block", row, NAME, matched=matched)
    for _ in range(3):  # the second hit may come out of the memo
        (
            book
            >> Query(NAME, qtype, edns=1232, tcp=tcp)
            << wanted
            << Nothing()
            << Logged("block", row, NAME, matched=matched)
        )
    book >> Query(NAME, qtype, client=ADULT if row != "mandatory" else "192.168.1.40", edns=1232, tcp=tcp)
    if row != "mandatory":
        book << Reply(ttl=300) << Nothing()
    book.commands.clear()
    book.events.clear()
    book >> Wait(400)
    book >> Query(NAME, qtype, edns=1232, tcp=tcp) << Asked(NAME) << Nothing()
    book >> Wait(1.9) << wanted << Logged("block", row, NAME, matched=matched)


@pytest.mark.parametrize("when", ["miss", "hit", "stale"])
@pytest.mark.parametrize(
    ("qtype", "data", "row"),
    [
        ("A", "10.1.2.3", "rebind"),
        ("A", "127.0.0.1", "rebind"),
        ("A", "169.254.1.1", "rebind"),
        ("A", "172.31.0.1", "rebind"),
        ("A", "192.168.1.1", "rebind"),
        ("A", "100.64.0.1", "rebind"),
        ("A", "0.1.2.3", "rebind"),
        ("A", "0.0.0.0", "upstream"),
        ("AAAA", "::1", "rebind"),
        ("AAAA", "fd00::1", "rebind"),
        ("AAAA", "fe80::1", "rebind"),
        ("AAAA", "::ffff:c0a8:101", "rebind"),
        ("AAAA", "::", "upstream"),
        ("HTTPS", "1 . ipv4hint=192.168.1.1", "rebind"),
        ("HTTPS", "1 . ipv6hint=fd00::1", "rebind"),
        ("HTTPS", "1 . ipv4hint=0.0.0.0", "upstream"),
    ],
)
def test_private_and_null_addresses_in_public_answers(qtype: str, data: str, row: str, when: str) -> None:
    book = Playbook(world(**PARTS))
    public = {"A": "192.0.2.1", "AAAA": "2001:db8::1", "HTTPS": "2 ."}[qtype]
    wanted = Reply(count=0 if qtype == "HTTPS" else 1, ede=15)
    book >> Query(NAME, qtype, edns=1232) << Asked(NAME)
    book >> Answer(f"{NAME} 300 {qtype} {public}", f"{NAME} 300 {qtype} {data}")
    if when != "miss":
        book << Reply(ede=15)
        if when == "stale":
            book >> Wait(301)
        book.events.clear()
        book >> Query(NAME, qtype, edns=1232)
        if when == "stale":
            book << Asked(NAME) >> Wait(2)
    book << wanted << Logged("block", row, NAME)


@pytest.mark.parametrize("code", [15, 16, 17])
@pytest.mark.parametrize("rcode", [0, 3, 5, 2])
def test_what_the_upstream_filtered_is_blocked_in_the_households_shape(code: int, rcode: int) -> None:
    book = Playbook(world(**PARTS))
    negative = [soa("example.org")] if rcode in (0, 3) else []
    for _ in range(2):
        book >> Query(NAME, edns=1232)
        if isinstance(book.commands[0], Ask):
            book << Asked(NAME)
            book >> Answer(rcode=rcode, authority=negative, ede=[(22, ""), (code, "blocked by us")])
        book << Reply(a=["0.0.0.0"], ede=15, ede_text="Blocked by the upstream") << Nothing()
        book << Logged("block", "upstream", NAME)


def test_other_extended_errors_of_the_upstream_are_passed_on() -> None:
    book = Playbook(world(**PARTS))
    book >> Query(NAME, edns=1232) << Asked(NAME)
    book >> Answer(f"{NAME} 300 A 192.0.2.1", ede=[(4, "forged")]) << Reply(a=["192.0.2.1"], ede=4, ede_text="forged")
    book >> Query(NAME, edns=1232) << Reply(a=["192.0.2.1"], ede=4)
    book >> Query(NAME) << Reply(a=["192.0.2.1"], edns=False)


def test_allow_by_lifeline_name_or_grant_covers_the_chain_but_not_the_mandatory_row() -> None:
    home = kid(names=Names(allow=(to_wire("example.org"),)))
    for name, household in (
        ("life.example", HOUSEHOLD),
        (NAME, home),
        (NAME, replace(HOUSEHOLD, grants=(Grant(Scope.NAME, "example.org", "lan", until=WALL + 7200, by="m"),))),
    ):
        book = Playbook(world(household, **PARTS))
        book >> Query(name) << Asked(name)
        book >> Answer(f"{name} 300 CNAME bad.example", "bad.example 300 A 192.0.2.1") << Reply(a=["192.0.2.1"])
        book >> Query(name, "AAAA") << Asked(name)
        book >> Answer(f"{name} 300 CNAME worst.example", "worst.example 300 AAAA 2001:db8::1") << Reply(aaaa=["::"])
        book >> Query("x." + name, "A")
        book.commands.clear()


def test_grants_lift_neither_rebinding_nor_the_upstreams_block() -> None:
    home = replace(HOUSEHOLD, grants=(Grant(Scope.FILTER, "", "lan", until=WALL + 7200, by="m"),))
    book = Playbook(world(home, **PARTS))
    book.resolve("bad.example", "bad.example 300 A 192.0.2.1") << Reply(a=["192.0.2.1"])
    book.resolve(NAME, f"{NAME} 300 A 10.0.0.1") << Reply(a=["0.0.0.0"])
    book.resolve("b.example", "b.example 300 A 0.0.0.0") << Reply(a=["0.0.0.0"])
    book << Logged("allow") << Logged("block", "rebind") << Logged("block", "upstream")


def test_forwarding_zones_and_exempt_names_may_have_private_addresses() -> None:
    zones = (ForwardZone(to_wire("school.example"), ("udp://192.168.1.1",)),)
    home = replace(HOUSEHOLD, forward_zones=zones, rebind_allow=(to_wire("plex.example"),))
    book = Playbook(world(home, **PARTS), rebind_allow=(to_wire("box.example"),))
    for name in ("a.school.example", "x.plex.example", "box.example"):
        book.resolve(name, f"{name} 300 A 192.168.1.5") << Reply(a=["192.168.1.5"])
        book >> Query(name) << Reply(a=["192.168.1.5"]) << Nothing()
    # an alias into an exempt name is exempt too
    book.resolve(NAME, f"{NAME} 300 CNAME a.plex.example", "a.plex.example 300 A 192.168.1.5") << Reply(
        a=["192.168.1.5"]
    )
    book.resolve("plexx.example", "plexx.example 300 A 192.168.1.5") << Reply(a=["0.0.0.0"])
    # not even a zone of ours may say that something is filtered
    book.resolve("b.school.example", "b.school.example 300 A 0.0.0.0") << Reply(a=["0.0.0.0"]) << Nothing()


def test_records_that_do_not_belong_to_the_chain_are_dropped_and_never_cached() -> None:
    book = Playbook(world(**PARTS))
    book >> Query(NAME, edns=1232) << Asked(NAME)
    book >> Answer(
        f"{NAME} 300 A 192.0.2.1", "other.example 300 A 192.0.2.66",
        authority=["example.org 300 NS ns.other.example"], additional=["ns.other.example 300 A 192.0.2.66"],
    )  # fmt: skip
    book << Reply(a=["192.0.2.1"], count=1)
    assert book.last is not None
    assert not book.last.auth
    book >> Query("other.example") << Asked("other.example")
    book >> Query("ns.other.example") << Asked("ns.other.example")


def test_chain_in_any_order_is_passed_on_in_full() -> None:
    book = Playbook(world(**PARTS))
    book.resolve(NAME, "c.example 60 A 192.0.2.1", "b.example 200 CNAME c.example", f"{NAME} 300 CNAME b.example")
    book << Reply(a=["192.0.2.1"], cname=["b.example", "c.example"], count=3)
    book >> Wait(10)
    book >> Query(NAME, client=ADULT) << Reply(count=3)
    assert book.last is not None
    assert sorted(record.ttl for record in book.last.rr) == [50, 190, 290]


def test_alias_that_leads_nowhere_is_passed_as_it_is_and_a_circle_is_a_failure() -> None:
    book = Playbook(world(**PARTS))
    book.resolve(NAME, f"{NAME} 300 CNAME b.example", authority=[soa("example", 200, 100)])
    book << Reply(cname=["b.example"], soa_ttl=60)
    book >> Query(NAME, client=ADULT) << Reply(cname=["b.example"], ttl=300, soa_ttl=100) << Nothing()
    book >> Wait(101)
    book >> Query(NAME, "A") << Asked(NAME)  # no longer than its shortest TTL
    circle = ("l.example 300 CNAME m.example", "m.example 300 CNAME l.example")
    book.resolve("l.example", *circle) << Asked("l.example", upstream=1)  # perhaps the other one knows better
    book >> Answer(*circle) << Reply(2) << Nothing()
    book >> Query("l.example") << Reply(2) << Nothing()


def test_new_lists_judge_what_is_cached() -> None:
    book = Playbook(world())
    book.resolve(NAME, f"{NAME} 3600 CNAME later.example", "later.example 3600 A 192.0.2.1") << Reply(a=["192.0.2.1"])
    book >> Query(NAME) << Reply(a=["192.0.2.1"]) >> Query(NAME) << Reply(a=["192.0.2.1"])
    book >> Swap(world(revision=2, lists={"adult": ["later.example"]}))
    book >> Query(NAME) << Reply(a=["0.0.0.0"], ttl=10) << Nothing()
    book >> Swap(world(revision=3))
    book >> Query(NAME) << Reply(a=["192.0.2.1"], ttl=60) << Nothing()
    assert book.engine.stats()["revision"] == 3


def test_playbook_builds_what_it_says() -> None:
    assert rr("a.example 5 A 192.0.2.1") == b"\x01a\x07example\0\0\1\0\1\0\0\0\5\0\4\xc0\0\2\1"
    assert bundle(lists={"adult": ["bad.example"]}).names >= 1
