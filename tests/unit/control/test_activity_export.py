"""Taking the log away: whole, masked, harmless in a spreadsheet, in constant memory."""

from __future__ import annotations

import csv
import io
import json
import tracemalloc
from datetime import tzinfo
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from filterd.control import activity_export
from filterd.control.activity import View
from filterd.control.activity_export import MARK, export, plain
from filterd.control.entry_values import document
from filterd.control.privacy import Masks
from filterd.model.activity import Entry, Filter
from tests.unit.control.activity_data import START, Asked, ring, store

OPEN = View(Masks())


@pytest.fixture
def state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("FILTERD_RUN", str(tmp_path / "run"))
    return tmp_path


def text(state: Path, form: Any, wanted: Filter = Filter(), view: View = OPEN) -> str:
    return "".join(export(state, wanted, form, view=view, document=document))


def table(state: Path, wanted: Filter = Filter(), view: View = OPEN) -> list[dict[str, str]]:
    found = text(state, "csv", wanted, view)
    assert found.startswith(MARK)
    return list(csv.DictReader(io.StringIO(found.removeprefix(MARK), newline="")))


def test_everything_is_there_oldest_first_and_the_rings_too(state: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(activity_export, "_CHUNK", 3)
    for number in (0, 1, 3, 7):
        folder = state / str(number)
        store(folder, [Asked(START + n, name=f"n{n}.example") for n in range(number)])
    store(state, [Asked(START + n, name=f"n{n}.example") for n in range(7)])
    for number in (0, 1, 3, 7):
        assert len(json.loads(text(state / str(number), "json"))) == number
    ring(state / "run", [Asked(START + 7, name="n7.example", profile="minh")])
    assert [row["name"] for row in table(state)] == [f"n{n}.example" for n in range(8)]
    assert [row["name"] for row in json.loads(text(state, "json", Filter(profile="minh")))] == ["n7.example"]
    assert [r["name"] for r in table(state, Filter(since=START + 2, until=START + 4))] == ["n2.example", "n3.example"]


def test_a_fresh_state_gives_an_empty_file(state: Path) -> None:
    assert json.loads(text(state, "json")) == [] and table(state) == []


def test_what_a_parent_may_not_see_leaves_by_no_file(state: Path) -> None:
    store(state, [Asked(), Asked(START + 1, profile="minh")])
    assert [r["name"] for r in table(state, view=View(Masks(hidden=frozenset({"lan"}))))] == ["", "www.example.org"]
    assert table(state, view=View(Masks("blocked"))) == []


@pytest.mark.parametrize(
    "hostile", ["=1+1", "+1", "-1", "@x", "\t=1", "\r=1", "=cmd|' /C calc'!A0", "\u202etxt", 'a",=1']
)
def test_no_cell_is_a_formula_or_moves_a_cursor(state: Path, hostile: str) -> None:
    store(state, [Asked(device=hostile, rule=hostile)])
    (row,) = table(state)
    for cell in row.values():
        assert cell.isprintable() and not cell.startswith(("=", "+", "-", "@"))
    assert json.loads(text(state, "json"))[0]["device"] == hostile


@given(st.text())
def test_a_cell_is_printable_and_no_formula(any_text: str) -> None:
    cell = plain(any_text)
    assert cell.isprintable() and not cell.startswith(("=", "+", "-", "@"))


@pytest.mark.slow
def test_memory_stays_the_same_however_long_the_log_is(state: Path) -> None:
    from tests.bench.queries import build

    build(state, 100_000)

    def small(entry: Entry, zone: tzinfo | None) -> dict[str, Any]:
        return document(entry, None)

    tracemalloc.start()
    try:
        lines = sum(piece.count("\n") for piece in export(state, form="csv", view=OPEN, document=small))
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert lines == 100_001
    assert peak < 24 * 1024 * 1024
