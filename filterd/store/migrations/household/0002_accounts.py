"""Accounts, sessions, tokens for programs, and the tries to sign in.

Revision ID: 0002
"""

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

_Id = sa.BigInteger().with_variant(sa.Integer, "sqlite")


def _text(name: str, *, key: bool = False, unique: bool = False) -> sa.Column[Any]:
    return sa.Column(name, sa.Text, primary_key=key, unique=unique, nullable=False)


def _at(name: str, *, nullable: bool = False) -> sa.Column[Any]:
    return sa.Column(name, sa.Float(53), nullable=nullable)


def upgrade() -> None:
    op.create_table(
        "account",
        _text("id", key=True),
        _text("key", unique=True),
        *(_text(n) for n in ("name", "shown", "role", "ranges", "language", "theme", "password", "totp", "pending")),
        sa.Column("totp_step", sa.BigInteger, nullable=False),
        _text("recovery"),
        _at("created"),
        _at("password_changed"),
    )
    op.create_table(
        "session",
        _text("hash", key=True),
        _text("account"),
        *(_at(n) for n in ("created", "seen", "expires")),
        *(_text(n) for n in ("address", "agent")),
    )
    op.create_index("session_account", "session", ["account"])
    op.create_table(
        "token",
        _text("id", key=True),
        _text("hash", unique=True),
        *(_text(n) for n in ("account", "name", "scopes")),
        _at("created"),
        _at("last_used", nullable=True),
        _at("expires", nullable=True),
    )
    op.create_table(
        "login_try",
        sa.Column("id", _Id, primary_key=True),
        _at("at"),
        *(_text(n) for n in ("key", "address", "outcome")),
    )
    op.create_index("login_try_key", "login_try", ["key", "id"])
    op.create_index("login_try_at", "login_try", ["at"])
