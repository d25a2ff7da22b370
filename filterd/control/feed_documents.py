"""What the province's feed brought for people, as it lies verified in STATE/feed/<id>/: advisories, cards, outcomes, links.

Read once and again only when a file has changed: the first page asks every ten seconds. What is missing, damaged or of
a later layout counts as not there; a sync verified it before it was written, so that is a sick disk, and nothing else.

    advisories(state)       # newest first
    outcomes(state)         # by the keys of their reports
"""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, TypeVar

from filterd.config import notices
from filterd.errors import FilterdError
from filterd.host.files import read_bounded
from filterd.model.feed import FeedLinks
from filterd.model.notice import Advisory, Card, Outcome

MAX_BYTES = 1024 * 1024
_T = TypeVar("_T")
_kept: dict[Path, tuple[tuple[int, int, int], Any]] = {}  # path -> what the file was, what it said
_MOST_KEPT = 64

log = logging.getLogger(__name__)


def advisories(state: Path) -> tuple[Advisory, ...]:
    """Return the advisories of the province, the newest first."""
    return _read(state, "advisories", notices.advisories, ())


def materials(state: Path) -> tuple[Card, ...]:
    """Return the cards of the province; none when the feed brings none."""
    return _read(state, "materials", notices.materials, ())


def outcomes(state: Path) -> Mapping[str, Outcome]:
    """Return what became of reports, by their keys: of all homes, for nobody but them knows whose a key is."""
    return _read(state, "outcomes", notices.outcomes, {})


def links(state: Path) -> FeedLinks:
    """Return the province's links; empty where it says nothing."""
    return _read(state, "index", _links, FeedLinks())


def _links(document: Any, _where: str) -> FeedLinks:
    from filterd.feed.index import parse

    return parse(json.dumps(document).encode()).links


def _read(state: Path, name: str, read: Callable[[Any, str], _T], nothing: _T) -> _T:
    folder = _folder(state)
    if folder is None:
        return nothing
    path = folder / f"{name}.json"
    try:
        now = path.stat()
        stamp = (now.st_mtime_ns, now.st_ino, now.st_size)
        kept = _kept.get(path)
        if kept is None or kept[0] != stamp:
            try:
                found: Any = read(json.loads(read_bounded(path, MAX_BYTES)), path.name)
            except (FilterdError, ValueError, RecursionError) as exc:
                log.warning("feed document not readable file=%s reason=%s", path.name, exc)
                found = nothing
            if len(_kept) >= _MOST_KEPT:
                _kept.clear()
            kept = _kept[path] = stamp, found
    except OSError:
        return nothing
    result: _T = kept[1]
    return result


def _folder(state: Path) -> Path | None:
    """Return the folder of the first feed: the province's."""
    from filterd.feed.state import folder_of, load_followed

    try:
        found = load_followed(state)
    except FilterdError:
        return None
    return folder_of(state, found[0].key) if found else None
