"""Taking one body of a list: the judgement, the body kept, the row of history. Nothing is built or published here.

Used by `lists add` (lists.py) and by the sync (sync.py); both hold the registry's lock and save the registry.

    accepted, report = take(state, listed, fetched, catalogue, at)    # raises ListRejected
    lists[listed.id] = refused(listed, error, at)
"""

from __future__ import annotations

import logging
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from filterd.control import lists_build
from filterd.errors import ListRejected

if TYPE_CHECKING:
    from filterd.config.catalogue import Catalogue
    from filterd.listbuild.fetch import Fetched
    from filterd.listbuild.read import Report
    from filterd.listbuild.registry import Event, Listed

log = logging.getLogger(__name__)

AUTO = "auto"


@dataclass(frozen=True, slots=True)
class Change:
    """What is new in a body: `added` lines; `known` lines of it were in the last good body, and judged with that."""

    added: bytes
    known: int


def take(
    state: Path,
    wanted: Listed,
    fetched: Fetched,
    catalogue: Catalogue,
    at: datetime | None = None,
    change: Change | None = None,
) -> tuple[Listed, Report | None]:
    """Judge what was fetched, keep it, and return the list with it. Raises ListRejected or ListHeld.

    The report is None when the source says that nothing changed. Only the body is written. `change`: what is new
    against the last good body, when the caller knows; then that alone is read line by line.
    """
    from filterd.listbuild.gate import ACCEPTED
    from filterd.listbuild.registry import body_digest, save_body

    if fetched.data is None:
        return wanted.with_event(event(at, wanted.digest, wanted.names, 0, ACCEPTED)), None
    digest = body_digest(fetched.data)
    if digest == wanted.left:  # a person went back from this very body: another one is waited for
        marked = replace(wanted, etag=fetched.etag, modified=fetched.modified)
        return marked.with_event(event(at, wanted.digest, wanted.names, 0, ACCEPTED)), None
    judged, report = judge(wanted, fetched.data, digest, catalogue, change)
    save_body(state, wanted.id, fetched.data)
    names = report.blocked
    accepted = replace(wanted.with_body(digest, names, judged.format), etag=fetched.etag, modified=fetched.modified)
    return accepted.with_event(event(at, digest, names, len(fetched.data), ACCEPTED)), report


def judge(
    wanted: Listed, data: bytes, digest: str, catalogue: Catalogue, change: Change | None = None
) -> tuple[Listed, Report]:
    """Return the list with its detected format, and what its body holds. Raises ListRejected or ListHeld."""
    from filterd.listbuild.assemble import HOTLINE
    from filterd.listbuild.body import prepare
    from filterd.listbuild.detect import detect
    from filterd.listbuild.gate import check_list
    from filterd.listbuild.guard import NEVER_BLOCK, Guard
    from filterd.listbuild.read import Report, read_claims
    from filterd.listbuild.refusal import Refused, Why

    body = prepare(data if change is None else change.added)
    found = detect(body).format if wanted.asked == AUTO else wanted.asked
    report, hotlines = Report(), Report()
    wrong = frozenset() if wanted.mandatory else lists_build.reviewed().wrong(wanted.category)
    claims = Guard(catalogue.never_block, wrong).passed(read_claims(body, found, report), report)
    # a bundle with a list against a hotline is refused as a whole: such a list must not get that far
    help_names = [name for name, group in catalogue.lifelines.items() if group == HOTLINE]
    for _ in Guard(help_names).passed(claims, hotlines):
        pass
    if hotlines.errors[NEVER_BLOCK]:
        names = ", ".join(line.text for line in hotlines.shown)
        raise Refused(Why.NEVER_BLOCK, f"list {wanted.id} would block {names}, which must never be blocked")
    report.blocked += 0 if change is None else change.known
    check_list(wanted.id, report, digest, wanted.syncs(), wanted.bound, wanted.expected)
    return replace(wanted, format=found), report


def refused(listed: Listed, reason: ListRejected, data: bytes | None = None, at: datetime | None = None) -> Listed:
    """Return the list with a refused or held sync in its history. `data`: the body that was refused, if any came."""
    from filterd.listbuild.compare import blocked_names
    from filterd.listbuild.gate import HELD, REFUSED, ListHeld
    from filterd.listbuild.refusal import why_of
    from filterd.listbuild.registry import body_digest

    log.info("list rejected id=%s reason=%s", listed.id, reason)  # whoever asked for it says it to people
    names = 0
    if data:
        try:
            names = len(blocked_names(data, listed.asked))
        except ListRejected:
            pass
    verdict = HELD if isinstance(reason, ListHeld) else REFUSED
    digest = body_digest(data) if data else ""
    row = event(at, digest, names, len(data or b""), verdict, str(reason), str(why_of(reason)))
    return listed.with_event(row)


def wanted_list(
    before: Listed | None,
    list_id: str,
    origin: str | None,
    category: str | None,
    format: str,
    mandatory: bool,
    shrink: float | None,
    grow: float | None,
) -> Listed:
    """Return the registration that is asked for: the one before, with what was given anew."""
    from filterd.listbuild.assemble import STARTER
    from filterd.listbuild.gate import Bound
    from filterd.listbuild.read import format_of
    from filterd.listbuild.registry import Listed, check_slug

    check_slug(list_id, "an id")
    if list_id.startswith(STARTER):
        raise ListRejected(f"ids that begin with {STARTER} belong to the shipped lists, got {list_id}")
    if format != AUTO:
        format_of(format)
    if before is not None:
        wanted = replace(
            before,
            origin=origin or before.origin,
            category=check_slug(category or before.category, "a category"),
            asked=format if origin or format != AUTO else before.asked,
            mandatory=mandatory or before.mandatory,
            follows=before.follows and origin is None,
        )
    elif origin is None or category is None:
        raise ListRejected(f"list {list_id} is new: expected a category and a file or address")
    else:
        wanted = Listed(list_id, check_slug(category, "a category"), "domains", format, origin, mandatory)
    bound = Bound(wanted.shrink if shrink is None else shrink, wanted.grow if grow is None else grow)
    if not (0 <= bound.shrink <= 1 and bound.grow >= 0):
        raise ListRejected(f"expected a shrink bound of 0 to 1 and a grow bound of at least 0, got {bound}")
    return replace(wanted, shrink=bound.shrink, grow=bound.grow)


def event(
    at: datetime | None, digest: str, names: int, size: int, verdict: str, reason: str = "", code: str = ""
) -> Event:
    """Return a row of history; `at` None is now."""
    from filterd.listbuild.registry import Event

    moment = (at or datetime.now(UTC)).astimezone(UTC).isoformat(timespec="seconds")
    return Event(moment, digest, names, size, verdict, reason, code)
