"""The week in a real browser: a bedtime in three taps on a phone, the keys alone, the form beside the grid on a desktop."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from filterd.control.ask import ask
from filterd.control.household import load
from filterd.control.profiles import set_windows
from filterd.model.change import Who
from filterd.model.household import Window
from tests.browser.conftest import DESK, PHONE, House, until

pytestmark = pytest.mark.browser
NIGHT, DAY = "2026-12-01 23:30", "2026-12-01 15:00"


@pytest.fixture(autouse=True)
def empty(house: House) -> Iterator[None]:
    """Minh has no hours."""
    set_windows(house.state, Who("test", "cli"), "minh", ())
    yield


def windows(house: House) -> tuple[Window, ...]:
    return next(p.windows or () for p in load(house.state).profiles if p.id == "minh")


def closed(house: House, at: str) -> bool:
    """Return what the published rules say of a site at a time: the workers' own code."""
    return ask(house.state, name="www.example.org", device="may-minh", at=at).is_blocked


def test_a_bedtime_is_three_taps_after_opening_the_child(house: House, page: Any) -> None:
    page.goto("/children/minh")
    assert not closed(house, NIGHT)
    page.click(".tabs a[href='/week/minh']")  # 1
    page.click("#bedtime")  # 2
    assert "21:30" in page.locator("dialog #said").inner_text()
    page.click("dialog .save")  # 3
    page.wait_for_url("**/week/minh")
    assert until(lambda: closed(house, NIGHT)) and not closed(house, DAY)
    assert [(w.start, w.end, w.days) for w in windows(house)] == [(1290, 1800, None)]
    assert page.locator(".block.off").count() == 7
    assert page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]
    page.click(".toast button")
    assert until(lambda: windows(house) == ())


def test_the_steps_and_the_sentence_of_the_form(house: House, page: Any) -> None:
    page.goto("/week/minh")
    page.click("#bedtime")
    page.click("dialog [data-for='w-to'][data-step='15']")
    page.wait_for_selector("dialog #said :text('6:15')")
    assert page.locator("dialog .nextday").is_visible()
    page.fill("dialog #w-from", "1h")
    page.wait_for_selector("dialog #said :text('1:00')")
    assert not page.locator("dialog .nextday").is_visible()


@pytest.mark.usefixtures("view")
class TestDesk:
    """With a wide screen and a keyboard."""

    @pytest.fixture
    def view(self) -> dict[str, int]:
        return DESK

    def test_the_form_stands_beside_the_grid(self, house: House, page: Any) -> None:
        page.goto("/week/minh")
        page.click("#bedtime")
        page.wait_for_selector("#beside .save")
        assert page.locator("dialog").count() == 0
        page.click("#beside .save")
        assert until(lambda: len(windows(house)) == 1)

    def test_by_keyboard_alone(self, house: House, page: Any) -> None:
        page.goto("/week/minh")
        page.focus("#bedtime")
        page.keyboard.press("Enter")
        page.wait_for_selector("#beside .save")
        page.focus("#beside .save")
        page.keyboard.press("Enter")
        assert until(lambda: len(windows(house)) == 1)
        page.wait_for_selector(".block.off[tabindex='0']")
        page.focus(".block.off[tabindex='0']")
        page.keyboard.press("Shift+ArrowDown")  # the end: 6:15 and 6:30, one change
        page.keyboard.press("Shift+ArrowDown")
        assert until(lambda: windows(house)[0].end == 1830)
        page.wait_for_selector(".block[data-end='1830']:focus")
        page.keyboard.press(" ")  # picked up, an hour earlier, put down
        page.keyboard.press("PageUp")
        assert windows(house)[0].start == 1290
        page.keyboard.press("Enter")
        assert until(lambda: (windows(house)[0].start, windows(house)[0].end) == (1230, 1770))
        page.wait_for_selector(".block[data-end='1770']:focus")
        page.keyboard.press(" ")
        page.keyboard.press("ArrowDown")
        page.keyboard.press("Escape")  # put back: nothing is saved
        page.keyboard.press("ArrowUp")
        assert page.evaluate("document.activeElement.className").startswith("stop")
        page.keyboard.press("ArrowDown")
        page.keyboard.press("Delete")
        assert until(lambda: windows(house) == ())
        page.wait_for_selector("#grid .stop:focus")  # the answer is drawn, and its toast with it
        page.keyboard.press("Control+z")
        assert until(lambda: [w.start for w in windows(house)] == [1230])
