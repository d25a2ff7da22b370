"""Ways round on the pages: the first page's banner, the sheet with its steps, a parent's answers, roles, hostile names."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from filterd.control import devices, truth, watch
from filterd.control.watch import Kept, findings
from filterd.model.bypass import Confidence, Finding, Kind
from filterd.model.change import Who
from filterd.model.now import Truth
from tests.unit.webui.client import Browser

MAC = "02:aa:00:00:00:11"


@pytest.fixture
def ident(state: Path) -> str:
    now = time.time()
    finding = Finding(
        Kind.VPN, MAC, now, now, Confidence.MEDIUM, {"name": "<b>vpn</b>.example", "blocked": True}, "vpn_app"
    )
    watch.save(state, [Kept(finding)])
    return findings(state)[0].id


def test_the_sheet_says_what_was_seen_and_how_to_end_it(visitor: Browser, ident: str) -> None:
    page = visitor.get(f"/devices/bypass/{ident}?lang=en")
    assert page.status_code == 200
    assert "may be going round" not in page.text and "seems to go round the filter" in page.text
    assert "<b>vpn" not in page.text and "&lt;b&gt;vpn" in page.text
    assert "WARP" in page.text and "The filter has blocked that name." in page.text
    other = visitor.get(f"/devices/bypass/{ident}?system=ios")
    assert "Chuyển tiếp riêng tư" in other.text and "<ol>" in other.text
    assert visitor.get(f"/devices/bypass/{ident}?system=toaster").status_code == 200
    assert visitor.get("/devices/bypass/absent").status_code == 404


def test_fine_again_later(visitor: Browser, state: Path, ident: str) -> None:
    visitor.post(f"/devices/bypass/{ident}/fine")
    assert not findings(state)[0].is_open
    assert "Bố mẹ nói không sao" in visitor.get("/devices/bypass/").text
    visitor.post(f"/devices/bypass/{ident}/again")
    assert findings(state)[0].is_open
    visitor.post(f"/devices/bypass/{ident}/later")
    assert findings(state)[0].later is not None


def test_the_first_page_names_it_and_leads_to_the_steps(
    visitor: Browser, state: Path, ident: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    check = watch.check(state, time.time())
    monkeypatch.setattr(truth, "truth", lambda *_: Truth(False, time.time(), (check,), check))
    page = visitor.get("/?lang=en").text
    assert f"/devices/bypass/{ident}" in page and "How to switch it off (3 steps)" in page


def test_an_empty_list_says_so(visitor: Browser) -> None:
    assert "chưa thấy lối đi vòng nào" in visitor.get("/devices/bypass/").text


def test_the_banner_has_two_quiet_ways_out(
    visitor: Browser, state: Path, ident: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    check = watch.check(state, time.time())
    monkeypatch.setattr(truth, "truth", lambda *_: Truth(False, time.time(), (check,), check))
    page = visitor.get("/").text
    assert f'action="/devices/bypass/{ident}/fine"' in page and "Máy này không sao" in page
    assert f'action="/devices/bypass/{ident}/later"' in page and "Nhắc lại sau 1 giờ" in page


def test_the_card_of_a_child_whose_device_is_silent_says_so(visitor: Browser, state: Path) -> None:
    devices.change_device(state, Who("Hạnh"), "may-lan", mac=MAC)
    assert "chip unknown" not in visitor.get("/").text
    now = time.time()
    watch.save(state, [Kept(Finding(Kind.FELL_SILENT, MAC, now - 600, now, Confidence.MEDIUM, {}, "android"))])
    page = visitor.get("/").text
    card = page.partition('id="child-lan"')[2].partition("</article>")[0]
    assert "chip unknown" in card and "Chưa rõ" in card and "không hỏi gì từ" in card
    assert "chip unknown" not in page.partition('id="child-lan"')[0]
    watch.fine(state, findings(state)[0].id, by="x")
    assert "chip unknown" not in visitor.get("/").text
