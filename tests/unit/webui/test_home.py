"""Home: the truth, a card a child, one tap for what changes daily, Undo, conflicts, both languages, roles."""

from __future__ import annotations

import re
import time
from pathlib import Path
from typing import Any

import pytest

from filterd.control import moves, requests
from filterd.control import seen as presence
from filterd.control.change import history
from filterd.control.household import load
from filterd.control.lists_build import build_lists
from filterd.control.moves import Whom
from filterd.control.profiles import patch
from filterd.model.change import Who
from filterd.model.feed import Refusal, Refused
from filterd.model.household import Scope
from filterd.model.seen import SeenDevice
from tests.unit.control.province import follow
from tests.unit.webui.client import Browser, browser_of, logged_in, made

HX = {"HX-Request": "true"}


def number_of(text: str) -> str:
    found = re.search(r'name="number" value="(\d+)"', text)
    assert found is not None, text
    return found.group(1)


def test_it_is_vietnamese_unless_english_is_asked_for(visitor: Browser) -> None:
    page = visitor.get("/").text
    assert '<html lang="vi"' in page and "Vì sao tôi biết?" in page and "Tắt mạng" in page
    page = visitor.get("/?lang=en").text
    assert '<html lang="en"' in page and "How do I know?" in page and "Switch off" in page
    visitor.get("/language/en")
    assert '<html lang="en"' in visitor.get("/").text


def test_without_a_filter_it_does_not_say_that_all_is_well(visitor: Browser) -> None:
    page = visitor.get("/?lang=en").text
    assert "Everybody at home is protected" not in page
    assert "No list is in force" in page and 'class="truth bad"' in page


def test_whom_to_call_is_always_there(state: Path, visitor: Browser) -> None:
    for page in (visitor.get("/").text, browser_of(state).get("/login").text, visitor.get("/more").text):
        assert 'href="tel:111"' in page and 'href="https://vn-cop.vn"' in page


def test_off_and_on_are_one_tap_each_and_come_back_as_the_card(state: Path, visitor: Browser) -> None:
    answer = visitor.post("/home/off/lan", headers=HX)
    assert answer.status_code == 200 and 'id="child-lan"' in answer.text and 'id="child-minh"' not in answer.text
    assert "Đã tắt mạng của Lan." in answer.text and 'hx-swap-oob="true"' in answer.text
    assert "Mở lại" in answer.text
    (off,) = load(state).internet_off
    assert (off.profile, off.until, off.by) == ("lan", None, "mẹ")
    answer = visitor.post("/home/on/lan", headers=HX)
    assert "Đã mở lại mạng của Lan." in answer.text
    assert load(state).internet_off[0].ended is not None


def test_undo_brings_back_what_was(state: Path, visitor: Browser) -> None:
    before = load(state)
    said = visitor.post("/home/off/minh", headers=HX).text
    answer = visitor.post("/undo", {"number": number_of(said), "back": "/"}, follow_redirects=True)
    assert "Đã trở lại như trước." in answer.text
    assert load(state) == before
    assert visitor.post("/undo", {"number": "x"}).status_code == 400
    assert visitor.post("/undo", {"number": "99999"}).status_code in (422, 503)


def test_without_script_a_form_leads_back_with_the_toast(visitor: Browser) -> None:
    answer = visitor.post("/home/off/lan")
    assert (answer.status_code, answer.headers["Location"]) == (303, "/")
    page = visitor.get("/").text
    assert "Đã tắt mạng của Lan." in page and "Hoàn tác" in page
    assert "Hoàn tác" not in visitor.get("/").text  # once


def test_more_minutes_open_what_is_off(state: Path, visitor: Browser) -> None:
    moves.off(state, Who("bố", "web"), Whom(profile="minh"), minutes=60)
    answer = visitor.post("/home/plus/minh", {"minutes": "15"}, headers=HX)
    assert answer.status_code == 200 and "Minh có thêm 15 phút." in answer.text
    assert [g.scope for g in load(state).grants if g.profile == "minh"] == [Scope.TIME]
    for wrong in ("", "16", "-15", "999999", "１５"):
        assert visitor.post("/home/plus/minh", {"minutes": wrong}).status_code == 422


