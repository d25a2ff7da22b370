"""The second factor: a code counts once and near its time, a recovery code once, and both are needed to take it off."""

from __future__ import annotations

from pathlib import Path

import pyotp
import pytest

from filterd.control import accounts, accounts_totp
from filterd.control.accounts_open import opened
from filterd.control.accounts_totp import begin, confirm, disable, new_recovery_codes, reset, step_of
from filterd.control.change import history
from filterd.errors import ConfigError
from filterd.model.account import Account
from tests.unit.control.accounts_home import MUM, NOW, PASSWORD, home, mum, refused

__all__ = ["home", "mum"]
RFC = pyotp.random_base32()


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Recovery codes are hashed with small parameters: ten at once are half a second otherwise."""
    from argon2 import PasswordHasher

    small = PasswordHasher(time_cost=1, memory_cost=64, parallelism=1)
    monkeypatch.setattr(accounts_totp, "hashed", lambda text, names: small.hash(text))


@pytest.fixture
def secret(home: Path, mum: Account) -> str:
    """Of Mum's phone, in use since NOW."""
    begun = begin(home, "hanh", PASSWORD, now=NOW)
    confirm(home, MUM, "hanh", at(begun.secret, NOW), NOW)
    return begun.secret


def at(secret: str, now: float) -> str:
    return pyotp.TOTP(secret).at(int(now))


def signed_in(state: Path, code: str, now: float) -> bool:
    return accounts.log_in(state, "hanh", PASSWORD, code, address=str(now), now=now)[1].id == "hanh"


def test_taken_into_use_by_a_code(home: Path, mum: Account) -> None:
    begun = begin(home, "hanh", PASSWORD, now=NOW)
    assert begun.uri.startswith("otpauth://totp/filterd:H") and f"secret={begun.secret}" in begun.uri
    assert accounts.log_in(home, "hanh", PASSWORD, now=NOW)  # it does not count yet
    here, there = (accounts.begin_session(home, mum, now=NOW) or "" for _ in range(2))
    with pytest.raises(ConfigError, match="code: expected the six figures"):
        confirm(home, MUM, "hanh", at(begun.secret, NOW + 300), NOW)
    codes = confirm(home, MUM, "hanh", at(begun.secret, NOW), NOW, keep=here)
    assert len(set(codes)) == 10 and [c[:2] for c in codes] == [f"{n}-" for n in range(10)]
    assert accounts.account_of_session(home, there, NOW) is None
    found = accounts.account_of_session(home, here, NOW)
    assert found is not None and found.has_totp and found.recovery_left == 10
    change = history(home)[0]
    assert change.verb == "second factor added" and begun.secret not in str(change) and codes[0] not in str(change)


def test_a_password_is_needed_to_begin(home: Path, mum: Account) -> None:
    with pytest.raises(accounts.LoginRefused, match="not right"):
        begin(home, "hanh", "x", now=NOW)
    with pytest.raises(ConfigError, match="code: expected"):
        confirm(home, MUM, "hanh", "123456", NOW)  # nothing was begun
    with pytest.raises(ConfigError, match="there is no"):
        begin(home, "nobody", "x", now=NOW)


def test_both_factors_are_needed(home: Path, secret: str) -> None:
    assert refused(home, "hanh", PASSWORD) == "totp 0"
    assert refused(home, "hanh", "wrong", at(secret, NOW + 60), now=NOW + 60) == "wrong 0"
    for number, wrong in enumerate(("000", "abcdef", "1234567", "０１２３４５", "\x00", "9" * 999)):
        assert refused(home, "hanh", PASSWORD, wrong, now=NOW + 100 + 100 * number) == "code 0"
    assert signed_in(home, at(secret, NOW + 9_999_990), NOW + 9_999_990)


