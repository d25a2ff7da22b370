"""Activity in a real Chromium: a blocked name is open after two taps, in the worker's next answer; Undo closes it again."""

from __future__ import annotations

from typing import Any

import pytest

from filterd.control import profiles
from filterd.model.change import Who
from tests.browser.conftest import BITES_S, DESK, PHONE, House, until
from tests.processes import addresses

pytestmark = [pytest.mark.slow]
LAN = "127.0.0.11"
NAME = "www.example.org"
OPEN = ["192.0.2.80"]


@pytest.fixture(params=[PHONE, DESK], ids=["phone", "desk"])
def view(request: pytest.FixtureRequest) -> dict[str, int]:
    size: dict[str, int] = request.param
    return size


def answers(house: House) -> list[str]:
    return addresses(house.service.ask(NAME, client=LAN))


def blocked(house: House, page: Any, rows: int = 1) -> None:
    """Block the name, let the child's device ask for it, and look at Activity: a row is there within a moment."""
    profiles.add_name(house.state, Who("bố", "cli"), "lan", "block", "example.org")
    assert until(lambda: answers(house) == ["0.0.0.0"], BITES_S)

    def is_there() -> bool:
        page.goto("/activity/")
        return bool(page.locator("a[data-open]").count() >= rows)

    assert until(is_there, 20)


def test_two_taps_open_a_blocked_name_and_undo_closes_it(house: House, page: Any) -> None:
    blocked(house, page)
    row = page.locator("a[data-open]", has_text="example.org").first
    row.wait_for()
    row.click()  # tap one
    panel = page.locator(".why")
    panel.wait_for()
    assert row.get_attribute("aria-expanded") == "true" and panel.locator("ol li").count() <= 4
    panel.get_by_role("button", name="Cho 15").click()  # tap two
    page.locator(".toast").wait_for()
    assert until(lambda: answers(house) == OPEN, BITES_S)
    assert page.locator(".why .done").inner_text().startswith("Lan mở được trang này đến")
    page.locator(".toast button").click()
    assert until(lambda: answers(house) == ["0.0.0.0"], BITES_S)


def test_rows_open_one_at_a_time_by_keyboard_and_nothing_runs_sideways(house: House, page: Any) -> None:
    house.service.ask("very." + "long-" * 11 + "name." + "x" * 60 + ".example.org", client=LAN)
    blocked(house, page, rows=2)
    rows = page.locator("a[data-open]")
    rows.nth(1).wait_for()
    rows.nth(0).focus()
    page.keyboard.press("Enter")
    page.locator(".why").wait_for()
    rows.nth(1).focus()
    page.keyboard.press("Enter")
    assert until(lambda: page.locator("a[aria-expanded='true']").count() == 1 and page.locator(".why").count() == 1)
    assert rows.nth(1).get_attribute("aria-expanded") == "true"
    rows.nth(1).press("Enter")
    assert until(lambda: page.locator(".why").count() == 0)
    wide, seen = page.evaluate("[document.documentElement.scrollWidth, innerWidth]")
    assert wide <= seen


def test_the_chart_is_drawn_and_its_table_folds(house: House, page: Any) -> None:
    blocked(house, page)
    page.locator(".plot.drawn canvas").wait_for()
    assert page.locator("details.twin").get_attribute("open") is None
    page.locator("details.twin summary").click()
    assert page.locator("table[data-bars] tbody tr").count() == 24
