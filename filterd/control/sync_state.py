"""How far a sync is: one small file that the page and `filterd lists status` read while it lasts, and afterwards.

While parts run it lies in the run folder, which is memory; the last word of every sync is also kept in
STATE/sync/last.json, for after a restart. Written whole or not at all.

    status(state).done            # lists looked at
    status(state).protected       # {"adult": 84012, ...}: entries in force by category
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from dataclasses import asdict, dataclass, fields, replace
from pathlib import Path
from typing import Any

from filterd.errors import StoreError
from filterd.host.files import make_folder, read_bounded, write_atomic
from filterd.host.run import run_dir

FETCHING, BUILDING, DONE, OFFLINE, CUT, NEVER = "fetching", "building", "done", "offline", "cut", "never"
_MAX_BYTES = 256 * 1024


@dataclass(frozen=True, slots=True)
class Failure:
    """A list that was left as it is. `code`: refusal.Why; `reason`: the sentence for people who know lists."""

    id: str
    code: str
    reason: str


@dataclass(frozen=True, slots=True)
class SyncState:
    """What a sync is doing, or did. Times are wall seconds, 0.0 for not yet."""

    phase: str = NEVER  # fetching, building, done, offline; cut: it was ended in the middle; never: there was none
    first: bool = False  # the first that ever brought a list
    pid: int = 0
    born: int = 0  # when that process was started, in the kernel's ticks: a number may be another's by now
    started: float = 0.0
    finished: float = 0.0
    of: int = 0  # lists to look at
    done: int = 0
    current: tuple[str, ...] = ()  # what was finished last
    names: int = 0  # entries of all good lists so far, in force or about to be
    protected: dict[str, int] | None = None  # category -> entries in force
    in_force: int = 0  # names of the bundle that this sync published
    revision: int = 0  # 0: nothing was published
    failures: tuple[Failure, ...] = ()
    next_at: float = 0.0  # when the next look is due

    @property
    def is_running(self) -> bool:
        """True while its process is at work."""
        return self.phase in (FETCHING, BUILDING)


class Writer:
    """Keeps the file of one sync up to date, and tells whoever watches."""

    def __init__(self, state: Path, tell: Callable[[SyncState], object] | None) -> None:
        self._tell = tell
        self._file = _live(state)
        self._last = _last(state)
        self.now = SyncState()

    def begin(self, **changes: Any) -> None:
        """Take the first changes over, and keep that a sync began: one that is cut by a power cut is known then."""
        self.update(pid=os.getpid(), born=_born(os.getpid()), **changes)
        if self._file != self._last:
            self._write(self._last)

    def update(self, **changes: Any) -> None:
        """Take changes over: once or twice for each list, so that nobody sees an old state for long."""
        self.now = replace(self.now, **changes)
        if self._tell is not None:
            self._tell(self.now)
        self._write(self._file)

    def finish(self, **changes: Any) -> None:
        """Take the last changes over and keep them for after a restart."""
        self.update(**changes)
        if self._file != self._last:
            self._write(self._last)

    def _write(self, file: Path) -> None:
        write_atomic(make_folder(file.parent) / file.name, json.dumps(asdict(self.now)).encode())


def status(state: Path) -> SyncState:
    """Return what the newest sync is doing or did; phase `never` when there was none."""
    found = [found for found in (_read(_live(state)), _read(_last(state))) if found is not None]
    newest = max(found, key=lambda state: (state.started, state.finished), default=SyncState())
    if newest.is_running and (not newest.pid or _born(newest.pid) != newest.born):
        return replace(newest, phase=CUT)
    return newest


def was_cut(state: Path) -> bool:
    """True when the newest sync began and did not end, and none is at work."""
    return status(state).phase == CUT


def _live(state: Path) -> Path:
    """Return the file for the time of a sync: in memory while parts run, else where the last word goes."""
    folder = run_dir(state, create=False)
    return folder / "sync.json" if folder.is_dir() else _last(state)


def _last(state: Path) -> Path:
    return state / "sync" / "last.json"


def _read(file: Path) -> SyncState | None:
    """Return what a file says; None when it is absent or no such file: then nothing is known."""
    try:
        document: Any = json.loads(read_bounded(file, _MAX_BYTES))
        given = {f.name: document[f.name] for f in fields(SyncState) if f.name in document}
        given["failures"] = tuple(Failure(**failure) for failure in given.get("failures", ()))
        given["current"] = tuple(given.get("current", ()))
        return SyncState(**given)
    except (StoreError, ValueError, TypeError, AttributeError, RecursionError):
        return None


def _born(pid: int) -> int:
    """Return when a process was started, -1 when there is none (proc(5): field 22 of stat, after the name)."""
    try:
        return int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[19])
    except (OSError, ValueError, IndexError):
        return -1
