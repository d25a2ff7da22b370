"""One `filterd` child of the manager at a time: started, watched, ended. What for, and when, its owners say.

A child is niced by itself, has its own memory, and ends with the manager: its standard input is a pipe that ends then.

    child = ChildProcess()
    child.begin(["lists", "update", "--child"])
    code = child.ended()          # None while it runs; then its exit code, once
    child.close()
"""

from __future__ import annotations

import contextlib
import subprocess
import sys
from collections.abc import Callable, Sequence
from typing import Protocol

from filterd.errors import StartError

END_S = 4.0  # between asking a child to end and ending it


class Process(Protocol):
    """A started child, as subprocess.Popen is one."""

    def poll(self) -> int | None:
        """Return the exit code, None while it runs."""
        ...

    def terminate(self) -> None:
        """Ask it to end."""
        ...

    def kill(self) -> None:
        """End it."""
        ...

    def wait(self, timeout: float | None = None) -> int:
        """Wait for its end."""
        ...


Start = Callable[[Sequence[str]], Process]


class ChildProcess:
    """At most one child."""

    def __init__(self, start: Start | None = None) -> None:
        """`start` starts `filterd` with the given words."""
        self._start = start or start_child
        self._child: Process | None = None

    @property
    def is_running(self) -> bool:
        """True from its start until its end was seen."""
        return self._child is not None

    def begin(self, words: Sequence[str]) -> None:
        """Start it. Raises StartError."""
        self._child = self._start(words)

    def ended(self) -> int | None:
        """Return the exit code of a child that has ended, once; None while it runs, or when there is none."""
        code = None if self._child is None else self._child.poll()
        if self._child is not None and code is not None:
            _let_go(self._child)
            self._child = None
        return code

    def close(self) -> None:
        """End a child that is at work: asked first, then killed."""
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
            _let_go(child)


def start_child(words: Sequence[str]) -> Process:
    """Start `filterd` with `words`, with a pipe as its standard input that ends when we do. Raises StartError."""
    try:
        # its standard output says what it did, and ours may be a terminal or what systemd reads: both are fine for it
        return subprocess.Popen([sys.executable, "-m", "filterd", *words], stdin=subprocess.PIPE, stdout=sys.stderr)
    except OSError as exc:
        raise StartError(f"`filterd {' '.join(words[:2])}` cannot be started: {exc.strerror or exc}") from exc


def _let_go(child: Process) -> None:
    """Close our end of the child's pipe."""
    pipe = getattr(child, "stdin", None)
    if pipe is not None:
        with contextlib.suppress(OSError):
            pipe.close()
