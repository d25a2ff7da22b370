"""What holds for all children of the house: how they call their parents, and whether harm opens by password alone.

POST /children/_all   parents=mẹ, confirm_harm=1
"""

from __future__ import annotations

from typing import Any

from flask import Blueprint, render_template, request, url_for
from werkzeug.wrappers import Response as Answer

from filterd.control import household as households
from filterd.control import profiles
from filterd.errors import ConfigError
from webui import words
from webui.change import changed
from webui.children_shown import field
from webui.frame import state
from webui.security import needs
from webui.words import gettext as _

page = Blueprint("house", __name__)  # inside the children's own

MAX_PARENTS = 24  # characters, as the household's file
CALLED = {  # what children call those who bring them up; anything else may be typed
    "vi": ("bố mẹ", "ba mẹ", "ba má", "mẹ", "bố", "ba", "má", "ông bà", "ông", "bà", "cô", "chú", "dì", "bác"),
    "en": ("Mum and Dad", "Mum", "Dad", "Grandma and Grandpa", "Grandma", "Grandpa", "Aunt", "Uncle"),
}


@page.get("/_all")  # no id of a child begins like this
@needs("household")
def house() -> str:
    """The form."""
    return _form()


@page.post("/_all")  # no id of a child begins like this
def save() -> Answer:
    """Keep both; an empty word is the language's own."""
    parents, confirm = " ".join(field("parents").split()), bool(request.form.get("confirm_harm"))
    if len(parents) > MAX_PARENTS or not all(c.isalpha() or c in " -'’." for c in parents):
        return Answer(_form({"parents": _("A word or two of letters, please, such as mẹ or ông bà.")}), 422)
    values: dict[str, Any] = {"parents": parents or None, "confirm_harm": confirm or None}

    def refused(error: ConfigError) -> str:
        return _form({"parents": str(error)})

    return changed(
        lambda who, seen: profiles.patch_household(state(), who, values, seen=seen),
        _("Saved."), back=url_for("children.children"), on_error=refused,
    )  # fmt: skip


def _form(errors: dict[str, str] | None = None) -> str:
    household, revision = households.read_stored(state())
    sent = request.method == "POST"
    return render_template(
        "children/house.html",
        parents=field("parents") if sent else household.parents,
        confirm=bool(request.form.get("confirm_harm")) if sent else household.confirm_harm,
        called=CALLED[words.language()], revision=request.form.get("seen") or revision, errors=errors or {},
    )  # fmt: skip
