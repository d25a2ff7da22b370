"""A disk that is full costs the log detail, and says so; nothing else. Real: a small tmpfs that fills up."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from filterd.control import ingest as module
from filterd.control import waiting
from filterd.control.ingest import Ingest
from filterd.control.retention import Retention
from filterd.errors import StoreError
from tests.unit.control.ring_data import NAMES, START, Worker, rows

pytestmark = [pytest.mark.system, pytest.mark.skipif(os.geteuid() != 0, reason="mounting needs root")]


@pytest.fixture
def state(tmp_path: Path) -> Iterator[Path]:
    """A state folder on a disk of 2 MiB."""
    folder = tmp_path / "state"
    folder.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=2m", "tmpfs", str(folder)], check=True)
    try:
        yield folder
    finally:
        subprocess.run(["umount", "-l", str(folder)], check=True)


def test_a_full_disk_costs_detail_and_says_so(
    state: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setenv("FILTERD_RUN", str(tmp_path / "run"))
    monkeypatch.setattr(waiting, "MAX_ROWS", 2000)
    now = 0.0
    worker = Worker(tmp_path / "run")
    ingest = Ingest(state, clock=lambda: now)
    asked = blocked = 0

    def an_hour() -> None:
        nonlocal now, asked, blocked
        for n in range(3000):
            worker.ask(f"{n}.{NAMES[n % 200]}", START + asked, blocked=n % 10 == 0)
            blocked += n % 10 == 0
            asked += 1
            if n % 500 == 0:
                now += module.COMMIT_S
                ingest.step(START / 1000)

    an_hour()
    filler = state / "filler"
    with filler.open("wb", buffering=0) as file, pytest.raises(OSError, match="No space"):
        while True:
            file.write(b"x" * 512)
    for _ in range(3):
        an_hour()
    assert "the log takes nothing" in caplog.text
    try:
        Retention(state).step(START / 1000)
    except StoreError as exc:
        assert "full" in str(exc) or "I/O" in str(exc)
    assert not list(state.glob("*.damaged-*"))
    filler.unlink()
    an_hour()
    ingest.close()
    assert not list(state.glob("*.damaged-*"))
    assert rows(state, "PRAGMA integrity_check") == [("ok",)]
    assert rows(state, "SELECT sum(n) FROM count") == [(asked,)]
    assert rows(state, "SELECT sum(n) FROM hour") == [(blocked,)]
    ((kept,),) = rows(state, "SELECT count(*) FROM event")
    assert rows(state, "SELECT kind, sum(lost) FROM gap GROUP BY kind") == [("disk", asked - kept)]
    assert kept < asked
