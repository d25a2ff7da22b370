"""Takes rows out of the log so that they are gone: by age in small steps, or by a person's word in one transaction.

SQLite overwrites what is deleted (secure_delete), but not the copies that its trees leave in the gaps of pages when rows
move: a name is blanked before its row goes, and the small tables that have words are written anew. The write-ahead log,
which still has everything, is cut to nothing afterwards (`scrub`). PostgreSQL gives the room back by its own vacuum,
which `scrub` starts. Which rows are too old is control/retention.py's.

    with writing(engine, "activity") as connection:
        more = expire(connection, Cut(event_id=cut_ms << ID_SHIFT, hour=cut_hour, day=day, count_day=older, gap_ms=cut_ms))
    scrub(engine)
"""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass

import sqlalchemy as sa

from filterd.errors import StoreError
from filterd.store import activity as tables
from filterd.store.engine import reading

STEP_ROWS = 20_000
VACUUM_PAGES = 512  # 2 MiB that are given back to the disk in one step
_MAX_TEXT = 1024  # characters of a name, escapes included (255 bytes, four for each at most)
_SPARE_PAGES = 256  # free ones that stay: tomorrow's rows need them again
_DICTIONARIES = (tables.name, tables.who, tables.what)


@dataclass(frozen=True, slots=True)
class Cut:
    """What is too old: everything before these."""

    event_id: int
    hour: int
    day: int  # of dictionaries
    count_day: int
    count_ms: int
    gap_ms: int


@dataclass(frozen=True, slots=True)
class Deleted:
    """How many questions a person deleted: in detail, and in the daily counts."""

    events: int
    counted: int


def expire(connection: sa.Connection, cut: Cut, limit: int = STEP_ROWS) -> int:
    """Delete up to about `limit` rows that are too old; return how many went (0: none are left)."""
    event, hour = tables.event.c, tables.hour.c
    last = _nth(connection, sa.select(event.id).where(event.id < cut.event_id).order_by(event.id), limit)
    if last is not None:
        return _run(connection, sa.delete(tables.event).where(event.id <= last[0]))
    key = (hour.hour, hour.name, hour.who)
    last = _nth(connection, sa.select(*key).where(hour.hour < cut.hour).order_by(*key), limit)
    if last is not None:
        return _run(connection, sa.delete(tables.hour).where(sa.tuple_(*key) <= sa.tuple_(*last)))
    # the dictionaries after the rows that need them
    old = sa.select(tables.name.c.id).where(tables.name.c.day < cut.day).limit(limit)
    if ids := connection.execute(old).scalars().all():
        return _delete_names(connection, tables.name.c.id.in_(ids))
    gone = 0
    for table in (tables.who, tables.what):
        if connection.execute(sa.select(table.c.id).where(table.c.day < cut.day).limit(1)).first() is not None:
            gone += _rewrite(connection, table, table.c.day < cut.day)
    if gone:
        return gone
    for table in (tables.count, tables.slot):
        first = connection.execute(sa.select(sa.func.min(table.c.day)).where(table.c.day < cut.count_day)).scalar()
        if first is not None:
            gone += _run(connection, sa.delete(table).where(table.c.day == first))
    newest = sa.select(sa.func.max(tables.forget.c.id)).scalar_subquery()  # its number is never given twice
    gone += _run(
        connection, sa.delete(tables.forget).where(tables.forget.c.at < cut.count_ms, tables.forget.c.id < newest)
    )
    gone += _run(connection, sa.delete(tables.gap).where(tables.gap.c.at_to < cut.gap_ms))
    return gone + _run(connection, sa.delete(tables.alert).where(tables.alert.c.last_at < cut.count_ms))


