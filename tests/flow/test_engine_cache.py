"""The cache: what is kept for how long, stale answers, prefetching; and the TTL that a client sees."""

from __future__ import annotations

import pytest

from tests.playbook import (
    ADULT,
    BOX,
    KID,
    Answer,
    Asked,
    Logged,
    Nothing,
    Playbook,
    Query,
    Reply,
    Wait,
    soa,
    world,
)

NAME = "www.example.org"
NXDOMAIN, SERVFAIL = 3, 2
CACHE, STALE, UPSTREAM, FAILED = 1, 2, 3, 4
A = f"{NAME} 300 A 192.0.2.1"


@pytest.fixture
def book() -> Playbook:
    return Playbook(world(lists={"adult": ["bad.example"]}))


def test_ttl_counts_down_for_all_and_is_capped_for_the_child(book: Playbook) -> None:
    book.resolve(NAME, A, client=ADULT) << Reply(ttl=300) << Logged(origin=UPSTREAM)
    for second in range(1, 260):  # through the memo: each second anew
        book >> Wait(1)
        book >> Query(NAME, client=ADULT) << Reply(a=["192.0.2.1"], ttl=300 - second)
        book >> Query(NAME, client=KID) << Reply(a=["192.0.2.1"], ttl=min(60, 300 - second)) << Nothing()
    assert {event.tail.origin for event in book.events} == {CACHE}


def test_lower_ttl_stays(book: Playbook) -> None:
    book.resolve(NAME, f"{NAME} 7 A 192.0.2.1", f"{NAME} 200 A 192.0.2.2") << Reply(a=["192.0.2.1", "192.0.2.2"])
    assert book.last is not None
    assert [record.ttl for record in book.last.rr] == [7, 7]  # the shortest TTL of an RRset counts for all of it
    book >> Wait(8)
    book >> Query(NAME) << Asked(NAME)


def test_each_set_of_the_chain_has_its_own_ttl(book: Playbook) -> None:
    alias, target = f"{NAME} 500 CNAME c.example", "c.example"
    book.resolve(NAME, alias, f"{target} 90 A 192.0.2.1", f"{target} 80 A 192.0.2.2", client=ADULT) << Reply(count=3)
    assert book.last is not None
    assert [record.ttl for record in book.last.rr] == [500, 80, 80]


def test_repeated_records_are_one(book: Playbook) -> None:
    alias, address = f"{NAME} 500 CNAME c.example", "c.example 90 A 192.0.2.1"
    book.resolve(NAME, alias, alias, address, address, "c.example 90 A 192.0.2.2")
    book << Reply(cname=["c.example"], a=["192.0.2.1", "192.0.2.2"], count=3)
    book.resolve("r.example", "r.example 90 A 192.0.2.1", "r.example 90 A 192.0.2.1") << Reply(a=["192.0.2.1"], count=1)


def test_ttls_beyond_a_day_or_with_the_top_bit(book: Playbook) -> None:
    book.resolve("a.example", "a.example 4000000 A 192.0.2.1", client=ADULT) << Reply(ttl=86400)
    book.resolve("b.example", "b.example 2147483648 A 192.0.2.1", client=ADULT) << Reply(ttl=0)
    book >> Query("b.example", client=ADULT) << Asked("b.example")  # TTL 0: not kept


@pytest.mark.parametrize("rcode", [0, NXDOMAIN])
def test_absence_is_kept_as_its_soa_says(book: Playbook, rcode: int) -> None:
    book.resolve(NAME, authority=[soa("example.org", 900, 40)], rcode=rcode) << Reply(rcode, count=0, soa_ttl=40)
    book >> Wait(15)
    book >> Query(NAME, client=ADULT) << Reply(rcode, soa_ttl=25) << Nothing()
    book >> Wait(26)
    book >> Query(NAME) << Asked(NAME)


def test_absence_is_kept_three_hours_at_most_and_capped_for_the_child(book: Playbook) -> None:
    book.resolve(NAME, authority=[soa("example.org", 90000, 80000)], rcode=NXDOMAIN) << Reply(NXDOMAIN, soa_ttl=60)
    book >> Query(NAME, client=ADULT) << Reply(NXDOMAIN, soa_ttl=10800)


