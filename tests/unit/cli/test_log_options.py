"""`filterd log`, `stats` and `activity` on the command line: options, cursors, terminals, languages."""

from __future__ import annotations

import csv
import io
import json
from datetime import UTC
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from filterd.cli.activity import activity
from filterd.cli.log import as_line, log, moment_of
from filterd.cli.stats import stats
from filterd.errors import ConfigError
from filterd.model.activity import Entry
from filterd.model.decision import Action, Row
from tests.unit.control.activity_data import START, Asked, ring, store

BAD = Asked(START + 500, action=Action.BLOCK, row=Row.CATEGORY, category="games", name="bad.example.org")


@pytest.fixture
def state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("FILTERD_RUN", str(tmp_path / "run"))
    monkeypatch.setenv("TZ", "UTC")
    store(tmp_path, [Asked(START + n, name=f"n{n}.example.org") for n in range(5)])
    ring(tmp_path / "run", [BAD])
    return tmp_path


def call(command: object, state: Path, *options: str) -> Result:
    return CliRunner().invoke(command, [*options, "--state", str(state)], catch_exceptions=True)  # type: ignore[arg-type]


def names(state: Path, *options: str) -> list[str]:
    lines = [json.loads(line) for line in call(log, state, "--json", *options).stdout.splitlines()]
    return [line["name"] for line in lines if "name" in line]


def test_the_log_is_read_from_the_store_and_the_rings_oldest_first(state: Path) -> None:
    assert names(state) == ["n0.example.org", "n1.example.org", "n2.example.org", "n3.example.org", "n4.example.org",
                            "bad.example.org"]  # fmt: skip


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        (["--blocked"], ["bad.example.org"]),
        (["--category", "games"], ["bad.example.org"]),
        (["--row", "category"], ["bad.example.org"]),
        (["--action", "block"], ["bad.example.org"]),
        (["--name", "n3.example.org"], ["n3.example.org"]),
        (["--name", "n3"], ["n3.example.org"]),
        (["--profile", "minh"], []),
        (["--device", "192.0.2.7", "--name", "bad"], ["bad.example.org"]),
        (["--service", "tiktok"], []),
        (["--since", "1h"], []),
    ],
)
def test_options_choose(state: Path, options: list[str], expected: list[str]) -> None:
    assert names(state, *options) == expected


def test_a_full_page_says_how_to_go_on(state: Path) -> None:
    shown = call(log, state, "--json", "--limit", "2")
    *lines, last = [json.loads(line) for line in shown.stdout.splitlines()]
    assert [line["name"] for line in lines] == ["n4.example.org", "bad.example.org"]
    assert names(state, "--limit", "2", "--older", last["older"]) == ["n2.example.org", "n3.example.org"]
    assert f"--older {last['older']}" in call(log, state, "--limit", "2").stderr
    assert isinstance(call(log, state, "--older", "x").exception, ConfigError)


@pytest.mark.parametrize(
    ("text", "ms"),
    [("1h", 996_400_000), ("2d", 827_200_000), ("1970-01-02", 86_400_000), ("1970-01-02T01:00+01:00", 86_400_000)],
)
def test_times_are_read_as_people_write_them(text: str, ms: int) -> None:
    assert moment_of(text, UTC, 1_000_000, "since") == ms


@pytest.mark.parametrize("text", ["x", "1", "h", "-1h", "2026-13-01", "9" * 30 + "d", "1969-01-01"])
def test_other_times_are_refused(text: str) -> None:
    with pytest.raises(ConfigError, match="since: expected"):
        moment_of(text, UTC, 1_000_000, "since")


def test_nothing_that_comes_from_outside_moves_a_terminal() -> None:
    hostile = Entry(0, 0, "", "\x1b[2J", "\u202edevice", "n\x07", 1, Action.ALLOW, Row.NAME, 0, 0, rule="\r\n\x9b")
    assert as_line(hostile, False).isprintable()


def test_a_time_that_is_known_to_the_hour_is_shown_so() -> None:
    entry = Entry(0, 3_600_000, "", "lan", "phone", "", 1, Action.BLOCK, Row.CATEGORY, 0, 0, "abuse", exact=False)
    assert (
        as_line(entry, False, UTC) == "01:..:.. lan        phone           BLOCKED (name not shown) A  category abuse"
    )


def test_stats_speak_the_language_that_is_asked_for(state: Path) -> None:
    for language, words in (("en", ["By profile", "asked", "lan"]), ("vi", ["Theo hồ sơ", "đã hỏi", "lan"])):
        shown = call(stats, state, "--since", "2026-11-01", "--lang", language)
        assert shown.exit_code == 0, shown.output
        assert all(word in shown.output for word in words), shown.output
        assert "bad.example.org" in shown.output
    found = json.loads(call(stats, state, "--since", "2026-11-01", "--json").output)
    assert (found["asked"], found["blocked"]) == (6, 1)
    assert found["names"] == [{"name": "bad.example.org", "blocked": 1}]


def test_stats_of_a_fresh_state_are_empty(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FILTERD_RUN", str(tmp_path / "run"))
    assert "nothing yet" in call(stats, tmp_path, "--lang", "en").output


def test_the_log_can_be_taken_away(state: Path) -> None:
    shown = call(activity, state, "export", "--format", "csv", "--profile", "lan")
    rows = list(csv.DictReader(io.StringIO(shown.stdout.removeprefix("\ufeff"), newline="")))
    assert len(rows) == 6 and rows[-1]["name"] == "bad.example.org"
    assert len(json.loads(call(activity, state, "export", "--format", "json").stdout)) == 6


def test_the_log_can_be_deleted_and_asks_before(state: Path) -> None:
    assert call(activity, state, "delete", "--everything").exit_code == 1  # nobody said yes
    assert len(names(state)) == 6
    done = call(activity, state, "delete", "--everything", "--before", "2026-01-01", "--yes", "--json")
    assert json.loads(done.stdout)["events"] == 0 and len(names(state)) == 6
    refused = call(activity, state, "delete", "--everything", "--before", "tomorrow", "--yes")
    assert "before: expected 1h, 2d" in str(refused.exception)
    done = call(activity, state, "delete", "--everything", "--yes", "--json")
    assert json.loads(done.stdout)["events"] == 5
    assert isinstance(call(activity, state, "delete", "--yes").exception, ConfigError)
