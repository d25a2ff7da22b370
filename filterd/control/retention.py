"""Forgets: what is older than the household wants, in small steps, and what a person deletes, at once and really.

retention = Retention(state)
while retention.step(time.time()): ...      # True: there is more; come back soon
delete(state, profile="lan")                # -> Deleted(events=..., counted=...)
"""

from __future__ import annotations

import logging
import time
from datetime import date, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import sqlalchemy as sa

from filterd.control.dictionary import local_day, midnight_ms
from filterd.control.household import has_store
from filterd.control.privacy import HOUR_MS
from filterd.errors import ConfigError, FilterdError, StoreError
from filterd.model.change import NOBODY, Edit, Who
from filterd.model.household import Household, Privacy
from filterd.store.activity import ID_SHIFT, open_activity
from filterd.store.activity_delete import (
    STEP_ROWS,
    Cut,
    Deleted,
    delete_rows,
    expire,
    give_back,
    oldest_ms,
    scrub,
    used_bytes,
)
from filterd.store.activity_write import damaged_files
from filterd.store.engine import reading, writing

STEP_S = 0.1  # a step deletes about so long
MAX_BYTES = 2 * 1024**3  # of the log's file; beyond it the oldest detail goes before its time
_SMALL_ROWS = 2000  # at once, so that a slow disk is noticed
_SCRUB_S = 10.0  # a person waits for it so long at most
_DAY_S = 86_400

log = logging.getLogger(__name__)


class Retention:
    """Deletes what is too old. `step` raises StoreError when the log cannot be used."""

    def __init__(self, state: Path) -> None:
        self.state = state
        self._privacy = Privacy()
        self._zone = ZoneInfo("UTC")
        self._known = False
        self._dirty = True  # something was deleted since the write-ahead log was cut off; at the start: perhaps
        self.reload()

    def reload(self, household: Household | None = None) -> None:
        """Take from `household`, or from the one that is stored, how long it wants to remember."""
        from filterd.control.household import load

        try:
            household = household or load(self.state)
            self._privacy, self._zone = household.privacy, ZoneInfo(household.timezone)
            self._known = True
        except (FilterdError, KeyError, OSError):
            return

    def step(self, now: float) -> bool:
        """Delete some of what is too old; return whether there is more to do."""
        if not self._known:
            self.reload()
            return False
        if not has_store(self.state, "activity"):
            return False
        for path in damaged_files(self.state / "activity.db"):  # nobody can take single rows out of these
            if path.stat().st_mtime < now - max(self._privacy.detail_days, 1) * _DAY_S:
                path.unlink(missing_ok=True)
        engine = open_activity(self.state)
        try:
            with reading(engine, "activity") as connection:
                oldest = oldest_ms(connection) if used_bytes(connection) > MAX_BYTES else None
            return self._step(engine, self._cut(now, oldest))
        finally:
            engine.dispose()

    def _step(self, engine: sa.Engine, cut: Cut) -> bool:
        deadline = time.monotonic() + STEP_S
        done = 0
        while done < STEP_ROWS:
            with writing(engine, "activity") as connection:
                gone = expire(connection, cut, _SMALL_ROWS)
            done += gone
            self._dirty = self._dirty or gone > 0
            if gone == 0:
                break
            if time.monotonic() > deadline:
                return True
        else:
            return True
        if give_back(engine):
            self._dirty = True
            return True
        if self._dirty:
            self._dirty = not scrub(engine)
        return False

    def _cut(self, now: float, oldest: int | None) -> Cut:
        """`oldest`: the time of the oldest question of a log that is too big: its day goes."""
        today, _, _ = local_day(int(now * 1000), self._zone)
        day = max(today - self._privacy.detail_days, 1)
        if oldest is not None:
            day = max(day, local_day(oldest, self._zone)[0] + 1)
            log.warning("the log is too big: detail before its time is forgotten days=%d", today - day)
        count_day = max(today - self._privacy.counts_days, 1)
        cut_ms = midnight_ms(date.fromordinal(day), self._zone)
        count_ms = midnight_ms(date.fromordinal(count_day), self._zone)
        hour = -(-cut_ms // HOUR_MS)  # an hour that began the day before has names of that day
        return Cut(cut_ms << ID_SHIFT, hour, day, count_day, count_ms, cut_ms)


def delete(
    state: Path,
    *,
    profile: str = "",
    device: str = "",
    everything: bool = False,
    before: float | None = None,
    who: Who = NOBODY,
    now: float | None = None,
) -> Deleted:
    """Delete what is remembered of a profile, a device (of a profile) or everyone, from the disk too.

    `before` (seconds since the epoch): only what is older. Blocked questions are summed by the hour and all by the day:
    the hour that `before` lies in goes whole, the counts of its day stay.

    That `who` did it stands in the history first, so that nothing goes without a trace, also when power fails midway.
    Records that are still in the workers' rings are neither stored nor shown any more. Raises StoreError, ConfigError.
    """
    if everything == bool(profile or device):
        raise ConfigError("say whose log: a profile, a device, or everything")
    at_ms = int((time.time() if now is None else now) * 1000)
    cut = None
    if before is not None:
        before_ms = int(before * 1000)
        if before_ms > at_ms:
            raise ConfigError("before: expected a moment that has passed")
        zone = _zone(state)
        day, _, _ = local_day(before_ms, zone)
        day_ms = midnight_ms(date.fromordinal(day), zone)
        cut = Cut(before_ms << ID_SHIFT, -(-before_ms // HOUR_MS), day, day, day_ms, before_ms)
        at_ms = before_ms - 1
    from filterd.control.record import record

    told = {"profile": profile, "device": device, "everything": everything}
    until = {} if before is None else {"before": datetime.fromtimestamp(before, zone).isoformat(timespec="seconds")}
    body = {key: value for key, value in told.items() if value} | until
    record(state, who, "log deleted", Edit("log", profile or device or "everything", body, None))
    engine = open_activity(state)
    try:
        with writing(engine, "activity") as connection:
            done = delete_rows(connection, at_ms, profile, device, cut)
        if everything and before is None:
            for path in damaged_files(state / "activity.db"):
                path.unlink(missing_ok=True)
        _clean(engine)
    except OSError as exc:
        raise StoreError(f"cannot delete: {exc}") from exc
    finally:
        engine.dispose()
    return done


def _zone(state: Path) -> ZoneInfo:
    """Return the zone whose days the log has: the household's, UTC when there is none."""
    from filterd.control.household import load

    try:
        return ZoneInfo(load(state).timezone)
    except (FilterdError, KeyError):
        return ZoneInfo("UTC")


def _clean(engine: sa.Engine) -> None:
    """Give the room back and cut off the write-ahead log; what cannot be done now, the manager does."""
    deadline = time.monotonic() + _SCRUB_S
    while give_back(engine, keep=False) and time.monotonic() < deadline:
        pass
    while not scrub(engine) and time.monotonic() < deadline:
        time.sleep(0.1)
