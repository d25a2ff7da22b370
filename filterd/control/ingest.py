"""Brings the workers' events from the rings into the log, in batches: few writes to the SD card, and nothing twice.

The rings are the memory: a batch and how far it reached in each ring are one transaction, so that a manager that was
killed goes on exactly there. Above a set rate, or when the disk takes nothing, questions are counted and no more, blocked
ones last; what a ring overwrote before it was read is a gap. Both are rows of the log.

    ingest = Ingest(state, consumers=[budgets, alerts])
    ingest.step(time.time())     # now and then; never raises
    ingest.close()
"""

from __future__ import annotations

import contextlib
import gc
import logging
import time
from collections.abc import Callable, Sequence
from operator import itemgetter
from pathlib import Path
from typing import Protocol
from zoneinfo import ZoneInfo

import sqlalchemy as sa

from filterd.control.dictionary import Dictionary, local_day
from filterd.control.known import Pending
from filterd.control.privacy import HOUR_MS, Masks
from filterd.control.waiting import QUARTER_MS, Waiting
from filterd.errors import FilterdError, StoreError
from filterd.host.run import run_dir
from filterd.model.event import Tail
from filterd.model.household import Household
from filterd.net.loop import Complaints
from filterd.net.ring import MAX_RINGS, Reader, reading_order, ring_names
from filterd.store import activity as tables
from filterd.store.activity import cursors, forgotten, open_activity
from filterd.store.activity_write import ActivityWriter, Damaged, as_damaged, set_aside

COMMIT_S = 300.0
BATCH_BYTES = 256 * 1024
ROW_BYTES = 26  # on disk, with its part of indexes and roll-ups
BATCH_ROWS = BATCH_BYTES // ROW_BYTES
RETRY_S = 10.0  # after the store has refused
STEP_S = 0.25  # a step takes about so long at most; the rest waits in the rings
_LAST_STEPS = 40  # to read the rings to their end with
_POLLS = 64  # of one ring of blocked questions in a step

log = logging.getLogger(__name__)


class Consumer(Protocol):
    """Somebody who wants to see every question, and to write in the transaction that stores it."""

    def take(self, events: Sequence[tuple[int, bytes, Tail]]) -> None:
        """See some events: time in ms, client, tail. Those of one call come from one ring."""

    def flush(self, connection: sa.Connection) -> None:
        """Write what the events since the last flush mean. What it raises costs its own rows alone.

        The transaction may fail after it; then flush comes again. A consumer that has a method `stored()` is told when
        what it wrote is there to stay, and keeps it until then.
        """


