"""A child asks on the child's page, a parent answers at home in two taps at most, and DNS answers differently."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from typing import Any

import pytest
from waitress.server import create_server  # type: ignore[import-untyped]

from filterd.control import requests
from filterd.control.household import load
from tests.browser.conftest import BITES_S, House, until
from tests.processes import addresses
from webui.child import create_child_app

pytestmark = [pytest.mark.slow]
MINH = "127.0.0.12"  # blocked: tiktok.com, by age


@pytest.fixture
def childs_page(house: House) -> Iterator[str]:
    """The child's page as Minh's device sees it: the address of who asks is put in by the test."""
    app = create_child_app(house.state)

    def from_minh(environ: dict[str, Any], start: Any) -> Any:
        return app({**environ, "REMOTE_ADDR": MINH}, start)

    server = create_server(from_minh, host="127.0.0.1", port=0, threads=4)
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.effective_port}"
    server.close()


def test_asked_by_the_child_answered_at_home_seen_in_dns(
    house: House, page: Any, browser: Any, childs_page: str
) -> None:
    assert addresses(house.service.ask("tiktok.com", client=MINH)) == ["0.0.0.0"]
    context = browser.new_context(viewport={"width": 360, "height": 740}, base_url=childs_page, locale="vi-VN")
    device = context.new_page()
    errors: list[str] = []
    device.on("console", lambda message: errors.append(message.text) if message.type == "error" else None)
    device.on("pageerror", lambda error: errors.append(str(error)))
    device.goto("/")
    assert device.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
    assert device.locator("#site").is_hidden()
    device.click('label:has(input[value="site"])')
    device.fill("#site", "tiktok.com")
    device.click('label:has(input[name="minutes"][value="15"])')
    device.click("form .main-act")
    device.wait_for_selector(".sent")
    asked = requests.requests(house.state, pending=True)[0]
    assert (asked.profile, asked.device, asked.value) == ("minh", "may-minh", "tiktok.com")

    page.goto("/")
    card = page.locator(f"#request-{asked.id}")
    assert "tiktok.com" in card.inner_text()
    card.locator('form:has(input[value="15"]) button').click()  # the one tap
    page.wait_for_selector(".toast")
    page.wait_for_selector(f"#request-{asked.id}", state="detached")
    assert until(lambda: addresses(house.service.ask("tiktok.com", client=MINH)) == ["192.0.2.81"], BITES_S)
    grant = load(house.state).grants[-1]
    assert grant.until is not None and grant.start is not None and grant.until - grant.start == 15 * 60

    device.goto("/")
    assert "mẹ đồng ý" in device.locator("#wishes").inner_text()
    context.close()
    assert errors == []


def test_no_with_a_word_from_the_sheet(house: House, page: Any) -> None:
    from filterd.model.change import Who
    from filterd.model.household import Scope

    asked = requests.ask(house.state, Who("Lan", "child"), profile="lan", scope=Scope.SERVICE, value="youtube")
    page.goto("/requests/")
    page.click(f"#request-{asked.id} a[data-sheet]")
    page.fill(f"dialog #note-{asked.id}", "Mai nhé")
    page.click('dialog button[name="no"]')
    page.wait_for_selector(".toast")
    answered = next(r for r in requests.requests(house.state) if r.id == asked.id)
    assert (answered.state, answered.note, answered.by) == ("refused", "Mai nhé", "mẹ")
