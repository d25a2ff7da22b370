"""An admin opens the encrypted page with one tap, goes there past the browser's warning, and closes it from there."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.browser.conftest import DESK, PASSWORD, PHONE, log_in
from tests.browser.test_pages import AXE, RUN, WIDER

pytestmark = [pytest.mark.slow]


@pytest.fixture
def plain(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """The page alone, at an address of this machine that no other test has: the port of the encrypted one is fixed."""
    from filterd.control import accounts
    from filterd.control.household import ensure
    from filterd.model.change import Who

    monkeypatch.setenv("FILTERD_RUN", str(tmp_path / "run"))
    state = tmp_path / "state"
    ensure(state)
    accounts.add(state, Who("test", "cli"), "me", PASSWORD, "admin", shown="mẹ")
    number = os.getpid()
    address = f"127.78.{number // 250 % 250}.{number % 250 + 1}"
    command = [sys.executable, "-m", "webui", "--state", str(state), "--listen", f"{address}:0"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        yield process.stdout.readline().strip().rpartition(" ")[2].rstrip("/")
    finally:
        process.terminate()
        process.communicate(timeout=20)


def is_clean(page: Any) -> bool:
    """Return whether nothing runs sideways, and axe complains of nothing."""
    page.evaluate(AXE.read_text())
    assert page.evaluate(RUN) == []
    return bool(page.evaluate(WIDER) <= 0)


@pytest.mark.parametrize("view", [PHONE, DESK], ids=["phone", "desk"])
def test_opened_with_one_tap_and_closed_from_inside(plain: str, browser: Any, view: dict[str, int]) -> None:
    context = browser.new_context(
        viewport=view, base_url=plain, locale="vi-VN", bypass_csp=True, ignore_https_errors=True
    )
    page = context.new_page()
    log_in(page)
    page.goto("/system/secure/")
    assert page.locator(".print").count() == 0 and is_clean(page)
    page.get_by_role("button", name="Mở thêm bản mã hóa").click()  # the one tap
    page.locator(".toast").wait_for()
    compared = page.locator(".print").inner_text()
    assert len(compared.replace(":", "")) == 64 and is_clean(page)
    page.get_by_role("link", name="Mở bản mã hóa").click()
    page.wait_for_url("https://**")
    page.fill('input[name="name"]', "me")
    page.fill('input[name="password"]', PASSWORD)
    page.click("main form button")
    page.wait_for_url("https://**/")
    page.goto(page.url + "system/secure/")
    assert page.locator(".print").inner_text() == compared and is_clean(page)
    page.get_by_role("button", name="Đóng bản mã hóa").click()
    page.get_by_text("Đây là lần hiện cuối cùng").wait_for()
    assert is_clean(page)
    page.locator("main .main-act").click()
    page.wait_for_url(f"{plain}/**")
    page.goto("/system/secure/")
    assert page.locator(".print").count() == 0
    context.close()
