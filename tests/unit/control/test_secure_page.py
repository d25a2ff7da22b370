"""Whether the page is encrypted too, as a setting of the household."""

from __future__ import annotations

from pathlib import Path

import pytest

from filterd.control import secure_page
from filterd.control.change import history, revert
from filterd.control.household import ensure
from filterd.control.publish import current
from filterd.model.change import Who

WHO = Who("mẹ", "web")


@pytest.fixture
def state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("FILTERD_RUN", str(tmp_path / "run"))
    ensure(tmp_path / "state")
    return tmp_path / "state"


def test_nobody_said_so_and_so_it_is_off(state: Path, tmp_path: Path) -> None:
    assert not secure_page.is_on(state) and not secure_page.is_on(tmp_path / "nothing")
    assert secure_page.switch(state, WHO, False).change is None


def test_it_has_a_history_and_can_be_taken_back(state: Path) -> None:
    before = current(state)
    done = secure_page.switch(state, WHO, True)
    assert secure_page.is_on(state) and done.change is not None and done.problem == ""
    assert current(state) == before  # the workers have nothing to do with it
    assert secure_page.switch(state, WHO, True).change is None
    assert secure_page.is_changed_by(history(state, limit=1)[0])
    revert(state, WHO, done.change.number)
    assert not secure_page.is_on(state) and secure_page.is_changed_by(history(state, limit=1)[0])
