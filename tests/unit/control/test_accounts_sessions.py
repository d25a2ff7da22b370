"""Sessions end when they should, to the second, and cost a write in five minutes at most."""

from __future__ import annotations

from pathlib import Path

import pytest

from filterd.control import accounts
from filterd.control.accounts_sessions import ABSOLUTE_S, IDLE_S, MOST, begin_session, digest_of
from filterd.model.account import Account, Role
from filterd.store.accounts_access import AccessStore
from tests.unit.control.accounts_home import DAY, MUM, NOW, OTHER, home, mum

__all__ = ["home", "mum"]


def begun(state: Path, account: Account, now: float = NOW, **more: str) -> str:
    token = begin_session(state, account, now=now, **more)
    assert token is not None
    return token


def test_thirty_days_without_use_end_it(home: Path, mum: Account) -> None:
    assert (IDLE_S, ABSOLUTE_S) == (30 * DAY, 180 * DAY)
    token = begun(home, mum)
    assert accounts.account_of_session(home, token, NOW + IDLE_S - 1) == mum
    assert accounts.account_of_session(home, token, NOW + 2 * IDLE_S - 1.5) == mum  # it was used meanwhile
    assert accounts.account_of_session(home, token, NOW + 3 * IDLE_S - 1.5) is None
    assert accounts.sessions(home, "hanh", NOW + 3 * IDLE_S - 1.5) == []


def test_half_a_year_ends_it_whatever_happens(home: Path, mum: Account) -> None:
    token = begun(home, mum)
    for day in range(20, 180, 20):
        assert accounts.account_of_session(home, token, NOW + day * DAY) == mum
    assert accounts.account_of_session(home, token, NOW + ABSOLUTE_S - 1) == mum
    assert accounts.account_of_session(home, token, NOW + ABSOLUTE_S) is None


def test_the_last_use_is_written_once_in_five_minutes(
    home: Path, mum: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    token = begun(home, mum, address="192.0.2.7")
    written: list[float] = []
    touch = AccessStore.touch_session

    def counted(self: AccessStore, digest: str, seen: float, address: str) -> None:
        written.append(seen - NOW)
        touch(self, digest, seen, address)

    monkeypatch.setattr(AccessStore, "touch_session", counted)
    for second in (0, 100, 299, 300, 301, 599, 600, 700, 300):
        assert accounts.account_of_session(home, token, NOW + second, "192.0.2.9") == mum
    assert written == [300, 600, 300]  # the last one: the clock was set back
    assert accounts.sessions(home, "hanh", NOW)[0].address == "192.0.2.9"


def test_signed_out_here_there_and_everywhere(home: Path, mum: Account) -> None:
    one, two, three = (begun(home, mum, NOW + n) for n in range(3))
    accounts.log_out(home, one)
    assert accounts.account_of_session(home, one, NOW + 5) is None
    ids = [s.id for s in accounts.sessions(home, "hanh", NOW + 5)]
    assert ids == [digest_of(three)[:16], digest_of(two)[:16]]
    lan = accounts.add(home, MUM, "Lan", OTHER, Role.PARENT)
    assert not accounts.end_session(home, lan.id, ids[0]) and not accounts.end_session(home, "hanh", "")
    assert not accounts.end_session(home, "hanh", "%") and accounts.end_session(home, "hanh", ids[1])
    four = begun(home, mum, NOW + 4)
    assert accounts.log_out_everywhere(home, "hanh", keep=four) == 1
    assert [accounts.account_of_session(home, t, NOW + 5) is not None for t in (two, three, four)] == [
        False,
        False,
        True,
    ]
    assert accounts.log_out_everywhere(home, "hanh") == 1


def test_a_new_session_takes_the_place_of_the_browsers_old_one(home: Path, mum: Account) -> None:
    old = begun(home, mum)
    new = begun(home, mum, instead=old)
    assert accounts.account_of_session(home, old, NOW) is None
    assert accounts.account_of_session(home, new, NOW) == mum


def test_so_many_browsers_and_the_one_unused_longest_goes(home: Path, mum: Account) -> None:
    tokens = [begun(home, mum, NOW + n) for n in range(MOST)]
    assert accounts.account_of_session(home, tokens[0], NOW + 1000) == mum
    begun(home, mum, NOW + 1001)
    found = [accounts.account_of_session(home, token, NOW + 1002) is not None for token in tokens]
    assert found == [True, False] + [True] * (MOST - 2)
    assert len(accounts.sessions(home, "hanh", NOW + 1002)) == MOST


def test_another_role_holds_from_the_next_page_on(home: Path, mum: Account) -> None:
    lan = accounts.add(home, MUM, "Lan", OTHER, Role.PARENT)
    token = begun(home, lan)
    accounts.set_role(home, MUM, "lan", Role.VIEWER)
    found = accounts.account_of_session(home, token, NOW)
    assert found is not None and found.role is Role.VIEWER


@pytest.mark.parametrize("token", ["", "x", "x" * 43, "x" * 65, "%", "'", "\ud800", "\x00"])
def test_what_is_no_token_signs_nobody_in(home: Path, mum: Account, token: str) -> None:
    real = begun(home, mum)
    assert accounts.account_of_session(home, token, NOW) is None
    assert accounts.account_of_session(home, digest_of(real), NOW) is None  # nor what is kept of one
    accounts.log_out(home, token)
    assert accounts.account_of_session(home, real, NOW) == mum
