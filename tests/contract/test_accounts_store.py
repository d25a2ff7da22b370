"""Accounts, sessions, tokens and tries keep their promises on SQLite and on PostgreSQL."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
import sqlalchemy as sa

from filterd.errors import StoreError
from filterd.model.account import Account, ApiToken, Role, Scope, Session
from filterd.model.change import Who
from filterd.store import accounts as tables
from filterd.store.accounts import AccountStore, Stored, renamed
from filterd.store.accounts_access import MAX_TRIES, OK, AccessStore, Tries
from filterd.store.engine import reading, writing
from filterd.store.household import HouseholdStore
from tests.contract.databases import *  # noqa: F403

MUM = Who("mẹ", "web", "192.0.2.7")


@pytest.fixture
def store(store_state: Path) -> Iterator[AccountStore]:
    opened = AccountStore.open(store_state)
    yield opened
    opened.close()


def one(ident: str, role: Role = Role.PARENT, created: float = 1.0) -> Stored:
    account = Account(ident, f"N {ident}", "mẹ Hạnh '%_\"", role, ("p'1",), "vi", "dark", False, 0, created, created)
    return Stored(account, ident, "hash", "", "PENDING", 7, ())


def put(store: AccountStore, *wanted: Stored, verb: str = "account added") -> None:
    assert store.change(MUM, verb, 2.5, lambda found: found | {s.account.id: s for s in wanted}) is not None


def test_tables_are_those_of_the_migration(store: AccountStore) -> None:
    found = sa.inspect(store.engine)
    for table in tables.tables.sorted_tables:
        columns = {c["name"]: c["nullable"] for c in found.get_columns(table.name)}
        assert columns == {c.name: bool(c.nullable) for c in table.c}, table.name
        assert found.get_pk_constraint(table.name)["constrained_columns"] == [c.name for c in table.primary_key]


def test_written_and_read_as_it_was(store: AccountStore) -> None:
    put(store, one("b", created=2.0), one("a", Role.ADMIN))
    assert store.accounts() == {"a": one("a", Role.ADMIN), "b": one("b", created=2.0)}
    assert store.by_key("b") == one("b", created=2.0) and store.by_key("x") is None and store.by_key("%") is None
    full = replace(one("a"), totp="S", recovery=("h", "", "k"))
    put(store, full, verb="x")
    read = store.accounts()["a"]
    assert (read.account.has_totp, read.account.recovery_left, read.recovery) == (True, 2, ("h", "", "k"))


def test_a_change_is_a_row_of_the_households_history(store: AccountStore, store_state: Path) -> None:
    put(store, one("a"))
    household = HouseholdStore.open(store_state)
    household.change(MUM, "x", 3.0, lambda _: {("profile", "p"): {}})
    assert store.change(MUM, "account removed", 4.0, lambda _: {}) is not None
    rows = household.history(key=("account", "a"))
    assert [(r.number, r.verb, r.who, r.at) for r in rows] == [
        (3, "account removed", MUM, 4.0), (1, "account added", MUM, 2.5),
    ]  # fmt: skip
    assert rows[0].edits[0].after is None and rows[0].edits[0].before == rows[1].edits[0].after
    assert household.revision() == 3 and list(household.stored().entities) == [("profile", "p")]
    household.close()


def test_what_changes_nothing_to_tell_is_not_told(store: AccountStore) -> None:
    put(store, one("a"))
    assert store.change(MUM, "x", 3.0, lambda found: found) is None
    assert store.change(MUM, "x", 3.0, lambda f: {"a": renamed(replace(f["a"], pending="Q"), theme="light")}) is None
    assert store.accounts()["a"].pending == "Q" and store.accounts()["a"].account.theme == "light"


def test_what_is_refused_leaves_everything(store: AccountStore) -> None:
    put(store, one("a"))

    def fails(found: dict[str, Stored]) -> dict[str, Stored]:
        raise KeyError("mine")

    with pytest.raises(KeyError):
        store.change(MUM, "x", 3.0, fails)
    with pytest.raises(StoreError):  # the same compared name twice
        store.change(MUM, "x", 3.0, lambda f: {**f, "b": one("b"), "c": replace(one("c"), key="a")})
    assert store.accounts() == {"a": one("a")}


def test_a_step_is_used_once_by_one(store: AccountStore) -> None:
    put(store, one("a"))
    assert [store.use_step("a", step) for step in (7, 8, 8, 6, 9)] == [False, True, False, False, True]
    store.rehash("a", "other", "new")
    assert store.accounts()["a"].password == "hash"
    store.rehash("a", "hash", "new")
    assert store.accounts()["a"].password == "new"


def session(account: str, at: float) -> Session:
    return Session("", account, at, at, at + 100, "192.0.2.7", "Firefox")


def test_sessions_end_with_what_they_stand_on(store: AccountStore) -> None:
    access = AccessStore(store.engine)
    put(store, one("a"), one("b"))
    for digest, account in (("1" * 64, "a"), ("2" * 64, "a"), ("3" * 64, "b")):
        assert access.add_session(digest, session(account, 10.0), most=5)
    assert not access.add_session("4" * 64, session("nobody", 10.0), most=5)
    found = access.session("1" * 64)
    assert found is not None and found[1] == one("a") and found[0] == replace(session("a", 10.0), id="1" * 16)
    new = replace(one("a"), password="new")
    store.change(MUM, "password changed", 3.0, lambda f: {**f, "a": new}, keep="1" * 64)
    assert [s.id for s in access.sessions("a")] == ["1" * 16] and len(access.sessions("b")) == 1
    store.change(MUM, "account removed", 3.0, lambda f: {"a": f["a"]})
    assert access.sessions("b") == [] and access.session("3" * 64) is None


def test_tokens_are_told_and_end_with_their_owner(store: AccountStore, store_state: Path) -> None:
    access = AccessStore(store.engine)
    put(store, one("a"))
    made = ApiToken("t1", "a", "Nhà", frozenset({Scope.READ, Scope.LISTS}), 5.0, None, 9.0)
    assert access.add_token("d1", made, 1, MUM) and not access.add_token("d2", replace(made, id="t2"), 1, MUM)
    assert access.token("d1") == (made, one("a")) and access.token("d2") is None
    access.touch_token("t1", 6.0)
    assert access.tokens("a") == access.tokens() == [replace(made, last_used=6.0)] and access.tokens("b") == []
    assert not access.end_token("t1", MUM, 7.0, "b") and not access.end_token("x", MUM, 7.0)
    assert access.end_token("t1", MUM, 7.0, "a") and access.tokens() == []
    household = HouseholdStore.open(store_state)
    assert [r.verb for r in household.history(key=("token", "t1"))] == ["token revoked", "token made"]
    household.close()


def test_the_tries_are_bounded_and_the_oldest_go(store: AccountStore) -> None:
    access = AccessStore(store.engine)
    with writing(store.engine, "household") as connection:
        rows = [{"at": 100.0 + n / 1000, "key": "k", "address": "x", "outcome": "wrong"} for n in range(MAX_TRIES)]
        connection.execute(sa.insert(tables.login_try), rows)
    access.attempt("last", "y", 200.0, "", 1.0, lambda _: None)
    with reading(store.engine, "household") as connection:
        t = tables.login_try.c
        found = connection.execute(sa.select(sa.func.count(), sa.func.min(t.at), sa.func.max(t.at))).one()
    assert tuple(found) == (MAX_TRIES, 100.001, 200.0)


def test_many_at_once_try_no_more_often_than_one_after_the_other(store: AccountStore) -> None:
    access = AccessStore(store.engine)
    let_in: list[int] = []
    gate = threading.Barrier(6)

    def judge(tries: Tries) -> None:
        if len(tries.here) >= 3:
            raise PermissionError

    def try_it() -> None:
        gate.wait(30)
        for _ in range(3):
            try:
                let_in.append(access.attempt("k", "192.0.2.66", 100.0, "", 1.0, judge))
            except PermissionError:
                pass

    threads = [threading.Thread(target=try_it) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert len(let_in) == len(set(let_in)) == 3
    tries = access.tries("k", "192.0.2.66", 100.0, "", 1.0)
    assert (tries.failed, tries.here, tries.everywhere, tries.known) == (
        (100.0,) * 3,
        (100.0,) * 3,
        (100.0,) * 3,
        False,
    )
    access.settle(let_in[2], OK)
    assert access.tries("k", "192.0.2.66", 100.0, "", 1.0).failed == ()
    assert access.count_wrong("k", 0.0, 100.0) == 2 and access.count_wrong("k", 100.0, 200.0) == 0


def test_an_address_is_known_while_somebody_is_signed_in_there(store: AccountStore) -> None:
    access = AccessStore(store.engine)
    put(store, one("a"))
    access.add_session("1" * 64, session("a", 10.0), most=5)  # ends at 110

    def known(now: float, account: str = "a", address: str = "192.0.2.7", idle: float = 50.0) -> bool:
        return access.tries("k", address, now, account, idle).known

    assert known(11.0) and known(59.9) and not known(60.0) and known(109.9, idle=1e6) and not known(110.0, idle=1e6)
    assert not known(11.0, account="b") and not known(11.0, address="192.0.2.8") and not known(11.0, account="")
