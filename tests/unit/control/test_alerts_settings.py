"""Where alerts go: judged, kept without secrets in the history, taken back, masked."""

from __future__ import annotations

import json
import sqlite3
from pathlib import Path
from typing import Any

import pytest

from filterd.control.alerts_address import is_home
from filterd.control.alerts_settings import FILE, KEEP_S, set_settings, settings, shown
from filterd.control.change import history, revert
from filterd.errors import ConfigError, Conflict, StoreError
from filterd.model.alert import AlertKind, AlertSettings, Email, Ntfy, Webhook
from tests.unit.control.family import DAD, HOSTILE, MUM, content, state

__all__ = ["state"]  # a fixture
MAIL = {"host": "mail.example.org", "user": "me@example.org", "password": "SECRET5", "to": ["mum@example.org"]}
EVERYTHING: dict[str, Any] = {
    "webhook": {"url": "https://hooks.example.org/SECRET1?k=SECRET2", "secret": "SECRET3"},
    "ntfy": {"server": "https://ntfy.example.org", "topic": "SECRET4", "token": "tk_SECRET6"},
    "email": MAIL,
    "names": True,
    "quiet": "22:00-06:00",
    "kinds": ["harm_burst", "harm_first"],
}


def test_everything_is_off_by_default(state: Path, tmp_path: Path) -> None:
    assert settings(state) == AlertSettings() and settings(state).channels == ()
    assert settings(tmp_path / "nowhere") == AlertSettings() and not (tmp_path / "nowhere").exists()
    assert shown(AlertSettings())["names"] is False


def test_what_is_set_is_there(state: Path) -> None:
    before = content(state)
    assert set_settings(state, MUM, EVERYTHING).published is None  # no rule has changed
    assert settings(state) == AlertSettings(
        frozenset({AlertKind.HARM_FIRST, AlertKind.HARM_BURST}),
        Webhook("https://hooks.example.org/SECRET1?k=SECRET2", "SECRET3"),
        Ntfy("https://ntfy.example.org", "SECRET4", "tk_SECRET6"),
        Email("mail.example.org", "me@example.org", ("mum@example.org",), 587, "starttls", "me@example.org", "SECRET5"),
        True,
        (22 * 60, 6 * 60),
    )
    set_settings(state, MUM, {"email": None, "quiet": None})
    found = settings(state)
    assert found.channels == ("webhook", "ntfy") and found.quiet is None and found.names is True
    assert content(state) == before


def test_no_secret_is_in_database_history_or_what_is_shown(state: Path) -> None:
    set_settings(state, MUM, EVERYTHING)
    set_settings(state, MUM, {"ntfy": {"topic": "SECRET7"}})
    said = json.dumps(shown(settings(state))) + repr(settings(state)) + repr(history(state))
    assert "SECRET" not in said and "***" in said
    for path in state.iterdir():
        if path.is_file() and path.name != FILE:
            assert b"SECRET" not in path.read_bytes(), path
    assert (state / FILE).stat().st_mode & 0o777 == 0o600
    assert shown(settings(state))["webhook"] == {"url": "https://hooks.example.org/***", "signed": True}


def test_a_webhook_without_a_key_is_not_signed(state: Path) -> None:
    set_settings(state, MUM, {"webhook": {"url": "https://hooks.example.org/x"}})
    assert settings(state).webhook == Webhook("https://hooks.example.org/x", "")


def test_taking_back_brings_the_old_secret_for_a_day(state: Path) -> None:
    first = set_settings(state, MUM, {"ntfy": {"topic": "first"}}, now=1e9)
    second = set_settings(state, DAD, {"ntfy": {"topic": "second"}}, now=1e9 + 10)
    assert first.change is not None and second.change is not None
    revert(state, MUM, second.change.number)
    found = settings(state).ntfy
    assert found is not None and found.topic == "first"
    set_settings(state, MUM, {"names": True}, now=1e9 + 20)
    set_settings(state, MUM, {"names": False}, now=1e9 + 20 + KEEP_S - 11)
    assert b"second" in (state / FILE).read_bytes()
    set_settings(state, MUM, {"names": True}, now=1e9 + 20 + KEEP_S)
    assert b"second" not in (state / FILE).read_bytes() and b"first" in (state / FILE).read_bytes()


def test_a_secret_that_is_gone_is_said(state: Path) -> None:
    set_settings(state, MUM, EVERYTHING)
    (state / FILE).unlink()
    found = settings(state)
    assert found.channels == () and found.missing == ("webhook", "ntfy", "email")
    (state / FILE).write_text("[1]")
    with pytest.raises(StoreError, match="damaged"):
        settings(state)


def test_two_at_once(state: Path) -> None:
    done = set_settings(state, MUM, {"names": True})
    set_settings(state, DAD, {"names": False}, seen=done.revision)
    with pytest.raises(Conflict):
        set_settings(state, MUM, {"names": True}, seen=done.revision)
    assert set_settings(state, MUM, {"names": False}).change is None  # it is like that already


