"""The manager's hand in following feeds: starts a look as a niced child when one is due, and reaps it.

The child is `filterd feed sync --child`. When a feed is looked at again is in its status, so a restart of the manager
changes nothing, and whoever wants a look now (`ask_look`) needs no way to the manager. Looks wait for a sync of the
lists that is at work, and it for them.

    job = FeedJob(state)
    job.step(time.time())        # every few seconds
    job.close()
"""

from __future__ import annotations

import logging
import random
from pathlib import Path
from typing import TYPE_CHECKING

from filterd.control.child_job import ChildProcess, Start
from filterd.errors import StoreError
from filterd.host.files import make_folder, write_atomic

if TYPE_CHECKING:
    from filterd.feed.state import Followed

log = logging.getLogger(__name__)

FIRST_WAIT_S = 4.0  # DNS starts first, then the lists
START_WAIT_S = 120.0  # after a power cut a whole street starts at once
LOOK_S = 60.0  # between two readings of what is due
RETRY_S = 600.0  # after a child that wrote nothing down
_FAR_S = 2 * 86_400.0  # further off than any look: the clock was wrong when it was written


def is_due(state: Path, one: Followed, now: float) -> bool:
    """True when a followed feed is to be looked at: its time has come, somebody asked, or a list waits for it."""
    from filterd.feed.state import load_status

    if not one.auto or "://" not in one.url:
        return False
    seen = load_status(state, one)
    if not seen.next_at <= now and seen.next_at <= now + _FAR_S and not _is_asked(state, seen.checked_at):
        return _waits(state, one.feed) and seen.refusal is None
    return True


def ask_look(state: Path) -> None:
    """Have all followed feeds looked at now, by the manager. Raises StoreError."""
    write_atomic(make_folder(state / "feed") / "asked", b"")


class FeedJob:
    """Starts looks. Times are wall seconds: what is due is written down in them."""

    def __init__(self, state: Path, *, start: Start | None = None, chance: random.Random | None = None) -> None:
        self._state = state
        self._chance = chance or random.SystemRandom()
        self._child = ChildProcess(start)
        self._not_before: float | None = None
        self._look_at = 0.0

    @property
    def is_running(self) -> bool:
        """True while a child is at work."""
        return self._child.is_running

    def step(self, now: float) -> None:
        """Reap a child that ended; start one when it is time. Raises StartError, StoreError: say it, and go on."""
        if self._child.is_running:
            self._reap(now)
            return
        if self._not_before is None or self._not_before > now + 2 * RETRY_S:  # the clock was set back
            self._not_before = now + FIRST_WAIT_S + self._first_wait()
            self._look_at = self._not_before
        asked = _asked_at(self._state) is not None
        if now < (self._not_before if not asked else min(self._not_before, now)):
            return
        if now < self._look_at <= now + LOOK_S and not asked:
            return
        self._look_at = now + LOOK_S
        if self._is_due(now):
            self._not_before = now + RETRY_S  # should it write nothing down
            self._child.begin(["feed", "sync", "--state", str(self._state), "--child"])
            log.info("look at the feed started")

    def close(self) -> None:
        """End a child that is at work; it goes on at the next start."""
        self._child.close()

    def _reap(self, now: float) -> None:
        code = self._child.ended()
        if code is None:
            return
        self._look_at = now + LOOK_S
        self._not_before = now + (RETRY_S if code else 0.0)
        if code:
            log.warning("look at the feed ended code=%d, tried again in %d s", code, RETRY_S)

    def _first_wait(self) -> float:
        from filterd.feed.state import load_followed, load_status

        try:
            seen = [load_status(self._state, one) for one in load_followed(self._state)]
        except StoreError:
            return 0.0
        return 0.0 if any(not one.is_verified for one in seen) else self._chance.uniform(0, START_WAIT_S)

    def _is_due(self, now: float) -> bool:
        from filterd.feed.state import load_followed

        try:
            due = any(is_due(self._state, one, now) for one in load_followed(self._state))
        except StoreError as exc:  # said by who needs it; nothing can be due
            log.debug("feeds not readable reason=%s", exc)
            return False
        return due


def _is_asked(state: Path, since: float) -> bool:
    asked = _asked_at(state)
    return asked is not None and asked > since


def _asked_at(state: Path) -> float | None:
    try:
        return (state / "feed" / "asked").stat().st_mtime
    except OSError:
        return None


def _waits(state: Path, feed: str) -> bool:
    """True when somebody switched on a list of the feed that has not come yet."""
    from filterd.control.feed_apply import of_feed
    from filterd.listbuild.registry import load

    try:
        lists = of_feed(load(state), feed) if feed else {}
    except StoreError:
        return False
    return any(listed.enabled and not listed.digest and not listed.history for listed in lists.values())
