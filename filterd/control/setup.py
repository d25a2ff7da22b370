"""The setup code: eight figures that only who sees the box's own screen knows, until the first admin is there.

Without it, whoever opens the page first in the network would own the box. `filterd up` and `filterd setup-code` print
it; it lies in the state folder, readable by the box's own user. It lasts until it is used or guessed at ten times in an
hour, when another takes its place; not by the clock, which on a new box jumps when the network tells the time.

    if needed(state):
        print(code(state))                      # 4711-0815
    check(state, "4711 0815", "192.0.2.7")
    admin = first_admin(state, who, "mẹ Hạnh", password)
"""

from __future__ import annotations

import hmac
import re
import secrets
from pathlib import Path

from filterd.control.accounts import add, list_accounts
from filterd.control.accounts_login import admitted, try_key
from filterd.control.accounts_open import exists, moment, opened
from filterd.errors import ConfigError, StoreError
from filterd.host.files import locked, make_folder, read_bounded, write_atomic
from filterd.model.account import Account, Role
from filterd.model.change import Who

FILE = "setup.code"
FIGURES = 8
WRONG_AN_HOUR = 10  # after so many another code is made
_HOUR_S = 3600.0
_KEY = "\x00setup"  # of the tries; no account has such a name
_FORM = re.compile(r"[0-9]{4}-[0-9]{4}")
_set_up: set[tuple[str, int]] = set()  # databases that have an admin


class WrongCode(ConfigError):
    """It is not the code. `renewed`: the one on the screen is void by now; another was made."""

    def __init__(self, renewed: bool) -> None:
        self.renewed = renewed
        more = "; there is a new one now: `filterd setup-code` shows it" if renewed else ""
        super().__init__(f"code: expected the eight figures that the box shows{more}")


def needed(state: Path) -> bool:
    """Return whether nobody looks after this box yet. Every page asks."""
    database = _database(state)
    if database is not None and database in _set_up:
        return False
    needs = not exists(state) or not any(account.role is Role.ADMIN for account in list_accounts(state))
    if not needs and database is not None:
        _set_up.add(database)  # the last admin cannot go, so that it stays true
    return needs


def code(state: Path) -> str:
    """Return the code as people read it, 4711-0815; it is made when there is none. StoreError: no place to write it.

    ConfigError: the box is set up already, so that there is none.
    """
    if not needed(state):
        finish(state)
        raise ConfigError("this box is set up already: there is an admin, and no setup code")
    make_folder(state)
    with locked(state / f"{FILE}.lock"):
        return _read(state) or _make(state)


def check(state: Path, text: str, address: str = "", now: float | None = None) -> None:
    """Return when `text` is the code, with or without a line or a space in it.

    Limited like signing in: LoginRefused. WrongCode: it is another. ConfigError: the box is set up already.
    """
    from filterd.store.accounts_access import OK

    at = moment(now)
    expected = code(state)
    given = re.sub(r"[\s-]", "", text[:32])
    key = try_key(_KEY)
    with admitted(state, key, address, at) as number:
        if given.isascii() and hmac.compare_digest(given, expected.replace("-", "")):
            opened(state).access.settle(number, OK)
            return
    with locked(state / f"{FILE}.lock"):
        access = opened(state).access
        renew = access.count_wrong(key, at - _HOUR_S, at) >= WRONG_AN_HOUR
        if renew:
            _make(state)
            access.forget_tries(key)
    raise WrongCode(renew)


def first_admin(
    state: Path, who: Who, name: str, password: str, *, shown: str = "", language: str = "", now: float | None = None
) -> Account:
    """Add the first admin and end the setup code. The caller has seen `check` pass in this browser.

    ConfigError: somebody was faster, or as in accounts.add.
    """
    made = add(state, who, name, password, Role.ADMIN, shown=shown, language=language, now=now, first=True)
    finish(state)
    return made


def finish(state: Path) -> None:
    """End the code: it opens nothing any more, and its file is gone."""
    try:
        (state / FILE).unlink(missing_ok=True)
    except OSError as exc:
        raise StoreError(f"cannot remove {state / FILE}: {exc.strerror or exc}") from exc


def _database(state: Path) -> tuple[str, int] | None:
    """Return which file the database is; None: it is none, or a server's."""
    if (state / "database").exists():
        return None
    try:
        found = (state / "household.db").stat()
    except OSError:
        return None
    return str(state.resolve()), found.st_ino


def _read(state: Path) -> str:
    """Return the code in the file; "" when there is none, or something else."""
    path = state / FILE
    if not path.exists():
        return ""
    text = read_bounded(path, 64).decode("ascii", "replace").strip()
    return text if _FORM.fullmatch(text) else ""


def _make(state: Path) -> str:
    figures = f"{secrets.randbelow(10**FIGURES):0{FIGURES}d}"
    made = f"{figures[:4]}-{figures[4:]}"
    write_atomic(state / FILE, f"{made}\n".encode(), 0o600)
    return made
