"""Taking a published revision into service: open, check, swap; on any error keep the old world and say so.

The opening is done on a thread of its own, because checking a list file takes longer than a question may wait; the swap
is one call between two packets. What is published, and how, is control/publish.py; what a world does is the engine's.

    world = first_world(state)                        # at start, with what is whole of the revisions before
    reloader = Reloader(state, loop, world, engine.swap)
    reloader.reload(lambda revision, error: ...)      # beside it, a look at the file each second
"""

from __future__ import annotations

import logging
import os
import threading
from collections.abc import Callable, Iterable
from dataclasses import replace
from pathlib import Path
from typing import TypeVar

from filterd.engine.world import World
from filterd.errors import FilterdError, LayoutError, StartError
from filterd.host import revision as revisions
from filterd.host.files import read_bounded
from filterd.host.revision import Part, Revision
from filterd.lists.bundle import Bundle
from filterd.net.loop import Loop
from filterd.policy.clients import ClientMap
from filterd.policy.judge import Judge
from filterd.policy.snapshot import Snapshot

LOOK_S = 1.0  # between two looks at the revision file, for a publisher that could not reach us
RETRY_S = 30.0  # after a failure that was not the revision file's
_MAX_SNAPSHOT = 64 * 1024 * 1024
_MAX_CLIENTS = 16 * 1024 * 1024
_OPENINGS = 5  # revisions that may be replaced under our eyes while we open one

log = logging.getLogger(__name__)

_T = TypeVar("_T")
Done = Callable[[int, str], object]  # revision in force, and why it is not the newest ("" when it is)


class Opened:
    """A world with the revision it was made from, so that unchanged parts are used again."""

    __slots__ = ("revision", "world")

    def __init__(self, revision: Revision, world: World) -> None:
        self.revision = revision
        self.world = world


def open_world(state: Path, revision: Revision, before: Opened | None = None) -> Opened:
    """Open and check everything that `revision` names. Raises FilterdError; never a half-checked world."""
    if revision.bundle is None or revision.snapshot is None:
        missing = "list bundle" if revision.bundle is None else "policy snapshot"
        raise LayoutError(f"revision {revision.number} has no {missing}")
    old, old_world = (before.revision, before.world) if before is not None else (Revision(0), None)
    if old_world is not None and old.bundle == revision.bundle:
        bundle = old_world.bundle
    else:
        bundle = _bundle(state, revision.bundle)
    if old_world is not None and old.snapshot == revision.snapshot:
        snapshot = old_world.snapshot
    else:
        snapshot = _snapshot(state, revision.snapshot)
    if old_world is not None and snapshot is old_world.snapshot and bundle is old_world.bundle:
        judge = old_world.judge
    else:
        judge = Judge(snapshot, bundle.tagsets)
    if old_world is not None and old.clients == revision.clients:
        clients = old_world.clients
    elif revision.clients is None:
        clients = ClientMap()
    else:
        clients = _clients(state, revision.clients)
    return Opened(revision, World(revision.number, bundle, snapshot, judge, clients))


def first_world(state: Path) -> Opened:
    """Open the newest whole list bundle and the newest whole snapshot; of the client map the newest, or none.

    The parts are chosen one by one: a damaged list file costs nobody a rule, and the other way round. Raises
    StartError: nothing is answered without lists and policy.
    """
    kept = list(revisions.candidates(state))
    if not kept:
        raise StartError(f"no whole revision to serve: nothing is published in {state}")
    newest, oldest = kept[0], kept[-1]
    reasons: list[str] = []
    bundles = [(r.number, r.bundle) for r in kept] + [(oldest.number, Part(f, "")) for r in kept for f in r.bundles]
    bundle = _newest_whole(state, bundles, _bundle, reasons)
    snapshot = _newest_whole(state, [(r.number, r.snapshot) for r in kept], _snapshot, reasons)
    clients = _newest_whole(state, [(newest.number, newest.clients)], _clients, reasons)
    for what, found in (("list bundle", bundle), ("policy snapshot", snapshot)):
        if found is None:
            reasons.append(f"revision {newest.number} has no whole {what}, nor have those before it")
    if bundle is None or snapshot is None:
        raise StartError(f"no whole revision to serve: {'; '.join(reasons)}")
    revision = replace(
        newest,
        number=min(bundle[0], snapshot[0]),
        bundle=bundle[1],
        snapshot=snapshot[1],
        clients=clients[1] if clients is not None else None,
    )
    if revision != newest:
        log.error("older parts are in force revision=%d newest=%d", revision.number, newest.number)
    world = World(
        revision.number,
        bundle[2],
        snapshot[2],
        Judge(snapshot[2], bundle[2].tagsets),
        clients[2] if clients is not None else ClientMap(),
    )
    return Opened(revision, world)


