"""Putting what a feed brought into force: through the gate that every list passes, and out in one bundle.

Callers hold the lock of the sync. A list that the gate refuses stays as it is and is said; the others go on. Lists that
the feed does not have any more are let go of; what a household switched on or off of what it may stays so.

    applied = apply(state, "lai-chau", gathered, means)
    applied.revision        # 0: nothing new was to be published
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from filterd.control import lists_build
from filterd.control.feed_gather import Gathered, Wanted
from filterd.control.feed_lifeline import with_feeds
from filterd.control.lists_build import Publish, publish_lists
from filterd.control.lists_take import Change, refused, take
from filterd.errors import ListRejected, StoreError
from filterd.model.feed import Level

if TYPE_CHECKING:
    from filterd.config.catalogue import Catalogue
    from filterd.listbuild.registry import Listed

log = logging.getLogger(__name__)

ORIGIN = "feed:"  # of a feed's list in the registry: nothing that can be fetched, so that no other sync touches it
SMALL = 1000  # names: a list of fewer may lose most of them in a day, when a clerk tidies up
_SHRINK, _SHRINK_SMALL, _GROW = 0.5, 0.9, 1e6  # of the gate's bounds: what comes is signed, so that growing is meant


@dataclass(slots=True)
class Applied:
    """What was put into force. `refused`: (list, why) of what the gate did not let through, ("", why) for the whole."""

    taken: list[str] = field(default_factory=list)
    removed: list[str] = field(default_factory=list)
    refused: list[tuple[str, ListRejected]] = field(default_factory=list)
    revision: int = 0


def origin_of(feed: str, wanted: Wanted) -> str:
    """Return where a list comes from, as the registry says it."""
    return ORIGIN + "/".join(piece for piece in (feed, wanted.role, wanted.listed.id) if piece)


def of_feed(lists: Mapping[str, Listed], feed: str) -> dict[str, Listed]:
    """Return the registered lists of a feed."""
    return {key: listed for key, listed in lists.items() if listed.origin.startswith(f"{ORIGIN}{feed}/")}


def is_needed(listed: Listed | None, level: Level) -> bool:
    """True when the text of a list is wanted here: it is mandatory, or switched on, or new and recommended."""
    return level is Level.MANDATORY or (level is Level.RECOMMENDED if listed is None else listed.enabled)


def apply(
    state: Path,
    gathered: Gathered,
    *,
    catalogue: Catalogue | None = None,
    publish: Publish | None = None,
    at: datetime | None = None,
) -> Applied:
    """Take what was gathered, and publish a bundle when something of it is not in force. Raises StoreError."""
    from filterd.listbuild.registry import load, load_published, registry_lock, save

    shipped = with_feeds(state, catalogue or lists_build.shipped())
    done = Applied()
    feed = gathered.index.feed
    with registry_lock(state):
        before = load(state)
        lists = dict(before)
        for key, listed in of_feed(before, feed).items():
            role = listed.origin.removeprefix(f"{ORIGIN}{feed}/").rpartition("/")[0]
            wanted = gathered.lists.get(key)
            if (wanted is None or not wanted.listed.count) and role not in gathered.refused_roles:
                del lists[key]
                done.removed.append(key)
        for key, wanted in gathered.lists.items():
            if wanted.listed.count:
                _register(state, feed, wanted, lists, shipped, done, at)
                if wanted.text is not None and wanted.text.data is not None:
                    gathered.lists[key] = replace(wanted, text=None)  # building the bundle needs the memory
        if lists != before:
            save(state, lists)
        if lists_build.fingerprint(lists, shipped) != load_published(state) and _has_something(lists, before):
            try:
                _, done.revision = publish_lists(state, lists, shipped, publish=publish)
            except ListRejected as exc:
                log.error("the feed's lists are not in force reason=%s", exc)
                done.refused.append(("", exc))
    return done


def _register(
    state: Path,
    feed: str,
    wanted: Wanted,
    lists: dict[str, Listed],
    shipped: Catalogue,
    done: Applied,
    at: datetime | None,
) -> None:
    """Bring one list's registration, and its body when there is a new one, up to date."""
    from filterd.listbuild.fetch import Fetched
    from filterd.listbuild.registry import Listed, body_digest, has_body, read_body

    now = lists.get(wanted.id)
    if now is not None and now.origin != origin_of(feed, wanted):
        done.refused.append((wanted.id, ListRejected(f"another list is called {wanted.id} already: remove it first")))
        return
    entry = _entry(feed, wanted, now or Listed(wanted.id, wanted.listed.category, "domains", "domains", ""))
    lists[wanted.id] = entry
    if wanted.text is None and (now is None or not wanted.is_here or now.format == entry.asked):
        return
    data = read_body(state, entry) if wanted.text is None else wanted.text.read()
    if now is not None and body_digest(data) == now.digest and now.format == entry.asked and has_body(state, now):
        return
    try:
        accepted, _ = take(state, entry, Fetched(data), shipped, at, _change(wanted, now, entry))
    except ListRejected as exc:
        lists[wanted.id] = refused(entry, exc, data, at)
        done.refused.append((wanted.id, exc))
        return
    lists[wanted.id] = accepted
    done.taken.append(wanted.id)


def _entry(feed: str, wanted: Wanted, now: Listed) -> Listed:
    """Return the registration of a list of the feed; what the box has of it already is kept."""
    listed, level = wanted.listed, wanted.listed.level
    is_new = not now.origin
    enabled = level is not Level.OPTIONAL if is_new else now.enabled
    if level is Level.MANDATORY:
        enabled = True
    elif now.mandatory and level is Level.OPTIONAL:  # nobody here chose it
        enabled = False
    small = max(now.names, listed.count) < SMALL
    return replace(
        now,
        category=listed.category,
        asked="wildcard" if listed.exact else "domains",
        origin=origin_of(feed, wanted),
        mandatory=level is Level.MANDATORY,
        enabled=enabled,
        shrink=_SHRINK_SMALL if small else _SHRINK,
        grow=_GROW,
        every_h=6,
    )


def _change(wanted: Wanted, now: Listed | None, entry: Listed) -> Change | None:
    """Return what is new in a list whose last good body was judged in the same way; None: all of it is to be judged."""
    if wanted.added is None or now is None or not now.digest or now.format != entry.asked:
        return None
    return Change(wanted.added, wanted.listed.count - wanted.added.count(b"\n"))


def held_text(state: Path, list_id: str) -> bytes | None:
    """Return the text of a list that is in force, None when there is none."""
    from filterd.listbuild.registry import load, read_body

    listed = load(state).get(list_id)
    if listed is None or not listed.digest or not listed.origin.startswith(ORIGIN):
        return None
    try:
        return read_body(state, listed)
    except StoreError:
        return None


def moment(now: float) -> datetime:
    """Return wall seconds as the registry has them."""
    return datetime.fromtimestamp(now, UTC)


def _has_something(lists: Mapping[str, Listed], before: Mapping[str, Listed]) -> bool:
    return any(listed.digest for listed in (*lists.values(), *before.values()))
