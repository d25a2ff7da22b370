"""Home on a phone: one tap each, Undo, and every one of them seen in a real DNS answer."""

from __future__ import annotations

from typing import Any

from tests.browser.conftest import BITES_S, House, until
from tests.processes import addresses

MINH = "127.0.0.12"


def answered(house: House) -> list[str]:
    return addresses(house.service.ask("www.example.org", client=MINH))


def test_off_and_on_again_in_one_tap_each(house: House, page: Any) -> None:
    assert answered(house) == ["192.0.2.80"]
    card = page.locator("#child-minh")
    card.get_by_role("button", name="Tắt mạng của Minh").click()
    page.get_by_text("Đã tắt mạng của Minh. Đã có hiệu lực.").wait_for()
    assert until(lambda: answered(house) == ["0.0.0.0"], BITES_S)
    assert card.get_by_text("Đang tắt").is_visible()
    card.get_by_role("button", name="Mở lại mạng của Minh").click()
    page.get_by_text("Đã mở lại mạng của Minh.").wait_for()
    assert until(lambda: answered(house) == ["192.0.2.80"], BITES_S)


def test_undo_within_ten_seconds(house: House, page: Any) -> None:
    page.locator("#child-minh").get_by_role("button", name="Tắt mạng của Minh").click()
    page.get_by_role("button", name="Hoàn tác").click()
    page.get_by_text("Đã trở lại như trước.").wait_for()
    assert until(lambda: answered(house) == ["192.0.2.80"], BITES_S)


def test_more_minutes_in_one_tap(house: House, page: Any) -> None:
    card = page.locator("#child-minh")
    card.get_by_role("button", name="Tắt mạng của Minh").click()
    assert until(lambda: answered(house) == ["0.0.0.0"], BITES_S)
    card.get_by_role("button", name="Mở cho Minh 30 phút").click()
    page.get_by_text("Minh có thêm 30 phút.").wait_for()
    assert until(lambda: answered(house) == ["192.0.2.80"], BITES_S)
    card.get_by_role("button", name="Hoàn tác")
    page.get_by_role("button", name="Hoàn tác").click()
    page.get_by_text("Đã trở lại như trước.").wait_for()
    page.locator("#child-minh").get_by_role("button", name="Mở lại mạng của Minh").click()
    assert until(lambda: answered(house) == ["192.0.2.80"], BITES_S)


def test_the_keyboard_alone_suffices(house: House, page: Any) -> None:
    page.keyboard.press("Tab")
    assert page.evaluate("() => document.activeElement.className") == "skip"
    page.keyboard.press("Enter")
    for _ in range(30):
        page.keyboard.press("Tab")
        if page.evaluate("() => document.activeElement.dataset.key") == "switch-minh":
            break
    page.keyboard.press("Enter")
    page.get_by_text("Đã tắt mạng của Minh.").wait_for()
    assert until(lambda: page.evaluate("() => document.activeElement.dataset.key") == "switch-minh")  # where it was
    page.keyboard.press("F6")
    page.keyboard.press("Enter")
    page.get_by_text("Đã trở lại như trước.").wait_for()
    assert until(lambda: answered(house) == ["192.0.2.80"], BITES_S)
