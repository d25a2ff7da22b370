"""Time and change: windows, grants, a clock that is set, new worlds, and what all of that means to what was prepared."""

from __future__ import annotations

import time
from dataclasses import replace

import pytest

from filterd.model.household import Device, Effect, Grant, InternetOff, Rule, Scope, Window
from tests.playbook import (
    ADULT,
    BOX,
    HOUSEHOLD,
    KID,
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
    world,
)

NAME = "www.example.org"
A = f"{NAME} 3600 A 192.0.2.1"
BEDTIME = WALL + 510 * 60  # 21:30 of that day in Vietnam
SLEEP = Window("Bedtime", Effect.OFFLINE, 21 * 60 + 30, 30 * 60)


def bedtime_home(**changes: object) -> object:
    """The household whose child has a bedtime of 21:30."""
    kid = replace(KID_PROFILE, windows=(SLEEP,))
    return replace(HOUSEHOLD, profiles=(kid, HOUSEHOLD.profiles[1]), **changes)  # type: ignore[arg-type]


def minutes_before_bedtime(minutes: float, **changes: object) -> Playbook:
    """A story that begins so long before bedtime, with the name in cache and memo."""
    assert (BEDTIME + 7 * 3600) % 86400 == (21 * 60 + 30) * 60
    book = Playbook(world(bedtime_home(**changes)), wall=BEDTIME - minutes * 60)  # type: ignore[arg-type]
    book.resolve(NAME, A) << Reply()
    for client in (KID, ADULT):
        book >> Query(NAME, client=client) << Reply(a=["192.0.2.1"]) >> Query(NAME, client=client) << Reply()
    book.events.clear()
    return book


@pytest.mark.parametrize("timers", [True, False])
def test_bedtime_bites_to_the_second_whoever_is_dead(timers: bool) -> None:
    book = minutes_before_bedtime(5)

    def wait(seconds: float) -> None:
        if timers:
            book >> Wait(seconds)
        else:
            book.now += seconds  # nobody calls the timer

    wait(299.0)
    book >> Query(NAME) << Reply(a=["192.0.2.1"], ttl=1)
    wait(0.9)
    book >> Query(NAME) << Reply(a=["192.0.2.1"], ttl=1)
    wait(0.11)
    book >> Query(NAME, edns=1232) << Reply(a=["0.0.0.0"], ttl=10, ede=17, ede_text="Outside internet hours: Bedtime")
    book >> Query(NAME) << Reply(a=["0.0.0.0"])
    book >> Query(NAME, client=ADULT) << Reply(a=["192.0.2.1"], ttl=3300) << Nothing()
    wait(8.5 * 3600 - 2)
    book >> Query(NAME) << Reply(a=["0.0.0.0"])
    wait(2)
    book >> Query("b.example") << Asked("b.example")  # 6:00


def test_ttl_leads_up_to_the_boundary() -> None:
    book = minutes_before_bedtime(2)
    for left in range(120, 0, -1):
        book >> Query(NAME) << Reply(ttl=min(60, left)) >> Query(NAME, client=ADULT) << Reply(ttl=3600 - (120 - left))
        book >> Wait(1)
    book >> Query(NAME) << Reply(a=["0.0.0.0"])


def test_question_that_waits_over_bedtime_is_judged_by_bedtime() -> None:
    book = Playbook(world(bedtime_home()), wall=BEDTIME - 0.5)  # type: ignore[arg-type]
    book >> Query(NAME) << Asked(NAME) >> Query(NAME, client=ADULT)
    book >> Wait(0.7)
    book >> Answer(A) << Reply(a=["0.0.0.0"], to=KID) << Reply(a=["192.0.2.1"], to=ADULT) << Nothing()
    book << Logged("block", "window") << Logged("allow")


def test_grant_pierces_bedtime_and_ends_in_time() -> None:
    grant = Grant(Scope.TIME, "", "lan", until=BEDTIME + 900, by="m")
    book = Playbook(world(bedtime_home(grants=(grant,))), wall=BEDTIME + 600)  # type: ignore[arg-type]
    book.resolve(NAME, A) << Reply(ttl=60)
    book >> Wait(299)
    book >> Query(NAME) << Reply(ttl=1)
    book >> Wait(1.01)
    book >> Query(NAME) << Reply(a=["0.0.0.0"])


def test_clock_that_is_set_turns_the_rules_at_once() -> None:
    book = minutes_before_bedtime(120)
    book.offset += 3 * 3600  # NTP has come
    book >> Wait(1.1)
    book >> Query(NAME) << Reply(a=["0.0.0.0"])
    book.offset -= 3 * 3600
    book >> Wait(1.1)
    book >> Query(NAME) << Reply(a=["192.0.2.1"], ttl=60)
    book.offset += 0.01  # it drifts
    book >> Wait(1.1)
    book >> Query(NAME) << Reply(a=["192.0.2.1"])


def test_clock_that_is_not_trusted_opens_no_harm() -> None:
    permit = Window("Permit", Effect.PERMIT, 0, 1440, categories=("adult",))
    kid = replace(KID_PROFILE, windows=(permit,))
    home = replace(HOUSEHOLD, profiles=(kid, HOUSEHOLD.profiles[1]))
    book = Playbook(world(home, lists={"adult": ["bad.example"]}))
    book.resolve("bad.example", "bad.example 300 A 192.0.2.1") << Reply(a=["192.0.2.1"])
    book._take(book.engine.on_timer(book.now, book.wall, False))
    book >> Query("bad.example") << Reply(a=["0.0.0.0"])
    book._take(book.engine.on_timer(book.now, book.wall))
    book >> Query("bad.example") << Reply(a=["0.0.0.0"])
    book._take(book.engine.on_timer(book.now, book.wall, True))
    book >> Query("bad.example") << Reply(a=["192.0.2.1"])


