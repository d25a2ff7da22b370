"""The run folder: control sockets and rings of the running parts, never on the SD card.

One folder a state folder, found by every part and by the command line from the state's path alone. Unix socket paths
are short (107 bytes), so that sockets are reached through an open folder where a path would be too long.

    folder = run_dir(Path("./var"))
    listener = listen(folder / "worker-0.sock")
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import socket
import stat
from collections.abc import Iterator
from pathlib import Path

from filterd.errors import StoreError
from filterd.host.files import TEMP_SUFFIX, make_folder

_SHM = Path("/dev/shm")  # noqa: S108 - checked for its owner before use
POINTER = "run-folder"  # link in the state folder to where systemd has the run folder
_MAX_SUN_PATH = 107  # bytes, unix(7): 108 with the final 0


def run_dir(state: Path, *, create: bool = True) -> Path:
    """Return the run folder of `state` (0700), created unless told not to.

    `$FILTERD_RUN`, else `$RUNTIME_DIRECTORY` (systemd), else where the link STATE/run-folder leads (parts that systemd
    starts leave it for the command line, which has no such variable), else a folder in /dev/shm named by the state's
    owner and path, else `STATE/run`. Raises StoreError when it cannot be created.
    """
    given = os.environ.get("FILTERD_RUN", "")
    by_systemd = "" if given else os.environ.get("RUNTIME_DIRECTORY", "").partition(":")[0]
    if given or by_systemd:
        folder = Path(given or by_systemd)
        if create:
            make_folder(folder, 0o700)
            if by_systemd:
                _point(state / POINTER, folder)
        return folder
    state = state.resolve()
    owner = _owner(state)
    with contextlib.suppress(OSError):
        pointed = (state / POINTER).readlink()
        if pointed.is_absolute() and _usable(pointed, owner, create=False):
            return pointed
    digest = hashlib.blake2b(os.fsencode(state)).hexdigest()[:12]
    folder = _SHM / f"filterd-{owner}-{digest}"
    if _usable(folder, owner, create):
        return folder
    return make_folder(state / "run", 0o700) if create else state / "run"


def listen(path: Path) -> socket.socket:
    """Return a non-blocking listening stream socket at `path` (mode 0600), in the place of whatever was there."""
    return _bound(path, socket.SOCK_STREAM, 0o600)


def listen_datagrams(path: Path, mode: int = 0o600) -> socket.socket:
    """Return a non-blocking datagram socket at `path`, in the place of whatever was there. Raises StoreError."""
    return _bound(path, socket.SOCK_DGRAM, mode)


def connect(path: Path, timeout_s: float = 2.0, kind: int = socket.SOCK_STREAM) -> socket.socket:
    """Return a socket (stream or datagram) connected to `path`. OSError: ConnectionRefusedError when its owner is dead."""
    sock = socket.socket(socket.AF_UNIX, kind)
    try:
        sock.settimeout(timeout_s)
        with _short(path) as name:
            sock.connect(name)
    except BaseException:
        sock.close()
        raise
    return sock


def worker_sockets(folder: Path) -> list[Path]:
    """Return the control sockets of all workers, dead ones included, in the order of their numbers."""
    found = []
    with contextlib.suppress(OSError):
        for path in folder.iterdir():
            number = path.name.removeprefix("worker-").removesuffix(".sock")
            if path.name == f"worker-{number}.sock" and number.isascii() and number.isdigit():
                found.append((int(number), path))
    return [path for _, path in sorted(found)]


def _bound(path: Path, kind: int, mode: int) -> socket.socket:
    sock = socket.socket(socket.AF_UNIX, kind)
    try:
        sock.setblocking(False)
        with contextlib.suppress(FileNotFoundError):
            path.unlink()
        with _short(path) as name:
            sock.bind(name)
        path.chmod(mode)
        if kind == socket.SOCK_STREAM:
            sock.listen(64)
    except OSError as exc:
        sock.close()
        raise StoreError(f"cannot listen on {path}: {exc.strerror or exc}") from exc
    return sock


def _owner(state: Path) -> int:
    """The state folder's owner, so that root's command line finds the service's run folder; else ourselves."""
    try:
        return state.stat().st_uid
    except OSError:
        return os.geteuid()


def _point(link: Path, folder: Path) -> None:
    """Make `link` lead to `folder`. Without it the command line does not find the running parts; they run all the same."""
    with contextlib.suppress(OSError):
        if link.is_symlink() and link.readlink() == folder:
            return
        temp = link.with_name(f".{link.name}.{os.getpid()}{TEMP_SUFFIX}")
        temp.symlink_to(folder)
        temp.rename(link)


def _usable(folder: Path, owner: int, create: bool) -> bool:
    """True when `folder` is there and belongs to `owner`: /dev/shm is everybody's."""
    try:
        if create:
            with contextlib.suppress(FileExistsError):
                folder.mkdir(mode=0o700)
                if owner != os.geteuid():
                    os.chown(folder, owner, -1)
        status = folder.lstat()
    except OSError:
        return False
    return stat.S_ISDIR(status.st_mode) and status.st_uid == owner and not status.st_mode & 0o022


@contextlib.contextmanager
def _short(path: Path) -> Iterator[str]:
    """Yield a name for `path` that fits into a socket address."""
    if len(os.fsencode(path)) <= _MAX_SUN_PATH:
        yield str(path)
        return
    fd = os.open(path.parent, os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        yield f"/proc/self/fd/{fd}/{path.name}"
    finally:
        os.close(fd)
