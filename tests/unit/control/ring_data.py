"""A worker for tests: rings in a run folder, and questions as a worker writes them."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from filterd.model.decision import Action, Row
from filterd.model.event import Origin, Tail, record
from filterd.net.ring import Ring
from filterd.wire.name import to_wire

START = 1_795_500_000_000  # 2026-11-24 06:00 UTC
NAMES = [f"{word}{i}.example.org" for i in range(40) for word in ("www", "cdn", "api", "img", "mail")]


class Worker:
    """The writing side of a worker's two rings."""

    def __init__(self, run: Path, number: int = 0, size: int = 1024 * 1024) -> None:
        run.mkdir(exist_ok=True)
        self.rings = {
            blocked: Ring.create(run / f"worker-{number}.{'blocked' if blocked else 'allowed'}", size)
            for blocked in (False, True)
        }

    def ask(self, name: str = "www.example.org", at_ms: int = START, *, blocked: bool = False, **more: Any) -> None:
        """Append one question."""
        self.rings[blocked].append(question(name, at_ms, blocked=blocked, **more))

    def close(self) -> None:
        for ring in self.rings.values():
            ring.close()


@pytest.fixture
def worker(state: Path) -> Iterator[Worker]:
    """The rings of a worker, into which tests write questions."""
    found = Worker(state.parent / "run")
    yield found
    found.close()


def ms(at: float) -> int:
    """Return POSIX seconds in milliseconds."""
    return int(at * 1000)


def question(
    name: str, at_ms: int, *, blocked: bool = False, client: bytes = b"\xc0\0\2\7", category: str = "", **more: Any
) -> bytes:
    """One record."""
    action, row = (Action.BLOCK, Row.CATEGORY) if blocked else (Action.ALLOW, Row.DEFAULT)
    values: dict[str, Any] = {
        "action": action, "row": row, "qtype": 1, "rcode": 0, "origin": Origin.CACHE, "qname": to_wire(name),
        "profile": "lan", "device": "pad", "category": category,
    }  # fmt: skip
    return record(at_ms, client, Tail(**(values | more)).encode())


def rows(state: Path, wanted: str) -> list[tuple[Any, ...]]:
    """What a query of the log's file returns."""
    db = sqlite3.connect(state / "activity.db")
    try:
        return db.execute(wanted).fetchall()
    finally:
        db.close()


LOG = (
    "SELECT event.id >> 10, coalesce(name.text, ''), who.profile, event.what < 0 FROM event "
    "LEFT JOIN name ON name.id = event.name LEFT JOIN who ON who.id = event.who ORDER BY event.id"
)
