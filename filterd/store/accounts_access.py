"""Sessions, tokens for programs, and the tries to sign in: what is asked at every page, and what slows guessing down.

Of a session and a token only SHA-256 is here: both have 256 random bits, so that nothing slower is needed (ASVS 6.5.2).
A try is written before its password is looked at, as wrong; what it became is written afterwards. So many threads at
once cannot try more often than one after the other.

    store = AccessStore(AccountStore.open(state).engine)
    number = store.attempt("lan", "192.0.2.7", now, "lan", judge)     # judge raises: too often
    store.settle(number, OK)
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from filterd.model.account import ApiToken, Scope, Session
from filterd.model.change import Body, Change, Edit, Who
from filterd.store.accounts import Stored, account_table, login_try, session_table, stored_of, token_table
from filterd.store.engine import reading, writing
from filterd.store.household import lock, tell

MAX_TRIES = 10_000  # rows of tries of a day; the oldest go
ID_CHARS = 16  # of a session's hash: enough to name it in a list, of no use to sign in
OK, WRONG, HALF = "ok", "wrong", "half"  # half: the password was right, the second factor is still to come
MINUTE_S = 60.0
DAY_S = 86_400.0
_ENOUGH = 64  # tries that are looked at: more make no wait longer


@dataclass(frozen=True, slots=True)
class Tries:
    """What was tried lately, newest first, POSIX seconds. What lies in the future (a clock set back) is left out.

    `failed`: on this account since it was signed in to, in a day; `here`: from this address, without success, in a
    minute; `everywhere`: of all, in a minute. `known`: somebody is signed in to this account from this address.
    """

    failed: tuple[float, ...] = ()
    here: tuple[float, ...] = ()
    everywhere: tuple[float, ...] = ()
    known: bool = False


Judge = Callable[[Tries], None]


class AccessStore:
    """See the top of the file. Every method is one transaction and raises StoreError when that cannot be."""

    def __init__(self, engine: sa.Engine) -> None:
        """`engine`: of an AccountStore."""
        self.engine = engine

    # ---- sessions

    def add_session(self, digest: str, made: Session, *, most: int, instead: str = "") -> bool:
        """Write a session; the account's oldest beyond `most` go, and the one with the hash `instead`.

        False: the account is gone meanwhile, and nothing was written.
        """
        mine = session_table.c.account == made.account
        with writing(self.engine, "household") as connection:
            lock(connection)
            wanted = sa.select(account_table.c.id).where(account_table.c.id == made.account)
            if connection.execute(wanted).one_or_none() is None:
                return False
            dead = (session_table.c.hash == instead) | (session_table.c.expires <= made.created)
            connection.execute(sa.delete(session_table).where(dead))
            newest = sa.select(session_table.c.hash).where(mine).order_by(session_table.c.seen.desc()).limit(most - 1)
            kept = connection.execute(newest).scalars().all()
            connection.execute(sa.delete(session_table).where(mine, session_table.c.hash.not_in(kept)))
            connection.execute(
                sa.insert(session_table).values(
                    hash=digest,
                    account=made.account,
                    created=made.created,
                    seen=made.seen,
                    expires=made.expires,
                    address=made.address,
                    agent=made.agent,
                )
            )
            return True

    def session(self, digest: str) -> tuple[Session, Stored] | None:
        """Return the session with this hash and its account."""
        with reading(self.engine, "household") as connection:
            row = connection.execute(sa.select(session_table).where(session_table.c.hash == digest)).one_or_none()
            if row is None:
                return None
            found = connection.execute(sa.select(account_table).where(account_table.c.id == row.account)).one_or_none()
        return None if found is None else (_session(row), stored_of(found))

    def touch_session(self, digest: str, seen: float, address: str) -> None:
        """Remember when a session was used last, and from where."""
        with writing(self.engine, "household") as connection:
            here = sa.update(session_table).where(session_table.c.hash == digest)
            connection.execute(here.values(seen=seen, **({"address": address} if address else {})))

    def sessions(self, account: str) -> list[Session]:
        """Return an account's sessions, the one used last first; some may have ended by their age."""
        wanted = sa.select(session_table).where(session_table.c.account == account)
        with reading(self.engine, "household") as connection:
            return [_session(row) for row in connection.execute(wanted.order_by(session_table.c.seen.desc()))]

    def end_session(self, digest: str) -> None:
        """Forget the session with this hash."""
        with writing(self.engine, "household") as connection:
            connection.execute(sa.delete(session_table).where(session_table.c.hash == digest))

    def end_sessions(self, account: str, *, ident: str = "", keep: str = "") -> int:
        """Forget an account's session `ident`, or all of them except the one with the hash `keep`; return how many."""
        gone = (session_table.c.account == account) & (session_table.c.hash != keep)
        if ident:
            gone &= sa.func.substr(session_table.c.hash, 1, ID_CHARS) == ident
        with writing(self.engine, "household") as connection:
            return connection.execute(sa.delete(session_table).where(gone)).rowcount

    # ---- tokens for programs

    def add_token(self, digest: str, made: ApiToken, most: int, who: Who) -> bool:
        """Write a token with its row of history; False: the account is gone, or has `most` already."""
        with writing(self.engine, "household") as connection:
            number = lock(connection) + 1
            mine = sa.select(sa.func.count()).where(token_table.c.account == made.account)
            owner = sa.select(account_table.c.id).where(account_table.c.id == made.account)
            if connection.execute(owner).one_or_none() is None or connection.execute(mine).scalar_one() >= most:
                return False
            connection.execute(
                sa.insert(token_table).values(
                    id=made.id,
                    hash=digest,
                    account=made.account,
                    name=made.name,
                    scopes=" ".join(sorted(made.scopes)),
                    created=made.created,
                    last_used=made.last_used,
                    expires=made.expires,
                )
            )
            added = Edit("token", made.id, None, _body(made))
            tell(connection, Change(number, made.created, who, "token made", (added,)))
            return True

    def token(self, digest: str) -> tuple[ApiToken, Stored] | None:
        """Return the token with this hash and its account."""
        with reading(self.engine, "household") as connection:
            row = connection.execute(sa.select(token_table).where(token_table.c.hash == digest)).one_or_none()
            if row is None:
                return None
            found = connection.execute(sa.select(account_table).where(account_table.c.id == row.account)).one_or_none()
        return None if found is None else (_token(row), stored_of(found))

    def touch_token(self, ident: str, at: float) -> None:
        """Remember when a token was used last."""
        with writing(self.engine, "household") as connection:
            connection.execute(sa.update(token_table).where(token_table.c.id == ident).values(last_used=at))

    def tokens(self, account: str = "") -> list[ApiToken]:
        """Return the tokens of an account, or all, the oldest first."""
        wanted = sa.select(token_table).order_by(token_table.c.created, token_table.c.id)
        if account:
            wanted = wanted.where(token_table.c.account == account)
        with reading(self.engine, "household") as connection:
            return [_token(row) for row in connection.execute(wanted)]

    def end_token(self, ident: str, who: Who, at: float, account: str = "") -> bool:
        """Forget a token, with a row of history; False: there is none, or it is not of `account`, when that is given."""
        with writing(self.engine, "household") as connection:
            number = lock(connection) + 1
            row = connection.execute(sa.select(token_table).where(token_table.c.id == ident)).one_or_none()
            if row is None or account not in ("", row.account):
                return False
            connection.execute(sa.delete(token_table).where(token_table.c.id == ident))
            gone = Edit("token", ident, _body(_token(row)), None)
            tell(connection, Change(number, at, who, "token revoked", (gone,)))
            return True

    # ---- tries

    def tries(self, key: str, address: str, now: float, account: str, idle_s: float) -> Tries:
        """Return what was tried lately. `account`: whose sessions, used at most `idle_s` ago, make the address known."""
        with reading(self.engine, "household") as connection:
            return _tries(connection, key, address, now, account, idle_s)

    def attempt(self, key: str, address: str, now: float, account: str, idle_s: float, judge: Judge) -> int:
        """Write a try, as wrong, and return its number. What `judge` raises about those before it writes nothing."""
        with writing(self.engine, "household") as connection:
            lock(connection)
            judge(_tries(connection, key, address, now, account, idle_s))
            row = sa.insert(login_try).values(at=now, key=key, address=address, outcome=WRONG)
            number = int(connection.execute(row.returning(login_try.c.id)).scalar_one())
            past = (login_try.c.id <= number - MAX_TRIES) | (login_try.c.at < now - DAY_S)  # nothing looks at them
            connection.execute(sa.delete(login_try).where(past))
            return number

    def settle(self, number: int, outcome: str) -> None:
        """Write what became of a try."""
        with writing(self.engine, "household") as connection:
            connection.execute(sa.update(login_try).where(login_try.c.id == number).values(outcome=outcome))

    def count_wrong(self, key: str, since: float, now: float) -> int:
        """Return how many tries of `key` were wrong since then."""
        t = login_try.c
        wanted = sa.select(sa.func.count()).where(t.key == key, t.outcome == WRONG, t.at > since, t.at <= now)
        with reading(self.engine, "household") as connection:
            return int(connection.execute(wanted).scalar_one())

    def forget_tries(self, key: str) -> None:
        """Forget the tries of `key`."""
        with writing(self.engine, "household") as connection:
            connection.execute(sa.delete(login_try).where(login_try.c.key == key))


