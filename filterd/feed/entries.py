"""Entries: one curated name a file, entries/<category>/<name>.yaml, written so that a person can read the difference.

An entry is in force when somebody approved it who did not propose it, what was approved is what stands there now, it was
not withdrawn, and its review date is not long past. Which names may be proposed at all is control/feed_office_check.py.

    for entry in read_entries(office.entries()):
        entry.state(today, dropped_after_days=30)     # State.APPROVED
"""

from __future__ import annotations

import enum
import hashlib
import re
import unicodedata
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import yaml

from filterd.config.document import Mapping, to_date
from filterd.errors import ConfigError, FeedError
from filterd.host.files import make_folder, read_bounded, write_atomic

SEVERITIES = ("low", "medium", "high")
MAX_ENTRIES = 100_000  # files; more names than that come as a list of their own (mirrors.py)
MAX_ENTRY_BYTES = 16 * 1024
MAX_NAME = 230  # characters: with .yaml, and what a temporary file adds, it is the name of a file
MAX_REASON = 500
FILE_MODE = 0o644
_KEYS = (
    *("name", "category", "severity", "reason", "evidence", "exact", "proposed_by", "proposed_at", "approved_by"),
    *("approved_at", "approved_what", "reviewed_by", "reviewed_at", "review_by", "withdrawn", "second_confirmation"),
)
_NAME = re.compile(r"[a-z0-9_-]{1,63}(?:\.[a-z0-9_-]{1,63})+")
_Dumper: Any = getattr(yaml, "CSafeDumper", yaml.SafeDumper)


class State(enum.StrEnum):
    """How an entry stands."""

    PROPOSED = "proposed"
    APPROVED = "approved"
    CHANGED = "changed"  # after it was approved: somebody has to look again
    OVERDUE = "overdue"  # in force, but its review date is past
    DROPPED = "dropped"  # its review date is so long past that it is not published any more
    WITHDRAWN = "withdrawn"


@dataclass(frozen=True, slots=True)
class Withdrawn:
    """Who took an entry back, when, and why."""

    by: str
    at: date
    reason: str


@dataclass(frozen=True, slots=True)
class Entry:
    """One curated name. `name`: A-labels; `exact`: this name alone, not what is below it."""

    name: str
    category: str
    reason: str
    proposed_by: str
    proposed_at: date
    review_by: date
    severity: str = "medium"
    evidence: str = ""
    exact: bool = False
    approved_by: str = ""
    approved_at: date | None = None
    approved_what: str = ""  # digest of what was approved
    reviewed_by: str = ""  # who looked again and found it still right
    reviewed_at: date | None = None
    withdrawn: Withdrawn | None = None
    second_confirmation: str = ""  # why this name of category abuse may be public

    def what(self) -> str:
        """Return a digest of what an approval is about: a later change of any of it needs a new one."""
        parts = (self.name, self.category, self.severity, self.reason, self.evidence, self.exact)
        return hashlib.sha256(repr((*parts, self.proposed_by, self.second_confirmation)).encode()).hexdigest()[:16]

    def state(self, today: date, dropped_after_days: int) -> State:
        """Return how the entry stands on a day."""
        if self.withdrawn is not None:
            return State.WITHDRAWN
        if not self.approved_by:
            return State.PROPOSED
        if self.approved_what != self.what():
            return State.CHANGED
        if today > self.review_by + timedelta(days=dropped_after_days):
            return State.DROPPED
        return State.OVERDUE if today > self.review_by else State.APPROVED

    def in_force(self, today: date, dropped_after_days: int) -> bool:
        """True when it is to be published on a day."""
        return self.state(today, dropped_after_days) in (State.APPROVED, State.OVERDUE)

    def approved(self, by: str, at: date) -> Entry:
        """Return it approved. Raises FeedError when the same person proposed it."""
        if same_person(by, self.proposed_by):
            raise FeedError(f"{self.name}: {self.proposed_by} proposed it, so somebody else has to approve it")
        return replace(self, approved_by=by, approved_at=at, approved_what=self.what(), withdrawn=None)


def same_person(one: str, other: str) -> bool:
    """True when two names are written so alike that they are one person's."""
    return _plain(one) == _plain(other)


def path_of(folder: Path, entry: Entry) -> Path:
    """Return the file of an entry below an entries/ folder."""
    return folder / entry.category / f"{entry.name}.yaml"


