"""The office's inbox: takes in what boxes report, shows it grouped by name, and writes what was decided into the folder.

A report comes as JSON from anybody, so every field is judged. A decision is a file in outcomes/ first and a row second:
a power cut between the two asks the clerk once more, and the file is then the same. It says nothing about the lists
themselves: `filterd feed withdraw` and `filterd feed add` are the office's next step.

    with inbox(folder) as box:
        take(box, {"layout": 1, "site": "…", "sequence": 7, "kind": "mistake", "name": "example.org", ...}, now)
        decide(box, folder, "example.org", ReportKind.MISTAKE, Verdict.ACCEPTED, "cô Hoa", Words("Đã gỡ", "Removed"), now)
"""

from __future__ import annotations

import contextlib
import hashlib
import re
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from filterd.config import notices
from filterd.config.sitename import site_name
from filterd.control.feed_people import Decided, write_decided
from filterd.errors import ConfigError
from filterd.host.files import make_folder
from filterd.model.feed import Words
from filterd.model.notice import NO_WORDS, ReportKind, Verdict, key_of
from filterd.wire.name import to_text

if TYPE_CHECKING:
    from filterd.store.inbox import Added, Group, Inbox, Row

MAX_REASON = 300
MAX_BY = 80
MAX_SEQUENCE = 2**31
AT_ONCE = 1000  # reports in one file of outcomes/
_SITE = re.compile(r"[0-9a-f]{32}")
_SLUG = re.compile(r"[a-z0-9-]{0,40}")
_KEYS = frozenset({"layout", "site", "sequence", "kind", "name", "category", "reason"})


@contextlib.contextmanager
def inbox(folder: Path, database: str = "") -> Iterator[Inbox]:
    """Open the inbox of a working folder: build/inbox.db, or a PostgreSQL address. Raises StoreError."""
    box = open_inbox(folder, database)
    try:
        yield box
    finally:
        box.close()


def open_inbox(folder: Path, database: str = "") -> Inbox:
    """Return the inbox; the caller closes it."""
    from filterd.store.inbox import Inbox

    return Inbox.open(database or make_folder(folder / "build") / "inbox.db")


def take(box: Inbox, values: Any, now: float) -> Added:
    """Take in what a box says. Raises ConfigError for what no box says."""
    from filterd.store.inbox import Row

    if not isinstance(values, dict) or set(values) != _KEYS or values["layout"] != 1:
        raise ConfigError(f"report: expected the fields {', '.join(sorted(_KEYS))} of layout 1")
    site, sequence = values["site"], values["sequence"]
    if not isinstance(site, str) or not _SITE.fullmatch(site):
        raise ConfigError("report: site: expected 32 hexadecimal digits")
    if type(sequence) is not int or not 1 <= sequence <= MAX_SEQUENCE:
        raise ConfigError("report: sequence: expected a number from 1")
    if values["kind"] not in list(ReportKind):
        raise ConfigError(f"report: kind: expected {', '.join(ReportKind)}")
    if not isinstance(values["category"], str) or not _SLUG.fullmatch(values["category"]):
        raise ConfigError("report: category: expected letters a-z, digits and hyphens")
    if not isinstance(values["name"], str) or len(values["name"]) > 400:
        raise ConfigError("report: name: expected a site's name")
    try:
        name = to_text(site_name(values["name"]))
    except ValueError as exc:
        raise ConfigError(f"report: name: {exc}") from None
    reason = notices.line(values["reason"], "report: reason", MAX_REASON, empty=True)
    home = hashlib.sha256(f"filterd site {site}".encode()).hexdigest()[:32]
    row = Row(0, key_of(site, sequence), home, now, str(values["kind"]), name, values["category"], reason)
    return box.add(row)


def groups(box: Inbox, limit: int = 50) -> tuple[Group, ...]:
    """Return what waits, by name and kind, that of most homes first."""
    return box.groups(limit=limit)


def rows(box: Inbox, name: str = "", *, is_open: bool | None = True, limit: int = 50) -> tuple[Row, ...]:
    """Return reports, newest first."""
    return box.rows(limit=limit, name=name, is_open=is_open)


def decide(
    box: Inbox, folder: Path, name: str, kind: ReportKind, verdict: Verdict, by: str, note: Words, now: float
) -> int:
    """Decide all open reports of a name and kind; return how many. Raises ConfigError, StoreError.

    `by` stays in the office's folder; `note` goes to everybody in both languages, or is empty.
    """
    who = notices.line(by, "by", MAX_BY)
    said = NO_WORDS
    if note.vi or note.en:
        said = Words(*(notices.line(text, "note", notices.MAX_NOTE) for text in (note.vi, note.en)))
    wanted = to_text(site_name(name)) if _is_name(name) else name
    day = datetime.fromtimestamp(now, UTC).date().isoformat()
    count = 0
    while found := box.rows(name=wanted, kind=kind.value, is_open=True, limit=AT_ONCE):
        decided = Decided(wanted, kind.value, verdict, day, who, said, tuple(sorted(row.key for row in found)))
        write_decided(_file(folder, decided), decided)
        count += box.decide([row.id for row in found], verdict.value, who, now)
    if not count:
        raise ConfigError(f"name: nothing waits about {name[:80]!r} as {kind.value}; see `filterd feed inbox`")
    return count


def _file(folder: Path, decided: Decided) -> Path:
    which = hashlib.sha256(" ".join(decided.keys).encode()).hexdigest()[:8]
    return make_folder(folder / "outcomes") / f"{decided.date}-{decided.name[:150]}-{decided.kind}-{which}.yaml"


def _is_name(text: str) -> bool:
    try:
        site_name(text)
    except ValueError:
        return False
    return True
