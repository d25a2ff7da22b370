"""How the databases are opened: where they are, what is set, what is made, and that reading writes nothing."""

from __future__ import annotations

import stat
import subprocess
import sys
from pathlib import Path

import pytest
import sqlalchemy as sa

from filterd.errors import StoreError
from filterd.model.change import Who
from filterd.store import engine as use
from filterd.store.engine import HEADS, open_engine, reading, upgrade, url_of, writing
from filterd.store.household import HouseholdStore


def pragmas(engine: sa.Engine, *words: str) -> tuple[object, ...]:
    """What SQLite says about a new connection."""
    with reading(engine, "household") as connection:
        return tuple(connection.exec_driver_sql(f"PRAGMA {word}").scalar() for word in words)


def test_the_rules_are_synced_at_every_commit_and_the_log_is_not(tmp_path: Path) -> None:
    found = {}
    for which, durable in (("household", True), ("activity", False)):
        engine = open_engine(url_of(tmp_path, which), durable=durable)
        upgrade(engine, which)
        found[which] = pragmas(engine, "synchronous", "journal_mode", "secure_delete", "auto_vacuum", "page_size")
        engine.dispose()
    assert found == {"household": (2, "wal", 1, 2, 4096), "activity": (1, "wal", 1, 2, 4096)}


def test_opening_it_again_leaves_the_locks_of_a_connection_that_stays(tmp_path: Path) -> None:
    """POSIX locks end with the first close of the file in their process: another one then takes the log away."""
    engine = open_engine(url_of(tmp_path, "activity"), durable=False)
    upgrade(engine, "activity")
    wal, other = (
        tmp_path / "activity.db-wal",
        "import sqlite3, sys; c = sqlite3.connect(sys.argv[1]); c.execute('{}'); c.close()",
    )
    with writing(engine, "activity") as connection:
        connection.exec_driver_sql("CREATE TABLE kept (n)")
    with engine.connect() as stays:
        stays.exec_driver_sql("SELECT * FROM kept").close()
        upgrade(engine, "activity")
        command = [sys.executable, "-c", other.format("SELECT * FROM kept"), str(tmp_path / "activity.db")]
        subprocess.run(command, check=True, timeout=60)
        assert wal.exists()
    engine.dispose()


def test_reading_writes_nothing_and_waits_for_nobody(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(use, "BUSY_S", 0.2)
    store = HouseholdStore.open(tmp_path)
    with store.engine.connect():  # somebody stays, so that the files do
        before = {p.name: p.read_bytes() for p in tmp_path.iterdir() if p.suffix != ".db-shm"}
        for _ in range(20):
            store.revision()
            HouseholdStore.open(tmp_path).close()
        assert {p.name: p.read_bytes() for p in tmp_path.iterdir() if p.suffix != ".db-shm"} == before
        with writing(store.engine, "household"):
            assert HouseholdStore.open(tmp_path).stored().entities == {}
    store.close()


def test_a_database_of_another_kind_is_used_as_it_is(tmp_path: Path) -> None:
    """A file that was made without these settings (restored, by hand) keeps its pages and is written all the same."""
    engine = sa.create_engine(f"sqlite:///{tmp_path / 'household.db'}")
    with engine.begin() as connection:
        connection.exec_driver_sql("PRAGMA page_size=1024")
        connection.exec_driver_sql("CREATE TABLE other (x)")
    engine.dispose()
    store = HouseholdStore.open(tmp_path)
    assert store.change(Who("mẹ"), "x", 1.0, lambda _: {("setting", "a"): {"n": 1}}) is not None
    assert store.setting("a") == {"n": 1}
    store.close()


def test_a_folder_and_a_file_are_made_for_their_owner(tmp_path: Path) -> None:
    HouseholdStore.open(tmp_path / "a" / "b").close()
    assert stat.S_IMODE((tmp_path / "a" / "b" / "household.db").stat().st_mode) == 0o600
    assert [p.name for p in (tmp_path / "a" / "b").iterdir()] == [
        "household.db"
    ]  # the log of writes went with the last


def test_a_writer_that_fails_inside_leaves_nothing(tmp_path: Path) -> None:
    store = HouseholdStore.open(tmp_path)
    with pytest.raises(StoreError, match="no such table"), writing(store.engine, "household") as connection:
        connection.exec_driver_sql("UPDATE meta SET value = 7")
        connection.exec_driver_sql("UPDATE nowhere SET value = 7")
    with pytest.raises(ZeroDivisionError), writing(store.engine, "household") as connection:
        connection.exec_driver_sql("UPDATE meta SET value = 7")
        raise ZeroDivisionError
    assert store.revision() == 0
    store.close()


def test_a_reader_sees_one_moment(tmp_path: Path) -> None:
    store = HouseholdStore.open(tmp_path)
    with reading(store.engine, "household") as connection:
        first = connection.exec_driver_sql("SELECT value FROM meta").scalar()
        with writing(store.engine, "household") as other:
            other.exec_driver_sql("UPDATE meta SET value = 7")
        assert connection.exec_driver_sql("SELECT value FROM meta").scalar() == first == 0
    assert store.revision() == 7
    store.close()


def test_an_upgrade_of_what_is_new_already_imports_no_alembic(tmp_path: Path) -> None:
    import subprocess
    import sys

    HouseholdStore.open(tmp_path).close()
    code = (
        "import sys; from pathlib import Path; from filterd.store.household import HouseholdStore; "
        "HouseholdStore.open(Path(sys.argv[1])).close(); print('alembic' in sys.modules, 'psycopg' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code, str(tmp_path)], capture_output=True, text=True, check=True)
    assert done.stdout == "False False\n"


def test_the_url_is_the_files_or_the_one_that_was_given(tmp_path: Path) -> None:
    assert url_of(tmp_path, "household").database == str(tmp_path / "household.db")
    odd = tmp_path / "a?b#c%20 d'é"
    HouseholdStore.open(odd).close()
    assert (odd / "household.db").exists()
    (tmp_path / "database").write_text("postgresql+psycopg://u:p@h/d\n")
    assert {url_of(tmp_path, which).host for which in HEADS} == {"h"}
    (tmp_path / "database").write_text("sqlite:///x\n")
    with pytest.raises(StoreError, match="expected postgresql"):
        url_of(tmp_path, "household")


def test_a_missing_driver_is_a_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(*_: object, **__: object) -> None:
        raise ModuleNotFoundError("No module named 'psycopg'")

    monkeypatch.setattr(use, "create_engine", fails)
    with pytest.raises(StoreError, match=r"pip install filterd\[postgres\]"):
        open_engine("postgresql+psycopg://h/d", durable=True)
