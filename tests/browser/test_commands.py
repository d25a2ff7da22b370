"""Lines to type elsewhere, on a phone: they break between words, an option stays whole, nothing runs sideways."""

from __future__ import annotations

from typing import Any

import pytest
from playwright.sync_api import Page

from tests.browser.conftest import House
from tests.browser.test_pages import WIDER

pytestmark = [pytest.mark.slow]
# how many lines each word of the commands on the page takes, and how many the commands themselves take
LINES = """() => [...document.querySelectorAll(".command")].map(command => [
    command.innerText, [...command.children].map(word => word.getClientRects().length === 1 && word.offsetHeight < 30),
    new Set([...command.children].map(word => word.offsetTop)).size])"""


def test_a_command_breaks_between_its_words(house: House, page: Page) -> None:
    page.goto("/province/")
    [(text, whole, lines)] = page.evaluate(LINES)
    assert text == "filterd feed trust root.json --url https://…"  # as it is copied
    assert all(whole) and len(whole) == 6 and lines == 2
    assert page.evaluate(WIDER) <= 0


@pytest.mark.parametrize("width", [320, 360])
def test_a_word_that_is_wider_than_the_phone_breaks_too(house: House, page: Any, width: int) -> None:
    page.set_viewport_size({"width": width, "height": 740})
    page.goto("/province/")
    long = "https://" + "very-long-name." * 8 + "example.org/"
    page.evaluate("text => { document.querySelector('.command span:last-child').textContent = text }", long)
    [(_, whole, lines)] = page.evaluate(LINES)
    assert whole == [True] * 5 + [False] and lines >= 2
    assert page.evaluate(WIDER) <= 0
