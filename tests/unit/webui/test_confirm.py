"""The password again: before accounts of others, tokens and backups, unless it was typed a moment ago."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from filterd.control import accounts
from tests.unit.webui.client import PASSWORD, Browser
from webui import confirm

NEW = "bảy-chú-lùn-ăn-bưởi"


@pytest.fixture
def later(visitor: Browser) -> Browser:
    """Somebody sits down at a browser that was left open."""
    with visitor.session_transaction(base_url="http://192.168.1.53") as session:
        session["proved"] -= confirm.FRESH_S + 1
    return visitor


def test_at_once_after_the_log_in_nobody_is_asked(visitor: Browser) -> None:
    assert visitor.get("/users/add").status_code == 200


@pytest.mark.parametrize("path", ["/users/", "/users/add", "/system/backup/"])
def test_a_page_asks_before_it_opens(later: Browser, path: str) -> None:
    asked = later.get(path + "?lang=en")
    assert asked.status_code == 422 and "your password comes first" in asked.text
    assert f'name="to" value="{path}"' in asked.text
    wrong = later.post("/confirm/?lang=en", {"proof": "falsch", "to": path})
    assert wrong.status_code == 422 and "The current password is not right" in wrong.text
    answer = later.post("/confirm/", {"proof": PASSWORD, "to": path})
    assert answer.status_code == 303 and answer.location == path
    assert later.get(path).status_code == 200


def test_a_form_that_comes_too_late_is_kept(later: Browser, state: Path) -> None:
    asked = later.post("/account/tokens?lang=en", {"name": "nhà", "scope": ["read", "activity"], "days": "30"})
    assert asked.status_code == 422
    kept = re.findall(r'type="hidden" name="(name|scope|days)" value="([^"]*)"', asked.text)
    assert sorted(kept) == [("days", "30"), ("name", "nhà"), ("scope", "activity"), ("scope", "read")]
    fields = {"name": "nhà", "scope": ["read", "activity"], "days": "30", "proof": PASSWORD}
    assert later.post("/account/tokens", fields).status_code == 200


@pytest.mark.parametrize(
    ("path", "fields"),
    [
        ("/users/add", {"name": "an", "role": "admin", "password": NEW}),
        ("/users/me/role", {"role": "viewer"}),
        ("/users/me/password", {"password": NEW}),
        ("/users/me/totp", {}),
        ("/users/me/remove", {"confirm": "me"}),
        ("/system/backup/make", {}),
        ("/system/backup/restore", {"confirm": "restore"}),
    ],
)
def test_nothing_happens_without_it(later: Browser, state: Path, path: str, fields: dict[str, str]) -> None:
    before = accounts.list_accounts(state)
    assert later.post(path, fields).status_code == 422
    assert accounts.list_accounts(state) == before


def test_guessing_is_limited_like_a_log_in(later: Browser) -> None:
    for _ in range(5):
        later.post("/confirm/", {"proof": "falsch", "to": "/"})
    limited = later.post("/confirm/?lang=en", {"proof": PASSWORD, "to": "/users/"})
    assert limited.status_code == 422 and "Many tries" in limited.text


def test_nobody_is_sent_elsewhere(visitor: Browser) -> None:
    answer = visitor.post("/confirm/", {"proof": PASSWORD, "to": "https://evil.example/"})
    assert answer.location == "/"


def test_a_clock_that_was_set_back_asks_again(visitor: Browser) -> None:
    with visitor.session_transaction(base_url="http://192.168.1.53") as session:
        session["proved"] += 1000
    assert visitor.get("/users/add").status_code == 422
