"""Accounts: added, changed and removed, always an admin, no secret in the history."""

from __future__ import annotations

import json
import threading
from dataclasses import asdict
from pathlib import Path

import pytest

from filterd.control import accounts
from filterd.control.accounts_names import key_of
from filterd.control.change import history, revert
from filterd.errors import ConfigError
from filterd.model.account import Account, Role
from tests.unit.control.accounts_home import MUM, NOW, OTHER, PASSWORD, home, mum, refused

__all__ = ["home", "mum"]


def test_added_shown_and_told(home: Path, mum: Account) -> None:
    teacher = accounts.add(
        home, MUM, "Cô Lan", OTHER, "teacher", ranges=["pad", "six", "pad"], language="vi", now=NOW + 1
    )
    assert (mum.id, mum.name, mum.shown, mum.role, mum.created) == ("hanh", "Hạnh", "mẹ Hạnh", Role.ADMIN, NOW)
    assert (teacher.id, teacher.shown, teacher.ranges) == ("co-lan", "Cô Lan", ("pad", "six"))
    assert accounts.list_accounts(home) == [mum, teacher]
    assert accounts.find(home, "CO LAN") == accounts.find(home, "co-lan") == teacher
    row = history(home, kind="account", ident="co-lan")[0]
    assert (row.verb, row.who, row.edits[0].before) == ("account added", MUM, None)
    assert row.edits[0].after is not None and row.edits[0].after["ranges"] == ["pad", "six"]


def test_the_history_has_no_secret(home: Path, mum: Account) -> None:
    accounts.add(home, MUM, "Lan", OTHER, Role.PARENT)
    accounts.reset_password(home, MUM, "lan", PASSWORD, now=NOW + 5)
    accounts.remove(home, MUM, "lan")
    rows = history(home)
    assert [r.verb for r in rows[:4]] == ["account removed", "password changed", "account added", "account added"]
    text = json.dumps([asdict(r) for r in rows])
    assert "argon2" not in text and "$" not in text and "password_changed" in text


def test_no_name_twice_nor_one_that_looks_like_it(home: Path, mum: Account) -> None:
    for name in ("Hạnh", "hanh", "HÀNH", "Ha\u0323nh", " hanh "):
        with pytest.raises(ConfigError, match="there is an account"):
            accounts.add(home, MUM, name, OTHER, Role.PARENT)
    accounts.add(home, MUM, "Lan", OTHER, Role.PARENT)
    with pytest.raises(ConfigError, match="there is an account"):
        accounts.change(home, MUM, "lan", name="Hanh")
    assert accounts.change(home, MUM, "lan", name="Lân").name == "Lân"  # its own name in other letters is free


@pytest.mark.parametrize(
    "name",
    [
        "",
        "a",
        "\u0430dmin",
        "a\x00b",
        "ab\n",
        "a\u202eb",
        "ａｂ",
        "a/b",
        "<b>",
        "\u0131an",
        "a" * 41,
        "e\u0301" * 200,
        "日本",
        "-ab",
    ],
)
def test_names_that_nobody_has(home: Path, name: str) -> None:
    assert key_of(name) is None
    with pytest.raises(ConfigError, match="name: expected 2 to 40"):
        accounts.add(home, MUM, name, PASSWORD, Role.ADMIN)
    assert accounts.list_accounts(home) == []


def test_names_at_the_bounds(home: Path) -> None:
    assert accounts.add(home, MUM, "ab", PASSWORD, Role.ADMIN).name == "ab"
    long = "Nguye\u0302\u0303n." + "x" * 33  # 40 letters, composed
    assert accounts.add(home, MUM, long, PASSWORD, Role.ADMIN).name == "Nguyễn." + "x" * 33


@pytest.mark.parametrize("shown", ["a\nb", "\u202eab", "x" * 61, "\u200b\u200b", "...", "\ud800a"])
def test_what_nobody_is_called(home: Path, shown: str) -> None:
    with pytest.raises(ConfigError, match="shown: expected"):
        accounts.add(home, MUM, "lan", PASSWORD, Role.ADMIN, shown=shown)


def test_the_last_admin_stays(home: Path, mum: Account) -> None:
    accounts.add(home, MUM, "Lan", OTHER, Role.PARENT)
    for refuses in (lambda: accounts.remove(home, MUM, "hanh"), lambda: accounts.set_role(home, MUM, "hanh", "viewer")):
        with pytest.raises(ConfigError, match="last admin"):
            refuses()
    accounts.set_role(home, MUM, "lan", Role.ADMIN)
    accounts.remove(home, MUM, "hanh")
    assert [a.id for a in accounts.list_accounts(home)] == ["lan"]
    with pytest.raises(ConfigError, match="last admin"):
        accounts.remove(home, MUM, "lan")


