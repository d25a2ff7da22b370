"""5,000 questions a second for a minute leave no gap, and a flood of allowed ones costs no blocked attempt its row.

Ingest runs in a process of its own and steps as the manager does; this process is the worker.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from filterd.net.ring import ALLOWED_BYTES, BLOCKED_BYTES, Ring
from tests.unit.control.ring_data import NAMES, question, rows

INGEST = """
import sys, time
from pathlib import Path
from filterd.control.ingest import Ingest
made = Ingest(Path(sys.argv[1]))
print("ready", flush=True)
import os, select
longest = 0.0
while not select.select([sys.stdin], [], [], 0.5)[0]:
    began = time.perf_counter()
    made.step(time.time())
    longest = max(longest, time.perf_counter() - began)
made.close()
print(f"{time.process_time():.3f} {longest:.3f}", flush=True)
"""

pytestmark = pytest.mark.slow


class Manager:
    """Ingest in a process of its own."""

    def __init__(self, tmp_path: Path) -> None:
        self.state, self.run = tmp_path / "state", tmp_path / "run"
        self.state.mkdir()
        self.run.mkdir()
        self.rings = {
            True: Ring.create(self.run / "worker-0.blocked", BLOCKED_BYTES),
            False: Ring.create(self.run / "worker-0.allowed", ALLOWED_BYTES),
        }
        self.process = subprocess.Popen(
            [sys.executable, "-c", INGEST, str(self.state)],
            env=os.environ | {"FILTERD_RUN": str(self.run)},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        assert self.process.stdout is not None
        assert self.process.stdout.readline() == "ready\n"

    def end(self) -> tuple[float, float]:
        """End it; return its CPU and its longest step in seconds."""
        out, _ = self.process.communicate("\n", timeout=60)
        cpu, longest = map(float, out.split())
        return cpu, longest


@pytest.fixture
def manager(tmp_path: Path):
    made = Manager(tmp_path)
    yield made
    made.process.kill()
    made.process.wait()


def templates(blocked: bool) -> list[bytes]:
    """Everything of a record behind its time."""
    return [question(name, 0, blocked=blocked, client=bytes((192, 0, 2, n % 20)))[10:] for n, name in enumerate(NAMES)]


def record_at(at_ms: int, behind: bytes) -> bytes:
    return (len(behind) + 8).to_bytes(2, "little") + at_ms.to_bytes(8, "little") + behind


def test_5000_a_second_for_a_minute(manager: Manager) -> None:
    seconds, rate = int(os.environ.get("FILTERD_SOAK_S", "60")), 5000
    texts = {blocked: templates(blocked) for blocked in (True, False)}
    sent = {True: 0, False: 0}
    start, n = time.monotonic(), 0
    while n < seconds * rate:
        due = min(int((time.monotonic() - start) * rate), seconds * rate)
        parts: dict[bool, list[bytes]] = {True: [], False: []}
        at_ms = int(time.time() * 1000)
        for number in range(n, due):
            blocked = number % 5 == 0
            parts[blocked].append(record_at(at_ms, texts[blocked][number % 200]))
        n = due
        for blocked, records in parts.items():
            sent[blocked] += len(records)
            for at in range(0, len(records), 32):
                frame = records[at : at + 32]
                manager.rings[blocked].append(b"".join(frame), len(frame))
        time.sleep(0.005)
    cpu, longest = manager.end()
    print(f"cpu {cpu / n * 1e6:.2f} us an event with start-up, longest step {longest * 1000:.0f} ms")
    assert rows(manager.state, "SELECT count(*) FROM gap") == [(0,)]
    assert rows(manager.state, "SELECT count(*) FROM event") == [(n,)]
    assert rows(manager.state, "SELECT count(*) FROM event WHERE what < 0") == [(sent[True],)]
    assert rows(manager.state, "SELECT sum(n) FROM hour") == [(sent[True],)]


def test_a_flood_of_allowed_questions_costs_no_blocked_attempt(manager: Manager) -> None:
    allowed, blocked = templates(False), templates(True)
    sent = blocked_sent = n = 0
    start = time.monotonic()
    while time.monotonic() - start < 15:
        at_ms = int(time.time() * 1000)
        for _ in range(40):
            frame = [record_at(at_ms, allowed[(n + i) % 200]) for i in range(32)]
            manager.rings[False].append(b"".join(frame), 32)
            n += 32
        sent += 1280
        for i in range(5):
            manager.rings[True].append(record_at(at_ms, blocked[(n + i) % 200]), 1)
        blocked_sent += 5
        time.sleep(0.01)
    manager.end()
    per_second = sent / 15
    print(f"{per_second:.0f} allowed questions a second, {blocked_sent} blocked")
    assert per_second > 20_000
    assert rows(manager.state, "SELECT count(*) FROM event WHERE what < 0") == [(blocked_sent,)]
    gaps = dict(rows(manager.state, "SELECT kind, sum(lost) FROM gap GROUP BY kind"))
    assert gaps["rate"] > 0
    ((kept,),) = rows(manager.state, "SELECT count(*) FROM event WHERE what > 0")
    assert kept + sum(gaps.values()) == sent
    assert rows(manager.state, "SELECT sum(n) FROM count") == [(sent + blocked_sent - gaps.get("ring", 0),)]
