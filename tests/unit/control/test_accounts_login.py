"""Signing in: limits by a clock of our own, what a guess costs, the second factor, hashes that grow with their time."""

from __future__ import annotations

from pathlib import Path

import pytest

from filterd.control import accounts, accounts_login, accounts_passwords
from filterd.control.accounts_login import delay_s, wait_of
from filterd.control.accounts_open import opened
from filterd.errors import ConfigError
from filterd.model.account import Account, Role
from filterd.store.accounts_access import Tries
from tests.unit.control.accounts_home import MUM, NOW, OTHER, PASSWORD, home, mum, refused

__all__ = ["home", "mum"]


@pytest.fixture
def hashes(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The hashes that were computed, instead of computing them: everything is wrong but PASSWORD."""
    done: list[str] = []

    def is_right(kept: str, password: str) -> bool:
        done.append(kept)
        return password == PASSWORD and kept != accounts_passwords.NOBODY

    monkeypatch.setattr(accounts_login, "is_right", is_right)
    return done


def test_signed_in_by_any_spelling(home: Path, mum: Account) -> None:
    token, account = accounts.log_in(home, " HẠNH ", PASSWORD, address="192.0.2.7", agent="Firefox\x1b[31m", now=NOW)
    assert account == mum and len(token) == 43  # 256 bits
    session = accounts.sessions(home, "hanh", NOW)[0]
    assert (session.address, session.agent, session.created) == ("192.0.2.7", "Firefox [31m", NOW)
    assert token.encode() not in (home / "household.db").read_bytes()


def test_a_password_typed_in_pieces_is_the_same(home: Path, mum: Account) -> None:
    import unicodedata

    assert accounts.log_in(home, "hanh", unicodedata.normalize("NFD", PASSWORD), now=NOW)[1] == mum
    for other in (PASSWORD.upper(), PASSWORD + " ", "", "x" * 300, "\ud800" * 10):
        assert refused(home, "hanh", other, now=NOW + 100 * len(other)) == "wrong 0"


def test_a_name_that_is_not_there_costs_the_same(home: Path, mum: Account, hashes: list[str]) -> None:
    for name in ("nobody", "\u0430dmin", "", "x" * 5000):
        assert refused(home, name, address=name[:5]) == "wrong 0"
    assert hashes == [accounts_passwords.NOBODY] * 4
    assert not accounts_passwords._hasher().check_needs_rehash(accounts_passwords.NOBODY)
    assert accounts_passwords.is_right(accounts_passwords.NOBODY, "x") is False


def test_an_address_has_five_tries_a_minute(home: Path, mum: Account, hashes: list[str]) -> None:
    for number in range(5):
        assert refused(home, f"name{number}", address="192.0.2.66", now=NOW + number) == "wrong 0"
    assert refused(home, "other", address="192.0.2.66", now=NOW + 5) == "wait 55"
    accounts_login._resting.forget()  # another process knows it as well
    assert refused(home, "other", address="192.0.2.66", now=NOW + 59.5) == "wait 1"
    assert len(hashes) == 5
    assert accounts.log_in(home, "hanh", PASSWORD, address="192.0.2.7", now=NOW + 5)
    assert refused(home, "other", address="192.0.2.66", now=NOW + 60) == "wrong 0"


def test_a_flood_asks_the_database_nothing(
    home: Path, mum: Account, hashes: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    for _ in range(5):
        refused(home, "nobody", address="192.0.2.66")
    assert refused(home, "nobody", address="192.0.2.66") == "wait 60"

    def never(*_: object) -> object:
        raise AssertionError("asked")

    monkeypatch.setattr(accounts_login, "opened", never)
    assert refused(home, "hanh", address="192.0.2.66", now=NOW + 1) == "wait 59"


def test_an_account_rests_longer_and_longer_and_a_minute_at_most(home: Path, mum: Account, hashes: list[str]) -> None:
    at, waits = NOW, []
    for number in range(20):
        said, wait = refused(home, "hanh", address=f"198.51.100.{number}", now=at).split()
        waits.append(int(wait))
        assert said == ("wait" if waits[-1] else "wrong")
        at += waits[-1]  # to the second: what is said is enough
    assert waits == [0, 0, 0, 0, 0, 2, 0, 4, 0, 8, 0, 16, 0, 32, 0, 60, 0, 60, 0, 60]
    assert len(hashes) == waits.count(0)
    assert [delay_s(n) for n in (0, 4, 5, 6, 9, 10, 11, 10**6)] == [0, 0, 2, 4, 32, 60, 60, 60]


def test_names_that_are_not_there_rest_too(home: Path, mum: Account, hashes: list[str]) -> None:
    for number in range(5):
        refused(home, "nobody", address=f"198.51.100.{number}")
    assert refused(home, "nobody", address="198.51.100.9") == "wait 2"


def test_nobody_at_home_is_locked_out(home: Path, mum: Account, hashes: list[str]) -> None:
    accounts.log_in(home, "hanh", PASSWORD, address="192.0.2.7", now=NOW - 50)
    for number in range(60):
        refused(home, "hanh", address=f"198.51.100.{number % 30}", now=NOW + number * 0.0)
    while refused(home, "n" + str(len(hashes)), address=f"203.0.113.{len(hashes)}").startswith("wrong"):
        pass  # until the whole house rests
    assert refused(home, "hanh", PASSWORD, address="192.0.2.8").startswith("wait")
    assert accounts.log_in(home, "hanh", PASSWORD, address="192.0.2.7", now=NOW)[1].id == "hanh"
    # the right password ends the rest of the account
    assert accounts.log_in(home, "hanh", PASSWORD, address="192.0.2.8", now=NOW + 61)[1].id == "hanh"


def test_a_session_that_ended_makes_no_address_known(home: Path, mum: Account, hashes: list[str]) -> None:
    token, _ = accounts.log_in(home, "hanh", PASSWORD, address="192.0.2.7", now=NOW)
    accounts.log_out(home, token)
    for number in range(6):
        refused(home, "hanh", address=f"198.51.100.{number}", now=NOW + 1)
    assert refused(home, "hanh", PASSWORD, address="192.0.2.7", now=NOW + 2) == "wait 1"


def test_sixty_tries_a_minute_in_all() -> None:
    tries = tuple(NOW - n / 10 for n in range(60))
    assert wait_of(Tries(everywhere=tries[:59]), NOW) == 0
    assert wait_of(Tries(everywhere=tries), NOW) == pytest.approx(60 - 5.9)
    assert wait_of(Tries(everywhere=tries, known=True), NOW) == 0
    assert wait_of(Tries(here=tries[:5], known=True), NOW) == pytest.approx(60 - 0.4)
    assert wait_of(Tries(failed=tries[:10], known=True), NOW) == 0 < wait_of(Tries(failed=tries[:10]), NOW) <= 60


def test_a_clock_that_is_set_back_holds_nobody(home: Path, mum: Account, hashes: list[str]) -> None:
    for number in range(8):
        refused(home, "hanh", address="192.0.2.66", now=NOW + 10**6 + number / 10)
    assert refused(home, "hanh", address="192.0.2.66", now=NOW) == "wrong 0"


def test_tries_are_kept_a_day_and_in_a_bounded_number(
    home: Path, mum: Account, hashes: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    from filterd.store import accounts_access

    monkeypatch.setattr(accounts_access, "MAX_TRIES", 7)
    for number in range(12):
        refused(home, f"n{number}", address=str(number), now=NOW + number)
    assert rows(home) == [NOW + number for number in range(5, 12)]
    refused(home, "later", now=NOW + 86_400 + 9.5)
    assert rows(home) == [NOW + 10, NOW + 11, NOW + 86_400 + 9.5]


def rows(state: Path) -> list[float]:
    import sqlalchemy as sa

    from filterd.store.accounts import login_try
    from filterd.store.engine import reading

    with reading(opened(state).accounts.engine, "household") as connection:
        return list(connection.execute(sa.select(login_try.c.at).order_by(login_try.c.id)).scalars())


def test_what_is_typed_as_a_name_is_not_kept(home: Path, mum: Account) -> None:
    refused(home, "mat khau bi mat")
    assert b"bi mat" not in b"".join(p.read_bytes() for p in home.glob("household.db*"))


def test_two_hashes_at_once_and_no_third(home: Path, mum: Account, hashes: list[str]) -> None:
    with accounts_passwords.slot(), accounts_passwords.slot():
        assert refused(home, "hanh", PASSWORD) == "busy 1"
        with pytest.raises(accounts.Busy), accounts_passwords.slot():
            pass
    assert hashes == [] and rows(home) == []
    assert accounts.log_in(home, "hanh", PASSWORD, now=NOW)  # and the slots are free again


def test_a_hash_of_older_parameters_is_made_anew(home: Path, mum: Account) -> None:
    from dataclasses import replace

    from argon2 import PasswordHasher

    old = PasswordHasher(time_cost=1, memory_cost=8 * 1024, parallelism=1).hash(PASSWORD)
    store = opened(home).accounts
    store.change(MUM, "x", NOW, lambda found: {"hanh": replace(found["hanh"], password=old)})
    token, _ = accounts.log_in(home, "hanh", PASSWORD, now=NOW)
    kept = store.accounts()["hanh"].password
    assert kept.startswith("$argon2id$v=19$m=19456,t=2,p=1$")
    assert accounts.account_of_session(home, token, NOW) is not None  # it is the same password: nobody is signed out
    accounts.log_in(home, "hanh", PASSWORD, now=NOW)
    assert store.accounts()["hanh"].password == kept


def test_a_damaged_hash_lets_nobody_in(home: Path, mum: Account) -> None:
    from dataclasses import replace

    opened(home).accounts.change(MUM, "x", NOW, lambda found: {"hanh": replace(found["hanh"], password="")})
    assert refused(home, "hanh", "") == "wrong 0"


def test_proving_who_one_is_is_limited_like_signing_in(home: Path, mum: Account, hashes: list[str]) -> None:
    accounts.prove(home, "hanh", PASSWORD, "192.0.2.7", NOW)
    for _ in range(5):
        with pytest.raises(accounts.LoginRefused, match="not right"):
            accounts.prove(home, "hanh", "x", "192.0.2.7", NOW)
    with pytest.raises(accounts.LoginRefused, match="wait 60 s"):
        accounts.prove(home, "hanh", PASSWORD, "192.0.2.7", NOW)


def test_a_new_password_ends_the_waiting(home: Path, mum: Account, hashes: list[str]) -> None:
    for number in range(12):
        refused(home, "hanh", address="192.0.2.66", now=NOW + number)
    accounts.reset_password(home, MUM, "hanh", OTHER, now=NOW + 13)
    assert refused(home, "hanh", address="192.0.2.66", now=NOW + 13) == "wrong 0"


def test_an_address_is_short(home: Path) -> None:
    with pytest.raises(ConfigError, match="address: expected"):
        accounts.log_in(home, "hanh", PASSWORD, address="x" * 65, now=NOW)


def test_a_removed_person_does_not_come_back(home: Path, mum: Account) -> None:
    accounts.add(home, MUM, "Lan", OTHER, Role.PARENT, now=NOW)
    token, lan = accounts.log_in(home, "lan", OTHER, now=NOW)
    accounts.remove(home, MUM, "lan")
    assert accounts.account_of_session(home, token, NOW) is None
    assert accounts.begin_session(home, lan, now=NOW) is None
    assert refused(home, "lan", OTHER) == "wrong 0"
