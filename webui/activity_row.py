"""One row of Activity, opened: why it is so, in at most four sentences, and the acts that fit.

What is done is done to a row by its id: no name travels in a form, so a masked one cannot leak or be forged.
"""

from __future__ import annotations

import time
from datetime import datetime
from typing import Any

from flask import Blueprint, abort, g, make_response, render_template, request, url_for
from werkzeug.wrappers import Response as Answer

from filterd.control import activity_acts, ask, moves, profiles
from filterd.control.activity import View
from filterd.control.change import Done
from filterd.control.feed_reports import MAX_REASON, NotQueued
from filterd.control.feed_status import feed_status
from filterd.control.moves import Whom
from filterd.control.words import shown
from filterd.errors import FilterdError
from filterd.model.account import may
from filterd.model.activity import Entry
from filterd.model.change import Who
from filterd.model.decision import Action, Row
from filterd.model.household import Scope
from webui import activity_rows as rows
from webui import province, province_words, words
from webui.activity_rows import Choice
from webui.change import answered, changed
from webui.frame import house, state
from webui.security import needs
from webui.words import gettext as _

page = Blueprint("row", __name__, url_prefix="/row")  # inside activity's own

MINUTES = 15


@page.get("/<int:ident>")
@needs("activity")
def why(ident: int) -> str:
    """Why a row is as it is: the fragment under it, or a page of its own."""
    entry = _entry(ident)
    found = panel(entry)
    if request.headers.get("HX-Request"):
        return render_template("activity/why.html", why=found)
    return render_template("activity/one.html", why=found, entry=entry, **around())


@page.post("/<int:ident>/allow")
@needs("household")
def allow(ident: int) -> Answer:
    """Open it for a quarter of an hour: the smallest grant that does."""
    entry = _entry(ident)
    scope, value = _answer(entry).grant
    if not scope:
        abort(422)
    until = words.clock(time.time() + MINUTES * 60)
    text = _("%(name)s may open it until %(time)s.", name=_child(entry), time=until)
    whom = _whom(entry)

    def use(who: Who, seen: int | None) -> Done:
        return moves.grant(state(), who, Scope(scope), whom, value=value, minutes=MINUTES, seen=seen)

    return _done(entry, use, text)


@page.post("/<int:ident>/always")
@needs("household")
def always(ident: int) -> Answer:
    """Let a child always open it."""
    entry = _named(ident)
    text = _("%(name)s may always open it.", name=_child(entry))
    return _done(
        entry, lambda who, seen: profiles.add_name(state(), who, entry.profile, "always", entry.name, seen=seen), text
    )


@page.post("/<int:ident>/block")
@needs("household")
def block(ident: int) -> Answer:
    """Block it for a child, or for everybody."""
    entry = _named(ident)
    if request.form.get("all"):
        return _done(
            entry, lambda who, seen: activity_acts.block_for_all(state(), who, entry.name, seen=seen),
            _("It is blocked for everybody now."),
        )  # fmt: skip
    return _done(
        entry, lambda who, seen: profiles.add_name(state(), who, entry.profile, "block", entry.name, seen=seen),
        _("It is blocked for %(name)s now.", name=_child(entry)),
    )  # fmt: skip


@page.get("/<int:ident>/hint")
@needs("activity")
def hint(ident: int) -> str:
    """How to be with a child after such a thing: calm, without blame; whom to call."""
    entry = _entry(ident)
    return render_template("activity/hint.html", child=_child(entry), harm=not entry.exact)


@page.get("/<int:ident>/report")
@needs("activity")
def report(ident: int) -> str:
    """A form for the province that looks after the list; the lines to copy, where none is followed."""
    return _report(_named(ident))


@page.post("/<int:ident>/report")
@needs("household")
def send_report(ident: int) -> Answer:
    """Queue a report about the row's site: its name, the category, a reason, and nothing of the row beside them."""
    entry = _named(ident)
    filled = {key: request.form.get(key, "").strip()[:500] for key in ("category", "reason")}
    try:
        province.queue(_wrong(entry), entry.matched or entry.name, filled["category"], filled["reason"])
    except NotQueued as error:
        return make_response(_report(entry, filled, province_words.problem(error)), 422)
    return answered(province.told(), back=url_for("province.province") + "#reports")


