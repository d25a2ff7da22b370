"""A real Chromium on the real page over a real worker: `filterd up` with the demonstration family, one for each file.

def test_it(house: House, page: Page) -> None: ...        # logged in as "mẹ"; house.service asks the worker
"""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.processes import Service, UpstreamStub

CHROMIUM = "/usr/bin/chromium"
PHONE, DESK = {"width": 360, "height": 740}, {"width": 1280, "height": 800}
PASSWORD = "con-mèo-trèo-cây-cau"
READY_S = 40.0
BITES_S = 2.0  # a tap is in the worker's answer: control/publish.py waits for workers as long
FLAGS = [
    "--no-sandbox", "--disable-dev-shm-usage", "--disable-gpu", "--disable-background-networking",
    "--disable-component-update", "--disable-sync", "--no-first-run",
]  # fmt: skip


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark everything here, so that `make test` leaves it out; say why it is skipped where there is no browser."""
    for item in items:
        if item.path.parent == Path(__file__).parent:
            item.add_marker(pytest.mark.browser)
            if shutil.which(CHROMIUM) is None:
                item.add_marker(pytest.mark.skip(reason=f"{CHROMIUM} is not installed"))


@dataclass
class House:
    """The running household."""

    state: Path
    service: Service
    upstream: UpstreamStub
    url: str


@pytest.fixture(scope="session")
def browser_type_launch_args() -> dict[str, Any]:
    """The system's Chromium, without anything that goes out."""
    return {"executable_path": CHROMIUM, "args": FLAGS}


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """The demonstration family with an admin who calls herself mẹ."""
    from filterd.control import accounts
    from filterd.control.household import ensure
    from filterd.model.change import Who

    state = tmp_path_factory.mktemp("house") / "state"
    os.environ["FILTERD_RUN"] = str(state.parent / "state.run")
    ensure(state)
    accounts.add(state, Who("test", "cli"), "me", PASSWORD, "admin", shown="mẹ")
    with (
        UpstreamStub(
            {"www.example.org": ["192.0.2.80"], "example.org": ["192.0.2.80"], "tiktok.com": ["192.0.2.81"]}
        ) as upstream,
        Service.up(state, upstream, "--web", "127.0.0.1:0") as service,
    ):
        assert service.until(lambda: any(line.startswith("page: ") for line in service.lines), READY_S), service.said
        url = next(line for line in service.lines if line.startswith("page: ")).removeprefix("page: ").rstrip("/")
        yield House(state, service, upstream, url)


@pytest.fixture
def page(house: House, browser: Any, request: pytest.FixtureRequest) -> Iterator[Any]:
    """A phone, logged in. `@pytest.mark.parametrize("view", [PHONE, DESK])` on a fixture `view` changes its size."""
    view = request.getfixturevalue("view") if "view" in request.fixturenames else PHONE
    context = browser.new_context(viewport=view, base_url=house.url, locale="vi-VN", bypass_csp=False)
    page = context.new_page()
    errors: list[str] = []
    page.on("console", lambda message: errors.append(message.text) if message.type == "error" else None)
    page.on("pageerror", lambda error: errors.append(str(error)))
    log_in(page)
    yield page
    context.close()
    assert errors == [], errors


def log_in(page: Any, name: str = "me", password: str = PASSWORD) -> None:
    """Log in through the form."""
    page.goto("/login")
    page.fill('input[name="name"]', name)
    page.fill('input[name="password"]', password)
    page.click("main button[type=submit], main form button")
    page.wait_for_url("**/")


def until(condition: Any, seconds: float = 5.0) -> bool:
    """Wait for something."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if condition():
            return True
        time.sleep(0.05)
    return bool(condition())
