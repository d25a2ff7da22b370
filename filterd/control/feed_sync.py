"""One look at a feed: verify, gather, put into force, write down how it went. Refused means: nothing of it is taken.

Order of writes: texts of lists, registry, bundle, documents, status. A process killed anywhere leaves what was in force
or what is new, and the next look mends the rest. Only one sync of a state runs at a time, of feeds and of lists.

    result = sync_feed(state, followed(state, ""))                            # from its address
    result = sync_feed(state, one, source="/media/stick/feed")               # the same from a stick
    if result.refusal: print(result.refusal.code, result.refusal.sentence)
"""

from __future__ import annotations

import logging
import random
import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

from filterd.control.feed_trust import check_name, follow
from filterd.errors import FeedError, FilterdError, StoreError
from filterd.feed.refusal import FeedRefused
from filterd.feed.state import (
    Followed,
    clear_away,
    folder_of,
    load_root,
    load_status,
    save_document,
    save_status,
)
from filterd.host.clock import BUILD_TIME, kernel_is_synchronised, read_floor
from filterd.host.files import make_folder
from filterd.model.feed import FeedSeen, ListSeen, Refusal, Refused

if TYPE_CHECKING:
    from filterd.config.catalogue import Catalogue
    from filterd.control.feed_apply import Applied
    from filterd.control.feed_gather import Gathered
    from filterd.control.lists_build import Publish
    from filterd.feed.trust import Trust

log = logging.getLogger(__name__)

EVERY_S = 6 * 3600.0
JITTER = 0.1  # share of it, both ways, so that not every box of a province asks at once
OFFLINE_RETRY_S, OFFLINE_MAX_S = 300.0, 3600.0  # doubled each time
REFUSED_RETRY_S, REFUSED_MAX_S = 900.0, EVERY_S
_FLOOR_REACH_S = 30 * 86_400.0  # the box's own floor counts so far past the last verified time: it may have been wrong


class FeedBusy(FeedError):
    """Another sync of this state is at work."""


@dataclass(frozen=True, slots=True)
class FeedMeans:
    """What a sync works with; the defaults are those of the product, tests have their own."""

    wall: Callable[[], float] = time.time
    synchronised: Callable[[], bool] = kernel_is_synchronised
    chance: random.Random = field(default_factory=random.SystemRandom)
    catalogue: Catalogue | None = None
    publish: Publish | None = None
    wait_s: float = 20.0
    total_s: float = 900.0


@dataclass(frozen=True, slots=True)
class FeedResult:
    """What a sync did. `refusal` None and nothing in `taken`: everything was here already. `requests`, `body_bytes`:
    what it cost.
    """

    one: Followed
    seen: FeedSeen
    taken: tuple[str, ...] = ()
    removed: tuple[str, ...] = ()
    changed: bool = False
    revision: int = 0
    requests: int = 0
    body_bytes: int = 0

    @property
    def refusal(self) -> Refused | None:
        """Why nothing was taken; None when it went well."""
        return self.seen.refusal


def sync_feed(
    state: Path,
    one: Followed,
    *,
    root: bytes | None = None,
    source: str = "",
    wait: bool = False,
    means: FeedMeans | None = None,
) -> FeedResult:
    """Look at a feed once. `root`: of one that is not followed yet; it is from the first good look on. `source`: where
    to look this time. `wait`: for another sync that is at work, else FeedBusy.

    Raises FeedError for a wrong address, StoreError when the state cannot be used at all.
    """
    from filterd.host.files import Lock

    try:
        lock = Lock(make_folder(state / "sync") / "lock", wait=wait)
    except StoreError as exc:
        if "held by another" in str(exc):
            raise FeedBusy("the lists are being updated already: try again in a moment") from exc
        raise
    try:
        return _Look(state, one, means or FeedMeans()).run(root, source or one.url)
    finally:
        lock.release()


