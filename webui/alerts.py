"""Alerts: what a parent should hear of, what somebody has seen already, and the ways by which it leaves the house.

Nothing leaves unless a parent sets a way; names stay out of messages unless that is switched on. Secrets are never shown
again: a way is set anew as a whole, or switched off. Every setting is a change with Undo.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask import Blueprint, abort, g, make_response, render_template, request, url_for
from werkzeug.wrappers import Response as Answer

from filterd.control.alerts_rows import list_alerts, mark_seen
from filterd.control.alerts_settings import set_settings
from filterd.control.alerts_settings import settings as settings_of
from filterd.control.alerts_settings import shown as shown_of
from filterd.control.alerts_text import people_of, say
from filterd.control.deliver import Tested, test_delivery
from filterd.errors import ConfigError, FilterdError
from filterd.model.account import may
from filterd.model.alert import CHANNELS, HARM_KINDS, UNSEEN, Alert, AlertKind
from webui import words
from webui.change import answered, changed, who
from webui.frame import Toast, house, state
from webui.security import needs
from webui.words import gettext as _
from webui.words import ngettext

page = Blueprint("alerts", __name__, url_prefix="/alerts")

ROWS = 30
TEST_S = 12.0  # a person waits for each way
QUIET = ("22:00", "06:00")  # what the form proposes
_FIELDS = {
    "webhook": ("url", "secret"),
    "ntfy": ("server", "topic", "token"),
    "email": ("host", "port", "tls", "user", "password", "from", "to"),
}
_MAX_FIELD = 1000


@page.get("/")
@needs("activity")
def alerts() -> str:
    """The list, newest first."""
    before = request.args.get("before", "")
    found = list_alerts(
        state(), limit=ROWS + 1, before=int(before) if before.isascii() and before.isdigit() and len(before) < 16 else None
    )  # fmt: skip
    return render_template(
        "alerts/alerts.html", alerts=[_said(a) for a in found[:ROWS]], older=found[ROWS - 1].id if len(found) > ROWS else 0,
        first=not before, may_change=may(g.account.role, "household"), any_new=any(a.state in UNSEEN for a in found[:ROWS]),
        channels=settings_of(state()).channels,
    )  # fmt: skip


@page.post("/seen")
@needs("household")
def seen() -> Answer:
    """Note that somebody has seen one alert, or all of them."""
    text = request.form.get("alert", "")
    idents = [int(text)] if text.isascii() and text.isdigit() and len(text) < 16 else None
    if text and idents is None:
        abort(422)
    try:
        count = mark_seen(state(), who(), idents)
    except ConfigError:
        return answered(Toast(_("This alert is gone already.")), back=url_for("alerts.alerts"))
    return answered(
        Toast(ngettext("%(num)s alert is seen.", "%(num)s alerts are seen.", count)), back=url_for("alerts.alerts")
    )


@page.get("/settings")
@needs("household")
def settings() -> str:
    """What is sent, where to."""
    return _form()


@page.post("/settings")
@needs("household")
def save() -> Answer:
    """Which kinds, with or without names, and when to be quiet."""
    known = {kind.value for kind in AlertKind}
    patch: dict[str, Any] = {
        "kinds": [k for k in request.form.getlist("kind") if k in known],
        "names": bool(request.form.get("names")),
        "quiet": f"{_field('from')}-{_field('to')}" if request.form.get("quiet") else None,
    }
    return _set(patch, _("Alerts: saved."), "quiet")


@page.post("/settings/<channel>")
@needs("household")
def channel(channel: str) -> Answer:
    """Set a way anew, or switch it off."""
    if channel not in CHANNELS:
        abort(404)
    if request.form.get("off"):
        return _set({channel: None}, _("%(way)s is off.", way=ways()[channel]), channel)
    given: dict[str, Any] = {key: _field(key) for key in _FIELDS[channel] if _field(key)}
    if "to" in given:
        given["to"] = [one.strip() for one in given["to"].replace(";", ",").split(",") if one.strip()]
    return _set({channel: given}, _("%(way)s is set.", way=ways()[channel]), channel)


@page.post("/test")
@needs("household")
def test() -> Answer:
    """Send a test message by every way now, and say what became of it."""
    results: list[Tested] = []
    problem = ""
    try:
        results = test_delivery(state(), attempt_s=TEST_S)
    except FilterdError:
        problem = _("No way is set yet: nothing can be sent.")
    body = render_template("alerts/tested.html", results=results, problem=problem, ways=ways())
    return make_response(body if request.headers.get("HX-Request") else _form(tested=body))


# --- words ---


def ways() -> dict[str, str]:
    """Return what the ways are called."""
    return {"webhook": _("Webhook"), "ntfy": _("Push (ntfy)"), "email": _("E-mail")}


def kinds() -> dict[str, str]:
    """Return what each kind of alert is about."""
    return {
        "harm_first": _("A harmful category is met for the first time on a day"),
        "harm_burst": _("Many blocked attempts of harmful categories within minutes"),
        "new_device": _("A device that was never here before"),
        "stale_lists": _("A list has not been renewed for long"),
        "rules_loosened": _("Somebody loosened a rule"),
        "bypass": _("A device goes round the filter"),
        "child_talks": _("A child needs to talk"),
    }


_WRONG = {
    "webhook.url": "url", "ntfy.server": "server", "ntfy.topic": "topic", "email.host": "host", "email.port": "port",
    "email.tls": "tls", "email.to": "to", "email.from": "from", "email": "user", "quiet": "quiet",
}  # fmt: skip


def wrong(problem: str) -> tuple[str, str]:
    """Return field and sentence for what a use case refused; the address itself is never repeated."""
    key = problem.partition(":")[0]
    field = _WRONG.get(key, "")
    sentences = {
        "url": _("An address such as https://example.org/… please; without encryption only inside the home."),
        "server": _("An address such as https://ntfy.sh please; without encryption only inside the home."),
        "topic": _("1 to 64 letters, digits, - and _. Choose one that nobody guesses."),
        "host": _("The name of a mail server, such as smtp.example.org, please."),
        "port": _("A number from 1 to 65535, please."),
        "tls": _("Without encryption only a server inside the home works."),
        "to": _("1 to 10 addresses such as me@example.org, please."),
        "from": _("An address such as me@example.org, please."),
        "user": _("User and password together, or neither."),
        "quiet": _("Two different times such as 22:00 and 6:00, please."),
    }
    return field, sentences.get(field, _("That could not be saved. Look at the fields once more."))


def _said(alert: Alert) -> dict[str, Any]:
    title, body = say(alert, words.language(), people_of(house(), alert))
    return {
        "id": alert.id, "title": title, "lines": body.split("\n"), "at": alert.last_at_ms / 1000,
        "new": alert.state in UNSEEN, "harm": alert.kind in HARM_KINDS, "seen_by": str(alert.detail.get("seen_by", "")),
        "sign": _SIGNS[alert.kind], "undelivered": [ways().get(c, c) for c in alert.undelivered],
        "profile": alert.profile, "hour_only": alert.detail.get("category") == "abuse",
    }  # fmt: skip


_SIGNS = {
    AlertKind.HARM_FIRST: "heart",
    AlertKind.HARM_BURST: "heart",
    AlertKind.NEW_DEVICE: "phone",
    AlertKind.STALE_LISTS: "list",
    AlertKind.RULES_LOOSENED: "key",
    AlertKind.BYPASS: "alert",
    AlertKind.CHILD_TALKS: "ask",
}


def _set(patch: Mapping[str, Any], text: str, part: str) -> Answer:
    def again(error: ConfigError) -> str:
        return _form(part=part, error=wrong(error.problems[0] if error.problems else str(error)))

    return changed(
        lambda by, revision: set_settings(state(), by, patch, seen=revision), text,
        back=url_for("alerts.settings"), on_error=again,
    )  # fmt: skip


def _form(part: str = "", error: tuple[str, str] = ("", ""), tested: str = "") -> str:
    found = shown_of(settings_of(state()))
    start, _dash, end = (found["quiet"] or "-".join(QUIET)).partition("-")
    typed = {
        key: _field(key) for key in ("server", "host", "port", "tls", "user", "from", "to", "topic") if part in _FIELDS
    }
    return render_template(
        "alerts/settings.html", found=found, kinds=kinds(), ways=ways(), start=start, end=end, part=part, field=error[0],
        sentence=error[1], typed=typed, tested=tested,
    )  # fmt: skip


def _field(name: str) -> str:
    return request.form.get(name, "").strip()[:_MAX_FIELD]
