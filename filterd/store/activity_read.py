"""Finds rows of the log: backwards from the newest, in bounded steps, until a page is full or time is up.

Conditions on the dictionaries (who, name, what) become sets of ids first, with the days they belong to: days on which
nobody asked for such a name are skipped whole. The same statements run on SQLite and PostgreSQL.

    found = Scan(connection, Wanted(profile="lan", blocked=True), time.monotonic() + 0.2).page(100)
    texts = Texts(connection).of(found.rows)
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

import sqlalchemy as sa

from filterd.store.activity import ID_SHIFT, event, gap, name, what, who

EventRow = tuple[int, int, int, int]  # id, who, name, what
MAX_ID = 1 << 63
_SET = 1000  # ids that are looked for by value; of more the condition itself is asked, row by row
_STEP = 4096  # rows of the first step
_MAX_STEP = 262_144
_STEP_S = 0.04  # a step takes about so long
_DAY_MS = 86_400_000
_EPOCH = date(1970, 1, 1).toordinal()
_BEFORE_MS, _AFTER_MS = 14 * 3_600_000, 37 * 3_600_000  # where a local day can begin and end, seen from Greenwich
_MAX_GAPS = 1000


@dataclass(frozen=True, slots=True)
class Wanted:
    """What rows are looked for; see model/activity.Filter. `low` <= id < `high`."""

    low: int = 0
    high: int = MAX_ID - 1
    profile: str = ""
    device: str = ""
    category: str = ""
    service: str = ""
    row: int | None = None
    action: int | None = None
    blocked: bool = False
    name: str = ""
    part: str = ""
    hidden: frozenset[str] = frozenset()  # profiles whose names and services do not count as known
    harm: frozenset[str] = frozenset()  # categories whose names do not

    @property
    def by_name(self) -> bool:
        """True when a name is looked for."""
        return bool(self.name or self.part)


@dataclass(frozen=True, slots=True)
class Found:
    """Rows, newest first. Everything from `reached` on was looked at."""

    rows: list[EventRow]
    reached: int  # an id
    looked_at: int
    at_end: bool


@dataclass(slots=True)
class _Side:
    """What a dictionary has to say: ids, or a condition when they are too many; None: every row will do."""

    condition: sa.ColumnElement[bool] | None = None
    days: frozenset[int] | None = None
    nothing: bool = False
    blocked: bool = False  # the ids are all below 0


class Scan:
    """One walk through the log, newest first."""

    def __init__(self, connection: sa.Connection, wanted: Wanted, deadline: float) -> None:
        """`deadline`: time.monotonic() at which to stop, roughly."""
        self._connection = connection
        self._wanted = wanted
        self._deadline = deadline
        sides = [self._who(), self._what(), self._name()]
        self._conditions = [s.condition for s in sides if s.condition is not None]
        self._blocked = wanted.blocked or sides[1].blocked
        self._nothing = any(s.nothing for s in sides)
        days: frozenset[int] | None = None
        for side in sides:
            if side.days is not None:
                days = side.days if days is None else days & side.days
        self._spans = [(wanted.low, wanted.high)] if days is None else _spans(days, wanted.low, wanted.high)

    def page(self, limit: int) -> Found:
        """Return at most `limit` rows."""
        rows: list[EventRow] = []
        looked_at, step = 0, _STEP
        if not self._nothing:
            for low, high in self._spans:
                while high > low:
                    if rows and len(rows) >= limit:
                        return Found(rows, rows[-1][0], looked_at, False)
                    if looked_at and time.monotonic() >= self._deadline:
                        return Found(rows, high, looked_at, False)
                    began = time.monotonic()
                    start = self._step_start(low, high, step) if self._conditions else low
                    more = self._rows(start, high, limit - len(rows))
                    rows += more
                    full = len(rows) >= limit
                    if not self._conditions:
                        looked_at += len(more)
                    else:
                        looked_at += self._count(more[-1][0] if full else start, high)
                    high = more[-1][0] if full else start
                    took = time.monotonic() - began
                    left = max(self._deadline - time.monotonic(), 0.005)
                    step = int(max(min(step * min(_STEP_S, left) / max(took, 1e-4), step * 8, _MAX_STEP), 256))
        if len(rows) >= limit > 0:
            return Found(rows, rows[-1][0], looked_at, False)
        return Found(rows, self._wanted.low, looked_at, True)

    def _range(self, low: int, high: int) -> list[sa.ColumnElement[bool]]:
        found = [event.c.id >= low, event.c.id < high]
        if self._blocked:
            # written out, not bound: the partial index is used for exactly this condition
            found.append(event.c.what < sa.literal_column("0"))
        return found

    def _step_start(self, low: int, high: int, rows: int) -> int:
        """Return the id of the `rows`-th row below `high`, or `low` when there are fewer."""
        statement = (
            sa.select(event.c.id).where(*self._range(low, high)).order_by(event.c.id.desc()).limit(1).offset(rows - 1)
        )
        found = self._connection.execute(statement).scalar()
        return low if found is None else int(found)

    def _count(self, low: int, high: int) -> int:
        statement = sa.select(sa.func.count()).select_from(event).where(*self._range(low, high))
        return int(self._connection.execute(statement).scalar() or 0)

    def _rows(self, low: int, high: int, limit: int) -> list[EventRow]:
        statement = (
            sa.select(event.c.id, event.c.who, event.c.name, event.c.what)
            .where(*self._range(low, high), *self._conditions)
            .order_by(event.c.id.desc())
            .limit(limit)
        )
        return [(r[0], r[1], r[2], r[3]) for r in self._connection.execute(statement)]

    # --- conditions, as sets of ids ---

    def _who(self) -> _Side:
        wanted = self._wanted
        conditions = who_conditions(wanted.profile, wanted.device)
        if wanted.hidden and (wanted.by_name or wanted.service):
            conditions.append(who.c.profile.not_in(sorted(wanted.hidden)))
        return self._side(who, event.c.who, conditions)

    def _what(self) -> _Side:
        wanted = self._wanted
        conditions: list[sa.ColumnElement[bool]] = []
        for column, value in (
            (what.c.category, wanted.category),
            (what.c.service, wanted.service),
            (what.c.row, wanted.row),
            (what.c.action, None if wanted.blocked else wanted.action),
        ):
            if value not in ("", None):
                conditions.append(column == value)
        if wanted.harm and wanted.by_name:
            conditions.append(what.c.category.not_in(sorted(wanted.harm)))
        return self._side(what, event.c.what, conditions)

    def _name(self) -> _Side:
        conditions = name_conditions(self._wanted.name, self._wanted.part)
        return self._side(name, event.c.name, conditions)

    def _side(
        self, table: sa.Table, column: sa.ColumnElement[int], conditions: Sequence[sa.ColumnElement[bool]]
    ) -> _Side:
        if not conditions:
            return _Side()
        found = self._connection.execute(sa.select(table.c.id, table.c.day).where(*conditions).limit(_SET + 1)).all()
        if len(found) > _SET:
            return _Side(condition=sa.exists().where(table.c.id == column, *conditions))
        if not found:
            return _Side(nothing=True)
        ids = [int(row[0]) for row in found]
        return _Side(column.in_(ids), frozenset(int(row[1]) for row in found), blocked=max(ids) < 0)


def who_conditions(profile: str, device: str) -> list[sa.ColumnElement[bool]]:
    """Return the conditions on `who` for a profile and a device (by its id, or by its address)."""
    conditions: list[sa.ColumnElement[bool]] = []
    if profile:
        conditions.append(who.c.profile == profile)
    if device:
        conditions.append(sa.or_(who.c.device == device, who.c.address == device))
    return conditions


def name_conditions(below: str, part: str) -> list[sa.ColumnElement[bool]]:
    """Return the conditions on `name` for a name with everything below it, and for a part of a name."""
    conditions: list[sa.ColumnElement[bool]] = []
    if below:
        # a dot after a backslash is a letter of a label, not a border (wire/name.to_text)
        ends = name.c.text.endswith(f".{below}", autoescape=True)
        inside = name.c.text.endswith(f"\\.{below}", autoescape=True)
        conditions.append(sa.or_(name.c.text == below, sa.and_(ends, sa.not_(inside))))
    if part:
        conditions.append(name.c.text.contains(part, autoescape=True))
    return conditions


class Texts:
    """The texts behind ids, remembered for some time."""

    def __init__(self, connection: sa.Connection) -> None:
        self._connection = connection
        self._known: dict[str, dict[int, Any]] = {"name": {}, "who": {}, "what": {}}

    def of(self, rows: Sequence[EventRow]) -> list[tuple[int, Any, str, Any]]:
        """Return id, who row, name and what row for each; None or "" where the dictionary has none."""
        whos = self._get(who, {r[1] for r in rows})
        names = self._get(name, {r[2] for r in rows})
        whats = self._get(what, {r[3] for r in rows})
        return [
            (number, whos.get(w), found.text if (found := names.get(n)) is not None else "", whats.get(v))
            for number, w, n, v in rows
        ]

    def _get(self, table: sa.Table, ids: Iterable[int]) -> dict[int, Any]:
        known = self._known[table.name]
        missing = sorted(set(ids) - known.keys())
        if len(known) > 65_536:
            known.clear()
            missing = sorted(ids)
        for at in range(0, len(missing), 500):
            statement = sa.select(table).where(table.c.id.in_(missing[at : at + 500]))
            known.update((row.id, row) for row in self._connection.execute(statement))
        return known


def newest_id(connection: sa.Connection) -> int:
    """Return the id of the newest event, 0 when there is none."""
    return int(connection.execute(sa.select(sa.func.max(event.c.id))).scalar() or 0)


def forward(connection: sa.Connection, low: int, high: int, limit: int) -> list[EventRow]:
    """Return the first rows with `low` <= id < `high`, oldest first."""
    statement = sa.select(event).where(event.c.id >= low, event.c.id < high).order_by(event.c.id).limit(limit)
    return [(r[0], r[1], r[2], r[3]) for r in connection.execute(statement)]


def taken_from(connection: sa.Connection, low: int, limit: int) -> list[int]:
    """Return the first ids from `low` on that events have."""
    statement = sa.select(event.c.id).where(event.c.id >= low).order_by(event.c.id).limit(limit)
    return [int(n) for n in connection.execute(statement).scalars()]


def gaps_between(connection: sa.Connection, low_ms: int, high_ms: int) -> list[tuple[int, int, int, str]]:
    """Return gaps that end at `low_ms` <= at < `high_ms`, newest first: from, to, lost, kind."""
    statement = (
        sa.select(gap.c.at_from, gap.c.at_to, gap.c.lost, gap.c.kind)
        .where(gap.c.at_to >= low_ms, gap.c.at_to < high_ms)
        .order_by(gap.c.at_to.desc(), gap.c.id.desc())
        .limit(_MAX_GAPS)
    )
    return [(r[0], r[1], r[2], r[3]) for r in connection.execute(statement)]


def _spans(days: Iterable[int], low: int, high: int) -> list[tuple[int, int]]:
    """Return the ranges of ids in which events of these local days can lie, newest first, without overlaps."""
    spans: list[tuple[int, int]] = []
    for day in sorted(set(days), reverse=True):
        start_ms = (day - _EPOCH) * _DAY_MS - _BEFORE_MS
        end_ms = (day - _EPOCH) * _DAY_MS + _AFTER_MS
        first, last = max(start_ms << ID_SHIFT, low), min(end_ms << ID_SHIFT, high)
        if first >= last:
            continue
        if spans and last >= spans[-1][0]:
            spans[-1] = (min(first, spans[-1][0]), spans[-1][1])
        else:
            spans.append((first, last))
    return spans
