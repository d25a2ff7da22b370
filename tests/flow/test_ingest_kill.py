"""A manager that is killed at any moment stores every question once; so does one whose workers come and go."""

from __future__ import annotations

import contextlib
import os
import random
import signal
import sqlite3
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.unit.control.ring_data import NAMES, START, Worker, rows

INGEST = """
import sys, time
from pathlib import Path
from filterd.control import ingest
ingest.COMMIT_S, ingest.BATCH_ROWS = 0.02, 500
made = ingest.Ingest(Path(sys.argv[1]))
print("ready", flush=True)
while True:
    made.step(time.time())
    time.sleep(0.002)
"""


def begin(state: Path, run: Path) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [sys.executable, "-c", INGEST, str(state)], env=os.environ | {"FILTERD_RUN": str(run)}, stdout=subprocess.PIPE
    )


@pytest.mark.parametrize("kills", [4, pytest.param(100, marks=pytest.mark.slow)])
def test_every_question_is_stored_once(tmp_path: Path, kills: int) -> None:
    state, run = tmp_path / "state", tmp_path / "run"
    state.mkdir()
    dice = random.Random(kills)
    worker = Worker(run)
    inode = (run / "worker-0.allowed").stat().st_ino
    n = 0
    for _ in range(kills):
        process = begin(state, run)
        assert process.stdout is not None
        process.stdout.readline()
        until = time.monotonic() + dice.uniform(0.0, 0.25)
        while time.monotonic() < until:
            for _ in range(dice.randrange(200)):
                worker.ask(NAMES[n % 200], START + n, blocked=n % 5 == 0)
                n += 1
            if dice.random() < 0.1:  # the worker is killed, its successor takes the ring over
                worker.close()
                worker = Worker(run)
            time.sleep(0.004)
        process.send_signal(signal.SIGKILL)
        process.wait()
        process.stdout.close()
    assert (run / "worker-0.allowed").stat().st_ino == inode
    process = begin(state, run)
    deadline = time.monotonic() + 20
    try:
        while time.monotonic() < deadline:
            if (state / "activity.db").exists() and process.stdout is not None and n > 0:
                time.sleep(0.2)
                with contextlib.suppress(sqlite3.OperationalError):  # its tables are not made yet
                    if rows(state, "SELECT count(*) FROM event") == [(n,)]:
                        break
    finally:
        process.kill()
        process.wait()
        assert process.stdout is not None
        process.stdout.close()
    assert n > 100 * min(kills, 3)
    assert rows(state, "SELECT count(*), count(DISTINCT id >> 10) FROM event") == [(n, n)]
    assert rows(state, "SELECT min(id) >> 10, max(id) >> 10 FROM event") == [(START, START + n - 1)]
    assert rows(state, "SELECT sum(n) FROM count") == [(n,)]
    assert rows(state, "SELECT sum(n) FROM hour") == [(-(-n // 5),)]
    assert rows(state, "SELECT count(*) FROM gap") == [(0,)]
    names = rows(state, "SELECT (event.id >> 10), name.text FROM event JOIN name ON name.id = event.name")
    assert all(text == NAMES[(at_ms - START) % 200] for at_ms, text in names) and len(names) == n
    assert rows(state, "PRAGMA integrity_check") == [("ok",)]
