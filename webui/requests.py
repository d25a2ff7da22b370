"""Requests of children: what waits, what was answered lately, and the answer in one tap.

From home an answer brings home's part back; here and without script the page. Who asks is bound to a profile; what is
given ends by itself, except "always" for a site or a service.

    POST /requests/r1   minutes=15 | today=1 | always=1 | no=1, note="Xong bài thì chơi nhé."
"""

from __future__ import annotations

import time

from flask import Blueprint, Response, abort, g, render_template, request, url_for
from werkzeug.wrappers import Response as Answer

from filterd.control import requests as asked
from filterd.control.change import Done
from filterd.control.requests import Request
from filterd.control.words import shown
from filterd.errors import ConfigError
from filterd.model.account import may
from filterd.model.change import Who
from webui import home, home_words, words
from webui.change import Fragment, answered, changed
from webui.frame import Toast, house, requests_of, state
from webui.security import needs
from webui.words import gettext as _

page = Blueprint("requests", __name__, url_prefix="/requests")

MINUTES = (15, 60)
LATELY = 40  # answered ones that are shown
MAX_NOTE = 200


@page.get("/")
def requests() -> str:
    """All that wait, and those that were answered lately."""
    found = requests_of()
    waiting = [r for r in found if r.state == "pending"]
    done = [r for r in found if r.state != "pending"]
    return render_template(
        "requests/requests.html", waiting=waiting, done=done[:LATELY], **_seen()
    )  # fmt: skip


@page.get("/<ident>")
def one(ident: str) -> str:
    """One of them: every answer there is, with a word to the child. A sheet, or a page of its own."""
    return render_template("requests/one.html", asked=_one(ident), **_seen())


@page.post("/<ident>")
@needs("household")
def answer(ident: str) -> Answer:
    """Answer one: for some minutes, for today, for always, or no."""
    found = _one(ident)
    yes, minutes = _chosen(found)
    note = request.form.get("note", "").strip()
    if found.state != "pending":
        return answered(Toast(_late(found)), back=_back(), fragment=_fragment())
    if len(note) > MAX_NOTE or not note.isprintable():
        error = _("One line of at most %(count)s letters, please.", count=MAX_NOTE)
        body = render_template("requests/one.html", asked=found, note=note, error=error, **_seen())
        return Response(body, 422)

    def use(who: Who, seen: int | None) -> Done:
        return asked.answer(state(), who, ident, yes, minutes=minutes, note=note, seen=seen)

    def refused(error: ConfigError) -> str:
        return render_template("refused.html", problems=error.problems, back=_back())

    return changed(use, _said(found, yes, minutes), back=_back(), fragment=_fragment(), on_error=refused)


# --- what is shown ---


def what(found: Request) -> str:
    """Return what was asked for, as people call it."""
    if found.value:
        return shown(found.scope, found.value, words.language())
    return {"talk": _("a talk"), "mistake": _("a page closed by mistake")}.get(found.kind, _("more time"))


def outcome(found: Request) -> str:
    """Return what became of a request that waits no more, in one sentence."""
    if found.state == "granted":
        return _("Yes, by %(who)s", who=found.by) if found.by else _("Yes")
    if found.state == "refused":
        return _("Not this time, by %(who)s", who=found.by) if found.by else _("Not this time")
    if found.state == "seen":
        return _("Seen by %(who)s", who=found.by) if found.by else _("Seen")
    if found.state == "expired":
        return _("The request ended at %(time)s", time=words.when(found.at + asked.EXPIRE_S))
    return _("Waits for an answer")


def _seen() -> dict[str, object]:
    at = time.time()
    return {
        "names": {p.id: p.name for p in house().profiles},
        "devices": {d.id: d.name for d in house().devices},
        "title": home_words.request_title,
        "what": what,
        "outcome": outcome,
        "minutes_of": MINUTES,
        "can_change": may(g.account.role, "household"),
        "midnight": home._midnight(at),
    }


def _said(found: Request, yes: bool, minutes: int | None) -> str:
    name = {p.id: p.name for p in house().profiles}.get(found.profile, found.profile)
    if not found.can_be_granted:
        return _("%(name)s is told that you have seen it.", name=name)
    if not yes:
        return _("%(name)s is told: not this time.", name=name)
    if minutes is None:
        return _("%(name)s may use %(what)s from now on.", name=name, what=what(found))
    until = words.when(time.time() + minutes * 60)
    if not found.value:
        return _("%(name)s has more time until %(time)s.", name=name, time=until)
    return _("%(name)s has %(what)s until %(time)s.", name=name, what=what(found), time=until)


def _late(found: Request) -> str:
    if found.state == "expired":
        return _("The request ended at %(time)s", time=words.when(found.at + asked.EXPIRE_S))
    return _("This was answered already: %(answer)s.", answer=outcome(found))


def _chosen(found: Request) -> tuple[bool, int | None]:
    form = request.form
    if not found.can_be_granted and not form.get("seen_it"):
        abort(422)  # there is nothing to open
    if form.get("no") or not found.can_be_granted:
        return False, MINUTES[0]
    if form.get("always"):
        if not found.value:
            abort(422)  # more time has an end
        return True, None
    if form.get("today"):
        at = time.time()
        return True, max(1, int((home._midnight(at) - at) // 60))
    text = form.get("minutes", "")
    if not (text.isascii() and text.isdigit() and len(text) < 4 and int(text) in MINUTES):
        abort(422)
    return True, int(text)


def _one(ident: str) -> Request:
    found = next((r for r in requests_of() if r.id == ident), None)
    if found is None:
        abort(404)
    return found


def _back() -> str:
    return url_for("requests.requests") if request.form.get("from") == "requests" else url_for("home.home")


def _fragment() -> Fragment | None:
    """Home's part, when it is what will be replaced."""
    return home._whole if request.headers.get("HX-Target") == "now" else None
