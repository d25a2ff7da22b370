"""The gate: the judgement whether a list, and then a bundle, may replace the one in force.

Files and clocks stay outside. Every refusal is an exception with a sentence, so that none can be forgotten; the caller
keeps what it has. A list is judged by what it held and by its history; a bundle by looking names up in it.

    check_list("ads", report, digest, history=[...], bound=Bound())   # raises ListRejected or ListHeld
    check_bundle(bundle, never_block=catalogue.never_block, ...)
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from filterd.errors import ListRejected
from filterd.listbuild.guard import NEVER_BLOCK
from filterd.listbuild.line import kind_of
from filterd.listbuild.names import wire
from filterd.listbuild.read import Report
from filterd.listbuild.refusal import Refused, Why
from filterd.listbuild.suffixes import icann
from filterd.lists.bundle import Bundle
from filterd.model.tags import TagKind, TagSet
from filterd.wire.name import to_text

NEAR_EMPTY = 0.10  # of the last good: below it nothing confirms
CONFIRMATIONS = 2  # later syncs that must agree with a held one
MAX_SHRINK = 0.20  # a real list lost 12 % within eight days and was right
MAX_GROW = 1.00
MAX_ERROR_SHARE = 0.5  # of the lines with content: more means another format than said
MAX_PROTECTED = 3  # never-block names in one list: a slip up to here, no blocklist beyond
ACCEPTED, HELD, REFUSED = "accepted", "held", "refused"


class ListHeld(Refused):
    """A list whose size changed beyond its bound: kept back until two later syncs confirm it."""

    def __init__(self, message: str) -> None:
        super().__init__(Why.HELD, message)


@dataclass(frozen=True, slots=True)
class Bound:
    """How far a list's size may change against the last good one without confirmation, as shares of it."""

    shrink: float = MAX_SHRINK
    grow: float = MAX_GROW


@dataclass(frozen=True, slots=True)
class Sync:
    """One earlier sync of a list, oldest first in a history. `verdict`: accepted, held or refused."""

    digest: str
    names: int
    verdict: str


def check_list(
    list_id: str, report: Report, digest: str, history: Sequence[Sync], bound: Bound, expected: int = 0
) -> None:
    """Return when the list may be taken. Raises ListRejected, or ListHeld when later syncs may confirm it.

    `report`: what reading it found; its number of entries is its size. `history`: all earlier syncs. `expected`: about
    how many entries it is known to have, for its first sync (0: not known), so that an emptied feed is noticed then too.
    """
    size = report.blocked
    if report.errors[NEVER_BLOCK] > MAX_PROTECTED:
        names = ", ".join(line.text for line in report.shown if kind_of(line.error or "") == NEVER_BLOCK)
        raise Refused(Why.NEVER_BLOCK, f"list {list_id}: it would block names that must never be blocked: {names}")
    wrong = report.errors.total()
    content = wrong + report.blocked + report.allowed
    if content and wrong > content * MAX_ERROR_SHARE:
        first = report.shown[0]
        raise Refused(
            Why.FORMAT,
            f"list {list_id}: {wrong} of {content} lines are wrong, so the format may be another one; "
            f"line {first.line}: {first.error} ({first.text[:60]!a})",
        )
    if not size:
        raise Refused(Why.EMPTY, f"list {list_id}: it blocks nothing ({_what(report)})")
    good = next((sync for sync in reversed(history) if sync.verdict == ACCEPTED), None)
    if good is None or not good.names:
        if size < expected * NEAR_EMPTY:
            raise Refused(Why.SHRUNK, f"list {list_id}: expected about {expected} entries, got {size}")
        return
    if size < good.names * NEAR_EMPTY:
        raise Refused(Why.SHRUNK, f"list {list_id}: expected about {good.names} entries as last time, got {size}")
    direction = _direction(size, good.names, bound)
    if direction and not _confirmed(digest, direction, good.names, history, bound):
        change = f"{size / good.names - 1:+.0%}, beyond -{bound.shrink:.0%} to +{bound.grow:.0%}"
        raise ListHeld(
            f"list {list_id}: {size} entries after {good.names} is a change of {change}; "
            f"held until {CONFIRMATIONS} later syncs confirm it"
        )


def check_bundle(
    bundle: Bundle,
    *,
    never_block: Iterable[bytes] = (),
    must_resolve: Iterable[bytes] = (),
    must_block: Iterable[bytes] = (),
    sample: Mapping[bytes, str] | None = None,
) -> None:
    """Return when `bundle` may be published. Raises ListRejected for the first thing that is wrong.

    `never_block`, `must_resolve`: names that no list may tag (services may: a family switches one off on purpose).
    `must_block`: names that some list must tag. `sample`: name -> id of the tag that its look-up must show (the
    self-check). No listed name may be an ICANN public suffix.
    """
    if not bundle.names:
        raise ListRejected("the bundle is empty")
    for name in (*never_block, *must_resolve):
        blocker = _listing(bundle.tagsets[bundle.lookup(name)])
        if blocker:
            raise ListRejected(f"list {blocker} would block {to_text(name)}, which must never be blocked")
    for name in must_block:
        if not _listing(bundle.tagsets[bundle.lookup(name)]):
            raise ListRejected(f"no list would block {to_text(name)}, which must be blocked")
    for name, tag_id in (sample or {}).items():
        if all(tag.id != tag_id for tag in bundle.tagsets[bundle.lookup(name)].tags):
            raise ListRejected(f"self-check: looking up {to_text(name)} does not show {tag_id}")
    for text in icann().exact:
        if b"." in text:  # a single label is never listed (listbuild/build.py)
            name = wire(text)
            found, listed = bundle.match(name)
            if listed == name and bundle.tagsets[found].tags:
                raise ListRejected(f"{text.decode()} is a public suffix: it must not be listed")


def _listing(tags: TagSet) -> str:
    """Return the id of the first list in a tag set, or ''."""
    return next((tag.id for tag in tags.tags if tag.kind is TagKind.LIST), "")


def _direction(size: int, good: int, bound: Bound) -> int:
    """Return -1 or +1 when `size` is beyond the bound downwards or upwards, else 0."""
    if size < good * (1 - bound.shrink):
        return -1
    return int(size > good * (1 + bound.grow))


def _confirmed(digest: str, direction: int, good: int, history: Sequence[Sync], bound: Bound) -> bool:
    """True when the last CONFIRMATIONS syncs were held for the same reason: same digest or same direction."""
    last = list(history[-CONFIRMATIONS:])
    return len(last) == CONFIRMATIONS and all(
        sync.verdict == HELD and (sync.digest == digest or _direction(sync.names, good, bound) == direction)
        for sync in last
    )


def _what(report: Report) -> str:
    """Return what a list without entries holds instead."""
    parts = [f"{count} {kind}" for kind, count in (report.ignored + report.errors).most_common(4)]
    return ", ".join(parts) or "an empty file"
