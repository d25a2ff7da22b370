"""The rules' database between processes: many writers lose nothing, readers see whole changes, versions keep apart."""

from __future__ import annotations

import multiprocessing
import threading
import time
from pathlib import Path

import pytest
import sqlalchemy as sa

from filterd.errors import StoreError
from filterd.model.change import Body, Key, Who
from filterd.store import household as tables
from filterd.store.engine import HEADS, open_engine, upgrade, url_of, writing
from filterd.store.household import HouseholdStore, Stored
from tests.contract.databases import *  # noqa: F403
from tests.contract.households import *  # noqa: F403
from tests.contract.households import profiles, put


def write_many(
    state: Path, name: str, count: int, gate: threading.Barrier, told: multiprocessing.Queue[object]
) -> None:
    """Make changes of an own thing and of a common one; tell what was acknowledged."""
    store = HouseholdStore.open(state)
    gate.wait(60)
    try:
        for number in range(count):

            def make(stored: Stored, number: int = number) -> dict[Key, Body]:
                bodies = stored.bodies()
                common = bodies.get(("profile", "common"), {"sum": 0})
                mine = {("profile", name): {"n": number}, ("profile", "common"): {"sum": common["sum"] + 1}}
                return bodies | mine

            made = store.change(Who(name), "step", time.time(), make)
            assert made is not None
            told.put((name, made.number))
    except BaseException as exc:
        told.put((name, repr(exc)))
        raise
    finally:
        store.close()


@pytest.mark.parametrize("writers", [2, 4])
def test_writers_in_many_processes_lose_nothing(store_state: Path, writers: int) -> None:
    """They begin together on an empty folder, so that the tables are made by one of them while the others wait."""
    count = 15
    context = multiprocessing.get_context("spawn")
    told, gate = context.Queue(), context.Barrier(writers)
    processes = [
        context.Process(target=write_many, args=(store_state, f"w{number}", count, gate, told), daemon=True)
        for number in range(writers)
    ]
    for process in processes:
        process.start()
    found: dict[str, list[int]] = {}
    for _ in range(writers * count):
        name, number = told.get(timeout=90)
        assert isinstance(number, int), (name, number)
        found.setdefault(name, []).append(number)
    for process in processes:
        process.join(20)
        assert process.exitcode == 0
    assert all(numbers == sorted(numbers) for numbers in found.values())
    assert sorted(n for numbers in found.values() for n in numbers) == list(range(1, writers * count + 1))
    store = HouseholdStore.open(store_state)
    try:
        assert profiles(store)["common"] == {"sum": writers * count}
        history = store.history(limit=10_000)
        assert [c.number for c in history] == list(range(writers * count, 0, -1))
        assert {c.number: c.who.by for c in history} == {n: name for name, numbers in found.items() for n in numbers}
    finally:
        store.close()


def test_readers_see_whole_changes_while_others_write(store_state: Path) -> None:
    writer, reader = HouseholdStore.open(store_state), HouseholdStore.open(store_state)
    ended = threading.Event()

    def write() -> None:
        for number in range(40):
            put(writer, a={"n": number}, b={"n": number})
        ended.set()

    thread = threading.Thread(target=write)
    thread.start()
    newest = 0
    while not ended.is_set():
        stored = reader.stored()
        found = [entity.body["n"] for entity in stored.entities.values()]
        assert len(set(found)) <= 1 and (not found or found[0] == stored.revision - 1)
        assert stored.revision >= newest
        newest = stored.revision
    thread.join()
    writer.close()
    reader.close()


# ---- versions


def test_it_is_made_once_and_opened_again(store_state: Path) -> None:
    for number in range(3):
        store = HouseholdStore.open(store_state)
        assert store.revision() == number
        put(store, a={"n": number})
        store.close()


def test_an_interrupted_first_migration_leaves_nothing(store_state: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from alembic.operations import Operations

    def fails(*_: object, **__: object) -> None:
        raise sa.exc.OperationalError("CREATE", {}, Exception("disk I/O error"))

    with monkeypatch.context() as patch:
        patch.setattr(Operations, "bulk_insert", fails)  # the first table is there by then
        with pytest.raises(StoreError, match="disk I/O error"):
            HouseholdStore.open(store_state)
    store = HouseholdStore.open(store_state)
    assert store.revision() == 0 and put(store, a={}) is not None
    store.close()


def test_a_newer_version_is_refused_and_left_alone(store_state: Path) -> None:
    HouseholdStore.open(store_state).close()
    engine = open_engine(url_of(store_state, "household"), durable=True)
    with writing(engine, "household") as connection:
        connection.execute(sa.text("UPDATE household_version SET version_num = '9999'"))
    for _ in range(2):
        with pytest.raises(StoreError, match=rf"newer filterd \(version 9999, this one knows {HEADS['household']}\)"):
            HouseholdStore.open(store_state)
    engine.dispose()


def test_the_log_and_the_rules_do_not_meet(store_state: Path) -> None:
    """In one PostgreSQL database they lie side by side."""
    for which in ("household", "activity", "household", "activity"):
        engine = open_engine(url_of(store_state, which), durable=which == "household")
        upgrade(engine, which)
        engine.dispose()
    store = HouseholdStore.open(store_state)
    assert put(store, a={}) is not None
    store.close()


def test_a_damaged_body_is_said(store: HouseholdStore) -> None:
    put(store, a={"n": 1})
    with writing(store.engine, "household") as connection:
        connection.execute(sa.update(tables.entity).values(body="{"))
    with pytest.raises(StoreError, match="damaged"):
        store.stored()
    with pytest.raises(StoreError, match="damaged"):
        put(store, a={"n": 2})
