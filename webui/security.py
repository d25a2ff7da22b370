"""Who is answered, what a browser is told, who must have logged in, and what a role may do.

Order of every request: the house alone (peers.py), by a name of the house; then the gate: everything but log-in, first run
and files needs a session; then the form's token (Flask-WTF). Headers go on every answer.

    @page.post("/lists/update")
    @needs("system")
    def update() -> Response: ...
"""

from __future__ import annotations

import os
import secrets
import time
from collections.abc import Callable
from functools import wraps
from pathlib import Path
from typing import Any, TypeVar

from flask import Flask, Response, abort, g, redirect, request, session, url_for
from flask_wtf import CSRFProtect
from werkzeug.wrappers import Response as Answer

from filterd.control import setup
from filterd.control.accounts_sessions import account_of_session
from filterd.model.account import may
from webui.flood import Flood
from webui.headers import HEADERS
from webui.peers import is_of_the_house, is_our_name
from webui.sessions import Sessions

OPEN = frozenset({"static", "login.show", "login.enter", "home.healthz", "login.language"})  # without a session
SID = "sid"
UPLOADS: dict[str, tuple[str, int]] = {}  # endpoint that takes a file: right that it needs, most bytes
PROVED = "proved"  # when the password was last typed in this browser (confirm.py)
_KEY_BYTES = 32

csrf = CSRFProtect()
F = TypeVar("F", bound=Callable[..., Any])


def install(app: Flask, state: Path) -> None:
    """Protect `app`."""
    app.secret_key = secret_key(state)
    app.session_interface = Sessions()
    app.config.update(
        SESSION_COOKIE_NAME="filterd",
        SESSION_COOKIE_HTTPONLY=True,
        SESSION_COOKIE_SAMESITE="Lax",
        WTF_CSRF_TIME_LIMIT=None,  # as long as the session: a form that was left open still works
        WTF_CSRF_SSL_STRICT=False,  # the house has plain HTTP; SameSite and the token hold without a referrer
    )
    app.before_request(_refuse_strangers)
    app.before_request(_gate)
    app.after_request(_protect)
    csrf.init_app(app)
    app.wsgi_app = Flood(app.wsgi_app)  # type: ignore[assignment] # it is callable all the same


def needs(what: str) -> Callable[[F], F]:
    """Let only those pass who may do `what` (model/account.py)."""

    def decorate(view: F) -> F:
        @wraps(view)
        def guarded(*args: Any, **kwargs: Any) -> Any:
            if g.account is None or not may(g.account.role, what):
                abort(403)
            return view(*args, **kwargs)

        return guarded  # type: ignore[return-value]

    return decorate


def begin(token: str) -> None:
    """Begin a session with a fresh cookie: nothing of the one before the log-in stays (fixation)."""
    session.clear()
    session[SID] = token
    session[PROVED] = int(time.time())
    session.permanent = True


def secret_key(state: Path) -> bytes:
    """Return the key that signs cookies: of the state folder, made when it is missing, readable for its owner alone."""
    path = state / "web.key"
    try:
        found = path.read_bytes()
        if len(found) == _KEY_BYTES:
            return found
    except OSError:
        pass
    state.mkdir(parents=True, exist_ok=True)
    made = secrets.token_bytes(_KEY_BYTES)
    temp = state / f".web.key.{secrets.token_hex(6)}"
    fd = os.open(temp, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        os.write(fd, made)
        os.fsync(fd)
    finally:
        os.close(fd)
    temp.replace(path)
    return made


def local_path(text: str) -> str:
    """Return `text` when it is a path on this page, else "/": nobody is sent elsewhere."""
    plain = text.startswith("/") and not text.startswith(("//", "/\\")) and text.isprintable() and "\\" not in text
    return text if plain else "/"


def _refuse_strangers() -> Response | None:
    """Answer the house alone, and by our own names alone: a site's name that leads here is an attack."""
    if not is_of_the_house(request.remote_addr or ""):
        return Response("This page answers its own house alone.\n", 403, mimetype="text/plain")
    if not is_our_name(request.host):
        return Response("Open this page by the box's address.\n", 421, mimetype="text/plain")
    return None


def _gate() -> Answer | None:
    g.account = None
    if request.endpoint in ("static", "home.healthz"):
        return None
    from flask import current_app

    state = Path(current_app.config["STATE"])
    if setup.needed(state):
        if request.blueprint == "wizard" or request.endpoint in OPEN:
            return None
        return redirect(url_for("wizard.start"))
    token = session.get(SID)
    if isinstance(token, str):
        g.account = account_of_session(state, token, address=request.remote_addr or "")
        if g.account is None:
            session.clear()
    if g.account is None and request.endpoint not in OPEN:
        if request.headers.get("HX-Request"):
            return Response("", 401, {"HX-Redirect": url_for("login.show")})
        if request.method != "GET":
            return redirect(url_for("login.show"))
        return redirect(url_for("login.show", to=request.full_path.rstrip("?")))
    right, most = UPLOADS.get(request.endpoint or "", ("", 0))
    if right and may(g.account.role, right):
        request.max_content_length = most  # before the token of the form is read
    return None


def _protect(response: Response) -> Response:
    """Tell the browser to load nothing from elsewhere and to keep nothing of a family."""
    for key, value in HEADERS.items():
        response.headers[key] = value
    if request.endpoint == "static":
        response.headers["Cache-Control"] = "public, max-age=86400"
    else:
        response.headers.setdefault("Cache-Control", "no-store")
    return response
