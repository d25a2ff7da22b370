"""Activity: what a parent sees of the log, what stays hidden, the buttons that fit, and that they bite."""

from __future__ import annotations

import csv
import io
import json
import re
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from filterd.control import profiles
from filterd.control.activity import View
from filterd.control.household import load
from filterd.model.activity import Filter
from filterd.model.change import Who
from filterd.model.decision import Action, Row
from filterd.model.household import Scope
from filterd.wire.name import to_wire
from tests.unit.control.activity_data import Asked, ring, store
from tests.unit.webui.client import Browser, logged_in, made
from webui.activity_rows import ROWS, breakable, fold

BLOCK = Action.BLOCK
MUM = Who("mẹ", "web")
WEEK = "/activity/?days=7"
HX = {"HX-Request": "true"}
LONG = ".".join(["a" * 60, "b" * 60, "c" * 60, "d" * 50, "ef.example"])
MINUTE = 60_000


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("FILTERD_RUN", str(tmp_path / "run"))
    (tmp_path / "run").mkdir()
    state = made(tmp_path / "state")
    profiles.patch_household(state, MUM, {"timezone": "UTC"})  # as the helper that writes logs counts its days
    return state


def ago(minutes: float, name: str = "ads.example", **more: Any) -> Asked:
    at = int(time.time() * 1000) - int(minutes * MINUTE)
    plain: dict[str, Any] = {"action": BLOCK, "row": Row.CATEGORY, "category": "ads", "rule": "category ads"}
    return Asked(at, "127.0.0.11", "lan", "may-lan", name, **(plain | more))


def log(state: Path, *asked: Asked) -> None:
    store(state, sorted(asked, key=lambda q: q.at_ms))


def ids(page: str) -> list[str]:
    return re.findall(r'id="row-(\d+)"', page)


def text(page: str) -> str:
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", "", page.replace("<wbr>", "")))


def opened(browser: Browser, number: int = 0, path: str = WEEK) -> tuple[str, str]:
    """Return id and panel of a row."""
    ident = ids(browser.get(path).text)[number]
    answer = browser.get(f"/activity/row/{ident}", headers=HX)
    assert answer.status_code == 200
    return ident, answer.text


# -- rows


def test_blocked_comes_first_and_everything_when_asked_for(home: Path) -> None:
    log(home, ago(3), ago(2, "www.example.org", action=Action.ALLOW, row=Row.DEFAULT, category="", rule=""))
    browser = logged_in(home)
    page = text(browser.get(WEEK).text)
    assert "ads.example" in page and "www.example.org" not in page and "1 lần bị chặn trong 7 ngày" in page
    assert "www.example.org" in text(browser.get(WEEK + "&show=all").text)


def test_repeats_within_ten_minutes_are_one_row(home: Path) -> None:
    log(home, ago(1), ago(4, qtype=28), ago(9), ago(30), ago(2, "other.example"))
    page = logged_in(home).get(WEEK + "&lang=en").text
    assert len(ids(page)) == 3
    assert "3 times" in text(page)


def test_fold_is_a_page_with_a_cursor_and_misses_nothing(home: Path) -> None:
    log(home, *(ago(i, f"n{i % 37}.example") for i in range(1, 200)))
    view, seen, older = View.of(load(home)), 0, ""
    names: set[str] = set()
    while True:
        rows = fold(home, Filter(action=BLOCK), view, older=older, limit=7)
        assert len(rows.folds) <= 7
        seen += sum(f.count for f in rows.folds)
        names |= {f.entry.name for f in rows.folds}
        older = rows.older
        if not older:
            break
    assert seen == 199 and len(names) == 37


def test_older_rows_are_a_link_away(home: Path) -> None:
    log(home, *(ago(i, f"n{i}.example") for i in range(1, ROWS + 6)))
    browser = logged_in(home)
    page = browser.get(WEEK).text
    assert len(ids(page)) == ROWS
    link = re.search(r'href="(/activity/\?older=[^"]+)"', page)
    assert link is not None
    second = browser.get(link.group(1).replace("&amp;", "&")).text
    assert len(ids(second)) == 5 and not set(ids(page)) & set(ids(second))
    assert "data-poll" not in second.partition('id="list"')[2]  # older pages do not move
    assert browser.get("/activity/?older=nonsense").status_code == 200


