"""The history: who changed what when, and taking a change back."""

from __future__ import annotations

from typing import Any

from flask import g

from filterd.control import change, secure_page, upstreams
from filterd.model.account import Action, Scope, may
from webui.api.change import changed, document_of
from webui.api.fields import Shown, many, mapping, said, when, whole
from webui.api.gate import state
from webui.api.operation import Calls, Paged, operation, page_of
from webui.api.paging import cursor_of, number_of
from webui.api.people import Changed
from webui.api.problem import Problem

calls = Calls("history", __name__, description="Who changed what")


class Edit(Shown):
    """One thing before and after; null: it was not there, is not any more, or is not shown here (secrets)."""

    kind = said("What it is", "profile")
    id = said("Its id", "lan")
    before = mapping("As the household's file has it", {"id": "lan", "name": "Lan"}, none=True)
    after = mapping("As the household's file has it", {"id": "lan", "name": "Lan Anh"}, none=True)


class Change(Shown):
    """One row of the history."""

    number = whole("The household's revision after it", 17)
    at = when("When")
    by = said("Who", "mẹ (Home Assistant)")
    source = said("Where: web, api, cli, child, manager, upgrade", "api")
    verb = said("What was done", "off")
    undoes = whole("The change that this one took back", 16, none=True)
    edits = many(Edit, "What was changed", [])


@operation(calls, "GET", "/history", Scope.READ, Action.HOUSEHOLD, page_of(Change), query=Paged)
def history(query: dict[str, Any]) -> Any:
    """Changes, newest first."""
    limit = query["limit"]
    found = change.history(state(), limit=limit + 1, before=number_of(query["cursor"]))
    shown = found[:limit]
    following = cursor_of(str(shown[-1].number)) if len(found) > limit else None
    return {"items": [document_of(one) for one in shown], "next": following}


@operation(calls, "POST", "/history/<int:number>/undo", Scope.HOUSEHOLD, Action.HOUSEHOLD, Changed, also=(409, 422))
def undo(number: int) -> Any:
    """Take one change back: 409 when somebody changed the same thing since."""
    found = change.history(state(), limit=1, before=min(number, 10**15) + 1)
    if [c.number for c in found] != [number]:
        raise Problem(404, f"there is no change {str(number)[:20]}")
    if upstreams.is_changed_by(found[0]) and not may(g.account.role, Action.UPSTREAMS):
        raise Problem(403, "whom the box asks is an admin's to change, and to take back")
    if secure_page.is_changed_by(found[0]) and not may(g.account.role, Action.PAGE):
        raise Problem(403, "how the page is reached is an admin's to change, and to take back")
    return changed(lambda who, _seen: change.revert(state(), who, number), matches=False)