@pytest.mark.parametrize("authority", [[], [soa("other.example")]])
def test_absence_without_a_fitting_soa_is_not_kept(book: Playbook, authority: list[str]) -> None:
    book.resolve(NAME, authority=authority, rcode=NXDOMAIN) << Reply(NXDOMAIN)
    assert book.last is not None
    assert not book.last.auth
    book >> Query(NAME) << Asked(NAME)


def test_name_that_does_not_exist_has_no_other_type_and_nothing_below(book: Playbook) -> None:
    book.resolve("gone.example", authority=[soa("example")], rcode=NXDOMAIN) << Reply(NXDOMAIN)
    for name, qtype in (("gone.example", "AAAA"), ("gone.example", "A"), ("a.b.gone.example", "TXT")):
        book >> Query(name, qtype) << Reply(NXDOMAIN, count=0, soa_ttl=60) << Nothing()
        assert book.last is not None
        assert str(book.last.auth[0].rname) == "example."
    book >> Query("ongone.example") << Asked("ongone.example")
    book >> Query("gone.example", do=True, edns=1232) << Asked("gone.example", do=True)  # other proofs
    book >> Query("gone.example", cd=True) << Asked("gone.example", cd=True)


def test_alias_to_nothing_says_nothing_of_what_is_below(book: Playbook) -> None:
    book.resolve(NAME, f"{NAME} 300 CNAME x.example", authority=[soa("example")], rcode=NXDOMAIN)
    book << Reply(NXDOMAIN, cname=["x.example"])
    book >> Query(NAME) << Reply(NXDOMAIN, cname=["x.example"]) << Nothing()
    book >> Query("a." + NAME) << Asked("a." + NAME)
    book >> Query(NAME, "AAAA") << Asked(NAME, "AAAA")


def test_name_that_ceased_to_exist_replaces_its_old_answer(book: Playbook) -> None:
    book.resolve(NAME, f"{NAME} 10 A 192.0.2.1") << Reply(a=["192.0.2.1"])
    book >> Wait(11)
    book.resolve(NAME, authority=[soa("example.org")], rcode=NXDOMAIN) << Reply(NXDOMAIN)
    book >> Query(NAME) << Reply(NXDOMAIN) << Nothing()
    book >> Wait(301)
    book >> Query(NAME) << Asked(NAME) >> Wait(2) << Reply(NXDOMAIN, soa_ttl=30)


def test_failure_is_remembered_for_five_seconds(book: Playbook) -> None:
    book >> Query(NAME, edns=1232) << Asked(upstream=0) >> Answer(rcode=SERVFAIL)
    book << Asked(upstream=1) >> Answer(rcode=SERVFAIL, ede=[(6, "bogus")])
    book << Reply(SERVFAIL, ede=6, ede_text="bogus") << Logged("allow", origin=FAILED)
    book >> Wait(4.9)
    book >> Query(NAME, edns=1232) << Reply(SERVFAIL, ede=6) << Nothing()
    book >> Wait(0.2)
    book >> Query(NAME) << Asked(NAME)


@pytest.mark.parametrize("client", [KID, ADULT])
def test_stale_answer_when_nobody_answers(book: Playbook, client: str) -> None:
    book.resolve(NAME, A) << Reply()
    book.events.clear()
    book >> Wait(4000)
    book >> Query(NAME, client=client, edns=1232) << Asked(NAME) >> Wait(1.7)
    assert not [command for command in book.commands if type(command).__name__ == "Reply"]
    book >> Wait(0.2) << Reply(a=["192.0.2.1"], ttl=30, ede=3) << Logged("allow", origin=STALE)
    book.commands.clear()
    for _ in range(3):  # for half a minute nobody waits again
        book >> Wait(8)
        book.commands.clear()
        book >> Query(NAME, client=client, edns=1232) << Reply(a=["192.0.2.1"], ttl=30, ede=3)
    book >> Wait(10)
    book.commands.clear()
    book >> Query(NAME, client=client) << Asked(NAME)
    book >> Answer(f"{NAME} 300 A 192.0.2.9") << Reply(a=["192.0.2.9"])
    book >> Query(NAME) << Reply(a=["192.0.2.9"]) << Nothing()


