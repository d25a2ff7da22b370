"""Watches the daily budgets (DECISIONS 7): counts what is used, blocks when it is used up, survives restarts.

An ingest consumer. The count in memory decides; when a budget is used up, that is written into the household's database
and the household is published anew, so that row 8 blocks until local midnight with or without a manager. Slots go into
the log's database with the batch that they came from, so that a restarted manager goes on exactly there.

    budgets = Budgets(state, again=follow.again)
    ingest = Ingest(state, consumers=[budgets])
    ingest.step(now); budgets.step()             # now and then; the second may raise StoreError, and tries again
    budgets.reload(household)                    # it was changed

A budget that was used up stays so for the day, also when the log is lost: the household's database is the floor.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import sqlalchemy as sa

from filterd.control.budgets_count import Event, Key, Meters, Names
from filterd.control.household import has_store, load, open_store
from filterd.errors import FilterdError, StoreError
from filterd.host.clock import Clock
from filterd.model.household import Household
from filterd.policy.budget import counts_on, day_of, is_used_up, key_of, midnight_after, slots_of
from filterd.store.activity import forgotten, open_activity
from filterd.store.activity import slot as slot_table
from filterd.store.engine import reading
from filterd.store.household import SpentRow

MAX_PENDING = 100_000  # slots that wait while the disk takes none; more are counted, but lost at a restart
KEPT_DAYS = 1  # before today that stay stored: a household may move to another zone
RETRY_S = 10.0  # after the log could not be read

log = logging.getLogger(__name__)

# the same words on SQLite and PostgreSQL
_INSERT = sa.text(
    "INSERT INTO slot (day, profile, budget, slot) VALUES (:day, :profile, :budget, :slot) ON CONFLICT DO NOTHING"
)


class Budgets:
    """The one that counts budgets. `take`, `flush` and `stored` are an ingest consumer's; see control/ingest.py."""

    def __init__(self, state: Path, again: Callable[[], None], clock: Callable[[], float] | None = None) -> None:
        """`again`: have the household published anew. `clock`: POSIX seconds as the rules see them."""
        self._state = state
        self._again = again
        self._clock = clock or _rules_clock(state)
        self._household: Household | None = None
        self._names = Names(state)
        self._meters = Meters(self._names.tags)
        self._pending: dict[tuple[str, str, int], int] = {}  # profile, key, slot that are not stored -> time in ms
        self._flushed: tuple[tuple[str, str, int], ...] = ()  # of them those that the transaction under way has
        self._is_read = False  # the stored slots of all budgets
        self._retry = float("-inf")
        self._day = 0
        self._rows: dict[Key, SpentRow] | None = None  # of the day; None: not read
        self._touched: set[Key] = set()  # budgets that have a slot more than when they were judged
        self._due = True  # all of them have to be judged
        self.reload()

    def reload(self, household: Household | None = None) -> None:
        """Count for the budgets of `household`, or of the one that is stored."""
        try:
            household = household or load(self._state)
            if self._meters.plan(household, self._clock()):
                self._is_read = False
        except (FilterdError, KeyError, OSError) as exc:
            log.debug("no household yet: %s", exc)
            return
        self._household = household
        self._rows = None
        self._due = True
        if not self._meters:
            self._names.close()

    # --- an ingest consumer ---

    def take(self, events: Sequence[Event]) -> None:
        """Count some events of one ring. Costs nothing in a household without budgets."""
        if not self._meters:
            return
        if self._names.refresh():
            self._meters.forget_names()
        for meter, slot, at_ms in self._meters.take(events):
            self._touched.add(meter.key)
            if len(self._pending) < MAX_PENDING:
                self._pending[*meter.key, slot] = at_ms

    def flush(self, connection: sa.Connection) -> None:
        """Write the slots that are not stored yet, and clear those of earlier days away."""
        self._flushed = ()
        if self._household is None:
            return
        now, zone = self._clock(), self._meters.zone
        connection.execute(sa.delete(slot_table).where(slot_table.c.day < day_of(now, zone) - KEPT_DAYS))
        if not self._pending:
            return
        gone = forgotten(connection, min(self._pending.values()), int(now * 1000))
        rows = [
            {"day": day_of(at_ms / 1000, zone), "profile": profile, "budget": key, "slot": slot}
            for (profile, key, slot), at_ms in self._pending.items()
            if not any(f.covers(at_ms, profile, "") for f in gone)
        ]
        if rows:
            connection.execute(_INSERT, rows)
        self._flushed = tuple(self._pending)

    def stored(self) -> None:
        """What the last `flush` wrote is there to stay."""
        for key in self._flushed:
            self._pending.pop(key, None)
        self._flushed = ()

    # --- what follows from it ---

    def step(self) -> None:
        """Say which budgets are used up, when that is new. Raises StoreError; the next step tries again."""
        if not self._meters or self._household is None:
            return
        now = self._clock()
        problem: StoreError | None = None
        if not self._is_read and not self._retry <= time.monotonic() < self._retry + RETRY_S:
            try:
                self._read(now)
            except StoreError as exc:  # what is known without it is said all the same
                problem, self._retry = exc, time.monotonic()
        day = day_of(now, self._meters.zone)
        if day != self._day:
            self._day, self._rows, self._due = day, None, True
        if self._due or self._touched:
            self._settle(self._household, day)
            self._due = False
            self._touched.clear()
        if problem is not None:
            raise problem

    def _read(self, now: float) -> None:
        """Take the slots that an earlier manager stored, or that are on their way there."""
        if has_store(self._state, "activity"):
            engine = open_activity(self._state)
            try:
                with reading(engine, "activity") as connection:
                    first = day_of(now, self._meters.zone) - KEPT_DAYS
                    for row in connection.execute(sa.select(slot_table).where(slot_table.c.day >= first)):
                        self._meters.put((row.profile, row.budget), row.slot)
            finally:
                engine.dispose()
        for profile, key, slot in self._pending:
            self._meters.put((profile, key), slot)
        self._is_read = self._due = True

    def _settle(self, household: Household, day: int) -> None:
        """Write those budgets that are used up in another way than the household's database has it, and publish."""
        if self._rows is None:
            with open_store(self._state) as store:
                self._rows = {(row.profile, row.budget): row for row in store.spent(day)}
        zone = self._meters.zone
        today, start, end = slots_of(day, zone), midnight_after(day - 1, zone), midnight_after(day, zone)
        changed: dict[Key, SpentRow] = {}
        for profile in household.profiles:
            for budget in profile.budgets:
                key = (profile.id, key_of(budget))
                meter = self._meters.find(key) if self._due or key in self._touched else None
                if meter is None or not counts_on(budget, day):
                    continue
                row = self._rows.get(key)
                used = used_slots(meter.used(today), row, start)
                was = 0 if row is None else row.used
                if is_used_up(used, budget.minutes) != is_used_up(was, budget.minutes):
                    changed[key] = SpentRow(*key, day, start, end, used)
        if changed:
            with open_store(self._state) as store:
                store.set_spent(list(changed.values()))
            self._rows |= changed
            log.info("budgets used up, or not any more: %d", len(changed))
            self._again()


def used_slots(counted: int, row: SpentRow | None, start: float) -> int:
    """Return how many slots of a day are used: what was counted, and never less than what was said of the same day."""
    return max(counted, row.used) if row is not None and row.start == start else counted


def _rules_clock(state: Path) -> Callable[[], float]:
    """Return the clock that the workers' rules go by: never before the floor, unless the kernel knows better."""
    clock = Clock(state)
    return lambda: clock(time.monotonic())[0]
