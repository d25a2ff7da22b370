"""The REST API `/api/v1`, for programs of the house: beside the pages, from the same use cases, with tokens alone.

It is an application of its own (app.py): it knows no cookie, so that no page in a browser can make it do anything. It is
loaded when somebody first asks for it, because most homes never do.

    mount(app, state)
    app.test_client().get("/api/v1/openapi.json")
"""

from __future__ import annotations

import threading
from pathlib import Path
from typing import TYPE_CHECKING

from flask import Flask

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

PREFIX = "/api/"


def mount(app: Flask, state: Path) -> None:
    """Let everything below `PREFIX` be answered by the API over the state folder `state`."""
    api = _Lazy(state)
    pages = app.wsgi_app

    def choose(environ: WSGIEnvironment, start_response: StartResponse) -> object:
        found = api if str(environ.get("PATH_INFO", "")).startswith(PREFIX) else pages
        return found(environ, start_response)

    app.wsgi_app = choose  # type: ignore[method-assign, assignment]  # as Flask's own documentation puts a middleware in


class _Lazy:
    """The API's application, made once when it is first asked."""

    def __init__(self, state: Path) -> None:
        self._state = state
        self._made: WSGIApplication | None = None
        self._lock = threading.Lock()

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> object:
        with self._lock:
            if self._made is None:
                from webui.api.app import create_api

                self._made = create_api(self._state)
        return self._made(environ, start_response)
