"""The one way in which a call changes something: a use case, as the token's owner, and what came of it.

    return changed(lambda who, seen: moves.off(state(), who, whom, seen=seen))

A program that has read something may say so: `If-Match: "17"` with the ETag it was given (412 when that is old), or
`revision` in the body (409). Refused is what touches the same thing; the answer holds what is there now.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

from flask import request

from filterd.control.change import Done
from filterd.errors import Conflict
from filterd.model.change import Change, Who
from webui.api import gate
from webui.api.problem import CONFLICT, Problem
from webui.api.times import moment

KINDS = ("household", "profile", "device", "grant", "off", "request")  # of things whose bodies may be shown
_ETAG = re.compile(r'(?:W/)?"(\d{1,15})"')

UseCase = Callable[[Who, int | None], Done]


def changed(use: UseCase, body: Mapping[str, Any] | None = None, *, matches: bool = True) -> Any:
    """Run `use`; return what it did. `matches`: it heeds If-Match. Raises Problem (409, 412), ConfigError, StoreError."""
    matched = _if_match() if matches else None
    seen = (body or {}).get("revision") if matched is None else matched
    try:
        done = use(gate.who(), seen)
    except Conflict as conflict:
        raise _conflict(conflict, 409 if matched is None else 412) from None
    number = done.revision if done.revision is not None else gate.revision()
    document = {
        "revision": number, "changed": done.change is not None, "in_force": not done.problem,
        "problem": done.problem,
    }  # fmt: skip
    return document, None, {"ETag": f'"{number}"'}


def tagged(document: Any) -> Any:
    """Return what was read of the household, with the ETag that a change of it may send along."""
    return document, None, {"ETag": f'"{gate.revision()}"'}


def document_of(change: Change) -> dict[str, Any]:
    """Return one row of the history as plain values."""
    return {
        "number": change.number,
        "at": moment(change.at),
        "by": change.who.by,
        "source": change.who.source,
        "verb": change.verb,
        "undoes": change.reverts,
        "edits": [
            {
                "kind": edit.kind,
                "id": edit.id,
                "before": dict(edit.before) if edit.before is not None and edit.kind in KINDS else None,
                "after": dict(edit.after) if edit.after is not None and edit.kind in KINDS else None,
            }
            for edit in change.edits
        ],
    }


def _if_match() -> int | None:
    """Return the revision in If-Match; None: any will do."""
    text = request.headers.get("If-Match", "*").strip()
    if text == "*":
        return None
    found = _ETAG.fullmatch(text)
    if found is None:
        raise Problem(400, 'If-Match: expected one ETag of this API, such as "17"')
    return int(found[1])


def _conflict(conflict: Conflict, status: int) -> Problem:
    changes = [document_of(change) for change in conflict.changes if isinstance(change, Change)]
    text = "somebody changed the same thing meanwhile, nothing was changed: " + str(conflict)
    gate.forget_house()
    return Problem(status, text, CONFLICT, revision=gate.revision(), changes=changes)
