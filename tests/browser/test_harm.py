"""The password before something harmful opens, in a real browser: a switch of htmx becomes a page that asks, then it is done."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from filterd.control import profiles
from filterd.control.household import load
from filterd.model.change import Who
from filterd.model.household import Rule
from tests.browser.conftest import PASSWORD, House, until

pytestmark = pytest.mark.browser
HERE = Who("test", "cli")


@pytest.fixture(autouse=True)
def chosen(house: House) -> Iterator[None]:
    """The household asks for the password."""
    profiles.patch_household(house.state, HERE, {"confirm_harm": True})
    yield
    profiles.patch_household(house.state, HERE, {"confirm_harm": None})


def said(house: House) -> Rule | None:
    return next(p for p in load(house.state).profiles if p.id == "minh").categories.get("gambling")


def test_a_switch_asks_for_the_password_and_then_opens(house: House, page: Any) -> None:
    page.goto("/children/minh")
    page.click("[data-key='categories-gambling']")
    page.wait_for_selector("#proof")
    assert said(house) is None and page.locator("h1").count() == 1
    page.fill("#proof", PASSWORD)
    page.keyboard.press("Enter")
    page.wait_for_url("**/children/minh")
    assert until(lambda: said(house) is Rule.ALLOW)
    page.click("[data-key='categories-gambling']")  # closing it again asks nobody
    assert until(lambda: said(house) is None)


def test_it_can_be_left_closed(house: House, page: Any) -> None:
    page.goto("/children/minh")
    page.click("[data-key='categories-adult']")
    page.wait_for_selector("#proof")
    page.click("main a.button")
    page.wait_for_url("**/children/minh")
    assert said(house) is None
