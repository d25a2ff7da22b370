"""What a parent does with a tap or two, each seen in the next answer of the running worker, and what no mouse is needed for.

Home's own taps are in test_home.py, a request in test_requests.py, a blocked name in test_activity.py.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from waitress.server import create_server  # type: ignore[import-untyped]

from filterd.control import devices, profiles, requests
from filterd.control import seen as presence
from filterd.control.household import load
from filterd.model.change import Who
from filterd.model.household import Device, Scope
from filterd.model.seen import SeenDevice
from tests.browser.conftest import BITES_S, DESK, PHONE, House, log_in, until
from tests.processes import addresses
from webui import create_app

pytestmark = [pytest.mark.slow]
ME = Who("test", "cli")
LAN, MINH, NEW = "127.0.0.11", "127.0.0.12", "127.0.0.44"
OPEN, CLOSED = ["192.0.2.80"], ["0.0.0.0"]
WAS, NOW = "da:00:00:00:00:01", "da:00:00:00:00:02"


@pytest.fixture(params=[PHONE, DESK], ids=["phone", "desk"])
def view(request: pytest.FixtureRequest) -> dict[str, int]:
    size: dict[str, int] = request.param
    return size


def answers(house: House, name: str = "www.example.org", client: str = LAN) -> list[str]:
    return addresses(house.service.ask(name, client=client))


@pytest.fixture
def night(house: House) -> Iterator[None]:
    """The household lives where it is about one in the morning, and nobody has hours: a bedtime bites at once."""
    back = (23 + datetime.now(ZoneInfo("UTC")).hour) % 24  # hours that this place is behind
    zone = f"Etc/GMT+{back}" if back <= 12 else f"Etc/GMT-{24 - back}"
    assert datetime.now(ZoneInfo(zone)).hour in (1, 2)  # the hour may turn meanwhile
    before = load(house.state).timezone
    profiles.set_windows(house.state, ME, "lan", ())
    profiles.patch_household(house.state, ME, {"timezone": zone})
    yield
    profiles.set_windows(house.state, ME, "lan", ())
    profiles.patch_household(house.state, ME, {"timezone": before})


def test_a_bedtime_bites_three_taps_after_opening_the_child(
    house: House, night: None, view: dict[str, int], page: Any
) -> None:
    assert until(lambda: answers(house) == OPEN)
    page.goto("/children/lan")
    page.click(".tabs a[href='/week/lan']")  # 1
    page.click("#bedtime")  # 2
    sentence = page.locator("#said").first
    assert "21:30" in sentence.inner_text() and "6:00" in sentence.inner_text()
    page.locator(".save").first.click()  # 3
    page.locator(".toast").wait_for()
    assert until(lambda: answers(house) == CLOSED, BITES_S)
    page.locator(".toast button").click()
    assert until(lambda: answers(house) == OPEN, BITES_S)


def test_a_new_device_is_given_away_in_one_tap(house: House, view: dict[str, int], page: Any) -> None:
    assert answers(house, "tiktok.com", NEW) == CLOSED  # the youngest child's rules
    button = page.locator("section.card.new", has_text=NEW).get_by_role("button", name="Bố mẹ")

    def is_there() -> bool:
        page.goto("/devices/")
        return bool(button.count() == 1)

    assert until(is_there, 20)
    button.click()  # the one tap
    page.locator(".toast").wait_for()
    assert until(lambda: answers(house, "tiktok.com", NEW) == ["192.0.2.81"], BITES_S)
    page.locator(".toast button").click()
    assert until(lambda: answers(house, "tiktok.com", NEW) == CLOSED, BITES_S)


def phone(house: House) -> Device:
    return next(d for d in load(house.state).devices if d.name == "Điện thoại")


@pytest.fixture
def seen_again(house: House, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """The page of a box on whose network Lan's phone came back under another hardware address: none has one on loopback."""
    _, ident = devices.add_device(house.state, ME, "Điện thoại", "lan", mac=WAS)
    at = time.time()
    met = [
        SeenDevice(mac, (address,), ("Lan-iPhone",), "1,3,6", "", first=first, last=last, asked=last)
        for mac, address, first, last in (
            (WAS, "192.0.2.20", at - 9e6, at - 7200), (NOW, "192.0.2.77", at - 600, at - 60),
        )
    ]  # fmt: skip
    monkeypatch.setattr(presence, "devices", lambda *_: list(met))
    server = create_server(create_app(house.state), host="127.0.0.1", port=0, threads=4)
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.effective_port}"
    server.close()
    thread.join(5)
    devices.remove_device(house.state, ME, ident)


def test_it_is_lans_phone_again_one_tap_on_the_card(
    house: House, browser: Any, view: dict[str, int], seen_again: str
) -> None:
    context = browser.new_context(viewport=view, base_url=seen_again, locale="vi-VN")
    page = context.new_page()
    errors: list[str] = []
    page.on("console", lambda message: errors.append(message.text) if message.type == "error" else None)
    page.on("pageerror", lambda error: errors.append(str(error)))
    log_in(page)
    page.goto("/devices/")
    card = page.locator("section.card.new", has_text="Lan-iPhone")
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
    card.locator("button.main-act").click()  # the one tap
    page.locator(".toast").wait_for()
    assert phone(house).mac == NOW and phone(house).profile == "lan"
    assert card.count() == 0  # the old address is nobody's new device
    page.locator(".toast button").click()
    assert until(lambda: phone(house).mac == WAS)
    context.close()
    assert errors == []


def tab_to(page: Any, what: str) -> None:
    """Press Tab until the element that `what` selects has the focus."""
    for _ in range(80):
        page.keyboard.press("Tab")
        if page.evaluate(f"() => document.activeElement.matches({what!r})"):
            return
    raise AssertionError(f"Tab never came to {what}")


def test_by_keyboard_alone_a_request_is_answered_and_taken_back(house: House, page: Any) -> None:
    assert answers(house, "tiktok.com", MINH) == CLOSED
    asked = requests.ask(house.state, Who("Minh", "child"), profile="minh", scope=Scope.NAME, value="tiktok.com")
    page.goto("/")
    tab_to(page, f"#request-{asked.id} button")
    page.keyboard.press("Enter")
    page.locator(".toast").wait_for()
    assert until(lambda: answers(house, "tiktok.com", MINH) == ["192.0.2.81"], BITES_S)
    page.keyboard.press("F6")
    page.keyboard.press("Enter")
    assert until(lambda: answers(house, "tiktok.com", MINH) == CLOSED, BITES_S)


def test_by_keyboard_alone_a_service_is_closed(house: House, view: dict[str, int], page: Any) -> None:
    page.goto("/children/lan/services")
    tab_to(page, "#services-tiktok .flip")
    before = page.evaluate("() => document.activeElement.getAttribute('aria-checked')")
    page.keyboard.press("Space")
    after = "false" if before == "true" else "true"
    page.locator(f"#services-tiktok .flip[aria-checked={after}]").wait_for()
    wanted = CLOSED if after == "true" else ["192.0.2.81"]
    assert until(lambda: answers(house, "tiktok.com") == wanted, BITES_S)
    page.keyboard.press("F6")
    page.keyboard.press("Enter")
    wanted = CLOSED if before == "true" else ["192.0.2.81"]
    assert until(lambda: answers(house, "tiktok.com") == wanted, BITES_S)
