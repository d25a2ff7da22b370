"""Publication: one new revision in force, or the old one; never a mixture.

Files first (written anew, synced), then `revision.json` by rename: a process killed anywhere in between leaves the old
revision. Everything happens under one lock, so that revisions only go upwards. Then the workers are told and their
acknowledgements awaited. How workers take a revision is net/reload.py; the file's format is host/revision.py.

    done = publish(state, snapshot=compiled)
    print(f"revision {done.revision}: {done.acknowledged} of {done.workers} workers")
"""

from __future__ import annotations

import contextlib
import json
import os
import select
import socket
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from pathlib import Path

from filterd.errors import FilterdError, LayoutError, PublishError, StoreError
from filterd.host import revision as revisions
from filterd.host.files import locked, make_folder, sync_folder, temporary_files, write_atomic
from filterd.host.revision import Part, Revision
from filterd.host.run import connect, run_dir, worker_sockets

KEPT_BUNDLES = 2  # bundles before the one in force that stay on disk for a rollback
GRACE_S = 600  # a bundle nobody refers to may be one that its builder is about to publish
_MAX_REPLY = 64 * 1024


@dataclass(frozen=True, slots=True)
class Published:
    """The revision now in force on disk, and what the workers said within the waiting time."""

    revision: int
    acknowledged: int = 0
    workers: int = 0  # running workers; 0 means nobody serves this state at the moment
    late: list[str] = field(default_factory=list)  # one sentence for each worker that did not take it


def publish(
    state: Path,
    *,
    bundle: Path | None = None,
    snapshot: bytes | Callable[[], bytes] | None = None,
    clients: bytes | None = None,
    wait_s: float = 2.0,
) -> Published:
    """Put the given parts into force, keep the others, and wait for the workers' acknowledgements.

    `bundle`: a checked file in STATE/bundles. `snapshot`: its bytes, or a function that is called under the lock, so
    that whoever publishes last publishes the newest state of the store. Parts equal to those in force make no new
    revision. Raises PublishError or StoreError; then the old revision is in force.
    """
    with locked(state / "publish.lock"):
        before = current(state)
        new = before or Revision(0)
        if bundle is not None:
            new = _with_bundle(new, _bundle_part(state, bundle))
        if snapshot is not None:
            data = snapshot() if callable(snapshot) else snapshot
            new = replace(new, snapshot=_write_part(state, "policy", ".snapshot", data, new.snapshot))
        if clients is None and not _is_whole(state, new.clients):
            new = replace(new, clients=None)  # it is made anew by who watches the network; nothing else waits for that
        elif clients is not None:
            new = replace(new, clients=_write_part(state, "clients", ".map", clients, new.clients))
        damaged = _newest_is_damaged(state)
        if before is None or new != before or damaged:
            # a damaged newest revision was at most one above the newest readable one, and may be in force in a worker
            new = replace(new, number=new.number + (2 if damaged else 1))
            _commit(state, new)
            _remove_unused(state, new)
    return announce(state, new.number, wait_s)


def publish_bundle(state: Path, path: Path) -> int:
    """Put the bundle file `path` (inside STATE/bundles) into force and return the revision's number."""
    return publish(state, bundle=path).revision


def current(state: Path) -> Revision | None:
    """Return the newest readable revision of `state`, or None when nothing was ever published."""
    return next(revisions.candidates(state), None)


def announce(state: Path, number: int, wait_s: float = 2.0) -> Published:
    """Tell all running workers to take revision `number` and wait for them at most `wait_s` seconds. Never raises."""
    waiting: dict[int, tuple[str, socket.socket, bytearray]] = {}
    late: list[str] = []
    workers = acknowledged = 0
    with contextlib.ExitStack() as stack:
        for path in _sockets(state):
            try:
                sock = stack.enter_context(connect(path, timeout_s=0.5))
                sock.sendall(b'{"op":"reload"}\n')
            except ConnectionRefusedError:
                continue  # its owner is dead: no worker
            except OSError as exc:
                workers += 1
                late.append(f"{path.stem} cannot be reached: {exc}")
                continue
            workers += 1
            sock.setblocking(False)
            waiting[sock.fileno()] = (path.stem, sock, bytearray())
        deadline = time.monotonic() + wait_s
        poll = select.poll()
        for fd in waiting:
            poll.register(fd, select.POLLIN)
        while waiting and (left := deadline - time.monotonic()) > 0:
            for fd, _ in poll.poll(left * 1000):
                name, sock, received = waiting[fd]
                problem = _acknowledged(sock, received, number)
                if problem is None:
                    continue  # not the whole line yet
                poll.unregister(fd)
                del waiting[fd]
                if problem:
                    late.append(f"{name} {problem}")
                else:
                    acknowledged += 1
        late += [f"{name} did not answer within {wait_s:g} s" for name, _, _ in waiting.values()]
    return Published(number, acknowledged, workers, late)


