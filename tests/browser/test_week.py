"""The week in a real browser: a bedtime in three taps on a phone, two handles for a finger; mouse and keys on a desktop."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from filterd.control.ask import ask
from filterd.control.household import load
from filterd.control.profiles import set_windows
from filterd.model.change import Who
from filterd.model.household import Effect, Window
from tests.browser.conftest import DESK, PHONE, House, log_in, until

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


NIGHT_W = Window("Giờ ngủ", Effect.OFFLINE, 1290, 1800)
GAMES = Window("Trò chơi", Effect.PERMIT, 1020, 1110, None, (), ("roblox",))
MEAL = Window("Giờ ăn", Effect.OFFLINE, 1020, 1080)


def given(house: House, *found: Window) -> None:
    set_windows(house.state, Who("test", "cli"), "minh", found)


def middle(box: dict[str, float]) -> tuple[float, float]:
    return box["x"] + box["width"] / 2, box["y"] + box["height"] / 2


def a_minute(page: Any) -> float:
    """Pixels of a minute in the grid."""
    height: float = page.locator(".col").first.bounding_box()["height"]
    return height / 1440


class TestFinger:
    """On a touch screen of 360 pixels."""

    @pytest.fixture
    def finger(self, house: House, browser: Any) -> Iterator[Any]:
        context = browser.new_context(
            viewport=PHONE, base_url=house.url, locale="vi-VN", has_touch=True, is_mobile=True
        )
        page = context.new_page()
        errors: list[str] = []
        page.on("console", lambda message: errors.append(message.text) if message.type == "error" else None)
        page.on("pageerror", lambda error: errors.append(str(error)))
        log_in(page)
        yield page
        context.close()
        assert errors == [], errors

    def drag(self, page: Any, selector: str, by: float) -> None:
        """Move a finger from the middle of something, in steps, as the browser tells a page of touches."""
        x, y = middle(page.locator(selector).bounding_box())
        client = page.context.new_cdp_session(page)
        client.send("Input.dispatchTouchEvent", {"type": "touchStart", "touchPoints": [{"x": x, "y": y}]})
        for part in range(1, 6):
            point = {"x": x, "y": y + by * part / 5}
            client.send("Input.dispatchTouchEvent", {"type": "touchMove", "touchPoints": [point]})
        assert page.locator(".bubble").count() == 1
        client.send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})

    def test_two_handles_change_a_window_and_undo(self, house: House, finger: Any) -> None:
        given(house, NIGHT_W)
        finger.goto("/week/minh")
        finger.locator(".block.off").first.tap()
        finger.locator("dialog [data-handles]").tap()
        finger.wait_for_selector(".handle.end")
        assert finger.locator("dialog").count() == 0 and finger.locator(".handle").count() == 2
        for handle in (".handle.start", ".handle.end"):
            box = finger.locator(handle).bounding_box()
            assert box["width"] >= 44 and box["height"] >= 44
            assert finger.locator(handle).evaluate("e => getComputedStyle(e).touchAction") == "none"
        assert finger.locator(".col").first.evaluate("e => getComputedStyle(e).touchAction") == "auto"
        self.drag(finger, ".handle.start", -90 * a_minute(finger))
        assert until(lambda: [(w.start, w.end) for w in windows(house)] == [(1200, 1800)])
        finger.wait_for_selector(".toast button")
        assert finger.locator(".handle.start").get_attribute("aria-valuetext") == "20:00"  # they stay for the other end
        finger.locator(".toast button").tap()
        assert until(lambda: windows(house) == (NIGHT_W,))

    def test_a_finger_that_scrolls_draws_nothing(self, house: House, finger: Any) -> None:
        given(house, NIGHT_W)
        finger.goto("/week/minh")
        box = finger.locator(".col").nth(2).bounding_box()
        client = finger.context.new_cdp_session(finger)
        touch = {"x": box["x"] + 10, "y": min(box["y"] + 100, 700)}
        client.send("Input.dispatchTouchEvent", {"type": "touchStart", "touchPoints": [touch]})
        for part in range(1, 6):
            client.send(
                "Input.dispatchTouchEvent",
                {"type": "touchMove", "touchPoints": [{**touch, "y": touch["y"] - 30 * part}]},
            )
        client.send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})
        assert until(lambda: finger.evaluate("scrollY") > 50)
        assert finger.locator(".ghost, .bubble, dialog").count() == 0 and windows(house) == (NIGHT_W,)

    def test_two_things_under_a_finger_are_asked_about(self, house: House, finger: Any) -> None:
        given(house, MEAL, GAMES)
        finger.goto("/week/minh")
        both = finger.locator(".block.off").nth(2)
        both.scroll_into_view_if_needed()
        finger.touchscreen.tap(*middle(both.bounding_box()))
        assert finger.locator("dialog.chooser button").count() == 3  # both, and close
        finger.locator("dialog.chooser button").filter(has_text="Roblox").tap()
        finger.wait_for_selector("dialog:not(.chooser) .wform")
        assert finger.locator("dialog input[name=kind]:checked").get_attribute("value") == "permit"


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

    def pull(self, page: Any, x: float, y: float, to_x: float, to_y: float) -> None:
        page.mouse.move(x, y)
        page.mouse.down()
        page.mouse.move((x + to_x) / 2, (y + to_y) / 2)
        page.mouse.move(to_x, to_y)

    def test_the_mouse_draws_hours_on_an_empty_place(self, house: House, page: Any) -> None:
        page.goto("/week/minh")
        box, minute = page.locator(".col").nth(2).bounding_box(), a_minute(page)
        x, y = box["x"] + box["width"] / 2, box["y"] + 4.1 * 60 * minute  # a little after 10:00
        self.pull(page, x, y, x, y + 75 * minute)
        assert page.locator(".bubble").inner_text() == "10:00–11:30"
        page.mouse.up()
        page.wait_for_selector("#beside .save")
        assert page.input_value("#beside #w-from") == "10:00" and page.input_value("#beside #w-to") == "11:30"
        page.click("#beside .save")
        assert until(lambda: [(w.start, w.end, w.days) for w in windows(house)] == [(600, 690, frozenset({2}))])

    def test_the_mouse_drags_edges_and_blocks(self, house: House, page: Any) -> None:
        given(house, Window("Giờ ăn", Effect.OFFLINE, 720, 840, frozenset({1})))
        page.goto("/week/minh")
        minute = a_minute(page)
        box = page.locator(".block.off").bounding_box()
        x, bottom = box["x"] + box["width"] / 2, box["y"] + box["height"] - 2
        self.pull(page, x, bottom, x, bottom + 30 * minute)
        page.mouse.up()
        assert until(lambda: [(w.start, w.end) for w in windows(house)] == [(720, 870)])
        page.wait_for_selector(".block[data-end='870']")
        box = page.locator(".block.off").bounding_box()
        x, top = box["x"] + box["width"] / 2, box["y"] + 2
        self.pull(page, x, top, x, top - 15 * minute)
        page.mouse.up()
        assert until(lambda: [(w.start, w.end) for w in windows(house)] == [(705, 870)])
        page.wait_for_selector(".block[data-begin='705']")
        x, y = middle(page.locator(".block.off").bounding_box())
        other = page.locator(".col").nth(3).bounding_box()
        self.pull(page, x, y, other["x"] + other["width"] / 2, y + 60 * minute)
        page.mouse.up()
        assert until(lambda: [(w.start, w.end, w.days) for w in windows(house)] == [(765, 930, frozenset({3}))])
        page.wait_for_selector(".toast button")
        assert page.locator("#beside").is_hidden()  # the end of a drag is no click

    def test_escape_puts_back_what_the_mouse_holds(self, house: House, page: Any) -> None:
        given(house, MEAL)
        page.goto("/week/minh")
        x, y = middle(page.locator(".block.off").first.bounding_box())
        self.pull(page, x, y, x, y + 60)
        assert page.locator(".bubble").count() == 1
        page.keyboard.press("Escape")
        page.mouse.up()
        assert page.locator(".bubble, .lifted").count() == 0
        assert page.locator(".block.off").first.evaluate("e => e.className.match(/t-\\d+/)[0]") == "t-44"
        assert page.locator("#beside").is_hidden()
        page.reload()  # what had been sent would be there by now
        assert windows(house) == (MEAL,)

    def test_what_is_taken_away_leaves_the_focus_at_the_next_one(self, house: House, page: Any) -> None:
        given(
            house,
            Window("A", Effect.OFFLINE, 720, 780, frozenset({1})),
            Window("B", Effect.OFFLINE, 720, 780, frozenset({3})),
        )
        page.goto("/week/minh")
        page.focus(".block[data-id='w0']")
        page.keyboard.press("Delete")
        assert until(lambda: [w.name for w in windows(house)] == ["B"])
        page.wait_for_selector(".block[data-id='w0']:focus")

    def test_the_question_mark_shows_the_keys(self, house: House, page: Any) -> None:
        given(house, MEAL)
        page.goto("/week/minh")
        page.focus(".block[tabindex='0']")
        page.keyboard.press("?")
        assert page.locator(".keys kbd").first.is_visible() and page.locator(".keys tbody tr").count() == 12

    def test_a_week_is_copied_in_two_clicks(self, house: House, page: Any) -> None:
        page.goto("/week/minh")
        page.click("a[href='/week/minh/copy']")
        page.click("dialog form button >> nth=0")
        assert until(lambda: [w.name for w in windows(house)] == ["Giờ ngủ"])
        page.click(".toast button")
        assert until(lambda: windows(house) == ())
