"""How the feed stands, for pages, commands and the home page's word: reads small files, loads nothing heavy.

The first feed is the province's. All documents are the last that were verified; that the feed itself is refused, late or
unreachable at the moment is in its status, and takes nothing of them away.

    seen = feed_status(state)              # None: no feed is followed
    if seen and seen.refusal: sentence(seen.refusal.code, "vi")
    advisories(state).get("advisories", [])
"""

from __future__ import annotations

import json
import logging
from pathlib import Path
from typing import TYPE_CHECKING, Any

from filterd.errors import FeedError, StoreError
from filterd.model.feed import FeedIndex, FeedLinks, FeedSeen, FeedUpstream, Refusal, Refused

if TYPE_CHECKING:
    from filterd.feed.state import Followed

log = logging.getLogger(__name__)


def feed_status(state: Path) -> FeedSeen | None:
    """Return how the province's feed stands, None when none is followed. Never raises."""
    found = feeds(state)
    return found[0] if found else None


def feeds(state: Path) -> tuple[FeedSeen, ...]:
    """Return how all followed feeds stand, the province's first. Never raises: damage is a refusal of kind `config`."""
    from filterd.feed.state import load_followed, load_status

    try:
        return tuple(load_status(state, one) for one in load_followed(state))
    except StoreError as exc:
        return (FeedSeen("", "", refusal=Refused(Refusal.CONFIG, str(exc), 0.0)),)


def advisories(state: Path) -> dict[str, Any]:
    """Return the province's advisories as they were published, {} when there are none."""
    return _document(state, "advisories.json")


def materials(state: Path) -> dict[str, Any]:
    """Return the province's materials as they were published, {} when there are none."""
    return _document(state, "materials.json")


def outcomes(state: Path) -> dict[str, Any]:
    """Return what became of reports, as it was published, {} when there is nothing."""
    return _document(state, "outcomes.json")


def links(state: Path) -> FeedLinks:
    """Return where the province says to call, report and read; empty ones when it says nothing."""
    found = index(state)
    return found.links if found else FeedLinks()


def upstreams(state: Path) -> tuple[FeedUpstream, ...]:
    """Return the upstreams that the province recommends."""
    found = index(state)
    return found.upstreams if found else ()


def index(state: Path) -> FeedIndex | None:
    """Return the province's index as last verified, None when there is none."""
    from filterd.feed.index import MAX_INDEX_BYTES, parse
    from filterd.host.files import read_bounded

    one = _first(state)
    if one is None:
        return None
    from filterd.feed.state import folder_of

    try:
        return parse(read_bounded(folder_of(state, one.key) / "index.json", MAX_INDEX_BYTES))
    except (StoreError, FeedError) as exc:
        log.debug("no index of the feed reason=%s", exc)
        return None


def _document(state: Path, name: str) -> dict[str, Any]:
    from filterd.feed.index import MAX_DOCUMENT_BYTES
    from filterd.feed.state import folder_of
    from filterd.host.files import read_bounded

    one = _first(state)
    if one is None:
        return {}
    try:
        found = json.loads(read_bounded(folder_of(state, one.key) / name, MAX_DOCUMENT_BYTES))
    except (StoreError, ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}


def _first(state: Path) -> Followed | None:
    from filterd.feed.state import load_followed

    try:
        found = load_followed(state)
    except StoreError:
        return None
    return found[0] if found else None
