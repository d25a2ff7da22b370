"""The way through the first run, for its tests."""

from __future__ import annotations

from pathlib import Path

import pytest

from filterd.control import setup
from filterd.control.household import ensure
from tests.unit.webui.client import PASSWORD, Browser


def fresh(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return the state of a box that nobody owns yet, in `folder`."""
    monkeypatch.setenv("FILTERD_RUN", str(folder / "run"))
    ensure(folder / "state")
    return folder / "state"


def with_code(visitor: Browser, state: Path) -> Browser:
    """Type the code that the box shows."""
    answer = visitor.post("/setup/code", {"code": setup.code(state)})
    assert answer.status_code == 303 and answer.location == "/setup/password"
    return visitor


def with_account(visitor: Browser, state: Path) -> Browser:
    """Type the code and make the first account."""
    with_code(visitor, state)
    answer = visitor.post("/setup/password", {"name": "mẹ Hạnh", "password": PASSWORD})
    assert (answer.status_code, answer.location) == (303, "/setup/family")
    return visitor