class Ingest:
    """The one that writes questions into the log. Nothing here raises: DNS and the manager go on."""

    def __init__(
        self, state: Path, *, consumers: Sequence[Consumer] = (), clock: Callable[[], float] = time.monotonic
    ) -> None:
        """`clock`: monotonic seconds, for when a batch is due."""
        self.state = state
        self._clock = clock
        self._consumers = tuple(consumers)
        self._complaints = Complaints(log)
        self._zone = ZoneInfo("UTC")
        self._waiting = Waiting(Masks())
        self._readers: dict[str, Reader] = {}
        self._writer: ActivityWriter | None = None
        self._file = (0, 0)
        self._dictionary: Dictionary | None = None
        self._cursors: dict[str, tuple[int, int]] | None = None  # as they were when the log was opened first
        self._deletions = 0  # the newest one that the dictionary knows of
        self._began: float | None = None  # when the oldest came that waits
        self._retry = float("-inf")  # not before
        self.reload()

    def reload(self, household: Household | None = None) -> None:
        """Take the privacy and the zone of `household`, or of the one that is stored."""
        from filterd.control.household import load

        try:
            household = household or load(self.state)
            self._zone = ZoneInfo(household.timezone)
            masks = Masks.of(household)
        except (FilterdError, KeyError, OSError) as exc:
            log.debug("no household yet: %s", exc)
            return
        self._waiting.judge(masks)
        self._dictionary = None  # its days are those of a zone

    def step(self, now: float) -> None:
        """Read what is new in the rings, and store it when it is time. `now`: seconds since the epoch."""
        collecting = gc.isenabled()
        gc.disable()  # nothing here goes in circles, and looking for it would cost as much as the work
        try:
            self._step(now)
        except Exception as exc:
            self._complaints.report("reading the rings failed", exc)
        finally:
            if collecting:
                gc.enable()

    def commit(self, now: float) -> bool:
        """Store what waits; False when the store refuses. Then it waits on, up to its bound."""
        try:
            return self._commit(now)
        except Exception as exc:  # a bug: what brought it must not stand in the way of all that follows
            self._let_go()
            self._complaints.report("a batch was given up", exc)
            self._waiting.give_up()
            return False

    def close(self) -> None:
        """Store the rest and let go of everything."""
        now = time.time()
        self._retry = float("-inf")
        for _ in range(_LAST_STEPS):
            before = {name: reader.cursor for name, reader in self._readers.items()}
            self.step(now)
            if before == {name: reader.cursor for name, reader in self._readers.items()}:
                break
        if self._began is not None:
            self.commit(now)
        for reader in self._readers.values():
            reader.close()
        self._readers.clear()
        self._let_go()

    # --- from the rings ---

    def _step(self, now: float) -> None:
        if self._cursors is None and not self._open():
            return  # what is stored already is not known
        self._find_rings()
        deadline = time.monotonic() + STEP_S
        for name in [n for n in self._readers if n.endswith("blocked")]:
            for _ in range(_POLLS):
                if not self._poll(name, now):
                    break
        active = [n for n in self._readers if n.endswith("allowed")]
        while active and time.monotonic() < deadline:
            active = [name for name in active if self._poll(name, now)]
        if self._due():
            self.commit(now)

    def _poll(self, name: str, now: float) -> bool:
        """Take about 256 KiB from a ring; False when it has no more."""
        records, lost = self._readers[name].records()
        if lost:
            self._waiting.gaps.lost(name, lost, records[0][0] if records else int(now * 1000))
        if (records or lost) and self._began is None:
            self._began = self._clock()
        if records:
            self._show(self._waiting.take(records))
            self._waiting.gaps.seen(name, records[-1][0])
            if len(self._waiting.rows) >= BATCH_ROWS and self._due():
                self.commit(now)
        return bool(records or lost)

    def _show(self, seen: Sequence[Pending]) -> None:
        events = [(at_ms, client, known.tail) for at_ms, client, known in seen] if self._consumers else []
        for consumer in self._consumers:
            try:
                consumer.take(events)
            except Exception as exc:
                self._complaints.report(f"{type(consumer).__name__} failed at events", exc)

    def _find_rings(self) -> None:
        folder = run_dir(self.state, create=False)
        new = [name for name in ring_names(folder) if name not in self._readers]
        for name in new[: MAX_RINGS - len(self._readers)]:
            # a ring that the log does not know is missed from its first record on
            self._readers[name] = Reader(folder / name, after=(self._cursors or {}).get(name, (0, -1)))
        if new:
            self._readers = {name: self._readers[name] for name in sorted(self._readers, key=reading_order)}

    # --- into the store ---

    def _due(self) -> bool:
        now = self._clock()
        if self._began is None or now < self._retry:
            return False
        return len(self._waiting.rows) >= BATCH_ROWS or now - self._began >= COMMIT_S

    def _commit(self, now: float) -> bool:
        for _ in range(2):
            try:
                if self._replaced():
                    self._let_go()
                if self._writer is None and not self._open():
                    return False
                self._store(int(now * 1000))
            except (StoreError, OSError) as exc:
                self._let_go()
                if isinstance(exc, Damaged) and self._set_aside():
                    continue
                self._retry = self._clock() + RETRY_S
                self._complaints.report("the log takes nothing; questions wait in memory", exc)
                return False
            self._waiting.clear()
            self._began = None
            for consumer in self._consumers:
                if (stored := getattr(consumer, "stored", None)) is not None:
                    stored()
            return True
        return False

    def _store(self, now_ms: int) -> None:
        writer = self._writer
        assert writer is not None  # opened by the caller
        with writer.transaction() as connection:
            waiting = self._waiting
            deletions = writer.deletions()
            if deletions and (gone := forgotten(connection, waiting.oldest_ms(now_ms), now_ms)):
                waiting.sift(gone)
            if self._dictionary is None or deletions != self._deletions:  # names that it knows may be gone
                self._dictionary = Dictionary(writer, self._zone)
            self._deletions = deletions
            found = self._dictionary.resolve(sorted(waiting.rows, key=itemgetter(0)))
            for (hour, client, kind), n in waiting.hours.items():
                self._dictionary.blocked_hour(hour * HOUR_MS, client, kind, n)
            for (quarter, key), n in waiting.counted.items():
                day, _, _ = local_day(quarter * QUARTER_MS, self._zone)
                found.counts[(day, *key)] += n
            writer.insert(tables.name, found.names)
            writer.insert(tables.who, found.whos)
            writer.insert(tables.what, found.whats)
            writer.insert(tables.event, found.events)
            writer.add(tables.hour, found.hours)
            writer.add(tables.count, found.counts)
            writer.put_gaps(waiting.gaps.rows())
            reached = {name: where for name, reader in self._readers.items() if (where := reader.cursor) is not None}
            writer.put_cursors(reached)
            self._flush(connection)
        if found.events:
            writer.highest = max(writer.highest, found.events[-1][0])

    def _flush(self, connection: sa.Connection) -> None:
        for consumer in self._consumers:
            try:
                with connection.begin_nested():
                    consumer.flush(connection)
            except Exception as exc:
                if as_damaged(exc):
                    raise
                self._complaints.report(f"{type(consumer).__name__} failed to write", exc)

    def _open(self) -> bool:
        if self._clock() < self._retry:
            return False
        for _ in range(2):
            try:
                self._writer = ActivityWriter(open_activity(self.state))
                self._file = self._identity()
                if self._cursors is None:
                    with self._writer.transaction() as connection:
                        self._cursors = cursors(connection)
                self._waiting.gaps.began(self._writer.highest >> tables.ID_SHIFT)
                return True
            except (StoreError, OSError) as exc:
                self._let_go()
                if as_damaged(exc) and self._set_aside():
                    continue
                self._retry = self._clock() + RETRY_S
                self._complaints.report("the log cannot be opened", exc)
                return False
        return False

    def _let_go(self) -> None:
        if self._writer is not None:
            self._writer.close()
        self._writer = None
        self._dictionary = None  # its ids were never written, or lie in another file

    def _set_aside(self) -> bool:
        """Begin a new log in the place of a damaged one."""
        path = self.state / "activity.db"
        try:
            target = set_aside(path)
        except (StoreError, OSError) as exc:
            self._complaints.report("a damaged log cannot be set aside", exc)
            return False
        log.error("the log is damaged: kept as %s, a new one begins", target.name)
        return True

    def _identity(self) -> tuple[int, int]:
        with contextlib.suppress(OSError):
            status = (self.state / "activity.db").stat()
            return status.st_dev, status.st_ino
        return 0, 0

    def _replaced(self) -> bool:
        return self._writer is not None and self._identity() != self._file