def read_entries(folder: Path) -> Iterator[Entry]:
    """Yield the entries below an entries/ folder, by category and name. Raises ConfigError with file and line."""
    for count, path in enumerate(sorted(folder.glob("*/*.yaml")), 1):
        if count > MAX_ENTRIES:
            raise FeedError(f"{folder}: more than {MAX_ENTRIES} entries; import the rest as a list (--list)")
        yield read_entry(path)


def read_entry(path: Path) -> Entry:
    """Return the entry in a file. Raises ConfigError with file and line when it breaks a rule, StoreError."""
    where = f"{path.parent.name}/{path.name}"
    top = Mapping.load(read_bounded(path, MAX_ENTRY_BYTES), where, _KEYS)
    text = {
        key: _text(top, key)
        for key in ("evidence", "approved_by", "approved_what", "reviewed_by", "second_confirmation")
    }
    needed = {key: _text(top, key, needed=True) for key in ("name", "category", "reason", "proposed_by")}
    day = {key: _day(top, key, needed=True) or date.min for key in ("proposed_at", "review_by")}
    severity, exact, gone = top.get("severity"), top.get("exact"), top.get("withdrawn")
    entry = Entry(
        **needed,
        **text,
        proposed_at=day["proposed_at"],
        review_by=day["review_by"],
        severity=severity.one_of(SEVERITIES, "severity", "medium") if severity is not None else "medium",
        exact=exact.boolean(False) if exact is not None else False,
        approved_at=_day(top, "approved_at"),
        reviewed_at=_day(top, "reviewed_at"),
        withdrawn=_withdrawn(gone.mapping(("by", "at", "reason"))) if gone is not None else None,
    )
    if not _NAME.fullmatch(entry.name):
        top.fail(f"name: expected lower-case A-labels as boxes compare them, got {entry.name!r}")
    if (entry.category, f"{entry.name}.yaml") != (path.parent.name, path.name):
        top.fail(f"the file is for {path.parent.name}/{path.stem}, and says {entry.category}/{entry.name}")
    if entry.approved_by and same_person(entry.approved_by, entry.proposed_by):
        top.fail(f"{entry.proposed_by} proposed it and approved it; somebody else has to approve it")
    top.problems.raise_if_any()
    return entry


def write_entry(folder: Path, entry: Entry) -> Path:
    """Write an entry below an entries/ folder and return its file."""
    if len(entry.name) > MAX_NAME:
        raise FeedError(f"expected a name of at most {MAX_NAME} characters, got {len(entry.name)}")
    path = path_of(folder, entry)
    make_folder(path.parent, 0o755)
    write_atomic(path, dump(_document(entry)), FILE_MODE)
    return path


def dump(document: dict[str, Any]) -> bytes:
    """Return a document as the YAML that this folder is written in."""
    text: str = yaml.dump(document, Dumper=_Dumper, allow_unicode=True, sort_keys=False, width=110)
    return text.encode()


def plain(thing: object, keys: Iterable[str], always: Collection[str] = ()) -> dict[str, Any]:
    """Return what `thing` has under `keys` as YAML takes it; empty ones are left out, but for `always`."""
    found: dict[str, Any] = {}
    for key in keys:
        value = getattr(thing, key)
        if isinstance(value, Withdrawn):
            value = {"by": value.by, "at": value.at.isoformat(), "reason": value.reason}
        elif isinstance(value, date):
            value = value.isoformat()
        if value or key in always:
            found[key] = value
    return found


def _document(entry: Entry) -> dict[str, Any]:
    return plain(entry, _KEYS, always=("reason", "review_by"))


def _withdrawn(found: Mapping) -> Withdrawn:
    by, reason = _text(found, "by", needed=True), _text(found, "reason", needed=True)
    return Withdrawn(by, _day(found, "at", needed=True) or date.min, reason)


def _text(top: Mapping, key: str, *, needed: bool = False) -> str:
    value = top.need(key) if needed else top.get(key)
    return value.text(max_len=MAX_REASON) if value is not None else ""


def _day(top: Mapping, key: str, *, needed: bool = False) -> date | None:
    value = top.need(key) if needed else top.get(key)
    return value.convert(to_date, "a day such as 2026-12-31", None) if value is not None else None


def _plain(text: str) -> str:
    return " ".join(unicodedata.normalize("NFKC", text).casefold().split())


def check_who(text: str) -> str:
    """Return a person's name as it is kept. Raises ConfigError when it is empty or over-long."""
    name = " ".join(unicodedata.normalize("NFC", text).split())
    if not name or len(name) > 80 or not name.isprintable():
        raise ConfigError("expected the name of the person who decides (--by), of 1 to 80 characters")
    return name