class _Look:
    """One run."""

    def __init__(self, state: Path, one: Followed, means: FeedMeans) -> None:
        self.state = state
        self.one = one
        self.means = means
        self.seen = load_status(state, one)
        self.now = means.wall()

    def run(self, root: bytes | None, source: str) -> FeedResult:
        from filterd.control.sync_names import Names
        from filterd.feed.fetch import Fetcher, base_of
        from filterd.feed.trust import Clock, Trust

        if not source:
            raise FeedError("expected where the feed is: `--from URL` or `--from FOLDER`")
        base = base_of(source)
        fetcher = Fetcher(
            self.one.proxy, resolve=Names(self.state), wait_s=self.means.wait_s, total_s=self.means.total_s
        )
        try:
            if root is None:
                root = _loaded_root(self.state, self.one)
            clock = Clock(self.now, self._floor(), self.means.synchronised)
            trust = Trust(folder_of(self.state, self.one.key) / "trust", root, base, fetcher, clock)
            trust.refresh()
            result = self._take(trust, root, clock.reference)
        except FeedRefused as exc:
            result = FeedResult(self.one, self._refused(exc))
        except (StoreError, OSError) as exc:
            result = FeedResult(self.one, self._refused(FeedRefused(Refusal.DISK, f"cannot be kept: {exc}")))
        finally:
            fetcher.close()
        try:
            save_status(self.state, self.one, result.seen)
        except StoreError as exc:  # said all the same; the next look finds everything else as it is
            result = FeedResult(self.one, self._refused(FeedRefused(Refusal.DISK, str(exc))))
        return replace(result, requests=fetcher.requests, body_bytes=fetcher.body_bytes)

    def _take(self, trust: Trust, root: bytes, reference: float) -> FeedResult:
        """Gather what is verified and put it into force."""
        from filterd.control.feed_apply import apply, held_text, is_needed, moment
        from filterd.control.feed_gather import Gather
        from filterd.listbuild.registry import load

        registered = load(self.state)
        gather = Gather(self.state, self.one, trust, self.seen, lambda key: held_text(self.state, key))
        found = gather.all(lambda key, listed: is_needed(registered.get(key), listed.level))
        check_name(self.state, self.one, found.index.feed)
        expires = trust.expires
        self.one = follow(self.state, self.one, root, found.index.feed, found.index.host)
        try:
            done = apply(
                self.state,
                found,
                catalogue=self.means.catalogue,
                publish=self.means.publish,
                at=moment(self.now),
            )
        except FeedRefused:
            raise
        except FilterdError as exc:
            raise FeedRefused(Refusal.DISK, f"the feed's lists could not be put into force: {exc}") from exc
        for name, data in found.documents.items():
            save_document(self.state, self.one, name, data)
        texts = [found.lists[key].text for key, _ in done.refused if key in found.lists]
        clear_away(self.state, self.one, {text.file for text in texts if text is not None and text.file is not None})
        seen = self._seen(found, done, trust, reference, expires)
        log.info(
            "feed verified feed=%s version=%d taken=%d revision=%d",
            seen.feed,
            seen.version,
            len(done.taken),
            done.revision,
        )
        return FeedResult(
            self.one,
            seen,
            tuple(done.taken),
            tuple(done.removed),
            found.changed or bool(done.taken or done.removed),
            done.revision,
        )

    def _seen(self, found: Gathered, done: Applied, trust: Trust, reference: float, expires: float) -> FeedSeen:
        from filterd.feed.fields import moment

        gate = dict(done.refused)
        warnings = [Refused(exc.code, f"{role}: {exc}", self.now) for role, exc in found.refused]
        warnings += [Refused(Refusal.GATE, str(reason), self.now) for reason in gate.values()]
        before = {entry.id: entry for entry in self.seen.lists}
        lists = []
        for key, wanted in found.lists.items():
            listed = wanted.listed
            held = before.get(key)
            is_here = wanted.is_here and key not in gate
            lists.append(
                ListSeen(
                    key,
                    listed.seq if is_here else held.seq if held else 0,
                    listed.sha256 if is_here else held.sha256 if held else "",
                    listed.count,
                    listed.category,
                    listed.level,
                    wanted.role,
                    listed.name,
                )
            )
        lists += [entry for entry in self.seen.lists if entry.role in found.refused_roles]
        jitter = self.means.chance.uniform(-JITTER, JITTER)
        return FeedSeen(
            feed=found.index.feed,
            url=self.one.url,
            fingerprint=self.one.fingerprint,
            name=found.index.name,
            seq=found.index.seq,
            checked_at=self.now,
            verified_at=max(self.seen.verified_at, min(reference, expires)),
            expires=expires,
            signed_at=moment(found.index.issued),
            version=trust.version,
            warnings=tuple(warnings),
            next_at=self.now + EVERY_S * (1 + jitter),
            host=found.index.host,
            lists=tuple(lists),
        )

    def _refused(self, exc: FeedRefused) -> FeedSeen:
        """Return the status after a look that took nothing."""
        log.warning("feed refused feed=%s code=%s reason=%s", self.seen.feed or self.one.key, exc.code, exc)
        first, most = (
            (OFFLINE_RETRY_S, OFFLINE_MAX_S) if exc.code is Refusal.OFFLINE else (REFUSED_RETRY_S, REFUSED_MAX_S)
        )
        wait = min(first * 2 ** min(self.seen.failures, 16), most) * (1 + self.means.chance.uniform(-0.25, 0.25))
        return replace(
            self.seen,
            checked_at=self.now,
            refusal=Refused(exc.code, str(exc), self.now),
            failures=self.seen.failures + 1,
            next_at=self.now + wait,
        )

    def _floor(self) -> float:
        """Return the latest time that has been, as far as this box knows.

        The floor of the rules' clock may have been set by a clock that was far ahead, so it counts only some days past
        the last verified time, and not at all while the kernel says that the clock is right.
        """
        floor = max(BUILD_TIME, self.seen.verified_at)
        if self.seen.is_verified and not self.means.synchronised():
            floor = max(floor, min(read_floor(self.state), self.seen.verified_at + _FLOOR_REACH_S))
        return floor


def _loaded_root(state: Path, one: Followed) -> bytes:
    try:
        return load_root(state, one)
    except StoreError as exc:
        raise FeedRefused(Refusal.CONFIG, str(exc)) from exc
