"""Delete from the log: whose is chosen on a page of its own, a word is typed, and it is gone from the disk.

There is no Undo: that is the point. The word is the language's own, any case, with or without its marks.
"""

from __future__ import annotations

import unicodedata
from typing import Any

from flask import Blueprint, render_template, request, url_for
from werkzeug.wrappers import Response as Answer

from filterd.control.retention import delete as forget
from filterd.errors import FilterdError
from webui.change import answered, who
from webui.frame import Toast, house, state
from webui.security import needs
from webui.words import gettext as _
from webui.words import ngettext

page = Blueprint("delete", __name__, url_prefix="/delete")  # inside activity's own


@page.get("/")
@needs("household")
def ask() -> str:
    """The form."""
    return _form("", "")


@page.post("/")
@needs("household")
def delete() -> Any:
    """Delete, when the word was typed."""
    whose = request.form.get("whose", "")
    kind, _colon, ident = whose.partition(":")
    known = {"profile": {p.id for p in house().profiles}, "device": {d.id for d in house().devices}}
    if whose != "all" and ident not in known.get(kind, ()):
        return _form(whose, _("Say whose, please.")), 422
    if plain(request.form.get("word", "")) != plain(confirmation()):
        return _form(whose, _("The word is not right; nothing was deleted.")), 422
    try:
        done = forget(
            state(), everything=whose == "all", profile=ident if kind == "profile" else "",
            device=ident if kind == "device" else "", who=who(),
        )  # fmt: skip
    except FilterdError:
        return _form(whose, _("That could not be deleted now. Try once more in a minute.")), 422
    text = ngettext("%(num)s question is forgotten for good.", "%(num)s questions are forgotten for good.", done.events)
    back: Answer = answered(Toast(text), back=url_for("activity.activity"))
    return back


def confirmation() -> str:
    """Return the word to type."""
    return str(_("DELETE"))


def plain(text: str) -> str:
    """Return a word without marks and capitals: a phone's keyboard may have neither."""
    return unicodedata.normalize("NFD", text.strip().casefold()).encode("ascii", "ignore").decode()


def _form(whose: str, error: str) -> str:
    household = house()
    return render_template(
        "activity/delete.html", whose=whose, error=error, word=confirmation(),
        people={p.id: p.name for p in household.profiles}, devices={d.id: d.name for d in household.devices},
    )  # fmt: skip
