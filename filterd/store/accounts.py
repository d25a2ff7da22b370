"""Accounts in the household's database: who may sign in, with what, and who changed that.

Hashes and secrets stay in these tables. Every change of an account leaves a row in the household's history whose edits
have what people may see (kind `account`), in the same transaction; it is no entity of the household, so that taking a
change back brings no account and no role back (deploy/adr/0016). Sessions, tokens and tries are accounts_access.py.

    store = AccountStore.open(state)
    store.change(Who("mẹ"), "account added", now, lambda found: {**found, made.account.id: made})
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

import sqlalchemy as sa

from filterd.errors import StoreError
from filterd.model.account import Account, Role
from filterd.model.change import Body, Change, Edit, Who
from filterd.store.engine import reading, writing
from filterd.store.household import HouseholdDatabase, lock, tell

KIND = "account"  # of the edits in the history

tables = sa.MetaData()
_Id = sa.BigInteger().with_variant(sa.Integer, "sqlite")


def _text(name: str, *, key: bool = False, unique: bool = False) -> sa.Column[Any]:
    return sa.Column(name, sa.Text, primary_key=key, unique=unique, nullable=False)


def _at(name: str, *, nullable: bool = False) -> sa.Column[Any]:
    return sa.Column(name, sa.Float(53), nullable=nullable)


account_table = sa.Table(
    "account",
    tables,
    _text("id", key=True),
    _text("key", unique=True),  # the name as it is compared
    *(_text(n) for n in ("name", "shown", "role", "ranges", "language", "theme", "password", "totp", "pending")),
    sa.Column("totp_step", sa.BigInteger, nullable=False),
    _text("recovery"),
    _at("created"),
    _at("password_changed"),
)
session_table = sa.Table(
    "session",
    tables,
    _text("hash", key=True),
    _text("account"),
    *(_at(n) for n in ("created", "seen", "expires")),
    *(_text(n) for n in ("address", "agent")),
)
token_table = sa.Table(
    "token",
    tables,
    _text("id", key=True),
    _text("hash", unique=True),
    *(_text(n) for n in ("account", "name", "scopes")),
    _at("created"),
    _at("last_used", nullable=True),
    _at("expires", nullable=True),
)
login_try = sa.Table(
    "login_try",
    tables,
    sa.Column("id", _Id, primary_key=True),
    _at("at"),
    *(_text(n) for n in ("key", "address", "outcome")),
)


@dataclass(frozen=True, slots=True)
class Stored:
    """An account with what nobody is shown. `key`: its name as it is compared."""

    account: Account
    key: str
    password: str  # argon2's own text: parameters, salt, hash
    totp: str = ""  # secret in base 32; "": none
    pending: str = ""  # a secret that was shown but not confirmed yet
    totp_step: int = 0  # the newest step of 30 s whose code was used
    recovery: tuple[str, ...] = ()  # hashes by number; "": used


Alter = Callable[[dict[str, Stored]], Mapping[str, Stored]]


class AccountStore(HouseholdDatabase):
    """The accounts of one household. Every method is one transaction and raises StoreError when that cannot be."""

    def accounts(self) -> dict[str, Stored]:
        """Return all accounts by id, the oldest first."""
        with reading(self.engine, "household") as connection:
            return read_accounts(connection)

    def by_key(self, key: str) -> Stored | None:
        """Return the account with this compared name."""
        with reading(self.engine, "household") as connection:
            row = connection.execute(sa.select(account_table).where(account_table.c.key == key)).one_or_none()
        return None if row is None else stored_of(row)

    def change(self, who: Who, verb: str, at: float, alter: Alter, *, keep: str = "") -> Change | None:
        """Write what `alter` returns for the accounts as they are; return the row of history, None: nothing to tell.

        What ends with it, ends in the same transaction: sessions and tokens of an account that is gone, sessions of one
        whose password or second factor differs, except the session with the hash `keep`. What `alter` raises leaves
        everything as it was.
        """
        with writing(self.engine, "household") as connection:
            number = lock(connection) + 1
            before = read_accounts(connection)
            after = alter(dict(before))
            edits = []
            for ident in [*before, *(i for i in after if i not in before)]:
                old, new = before.get(ident), after.get(ident)
                if old == new:
                    continue
                _write(connection, old, new, keep)
                shown = None if old is None else body_of(old), None if new is None else body_of(new)
                if shown[0] != shown[1]:
                    edits.append(Edit(KIND, ident, *shown))
            if not edits:
                return None
            made = Change(number, at, who, verb, tuple(edits))
            tell(connection, made)
            return made

    def rehash(self, ident: str, old: str, new: str) -> None:
        """Replace the hash `old` of the same password by `new`, unless it is another by now."""
        same = (account_table.c.id == ident) & (account_table.c.password == old)
        with writing(self.engine, "household") as connection:
            connection.execute(sa.update(account_table).where(same).values(password=new))

    def use_step(self, ident: str, step: int) -> bool:
        """Remember that the code of `step` was used; False: it, or a later one, was before."""
        fresh = (account_table.c.id == ident) & (account_table.c.totp_step < step)
        with writing(self.engine, "household") as connection:
            return connection.execute(sa.update(account_table).where(fresh).values(totp_step=step)).rowcount == 1


def read_accounts(connection: sa.Connection) -> dict[str, Stored]:
    """Return all accounts by id, the oldest first."""
    rows = connection.execute(sa.select(account_table).order_by(account_table.c.created, account_table.c.id))
    return {row.id: stored_of(row) for row in rows}


def stored_of(row: Any) -> Stored:
    """Return the account in a row of its table."""
    try:
        recovery = tuple(json.loads(row.recovery))
        account = Account(
            row.id, row.name, row.shown, Role(row.role), tuple(json.loads(row.ranges)), row.language, row.theme,
            bool(row.totp), sum(map(bool, recovery)), row.created, row.password_changed,
        )  # fmt: skip
    except ValueError as exc:
        raise StoreError(f"the household database is damaged: account {row.id!r}: {exc}") from exc
    return Stored(account, row.key, row.password, row.totp, row.pending, row.totp_step, recovery)


def body_of(stored: Stored) -> Body:
    """Return what the history says about an account: nothing that is secret, nothing that is mere taste."""
    account = stored.account
    return {
        "name": account.name,
        "shown": account.shown,
        "role": str(account.role),
        **({"ranges": list(account.ranges)} if account.ranges else {}),
        "second_factor": bool(stored.totp),
        **({"recovery_codes": sum(map(bool, stored.recovery))} if stored.totp else {}),
        "password_changed": datetime.fromtimestamp(account.password_changed, UTC).isoformat(timespec="seconds"),
    }


def renamed(stored: Stored, **values: Any) -> Stored:
    """Return the account with other values of its shown part."""
    return replace(stored, account=replace(stored.account, **values))


def _write(connection: sa.Connection, old: Stored | None, new: Stored | None, keep: str) -> None:
    ident = (old or new or _never()).account.id
    if old is not None:
        connection.execute(sa.delete(account_table).where(account_table.c.id == ident))
        gone = new is None
        if gone:
            connection.execute(sa.delete(token_table).where(token_table.c.account == ident))
        if gone or (new is not None and (new.password, new.totp) != (old.password, old.totp)):
            others = (session_table.c.account == ident) & (session_table.c.hash != keep)
            connection.execute(sa.delete(session_table).where(others))
    if new is None:
        return
    account = new.account
    connection.execute(
        sa.insert(account_table).values(
            id=account.id,
            key=new.key,
            name=account.name,
            shown=account.shown,
            role=str(account.role),
            ranges=json.dumps(account.ranges),
            language=account.language,
            theme=account.theme,
            password=new.password,
            totp=new.totp,
            pending=new.pending,
            totp_step=new.totp_step,
            recovery=json.dumps(new.recovery),
            created=account.created,
            password_changed=account.password_changed,
        )
    )


def _never() -> Stored:
    raise AssertionError("an account that was not and is not")
