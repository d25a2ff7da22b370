"""Home: is everybody protected, does anybody want something, what is each child doing; and one tap for what changes daily.

The whole page is one fragment that is asked for again every ten seconds; a tap brings the touched card back.
"""

from __future__ import annotations

import hashlib
import time
from datetime import datetime, timedelta

from flask import Blueprint, Response, abort, g, jsonify, make_response, render_template, request, url_for
from jinja2 import pass_context
from jinja2.runtime import Context
from werkzeug.wrappers import Response as Answer

from filterd.control import moves, moves_many, now, truth
from filterd.control.budgets_status import BudgetStatus
from filterd.control.change import Done
from filterd.control.moves import Whom
from filterd.control.words import shown, shown_all
from filterd.errors import FilterdError
from filterd.model.account import may
from filterd.model.change import Who
from filterd.model.household import Scope
from filterd.model.now import Check, Outlook, ProfileNow
from webui import bypass, province, words
from webui.change import changed
from webui.devices_seen import new_count
from webui.frame import house, people_now, profile_of, state
from webui.security import needs
from webui.words import gettext as _
from webui.words import ngettext

page = Blueprint("home", __name__)

EXTRAS = (15, 30)
PAUSES = (15, 30, 60)  # minutes; "until midnight" beside them
MEAL_MINUTES = 30
OPEN_MINUTES = 60  # of hours that have no end in sight
MAX_SHOWN = 40  # cards on one page


@page.get("/")
def home() -> Answer:
    """The page."""
    return _rested(render_template("home/home.html", **_seen()))


@page.get("/home/now")
def fragment() -> Answer:
    """The part that changes, for polling: 304 when nothing did."""
    return _rested(render_template("home/now.html", **_seen()))


@page.get("/healthz")
def healthz() -> Response:
    """200 whenever the page itself works, whatever DNS does: its own watchdog asks this."""
    return jsonify(page=True)


@page.post("/home/off/<profile>")
def off(profile: str) -> Answer:
    """Switch a child off until it is switched on again."""
    return _move(
        profile,
        lambda who, seen: moves.off(state(), who, Whom(profile=profile), seen=seen),
        _("%(name)s is off now.", name=_name(profile)),
        "switch",
    )


@page.post("/home/on/<profile>")
def on(profile: str) -> Answer:
    """Switch a child on again: end the off, or open the hours of the week until they end by themselves."""
    child = _child(profile)

    def use(who: Who, seen: int | None) -> Done:
        if child.reason == "off":
            return moves.on(state(), who, Whom(profile=profile), seen=seen)
        until = child.until if child.until is not None else time.time() + OPEN_MINUTES * 60
        return moves.grant(state(), who, Scope.TIME, Whom(profile=profile), until=until, seen=seen, verb="bonus")

    what = "switch" if child.reason == "off" else "household"
    return _move(profile, use, _("%(name)s is on again.", name=child.name), what)


@page.post("/home/plus/<profile>")
@needs("household")
def plus(profile: str) -> Answer:
    """Some minutes more: opens, or moves the next off back."""
    count = _minutes(EXTRAS)
    text = ngettext(
        "%(name)s has %(num)s more minute.", "%(name)s has %(num)s more minutes.", count, name=_name(profile)
    )

    def use(who: Who, seen: int | None) -> Done:
        if _child(profile).extra(count).act == "nothing":  # no off to move, but a budget that is used up opens
            return moves.bonus(state(), who, Whom(profile=profile), count, seen=seen)
        return now.plus(state(), who, profile, count, seen=seen)

    return _move(profile, use, text)


