"""Taking a list in, of any format that boxes know: first what would change, then the change.

A short list becomes entries, one a name, each to be approved. A long one stays one thing (`list_id`), with its licence
and where it came from, and is approved as a whole; a newer text of it waits for its own approval. Names that the rules
refuse or warn of never come in this way: who means one proposes it by itself.

    seen = look(office, "gambling.txt", category="gambling")
    seen.new, seen.left_out
    take(office, seen, by="Lan", reason="police list of May", today=today)
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import date
from typing import TYPE_CHECKING

from filterd.control.feed_office import months_later, rows
from filterd.errors import FeedError
from filterd.feed.entries import MAX_NAME, Entry, State, Withdrawn, check_who, same_person, write_entry
from filterd.feed.mirrors import Mirror, check_id, read_mirrors, write_mirrors, write_texts

if TYPE_CHECKING:
    from filterd.control.feed_office_check import Checker
    from filterd.feed.office import Office

MAX_AS_ENTRIES = 2000  # more names than that nobody looks at one by one
MAX_KEPT = 200  # names left out that are told one by one
SHOWN = 20


@dataclass(frozen=True, slots=True)
class Seen:
    """What taking a list in would do. `below`, `exact`: texts of names; `new`, `gone`: against what is there now;
    `left_out`: (name, why), the first of them; `skipped`: lines without effect by the kind of reason.
    """

    origin: str
    category: str
    format: str
    list_id: str
    part: str
    below: frozenset[str]
    exact: frozenset[str]
    new: tuple[str, ...]
    gone: tuple[str, ...]
    left_out: tuple[tuple[str, str], ...]
    left_out_count: int
    skipped: dict[str, int]

    @property
    def names(self) -> int:
        """How many names come in."""
        return len(self.below) + len(self.exact)


def look(
    office: Office,
    origin: str,
    *,
    category: str,
    format_: str = "auto",
    list_id: str = "",
    part: str = "",
    loopback: bool = False,
    checker: Checker | None = None,
) -> Seen:
    """Read a list from a file or an address and return what it would change. Raises FeedError, ListRejected."""
    from filterd.control.feed_office_check import ABUSE, Checker
    from filterd.listbuild.body import prepare
    from filterd.listbuild.detect import detect
    from filterd.listbuild.fetch import fetch

    rules = checker or Checker(office)
    rules.category(category)
    if category == ABUSE:
        raise FeedError("category abuse takes no list: each name needs its own reason why it may be public")
    if list_id:
        check_id(list_id)
        _check_free(office, list_id, category)
        if part:
            raise FeedError("a part takes single names; a whole list is the office's")
    office.entries(part)
    body = prepare(fetch(origin, loopback=loopback).data or b"")
    chosen = detect(body).format if format_ == "auto" else format_
    below, exact, skipped = _read(body, chosen)
    below, exact, left = _allowed(rules, below, exact)
    if not list_id:  # an entry is a file that is called as the name
        below, exact = _short(below, left), _short(exact, left)
    there = _there(office, category, list_id, part)
    texts = {name: _text(name) for name in below | exact}
    names = set(texts.values())
    new = names - there
    return Seen(
        origin=origin,
        category=category,
        format=chosen,
        list_id=list_id,
        part=part,
        below=frozenset(texts[name] for name in below),
        exact=frozenset(texts[name] for name in exact),
        new=tuple(sorted(new)),
        gone=tuple(sorted(there - names)) if list_id else (),
        left_out=tuple(left[:MAX_KEPT]),
        left_out_count=len(left),
        skipped=dict(skipped),
    )


def take(
    office: Office, seen: Seen, *, by: str, reason: str, today: date, licence: str = "", evidence: str = ""
) -> int:
    """Take in what `look` saw, as proposals, and return how many names wait for approval now. Raises FeedError."""
    who = check_who(by)
    if not reason.strip():
        raise FeedError("expected a reason (--reason): why these names belong to the category")
    if not seen.names:
        raise FeedError(f"{seen.origin}: no name of it may come in")
    if seen.list_id:
        return _take_whole(office, seen, who, " ".join(reason.split()), today, licence)
    if len(seen.new) > MAX_AS_ENTRIES:
        raise FeedError(
            f"{len(seen.new)} names are too many to approve one by one (at most {MAX_AS_ENTRIES}): "
            "take them in as one list, with --list ID and its --licence"
        )
    until = months_later(today, office.policy.review_months)
    said = " ".join(reason.split())
    for name in seen.new:
        is_exact = name in seen.exact and name not in seen.below
        entry = Entry(
            name, seen.category, said, who, today, until, evidence=evidence or seen.origin[:300], exact=is_exact
        )
        write_entry(office.entries(seen.part), entry)
    return len(seen.new)


def approve_list(office: Office, list_id: str, *, by: str, today: date) -> Mirror:
    """Approve a whole list as another person than who proposed it. Raises FeedError."""
    mirrors = read_mirrors(office.folder)
    mirror = next((found for found in mirrors if found.id == list_id), None)
    if mirror is None:
        raise FeedError(f"expected a list of sources.yaml, got {list_id[:40]!r}")
    state = mirror.state(office.folder, today, office.policy.dropped_after_days)
    if state in (State.APPROVED, State.OVERDUE) and not mirror.next_by:
        raise FeedError(f"list {list_id} was approved by {mirror.approved_by} on {mirror.approved_at}")
    until = months_later(today, office.policy.review_months)
    _check_again(office, mirror)
    if not mirror.next_by:
        approved = mirror.approved(office.folder, check_who(by), today)
    else:  # the newer text takes the place of the one in force
        mirror = replace(mirror, proposed_by=mirror.next_by, proposed_at=mirror.next_at or today)
        if same_person(by, mirror.proposed_by):
            raise FeedError(f"list {list_id}: {mirror.proposed_by} took it in, so somebody else has to approve it")
        write_texts(office.folder, list_id, *mirror.texts(office.folder, newer=True))
        approved = mirror.approved(office.folder, check_who(by), today)
    approved = replace(approved, review_by=until)
    write_mirrors(office.folder, [approved if found.id == list_id else found for found in mirrors])
    write_texts(office.folder, list_id, b"", b"", newer=True)
    return approved


def withdraw_list(office: Office, list_id: str, *, by: str, reason: str, today: date) -> Mirror:
    """Take a whole list back: one person is enough. Raises FeedError."""
    mirrors = read_mirrors(office.folder)
    mirror = next((found for found in mirrors if found.id == list_id), None)
    if mirror is None or not reason.strip():
        raise FeedError(f"expected a list of sources.yaml and a reason (--reason), got {list_id[:40]!r}")
    gone = replace(mirror, withdrawn=Withdrawn(check_who(by), today, " ".join(reason.split())))
    write_mirrors(office.folder, [gone if found.id == list_id else found for found in mirrors])
    return gone


def _take_whole(office: Office, seen: Seen, who: str, reason: str, today: date, licence: str) -> int:
    from filterd.feed.delta import canonical

    mirrors = read_mirrors(office.folder)
    before = next((found for found in mirrors if found.id == seen.list_id), None)
    licence = licence or (before.licence if before is not None else "")
    if not licence:
        raise FeedError(
            "expected the licence under which the list may be passed on (--licence), such as CC0-1.0 or MIT"
        )
    texts = canonical(name.encode() for name in seen.below), canonical(name.encode() for name in seen.exact)
    days = office.policy.dropped_after_days
    in_force = before is not None and before.state(office.folder, today, days) in (State.APPROVED, State.OVERDUE)
    if before is not None and in_force:
        if texts == before.texts(office.folder):
            return 0
        made = replace(before, next_by=who, next_at=today)
    else:
        made = Mirror(
            id=seen.list_id,
            category=seen.category,
            origin=seen.origin[:300],
            licence=licence,
            reason=reason,
            proposed_by=who,
            proposed_at=today,
            review_by=months_later(today, office.policy.review_months),
            format=seen.format,
        )
    write_texts(office.folder, seen.list_id, *texts, newer=in_force)
    write_mirrors(office.folder, [*(found for found in mirrors if found.id != seen.list_id), made])
    return seen.names


def _read(body: bytes, format_: str) -> tuple[set[bytes], set[bytes], Counter[str]]:
    """Return (names with what is below them, names alone, lines without effect) of a prepared body."""
    from filterd.listbuild.claims import BLOCK_BELOW, BLOCK_SELF, IMPORTANT_SHIFT
    from filterd.listbuild.read import Report, read_claims

    report = Report()
    below: set[bytes] = set()
    exact: set[bytes] = set()
    exceptions: set[bytes] = set()
    for mask, name in read_claims(body, format_, report):
        mask |= mask >> IMPORTANT_SHIFT
        if mask & BLOCK_BELOW:
            below.add(name)
        elif mask & BLOCK_SELF:
            exact.add(name)
        else:
            exceptions.add(name)
    skipped = Counter({f"wrong: {kind}": count for kind, count in report.errors.items()}) + report.ignored
    if exceptions:
        skipped["exceptions, which a feed does not have"] = len(exceptions)
    return below - exceptions, exact - below - exceptions, skipped


def _allowed(
    rules: Checker, below: set[bytes], exact: set[bytes]
) -> tuple[set[bytes], set[bytes], list[tuple[str, str]]]:
    """Leave out what the rules refuse or warn of. Only names that a rule speaks of are looked at one by one."""
    left: list[tuple[str, str]] = []
    out: set[bytes] = set()
    spoken = (rules.above_lifelines, rules.protected, rules.above_popular, rules.apps)
    for is_exact, names in ((False, below), (True, exact)):
        for name in sorted((names & rules.above_safe).union(*(names & group.keys() for group in spoken))):
            found = rules.check_wire(name, exact=is_exact)
            why = found.refusal or "; ".join(found.warnings)
            if why:
                left.append((found.name, why))
                out.add(name)
    return below - out, exact - out, left


def _short(names: set[bytes], left: list[tuple[str, str]]) -> set[bytes]:
    long = {name for name in names if len(name) - 2 > MAX_NAME}
    left += [(_text(name), f"longer than {MAX_NAME} characters") for name in sorted(long)]
    return names - long


def _check_again(office: Office, mirror: Mirror) -> None:
    """Raise FeedError when the text that is to be approved holds a lifeline: somebody wrote the file by hand."""
    from filterd.control.feed_office_check import Checker

    rules = Checker(office)
    texts = mirror.texts(office.folder, newer=bool(mirror.next_by))
    for is_exact, text, group in ((False, texts[0], rules.above_lifelines), (True, texts[1], rules.lifelines)):
        for line in {_text(name).encode() for name in group}.intersection(text.splitlines()):
            raise FeedError(rules.check(line.decode(), exact=is_exact).refusal)


def _there(office: Office, category: str, list_id: str, part: str) -> set[str]:
    """Return the names that are there now: of the list, or of the category's entries."""
    if list_id:
        mirror = next((found for found in read_mirrors(office.folder) if found.id == list_id), None)
        texts: Iterable[bytes] = mirror.texts(office.folder) if mirror is not None else ()
        return {line.decode() for text in texts for line in text.splitlines()}
    today = date.min
    return {row.entry.name for row in rows(office, today) if row.part == part and row.entry.category == category}


def _check_free(office: Office, list_id: str, category: str) -> None:
    """Refuse an id that the policy uses, or that belongs to a list of another category."""
    if list_id in {rule.list_id for rule in office.policy.categories.values()}:
        raise FeedError(f"{list_id} is the office's own list of a category: choose another id")
    for mirror in read_mirrors(office.folder):
        if mirror.id == list_id and mirror.category != category:
            raise FeedError(f"list {list_id} is of category {mirror.category}, not {category}")


def _text(name: bytes) -> str:
    from filterd.wire.name import to_text

    return to_text(name)
