"""The office's daily work on single names: propose, approve, look again, take back. Two people decide on every name.

Whole lists are control/feed_office_import.py, publishing is control/feed_office_publish.py. Who somebody is, is what they
say (--by): the folder is kept in git, whose history and whose review say who wrote what.

    propose(office, "example.org", category="gambling", reason="casino", by="Lan", today=today)
    approve(office, "example.org", by="Minh", today=today)
"""

from __future__ import annotations

import calendar
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date
from typing import TYPE_CHECKING

from filterd.errors import FeedError
from filterd.feed.entries import (
    MAX_NAME,
    Entry,
    State,
    Withdrawn,
    check_who,
    path_of,
    read_entries,
    read_entry,
    write_entry,
)

if TYPE_CHECKING:
    from filterd.control.feed_office_check import Checker
    from filterd.feed.office import Office

MAX_SHOWN_WARNINGS = 10
_ABUSE = (
    "category abuse: a list that every home can read becomes a directory of such sites, and the police and the hotline "
    "need the report more than a list does (111, vn-cop.vn). Let an upstream block it (feed.yaml, upstreams). If this "
    "name may be public all the same, say why: --public-because"
)


class NotSure(FeedError):
    """The rules warn of a name. `warnings`: sentences; the same call with `sure` goes on."""

    def __init__(self, warnings: tuple[str, ...]) -> None:
        self.warnings = warnings
        super().__init__("; ".join(warnings[:MAX_SHOWN_WARNINGS]) + ": if it is meant all the same, say so with --sure")


@dataclass(frozen=True, slots=True)
class Row:
    """An entry and how it stands."""

    entry: Entry
    state: State
    part: str = ""


def months_later(day: date, months: int) -> date:
    """Return the same day some months later, or the last one of that month."""
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    return date(year, month + 1, min(day.day, calendar.monthrange(year, month + 1)[1]))


def propose(
    office: Office,
    name: str,
    *,
    category: str,
    reason: str,
    by: str,
    today: date,
    evidence: str = "",
    severity: str = "medium",
    exact: bool = False,
    part: str = "",
    review_by: date | None = None,
    sure: bool = False,
    public_because: str = "",
    checker: Checker | None = None,
) -> Entry:
    """Write a proposed entry and return it. Raises FeedError with the rule that it breaks, NotSure for a warning."""
    from filterd.control.feed_office_check import ABUSE, Checker

    rules = checker or Checker(office)
    rules.category(category)
    if not reason.strip():
        raise FeedError("expected a reason: one sentence that another person understands in a year (--reason)")
    if category == ABUSE and not public_because.strip():
        raise FeedError(_ABUSE)
    found = rules.check(name, exact=exact)
    if found.refusal:
        raise FeedError(found.refusal)
    if len(found.name) > MAX_NAME:
        raise FeedError(f"expected a name of at most {MAX_NAME} characters, got {len(found.name)}")
    if found.warnings and not sure:
        raise NotSure(found.warnings)
    longest = months_later(today, 36)
    until = review_by or months_later(today, office.policy.review_months)
    if not today < until <= longest:
        raise FeedError(f"expected a review date from tomorrow until {longest}, got {until}")
    entry = Entry(
        name=found.name,
        category=category,
        reason=" ".join(reason.split()),
        evidence=" ".join(evidence.split()),
        severity=severity,
        exact=exact,
        proposed_by=check_who(by),
        proposed_at=today,
        review_by=until,
        second_confirmation=" ".join(public_because.split()) if category == ABUSE else "",
    )
    folder = office.entries(part)
    for above in _parents(entry.name):
        path = path_of(folder, replace(entry, name=above))
        if path.exists() and not (there := read_entry(path)).exact and there.withdrawn is None:
            raise FeedError(f"{above} stands in {category} already, and covers {entry.name}")
    if path_of(folder, entry).exists():
        state = state_of(office, read_entry(path_of(folder, entry)), today)
        if state not in (State.WITHDRAWN, State.DROPPED):
            raise FeedError(f"{entry.name} stands in {category} already ({state})")
    write_entry(folder, entry)
    return entry


def approve(
    office: Office,
    name: str,
    *,
    by: str,
    today: date,
    category: str = "",
    part: str = "",
    sure: bool = False,
    checker: Checker | None = None,
) -> Entry:
    """Approve a proposed entry as another person than who proposed it. Raises FeedError, NotSure."""
    from filterd.control.feed_office_check import ABUSE, Checker

    entry = find(office, name, category=category, part=part)
    if entry.withdrawn is not None:
        raise FeedError(f"{entry.name} was withdrawn by {entry.withdrawn.by}: propose it again")
    if state_of(office, entry, today) not in (State.PROPOSED, State.CHANGED):
        raise FeedError(f"{entry.name} in {entry.category} was approved by {entry.approved_by} on {entry.approved_at}")
    approved = entry.approved(check_who(by), today)
    rules = checker or Checker(office)
    rules.category(entry.category)
    found = rules.check(entry.name, exact=entry.exact)  # somebody may have written the file by hand
    if found.refusal:
        raise FeedError(found.refusal)
    if entry.category == ABUSE and not entry.second_confirmation:
        raise FeedError(_ABUSE)
    if found.warnings and not sure:
        raise NotSure(found.warnings)
    write_entry(office.entries(part), approved)
    return approved


