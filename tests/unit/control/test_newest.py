"""The newest questions: stored ones and those that still wait in the rings, within their bounds."""

from __future__ import annotations

from pathlib import Path

import pytest

from filterd.control import newest as use
from filterd.control.ingest import Ingest
from filterd.control.newest import newest_questions
from filterd.model.event import Origin
from tests.unit.control.family import state
from tests.unit.control.policy_state import NOW
from tests.unit.control.ring_data import Worker, ms, worker

__all__ = ["state", "worker"]  # fixtures


def test_stored_questions_count_and_so_do_those_behind_them(state: Path, worker: Worker) -> None:
    worker.ask(at_ms=ms(NOW - 100), profile="anna", device="pad")
    worker.ask(at_ms=ms(NOW - 90), profile="anna", device="pad", origin=Origin.FAILED)
    worker.ask(at_ms=ms(NOW - 120), profile="ben", device="", client=b"\xc0\0\2\x63", origin=Origin.UPSTREAM)
    ingest = Ingest(state)
    ingest.step(0.0)
    ingest.close()
    stored = newest_questions(state, NOW)
    assert stored.profiles == {"anna": NOW - 100, "ben": NOW - 120} and stored.devices == {"pad", "192.0.2.99"}
    assert stored.upstream == NOW - 120
    worker.ask(at_ms=ms(NOW - 5), profile="anna", device="phone")
    behind = newest_questions(state, NOW)
    assert behind.at == NOW - 5 and behind.devices == {"pad", "192.0.2.99", "phone"}


def test_only_the_newest_of_a_ring_are_looked_at(state: Path, worker: Worker, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(use, "RING_RECORDS", 3)
    for number in range(6):
        worker.ask(at_ms=ms(NOW - 60 + number), profile=f"p{number}", device=f"d{number}")
    assert set(newest_questions(state, NOW).profiles) == {"p3", "p4", "p5"}
