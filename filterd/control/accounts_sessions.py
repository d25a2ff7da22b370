"""Sessions: who is signed in where, for how long, and how it ends.

A session ends 180 days after it began, and after 30 days without use: a phone that opens the page once a week stays
signed in, a lost one does not (deploy/adr/0016 says why longer than NIST's half day). Its token has 256 random bits and
stands in the cookie alone.

    account = account_of_session(state, token)          # None: sign in again
    log_out(state, token)
"""

from __future__ import annotations

import hashlib
import secrets
from pathlib import Path

from filterd.control.accounts_open import exists, moment, opened
from filterd.model.account import Account, Session

IDLE_S = 30 * 86_400.0
ABSOLUTE_S = 180 * 86_400.0
SEEN_S = 300.0  # how exactly the last use is known: one write in five minutes of reading
MOST = 20  # sessions of an account; the one unused longest goes
TOKEN_BYTES = 32
MAX_AGENT = 300  # characters of what the browser calls itself; its name stands near the end of about 150
_MAX_TOKEN = 64  # characters of anything that may be one


def digest_of(token: str) -> str:
    """Return what is kept of a token."""
    return hashlib.sha256(token.encode("utf-8", "replace")).hexdigest()


def begin_session(
    state: Path, account: Account, address: str = "", agent: str = "", now: float | None = None, instead: str = ""
) -> str | None:
    """Begin a session and return its token; None: the account is gone. For who has just proved who they are.

    `instead`: the token of the session that it takes the place of.
    """
    at = moment(now)
    token = secrets.token_urlsafe(TOKEN_BYTES)
    digest = digest_of(token)
    made = Session(digest, account.id, at, at, at + ABSOLUTE_S, address, _shortened(agent))
    old = digest_of(instead) if instead else ""
    return token if opened(state).access.add_session(digest, made, most=MOST, instead=old) else None


def account_of_session(state: Path, token: str, now: float | None = None, address: str = "") -> Account | None:
    """Return who is signed in with this token, as they are now; None: nobody (any more). Asked at every page.

    `address`: from where; kept with the last use.
    """
    found = session_of(state, token, now, address)
    return None if found is None else found[1]


def session_of(state: Path, token: str, now: float | None = None, address: str = "") -> tuple[Session, Account] | None:
    """Return the session with this token and who it is of; None: there is none, or it has ended."""
    if not token or len(token) > _MAX_TOKEN or not exists(state):
        return None
    at = moment(now)
    digest = digest_of(token)
    access = opened(state).access
    found = access.session(digest)
    if found is None or not is_live(found[0], at):
        return None
    session, stored = found
    if abs(at - session.seen) >= SEEN_S:  # a clock that was set back is no longer ago
        access.touch_session(digest, at, address)
    return session, stored.account


def is_live(session: Session, now: float) -> bool:
    """Return whether a session has not ended by its age. Its last second is the one before the bound."""
    return now < session.expires and now < session.seen + IDLE_S


def sessions(state: Path, account: str, now: float | None = None) -> list[Session]:
    """Return where `account` (its id) is signed in, the one used last first."""
    at = moment(now)
    return [s for s in opened(state).access.sessions(account) if is_live(s, at)] if exists(state) else []


def log_out(state: Path, token: str) -> None:
    """End the session with this token; nothing happens when there is none."""
    if token and len(token) <= _MAX_TOKEN and exists(state):
        opened(state).access.end_session(digest_of(token))


def end_session(state: Path, account: str, session: str) -> bool:
    """End one session of `account` by the id that `sessions` gives; False: there is none."""
    return bool(session) and opened(state).access.end_sessions(account, ident=session) > 0


def log_out_everywhere(state: Path, account: str, *, keep: str = "") -> int:
    """End the sessions of `account` (its id), except the one with the token `keep`; return how many there were."""
    return opened(state).access.end_sessions(account, keep=digest_of(keep) if keep else "") if exists(state) else 0


def _shortened(agent: str) -> str:
    return "".join(c if c.isprintable() else " " for c in agent[:MAX_AGENT]).strip()
