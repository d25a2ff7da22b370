"""The page of the box: for parents, in Vietnamese and English, to the house alone.

This is its first slice: whether the filter answers, and whom to call. It shows no name of a child, a device or a site.
It knows filterd.control and filterd.model, and nothing below. How it is served is serve.py.

    app = create_app(Path("/var/lib/filterd"))
    app.test_client().get("/?lang=en")
"""

from __future__ import annotations

from pathlib import Path

from flask import Flask, Response, request

from webui import home
from webui.peers import is_of_the_house, is_our_name

HEADERS = {
    "Content-Security-Policy": "default-src 'none'; style-src 'self'; img-src 'self'; base-uri 'none'; "
    "form-action 'none'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
}


def create_app(state: Path) -> Flask:
    """Return the application over the state folder `state`."""
    app = Flask(__name__)
    app.config["STATE"] = state
    app.config["MAX_CONTENT_LENGTH"] = 64 * 1024
    app.register_blueprint(home.page)

    @app.before_request
    def refuse_strangers() -> Response | None:
        """Answer the house alone, and by our own names alone: a site's name that leads here is an attack."""
        if not is_of_the_house(request.remote_addr or ""):
            return Response("This page answers its own house alone.\n", 403, mimetype="text/plain")
        if not is_our_name(request.host):
            return Response("Open this page by the box's address.\n", 421, mimetype="text/plain")
        return None

    @app.after_request
    def protect(response: Response) -> Response:
        """Tell the browser to load nothing from elsewhere and to keep nothing."""
        for key, value in HEADERS.items():
            response.headers[key] = value
        response.headers.setdefault("Cache-Control", "no-store")
        return response

    return app
