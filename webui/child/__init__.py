"""The child's page: a tiny WSGI application of its own. No log-in, no cookie, no session; who it is, the device says.

It answers under any name: a site that is closed leads here (block mode `page`), and then it says kindly why. Its own form
is taken under an address of the house alone, from a page of its own: Origin and Sec-Fetch-Site say so, for there is no
session that a token could belong to.

    app = create_child_app(Path("/var/lib/filterd"))      # any WSGI server; webui/serve.py has waitress

GET / my page · POST /ask · GET and POST /talk, /mistake · GET /s/<file> · any other name or path: why this is closed
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable
from importlib import resources
from pathlib import Path
from typing import Any

from werkzeug.exceptions import HTTPException, RequestEntityTooLarge
from werkzeug.wrappers import Request, Response

from filterd.control import child
from filterd.control.child import ChildPage, Closed
from filterd.errors import ConfigError, FilterdError
from filterd.model.household import Scope
from webui.child import page as pages
from webui.headers import HEADERS
from webui.peers import is_of_the_house, is_our_name

MAX_BODY = 8 * 1024
MAX_WORDS = 120  # letters of the child's own sentence
MAX_NAME = 253
MINUTES = (15, 30, 60)
_FILES = {  # what may be loaded: nothing else of the folder is reachable
    "pico.css": ("static/vendor/pico-2.1.1.min.css", "text/css"),
    "app.css": ("static/app.css", "text/css"),
    "child.css": ("static/child.css", "text/css"),
    "icons.svg": ("static/icons.svg", "image/svg+xml"),
    "icon.svg": ("static/icon.svg", "image/svg+xml"),
    "child.js": ("child/child.js", "text/javascript"),
}
# same-origin: with no-referrer a browser says `Origin: null`, and our own form could not be told from another's
_HEADERS = {**HEADERS, "Referrer-Policy": "same-origin", "Cache-Control": "no-store"}

log = logging.getLogger(__name__)


class _Asked(Request):
    """A request with bounds."""

    max_content_length = MAX_BODY
    max_form_memory_size = MAX_BODY
    max_form_parts = 20


Start = Callable[..., Any]


def create_child_app(state: Path) -> Callable[[dict[str, Any], Start], Iterable[bytes]]:
    """Return the application over the state folder `state`."""
    files = {name: (_read(file), kind) for name, (file, kind) in _FILES.items()}

    def application(environ: dict[str, Any], start: Start) -> Iterable[bytes]:
        request = _Asked(environ)
        try:
            response = _answer(state, request, files)
        except RequestEntityTooLarge:
            response = Response("That was too much at once.\n", 413)
        except HTTPException as error:
            response = Response("", error.code or 400)
        except FilterdError as error:
            log.error("child's page failed error=%s", type(error).__name__)
            response = _html(pages.sorry(request), 503)
        for key, value in _HEADERS.items():
            response.headers.setdefault(key, value)
        return response(environ, start)

    return application


def _answer(state: Path, request: Request, files: dict[str, tuple[bytes, str]]) -> Response:
    if not is_of_the_house(request.remote_addr or ""):
        return Response("This page answers its own house alone.\n", 403)
    path = request.path
    if request.method in ("GET", "HEAD") and path.startswith("/s/"):
        found = files.get(path[3:])
        if found is None:
            return Response("", 404)
        return Response(found[0], mimetype=found[1], headers={"Cache-Control": "public, max-age=86400"})
    ours = is_our_name(request.host)
    if path == "/healthz" and ours:
        return Response('{"page":true}\n', mimetype="application/json")
    if request.method == "POST":
        form = {"/ask": _ask, "/talk": _talk, "/mistake": _mistake}.get(path) if ours else None
        if form is None:
            return Response("", 405)
        return form(state, request) if _is_own_form(request) else Response("This form comes from elsewhere.\n", 403)
    if request.method not in ("GET", "HEAD"):
        return Response("", 405, headers={"Allow": "GET, HEAD, POST"})
    if not ours and "text/html" not in request.headers.get("Accept", "text/html"):
        return Response("", 403)  # a picture or a script of a closed site: nobody would read why
    seen = child.look(state, request.remote_addr or "")
    if not ours:
        return _closed(state, request, seen)
    if path in ("/talk", "/mistake") and seen.is_known:
        return _html(pages.tell(request, seen, path[1:], request.args.get("site", "")))
    if path != "/":
        return Response("", 303, headers={"Location": "/"})
    return _html(pages.mine(request, seen, note=request.args.get("sent", "")))


def _closed(state: Path, request: Request, seen: ChildPage) -> Response:
    """Say why the site that was asked for is closed. 403: no app takes it for the site itself."""
    name = request.host.partition(":")[0].lower().rstrip(".")[:MAX_NAME]
    try:
        why = child.why_closed(state, request.remote_addr or "", name)
    except ConfigError:
        why = Closed("open")  # no name that anybody could ask for
    return _html(
        pages.help_first(request, seen) if why.kind == "abuse" else pages.closed(request, seen, why, name), 403
    )


def _ask(state: Path, request: Request) -> Response:
    seen = child.look(state, request.remote_addr or "")
    form = request.form
    what, site = form.get("what", "")[:40], form.get("site", "").strip()[: MAX_NAME + 8]
    why, own = form.get("why", "")[:20], form.get("words", "").strip()
    minutes = next((m for m in MINUTES if form.get("minutes") == str(m)), None)
    filled = {"what": what, "site": site, "why": why, "words": own, "minutes": minutes}
    if len(own) > MAX_WORDS or not own.isprintable():
        return _html(pages.mine(request, seen, error="words", filled=filled), 422)
    scope, value = _wanted(what, site)
    if scope is None:
        return _html(pages.mine(request, seen, error="what" if what != "site" else "site", filled=filled), 422)
    try:
        child.ask_for(state, request.remote_addr or "", scope, value, pages.reason(request, seen, minutes, why, own))
    except child.NotKnown:
        return _html(pages.mine(request, seen), 403)
    except child.TooMany as error:
        kind = "twice" if "already" in str(error) else "many"
        return _html(pages.mine(request, seen, error=kind, filled=filled), 429)
    except ConfigError:
        return _html(pages.mine(request, seen, error="site" if what == "site" else "what", filled=filled), 422)
    return Response("", 303, headers={"Location": "/?sent=1"})


def _talk(state: Path, request: Request) -> Response:
    """Send the one sentence. Sent already, it waits at home: then it is as good as sent."""
    try:
        child.talk(state, request.remote_addr or "")
    except child.NotKnown:
        return _html(pages.mine(request, child.look(state, request.remote_addr or "")), 403)
    except child.TooMany as error:
        if "already" not in str(error):
            return _html(pages.tell(request, child.look(state, request.remote_addr or ""), "talk", error="later"), 429)
    return Response("", 303, headers={"Location": "/?sent=talk"})


def _mistake(state: Path, request: Request) -> Response:
    """Send the name of a site that should be open; of a dangerous category only that there was one."""
    seen = child.look(state, request.remote_addr or "")
    site, own = request.form.get("site", "").strip()[: MAX_NAME + 8], request.form.get("words", "").strip()
    error, status = "", 422
    if len(own) > MAX_WORDS or not own.isprintable():
        error = "words"
    else:
        try:
            child.mistaken(state, request.remote_addr or "", site, own if site else "")
        except child.NotKnown:
            return _html(pages.mine(request, seen), 403)
        except child.TooMany as refused:
            error, status = "twice" if "already" in str(refused) else "many", 429
        except ConfigError as refused:
            error = "open" if "open" in str(refused) else "site"
    if error:
        return _html(pages.tell(request, seen, "mistake", site, error), status)
    return Response("", 303, headers={"Location": "/?sent=mistake"})


def _wanted(what: str, site: str) -> tuple[Scope | None, str]:
    """Return scope and value of what was chosen; None when nothing was."""
    if what == "time":
        return Scope.TIME, ""
    if what.startswith("service:"):
        return Scope.SERVICE, what.removeprefix("service:")
    if what == "site" and site:
        plain = site.removeprefix("https://").removeprefix("http://").partition("/")[0]
        return Scope.NAME, plain
    return None, ""


def _is_own_form(request: Request) -> bool:
    """True when a browser says that the form stood on this page; what says nothing is not believed."""
    fetched, origin = request.headers.get("Sec-Fetch-Site"), request.headers.get("Origin")
    if fetched is None and origin is None:
        return False
    return fetched in (None, "same-origin") and origin in (None, f"{request.scheme}://{request.host}")


def _html(body: str, status: int = 200) -> Response:
    return Response(body, status, mimetype="text/html")


def _read(name: str) -> bytes:
    return resources.files("webui").joinpath(name).read_bytes()
