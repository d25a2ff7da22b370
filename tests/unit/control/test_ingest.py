"""Ingest: from the rings into the log, once each, within every bound, whatever the disk does."""

from __future__ import annotations

import random
import shutil
import sqlite3
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest
import sqlalchemy as sa

from filterd.control import dictionary, known, waiting
from filterd.control import ingest as module
from filterd.control.gaps import MAX_GAPS, Gaps
from filterd.control.ingest import COMMIT_S, Ingest
from filterd.control.retention import delete
from filterd.model.decision import Row
from filterd.model.event import Tail, record
from filterd.model.household import Household, Privacy, Profile
from filterd.store import activity as tables
from filterd.store.activity_write import KEPT_DAMAGED, ActivityWriter
from tests.unit.control.ring_data import LOG, NAMES, START, Worker, rows

NOW = START / 1000
HOUSE = Household(
    (Profile("lan", "Lan"), Profile("tuan", "Tuấn", parent_sees="categories")), timezone="Asia/Ho_Chi_Minh"
)


class Clock:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


class House:
    """The household that Ingest sees."""

    def __init__(self) -> None:
        self.now = HOUSE

    def level(self, level: str) -> None:
        self.now = replace(HOUSE, privacy=Privacy(level=level))


@pytest.fixture(autouse=True)
def house(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> House:
    monkeypatch.setenv("FILTERD_RUN", str(tmp_path / "run"))
    monkeypatch.setattr("time.time", lambda: NOW + 3600)
    made = House()
    monkeypatch.setattr("filterd.control.household.load", lambda _: made.now)
    return made


@pytest.fixture
def state(tmp_path: Path) -> Path:
    (tmp_path / "state").mkdir()
    return tmp_path / "state"


@pytest.fixture
def worker(tmp_path: Path) -> Worker:
    return Worker(tmp_path / "run")


def test_what_workers_said_is_in_the_log_once(state: Path, worker: Worker, tmp_path: Path) -> None:
    second = Worker(tmp_path / "run", 1)
    worker.ask("a.example.org", START)
    worker.ask("b.example.org", START, blocked=True, category="ads")
    second.ask("a.example.org", START, profile="tuan")
    second.ask("c.example.org", START - 5)
    Ingest(state).close()
    assert rows(state, LOG) == [
        (START - 5, "c.example.org", "lan", 0),
        (START, "b.example.org", "lan", 1),
        (START, "a.example.org", "lan", 0),
        (START, "", "tuan", 0),
    ]
    assert rows(state, "SELECT hour, n FROM hour") == [(START // 3_600_000, 1)]
    assert sum(n for (n,) in rows(state, "SELECT n FROM count")) == 4
    assert rows(state, "SELECT address FROM who GROUP BY address") == [("192.0.2.7",)]
    assert rows(state, "SELECT count(*) FROM name WHERE text = 'a.example.org'") == [(1,)]
    Ingest(state).close()
    assert rows(state, "SELECT count(*) FROM event") == [(4,)]
    worker.ask("a.example.org", START + 9)
    Ingest(state).close()
    assert rows(state, "SELECT count(*) FROM event") == [(5,)]
    assert rows(state, "SELECT count(*) FROM name WHERE text = 'a.example.org'") == [
        (1,)
    ]  # the day's dictionary is read


def test_a_batch_waits_five_minutes_or_256_kib(state: Path, worker: Worker) -> None:
    clock = Clock()
    ingest = Ingest(state, clock=clock)
    worker.ask()
    ingest.step(NOW)
    clock.now += COMMIT_S - 1
    ingest.step(NOW)
    assert rows(state, "SELECT count(*) FROM event") == [(0,)]
    clock.now += 2
    ingest.step(NOW)
    assert rows(state, "SELECT count(*) FROM event") == [(1,)]
    for n in range(module.BATCH_ROWS):
        worker.ask(NAMES[n % 200], START + n)
        if n % 4000 == 0:
            ingest.step(NOW)
    ingest.step(NOW)
    assert rows(state, "SELECT count(*) FROM event") == [(1 + module.BATCH_ROWS,)]
    ingest.close()


def test_ids_stay_unique_when_clocks_step_back_and_events_come_late(state: Path, worker: Worker) -> None:
    dice = random.Random(3)
    expected = []
    for _ in range(12):
        at_ms = START + dice.randrange(-3, 3)
        for _ in range(dice.randrange(1, 900)):
            worker.ask(NAMES[dice.randrange(200)], at_ms, blocked=dice.random() < 0.2)
            expected.append(at_ms)
        Ingest(state).close()
    found = [at_ms for at_ms, *_ in rows(state, LOG)]
    assert len(found) == len(expected)
    assert all(
        abs(a - b) <= 8 for a, b in zip(found, sorted(expected), strict=True)
    )  # 1024 a millisecond, then the next


def test_harm_is_stored_with_its_hour_and_without_its_name(state: Path, worker: Worker) -> None:
    hour = START - START % 3_600_000
    for batch in range(3):
        for n in range(700):
            worker.ask("hurt.example.org", START + 1_000_000 + n, blocked=True, category="abuse", matched=b"\4hurt\0")
            worker.ask("fine.example.org", hour + batch)
        Ingest(state).close()
    found = rows(state, "SELECT id >> 10, name FROM event WHERE what < 0")
    assert len(found) == 2100 and {name for _, name in found} == {0}
    assert {at_ms for at_ms, _ in found} <= set(range(hour, hour + 8))
    assert rows(state, "SELECT DISTINCT matched, category FROM what WHERE id < 0") == [("", "abuse")]
    for file in state.iterdir():
        assert b"hurt" not in file.read_bytes()


@pytest.mark.parametrize(
    ("level", "events", "hours", "counted"),
    [("everything", 3, 1, 3), ("blocked", 1, 1, 3), ("counts", 0, 0, 3), ("nothing", 0, 0, 0)],
)
def test_levels(state: Path, worker: Worker, house: House, level: str, events: int, hours: int, counted: int) -> None:
    house.level(level)
    seen = Seen()
    worker.ask("secret.example.org")
    worker.ask("secret.example.org")
    worker.ask("blocked.example.org", blocked=True)
    Ingest(state, consumers=[seen]).close()
    assert rows(state, "SELECT count(*) FROM event") == [(events,)]
    assert rows(state, "SELECT coalesce(sum(n), 0) FROM hour") == [(hours,)]
    assert rows(state, "SELECT coalesce(sum(n), 0) FROM count") == [(counted,)]
    assert rows(state, "SELECT count(*) FROM gap") == [(0,)]
    assert len(seen.events) == 3  # budgets are rules, whatever is remembered
    if level != "everything":
        assert all(b"secret" not in file.read_bytes() for file in state.iterdir())


def test_a_level_that_changes_holds_for_what_waits(state: Path, worker: Worker, house: House) -> None:
    ingest = Ingest(state)
    worker.ask("secret.example.org")
    worker.ask("open.example.org", profile="tuan")
    ingest.step(NOW)
    house.level("counts")
    ingest.reload()
    ingest.close()
    assert rows(state, "SELECT count(*) FROM event") == [(0,)]
    assert rows(state, "SELECT sum(n) FROM count") == [(2,)]


def test_a_hidden_profile_leaves_neither_name_nor_service(state: Path, worker: Worker) -> None:
    worker.ask(
        "dating.example.org",
        profile="tuan",
        service="datingapp",
        category="adult",
        rule="allow datingapp",
        row=Row.SERVICE,
    )
    Ingest(state).close()
    assert rows(state, "SELECT category, service, rule FROM what") == [("adult", "", "")]
    assert rows(state, "SELECT category, service FROM count") == [("adult", "")]
    assert all(b"dating" not in file.read_bytes() for file in state.iterdir())


class Seen:
    """A consumer that writes one alert for each batch."""

    def __init__(self, fail: str = "") -> None:
        self.events: list[tuple[int, bytes, Tail]] = []
        self.fail = fail
        self.kept = 0

    def take(self, events: Sequence[tuple[int, bytes, Tail]]) -> None:
        if self.fail == "take":
            raise RuntimeError("take")
        self.events += events

    def flush(self, connection: sa.Connection) -> None:
        connection.execute(sa.insert(tables.slot).values(day=1, profile="lan", budget="b", slot=len(self.events)))
        if self.fail == "flush":
            raise RuntimeError("flush")

    def stored(self) -> None:
        self.kept += 1


@pytest.mark.parametrize("fail", ["", "take", "flush"])
def test_consumers_see_everything_and_cost_nobody_else_anything(state: Path, worker: Worker, fail: str) -> None:
    bad, good = Seen(fail), Seen()
    worker.ask("a.example.org", START, client=b"")
    worker.ask("b.example.org", START + 1, service="tiktok", profile="tuan")
    Ingest(state, consumers=[bad, good]).close()
    assert [(at, tail.service) for at, _, tail in good.events] == [(START, ""), (START + 1, "tiktok")]
    assert rows(state, "SELECT count(*) FROM event") == [(2,)]
    # without a failure the second one's row is there already: that costs its own rows alone, too
    expected = {"": [(2,)], "take": [(0,), (2,)], "flush": [(2,)]}[fail]
    assert rows(state, "SELECT slot FROM slot ORDER BY slot") == expected
    assert good.kept == 1


def test_records_that_were_overwritten_are_a_gap_with_its_times(state: Path, tmp_path: Path) -> None:
    worker = Worker(tmp_path / "run", size=64 * 1024)
    ingest = Ingest(state)
    worker.ask(at_ms=START)
    ingest.step(NOW)
    for n in range(5000):
        worker.ask(NAMES[n % 200], START + 1000 + n)
    ingest.close()
    ((since, until, lost, kind),) = rows(state, "SELECT at_from, at_to, lost, kind FROM gap")
    ((kept,),) = rows(state, "SELECT count(*) FROM event")
    assert (since, kind) == (START, "ring") and lost + kept == 5001 and lost > 3000
    assert until == START + 1000 + lost


def test_what_was_overwritten_while_the_manager_was_dead_is_a_gap_too(state: Path, tmp_path: Path) -> None:
    worker = Worker(tmp_path / "run", size=64 * 1024)
    worker.ask(at_ms=START)
    Ingest(state).close()
    for n in range(5000):
        worker.ask(NAMES[n % 200], START + 1000 + n)
    Ingest(state).close()
    ((since, until, lost, kind),) = rows(state, "SELECT at_from, at_to, lost, kind FROM gap")
    ((kept,),) = rows(state, "SELECT count(*) FROM event")
    assert (since, kind) == (START, "ring") and lost + kept == 5001 and until == START + 1000 + lost


def test_a_new_ring_is_read_from_its_beginning(state: Path, tmp_path: Path, worker: Worker) -> None:
    worker.ask("old.example.org")
    Ingest(state).close()
    worker.close()
    shutil.rmtree(tmp_path / "run")  # the box was switched off and on
    again = Worker(tmp_path / "run")
    again.ask("new.example.org", START + 5)
    Ingest(state).close()
    assert [name for _, name, *_ in rows(state, LOG)] == ["old.example.org", "new.example.org"]
    assert rows(state, "SELECT count(*) FROM gap") == [(0,)]


def test_bytes_that_are_no_tail_are_lost_and_nothing_else(state: Path, worker: Worker) -> None:
    worker.rings[False].append(record(START, b"", b"\x07nothing"))
    worker.ask()
    Ingest(state).close()
    assert rows(state, "SELECT count(*) FROM event") == [(1,)]
    assert rows(state, "SELECT at_from, lost, kind FROM gap") == [(START, 1, "ring")]


def test_times_of_a_mad_clock_are_kept_as_far_as_they_go(state: Path, worker: Worker) -> None:
    for at_ms in (0, 1, START, 2**60, 2**64 - 1):
        worker.ask(at_ms=at_ms)
    Ingest(state).close()
    assert [at for at, *_ in rows(state, LOG)] == [0, 1, START, dictionary.MAX_MS, dictionary.MAX_MS]


def test_local_midnight_begins_a_new_dictionary(state: Path, worker: Worker) -> None:
    midnight = 1_795_539_600_000  # 2026-11-24 17:00 UTC, 00:00 in Viet Nam
    for at_ms in (midnight - 1, midnight, midnight - 2, midnight + 1):
        worker.ask(at_ms=at_ms, blocked=at_ms % 2 == 0)
    Ingest(state).close()
    assert [n for (n,) in rows(state, "SELECT count(*) FROM name GROUP BY day")] == [1, 1]
    assert rows(state, "SELECT DISTINCT name.day - who.day - what.day + count.day FROM event JOIN name ON name.id = name "
                "JOIN who ON who.id = who JOIN what ON what.id = what JOIN count ON count.day = name.day") == [(0,)]  # fmt: skip


def test_above_the_rate_allowed_questions_are_counted_and_blocked_ones_kept(
    state: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(waiting, "_WINDOW_ROWS", 1000)
    worker = Worker(tmp_path / "run", size=4 * 1024 * 1024)
    start = START - START % 4096
    for n in range(5000):
        worker.ask(NAMES[n % 200], start + n % 4000)
        if n % 10 == 0:
            worker.ask("b.example.org", start + n % 4000, blocked=True)
    worker.ask("later.example.org", start + 10_000)
    Ingest(state).close()
    assert rows(state, "SELECT count(*) FROM event WHERE what < 0") == [(500,)]
    ((kept,),) = rows(state, "SELECT count(*) FROM event WHERE what > 0")
    assert 400 <= kept <= 1001
    assert rows(state, "SELECT sum(n) FROM count") == [(5501,)]
    ((since, until, lost, kind),) = rows(state, "SELECT at_from, at_to, lost, kind FROM gap")
    assert kind == "rate" and lost == 5001 - kept and start <= since < until < start + 4096
    assert rows(state, LOG)[-1][1] == "later.example.org"


def test_blocked_questions_above_the_rate_keep_their_hours(
    state: Path, worker: Worker, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(waiting, "_WINDOW_ROWS", 100)
    monkeypatch.setattr(waiting, "MAX_COUNTED", 32)  # two clients by their address
    start = START - START % 4096
    for n in range(1000):
        worker.ask("b.example.org", start, blocked=True, client=bytes((192, 0, 2, n % 100)))
    Ingest(state).close()
    ((kept,),) = rows(state, "SELECT count(*) FROM event")
    assert kept <= 101
    assert rows(state, "SELECT sum(n) FROM hour") == [(1000,)]
    assert rows(state, "SELECT sum(n) FROM count") == [(1000,)]
    assert rows(state, "SELECT count(*) FROM hour WHERE name = 0") == [(3,)]


def test_a_disk_that_takes_nothing_costs_detail_beyond_the_bound_and_no_more(
    state: Path, worker: Worker, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(waiting, "MAX_ROWS", 100)
    clock = Clock()
    ingest = Ingest(state, clock=clock)
    worker.ask()
    ingest.step(NOW)
    put = ActivityWriter.put_gaps

    def full(writer: ActivityWriter, *_: object) -> None:
        raise sqlite3.OperationalError("database or disk is full")

    monkeypatch.setattr(ActivityWriter, "put_gaps", full)
    for n in range(300):
        worker.ask(NAMES[n % 200], START + n)
    clock.now += COMMIT_S
    ingest.step(NOW)
    ingest.step(NOW)
    assert caplog.text.count("the log takes nothing") == 1
    assert rows(state, "SELECT count(*) FROM event") == [(0,)]
    assert len(ingest._waiting.rows) == 100
    monkeypatch.setattr(ActivityWriter, "put_gaps", put)
    clock.now += module.RETRY_S + 1
    ingest.step(NOW)
    assert rows(state, "SELECT count(*) FROM event") == [(100,)]
    assert rows(state, "SELECT sum(n) FROM count") == [(301,)]
    assert rows(state, "SELECT lost, kind FROM gap") == [(201, "disk")]
    ingest.close()


def test_a_batch_with_a_bug_in_it_does_not_stand_in_the_way(
    state: Path, worker: Worker, monkeypatch: pytest.MonkeyPatch
) -> None:
    ingest = Ingest(state)
    worker.ask()
    ingest.step(NOW)
    with monkeypatch.context() as patched:
        patched.setattr(dictionary.Dictionary, "resolve", lambda *_: 1 / 0)
        assert not ingest.commit(NOW)
    worker.ask("next.example.org")
    ingest.close()
    assert [name for _, name, *_ in rows(state, LOG)] == ["next.example.org"]


@pytest.mark.parametrize("when", ["before", "between"])
def test_a_damaged_log_is_set_aside_and_a_new_one_begins(
    state: Path, worker: Worker, when: str, caplog: pytest.LogCaptureFixture
) -> None:
    for n in range(5):
        worker.ask(NAMES[n], START + n)
        ingest = Ingest(state)
        if when == "before":
            ingest.close()
            (state / "activity.db").write_bytes(b"this is no database, but it is long enough to look like one" * 200)
            ingest = Ingest(state)
        else:
            ingest.step(NOW)
            assert ingest._writer is not None
            ingest._writer._raw.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
            with (state / "activity.db").open("r+b") as file:
                file.seek(4096)
                file.write(b"\xff" * 4096 * 20)
            ingest._writer.close()
            ingest._writer = None
        worker.ask("after.example.org", START + 100 + n)
        ingest.close()
        assert "after.example.org" in [name for _, name, *_ in rows(state, LOG)]
        assert rows(state, "PRAGMA integrity_check") == [("ok",)]
    assert "set aside" in caplog.text or "is damaged: kept as" in caplog.text
    assert 1 <= len(list(state.glob("activity.db.damaged-*"))) <= KEPT_DAMAGED


def test_a_log_that_was_replaced_or_removed_is_noticed(state: Path, worker: Worker) -> None:
    ingest = Ingest(state)
    worker.ask("a.example.org")
    ingest.step(NOW)
    ingest.commit(NOW)
    for suffix in ("", "-wal", "-shm"):
        (state / f"activity.db{suffix}").unlink(missing_ok=True)
    worker.ask("b.example.org")
    ingest.step(NOW)
    ingest.close()
    assert [name for _, name, *_ in rows(state, LOG)] == ["b.example.org"]


def test_what_was_deleted_is_not_stored_from_memory(state: Path, worker: Worker) -> None:
    ingest = Ingest(state)
    worker.ask("stored.example.org", START)
    ingest.step(NOW)
    ingest.commit(NOW)
    worker.ask("waits.example.org", START + 1)
    worker.ask("other.example.org", START + 1, profile="minh")
    ingest.step(NOW)
    worker.ask("ring.example.org", START + 2)
    assert delete(state, profile="lan", now=NOW + 1).events == 1
    worker.ask("stored.example.org", START + 2000)
    ingest.close()
    assert [name for _, name, *_ in rows(state, LOG)] == ["other.example.org", "stored.example.org"]
    assert rows(state, "SELECT profile, n FROM count WHERE profile != 'lan'") == [("minh", 1)]


def test_memories_are_bounded(state: Path, worker: Worker, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(known, "MAX_TAILS", 16)
    monkeypatch.setattr(known, "MAX_KINDS", 16)
    monkeypatch.setattr(dictionary, "MAX_NAMES", 16)
    for bound in ("MAX_WHO", "MAX_WHAT"):
        monkeypatch.setattr(dictionary, bound, 8)
    monkeypatch.setattr(waiting, "_WINDOWS", 4)
    ingest = Ingest(state)
    for n in range(400):
        worker.ask(
            NAMES[n % 200], START + n * 5000, client=bytes((192, 0, 2, n % 100)), qtype=n % 40, rule=f"r{n}",
            device=f"d{n % 3}", blocked=n % 2 == 0,
        )  # fmt: skip
        if n % 100 == 99:
            ingest.step(NOW)
            ingest.commit(NOW)
            assert (
                len(ingest._waiting.memo.tails) <= 16
                and len(ingest._waiting.memo.kinds) <= 16
                and len(ingest._waiting._windows) <= 4
            )
            assert ingest._dictionary is not None
            for day in ingest._dictionary._days.values():
                assert len(day.names) <= 16 and len(day.whos) <= 8 + 3 and len(day.whats) <= 8 + 2
    ingest.close()
    found = rows(state, LOG)
    assert [name for _, name, *_ in found] == [NAMES[n % 200] for n in range(400)]
    assert {profile for _, _, profile, _ in found} == {"lan"}
    assert rows(state, "SELECT count(*) FROM who WHERE address = ''") == [(3,)]
    assert rows(state, "SELECT max(n) FROM (SELECT count(*) n FROM what GROUP BY day)")[0][0] <= 10


def test_days_that_are_known_are_bounded(state: Path, worker: Worker) -> None:
    for day in range(10):
        worker.ask(at_ms=START + day * 86_400_000)
    ingest = Ingest(state)
    ingest.step(NOW)
    ingest.commit(NOW)
    assert ingest._dictionary is not None and len(ingest._dictionary._days) == dictionary.MAX_DAYS
    ingest.close()
    assert len(rows(state, LOG)) == 10


def test_kinds_that_are_only_counted_are_bounded(
    state: Path, worker: Worker, house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(waiting, "MAX_COUNTED", 10)
    house.level("counts")
    for n in range(30):
        worker.ask(device=f"d{n}")
    Ingest(state).close()
    assert rows(state, "SELECT sum(n) FROM count") == [(10,)]
    assert rows(state, "SELECT lost, kind FROM gap") == [(20, "ring")]


def test_gaps_that_wait_are_bounded_and_close_ones_are_one() -> None:
    gaps = Gaps()
    for n in range(MAX_GAPS * 2):
        gaps.note("rate", n * 60_000, 1)
        gaps.note("rate", n * 60_000 + 9000, 1)
    found = gaps.rows()
    assert len(found) == MAX_GAPS and sum(lost for _, _, lost, _ in found) == MAX_GAPS * 4
    assert found[0] == (0, 9000, 2, "rate") and found[-1][1] == (MAX_GAPS * 2 - 1) * 60_000 + 9000
    gaps.clear()
    assert not gaps
    gaps.began(500)
    gaps.lost("r", 3, 900)
    gaps.seen("r", 950)
    gaps.lost("r", 1, 40_000)
    gaps.lost("r", 1, 100_000)
    assert gaps.rows() == [(500, 100_000, 5, "ring")]


def test_a_store_that_cannot_be_opened_leaves_the_questions_in_the_rings(state: Path, worker: Worker) -> None:
    clock = Clock()
    (state / "activity.db").mkdir()
    ingest = Ingest(state, clock=clock)
    worker.ask()
    ingest.step(NOW)
    ingest.step(NOW)
    (state / "activity.db").rmdir()
    clock.now += module.RETRY_S + 1
    ingest.step(NOW)
    ingest.close()
    assert len(rows(state, LOG)) == 1
