"""Pages of the log: every filter against a model, through the store, the rings and both; cursors; gaps; masks."""

from __future__ import annotations

import random
import time
from collections import Counter
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
import sqlalchemy as sa
from hypothesis import given, settings
from hypothesis import strategies as st

from filterd.control.activity import View, cursor_at, name_filter, page, position_of
from filterd.control.ingest import Ingest
from filterd.control.privacy import Masks
from filterd.errors import ConfigError
from filterd.model.activity import Entry, Filter, Gap, Page
from filterd.model.decision import Action, Row
from filterd.store import activity as tables
from filterd.store.activity import open_activity
from filterd.store.activity_read import Scan, Wanted
from filterd.store.engine import reading
from tests.examples import examples
from tests.unit.control.activity_data import START, Asked, of_entry, ring, shown, store, wanted

OPEN = View(Masks())
PROFILES, DEVICES = ("lan", "minh"), ("phone", "tablet", "")
NAMES = ("example.org", "www.example.org", "notexample.org", "a.www.example.org", "example.net", "%.example.org")
DAY = 86_400_000


@pytest.fixture
def state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("FILTERD_RUN", str(tmp_path / "run"))
    return tmp_path


def pages(state: Path, by: Filter, limit: int, view: View = OPEN, budget_s: float = 5.0) -> list[Page]:
    found = [page(state, by, limit=limit, view=view, budget_s=budget_s)]
    while found[-1].older:
        found.append(page(state, by, limit=limit, older=found[-1].older, view=view, budget_s=budget_s))
        assert len(found) < 500
    return found


def entries(found: list[Page]) -> list[Entry]:
    return [entry for p in found for entry in p.entries]


ASKED = st.builds(
    Asked,
    at_ms=st.one_of(st.integers(START, START + 5), st.integers(START - 3 * DAY, START + DAY)),
    client=st.sampled_from(("192.0.2.7", "192.0.2.8")),
    profile=st.sampled_from(PROFILES),
    device=st.sampled_from(DEVICES),
    name=st.sampled_from([n for n in NAMES if "%" not in n]),
    action=st.sampled_from(Action),
    row=st.sampled_from((Row.DEFAULT, Row.CATEGORY, Row.SERVICE, Row.NAME)),
    category=st.sampled_from(("", "games", "abuse")),
    service=st.sampled_from(("", "tiktok")),
    rule=st.sampled_from(("", "a rule")),
)
FILTERS = st.builds(
    Filter,
    profile=st.sampled_from(("", "", *PROFILES, "gone")),
    device=st.sampled_from(("", "", "phone", "192.0.2.8")),
    category=st.sampled_from(("", "", "games", "abuse")),
    service=st.sampled_from(("", "", "tiktok")),
    row=st.sampled_from((None, None, Row.CATEGORY, Row.NAME)),
    action=st.sampled_from((None, None, *Action)),
    name=st.sampled_from(("", "", "", "example.org", "org")),
    part=st.sampled_from(("", "", "", "not", "w.e", "%", "_")),
    since=st.one_of(st.none(), st.integers(START - 2 * DAY, START + 10)),
    until=st.one_of(st.none(), st.integers(START - DAY, START + DAY)),
)
MASKS = st.builds(
    Masks,
    level=st.sampled_from(("everything", "everything", "everything", "blocked", "counts", "nothing")),
    hidden=st.sampled_from((frozenset(), frozenset({"lan"}))),
)


