"""What openapi.json says beyond the operations themselves: errors, the token, If-Match, and an example of every document.

Examples are put together from those of the members, so that there is one place for each; a test calls the API with them.
"""

from __future__ import annotations

import json
from functools import lru_cache
from importlib import import_module
from typing import Any

from flask import Flask
from flask_smorest import Api

from webui.api.app import BASE, PARTS
from webui.api.operation import IF_MATCH, problem_response

VERSION = "1"
ABOUT = """\
What a program of the house may see and change, as its token reaches. Make a token on the page under "Your account", and send
it with every call: `Authorization: Bearer ftd_...`. Errors are RFC 9457 problem details. Lists come in pages: send `next` as
`cursor`. Times have the household's offset. A change says the household's revision, which is also the number under which
`POST /history/{number}/undo` takes it back."""
PROBLEMS = {
    400: "The call cannot be read", 401: "No token of this box", 403: "The token or its account may not do that",
    404: "There is no such thing", 409: "Somebody changed the same thing since `revision`",
    412: "Somebody changed the same thing since the ETag in If-Match", 413: "The body is too large",
    415: "The body is no application/json", 422: "The call does not fit", 429: "Too many calls: see Retry-After",
    503: "The box cannot do that right now",
}  # fmt: skip
PROBLEM_SCHEMA: dict[str, Any] = {
    "type": "object",
    "description": "RFC 9457",
    "properties": {
        "type": {"type": "string", "examples": ["about:blank"]},
        "title": {"type": "string", "examples": ["Not Found"]},
        "status": {"type": "integer", "examples": [404]},
        "detail": {"type": "string", "examples": ["there is no device 'x'"]},
        "problems": {"type": "array", "items": {"type": "string"}, "examples": [["name: expected one"]]},
        "revision": {"type": "integer", "description": "What the household is at now", "examples": [17]},
        "changes": {
            "type": "array",
            "items": {"$ref": "#/components/schemas/Change"},
            "description": "What was changed",
        },
    },
    "required": ["type", "title", "status", "detail"],
}


class _Api(Api):  # type: ignore[misc]  # flask-smorest has no types
    """flask-smorest, which describes operations; errors are ours."""

    DEFAULT_ERROR_RESPONSE_NAME = None


@lru_cache(maxsize=1)
def description() -> bytes:
    """Return openapi.json, made from the operations."""
    app = Flask("webui.api", static_folder=None)  # answers nobody: it holds the operations while they are described
    app.config.update(API_TITLE="filterd", API_VERSION=VERSION, OPENAPI_VERSION="3.1.0", OPENAPI_URL_PREFIX=None)
    api = _Api(app)
    for name in PARTS:
        api.register_blueprint(import_module(f"webui.api.{name}").calls, url_prefix=BASE)
    return json.dumps(_described(api.spec.to_dict()), ensure_ascii=False, separators=(",", ":")).encode()


def _described(found: dict[str, Any]) -> dict[str, Any]:
    """Return the description with what is true of all operations: errors, If-Match, the token, where it is."""
    parts = found["components"]
    parts["responses"] = {f"Problem{code}": problem_response(code, text) for code, text in PROBLEMS.items()}
    for name in ("Error", "PaginationMetadata"):  # flask-smorest's own, in use nowhere
        parts["schemas"].pop(name, None)
    parts["schemas"]["ProblemDetails"] = PROBLEM_SCHEMA
    parts["securitySchemes"] = {"token": {"type": "http", "scheme": "bearer", "bearerFormat": "ftd_..."}}
    parts.pop("headers", None)
    parts.pop("parameters", None)
    for operations in found["paths"].values():
        for one in operations.values():
            if isinstance(one, dict) and "412" in one.get("responses", {}):
                one.setdefault("parameters", []).append(IF_MATCH)
    _tidy(found)
    for schema in parts["schemas"].values():
        schema["examples"] = [_example(schema, parts["schemas"])]
    found["info"] |= {"description": ABOUT, "license": {"name": "MIT", "identifier": "MIT"}}
    found["servers"] = [{"url": "/"}]
    return found


def _tidy(found: Any) -> None:
    """Take our own note out of the schemas."""
    if isinstance(found, dict):
        found.pop("in_address", None)
    for value in found.values() if isinstance(found, dict) else found if isinstance(found, list) else ():
        _tidy(value)


def _example(schema: dict[str, Any], schemas: dict[str, Any]) -> Any:
    """Return an example of a schema, made of its members'."""
    if "$ref" in schema:
        return _example(schemas[schema["$ref"].rpartition("/")[2]], schemas)
    if "anyOf" in schema:
        return _example(schema["anyOf"][0], schemas)
    if "properties" in schema:
        return {key: _example(member, schemas) for key, member in schema["properties"].items()}
    if "$ref" in schema.get("items", {}):
        return [_example(schema["items"], schemas)]
    return schema["examples"][0]
