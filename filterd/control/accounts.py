"""Accounts: who may sign in and what they may do there. What a page or a command calls is named here.

An admin adds, changes and removes people; everybody changes their own password. There is always an admin. Every change
is a row of the history. Signing in is accounts_login.py, sessions, second factor and tokens are their own files.

    lan = add(state, Who("mẹ"), "Lan", "mèo vàng ngủ trên mái", Role.PARENT, shown="mẹ Lan")
    token, account = log_in(state, "lan", "mèo vàng ngủ trên mái", address="192.0.2.7")
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from filterd.control.accounts_login import LoginRefused, forget_tries, log_in, prove
from filterd.control.accounts_names import key_of, name_of, shown_of
from filterd.control.accounts_open import checked, exists, moment, opened
from filterd.control.accounts_passwords import Busy, WeakPassword, hashed
from filterd.control.accounts_sessions import (
    account_of_session,
    begin_session,
    digest_of,
    end_session,
    log_out,
    log_out_everywhere,
    session_of,
    sessions,
)
from filterd.control.accounts_words import Strength, strength
from filterd.errors import ConfigError
from filterd.model.account import Account, Role
from filterd.model.change import Who

if TYPE_CHECKING:
    from filterd.store.accounts import Stored

__all__ = [
    "Busy", "LoginRefused", "Strength", "WeakPassword", "account_of_session", "add", "begin_session", "change",
    "change_password", "end_session", "find", "house_names", "list_accounts", "log_in", "log_out",
    "log_out_everywhere", "prove", "remove", "reset_password", "session_of", "sessions", "set_role", "strength",
]  # fmt: skip

MOST = 200  # accounts: a school's teachers
MAX_RANGES = 200
LANGUAGES = ("", "vi", "en")
THEMES = ("", "light", "dark", "contrast")


def list_accounts(state: Path) -> list[Account]:
    """Return everybody, the oldest account first."""
    return [stored.account for stored in opened(state).accounts.accounts().values()] if exists(state) else []


def find(state: Path, name: str) -> Account:
    """Return the account that is called `name`, or has it as its id. ConfigError: there is none."""
    key = key_of(name)
    for stored in opened(state).accounts.accounts().values() if exists(state) else ():
        if stored.account.id == name or stored.key == key:
            return stored.account
    raise ConfigError(f"name: there is no account {name[:60]!r}")


def add(
    state: Path, who: Who, name: str, password: str, role: Role | str, *, shown: str = "",
    ranges: Iterable[str] = (), language: str = "", now: float | None = None, first: bool = False,
) -> Account:  # fmt: skip
    """Add somebody and return them. `first`: only while there is no admin (control/setup.py).

    ConfigError: the name is taken or none that can be, the role has no ranges, there are too many; WeakPassword.
    """
    checked(who)
    at = moment(now)
    role = _role(role)
    reach = _ranges(state, role, ranges)
    kept_name, key = name_of(name), key_of(name)
    assert key is not None  # name_of has looked
    shown = shown_of(shown or kept_name)
    _one_of("language", language, LANGUAGES)
    password_hash = hashed(password, [*house_names(state), kept_name, shown])
    made: list[Account] = []

    def alter(found: dict[str, Stored]) -> dict[str, Stored]:
        from filterd.control.profiles import free_id
        from filterd.store.accounts import Stored

        if first and any(s.account.role is Role.ADMIN for s in found.values()):
            raise ConfigError("this box is set up already: sign in")
        if len(found) >= MOST:
            raise ConfigError(f"accounts: expected at most {MOST}; remove one first")
        _check_free(found, key, kept_name)
        ident = free_id(kept_name, found)
        made.append(Account(ident, kept_name, shown, role, reach, language, "", False, 0, at, at))
        return {**found, ident: Stored(made[-1], key, password_hash)}

    opened(state).accounts.change(who, "account added", at, alter)
    return made[-1]


def change(
    state: Path, who: Who, account: str, *, name: str | None = None, shown: str | None = None,
    language: str | None = None, theme: str | None = None, now: float | None = None,
) -> Account:  # fmt: skip
    """Give `account` (its id) other words or looks; None leaves one as it is. Return it. ConfigError: they do not fit."""
    values: dict[str, str] = {}
    if name is not None:
        values["name"] = name_of(name)
    if shown is not None:
        values["shown"] = shown_of(shown)
    if language is not None:
        values["language"] = _one_of("language", language, LANGUAGES)
    if theme is not None:
        values["theme"] = _one_of("theme", theme, THEMES)

    def alter(found: dict[str, Stored]) -> dict[str, Stored]:
        stored = _known(found, account)
        key = key_of(values.get("name", stored.account.name)) or stored.key
        _check_free({i: s for i, s in found.items() if i != account}, key, values.get("name", ""))
        # one by one: a mapping of text is not what `replace` takes for a role
        told = replace(
            stored.account,
            name=values.get("name", stored.account.name),
            shown=values.get("shown", stored.account.shown),
            language=values.get("language", stored.account.language),
            theme=values.get("theme", stored.account.theme),
        )
        return {**found, account: replace(stored, account=told, key=key)}

    opened(state).accounts.change(checked(who), "account changed", moment(now), alter)
    return opened(state).accounts.accounts()[account].account


def set_role(
    state: Path, who: Who, account: str, role: Role | str, *, ranges: Iterable[str] = (), now: float | None = None
) -> Account:
    """Give `account` (its id) another role, a teacher with `ranges`; it holds from the next page on. Return it.

    ConfigError: it is the last admin, or the role has no ranges.
    """
    role = _role(role)
    reach = _ranges(state, role, ranges)

    def alter(found: dict[str, Stored]) -> dict[str, Stored]:
        stored = _known(found, account)
        made = {**found, account: replace(stored, account=replace(stored.account, role=role, ranges=reach))}
        return _with_admin(found, made)

    opened(state).accounts.change(checked(who), "role changed", moment(now), alter)
    return opened(state).accounts.accounts()[account].account


def remove(state: Path, who: Who, account: str, *, now: float | None = None) -> None:
    """Remove `account` (its id); its sessions and tokens end with it. ConfigError: there is none, or the last admin."""

    def alter(found: dict[str, Stored]) -> dict[str, Stored]:
        _known(found, account)
        return _with_admin(found, {i: s for i, s in found.items() if i != account})

    opened(state).accounts.change(checked(who), "account removed", moment(now), alter)


def change_password(
    state: Path, who: Who, account: str, current: str, password: str, *,
    keep: str = "", address: str = "", now: float | None = None,
) -> None:  # fmt: skip
    """Change one's own password. Every other session ends; `keep` is the token of the one that stays.

    LoginRefused: `current` is wrong, or was guessed at too often. WeakPassword: the new one is not taken.
    """
    prove(state, account, current, address, now)
    reset_password(state, who, account, password, keep=keep, now=now)


def reset_password(
    state: Path, who: Who, account: str, password: str, *, keep: str = "", now: float | None = None
) -> None:
    """Give somebody who forgot theirs a new password: an admin does that, or the box's command line.

    Their sessions end, and what slowed them down is forgotten; a second factor stays (ASVS 6.4.3).
    """
    at = moment(now)
    stored = _known(opened(state).accounts.accounts(), account)
    made = hashed(password, [*house_names(state), stored.account.name, stored.account.shown])

    def alter(found: dict[str, Stored]) -> dict[str, Stored]:
        fresh = _known(found, account)
        told = replace(fresh.account, password_changed=at)
        return {**found, account: replace(fresh, account=told, password=made)}

    keep = digest_of(keep) if keep else ""
    opened(state).accounts.change(checked(who), "password changed", at, alter, keep=keep)
    forget_tries(state, stored.key)


def house_names(state: Path) -> list[str]:
    """Return the names that a password must not be made of: of profiles, accounts, and of the product."""
    if not exists(state):
        return ["filterd"]
    from filterd.control.household import open_store

    accounts = [s.account for s in opened(state).accounts.accounts().values()]
    with open_store(state) as store:
        entities = store.stored().entities
    people = [str(entity.body.get("name", "")) for (kind, _), entity in entities.items() if kind == "profile"]
    return [*people, *(a.name for a in accounts), *(a.shown for a in accounts), "filterd"]


def _with_admin(before: dict[str, Stored], after: dict[str, Stored]) -> dict[str, Stored]:
    def admins(found: dict[str, Stored]) -> int:
        return sum(s.account.role is Role.ADMIN for s in found.values())

    if admins(before) and not admins(after):
        raise ConfigError("this is the last admin: make somebody else one first")
    return after


def _check_free(found: dict[str, Stored], key: str, name: str) -> None:
    if any(s.key == key for s in found.values()):
        raise ConfigError(f"name: there is an account {name!r} already, or one that looks like it")


def _known(found: dict[str, Stored], account: str) -> Stored:
    if account not in found:
        raise ConfigError(f"account: there is no {account[:60]!r}")
    return found[account]


def _role(role: Role | str) -> Role:
    try:
        return Role(role)
    except ValueError:
        raise ConfigError(f"role: expected one of {', '.join(Role)}, got {str(role)[:40]!r}") from None


def _ranges(state: Path, role: Role, ranges: Iterable[str]) -> tuple[str, ...]:
    """Return the ids in their order; each must be a device (a room, a class) of the household."""
    found = tuple(dict.fromkeys(ranges))
    if not found:
        return ()
    if role is not Role.TEACHER:
        raise ConfigError(f"ranges: a {role} has none; only a teacher has")
    if len(found) > MAX_RANGES:
        raise ConfigError(f"ranges: expected at most {MAX_RANGES}, got {len(found)}")
    from filterd.control.household import open_store

    with open_store(state) as store:
        known = store.stored().entities
    missing = [ident for ident in found if ("device", ident) not in known]
    if missing:
        raise ConfigError(f"ranges: there is no device {missing[0][:60]!r}")
    return found


def _one_of(what: str, value: str, words: tuple[str, ...]) -> str:
    if value not in words:
        raise ConfigError(f"{what}: expected {', '.join(filter(None, words))} or nothing, got {value[:40]!r}")
    return value