def _sockets(state: Path) -> Iterable[Path]:
    try:
        return worker_sockets(run_dir(state, create=False))
    except StoreError:
        return []


def _acknowledged(sock: socket.socket, received: bytearray, number: int) -> str | None:
    """Read what came: "" = in force, a sentence = not, None = the line is not complete yet."""
    try:
        data = sock.recv(_MAX_REPLY)
    except BlockingIOError:
        return None
    except OSError as exc:
        return f"went away: {exc}"
    received += data
    if b"\n" not in received:
        return None if data and len(received) < _MAX_REPLY else "went away before it answered"
    try:
        reply = json.loads(received.partition(b"\n")[0])
        if "error" in reply:
            return f"keeps revision {reply.get('revision')}: {reply['error']}"
        in_force = int(reply["revision"])
    except (ValueError, TypeError, KeyError):
        return "gave an answer that is none"
    return "" if in_force >= number else f"is at revision {in_force}"


def _bundle_part(state: Path, path: Path) -> Part:
    """Check the bundle (a damaged one must not become the newest revision) and return its part."""
    folder = state / "bundles"
    if path.resolve().parent != folder.resolve():
        raise PublishError(f"a bundle is published from {folder}, not from {path}")
    from filterd.lists.bundle import Bundle

    try:
        opened = Bundle.open(path)
        digest = opened.digest
        opened.close()
        sync_folder(folder)
    except OSError as exc:
        raise PublishError(f"cannot read the bundle {path}: {exc.strerror or exc}") from exc
    except FilterdError as exc:
        raise PublishError(f"the bundle {path} is not published: {exc}") from exc
    return Part(f"bundles/{path.name}", digest)


def _with_bundle(revision: Revision, part: Part) -> Revision:
    """Return `revision` with another bundle, remembering the ones before."""
    if revision.bundle == part:
        return revision
    before = [revision.bundle.file] if revision.bundle else []
    before += [file for file in revision.bundles if file not in before]
    kept = [file for file in before if file != part.file][:KEPT_BUNDLES]
    return replace(revision, bundle=part, bundles=tuple(kept))


def _write_part(state: Path, folder: str, suffix: str, data: bytes, before: Part | None) -> Part:
    """Write a part under its digest's name unless that content is in force already."""
    digest = revisions.digest_of(data)
    part = Part(f"{folder}/{digest[:16]}{suffix}", digest)
    path = state / part.file
    if part != before or not _is_whole(state, part):
        make_folder(path.parent)
        write_atomic(path, data)
    return part


def _is_whole(state: Path, part: Part | None) -> bool:
    """False when a snapshot or client map is not on disk as it was published."""
    try:
        return part is None or revisions.digest_of((state / part.file).read_bytes()) == part.digest
    except OSError:
        return False


def _newest_is_damaged(state: Path) -> bool:
    """True when there is a newest revision that cannot be read."""
    path = state / revisions.NAME
    try:
        revisions.read(path)
    except (LayoutError, StoreError):
        return path.exists()
    return False


def _commit(state: Path, new: Revision) -> None:
    """Keep the two revisions before, then switch. The first renames need no sync: the last one syncs the folder."""
    newest, older = (state / name for name in revisions.KEPT)
    path = state / revisions.NAME
    try:
        if not _newest_is_damaged(state):  # it must not push a good one out
            _copy_name(newest, older)
            _copy_name(path, newest)
    except OSError as exc:
        raise StoreError(f"cannot keep the revision before in {state}: {exc.strerror or exc}") from exc
    write_atomic(path, new.encode())


def _copy_name(source: Path, target: Path) -> None:
    """Give `source` the second name `target`, replacing it; without hard links (FAT), copy it."""
    if not source.exists():
        return
    temp = target.with_name(f".{target.name}.link.tmp")
    temp.unlink(missing_ok=True)
    try:
        os.link(source, temp)
    except OSError:
        temp.unlink(missing_ok=True)
        write_atomic(target, source.read_bytes())
        return
    temp.rename(target)
    temp.unlink(missing_ok=True)  # rename(2) does nothing when both names are one file already


def _remove_unused(state: Path, new: Revision) -> None:
    """Remove files that neither this nor the two revisions before refer to. Best effort: DNS does not need it."""
    used = new.files()
    for revision in revisions.candidates(state):
        used |= revision.files()
    wall = time.time()
    for folder, grace_s in (("policy", 0.0), ("clients", 0.0), ("bundles", GRACE_S)):
        with contextlib.suppress(OSError):
            for path in (state / folder).iterdir():
                # a temporary file of policy/ or clients/ has no living writer: we hold the lock
                stale = path.name.startswith(".") or f"{folder}/{path.name}" not in used
                if stale and wall - path.stat().st_mtime >= grace_s and path.is_file():
                    path.unlink()
    for path in temporary_files(state):
        if path.name.startswith(f".{revisions.NAME}"):
            path.unlink(missing_ok=True)
