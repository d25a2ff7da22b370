"""Undo: takes one change back, for ten seconds from the toast and later from the history."""

from __future__ import annotations

from collections.abc import Sequence

from flask import Blueprint, abort, g, request
from werkzeug.wrappers import Response as Answer

from filterd.control import secure_page, upstreams
from filterd.control.change import history, revert
from filterd.model.account import Role
from filterd.model.change import Change, Edit
from webui.change import changed
from webui.frame import house, state
from webui.words import gettext as _

page = Blueprint("undo", __name__)

WEEK = frozenset({"windows", "exceptions"})  # of a profile's body: what a teacher may change


@page.post("/undo")
def undo() -> Answer:
    """Take the change `number` back; who changed the same thing meanwhile is shown."""
    text = request.form.get("number", "")
    if not (text.isascii() and text.isdigit() and len(text) < 16):
        abort(400)
    back = request.form.get("back", "/")
    what = right_to_take_back(history(state(), limit=1, before=int(text) + 1), int(text))
    return changed(lambda who, _seen: revert(state(), who, int(text)), _("Back as before."), back=back, what=what)


def right_to_take_back(found: Sequence[Change], number: int) -> str:
    """Return the right that taking a change back needs: a teacher takes back what a teacher may do.

    That is an off, with the more time that it ended, and the hours of a week, of nobody but who is wholly theirs.
    """
    if any(c.number == number and upstreams.is_changed_by(c) for c in found):
        return "upstreams"
    if any(c.number == number and secure_page.is_changed_by(c) for c in found):
        return "page"
    if g.account.role is not Role.TEACHER or [c.number for c in found] != [number]:
        return "household"
    mine = {p.id for p in house().profiles}, {d.id for d in house().devices}
    edits = found[0].edits
    if all(_is_week(edit, mine[0]) for edit in edits):
        return "windows"
    offs = [edit for edit in edits if edit.kind == "off"]
    others = [edit for edit in edits if edit.kind != "off"]
    is_off = bool(offs) and all(edit.kind == "grant" and _is_time(edit) for edit in others)
    return "switch" if is_off and all(_is_of(edit, *mine) for edit in edits) else "household"


def _is_week(edit: Edit, profiles: set[str]) -> bool:
    """Return whether no more differs than the hours and special days of one of `profiles`."""
    if edit.kind != "profile" or edit.id not in profiles or edit.before is None or edit.after is None:
        return False
    return all(edit.before.get(key) == edit.after.get(key) for key in {*edit.before, *edit.after} - WEEK)


def _is_time(edit: Edit) -> bool:
    return all(body is None or body.get("scope") == "time" for body in (edit.before, edit.after))


def _is_of(edit: Edit, profiles: set[str], devices: set[str]) -> bool:
    return all(
        body is None or body.get("profile") in profiles or body.get("device") in devices
        for body in (edit.before, edit.after)
    )
