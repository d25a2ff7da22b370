"""The manager's side of presence: sightings by datagram, the map, who asks, and what is kept over a restart."""

from __future__ import annotations

import json
import logging
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from filterd.control.seen import BATCH, FILE, MAX_ASKED, SAVED_S, AskedConsumer, Seen, devices, is_watched
from filterd.model.decision import Action, Row
from filterd.model.event import Origin, Tail
from filterd.model.sighting import INBOX, INBOX_MODE, MAX_BYTES, Kind, Sighting, encode
from filterd.net.loop import Complaints

NOW = 1_900_000_000.0
LAN, MINH = "02:aa:00:00:00:11", "02:aa:00:00:00:12"
A, B = "192.0.2.11", "192.0.2.12"


class Box:
    """A Seen with a clock and a neighbour table in hand, and a socket that speaks as presence does."""

    def __init__(self, state: Path, run: Path) -> None:
        self.state, self.run, self.now = state, run, NOW
        self.table: dict[str, str] = {}
        self.seen = Seen(state, lambda: dict(self.table), lambda: self.now, Complaints(logging.getLogger("test")))
        self.seen.open()
        self.out = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)

    def says(self, *sightings: Sighting) -> int:
        """Presence sends, the manager takes."""
        for sighting in sightings:
            self.out.sendto(encode(sighting), str(self.run / INBOX))
        return self.seen.receive()

    def close(self) -> None:
        self.out.close()
        self.seen.close()


@pytest.fixture
def box(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Box]:
    monkeypatch.setenv("FILTERD_RUN", str(tmp_path / "run"))
    (tmp_path / "run").mkdir()
    (tmp_path / "state").mkdir()
    made = Box(tmp_path / "state", tmp_path / "run")
    yield made
    made.close()


def test_a_sighting_is_in_the_map_of_the_next_step_and_the_step_after_has_nothing_new(box: Box) -> None:
    assert box.says(Sighting(NOW, Kind.ARP, LAN, A)) == 1
    found = box.seen.step()
    assert found == {A: LAN}
    assert box.seen.step() == found  # not said to be in force yet
    box.seen.published(found)
    assert box.seen.step() is None
    box.says(Sighting(NOW + 1, Kind.ARP, MINH, A))
    assert box.seen.step() == {A: MINH}


def test_without_presence_the_kernels_table_is_read(box: Box) -> None:
    box.table = {A: LAN}
    assert box.seen.step() == {A: LAN}
    assert not is_watched(box.state, box.now)
    box.table = {A: LAN, B: MINH}
    assert box.seen.step() == {A: LAN}  # it is read every two seconds
    box.now += 2
    assert box.seen.step() == {A: LAN, B: MINH}


def test_rubbish_is_passed_over_and_a_flood_is_taken_in_batches(box: Box) -> None:
    good = encode(Sighting(NOW, Kind.ARP, LAN, A))
    for data in (b"", b"\xff", b"{}", good.replace(LAN.encode(), b"ff:ff:ff:ff:ff:ff"), b"x" * (MAX_BYTES + 50), good):
        box.out.sendto(data, str(box.run / INBOX))
        box.seen.receive()
    assert [d.mac for d in box.seen.identify.devices(NOW)] == [LAN]
    box.out.setblocking(False)
    sent = 0
    try:
        while sent <= BATCH:
            box.out.sendto(good, str(box.run / INBOX))
            sent += 1
    except BlockingIOError:
        pass  # the kernel's queue is the shorter one: presence drops and counts
    assert box.seen.receive() == min(sent, BATCH)


def test_the_inbox_is_for_the_group_and_is_gone_at_the_end(box: Box) -> None:
    assert (box.run / INBOX).stat().st_mode & 0o777 == INBOX_MODE
    box.seen.close()
    assert not (box.run / INBOX).exists()


def test_the_page_sees_who_is_there_and_who_asked_within_seconds(box: Box) -> None:
    box.says(Sighting(NOW, Kind.DHCP, LAN, A, name="Lan-iPhone", detail="55=1,3,6"), Sighting(NOW, Kind.TALKS, MINH))
    tail = Tail(Action.ALLOW, Row.DEFAULT, 1, 0, Origin.CACHE, b"\x01a\x00")
    failed = Tail(Action.ALLOW, Row.DEFAULT, 1, 0, Origin.FAILED, b"\x01a\x00")
    consumer = AskedConsumer(box.seen)
    consumer.take(
        [(int(NOW * 1000) + 500, socket.inet_aton(A), tail), (int(NOW * 1000) + 900, socket.inet_aton(A), failed)]
    )
    box.seen.step()
    shown = {d.mac: d for d in devices(box.state, NOW + 3)}
    assert shown[LAN].names == ("Lan-iPhone",) and shown[LAN].addresses == (A,) and shown[LAN].asked is not None
    assert abs(shown[LAN].asked - NOW) <= 1 and shown[MINH].asked is None
    assert is_watched(box.state, NOW + 60) and not is_watched(box.state, NOW + 600)


def test_two_at_odds_are_shown_and_share_no_rules(box: Box) -> None:
    box.says(Sighting(NOW, Kind.ARP, LAN, A), Sighting(NOW + 1, Kind.ARP, MINH, A), Sighting(NOW + 2, Kind.ARP, LAN, A))
    box.now += 3
    assert box.seen.step() == {}
    assert {d.mac: d.rival for d in devices(box.state, box.now)} == {LAN: MINH, MINH: LAN}


def test_a_restart_on_the_same_evening_still_knows_the_phone(box: Box) -> None:
    box.says(Sighting(NOW, Kind.ARP, LAN, A, name=""))
    box.seen.close()
    again = Seen(box.state, dict, lambda: NOW + 300)
    assert again.step() == {A: LAN}
    (box.state / FILE).write_bytes(b"{")
    assert Seen(box.state, dict, lambda: NOW + 300).step() == {}


def test_the_disk_is_written_once_an_hour_and_a_minute_after_somebody_new(box: Box) -> None:
    path = box.state / FILE
    box.says(Sighting(NOW, Kind.ARP, LAN, A))
    box.seen.step()
    assert not path.exists()
    box.now += 61
    box.seen.step()
    first = path.stat().st_mtime_ns
    for _ in range(100):
        box.now += 10
        box.says(Sighting(box.now, Kind.ARP, LAN, A))
        box.seen.step()
    assert path.stat().st_mtime_ns == first
    box.now += SAVED_S
    box.seen.step()
    assert path.stat().st_mtime_ns != first


def test_a_full_disk_costs_the_memory_alone(box: Box, monkeypatch: pytest.MonkeyPatch) -> None:
    (box.state / FILE).mkdir()  # nothing can take its place
    box.says(Sighting(NOW, Kind.ARP, LAN, A))
    box.now += SAVED_S + 1
    assert box.seen.step() == {A: LAN}


def test_questions_from_made_up_sources_fill_nothing(box: Box) -> None:
    tail = Tail(Action.ALLOW, Row.DEFAULT, 1, 0, Origin.CACHE, b"\x01a\x00")
    box.seen.take_events([(1, n.to_bytes(4, "big"), tail) for n in range(MAX_ASKED + 1)])
    assert box.seen._asked == {}


def test_a_file_of_another_layout_or_shape_is_nothing(box: Box) -> None:
    for document in ({"layout": 9, "devices": {}}, {"layout": 1, "devices": []}, [], {"layout": 1, "conflicts": {}}):
        (box.run / FILE).write_bytes(json.dumps(document).encode())
        assert devices(box.state, NOW) == [] and not is_watched(box.state, NOW)
