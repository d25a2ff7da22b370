"""Undo: takes one change back, for ten seconds from the toast and later from the history."""

from __future__ import annotations

from flask import Blueprint, abort, request
from werkzeug.wrappers import Response as Answer

from filterd.control.change import revert
from webui.change import changed
from webui.frame import state
from webui.words import gettext as _

page = Blueprint("undo", __name__)


@page.post("/undo")
def undo() -> Answer:
    """Take the change `number` back; who changed the same thing meanwhile is shown."""
    text = request.form.get("number", "")
    if not (text.isascii() and text.isdigit() and len(text) < 16):
        abort(400)
    back = request.form.get("back", "/")
    return changed(lambda who, _seen: revert(state(), who, int(text)), _("Back as before."), back=back)
