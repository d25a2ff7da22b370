"""Whole lists that the office carries on: sources.yaml says whose they are, sources/<id>.txt what they block.

A list of thousands of names is proposed and approved as one thing, by the digest of its text. A newer text waits beside
it (sources/<id>.next.txt) until it is approved too; the approved one is published meanwhile. A text that somebody edits
by hand is not published at all. sources/<id>.exact.txt has the names that match themselves alone. The texts are canonical
(delta.py); reading the formats of others is control/feed_office_import.py.

    for mirror in read_mirrors(office.folder):
        mirror.in_force(office.folder, today, dropped_after_days=30)
"""

from __future__ import annotations

import hashlib
import operator
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from pathlib import Path

from filterd.config.document import Mapping, to_date
from filterd.errors import FeedError, StoreError
from filterd.feed import delta
from filterd.feed.entries import FILE_MODE, State, Withdrawn, dump, plain, same_person
from filterd.feed.index import is_list_id
from filterd.host.files import make_folder, read_bounded, write_atomic

MAX_MIRRORS = 32
_MAX_BYTES = 256 * 1024
EXACT = "-x"  # ends the id of the list that has the exact names
_KEYS = (
    *("id", "category", "origin", "format", "licence", "reason", "proposed_by", "proposed_at", "approved_by"),
    *("approved_at", "approved_what", "next_by", "next_at", "review_by", "withdrawn"),
)


@dataclass(frozen=True, slots=True)
class Mirror:
    """A list as a whole. `origin`: the file or address it was taken from; `approved_what`: digest of the approved text."""

    id: str
    category: str
    origin: str
    licence: str
    reason: str
    proposed_by: str
    proposed_at: date
    review_by: date
    format: str = "auto"
    approved_by: str = ""
    approved_at: date | None = None
    approved_what: str = ""
    next_by: str = ""  # who took in a newer text that waits for approval
    next_at: date | None = None
    withdrawn: Withdrawn | None = None

    def texts(self, folder: Path, *, newer: bool = False) -> tuple[bytes, bytes]:
        """Return its names, and those that match themselves alone. Raises StoreError, FeedError."""
        found = []
        for path in paths(folder, self.id, newer=newer):
            text = read_bounded(path, delta.MAX_TEXT_BYTES) if path.exists() else b""
            lines = text.splitlines()
            if any(map(operator.ge, lines, lines[1:])):
                raise FeedError(
                    f"{path}: expected sorted names, each once: take the list in with `filterd feed import`"
                )
            delta.check(text, len(lines))
            found.append(text)
        return found[0], found[1]

    def what(self, folder: Path) -> str:
        """Return a digest of what an approval is about."""
        digest = hashlib.sha256(repr((self.id, self.category, self.licence, self.reason, self.proposed_by)).encode())
        for text in self.texts(folder):
            digest.update(hashlib.sha256(text).digest())
        return digest.hexdigest()[:16]

    def state(self, folder: Path, today: date, dropped_after_days: int) -> State:
        """Return how the list stands on a day."""
        if self.withdrawn is not None:
            return State.WITHDRAWN
        if not self.approved_by:
            return State.PROPOSED
        if self.approved_what != self.what(folder):
            return State.CHANGED
        if today > self.review_by + timedelta(days=dropped_after_days):
            return State.DROPPED
        return State.OVERDUE if today > self.review_by else State.APPROVED

    def approved(self, folder: Path, by: str, at: date) -> Mirror:
        """Return it approved. Raises FeedError when the same person proposed it."""
        if same_person(by, self.proposed_by):
            raise FeedError(f"list {self.id}: {self.proposed_by} proposed it, so somebody else has to approve it")
        self = replace(self, next_by="", next_at=None)
        return replace(self, approved_by=by, approved_at=at, approved_what=self.what(folder), withdrawn=None)


