"""The accounts of a state folder, opened once a process: every page asks whose it is.

Opening makes sure that the database is at its newest version, which costs more than the question. What is kept is no
connection, only the way to one. Whatever no account can be in is asked nothing.

    accounts, access = opened(state)
"""

from __future__ import annotations

import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from filterd.errors import ConfigError
from filterd.model.change import Who

if TYPE_CHECKING:
    from filterd.store.accounts import AccountStore
    from filterd.store.accounts_access import AccessStore

MAX_BY = 80  # characters of who did it, as in control/change.py
_kept: dict[str, Opened] = {}
_lock = threading.Lock()


class Opened(NamedTuple):
    """Both sides of what is kept about accounts."""

    accounts: AccountStore
    access: AccessStore


def opened(state: Path) -> Opened:
    """Return the accounts of `state`; the database is made when there is none. Raises StoreError."""
    from filterd.host.files import make_folder
    from filterd.store.accounts import AccountStore
    from filterd.store.accounts_access import AccessStore
    from filterd.store.engine import url_of

    url = url_of(state, "household").render_as_string(hide_password=False)
    with _lock:
        found = _kept.get(url)
        if found is None or not exists(state):  # gone meanwhile: it is made anew, not half
            make_folder(state)
            store = AccountStore.open(state)
            found = _kept[url] = Opened(store, AccessStore(store.engine))
        return found


def exists(state: Path) -> bool:
    """Return whether there may be accounts: a database, of whatever version."""
    return (state / "household.db").exists() or (state / "database").exists()


def moment(now: float | None) -> float:
    """Return `now`, the clock's when None."""
    return time.time() if now is None else now


def checked(who: Who) -> Who:
    """Return `who`; ConfigError: their name is none that a history can show."""
    if len(who.by) > MAX_BY or not who.by.isprintable():
        raise ConfigError(f"by: expected a name of at most {MAX_BY} printable characters")
    return who
