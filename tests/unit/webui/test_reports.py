"""The weekly report in words: three sentences, seven bars, and nothing that nobody asked to see."""

from __future__ import annotations

import re
import time
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from filterd.control import profiles
from filterd.control import requests as wishes
from filterd.control.digest import Digest
from filterd.model.change import Who
from filterd.model.decision import Action, Row
from filterd.model.household import Scope
from tests.unit.control.activity_data import Asked, store
from tests.unit.webui.client import app_of, logged_in, made
from webui.reports import talk

MUM = Who("mẹ", "web")
DAY = 86_400_000


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("FILTERD_RUN", str(tmp_path / "run"))
    state = made(tmp_path / "state")
    profiles.patch_household(state, MUM, {"timezone": "UTC"})
    yesterday = int(time.time()) // 86_400 * DAY - DAY // 2
    store(
        state,
        [Asked(yesterday + i * 1000) for i in range(25)]
        + [
            Asked(yesterday + 60_000, name="secret.example", action=Action.BLOCK, row=Row.CATEGORY, category="social"),
            Asked(yesterday + 61_000, name="secret.example", action=Action.BLOCK, row=Row.CATEGORY, category="social"),
        ],
    )
    return state


def text(page: str) -> str:
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", page))


def test_three_sentences_seven_bars_and_no_site(home: Path) -> None:
    page = logged_in(home).get("/reports/").text
    said = text(page.partition('class="say"')[2].partition("</div>")[0])
    assert "Lan dùng mạng 1 ngày" in said and "Có 2 lần bị chặn" in said and "Lan không xin gì." in said
    assert page.count("<svg viewBox") == 7 and page.count("<rect") == 1
    assert "secret.example" not in page and "khoảng" in page and "Một điều để trò chuyện" in page


def test_english_is_complete(home: Path) -> None:
    said = text(logged_in(home).get("/reports/?lang=en").text)
    assert "Lan was online on 1 day, about 1 hour a day" in said and "2 times something was blocked" in said
    assert "Lan did not ask for anything." in said


def test_names_when_they_are_switched_on(home: Path) -> None:
    browser = logged_in(home)
    assert "secret.example" in browser.get("/reports/?names=1").text
    profiles.patch(home, MUM, "lan", {"parent_sees": "categories"})
    page = browser.get("/reports/?names=1").text
    assert "secret.example" not in page and "chỉ hiện mục và giờ" in page


def test_all_children_on_paper_and_weeks_before(home: Path) -> None:
    browser = logged_in(home)
    every = browser.get("/reports/?child=all").text
    assert every.count('class="card digest"') == every.count("print-only") >= 2
    before = browser.get("/reports/?child=lan&back=2").text
    assert "không còn giữ" in before and ">?<" in before
    for odd in ("back=99", "back=-1", "back=x", "names=2"):
        assert browser.get(f"/reports/?{odd}").status_code == 200
    assert browser.get("/reports/?child=<script>").status_code == 404
    print_rules = (Path(__file__).parents[3] / "webui/static/reports.css").read_text()
    assert "A4 portrait" in print_rules and "break-after: page" in print_rules


def test_a_childs_words_are_only_words(home: Path) -> None:
    day = time.time() - 86_400
    asked = wishes.ask(
        home,
        Who("Lan"),
        profile="lan",
        scope=Scope.SERVICE,
        value="tiktok",
        reason="<script>alert(1)</script>",
        now=day,
    )
    wishes.answer(home, MUM, asked.id, True, minutes=15, note="<b>ừ</b>", now=day + 5)
    page = logged_in(home).get("/reports/").text
    assert "<script>alert" not in page and "<b>ừ" not in page
    assert "&lt;script&gt;" in page and "mẹ đã cho" in page and "TikTok" in page


def test_every_topic_has_its_words(home: Path) -> None:
    found = Digest("lan", "Lan", date(2026, 1, 1), date(2026, 1, 7), (), 0, (), (), "")
    app = app_of(home)
    for language in ("vi", "en"):
        with app.test_request_context(f"/?lang={language}"):
            said = {
                talk(replace(found, topic=t, value="gambling")) for t in ("harm", "late", "refused", "category", "calm")
            }
            assert len(said) == 5 and all("Lan" in one for one in said)


def test_who_may(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FILTERD_RUN", str(tmp_path / "run"))
    assert logged_in(made(tmp_path / "a", role="viewer")).get("/reports/").status_code == 200
    assert logged_in(made(tmp_path / "b", role="teacher", ranges=("may-lan",))).get("/reports/").status_code == 403