def delete_rows(
    connection: sa.Connection, at_ms: int, profile: str = "", device: str = "", before: Cut | None = None
) -> Deleted:
    """Delete everything of a profile, a device, or ("" for both) everyone, and note it for what is still in the rings.

    `before`: only what is older; `at_ms` is then the last moment that goes.
    """
    connection.execute(sa.insert(tables.forget).values(at=at_ms, profile=profile, device=device))
    scope = {"profile": profile, "device": device}
    if before is not None:
        return _delete_before(connection, before, scope)
    counted = (
        connection.execute(sa.select(sa.func.sum(tables.count.c.n)).where(*_in(tables.count, scope))).scalar() or 0
    )
    if not profile and not device:
        events = connection.execute(sa.select(sa.func.count()).select_from(tables.event)).scalar_one()
        for table in (tables.event, tables.hour, *_DICTIONARIES, tables.count, tables.slot, tables.alert, tables.gap):
            connection.execute(sa.delete(table))
        return Deleted(events, int(counted))
    whos = sa.select(tables.who.c.id).where(*_in(tables.who, scope)).scalar_subquery()
    events = _run(connection, sa.delete(tables.event).where(tables.event.c.who.in_(whos)))
    _run(connection, sa.delete(tables.hour).where(tables.hour.c.who.in_(whos)))
    for table in (tables.count, tables.alert, tables.who):
        _rewrite(connection, table, sa.and_(*_in(table, scope)))
    if not device:
        _rewrite(connection, tables.slot, tables.slot.c.profile == profile)
    _delete_unused(connection)
    return Deleted(events, int(counted))


def _delete_before(connection: sa.Connection, cut: Cut, scope: dict[str, str]) -> Deleted:
    """Delete what is older than `cut`: an hour's sum goes with its first question, a day's counts with its last."""
    whos = sa.select(tables.who.c.id).where(*_in(tables.who, scope)).scalar_subquery()
    events = _run(
        connection, sa.delete(tables.event).where(tables.event.c.id < cut.event_id, tables.event.c.who.in_(whos))
    )
    _run(connection, sa.delete(tables.hour).where(tables.hour.c.hour < cut.hour, tables.hour.c.who.in_(whos)))
    old = sa.and_(tables.count.c.day < cut.count_day, *_in(tables.count, scope))
    counted = connection.execute(sa.select(sa.func.sum(tables.count.c.n)).where(old)).scalar() or 0
    _rewrite(connection, tables.count, old)
    _rewrite(connection, tables.alert, sa.and_(tables.alert.c.last_at < cut.count_ms, *_in(tables.alert, scope)))
    if not scope["device"]:
        _rewrite(
            connection,
            tables.slot,
            sa.and_(tables.slot.c.day < cut.count_day, *_in(tables.slot, {"profile": scope["profile"]})),
        )
    if not any(scope.values()):
        _run(connection, sa.delete(tables.gap).where(tables.gap.c.at_to < cut.gap_ms))
    _delete_unused(connection)
    used = sa.union(sa.select(tables.event.c.who), sa.select(tables.hour.c.who))
    _rewrite(connection, tables.who, sa.and_(tables.who.c.id.not_in(used), *_in(tables.who, scope)))
    return Deleted(events, int(counted))


def _delete_unused(connection: sa.Connection) -> None:
    """Delete the words that no row needs any more."""
    used = sa.union(sa.select(tables.event.c.name), sa.select(tables.hour.c.name))
    _delete_names(connection, tables.name.c.id.not_in(used))
    _rewrite(connection, tables.what, tables.what.c.id.not_in(sa.select(tables.event.c.what).distinct()))


def scrub(engine: sa.Engine) -> bool:
    """Cut off the write-ahead log; False when a reader is still in it: try again. Raises StoreError."""
    if engine.dialect.name != "sqlite":
        _vacuum(engine)
        return True
    with reading(engine, "activity"):
        pass  # the store's errors are said in its words
    raw = engine.raw_connection()
    try:
        busy, _, _ = raw.cursor().execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
    except sqlite3.Error as exc:
        raise StoreError(f"cannot clean the log: {exc}") from exc
    finally:
        raw.close()
    return not busy