@settings(max_examples=examples(120), deadline=None)
@given(st.lists(ASKED, max_size=30), st.lists(ASKED, max_size=12), FILTERS, MASKS, st.integers(1, 9), st.booleans())
def test_paging_through_any_log_with_any_filter_gives_what_the_model_says(
    stored: list[Asked], live: list[Asked], by: Filter, masks: Masks, limit: int, hurried: bool
) -> None:
    with TemporaryDirectory() as folder, pytest.MonkeyPatch.context() as patch:
        state = Path(folder)
        patch.setenv("FILTERD_RUN", str(state / "run"))
        # as control/ingest.py has them: in the order of time, harm cut to the hour
        stored = sorted((as_stored(q) for q in stored), key=lambda q: q.at_ms)
        store(state, stored)
        ring(state / "run", live)
        seen = [s for q in [*stored, *live] if (s := shown(q, masks)) is not None and wanted(s, by)]
        found = pages(state, by, limit, View(masks), 0.0 if hurried else 5.0)
        got = entries(found)
        assert Counter(map(of_entry, got)) == Counter(seen)
        assert [e.at_ms for e in got] == sorted((q.at_ms for q in seen), reverse=True)
        assert [e.id for e in got] == sorted({e.id for e in got}, reverse=True)
        assert all(len(p.entries) <= limit for p in found)
        if not hurried:
            assert all(p.complete for p in found)
            assert len(found) == max(-(-len(seen) // limit), 1)
        for p in found:  # what was scanned holds what was found
            assert all(e.id >> 10 >= p.scanned_to for e in p.entries)


def as_stored(q: Asked) -> Asked:
    if q.category != "abuse":
        return q
    return Asked(**{**{k: getattr(q, k) for k in q.__dataclass_fields__}, "at_ms": q.at_ms // 3_600_000 * 3_600_000})


def test_a_fresh_state_has_an_empty_page_and_no_database_is_made(state: Path) -> None:
    assert page(state, view=OPEN) == Page((), (), "", 0, 0, True)
    assert not list(state.iterdir())


def test_without_a_household_nothing_is_masked(state: Path) -> None:
    store(state, [Asked()])
    assert [e.name for e in page(state).entries] == ["www.example.org"]


def test_the_manager_may_store_a_batch_between_two_pages(state: Path) -> None:
    rng = random.Random(5)
    asked = [
        Asked(START + rng.randrange(40), name=rng.choice(NAMES[:5]), action=rng.choice((Action.ALLOW, Action.BLOCK)))
        for _ in range(60)
    ]
    asked.sort(key=lambda q: q.at_ms)
    ring(state / "run", asked)
    before = entries(pages(state, Filter(), 7))
    first = page(state, limit=7, view=OPEN)
    ingest = Ingest(state)
    ingest.step(time.time())
    assert ingest.commit(time.time())
    ingest.close()
    rest = [page(state, limit=7, older=first.older, view=OPEN)]
    while rest[-1].older:
        rest.append(page(state, limit=7, older=rest[-1].older, view=OPEN))
    assert [(e.id, e.name) for e in [*first.entries, *entries(rest)]] == [(e.id, e.name) for e in before]
    assert len(before) == 60
    with reading(open_activity(state), "activity") as connection:
        assert connection.execute(sa.select(sa.func.count()).select_from(tables.event)).scalar() == 60


def test_what_was_deleted_is_not_shown_from_the_rings(state: Path) -> None:
    from filterd.control.retention import delete

    store(state, [Asked()])
    ring(state / "run", [Asked(), Asked(profile="minh")])
    delete(state, profile="lan", now=START / 1000 + 1)
    assert [e.profile for e in page(state, view=OPEN).entries] == ["minh"]


def test_gaps_stand_in_their_place_and_on_one_page_alone(state: Path) -> None:
    asked = [Asked(START + second * 1000) for second in range(10)]
    gaps = [(START + 1100, START + 1500, 5, "ring"), (START + 6000, START + 6000, 9, "rate")]
    store(state, asked, gaps)
    for limit in (1, 3, 4, 100):
        lines = [line for p in pages(state, Filter(), limit) for line in p.lines()]
        places = [line.at_to if isinstance(line, Gap) else line.at_ms for line in lines]
        assert places == sorted(places, reverse=True)
        assert [line.lost for line in lines if isinstance(line, Gap)] == [9, 5]
    assert page(state, Filter(until=START + 6000), view=OPEN).gaps == (Gap(*gaps[0]),)
    assert page(state, Filter(since=START + 6000), view=OPEN).gaps == (Gap(*gaps[1]),)


def test_a_name_that_was_never_asked_for_is_found_missing_without_a_scan(state: Path) -> None:
    store(state, [Asked(START + n) for n in range(50)])
    found = page(state, Filter(name="other.example"), view=OPEN)
    assert (found.entries, found.looked_at, found.complete, found.older) == ((), 0, True, "")


def test_days_without_such_a_name_are_skipped(state: Path) -> None:
    days = [Asked(START + day * DAY + n) for day in range(9) for n in range(20)]
    store(state, sorted([*days, Asked(START + 4 * DAY, name="rare.example")], key=lambda q: q.at_ms))
    found = page(state, Filter(name="rare.example"), view=OPEN)
    assert len(found.entries) == 1 and found.complete
    assert found.looked_at <= 61


def test_more_names_than_a_set_holds_are_asked_row_by_row(state: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("filterd.store.activity_read._SET", 3)
    store(state, [Asked(START + n, name=f"host{n}.example.org") for n in range(12)])
    assert len(page(state, Filter(part="host"), view=OPEN).entries) == 12
    assert [e.name for e in page(state, Filter(part="host1"), view=OPEN).entries][-1] == "host1.example.org"


def test_a_dot_inside_a_label_is_no_border(state: Path) -> None:
    store(state, [Asked(START, name="evil\\.example.org"), Asked(START + 1, name="a.example.org")])
    assert [e.name for e in page(state, Filter(name="example.org"), view=OPEN).entries] == ["a.example.org"]


def test_blocked_questions_are_read_through_their_own_index(state: Path) -> None:
    store(state, [Asked()])
    statements: list[tuple[str, tuple]] = []
    engine = open_activity(state)
    with reading(engine, "activity") as connection:
        sa.event.listen(engine, "before_cursor_execute", lambda *a: statements.append((a[2], a[3])))
        Scan(connection, Wanted(blocked=True, action=1), time.monotonic() + 1).page(100)
        assert len(statements) == 1
        plan = connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statements[0][0]}", statements[0][1]).all()
    engine.dispose()
    assert "event_blocked" in str(plan), plan


@pytest.mark.parametrize("bad", ["x", "AAAA", "é", cursor_at(5)[:-1], cursor_at(5) + "A", "../../etc/passwd", "=" * 8])
def test_a_cursor_that_no_page_gave_is_refused(state: Path, bad: str) -> None:
    with pytest.raises(ConfigError, match="older: expected what an earlier page gave"):
        page(state, older=bad, view=OPEN)


@given(st.integers(0, (1 << 63) - 1))
def test_a_cursor_is_its_place(position: int) -> None:
    assert position_of(cursor_at(position)) == position


def test_names_are_searched_as_people_write_them() -> None:
    assert name_filter("TikTok") == {"part": "tiktok"}
    assert name_filter("WWW.Example.org.") == {"name": "www.example.org"}
    assert name_filter("bücher.example") == {"name": "xn--bcher-kva.example"}
    with pytest.raises(ConfigError, match="name: "):
        name_filter("https://example.org/")
