"""Files that survive: whole or not at all, synced, locked, bounded.

Everything under the state folder is written through `write_atomic`, so that a process killed at any moment leaves the
old file or the new one. What the files mean is their owners' business.

    write_atomic(state / "clock.json", b'{"floor": 1793491200}')
    with locked(state / "publish.lock"):
        ...
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import secrets
from collections.abc import Iterator
from pathlib import Path

from filterd.errors import StoreError

TEMP_SUFFIX = ".tmp"  # temporary files are `.NAME.RANDOM.tmp` beside their target


def write_atomic(path: Path, data: bytes, mode: int = 0o640) -> None:
    """Replace `path` by `data`: temporary file in the same folder, synced, renamed, folder synced.

    Raises StoreError with a sentence; then the old file stands and no temporary file is left. A process killed on the
    way may leave a temporary file (see `temporary_files`).
    """
    temp = path.parent / f".{path.name}.{secrets.token_hex(6)}{TEMP_SUFFIX}"
    try:
        try:
            fd = os.open(temp, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, mode)
            try:
                view = memoryview(data)
                while view:
                    view = view[os.write(fd, view) :]  # a nearly full disk writes less than asked before it refuses
                os.fsync(fd)
            finally:
                os.close(fd)
            temp.rename(path)
        except BaseException:
            with contextlib.suppress(OSError):
                temp.unlink()
            raise
        sync_folder(path.parent)
    except OSError as exc:
        raise StoreError(f"cannot write {path}: {exc.strerror or exc}") from exc


def sync_folder(folder: Path) -> None:
    """Make the renames in `folder` durable. Raises OSError."""
    fd = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)


def temporary_files(folder: Path) -> list[Path]:
    """Return what killed writers left in `folder`. A writer at work has one too: hold its lock or mind the age."""
    try:
        return [p for p in folder.iterdir() if p.name.startswith(".") and p.name.endswith(TEMP_SUFFIX)]
    except OSError:
        return []


def read_bounded(path: Path, max_bytes: int) -> bytes:
    """Return the content of a regular file of at most `max_bytes` bytes. Raises StoreError with a sentence."""
    try:
        # O_NONBLOCK: a FIFO in the place of the file must not hang its reader
        fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
        with os.fdopen(fd, "rb") as file:
            data = file.read(max_bytes + 1)
    except OSError as exc:
        raise StoreError(f"cannot read {path}: {exc.strerror or exc}") from exc
    if data is None:  # an empty FIFO
        raise StoreError(f"cannot read {path}: not a regular file")
    if len(data) > max_bytes:
        raise StoreError(f"cannot read {path}: longer than {max_bytes} bytes")
    return data


def make_folder(path: Path, mode: int = 0o750) -> Path:
    """Create `path` and its parents where absent and return it. Raises StoreError."""
    try:
        path.mkdir(mode=mode, parents=True, exist_ok=True)
    except OSError as exc:
        raise StoreError(f"cannot create the folder {path}: {exc.strerror or exc}") from exc
    return path


class Lock:
    """An exclusive lock on a file, held until `release` or the end of the process. The file says who holds it."""

    def __init__(self, path: Path, *, wait: bool = True) -> None:
        """Take the lock; without `wait`, StoreError says who holds it."""
        self.path = path
        make_folder(path.parent)
        try:
            self.fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o640)
        except OSError as exc:
            raise StoreError(f"cannot open {path}: {exc.strerror or exc}") from exc
        try:
            fcntl.flock(self.fd, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
            os.ftruncate(self.fd, 0)
            os.pwrite(self.fd, f"{os.getpid()}\n".encode(), 0)
        except BlockingIOError:
            holder = os.pread(self.fd, 32, 0).decode("ascii", "replace").strip()
            os.close(self.fd)
            who = f" (process {holder})" if holder.isdigit() else ""
            raise StoreError(f"{path} is held by another instance{who}") from None
        except OSError as exc:
            os.close(self.fd)
            raise StoreError(f"cannot lock {path}: {exc.strerror or exc}") from exc

    def release(self) -> None:
        """Give the lock back. The file stays: unlinking it would let two holders in."""
        if self.fd >= 0:
            os.close(self.fd)
            self.fd = -1


@contextlib.contextmanager
def locked(path: Path, *, wait: bool = True) -> Iterator[Lock]:
    """Hold the lock of `path` for a block; see Lock."""
    lock = Lock(path, wait=wait)
    try:
        yield lock
    finally:
        lock.release()
