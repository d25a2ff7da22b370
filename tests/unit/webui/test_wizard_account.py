"""The first account: nobody owns the box without its code."""

from __future__ import annotations

from pathlib import Path

import pytest

from filterd.control import accounts, setup
from tests.unit.webui.client import PASSWORD, Browser, browser_of
from tests.unit.webui.first_run import fresh, with_code


@pytest.fixture
def state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    return fresh(tmp_path, monkeypatch)


@pytest.fixture
def visitor(state: Path) -> Browser:
    return browser_of(state)


def test_a_fresh_box_shows_the_first_step_and_nothing_else(visitor: Browser) -> None:
    assert visitor.get("/").location == "/setup/"
    assert visitor.get("/setup/").location == "/setup/language"
    page = visitor.get("/setup/language").text
    assert "Tiếng Việt" in page and "English" in page and "1" in page


def test_the_language_is_kept_in_this_browser(visitor: Browser) -> None:
    answer = visitor.post("/setup/language", {"language": "en"})
    assert answer.location == "/setup/code" and "lang=en" in answer.headers["Set-Cookie"]
    assert "Enter the code shown" in visitor.get("/setup/code").text
    assert visitor.post("/setup/language", {"language": "xx"}).status_code == 422


def test_without_the_code_no_account_is_made(visitor: Browser, state: Path) -> None:
    assert visitor.get("/setup/password").location == "/setup/code"
    answer = visitor.post("/setup/password", {"name": "kẻ lạ", "password": PASSWORD})
    assert answer.location == "/setup/code" and setup.needed(state)
    assert visitor.post("/setup/strength", {"password": "x"}).status_code == 403


def test_the_code_counts_in_the_browser_that_typed_it_alone(visitor: Browser, state: Path) -> None:
    with_code(visitor, state)
    stranger = browser_of(state)
    assert stranger.get("/setup/password").location == "/setup/code"
    assert visitor.get("/setup/password").status_code == 200


def test_the_code_counts_for_an_hour(visitor: Browser, state: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with_code(visitor, state)
    monkeypatch.setattr("webui.wizard_account.CODE_S", 0.0)
    assert visitor.get("/setup/password").location == "/setup/code"


def test_a_wrong_code_is_said_and_slowed_down(visitor: Browser, state: Path) -> None:
    wrong = "0000-0000" if setup.code(state) != "0000-0000" else "1111-1111"
    answers = [visitor.post("/setup/code", {"code": wrong}, query_string="lang=en") for _ in range(7)]
    assert answers[0].status_code == 422 and "not the code" in answers[0].text
    assert answers[-1].status_code == 429 and "Many tries" in answers[-1].text


def test_a_weak_password_is_refused_with_advice(visitor: Browser, state: Path) -> None:
    with_code(visitor, state)
    answer = visitor.post("/setup/password", {"name": "mẹ", "password": "12345678"})
    assert answer.status_code == 422 and "dễ bị đoán" in answer.text and setup.needed(state)
    assert 'value="mẹ"' in answer.text and "12345678" not in answer.text
    assert visitor.post("/setup/password", {"name": "!", "password": PASSWORD}).status_code == 422


def test_advice_comes_while_typing(visitor: Browser, state: Path) -> None:
    with_code(visitor, state)
    weak = visitor.post("/setup/strength", {"name": "Hạnh", "password": "hanh2015"}).text
    good = visitor.post("/setup/strength", {"name": "Hạnh", "password": PASSWORD}).text
    assert 'value="0"' in weak and 'value="4"' in good and PASSWORD not in good


def test_the_account_is_an_admin_and_logged_in_with_a_new_cookie(visitor: Browser, state: Path) -> None:
    with_code(visitor, state)
    before = visitor.get_cookie("filterd", domain="192.168.1.53")
    visitor.post("/setup/password", {"name": "mẹ Hạnh", "password": PASSWORD})
    after = visitor.get_cookie("filterd", domain="192.168.1.53")
    assert before is not None and after is not None and before.value != after.value
    assert [a.role for a in accounts.list_accounts(state)] == ["admin"] and not setup.needed(state)
    assert not (state / setup.FILE).exists()
    assert visitor.get("/setup/family").status_code == 200


def test_two_who_race_make_one_admin(state: Path) -> None:
    first, second = (with_code(browser_of(state), state) for _ in range(2))
    first.post("/setup/password", {"name": "mẹ", "password": PASSWORD})
    second.post("/setup/password", {"name": "kẻ lạ", "password": PASSWORD})
    assert len(accounts.list_accounts(state)) == 1
