"""What a tap did is there to be read, in every theme: text that nobody sees is in the page all the same."""

from __future__ import annotations

from typing import Any

import pytest

from tests.browser.conftest import PHONE, House, log_in

pytestmark = [pytest.mark.slow]
# WCAG 2: the contrast of what stands in the toast with its ground (axe calls the same colour twice "to be looked at")
CONTRAST = """() => {
    const light = text => {
        const parts = text.match(/[\\d.]+/g).slice(0, 3).map(n => n / 255)
            .map(c => c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4);
        return 0.2126 * parts[0] + 0.7152 * parts[1] + 0.0722 * parts[2];
    };
    const toast = document.querySelector(".toast"), ground = light(getComputedStyle(toast).backgroundColor);
    return [...toast.querySelectorAll("p, button, .icon")].map(one => {
        const ink = light(getComputedStyle(one).color);
        return (Math.max(ink, ground) + 0.05) / (Math.min(ink, ground) + 0.05);
    });
}"""


@pytest.mark.parametrize("theme", ["light", "dark", "contrast"])
def test_the_toast_can_be_read(house: House, browser: Any, theme: str) -> None:
    context = browser.new_context(viewport=PHONE, base_url=house.url, locale="vi-VN")
    context.add_cookies([{"name": "theme", "value": theme, "url": house.url}])
    page = context.new_page()
    log_in(page)
    page.locator("[data-key=switch-minh]").click()
    page.locator(".toast").wait_for()
    found = page.evaluate(CONTRAST)
    page.locator(".toast button").click()
    context.close()
    assert len(found) >= 3 and min(found) >= 4.5, found
