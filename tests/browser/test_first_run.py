"""The whole first run in a real browser on a fresh box, to a test name that the running worker really blocks."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from filterd.control.family import TEST_NAME
from filterd.control.household import load
from tests.browser.conftest import DESK, PASSWORD, PHONE, READY_S
from tests.processes import Service, UpstreamStub, addresses

pytestmark = [pytest.mark.slow]
CHILDS_PHONE = "127.0.0.42"


@pytest.fixture
def fresh(tmp_path: Path) -> Iterator[tuple[Service, str]]:
    """A box that nobody has set up: its service and the address of its page."""
    state = tmp_path / "state"
    os.environ["FILTERD_RUN"] = str(tmp_path / "state.run")
    zone = {"www.example.org": ["192.0.2.80"], TEST_NAME: ["192.0.2.99"]}
    with UpstreamStub(zone) as upstream, Service.up(state, upstream, "--web", "127.0.0.1:0") as service:
        assert service.until(lambda: any(line.startswith("page: ") for line in service.lines), READY_S), service.said
        url = next(line for line in service.lines if line.startswith("page: ")).removeprefix("page: ").rstrip("/")
        yield service, url


def code_of(state: Path) -> str:
    """What `filterd setup-code` prints."""
    shown = subprocess.run(
        [sys.executable, "-c", "from filterd.cli.account import setup_code; setup_code()", "--state", str(state)],
        check=True, capture_output=True, text=True, timeout=60,
    )  # fmt: skip
    assert re.fullmatch(r"\d{4}-\d{4}", shown.stdout.strip())
    return shown.stdout.strip()


def go_on(page: Any) -> None:
    page.click(".foot .main-act")


@pytest.mark.parametrize(("view", "language"), [(PHONE, "vi"), (DESK, "en")], ids=["phone-vi", "desk-en"])
def test_the_whole_first_run(fresh: tuple[Service, str], browser: Any, view: dict[str, int], language: str) -> None:
    service, url = fresh
    state = service.state
    context = browser.new_context(viewport=view, base_url=url, locale="vi-VN")
    page = context.new_page()
    errors: list[str] = []
    page.on("console", lambda message: errors.append(message.text) if message.type == "error" else None)
    page.on("pageerror", lambda error: errors.append(str(error)))

    def shot(name: str) -> None:
        assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth"), f"{name} scrolls sideways"
        if folder := os.environ.get("FILTERD_SHOTS"):
            page.screenshot(path=Path(folder) / f"first-run-{language}-{name}.png", full_page=True)

    page.goto("/")
    shot("1-language")
    page.click(f"button[value={language}]")

    page.fill("input[name=code]", code_of(state))
    shot("2-code")
    go_on(page)

    page.wait_for_url("**/setup/password")
    page.fill("input[name=name]", "mẹ Hạnh")
    page.locator("input[name=password]").press_sequentially("matkhau1")
    page.wait_for_selector("#strength meter[value='0']")
    page.fill("input[name=password]", PASSWORD)
    page.wait_for_selector("#strength meter[value='4']")
    shot("3-password")
    go_on(page)

    page.wait_for_url("**/setup/family")
    page.fill("#name-0", "Bé Na")
    page.click("label[for=age-0-1]")
    page.click("button[value=add]")
    page.fill("#name-1", "Nguyễn Hoàng Bảo Minh Khôi")
    page.click("label[for=age-1-2]")
    assert page.locator(".effect:visible").count() == 2
    shot("4-family")
    go_on(page)

    page.wait_for_url("**/setup/devices")
    assert addresses(service.ask("www.example.org", client=CHILDS_PHONE)) == ["192.0.2.80"]
    page.reload()
    page.wait_for_selector(f"text={CHILDS_PHONE}")
    shot("5-devices")
    page.click("#found button[value=be-na]")
    page.wait_for_selector("#found .chip.ok")
    device = load(state).devices[0]
    assert device.profile == "be-na" and (device.ip == CHILDS_PHONE or device.mac)
    go_on(page)

    page.wait_for_url("**/setup/router**")
    assert page.locator("#seen .figure").inner_text() == "1"
    service.ask("www.example.org", client="127.0.0.43")
    page.wait_for_selector("#seen .figure:text-is('2')", timeout=20_000)
    shot("6-router")
    go_on(page)

    page.wait_for_url("**/setup/test")
    assert page.locator("#proof.waiting").count() == 1
    shot("7-test-waiting")
    answer = service.ask(TEST_NAME, client=CHILDS_PHONE)
    assert "192.0.2.99" not in addresses(answer)
    page.wait_for_selector("#proof:not(.waiting)", timeout=20_000)
    assert "Bé Na" in page.locator("#proof").inner_text()
    shot("8-test-green")
    go_on(page)

    page.wait_for_url("**/")
    assert "Bé Na" in page.content()
    context.close()
    assert errors == []
