"""`filterd request`: asked, listed, answered."""

from __future__ import annotations

import re
from pathlib import Path

import click
import pytest

from filterd.cli.request import request
from filterd.control.change import history
from filterd.control.household import load
from filterd.control.requests import TooMany
from filterd.errors import ConfigError, StoreError
from tests.unit.cli.told import document, result, run, state

__all__ = ["state"]  # a fixture


def test_asked_listed_and_granted(state: Path) -> None:
    assert run(state, request, "list") == "no request waits for an answer\n"
    said = run(state, request, "ask", "Anna", "name", "Games.example", "--reason", "bài tập", "--device", "Pad")
    asked = r"r1  pending  name games\.example for profile anna \(Anna\) on pad, asked \d\d:\d\d: bài tập"
    assert re.fullmatch(rf"asked: {asked}\n  answer with `filterd request yes r1` or `filterd request no r1`\n", said)
    assert re.fullmatch(asked + "\n", run(state, request, "list"))
    said = run(state, request, "yes", "r1", "--minutes", "60", "--note", "ok")
    assert re.match(
        r"r1  granted .*; answered \d\d:\d\d by mẹ: ok, until (tomorrow )?\d\d:\d\d\n  change 3: saved", said
    )
    assert run(state, request, "list") == "no request waits for an answer\n"
    assert run(state, request, "list", "--all").startswith("r1  granted  name games.example")


def test_refused(state: Path) -> None:
    assert document(state, request, "ask", "anna", "time")["request"]["id"] == "r1"
    said = run(state, request, "no", "r1", "--note", "sau bữa tối")
    assert re.match(r"r1  refused  more time for .* by mẹ: sau bữa tối\n  change 3\n", said)
    with pytest.raises(ConfigError, match="it is refused by mẹ"):
        run(state, request, "yes", "r1")


def test_as_json(state: Path) -> None:
    run(state, request, "ask", "anna", "service", "youtube")
    run(state, request, "ask", "anna", "category", "games")
    told = document(state, request, "list")
    assert [r["id"] for r in told["requests"]] == ["r2", "r1"] and told["revision"] == 3
    told = document(state, request, "yes", "r1", "--no-end")
    assert told["request"]["state"] == "granted" and told["request"]["grant"] == "g-r1" and told["revision"] == 4
    assert load(state).grants[-1].until is None
    told = document(state, request, "no", "r2")
    assert (told["in_force"], told["published"]) == (None, None)
    assert [r["state"] for r in document(state, request, "list", "--all")["requests"]] == ["refused", "granted"]
    assert document(state, request, "list")["requests"] == []


def test_thirty_minutes_unless_said_otherwise(state: Path) -> None:
    run(state, request, "ask", "anna", "time")
    run(state, request, "yes", "r1")
    grant = load(state).grants[-1]
    assert grant.until is not None and grant.start is not None and grant.until - grant.start == 1800


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["ask", "nobody", "time"], "profile: there is no 'nobody'"),
        (["ask", "anna", "time", "x"], "time has none"),
        (["ask", "anna", "name"], "what is asked for"),
        (["ask", "anna", "name", "http://x"], "is no site's name"),
        (["ask", "anna", "service", "x\x1b[2J"], r"there is no service 'x\\x1b"),
        (["ask", "ben", "time", "--device", "pad"], "pad is not of profile ben"),
        (["ask", "anna", "time", "--device", "x"], "device: there is no 'x'"),
        (["ask", "anna", "time", "--reason", "a\nb"], "reason: expected one line"),
        (["yes", "r9"], "request: there is no 'r9'"),
        (["no", "r9'\"\x1b"], r"there is no 'r9"),
    ],
)
def test_refusals_are_sentences_and_change_nothing(state: Path, words: list[str], said: str) -> None:
    with pytest.raises(ConfigError, match=said) as refused:
        run(state, request, *words)
    assert str(refused.value).isprintable() and len(history(state)) == 1
    with pytest.raises(StoreError, match="no household yet"):
        run(state.parent / "typo", request, *words)


def test_twice_is_too_often(state: Path) -> None:
    run(state, request, "ask", "anna", "time")
    with pytest.raises(TooMany, match="asked already"):
        run(state, request, "ask", "anna", "time")


def test_options_that_exclude_each_other(state: Path) -> None:
    run(state, request, "ask", "anna", "time")
    with pytest.raises(click.UsageError, match="got both"):
        run(state, request, "yes", "r1", "--minutes", "5", "--no-end")
    with pytest.raises(ConfigError, match="more time has an end"):
        run(state, request, "yes", "r1", "--no-end")
    with pytest.raises(click.UsageError):
        run(state, request, "ask", "anna", "filter")


def test_a_request_answered_meanwhile_is_no_silent_success(state: Path) -> None:
    run(state, request, "ask", "anna", "time")
    assert result(state, request, "no", "r1", "--if-revision", "1").exit_code == 3
    run(state, request, "no", "r1", "--if-revision", "2")
