"""`filterd explain` and `filterd simulate`: in words, as JSON, line by line."""

from __future__ import annotations

import json
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from filterd.cli.explain import explain
from filterd.cli.simulate import simulate
from filterd.errors import ConfigError
from tests.unit.control.policy_state import set_up


@pytest.fixture
def state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A state folder with a household in force."""
    monkeypatch.setenv("FILTERD_RUN", str(tmp_path / "run"))
    return set_up(tmp_path / "state")


def run(state: Path, command: click.Command, *words: str, text: str | bytes = "") -> str:
    """Run a command and return what it prints; its own errors come through."""
    return (
        CliRunner()
        .invoke(command, [*words, "--state", str(state)], input=text, standalone_mode=False, catch_exceptions=False)
        .output
    )


def test_explain_in_words(state: Path) -> None:
    said = run(state, explain, "www.games.example", "--client", "pad", "--at", "2026-11-24 14:00")
    assert said.splitlines()[:4] == [
        "www.games.example A for pad (profile anna) at 2026-11-24T14:00:00+01:00: BLOCKED",
        "  because: row category, blocked, category games, list play, matched games.example",
        "  since:   2026-11-24T13:00:00+01:00" if "13:00" in said else "  since:   2026-11-24T06:00:00+01:00",
        "  next:    2026-11-24T21:30:00+01:00: block (row window, Bedtime)",
    ]
    assert "    category   block    blocked" in said


def test_explain_says_what_stands_forever_and_who_asks_when_nobody_is_known(state: Path) -> None:
    said = run(state, explain, "example.org")
    assert "for a device never seen before (profile ben)" in said and ": allowed\n" in said
    assert "since:" not in said and "next:" not in said


def test_explain_safe_search_and_local_names(state: Path) -> None:
    moment = ("--client", "pad", "--at", "2026-11-24 14:00")
    said = run(state, explain, "www.google.com", *moment)
    assert "allowed, with safe search" in said and "target forcesafesearch.google.com" in said
    assert "answered here" in run(state, explain, "localhost", *moment)


def test_explain_as_json(state: Path) -> None:
    document = json.loads(run(state, explain, "bücher.example", "--json", "--type", "https", "--client", "phone"))
    assert (document["name"], document["type"], document["device"]) == ("xn--bcher-kva.example", "HTTPS", "phone")


def test_explain_lines_of_questions(state: Path) -> None:
    text = b'{"name": "games.example", "client": "pad", "at": "2026-11-24 14:00"}\nnonsense\n' + b"\xff\n"
    lines = [json.loads(line) for line in run(state, explain, "--stdin", text=text).splitlines()]
    assert lines[0]["row"] == "category" and [list(x) for x in lines[1:]] == [["error"], ["error"]]


@pytest.mark.parametrize("words", [[], ["example.org", "--stdin"]])
def test_explain_needs_a_name_or_lines(state: Path, words: list[str]) -> None:
    with pytest.raises(click.UsageError, match="either a NAME or --stdin"):
        run(state, explain, *words)


def test_explain_names_what_is_wrong(state: Path) -> None:
    with pytest.raises(ConfigError, match="type: expected"):
        run(state, explain, "example.org", "--type", "X")


def test_simulate_in_words(state: Path) -> None:
    lines = run(state, simulate, "anna", "--from", "2026-11-24").splitlines()
    assert lines[0] == "anna (Europe/Berlin)"
    assert lines[1] == "  2026-11-24T00:00 - 2026-11-24T06:00  OFF       Bedtime"
    assert any("grant: name party.games.example" in line for line in lines)


def test_simulate_a_week_as_json(state: Path) -> None:
    document = json.loads(run(state, simulate, "anna", "--week", "--from", "2026-11-23", "--json"))
    assert (document["from"][:10], document["to"][:10]) == ("2026-11-23", "2026-11-30")
    assert [s["internet"] for s in document["stretches"]].count("off") == 8