def test_a_pause_has_an_end_and_ends_before_it(state: Path, visitor: Browser) -> None:
    sheet = visitor.get("/home/pause/minh", headers={**HX, "X-Sheet": "1"}).text
    assert "<html" not in sheet and sheet.count('name="minutes"') in (3, 4)
    answer = visitor.post("/home/pause/minh", {"minutes": "30"}, headers=HX)
    assert "Dừng lọc" in answer.text and "Lọc lại" in answer.text
    answer = visitor.post("/home/filter/minh", headers=HX)
    assert "Đã lọc lại cho Minh." in answer.text and "Dừng lọc" not in answer.text
    assert visitor.post("/home/pause/minh", {"minutes": "100000"}).status_code == 422


def test_all_children_at_once_are_one_change(state: Path, visitor: Browser) -> None:
    children = {"lan", "minh", "tuan"}
    before = history(state)[0].number
    visitor.post("/home/meal")
    assert {o.profile for o in load(state).internet_off} == children and history(state)[0].number == before + 1
    said = visitor.post("/home/all-off", headers=HX).text
    assert "Đã tắt mạng các con." in said and 'id="now"' in said
    page = visitor.get("/home/no-school").text
    assert page.count("checked") == 3
    answer = visitor.post("/home/no-school", {"profile": ["lan", "minh", "nobody"]})
    assert answer.status_code == 303
    assert [bool(p.exceptions) for p in load(state).profiles if p.id in children] == [True, True, False]
    assert visitor.post("/home/no-school", {"profile": ["nobody"]}).status_code == 422


def test_somebody_elses_change_is_shown_and_not_overwritten(state: Path, visitor: Browser) -> None:
    seen = history(state)[0].number
    patch(state, Who("bố", "web"), "lan", {"name": "Lan Anh"})
    answer = visitor.post("/home/off/lan", {"seen": str(seen)})
    if answer.status_code == 409:  # the same thing was changed
        assert "bố" in answer.text and "Chưa ghi đè gì cả" in answer.text
        assert visitor.post("/home/off/lan", {"seen": str(seen), "anyway": "1"}).status_code == 303
    assert [o.profile for o in load(state).internet_off] == ["lan"]
    assert load(state).profiles[0].name == "Lan Anh"


def test_polling_costs_nothing_while_nothing_changes(visitor: Browser) -> None:
    first = visitor.get("/home/now", headers=HX)
    tag = first.headers["ETag"]
    again = visitor.get("/home/now", headers={**HX, "If-None-Match": tag})
    assert again.status_code in (200, 304)  # an age in seconds may have changed
    assert first.headers["Cache-Control"] == "private, no-cache"


def test_a_request_stands_first_with_the_childs_words(state: Path, visitor: Browser) -> None:
    requests.ask(
        state, Who("Minh", "child"), profile="minh", scope=Scope.SERVICE, value="youtube", reason="<b>Toán</b>"
    )
    page = visitor.get("/").text
    assert "Minh xin mở YouTube" in page and "&lt;b&gt;Toán&lt;/b&gt;" in page and "<b>Toán" not in page


def test_hostile_names_are_text(state: Path, visitor: Browser) -> None:
    patch(state, Who("x", "cli"), "lan", {"name": '"><script>alert(1)</script>'})
    page = visitor.get("/").text
    assert "<script>alert" not in page and "&lt;script&gt;alert(1)" in page


@pytest.mark.parametrize("path", ["/home/off/nobody", "/home/on/nobody", "/home/plus/nobody", "/home/filter/nobody"])
def test_who_is_not_there_is_not_found(visitor: Browser, path: str) -> None:
    assert visitor.post(path, {"minutes": "15"}).status_code == 404


