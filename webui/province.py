"""The province: how its feed stands, what it warns of, this box's reports and what became of them, cards to talk about.

Nothing is sent from here: a report waits on the box, and the manager's child sends it.

    POST /province/report   kind=missed, name=casino.example, category=gambling, reason=...
    POST /province/advisories/2026-11-gia-mao/read          POST /province/notes   wanted=0
"""

from __future__ import annotations

import time

from flask import Blueprint, Response, abort, g, render_template, request, url_for
from werkzeug.wrappers import Response as Answer

from filterd.control import feed_reports, notices
from filterd.control.choices import choices_of
from filterd.control.feed_status import feed_status
from filterd.control.feed_words import sentence
from filterd.errors import ConfigError, FilterdError, StoreError
from filterd.model.account import may
from filterd.model.notice import Audience, Outcome, Report, ReportKind, Verdict
from webui import province_words, words
from webui.change import Fragment, answered
from webui.frame import Toast, state
from webui.security import needs
from webui.words import gettext as _

page = Blueprint("province", __name__, url_prefix="/province")

SHOWN = 12  # reports on the page; all of them with `filterd report list`
FOR = (Audience.PARENT, Audience.TEACHER, Audience.CHILD)


@page.get("/")
def province() -> str:
    """The page."""
    return _page()


@page.post("/look")
@needs("lists")
def look() -> Answer:
    """Have the feed looked at now: the manager does it."""
    from filterd.control.feed_job import ask_look

    ask_look(state())
    return answered(Toast(_("The province is asked in a moment.")), back=url_for("province.province"))


@page.post("/report")
@needs("household")
def report() -> Answer:
    """Queue a report from the form."""
    form = request.form
    filled = {key: form.get(key, "").strip()[:500] for key in ("kind", "name", "category", "reason")}
    if filled["kind"] not in list(ReportKind):
        abort(422)
    try:
        queue(filled["kind"], filled["name"], filled["category"], filled["reason"])
    except feed_reports.NotQueued as error:
        return Response(_page(filled=filled, error=province_words.problem(error)), 422)
    return answered(told(), back=url_for("province.province") + "#reports")


@page.post("/report/<int:number>/take-back")
@needs("household")
def take_back(number: int) -> Answer:
    """Forget a report that has not left yet."""
    gone = feed_reports.take_back(state(), number)
    text = _("The report is taken back; nothing was sent.") if gone else _("The report has left already.")
    return answered(Toast(text), back=url_for("province.province") + "#reports")


@page.post("/advisories/<ident>/read")
@needs("household")
def read(ident: str) -> Answer:
    """Dismiss an advisory: it leaves the first page and stays here."""
    try:
        notices.dismiss(state(), ident)
    except ConfigError:
        abort(404)
    fragment: Fragment = lambda: render_template("home/province.html", advisory=current(), can_dismiss=True)  # noqa: E731
    return answered(Toast(_("Read. It stays on the province's page.")), back=url_for("home.home"), fragment=fragment)


@page.post("/advisories/<ident>/recall")
@needs("household")
def recall(ident: str) -> Answer:
    """Take a dismissal back."""
    notices.recall(state(), ident[:200])
    return answered(Toast(_("It stands on the first page again.")), back=url_for("province.province"))


@page.post("/notes")
@needs("household")
def notes() -> Answer:
    """Show advisories on the first page, or not."""
    wanted = request.form.get("wanted") == "1"
    notices.want(state(), wanted)
    text = _("Warnings are shown on the first page.") if wanted else _("Warnings are shown on this page only.")
    return answered(Toast(text), back=url_for("province.province"))


# --- what other pages use ---


def queue(kind: str, name: str, category: str, reason: str) -> Report:
    """Queue a report as the person who is logged in. Raises NotQueued, StoreError."""
    if not may(g.account.role, "household"):
        abort(403)
    return feed_reports.report(state(), ReportKind(kind), name, category, reason)


def told() -> Toast:
    """Return what is said after a report."""
    return Toast(_("Noted. It is sent as soon as there is a connection, and the answer comes to the province's page."))


def current() -> object:
    """Return the advisory for the first page; None when there is none, or it cannot be read."""
    try:
        return notices.current(state())
    except (FilterdError, OSError):
        return None


def categories(language: str) -> list[tuple[str, str]]:
    """Return the categories that a report may name, by name: abuse has other places to be reported at."""
    known = choices_of(language).categories
    return sorted(((c.id, c.name) for c in known if c.id not in feed_reports.HELP_ELSEWHERE), key=lambda pair: pair[1])


# --- what is shown ---


def _page(filled: dict[str, str] | None = None, error: str = "") -> str:
    language = words.language()
    wanted_for = request.args.get("for", "")
    audience = Audience(wanted_for) if wanted_for in list(Audience) else Audience.PARENT
    try:
        mine, problem = feed_reports.mine(state()), feed_reports.load(state()).problem
    except StoreError:
        mine, problem = (), _("The reports on this box cannot be read.")
    return render_template(
        "province/province.html", feed=feed_status(state()), refusal=sentence, chosen=notices.choice(state()),
        advisories=notices.advisories(state()), reports=mine[:SHOWN], outcome=_outcome, problem=problem, not_sent=province_words.not_sent,
        waiting=any(one.state == "waiting" for one, _found in mine), cards=notices.cards(state(), audience),
        audience=audience, audiences=[(one, _audience(one)) for one in FOR], categories=categories(language),
        filled=filled or {"kind": "missed", "name": "", "category": "", "reason": ""}, error=error,
        can_change=may(g.account.role, "household"), can_look=may(g.account.role, "lists"), max_reason=feed_reports.MAX_REASON,
    )  # fmt: skip


def _outcome(one: Report, found: Outcome | None) -> tuple[str, str, str, str]:
    """Return class, icon, words and the office's note for how a report stands."""
    if found is not None:
        note = found.note.of(words.language())
        day = words.day(_noon(found.date))
        if found.verdict is Verdict.ACCEPTED:
            return "ok", "check", _("Accepted on %(date)s", date=day), note
        return "", "minus", _("Looked at on %(date)s; it stays as it is", date=day), note
    if one.state == "sent":
        return "", "clock", _("Sent on %(date)s, the answer is on its way", date=words.day(one.sent_at or one.at)), ""
    if one.state == "refused":
        return "warn", "alert", _("The office did not take it"), ""
    return "", "send", _("Waits to be sent"), ""


def _audience(one: Audience) -> str:
    return {
        Audience.PARENT: _("For parents"), Audience.TEACHER: _("For teachers"), Audience.CHILD: _("For children"),
    }[one]  # fmt: skip


def _noon(day: str) -> float:
    """Return a moment of a day, so that no zone makes another day of it."""
    return time.mktime(time.strptime(f"{day} 12", "%Y-%m-%d %H"))
