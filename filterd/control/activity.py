"""What was asked and what became of it: pages of the log, newest first, for the page and the command line.

Rows of the store and records that are still in the workers' rings appear as one sequence: both are read as of one
moment, so that nothing is there twice or missing when the manager stores a batch meanwhile, and nothing waits for it.
Entries are masked as the household's privacy says; a question is found only by what is shown of it.

    first = page(state, Filter(profile="lan", action=Action.BLOCK))
    second = page(state, Filter(profile="lan", action=Action.BLOCK), older=first.older)

Sums are activity_stats.py's, whole logs for a spreadsheet activity_export.py's.
"""

from __future__ import annotations

import base64
import binascii
import struct
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from filterd.control.activity_live import Judge, Live, Rings, numbered, select
from filterd.control.household import has_store, load
from filterd.control.privacy import Keep, Masks
from filterd.errors import ConfigError
from filterd.host.run import run_dir
from filterd.model.activity import Counted, Entry, Filter, Gap, Page, Stats
from filterd.model.decision import Action, Row
from filterd.store import activity_read as reads
from filterd.store.activity import ID_SHIFT, cursors, forgotten, open_activity
from filterd.store.engine import reading

if TYPE_CHECKING:
    import sqlalchemy as sa

    from filterd.model.household import Household

EVERYTHING = Filter()
PAGE = 100  # entries
MAX_PAGE = 10_000
BUDGET_S = 0.2  # a page looks for entries about so long
_CURSOR = struct.Struct(">QI")
_CHUNK = 64
_TRIES = 3


@dataclass(frozen=True, slots=True)
class View:
    """Through what a household's log is seen: its masks, and its clock."""

    masks: Masks
    zone: ZoneInfo | None = None  # None: no household yet
    language: str = "vi"

    @classmethod
    def of(cls, household: Household) -> View:
        """Return the view of a household."""
        return cls(Masks.of(household), ZoneInfo(household.timezone), household.language)


def view_of(state: Path) -> View:
    """Return the view of a state's household; without one nothing is masked. Raises StoreError, ConfigError."""
    return View.of(load(state)) if has_store(state) else View(Masks())


@dataclass(slots=True)
class Moment:
    """Store and rings as of one moment."""

    connection: sa.Connection | None  # None: nothing was ever stored
    rings: Rings
    live: list[Live]  # in the order of the log
    gaps: list[Gap]  # among them

    def numbers(self) -> list[int]:
        """Return the ids that `live` will have in the store."""
        if self.connection is None or not self.live:
            return numbered(self.live, 0, lambda number: number)
        return numbered(self.live, reads.newest_id(self.connection), _Free(self.connection).first)


def page(
    state: Path,
    wanted: Filter = EVERYTHING,
    *,
    limit: int = PAGE,
    older: str = "",
    view: View | None = None,
    budget_s: float = BUDGET_S,
) -> Page:
    """Return entries, newest first. `older`: that of the page before. Raises ConfigError (cursor), StoreError.

    `budget_s`: how long to look; what was found until then is returned with `complete` False.
    """
    deadline = time.monotonic() + budget_s
    with moment(state, view := view or view_of(state), wanted) as now:
        return page_of(now, view, wanted, limit, older, deadline)


def page_of(now: Moment, view: View, wanted: Filter, limit: int, older: str, deadline: float | None = None) -> Page:
    """Return a page as of a moment. `deadline`: time.monotonic() at which to stop looking."""
    deadline = time.monotonic() + BUDGET_S if deadline is None else deadline
    limit = max(1, min(limit, MAX_PAGE))
    below = position_of(older) if older else reads.MAX_ID - 1
    low, high = wanted.since or 0, wanted.until
    rows = to_rows(wanted, view.masks)
    ids = now.numbers()
    entries = select(now.live, ids, wanted, view.masks, below, limit + 1)
    looked_at, reached, at_end = len(now.live), low << ID_SHIFT, True
    if now.connection is not None and rows is not None:
        scan = reads.Scan(now.connection, replace(rows, high=min(rows.high, below)), deadline)
        found = scan.page(limit + 1)
        looked_at += found.looked_at
        at_end = found.at_end or len(found.rows) > limit  # then the page is full before the scan's end matters
        reached = found.reached
        stored = of_rows(reads.Texts(now.connection), found.rows, view.masks)
        entries = sorted([e for e in entries if e.id >= reached] + stored, key=lambda e: e.id, reverse=True)
    more = len(entries) > limit
    entries = entries[:limit]
    if more:
        reached = entries[-1].id
    next_page = cursor_at(reached) if more or not at_end else ""
    if not next_page:
        reached = low << ID_SHIFT
    gaps = _gaps(now, reached, below, low, high, newest=not older)
    return Page(tuple(entries), tuple(gaps), next_page, reached >> ID_SHIFT, looked_at, at_end or more)


@contextmanager
def moment(
    state: Path, view: View, wanted: Filter = EVERYTHING, *, least: Keep = Keep.DETAIL, keep: bool = False
) -> Iterator[Moment]:
    """Store and rings as of one moment, until the end of the block. Raises StoreError.

    `keep`: the rings stay open behind it, for whoever goes on reading there.
    """
    folder = run_dir(state, create=False)
    engine = engine_of(state) if has_store(state, "activity") else None
    before: Mapping[str, tuple[int, int]] | None = None
    for tries in range(_TRIES, 0, -1):
        with ExitStack() as inner:
            after: Mapping[str, tuple[int, int]] = {}
            judge = Judge(view.masks)
            connection = None
            if engine is not None:
                connection = inner.enter_context(reading(engine, "activity"))
                after = cursors(connection)
                judge = Judge(view.masks, forgotten(connection, 0, int(time.time() * 1000)))
            rings = Rings(folder, after, blocked=wanted.blocked)
            closing = inner.enter_context(ExitStack())
            closing.callback(rings.close)
            live, gaps = rings.read(judge, least=least)
            if gaps and engine is not None and after != before and tries > 1:
                before = after  # a batch may have been stored, and overwritten in the ring, in between: look again
                continue
            if keep:
                closing.pop_all()
            yield Moment(connection, rings, live, gaps)
            return


