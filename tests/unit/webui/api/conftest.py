"""For tests of the API: the demonstration family, and programs with tokens."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.unit.webui.api.program import Program, program_of
from tests.unit.webui.client import made


@pytest.fixture
def state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("FILTERD_RUN", str(tmp_path / "run"))
    return made(tmp_path / "state")


@pytest.fixture
def program(state: Path) -> Program:
    return program_of(state)