def test_stale_answer_after_an_upstreams_failure_and_late_success(book: Playbook) -> None:
    book.resolve(NAME, A) << Reply()
    book >> Wait(301)
    book >> Query(NAME) << Asked(upstream=0) >> Answer(rcode=SERVFAIL) << Asked(upstream=1) >> Answer(rcode=5)
    book << Reply(a=["192.0.2.1"], ttl=30) << Nothing()
    book >> Wait(31)
    book >> Query(NAME) << Asked(NAME) >> Wait(1.9) << Reply(a=["192.0.2.1"], ttl=30)
    book >> Answer(f"{NAME} 300 A 192.0.2.2")  # late, but welcome
    book.commands.clear()
    book >> Query(NAME) << Reply(a=["192.0.2.2"]) << Nothing()


def test_stale_for_a_day_and_no_longer(book: Playbook) -> None:
    book.resolve(NAME, A) << Reply()
    book.now += 300 + 86_399
    book >> Query(NAME) << Asked(NAME) >> Wait(2) << Reply(a=["192.0.2.1"])
    book >> Wait(60)
    book.commands.clear()
    book >> Query(NAME) << Asked(NAME) >> Wait(6) << Reply(SERVFAIL)


def test_truth_that_may_not_be_kept_still_ends_the_stale_answer(book: Playbook) -> None:
    book.resolve(NAME, A) << Reply()
    book >> Wait(301)
    book.resolve(NAME, f"{NAME} 0 A 192.0.2.7") << Reply(a=["192.0.2.7"], ttl=0)
    book >> Query(NAME) << Asked(NAME) >> Wait(6) << Reply(SERVFAIL)


def test_popular_name_is_fetched_before_it_ends(book: Playbook) -> None:
    book.resolve(NAME, A) << Reply()
    book >> Wait(100)
    book >> Query(NAME) << Reply() << Nothing()
    book >> Wait(175)
    book >> Query(NAME, client=ADULT) << Reply(ttl=25) << Asked(NAME) << Nothing()
    book >> Query(NAME, client=ADULT) << Reply(ttl=25) << Nothing()  # asked once
    book >> Answer(f"{NAME} 300 A 192.0.2.2") << Nothing()
    book >> Query(NAME, client=ADULT) << Reply(a=["192.0.2.2"], ttl=300) << Nothing()
    assert book.engine.stats()["prefetches"] == 1


def test_prefetch_that_fails_leaves_the_answer(book: Playbook) -> None:
    book.resolve(NAME, A) << Reply()
    book >> Query(NAME) << Reply() >> Wait(280)
    book >> Query(NAME) << Reply(ttl=20) << Asked(upstream=0) >> Answer(rcode=SERVFAIL)
    book << Asked(upstream=1) >> Answer(rcode=SERVFAIL) << Nothing()
    book >> Query(NAME) << Reply(ttl=20) << Nothing()


def test_question_that_joins_a_prefetch_after_the_end_gets_the_stale_answer_in_time(book: Playbook) -> None:
    book.resolve(NAME, A) << Reply()
    book >> Query(NAME) << Reply() >> Wait(299.5)
    book >> Query(NAME) << Reply(ttl=1) << Asked(NAME) >> Wait(0.6)
    book.commands.clear()
    book >> Query(NAME, id=7)
    assert not [command for command in book.commands if type(command).__name__ == "Reply"]
    book >> Wait(2) << Reply(a=["192.0.2.1"], ttl=30)


def test_unpopular_name_is_not_prefetched(book: Playbook) -> None:
    book.resolve(NAME, A) << Reply()
    book >> Wait(290)
    book >> Query(NAME) << Reply(ttl=10) << Nothing()


