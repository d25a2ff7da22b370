"""Browsers in words: what real ones call themselves, and what somebody calls himself who means harm."""

from __future__ import annotations

import re
import time
from pathlib import Path

import pytest
from flask import Flask
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.examples import examples
from tests.unit.webui.client import PASSWORD, app_of, browser_of
from webui import agents

_WEBKIT = "AppleWebKit/537.36 (KHTML, like Gecko)"
_APPLE = "AppleWebKit/605.1.15 (KHTML, like Gecko)"
_ANDROID = f"Mozilla/5.0 (Linux; Android 10; K) {_WEBKIT}"
_WINDOWS = f"Mozilla/5.0 (Windows NT 10.0; Win64; x64) {_WEBKIT}"
_MAC = "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7)"
_IPHONE = f"Mozilla/5.0 (iPhone; CPU iPhone OS 17_5_1 like Mac OS X) {_APPLE}"
_IPAD = f"Mozilla/5.0 (iPad; CPU OS 17_5_1 like Mac OS X) {_APPLE}"
REAL = [
    (f"{_ANDROID} Chrome/126.0.0.0 Mobile Safari/537.36", "Chrome", "Android"),
    (f"{_WINDOWS} Chrome/126.0.0.0 Safari/537.36", "Chrome", "Windows"),
    (f"{_MAC} {_WEBKIT} Chrome/126.0.0.0 Safari/537.36", "Chrome", "macOS"),
    (f"Mozilla/5.0 (X11; Linux x86_64) {_WEBKIT} Chrome/126.0.0.0 Safari/537.36", "Chrome", "Linux"),
    (f"Mozilla/5.0 (X11; CrOS x86_64 14541.0.0) {_WEBKIT} Chrome/126.0.0.0 Safari/537.36", "Chrome", "ChromeOS"),
    (f"{_IPHONE} CriOS/126.0.6478.108 Mobile/15E148 Safari/604.1", "Chrome", "iPhone"),
    (f"{_IPHONE} Version/17.5 Mobile/15E148 Safari/604.1", "Safari", "iPhone"),
    (f"{_IPAD} Version/17.5 Mobile/15E148 Safari/604.1", "Safari", "iPad"),
    (f"{_MAC} {_APPLE} Version/17.5 Safari/605.1.15", "Safari", "macOS"),
    ("Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:127.0) Gecko/20100101 Firefox/127.0", "Firefox", "Windows"),
    ("Mozilla/5.0 (Android 14; Mobile; rv:127.0) Gecko/127.0 Firefox/127.0", "Firefox", "Android"),
    ("Mozilla/5.0 (X11; Ubuntu; Linux x86_64; rv:127.0) Gecko/20100101 Firefox/127.0", "Firefox", "Linux"),
    (f"{_IPHONE} FxiOS/127.0 Mobile/15E148 Safari/605.1.15", "Firefox", "iPhone"),
    (f"{_WINDOWS} Chrome/126.0.0.0 Safari/537.36 Edg/126.0.2592.81", "Edge", "Windows"),
    (f"{_ANDROID} Chrome/126.0.0.0 Mobile Safari/537.36 EdgA/126.0.2592.80", "Edge", "Android"),
    (f"{_ANDROID} SamsungBrowser/25.0 Chrome/121.0.0.0 Mobile Safari/537.36", "Samsung Internet", "Android"),
    (f"{_ANDROID} Chrome/125.0.0.0 Mobile Safari/537.36 OPR/83.0.0.0", "Opera", "Android"),
    (f"{_WINDOWS} coc_coc_browser/126.0.182 Chrome/120.0.0.0 Safari/537.36", "CocCoc", "Windows"),
    (f"{_IPHONE} Mobile/15E148 [FBAN/FBIOS;FBAV/470.0.0.42.74;FBDV/iPhone14,5]", "Facebook", "iPhone"),
    (
        f"Mozilla/5.0 (Linux; Android 13; SM-A536E; wv) {_WEBKIT} Version/4.0 Chrome/126.0.6478.72 Mobile Safari/537.36 Zalo android/12100660",
        "Zalo", "Android",
    ),
]  # fmt: skip
HOSTILE = [
    "", " ", "\x00", "<script>alert(1)</script>", "' OR 1=1 --", "%(browser)s %s {0} {{ 7*7 }}", "‮Chrome", "Chrome", "chrome/1 (iphone)",
    "x" * 100_000, "(" * 5_000, "Version/" + "1." * 50_000, "Mozilla/5.0", "curl/8.5.0", "\r\nSet-Cookie: a=b", "😀" * 300,
]  # fmt: skip
NAMES = {name for name, _ in agents._BROWSERS}
SYSTEMS = {name for name, _ in agents._SYSTEMS}
OURS = {"another browser", *NAMES, *(f"{a} on {b}" for a in [*NAMES, "another browser"] for b in SYSTEMS)}


@pytest.fixture(scope="module")
def app(tmp_path_factory: pytest.TempPathFactory) -> Flask:
    return app_of(tmp_path_factory.mktemp("state"))


@pytest.mark.parametrize(("agent", "browser", "system"), REAL)
def test_what_real_ones_call_themselves(app: Flask, agent: str, browser: str, system: str) -> None:
    with app.test_request_context("/?lang=en"):
        assert agents.kind(agent) == f"{browser} on {system}"
    with app.test_request_context("/?lang=vi"):
        assert agents.kind(agent) == f"{browser} trên {system}"


def test_others_and_half_known_ones(app: Flask) -> None:
    with app.test_request_context("/?lang=vi"):
        assert agents.kind("curl/8.5.0") == agents.kind("") == "một trình duyệt khác"
        assert agents.kind(f"Mozilla/5.0 (X11; Linux x86_64) {_WEBKIT}") == "một trình duyệt khác trên Linux"
        assert agents.kind("Opera/9.80") == "Opera"


@pytest.mark.parametrize("agent", HOSTILE)
def test_a_hostile_one_is_never_more_than_a_word_of_ours(app: Flask, agent: str) -> None:
    with app.test_request_context("/?lang=en"):
        begun = time.process_time()
        assert agents.kind(agent) in OURS
        assert time.process_time() - begun < 0.5


@given(st.text(max_size=600) | st.from_regex(re.compile(r"[A-Za-z]+/[\d.]+ \((iPhone|Windows NT)[^)]*\) .*")))
@settings(max_examples=examples(200), deadline=None)
def test_whatever_comes_only_our_words_go_out(app: Flask, agent: str) -> None:
    with app.test_request_context("/?lang=en"):
        assert agents.kind(agent) in OURS


def test_what_stands_behind_the_bound_is_not_looked_at(app: Flask) -> None:
    with app.test_request_context("/?lang=en"):
        assert agents.kind(" " * (agents.MAX - len("Firefox/")) + "Firefox/") == "Firefox"
        assert agents.kind(" " * (agents.MAX - len("Firefox/") + 1) + "Firefox/1") == "another browser"


def test_the_account_page_says_it_and_shows_nothing_raw(state: Path) -> None:
    raw = REAL[0][0]
    app = app_of(state)
    for agent in (raw, "<b>evil</b> " * 40, REAL[9][0]):
        browser = browser_of(state, app)
        answer = browser.post("/login", {"name": "me", "password": PASSWORD}, headers={"User-Agent": agent})
        assert answer.status_code == 303
    seen = browser.get("/account/?lang=vi").text
    assert "Chrome trên Android" in seen and "Firefox trên Windows" in seen and "Một trình duyệt khác" in seen
    assert "evil" not in seen and "Mozilla" not in seen
