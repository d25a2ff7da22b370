"""How much a family's log writes to the SD card: at most 2 MB an hour.

An hour of simulated time at 2 questions a second from 20 devices, committed every five minutes, in a process of its
own. /proc/self/io says what the kernel was given for the disk (write_bytes); where the state folder lies on a file
system without a disk that is 0, and the bytes that were handed to it are counted in its place (wchar: more than pages).
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

MAX_BYTES = 2_000_000
FAMILY = """
import json, os, random, sys
from bisect import bisect_left
from itertools import accumulate
from pathlib import Path
from filterd.control.ingest import Ingest
from filterd.control.retention import Retention
from tests.unit.control.ring_data import START, Worker

def io():
    return {k: int(v) for k, v in (line.split(": ") for line in Path("/proc/self/io").read_text().splitlines())}

state, run, hours = Path(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3])
dice = random.Random(4)
now = 0.0
heights = list(accumulate(1 / (n + 1) for n in range(20_000)))
worker = Worker(run)
ingest = Ingest(state, clock=lambda: now)
def hour(number):
    global now
    for second in range(3600):
        now += 1.0
        for half in range(2):
            n = bisect_left(heights, dice.random() * heights[-1])
            device = dice.randrange(20)
            worker.ask(
                f"{'www cdn api img mail'.split()[n % 5]}{n}.example.com", START + number * 3_600_000 + second * 1000 + half * 500,
                blocked=n % 6 == 0, category="ads" if n % 6 == 0 else "", qtype=(1, 28, 65)[dice.randrange(3)],
                profile=f"child-{device // 4}", device=f"device-{device}", client=bytes((192, 168, 1, device)),
                origin=dice.choice((1, 1, 3)), service=("", "", "", "youtube", "tiktok")[n % 5] if n % 6 else "",
            )
        if second % 5 == 0:
            ingest.step((START + number * 3_600_000 + second * 1000) / 1000)
hour(0)  # the day's dictionary is full of first times
before = io()
for number in range(hours):
    hour(1 + number)
os.sync()
after = io()
print(json.dumps({k: (after[k] - before[k]) / hours for k in ("write_bytes", "wchar")}))
ingest.close()
"""


def test_a_family_writes_at_most_2_mb_an_hour(tmp_path: Path) -> None:
    state = tmp_path / "state"
    state.mkdir()
    (tmp_path / "shm").mkdir()
    run = Path("/dev/shm") / f"filterd-test-{os.getpid()}"
    try:
        done = subprocess.run(
            [sys.executable, "-c", FAMILY, str(state), str(run), "3"],
            env=os.environ | {"FILTERD_RUN": str(run)},
            capture_output=True,
            text=True,
            check=False,
            cwd=Path(__file__).parents[2],
        )
    finally:
        for file in run.glob("*"):
            file.unlink()
        run.rmdir()
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    measure = "write_bytes" if found["write_bytes"] > 0 else "wchar"
    print(f"{found[measure] / 1e6:.2f} MB an hour by {measure}; {found}")
    assert found[measure] <= MAX_BYTES, found
