"""Forgetting: by age in steps, by a person's word at once, and so that no byte is left."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

import pytest

from filterd.control import retention as module
from filterd.control.ingest import Ingest
from filterd.control.retention import Retention, delete
from filterd.errors import ConfigError
from filterd.model.household import Household, Privacy, Profile
from filterd.store.activity import open_activity
from tests.unit.control.ring_data import LOG, NAMES, START, Worker, rows

DAY = 86_400_000
NOW = START / 1000
HOUSE = Household((Profile("lan", "Lan"),), timezone="Asia/Ho_Chi_Minh", privacy=Privacy(detail_days=7, counts_days=90))


@pytest.fixture
def state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("FILTERD_RUN", str(tmp_path / "run"))
    monkeypatch.setattr("time.time", lambda: NOW + 3600)
    monkeypatch.setattr("filterd.control.household.load", lambda _: HOUSE)
    (tmp_path / "state").mkdir()
    return tmp_path / "state"


@pytest.fixture
def worker(tmp_path: Path) -> Worker:
    return Worker(tmp_path / "run")


def everywhere(state: Path, word: bytes) -> list[str]:
    """The files that have these bytes."""
    return [file.name for file in state.iterdir() if word in file.read_bytes()]


def fill(state: Path, worker: Worker, rounds: int = 12) -> Ingest:
    """A log with much churn: names in many pages, also in the write-ahead log. Its writer stays open."""
    ingest = Ingest(state)
    for part in range(rounds):
        for n in range(600):
            worker.ask(f"{NAMES[n % 200][:-12]}-{part}.example.org", START + part * 1000 + n, blocked=n % 4 == 0)
            if n % 3 == 0:
                worker.ask(
                    f"secret{part}x{n}.hidden.example.net", START + part * 1000 + n, profile="tuan", device="secretpc",
                    blocked=n % 2 == 0, rule=f"hidden rule {n}", client=b"\xc6\x33\x64\x09",
                )  # fmt: skip
        ingest.step(NOW)
        ingest.commit(NOW)
    return ingest


def run(retention: Retention, now: float) -> int:
    """Let it work until it has no more to do; return how often it had."""
    steps = 0
    while retention.step(now):
        steps += 1
        assert steps < 500
    return steps


@pytest.mark.parametrize("scope", [{"profile": "tuan"}, {"device": "secretpc"}, {"everything": True}])
def test_what_is_deleted_is_in_no_file_any_more(state: Path, worker: Worker, scope: dict[str, object]) -> None:
    ingest = fill(state, worker)
    for word in (b"secret3x", b"hidden", b"198.51.100.9", b"tuan"):
        assert everywhere(state, word), word
    assert (state / "activity.db-wal").stat().st_size > 0
    done = delete(state, now=NOW + 60, **scope)  # type: ignore[arg-type]
    assert done.events == (2400 if "everything" not in scope else 9600)
    left = [b"secret3x", b"hidden", b"198.51.100.9"]
    if "everything" in scope:
        left += [b"example", b"192.0.2.7"]
    for word in left:
        assert everywhere(state, word) == [], word
    assert rows(state, "SELECT count(*) FROM event") == [(9600 - done.events,)]
    assert rows(state, "PRAGMA integrity_check") == [("ok",)]
    worker.ask("new.example.org", START + 3_500_000)
    ingest.close()
    assert rows(state, LOG)[-1][1:3] == ("new.example.org", "lan")
    assert all(name for _, name, *_ in rows(state, LOG))


def test_what_is_too_old_is_in_no_file_any_more(state: Path, worker: Worker) -> None:
    ingest = fill(state, worker)
    worker.ask("young.example.com", START + 7 * DAY)
    ingest.close()
    retention = Retention(state)
    run(retention, NOW + 7 * 86_400)
    assert rows(state, "SELECT count(*) FROM event") == [(9601,)]  # seven whole days, and today
    run(retention, NOW + 8 * 86_400)
    assert [name for _, name, *_ in rows(state, LOG)] == ["young.example.com"]
    assert everywhere(state, b"example.org") == everywhere(state, b"hidden") == []
    assert rows(state, "SELECT count(*) FROM name") == [(1,)]
    assert rows(state, "SELECT sum(n) FROM count") == [(9601,)]
    run(retention, NOW + 92 * 86_400)
    assert rows(state, "SELECT sum(n) FROM count") == [(1,)]
    assert (state / "activity.db").stat().st_size < 2 * 1024 * 1024
    assert rows(state, "PRAGMA integrity_check") == [("ok",)]


def test_a_step_is_short(state: Path, worker: Worker, monkeypatch: pytest.MonkeyPatch) -> None:
    fill(state, worker).close()
    monkeypatch.setattr(module, "STEP_ROWS", 1000)
    monkeypatch.setattr(module, "_SMALL_ROWS", 500)
    retention = Retention(state)
    before = rows(state, "SELECT count(*) FROM event")[0][0]
    assert retention.step(NOW + 20 * 86_400)
    assert before - rows(state, "SELECT count(*) FROM event")[0][0] <= 1000
    run(retention, NOW + 20 * 86_400)
    assert rows(state, "SELECT count(*) FROM event") == [(0,)]


def test_a_reader_does_not_stop_it_and_the_log_is_cut_off_later(state: Path, worker: Worker) -> None:
    ingest = fill(state, worker, 2)
    engine = open_activity(state)
    with engine.connect() as connection, connection.begin():
        connection.exec_driver_sql("SELECT count(*) FROM event").scalar()
        retention = Retention(state)
        run(retention, NOW + 20 * 86_400)
        assert (state / "activity.db-wal").stat().st_size > 0
    run(retention, NOW + 20 * 86_400)
    assert (state / "activity.db-wal").stat().st_size == 0
    engine.dispose()
    ingest.close()


def test_no_household_and_no_log_are_no_work(state: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert not Retention(state).step(NOW)
    assert list(state.iterdir()) == []


def test_a_log_that_is_too_big_forgets_its_oldest_day(
    state: Path, worker: Worker, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    for day in range(3):
        for n in range(2000):
            worker.ask(f"n{n}.example.org", START + day * DAY + n)
    Ingest(state).close()
    size = (state / "activity.db").stat().st_size
    monkeypatch.setattr(module, "MAX_BYTES", size // 2)
    run(Retention(state), NOW + 2 * 86_400)
    assert rows(state, "SELECT min(id) >> 10 FROM event") in ([(START + DAY,)], [(START + 2 * DAY,)])
    assert "too big" in caplog.text


def test_damaged_logs_go_when_their_days_are_over(state: Path, worker: Worker) -> None:
    Ingest(state).close()
    for name, age in (("activity.db.damaged-1", 8), ("activity.db.damaged-2", 6)):
        (state / name).write_bytes(b"names")
        os.utime(state / name, (NOW - age * 86_400,) * 2)
    run(Retention(state), NOW)
    assert [p.name for p in state.glob("*.damaged-*")] == ["activity.db.damaged-2"]
    delete(state, everything=True, now=NOW)
    assert list(state.glob("*.damaged-*")) == []


def test_somebody_must_be_named(state: Path) -> None:
    for scope in ({}, {"profile": "lan", "everything": True}):
        with pytest.raises(ConfigError, match="say whose log"):
            delete(state, **scope)  # type: ignore[arg-type]


def test_the_household_may_want_no_detail_at_all(state: Path, worker: Worker, monkeypatch: pytest.MonkeyPatch) -> None:
    worker.ask(at_ms=START - DAY)
    worker.ask()
    Ingest(state).close()
    retention = Retention(state)
    house = replace(HOUSE, privacy=Privacy(detail_days=0))
    monkeypatch.setattr("filterd.control.household.load", lambda _: house)
    retention.reload()
    run(retention, NOW)
    assert [at for at, *_ in rows(state, LOG)] == [START]


def test_what_is_older_than_a_moment_is_deleted_of_one_or_of_all(
    state: Path, worker: Worker, monkeypatch: pytest.MonkeyPatch
) -> None:
    for day in range(3):
        for profile, name in (("lan", "hers"), ("tuan", "his")):
            worker.ask(f"{name}{day}.example.org", START + day * DAY, profile=profile, blocked=True)
    ingest = Ingest(state)
    ingest.step(NOW)
    ingest.commit(NOW)
    moment = NOW + 2 * 86_400
    assert delete(state, profile="tuan", before=moment, now=moment + 1).events == 2
    assert [name for _, name, *_ in rows(state, LOG)] == [
        "hers0.example.org", "hers1.example.org", "hers2.example.org", "his2.example.org",
    ]  # fmt: skip
    done = delete(state, everything=True, before=moment, now=moment + 1)
    assert (done.events, done.counted) == (2, 2)  # tuan's older counts are gone already
    for word in (b"hers0", b"hers1", b"his0", b"his1"):
        assert everywhere(state, word) == [], word
    assert rows(state, "SELECT count(*), min(hour) FROM hour") == [(2, (START + 2 * DAY) // 3_600_000)]
    assert rows(state, "SELECT sum(n) FROM count") == [(2,)]
    monkeypatch.setattr("time.time", lambda: moment + 60)
    worker.ask("late.example.org", START + DAY)  # an old record that comes late is not kept, a young one is
    worker.ask("young.example.org", START + 2 * DAY + 5)
    ingest.close()
    assert [name for _, name, *_ in rows(state, LOG)][-1] == "young.example.org"
    assert not any(name == "late.example.org" for _, name, *_ in rows(state, LOG))


def test_nobody_deletes_what_is_to_come(state: Path) -> None:
    with pytest.raises(ConfigError, match="before: expected a moment that has passed"):
        delete(state, everything=True, before=NOW + 61, now=NOW + 60)
