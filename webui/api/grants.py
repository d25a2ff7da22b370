"""Grants: what was allowed for a while, or for always."""

from __future__ import annotations

from typing import Any

from filterd.control import moves
from filterd.model.account import Action, Scope
from filterd.model.household import Grant
from filterd.model.household import Scope as Reach
from webui.api.change import changed, tagged
from webui.api.fields import IDENT, Shown, said, text, when, whole
from webui.api.gate import house, state
from webui.api.moves import Whom, whom_of
from webui.api.operation import Calls, Paged, operation, page_of
from webui.api.paging import page
from webui.api.people import MAX_SITE, Changed
from webui.api.problem import INVALID, Problem
from webui.api.times import moment

calls = Calls("grants", __name__, description="What was allowed for a while")
REACHES = ("time", "name", "service", "category", "filter")


class Allowed(Shown):
    """A grant."""

    id = said("Its id", "g12")
    scope = said("How far it reaches", "name", among=REACHES)
    value = said("The site, service or category", "example.org")
    profile = said("For whom: a profile", "lan", none=True)
    device = said("or a device", None, none=True)
    since = when("Since when", none=True)
    until = when("Until when; null: without an end", none=True)
    by = said("Who allowed it", "mẹ")
    reason = said("Why", "bài tập")


class NewGrant(Whom):
    """Something to be allowed: for minutes, until a moment, or, of a site, service or category, without an end."""

    scope = text("How far it reaches", "name", among=REACHES, required=True)
    value = text(
        "The site, service or category; none for time and filter", "example.org", most=MAX_SITE, load_default=""
    )
    minutes = whole("For so long", 30, low=1, high=moves.MAX_MINUTES, none=True, load_default=None)
    until = when("Until then", None, none=True, load_default=None)
    reason = text("Why", "bài tập", load_default="")


@operation(calls, "GET", "/grants", Scope.READ, Action.LOOK, page_of(Allowed), query=Paged)
def grants(query: dict[str, Any]) -> Any:
    """What is allowed, also what is over and not tidied away yet."""
    mine = {p.id for p in house().profiles}, {d.id for d in house().devices}
    found = [g for g in house().grants if g.profile in mine[0] or g.device in mine[1]]
    items, following = page(found, lambda g: g.id, query["limit"], query["cursor"])
    return tagged({"items": [_document(g) for g in items], "next": following})


@operation(
    calls, "POST", "/grants", Scope.HOUSEHOLD, Action.HOUSEHOLD, Changed, takes=NewGrant, status=201, guarded=True
)
def grant_add(body: dict[str, Any]) -> Any:
    """Allow something."""
    whom = whom_of(body)
    scope = Reach(body["scope"])
    if scope in (Reach.TIME, Reach.FILTER) and body["minutes"] is None and body["until"] is None:
        raise Problem(422, "that does not fit", INVALID, problems=[f"minutes: {scope.value} has an end"])
    if scope is Reach.FILTER and (body["minutes"] or moves.MAX_PAUSE_MINUTES + 1) > moves.MAX_PAUSE_MINUTES:
        line = f"minutes: a pause of the filter lasts at most {moves.MAX_PAUSE_MINUTES} minutes"
        raise Problem(422, "that does not fit", INVALID, problems=[line])
    what = {key: body[key] for key in ("value", "minutes", "until", "reason")}
    return changed(lambda who, seen: moves.grant(state(), who, scope, whom, **what, seen=seen), body)


@operation(calls, "DELETE", "/grants/<ident>", Scope.HOUSEHOLD, Action.HOUSEHOLD, Changed, guarded=True)
def grant_end(ident: str) -> Any:
    """End something that was allowed, at once."""
    if ident not in {g.id for g in house().grants}:
        raise Problem(404, f"there is no grant {ident[:IDENT]!r}")
    return changed(lambda who, seen: moves.revoke(state(), who, ident, seen=seen))


def _document(found: Grant) -> dict[str, Any]:
    return {
        "id": found.id,
        "scope": found.scope.value,
        "value": found.value,
        "profile": found.profile or None,
        "device": found.device or None,
        "since": moment(found.start),
        "until": moment(found.until),
        "by": found.by,
        "reason": found.reason,
    }
