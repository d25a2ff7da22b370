"""A disk that is full at any write of a look at the feed: refused with a sentence, nothing half in force, mended later.

Real: a small tmpfs in a mount namespace of its own, filled up to so many free pages, for many numbers of pages,
so that every write of a look is once the one that finds no space.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

from filterd.control.feed_status import feed_status
from filterd.model.feed import Refusal
from tests.feed_box import Box
from tests.feed_server import Province

PAGE = 4096
FREE_PAGES = (*range(24), 26, 28, 30, 32, 36, 40, 44, 48, 56, 64, 80, 100, 120, 140, 160)

pytestmark = [
    pytest.mark.system,
    pytest.mark.skipif(os.geteuid() != 0, reason="mounting needs root"),
    pytest.mark.skipif(shutil.which("unshare") is None, reason="unshare is not installed"),
]


def test_a_full_disk_refuses_the_feed_and_loses_nothing(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "state").mkdir()
    command = ["unshare", "--mount", "--propagation", "private", sys.executable, "-m", __name__, str(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300, check=False)
    with capsys.disabled():
        print(f"\n{done.stdout}", end="")
    assert done.returncode == 0, done.stderr
    assert not list((tmp_path / "state").iterdir())  # the mount went with its namespace


def _fill(state: Path, pages: int) -> None:
    """Leave so many pages free."""
    space = os.statvfs(state)
    left = space.f_bavail * space.f_frsize - pages * PAGE
    with (state / "filler").open("ab", buffering=0) as file:
        while left > 0:
            left -= file.write(b"x" * min(left, 65_536))


def _names(key: str, number: int) -> list[bytes]:
    """Return the names of an edition: enough of them to need some pages, half of them new each time."""
    same = [b"%s-same%d.example" % (key.encode(), n) for n in range(1500)]
    return [b"%s%d.example" % (key.encode(), number), *same, *(b"n%d-%d.example" % (number, n) for n in range(1500))]


def _look(box: Box) -> str:
    refusal = box.sync().refusal
    if refusal is None:
        return "good"
    assert refusal.code is Refusal.DISK and refusal.sentence
    return "refused"


def main(folder: Path) -> None:
    """In the namespace: fill, look, check, make space, look again."""
    state = folder / "state"
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=24m", "tmpfs", str(state)], check=True)
    province = Province()
    seen: Counter[str] = Counter()
    with Box(state, province) as box:
        province.publish({key: _names(key, 0) for key in ("adult", "scam")})
        assert box.code() is None
        for number, pages in enumerate(FREE_PAGES, 1):
            province.publish(
                {key: _names(key, number) for key in ("adult", "scam")},
                documents={"advisories": b'{"layout": 1, "number": %d}' % number},
            )
            _fill(state, pages)
            what = _look(box)
            seen[what] += 1
            new = {box.blocks(f"{key}{number}.example") for key in ("adult", "scam")}
            old = {box.blocks(f"{key}{number - 1}.example") for key in ("adult", "scam")}
            assert (new, old) in (({True}, {False}), ({False}, {True})), (pages, what)
            assert what != "good" or new == {True}
            assert not list(state.rglob("*.tmp")), (pages, what)
            (state / "filler").unlink()
            mended = box.sync()
            assert mended.refusal is None, (pages, what, mended.refusal)
            assert box.blocks(f"adult{number}.example") and box.blocks(f"scam{number}.example")
            status = feed_status(state)
            assert status is not None and status.seq == province.seq
    assert seen["good"] and seen["refused"], seen  # both ends were met
    print(f"looks on a full disk: {dict(seen)}")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
