"""Tokens for programs: shown once, never wider than their owner, ended at once."""

from __future__ import annotations

from pathlib import Path

import pytest

from filterd.control import accounts
from filterd.control.accounts_tokens import MOST, TokenRefused, check, create, revoke, tokens
from filterd.control.change import history
from filterd.errors import ConfigError
from filterd.model.account import Account, Role, Scope
from tests.unit.control.accounts_home import DAY, MUM, NOW, OTHER, home, mum

__all__ = ["home", "mum"]


def reason(state: Path, text: str, scope: str, now: float = NOW) -> str:
    with pytest.raises(TokenRefused) as caught:
        check(state, text, scope, now)
    return caught.value.reason


def test_made_shown_once_and_good_for_its_scopes(home: Path, mum: Account) -> None:
    text, made = create(home, MUM, "hanh", " Home Assistant ", ["read", Scope.HOUSEHOLD], now=NOW)
    assert text.startswith("ftd_") and len(text) == 47 and made.name == "Home Assistant"
    assert check(home, text, "read", NOW) == (made, mum) and check(home, text, Scope.HOUSEHOLD, NOW)[1] == mum
    assert reason(home, text, "lists") == reason(home, text, "activity") == "scope"
    with pytest.raises(ValueError):
        check(home, text, "everything", NOW)
    assert text.encode() not in (home / "household.db").read_bytes()
    assert history(home)[0].edits[0].after == {
        "account": "hanh",
        "name": "Home Assistant",
        "scopes": ["household", "read"],
    }


def test_it_ends_by_its_time(home: Path, mum: Account) -> None:
    text, made = create(home, MUM, "hanh", "x", ["read"], days=1, now=NOW)
    assert made.expires == NOW + DAY and check(home, text, "read", NOW + DAY - 1)
    assert reason(home, text, "read", NOW + DAY) == "unknown"
    endless, _ = create(home, MUM, "hanh", "x", ["read"], days=None, now=NOW)
    assert check(home, endless, "read", NOW + 9999 * DAY)


def test_the_last_use_is_known_to_five_minutes(home: Path, mum: Account) -> None:
    text, _ = create(home, MUM, "hanh", "x", ["read"], now=NOW)
    seen = []
    for second in (0, 299, 300):
        check(home, text, "read", NOW + second)
        seen.append(tokens(home, "hanh")[0].last_used)
    assert seen == [NOW, NOW, NOW + 300]


def test_it_loses_what_its_owner_loses(home: Path, mum: Account) -> None:
    accounts.add(home, MUM, "Lan", OTHER, Role.ADMIN)
    text, _ = create(home, MUM, "lan", "x", ["read", "lists", "household"], now=NOW)
    assert check(home, text, "lists", NOW)
    accounts.set_role(home, MUM, "lan", "parent")
    assert reason(home, text, "lists") == "scope" and check(home, text, "household", NOW)
    accounts.set_role(home, MUM, "lan", "viewer")
    assert reason(home, text, "read") == "scope"
    accounts.remove(home, MUM, "lan")
    assert reason(home, text, "read") == "unknown" and tokens(home) == []


@pytest.mark.parametrize(
    ("role", "scopes", "sentence"),
    [
        ("parent", ["read", "lists"], "a parent has no tokens for lists"),
        ("viewer", ["read"], "a viewer has no tokens"),
        ("teacher", ["household"], "a teacher has no tokens"),
        ("parent", [], "expected at least one"),
        ("parent", ["all"], "scopes: expected some of read, household, activity, lists"),
    ],
)
def test_no_token_is_wider_than_its_owner(
    home: Path, mum: Account, role: str, scopes: list[str], sentence: str
) -> None:
    accounts.add(home, MUM, "Lan", OTHER, role)
    with pytest.raises(ConfigError, match=sentence):
        create(home, MUM, "lan", "x", scopes, now=NOW)
    assert tokens(home) == []


def test_bad_words_and_too_many_are_refused(home: Path, mum: Account) -> None:
    for name in ("", " ", "a\nb", "x" * 61):
        with pytest.raises(ConfigError, match="name: expected"):
            create(home, MUM, "hanh", name, ["read"])
    for days in (0, -1, 3651):
        with pytest.raises(ConfigError, match="days: expected"):
            create(home, MUM, "hanh", "x", ["read"], days=days)
    for _ in range(MOST):
        create(home, MUM, "hanh", "x" * 60, ["read"], days=3650)
    with pytest.raises(ConfigError, match="at most 20"):
        create(home, MUM, "hanh", "x", ["read"])
    with pytest.raises(ConfigError, match="there is no"):
        create(home, MUM, "nobody", "x", ["read"])


def test_revoked_by_its_owner_at_once(home: Path, mum: Account) -> None:
    text, made = create(home, MUM, "hanh", "x", ["read"], now=NOW)
    assert not revoke(home, MUM, made.id, account="lan") and check(home, text, "read", NOW)
    assert revoke(home, MUM, made.id, account="hanh") and not revoke(home, MUM, made.id)
    assert reason(home, text, "read") == "unknown" and history(home)[0].verb == "token revoked"


@pytest.mark.parametrize("text", ["", "ftd_", "x", "ftd_" + "x" * 43, "ftd_" + "x" * 999, "ftd_\ud800", "ftd_\x00"])
def test_what_is_no_token(home: Path, mum: Account, text: str) -> None:
    assert reason(home, text, "read") == "unknown"
