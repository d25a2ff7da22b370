"""The sync: fetch what is due, each list through the gate, and publish one bundle at the end.

Every body is kept as soon as it is taken, so a sync that is cut goes on at the next start where it was. One list that
fails stops no other, and its last good body stays in force. At a first sync, which may take long on a slow line, what
is there is put into force on the way. Only one sync runs at a time; it is a process of its own, niced, started by the
manager (sync_job.py) or by a person.

    result = sync(state)                                   # what is due
    result = sync(state, only=("hostsvn-adult",))          # this one, due or not
    result = sync(state, folder=Path("/media/stick"))      # from files, no network
"""

from __future__ import annotations

import logging
import random
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from filterd.control import lists_build, sync_sources
from filterd.control.feed_lifeline import with_feeds
from filterd.control.lists_build import Publish
from filterd.control.lists_take import refused, take
from filterd.control.sync_choose import choose
from filterd.control.sync_due import after_failure, after_success, next_due
from filterd.control.sync_names import Names
from filterd.control.sync_publish import Publisher
from filterd.control.sync_state import DONE, FETCHING, OFFLINE, Failure, SyncState, Writer
from filterd.errors import ListRejected, StoreError

if TYPE_CHECKING:
    from filterd.config.catalogue import Catalogue
    from filterd.config.sources import Source
    from filterd.control.sync_fetch import Outcome
    from filterd.listbuild.fetch import Fetched
    from filterd.listbuild.registry import Listed

log = logging.getLogger(__name__)


class SyncBusy(StoreError):
    """Another sync of this state is at work."""


@dataclass(frozen=True, slots=True)
class SyncResult:
    """What a sync brought: ids by what became of them, the newest revision (0: nothing new), the last state."""

    accepted: tuple[str, ...]
    unchanged: tuple[str, ...]
    failures: tuple[Failure, ...]
    revision: int
    state: SyncState
    unknown_files: tuple[str, ...] = ()

    @property
    def offline(self) -> bool:
        """True when nothing could be reached at all."""
        return self.state.phase == OFFLINE


@dataclass(frozen=True, slots=True)
class Means:
    """What a sync works with; the defaults are those of the product, tests have their own."""

    sources: Mapping[str, Source] | None = None
    catalogue: Catalogue | None = None
    publish: Publish | None = None
    loopback: bool = False  # servers of this machine may be asked
    total_s: float = 300.0  # for one list
    wall: Callable[[], float] = time.time
    clock: Callable[[], float] = time.monotonic
    chance: random.Random | None = None


def sync(
    state: Path,
    only: Iterable[str] = (),
    *,
    folder: Path | None = None,
    everything: bool = False,
    progress: Callable[[SyncState], object] | None = None,
    means: Means | None = None,
) -> SyncResult:
    """Bring the lists that are due up to date and publish what changed.

    `only`: these, due or not. `everything`: all that are switched on, due or not. `folder`: from the files there, and
    only those lists that have one. `progress` is called with every change. Raises SyncBusy when another sync is at
    work, ListRejected for an unknown id in `only`, StoreError when the state cannot be used.
    """
    from filterd.host.files import Lock, make_folder

    try:
        lock = Lock(make_folder(state / "sync") / "lock", wait=False)
    except StoreError as exc:
        if "held by another" in str(exc):
            raise SyncBusy("the lists are being updated already: `filterd lists status` shows how far it is") from exc
        raise
    try:
        return _Sync(state, means or Means(), progress).run(tuple(only), folder, everything)
    finally:
        lock.release()


