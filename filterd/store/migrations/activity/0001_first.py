"""The first layout of the log's database.

Revision ID: 0001
"""

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

_Id = sa.BigInteger().with_variant(sa.Integer, "sqlite")


def _number(name: str, kind: Any = sa.Integer, *, key: bool = False) -> sa.Column[Any]:
    return sa.Column(name, kind, primary_key=key, nullable=False, autoincrement=False)


def _text(name: str, *, key: bool = False) -> sa.Column[Any]:
    return sa.Column(name, sa.Text, primary_key=key, nullable=False)


def upgrade() -> None:
    op.create_table("name", _number("id", _Id, key=True), _number("day"), _text("text"))
    op.create_table(
        "who", _number("id", _Id, key=True), _number("day"), _text("address"), _text("profile"), _text("device")
    )
    op.create_table(
        "what",
        _number("id", _Id, key=True),
        *(_number(n) for n in ("day", "action", "row", "qtype", "rcode", "origin")),
        *(_text(n) for n in ("category", "service", "list", "rule", "matched")),
    )
    op.create_table(
        "event", _number("id", _Id, key=True), _number("who", _Id), _number("name", _Id), _number("what", _Id)
    )
    op.create_index(
        "event_blocked", "event", ["id"], sqlite_where=sa.text("what < 0"), postgresql_where=sa.text("what < 0")
    )
    op.create_table(
        "hour",
        _number("hour", key=True),
        _number("name", _Id, key=True),
        _number("who", _Id, key=True),
        _number("n", sa.BigInteger),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "count",
        _number("day", key=True),
        _text("profile", key=True),
        _text("device", key=True),
        _number("action", key=True),
        _number("row", key=True),
        _text("category", key=True),
        _text("service", key=True),
        _number("n", sa.BigInteger),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "gap",
        sa.Column("id", _Id, primary_key=True),
        *(_number(n, sa.BigInteger) for n in ("at_from", "at_to", "lost")),
        _text("kind"),
    )
    op.create_table(
        "cursor",
        _text("ring", key=True),
        _number("generation", sa.BigInteger),
        _number("number", sa.BigInteger),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "forget",
        sa.Column("id", _Id, primary_key=True),
        _number("at", sa.BigInteger),
        _text("profile"),
        _text("device"),
    )
    op.create_table(
        "slot",
        _number("day", key=True),
        _text("profile", key=True),
        _text("budget", key=True),
        _number("slot", sa.BigInteger, key=True),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "alert",
        sa.Column("id", _Id, primary_key=True),
        _number("at", sa.BigInteger),
        _number("last_at", sa.BigInteger),
        *(_text(n) for n in ("kind", "key", "profile", "device", "detail")),
        _number("count", sa.BigInteger),
        _text("state"),
    )