def test_dnssec_askers_have_answers_of_their_own(book: Playbook) -> None:
    signed = f"{NAME} 300 TYPE46 " + "0001" + "00" * 16 + "00" + "aabb"
    book >> Query(NAME, edns=1232, do=True) << Asked(do=True) >> Answer(A, signed) << Reply(count=2)
    assert book.last is not None
    book >> Query(NAME, edns=1232) << Asked(do=False) >> Answer(A, signed) << Reply(count=1)
    book >> Query(NAME, edns=1232, do=True) << Reply(count=2) << Nothing()
    book >> Query(NAME, cd=True) << Asked(cd=True) >> Answer(A) << Reply(a=["192.0.2.1"])


def test_proofs_of_absence_go_to_those_who_asked_for_them(book: Playbook) -> None:
    nsec = "a.example.org 300 TYPE47 " + "00" + "0006400000000003"
    signature = "example.org 300 TYPE46 " + "0006" + "00" * 16 + "00" + "aabb"
    other = "example.org 300 TYPE46 " + "0002" + "00" * 16 + "00" + "aabb"
    authority = [soa("example.org"), nsec, signature, other, "example.org 300 NS ns.example.org"]
    book >> Query(NAME, edns=1232, do=True) << Asked() >> Answer(authority=authority, rcode=NXDOMAIN)
    book << Reply(NXDOMAIN)
    assert book.last is not None
    assert [record.rtype for record in book.last.auth] == [6, 47, 46]
    book >> Query(NAME, edns=1232) << Asked() >> Answer(authority=authority, rcode=NXDOMAIN) << Reply(NXDOMAIN)
    assert book.last is not None
    assert [record.rtype for record in book.last.auth] == [6]


@pytest.mark.parametrize(("url", "believed"), [("udp://127.0.0.1:5399", True), ("udp://192.0.2.53", False)])
def test_ad_bit_only_from_loopback_and_only_when_asked_for(url: str, believed: bool) -> None:
    from filterd.model.upstream import parse

    book = Playbook(upstreams=(parse(url),))
    book >> Query(NAME, ad=True)
    ask = book.commands[0]
    assert ask.packet[3] & 0x20 == (0x20 if believed else 0)  # type: ignore[union-attr]
    book.asked.append(ask)  # type: ignore[arg-type]
    book.commands.clear()
    book >> Answer(A, ad=True) << Reply(ad=believed)
    book >> Query(NAME, ad=True) << Reply(ad=believed)
    book >> Query(NAME) << Reply(ad=False)


def test_letters_of_the_question_come_back_as_each_asked_them(book: Playbook) -> None:
    book.resolve(NAME, A) << Reply()
    for name in ("wWw.eXample.ORG", "WWW.EXAMPLE.ORG", "www.example.org"):
        for _ in range(2):
            book >> Query(name) << Reply(a=["192.0.2.1"]) << Nothing()
            assert name.split(".")[0].encode() in book.last_packet


def test_mixed_letters_of_ours_do_not_reach_the_client(book: Playbook) -> None:
    book >> Query(NAME, "MX") << Asked(NAME)
    asked = book.asked[-1].packet
    spelt = asked[12 : 12 + len(NAME) + 2]
    assert spelt != spelt.lower()
    answer = asked[:2] + b"\x81\x80\0\1\0\1\0\0\0\0" + asked[12 : 12 + len(spelt) + 4]
    answer += spelt + b"\0\x0f\0\1\0\0\1\0\0\4\0\5\xc0\x10"
    book >> Answer(raw=answer) << Reply(count=1)
    assert spelt not in book.last_packet


def test_box_itself_is_an_ordinary_client(book: Playbook) -> None:
    book >> Query("bad.example", client=BOX) << Reply(a=["0.0.0.0"])


def test_cache_stays_within_its_bytes() -> None:
    book = Playbook(cache_bytes=100_000)
    for number in range(600):
        name = f"n{number}.example"
        book.resolve(name, f"{name} 300 A 192.0.2.1") << Reply()
        if number % 3 == 0:
            book >> Query("n0.example") << Reply() << Nothing()  # what is asked for again stays
    stats = book.engine.stats()
    assert stats["cache_bytes"] <= 100_000
    assert stats["cache_evicted"] > 300
    assert stats["cache_facts"] == len(book.engine.cache)
