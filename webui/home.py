"""Home: is everybody protected, does anybody want something, what is each child doing; and one tap for what changes daily.

The whole page is one fragment that is asked for again every ten seconds; a tap brings the touched card back.
"""

from __future__ import annotations

import hashlib
import time
from datetime import datetime, timedelta

from flask import Blueprint, Response, abort, g, jsonify, make_response, render_template, request, url_for
from werkzeug.wrappers import Response as Answer

from filterd.control import moves, moves_many, now, truth
from filterd.control.change import Done
from filterd.control.moves import Whom
from filterd.control.words import shown_all
from filterd.errors import FilterdError
from filterd.model.account import may
from filterd.model.change import Who
from filterd.model.household import Scope
from filterd.model.now import Outlook, ProfileNow
from webui import bypass, home_words, province, words
from webui.change import changed
from webui.devices_seen import new_count
from webui.frame import house, people_now, profile_of, state
from webui.home_truth import check_text, wrong
from webui.home_words import budget_of, chip, plus_label, request_title, sentence, strips
from webui.security import needs
from webui.words import gettext as _
from webui.words import ngettext

page = Blueprint("home", __name__)
page.add_app_template_filter(home_words.budget_text, "budget_text")

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
        "silent": bypass.silent_since(house()) if outlook else {},
        "chip": chip,
        "plus_label": plus_label,
        "budget_of": budget_of,
        "shown_all": shown_all,
        "extras": EXTRAS,
        "can_switch": may(g.account.role, "switch"),
        "can_change": may(g.account.role, "household"),
    }


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
