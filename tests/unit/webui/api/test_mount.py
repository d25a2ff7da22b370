"""The API stands beside the pages, and is loaded when it is first asked: most homes never do."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from tests.unit.webui.api.program import Program, token_of
from tests.unit.webui.client import app_of, logged_in

MOST_MIB = 80  # of the whole web process, with the API in it
LAZY = """
import sys
from pathlib import Path
from webui import create_app
app = create_app(Path(sys.argv[1]))
house = {"base_url": "http://192.168.1.2", "environ_overrides": {"REMOTE_ADDR": "192.168.1.7"}}
assert app.test_client().get("/login", **house).status_code in (200, 302)
loaded = [name for name in ("flask_smorest", "marshmallow", "limits", "webui.api.app") if name in sys.modules]
assert not loaded, loaded
client = app.test_client()
for path in ("openapi.json", "now", "truth", "lists", "activity", "stats", "history", "profiles/lan/windows", "alerts"):
    answer = client.get(f"/api/v1/{path}", headers={"Authorization": f"Bearer {sys.argv[2]}"}, **house)
    assert answer.status_code == 200, answer.text
assert "webui.api.app" in sys.modules
never = [name for name in ("scapy", "tuf", "schemathesis") if name in sys.modules]
assert not never, never
print(next(line.split()[1] for line in Path("/proc/self/status").read_text().splitlines() if line.startswith("VmHWM")))
"""


def test_the_api_is_loaded_when_it_is_asked_and_stays_small(state: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", LAZY, str(state), token_of(state)], capture_output=True, text=True, timeout=120
    )
    assert done.returncode == 0, done.stderr
    assert int(done.stdout) <= MOST_MIB * 1024


def test_pages_and_api_do_not_answer_for_each_other(state: Path) -> None:
    app = app_of(state)
    program = Program(app, token_of(state))
    assert program.get("/now").json["people"]
    assert program.get("/nothing").mimetype == "application/problem+json"
    browser = logged_in(state, app=app)
    assert browser.get("/").status_code == 200 and browser.get("/api").status_code == 404
    assert browser.get("/api").mimetype == "text/html"
    bare = app.test_client().get("/", headers={"Authorization": f"Bearer {program.token}"})
    assert bare.status_code == 302  # a token opens no page
