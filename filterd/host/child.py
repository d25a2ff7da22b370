"""Child processes: fresh Python programs, told what to do through a descriptor, bound to their parent's life.

A child gets a JSON document (memfd), a pipe to say `ready` into, and a pipe that ends when the parent does: children
never outlive a parent that was killed. What parts there are is for up.py and serve.py to say.

    child = Child.start("filterd.serve", {"state": "/var/lib/filterd"})      # in the parent
    given = Given.from_arguments(sys.argv[1:])                               # in the child
    given.ready({"addresses": ["127.0.0.1:5300"]})
"""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from filterd.errors import StartError

OPTION = "--given-fd"
PULSE_S = 2.0  # between two signs of life of a part that is watched
_MAX_BYTES = 4 * 1024 * 1024


def memory_file(document: dict[str, Any]) -> int:
    """Return a descriptor that holds `document`, inheritable and at its start."""
    fd = os.memfd_create("filterd-given", 0)  # without MFD_CLOEXEC: it is for a child or for our own exec
    os.write(fd, json.dumps(document).encode())
    os.lseek(fd, 0, os.SEEK_SET)
    return fd


@dataclass(slots=True)
class Child:
    """A started child, as its parent sees it."""

    process: subprocess.Popen[bytes]
    ready_fd: int  # becomes readable when the child is ready or gone
    _life_fd: int
    _received: bytearray = field(default_factory=bytearray)

    @classmethod
    def start(cls, module: str, document: dict[str, Any], fds: Sequence[int] = ()) -> Child:
        """Start `python -m module` with `document` and the open descriptors `fds`. Raises StartError."""
        life_out, life_in = os.pipe2(os.O_CLOEXEC)
        ready_out, ready_in = os.pipe2(os.O_CLOEXEC | os.O_NONBLOCK)
        given = -1
        try:
            given = memory_file(document | {"life_fd": life_out, "ready_fd": ready_in})
            command = [sys.executable, "-m", module, OPTION, str(given)]
            keep = (given, life_out, ready_in, *fds)
            process = subprocess.Popen(command, stdin=subprocess.DEVNULL, pass_fds=keep)
        except OSError as exc:
            os.close(life_in)
            os.close(ready_out)
            raise StartError(f"cannot start {module}: {exc.strerror or exc}") from exc
        finally:
            for fd in (given, life_out, ready_in):
                if fd >= 0:
                    os.close(fd)
        return cls(process, ready_out, life_in)

    def read_ready(self) -> dict[str, Any] | None:
        """Return what the child said when it got ready; None when it has not, or is gone."""
        self.heard()
        line, end, _ = self._received.partition(b"\n")
        if not end:
            return None
        found = json.loads(line)
        return found if isinstance(found, dict) else None

    def heard(self) -> bool:
        """Return whether the child has said anything, be it a sign of life, since this was asked before."""
        heard = False
        with contextlib.suppress(BlockingIOError):
            while data := os.read(self.ready_fd, 4096):
                heard = True
                if b"\n" not in self._received:
                    self._received += data
        return heard

    def close(self) -> None:
        """Release the pipes; a child that still runs takes that for our end."""
        for fd in (self.ready_fd, self._life_fd):
            with contextlib.suppress(OSError):
                os.close(fd)


class Given:
    """What a program was given when it was started."""

    def __init__(self, document: dict[str, Any]) -> None:
        self.document = document
        self.life_fd: int | None = document.get("life_fd")  # ends with the parent; None: there is no parent of ours
        self._ready_fd: int | None = document.get("ready_fd")
        self._told = False

    @classmethod
    def from_arguments(cls, arguments: Sequence[str]) -> Given:
        """Read the document that the command line points to. Raises StartError."""
        if len(arguments) != 2 or arguments[0] != OPTION or not arguments[1].isdigit():
            raise StartError("this module is started by the command `filterd`, not by hand")
        try:
            with os.fdopen(int(arguments[1]), "rb") as file:
                document = json.loads(file.read(_MAX_BYTES))
        except (OSError, ValueError) as exc:
            raise StartError(f"the settings that were passed on cannot be read: {exc}") from exc
        return cls(document)

    @property
    def is_supervised(self) -> bool:
        """True when a parent of ours waits for the word and looks after the end."""
        return self.life_fd is not None

    def ready(self, document: dict[str, Any]) -> None:
        """Tell the parent that we work."""
        if self._ready_fd is not None and not self._told:
            self._told = True
            with contextlib.suppress(OSError):  # it has just died: its other pipe says so
                os.write(self._ready_fd, json.dumps(document).encode() + b"\n")

    def alive(self) -> None:
        """Give the parent a sign of life, from the loop that does the work, every PULSE_S after `ready`."""
        if self._ready_fd is not None and self._told:
            with contextlib.suppress(OSError):  # the pipe is full: the parent has not looked for a day
                os.write(self._ready_fd, b".")
