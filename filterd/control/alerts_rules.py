"""Notices changes that loosen rules, in the history of the household: one alert a person, profile and hour.

And children who need to talk, for they say so in the same history.

What loosens is alerts_loosened.py's. Part of alerts.py: it looks without writing, writes within the caller's
transaction, and is told when that has held; which change was looked at last is in the manager's memory.

    found = rules.look(now, household)
    if rules.write(connection, found): remember(connection, rules.document())
    rules.written()         # after the commit
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import sqlalchemy as sa

from filterd.config.catalogue import load as load_catalogue
from filterd.control import alerts_rows as rows
from filterd.control.alerts_loosened import Context, Loosening, loosened
from filterd.control.change import history
from filterd.control.household import has_store
from filterd.control.publish import current
from filterd.errors import LayoutError, StoreError
from filterd.lists.bundle import Bundle
from filterd.model.alert import AlertKind
from filterd.model.change import UNDO_S, Change, Edit
from filterd.model.household import Household
from filterd.store.activity import open_activity
from filterd.store.engine import reading
from filterd.wire.name import to_wire

FOLD_MS = 3_600_000  # changes of one person in one profile within an hour are one alert
MAX_CHANGES = 200  # that are looked at in one go
MAX_WHAT = 40  # loosened things that one alert names
RETRY_S = 10.0
_PAGE = 10  # changes
_OWN_SOURCES = ("manager", "upgrade")  # changes that no person made
_ADULT = "adult"

Found = tuple[Change, tuple[Loosening, ...]]


class Rules:
    """Changes that loosen rules, read from the history since the last one that was looked at."""

    def __init__(self, state: Path) -> None:
        self.state = state
        self.new = 0
        self._talks: list[tuple[Change, Edit]] = []  # of the last look
        self._seen: int | None = None  # the last change that is settled; None: not read yet
        self._reached: int | None = None  # the one that it will be when the write has held
        self._due: float | None = 0.0  # when to look; None: nothing has changed

    def reload(self) -> None:
        """The household has changed."""
        self._due = 0.0

    def again(self) -> None:
        """What was found could not be written."""
        self._reached, self._talks = None, []
        self._due = 0.0

    def look(self, now: float, household: Household | None) -> list[Found]:
        """Return changes that loosen, oldest first. One that can still be undone at once waits. Raises StoreError."""
        if self._due is None or now < self._due or household is None or not has_store(self.state):
            return []
        self._due = now + RETRY_S  # when it cannot be read
        if self._seen is None:
            self._seen = self._remembered()
        newest = self._newest(self._seen)
        if self._seen is None:  # what was before this was watched is no news
            self._reached = newest[0].number if newest else 0
            self._due = None
            return []
        fresh = [c for c in reversed(newest) if c.number > self._seen]
        young = next((c for c in fresh if 0 <= now - c.at < UNDO_S), None)
        ready = fresh if young is None else fresh[: fresh.index(young)]
        self._due = None if young is None else young.at + UNDO_S
        if not ready:
            return []
        self._reached = ready[-1].number
        self._talks = [(c, e) for c in ready for e in c.edits if _is_talk(e)]
        by_number = {c.number: c for c in newest}
        undone = {
            n
            for c in newest
            if c.reverts is not None and (old := by_number.get(c.reverts)) is not None and c.at - old.at <= UNDO_S
            for n in (c.number, c.reverts)
        }
        watched = [c for c in ready if c.who.source not in _OWN_SOURCES and c.number not in undone]
        if not watched:
            return []
        with context(self.state, household) as known:
            return [(c, what) for c in watched if (what := loosened(c, known))]

    def moved(self) -> bool:
        """Return whether the last look went further than what is remembered."""
        return self._reached is not None and self._reached != self._seen

    def write(self, connection: sa.Connection, found: Sequence[Found]) -> bool:
        """Write alerts; return whether the memory has changed."""
        self.new = 0
        for change, what in found:
            for profile in dict.fromkeys(x.profile for x in what):
                mine = [[x.what, x.value] for x in what if x.profile == profile]
                self.new += _keep(connection, change, profile, mine)
        for change, edit in self._talks:
            self.new += _keep_talk(connection, change, edit)
        return self.moved()

    def written(self) -> None:
        """The last write has held."""
        if self._reached is not None:
            self._seen, self._reached, self._talks = self._reached, None, []

    def document(self) -> dict[str, int]:
        """Return what is remembered."""
        number = self._seen if self._reached is None else self._reached
        return {} if number is None else {"change": number}

    def _newest(self, seen: int | None) -> list[Change]:
        """Return changes down to `seen`, newest first; a page at a time, because one import can be megabytes."""
        found: list[Change] = []
        while len(found) < MAX_CHANGES:
            page = history(self.state, limit=_PAGE, before=found[-1].number if found else None)
            found += page
            if len(page) < _PAGE or seen is None or page[-1].number <= seen:
                break
        return found

    def _remembered(self) -> int | None:
        if not has_store(self.state, "activity"):
            return None
        engine = open_activity(self.state)
        try:
            with reading(engine, "activity") as connection:
                number = (rows.memory(connection) or {}).get("change")
        finally:
            engine.dispose()
        return int(number) if isinstance(number, int) else None


def _is_talk(edit: Edit) -> bool:
    after = edit.after or {}
    return edit.kind == "request" and edit.before is None and after.get("kind") == "talk"


def _keep_talk(connection: sa.Connection, change: Change, edit: Edit) -> int:
    """Write the alert of a child who needs to talk; 1 when it is new."""
    key = f"{change.number}|{edit.id}"
    if rows.find(connection, AlertKind.CHILD_TALKS, key) is not None:
        return 0
    profile = str((edit.after or {}).get("profile", ""))
    rows.add(connection, AlertKind.CHILD_TALKS, key, int(change.at * 1000), profile=profile)
    return 1


def _keep(connection: sa.Connection, change: Change, profile: str, what: list[list[str]]) -> int:
    """Write one alert, or raise the one of the same person, place and profile in this hour; 1 when it is new."""
    at_ms = int(change.at * 1000)
    for alert in rows.recent(connection, AlertKind.RULES_LOOSENED, profile, at_ms - FOLD_MS):
        detail = alert.detail
        same = (detail.get("by"), detail.get("source")) == (change.who.by, change.who.source)
        if not same or not alert.at_ms - FOLD_MS < at_ms < alert.at_ms + FOLD_MS:
            continue
        first, last = detail.get("changes") or (0, 0)
        if not first <= change.number <= last:
            named = [*(detail.get("what") or ())]
            named += [pair for pair in what if pair not in named]
            parts = {"what": named[:MAX_WHAT], "changes": [min(first, change.number), max(last, change.number)]}
            rows.change(connection, alert.id, parts, count=alert.count + 1, last_at=max(alert.last_at_ms, at_ms))
        return 0
    detail = {
        "what": what[:MAX_WHAT], "by": change.who.by, "source": change.who.source,
        "changes": [change.number, change.number],
    }  # fmt: skip
    key = f"{profile}|{change.number}"
    rows.add(connection, AlertKind.RULES_LOOSENED, key, at_ms, profile=profile, detail=detail)
    return 1


class _Known:
    """What lists in force say of a site's name; they are opened when first asked."""

    def __init__(self, state: Path) -> None:
        self.state = state
        self._bundle: Bundle | None = None
        self._opened = False

    def categories(self, name: str) -> frozenset[str]:
        """Return the categories of a name; none when nothing is known of it."""
        if not self._opened:
            self._open()
        if self._bundle is None:
            return frozenset()
        try:
            return frozenset(self._bundle.tagsets[self._bundle.lookup(to_wire(name))].categories)
        except ValueError:
            return frozenset()

    def close(self) -> None:
        """Let go of the lists."""
        if self._bundle is not None:
            self._bundle.close()

    def _open(self) -> None:
        self._opened = True
        try:
            revision = current(self.state)
            if revision is not None and revision.bundle is not None:
                self._bundle = Bundle.open(self.state / revision.bundle.file, verify=False)
        except (LayoutError, StoreError):
            return  # said by who publishes and serves


@contextmanager
def context(state: Path, household: Household) -> Iterator[Context]:
    """What `loosened` must know of a household; its lists stay open for the block."""
    catalogue = load_catalogue()
    harm = frozenset(c.id for c in catalogue.categories.values() if c.harm)
    known = _Known(state)
    try:
        yield Context(
            presets={p.id: frozenset(p.blocked) for p in catalogue.presets.values()},
            safe={p.id: p.safe_search for p in catalogue.presets.values()},
            adults=frozenset(p.id for p in household.profiles if p.preset == _ADULT),
            devices={d.id: d.profile for d in household.devices},
            harm=harm,
            harm_of=lambda name: known.categories(name) & harm,
        )
    finally:
        known.close()
