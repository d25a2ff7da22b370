"""What waits in a ring: decoded once, in order, behind what is stored; what is no tail is left out."""

from __future__ import annotations

from pathlib import Path

from filterd.control.ring_events import Tails, waiting
from filterd.net.ring import written
from tests.unit.control.ring_data import START, Worker, question


def test_what_is_behind_a_record_comes_in_order(tmp_path: Path) -> None:
    worker = Worker(tmp_path / "run")
    for number in range(5):
        worker.ask(at_ms=START + number)
    worker.close()
    path = tmp_path / "run" / "worker-0.allowed"
    words = written(path)
    assert words is not None
    found = [event for events in waiting(path, (words[0], 1), Tails(8)) for event in events]
    assert [at for at, _, _ in found] == [START + 2, START + 3, START + 4]
    assert found[0][1] == b"\xc0\0\2\7" and found[0][2] is found[1][2]
    assert [e[0] - START for events in waiting(path, None, Tails(8)) for e in events] == [0, 1, 2, 3, 4]


def test_no_ring_is_no_events(tmp_path: Path) -> None:
    assert list(waiting(tmp_path / "worker-0.allowed", None, Tails(8))) == []


def test_what_is_no_tail_is_none_and_what_is_known_is_bounded() -> None:
    tails = Tails(2)
    assert tails.of(b"") is None and tails.of(b"x") is None and len(tails._known) == 2
    assert tails.of(b"y") is None and len(tails._known) == 1
    assert question("www.example.org", START)
