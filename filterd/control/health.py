"""Is the filter answering? A short look at the running workers and at what is in force; counts alone, no names.

seen = look(state)
print(f"{seen.answering} of {seen.workers} workers answer")
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

from filterd.control.household import load
from filterd.control.publish import current
from filterd.errors import FilterdError
from filterd.host.run import connect, run_dir, worker_sockets

WAIT_S = 1.0  # for a worker's answer


@dataclass(frozen=True, slots=True)
class Health:
    """What was seen at one moment."""

    workers: int  # that have a control socket which somebody owns
    answering: int  # of these, who said something within WAIT_S
    revision: int  # in force on disk; 0: none yet
    profiles: int | None  # None: the household cannot be read
    devices: int | None

    @property
    def is_answering(self) -> bool:
        """True when questions of the house are answered."""
        return self.answering > 0


def look(state: Path) -> Health:
    """Look. Never raises."""
    workers = answering = 0
    try:
        sockets = worker_sockets(run_dir(state, create=False))
    except FilterdError:
        sockets = []
    for path in sockets:
        try:
            with connect(path, timeout_s=WAIT_S) as sock:
                workers += 1
                sock.sendall(b'{"op":"ping"}\n')
                answering += "pid" in json.loads(sock.recv(4096) or b"{}")
        except (ConnectionRefusedError, FileNotFoundError):
            continue  # its owner is dead
        except (OSError, ValueError):
            continue
    revision = current(state)
    profiles = devices = None
    try:
        household = load(state)
        profiles, devices = len(household.profiles), len(household.devices)
    except FilterdError:
        pass
    return Health(workers, answering, revision.number if revision is not None else 0, profiles, devices)
