"""How the manager's tasks fare: when each last ended well, how often it failed, and which helpers are at work.

Counted by the manager, read by its /metrics from another thread: what is read is a copy, and what it holds is whole.

    jobs = Jobs()
    jobs.expect("ingest"); jobs.ended("ingest"); jobs.failed("tidy")
    jobs.watch("lists", lambda: child.is_running)
    jobs.tasks(), jobs.helpers()
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, replace


@dataclass(frozen=True, slots=True)
class Task:
    """`ended`: when it last ended well (POSIX seconds), None for never; `failures`: how often it did not."""

    ended: float | None = None
    failures: int = 0


class Jobs:
    """The tasks by name (a closed set: the names of functions in the source), and the helpers."""

    def __init__(self, wall: Callable[[], float] = time.time) -> None:
        self._wall = wall
        self._tasks: dict[str, Task] = {}
        self._helpers: dict[str, Callable[[], bool]] = {}

    def expect(self, name: str) -> None:
        """Show a task before it has run. Said again, it changes nothing."""
        self._tasks.setdefault(name, Task())

    def ended(self, name: str) -> None:
        """A task ended well now."""
        self._tasks[name] = replace(self._tasks.get(name, Task()), ended=self._wall())

    def failed(self, name: str) -> None:
        """A task failed."""
        task = self._tasks.get(name, Task())
        self._tasks[name] = replace(task, failures=task.failures + 1)

    def watch(self, name: str, is_running: Callable[[], bool]) -> None:
        """Ask `is_running` of a helper whenever somebody reads."""
        self._helpers[name] = is_running

    def tasks(self) -> dict[str, Task]:
        """Return the tasks as they are now."""
        return dict(self._tasks)

    def helpers(self) -> dict[str, bool]:
        """Return whether each helper is at work now."""
        return {name: is_running() for name, is_running in self._helpers.items()}
