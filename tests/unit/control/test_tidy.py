"""What ended long ago goes; what still keeps another thing ended stays."""

from __future__ import annotations

from pathlib import Path

import pytest

from filterd.control import requests
from filterd.control.change import history, revert
from filterd.control.household import ensure, load
from filterd.control.moves import Whom, bonus, off, on
from filterd.control.tidy import tidy, without_past
from filterd.model.change import Who
from filterd.model.household import Scope

DAY = 86_400.0
NOW = 1_795_000_000.0
MUM = Who("mẹ")
LAN = Whom(profile="lan")


@pytest.fixture
def state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("FILTERD_RUN", str(tmp_path / "run"))
    ensure(tmp_path / "state")
    return tmp_path / "state"


def test_a_grant_goes_a_day_after_its_end_and_not_before(state: Path) -> None:
    bonus(state, MUM, LAN, 30, now=NOW)
    end = NOW + 1800
    tidy(state, end + DAY - 1)
    assert len(load(state).grants) == 1
    tidy(state, end + DAY)
    assert load(state).grants == ()
    assert history(state)[0].who.source == "manager"


def test_nothing_to_clear_away_is_no_change(state: Path) -> None:
    household = load(state)
    assert without_past(household, NOW) is household
    before = history(state)
    tidy(state, NOW)
    assert history(state) == before


def test_an_off_stays_while_a_grant_before_it_would_come_back(state: Path) -> None:
    bonus(state, MUM, LAN, 4 * 24 * 60, now=NOW)
    off(state, MUM, LAN, now=NOW + 60)
    on(state, MUM, LAN, now=NOW + 120)
    tidy(state, NOW + 2 * DAY)
    assert len(load(state).internet_off) == 1  # without it four days of bonus would run again
    tidy(state, NOW + 5 * DAY + 1)
    assert load(state).grants == ()
    tidy(state, NOW + 5 * DAY + 2)
    assert load(state).internet_off == ()


def test_an_off_without_an_end_is_nothing_past(state: Path) -> None:
    off(state, MUM, LAN, now=NOW)
    tidy(state, NOW + 400 * DAY)
    assert len(load(state).internet_off) == 1


def test_old_requests_expire_and_go_and_can_be_taken_back(state: Path) -> None:
    requests.ask(state, Who("Lan", "web"), profile="lan", scope=Scope.TIME, now=NOW)
    tidy(state, NOW + DAY)
    assert [r.state for r in requests.requests(state, now=NOW + DAY)] == ["expired"]
    tidy(state, NOW + 31 * DAY)
    assert requests.requests(state, now=NOW + 31 * DAY) == []
    revert(state, MUM, history(state)[0].number, now=NOW + 31 * DAY)
    assert len(requests.requests(state, now=NOW + 31 * DAY)) == 1
