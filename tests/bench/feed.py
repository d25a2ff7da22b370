"""The office's side of a large feed: how long a publication of a million names takes, and what a day's change weighs.

A made-up list is imported, approved and published, then 0.5 % of its names go and as many others come, and it is
published again. CPU is what counts; what a box would have to fetch is read from the published tree. Promises: a publication
under 60 s, the day's change under 100 kB, an unchanged check under 1 kB. 1 when one is missed.

    python -m tests.bench.feed [--names 1000000]
"""

from __future__ import annotations

import argparse
import hashlib
import random
import resource
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import TypeVar

from filterd.control.feed_office_demo import ask
from filterd.control.feed_office_import import approve_list, look, take
from filterd.control.feed_office_keys import make
from filterd.control.feed_office_publish import publish
from filterd.feed import root
from filterd.feed.office import Office
from filterd.feed.office_new import create

PUBLISH_S, DELTA_BYTES, CHECK_BYTES = 60.0, 100_000, 1000
CHANGED = 0.005
_T = TypeVar("_T")
_WORDS = "play win luck club shop news live game star home best free tube chat cash bank loan card slot room".split()


def made_up(count: int, seed: int) -> list[str]:
    """Return different made-up names that compress about as real ones do."""
    chance = random.Random(seed)
    found: set[str] = set()
    while len(found) < count:
        digits = chance.randrange(10**6)
        name = f"{chance.choice(_WORDS)}{chance.choice(_WORDS)}{digits}.{chance.choice(('com', 'net', 'xyz', 'info'))}"
        found.add(hashlib.sha256(name.encode()).hexdigest()[:3] + name)
    return sorted(found)


def timed(what: str, call: Callable[[], _T]) -> tuple[_T, float]:
    """Return what a call gives and its seconds; print both kinds."""
    cpu, wall = time.process_time(), time.monotonic()
    found = call()
    cpu, wall = time.process_time() - cpu, time.monotonic() - wall
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss >> 10
    print(f"{what:<34} {cpu:6.1f} s CPU {wall:6.1f} s, peak {peak} MiB so far")
    return found, wall


def run(folder: Path, count: int) -> int:
    now = datetime.now(UTC)
    office = create(folder / "office", "bench", "Đo", "Bench")
    for role in ("root", "root", "root", "targets", "online"):
        make(office, role, "Lan", folder / "keys", ask, now.date())
    root.sign(office, [folder / "keys"], ask, now)
    names = made_up(count + int(count * CHANGED), 1)
    random.Random(2).shuffle(names)
    more = int(count * CHANGED)
    first, second = names[:count], names[more : count + more]
    (size, _, _), wall = _publish(folder, office, first, now)
    slow = [wall]
    (_, days, small), seconds = _publish(folder, office, second, now)
    slow.append(seconds)
    print(
        f"base {size / 1e6:.2f} MB; change of {2 * more} names {small / 1e3:.1f} kB in all, delta {days / 1e3:.1f} kB"
    )
    check = (office.repository / "metadata" / "timestamp.json").stat().st_size
    print(f"unchanged check {check} bytes")
    return int(max(slow) > PUBLISH_S or small > DELTA_BYTES or check > CHECK_BYTES)


def _publish(folder: Path, office: Office, names: list[str], now: datetime) -> tuple[tuple[int, int, int], float]:
    """Import, approve and publish; return (bytes of the base, of the delta, of everything a box fetches), seconds."""
    file = folder / "names.txt"
    file.write_text("\n".join(names) + "\n")
    seen, _ = timed("read and compare", lambda: look(office, str(file), category="gambling", list_id="many"))
    take(office, seen, by="Lan", reason="bench", today=now.date(), licence="CC0-1.0")
    assert seen.names == len(names), (seen.names, seen.left_out[:3])
    approve_list(office, "many", by="Minh", today=now.date())
    done, seconds = timed(f"publish {seen.names} names", lambda: publish(office, [folder / "keys"], ask, now))
    assert done.names == len(names)
    files = done.new_files
    base = sum(size for path, size in files.items() if "base-" in path)
    delta = sum(size for path, size in files.items() if "delta-" in path)
    metadata = office.repository / "metadata"
    notes = sum(path.stat().st_size for role in ("targets", "snapshot") for path in metadata.glob(f"*.{role}.json"))
    return (base, delta, sum(files.values()) + notes + (metadata / "timestamp.json").stat().st_size), seconds


def main() -> int:
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--names", type=int, default=1_000_000)
    args = options.parse_args()
    with tempfile.TemporaryDirectory(prefix="filterd-bench-feed-") as folder:
        return run(Path(folder), args.names)


if __name__ == "__main__":
    sys.exit(main())
