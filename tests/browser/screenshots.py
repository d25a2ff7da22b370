"""`make screenshots`: every page of the demonstration family, on a phone and on a desk, to be looked at by a person.

python -m tests.browser.screenshots build/screenshots [light,dark,contrast] [PATH ...]
"""

from __future__ import annotations

import os
import sys
import tempfile
from pathlib import Path

from playwright.sync_api import sync_playwright

from filterd.control import accounts, moves, requests
from filterd.control.household import ensure
from filterd.control.moves import Whom
from filterd.model.change import Who
from filterd.model.household import Scope
from tests.browser.conftest import CHROMIUM, DESK, FLAGS, PASSWORD, PHONE, READY_S, log_in
from tests.browser.test_pages import PAGES
from tests.processes import Service, UpstreamStub


def main() -> int:
    """Make them; return the exit code."""
    out = Path(sys.argv[1] if len(sys.argv) > 1 else "build/screenshots")
    themes = (sys.argv[2] if len(sys.argv) > 2 else "light").split(",")
    paths = sys.argv[3:] or PAGES
    out.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        state = Path(folder) / "state"
        os.environ["FILTERD_RUN"] = str(Path(folder) / "state.run")
        ensure(state)
        mother = Who("mẹ Hạnh", "web")
        accounts.add(state, mother, "hanh", PASSWORD, "admin", shown="mẹ Hạnh")
        moves.off(state, mother, Whom(profile="minh"), minutes=60)
        requests.ask(
            state,
            Who("Minh", "child"),
            profile="minh",
            scope=Scope.SERVICE,
            value="youtube",
            reason="Con cần xem bài giảng Toán cô gửi.",
        )
        with (
            UpstreamStub({"www.example.org": ["192.0.2.80"]}) as upstream,
            Service.up(state, upstream, "--web", "127.0.0.1:0") as service,
        ):
            assert service.until(lambda: any(line.startswith("page: ") for line in service.lines), READY_S), (
                service.said
            )
            url = next(line for line in service.lines if line.startswith("page: ")).removeprefix("page: ").rstrip("/")
            for name in ("www.example.org", "tiktok.com", "fb88.com", "www.google.com"):
                for client in ("127.0.0.11", "127.0.0.12", "127.0.0.13"):
                    service.ask(name, client=client)
            with sync_playwright() as playwright:
                browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
                for size, view in (("phone", PHONE), ("desk", DESK)):
                    for theme in themes:
                        context = browser.new_context(viewport=view, base_url=url, locale="vi-VN")  # type: ignore[arg-type]
                        context.add_cookies([{"name": "theme", "value": theme, "url": url}])
                        page = context.new_page()
                        log_in(page, "hanh")
                        for path in paths:
                            page.goto(path)
                            name = path.strip("/").replace("/", "-") or "home"
                            page.screenshot(path=out / f"{name}-{size}-{theme}.png", full_page=True)
                        context.close()
                browser.close()
    print(f"{len(list(out.glob('*.png')))} pictures in {out}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
