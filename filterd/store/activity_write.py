"""Writes the log: whole batches by the driver's own bulk calls, in one transaction with the place they came from.

SQLite takes executemany, PostgreSQL a COPY. One connection stays open, so that the write-ahead log is not copied and
removed after every batch. Which rows there are to write is control/ingest.py's.

    with ActivityWriter(engine) as writer, writer.transaction() as connection:
        writer.insert(event, rows)
        writer.add(hour, counted)
        writer.put_cursors({"worker-0.blocked": (generation, number)})
"""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy.exc import DBAPIError, SQLAlchemyError

from filterd.errors import StoreError
from filterd.store import activity as tables
from filterd.store.engine import place

WAIT_S = 1.0  # for another writer (a deletion); the batch waits in memory after that
KEPT_DAMAGED = 2  # files set aside; the oldest goes when there is one more
_CHUNK = 64  # ids that are looked at together
_NO_END = 1 << 63
_DAMAGED = {sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB}
Row = tuple[Any, ...]


class ActivityWriter:
    """The one writer of questions. Raises StoreError where `transaction` is entered or left; then nothing is written."""

    def __init__(self, engine: sa.Engine) -> None:
        self._engine = engine
        try:
            self._connection = engine.connect().execution_options(filterd_write=True)
            self._sqlite = engine.dialect.name == "sqlite"
            self._mark = "?" if self._sqlite else "%s"
            driver: Any = self._connection.connection.driver_connection  # sqlite3's or psycopg's
            self._raw = driver
            if self._sqlite:
                driver.execute(f"PRAGMA busy_timeout={int(WAIT_S * 1000)}").close()
            with self._connection.begin():
                self.highest = self._number(sa.func.max(tables.event.c.id))
        except (SQLAlchemyError, sqlite3.Error) as exc:
            raise _translated(engine, exc) from exc
        self._taken: tuple[int, int, frozenset[int]] = (0, -1, frozenset())

    def __enter__(self) -> ActivityWriter:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Let go of the connection."""
        with contextlib.suppress(SQLAlchemyError, sqlite3.Error):
            self._connection.close()
        self._engine.dispose()

    @contextlib.contextmanager
    def transaction(self) -> Iterator[sa.Connection]:
        """One write transaction, committed at the end of the block."""
        self._taken = (0, -1, frozenset())
        try:
            with self._connection.begin():
                yield self._connection
        except Exception as exc:
            driver_errors = (SQLAlchemyError, sqlite3.Error, *self._driver_errors())
            if isinstance(exc, driver_errors):
                raise _translated(self._engine, exc) from exc
            raise

    def next_ids(self) -> dict[str, int]:
        """Return the first free id of each dictionary; `blocked`: the next of `what` downwards."""
        return {
            "name": max(self._number(sa.func.max(tables.name.c.id)), 0) + 1,
            "who": max(self._number(sa.func.max(tables.who.c.id)), 0) + 1,
            "what": max(self._number(sa.func.max(tables.what.c.id)), 0) + 1,
            "blocked": min(self._number(sa.func.min(tables.what.c.id)), 0) - 1,
        }

    def dictionary(self, table: sa.Table, day: int, limit: int) -> list[Row]:
        """Return the newest entries of a day: ids and texts, without the day."""
        columns = [c for c in table.c if c.name != "day"]
        wanted = sa.select(*columns).where(table.c.day == day).order_by(sa.func.abs(table.c.id).desc()).limit(limit)
        return [tuple(row) for row in self._connection.execute(wanted)]

    def insert(self, table: sa.Table, rows: Sequence[Row]) -> None:
        """Insert whole rows, columns in the table's order."""
        if not rows:
            return
        if self._sqlite:
            self._many(f"INSERT INTO {_columns(table)} VALUES ({self._marks(table)})", rows)  # noqa: S608 - our names
            return
        with self._raw.cursor() as cursor, cursor.copy(f"COPY {_columns(table)} FROM STDIN") as copy:
            for row in rows:
                copy.write_row(row)

    def add(self, table: sa.Table, counted: Mapping[Row, int]) -> None:
        """Add to the column `n` of the rows with these keys; make those that are not there."""
        keys = ", ".join(f'"{c.name}"' for c in table.primary_key)
        self._many(
            f"INSERT INTO {_columns(table)} VALUES ({self._marks(table)}) "  # noqa: S608 - our names
            f'ON CONFLICT ({keys}) DO UPDATE SET n = "{table.name}".n + excluded.n',
            [(*key, n) for key, n in sorted(counted.items())],
        )

    def put_cursors(self, cursors: Mapping[str, tuple[int, int]]) -> None:
        """Write how far each ring was read."""
        self._many(
            f"INSERT INTO {_columns(tables.cursor)} VALUES ({self._marks(tables.cursor)}) "  # noqa: S608 - our names
            "ON CONFLICT (ring) DO UPDATE SET generation = excluded.generation, number = excluded.number",
            [(ring, *where) for ring, where in sorted(cursors.items())],
        )

    def put_gaps(self, gaps: Iterable[Row]) -> None:
        """Insert gaps: from, to (ms), lost, kind."""
        values = [dict(zip(("at_from", "at_to", "lost", "kind"), row, strict=True)) for row in gaps]
        if values:
            self._connection.execute(sa.insert(tables.gap), values)

    def deletions(self) -> int:
        """Return the number of the newest deletion."""
        return self._number(sa.func.max(tables.forget.c.id))

    def free_id(self, wanted: int) -> int:
        """Return the first id from `wanted` on that no committed event has."""
        if wanted > self.highest:
            return wanted
        low, high, ids = self._taken
        while True:
            if not low <= wanted <= high:
                column = tables.event.c.id
                found = self._connection.execute(
                    sa.select(column).where(column >= wanted).order_by(column).limit(_CHUNK)
                ).scalars()
                ids = frozenset(found)
                low, high = wanted, max(ids) if len(ids) == _CHUNK else _NO_END
                self._taken = (low, high, ids)
            if wanted not in ids:
                return wanted
            wanted += 1

    def _many(self, statement: str, rows: Sequence[Row]) -> None:
        if rows:
            self._raw.cursor().executemany(statement, rows)

    def _marks(self, table: sa.Table) -> str:
        return ", ".join([self._mark] * len(table.c))

    def _number(self, value: sa.ColumnElement[Any]) -> int:
        return int(self._connection.execute(sa.select(value)).scalar() or 0)

    def _driver_errors(self) -> tuple[type[BaseException], ...]:
        if self._sqlite:
            return ()
        import psycopg

        return (psycopg.Error,)


