"""The manager's hand in the sync: starts it as a niced child when a list is due, one at a time, and reaps it.

The child is `filterd lists update --child`: it fetches, judges, builds and publishes by itself, in its own memory, and
ends with the manager (its standard input is a pipe that ends then). What is due, and how long a failing source waits,
is in the registry, so a restart of the manager changes nothing.

    job = SyncJob(state)
    job.step(time.time())        # every few seconds
    job.close()
"""

from __future__ import annotations

import logging
import random
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from filterd.control.child_job import ChildProcess, Start
from filterd.errors import StoreError

if TYPE_CHECKING:
    from filterd.listbuild.registry import Listed

log = logging.getLogger(__name__)

FIRST_WAIT_S = 2.0  # DNS starts first
START_WAIT_S = 120.0  # a box whose lists are there waits up to so long: after a power cut a whole street starts at once
RETRY_S = 300.0  # after a child that ended without making anything better; doubled each time
RETRY_MAX_S = 6 * 3600.0


class SyncJob:
    """Starts syncs. Times are wall seconds: what is due is written down in them."""

    def __init__(
        self,
        state: Path,
        *,
        folder: Path | None = None,
        online: bool = True,
        start: Start | None = None,
        chance: random.Random | None = None,
        options: Sequence[str] = (),
    ) -> None:
        """`folder`: lists are taken from its files once, first. `online`: then what is due is fetched.

        `start` starts `filterd` with the given words; `options` go along with each sync.
        """
        self._state = state
        self._folder = folder
        self._online = online
        self._chance = chance or random.SystemRandom()
        self._options = tuple(options)
        self._child = ChildProcess(start)
        self._not_before: float | None = None
        self._failures = 0
        self._stamp: tuple[int, ...] | None = None
        self._due_at: float | None = None
        self._may_be_cut = True

    @property
    def is_running(self) -> bool:
        """True while a child is at work."""
        return self._child.is_running

    def step(self, now: float) -> None:
        """Reap a child that ended; start one when it is time. Raises StartError, StoreError: say it, and go on."""
        if self._child.is_running:
            self._reap(now)
            return
        if self._not_before is None or self._not_before > now + RETRY_MAX_S * 2:  # the clock was set back
            self._not_before = now + self._first_wait()
        if now < self._not_before:
            return
        if self._folder is not None:
            self._begin(now, ["--from", str(self._folder)])
            self._folder = None
        elif self._online and self._is_due(now):
            self._begin(now, [])

    def close(self) -> None:
        """End a child that is at work; it goes on at the next start."""
        self._child.close()

    def _begin(self, now: float, words: list[str]) -> None:
        self._not_before = now + RETRY_S  # should it fail to start
        self._child.begin(["lists", "update", "--state", str(self._state), "--child", *words, *self._options])
        log.info("list update started")

    def _reap(self, now: float) -> None:
        code = self._child.ended()
        if code is None:
            return
        self._may_be_cut = True
        # it wrote down when each list is due again; when some still are, it did not get that far
        if code < 0 or (self._online and self._is_due(now)):
            wait = min(RETRY_S * 2**self._failures, RETRY_MAX_S) * (1 + self._chance.uniform(-0.2, 0.2))
            self._failures = min(self._failures + 1, 16)
            self._not_before = now + wait
            log.warning("list update ended code=%d, tried again in %d s", code, wait)
        else:
            self._failures = 0
            self._not_before = now

    def _first_wait(self) -> float:
        lists = self._lists()
        if self._folder is not None or not any(listed.digest for listed in lists.values() if "://" in listed.origin):
            return FIRST_WAIT_S  # the first evening: every minute counts
        return FIRST_WAIT_S + self._chance.uniform(0, START_WAIT_S)

    def _is_due(self, now: float) -> bool:
        """True when a list is due, or a sync was cut. The registry is read again only when it was written."""
        from filterd.control.sync_due import is_due
        from filterd.control.sync_state import was_cut

        if self._may_be_cut:
            self._may_be_cut = False
            if was_cut(self._state):
                return True
        stamp = self._stamp_now()
        if stamp != self._stamp or self._due_at is None or now >= self._due_at or now < self._due_at - 9 * 86_400:
            lists = self._lists()
            self._stamp = stamp
            self._due_at = _soonest(lists, now)
            return any(is_due(listed, now) for listed in lists.values())
        return False

    def _lists(self) -> dict[str, Listed]:
        from filterd.listbuild.registry import load

        try:
            return load(self._state)
        except StoreError as exc:  # said by who needs it; nothing can be due
            log.debug("registry not readable reason=%s", exc)
            return {}

    def _stamp_now(self) -> tuple[int, ...]:
        try:
            status = (self._state / "lists" / "registry.json").stat()
        except OSError:
            return ()
        return status.st_mtime_ns, status.st_ino, status.st_size


def _soonest(lists: dict[str, Listed], now: float) -> float:
    from filterd.control.sync_due import next_due

    due = next_due(lists.values())
    return now + 3600.0 if due is None else due