def test_filters_and_search(home: Path) -> None:
    log(
        home, ago(5), ago(4, "tiktok.com", row=Row.SERVICE, service="tiktok", category="social"),
        replace(ago(3, "minh.example"), profile="minh", device="may-minh"),
    )  # fmt: skip
    browser = logged_in(home)

    def names(query: str) -> set[str]:
        page = browser.get(f"{WEEK}&{query}").text
        found = re.findall(r'class="site[^>]*>(.*?)</bdi>', page)
        return {name.replace("<wbr>", "") for name in found}

    assert names("child=minh") == {"minh.example"}
    assert names("child=nobody") == {"ads.example", "tiktok.com", "minh.example"}
    assert names("category=ads&child=lan") == {"ads.example"}
    assert names("service=tiktok") == {"tiktok.com"}
    assert names("device=may-minh") == {"minh.example"}
    assert names("q=TikTok") == {"tiktok.com"}
    assert names("q=minh.example") == {"minh.example"}
    assert names("q=nothing-like-it") == set()
    wrong = browser.get(WEEK + "&q=a..b")
    assert wrong.status_code == 200 and "chưa phải tên trang" in wrong.text


def test_new_rows_wait_behind_a_button(home: Path) -> None:
    log(home, ago(5))
    browser = logged_in(home)
    newest = ids(browser.get(WEEK).text)[0]
    assert 'class="button' not in browser.get(f"/activity/new?days=7&after={newest}").text
    ring(home.parent / "run", [ago(0.1, "fresh.example"), ago(0.1, "fresher.example")])
    assert "2 dòng mới" in browser.get(f"/activity/new?days=7&after={newest}").text
    assert len(ids(browser.get(WEEK).text)) == 3


@pytest.mark.parametrize("bad", ["<script>alert(1)</script>", "‮drowssap", '" onmouseover="x'])
def test_hostile_words_are_only_words(home: Path, bad: str) -> None:
    log(home, replace(ago(3, "x.example", rule=bad, row=Row.WINDOW), device=bad[:60]))
    browser = logged_in(home)
    page = browser.get(WEEK).text
    assert "<script>alert" not in page and 'onmouseover="x' not in page
    _ident, panel = opened(browser)
    assert "<script>alert" not in panel and 'onmouseover="x' not in panel
    for query in (f"q={bad}", f"device={bad}", f"category={bad}", f"service={bad}", f"child={bad}"):
        found = browser.get(f"{WEEK}&{query.replace('#', '%23')}")
        assert found.status_code == 200 and "<script>alert" not in found.text and 'onmouseover="x' not in found.text


def test_a_name_of_253_characters_breaks_after_its_dots(home: Path) -> None:
    assert len(LONG) > 240
    log(home, ago(3, LONG))
    page = logged_in(home).get(WEEK).text
    assert LONG.replace(".", ".<wbr>") in page
    assert str(breakable("<b>.x")) == "&lt;b&gt;.<wbr>x"


# -- what stays hidden


def test_a_teenagers_names_are_not_shown_nor_found(home: Path) -> None:
    profiles.patch(home, MUM, "lan", {"parent_sees": "categories"})
    log(home, ago(3, "secret.example", row=Row.CATEGORY, category="social"))
    browser = logged_in(home)
    page = browser.get(WEEK).text
    assert "secret" not in page and "chỉ hiện mục và giờ" in page and len(ids(page)) == 1
    assert not ids(browser.get(WEEK + "&q=secret").text)
    ident, panel = opened(browser)
    assert "secret" not in panel and "chỉ hiện mục và giờ" in panel and "Luôn cho" not in panel
    assert browser.post(f"/activity/row/{ident}/always").status_code == 422
    assert "secret" not in browser.get("/activity/export").text


def test_abuse_has_no_name_no_minute_and_help_first(home: Path) -> None:
    log(home, ago(3, "harm.example", category="abuse"), ago(2, "harm.example", category="abuse"))
    browser = logged_in(home)
    page = browser.get(WEEK).text
    assert "harm.example" not in page and "Không ghi tên" in page
    row = page.partition('id="row-')[2].partition("</li>")[0]
    assert re.search(r"\d+ giờ", row) and not re.search(r"\d+:\d\d</span>", row) and " lần" not in text(row)
    ident, panel = opened(browser)
    assert 'href="tel:111"' in panel and "Gợi ý cách ở bên con" in panel
    assert "/allow" not in panel and "harm.example" not in panel and "<ol>" not in panel
    assert browser.post(f"/activity/row/{ident}/allow").status_code == 422
    hint = browser.get(f"/activity/row/{ident}/hint").text
    assert "Con không có lỗi" in hint and 'href="tel:111"' in hint


