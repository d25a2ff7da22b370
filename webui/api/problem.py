"""What a program is told when something does not work: RFC 9457 problem details, never a page and never a trace.

    raise Problem(404, "there is no device 'x'")
    {"type": "about:blank", "title": "Not Found", "status": 404, "detail": "there is no device 'x'"}

`type` is about:blank except where a program may want to tell two of one status apart: /problems/conflict (409, 412) with
what is there now, /problems/invalid (422) with one line a mistake, /problems/password (403).
"""

from __future__ import annotations

import json
import logging
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from flask import Flask, Response, request
from werkzeug.exceptions import HTTPException

from filterd.errors import ConfigError, FilterdError, ProofNeeded

MEDIA = "application/problem+json"
BLANK, CONFLICT, INVALID, PASSWORD = "about:blank", "/problems/conflict", "/problems/invalid", "/problems/password"
MAX_LINES = 20  # mistakes that are told at once
_MAX_LINE = 300  # characters

log = logging.getLogger(__name__)


class Problem(Exception):
    """An answer that is not what was asked for."""

    def __init__(
        self, status: int, detail: str, kind: str = BLANK, *, headers: Mapping[str, str] | None = None, **more: Any
    ) -> None:
        """`more`: further members of the document."""
        super().__init__(detail)
        self.status = status
        self.detail = detail
        self.kind = kind
        self.headers = dict(headers or {})
        self.more = more

    def answer(self) -> Response:
        """Return it as it is sent."""
        title = HTTPStatus(self.status).phrase
        document = {"type": self.kind, "title": title, "status": self.status, "detail": self.detail, **self.more}
        body = json.dumps(document, ensure_ascii=False, separators=(",", ":"))
        return Response(body, self.status, self.headers, mimetype=MEDIA)


def install(app: Flask) -> None:
    """Answer every error of `app` so."""
    app.register_error_handler(Problem, Problem.answer)
    app.register_error_handler(HTTPException, of_http)
    app.register_error_handler(ConfigError, _of_config)
    app.register_error_handler(ProofNeeded, _of_proof)
    app.register_error_handler(FilterdError, _of_ours)


def of_http(error: HTTPException) -> Response:
    """Return what Flask, webargs or werkzeug refused."""
    code = error.code or 500
    found = getattr(error, "data", None)  # of webargs: which fields are wrong, by the place they came from
    if isinstance(found, dict) and "messages" in found:
        lines = [f"{key}: {text}"[:_MAX_LINE] for key, text in _flat(found["messages"])]
        return Problem(code, "the call does not fit its description", INVALID, problems=lines[:MAX_LINES]).answer()
    kept = {key: value for key, value in error.get_headers() if key in ("Allow", "Retry-After", "WWW-Authenticate")}
    return Problem(code, _DETAILS.get(code, "that did not work"), headers=kept).answer()


_DETAILS = {
    400: "this is no request that can be read",
    404: "there is nothing at this address",
    405: "this address does not take that method",
    413: "the body is larger than this API takes",
    500: "something went wrong here; the filter is still running",
}


def _of_config(error: ConfigError) -> Response:
    lines = [line[:_MAX_LINE] for line in error.problems[:MAX_LINES]]
    return Problem(422, "that does not fit", INVALID, problems=lines).answer()


def _of_proof(_error: ProofNeeded) -> Response:
    text = "this opens something harmful, and this household wants a parent's password for it: use the page"
    return Problem(403, text, PASSWORD).answer()


def _of_ours(error: FilterdError) -> Response:
    log.error("api failed path=%s error=%s", request.endpoint, type(error).__name__)
    return Problem(503, "the box cannot do that right now; the filter is still running").answer()


def _flat(messages: Any, path: str = "") -> list[tuple[str, str]]:
    """Return the fields that are wrong, each with its sentence."""
    if isinstance(messages, dict):
        return [line for key, value in messages.items() for line in _flat(value, f"{path}.{key}".strip("."))]
    if isinstance(messages, list | tuple):
        return [line for value in messages for line in _flat(value, path)]
    return [(path, str(messages))]
