"""A disk that is full refuses changes with a sentence; nothing is half written, what was acknowledged stays, DNS goes on.

Real: a tmpfs of a few MiB in a mount namespace of its own, so that nothing lingers. It is filled up to so many free
pages, for many numbers of pages, so that every write of a change is the one that finds no space.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

from filterd.control import household as use
from filterd.control.change import apply
from filterd.control.follow import Follow
from filterd.control.publish import current
from filterd.errors import FilterdError, StoreError
from filterd.model.change import Who
from tests.flow.test_store_kill import BLOCKED, HOUSEHOLD, KID, SITE, is_whole, number_of, step
from tests.flow.test_story_kill import everywhere
from tests.processes import Service, UpstreamStub, addresses, load

PAGE = 4096
FREE_PAGES = (0, 1, 2, 3, 4, 5, 6, 8, 10, 12, 14, 16, 20, 24, 28, 32, 40, 48, 56, 64, 80, 96)

pytestmark = [
    pytest.mark.system,
    pytest.mark.skipif(os.geteuid() != 0, reason="mounting needs root"),
    pytest.mark.skipif(shutil.which("unshare") is None, reason="unshare is not installed"),
]


def test_a_full_disk_refuses_changes_and_loses_nothing(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    command = ["unshare", "--mount", "--propagation", "private", sys.executable, "-m", __name__, str(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300, check=False)
    with capsys.disabled():
        print(f"\n{done.stdout}", end="")
    assert done.returncode == 0, done.stderr
    assert not list((tmp_path / "state").iterdir())  # the mount went with its namespace


class Box:
    """A service on a small disk."""

    def __init__(self, state: Path, service: Service) -> None:
        self.state = state
        self.service = service
        self.saved = 0  # acknowledged changes
        self.late = 0  # acknowledged, and not in force yet
        self.refused: dict[str, int] = {}

    def fill(self, pages: int) -> None:
        """Leave so many pages free."""
        free = os.statvfs(self.state).f_bavail * os.statvfs(self.state).f_frsize
        with (self.state / "filler").open("ab", buffering=0) as file:
            left = free - pages * PAGE
            while left > 0:
                left -= file.write(b"x" * min(left, 65_536))

    def free(self) -> None:
        """Make space."""
        (self.state / "filler").unlink(missing_ok=True)

    def change(self) -> bool:
        """One change; False when it was refused with a sentence."""
        try:
            done = apply(self.state, Who("mẹ"), "step", step)
        except StoreError as exc:
            said = str(exc)
            assert "\n" not in said and str(self.state) in said, said
            self.refused[said] = self.refused.get(said, 0) + 1
            return False
        assert done.change is not None
        self.saved += 1
        self.late += bool(done.problem)
        assert not done.problem or done.problem.startswith("saved, not active yet: cannot"), done.problem
        return True

    def answers(self) -> None:
        """The newest rule in force is answered, and what is free."""
        in_force = current(self.state)
        assert in_force is not None
        assert addresses(self.service.ask("free.example", client=KID)) == SITE

    def check(self, why: object) -> None:
        """With space again: everything that was acknowledged is there, whole, and comes into force."""
        with contextlib.closing(sqlite3.connect(self.state / "household.db", timeout=5)) as connection:
            assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)], why
        household, revision = use.read_stored(self.state)
        assert is_whole(household), why
        assert (number_of(household), revision) == (self.saved, self.saved + 1), why
        done = use.republish(self.state)
        assert (done.acknowledged, done.workers) == (1, 1), (why, done)
        assert addresses(self.service.ask(f"x.rule-{self.saved}.example", client=KID)) == BLOCKED, why
        assert addresses(self.service.ask(f"x.rule-{self.saved + 1}.example", client=KID)) == SITE, why
        assert self.change(), why


def main(folder: Path) -> None:
    """The test, inside its namespace."""
    state = folder / "state"
    state.mkdir()
    run = folder / "state.run"  # beside the disk: on a box it is in RAM
    run.mkdir()
    os.environ["FILTERD_RUN"] = str(run)
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=24m", "tmpfs", str(state)], check=True)
    try:
        use.import_household(state, HOUSEHOLD.encode(), "h.yaml")
        with UpstreamStub(behave=everywhere) as upstream, Service.serve(state, upstream) as service:
            box = Box(state, service)
            with load(service.bound[0], [f"free-{n}.example" for n in range(50)], 100, client="127.0.0.22") as asked:
                for held in (False, True):  # as a command line finds it, and with a manager that has it open
                    follow = Follow(state)
                    for pages in FREE_PAGES:
                        if held:
                            follow.changed()
                        assert box.change()
                        box.fill(pages)
                        for _ in range(30):
                            if not box.change():
                                break
                        box.answers()
                        with contextlib.suppress(FilterdError):
                            follow.changed() if held else use.load(state)  # reading never breaks anything either
                        box.free()
                        box.check((held, pages))
                        assert not list(state.rglob("*.tmp")), pages
                    follow.close()
            assert asked.lost == 0 and set(asked.rcodes) == {0}, (asked.lost, asked.rcodes)
            assert "Traceback" not in service.said
        print(
            f"{box.saved} changes acknowledged ({box.late} not in force before there was space), "
            f"{sum(box.refused.values())} refused, {asked.sent} questions answered"
        )
        assert box.late and box.refused
        for said, count in sorted(box.refused.items()):
            print(f"  {count} x {said.replace(str(state), 'STATE')}")
    finally:
        subprocess.run(["umount", "-l", str(state)], check=True)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
