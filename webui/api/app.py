"""The API's own application: no session, no cookie, no form; and its description, made from the code that answers.

create_api(state).test_client().get("/api/v1/openapi.json").json["openapi"]       # 3.1.0
"""

from __future__ import annotations

from importlib import import_module
from pathlib import Path

from flask import Flask, Response
from flask.json.provider import DefaultJSONProvider

from webui.api import problem
from webui.api.gate import MAX_BODY, Gate, Rates
from webui.headers import HEADERS

BASE = "/api/v1"
PARTS = (
    "now",
    "people",
    "week",
    "devices",
    "moves",
    "grants",
    "requests",
    "activity",
    "alerts",
    "lists",
    "history",
    "ask",
)


def create_api(state: Path, rates: Rates | None = None) -> Flask:
    """Return the API over the state folder `state`."""
    app = Flask(__name__, static_folder=None)
    app.config.update(
        STATE=state,
        MAX_CONTENT_LENGTH=MAX_BODY,
        PROVIDE_AUTOMATIC_OPTIONS=False,
    )
    app.url_map.merge_slashes = False
    app.json = _Json(app)
    Gate(app, rates or Rates())
    app.after_request(_protect)
    for name in PARTS:
        app.register_blueprint(import_module(f"webui.api.{name}").calls, url_prefix=BASE)
    problem.install(app)
    app.add_url_rule(f"{BASE}/openapi.json", "openapi", _openapi, methods=["GET"])
    return app


class _Json(DefaultJSONProvider):
    """Members in the order of the description, Vietnamese as it is written, no blanks."""

    ensure_ascii = False
    sort_keys = False
    compact = True


def _openapi() -> Response:
    from webui.api.describe import description  # it needs more memory than all the calls, and is asked for once

    return Response(description(), mimetype="application/json")


def _protect(response: Response) -> Response:
    """Tell a browser to load nothing from here and to keep nothing of a family."""
    for key, value in HEADERS.items():
        response.headers[key] = value
    response.headers["Cache-Control"] = "no-store"
    return response
