"""Tokens for programs (Home Assistant, a script): made by an account, shown once, never wider than who made them.

What a token may is asked anew at every call: it loses what its owner loses, and ends with the owner.

    text, token = create(state, who, "lan", "Home Assistant", {Scope.READ, Scope.HOUSEHOLD})
    token, account = check(state, text, Scope.READ)
"""

from __future__ import annotations

import secrets
from collections.abc import Iterable
from pathlib import Path

from filterd.control.accounts_open import checked, exists, moment, opened
from filterd.control.accounts_sessions import SEEN_S, TOKEN_BYTES, digest_of
from filterd.errors import ConfigError, FilterdError
from filterd.model.account import NEEDS, Account, Action, ApiToken, Scope, may
from filterd.model.change import Who

PREFIX = "ftd_"  # by which secret scanners and people know one
MOST = 20  # of an account
MAX_DAYS = 3650
MAX_NAME = 60  # characters
_MAX_TEXT = 80


class TokenRefused(FilterdError):
    """A program may not do that. `reason`: unknown (also expired, revoked), scope (it is not for this)."""

    def __init__(self, reason: str) -> None:
        self.reason = reason
        super().__init__("this token is not for that" if reason == "scope" else "there is no such token")


def create(
    state: Path, who: Who, account: str, name: str, scopes: Iterable[Scope | str], *,
    days: int | None = 365, now: float | None = None,
) -> tuple[str, ApiToken]:  # fmt: skip
    """Make a token for `account` (its id) and return its text, which nobody sees again, and what is kept.

    ConfigError: a scope that the owner has not themselves, no scope, a name that is none, too many tokens.
    """
    checked(who)
    at = moment(now)
    name = name.strip()
    if not 1 <= len(name) <= MAX_NAME or not name.isprintable():
        raise ConfigError(f"name: expected one line of 1 to {MAX_NAME} characters")
    if days is not None and not 1 <= days <= MAX_DAYS:
        raise ConfigError(f"days: expected 1 to {MAX_DAYS}, or none for no end")
    try:
        wanted = frozenset(Scope(scope) for scope in scopes)
    except ValueError as exc:
        raise ConfigError(f"scopes: expected some of {', '.join(Scope)}: {exc}") from None
    stored = opened(state).accounts.accounts().get(account)
    if stored is None:
        raise ConfigError(f"account: there is no {account!r}")
    role = stored.account.role
    refused = sorted(scope for scope in wanted if not may(role, NEEDS[scope]))
    if not wanted or refused or not may(role, Action.TOKENS):
        what = f"a {role} has no tokens for {', '.join(refused)}" if refused and may(role, Action.TOKENS) else ""
        raise ConfigError(f"scopes: {what or ('expected at least one' if not wanted else f'a {role} has no tokens')}")
    text = PREFIX + secrets.token_urlsafe(TOKEN_BYTES)
    expires = None if days is None else at + days * 86_400.0
    made = ApiToken(f"t{secrets.token_hex(4)}", account, name, wanted, at, None, expires)
    if not opened(state).access.add_token(digest_of(text), made, MOST, who):
        raise ConfigError(f"tokens: expected at most {MOST} of one account; revoke one first")
    return text, made


def check(state: Path, text: str, scope: Scope | str, now: float | None = None) -> tuple[ApiToken, Account]:
    """Return the token with this text and its owner, when it may be used for `scope` now. Raises TokenRefused."""
    needed = Scope(scope)
    if not text.startswith(PREFIX) or len(text) > _MAX_TEXT or not exists(state):
        raise TokenRefused("unknown")
    at = moment(now)
    access = opened(state).access
    found = access.token(digest_of(text))
    if found is None or (found[0].expires is not None and at >= found[0].expires):
        raise TokenRefused("unknown")
    token, stored = found
    role = stored.account.role
    if needed not in token.scopes or not may(role, NEEDS[needed]) or not may(role, Action.TOKENS):
        raise TokenRefused("scope")
    if token.last_used is None or abs(at - token.last_used) >= SEEN_S:
        access.touch_token(token.id, at)
    return token, stored.account


def tokens(state: Path, account: str = "") -> list[ApiToken]:
    """Return the tokens of `account` (its id), or everybody's, the oldest first; expired ones too."""
    return opened(state).access.tokens(account) if exists(state) else []


def revoke(state: Path, who: Who, token: str, *, account: str = "", now: float | None = None) -> bool:
    """End the token with this id, at once; False: there is none. `account`: only one of that account's own."""
    return opened(state).access.end_token(token, checked(who), moment(now), account)