def _tries(connection: sa.Connection, key: str, address: str, now: float, account: str, idle_s: float) -> Tries:
    t, s = login_try.c, session_table.c

    def times(*wanted: sa.ColumnElement[bool], within: float) -> tuple[float, ...]:
        rows = sa.select(t.at).where(*wanted, t.at > now - within, t.at <= now).order_by(t.id.desc()).limit(_ENOUGH)
        return tuple(connection.execute(rows).scalars())

    last_ok = sa.select(sa.func.coalesce(sa.func.max(t.id), 0)).where(t.key == key, t.outcome == OK)
    since = connection.execute(last_ok).scalar_one()
    known = False
    if account and address:
        live = sa.select(s.hash).where(
            s.account == account, s.address == address, s.expires > now, s.seen > now - idle_s
        )
        known = connection.execute(live.limit(1)).one_or_none() is not None
    return Tries(
        times(t.key == key, t.outcome == WRONG, t.id > since, within=DAY_S),
        times(t.address == address, t.outcome != OK, within=MINUTE_S),
        times(within=MINUTE_S),
        known,
    )


def _session(row: Any) -> Session:
    return Session(row.hash[:ID_CHARS], row.account, row.created, row.seen, row.expires, row.address, row.agent)


def _token(row: Any) -> ApiToken:
    scopes = frozenset(Scope(word) for word in row.scopes.split())
    return ApiToken(row.id, row.account, row.name, scopes, row.created, row.last_used, row.expires)


def _body(token: ApiToken) -> Body:
    """Return what the history says about a token."""
    return {"account": token.account, "name": token.name, "scopes": sorted(token.scopes)}
