"""Takes a backup in: the household, the accounts and the use of lists become what the backup says.

Everything is judged before anything is written (backup_read.py). Then lists, household and accounts are written in this
order, each whole; who was logged in with a password that the backup does not know is logged out. The log stays as it is,
so do requests, and where messages are sent. Lists that this box does not have yet come with the next update; lists that
the backup does not know are left out, not removed.

    found = backup_read.read(data, state)                # to show what would happen
    done = restore(state, Who("mẹ"), data)
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from filterd.control import backup_read
from filterd.control.accounts_open import checked, moment, opened
from filterd.control.backup import LIST_FIELDS
from filterd.control.backup_read import Backup
from filterd.control.household import import_household
from filterd.errors import ListRejected
from filterd.model.change import Who

if TYPE_CHECKING:
    from filterd.control.household import Imported
    from filterd.listbuild.registry import Listed
    from filterd.store.accounts import Stored

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Restored:
    """What was done. `refused`: own lists whose names were not taken, and why."""

    backup: Backup
    imported: Imported
    accounts: bool
    refused: Mapping[str, str]


def restore(
    state: Path, who: Who, data: bytes, *, with_accounts: bool = True, keep: str = "", now: float | None = None
) -> Restored:
    """Put a backup into force. `keep`: the digest of the session that stays, for whoever does it.

    ConfigError says what does not fit, before anything is changed; StoreError: it could not be written.
    """
    checked(who)
    found = backup_read.read(data, state)
    refused = _take_lists(state, found)
    imported = import_household(state, found.text, "household.yaml", now, who)
    accounts = with_accounts and bool(found.accounts)
    if accounts:
        wanted = {one.account.id: one for one in found.accounts}

        def alter(before: dict[str, Stored]) -> Mapping[str, Stored]:
            # a second factor's step that was used here stays used
            return {
                ident: replace(one, totp_step=max(one.totp_step, before[ident].totp_step if ident in before else 0))
                for ident, one in wanted.items()
            }

        opened(state).accounts.change(who, "accounts restored", moment(now), alter, keep=keep)
    return Restored(found, imported, accounts, refused)


def _take_lists(state: Path, found: Backup) -> dict[str, str]:
    """Register the backup's lists; return why names of own lists were not taken, by id."""
    from filterd.config.catalogue import load as load_catalogue
    from filterd.control.lists_take import refused as held_back
    from filterd.control.lists_take import take
    from filterd.listbuild.fetch import Fetched
    from filterd.listbuild.registry import load, registry_lock, save

    said: dict[str, str] = {}
    with registry_lock(state):
        here = load(state)
        lists = {ident: replace(listed, enabled=False) for ident, listed in here.items()}
        for one in found.lists:
            listed = _joined(here.get(one.id), one)
            body = found.bodies.get(one.id)
            if body is not None and not listed.digest:
                try:
                    listed, _report = take(state, listed, Fetched(body), load_catalogue())
                except ListRejected as exc:
                    said[one.id] = str(exc)
                    listed = held_back(listed, exc, body)
            lists[one.id] = listed
        save(state, lists)
    return said


def _joined(here: Listed | None, said: Listed) -> Listed:
    """Return a list of the backup with what this box has of it already, when that is from the same place."""
    if here is None or (here.origin, here.asked) != (said.origin, said.asked):
        return said
    return replace(here, **{key: getattr(said, key) for key in LIST_FIELDS if key != "format"}, next_at="")
