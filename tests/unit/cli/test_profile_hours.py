"""`filterd profile window, free-day`: said, refused, taken away again."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import click
import pytest

from filterd.cli.profile import profile
from filterd.control.change import revert
from filterd.control.profiles import patch
from filterd.errors import ConfigError
from filterd.model.household import DayException, Effect, Window
from filterd.wire.name import to_wire
from tests.unit.cli.told import run, state
from tests.unit.control.family import MUM, content
from tests.unit.control.family import profile as kept

__all__ = ["state"]  # a fixture


def test_windows(state: Path) -> None:
    words = ["--from", "14:00", "--to", "17:00", "--effect", "permit"]
    said = run(
        state, profile, "window", "ben", "add", "Game", "--days", "sat,Sun", *words, "--services", "roblox, youtube"
    )
    assert said.startswith("profile ben: window Game sat,Sun 14:00 to 17:00, permit\n")
    run(state, profile, "window", "ben", "add", "Night", "--from", "21:30", "--to", "6:00", "--effect", "offline")
    run(state, profile, "window", "ben", "add", "Study", "--days", "fri-mon", "--from", "08:00", "--to", "24:00",
        "--effect", "only", "--names", "vnedu.vn", "--categories", "games")  # fmt: skip
    assert kept(state, "ben").windows == (
        Window("Game", Effect.PERMIT, 840, 1020, frozenset({5, 6}), services=("roblox", "youtube")),
        Window("Night", Effect.OFFLINE, 1290, 1800),
        Window("Study", Effect.ONLY, 480, 1440, frozenset({4, 5, 6, 0}), (to_wire("vnedu.vn"),), categories=("games",)),
    )
    assert run(state, profile, "window", "ben", "remove", "Night").startswith("profile ben: window Night removed\n")
    assert [w.name for w in kept(state, "ben").windows or ()] == ["Game", "Study"]
    with pytest.raises(ConfigError, match=r"ben has none called 'Night' \(known: Game, Study\)"):
        run(state, profile, "window", "ben", "remove", "Night")
    with pytest.raises(ConfigError, match=r"\(known: Bedtime\)"):
        run(state, profile, "window", "anna", "remove", "x")


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--days", "someday"], "unknown day"),
        (["--days", "mon-funday"], "unknown day"),
        (["--from", "25:00"], "a time from 00:00"),
        (["--services", "roblox"], "takes no names, services or categories"),
    ],
)
def test_windows_that_cannot_be(state: Path, words: list[str], said: str) -> None:
    with pytest.raises(ConfigError, match=said):
        run(
            state,
            profile,
            "window",
            "ben",
            "add",
            "X",
            "--from",
            "21:00",
            "--to",
            "22:00",
            "--effect",
            "offline",
            *words,
        )
    with pytest.raises(click.UsageError, match="needs --from, --to and --effect"):
        run(state, profile, "window", "ben", "add", "X", "--from", "21:00")


def test_free_days(state: Path) -> None:
    today = datetime.now(ZoneInfo("Europe/Berlin")).date()
    before = content(state)
    tomorrow = today + timedelta(days=1)
    assert run(state, profile, "free-day", "anna").startswith(f"profile anna: no windows start on {tomorrow}\n")
    run(state, profile, "free-day", "anna", "2026-12-24")
    run(state, profile, "free-day", "anna", "today")
    assert [e.on for e in kept(state, "anna").exceptions] == [today, date(2026, 12, 24), tomorrow]
    for day in ("today", "tomorrow", "2026-12-24"):
        assert "hold again" in run(state, profile, "free-day", "anna", day, "--cancel")
    assert content(state) == before
    with pytest.raises(ConfigError, match="2026-12-24 is none of anna"):
        run(state, profile, "free-day", "anna", "2026-12-24", "--cancel")
    with pytest.raises(ConfigError, match="date: expected today, tomorrow or 2026-12-24, got 'some day'"):
        run(state, profile, "free-day", "anna", "some day")


def test_a_day_with_windows_of_its_own_is_no_free_day(state: Path) -> None:
    own = [{"date": "2026-12-24", "windows": [{"from": "23:00", "to": "24:00", "effect": "offline"}]}]
    patch(state, MUM, "anna", {"exceptions": own})
    with pytest.raises(ConfigError, match="is none of anna"):
        run(state, profile, "free-day", "anna", "2026-12-24", "--cancel")
    run(state, profile, "free-day", "anna", "2026-12-24")
    assert kept(state, "anna").exceptions == (DayException((), on=date(2026, 12, 24)),)
    revert(state, MUM, 3)
    assert len(kept(state, "anna").exceptions[0].windows) == 1
