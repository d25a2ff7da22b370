"""Who is answered, what a browser is told, and that every route of the page stands behind the gate."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from werkzeug.routing import Rule

from filterd.control import accounts
from tests.unit.webui.client import PASSWORD, WHO, Browser, app_of, browser_of, logged_in, made
from webui.headers import HEADERS
from webui.security import OPEN, local_path, secret_key

EVIL = [
    "//evil.example",
    "/\\evil.example",
    "https:",
    "https://evil.example",
    "/\tevil",
    "\\\\evil",
    "javascript:alert(1)",
    "",
]
# what a role may not do, by the start of a POST route; a teacher's rooms are the pages' own tests
FORBIDDEN = {
    "viewer": ("/home/", "/setup/", "/users", "/account/tokens", "/undo"),
    "teacher": ("/home/plus/", "/home/pause/", "/home/filter/", "/setup/family", "/setup/devices", "/setup/test",
                "/users", "/account/tokens"),
    "parent": ("/users",),
}  # fmt: skip
ANYBODY = ("/setup/language", "/setup/code", "/setup/password", "/setup/strength")  # of the first run; harmless later


@pytest.fixture
def app(state: Path) -> Flask:
    return app_of(state)


def path_of(rule: Rule) -> str:
    return re.sub(r"<(?:(int|path):)?[^>]+>", lambda m: "1" if m.group(1) == "int" else "lan", rule.rule)


def routes(app: Flask, method: str) -> list[tuple[str, str]]:
    return [(r.endpoint, path_of(r)) for r in app.url_map.iter_rules() if method in (r.methods or ())]


def is_login(answer: Any) -> bool:
    return answer.status_code in (302, 303) and answer.location.startswith("/login")


def test_every_route_but_the_open_ones_needs_a_session(app: Flask, state: Path) -> None:
    closed = [(e, p) for e, p in routes(app, "GET") if e not in OPEN]
    assert len(closed) > 15
    for endpoint, path in closed:
        answer = browser_of(state, app).get(path)
        assert is_login(answer) and answer.location.startswith("/login?to="), (endpoint, path, answer.status_code)
    for endpoint, path in routes(app, "POST"):
        if endpoint not in OPEN:
            assert is_login(browser_of(state, app).post(path)), (endpoint, path)


def test_what_is_open_is_a_short_list(app: Flask) -> None:
    assert {"static", "login.show", "login.enter", "home.healthz", "login.language"} == OPEN


def test_without_the_token_of_a_form_nothing_is_changed(app: Flask, state: Path) -> None:
    browser = logged_in(state, app=app)
    for endpoint, path in routes(app, "POST"):
        answer = browser.post(path, {"name": "me", "password": PASSWORD}, token="")
        assert answer.status_code == 400, (endpoint, path, answer.status_code)
        assert browser.post(path, token="wrong").status_code == 400, path
    assert browser.get("/account/").status_code == 200  # not logged out by /logout


def test_no_page_changes_anything_by_get(app: Flask) -> None:
    both = [
        r.rule for r in app.url_map.iter_rules() if {"GET", "POST"} <= (r.methods or set()) and r.endpoint != "static"
    ]
    assert both == []


def test_the_cookie_is_out_of_reach_of_scripts_and_other_sites(state: Path) -> None:
    browser = browser_of(state)
    answer = browser.post("/login", {"name": "me", "password": PASSWORD})
    cookie = next(c for c in answer.headers.getlist("Set-Cookie") if c.startswith("filterd="))
    assert "HttpOnly" in cookie and "SameSite=Lax" in cookie and "Path=/" in cookie and "Domain" not in cookie


def test_the_cookie_is_another_one_after_the_log_in(state: Path) -> None:
    browser = browser_of(state)
    browser.get("/login")
    before = browser.get_cookie("filterd", domain="192.168.1.53")
    browser.post("/login", {"name": "me", "password": PASSWORD})
    after = browser.get_cookie("filterd", domain="192.168.1.53")
    assert before and after and before.value != after.value
    assert len(accounts.sessions(state, "me")) == 1
    browser.post("/login", {"name": "me", "password": PASSWORD})
    assert len(accounts.sessions(state, "me")) == 1  # the one before has ended


def test_an_old_cookie_opens_nothing_after_the_log_out(state: Path) -> None:
    browser = logged_in(state)
    old = browser.get_cookie("filterd", domain="192.168.1.53")
    assert old is not None and browser.get("/").status_code == 200
    assert is_login(browser.post("/logout"))
    browser.set_cookie("filterd", old.value, domain="192.168.1.53")
    assert is_login(browser.get("/"))


def test_a_new_password_ends_the_other_sessions(app: Flask, state: Path) -> None:
    here, there = logged_in(state, app=app), logged_in(state, app=app)
    new = "trăng-tròn-mười-sáu-nhé"
    here.post("/account/password", {"current": PASSWORD, "password": new})
    assert here.get("/").status_code == 200 and is_login(there.get("/"))


def test_a_cookie_that_somebody_wrote_is_none(state: Path) -> None:
    browser = browser_of(state)
    for value in ("x", "eyJzaWQiOiJhIn0.aaaa.bbbb", "a" * 3000):
        browser.set_cookie("filterd", value, domain="192.168.1.53")
        assert is_login(browser.get("/"))


@pytest.mark.parametrize("host", ["evil.example", "evil.example:8080", "192.168.1.53.evil.example", "box.lan.evil.vn"])
def test_a_sites_name_that_leads_here_is_refused(state: Path, host: str) -> None:
    answer = browser_of(state).get("/login", base_url=f"http://{host}")
    assert answer.status_code == 421


@pytest.mark.parametrize("address", ["203.0.113.7", "2001:db8::1", ""])
def test_strangers_are_refused(state: Path, address: str) -> None:
    answer = browser_of(state).get("/login", environ_overrides={"REMOTE_ADDR": address})
    assert answer.status_code == 403


@pytest.mark.parametrize("to", EVIL)
def test_nobody_is_sent_elsewhere(state: Path, to: str) -> None:
    browser = browser_of(state)
    answer = browser.post("/login", {"name": "me", "password": PASSWORD, "to": to})
    assert answer.location == "/"
    assert browser.get("/login", query_string={"to": to}).location == "/"
    assert browser.get("/language/vi", query_string={"to": to}).location == "/"
    undone = browser.post("/undo", {"number": "1", "back": to})
    assert undone.status_code in (303, 409, 422) and "evil" not in (undone.location or "")
    assert local_path(to) == "/"


@pytest.mark.parametrize(
    ("path", "code"),
    [
        ("/login", 200),
        ("/absent", 302),
        ("/healthz", 200),
        ("/static/app.css", 200),
        ("/static/absent", 404),
        ("/", 302),
    ],
)
def test_every_answer_is_strict(state: Path, path: str, code: int) -> None:
    with browser_of(state).get(path) as answer:
        assert answer.status_code == code
        strict(answer)


@pytest.mark.parametrize("path", ["/", "/absent", "/account/", "/users/", "/setup/test.svg", "/home/pause/nobody"])
def test_answers_behind_the_gate_are_strict_and_kept_by_nobody(state: Path, path: str) -> None:
    with logged_in(state).get(path) as answer:
        strict(answer)
        assert answer.headers["Cache-Control"] == "no-store" or "no-cache" in answer.headers["Cache-Control"]


def strict(answer: Any) -> None:
    for key, value in HEADERS.items():
        assert answer.headers[key] == value
    policy = answer.headers["Content-Security-Policy"]
    assert "unsafe" not in policy and "default-src 'none'" in policy and "frame-ancestors 'none'" in policy


def test_no_page_has_script_or_style_of_its_own_in_it(app: Flask, state: Path) -> None:
    browser = logged_in(state, app=app)
    for _, path in routes(app, "GET"):
        answer = browser.get(path)
        if answer.mimetype == "text/html":
            assert not re.search(r"<style|\sstyle=|<script(?![^>]*\ssrc=)|\son[a-z]+=|javascript:", answer.text), path
        answer.close()


@pytest.mark.parametrize("role", ["viewer", "teacher", "parent"])
def test_a_role_cannot_do_what_it_may_not(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, role: str) -> None:
    monkeypatch.setenv("FILTERD_RUN", str(tmp_path / "run"))
    state = made(tmp_path / "other", role=role)
    app = app_of(state)
    browser = logged_in(state, app=app)
    token = browser.token()
    tried = [p for _, p in routes(app, "POST") if p.startswith(FORBIDDEN[role]) and p not in ANYBODY]
    assert len(tried) >= 5
    for path in tried:
        answer = browser.post(path, {"minutes": "15", "number": "2", "profile": "lan"}, token=token)
        assert answer.status_code == 403, (role, path, answer.status_code)
    assert {a.name for a in accounts.list_accounts(state)} == {"me", "quan-tri"}


def test_guessing_is_slowed_down_and_said(state: Path) -> None:
    browser = browser_of(state)
    token = browser.token()
    answers = [browser.post("/login?lang=en", {"name": "me", "password": f"wrong {n}"}, token=token) for n in range(7)]
    assert answers[0].status_code == 401 and "Name or password is not right" in answers[0].text
    assert answers[-1].status_code == 429 and "Many tries. Wait" in answers[-1].text
    right = browser.post("/login", {"name": "me", "password": PASSWORD}, token=token)
    assert right.status_code == 429
    # nobody at home is locked out by whoever guesses elsewhere
    other = browser_of(state)
    known = logged_in_from(other, "192.168.1.77")
    assert known in (303, 429)


def logged_in_from(browser: Browser, address: str) -> int:
    fields = {"name": "me", "password": PASSWORD}
    return int(browser.post("/login", fields, environ_overrides={"REMOTE_ADDR": address}).status_code)


def test_a_fragment_without_a_session_says_where_to_log_in(state: Path) -> None:
    answer = browser_of(state).get("/home/now", headers={"HX-Request": "true"})
    assert answer.status_code == 401 and answer.headers["HX-Redirect"] == "/login" and answer.data == b""


def test_a_large_form_is_refused(state: Path) -> None:
    answer = logged_in(state).post("/account/look", {"shown": "x" * 400_000})
    assert answer.status_code == 413
    strict(answer)


def test_the_key_of_cookies_is_its_owners_alone(state: Path) -> None:
    made_key = secret_key(state)
    assert (state / "web.key").stat().st_mode & 0o777 == 0o600 and secret_key(state) == made_key and len(made_key) == 32


def test_a_removed_person_is_out_at_once(app: Flask, state: Path) -> None:
    accounts.add(state, WHO, "ba", PASSWORD, "parent")
    browser = logged_in(state, "ba", app=app)
    accounts.remove(state, WHO, "ba")
    assert is_login(browser.get("/"))
