"""The setup code: there until the first admin is, guessed at slowly, made anew."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest

from filterd.control import accounts, setup
from filterd.errors import ConfigError
from filterd.model.account import Role
from tests.unit.control.accounts_home import MUM, NOW, OTHER, PASSWORD, home

__all__ = ["home"]


def wrong(text: str) -> str:
    """Another code than this one."""
    return f"{(int(text.replace('-', '')) + 1) % 10**8:08d}"


def test_made_once_for_the_boxs_own_eyes(home: Path, tmp_path: Path) -> None:
    made = setup.code(home)
    assert len(made) == 9 and made[4] == "-" and made.replace("-", "").isdigit()
    assert setup.code(home) == made
    assert stat.S_IMODE((home / "setup.code").stat().st_mode) == 0o600
    fresh = tmp_path / "fresh"
    assert setup.needed(fresh) and not fresh.exists()
    setup.code(fresh)
    assert sorted(p.name for p in fresh.iterdir()) == ["setup.code", "setup.code.lock"]


@pytest.mark.parametrize("text", [b"", b"1234\n", b"\xff" * 9, b"1234-567a\n"])
def test_a_damaged_file_is_made_anew(home: Path, text: bytes) -> None:
    (home / "setup.code").write_bytes(text)
    made = setup.code(home)
    assert made.encode() != text.strip() and setup.code(home) == made


def test_typed_with_a_line_a_space_or_nothing(home: Path) -> None:
    made = setup.code(home)
    for text in (made, made.replace("-", ""), f" {made.replace('-', ' ')} "):
        setup.check(home, text, "192.0.2.7", NOW)


@pytest.mark.parametrize("text", ["", "x", "12345678901234567890" * 9, "１２３４５６７８", "\ud800", "%"])
def test_what_is_no_code(home: Path, text: str) -> None:
    with pytest.raises(setup.WrongCode, match="eight figures"):
        setup.check(home, text, "192.0.2.7", NOW)


def test_five_tries_a_minute_and_ten_wrong_an_hour(home: Path) -> None:
    made = setup.code(home)
    for _ in range(5):
        with pytest.raises(setup.WrongCode):
            setup.check(home, wrong(made), "192.0.2.66", NOW)
    with pytest.raises(accounts.LoginRefused, match="wait 60 s"):
        setup.check(home, made, "192.0.2.66", NOW)
    at = NOW
    for number in range(4):
        at += 120  # whoever keeps to what is said
        with pytest.raises(setup.WrongCode) as caught:
            setup.check(home, wrong(made), f"192.0.2.{number}", at)
        assert not caught.value.renewed
    assert setup.code(home) == made
    with pytest.raises(setup.WrongCode, match="filterd setup-code") as last:
        setup.check(home, wrong(made), "192.0.2.67", at + 120)
    assert last.value.renewed and setup.code(home) != made
    setup.check(home, setup.code(home), "192.0.2.7", at + 121)  # and the family goes on at once


def test_wrong_tries_of_an_hour_ago_do_not_count(home: Path) -> None:
    made = setup.code(home)
    for number in range(20):
        with pytest.raises(setup.WrongCode):
            setup.check(home, wrong(made), "192.0.2.66", NOW + number * 500)  # seven in an hour
    assert setup.code(home) == made


def test_the_first_admin_ends_it(home: Path) -> None:
    made = setup.code(home)
    admin = setup.first_admin(home, MUM, "Hạnh", PASSWORD, shown="mẹ Hạnh", language="vi", now=NOW)
    assert (admin.role, admin.language, setup.needed(home)) == (Role.ADMIN, "vi", False)
    assert not (home / "setup.code").exists()
    for late in (
        lambda: setup.check(home, made, "192.0.2.66", NOW),
        lambda: setup.first_admin(home, MUM, "Kẻ lạ", OTHER, now=NOW),
        lambda: setup.code(home),
    ):
        with pytest.raises(ConfigError, match="set up already"):
            late()
    assert [a.id for a in accounts.list_accounts(home)] == ["hanh"]


def test_somebody_who_is_no_admin_is_not_enough(home: Path) -> None:
    accounts.add(home, MUM, "Lan", OTHER, Role.PARENT)
    assert setup.needed(home) and setup.code(home)
