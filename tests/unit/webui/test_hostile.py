"""A hostile name on every page: devices name themselves, children write reasons, and all of it is only ever text."""

from __future__ import annotations

import json
import time
from pathlib import Path

import pytest
from werkzeug.test import Client

from filterd.control import requests
from filterd.control.devices import change_device
from filterd.control.seen import FILE
from filterd.host.run import run_dir
from filterd.model.change import Who
from filterd.model.household import Scope
from tests.unit.webui.client import app_of, logged_in, made
from tests.unit.webui.test_rights import path_of, routes
from webui.child import create_child_app

EVIL = '"><script>alert(1)</script><img src=x onerror=y>'
KNOWN, NEW = "da:1a:2b:3c:4d:01", "da:1a:2b:3c:4d:02"
PARTS = ("<script>alert(1)", "<img src=x", 'onerror=y>"')
SAFE = ("&lt;script&gt;alert(1)", "\\u003cscript", "\\u003Cscript")  # in a page, in JSON inside one


@pytest.fixture
def state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("FILTERD_RUN", str(tmp_path / "run"))
    state, now = made(tmp_path / "state"), time.time()
    change_device(state, Who("test", "cli"), "may-lan", name=EVIL, mac=KNOWN)
    requests.ask(
        state,
        Who(EVIL, "child"),
        profile="lan",
        device="may-lan",
        scope=Scope.SERVICE,
        value="tiktok",
        reason=EVIL[:200],
    )
    rows = {
        mac: {"first": now - 99, "last": now, "asked": now, "names": [EVIL], "vendor": EVIL, "addresses": [address]}
        for mac, address in ((KNOWN, "192.0.2.11"), (NEW, "192.0.2.12"))
    }
    (run_dir(state) / FILE).write_text(json.dumps({"layout": 1, "at": now, "heard": now, "devices": rows}))
    return state


def test_no_page_takes_it_for_more_than_text(state: Path) -> None:
    app = app_of(state)
    browser = logged_in(state, app=app)
    shown, seen = [], 0
    for endpoint, method, rule in routes(app):
        if method != "GET" or endpoint in ("static", "login.logout"):
            continue
        path = path_of(endpoint, rule, "may-lan" if endpoint.startswith("devices.") else None, state)
        answer = browser.get(path)
        text = answer.get_data(as_text=True)
        answer.close()
        seen += 1
        assert answer.status_code < 500, path
        if answer.mimetype == "text/html":
            assert not [part for part in PARTS if part in text], path
            shown += [path] * any(part in text for part in SAFE)
    assert seen > 40
    # it is on these pages, as text
    assert {"/", "/devices/", "/devices/may-lan", "/requests/"} <= set(shown), shown


@pytest.mark.parametrize("path", ["/", "/?name=%22%3E%3Cscript%3Ealert(1)", "/x%22%3E%3Cscript%3Ealert(1)", "/help"])
def test_the_childs_page_neither(state: Path, path: str) -> None:
    client = Client(create_child_app(state), use_cookies=False)
    answer = client.get(path, base_url="http://192.0.2.1", environ_overrides={"REMOTE_ADDR": "192.0.2.11"})
    assert answer.status_code < 500
    assert not [part for part in PARTS if part in answer.get_data(as_text=True)]
