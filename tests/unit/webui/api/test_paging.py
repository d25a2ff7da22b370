"""Pages of lists: everything once, in order, also when something goes meanwhile."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.examples import examples
from tests.unit.webui.api.program import Program
from webui.api.paging import cursor_of, number_of, page, text_of
from webui.api.problem import Problem

names = st.lists(st.text(min_size=1, max_size=8), unique=True, max_size=30)


@given(names, st.integers(1, 9))
@settings(max_examples=examples(100))
def test_pages_hold_everything_once(found: list[str], limit: int) -> None:
    seen: list[str] = []
    cursor: str | None = ""
    while cursor is not None:
        items, cursor = page(found, str, limit, cursor)
        assert len(items) <= limit
        seen += items
    assert seen == found


@given(st.text(max_size=60))
@settings(max_examples=examples(200))
def test_any_text_is_a_cursor_or_refused(text: str) -> None:
    for read in (text_of, number_of):
        try:
            read(text)
        except Problem as problem:
            assert problem.status == 422


def test_a_cursor_whose_thing_is_gone_is_refused() -> None:
    items, cursor = page(["a", "b", "c"], str, 2, "")
    assert items == ["a", "b"] and cursor == cursor_of("b")
    with pytest.raises(Problem):
        page(["a", "c"], str, 2, cursor or "")


def test_lists_of_the_api_come_in_pages(program: Program) -> None:
    first = program.get("/profiles?limit=3").json
    assert [p["id"] for p in first["items"]] == ["lan", "minh", "tuan"]
    second = program.get(f"/profiles?limit=3&cursor={first['next']}").json
    assert [p["id"] for p in second["items"]] == ["bo-me"] and second["next"] is None
    for bad in (
        "/profiles?cursor=!!",
        "/profiles?limit=0",
        "/profiles?limit=201",
        "/history?cursor=bGFu",
        "/activity?cursor=x",
    ):
        assert program.get(bad).status_code == 422, bad
    for minutes in range(1, 6):
        program.post("/off", {"profile": "lan", "minutes": minutes})
    numbers: list[int] = []
    cursor = ""
    while cursor is not None:
        found = program.get(f"/history?limit=2&cursor={cursor}").json
        numbers += [c["number"] for c in found["items"]]
        cursor = found["next"]
    assert numbers == sorted(set(numbers), reverse=True) and len(numbers) >= 6
