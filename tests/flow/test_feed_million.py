"""A feed of a million names: what the first look and a day's change cost a box, in its own process, in plain Python."""

from __future__ import annotations

import json
import random
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.feed_server import Province

pytestmark = pytest.mark.slow

NAMES = 1_000_000
FIRST_CPU_S, DAY_CPU_S, PEAK_KIB = 30.0, 5.0, 300 * 1024
NOISE = 1.5  # of CPU seconds on a machine that others use too: shared caches and cores cost what we do not
CHILD = """
import json, sys
from filterd.cli import main
try:
    main(["feed", "sync", "--json", *sys.argv[1:]])
except SystemExit:
    pass
import resource
used = resource.getrusage(resource.RUSAGE_SELF)
peak = next(line.split()[1] for line in open("/proc/self/status") if line.startswith("VmHWM"))
print(json.dumps({"cpu_s": used.ru_utime + used.ru_stime, "peak_kib": int(peak)}))
"""


def test_a_million_names(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    chance = random.Random(5)
    letters = "abcdefghijklmnopqrstuvwxyz0123456789"
    ends = ("com", "net", "org", "vn", "xyz", "info", "top", "club")
    found: set[bytes] = set()
    while len(found) < NAMES:
        word = "".join(chance.choices(letters, k=chance.randint(6, 16)))
        found.add(f"{word}.{chance.choice(ends)}".encode())
    names = sorted(found)
    province = Province(now=time.time())
    (tmp_path / "root.json").write_bytes(province.root_bytes)

    def look() -> tuple[dict[str, object], float, int]:
        province.write(tmp_path / "stick")
        words = ("--state", tmp_path / "state", "--from", tmp_path / "stick", "--root", tmp_path / "root.json")
        command = [sys.executable, "-c", CHILD, *map(str, words)]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        said, cost = map(json.loads, done.stdout.splitlines())
        with capsys.disabled():
            print(
                f"\n{said['result']}: {said['bytes']} bytes, {cost['cpu_s']:.2f} s CPU, {cost['peak_kib']} KiB", end=""
            )
        return said, cost["cpu_s"], cost["peak_kib"]

    province.publish({"adult": names})
    said, cpu_s, peak_kib = look()
    assert said["taken"] == ["lai-chau-adult"]
    assert cpu_s < FIRST_CPU_S and peak_kib < PEAK_KIB
    kept = set(chance.sample(names, NAMES - NAMES // 400))  # 0.25 % go, 0.25 % come
    kept |= {b"new%d.example" % number for number in range(NAMES // 400)}
    province.publish({"adult": kept})
    said, cpu_s, peak_kib = look()
    assert said["taken"] == ["lai-chau-adult"] and said["revision"] == 2
    assert isinstance(said["bytes"], int) and said["bytes"] < 100_000
    assert cpu_s < DAY_CPU_S * NOISE and peak_kib < PEAK_KIB
    said, _, _ = look()
    assert said["result"] == "unchanged" and isinstance(said["bytes"], int) and said["bytes"] < 1000
