"""For tests of pages: the demonstration family with an admin, and a browser in which she is logged in."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.unit.webui.client import Browser, logged_in, made


@pytest.fixture
def state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("FILTERD_RUN", str(tmp_path / "run"))
    return made(tmp_path / "state")


@pytest.fixture
def visitor(state: Path) -> Browser:
    return logged_in(state)
