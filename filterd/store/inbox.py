"""The office's inbox: what boxes reported, and what was decided. SQLite beside the working folder, or PostgreSQL.

A report is known by its key (model/notice.key_of); the box's own number is kept as a digest, so that two reports of one
home can be counted once and nobody who reads this can report in its place.

    inbox = Inbox.open(path_or_url)
    inbox.add(row, at)                      # Added.NEW, SAME, OTHER, FULL
    inbox.groups(limit=50)
    inbox.decide([row.id for row in inbox.rows(name="example.org")], "accepted", "cô Hoa", now)
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from typing import Any, Self

import sqlalchemy as sa
from sqlalchemy import URL
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError

from filterd.errors import StoreError
from filterd.store.engine import open_engine, reading, upgrade, writing

MAX_OPEN = 100_000  # reports that wait for a decision
MAX_OPEN_OF_SITE = 100
MAX_DECIDED = 500_000  # older ones are forgotten first
FORGET_AT_ONCE = 500
FORGET_S = 730 * 86_400.0  # decided reports are kept two years

tables = sa.MetaData()
_Id = sa.BigInteger().with_variant(sa.Integer, "sqlite")
_TEXTS = ("kind", "name", "category", "reason")

report_table = sa.Table(
    "report",
    tables,
    sa.Column("id", _Id, primary_key=True),
    sa.Column("key", sa.Text, nullable=False, unique=True),
    sa.Column("site", sa.Text, nullable=False),
    sa.Column("at", sa.Float(53), nullable=False),
    *(sa.Column(name, sa.Text, nullable=False) for name in (*_TEXTS, "verdict")),  # verdict "": not decided
    sa.Column("decided_at", sa.Float(53)),
    sa.Column("decided_by", sa.Text, nullable=False),
)


class Added(Enum):
    """What became of a report that came in."""

    NEW = "new"
    SAME = "same"  # it was here already
    OTHER = "other"  # its number is here with other words
    FULL = "full"


@dataclass(frozen=True, slots=True)
class Row:
    """A report in the inbox. `site`: a digest; `at`, `decided_at`: POSIX seconds; `verdict` "": not decided."""

    id: int
    key: str
    site: str
    at: float
    kind: str
    name: str
    category: str
    reason: str
    verdict: str = ""
    decided_at: float | None = None
    decided_by: str = ""


@dataclass(frozen=True, slots=True)
class Group:
    """Open reports of one name and kind. `homes`: from how many boxes."""

    name: str
    kind: str
    reports: int
    homes: int
    first: float
    last: float


class Inbox:
    """The inbox. Every method is one transaction and raises StoreError when that cannot be."""

    def __init__(self, engine: sa.Engine) -> None:
        self.engine = engine

    @classmethod
    def open(cls, place: Path | str) -> Self:
        """Return the inbox in a file, or at a PostgreSQL address; made, or brought to the newest version, when need be."""
        engine = open_engine(_url(place), durable=True)
        upgrade(engine, "inbox")
        return cls(engine)

    def close(self) -> None:
        """Let go of everything."""
        self.engine.dispose()

    def add(self, row: Row) -> Added:
        """Take a report in, once. `row.id` does not matter."""
        t = report_table.c
        with writing(self.engine, "inbox") as connection:
            found = connection.execute(sa.select(report_table).where(t.key == row.key)).one_or_none()
            if found is not None:
                same = all(getattr(found, name) == getattr(row, name) for name in _TEXTS)
                return Added.SAME if same else Added.OTHER
            count = sa.select(sa.func.count()).select_from(report_table).where(t.verdict == "")
            if (connection.scalar(count) or 0) >= MAX_OPEN:
                return Added.FULL
            if (connection.scalar(count.where(t.site == row.site)) or 0) >= MAX_OPEN_OF_SITE:
                return Added.FULL
            values = {name: getattr(row, name) for name in ("key", "site", "at", *_TEXTS)}
            connection.execute(sa.insert(report_table).values(**values, verdict="", decided_at=None, decided_by=""))
            return Added.NEW

    def groups(self, *, limit: int = 50) -> tuple[Group, ...]:
        """Return open reports by name and kind, those of most homes first."""
        t = report_table.c
        homes = sa.func.count(sa.distinct(t.site))
        query = (
            sa.select(t.name, t.kind, sa.func.count(), homes, sa.func.min(t.at), sa.func.max(t.at))
            .where(t.verdict == "")
            .group_by(t.name, t.kind)
            .order_by(homes.desc(), sa.func.min(t.at), t.name, t.kind)
            .limit(limit)
        )
        with reading(self.engine, "inbox") as connection:
            return tuple(Group(*row) for row in connection.execute(query))

    def rows(
        self, *, limit: int = 50, name: str = "", kind: str = "", is_open: bool | None = None, before: int = 0
    ) -> tuple[Row, ...]:
        """Return reports, newest first. `before`: only those with smaller ids."""
        t = report_table.c
        query = sa.select(report_table).order_by(t.id.desc()).limit(limit)
        if name:
            query = query.where(t.name == name)
        if kind:
            query = query.where(t.kind == kind)
        if is_open is not None:
            query = query.where(t.verdict == "" if is_open else t.verdict != "")
        if before:
            query = query.where(t.id < before)
        with reading(self.engine, "inbox") as connection:
            return tuple(_row(row) for row in connection.execute(query))

    def decide(self, ids: Sequence[int], verdict: str, by: str, at: float) -> int:
        """Note the decision about open reports; return how many there were."""
        t = report_table.c
        with writing(self.engine, "inbox") as connection:
            values = {"verdict": verdict, "decided_at": at, "decided_by": by}
            update = sa.update(report_table).where(t.id.in_(list(ids)) & (t.verdict == "")).values(**values)
            count = connection.execute(update).rowcount
            self._forget(connection, at)
            return count

    @staticmethod
    def _forget(connection: sa.Connection, now: float) -> None:
        """Forget what was decided long ago, and the oldest above MAX_DECIDED, a step at a time."""
        t = report_table.c
        decided = t.verdict != ""
        over = (
            connection.scalar(sa.select(sa.func.count()).select_from(report_table).where(decided)) or 0
        ) - MAX_DECIDED
        old = sa.select(t.id).where(decided & (t.decided_at < now - FORGET_S)).order_by(t.id).limit(FORGET_AT_ONCE)
        ids = list(connection.scalars(old))
        if over > len(ids):
            most = min(over, FORGET_AT_ONCE)
            ids = list(connection.scalars(sa.select(t.id).where(decided).order_by(t.id).limit(most)))
        connection.execute(sa.delete(report_table).where(t.id.in_(ids)))


def _url(place: Path | str) -> URL:
    if isinstance(place, Path):
        return URL.create("sqlite", database=str(place.resolve()))
    try:
        made = make_url(place)
        if made.get_backend_name() != "postgresql":
            raise ValueError
    except (ArgumentError, ValueError):
        raise StoreError("database: expected postgresql+psycopg://USER@HOST/DATABASE") from None
    return made


def _row(row: Any) -> Row:
    return Row(**{name: getattr(row, name) for name in Row.__slots__})