def _report(entry: Entry, filled: dict[str, str] | None = None, error: str = "") -> str:
    category = shown("category", entry.category, words.language()) if entry.category else ""
    return render_template(
        "activity/report.html", entry=entry, category=category, feed=feed_status(state()), kind=_wrong(entry),
        filled=filled or {"category": entry.category, "reason": ""}, error=error, can_send=may(g.account.role, "household"),
        categories=province.categories(words.language()), max_reason=MAX_REASON,
    )  # fmt: skip


def _wrong(entry: Entry) -> str:
    """Return what a report about a row says: blocked by mistake, or missed."""
    return "mistake" if entry.action is Action.BLOCK else "missed"


# --- what the templates show ---


def around() -> dict[str, Any]:
    household = house()
    return {
        "title": rows.title,
        "chip": rows.chip,
        "when_of": rows.hour_or_clock,
        "people": {p.id: p.name for p in household.profiles},
        "devices": {d.id: d.name for d in household.devices},
        "shown": shown,
    }


def panel(entry: Entry) -> dict[str, Any]:
    """Return what stands under an opened row."""
    try:
        answer: ask.Answer | None = _answer(entry)
    except (FilterdError, OSError):
        answer = None
    known = entry.profile in {p.id for p in house().profiles}
    changes = may(g.account.role, "household") and known
    buttons = answer.buttons if answer is not None else ()
    safe = ("ask", "hint", "call111", "report")
    return {
        "id": entry.id,
        "entry": entry,
        "child": _child(entry),
        "blocked": entry.action is Action.BLOCK,
        "sentences": answer.sentences(words.language()) if answer is not None else (),
        "buttons": [b for b in buttons if changes or b in safe],
        "week": url_for("week.week", profile=entry.profile) if known else "/",
        "rule": _rule_page(entry),
        "ask": _ask_page(entry),
    }


def _rule_page(entry: Entry) -> str:
    """Return the address of the place in a child's rules where this one is changed."""
    tab = {Row.NAME: "names", Row.SERVICE: "services", Row.BUDGET: "time"}.get(entry.row, "child")
    if entry.profile not in {p.id for p in house().profiles}:
        return url_for("children.children")
    return url_for(f"children.{tab}", ident=entry.profile)


def _ask_page(entry: Entry) -> str:
    """Return the address of the same question put to the schedule, at the row's own time."""
    moment = datetime.fromtimestamp(entry.at_ms / 1000, words.zone())
    who = f"device:{entry.device}" if entry.device else f"profile:{entry.profile}"
    named: dict[str, Any] = {"name": entry.name} if entry.name else {}
    return url_for("ask.ask", who=who, **named, day=moment.date().isoformat(), at=f"{moment.hour}:{moment.minute:02d}")


def _answer(entry: Entry) -> ask.Answer:
    return ask.explain_row(state(), entry)


def _entry(ident: int) -> Entry:
    found = rows.find(state(), ident, View.of(house()))
    if found is None:
        abort(404)
    return found


def _named(ident: int) -> Entry:
    entry = _entry(ident)
    if not entry.name:
        abort(422)
    return entry


def _child(entry: Entry) -> str:
    return next((p.name for p in house().profiles if p.id == entry.profile), entry.profile)


def _whom(entry: Entry) -> Whom:
    return Whom(profile=entry.profile)


def _done(entry: Entry, use: Any, text: str) -> Answer:
    today = entry.action is Action.BLOCK and entry.at_ms >= Choice().since(time.time(), words.zone())
    back = url_for("activity.activity", open=entry.id) if today else url_for("activity.row.why", ident=entry.id)
    return changed(
        use, text, back=back, fragment=lambda: render_template("activity/why.html", why=panel(entry), done=text)
    )
