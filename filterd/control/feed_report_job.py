"""The manager's hand in reports: starts the child that sends them when one waits, one at a time, and reaps it.

The child is `filterd report send --child`, niced, in its own memory; when to try again is in the queue's file.

    job = ReportJob(state)
    job.step(time.time())        # every few seconds
    job.close()
"""

from __future__ import annotations

import logging
from pathlib import Path

from filterd.control.child_job import ChildProcess, Start
from filterd.control.feed_reports import is_due

log = logging.getLogger(__name__)

PAUSE_S = 60.0  # between two children, whatever became of the first


class ReportJob:
    """Starts sends. Times are wall seconds."""

    def __init__(self, state: Path, *, start: Start | None = None) -> None:
        """`start` starts `filterd` with the given words."""
        self._state = state
        self._child = ChildProcess(start)
        self._not_before = 0.0

    @property
    def is_running(self) -> bool:
        """True while a child is at work."""
        return self._child.is_running

    def step(self, now: float) -> None:
        """Reap a child that ended; start one when a report is due. Raises StartError: say it, and go on."""
        if self._child.is_running:
            code = self._child.ended()
            if code is None:
                return
            log.info("reports child ended code=%d", code)
        if self._not_before > now + PAUSE_S * 2:  # the clock was set back
            self._not_before = now
        if now < self._not_before or not is_due(self._state, now):
            return
        self._not_before = now + PAUSE_S
        self._child.begin(["report", "send", "--state", str(self._state), "--child"])

    def close(self) -> None:
        """End a child that is at work; what it has not sent waits."""
        self._child.close()
