"""The rhythm of asking: at the start, twice an hour, soon after a newcomer, and never more often than the bound."""

from __future__ import annotations

import itertools

from filterd.model.sighting import ANSWERS, Kind, Sighting
from filterd.presence.ask_dns import Target
from filterd.presence.ask_rounds import DNS_S, EVERY_S, FIRST_S, GAP_S, JITTER, MAX_KNOWN, SOON_S, Rounds

ROUTER = "02:aa:00:00:00:01"


def offer(
    address: str = "192.0.2.1", mac: str = ROUTER, kind: Kind = Kind.DNS_SERVER, detail: str = "dhcp"
) -> Sighting:
    return Sighting(0.0, kind, mac, address, detail=detail, interface="eth0")


def times(rounds: Rounds, begin: float, end: float, step: float = 1.0) -> list[float]:
    """When it asks, of all the seconds between."""
    found = []
    now = begin
    while now < end:
        if rounds.is_due(now):
            found.append(now)
        now += step
    return found


def test_it_asks_soon_after_the_start_and_then_twice_an_hour() -> None:
    assert times(Rounds(0.0, lambda: 0.5), 0.0, 7300.0) == [FIRST_S + EVERY_S * number for number in range(5)]


def test_the_half_hour_is_more_or_less() -> None:
    for random, wanted in ((0.0, EVERY_S * (1 - JITTER)), (1.0, EVERY_S * (1 + JITTER))):
        rounds = Rounds(0.0, lambda random=random: random)  # type: ignore[misc]
        assert rounds.is_due(FIRST_S)
        assert not rounds.is_due(FIRST_S + wanted - 1) and rounds.is_due(FIRST_S + wanted)


def test_dns_is_asked_once_a_round_some_seconds_later() -> None:
    rounds = Rounds(0.0, lambda: 0.5)
    assert not rounds.is_time_for_dns(100.0)
    assert rounds.is_due(100.0)
    assert not rounds.is_time_for_dns(100.0 + DNS_S - 0.1)
    assert rounds.is_time_for_dns(100.0 + DNS_S) and not rounds.is_time_for_dns(200.0)


def test_a_newcomer_is_asked_soon() -> None:
    rounds = Rounds(0.0, lambda: 0.5)
    assert rounds.is_due(FIRST_S)
    rounds.take(offer(), 1000.0)
    assert times(rounds, 1000.0, 1100.0) == [1000.0 + SOON_S]
    rounds.take(offer(), 1200.0)  # known
    assert times(rounds, 1200.0, 1300.0) == []
    for number, other in enumerate(
        (offer(mac="02:aa:00:00:00:07"), offer("192.0.2.7"), offer("fe80::1", kind=Kind.RA, detail="lifetime=0"))
    ):
        at = 2000.0 + 300.0 * number
        rounds.take(other, at)
        assert times(rounds, at, at + 200.0) == [at + SOON_S]


def test_what_is_no_server_wakes_nobody_nor_does_an_answer_to_ourselves() -> None:
    rounds = Rounds(0.0, lambda: 0.5)
    assert rounds.is_due(FIRST_S)
    rounds.take(offer(kind=Kind.ARP), 100.0)
    rounds.take(offer(""), 100.0)
    rounds.take(offer(detail=ANSWERS), 100.0)
    assert times(rounds, 100.0, 1000.0) == [] and rounds.known == []


def test_a_flood_of_newcomers_costs_one_round_in_two_minutes() -> None:
    rounds = Rounds(0.0, lambda: 0.5)
    asked = []
    for second in range(3600):
        for number in range(5):
            rounds.take(offer(f"10.{number}.{second >> 8}.{second & 255}"), float(second))
        if rounds.is_due(float(second)):
            asked.append(float(second))
    assert len(asked) <= 3600 / GAP_S + 1
    assert min(later - one for one, later in itertools.pairwise(asked)) >= GAP_S
    assert len(rounds.known) == MAX_KNOWN and rounds.known[0] == Target("10.4.14.15", "eth0")
