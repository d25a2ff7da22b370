"""What is told to the manager and what is not: repeats, floods, a manager that is away, busy, or another one."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from filterd.model.sighting import INBOX, Kind, Sighting, decode
from filterd.presence.tell import MAX_KEYS, MAX_WAITING, MOST_PER_S, MOVED_S, REPEAT_S, RETRY_S, Limiter, Teller

PHONE = "02:aa:00:00:00:11"
ARP = Sighting(5.0, Kind.ARP, PHONE, "192.0.2.11")


def many(count: int) -> list[Sighting]:
    """Different sightings."""
    return [Sighting(5.0, Kind.ARP, PHONE, f"10.{n >> 16}.{n >> 8 & 255}.{n & 255}") for n in range(count)]


def test_the_same_is_news_once_in_half_a_minute() -> None:
    limiter = Limiter()
    assert limiter.is_news(ARP, 100.0)
    later = Sighting(6.0, Kind.ARP, PHONE, "192.0.2.11", interface="eth1")  # another moment, another interface
    assert not limiter.is_news(later, 100.0 + REPEAT_S - 0.1)
    assert limiter.is_news(later, 100.0 + REPEAT_S)


@pytest.mark.parametrize(
    "other",
    [
        Sighting(5.0, Kind.NEIGHBOUR, PHONE, "192.0.2.11"),
        Sighting(5.0, Kind.ARP, "02:aa:00:00:00:12", "192.0.2.11"),
        Sighting(5.0, Kind.ARP, PHONE, "192.0.2.12"),
        Sighting(5.0, Kind.ARP, PHONE, "192.0.2.11", "name"),
        Sighting(5.0, Kind.ARP, PHONE, "192.0.2.11", detail="detail"),
    ],
)
def test_what_differs_is_news(other: Sighting) -> None:
    limiter = Limiter()
    assert limiter.is_news(ARP, 100.0) and limiter.is_news(other, 100.0)


def test_an_address_that_goes_back_is_news_at_once_and_a_fight_for_it_is_not_a_flood() -> None:
    limiter = Limiter()
    other = Sighting(5.0, Kind.ARP, "02:aa:00:00:00:12", ARP.address)
    assert limiter.is_news(ARP, 100.0) and limiter.is_news(other, 101.0)
    assert limiter.is_news(ARP, 102.0) and not limiter.is_news(ARP, 103.0)
    assert limiter.is_news(other, 103.0)
    told = sum(limiter.is_news((ARP, other)[n % 2], 200.0 + n / 1000) for n in range(2000))
    assert 2 < told <= 2 * 2 / MOVED_S
    assert limiter.is_news(ARP, 300.0)  # who has it in the end is told
    for n, sighting in enumerate(many(MAX_KEYS + 1)):
        limiter.is_news(sighting, 400.0 + n)
    assert len(limiter._owners) == MAX_KEYS


def test_a_flood_is_cut_and_counted_and_what_was_cut_may_come_again() -> None:
    limiter = Limiter()
    flood = many(MOST_PER_S + 50)
    assert sum(limiter.is_news(s, 100.0) for s in flood) == MOST_PER_S
    assert limiter.dropped == 50
    assert limiter.is_news(flood[-1], 101.0)


def test_a_clock_that_stands_still_gives_no_room() -> None:
    limiter = Limiter(1)
    assert limiter.is_news(ARP, 100.0)
    assert not any(limiter.is_news(s, 100.0) for s in many(5))
    assert limiter.is_news(many(1)[0], 101.0)


def test_what_was_told_is_forgotten_beyond_a_bound() -> None:
    limiter = Limiter(10 * MAX_KEYS)
    all_of_them = many(MAX_KEYS + 1)
    assert all(limiter.is_news(s, 100.0) for s in all_of_them)
    assert limiter.is_news(all_of_them[0], 100.0)  # the oldest was forgotten
    assert not limiter.is_news(all_of_them[-1], 100.0)


class Manager:
    """A datagram socket where the manager's would be."""

    def __init__(self, folder: Path) -> None:
        (folder / INBOX).unlink(missing_ok=True)
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.sock.bind(str(folder / INBOX))
        self.sock.setblocking(False)

    def heard(self) -> list[Sighting]:
        """Everything that waits."""
        found = []
        try:
            while True:
                found.append(decode(self.sock.recv(65_536)))
        except BlockingIOError:
            return found


@pytest.fixture
def teller(tmp_path: Path) -> Iterator[Teller]:
    made = Teller(lambda: tmp_path)
    yield made
    made.close()


def test_without_a_manager_nothing_waits_and_it_is_told_when_it_comes(teller: Teller, tmp_path: Path) -> None:
    teller.tell([ARP], 100.0)
    assert (teller.unheard, teller.reached, teller.waiting_on) == (1, 0, None)
    manager = Manager(tmp_path)
    teller.tell([ARP], 100.0 + RETRY_S / 2)  # too soon to look again
    assert manager.heard() == []
    teller.tell([ARP], 100.0 + RETRY_S)
    assert manager.heard() == [ARP] and teller.reached == 1
    manager.sock.close()


def test_another_manager_is_told_again(teller: Teller, tmp_path: Path) -> None:
    first = Manager(tmp_path)
    teller.tell([ARP], 100.0)
    assert first.heard() == [ARP]
    first.sock.close()
    second = Manager(tmp_path)
    teller.tell(many(1), 102.0)  # into the void: that is how the end is noticed
    teller.tell([ARP], 104.0)
    assert second.heard() == [ARP] and (teller.reached, teller.unheard) == (2, 1)
    second.sock.close()


def test_for_a_busy_manager_a_little_waits(teller: Teller, tmp_path: Path) -> None:
    manager = Manager(tmp_path)
    flood = [s for at in range(8) for s in many((at + 1) * 190)[at * 190 :]]
    for at in range(8):
        teller.tell(flood[at * 190 : at * 190 + 190], 100.0 + at)
    assert teller.waiting_on is not None and teller.dropped == 0
    assert teller.unheard == len(flood) - teller.told - MAX_WAITING > 0
    kept = flood[: teller.told + MAX_WAITING]
    heard = []
    while more := manager.heard():
        heard += more
        teller.flush()
    assert heard == kept and teller.waiting_on is None
    manager.sock.close()


def test_what_waited_for_a_manager_that_ended_is_gone(teller: Teller, tmp_path: Path) -> None:
    manager = Manager(tmp_path)
    teller.tell(many(MOST_PER_S), 100.0)
    told = teller.told
    if teller.waiting_on is None:
        pytest.skip("the kernel's queue takes them all: net.unix.max_dgram_qlen is high")
    manager.sock.close()
    teller.flush()
    assert teller.waiting_on is None and teller.unheard == MOST_PER_S - told