def paths(folder: Path, list_id: str, *, newer: bool = False) -> tuple[Path, Path]:
    """Return the files of a list's names, and of its exact ones. `newer`: of those that wait for approval."""
    stem = f"{list_id}.next" if newer else list_id
    return folder / "sources" / f"{stem}.txt", folder / "sources" / f"{stem}.exact.txt"


def read_mirrors(folder: Path) -> list[Mirror]:
    """Return the lists in sources.yaml. Raises ConfigError with path and line."""
    path = folder / "sources.yaml"
    if not path.exists():
        return []
    top = Mapping.load(read_bounded(path, _MAX_BYTES), "sources.yaml", ("layout", "sources"))
    found: list[Mirror] = []
    for row in top.rows("sources", max_items=MAX_MIRRORS):
        one = row.mapping(_KEYS)
        mirror = _mirror(one)
        if mirror.id in {other.id for other in found}:
            one.fail(f"the list {mirror.id} stands here twice")
        if mirror.approved_by and same_person(mirror.approved_by, mirror.proposed_by):
            one.fail(f"{mirror.proposed_by} proposed it and approved it; somebody else has to approve it")
        found.append(mirror)
    top.problems.raise_if_any()
    return found


def write_mirrors(folder: Path, mirrors: Sequence[Mirror]) -> None:
    """Replace sources.yaml."""
    if len(mirrors) > MAX_MIRRORS:
        raise FeedError(f"expected at most {MAX_MIRRORS} lists, got {len(mirrors)}")
    document = {"layout": 1, "sources": [plain(mirror, _KEYS) for mirror in sorted(mirrors, key=lambda m: m.id)]}
    write_atomic(folder / "sources.yaml", dump(document), FILE_MODE)


def write_texts(folder: Path, list_id: str, below: bytes, exact: bytes, *, newer: bool = False) -> None:
    """Write a list's names; an empty half has no file."""
    make_folder(folder / "sources", 0o755)
    for path, text in zip(paths(folder, list_id, newer=newer), (below, exact), strict=True):
        if text:
            write_atomic(path, text, FILE_MODE)
        else:
            try:
                path.unlink(missing_ok=True)
            except OSError as exc:
                raise StoreError(f"cannot remove {path}: {exc.strerror or exc}") from exc


def check_id(text: str) -> str:
    """Return a list's id; FeedError when it is none, or too long to have an exact half."""
    if not is_list_id(text + EXACT) or text.endswith(EXACT):
        raise FeedError(f"expected a list id of 1 to 17 letters a-z, digits and hyphens, got {text[:60]!r}")
    return text


def _mirror(one: Mapping) -> Mirror:
    text = {key: _text(one, key, needed=True) for key in ("origin", "licence", "reason", "proposed_by")}
    ident, category, format_, gone = one.need("id"), one.need("category"), one.get("format"), one.get("withdrawn")
    withdrawn = None
    if gone is not None:
        past = gone.mapping(("by", "at", "reason"))
        withdrawn = Withdrawn(_text(past, "by", needed=True), _day(past, "at"), _text(past, "reason", needed=True))
    return Mirror(
        id=ident.convert(check_id, "a list id", "") if ident is not None else "",
        category=category.text(max_len=40) if category is not None else "",
        **text,
        format=format_.text(max_len=20) if format_ is not None else "auto",
        proposed_at=_day(one, "proposed_at"),
        review_by=_day(one, "review_by"),
        approved_by=_text(one, "approved_by"),
        approved_at=_day(one, "approved_at") if one.get("approved_at") is not None else None,
        approved_what=_text(one, "approved_what"),
        next_by=_text(one, "next_by"),
        next_at=_day(one, "next_at") if one.get("next_at") is not None else None,
        withdrawn=withdrawn,
    )


def _text(one: Mapping, key: str, *, needed: bool = False) -> str:
    value = one.need(key) if needed else one.get(key)
    return value.text(max_len=500) if value is not None else ""


def _day(one: Mapping, key: str) -> date:
    value = one.need(key)
    return value.convert(to_date, "a day such as 2026-12-31", date.min) if value is not None else date.min