class _Sync:
    """One run."""

    def __init__(self, state: Path, means: Means, tell: Callable[[SyncState], object] | None) -> None:
        self.state = state
        self.means = means
        self.catalogue = with_feeds(state, means.catalogue or lists_build.shipped())
        self.sources = sync_sources.shipped() if means.sources is None else means.sources
        self.chance = means.chance or random.SystemRandom()
        self.writer = Writer(state, tell)
        self.accepted: list[str] = []
        self.unchanged: list[str] = []
        self.failures: list[Failure] = []
        self.not_reached: list[tuple[str, ListRejected]] = []
        self.names = Names(state)
        self.publisher = Publisher(state, self.catalogue, means.publish, self.writer, means.clock)

    def run(self, only: tuple[str, ...], folder: Path | None, everything: bool) -> SyncResult:
        from filterd.listbuild.registry import load, load_published

        files, unknown = self._files(folder) if folder is not None else ({}, ())
        wanted = (*only, *files)
        sync_sources.offer(self.state, self.means.sources, wanted, recommended=folder is None)
        lists = load(self.state)
        chosen = choose(
            lists, self.sources, self.means.wall(), only, files=None if folder is None else files, everything=everything
        )
        self.writer.begin(
            phase=FETCHING,
            first=not any(listed.digest and "://" in listed.origin for listed in lists.values()),
            started=self.means.wall(),
            of=len(chosen),
            names=_names(lists),
            protected=self.publisher.protected(lists if load_published(self.state) else {}),
        )
        for listed, outcome in self._outcomes(chosen, files):
            self._take(listed, outcome)
            if self.publisher.is_due():
                self._publish()
                self.writer.update(phase=FETCHING)
        self._note_not_reached()
        published = load_published(self.state)
        lists = load(self.state)
        if lists_build.fingerprint(lists, self.catalogue) != published and (published or _has_bodies(lists)):
            self._publish()
        is_offline = bool(self.not_reached) and len(self.not_reached) == len(chosen)
        self.writer.finish(
            phase=OFFLINE if is_offline else DONE,
            finished=self.means.wall(),
            current=(),
            next_at=next_due(load(self.state).values()) or 0.0,
        )
        revision = self.publisher.revision
        log.info("sync done accepted=%d failed=%d revision=%d", len(self.accepted), len(self.failures), revision)
        return SyncResult(
            tuple(self.accepted), tuple(self.unchanged), tuple(self.failures), revision, self.writer.now, unknown
        )

    def _publish(self) -> None:
        """Put into force what there is; what is refused or damaged is said, and the bundle in force stays."""
        for list_id, reason in self.publisher.publish():
            self._failed(list_id, reason)
        self.writer.update(failures=tuple(self.failures))

    def _files(self, folder: Path) -> tuple[dict[str, Path], tuple[str, ...]]:
        """Return the files of a folder by list id, and the names that belong to no list."""
        from filterd.control.sync_folder import find
        from filterd.listbuild.registry import load

        addresses = {source.id: source.url for source in self.sources.values()}
        addresses |= {listed.id: listed.origin for listed in load(self.state).values() if "://" in listed.origin}
        found = find(folder, addresses)
        return found.files, found.unknown

    def _outcomes(self, chosen: list[Listed], files: Mapping[str, Path]) -> Iterator[Outcome]:
        from filterd.control.sync_fetch import fetch_all

        if not files:
            yield from fetch_all(chosen, self._fetch)
            return
        from filterd.control.sync_folder import read

        for listed in chosen:
            try:
                yield listed, read(files[listed.id], listed.max_bytes)
            except ListRejected as exc:
                yield listed, exc

    def _fetch(self, listed: Listed) -> Fetched:
        from filterd.listbuild.fetch import Limits, fetch
        from filterd.listbuild.registry import has_body

        etag, modified = listed.marks() if has_body(self.state, listed) else ("", "")
        limits = Limits(listed.max_bytes, total_s=self.means.total_s)
        return fetch(listed.origin, etag, modified, limits=limits, loopback=self.means.loopback, resolve=self.names)

    def _take(self, asked: Listed, outcome: Fetched | ListRejected) -> None:
        """Judge one answer and write what became of it, at once: what is good survives whatever comes next."""
        from filterd.listbuild.refusal import OFFLINE as OFFLINE_CODES
        from filterd.listbuild.refusal import why_of
        from filterd.listbuild.registry import load, registry_lock, save

        if isinstance(outcome, ListRejected) and why_of(outcome) in OFFLINE_CODES:
            self.not_reached.append((asked.id, outcome))  # written once at the end: offline, that may be all of them
            self._failed(asked.id, outcome)
            self.writer.update(done=self.writer.now.done + 1, current=(asked.id,))
            return
        with registry_lock(self.state):
            lists = load(self.state)
            now = lists.get(asked.id)
            if now is not None and now.enabled and now.origin == asked.origin:  # else: changed by somebody meanwhile
                lists[asked.id] = self._taken(now, outcome)
                save(self.state, lists)
        self.writer.update(
            done=self.writer.now.done + 1, current=(asked.id,), names=_names(lists), failures=tuple(self.failures)
        )

    def _taken(self, listed: Listed, outcome: Fetched | ListRejected) -> Listed:
        """Return the list after an answer."""
        from filterd.listbuild.fetch import Fetched
        from filterd.listbuild.refusal import why_of
        from filterd.listbuild.registry import body_digest, has_body

        wall = self.means.wall()
        at = datetime.fromtimestamp(wall, UTC)
        data = outcome.data if isinstance(outcome, Fetched) else None
        try:
            if isinstance(outcome, ListRejected):
                raise outcome
            if data is not None and body_digest(data) == listed.digest and has_body(self.state, listed):
                outcome = replace(outcome, data=None)  # the same in full: nothing to judge
                listed = replace(listed, etag=outcome.etag, modified=outcome.modified)
            accepted, report = take(self.state, listed, outcome, self.catalogue, at)
        except ListRejected as exc:
            self._failed(listed.id, exc)
            return after_failure(refused(listed, exc, data, at), why_of(exc), wall, self.chance)
        (self.unchanged if report is None else self.accepted).append(listed.id)
        self.publisher.new_names += accepted.names * (not listed.digest)
        return after_success(accepted, wall, self.chance)

    def _failed(self, list_id: str, reason: ListRejected) -> None:
        from filterd.listbuild.refusal import why_of

        self.failures.append(Failure(list_id, str(why_of(reason)), str(reason)))

    def _note_not_reached(self) -> None:
        """Write the failures of the connection in one go."""
        from filterd.listbuild.refusal import Why
        from filterd.listbuild.registry import load, registry_lock, save

        if not self.not_reached:
            return
        wall = self.means.wall()
        at = datetime.fromtimestamp(wall, UTC)
        with registry_lock(self.state):
            lists = load(self.state)
            for key, reason in self.not_reached:
                if key in lists:
                    lists[key] = after_failure(
                        refused(lists[key], reason, None, at), Why.NO_CONNECTION, wall, self.chance
                    )
            save(self.state, lists)
        self.writer.update(failures=tuple(self.failures))


def _names(lists: Mapping[str, Listed]) -> int:
    return sum(listed.names for listed in lists.values() if listed.enabled and listed.digest)


def _has_bodies(lists: Mapping[str, Listed]) -> bool:
    return any(listed.digest for listed in lists.values())
