"""`make screenshots`: every page of the demonstration family, on a phone and on a desk, to be looked at by a person, and
the four pictures of the README.

python -m tests.browser.screenshots build/screenshots [light,dark,contrast] [PATH ...]      # all of them, or these
python -m tests.browser.screenshots build/screenshots readme                               # deploy/pictures alone
"""

from __future__ import annotations

import os
import sys
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from playwright.sync_api import sync_playwright
from waitress.server import create_server  # type: ignore[import-untyped]

from filterd.control import accounts, moves, profiles, requests
from filterd.control.household import ensure
from filterd.control.moves import Whom
from filterd.model.change import Who
from filterd.model.household import Scope
from tests.browser import evenings
from tests.browser.conftest import CHROMIUM, DESK, FLAGS, PASSWORD, PHONE, READY_S, log_in
from tests.browser.test_pages import PAGES
from tests.processes import Service, UpstreamStub
from webui.child import create_child_app

MOTHER = Who("mẹ Hạnh", "web")
MINHS = "127.0.0.12"
LONG = "Nguyễn Hoàng Phương Thảo Vy"
README = Path(__file__).parents[2] / "deploy" / "pictures"
MOST_BYTES = 120_000
TALL, TALLER, FLAT = {"width": 360, "height": 960}, {"width": 360, "height": 1180}, {"width": 1280, "height": 700}
CHILD_PAGES = ("/", "/talk", "/mistake")


@contextmanager
def running(folder: Path) -> Iterator[tuple[Service, str]]:
    """The family with a week behind it, an evening's off and a request; yields the box and its page's address."""
    state = folder / "state"
    os.environ |= {"FILTERD_RUN": str(folder / "state.run"), "FILTERD_SYNC": "0"}
    ensure(state)
    accounts.add(state, MOTHER, "me", PASSWORD, "admin", shown="mẹ Hạnh")
    evenings.build(state)
    moves.off(state, MOTHER, Whom(profile="minh"), minutes=60)
    words = "Con cần xem bài giảng Toán cô gửi."
    requests.ask(state, Who("Minh", "child"), profile="minh", scope=Scope.SERVICE, value="youtube", reason=words)
    with (
        UpstreamStub({"www.example.org": ["192.0.2.80"]}) as upstream,
        Service.up(state, upstream, "--web", "127.0.0.1:0") as service,
    ):
        assert service.until(lambda: any(line.startswith("page: ") for line in service.lines), READY_S), service.said
        for name in ("www.example.org", "tiktok.com", "fb88.com"):
            for client in ("127.0.0.11", MINHS, "127.0.0.13"):
                service.ask(name, client=client)
        yield service, next(line for line in service.lines if line.startswith("page: ")).split()[1].rstrip("/")


@contextmanager
def childs_page(state: Path) -> Iterator[str]:
    """The child's page as Minh's device sees it."""
    app = create_child_app(state)

    def from_minh(environ: dict[str, Any], start: Any) -> Any:
        return app({**environ, "REMOTE_ADDR": MINHS}, start)

    server = create_server(from_minh, host="127.0.0.1", port=0, threads=4)
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.effective_port}"
    server.close()
    thread.join(5)


def opened(browser: Any, url: str, view: dict[str, int], theme: str, *, is_parent: bool = True) -> Any:
    """Return a page of a new browser, logged in."""
    context = browser.new_context(viewport=view, base_url=url, locale="vi-VN", color_scheme="light")
    if is_parent:
        context.add_cookies([{"name": "theme", "value": theme, "url": url}])
    page = context.new_page()
    if is_parent:
        log_in(page, "me")
    return page


def take(page: Any, path: str, file: Path, *, is_whole: bool = True) -> None:
    """Take a picture of a page once its chart is drawn."""
    answer = page.goto(path)
    assert answer.status == (404 if path == "/absent" else 200), f"{path}: {answer.status}"
    page.wait_for_load_state("networkidle")
    page.screenshot(path=file, full_page=is_whole)


def for_readme(browser: Any, url: str, child: str) -> None:
    """The four pictures of the README."""
    README.mkdir(parents=True, exist_ok=True)
    for view, path, name in (
        (TALL, "/", "home-phone"), (TALLER, "/week/lan", "week-phone"), (FLAT, "/activity/?days=7", "activity-desktop"),
    ):  # fmt: skip
        take(opened(browser, url, view, "light"), path, README / f"{name}.png", is_whole=False)
    mine = opened(browser, child, TALL, "light", is_parent=False)
    take(mine, "/", README / "child-phone.png", is_whole=False)
    for file in README.glob("*.png"):
        assert file.stat().st_size <= MOST_BYTES, (
            f"{file} has {file.stat().st_size} bytes, expected {MOST_BYTES} at most"
        )


def every_page(browser: Any, url: str, child: str, themes: list[str], paths: list[str], out: Path) -> None:
    """Every page in both sizes."""
    for size, view in (("phone", PHONE), ("desk", DESK)):
        for theme in themes:
            page = opened(browser, url, view, theme)
            for path in paths:
                take(page, path, out / f"{path.strip('/').replace('/', '-') or 'home'}-{size}-{theme}.png")
            page.context.close()
        page = opened(browser, child, view, "", is_parent=False)
        for path in CHILD_PAGES:
            take(page, path, out / f"child-{path.strip('/') or 'mine'}-{size}.png")
        page.context.close()


def main() -> int:
    """Make them; return the exit code."""
    out = Path(sys.argv[1] if len(sys.argv) > 1 else "build/screenshots")
    choice = sys.argv[2] if len(sys.argv) > 2 else "light"
    paths = sys.argv[3:] or PAGES
    out.mkdir(parents=True, exist_ok=True)
    with (
        tempfile.TemporaryDirectory() as folder,
        running(Path(folder)) as (service, url),
        childs_page(service.state) as child,
        sync_playwright() as playwright,
    ):
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        for_readme(browser, url, child)
        if choice != "readme":  # one more child, whose name is long
            profiles.add_profile(service.state, MOTHER, LONG, "age-0-6")
            every_page(browser, url, child, choice.split(","), paths, out)
        browser.close()
    print(f"{len(list(out.glob('*.png')))} pictures in {out}, {len(list(README.glob('*.png')))} in {README}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
