"""The log's database: every question in detail for some days, its counts for longer, and what was lost in between.

A question is four small numbers: when (its id), who, which name, and what became of it. The texts behind them lie in
dictionaries of one local day each, so that forgetting a day forgets its names too. This file has the tables, which
everybody reads; rows are written by store/activity_write.py and taken away by store/activity_delete.py.

    engine = open_activity(state)
    with reading(engine, "activity") as connection:
        newest = connection.execute(sa.select(event).order_by(event.c.id.desc()).limit(100)).all()
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import sqlalchemy as sa

from filterd.store.engine import open_engine, upgrade, url_of

ID_SHIFT = 10  # event.id = (ms since the epoch) << 10 | number within the millisecond
_CLOCKS_MS = 60_000  # between two processes' readings of the clock, generously
NOT_KEPT = 0  # name id of a question whose name is nobody's business; there is no such row in `name`

_tables = sa.MetaData()
# SQLite: an INTEGER PRIMARY KEY is the row's own number and costs nothing
_Id = sa.BigInteger().with_variant(sa.Integer, "sqlite")

name = sa.Table(  # a dictionary a day; the same text may be there twice, so group by text
    "name",
    _tables,
    sa.Column("id", _Id, primary_key=True, autoincrement=False),
    sa.Column("day", sa.Integer, nullable=False),  # date.toordinal() of the household's local date
    sa.Column("text", sa.Text, nullable=False),
)
who = sa.Table(
    "who",
    _tables,
    sa.Column("id", _Id, primary_key=True, autoincrement=False),
    sa.Column("day", sa.Integer, nullable=False),
    sa.Column("address", sa.Text, nullable=False),
    sa.Column("profile", sa.Text, nullable=False),
    sa.Column("device", sa.Text, nullable=False),
)
what = sa.Table(
    "what",
    _tables,
    sa.Column("id", _Id, primary_key=True, autoincrement=False),  # negative: blocked
    sa.Column("day", sa.Integer, nullable=False),
    sa.Column("action", sa.Integer, nullable=False),
    sa.Column("row", sa.Integer, nullable=False),
    sa.Column("qtype", sa.Integer, nullable=False),
    sa.Column("rcode", sa.Integer, nullable=False),
    sa.Column("origin", sa.Integer, nullable=False),
    sa.Column("category", sa.Text, nullable=False),
    sa.Column("service", sa.Text, nullable=False),
    sa.Column("list", sa.Text, nullable=False),
    sa.Column("rule", sa.Text, nullable=False),
    sa.Column("matched", sa.Text, nullable=False),
)
event = sa.Table(
    "event",
    _tables,
    sa.Column("id", _Id, primary_key=True, autoincrement=False),
    sa.Column("who", _Id, nullable=False),
    sa.Column("name", _Id, nullable=False),
    sa.Column("what", _Id, nullable=False),
)
# its index `event_blocked` (what < 0) is made by migrations/activity: named here, it would load PostgreSQL's dialect, 2 MiB
hour = sa.Table(  # blocked questions alone
    "hour",
    _tables,
    sa.Column("hour", sa.Integer, primary_key=True, autoincrement=False),  # hours since the epoch
    sa.Column("name", _Id, primary_key=True, autoincrement=False),
    sa.Column("who", _Id, primary_key=True, autoincrement=False),
    sa.Column("n", sa.BigInteger, nullable=False),
    sqlite_with_rowid=False,
)
count = sa.Table(  # all questions, without names
    "count",
    _tables,
    sa.Column("day", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("profile", sa.Text, primary_key=True),
    sa.Column("device", sa.Text, primary_key=True),
    sa.Column("action", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("row", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("category", sa.Text, primary_key=True),
    sa.Column("service", sa.Text, primary_key=True),
    sa.Column("n", sa.BigInteger, nullable=False),
    sqlite_with_rowid=False,
)
gap = sa.Table(  # times in ms since the epoch
    "gap",
    _tables,
    sa.Column("id", _Id, primary_key=True),
    sa.Column("at_from", sa.BigInteger, nullable=False),
    sa.Column("at_to", sa.BigInteger, nullable=False),
    sa.Column("lost", sa.BigInteger, nullable=False),
    # ring: overwritten before it was read, not even counted; rate, disk: counted, but not kept in detail
    sa.Column("kind", sa.Text, nullable=False),
)
cursor = sa.Table(  # the last record of each ring that is in the rows above
    "cursor",
    _tables,
    sa.Column("ring", sa.Text, primary_key=True),  # file name in the run folder
    sa.Column("generation", sa.BigInteger, nullable=False),
    sa.Column("number", sa.BigInteger, nullable=False),
    sqlite_with_rowid=False,
)
forget = (
    sa.Table(  # what a person deleted, up to when: records of it that are still in the rings are not kept, nor shown
        "forget",
        _tables,
        sa.Column("id", _Id, primary_key=True),
        sa.Column("at", sa.BigInteger, nullable=False),  # ms since the epoch
        sa.Column("profile", sa.Text, nullable=False),  # "": all
        sa.Column("device", sa.Text, nullable=False),  # "": all
    )
)
slot = sa.Table(  # five minutes in which a profile used something that a budget counts
    "slot",
    _tables,
    sa.Column("day", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("profile", sa.Text, primary_key=True),
    sa.Column("budget", sa.Text, primary_key=True),
    sa.Column("slot", sa.BigInteger, primary_key=True, autoincrement=False),  # seconds since the epoch // 300
    sqlite_with_rowid=False,
)
alert = sa.Table(
    "alert",
    _tables,
    sa.Column("id", _Id, primary_key=True),
    sa.Column("at", sa.BigInteger, nullable=False),  # ms since the epoch
    sa.Column("last_at", sa.BigInteger, nullable=False),
    sa.Column("kind", sa.Text, nullable=False),
    sa.Column("key", sa.Text, nullable=False),
    sa.Column("profile", sa.Text, nullable=False),
    sa.Column("device", sa.Text, nullable=False),
    sa.Column("detail", sa.Text, nullable=False),  # JSON
    sa.Column("count", sa.BigInteger, nullable=False),
    sa.Column("state", sa.Text, nullable=False),  # new | seen | sent
)
tables = _tables


@dataclass(frozen=True, slots=True)
class Forgotten:
    """What a person deleted: everything, a profile or a device, up to a moment."""

    at_ms: int
    profile: str = ""
    device: str = ""

    def covers(self, at_ms: int, profile: str, device: str) -> bool:
        """Return whether a record of that time, profile and device was deleted."""
        return at_ms <= self.at_ms and self.profile in ("", profile) and self.device in ("", device)


def open_activity(state: Path) -> sa.Engine:
    """Return the log's engine for a state folder, made or brought to the newest version. Raises StoreError."""
    engine = open_engine(url_of(state, "activity"), durable=False)
    upgrade(engine, "activity")
    return engine


def cursors(connection: sa.Connection) -> dict[str, tuple[int, int]]:
    """Return for each ring the generation and number of its last committed record: `Reader(path, after=...)`."""
    return {row.ring: (row.generation, row.number) for row in connection.execute(sa.select(cursor))}


def forgotten(connection: sa.Connection, since_ms: int, now_ms: int) -> Sequence[Forgotten]:
    """Return the deletions that may cover records from `since_ms` on; none that a wrong clock dated after now."""
    wanted = sa.select(forget).where(forget.c.at >= since_ms, forget.c.at <= now_ms + _CLOCKS_MS)
    return [Forgotten(row.at, row.profile, row.device) for row in connection.execute(wanted.order_by(forget.c.id))]
