"""Requests of children: what waits, what was answered, and the answer."""

from __future__ import annotations

from typing import Any

from filterd.control import requests as asked
from filterd.control.requests import Request
from filterd.model.account import Action, Scope
from webui.api.change import changed
from webui.api.fields import IDENT, Shown, said, text, when, whole, yes
from webui.api.gate import house, state
from webui.api.operation import Calls, Paged, operation, page_of
from webui.api.paging import page
from webui.api.people import Change, Changed
from webui.api.problem import Problem
from webui.api.times import moment

calls = Calls("requests", __name__, description="What children ask for")
STATES = ("pending", "granted", "refused", "seen", "expired")


class Asked(Shown):
    """A request."""

    id = said("Its id", "r3")
    profile = said("Who asks", "lan")
    device = said("From which device", "may-lan")
    kind = said(
        "What it is: ask, mistake (closed by mistake) or talk; one without a name is only seen",
        "ask",
        among=asked.KINDS,
    )
    scope = said("What is asked for: time, name, service or category", "name")
    value = said("The site, service or category", "example.org")
    reason = said("Why", "bài tập")
    at = when("When it was asked")
    state = said("What became of it", "pending", among=STATES)
    answered_at = when("When it was answered", none=True)
    by = said("Who answered", "")
    note = said("A word to the child", "")


class Which(Paged):
    """Which requests."""

    state = text("Only these", "pending", among=STATES, load_default="")


class Reply(Change):
    """The answer."""

    yes = yes("Allow it", required=True)
    minutes = whole("For so long; null: always (never for time)", 30, low=1, high=44_640, none=True, load_default=30)
    note = text("A word to the child", "Xong bài thì chơi nhé.", load_default="")


@operation(calls, "GET", "/requests", Scope.READ, Action.LOOK, page_of(Asked), query=Which)
def requests(query: dict[str, Any]) -> Any:
    """Requests, newest first."""
    wanted = query["state"]
    found = [r for r in _mine() if wanted in ("", r.state)]
    items, following = page(found, lambda r: r.id, query["limit"], query["cursor"])
    return {"items": [_document(r) for r in items], "next": following}


@operation(calls, "GET", "/requests/<ident>", Scope.READ, Action.LOOK, Asked)
def request(ident: str) -> Any:
    """One request."""
    return _document(_known(ident))


@operation(
    calls, "POST", "/requests/<ident>/answer", Scope.HOUSEHOLD, Action.HOUSEHOLD, Changed, takes=Reply, guarded=True
)
def answer(body: dict[str, Any], ident: str) -> Any:
    """Answer a request that waits: 409 when somebody has answered already."""
    found = _known(ident)
    if found.state != "pending":
        by = f" by {found.by}" if found.by else ""
        raise Problem(409, f"request {ident} is {found.state}{by}", request=_document(found))
    what = {"minutes": body["minutes"], "note": body["note"]}
    return changed(lambda who, seen: asked.answer(state(), who, ident, body["yes"], **what, seen=seen), body)


def _mine() -> list[Request]:
    mine = {p.id for p in house().profiles}
    return [r for r in asked.requests(state()) if r.profile in mine]


def _known(ident: str) -> Request:
    found = next((r for r in _mine() if r.id == ident), None)
    if found is None:
        raise Problem(404, f"there is no request {ident[:IDENT]!r}")
    return found


def _document(found: Request) -> dict[str, Any]:
    return {
        "id": found.id, "profile": found.profile, "device": found.device, "kind": found.kind, "scope": found.scope, "value": found.value,
        "reason": found.reason, "at": moment(found.at), "state": found.state,
        "answered_at": moment(found.answered_at), "by": found.by, "note": found.note,
    }  # fmt: skip