def engine_of(state: Path) -> sa.Engine:
    """Return the log's engine, kept for the next call: it remembers how statements are put. Raises StoreError."""
    status = (state / "activity.db").stat() if not (state / "database").exists() else None
    return _engine(state, None if status is None else (status.st_dev, status.st_ino))


@lru_cache(maxsize=4)
def _engine(state: Path, _file: tuple[int, int] | None) -> sa.Engine:
    return open_activity(state)  # holds no connection (engine.py), so that nothing has to be closed


def to_rows(wanted: Filter, masks: Masks) -> reads.Wanted | None:
    """Return which rows of the store a filter means; None: none may be shown."""
    blocked = wanted.blocked
    if masks.level == "blocked":
        if wanted.action not in (None, Action.BLOCK):
            return None
        blocked = True
    elif masks.level != "everything":
        return None
    low, high = wanted.since or 0, wanted.until
    return reads.Wanted(
        low=max(low, 0) << ID_SHIFT,
        high=reads.MAX_ID - 1 if high is None else max(high, 0) << ID_SHIFT,
        profile=wanted.profile,
        device=wanted.device,
        category=wanted.category,
        service=wanted.service,
        row=None if wanted.row is None else int(wanted.row),
        action=None if wanted.action is None else int(wanted.action),
        blocked=blocked,
        name=wanted.name,
        part=wanted.part,
        hidden=masks.hidden,
        harm=masks.harm,
    )


def of_rows(texts: reads.Texts, rows: Sequence[reads.EventRow], masks: Masks) -> list[Entry]:
    """Return rows of the store as they may be shown."""
    entries = []
    for number, who, name, what in texts.of(rows):
        if what is None:
            continue  # a row without its dictionary says nothing
        profile, device, client = (who.profile, who.device, who.address) if who is not None else ("", "", "")
        row, category = Row(what.row), what.category
        hidden = masks.hides_name(profile, category)
        at_ms = masks.time(number >> ID_SHIFT, category)
        entry = Entry(
            number, at_ms, client, profile, device, "" if hidden else name,
            what.qtype, Action(what.action), row, what.rcode, what.origin, category,
            "" if masks.hides_service(profile) else what.service, what.list,
            "" if masks.hides_rule(profile, category, row) else what.rule,
            "" if hidden else what.matched, masks.time(1, category) == 1,
        )  # fmt: skip
        entries.append(entry)
    return entries


def name_filter(text: str) -> dict[str, str]:
    """Return what a person looks for as fields of a Filter: a name with all below it, or letters of one (no dot)."""
    from filterd.config.sitename import site_name
    from filterd.wire.name import to_text

    text = text.strip().lower()
    if text and "." not in text.strip("."):
        letters = text.strip(".")
        if letters.isascii():
            return {"part": letters}
    try:
        return {"name": to_text(site_name(text, reverse=True))}
    except ValueError as exc:
        raise ConfigError(f"name: {exc}") from None


def cursor_at(position: int) -> str:
    """Return the opaque text for a place in the log."""
    data = struct.pack(">Q", position)
    return base64.urlsafe_b64encode(data + struct.pack(">I", binascii.crc32(data))).decode().rstrip("=")


def position_of(cursor: str) -> int:
    """Return the place in the log that a text stands for. Raises ConfigError."""
    try:
        data = base64.b64decode(cursor.encode("ascii"), altchars=b"-_", validate=True)
        position, check = _CURSOR.unpack(data)
        if check != binascii.crc32(data[:8]) or position >= reads.MAX_ID:
            raise ValueError
    except (ValueError, struct.error):
        raise ConfigError(f"older: expected what an earlier page gave, got {cursor[:40]!r}") from None
    return int(position)


def _gaps(now: Moment, reached: int, below: int, low: int, high: int | None, *, newest: bool) -> list[Gap]:
    """Return the gaps that end in the stretch [reached, below) of ids and in the time asked for, newest first."""
    first, last = max(-(-reached >> ID_SHIFT), low), -(-below >> ID_SHIFT)
    if high is not None:
        last = min(last, high)
    unknown = [g for g in now.gaps if g.at_to == 0] if newest and high is None else []
    found = [g for g in now.gaps if g.at_to and first <= g.at_to < last]
    if now.connection is not None:
        found += [Gap(*row) for row in reads.gaps_between(now.connection, first, last)]
    return unknown + sorted(found, key=lambda g: g.at_to, reverse=True)


class _Free:
    """Looks for ids that no event has yet."""

    def __init__(self, connection: Any) -> None:
        self._connection = connection
        self._low, self._high, self._ids = 0, -1, frozenset[int]()

    def first(self, number: int) -> int:
        """Return the first free id from `number` on."""
        while True:
            if not self._low <= number <= self._high:
                found = reads.taken_from(self._connection, number, _CHUNK)
                self._low, self._ids = number, frozenset(found)
                self._high = found[-1] if len(found) == _CHUNK else reads.MAX_ID
            if number not in self._ids:
                return number
            number += 1


__all__ = ["Counted", "Entry", "Filter", "Gap", "Moment", "Page", "Stats", "View", "name_filter", "page", "view_of"]
