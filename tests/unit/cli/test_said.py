"""How things are told: moments in household time, harmless text, differences, and what `--until` means."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import pytest

from filterd.cli.said import MAX_LINES, MAX_SHOWN, clean, differences, until_of, when
from filterd.errors import ConfigError
from filterd.model.change import Edit

HANOI, BERLIN = "Asia/Ho_Chi_Minh", "Europe/Berlin"


def at(text: str) -> float:
    """POSIX seconds."""
    return datetime.fromisoformat(text).timestamp()


NOW = at("2026-11-24T22:30:00+07:00")


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("mẹ 日本 🙂 é", "mẹ 日本 🙂 é"),
        ("a\x1b[2Jb", "a\\x1b[2Jb"),
        ("a\nb\tc", "a\\nb\\tc"),
        ("\u202egpj.exe\u2069", "\\u202egpj.exe\\u2069"),
        ("a\u200b\ufeff\u2028", "a\\u200b\\ufeff\\u2028"),
        ("\udce9\x9b", "\\udce9\\x9b"),
    ],
)
def test_text_that_moves_nothing(text: str, shown: str) -> None:
    assert clean(text) == shown and clean(shown).isprintable()


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("2026-11-24T23:59:59+07:00", "23:59"),
        ("2026-11-25T00:00:00+07:00", "tomorrow 00:00"),
        ("2026-11-23T17:00:00+00:00", "00:00"),
        ("2026-11-23T16:59:59+00:00", "yesterday 23:59"),
        ("2026-12-24T18:00:00+07:00", "2026-12-24 18:00"),
    ],
)
def test_moments_are_told_in_household_time(text: str, shown: str) -> None:
    assert when(at(text), HANOI, NOW) == shown


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("23:00", "2026-11-24T23:00:00+07:00"),
        ("22:30", "2026-11-25T22:30:00+07:00"),  # not now but the next one
        ("6:05", "2026-11-25T06:05:00+07:00"),
        (" 24:00 ", "2026-11-25T00:00:00+07:00"),
        ("2026-12-24 18:00", "2026-12-24T18:00:00+07:00"),
        ("2026-12-24T18:00:00z", "2026-12-24T18:00:00+00:00"),
    ],
)
def test_until_is_the_next_such_moment(text: str, expected: str) -> None:
    assert until_of(text, HANOI, NOW) == at(expected)


def test_until_midnight_on_the_day_that_has_25_hours() -> None:
    assert until_of("24:00", BERLIN, at("2026-10-25T00:30:00+02:00")) == at("2026-10-26T00:00:00+01:00")
    assert until_of("24:00", BERLIN, at("2026-03-29T00:30:00+01:00")) == at("2026-03-30T00:00:00+02:00")


@pytest.mark.parametrize("text", ["", "25:00", "soon", "24:01", "a\x1b[2J", "9" * 10_000, "2026-13-01 00:00", "²:00"])
def test_what_is_no_moment(text: str) -> None:
    with pytest.raises(ConfigError, match="until: expected 21:30") as refused:
        until_of(text, HANOI, NOW)
    assert str(refused.value).isprintable() and len(str(refused.value)) < 300


@pytest.mark.parametrize(
    ("before", "after", "lines"),
    [
        ({"a": 1}, {"a": 2}, ["a: 1 -> 2"]),
        ({"a": True}, {"a": False}, ["a: true -> false"]),
        ({"a": {"b": "x", "c": "y"}}, {"a": {"b": "z", "c": "y"}}, ["a.b: x -> z"]),
        ({"a": {"b": "x"}}, {}, ["a.b: x -> (nothing)"]),
        ({}, {"a": {"b": "x"}}, ["a.b: (nothing) -> x"]),
        ({"a": [1, 2]}, {"a": [2, 3]}, ["a: -1, +3"]),
        ({"a": [1, 2]}, {"a": [2, 1]}, ["a: in another order"]),
        ({}, {"a": [{"from": "21:30", "on": True}]}, ["a: +{from: 21:30, on: true}"]),
        ({"a": "x"}, {"a": ["x"]}, ["a: x -> [x]"]),
        ({"a": "x"}, {"a": {"b": "x"}}, ["a: x -> {b: x}"]),
        ({"a": 1}, {"a": 1}, ["moved from place 2 to 3"]),
        ({"a": ""}, {"a": "2026-11-24T22:30:00.5+07:00"}, ["a:  -> 2026-11-24 22:30"]),
        ({"a\x1b": "\x07"}, {"a\x1b": "\n"}, ["a\\x1b: \\x07 -> \\n"]),
        (None, {"id": "x", "b": 1}, ["b: 1"]),
        ({"a": 1}, None, ["removed"]),
    ],
)
def test_differences_are_one_line_a_key(before: Any, after: Any, lines: list[str]) -> None:
    assert list(differences(Edit("profile", "x", before, after, 1, 2))) == lines


def test_differences_are_bounded() -> None:
    before = {f"k{i}": "x" * 10_000 for i in range(100)}
    lines = list(differences(Edit("profile", "x", before, dict.fromkeys(before, "y"))))
    assert len(lines) == MAX_LINES + 1 and lines[-1] == f"and {100 - MAX_LINES} more"
    assert max(map(len, lines)) < MAX_SHOWN + 20
    (line,) = differences(Edit("profile", "x", {"a": []}, {"a": [{"n": "y" * 10_000}] * 3 + list(range(50))}))
    assert len(line) < 6 * (MAX_SHOWN + 10)
