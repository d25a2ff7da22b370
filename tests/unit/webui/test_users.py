"""Users: an admin adds, changes and removes; nobody else sees the page, and an admin always stays."""

from __future__ import annotations

from pathlib import Path

import pytest

from filterd.control import accounts
from filterd.model.change import Who
from tests.unit.webui.client import PASSWORD, Browser, browser_of, logged_in, made

NEW = "bảy-chú-lùn-ăn-bưởi"


def test_somebody_is_added_and_can_log_in(visitor: Browser, state: Path) -> None:
    assert visitor.get("/users/add").status_code == 200
    answer = visitor.post("/users/add", {"name": "bố Tuấn", "shown": "bố", "role": "parent", "password": NEW})
    assert answer.location == "/users/"
    assert "bố Tuấn" in visitor.get("/users/").text
    assert logged_in(state, "bo tuan", NEW).get("/users/").status_code == 403


def test_a_teacher_gets_rooms(visitor: Browser, state: Path) -> None:
    fields = {"name": "cô Mai", "role": "teacher", "password": NEW, "range": ["may-lan", "may-minh"]}
    visitor.post("/users/add", fields)
    assert accounts.find(state, "co mai").ranges == ("may-lan", "may-minh")
    ident = accounts.find(state, "co mai").id
    visitor.post(f"/users/{ident}/role", {"role": "teacher", "range": "may-tuan"})
    assert accounts.find(state, ident).ranges == ("may-tuan",)
    visitor.post(f"/users/{ident}/role", {"role": "viewer", "range": "may-tuan"})
    assert accounts.find(state, ident).role == "viewer" and accounts.find(state, ident).ranges == ()


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"name": "me", "role": "parent", "password": NEW}, "called that already"),
        ({"name": "!", "role": "parent", "password": NEW}, "2 to 40 letters"),
        ({"name": "ba", "role": "king", "password": NEW}, "choose a role"),
        ({"name": "ba", "role": "parent", "password": "12345678"}, "Many people use this password"),
        ({"name": "ba", "shown": "x" * 61, "role": "parent", "password": NEW}, "at most 60 letters"),
    ],
)
def test_what_does_not_fit_is_said_and_the_form_stays(
    visitor: Browser, state: Path, fields: dict[str, str], said: str
) -> None:
    answer = visitor.post("/users/add?lang=en", fields)
    assert answer.status_code == 422 and said in answer.text and f'value="{fields["name"]}"' in answer.text
    assert NEW not in answer.text and len(accounts.list_accounts(state)) == 1


def test_a_forgotten_password_is_given_anew(visitor: Browser, state: Path) -> None:
    accounts.add(state, accounts_who(), "ba", PASSWORD, "parent")
    other = logged_in(state, "ba")
    assert visitor.post("/users/ba/password", {"password": "123"}).status_code == 422
    visitor.post("/users/ba/password", {"password": NEW})
    assert other.get("/").status_code == 302 and logged_in(state, "ba", NEW).get("/").status_code == 200


def test_a_removal_is_typed(visitor: Browser, state: Path) -> None:
    accounts.add(state, accounts_who(), "Bà Nội", PASSWORD, "viewer")
    ident = accounts.find(state, "ba noi").id
    for wrong in ("", "bà", "me"):
        assert visitor.post(f"/users/{ident}/remove", {"confirm": wrong}).status_code == 422
    assert len(accounts.list_accounts(state)) == 2
    assert visitor.post(f"/users/{ident}/remove", {"confirm": "ba noi"}).status_code == 303
    assert len(accounts.list_accounts(state)) == 1
    assert visitor.get(f"/users/{ident}").status_code == 303


def test_the_last_admin_stays(visitor: Browser, state: Path) -> None:
    assert "last admin" in visitor.post("/users/me/remove?lang=en", {"confirm": "me"}).text
    assert visitor.post("/users/me/role", {"role": "viewer"}).status_code == 422
    assert accounts.find(state, "me").role == "admin"


def test_hostile_names_stay_text(visitor: Browser, state: Path) -> None:
    accounts.add(state, accounts_who(), "ba", PASSWORD, "parent", shown="<img src=x>")
    assert "<img src=x>" not in visitor.get("/users/").text + visitor.get("/users/ba").text


def test_nobody_else_sees_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for role in ("parent", "teacher", "viewer"):
        state = made(tmp_path / role, role=role)
        assert logged_in(state).get("/users/").status_code == 403
    assert browser_of(state).get("/users/").status_code == 302


def accounts_who() -> Who:
    return Who("test", "cli")
