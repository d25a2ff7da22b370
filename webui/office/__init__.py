"""The office's side of the web: takes reports of boxes in, and serves the published feed for trying.

For production any static web server or CDN serves build/repository/; then this takes reports alone, at the address that
the feed's index names (feed.yaml: links.inbox). No page, no cookie, no session: boxes talk to it.

    app = create_office_app(Path("lai-chau"))
    app.test_client().post("/report", json={"layout": 1, ...})

POST /report · GET /metadata/<file> · GET /targets/<path> · GET /healthz
"""

from __future__ import annotations

from pathlib import Path

from flask import Flask, jsonify, request, send_from_directory
from flask_limiter import RateLimitExceeded
from werkzeug.exceptions import HTTPException
from werkzeug.middleware.proxy_fix import ProxyFix
from werkzeug.wrappers import Response

from filterd.control.feed_inbox import open_inbox
from filterd.errors import FilterdError
from webui.office import report

MAX_BODY = 8 * 1024
FRESH_S = 60  # that a cache in between may keep what is named without a version
FOREVER_S = 86_400  # and what never changes under its name
_HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "Content-Security-Policy": "default-src 'none'",
    "Referrer-Policy": "no-referrer",
}


def create_office_app(
    folder: Path, *, database: str = "", behind_proxy: bool = False, repository: bool = True
) -> Flask:
    """Return the application over a working folder. Raises StoreError (the inbox cannot be opened).

    `database`: a PostgreSQL address in place of the file; `behind_proxy`: one proxy of ours stands before it and says who
    asks (X-Forwarded-For); `repository`: serve the published feed too.
    """
    app = Flask(__name__, static_folder=None)
    app.config.update(MAX_CONTENT_LENGTH=MAX_BODY, MAX_FORM_MEMORY_SIZE=MAX_BODY)
    app.extensions["inbox"] = open_inbox(folder, database)
    if behind_proxy:
        app.wsgi_app = ProxyFix(app.wsgi_app, x_for=1)  # type: ignore[method-assign] # as its documentation says
    report.limiter.init_app(app)
    app.register_blueprint(report.page)
    if repository:
        _serve(app, (folder / "build" / "repository").resolve())
    app.add_url_rule("/healthz", view_func=lambda: jsonify(office=True))
    app.after_request(_protect)
    app.register_error_handler(HTTPException, _http_error)
    app.register_error_handler(FilterdError, _our_error)
    return app


def _serve(app: Flask, root: Path) -> None:
    @app.get("/metadata/<name>")
    def metadata(name: str) -> Response:
        age = FRESH_S if name == "timestamp.json" else FOREVER_S
        return send_from_directory(root / "metadata", name, max_age=age)

    @app.get("/targets/<path:name>")
    def targets(name: str) -> Response:
        return send_from_directory(root / "targets", name, max_age=FOREVER_S)


def _protect(response: Response) -> Response:
    for key, value in _HEADERS.items():
        response.headers[key] = value
    if request.method == "POST":
        response.headers["Cache-Control"] = "no-store"
    return response


def _http_error(error: HTTPException) -> tuple[Response, int] | HTTPException:
    if error.response is not None:
        return error
    answer = jsonify(error=error.description)
    if isinstance(error, RateLimitExceeded) and error.limit is not None:
        answer.headers["Retry-After"] = str(error.limit.limit.get_expiry())  # of the window that is full
    return answer, error.code or 500


def _our_error(error: FilterdError) -> tuple[Response, int]:
    """Say that it did not work, not why: the reason has paths of the office in it."""
    answer = jsonify(error="the inbox cannot be used at the moment")
    answer.headers["Retry-After"] = "300"
    return answer, 503