@page.get("/home/pause/<profile>")
@needs("household")
def pause_choice(profile: str) -> str:
    """For how long the filter shall rest; a sheet, or a page of its own."""
    _name(profile)
    at = time.time()
    ends = [(count, at + count * 60) for count in PAUSES]
    midnight = _midnight(at)
    if midnight - at > PAUSES[-1] * 60:
        ends.append((int((midnight - at) // 60), midnight))
    return render_template("home/pause.html", profile=profile, name=_name(profile), ends=ends)


@page.post("/home/pause/<profile>")
@needs("household")
def pause(profile: str) -> Answer:
    """Pause the filter for a while."""
    count = _minutes(range(1, moves.MAX_PAUSE_MINUTES + 1))
    until = words.clock(time.time() + count * 60)
    text = _("The filter rests for %(name)s until %(time)s.", name=_name(profile), time=until)
    return _move(profile, lambda who, seen: moves.pause(state(), who, Whom(profile=profile), count, seen=seen), text)


@page.post("/home/filter/<profile>")
@needs("household")
def filter_again(profile: str) -> Answer:
    """End a pause before its time."""
    return _move(
        profile,
        lambda who, seen: moves_many.resume(state(), who, Whom(profile=profile), seen=seen),
        _("The filter works again for %(name)s.", name=_name(profile)),
    )


@page.post("/home/meal")
def meal() -> Answer:
    """Dinner: all children are off for half an hour."""
    return _children_off(
        MEAL_MINUTES, _("Meal: all children are off for %(minutes)s.", minutes=words.minutes(MEAL_MINUTES))
    )


@page.post("/home/all-off")
def all_off() -> Answer:
    """All children are off."""
    return _children_off(None, _("All children are off now."))


@page.get("/home/no-school")
@needs("windows")
def no_school_choice() -> str:
    """Who has no school tomorrow: all children are chosen already."""
    day = datetime.fromtimestamp(time.time(), words.zone()).date() + timedelta(days=1)
    return render_template("home/no_school.html", children=_children(), day=day)


@page.post("/home/no-school")
@needs("windows")
def no_school() -> Answer:
    """Tomorrow the week's windows do not begin."""
    day = datetime.fromtimestamp(time.time(), words.zone()).date() + timedelta(days=1)
    known = {p.id for p in house().profiles}
    chosen = [ident for ident in request.form.getlist("profile") if ident in known]
    if not chosen:
        abort(422)
    return changed(
        lambda who, seen: moves_many.tomorrow_off_for(state(), who, chosen, day, seen=seen),
        _("No school tomorrow: the week's hours do not begin on %(day)s.", day=words.date_text(day)),
        back=url_for("home.home"), fragment=_whole, what="windows",
    )  # fmt: skip


# --- what the templates show ---


def _seen() -> dict[str, object]:
    """Return what the whole page needs."""
    values = _cards()
    outlook = values["outlook"]
    return {
        **values,
        "truth": truth.truth(state()),
        "check_text": check_text,
        "advisory": province.current(),
        "new_devices": new_count(house()) if outlook and may(g.account.role, "household") else 0,
        "can_dismiss": may(g.account.role, "household"),
        "wrong": wrong,
        "request_title": request_title,
        "names": {p.id: p.name for p in house().profiles} if outlook else {},
        "strips": strips(outlook) if isinstance(outlook, Outlook) else [],
    }


def _cards() -> dict[str, object]:
    """Return what the children's cards need: a tap brings back no more."""
    try:
        outlook: Outlook | None = people_now()
    except (FilterdError, OSError):
        outlook = None
    return {
        "outlook": outlook,
        "children": [p for p in outlook.profiles if p.switchable][:MAX_SHOWN] if outlook else [],
        "sentence": sentence,
        "chip": chip,
        "plus_label": plus_label,
        "budget_of": budget_of,
        "shown_all": shown_all,
        "extras": EXTRAS,
        "can_switch": may(g.account.role, "switch"),
        "can_change": may(g.account.role, "household"),
    }


def chip(child: ProfileNow) -> tuple[str, str, str]:
    """Return class, words and icon of a child's state."""
    if child.kind == "off":
        text = _("Off until %(time)s", time=words.when(child.until)) if child.until else _("Off")
        return "off", text, "moon"
    if child.kind == "paused":
        return "paused", _("Filter paused"), "pause"
    if child.kind == "only":
        return "only", _("Only chosen sites"), "book"
    return "on", _("On"), "sun"


def sentence(child: ProfileNow) -> str:
    """Return one sentence: until when, what then, who did it."""
    until = words.when(child.until) if child.until else ""
    if child.kind == "off" and child.reason == "off":
        start = words.when(child.since) if child.since else ""
        if child.by and until:
            return _(
                "%(who)s switched it off at %(time)s; on again at %(until)s", who=child.by, time=start, until=until
            )
        if child.by and start:
            return _("%(who)s switched it off at %(time)s, until it is switched on again", who=child.by, time=start)
        return _("On again at %(time)s", time=until) if until else _("Off until it is switched on again")
    if child.kind == "off":
        return _("By the week's hours, on again at %(time)s", time=until) if until else _("By the week's hours")
    if child.kind == "paused":
        return _("Filters again at %(time)s", time=until) if until else _("The filter is paused")
    if child.kind == "only":
        return _("Only the chosen sites until %(time)s", time=until) if until else _("Only the chosen sites")
    then = child.then
    if child.until is None or then is None:
        return _("On, nothing is planned")
    if then.kind == "off":
        if then.end:
            return _("On until %(time)s, then off until %(until)s", time=until, until=words.when(then.end))
        return _("On until %(time)s, then off", time=until)
    if then.kind == "only":
        return _("On until %(time)s, then only the chosen sites", time=until)
    return _("On until %(time)s", time=until)


def plus_label(child: ProfileNow, count: int) -> str:
    """Return what a button of more minutes will do, for a screen reader."""
    return f"+{words.minutes(count)}: {_plus_words(child, count)}"  # what is seen comes first, so that it can be spoken


def _plus_words(child: ProfileNow, count: int) -> str:
    extra = child.extra(count)
    end = words.when(extra.until) if extra.until else ""
    if extra.act == "opens":
        if end:
            return ngettext(
                "On for %(name)s for %(num)s minute, off at %(time)s",
                "On for %(name)s for %(num)s minutes, off at %(time)s",
                count,
                name=child.name,
                time=end,
            )
        return ngettext(
            "On for %(name)s for %(num)s minute", "On for %(name)s for %(num)s minutes", count, name=child.name
        )
    if end:
        return ngettext(
            "%(num)s more minute for %(name)s, off at %(time)s",
            "%(num)s more minutes for %(name)s, off at %(time)s",
            count,
            name=child.name,
            time=end,
        )
    return ngettext("%(num)s more minute for %(name)s", "%(num)s more minutes for %(name)s", count, name=child.name)


def budget_of(child: ProfileNow) -> object:
    """Return the budget that is nearest to its end, or None."""
    today = [b for b in child.budgets if b.today]
    return min(today, key=lambda b: b.minutes - b.used, default=None)


@page.app_template_filter("budget_text")
@pass_context
def budget_text(_context: Context, budget: BudgetStatus) -> str:
    """Return how far a budget is used, in the reader's language; never finer than the box can tell."""
    if not budget.today:
        return _("no limit today")
    used = min(budget.used, budget.minutes)
    return ngettext("about %(used)s of %(num)s minute", "about %(used)s of %(num)s minutes", budget.minutes, used=used)


def strips(outlook: Outlook) -> list[tuple[ProfileNow, list[dict[str, object]], float, float]]:
    """Return for each child the pieces from now until tomorrow morning, in thousandths of the strip's length."""
    found = []
    start, end = outlook.at, now.morning(outlook.at, words.zone())  # type: ignore[arg-type]
    try:
        pieces = now.strips(state(), outlook.at)
    except (FilterdError, OSError):
        return []
    for child in outlook.profiles:
        if child.switchable:
            drawn = [
                {
                    "x": round((max(p.start or start, start) - start) / (end - start) * 1000),
                    "width": max(
                        round((min(p.end or end, end) - max(p.start or start, start)) / (end - start) * 1000), 1
                    ),
                    "kind": p.kind,
                    "start": max(p.start or start, start),
                    "end": min(p.end or end, end),
                }
                for p in pieces[child.id]
            ]
            found.append((child, drawn, start, end))
    return found


def request_title(asked: object, names: dict[str, str]) -> str:
    """Return who asks for what."""
    name = names.get(asked.profile, asked.profile)  # type: ignore[attr-defined]
    value = asked.value  # type: ignore[attr-defined]
    kind = asked.kind  # type: ignore[attr-defined]
    if kind == "talk":
        return _("%(name)s needs to talk to you", name=name)
    if kind == "mistake":
        return (
            _("%(name)s says: %(what)s is closed by mistake", name=name, what=value)
            if value
            else _("%(name)s says: a page was closed by mistake", name=name)
        )
    if not value:
        return _("%(name)s asks for more time", name=name)
    return _("%(name)s asks for %(what)s", name=name, what=shown(asked.scope, value, words.language()))  # type: ignore[attr-defined]


def check_text(check: Check) -> str:
    """Return one of the five checks with its own numbers."""
    facts = check.facts
    if check.id == "client":
        if check.ok:
            return _("A real device was just answered: %(ago)s", ago=words.ago(facts["ago_s"]))
        if facts.get("at"):
            return _("No device has asked this box since %(time)s", time=words.when(facts["at"]))
        return _("No device has asked this box yet")
    if check.id == "lists":
        if check.reason in ("none", "unreadable"):
            return _("No list is in force")
        count = words.number(facts.get("names", 0))
        if not check.ok:
            return _("The lists are old; the last good ones still protect (%(count)s names)", count=count)
        return _("The lists are in force: %(count)s names. The province's signature comes later.", count=count)
    if check.id == "clock":
        return (
            _("The box's clock is right") if check.ok else _("The box is not sure of the time, so schedules may be off")
        )
    if check.id == "upstream":
        return _("The way out to the Internet answers") if check.ok else _("The Internet at home is slow or down")
    if check.id == "bypass" and not check.ok:
        return _("A way round the filter was seen")
    if not facts.get("watched"):
        return _("Ways round the filter are not watched for yet")
    return _("No way round has been seen")


def wrong(check: Check) -> tuple[str, str, str, str]:
    """Return title, explanation, and the button that mends it (words, address)."""
    devices = (_("How to point the router here"), url_for("wizard.router"))
    if check.id == "lists" and check.reason in ("none", "unreadable"):
        return (
            _("No list is in force"),
            _("Nothing is blocked for sure. Restart the box; if that does not help, put an older list into force."),
            _("Look at the lists"),
            url_for("system.lists"),
        )
    if check.id == "lists":
        return (
            _("The lists are old"),
            _("The last good version still protects everybody."),
            _("Look at the lists"),
            url_for("system.lists"),
        )
    if check.id == "upstream":
        if check.reason == "no_worker":
            return (
                _("The filter does not answer"),
                _("The house may be without Internet. Switch the box off and on again."),
                _("Look again"),
                url_for("home.home"),
            )
        return (
            _("The Internet at home is slow or down"),
            _(
                "The filter works, but its questions come back without an answer. Usually that is the router or the provider."
            ),
            _("Look again"),
            url_for("home.home"),
        )
    if check.id == "clock":
        return (
            _("The box is not sure of the time, so schedules may be off"),
            _("Harmful sites stay blocked. It sets its clock by itself once the Internet answers."),
            _("Look again"),
            url_for("home.home"),
        )
    if check.id == "bypass":
        return bypass.on_home(check)
    if check.facts.get("at"):
        return (
            _("No device has asked this box since %(time)s", time=words.when(check.facts["at"])),
            _("Perhaps everybody is out. Or the router sends its questions elsewhere."),
            *devices,
        )
    return (
        _("No device has asked this box yet"),
        _("The box is ready. Now the router has to send its questions here."),
        *devices,
    )


# --- small things ---


def _rested(body: str) -> Answer:
    """Return a page that a browser need not load again while nothing changed (the token and the clock aside)."""
    response = make_response(body)
    if request.endpoint == "home.fragment":
        response.headers["Cache-Control"] = "private, no-cache"
        response.set_etag(hashlib.sha256(body.encode()).hexdigest()[:24])
        return response.make_conditional(request)
    return response


def _whole() -> str:
    return render_template("home/now.html", **_seen())


def _card(profile: str) -> str:
    seen = _cards()
    child = next((c for c in seen["children"] if c.id == profile), None)  # type: ignore[attr-defined]
    return render_template("home/card.html", child=child, **seen) if child is not None else ""


def _move(profile: str, use: object, text: str, what: str = "household") -> Answer:
    _name(profile)
    return changed(use, text, back=url_for("home.home"), fragment=lambda: _card(profile), what=what)  # type: ignore[arg-type]


def _children_off(minutes: int | None, text: str) -> Answer:
    idents = [p.id for p in _children()]

    def use(who: Who, seen: int | None) -> Done:
        return moves_many.off_for(state(), who, idents, minutes=minutes, seen=seen)

    return changed(use, text, back=url_for("home.home"), fragment=_whole, what="switch")


def _children() -> list[ProfileNow]:
    """Return the children that this account reaches: nobody else's Internet is switched for all at once."""
    return [p for p in people_now().profiles if p.switchable]


def _child(profile: str) -> ProfileNow:
    return people_now().of(profile_of(profile).id)


def _name(profile: str) -> str:
    return profile_of(profile).name


def _minutes(choice: object) -> int:
    text = request.form.get("minutes", "")
    if not (text.isascii() and text.isdigit() and len(text) < 6 and int(text) in choice):  # type: ignore[operator]
        abort(422)
    return int(text)


def _midnight(at: float) -> float:
    today = datetime.fromtimestamp(at, words.zone()).date()
    tomorrow = today + timedelta(days=1)
    return datetime(tomorrow.year, tomorrow.month, tomorrow.day, tzinfo=words.zone()).timestamp()
