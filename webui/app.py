"""The parents' page as a Flask application: its pages, in the order of the navigation, and what is said when one fails.

app = create_app(Path("/var/lib/filterd"))
app.test_client().get("/?lang=en")
"""

from __future__ import annotations

import logging
from datetime import timedelta
from importlib import import_module
from pathlib import Path

from flask import Flask, render_template, request
from flask_wtf.csrf import CSRFError
from werkzeug.exceptions import HTTPException
from werkzeug.wrappers import Response as Answer

from filterd.errors import FilterdError
from webui import api, frame, proof, security, words
from webui.words import gettext as _

MAX_BODY = 256 * 1024  # of a form; the backup's upload has its own bound
MAX_FIELDS = 2_000
SESSION_DAYS = 180
# in the order of the navigation; each is a file of webui/ with a blueprint `page`
PAGES = (
    "home", "login", "confirm", "wizard", "undo", "users", "children", "week", "ask", "devices", "bypass", "activity", "requests",
    "reports", "alerts", "province", "system", "system_backup", "system_secure", "upstreams", "account", "more",
)  # fmt: skip

log = logging.getLogger(__name__)


def create_app(state: Path) -> Flask:
    """Return the application over the state folder `state`."""
    app = Flask("webui")  # whose folder has the templates and the static files
    app.config.update(
        STATE=state,
        MAX_CONTENT_LENGTH=MAX_BODY,
        MAX_FORM_MEMORY_SIZE=MAX_BODY,
        MAX_FORM_PARTS=MAX_FIELDS,
        PERMANENT_SESSION_LIFETIME=timedelta(days=SESSION_DAYS),
        SESSION_REFRESH_EACH_REQUEST=False,
    )
    app.jinja_env.trim_blocks = app.jinja_env.lstrip_blocks = True
    security.install(app, state)
    frame.install(app)
    words.install(app)
    for name in PAGES:
        app.register_blueprint(import_module(f"webui.{name}").page)
    app.register_error_handler(HTTPException, _http_error)
    app.register_error_handler(FilterdError, _our_error)
    proof.install(app)
    api.mount(app, state)
    return app


def _http_error(error: HTTPException) -> Answer | HTTPException | tuple[str, int]:
    """Say in words what went wrong, with a short code for whoever helps."""
    code = error.code or 500
    if error.response is not None or code < 400:
        return error
    if isinstance(error, CSRFError):
        text = _("This page has been open too long. Reload and try once more.")
    elif code == 403:
        text = _("Your account may not do this. Ask whoever set up the box.")
    elif code == 404:
        text = _("There is no such page.")
    elif code == 413:
        text = _("That was too much at once.")
    else:
        text = _("The filter is still running.")
    title = _("Not found") if code == 404 else _("This page could not load")
    return _page(title, text, code)


def _our_error(error: FilterdError) -> tuple[str, int]:
    log.error("page failed path=%s error=%s", request.endpoint, type(error).__name__)
    return _page(_("This page could not load"), _("The filter is still running."), 503)


def _page(title: str, text: str, code: int) -> tuple[str, int]:
    return render_template("error.html", title=title, text=text, code=f"W-{code}"), code
