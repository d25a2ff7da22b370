"""Notices what a parent should hear of, and keeps it: harm met, new devices, lists gone stale, rules loosened.

It sees every question as it is read from the rings (ingest.py) and writes a new alert within a step; counts follow when
the questions themselves are stored, in their transaction, so that a manager that was killed counts nothing twice. Once
a day, a device, or an hour: a second time only raises a count. Alerts are kept for the page whether or not they are
sent; sending is deliver.py's.

    alerts = Alerts(state)
    ingest = Ingest(state, consumers=[alerts])
    alerts.neighbours({"192.168.1.7": "aa:bb:cc:dd:ee:ff"})
    if alerts.step(time.time()):
        deliver.wake()
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TypeVar
from zoneinfo import ZoneInfo

import sqlalchemy as sa

from filterd.control import alerts_rows as rows
from filterd.control.alerts_attempts import Attempts
from filterd.control.alerts_rules import Rules
from filterd.control.alerts_watch import Devices, Lists
from filterd.control.alerts_ways import WaysRound
from filterd.control.household import has_store
from filterd.control.privacy import Masks
from filterd.errors import FilterdError
from filterd.model.bypass import Finding
from filterd.model.event import Tail
from filterd.model.household import Household
from filterd.net.loop import Complaints
from filterd.store.activity import open_activity
from filterd.store.engine import writing

RETRY_S = 10.0  # after the store has refused
PRUNE_S = 3600.0

_T = TypeVar("_T")

log = logging.getLogger(__name__)


class Alerts:
    """The manager's part that notices. Nothing here raises: questions are stored and the manager goes on."""

    def __init__(self, state: Path, clock: Callable[[], float] = time.monotonic) -> None:
        """`clock`: monotonic seconds, for when something refused is tried again."""
        self.state = state
        self._clock = clock
        self._complaints = Complaints(log, clock)
        self._household: Household | None = None
        self._attempts = Attempts(state)
        self._flushed = False
        self._late = False  # there are alerts that no step has told of
        self._purge = False  # the household wants nothing remembered
        self._devices, self._lists, self._rules = Devices(), Lists(state), Rules(state)
        self._ways = WaysRound()
        self._retry = float("-inf")
        self._pruned = float("-inf")
        self.reload()

    def reload(self, household: Household | None = None) -> None:
        """Take privacy, zone, profiles and devices of `household`, or of the one that is stored."""
        from filterd.control.household import load

        try:
            household = household or load(self.state)
            masks = Masks.of(household)
            self._attempts.judge(masks, ZoneInfo(household.timezone))
        except (FilterdError, KeyError, OSError) as exc:
            log.debug("no household yet: %s", exc)
            return
        self._household = household
        self._purge = masks.level == "nothing"
        self._devices.reload(household)
        self._rules.reload()

    def take(self, events: Sequence[tuple[int, bytes, Tail]]) -> None:
        """See some questions."""
        self._attempts.take(events)

    def flush(self, connection: sa.Connection) -> None:
        """Write what the questions since the last flush mean, in the transaction that stores them."""
        self._flushed = False
        self._late |= self._attempts.write(connection, settle=True) > 0
        self._flushed = True

    def stored(self) -> None:
        """What was flushed is there to stay."""
        if self._flushed:  # a flush that failed has written nothing: its questions are counted with the next one
            self._attempts.stored()
        self._flushed = False

    def neighbours(self, addresses: Mapping[str, str]) -> None:
        """See who is in the house: address -> MAC. Cheap when nobody is new."""
        self._devices.see(addresses)

    def ways(self, found: Sequence[Finding]) -> None:
        """See ways round the filter that were found."""
        self._ways.see(found)

    def step(self, now: float) -> bool:
        """Write what is new; return whether there is an alert to send. `now`: seconds since the epoch."""
        if self._clock() < self._retry:
            return False
        try:
            return self._step(now)
        except (FilterdError, OSError) as exc:
            self._complaints.report("alerts cannot be kept", exc)
        except Exception as exc:  # a bug: it must not come again with every step
            self._complaints.report("alerts failed", exc)
        self._retry = self._clock() + RETRY_S
        self._attempts.failed()
        self._rules.again()
        self._lists.again()
        return False

    def close(self) -> None:
        """Write what is new. What only raises counts is in the rings still, or was stored."""
        self._retry = float("-inf")
        self.step(time.time())

    # --- one step ---

    def _step(self, now: float) -> bool:
        harm = self._attempts.news()
        loosenings = self._look("rules", lambda: self._rules.look(now, self._household))
        stale = self._look("lists", lambda: self._lists.look(now))
        prune = self._purge or self._clock() >= self._pruned + PRUNE_S
        late, self._late = self._late, False
        if not (
            harm
            or loosenings
            or stale
            or prune
            or self._devices.waiting()
            or self._ways.waiting()
            or self._rules.moved()
        ):
            return late
        if not has_store(self.state, "activity") and not has_store(self.state):
            self._lists.again()
            return late  # nothing was ever set up here
        now_ms = int(now * 1000)
        engine = open_activity(self.state)
        try:
            with writing(engine, "activity") as connection:
                new = self._attempts.write(connection, settle=False) if harm else 0
                memory = rows.memory(connection)
                kept = self._devices.write(connection, memory, now_ms)
                kept |= self._rules.write(connection, loosenings)
                new += self._devices.new + self._rules.new + self._lists.write(connection, stale, now_ms)
                new += self._ways.write(connection, self._household)
                if kept or memory is None:
                    rows.remember(connection, {**self._devices.document(), **self._rules.document()})
                if self._purge:
                    rows.delete_alerts(connection, harm=True)
                if prune:
                    rows.prune(connection, now_ms)
        finally:
            engine.dispose()
        self._devices.written()
        self._rules.written()
        self._ways.written()
        self._purge = False
        if prune:
            self._pruned = self._clock()
        return late or new > 0

    def _look(self, what: str, look: Callable[[], list[_T]]) -> list[_T]:
        """Return what a part has found; one that cannot look stops no other."""
        try:
            return look()
        except (FilterdError, OSError) as exc:
            self._complaints.report(f"{what} cannot be looked at", exc)
            return []
