"""`filterd budget`: sentences in the household's language, and one JSON document."""

from __future__ import annotations

import json
import time
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from click.testing import CliRunner

from filterd.cli.budget import budget
from filterd.control.budgets import Budgets
from filterd.control.household import load
from filterd.control.profiles import patch, patch_household
from filterd.errors import ConfigError
from filterd.model.change import Who
from filterd.policy.budget import midnight_after
from tests.unit.control.budget_home import asked, set_up
from tests.unit.control.ring_data import Worker

MUM = Who("mẹ")


@pytest.fixture
def state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("FILTERD_RUN", str(tmp_path / "run"))
    state = set_up(tmp_path / "state", now=time.time())
    noon = time.gmtime().tm_hour - 12
    patch_household(state, MUM, {"timezone": f"Etc/GMT{noon:+d}"})  # far from midnight whenever this runs
    worker = Worker(tmp_path / "run")
    now = time.time()
    worker.ask("www.tube.example", int(now * 1000), profile="anna", device="phone")
    worker.ask("www.tube.example", int((now - 300) * 1000), profile="anna", device="phone")
    worker.close()
    return state


def run(state: Path, *words: str) -> str:
    done = CliRunner().invoke(budget, [*words, "--state", str(state)], standalone_mode=False, catch_exceptions=False)
    assert done.exit_code == 0, done.output
    return done.stdout


def test_in_english(state: Path) -> None:
    patch(state, MUM, "ben", {"budgets": []})
    assert run(state).splitlines() == [
        "Anna (anna)", "  YouTube, TikTok: about 10 of 15 minutes", "  Games: about 0 of 10 minutes",
    ]  # fmt: skip


def test_in_vietnamese_for_one_child_by_name(state: Path) -> None:
    patch_household(state, MUM, {"language": "vi"})
    said = run(state, "--profile", "Anna").splitlines()
    assert said[:2] == ["Anna (anna)", "  YouTube, TikTok: khoảng 10 trên 15 phút"]
    assert len(said) == 3 and said[2].endswith(": khoảng 0 trên 10 phút")


def test_used_up_and_then_blocked(state: Path) -> None:
    patch(state, MUM, "anna", {"budgets": [{"services": ["youtube"], "minutes": 10}]})
    assert "  YouTube: about 10 of 10 minutes, used up, not blocked yet" in run(state)
    manager = Budgets(state, lambda: None)
    manager.take([asked(at=time.time()), asked(at=time.time() - 300)])
    manager.step()
    assert "  YouTube: about 10 of 10 minutes, used up until 00:00" in run(state)
    patch_household(state, MUM, {"language": "vi"})
    assert "  YouTube: khoảng 10 trên 10 phút, đã hết giờ đến 00:00" in run(state)


def test_as_json(state: Path) -> None:
    said = run(state, "--profile", "ben", "--json")
    assert said.count("\n") == 1
    first, second = json.loads(said)["budgets"]
    zone = ZoneInfo(load(state).timezone)
    now = datetime.now(zone)
    assert first | {"key": "", "until": ""} == {
        "profile": "ben", "number": 0, "key": "", "services": ["youtube"], "categories": [], "days": None,
        "minutes": 10, "today": True, "used": 0, "used_up": False, "blocked": False,
        "text": "about 0 of 10 minutes", "until": "",
    }  # fmt: skip
    assert datetime.fromisoformat(first["until"]).timestamp() == midnight_after(now.date().toordinal(), zone)
    assert (second["days"], second["today"]) == (["sat", "sun"], now.weekday() >= 5)
    assert first["key"] != second["key"]


def test_nothing_to_show(state: Path) -> None:
    assert run(state, "--profile", "dad") == "no daily budgets\n"
    patch_household(state, MUM, {"language": "vi"})
    assert run(state, "--profile", "dad") == "chưa đặt giới hạn giờ dùng nào\n"
    assert json.loads(run(state, "--profile", "dad", "--json")) == {"budgets": []}


def test_nobody_of_that_name(state: Path) -> None:
    with pytest.raises(ConfigError, match="profile: there is no 'eve'"):
        run(state, "--profile", "eve")