def _newest_whole(
    state: Path, parts: Iterable[tuple[int, Part | None]], opens: Callable[[Path, Part], _T], reasons: list[str]
) -> tuple[int, Part, _T] | None:
    """Return (revision, part, content) of the first of `parts` that is whole; note why the others are not."""
    tried = set()
    for number, part in parts:
        if part is None or part.file in tried:
            continue
        tried.add(part.file)
        try:
            return number, part, opens(state, part)
        except FilterdError as exc:
            log.error("damaged file passed over revision=%d reason=%s", number, exc)
            reasons.append(str(exc))
    return None


class Reloader:
    """Keeps the engine at the newest whole revision."""

    def __init__(self, state: Path, loop: Loop, opened: Opened, swap: Callable[[World], int]) -> None:
        """`opened`: what is in force. `swap`: the engine's."""
        self.opened = opened
        self.error = ""  # why the newest revision is not in force
        self.refused = 0
        self._state = state
        self._loop = loop
        self._swap = swap
        self._seen = _identity(state / revisions.NAME)
        self._waiting: list[Done] = []
        self._next: list[Done] = []  # asked while the thread was at work: it may have read the file before
        self._again = False
        self._thread: threading.Thread | None = None
        self._retry_at = float("inf")
        self._timer = loop.call_at(loop.clock() + LOOK_S, self._look)

    def reload(self, done: Done | None = None) -> None:
        """Take the newest revision; `done` is called on the loop's thread when that is settled."""
        if self._thread is not None:
            self._again = True
            if done is not None:
                self._next.append(done)
            return
        if done is not None:
            self._waiting.append(done)
        self._seen = _identity(self._state / revisions.NAME)
        self._retry_at = float("inf")
        self._thread = threading.Thread(target=self._open, args=(self.opened,), name="reload", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Look no more."""
        self._timer.cancel()

    def _look(self) -> None:
        self._timer = self._loop.call_at(self._loop.clock() + LOOK_S, self._look)
        if self._loop.clock() >= self._retry_at or _identity(self._state / revisions.NAME) != self._seen:
            self.reload()

    def _open(self, before: Opened) -> None:
        """The thread's work: touches nothing of the loop's but the call back."""
        opened: Opened | None = None
        error = ""
        try:
            opened = self._open_newest(before)
        except FilterdError as exc:
            error = str(exc)
        except Exception as exc:  # a damaged file must not end the worker whatever it makes its reader raise
            log.exception("revision cannot be opened")
            error = f"{type(exc).__name__}: {exc}"
        self._loop.call_from_thread(lambda: self._opened(opened, error))

    def _open_newest(self, before: Opened) -> Opened | None:
        """Open what the revision file names now; None when that is in force. Raises FilterdError."""
        path = self._state / revisions.NAME
        for attempt in range(_OPENINGS):
            revision = revisions.read(path)
            if revision == before.revision:
                return None
            try:
                return open_world(self._state, revision, before)
            except FilterdError:
                # a publisher that is three revisions further has removed these files: take the newest
                if attempt == _OPENINGS - 1 or revisions.read(path) == revision:
                    raise
        raise AssertionError("unreachable")

    def _opened(self, opened: Opened | None, error: str) -> None:
        """Back on the loop's thread: swap and tell who waits."""
        thread, self._thread = self._thread, None
        if thread is not None:
            thread.join()
        if opened is not None:
            try:
                self._swap(opened.world)
                self.opened = opened
                log.info("revision in force revision=%d", opened.revision.number)
            except Exception as exc:
                log.exception("revision cannot be put into force revision=%d", opened.revision.number)
                error = f"{type(exc).__name__}: {exc}"
        if error:
            self.refused += 1
            self._retry_at = self._loop.clock() + RETRY_S
            if error != self.error:
                log.error("revision refused, the old one stays revision=%d reason=%s", self.number, error)
        self.error = error
        waiting, self._waiting = self._waiting, []
        if self._again:
            self._again = False
            self._waiting, self._next = self._next, []
            self.reload()
        for done in waiting:
            done(self.number, error)

    @property
    def number(self) -> int:
        """The revision in force."""
        return self.opened.revision.number


def _bundle(state: Path, part: Part) -> Bundle:
    return Bundle.open(state / part.file, part.digest or None)


def _snapshot(state: Path, part: Part) -> Snapshot:
    return Snapshot.load(_content(state, part, _MAX_SNAPSHOT))


def _clients(state: Path, part: Part) -> ClientMap:
    return ClientMap.load(_content(state, part, _MAX_CLIENTS))


def _content(state: Path, part: Part, max_bytes: int) -> bytes:
    data = read_bounded(state / part.file, max_bytes)
    if revisions.digest_of(data) != part.digest:
        raise LayoutError(f"{state / part.file}: its digest is not {part.digest[:16]}...: the file is damaged")
    return data


def _identity(path: Path) -> tuple[int, int, int]:
    try:
        status = os.stat(path)  # noqa: PTH116 - each second
    except OSError:
        return 0, 0, 0
    return status.st_ino, status.st_mtime_ns, status.st_size
