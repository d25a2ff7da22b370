"""The page about encryption: what it says to whom, and that taking it back needs the right that it took."""

from __future__ import annotations

from pathlib import Path

import pytest

from filterd.control import secure_page
from filterd.control.change import history
from tests.unit.webui.client import WHO, Browser, app_of, browser_of, logged_in, made
from tests.unit.webui.test_secure_switch import Opened
from webui.secure_switch import Switch


def with_switch(state: Path, given: tuple[str, int] | None = None, name: str = "me") -> tuple[Browser, Switch, Opened]:
    app, opened = app_of(state), Opened()
    switch = app.config["SECURE"] = Switch(opened, state, "0.0.0.0", given)
    switch.follow()
    return logged_in(state, name, app=app), switch, opened


def test_it_says_what_happens_before_and_what_to_compare_after(state: Path) -> None:
    browser, switch, _ = with_switch(state)
    seen = browser.get("/system/secure/?lang=en").text
    assert "travels unencrypted" in seen and "signs for itself" in seen and "plain address answers as before" in seen
    assert browser.post("/system/secure/switch", {"on": "1"}).status_code == 303
    seen = browser.get("/system/secure/?lang=en").text.replace("<wbr>", "")
    assert switch.own is not None and switch.own.fingerprint in seen and 'href="https://192.168.1.53:8443/"' in seen
    assert "plain address answers as before" in seen and "Close the encrypted page" in seen
    assert 'href="https://192.168.1.53:8443/"' in browser_of(state, browser.application).get("/login").text
    assert browser.post("/system/secure/switch", {"on": "0"}).status_code == 303
    assert switch.address == "" and "Open the encrypted page" in browser.get("/system/secure/?lang=en").text


def test_in_vietnamese(state: Path) -> None:
    browser, _, _ = with_switch(state)
    seen = browser.get("/system/secure/?lang=vi").text
    assert "hộp tự ký cho mình" in seen and "Mở thêm bản mã hóa" in seen


def test_what_the_operator_wrote_is_changed_where_it_was_written(state: Path) -> None:
    browser, switch, _ = with_switch(state, ("0.0.0.0", 9443))
    seen = browser.get("/system/secure/?lang=en").text.replace("<wbr>", "")
    assert "web_tls" in seen and 'action="/system/secure/switch"' not in seen
    assert switch.own is not None and switch.own.fingerprint in seen
    for on in "01":
        assert browser.post("/system/secure/switch", {"on": on}).status_code == 422
    assert switch.address == "0.0.0.0:9443" and not secure_page.is_on(state)


def test_one_that_cannot_be_opened_any_more_is_said(state: Path) -> None:
    browser, switch, opened = with_switch(state)
    opened.broken = "taken"
    secure_page.switch(state, WHO, True)
    switch.follow()
    seen = browser.get("/system/secure/?lang=en").text
    assert "port 8443" in seen and "tries again" in seen and "It is closed" in seen
    # and it can be given up
    assert browser.post("/system/secure/switch", {"on": "0"}).status_code == 303
    assert "port 8443" not in browser.get("/system/secure/?lang=en").text


def test_a_parent_sees_it_and_neither_switches_nor_takes_back(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FILTERD_RUN", str(tmp_path / "run"))
    state = made(tmp_path / "state", role="parent")
    browser, switch, _ = with_switch(state)
    secure_page.switch(state, WHO, True)
    switch.follow()
    number = history(state, limit=1)[0].number
    seen = browser.get("/system/secure/?lang=en").text
    assert "Whoever looks after the box" in seen and 'action="/system/secure/switch"' not in seen
    assert browser.post("/system/secure/switch", {"on": "0"}).status_code == 403
    assert browser.post("/undo", {"number": str(number)}).status_code == 403
    assert browser.post(f"/system/history/{number}/revert").status_code == 403
    assert switch.address and secure_page.is_on(state)


def test_the_history_tells_of_it_in_words(state: Path) -> None:
    browser, _, _ = with_switch(state)
    browser.post("/system/secure/switch", {"on": "1"})
    assert "opened the encrypted page" in browser.get("/system/history?lang=en").text