def test_two_admins_who_remove_each_other_leave_one(home: Path, mum: Account) -> None:
    accounts.add(home, MUM, "Lan", OTHER, Role.ADMIN)
    said = in_threads(*(lambda i=i: accounts.remove(home, MUM, i) for i in ("hanh", "lan")))
    assert len(accounts.list_accounts(home)) == 1 and sum("last admin" in s for s in said) == 1


def test_two_who_add_the_same_name_at_once(home: Path, mum: Account) -> None:
    said = in_threads(*(lambda: accounts.add(home, MUM, "Lan", OTHER, Role.PARENT).id for _ in range(2)))
    assert sorted(s.split(":")[0] for s in said) == ["lan", "name"]
    assert [a.id for a in accounts.list_accounts(home)] == ["hanh", "lan"]


def in_threads(*calls: object) -> list[str]:
    """Do all at once; return what each returned, or the sentence of its refusal."""
    said: list[str] = []
    gate = threading.Barrier(len(calls))

    def run(call: object) -> None:
        gate.wait(30)
        try:
            said.append(str(call()))  # type: ignore[operator]
        except ConfigError as exc:
            said.append(str(exc))

    threads = [threading.Thread(target=run, args=(call,)) for call in calls]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    return said


def test_ranges_are_a_teachers_and_are_there(home: Path, mum: Account) -> None:
    with pytest.raises(ConfigError, match="ranges: there is no device 'nowhere'"):
        accounts.add(home, MUM, "Lan", OTHER, "teacher", ranges=["pad", "nowhere"])
    with pytest.raises(ConfigError, match="ranges: a parent has none"):
        accounts.add(home, MUM, "Lan", OTHER, "parent", ranges=["pad"])
    with pytest.raises(ConfigError, match="role: expected one of"):
        accounts.add(home, MUM, "Lan", OTHER, "root")


def test_taste_is_kept_and_not_told(home: Path, mum: Account) -> None:
    before = len(history(home))
    made = accounts.change(home, MUM, "hanh", language="en", theme="contrast")
    assert (made.language, made.theme) == ("en", "contrast") and len(history(home)) == before
    for wrong in ({"language": "de"}, {"theme": "pink"}):
        with pytest.raises(ConfigError, match="expected"):
            accounts.change(home, MUM, "hanh", **wrong)


def test_a_password_is_changed_by_who_knows_it(home: Path, mum: Account) -> None:
    here, _ = accounts.log_in(home, "hanh", PASSWORD, now=NOW)
    there, _ = accounts.log_in(home, "hanh", PASSWORD, now=NOW)
    with pytest.raises(accounts.LoginRefused):
        accounts.change_password(home, MUM, "hanh", "wrong one", OTHER, now=NOW)
    with pytest.raises(accounts.WeakPassword) as weak:
        accounts.change_password(home, MUM, "hanh", PASSWORD, "Hanh2015", now=NOW)
    assert weak.value.reason == "name" and "nhà" in weak.value.sentence("vi")
    accounts.change_password(home, MUM, "hanh", PASSWORD, OTHER, keep=here, now=NOW + 1)
    assert accounts.account_of_session(home, there, NOW + 2) is None
    kept = accounts.account_of_session(home, here, NOW + 2)
    assert kept is not None and kept.password_changed == NOW + 1
    assert refused(home, "hanh", PASSWORD, now=NOW + 2) == "wrong 0"
    assert accounts.log_in(home, "hanh", OTHER, now=NOW + 2)[1].id == "hanh"


def test_the_number_of_accounts_is_bounded(home: Path, mum: Account, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(accounts, "MOST", 2)
    accounts.add(home, MUM, "Lan", OTHER, Role.PARENT)
    with pytest.raises(ConfigError, match="at most 2"):
        accounts.add(home, MUM, "Minh", OTHER, Role.PARENT)


def test_where_nothing_is_there_is_nobody_and_nothing_is_made(tmp_path: Path) -> None:
    nowhere = tmp_path / "x"
    assert accounts.list_accounts(nowhere) == [] and accounts.account_of_session(nowhere, "t") is None
    with pytest.raises(ConfigError, match="there is no account"):
        accounts.find(nowhere, "lan")
    assert not nowhere.exists()


def test_an_account_is_not_taken_back_through_the_history(home: Path, mum: Account) -> None:
    accounts.add(home, MUM, "Lan", OTHER, Role.PARENT)
    row = history(home, kind="account", ident="lan")[0]
    before = len(history(home))
    with pytest.raises(ConfigError, match="is of an account"):
        revert(home, MUM, row.number)
    assert len(history(home)) == before and accounts.find(home, "lan").role is Role.PARENT