@pytest.mark.parametrize(
    ("patch", "said"),
    [
        ({"sms": {}}, "unknown key 'sms'"),
        ({"names": "yes"}, "names: expected true or false"),
        ({"kinds": ["all"]}, "there is no 'all'"),
        ({"kinds": "harm_first"}, "expected a list"),
        ({"quiet": "22:00"}, "expected hours"),
        ({"quiet": "25:00-26:00"}, "no time of day"),
        ({"quiet": "22:70-23:00"}, "no time of day"),
        ({"quiet": "22:00-22:00"}, "same time"),
        ({"webhook": "https://x.example"}, "expected a mapping"),
        ({"webhook": {"URL": "x"}}, "unknown key 'URL'"),
        ({"webhook": {}}, "expected an address"),
        ({"webhook": {"url": "ftp://x.example/"}}, "expected an address"),
        ({"webhook": {"url": "https://"}}, "expected an address"),
        ({"webhook": {"url": "https://x.example:99999/"}}, "expected an address"),
        ({"webhook": {"url": "https://[::1/"}}, "expected an address"),
        ({"webhook": {"url": "https://me:pw@x.example/"}}, "no user or password"),
        ({"webhook": {"url": "https://x.example/#a"}}, "no #"),
        ({"webhook": {"url": "https://x.example/ä"}}, "ASCII"),
        ({"webhook": {"url": "https://x.example/" + "a" * 1000}}, "at most 1000"),
        ({"webhook": {"url": "http://hooks.example.org/"}}, "only hosts of the house"),
        ({"webhook": {"url": "http://8.8.8.8/"}}, "only hosts of the house"),
        ({"webhook": {"url": "http://0.0.0.0/"}}, "only hosts of the house"),
        ({"ntfy": {"topic": ""}}, "ntfy.topic"),
        ({"ntfy": {"topic": "a/b"}}, "ntfy.topic"),
        ({"ntfy": {"topic": "x" * 65}}, "ntfy.topic"),
        ({"ntfy": {"topic": "ä"}}, "ntfy.topic"),
        ({"email": {}}, "1 to 10 addresses"),
        ({"email": {**MAIL, "to": ["a@example.org"] * 11}}, "1 to 10 addresses"),
        ({"email": {**MAIL, "to": "no address"}}, "such as me@example.org"),
        ({"email": {**MAIL, "to": "a@example.org, b@example.org"}}, "such as me@example.org"),
        ({"email": {**MAIL, "to": "=?utf-8?q?=0ABcc=3A?=@example.org"}}, "such as me@example.org"),
        ({"email": {**MAIL, "from": "x y <a@example.org>"}}, "email.from"),
        ({"email": {**MAIL, "host": "mail server"}}, "email.host"),
        ({"email": {**MAIL, "host": ""}}, "email.host"),
        ({"email": {**MAIL, "host": "a" * 5000}}, "2000 characters"),
        ({"email": {**MAIL, "host": "-" * 200}}, "email.host"),
        ({"email": {**MAIL, "port": 0}}, "1..65535"),
        ({"email": {**MAIL, "port": "²"}}, "1..65535"),
        ({"email": {**MAIL, "tls": "maybe"}}, "starttls, tls or none"),
        ({"email": {**MAIL, "tls": "none"}}, "only hosts of the house"),
        ({"email": {**MAIL, "password": ""}}, "user and password, or neither"),
    ],
)
def test_refusals_are_sentences_and_change_nothing(state: Path, patch: dict[str, Any], said: str) -> None:
    with pytest.raises(ConfigError, match=said) as refused:
        set_settings(state, MUM, patch)
    assert str(refused.value).isprintable() and "SECRET" not in str(refused.value)
    assert settings(state) == AlertSettings() and len(history(state)) == 1


@pytest.mark.parametrize("hostile", HOSTILE)
def test_hostile_text_is_refused_everywhere(state: Path, hostile: str) -> None:
    for patch in (
        {"webhook": {"url": f"https://x.example/{hostile}"}},
        {"webhook": {"url": "https://x.example/", "secret": hostile}},
        {"ntfy": {"topic": hostile}},
        {"ntfy": {"topic": "t", "token": hostile}},
        {"email": {**MAIL, "password": hostile}},
        {"email": {**MAIL, "user": hostile}},
        {"email": {**MAIL, "to": f"{hostile}@example.org"}},
        {"email": {**MAIL, "host": hostile}},
    ):
        with pytest.raises(ConfigError):
            set_settings(state, MUM, patch)
    assert not (state / FILE).exists()


@pytest.mark.parametrize(
    ("host", "home"),
    [("127.0.0.1", True), ("192.168.1.5", True), ("10.0.0.1", True), ("fd00::1", True), ("fe80::1%eth0", True), ("::1", True),
     ("localhost", True), ("nas.local", True), ("box.lan", True), ("box.home.arpa.", True), ("nas", True),
     ("8.8.8.8", False), ("2001:4860:4860::8888", False), ("0.0.0.0", False), ("example.org", False), ("local.example", False),
     ("", False), ("xlan", True), ("evil.lan.example", False)],
)  # fmt: skip
def test_who_is_in_the_house(host: str, home: bool) -> None:
    assert is_home(host) is home


def test_mail_defaults(state: Path) -> None:
    for more, port, sender in (
        ({}, 587, "me@example.org"),
        ({"tls": "tls"}, 465, "me@example.org"),
        ({"tls": "none", "host": "192.168.1.9", "user": "", "password": ""}, 25, "mum@example.org"),
        ({"port": "2525", "from": "box@example.org"}, 2525, "box@example.org"),
    ):
        set_settings(state, MUM, {"email": {**MAIL, **more}})
        found = settings(state).email
        assert found is not None and (found.port, found.sender) == (port, sender)


def test_the_history_says_what_changed_without_what(state: Path) -> None:
    set_settings(state, MUM, EVERYTHING)
    db = sqlite3.connect(state / "household.db")
    (body,) = db.execute("SELECT body FROM entity WHERE kind = 'setting' AND id = 'alerts'").fetchone()
    db.close()
    document = json.loads(body)
    assert document["webhook"]["to"] == "https://hooks.example.org" and set(document["ntfy"]) == {"server", "ref"}
    assert history(state, limit=1)[0].verb == "alerts"
