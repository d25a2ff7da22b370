"""kill -9 in the middle of a look at the feed, a hundred times: the old edition or the new one, and the next look mends."""

from __future__ import annotations

import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from filterd.control.feed_status import feed_status
from tests.feed_box import Box
from tests.feed_server import Province

pytestmark = pytest.mark.slow

TIMES = 100
CHILD = """
import sys
from pathlib import Path
from filterd.control.feed_sync import FeedMeans, sync_feed
from filterd.control.feed_trust import pinned
from tests.unit.listbuild.shipped import catalogue
import filterd.feed.trust, filterd.feed.fetch, filterd.control.feed_gather, filterd.control.feed_apply
import filterd.listbuild.assemble, filterd.listbuild.fetch, filterd.control.publish
state, root, source, now = Path(sys.argv[1]), Path(sys.argv[2]).read_bytes(), sys.argv[3], float(sys.argv[4])
means = FeedMeans(catalogue=catalogue(), wall=lambda: now, synchronised=lambda: True)
print("ready", flush=True)
sys.stdin.readline()
result = sync_feed(state, pinned(state, root), root=root, source=source, means=means)
print(result.refusal.code if result.refusal else "good", flush=True)
"""


def test_a_look_that_is_killed_anywhere(tmp_path: Path) -> None:
    chance = random.Random(8)
    province = Province()
    stick, root = tmp_path / "stick", tmp_path / "root.json"
    root.write_bytes(province.root_bytes)
    with Box(tmp_path / "state", province) as box:
        number = 0
        _publish(province, number, stick)
        began = time.monotonic()
        assert box.code(source=str(stick)) is None
        usual_s = time.monotonic() - began
        killed = 0
        for _ in range(TIMES):
            number += 1
            _publish(province, number, stick)
            child = subprocess.Popen(
                [sys.executable, "-c", CHILD, str(box.state), str(root), str(stick), str(box.now)],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                text=True,
            )
            with child:
                assert child.stdin is not None and child.stdout is not None
                assert child.stdout.readline() == "ready\n"
                child.stdin.write("go\n")
                child.stdin.flush()
                time.sleep(chance.uniform(0, usual_s * 1.2))
                child.send_signal(signal.SIGKILL)
                killed += child.wait() == -signal.SIGKILL
            _whole(box, number)
            assert box.code(source=str(stick)) is None
            assert box.blocks(f"adult{number}.example") and box.blocks(f"scam{number}.example")
            seen = feed_status(box.state)
            assert seen is not None and seen.seq == province.seq and seen.refusal is None
        assert killed > TIMES // 4  # most of them hit the look, not what is behind it
        left = [path for path in box.state.rglob("*") if path.name.endswith(".tmp") and "feed" in path.parts]
        assert len(left) < 10  # what a killed writer left is cleared away by a later one


def _publish(province: Province, number: int, stick: Path) -> None:
    """Put out an edition in which both lists change."""
    names = {key: [b"%s%d.example" % (key.encode(), number), b"always.example"] for key in ("adult", "scam")}
    province.publish(names)
    province.write(stick)


def _whole(box: Box, number: int) -> None:
    """Both lists are of the old edition, or both are of the new one."""
    new = {box.blocks(f"{key}{number}.example") for key in ("adult", "scam")}
    old = {box.blocks(f"{key}{number - 1}.example") for key in ("adult", "scam")}
    assert (new, old) in (({True}, {False}), ({False}, {True}))
    assert box.blocks("always.example")
