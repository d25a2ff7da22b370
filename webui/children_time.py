"""Daily shares of a child: about how long something may be used a day.

POST /children/lan/budgets   what=service:youtube, minutes=60, day=0..6
"""

from __future__ import annotations

from typing import Any

from flask import Blueprint, request, url_for
from werkzeug.wrappers import Response as Answer

from filterd.errors import ConfigError
from filterd.model.household import DAYS, Budget, Profile
from webui import words
from webui.change import changed
from webui.children_shown import field, form_number, known_choices, patch, patched, section
from webui.frame import profile_of
from webui.security import needs
from webui.words import gettext as _

page = Blueprint("shares", __name__)  # inside the children's own

MINUTES = range(5, 1441)


@page.post("/<ident>/budgets")
@needs("household")
def set_budget(ident: str) -> Answer:
    """Add a budget, or change the one with this `number`: what, minutes, on which days."""
    kind, _sep, value = field("what").partition(":")
    days = sorted({int(d) for d in request.form.getlist("day") if d in "0123456" and len(d) == 1})
    text, count = field("minutes"), 0
    if text.isascii() and text.isdigit() and len(text) < 5:
        count = int(text)
    number = form_number()
    profile_of(ident)

    def values(profile: Profile) -> dict[str, Any]:
        rows = [_document(b) for b in profile.budgets]
        if number is not None:
            if number >= len(rows):
                raise ConfigError("what: there is no such budget")
            row = rows[number]
        else:
            row = {"services": [value]} if kind == "service" else {"categories": [value]}
            known = known_choices().service(value) if kind == "service" else known_choices().category(value)
            if known is None:
                raise ConfigError("what: expected a service or a category")
            rows.append(row)
        if count not in MINUTES:
            raise ConfigError("minutes: expected 5 to 1440")
        if not days:
            raise ConfigError("days: expected at least one")
        row["minutes"] = count
        row.pop("days", None)
        if len(days) < 7:
            row["days"] = [DAYS[d] for d in days]
        return {"budgets": rows}

    def refused(error: ConfigError) -> str:
        said = {
            "what": _("Please choose a service or a category."),
            "minutes": _("A number of minutes from 5 to 1440, please."),
            "days": _("Please choose at least one day."),
        }
        key = str(error).partition(":")[0]
        return section(ident, "time", {key: said.get(key, _("That does not work like this"))}, whole=True)

    return changed(
        lambda who, seen: patched(who, seen, ident, values),
        _("About %(minutes)s a day.", minutes=words.minutes(count)), back=url_for("children.time", ident=ident),
        fragment=lambda: section(ident, "time"), on_error=refused,
    )  # fmt: skip


@page.post("/<ident>/budgets/remove")
@needs("household")
def remove_budget(ident: str) -> Answer:
    """Take a budget away."""
    number = form_number()

    def values(profile: Profile) -> dict[str, Any]:
        rows = [_document(b) for n, b in enumerate(profile.budgets) if n != number]
        if len(rows) == len(profile.budgets):
            raise ConfigError("budget: there is no such one")
        return {"budgets": rows or None}

    return patch(ident, values, _("The share is gone: no limit a day."), "time")


def _document(budget: Budget) -> dict[str, Any]:
    found: dict[str, Any] = {"minutes": budget.minutes}
    if budget.services:
        found["services"] = list(budget.services)
    if budget.categories:
        found["categories"] = list(budget.categories)
    if budget.days is not None:
        found["days"] = [DAYS[d] for d in sorted(budget.days)]
    return found
