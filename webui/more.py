"""More: the way to everything that has no place in the bar of a phone."""

from __future__ import annotations

from flask import Blueprint, g, render_template, url_for

from filterd.model.account import may
from webui.words import gettext as _

page = Blueprint("more", __name__)


@page.get("/more")
def more() -> str:
    """The list."""
    places = [
        ("reports.reports", _("Weekly report"), "book", "activity"),
        ("ask.ask", _("Ask the schedule"), "calendar", "look"),
        ("alerts.alerts", _("Alerts"), "bell", "activity"),
        ("province.province", _("The province"), "flag", "look"),
        ("system.system", _("System"), "sliders", "look"),
        ("account.account", _("Your account"), "person", "own"),
    ]
    shown = [
        {"url": url_for(endpoint), "text": text, "icon": sign, "key": endpoint.partition(".")[0]}
        for endpoint, text, sign, what in places
        if may(g.account.role, what)
    ]
    return render_template("more.html", places=shown)