class Damaged(StoreError):
    """The log's file is no database any more."""


def set_aside(path: Path) -> Path:
    """Move a damaged log out of the way, forget older ones beyond the bound, and return where it lies now."""
    kept = sorted(damaged_files(path), key=lambda p: p.stat().st_mtime)
    for old in kept[: max(len(kept) - KEPT_DAMAGED + 1, 0)]:
        old.unlink(missing_ok=True)
    number = 1
    while (target := path.with_name(f"{path.name}.damaged-{number}")).exists():
        number += 1
    try:
        path.rename(target)
        for suffix in ("-wal", "-shm"):
            path.with_name(path.name + suffix).unlink(missing_ok=True)
    except OSError as exc:
        raise StoreError(f"cannot set aside {path}: {exc.strerror or exc}") from exc
    return target


def damaged_files(path: Path) -> list[Path]:
    """Return the logs that were set aside."""
    return list(path.parent.glob(f"{path.name}.damaged-*"))


def as_damaged(exc: BaseException | None) -> bool:
    """Return whether an error, or what it came from, says that the file is damaged."""
    while exc is not None:
        if getattr(exc, "sqlite_errorcode", 0) & 0xFF in _DAMAGED:
            return True
        exc = exc.orig if isinstance(exc, DBAPIError) else exc.__cause__
    return False


def _columns(table: sa.Table) -> str:
    return f'"{table.name}" ({", ".join(f"{chr(34)}{c.name}{chr(34)}" for c in table.c)})'


def _translated(engine: sa.Engine, exc: BaseException) -> StoreError:
    cause = exc.orig if isinstance(exc, DBAPIError) else exc
    kind = Damaged if as_damaged(exc) else StoreError
    return kind(f"cannot write the log {place(engine)}: {str(cause).strip()}")
