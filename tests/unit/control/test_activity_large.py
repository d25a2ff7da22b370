"""The bench of the log's questions with fewer rows: what it finds is right, whatever it takes on a machine at work.

Times are judged at the promised size by `python -m tests.bench.queries`, not here.
"""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.bench.queries import build, run

ROWS = int(os.environ.get("FILTERD_BENCH_ROWS", "500000"))


@pytest.mark.slow
def test_every_filter_finds_what_a_plain_statement_finds(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FILTERD_RUN", str(tmp_path / "run"))
    build(tmp_path, ROWS)
    assert "blocked" in run(tmp_path, ROWS)  # each filter is compared with a plain statement before it is timed