def test_a_home_that_keeps_nothing_says_so(home: Path) -> None:
    profiles.patch_household(home, MUM, {"privacy": {"level": "nothing"}})
    log(home, ago(3))
    page = logged_in(home).get(WEEK).text
    assert not ids(page) and "Nhà mình không giữ nhật ký" in page and "ads.example" not in page


# -- buttons


def test_allow_for_a_quarter_of_an_hour(home: Path) -> None:
    log(home, ago(3))
    browser = logged_in(home)
    ident, panel = opened(browser)
    assert "Cho 15\N{NO-BREAK SPACE}phút" in panel and "Luôn cho Lan" in panel and "Sửa luật" in panel
    assert "Báo cho tỉnh" not in panel and panel.count("<li>") <= 4
    answer = browser.post(f"/activity/row/{ident}/allow", headers=HX)
    assert answer.status_code == 200 and "Lan mở được trang này đến" in answer.text and 'class="toast"' in answer.text
    grant = load(home).grants[-1]
    assert (grant.scope, grant.value, grant.profile, grant.by) == (Scope.NAME, "ads.example", "lan", "mẹ")
    assert grant.until is not None and 800 < grant.until - time.time() <= 901


def test_always_and_block_are_the_profiles_own_names(home: Path) -> None:
    log(home, ago(3), ago(2, "fine.example", action=Action.ALLOW, row=Row.DEFAULT, category="", rule=""))
    browser = logged_in(home)
    ident, _panel = opened(browser)
    plain = browser.post(f"/activity/row/{ident}/always")
    assert plain.status_code == 303 and ident in plain.headers["Location"]
    assert "Vì sao bị chặn?" in browser.get(plain.headers["Location"]).text
    assert to_wire("ads.example") in load(home).profiles[0].names.always
    ident, panel = opened(browser, 0, WEEK + "&show=all")
    assert "Vì sao mở được?" in panel and "Chặn với Lan" in panel and "Chặn với cả nhà" in panel
    browser.post(f"/activity/row/{ident}/block")
    assert [to_wire("fine.example") in p.names.block for p in load(home).profiles] == [True, False, False, False]
    browser.post(f"/activity/row/{ident}/block", {"all": "1"})
    assert all(to_wire("fine.example") in p.names.block for p in load(home).profiles)


def test_the_provinces_entry_is_reported_not_opened(home: Path) -> None:
    log(home, ago(3, "bet.example", row=Row.MANDATORY, category="gambling", rule=""))
    browser = logged_in(home)
    ident, panel = opened(browser)
    assert "Báo cho tỉnh" in panel and "Gợi ý cách nói với Lan" in panel and "/allow" not in panel
    assert browser.post(f"/activity/row/{ident}/allow").status_code == 422
    lines = browser.get(f"/activity/row/{ident}/report").text
    assert "bet.example" in lines and "Lan" not in text(lines.partition("<main")[2].partition("</main")[0])


def test_the_links_lead_to_the_rule_itself(home: Path) -> None:
    log(
        home, ago(9, "own.example", row=Row.NAME, rule="block own.example", category=""),
        ago(7, "www.youtube.com", row=Row.BUDGET, rule="60 youtube", service="youtube", category=""),
        ago(5, "tiktok.com", row=Row.SERVICE, rule="service tiktok", service="tiktok", category="social"),
        ago(3, "night.example", row=Row.WINDOW, rule="Giờ ngủ", category=""), ago(1),
    )  # fmt: skip
    browser = logged_in(home)
    wanted = ("/children/lan", "/week/lan", "/children/lan/services", "/children/lan/time", "/children/lan/names")
    for number, address in enumerate(wanted):
        _ident, panel = opened(browser, number)
        links = [link for link in re.findall(r'href="([^"]+)"', panel) if "/static/" not in link]
        assert address in links, (number, links)
        assert browser.get(address).status_code == 200
        for link in links:
            assert browser.get(link.replace("&amp;", "&")).status_code == 200, link
    _ident, panel = opened(browser, 1)
    assert "/ask/?who=device:may-lan&amp;name=night.example&amp;day=" in panel


def test_a_row_opens_without_script_too(home: Path) -> None:
    log(home, ago(3))
    browser = logged_in(home)
    ident = ids(browser.get(WEEK).text)[0]
    page = browser.get(f"{WEEK}&open={ident}").text
    assert "Vì sao bị chặn?" in page and 'aria-expanded="true"' in page
    assert "Vì sao bị chặn?" in browser.get(f"/activity/row/{ident}").text
    for wrong in ("1", "9" * 18, "9" * 40):
        assert browser.get(f"/activity/row/{wrong}").status_code == 404


