"""One operation of the API: its address, who may call it, what it takes and gives, and what can go wrong.

    @operation(calls, "GET", "/devices/<ident>", Scope.READ, Action.LOOK, Device)
    def device(ident: str) -> Any:
        "Return one device."

Said once, it is checked (gate.py reads `needs`), done (webargs, marshmallow) and described (openapi.json).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, TypeVar

from flask_smorest import Blueprint
from marshmallow import RAISE, Schema, fields
from webargs.flaskparser import FlaskParser

from filterd.model.account import Action, Scope
from webui.api.fields import Document, Shown, text, whole
from webui.api.gate import Needs
from webui.api.paging import LIMIT, MOST
from webui.api.problem import MEDIA

View = TypeVar("View", bound=Callable[..., Any])
_ALWAYS = (400, 401, 403, 429, 503)
IF_MATCH = {  # of every operation that may answer 412
    "name": "If-Match",
    "in": "header",
    "required": False,
    "description": "The ETag that was read: 412 when somebody changed the same thing since.",
    "schema": {"type": "string", "pattern": r'^(\*|"[0-9]{1,15}")$', "examples": ['"17"']},
}


class _Parser(FlaskParser):
    """Refuses what is not described in addresses too: a mistyped filter must not mean everything."""

    DEFAULT_UNKNOWN_BY_LOCATION = {**FlaskParser.DEFAULT_UNKNOWN_BY_LOCATION, "query": RAISE, "json": RAISE}


class Calls(Blueprint):  # type: ignore[misc]  # flask-smorest has no types
    """Operations of one kind."""

    ARGUMENTS_PARSER = _Parser()


class Paged(Document):
    """What pages of a list have in their address."""

    limit = whole("How many at most", 20, low=1, high=MOST, query=True, load_default=LIMIT)
    cursor = text("`next` of the page before", "bGFu", most=200, load_default="")


def page_of(one: type[Schema], **more: fields.Field[Any]) -> type[Schema]:
    """Return the schema of a page of such documents."""
    items = fields.List(fields.Nested(one), metadata={"description": "In their order"})
    following = fields.String(
        allow_none=True,
        metadata={"description": "`cursor` of the next page; null: it is the last", "examples": ["bGFu"]},
    )
    return Shown.from_dict({"items": items, "next": following, **more}, name=f"PageOf{one.__name__}")


def operation(
    calls: Calls, method: str, path: str, scope: Scope, action: Action, gives: type[Schema], *,
    takes: type[Schema] | None = None, query: type[Schema] | None = None, status: int = 200, also: Sequence[int] = (),
    guarded: bool = False,
) -> Callable[[View], View]:  # fmt: skip
    """Return the decorator of an operation. `guarded`: it takes If-Match; `also`: further statuses that it may answer."""

    def decorate(view: View) -> View:
        made: Any = calls.response(status, gives)(view)
        if takes is not None:
            made = calls.arguments(takes)(made)
        if query is not None:
            made = calls.arguments(query, location="query")(made)
        found = {*_ALWAYS, *also, *((404,) if "<" in path else ())}
        found |= {413, 415, 422} if takes is not None else {422} if query is not None else set()
        found |= {409, 412, 422} if guarded else set()
        described: dict[str, Any] = {
            "operationId": view.__name__,
            "security": [{"token": []}],
            "description": f"Needs a token with the scope `{scope}` of an account with the right `{action}`.",
            "responses": {str(code): {"$ref": f"#/components/responses/Problem{code}"} for code in sorted(found)},
        }
        made = calls.doc(**described)(made)
        made.needs, made.takes = Needs((scope, action)), takes is not None
        calls.route(path, methods=[method], parameters=_parameters(path))(made)
        return view

    return decorate


def _parameters(path: str) -> list[dict[str, Any]]:
    """Return what the ids in an address are."""
    known = {
        "ident": ("Its id", "lan"),
        "number": ("Its number", 17),
        "index": ("Its place, from 0", 0),
        "part": ("Which of the three lists", "block"),
        "name": ("A site's name", "example.com"),
    }
    return [
        {"name": key, "in": "path", "required": True, "description": about, "example": example}
        for key, (about, example) in known.items()
        if f"<{key}>" in path or f":{key}>" in path
    ]


def problem_response(code: int, about: str) -> dict[str, Any]:
    """Return the description of an answer that is a problem."""
    schema = {"$ref": "#/components/schemas/ProblemDetails"}
    return {"description": about, "content": {MEDIA: {"schema": schema}}}
