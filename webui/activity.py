"""Activity: what was blocked, newest first, why, and the buttons that fit; how much of it by hour; the log as a file.

The list is one page of rows with a cursor; sums come from the log's roll-ups, never from counting rows. A row opens in
place (or as `?open=` without script).
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import datetime
from typing import Any

from flask import Blueprint, Response, abort, g, render_template, request

from filterd.control.activity import View
from filterd.control.activity_export import export
from filterd.control.entry_values import document
from filterd.control.words import shown
from filterd.errors import ConfigError, FilterdError
from filterd.model.account import may
from filterd.model.activity import Filter, Stats
from webui import activity_delete, activity_row, words
from webui import activity_rows as rows
from webui.activity_rows import Choice
from webui.activity_sums import Sums, sums_of
from webui.frame import house, state
from webui.security import needs
from webui.words import gettext as _

page = Blueprint("activity", __name__, url_prefix="/activity")
page.register_blueprint(activity_delete.page)
page.register_blueprint(activity_row.page)

MAX_MENU = 12  # entries of a menu of categories or services
_ID_DIGITS = 19


@page.get("/")
@needs("activity")
def activity() -> str:
    """The page."""
    choice = _choice()
    found, problem = _rows(choice, request.args.get("older", "")[:64])
    opened = _ident(request.args.get("open", ""))
    entry = next((f.entry for f in found.folds if f.entry.id == opened), None) if found else None
    return render_template(
        "activity/activity.html", **_around(choice), rows=found, problem=problem, first=not request.args.get("older"),
        opened=activity_row.panel(entry) if entry is not None else None,
    )  # fmt: skip


@page.get("/new")
@needs("activity")
def new() -> str:
    """How many rows are newer than those on the page; they wait behind a button and shift nothing."""
    choice, after = _choice(), _ident(request.args.get("after", ""))
    found, _problem = _rows(choice, "")
    fresh = 0 if found is None else sum(f.entry.id > after for f in found.folds)
    return render_template("activity/new.html", fresh=fresh, choice=choice, more=fresh >= rows.ROWS)


@page.get("/chart")
@needs("activity")
def chart() -> str:
    """The chart, for polling."""
    return render_template("activity/chart.html", choice=_choice(), sums=_sums(_choice(), names=False))


@page.get("/top")
@needs("activity")
def top() -> str:
    """The top lists, for polling."""
    return render_template("activity/top.html", choice=_choice(), sums=_sums(_choice()), whole=True)


@page.get("/export")
@needs("activity")
def file() -> Response:
    """The log as a file, in pieces, as the household's masks let it be seen."""
    form = request.args.get("form", "csv")
    if form not in ("csv", "json"):
        abort(404)
    household = house()
    view = View.of(household)
    choice = _choice()
    wanted = choice.wanted(time.time(), words.zone()) if request.args.get("part") else Filter()
    pieces = export(state(), wanted, form, view=view, document=document)  # type: ignore[arg-type]
    first = next(pieces, "")  # what is wrong with the store is known before the answer begins

    def body() -> Iterator[str]:
        yield first
        yield from pieces

    kind = "text/csv" if form == "csv" else "application/json"
    day = datetime.now(words.zone()).date().isoformat()
    return Response(
        body(), mimetype=kind,
        headers={"Content-Disposition": f'attachment; filename="filterd-activity-{day}.{form}"'},
    )  # fmt: skip


# --- what the templates show ---


def _choice() -> Choice:
    return Choice.of(request.args, house())


def _rows(choice: Choice, older: str) -> tuple[rows.Rows | None, str]:
    try:
        wanted = choice.wanted(time.time(), words.zone())
    except ConfigError:
        return None, _("That is no site's name. Letters or a name such as example.com, please.")
    try:
        return rows.fold(state(), wanted, View.of(house()), older=older), ""
    except ConfigError:
        return rows.fold(state(), wanted, View.of(house())), ""


def _sums(choice: Choice, *, names: bool = True) -> Sums | None:
    try:
        return sums_of(state(), choice, house(), time.time(), names=names)
    except (FilterdError, OSError):
        return None


def _around(choice: Choice) -> dict[str, Any]:
    household = house()
    sums = _sums(choice, names=choice.days == 1)  # those of a week come a moment later
    hidden = [p.name for p in household.profiles if p.parent_sees == "categories"]
    return {
        **activity_row.around(),
        "choice": choice,
        "sums": sums,
        "children": household.profiles,
        "categories": _menu(sums.stats if sums else None, "categories", choice.category),
        "services": _menu(sums.stats if sums else None, "services", choice.service),
        "privacy": household.privacy,
        "hidden": hidden,
        "may_change": may(g.account.role, "household"),
        "since": choice.since(time.time(), words.zone()) / 1000,
    }


def _menu(found: Stats | None, part: str, chosen: str) -> list[tuple[str, str]]:
    """Return the categories or services that were asked for lately: id and name."""
    scope = "category" if part == "categories" else "service"
    idents = [ident for ident, _count in getattr(found, part)[:MAX_MENU]] if found else []
    if chosen and chosen not in idents:
        idents.append(chosen)
    return [(ident, shown(scope, ident, words.language())) for ident in idents]


def _ident(text: str) -> int:
    return int(text) if text.isascii() and text.isdigit() and len(text) <= _ID_DIGITS else 0
