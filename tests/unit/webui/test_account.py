"""One's own account: look, password, second factor with codes shown once, sessions, tokens."""

from __future__ import annotations

import re
from pathlib import Path

import pyotp
import pytest

from filterd.control import accounts, accounts_tokens
from tests.unit.webui.client import PASSWORD, Browser, app_of, browser_of, logged_in, made
from webui.account import Begun

NEW = "trăng-tròn-mười-sáu-nhé"


def test_language_and_theme_hold_from_the_next_page_on(visitor: Browser, state: Path) -> None:
    visitor.post("/account/look", {"shown": "má", "language": "en", "theme": "dark"})
    page = visitor.get("/account/").text
    assert (
        '<html lang="en" data-theme="dark">' in page and 'value="má"' in page and "Đã lưu." in page
    )  # said in the language of who pressed
    for bad in ({"shown": "x" * 61}, {"shown": "má", "theme": "pink"}, {"shown": "má", "language": "xx"}):
        assert visitor.post("/account/look", bad).status_code == 422
    assert accounts.find(state, "me").theme == "dark"


def test_a_new_password_needs_the_old_one(visitor: Browser, state: Path) -> None:
    wrong = visitor.post("/account/password?lang=en", {"current": "x", "password": NEW})
    assert wrong.status_code == 422 and "current password is not right" in wrong.text
    weak = visitor.post("/account/password?lang=en", {"current": PASSWORD, "password": "matkhau1"})
    assert weak.status_code == 422 and "Many people" in weak.text
    assert visitor.post("/account/password", {"current": PASSWORD, "password": NEW}).status_code == 303
    assert logged_in(state, password=NEW).get("/").status_code == 200


def begun(visitor: Browser) -> pyotp.TOTP:
    assert visitor.post("/account/totp", {"current": PASSWORD}).location == "/account/totp"
    found = re.search(r"<code>([A-Z2-7]{32})</code>", visitor.get("/account/totp").text)
    assert found is not None
    return pyotp.TOTP(found.group(1))


def test_the_second_step_is_set_up_used_and_taken_away(visitor: Browser, state: Path) -> None:
    app = begun(visitor)
    with visitor.get("/account/totp.svg") as picture:
        assert picture.mimetype == "image/svg+xml" and picture.headers["Cache-Control"] == "no-store"
        assert b"style=" not in picture.data and b"<path" in picture.data
    assert visitor.post("/account/totp/confirm", {"code": "000000"}).status_code == 422
    answer = visitor.post("/account/totp/confirm", {"code": app.now()})
    codes = re.findall(r"\b\d-[A-Z2-9]{4}-[A-Z2-9]{4}-[A-Z2-9]{4}\b", answer.text.split("</textarea>")[0])
    assert len(set(codes)) == 10 and answer.headers["Cache-Control"] == "no-store"
    assert codes[0] not in visitor.get("/account/").text and visitor.get("/account/totp.svg").status_code == 404
    other = browser_of(state)
    first = other.post("/login", {"name": "me", "password": PASSWORD})
    assert first.status_code == 401 and 'name="code"' in first.text
    second = other.post("/login", {"name": "me", "password": PASSWORD, "code": codes[0]})
    assert second.status_code == 303
    assert visitor.post("/account/totp/off", {"current": PASSWORD, "code": codes[0]}).status_code == 422  # used
    more = visitor.post("/account/totp/codes", {"current": PASSWORD, "code": codes[1]}).text
    fresh = re.findall(r"\b\d-[A-Z2-9]{4}-[A-Z2-9]{4}-[A-Z2-9]{4}\b", more)
    assert visitor.post("/account/totp/off", {"current": PASSWORD, "code": fresh[2]}).status_code == 303
    assert not accounts.find(state, "me").has_totp


def test_a_second_step_needs_the_password(visitor: Browser, state: Path) -> None:
    assert visitor.post("/account/totp", {"current": "wrong"}).status_code == 422
    assert visitor.get("/account/totp").location == "/account/" and visitor.get("/account/totp.svg").status_code == 404


def test_what_is_begun_is_another_sessions_not(state: Path) -> None:
    app = app_of(state)
    begun(logged_in(state, app=app))
    assert logged_in(state, app=app).get("/account/totp.svg").status_code == 404


def test_what_is_begun_is_bounded_and_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    from filterd.control.accounts_totp import Begun as Secret

    kept = Begun()
    for number in range(101):
        kept.put(f"t{number}", Secret("S", "u"))
    assert kept.get("t0") is None and kept.get("t1") is not None and kept.get("t100") is not None
    monkeypatch.setattr("webui.account._BEGUN_S", 0.0)
    assert kept.get("t100") is None


def test_sessions_are_listed_and_ended(state: Path) -> None:
    app = app_of(state)
    here, there = logged_in(state, app=app), logged_in(state, app=app)
    page = here.get("/account/?lang=en").text
    assert page.count("This browser") == 1
    other = re.search(r'name="session" value="([^"]+)"', page)
    assert other is not None
    here.post("/account/sessions/end", {"session": other.group(1)})
    assert there.get("/").status_code == 302 and here.get("/").status_code == 200
    again = logged_in(state, app=app)
    here.post("/account/sessions/end", {"all": "1"})
    assert again.get("/").status_code == 302 and here.get("/").status_code == 200


def test_a_session_of_somebody_else_cannot_be_ended(state: Path) -> None:
    from filterd.model.change import Who

    accounts.add(state, Who("test", "cli"), "ba", PASSWORD, "viewer")
    app = app_of(state)
    mine, other = logged_in(state, app=app), logged_in(state, "ba", app=app)
    victim = accounts.sessions(state, "me")[0].id
    other.post("/account/sessions/end", {"session": victim})
    assert mine.get("/").status_code == 200


def test_a_token_is_shown_once_works_and_is_revoked(visitor: Browser, state: Path) -> None:
    fields = {"name": "Home Assistant", "scope": ["read", "household"], "days": "30"}
    text = re.search(r'value="(ftd_[^"]+)"', visitor.post("/account/tokens", fields).text)
    assert text is not None
    made_token, owner = accounts_tokens.check(state, text.group(1), "household")
    assert owner.id == "me" and made_token.expires is not None
    assert round((made_token.expires - made_token.created) / 86_400) == 30
    page = visitor.get("/account/").text
    assert "Home Assistant" in page and text.group(1) not in page
    visitor.post("/account/tokens/revoke", {"token": made_token.id})
    with pytest.raises(accounts_tokens.TokenRefused):
        accounts_tokens.check(state, text.group(1), "read")


@pytest.mark.parametrize("fields", [{"name": "", "scope": "read"}, {"name": "x"}, {"name": "x", "scope": "everything"}])
def test_a_token_needs_a_name_and_a_use(visitor: Browser, state: Path, fields: dict[str, str]) -> None:
    assert visitor.post("/account/tokens", fields).status_code == 422
    assert accounts_tokens.tokens(state, "me") == []


def test_a_parents_token_never_reaches_lists(tmp_path: Path) -> None:
    state = made(tmp_path / "other", role="parent")
    visitor = logged_in(state)
    assert 'value="lists"' not in visitor.get("/account/").text
    assert visitor.post("/account/tokens", {"name": "x", "scope": "lists"}).status_code == 422


@pytest.mark.parametrize("role", ["viewer", "teacher"])
def test_who_has_no_tokens_does_not_see_them(tmp_path: Path, role: str) -> None:
    visitor = logged_in(made(tmp_path / "other", role=role))
    page = visitor.get("/account/")
    assert page.status_code == 200 and "/account/tokens" not in page.text and "/users/" not in page.text
