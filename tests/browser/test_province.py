"""The province in a real browser: a warning is dismissed with one tap, a site is told of from a row and from the page."""

from __future__ import annotations

import time
from typing import Any

import pytest

from filterd.control import feed_reports
from tests.browser.conftest import House, until
from tests.browser.test_pages import AXE, RUN, WIDER
from tests.processes import addresses
from tests.unit.control.province import advise, advisory, follow


@pytest.fixture(scope="module", autouse=True)
def province(house: House) -> None:
    follow(house.state, url="http://127.0.0.1:9")
    day = time.strftime("%Y-%m-%d", time.gmtime())
    advise(house.state, advisory("first", day, talk={"vi": "Nói nhẹ thôi.", "en": "Gently."}), advisory("second", day))


def test_a_warning_leaves_with_one_tap_and_the_next_one_comes(house: House, page: Any) -> None:
    page.goto("/")
    page.get_by_role("heading", name="Tin nhắn giả second").wait_for()
    page.get_by_role("button", name="Đã đọc").click()
    page.get_by_role("heading", name="Tin nhắn giả first").wait_for()
    page.get_by_role("button", name="Đã đọc").click()
    assert until(lambda: page.evaluate("document.querySelector('#province').textContent.trim()") == "")
    assert page.url.endswith("/")


def test_a_site_is_told_of_and_can_be_taken_back(house: House, page: Any) -> None:
    page.goto("/province/")
    page.get_by_text("Báo một trang").click()
    page.get_by_label("Tên trang").fill("casino.example")
    page.get_by_role("button", name="Gửi cho tỉnh").click()
    page.get_by_text("Đã ghi.").wait_for()
    assert [one.name for one in feed_reports.load(house.state).reports] == ["casino.example"]
    page.get_by_role("button", name="Rút lại: casino.example").click()
    page.get_by_text("Đã rút lại").wait_for()
    assert feed_reports.load(house.state).reports == ()


def test_a_row_opens_the_form_as_a_sheet(house: House, page: Any) -> None:
    assert addresses(house.service.ask("www.example.org", client="127.0.0.11")) == ["192.0.2.80"]

    def rows() -> int:
        page.goto("/activity/?show=all&days=7")
        found: int = page.locator("[id^=row-]").count()
        return found

    assert until(lambda: rows() > 0, 30.0)
    page.locator("[id^=row-]").first.locator("a, button, summary").first.click()
    page.get_by_text("Trang này bị bỏ sót? Báo cho tỉnh").click()
    sheet = page.locator("dialog[open]")
    sheet.get_by_label("Vì sao? Một câu (nếu muốn)").fill("thử")
    page.evaluate(AXE.read_text())
    assert page.evaluate(RUN) == [] and page.evaluate(WIDER) <= 0
    sheet.get_by_role("button", name="Gửi cho tỉnh").click()
    page.get_by_text("Đã ghi.").wait_for()
    (one,) = feed_reports.load(house.state).reports
    assert (one.name, one.kind, one.reason) == ("www.example.org", "missed", "thử")


def test_the_page_with_everything_stands_in_nobodys_way(house: House, page: Any) -> None:
    page.goto("/province/")
    page.evaluate("document.querySelectorAll('main details').forEach(one => { one.open = true; })")
    page.evaluate(AXE.read_text())
    assert page.evaluate(RUN) == [] and page.evaluate(WIDER) <= 0
