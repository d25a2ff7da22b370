"""A state folder with a family, and people who may sign in, for the tests of accounts. Hashes are real."""

from __future__ import annotations

from pathlib import Path

import pytest

from filterd.control import accounts, accounts_login
from filterd.model.account import Account, Role
from filterd.model.change import Who
from tests.unit.control.policy_state import set_up

PASSWORD = "mèo vàng ngủ trên mái"
OTHER = "chim sẻ ăn thóc ngoài sân"
MUM = Who("mẹ", "web", "192.0.2.7")
NOW = 1_795_500_000.0
DAY = 86_400.0

__all__ = ["MUM", "NOW", "OTHER", "PASSWORD", "home", "mum"]


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A state with a household and nobody who may sign in."""
    monkeypatch.setenv("FILTERD_RUN", str(tmp_path / "run"))
    accounts_login._resting.forget()
    return set_up(tmp_path / "state")


@pytest.fixture
def mum(home: Path) -> Account:
    """The first admin."""
    return accounts.add(home, MUM, "Hạnh", PASSWORD, Role.ADMIN, shown="mẹ Hạnh", now=NOW)


def refused(state: Path, name: str, password: str = "x", totp: str = "", address: str = "", now: float = NOW) -> str:
    """Sign in in vain; return the reason and the seconds to wait, `wrong 0`."""
    with pytest.raises(accounts.LoginRefused) as caught:
        accounts.log_in(state, name, password, totp, address, now=now)
    return f"{caught.value.reason} {caught.value.wait}"
