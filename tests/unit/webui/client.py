"""A browser for tests of pages: keeps the session, knows the form's token, follows no redirect by itself.

state = made(tmp_path / "state")                    # the demonstration family, an admin "me"
browser = logged_in(state)
browser.post("/home/off/lan")                       # with the token of a form
browser.post("/home/off/lan", token="")             # without: 400
"""

from __future__ import annotations

import atexit
import re
import shutil
import tempfile
from collections.abc import Iterable, Mapping
from functools import cache
from pathlib import Path
from typing import Any

from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

import webui
from filterd.control import accounts
from filterd.control.household import ensure
from filterd.model.change import Who

PASSWORD = "con-mèo-trèo-cây-cau"
WHO = Who("test", "cli")
HOST = "http://192.168.1.53"
_TOKEN = re.compile(r'name="csrf-token" content="([^"]+)"')


def made(state: Path, *, role: str = "admin", name: str = "me", shown: str = "mẹ", ranges: Iterable[str] = ()) -> Path:
    """Make a household with one account (and an admin beside it when that is none); return `state`."""
    if state.exists():  # there is a family already
        return _make(state, role, name, shown, tuple(ranges))
    shutil.copytree(_once(role, name, shown, tuple(ranges)), state)
    return state


def _make(state: Path, role: str, name: str, shown: str, ranges: tuple[str, ...]) -> Path:
    ensure(state)
    if role != "admin":
        accounts.add(state, WHO, "quan-tri", PASSWORD, "admin", shown="quản trị")
    accounts.add(state, WHO, name, PASSWORD, role, shown=shown, ranges=ranges)
    return state


@cache
def _once(role: str, name: str, shown: str, ranges: tuple[str, ...]) -> Path:
    """Make such a household once; the tests get copies."""
    folder = Path(tempfile.mkdtemp(prefix="filterd-made-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return _make(folder / "state", role, name, shown, ranges)


def app_of(state: Path) -> Flask:
    """Return the application; every page is there."""
    app = webui.create_app(state)
    app.config["PROPAGATE_EXCEPTIONS"] = True
    app.test_client_class = Browser
    return app


class Browser(FlaskClient):
    """Flask's client on the house's own address, which puts the form's token into what it posts."""

    def open(self, *args: Any, **kwargs: Any) -> TestResponse:
        """Ask, from inside the house."""
        if "base_url" not in kwargs and args and isinstance(args[0], str):
            kwargs["base_url"] = HOST
        kwargs.setdefault("environ_overrides", {}).setdefault("REMOTE_ADDR", "192.168.1.20")
        return super().open(*args, **kwargs)

    def post(self, path: str, data: Mapping[str, Any] | None = None, *, token: str | None = None, **more: Any) -> Any:
        """Send a form. `token` None: the one of this session, "": none."""
        fields = dict(data or {})
        found = self.token() if token is None else token
        if found:
            fields["csrf_token"] = found
        return super().post(path, data=fields, **more)

    def token(self) -> str:
        """Return the token of this session's forms."""
        seen = _TOKEN.search(self.get("/login").text) or _TOKEN.search(self.get("/", follow_redirects=True).text)
        assert seen is not None
        return seen.group(1)


def browser_of(state: Path, app: Flask | None = None) -> Browser:
    """Return a browser that is not logged in."""
    client = (app or app_of(state)).test_client()
    assert isinstance(client, Browser)
    return client


def logged_in(state: Path, name: str = "me", password: str = PASSWORD, app: Flask | None = None) -> Browser:
    """Return a browser in which `name` is logged in through the form."""
    browser = browser_of(state, app)
    answer = browser.post("/login", {"name": name, "password": password})
    assert answer.status_code == 303, answer.text
    return browser
