"""Signs of life of parts outside this package, in the run folder."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest

from filterd.control.part import beat, beat_of


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("FILTERD_RUN", str(tmp_path / "run"))
    return tmp_path / "run"


def test_a_sign_of_life_is_read_by_others(run: Path, tmp_path: Path) -> None:
    run.mkdir()
    assert beat_of(tmp_path, "child") is None
    beat(tmp_path, "child")
    os.utime(run / "child.beat", (100.0, 100.0))
    assert beat_of(tmp_path, "child") == 100.0 and beat_of(tmp_path, "page") is None
    beat(tmp_path, "child")
    assert abs((beat_of(tmp_path, "child") or 0.0) - time.time()) < 60
    assert [path.name for path in run.iterdir()] == ["child.beat"]


def test_without_a_run_folder_nothing_is_made_and_nothing_fails(run: Path, tmp_path: Path) -> None:
    beat(tmp_path, "child")
    assert beat_of(tmp_path, "child") is None and not run.exists()
