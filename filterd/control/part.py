"""What a part outside this package (the page) needs to be one: what its parent gave it, and its way to systemd.

from filterd.control.part import OPTION, Given, Notifier
beat(state, "child")          # a sign of life, in memory; who counts parts reads it
"""

from __future__ import annotations

import contextlib
import socket
from pathlib import Path

from filterd.host.child import OPTION, Given
from filterd.host.memory import give_back, spare
from filterd.host.notify import Notifier, passed_sockets
from filterd.host.run import run_dir

__all__ = ["OPTION", "Given", "Notifier", "beat", "beat_of", "give_back", "spare", "take_sockets"]


def beat(state: Path, part: str) -> None:
    """Leave a sign of life of `part` in the run folder; a folder that is not there or full costs nothing else."""
    with contextlib.suppress(OSError):
        (run_dir(state, create=False) / f"{part}.beat").touch(0o640)


def beat_of(state: Path, part: str) -> float | None:
    """Return when `part` last left a sign of life, POSIX seconds; None when it never did since the box was started."""
    try:
        return (run_dir(state, create=False) / f"{part}.beat").stat().st_mtime
    except OSError:
        return None


def take_sockets() -> list[socket.socket]:
    """Return the listening sockets that systemd passed to this process; none otherwise."""
    return [socket.socket(fileno=fd) for fd, _name in passed_sockets()]