def look_again(
    office: Office, name: str, *, by: str, today: date, category: str = "", part: str = "", until: date | None = None
) -> Entry:
    """Note that somebody looked at an approved entry and found it still right. Raises FeedError."""
    entry = find(office, name, category=category, part=part)
    state = state_of(office, entry, today)
    if state not in (State.APPROVED, State.OVERDUE, State.DROPPED):
        raise FeedError(f"{entry.name} in {entry.category} is {state}, not in force: it has to be approved first")
    longest = months_later(today, 36)
    until = until or months_later(today, office.policy.review_months)
    if not today < until <= longest:
        raise FeedError(f"expected a review date from tomorrow until {longest}, got {until}")
    entry = replace(entry, reviewed_by=check_who(by), reviewed_at=today, review_by=until)
    write_entry(office.entries(part), entry)
    return entry


def withdraw(
    office: Office, name: str, *, by: str, reason: str, today: date, category: str = "", part: str = ""
) -> tuple[Entry, tuple[str, ...]]:
    """Take a name back: one person is enough, because a mistake has to end at once.

    Returns the entry, and the whole lists that still block the name through something above it. A name that only a whole
    list has gets an entry that takes it out of there; then a category is needed. Raises FeedError.
    """
    if not reason.strip():
        raise FeedError("expected a reason (--reason): the one who proposed it will ask")
    gone = Withdrawn(check_who(by), today, " ".join(reason.split()))
    try:
        entry = replace(find(office, name, category=category, part=part), withdrawn=gone)
    except FeedError:
        wire_text = plain(name)
        lists = [list_id for list_id, _ in _lists_with(office, wire_text, category)] if not part else []
        if not lists:
            raise
        found = next(c for list_id, c in _lists_with(office, wire_text, category) if list_id in lists)
        until = months_later(today, 36)
        entry = Entry(wire_text, found, gone.reason, gone.by, today, until, withdrawn=gone)
    write_entry(office.entries(part), entry)
    still = {
        list_id
        for parent in _parents(entry.name)
        for list_id, _ in _lists_with(office, parent, entry.category, below=True)
    }
    return entry, tuple(sorted(still))


def find(office: Office, name: str, *, category: str = "", part: str = "") -> Entry:
    """Return the entry of a name. Raises FeedError when there is none, or one in several categories."""
    wanted = plain(name)
    paths = [path for path in office.entries(part).glob("*/*.yaml") if path.name == f"{wanted}.yaml"]
    paths = [path for path in paths if category in ("", path.parent.name)]
    if not paths:
        raise FeedError(f"{wanted} has no entry" + (f" in {category}" if category else ""))
    if len(paths) > 1:
        raise FeedError(f"{wanted} stands in {', '.join(sorted(p.parent.name for p in paths))}: say which (--category)")
    return read_entry(paths[0])


def rows(office: Office, today: date) -> Iterator[Row]:
    """Yield all entries of the office, then those of its parts."""
    for part in ("", *(found.role for found in office.parts)):
        for entry in read_entries(office.entries(part)):
            yield Row(entry, state_of(office, entry, today), part)


def state_of(office: Office, entry: Entry, today: date) -> State:
    """Return how an entry stands by the policy."""
    return entry.state(today, office.policy.dropped_after_days)


def plain(name: str) -> str:
    """Return a name that a person wrote as the A-labels that entries are called by. Raises FeedError."""
    from filterd.config.sitename import site_name
    from filterd.wire.name import to_text

    try:
        return to_text(site_name(name))
    except ValueError as exc:
        raise FeedError(f"expected a site's name, got {name[:80]!r}: {exc}") from None


def _parents(name: str) -> list[str]:
    """Return the names above a name, nearest first, without the top-level one."""
    labels = name.split(".")
    return [".".join(labels[i:]) for i in range(1, len(labels) - 1)]


def _lists_with(office: Office, name: str, category: str, *, below: bool = False) -> Iterator[tuple[str, str]]:
    """Yield (list id, category) of each whole list that has a name. `below`: only where it covers what is below it."""
    from filterd.feed.mirrors import read_mirrors

    line = name.encode() + b"\n"
    for mirror in read_mirrors(office.folder):
        if category in ("", mirror.category):
            covering, exact = mirror.texts(office.folder)
            for text in (covering,) if below else (covering, exact):
                if text.startswith(line) or b"\n" + line in text:
                    yield mirror.id, mirror.category
                    break