# -- who may


def test_a_viewer_looks_and_changes_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FILTERD_RUN", str(tmp_path / "run"))
    (tmp_path / "run").mkdir()
    state = made(tmp_path / "state", role="viewer")
    log(state, ago(3))
    browser = logged_in(state)
    ident, panel = opened(browser)
    assert "Vì sao bị chặn?" in panel and "<form" not in panel
    for act in ("allow", "always", "block"):
        assert browser.post(f"/activity/row/{ident}/{act}").status_code == 403
    assert browser.get("/activity/delete/").status_code == 403
    assert browser.post("/activity/delete/", {"whose": "all", "word": "XÓA"}).status_code == 403
    assert browser.get("/activity/export").status_code == 200


def test_a_teacher_sees_nothing_of_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FILTERD_RUN", str(tmp_path / "run"))
    browser = logged_in(made(tmp_path / "state", role="teacher", ranges=("may-lan",)))
    for path in ("", "new", "chart", "top", "row/5", "export", "delete/"):
        assert browser.get(f"/activity/{path}").status_code == 403, path


# -- sums, files, delete


def test_the_chart_has_a_table_twin_and_top_lists(home: Path) -> None:
    log(
        home,
        *(ago(5 + i) for i in range(4)),
        ago(3, "tiktok.com", row=Row.SERVICE, service="tiktok", category="social"),
    )
    browser = logged_in(home)
    chart = browser.get("/activity/chart?days=7&lang=en").text
    assert chart.count("<tr data-label") == 7 and 'role="img"' in chart and '<details class="twin" open>' in chart
    assert sum(map(int, re.findall(r'data-count="(\d+)"', chart))) == 5
    today = browser.get("/activity/chart?lang=en").text
    assert today.count("<tr data-label") in (0, 24)  # nothing since midnight, when it is just past that
    top = text(browser.get("/activity/top?days=7&lang=en").text)
    assert "TikTok" in top and "ads.example" in top and "Lan" in top
    assert "<tr" not in browser.get("/activity/chart?category=ads").text  # no sums are kept of that


def test_export_is_the_whole_log_in_two_forms(home: Path) -> None:
    log(home, ago(3, rule="=1+1"), ago(2, "other.example"))
    browser = logged_in(home)
    answer = browser.get("/activity/export")
    assert answer.headers["Content-Disposition"].startswith('attachment; filename="filterd-activity-')
    rows = list(csv.DictReader(io.StringIO(answer.text.removeprefix("\ufeff"))))
    assert [r["name"] for r in rows] == ["ads.example", "other.example"] and rows[0]["rule"] == "'=1+1"
    found = json.loads(browser.get("/activity/export?form=json").text)
    assert [r["name"] for r in found] == ["ads.example", "other.example"]
    part = json.loads(browser.get("/activity/export?form=json&part=1&days=7&q=other").text)
    assert [r["name"] for r in part] == ["other.example"]
    assert browser.get("/activity/export?form=exe").status_code == 404


@pytest.mark.parametrize("word", ["XÓA", "xóa", "xoa"])
def test_delete_wants_its_word(home: Path, word: str) -> None:
    log(home, ago(3), replace(ago(2, "minh.example"), profile="minh", device="may-minh"))
    browser = logged_in(home)
    for wrong in ("", "xo", "delete"):
        refused = browser.post("/activity/delete/", {"whose": "profile:lan", "word": wrong})
        assert refused.status_code == 422 and 'role="alert"' in refused.text
    assert browser.post("/activity/delete/", {"whose": "profile:nobody", "word": word}).status_code == 422
    assert len(ids(browser.get(WEEK).text)) == 2
    assert browser.post("/activity/delete/", {"whose": "profile:lan", "word": word}).status_code == 303
    page = browser.get(WEEK).text
    assert "ads.example" not in page.replace("<wbr>", "") and "minh.example" in page.replace("<wbr>", "")
    assert browser.post("/activity/delete/", {"whose": "all", "word": word}).status_code == 303
    assert not ids(browser.get(WEEK).text)


def test_an_empty_day_is_said_kindly(home: Path) -> None:
    page = logged_in(home).get("/activity/").text
    assert "Hôm nay yên ả" in page and "Từ 0:00 chưa có trang nào bị chặn." in page