def give_back(engine: sa.Engine, *, keep: bool = True) -> bool:
    """Give free pages back to the disk, some of them; return whether there are more. `keep`: not those soon needed."""
    if engine.dialect.name != "sqlite":
        return False
    raw = engine.raw_connection()
    try:
        cursor = raw.cursor()
        (free,) = cursor.execute("PRAGMA freelist_count").fetchone()
        (pages,) = cursor.execute("PRAGMA page_count").fetchone()
        spare = max(_SPARE_PAGES, pages // 4) if keep else 0
        if free <= spare:
            return False
        cursor.execute(f"PRAGMA incremental_vacuum({min(free - spare, VACUUM_PAGES)})").fetchall()
        return bool(free - spare > VACUUM_PAGES)
    except sqlite3.Error as exc:
        raise StoreError(f"cannot clean the log: {exc}") from exc
    finally:
        raw.close()


def used_bytes(connection: sa.Connection) -> int:
    """Return the size of what is in the log; free pages are not. 0 with PostgreSQL, whose disk is not ours to judge."""
    if connection.dialect.name != "sqlite":
        return 0
    size, pages, free = (
        connection.exec_driver_sql(f"PRAGMA {word}").scalar_one()
        for word in ("page_size", "page_count", "freelist_count")
    )
    return int(size * (pages - free))


def oldest_ms(connection: sa.Connection) -> int | None:
    """Return the time of the oldest question in detail, None when there is none."""
    found = connection.execute(sa.select(sa.func.min(tables.event.c.id))).scalar()
    return None if found is None else int(found) >> tables.ID_SHIFT


def _nth(connection: sa.Connection, wanted: sa.Select[tuple[int]] | sa.Select[tuple[int, int, int]], limit: int):  # type: ignore[no-untyped-def] # a row
    """Return the `limit`-th row, or the last one before it; None when there is none."""
    row = connection.execute(wanted.offset(limit - 1).limit(1)).first()
    return (
        row if row is not None else connection.execute(wanted.order_by(None).order_by(*_down(wanted)).limit(1)).first()
    )


def _down(wanted: sa.Select[tuple[int]] | sa.Select[tuple[int, int, int]]) -> list[sa.ColumnElement[int]]:
    return [sa.desc(column) for column in wanted.selected_columns]


def _delete_names(connection: sa.Connection, which: sa.ColumnElement[bool]) -> int:
    if connection.dialect.name == "sqlite":  # of the same length: it is written over the name, in its place
        blank = sa.func.substr("0" * _MAX_TEXT, 1, sa.func.length(tables.name.c.text))
        connection.execute(sa.update(tables.name).where(which).values(text=blank))
    return _run(connection, sa.delete(tables.name).where(which))


def _rewrite(connection: sa.Connection, table: sa.Table, gone: sa.ColumnElement[bool]) -> int:
    """Delete rows of a small table, and with SQLite every copy of them: whole pages are overwritten."""
    if connection.dialect.name != "sqlite":
        return _run(connection, sa.delete(table).where(gone))
    kept = [row._asdict() for row in connection.execute(sa.select(table).where(~gone).order_by(*table.primary_key))]
    before = _run(connection, sa.delete(table))
    if kept:
        connection.execute(sa.insert(table), kept)
    return before - len(kept)


def _in(table: sa.Table, scope: dict[str, str]) -> list[sa.ColumnElement[bool]]:
    return [table.c[name] == value for name, value in scope.items() if value]


def _run(connection: sa.Connection, statement: sa.Delete) -> int:
    return max(connection.execute(statement).rowcount, 0)


def _vacuum(engine: sa.Engine) -> None:
    from sqlalchemy.exc import SQLAlchemyError

    try:
        with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            for table in tables.tables.sorted_tables:
                connection.exec_driver_sql(f'VACUUM "{table.name}"')
    except SQLAlchemyError as exc:
        raise StoreError(f"cannot clean the log: {exc}") from exc
