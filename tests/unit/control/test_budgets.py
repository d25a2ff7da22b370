"""The budgets' manager: what is charged, when it is said, what a restart, a deletion, a change or a day does to it."""

from __future__ import annotations

import logging
import sqlite3
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
import sqlalchemy as sa

from filterd.control.budgets import MAX_PENDING, Budgets
from filterd.control.explain import Explainer
from filterd.control.explain_question import Question
from filterd.control.follow import Follow
from filterd.control.household import load, open_store, republish
from filterd.control.ingest import Ingest
from filterd.control.moves import Whom, bonus
from filterd.control.profiles import patch
from filterd.control.publish import publish_bundle
from filterd.control.retention import delete
from filterd.errors import StoreError
from filterd.model.change import Who
from filterd.model.decision import Action, Row
from filterd.model.event import Origin, Tail
from filterd.policy.budget import day_of, key_of, spent_for
from filterd.store.activity import open_activity
from filterd.store.engine import writing
from filterd.store.household import SpentRow
from tests.unit.control.budget_home import BERLIN, NOON, asked, build_bundle, set_up
from tests.unit.control.ring_data import Worker

MUM = Who("mẹ")
TODAY = day_of(NOON, BERLIN)


class Watch:
    """A Budgets whose clock and transactions a test has in hand."""

    def __init__(self, state: Path, now: float = NOON) -> None:
        self.state = state
        self.now = now
        self.again = 0
        self.budgets = Budgets(state, self._again, clock=lambda: self.now)

    def _again(self) -> None:
        self.again += 1

    def use(self, *names: str, every: float = 300.0, **more: Any) -> None:
        """One question after the other, the clock going on, then a step."""
        for name in names:
            self.budgets.take([asked(name, self.now, **more)])
            self.now += every
        self.budgets.step()

    def commit(self) -> None:
        """What ingest does with a batch."""
        flushed(self.state, self.budgets)
        self.budgets.stored()

    @property
    def spent(self) -> list[tuple[str, int]]:
        """What row 8 blocks: profile and number of the budget."""
        household = load(self.state)
        with open_store(self.state) as store:
            rows = store.spent(day_of(self.now, ZoneInfo(household.timezone)))
        return [(s.profile, s.budget) for s in spent_for(household, rows, self.now)]


def flushed(state: Path, budgets: Budgets, *, fails: bool = False) -> None:
    """A transaction of the log, as ingest makes it; it may fail behind the budgets' part."""
    engine = open_activity(state)
    try:
        with writing(engine, "activity") as connection, connection.begin_nested():
            budgets.flush(connection)
            if fails:
                raise StoreError("the disk is full")
    except StoreError:
        assert fails
    finally:
        engine.dispose()


def stored(state: Path) -> list[tuple[int, str, str, int]]:
    """The rows of the slots."""
    db = sqlite3.connect(state / "activity.db")
    try:
        return db.execute("SELECT day, profile, budget, slot FROM slot ORDER BY 1, 2, 3, 4").fetchall()
    finally:
        db.close()


def key(state: Path, profile: str, number: int = 0) -> str:
    """What names a budget."""
    return key_of(next(p for p in load(state).profiles if p.id == profile).budgets[number])


@pytest.fixture
def state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("FILTERD_RUN", str(tmp_path / "run"))
    (tmp_path / "run").mkdir()
    return set_up(tmp_path / "state")


@pytest.fixture
def watch(state: Path) -> Iterator[Watch]:
    yield Watch(state)


def test_three_slots_fill_fifteen_minutes_and_it_is_said_once(watch: Watch) -> None:
    watch.use("www.tube.example", "tok.example")
    assert (watch.spent, watch.again) == ([], 0)
    watch.use("m.tube.example")
    assert (watch.spent, watch.again) == ([("anna", 0)], 1)
    watch.use("m.tube.example", "m.tube.example")
    assert watch.again == 1
    with open_store(watch.state) as store:
        (row,) = store.spent(TODAY)
    midnight = datetime(2026, 11, 24, tzinfo=BERLIN).timestamp()
    assert row == SpentRow("anna", key(watch.state, "anna"), row.day, midnight, midnight + 86_400, 3)


