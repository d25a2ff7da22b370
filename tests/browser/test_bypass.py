"""A way round the filter in a real browser: its page with the steps, the child's card, nobody in the way, a tap answers."""

from __future__ import annotations

import time
from typing import Any

import pytest

from filterd.control import devices, watch
from filterd.control.watch import Kept, findings
from filterd.model.bypass import Confidence, Finding, Kind
from filterd.model.change import Who
from tests.browser.conftest import DESK, PHONE, House, log_in
from tests.browser.test_pages import AXE, RUN, WIDER

MAC = "02:aa:00:00:00:11"


@pytest.fixture(autouse=True)
def ident(house: House) -> str:
    devices.change_device(house.state, Who("test", "cli"), "may-lan", mac=MAC)
    now = time.time()
    facts: dict[str, str | int | bool] = {"silent_minutes": 24, "heard_minutes": 17}
    watch.save(
        house.state, [Kept(Finding(Kind.FELL_SILENT, MAC, now - 1500, now, Confidence.MEDIUM, facts, "android"))]
    )
    return findings(house.state)[0].id


@pytest.mark.parametrize("view", [PHONE, DESK], ids=["phone", "desk"])
def test_its_pages_are_in_nobodys_way(house: House, browser: Any, view: dict[str, int], ident: str) -> None:
    found: list[str] = []
    for theme in ("light", "dark", "contrast"):
        context = browser.new_context(viewport=view, base_url=house.url, locale="vi-VN", bypass_csp=True)
        context.add_cookies([{"name": "theme", "value": theme, "url": house.url}])
        page = context.new_page()
        log_in(page)
        for path in (f"/devices/bypass/{ident}", f"/devices/bypass/{ident}?system=ios", "/devices/bypass/", "/"):
            page.goto(path)
            page.evaluate(AXE.read_text())
            found += [f"{theme} {path}: {text}" for text in page.evaluate(RUN)]
            if (wider := page.evaluate(WIDER)) > 0:
                found.append(f"{theme} {path}: wider than the screen by {wider}")
        context.close()
    assert found == [], "\n".join(found)


def test_the_card_says_so_until_somebody_says_that_the_device_is_fine(house: House, page: Any, ident: str) -> None:
    page.goto("/")
    page.locator("#child-lan .chip.unknown").wait_for()
    page.goto(f"/devices/bypass/{ident}")
    page.get_by_role("button", name="Máy này không sao").click()
    page.get_by_role("button", name="Theo dõi lại").wait_for()
    page.goto("/")
    page.locator("#child-lan").wait_for()
    assert page.locator("#child-lan .chip.unknown").count() == 0
