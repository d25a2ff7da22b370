"""The presence process joins its parts: what is read is told, a flood waits for the next second, a new manager is told all."""

from __future__ import annotations

import logging
import os
from collections.abc import Iterable, Iterator

import pytest

from filterd.model.sighting import Kind, Sighting
from filterd.net.loop import Loop
from filterd.presence_main import BATCH, FRAMES_PER_S, PAUSE_S, Presence
from tests import packets

PHONE, OWN = "02:aa:00:00:00:11", "02:aa:00:00:00:02"


class Clock:
    """Monotonic seconds, as a test says."""

    now = 100.0

    def __call__(self) -> float:
        return self.now


class Wire:
    """Stands for sniffer, neighbour watch and teller at once; a pipe makes it readable."""

    def __init__(self) -> None:
        self.fds = os.pipe()
        self.frames: list[bytes] = []
        self.told: list[Sighting] = []
        self.dropped = self.reached = 0
        self.waiting_on = None

    def fileno(self) -> int:
        return self.fds[0]

    def read(self, most: int) -> Iterator[tuple[bytes, str]]:
        for _ in range(most):
            if self.frames:
                yield self.frames.pop(0), "eth0"

    def join(self) -> None:
        pass

    def count_drops(self) -> int:
        return 0

    def tell(self, sightings: Iterable[Sighting], now: float) -> None:
        self.told += sightings

    def reach(self, now: float) -> bool:
        return True


class Table:
    """Stands for the neighbour watch."""

    def __init__(self) -> None:
        self.fds = os.pipe()
        self.looks: list[bool] = []
        self.fails = False

    def fileno(self) -> int:
        return self.fds[0]

    def look(self, at: float, *, anew: bool = False) -> list[Sighting]:
        if self.fails:
            raise OSError("no kernel")
        self.looks.append(anew)
        return [Sighting(at, Kind.NEIGHBOUR, PHONE, "192.0.2.11")]

    def read(self, at: float) -> list[Sighting]:
        return [Sighting(at, Kind.GONE, PHONE, "192.0.2.11")]

    def forget_names(self) -> None:
        pass


@pytest.fixture
def parts() -> Iterator[tuple[Presence, Wire, Table, Loop, Clock]]:
    clock, wire, table = Clock(), Wire(), Table()
    loop = Loop(clock)
    presence = Presence(loop, wire, table, wire, lambda: 5.0)  # type: ignore[arg-type]
    presence.start()
    presence._own = frozenset({OWN})
    wire.told.clear()
    yield presence, wire, table, loop, clock
    loop.close()
    for fd in (*wire.fds, *table.fds):
        os.close(fd)


Parts = tuple[Presence, Wire, Table, Loop, Clock]


def test_what_others_send_is_told_and_what_the_box_sends_is_not(parts: Parts) -> None:
    presence, wire, *_ = parts
    wire.frames = [packets.arp(OWN, "192.0.2.2"), packets.arp(PHONE, "192.0.2.11"), b""]
    presence.on_frames()
    assert [(s.kind, s.mac, s.at) for s in wire.told] == [(Kind.TALKS, PHONE, 5.0), (Kind.ARP, PHONE, 5.0)]
    presence.on_neighbours()
    assert wire.told[-1].kind is Kind.GONE


def test_a_flood_waits_for_the_next_second(parts: Parts) -> None:
    presence, wire, _, loop, clock = parts
    os.write(wire.fds[1], b"x")  # always readable
    wire.frames = [packets.arp(PHONE, "192.0.2.11")] * (2 * FRAMES_PER_S)
    loop.run_once(0.0)
    assert presence.frames == BATCH
    loop.run_once(0.0)
    assert presence.frames == BATCH  # it rests
    clock.now += PAUSE_S
    loop.run_once(0.0)
    assert presence.frames == FRAMES_PER_S
    clock.now += PAUSE_S
    loop.run_once(0.0)
    assert presence.frames == FRAMES_PER_S  # no room in this second
    clock.now += 1.0
    loop.run_once(0.0)
    assert presence.frames == FRAMES_PER_S + BATCH


def test_a_new_manager_is_told_the_whole_table(parts: Parts) -> None:
    presence, wire, table, *_ = parts
    table.looks.clear()
    presence.tick()
    assert table.looks == []
    wire.reached = 1
    presence.tick()
    presence.tick()
    assert table.looks == [True] and wire.told[-1].kind is Kind.NEIGHBOUR


def test_a_kernel_that_cannot_be_asked_ends_nothing(parts: Parts, caplog: pytest.LogCaptureFixture) -> None:
    presence, wire, table, *_ = parts
    table.fails = True
    presence.look()
    assert "neighbour tables cannot be read" in caplog.text and wire.told == []


def test_losses_are_said_once(parts: Parts, caplog: pytest.LogCaptureFixture) -> None:
    presence, wire, *_ = parts
    caplog.set_level(logging.WARNING)
    presence.say_losses()
    assert caplog.text == ""
    wire.dropped = 7
    presence.say_losses()
    presence.say_losses()
    assert caplog.text.count("too much at once") == 1


class Asking:
    """Stands for the asker."""

    def __init__(self) -> None:
        self.seen: list[Sighting] = []
        self.looks = 0
        self.answers: list[Sighting] = []

    def interfaces(self, found: object, now: float) -> None:
        self.looks += 1

    def take(self, seen: Sighting, now: float) -> None:
        self.seen.append(seen)

    def tick(self, now: float, at: float) -> list[Sighting]:
        found, self.answers = self.answers, []
        return found


def test_the_asker_hears_what_others_say_and_its_answers_are_told(parts: Parts) -> None:
    presence, wire, *_ = parts
    asking = Asking()
    presence._asker = asking  # type: ignore[assignment]
    wire.frames = [packets.router(OWN, "fe80::2"), packets.router(PHONE, "fe80::11")]
    presence.on_frames()
    assert [(s.kind, s.mac) for s in asking.seen if s.kind is Kind.RA] == [(Kind.RA, PHONE)]
    asking.answers = [Sighting(5.0, Kind.DNS_SERVER, PHONE, "192.0.2.11", detail="answers")]
    wire.told.clear()
    presence.tick()
    presence.tick()
    assert [(s.kind, s.detail) for s in wire.told] == [(Kind.DNS_SERVER, "answers")]
    presence.look_at_interfaces()
    assert asking.looks == 1