def test_off_and_on_by_new_worlds_with_cache_and_memo_kept_honest() -> None:
    book = Playbook(world())
    book.resolve(NAME, A) << Reply(a=["192.0.2.1"], ttl=60)
    book >> Query(NAME) << Reply() >> Query(NAME) << Reply()
    off = replace(HOUSEHOLD, internet_off=(InternetOff(profile="lan", start=WALL, by="m"),))
    book >> Swap(world(off, revision=2))
    book >> Query(NAME) << Reply(a=["0.0.0.0"]) >> Query(NAME) << Reply(a=["0.0.0.0"])
    book >> Query(NAME, client=ADULT) << Reply(a=["192.0.2.1"], ttl=3600)
    book >> Swap(world(revision=3))
    book >> Query(NAME) << Reply(a=["192.0.2.1"], ttl=60) << Nothing()
    stats = book.engine.stats()
    assert (stats["revision"], stats["swaps"]) == (3, 2)


def test_question_that_waits_over_a_new_world_is_judged_by_the_new_one() -> None:
    book = Playbook(world())
    book >> Query(NAME) << Asked(NAME)
    book >> Query("b.example") << Asked("b.example")
    off = replace(HOUSEHOLD, internet_off=(InternetOff(everyone=True, start=WALL, by="m"),))
    book >> Swap(world(off, revision=2))
    book >> Answer(A, to=0) << Reply(a=["0.0.0.0"]) << Nothing()
    book >> Swap(world(revision=3))
    book >> Answer("b.example 300 A 192.0.2.1", to=1) << Reply(a=["192.0.2.1"]) << Nothing()


def test_device_that_moves_to_another_profile_by_the_client_map() -> None:
    devices = (*HOUSEHOLD.devices, Device("tablet", "tablet", "bo-me", mac="02:00:00:00:00:01"))
    home = replace(HOUSEHOLD, devices=devices)
    lists = {"adult": ["bad.example"]}
    book = Playbook(world(home, lists=lists))
    book >> Query("bad.example", client="192.168.1.99") << Reply(a=["0.0.0.0"]) << Logged(device="")
    book >> Swap(world(home, revision=2, macs={"192.168.1.99": "02:00:00:00:00:01"}, lists=lists))
    book >> Query("bad.example", client="192.168.1.99") << Asked("bad.example")
    book >> Answer("bad.example 300 A 192.0.2.1") << Reply(a=["192.0.2.1"], ttl=300) << Logged(device="tablet")


def test_forwarding_zone_that_comes_and_goes_keeps_the_numbers_of_its_upstreams() -> None:
    from filterd.model.household import ForwardZone
    from filterd.wire.name import to_wire

    zone = ForwardZone(to_wire("school.example"), ("udp://192.168.1.1",))
    with_zone = replace(HOUSEHOLD, forward_zones=(zone,))
    book = Playbook(world(), probes=True)
    book.commands.clear()
    assert book.engine.upstream_count == 2
    for revision in (2, 3, 4, 5):
        book >> Swap(world(with_zone if revision % 2 == 0 else HOUSEHOLD, revision=revision))
    assert book.engine.upstream_count == 3
    book >> Wait(1.1)
    assert book.commands == []  # nobody asks it any more
    book >> Swap(world(with_zone, revision=6)) >> Wait(1.1)  # one in use is asked whether it leads back to us
    assert [command.upstream for command in book.commands] == [2]  # type: ignore[union-attr]
    assert book.engine.upstream_count == 3


def test_swap_takes_less_than_two_milliseconds_with_everything_full() -> None:
    book = Playbook(world(), memo_entries=2000)
    engine = book.engine
    for number in range(4096):
        engine.on_query(Query("localhost", id=number).packet(), _source(number), book.now)
    for number in range(3000):
        name = f"n{number}.example"
        book.resolve(name, f"{name} 3600 A 192.0.2.1", client=BOX)
        book >> Query(name, client=BOX)
        book.commands.clear()
    book.commands.clear()
    new = world(revision=2)
    before = time.perf_counter()
    engine.swap(new)
    took = time.perf_counter() - before
    assert took < 0.02  # 2 ms are asked for; a shared machine may be slow for a moment
    assert engine.next_timer(book.now) <= book.now  # what was dropped is freed in small steps
    book >> Wait(0.01)
    assert not engine.fast.memo.graves


def _source(number: int) -> object:
    from tests.playbook import source

    return source(f"10.1.{number >> 8}.{number & 255}")


def test_service_rules_reach_the_answer_through_the_prepared_bytes() -> None:
    home = replace(
        HOUSEHOLD, profiles=(replace(KID_PROFILE, services={"tube": Rule.BLOCK}), HOUSEHOLD.profiles[1])
    )  # fmt: skip
    book = Playbook(world(home, services={"tube": ["tube.example"]}))
    for _ in range(3):
        book >> Query("a.tube.example", edns=1232) << Reply(a=["0.0.0.0"], ede_text="App is switched off: Tube")
    assert {event.tail.service for event in book.events} == {"tube"}
