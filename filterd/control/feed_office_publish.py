"""What the office publishes today: its entries and whole lists that are in force, by list, then signed (feed/publish.py).

done = publish(office, folders, ask, now)
refresh(office, folders, ask, now)           # daily, by a server that has the online key alone
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from filterd.errors import FeedError
from filterd.feed.chain import ListContent
from filterd.feed.entries import State, read_entries
from filterd.feed.mirrors import EXACT, read_mirrors
from filterd.feed.office import Office
from filterd.model.feed import MAX_LISTS, Level, Words

if TYPE_CHECKING:
    from filterd.feed.keys import Ask
    from filterd.feed.publish import Content, Publication


def publish(office: Office, folders: Sequence[Path], ask: Ask, now: datetime) -> Publication:
    """Publish what is in force and return what was done. Raises FeedError, ConfigError with each file that is wrong."""
    from filterd.control.feed_people import documents
    from filterd.feed.publish import Hand
    from filterd.feed.publish import publish as sign_and_write

    found = contents(office, now.date())
    return sign_and_write(office, found, documents(office.folder, now.timestamp()), Hand(tuple(folders), ask), now)


def refresh(office: Office, folders: Sequence[Path], ask: Ask, now: datetime) -> Publication:
    """Say that the last publication still holds. Raises FeedError."""
    from filterd.feed.publish import Hand
    from filterd.feed.publish import refresh as sign_again

    return sign_again(office, Hand(tuple(folders), ask), now)


def contents(office: Office, today: date) -> list[Content]:
    """Return the office's own lists, then those of each part. Raises FeedError for more than boxes take."""
    from filterd.feed.publish import Content

    found = [Content("", office.feed.name, tuple(_own(office, today)))]
    for part in office.parts:
        names = _by_list(office, today, part.role)
        lists = [_curated(office, key, lines, optional=True) for key, lines in sorted(names.items())]
        found.append(Content(part.role, part.name, tuple(lists)))
    for content in found:
        if len(content.lists) > MAX_LISTS:
            raise FeedError(f"expected at most {MAX_LISTS} lists, got {len(content.lists)}")
    return found


def _own(office: Office, today: date) -> list[ListContent]:
    from filterd.feed.delta import canonical

    names = _by_list(office, today, "")
    lists = [_curated(office, key, lines) for key, lines in sorted(names.items())]
    gone = _withdrawn(office)
    for mirror in read_mirrors(office.folder):
        rule = office.policy.categories.get(mirror.category)
        state = mirror.state(office.folder, today, office.policy.dropped_after_days)
        if rule is None:
            raise FeedError(f"list {mirror.id}: its category {mirror.category} is not in policy.yaml")
        if state not in (State.APPROVED, State.OVERDUE):
            continue
        for suffix, text in zip(("", EXACT), mirror.texts(office.folder), strict=True):
            out = gone.get(mirror.category, frozenset())
            if out:
                text = canonical(line for line in text.splitlines() if line not in out)
            if text:
                lists.append(
                    ListContent(
                        id=mirror.id + suffix,
                        category=mirror.category,
                        level=rule.level,
                        text=text,
                        exact=bool(suffix),
                        name=_name(mirror.category),
                        licence=mirror.licence,
                        source=mirror.origin if "://" in mirror.origin else "",
                    )
                )
    return lists


def _by_list(office: Office, today: date, part: str) -> dict[tuple[str, bool], set[bytes]]:
    """Return the names in force by (category, exact). Raises FeedError for a category that the policy lost."""
    found: dict[tuple[str, bool], set[bytes]] = {}
    for entry in read_entries(office.entries(part)):
        if entry.in_force(today, office.policy.dropped_after_days):
            if entry.category not in office.policy.categories:
                raise FeedError(f"{entry.name}: its category {entry.category} is not in policy.yaml")
            found.setdefault((entry.category, entry.exact), set()).add(entry.name.encode())
    return found


def _curated(office: Office, key: tuple[str, bool], names: set[bytes], *, optional: bool = False) -> ListContent:
    """Return the list of curated names of a category. `optional`: of a part, which cannot make names mandatory."""
    from filterd.feed.delta import canonical

    category, exact = key
    rule = office.policy.categories[category]
    return ListContent(
        id=rule.list_id + (EXACT if exact else ""),
        category=category,
        level=Level.RECOMMENDED if optional and rule.level is Level.MANDATORY else rule.level,
        text=canonical(names),
        exact=exact,
        name=_name(category),
        licence=office.policy.licence,
    )


def _withdrawn(office: Office) -> dict[str, frozenset[bytes]]:
    """Return what the office took back, by category: it goes out of whole lists too."""
    found: dict[str, set[bytes]] = {}
    for entry in read_entries(office.entries()):
        if entry.withdrawn is not None:
            found.setdefault(entry.category, set()).add(entry.name.encode())
    return {category: frozenset(names) for category, names in found.items()}


def _name(category: str) -> Words:
    from filterd.config.catalogue import load

    known = load().categories.get(category)
    return Words(known.name_vi, known.name_en) if known is not None else Words()


def published(office: Office) -> dict[str, datetime]:
    """Return until when each role's signature is good, as it is published now; {} before the first publication."""
    from filterd.feed import root
    from filterd.feed.published import load
    from filterd.feed.repository import Repository

    memory = load(office.folder)
    if not memory["versions"] or not office.repository.is_dir():
        return {}
    repository = Repository(office.repository, memory["versions"])
    roles = ("targets", "snapshot", "timestamp", *(part.role for part in office.parts))
    latest = {role: repository.latest(role) for role in roles}
    found = {role: metadata.signed.expires for role, metadata in latest.items() if metadata is not None}
    return found | {"root": root.current(office.folder).signed.expires}