def test_a_code_counts_once(home: Path, secret: str) -> None:
    assert refused(home, "hanh", PASSWORD, at(secret, NOW), now=NOW + 1) == "code 0"  # it confirmed the secret
    code = at(secret, NOW + 60)
    assert signed_in(home, f" {code[:3]} {code[3:]} ", NOW + 60)
    assert refused(home, "hanh", PASSWORD, code, now=NOW + 61) == "code 0"
    assert refused(home, "hanh", PASSWORD, at(secret, NOW + 30), now=NOW + 61) == "code 0"  # nor an older one
    assert signed_in(home, at(secret, NOW + 90), NOW + 90)


def test_a_code_counts_in_its_half_minute_and_beside_it() -> None:
    code, step = at(RFC, NOW), int(NOW // 30)
    start = step * 30.0
    assert [step_of(RFC, code, start + s) for s in (-30, 0, 29.9, 59.9)] == [step] * 4
    assert [step_of(RFC, code, start + s) for s in (-30.1, 60)] == [None, None]


def test_a_recovery_code_counts_once(home: Path, mum: Account) -> None:
    begun = begin(home, "hanh", PASSWORD, now=NOW)
    codes = confirm(home, MUM, "hanh", at(begun.secret, NOW), NOW)
    assert signed_in(home, codes[7].lower().replace("-", " "), NOW)
    assert refused(home, "hanh", PASSWORD, codes[7]) == "code 0"
    assert refused(home, "hanh", PASSWORD, "8" + codes[7][1:]) == "code 0"  # another number, the same signs
    assert accounts.find(home, "hanh").recovery_left == 9
    used = history(home)[0]
    assert (used.verb, used.who.by, used.who.address) == ("recovery code used", "mẹ Hạnh", str(NOW))
    assert not any(code.encode() in (home / "household.db").read_bytes() for code in codes)


def test_a_recovery_code_used_by_two_at_once_counts_once(home: Path, mum: Account) -> None:
    begun = begin(home, "hanh", PASSWORD, now=NOW)
    codes = confirm(home, MUM, "hanh", at(begun.secret, NOW), NOW)
    stored = opened(home).accounts.accounts()["hanh"]  # both have read it before either used it
    assert [accounts_totp.use_code(home, stored, codes[0], "", NOW) for _ in range(2)] == [True, False]
    assert [accounts_totp.use_code(home, stored, at(begun.secret, NOW + 30), "", NOW + 30) for _ in range(2)] == [
        True,
        False,
    ]


def test_new_recovery_codes_void_the_old(home: Path, secret: str) -> None:
    new = new_recovery_codes(home, MUM, "hanh", PASSWORD, at(secret, NOW + 30), now=NOW + 30)
    newer = new_recovery_codes(home, MUM, "hanh", PASSWORD, new[0], now=NOW + 30)
    assert refused(home, "hanh", PASSWORD, new[1], now=NOW + 30) == "code 0"
    assert signed_in(home, newer[1], NOW + 30)


def test_taken_off_by_who_has_both(home: Path, secret: str) -> None:
    for password, code, reason in (
        (PASSWORD, "", "totp"),
        ("x", at(secret, NOW + 30), "wrong"),
        (PASSWORD, "1", "code"),
    ):
        with pytest.raises(accounts.LoginRefused) as caught:
            disable(home, MUM, "hanh", password, code, now=NOW + 30)
        assert caught.value.reason == reason
    with pytest.raises(accounts.LoginRefused) as again:
        begin(home, "hanh", PASSWORD, now=NOW + 30)  # another phone in its place needs it too
    assert again.value.reason == "totp"
    disable(home, MUM, "hanh", PASSWORD, at(secret, NOW + 90), now=NOW + 90)
    assert accounts.log_in(home, "hanh", PASSWORD, now=NOW + 91)[1].has_totp is False


def test_an_admin_takes_it_off_who_lost_it(home: Path, secret: str) -> None:
    accounts.reset_password(home, MUM, "hanh", PASSWORD + "!", now=NOW)
    assert refused(home, "hanh", PASSWORD + "!") == "totp 0"  # a new password alone is no way round (ASVS 6.4.3)
    assert reset(home, MUM, "hanh", NOW) is not None and reset(home, MUM, "hanh", NOW) is None
    assert accounts.log_in(home, "hanh", PASSWORD + "!", now=NOW)