def test_a_viewer_sees_and_changes_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FILTERD_RUN", str(tmp_path / "run"))
    state = made(tmp_path / "state", role="viewer")
    visitor = logged_in(state)
    page = visitor.get("/").text
    assert "Lan" in page and "Tắt mạng" not in page
    before = history(state)[0].number
    for path in ("/home/off/lan", "/home/on/lan", "/home/meal", "/home/all-off"):
        assert visitor.post(path).status_code == 403
    assert history(state)[0].number == before


def test_a_household_that_cannot_be_read_is_said(
    state: Path, visitor: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    from filterd.errors import StoreError

    def broken(*_: object) -> None:
        raise StoreError("sick")

    monkeypatch.setattr("filterd.control.now.outlook", broken)
    assert "Chưa đọc được cài đặt của nhà" in visitor.get("/").text


def test_machines_get_a_word_without_a_session(state: Path) -> None:
    assert browser_of(state).get("/healthz").json == {"page": True}


def test_new_devices_are_asked_about(state: Path, visitor: Browser, monkeypatch: pytest.MonkeyPatch) -> None:
    now = time.time()
    new = SeenDevice("da:00:00:00:00:02", ("192.0.2.77",), first=now - 600, last=now, asked=now - 60)
    silent = SeenDevice("da:00:00:00:00:03", ("192.0.2.78",), first=now - 600, last=now)
    monkeypatch.setattr(presence, "devices", lambda *_: [new, silent])
    seen = visitor.get("/?lang=en").text
    assert "1 new device: whose is it?" in seen and 'href="/devices/"' in seen
    monkeypatch.setattr(presence, "devices", lambda *_: [silent])
    assert "new device" not in visitor.get("/?lang=en").text


def test_both_languages_say_lengths_of_time_in_their_own_words(visitor: Browser, state: Path) -> None:
    patch(
        state,
        Who("mẹ"),
        "lan",
        {"budgets": [{"services": ["youtube"], "minutes": 60}, {"categories": ["games"], "minutes": 30}]},
    )
    requests.ask(state, Who("Minh", "child"), profile="minh", scope=Scope.SERVICE, value="youtube")
    for language, length, budget, other in (("vi", "15 phút", "khoảng 0 trên 30 phút", "15 min"),
                                            ("en", "15 min", "about 0 of 30 minutes", "phút")):  # fmt: skip
        page = visitor.get(f"/?lang={language}").text.replace("\u00a0", " ")
        assert length in page and budget in page and other not in page
        assert page.count("<progress") == 1  # one bar a card: the budget that is nearest to its end


def test_alerts_that_nobody_has_seen_are_counted_in_the_navigation(
    visitor: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert "tin báo chưa ai xem" not in visitor.get("/").text
    monkeypatch.setattr("webui.frame.list_alerts", lambda *_args, limit, unseen: [object()] * 3)
    page = visitor.get("/").text
    assert len(re.findall(r'<span class="count">3<span class="sr"> tin báo chưa ai xem', page)) == 2  # rail and bar
    assert '<span class="count">3<' in visitor.get("/more").text


@pytest.mark.parametrize(
    ("seen", "vi", "en"),
    [
        (None, "chưa có chữ ký", "nobody has signed them"),
        ({"verified_at": 0.0}, "chữ ký chưa tới", "has not come yet"),
        ({"expires": 4e9}, "Chữ ký của tỉnh đúng", "signature is right"),
        ({"expires": 1e9}, "đã hết hạn", "has run out"),
        ({"refusal": Refused(Refusal.ROLLBACK, "old", 1.0)}, "chưa kiểm được", "could not be checked"),
    ],
)
def test_the_province_s_signature_is_said_as_it_stands(
    seen: dict[str, Any] | None, vi: str, en: str, state: Path, visitor: Browser
) -> None:
    if seen is not None:
        follow(state, **seen)
    with_bundle = build_lists(state)[1]
    assert with_bundle and vi in visitor.get("/?lang=vi").text and en in visitor.get("/?lang=en").text
