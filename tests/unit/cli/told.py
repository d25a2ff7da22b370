"""A state folder and a short way to run a command on it, for the tests of the commands that change something."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import click
import pytest
from click.testing import CliRunner, Result

from filterd.control.publish import Published
from tests.unit.control.policy_state import set_up


@pytest.fixture
def state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A state folder with a household in force; who decides is Mum, who is not shy of letters."""
    monkeypatch.setenv("FILTERD_RUN", str(tmp_path / "run"))
    monkeypatch.setenv("FILTERD_BY", "mẹ")
    return set_up(tmp_path / "state")


def result(state: Path, command: click.Command, *words: str) -> Result:
    """Run a command; our own errors come through, exit codes are in the result."""
    return CliRunner().invoke(command, [*words, "--state", str(state)], standalone_mode=False, catch_exceptions=False)


def run(state: Path, command: click.Command, *words: str) -> str:
    """Run a command that succeeds and return what it prints."""
    done = result(state, command, *words)
    assert done.exit_code == 0, done.output
    return done.stdout


def document(state: Path, command: click.Command, *words: str) -> Any:
    """Run a command that succeeds and return its one JSON document."""
    said = run(state, command, *words, "--json")
    assert said.endswith("\n") and said.count("\n") == 1
    return json.loads(said)


def served(monkeypatch: pytest.MonkeyPatch, late: int = 0) -> None:
    """Make publishing answer as with two running workers, `late` of which do not take it."""
    lines = [f"worker-{i} did not answer within 2 s" for i in range(late)]
    monkeypatch.setattr("filterd.control.change.republish", lambda *_: Published(7, 2 - late, 2, lines))