def test_a_slot_counts_once_whatever_is_asked_in_it_and_by_whom(watch: Watch) -> None:
    for device in ("phone", "pad", ""):
        watch.use(*["www.tube.example", "tok.example", "x.tube.example"] * 5, every=6.0, device=device)
    assert watch.now < NOON + 300
    assert list(watch.budgets._pending) == [("anna", key(watch.state, "anna"), int(NOON // 300))]
    assert watch.spent == []


NOT_CHARGED = [
    asked("log.tok.example"),
    asked("x.log.tok.example"),
    asked("other.example"),
    asked("hotline.example", row=Row.LIFELINE),
    asked(action=Action.BLOCK, row=Row.BUDGET),
    asked(action=Action.BLOCK, row=Row.WINDOW),
    asked(action=Action.LOCAL, row=Row.LOCAL),
    asked(row=Row.GRANT),
    asked(row=Row.NAME),
    asked(origin=Origin.FAILED),
    asked(profile="dad", device=""),
    asked(profile="gone", device=""),
    (10**18, b"", asked()[2]),
]


@pytest.mark.parametrize("event", NOT_CHARGED)
def test_what_row_8_could_not_have_stopped_is_not_charged(watch: Watch, event: tuple[int, bytes, Tail]) -> None:
    watch.budgets.take([event])
    assert watch.budgets._pending == {}


@pytest.mark.parametrize(
    "event", [asked(), asked(action=Action.REWRITE), asked(row=Row.SERVICE), asked(origin=Origin.STALE)]
)
def test_what_it_could_have_stopped_is_charged(watch: Watch, event: tuple[int, bytes, Tail]) -> None:
    watch.budgets.take([event])
    assert list(watch.budgets._pending) == [("anna", key(watch.state, "anna"), int(NOON // 300))]


def test_chatter_counts_for_no_category_and_a_name_may_count_for_two_budgets(watch: Watch) -> None:
    watch.use("log.blox.example")
    assert watch.budgets._pending == {}
    watch.use("blox.example")
    assert {k[1] for k in watch.budgets._pending} == {key(watch.state, "anna", 1)}
    watch.use("both.example")
    assert {k[1] for k in watch.budgets._pending} == {key(watch.state, "anna", n) for n in (0, 1)}


def test_bad_bytes_for_a_name_are_no_name(watch: Watch) -> None:
    at_ms, client, tail = asked()
    watch.budgets.take([(at_ms, client, replace(tail, qname=qname)) for qname in (b"", b"\xff", b"\x03ab", b"\0")])
    assert watch.budgets._pending == {}


def test_a_bonus_is_a_present(watch: Watch) -> None:
    bonus(watch.state, MUM, Whom(profile="anna"), 15, now=NOON)
    bonus(watch.state, MUM, Whom(device="tv"), 5, now=NOON)
    watch.budgets.reload()
    watch.use("tube.example", "tube.example", "tube.example")
    assert watch.budgets._pending == {}
    watch.use("tube.example")
    assert len(watch.budgets._pending) == 1
    watch.now = NOON
    watch.budgets.take([asked("tube.example", NOON, "ben", "tv")])
    assert len(watch.budgets._pending) == 1
    watch.budgets.take([asked("tube.example", NOON, "ben", "")])  # a present for the TV alone
    assert len(watch.budgets._pending) == 2


def test_a_budget_of_the_weekend_rests_on_a_tuesday(watch: Watch) -> None:
    watch.use("tube.example", profile="ben", device="tv")
    assert (watch.spent, len(watch.budgets._pending)) == ([], 1)
    watch.now = datetime(2026, 11, 28, 12, 0, tzinfo=BERLIN).timestamp()
    watch.use("tube.example", profile="ben", device="tv")
    assert watch.spent == [("ben", 1)]


def test_a_killed_manager_counts_nothing_twice_and_forgets_nothing(watch: Watch) -> None:
    watch.use("tube.example", "tube.example")
    watch.commit()
    again = Watch(watch.state, watch.now)
    again.budgets.take([asked("tube.example", NOON + 300)])  # the ring is read again
    again.budgets.step()
    assert (again.spent, again.budgets._pending) == (
        [],
        {("anna", key(watch.state, "anna"), int(NOON // 300) + 1): 1},
    ) or (again.spent == [])
    again.use("tube.example")
    assert again.spent == [("anna", 0)]
    again.commit()
    assert [row[3] for row in stored(watch.state)] == [int(NOON // 300) + n for n in range(3)]


def test_a_transaction_that_fails_is_written_again(watch: Watch) -> None:
    watch.use("tube.example")
    flushed(watch.state, watch.budgets, fails=True)
    assert stored(watch.state) == []
    flushed(watch.state, watch.budgets)
    flushed(watch.state, watch.budgets)
    watch.use("tube.example")  # between the transaction and the word that it is there to stay
    watch.budgets.stored()
    assert (len(stored(watch.state)), len(watch.budgets._pending)) == (1, 1)
    watch.commit()
    assert (len(stored(watch.state)), watch.budgets._pending) == (2, {})


def test_what_could_not_be_written_is_not_taken_for_stored(watch: Watch) -> None:
    watch.use("tube.example")
    engine = sa.create_engine("sqlite://")
    with engine.connect() as connection, pytest.raises(sa.exc.OperationalError):
        watch.budgets.flush(connection)  # no such table
    engine.dispose()
    watch.budgets.stored()  # the rest of the batch is
    assert len(watch.budgets._pending) == 1


def test_used_up_stays_used_up_when_the_log_is_lost(watch: Watch) -> None:
    watch.use("tube.example", "tube.example", "tube.example")
    again = Watch(watch.state, watch.now)
    again.budgets.step()
    assert again.spent == [("anna", 0)]
    again.use("tube.example")
    assert (again.spent, again.again) == ([("anna", 0)], 0)


def test_minutes_may_change_at_any_time(watch: Watch) -> None:
    watch.use("tube.example", "tube.example")
    for minutes, spent in ((10, True), (15, False), (5, True), (90, False)):
        budgets = [{"services": ["tiktok", "youtube"], "minutes": minutes}]
        patch(watch.state, MUM, "anna", {"budgets": budgets})
        watch.budgets.reload(load(watch.state))
        watch.budgets.step()
        assert watch.spent == ([("anna", 0)] if spent else [])
    watch.commit()
    again = Watch(watch.state, watch.now)  # and it is the same budget still
    again.use(*["tube.example"] * 16)
    assert again.spent == [("anna", 0)]


def test_a_budget_that_comes_back_goes_on(watch: Watch) -> None:
    watch.use("tube.example", "tube.example")
    watch.commit()
    watch.use("play.example")
    household = load(watch.state)
    watch.budgets.reload(replace(household, profiles=tuple(replace(p, budgets=()) for p in household.profiles)))
    watch.use("tube.example")  # nobody counts
    watch.budgets.reload(household)
    watch.use("tube.example", "play.example")
    assert watch.spent == [("anna", 0), ("anna", 1)]


def test_a_new_day_begins_with_nothing(watch: Watch) -> None:
    watch.now = datetime(2026, 11, 24, 23, 50, tzinfo=BERLIN).timestamp()
    watch.use("tube.example", "tube.example", "tube.example")  # the third in the new day
    assert watch.spent == []
    watch.use("tube.example", "tube.example")
    assert watch.spent == [("anna", 0)]
    watch.commit()
    assert [row[0] for row in stored(watch.state)] == [TODAY + n for n in (0, 0, 1, 1, 1)]
    watch.now = datetime(2026, 11, 26, 12, 0, tzinfo=BERLIN).timestamp()
    watch.budgets.step()
    assert watch.spent == []
    watch.commit()
    assert [row[0] for row in stored(watch.state)] == [TODAY + 1] * 3  # of yesterday, until tomorrow


@pytest.mark.parametrize(("day", "hours"), [((2026, 3, 29), 23), ((2026, 10, 25), 25)])
def test_days_of_summer_time_have_all_their_slots(state: Path, day: tuple[int, int, int], hours: int) -> None:
    minutes = min(hours * 60, 1440)
    patch(state, MUM, "anna", {"budgets": [{"services": ["youtube"], "minutes": minutes}]})
    watch = Watch(state, datetime(*day, tzinfo=BERLIN).timestamp())
    watch.use(*["tube.example"] * (minutes // 5 - 1))
    assert watch.spent == []
    watch.use("tube.example", every=0.0)
    assert watch.spent == [("anna", 0)]
    for _ in range(hours * 12 - minutes // 5):
        watch.now += 300
        watch.use("tube.example", every=0.0)
    assert len(watch.budgets._pending) == hours * 12
    assert watch.spent == [("anna", 0)]
    watch.now += 300
    assert day_of(watch.now, BERLIN) == day_of(watch.now - 1, BERLIN) + 1
    watch.use("tube.example")
    assert watch.spent == []


def test_a_clock_that_jumps_counts_no_slot_twice_and_loses_none(watch: Watch) -> None:
    watch.use("tube.example", "tube.example")
    for jump in (-300, -250, 86_400 * 365, -86_400 * 365 - 20):
        watch.now += jump
        watch.use("tube.example", every=1.0)
    assert watch.spent == []
    watch.now = NOON + 900
    watch.use("tube.example")
    assert watch.spent == [("anna", 0)]


def test_another_zone_has_another_day_with_the_same_slots(watch: Watch) -> None:
    watch.now = datetime(2026, 11, 24, 23, 50, tzinfo=BERLIN).timestamp()
    watch.use("tube.example", "tube.example")  # until midnight
    watch.commit()
    household = replace(load(watch.state), timezone="Asia/Ho_Chi_Minh")  # it is morning there
    watch.budgets.reload(household)
    watch.now -= 300
    watch.budgets.take([asked("tube.example", watch.now)])
    watch.budgets.step()
    watch.commit()
    assert len(stored(watch.state)) == 2
    watch.now += 300
    watch.budgets.take([asked("tube.example", watch.now)])
    watch.budgets.step()
    with open_store(watch.state) as store:
        rows = store.spent(day_of(watch.now, ZoneInfo(household.timezone)))
    assert [(r.profile, r.used) for r in rows] == [("anna", 3)]


def test_what_a_person_deleted_is_not_written_any_more(watch: Watch) -> None:
    watch.use("tube.example", profile="ben", device="tv")
    watch.use("tube.example", "tube.example")
    delete(watch.state, profile="anna", now=watch.now - 1)
    watch.use("tube.example")
    watch.commit()
    assert [(row[1], row[3] - int(NOON // 300)) for row in stored(watch.state)] == [("anna", 3), ("ben", 0)]
    assert watch.budgets._pending == {}


def test_a_new_bundle_gives_names_another_meaning(watch: Watch) -> None:
    watch.use("new.example")
    assert watch.budgets._pending == {}
    publish_bundle(watch.state, build_bundle(watch.state, also="new.example"))
    watch.use("new.example")
    assert len(watch.budgets._pending) == 1


def test_a_house_without_budgets_opens_nothing(state: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    household = load(state)
    plain = replace(household, profiles=tuple(replace(p, budgets=()) for p in household.profiles))
    watch = Watch(state)
    watch.budgets.reload(plain)
    monkeypatch.setattr("filterd.lists.bundle.Bundle.open", lambda *_, **__: pytest.fail("opened the bundle"))
    monkeypatch.setattr("filterd.control.budgets.open_store", lambda *_: pytest.fail("opened the household"))
    watch.use("tube.example")
    assert watch.budgets._pending == {}


def test_a_household_that_refuses_is_asked_again(watch: Watch, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise StoreError("the disk is full")

    watch.use("tube.example", "tube.example")
    with monkeypatch.context() as patched:
        patched.setattr("filterd.store.household.HouseholdStore.set_spent", full)
        for _ in range(2):
            with pytest.raises(StoreError, match="full"):
                watch.use("tube.example")
    assert watch.again == 0
    watch.budgets.step()
    assert (watch.spent, watch.again) == ([("anna", 0)], 1)


def test_a_log_that_cannot_be_read_blocks_nothing_and_is_read_later(watch: Watch) -> None:
    watch.use("tube.example", "tube.example")
    watch.commit()
    path = watch.state / "activity.db"
    content = path.read_bytes()
    path.write_bytes(b"no database" * 1000)
    again = Watch(watch.state, watch.now)
    with pytest.raises(StoreError):
        again.use("play.example", "play.example")
    assert again.spent == [("anna", 1)]
    path.write_bytes(content)
    again.use("tube.example")
    assert again.spent == [("anna", 1)]  # not asked at every step
    again.budgets._retry = float("-inf")
    again.budgets.step()
    assert again.spent == [("anna", 0), ("anna", 1)]


def test_without_a_household_it_waits(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FILTERD_RUN", str(tmp_path))
    watch = Watch(tmp_path / "state")
    watch.use("tube.example")
    flushed(tmp_path / "state", watch.budgets)
    set_up(tmp_path / "state")
    watch.budgets.reload()
    watch.use("tube.example", "tube.example", "tube.example")
    assert watch.spent == [("anna", 0)]


def test_what_waits_for_a_full_disk_is_bounded(watch: Watch) -> None:
    watch.budgets._pending = {("x", "y", n): 0 for n in range(MAX_PENDING)}
    watch.use("tube.example", "tube.example", "tube.example")
    assert len(watch.budgets._pending) == MAX_PENDING
    assert watch.spent == [("anna", 0)]


def test_the_log_of_the_process_names_nobody(watch: Watch, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO):
        watch.use("tube.example", "tube.example", "tube.example")
    assert "budgets used up, or not any more: 1" in caplog.text
    assert not any(word in caplog.text.lower() for word in ("anna", "tube", "tiktok"))


class Manager:
    """What the manager does with its parts, by hand."""

    def __init__(self, state: Path, now: float) -> None:
        self.state = state
        self.follow = Follow(state)
        self.budgets = Budgets(state, self.follow.again, clock=lambda: now)
        self.ingest = Ingest(state, consumers=[self.budgets])
        self.now = now

    def turn(self) -> None:
        """One turn of all jobs."""
        self.ingest.step(self.now)
        self.budgets.step()
        if self.follow.changed():
            republish(self.state, self.now)
            household = load(self.state)
            self.ingest.reload(household)
            self.budgets.reload(household)

    def die(self) -> None:
        """Nothing is brought to the disk."""
        self.follow.close()
        for reader in self.ingest._readers.values():
            reader.close()
        self.ingest._let_go()


def row_8(state: Path, now: float, client: str = "192.0.2.20") -> str:
    """The action and the row for a name that the budget counts."""
    explainer = Explainer(state, live=False)
    try:
        found = explainer.explain(Question("www.tube.example", "A", client), now=now)
    finally:
        explainer.close()
    return f"{found['action']} {found['row']}"


def test_from_the_workers_ring_to_row_8_and_over_a_killed_manager(state: Path, tmp_path: Path) -> None:
    worker = Worker(tmp_path / "run")
    manager = Manager(state, NOON + 600)
    for n in range(2):
        worker.ask("www.tube.example", int((NOON + n * 300) * 1000), profile="anna", device="phone")
    manager.turn()
    assert manager.ingest.commit(NOON + 600)
    worker.ask("www.tube.example", int((NOON + 600) * 1000), profile="anna", device="pad")
    assert row_8(state, NOON + 600) == "allow default"
    manager.turn()
    assert row_8(state, NOON + 600) == "block budget"
    manager.die()
    assert len(stored(state)) == 2
    manager = Manager(state, NOON + 600)
    manager.turn()
    assert row_8(state, NOON + 600) == "block budget"
    manager.ingest.close()
    assert [(row[1], row[3] - int(NOON // 300)) for row in stored(state)] == [("anna", n) for n in range(3)]
    bonus(state, MUM, Whom(profile="anna"), 15, now=NOON + 600)
    assert row_8(state, NOON + 601) == "allow default"
    assert row_8(state, NOON + 1800) == "block budget"
    midnight = datetime(2026, 11, 25, tzinfo=BERLIN).timestamp()
    assert (row_8(state, midnight - 1), row_8(state, midnight)) == ("block budget", "allow default")
    manager.follow.close()
    worker.close()
