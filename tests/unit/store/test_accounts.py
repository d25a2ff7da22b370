"""The tables of accounts as a file: made by the migration, upgraded with a family in it, damage is said."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest
import sqlalchemy as sa

from filterd.errors import StoreError
from filterd.model.account import Account, Role
from filterd.model.change import Who
from filterd.store import engine as use
from filterd.store.accounts import AccountStore, Stored
from filterd.store.engine import writing
from filterd.store.household import HouseholdStore


def one(ident: str = "lan", created: float = 1.0) -> Stored:
    return Stored(Account(ident, ident, ident, Role.PARENT, created=created, password_changed=created), ident, "hash")


def test_a_database_of_the_version_before_keeps_its_family(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from alembic import command

    newest = command.upgrade
    with monkeypatch.context() as patch:
        patch.setitem(use.HEADS, "household", "0001")
        patch.setattr(command, "upgrade", lambda config, _: newest(config, "0001"))
        store = HouseholdStore.open(tmp_path)
        store.change(Who("mẹ"), "x", 1.0, lambda _: {("setting", "a"): {"n": 1}})
        assert not sa.inspect(store.engine).has_table("account")
        store.close()
    accounts = AccountStore.open(tmp_path)
    assert accounts.accounts() == {}
    assert accounts.change(Who("mẹ"), "account added", 2.0, lambda _: {"lan": one()}) is not None
    accounts.close()
    store = HouseholdStore.open(tmp_path)
    assert store.setting("a") == {"n": 1} and [c.number for c in store.history()] == [2, 1]
    store.close()
    assert stat.S_IMODE((tmp_path / "household.db").stat().st_mode) == 0o600


@pytest.mark.parametrize("column", ["role", "ranges", "recovery"])
def test_damage_is_said(tmp_path: Path, column: str) -> None:
    store = AccountStore.open(tmp_path)
    store.change(Who("mẹ"), "account added", 2.0, lambda _: {"lan": one()})
    with writing(store.engine, "household") as connection:
        connection.exec_driver_sql(f"UPDATE account SET {column} = 'king['")
    with pytest.raises(StoreError, match="damaged: account 'lan'"):
        store.accounts()
    store.close()
