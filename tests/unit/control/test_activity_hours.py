"""Blocked questions by hour: stored and live ones together, of whom is asked for; nothing where nothing is kept."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from filterd.control.activity import View
from filterd.control.activity_hours import hours
from filterd.control.privacy import Masks
from filterd.model.decision import Action, Row
from tests.unit.control.activity_data import START, Asked, ring, store

HOUR = 3_600_000
BEGIN = START - START % HOUR
ASKED = Asked(BEGIN, name="ads.example", action=Action.BLOCK, row=Row.CATEGORY, category="ads")


@pytest.fixture
def state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("FILTERD_RUN", str(tmp_path / "run"))
    store(tmp_path, [ASKED, replace(ASKED, at_ms=BEGIN + HOUR - 1), replace(ASKED, at_ms=BEGIN + HOUR, profile="minh")])
    ring(tmp_path / "run", [replace(ASKED, at_ms=BEGIN + HOUR + 5), replace(ASKED, at_ms=BEGIN + 3 * HOUR)])
    return tmp_path


def test_stored_and_live_by_hour(state: Path) -> None:
    first = BEGIN // HOUR
    assert hours(state, BEGIN, BEGIN + 3 * HOUR) == {first: 2, first + 1: 2}
    assert hours(state, BEGIN, BEGIN + 3 * HOUR + 1) == {first: 2, first + 1: 2, first + 3: 1}
    assert hours(state, BEGIN + HOUR, BEGIN + 3 * HOUR, profile="lan") == {first + 1: 1}
    assert hours(state, BEGIN, BEGIN + 9 * HOUR, device="192.0.2.7", profile="minh") == {first + 1: 1}
    assert hours(state, BEGIN, BEGIN + 9 * HOUR, device="nobody") == {}


@pytest.mark.parametrize("level", ["counts", "nothing"])
def test_levels_without_names_have_no_hours(state: Path, level: str) -> None:
    assert hours(state, BEGIN, BEGIN + 9 * HOUR, view=View(Masks(level))) == {}
