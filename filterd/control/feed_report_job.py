"""The manager's hand in reports: starts the child that sends them when one waits, one at a time, and reaps it.

The child is `filterd report send --child`, niced, in its own memory; when to try again is in the queue's file.

    job = ReportJob(state)
    job.step(time.time())        # every few seconds
    job.close()
"""

from __future__ import annotations

import logging
import subprocess
from pathlib import Path

from filterd.control.feed_reports import is_due
from filterd.control.sync_job import END_S, Process, Start, start_child

log = logging.getLogger(__name__)

PAUSE_S = 60.0  # between two children, whatever became of the first


class ReportJob:
    """Starts sends. Times are wall seconds."""

    def __init__(self, state: Path, *, start: Start | None = None) -> None:
        """`start` starts `filterd` with the given words."""
        self._state = state
        self._start = start or start_child
        self._child: Process | None = None
        self._not_before = 0.0

    @property
    def is_running(self) -> bool:
        """True while a child is at work."""
        return self._child is not None

    def step(self, now: float) -> None:
        """Reap a child that ended; start one when a report is due. Raises StartError: say it, and go on."""
        if self._child is not None:
            code = self._child.poll()
            if code is None:
                return
            self._let_go(self._child)
            self._child = None
            log.info("reports child ended code=%d", code)
        if self._not_before > now + PAUSE_S * 2:  # the clock was set back
            self._not_before = now
        if now < self._not_before or not is_due(self._state, now):
            return
        self._not_before = now + PAUSE_S
        self._child = self._start(["report", "send", "--state", str(self._state), "--child"])

    def close(self) -> None:
        """End a child that is at work; what it has not sent waits."""
        child, self._child = self._child, None
        if child is None:
            return
        child.terminate()
        try:
            child.wait(END_S)
        except subprocess.TimeoutExpired:
            child.kill()
            child.wait()
        finally:
            self._let_go(child)

    @staticmethod
    def _let_go(child: Process) -> None:
        pipe = getattr(child, "stdin", None)
        if pipe is not None:
            pipe.close()
