"""Follows the household's store: notices that somebody changed it, at the cost of two stat() calls.

The manager puts the newest state into force when its maker could not (its process was killed, the disk was full), and
tells its other jobs that rules have changed. One connection stays open, so that the write-ahead log is not copied and
removed at the end of every command line: fewer writes to the SD card.

    follow = Follow(state)
    if follow.changed(): ...
"""

from __future__ import annotations

from pathlib import Path

from filterd.errors import StoreError
from filterd.store.household import HouseholdStore

_FILES = ("household.db", "household.db-wal")
_Signature = tuple[tuple[int, int, int], ...]


class Follow:
    """The revision that was seen last. Raises StoreError from `changed` while the store cannot be read."""

    def __init__(self, state: Path) -> None:
        self.state = state
        self.revision = -1  # none seen yet
        self._store: HouseholdStore | None = None
        self._held: object = None
        self._file = (0, 0)
        self._signature: _Signature | None = None

    def changed(self) -> bool:
        """Return whether there is another revision than the one seen last, and remember it."""
        signature = self._stat()
        if signature is not None and signature == self._signature:
            return False
        if self._store is None or self._replaced():
            self._open()
        assert self._store is not None  # opened above
        signature = self._stat()  # before reading: what is written meanwhile is seen the next time
        revision = self._store.revision()
        self._signature = signature
        if revision == self.revision:
            return False
        self.revision = revision
        return True

    def again(self) -> None:
        """Let the next `changed` say yes: what was to be done could not be done."""
        self.revision = -1
        self._signature = None

    def close(self) -> None:
        """Let go of the store."""
        self._held = None
        if self._store is not None:
            self._store.close()
            self._store = None

    def _open(self) -> None:
        self.close()
        self._store = HouseholdStore.open(self.state)
        self._held = self._store.engine.raw_connection()
        self._file = self._identity()

    def _replaced(self) -> bool:
        """True when the file was put there anew (a restored backup)."""
        return self._file != self._identity()

    def _identity(self) -> tuple[int, int]:
        try:
            status = (self.state / _FILES[0]).stat()
        except OSError:
            return (0, 0)  # PostgreSQL
        return status.st_dev, status.st_ino

    def _stat(self) -> _Signature | None:
        """Return what changes when somebody writes; None with PostgreSQL, which is asked each time."""
        if (self.state / "database").exists():
            return None
        found = []
        for name in _FILES:
            try:
                status = (self.state / name).stat()
            except OSError:
                continue
            found.append((status.st_ino, status.st_size, status.st_mtime_ns))
        if not found:
            raise StoreError(f"{self.state}: no household yet")
        return tuple(found)
