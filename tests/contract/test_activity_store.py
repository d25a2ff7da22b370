"""The log's database keeps its promises on SQLite and on PostgreSQL."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa

from filterd.control.ingest import Ingest
from filterd.control.retention import Retention, delete
from filterd.errors import StoreError
from filterd.model.household import Household, Privacy, Profile
from filterd.store import activity as tables
from filterd.store.activity import Forgotten, cursors, forgotten, open_activity
from filterd.store.activity_delete import Cut, delete_rows, expire, give_back, scrub
from filterd.store.activity_write import ActivityWriter
from filterd.store.engine import reading, writing
from tests.contract.databases import *  # noqa: F403
from tests.unit.control.ring_data import START, Worker

DAY = 86_400_000


@pytest.fixture
def engine(store_state: Path) -> Iterator[sa.Engine]:
    engine = open_activity(store_state)
    yield engine
    engine.dispose()


def everything(engine: sa.Engine, table: sa.Table) -> list[tuple[object, ...]]:
    with reading(engine, "activity") as connection:
        return [tuple(row) for row in connection.execute(sa.select(table).order_by(*table.primary_key))]


def test_tables_are_those_of_the_migration(engine: sa.Engine) -> None:
    found = sa.inspect(engine)
    for table in tables.tables.sorted_tables:
        columns = {c["name"]: c["nullable"] for c in found.get_columns(table.name)}
        assert columns == {c.name: False for c in table.c}, table.name
        assert found.get_pk_constraint(table.name)["constrained_columns"] == [c.name for c in table.primary_key]
    assert [index["name"] for index in found.get_indexes("event")] == ["event_blocked"]


def test_whole_batches_are_inserted_and_counts_add_up(engine: sa.Engine) -> None:
    with ActivityWriter(engine) as writer:
        for _ in range(2):
            with writer.transaction():
                writer.add(tables.hour, {(1, 2, 3): 4, (1, 2, 4): 1})
                writer.add(tables.count, {(7, "lan", "pad", 0, 13, "", ""): 5})
                writer.put_cursors({"worker-0.blocked": (2**62, 10)})
                writer.put_gaps([(1, 2, 3, "rate")])
        with writer.transaction():
            writer.insert(tables.name, [(1, 7, "tiếng-việt.example"), (2, 7, 'a"b\\c\td.example')])
            writer.insert(tables.event, [(START << 10, 1, 1, -1), ((START << 10) + 1, 1, 2, 1)])
            writer.insert(tables.event, [])
    assert everything(engine, tables.hour) == [(1, 2, 3, 8), (1, 2, 4, 2)]
    assert everything(engine, tables.count) == [(7, "lan", "pad", 0, 13, "", "", 10)]
    assert everything(engine, tables.name) == [(1, 7, "tiếng-việt.example"), (2, 7, 'a"b\\c\td.example')]
    assert everything(engine, tables.event)[1] == ((START << 10) + 1, 1, 2, 1)
    assert [row[1:] for row in everything(engine, tables.gap)] == [(1, 2, 3, "rate")] * 2
    with reading(engine, "activity") as connection:
        assert cursors(connection) == {"worker-0.blocked": (2**62, 10)}


def test_a_batch_that_fails_leaves_nothing(engine: sa.Engine) -> None:
    with ActivityWriter(engine) as writer:
        with writer.transaction():
            writer.insert(tables.event, [(5, 1, 1, 1)])
        with pytest.raises(StoreError, match="cannot write the log"), writer.transaction():
            writer.add(tables.hour, {(1, 2, 3): 4})
            writer.insert(tables.event, [(4, 1, 1, 1), (5, 1, 1, 1)])
        with writer.transaction():
            writer.insert(tables.event, [(6, 1, 1, 1)])
    assert [row[0] for row in everything(engine, tables.event)] == [5, 6]
    assert everything(engine, tables.hour) == []


def test_free_ids_are_found_behind_any_run_of_taken_ones(engine: sa.Engine) -> None:
    with ActivityWriter(engine) as writer, writer.transaction():
        taken = [*range(10, 300), *range(302, 304), 1000]
        writer.insert(tables.event, [(n, 1, 1, 1) for n in taken])
        writer.highest = 1000
        for wanted in (5, 10, 200, 299, 300, 302, 303, 400, 1000, 1001, 7, 12):
            assert writer.free_id(wanted) == next(n for n in range(wanted, 2000) if n not in taken)


def test_old_rows_go_in_steps_and_young_ones_stay(engine: sa.Engine) -> None:
    with ActivityWriter(engine) as writer, writer.transaction():
        writer.insert(tables.event, [(n, 1, 1, 1) for n in range(100)])
        writer.add(tables.hour, {(n // 10, n, 1): 1 for n in range(100)})
        writer.insert(tables.name, [(n, n // 10, "x") for n in range(100)])
        writer.add(tables.count, {(n, "lan", "", 0, 13, "", ""): 1 for n in range(10)})
        writer.put_gaps([(0, n, 1, "ring") for n in range(10)])
    cut = Cut(event_id=55, hour=5, day=5, count_day=5, count_ms=5, gap_ms=5)
    steps = []
    while True:
        with writing(engine, "activity") as connection:
            steps.append(expire(connection, cut, 20))
        if not steps[-1]:
            break
    assert max(steps) <= 20
    assert [row[0] for row in everything(engine, tables.event)] == list(range(55, 100))
    assert {row[0] for row in everything(engine, tables.hour)} == set(range(5, 10))
    assert len(everything(engine, tables.hour)) == 50
    assert {row[1] for row in everything(engine, tables.name)} == set(range(5, 10))
    assert [row[0] for row in everything(engine, tables.count)] == list(range(5, 10))
    assert [row[2] for row in everything(engine, tables.gap)] == list(range(5, 10))
    assert scrub(engine) and not give_back(engine, keep=False)


def test_a_profiles_rows_are_deleted_with_the_words_that_were_theirs_alone(engine: sa.Engine) -> None:
    def words(ident: int, rule: str) -> tuple[object, ...]:
        return ident, 1, 0, 13, 1, 0, 1, "", "", "", rule, ""

    with ActivityWriter(engine) as writer, writer.transaction():
        writer.insert(tables.who, [(1, 1, "192.0.2.1", "lan", "pad"), (2, 1, "192.0.2.2", "minh", "tv")])
        writer.insert(tables.name, [(1, 1, "hers"), (2, 1, "both"), (3, 1, "his")])
        writer.insert(tables.what, [words(1, "hers"), words(2, "both")])
        writer.insert(tables.event, [(1, 1, 1, 1), (2, 1, 2, 2), (3, 2, 2, 2)])
        writer.add(tables.hour, {(1, 1, 1): 1, (1, 3, 2): 1})
        writer.add(tables.count, {(1, "lan", "pad", 0, 13, "", ""): 2, (1, "minh", "tv", 0, 13, "", ""): 1})
    with writing(engine, "activity") as connection:
        done = delete_rows(connection, 1000, profile="lan")
    assert (done.events, done.counted) == (2, 2)
    assert [row[0] for row in everything(engine, tables.event)] == [3]
    assert [row[2] for row in everything(engine, tables.name)] == ["both", "his"]
    assert [row[10] for row in everything(engine, tables.what)] == ["both"]
    assert [row[3] for row in everything(engine, tables.who)] == ["minh"]
    assert len(everything(engine, tables.hour)) == len(everything(engine, tables.count)) == 1
    with reading(engine, "activity") as connection:
        assert forgotten(connection, 500, 2000) == [Forgotten(1000, "lan")]
        assert forgotten(connection, 1001, 2000) == []
        assert forgotten(connection, 0, -100_000) == []  # dated by a clock that was ahead


def test_questions_come_from_the_rings_and_go_when_they_are_old(
    store_state: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FILTERD_RUN", str(tmp_path / "run"))
    household = Household((Profile("lan", "Lan"),), privacy=Privacy(detail_days=2, counts_days=4))
    monkeypatch.setattr("filterd.control.household.load", lambda _: household)
    worker = Worker(tmp_path / "run")
    for day in range(6):
        for n in range(200):
            worker.ask(f"n{n % 50}.example.org", START + day * DAY + n * 100, blocked=n % 5 == 0)
    ingest = Ingest(store_state)
    ingest.close()
    engine = open_activity(store_state)
    assert len(everything(engine, tables.event)) == 1200
    assert sum(row[-1] for row in everything(engine, tables.hour)) == 240
    assert sum(row[-1] for row in everything(engine, tables.count)) == 1200
    assert len(everything(engine, tables.name)) == 300
    retention = Retention(store_state)
    while retention.step((START + 5 * DAY) / 1000):
        pass
    assert len(everything(engine, tables.event)) == 600
    assert len(everything(engine, tables.name)) == 150
    assert sum(row[-1] for row in everything(engine, tables.count)) == 1000
    worker.ask("late.example.org", START + 5 * DAY + 30_000)
    assert delete(store_state, profile="lan", now=(START + 6 * DAY) / 1000).events == 600
    monkeypatch.setattr("time.time", lambda: (START + 6 * DAY + 1000) / 1000)
    Ingest(store_state).close()  # one record was still in the ring
    for table in (tables.event, tables.hour, tables.name, tables.who, tables.what, tables.count):
        assert everything(engine, table) == [], table.name
    worker.ask("new.example.org", START + 6 * DAY + 1)
    Ingest(store_state).close()
    assert [row[2] for row in everything(engine, tables.name)] == ["new.example.org"]
    worker.close()
    engine.dispose()
