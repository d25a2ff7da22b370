"""Every page, in both sizes, languages and all themes: nothing to complain of for axe, nothing wider than the screen."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.browser.conftest import DESK, PHONE, House, log_in

AXE = Path(__file__).with_name("axe.min.js")
PAGES = [
    "/", "/home/pause/lan", "/home/no-school", "/more", "/setup/family", "/setup/devices", "/setup/router", "/setup/test",
    "/account/", "/account/totp", "/users/", "/users/add", "/children/", "/children/add", "/children/lan",
    "/children/lan/services", "/children/lan/names", "/children/lan/time", "/week/lan", "/week/minh/copy", "/children/_all", "/ask/", "/devices/", "/devices/add", "/devices/bypass/",
    "/activity/", "/activity/delete/", "/requests/", "/reports/", "/alerts/", "/province/", "/system/", "/system/lists", "/system/history",
    "/system/backup/", "/system/secure/", "/system/upstreams/",
    "/alerts/settings", "/children/lan/remove", "/devices/may-lan", "/users/me", "/week/lan/special", "/week/lan/window",
    "/absent",
]  # fmt: skip
# what is asked for over GET and is no page of its own: parts of a page, pictures, files, the API, and steps that are over
NO_PAGES = {
    "account.totp_code", "activity.chart", "activity.file", "activity.new", "activity.row.hint", "activity.row.report", "activity.row.why",
    "activity.top", "children.icons", "home.fragment", "home.healthz", "login.language", "login.show", "static", "system.lists_now",
    "upstreams.now", "week.say", "wizard.code", "wizard.found", "wizard.language", "wizard.password", "wizard.proof", "wizard.seen", "wizard.start",
    "wizard.test_code",
    "bypass.way", "requests.one",  # when there is one: test_province.py, test_requests.py and the unit tests have it
}  # fmt: skip
RUN = """async () => (await axe.run(document, {runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "best-practice"]}))
    .violations.map(v => v.id + ": " + v.nodes.slice(0, 3).map(n => n.target.join(" ")).join(" | "))"""
WIDER = "() => document.documentElement.scrollWidth - document.documentElement.clientWidth"


def test_no_page_is_left_out(house: House) -> None:
    from webui import create_app

    urls = create_app(house.state).url_map
    known = {urls.bind("localhost").match(path)[0] for path in PAGES if path != "/absent"}
    gets = {r.endpoint for r in urls.iter_rules() if "GET" in (r.methods or ()) and not str(r).startswith("/api/")}
    assert gets - NO_PAGES == known
    assert gets >= NO_PAGES


@pytest.mark.parametrize("theme", ["light", "dark", "contrast"])
@pytest.mark.parametrize("view", [PHONE, DESK], ids=["phone", "desk"])
def test_nothing_stands_in_anybodys_way(house: House, browser: Any, view: dict[str, int], theme: str) -> None:
    language = "en" if (theme == "dark") else "vi"
    context = browser.new_context(viewport=view, base_url=house.url, locale="vi-VN", bypass_csp=True)
    context.add_cookies(
        [{"name": "theme", "value": theme, "url": house.url}, {"name": "lang", "value": language, "url": house.url}]
    )
    page = context.new_page()
    errors: list[str] = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    log_in(page)
    found = []
    for path in PAGES:
        answer = page.goto(path)
        assert answer is not None and answer.status in (200, 404), (path, answer and answer.status)
        if answer.status == 404 and path != "/absent":
            found.append(f"{path}: not there")
            continue
        page.evaluate(AXE.read_text())
        found += [f"{path}: {text}" for text in page.evaluate(RUN)]
        if page.evaluate(WIDER) > 0:
            found.append(f"{path}: wider than the screen by {page.evaluate(WIDER)}")
    context.close()
    assert found == [] and errors == [], "\n".join([*found, *errors])


def test_the_log_in_page_too(house: House, browser: Any) -> None:
    context = browser.new_context(viewport=PHONE, base_url=house.url, bypass_csp=True)
    page = context.new_page()
    page.goto("/login")
    page.evaluate(AXE.read_text())
    assert page.evaluate(RUN) == []
    context.close()


def test_no_page_weighs_more_than_120_kb(house: House, page: Any) -> None:
    """What travels, files of ours included, as the browser counts it. The server compresses nothing: gzip by hand."""
    import gzip

    sizes: dict[str, int] = {}
    page.on("response", lambda r: sizes.__setitem__(r.url, len(gzip.compress(r.body(), 6)) if r.status == 200 else 0))
    for path in PAGES[:-1]:
        sizes.clear()
        page.goto(path)
        page.wait_for_load_state("networkidle")
        assert sum(sizes.values()) <= 120_000, (path, sizes)
