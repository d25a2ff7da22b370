"""What the log costs: CPU an event from the ring into the database, and bytes on disk a question.

A synthetic week as in the shared logdb.py: 50,000 names by Zipf's law, 12 clients, a fifth blocked. Results are asserted
before times are printed.

    python -m tests.bench.activity [--rows 1000000] [--names 50000] [--keep FOLDER]
"""

from __future__ import annotations

import argparse
import bisect
import itertools
import json
import multiprocessing
import os
import random
import shutil
import sqlite3
import sys
import tempfile
import time
from collections.abc import Iterator
from multiprocessing.connection import Connection
from pathlib import Path

from filterd.control.ingest import Ingest
from filterd.model.decision import Action, Row
from filterd.model.event import Origin, Tail, record
from filterd.net.ring import ALLOWED_BYTES, BLOCKED_BYTES, Ring
from filterd.wire.name import to_wire

WEEK_MS = 7 * 86_400_000
END_MS = 1_790_000_000_000
CLIENTS = 12
MAX_CPU_US, MAX_BYTES = 7.0, 36.0
_SAMPLES = 200_003
_FRAME = 24  # records a worker appends together


def household_week(rows: int, names: int) -> Iterator[tuple[bool, bytes]]:
    """Yield (blocked?, record) for a week, oldest first."""
    dice = random.Random(5)
    heights = list(itertools.accumulate(1 / (i + 1) for i in range(names)))
    sample = [bisect.bisect_left(heights, dice.random() * heights[-1]) for _ in range(_SAMPLES)]
    words = ["cdn", "api", "www", "img", "play", "edge", "mail", "s3", "ads", "telemetry"]
    wires = [to_wire(f"{words[i % 10]}{i}.example.com") for i in range(names)]
    tails: dict[tuple[int, int, int], bytes] = {}
    step = WEEK_MS / rows
    for i in range(rows):
        k, c, qtype = sample[i % _SAMPLES], i % CLIENTS, 1 if i % 20 else 28
        blocked = k % 5 == 0
        tail = tails.get((k, c, qtype))
        if tail is None:
            action, row = (Action.BLOCK, Row.CATEGORY) if blocked else (Action.ALLOW, Row.DEFAULT)
            tail = Tail(
                action, row, qtype, 0, Origin.HERE if blocked else Origin.CACHE, wires[k], f"child-{c // 3}",
                f"device-{c}", "ads" if blocked else "", "", "starter-ads" if blocked else "",
                "ads" if blocked else "nothing blocks it",
            ).encode()  # fmt: skip
            if len(tails) < 500_000:
                tails[k, c, qtype] = tail
        yield blocked, record(int(END_MS - WEEK_MS + i * step), bytes((192, 168, 1, 10 + c)), tail)


def main() -> int:
    """Run it; 1 when a promise is missed."""
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--rows", type=int, default=1_000_000)
    options.add_argument("--names", type=int, default=50_000)
    options.add_argument("--keep", type=Path, help="leave the database in this folder")
    given = options.parse_args()
    with tempfile.TemporaryDirectory() as temp:
        state = Path(temp) / "state"
        state.mkdir()
        os.environ["FILTERD_RUN"] = str(Path(temp) / "run")
        found = measure(state, Path(temp) / "run", given.rows, given.names)
        if given.keep is not None:
            given.keep.mkdir(parents=True, exist_ok=True)
            shutil.copy(state / "activity.db", given.keep)
    print(json.dumps(found))
    return int(found["cpu_us_event"] > MAX_CPU_US or found["bytes_question"] > MAX_BYTES)


def measure(state: Path, run: Path, rows: int, names: int) -> dict[str, float]:
    """Fill rings and let an Ingest read them, in turns; only the reading is timed."""
    run.mkdir()
    ours, theirs = multiprocessing.Pipe()
    writer = multiprocessing.Process(target=write, args=(theirs, run, rows, names))
    writer.start()
    theirs.close()
    ingest = Ingest(state)
    cpu = longest = 0.0
    blocked_rows = 0
    while True:
        ours.send(True)
        taken, blocked = ours.recv()
        if not taken:
            break
        blocked_rows += blocked
        began, wall = time.process_time(), time.perf_counter()
        ingest.step(END_MS / 1000)
        cpu += time.process_time() - began
        longest = max(longest, time.perf_counter() - wall)
    writer.join()
    began = time.process_time()
    ingest.close()
    cpu += time.process_time() - began
    db = sqlite3.connect(state / "activity.db")
    db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    assert db.execute("SELECT count(*) FROM event").fetchone() == (rows,)
    assert db.execute("SELECT count(*) FROM event WHERE what < 0").fetchone() == (blocked_rows,)
    assert db.execute("SELECT sum(n) FROM hour").fetchone() == (blocked_rows,)
    assert db.execute("SELECT sum(n) FROM count").fetchone() == (rows,)
    assert db.execute("SELECT count(*) FROM gap").fetchone() == (0,)
    sizes = {}
    try:
        sizes = dict(db.execute("SELECT name, sum(pgsize) FROM dbstat GROUP BY name"))
    except sqlite3.OperationalError:
        pass  # built without it
    found: dict[str, float] = {
        "rows": rows,
        "cpu_us_event": round(cpu / rows * 1e6, 2),
        "bytes_question": round((state / "activity.db").stat().st_size / rows, 1),
        "longest_step_ms": round(longest * 1000, 1),
    }
    for part, size in sizes.items():
        if size / rows > 0.05:
            found[f"bytes_{part}"] = round(size / rows, 2)
    db.close()
    return found


def write(pipe: Connection, run: Path, rows: int, names: int) -> None:
    """Be the worker: append 4096 records whenever asked, and say how many there were and how many of them blocked."""
    rings = {
        True: Ring.create(run / "worker-0.blocked", BLOCKED_BYTES),
        False: Ring.create(run / "worker-0.allowed", ALLOWED_BYTES),
    }
    week = household_week(rows, names)
    while True:
        pipe.recv()
        parts: dict[bool, list[bytes]] = {True: [], False: []}
        for blocked, data in itertools.islice(week, 4096):
            parts[blocked].append(data)
        for blocked, records in parts.items():
            for at in range(0, len(records), _FRAME):
                frame = records[at : at + _FRAME]
                rings[blocked].append(b"".join(frame), len(frame))
        taken = sum(map(len, parts.values()))
        pipe.send((taken, len(parts[True])))
        if not taken:
            return


if __name__ == "__main__":
    sys.exit(main())
