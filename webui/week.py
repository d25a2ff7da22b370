"""A child's week: a grid that begins at six in the morning, the hours in words, special days, and one form for a window.

The form is a page of its own, a sheet on a phone, and stands beside the grid on a desktop. What it will do is said in a
whole sentence by the same code that says it later.

    POST /week/lan/window   kind=off, day=0..6, from=21h30, to=6:00, seen=41        a bedtime
    POST /week/lan/move     index=0, day=.., from=.., to=..                         from the grid, by keys or mouse
"""

from __future__ import annotations

import time
from datetime import date, datetime, timedelta
from typing import Any

from flask import Blueprint, abort, g, render_template, request, url_for
from werkzeug.wrappers import Response as Answer

from filterd.control import moves_many, now, specials
from filterd.control import week as weeks
from filterd.control.change import Done
from filterd.control.choices import choices_of
from filterd.errors import ConfigError, FilterdError
from filterd.model.account import Role, may
from filterd.model.change import Who
from filterd.model.household import Effect, Profile, Window
from webui import home, week_form, words
from webui.change import changed
from webui.frame import house, state
from webui.security import needs
from webui.week_form import Form
from webui.words import gettext as _

page = Blueprint("week", __name__, url_prefix="/week")

BEDTIME = Form("off", tuple(range(7)), "21:30", "6:00")
MAX_AWAY = 366 * 2  # days from today that can be looked at
QUARTER = 15
SPECIAL_KINDS = ("free", "weekend", "bedtime", "off")
_ICONS = {"off": "moon", "only": "book", "permit": "clock"}


@page.get("/<profile>")
@needs("look")
def week(profile: str) -> str:
    """The week; `first` is the Monday of another one."""
    return render_template("week/week.html", **_shown(profile))


@page.get("/<profile>/window")
@needs("windows")
def window(profile: str) -> str:
    """The form: of the window `index`, of a new one at `day` and `from`, or of a `bedtime`."""
    _allowed(profile)
    seen = weeks.week(state(), profile)
    given = week_form.of_values(request.args, BEDTIME)
    if given.index is not None:
        if given.index >= len(seen.windows):
            abort(404)
        given = week_form.of_window(seen.windows[given.index], given.index)
    elif "from" in request.args and "to" not in request.args:
        begin = week_form.minute_of(given.start)
        if begin is not None:
            given = Form(given.kind, given.days, given.start, words.clock_of(begin + 60))
    return _form(profile, given, seen)


@page.post("/<profile>/window")
def save(profile: str) -> Answer:
    """Add a window, change one, or remove it (`delete`)."""
    _allowed(profile)
    given = week_form.of_values(request.form)
    back = url_for("week.week", profile=profile)
    index = given.index
    if request.form.get("delete") and index is not None:
        return changed(
            lambda who, seen: weeks.remove_window(state(), who, profile, index, seen=seen),
            _("These hours are gone."), back=back, fragment=lambda: _body(profile), what="windows",
            on_error=lambda _error: _form(profile, given, errors={"kind": _("These hours are gone already.")}),
        )  # fmt: skip

    def use(who: Who, seen: int | None) -> Done:
        made = given.window()
        if index is None:
            return weeks.add_window(state(), who, profile, made, seen=seen)
        return weeks.change_window(state(), who, profile, index, made, seen=seen)

    return changed(
        use, _sentence(given), back=back, what="windows",
        on_error=lambda error: _form(profile, given, errors=_errors(error)),
    )  # fmt: skip


@page.post("/<profile>/move")
def move(profile: str) -> Answer:
    """Another time or other days for a window, from the grid: what it names stays."""
    _allowed(profile)
    given = week_form.of_values(request.form)
    found = weeks.week(state(), profile)
    if given.index is None or given.index >= len(found.windows):
        abort(422)
    index = given.index
    old = week_form.of_window(found.windows[index], index)
    moved = Form(old.kind, given.days, given.start, given.end, old.things, old.sites, index)
    return changed(
        lambda who, seen: weeks.change_window(
            state(), who, profile, index, moved.window(), seen=found.revision if seen is None else seen
        ),
        _sentence(moved), back=url_for("week.week", profile=profile), fragment=lambda: _body(profile), what="windows",
    )  # fmt: skip


@page.get("/<profile>/say")
@needs("look")
def say(profile: str) -> str:
    """The sentence of the form as it stands, and what it overlaps with."""
    _profile(profile)
    given = week_form.of_values(request.args)
    return render_template("week/say.html", **_said(profile, given))


@page.post("/<profile>/tomorrow")
def tomorrow(profile: str) -> Answer:
    """Tomorrow the week's hours do not begin."""
    _allowed(profile)
    day = _today() + timedelta(days=1)
    return changed(
        lambda who, seen: moves_many.tomorrow_off_for(state(), who, [profile], day, seen=seen),
        _("No school tomorrow: the week's hours do not begin on %(day)s.", day=words.date_text(day)),
        back=url_for("week.week", profile=profile), fragment=lambda: _body(profile), what="windows",
    )  # fmt: skip


@page.get("/<profile>/special")
@needs("windows")
def special(profile: str) -> str:
    """The form of a special day, or of several."""
    _allowed(profile)
    return _special_form(profile)


@page.post("/<profile>/special")
def add_special(profile: str) -> Answer:
    """Give some days hours of their own."""
    found = _allowed(profile)
    name, kind = request.form.get("name", "")[:200], request.form.get("kind", "")
    first, last = _date("first"), _date("last") or _date("first")
    if kind not in SPECIAL_KINDS:
        abort(422)

    def use(who: Who, seen: int | None) -> Done:
        if first is None or last is None:
            raise ConfigError("first: expected a date")
        windows = _special_windows(found, kind)
        return specials.add_special(state(), who, profile, first, last, name=name, windows=windows, seen=seen)

    return changed(
        use, _("These days have hours of their own now."), back=url_for("week.week", profile=profile), what="windows",
        on_error=lambda error: _special_form(profile, _errors(error)),
    )  # fmt: skip


@page.post("/<profile>/special/remove")
def remove_special(profile: str) -> Answer:
    """The days are like others again."""
    _allowed(profile)
    text = request.form.get("number", "")
    if not (text.isascii() and text.isdigit() and len(text) < 5):
        abort(422)
    return changed(
        lambda who, seen: specials.remove_special(state(), who, profile, int(text), seen=seen),
        _("These days are like others again."), back=url_for("week.week", profile=profile),
        fragment=lambda: _body(profile), what="windows",
    )  # fmt: skip


# --- what the templates show ---


def _shown(profile: str) -> dict[str, Any]:
    found = _profile(profile)
    wanted = _date("first", request.args)
    if wanted is not None and abs((wanted - _today()).days) > MAX_AWAY:
        wanted = None
    if wanted is not None:
        wanted -= timedelta(days=wanted.weekday())
    seen = weeks.week(state(), profile, wanted)
    try:
        child = now.outlook(state()).of(profile)
    except (FilterdError, OSError, KeyError):
        child = None
    language = words.language()
    names = weeks.words_of(language)
    columns = [
        {
            "day": day,
            "blocks": [_block(seen, b, names) for b in seen.blocks if b.column == n],
            "today": day.day == _today(),
        }
        for n, day in enumerate(seen.days)
    ]
    return {
        "ident": profile, "tab": "week", "child": found, "week": seen, "columns": columns, "revision": seen.revision,
        "lines": seen.sentences(language), "icons": _ICONS, "today": _today(), "language_code": language,
        "state_now": child, "home_sentence": home.sentence, "home_chip": home.chip,
        "axis": [(hour, (hour * 60) // QUARTER, (seen.start_hour + hour) % 24) for hour in range(0, 25, 3)],
        "midnight": ((24 - seen.start_hour) * 60) // QUARTER, "now_at": _now_at(seen), "can": _can(profile),
        "before": seen.first - timedelta(days=7), "after": seen.first + timedelta(days=7),
        "this_week": seen.first <= _today() < seen.first + timedelta(days=7), "start_minute": seen.start_hour * 60,
    }  # fmt: skip


def _block(seen: weeks.Week, block: weeks.WeekBlock, names: dict[str, str]) -> dict[str, Any]:
    top = block.start // QUARTER
    height = max(-(-block.end // QUARTER) - top, 1)
    window = seen.windows[block.index] if block.index is not None else None
    begin = (seen.start_hour * 60 + block.start) % 1440
    end = (seen.start_hour * 60 + block.end) % 1440
    start_of, end_of = (window.start, window.end) if window is not None else (begin, begin + block.end - block.start)
    what = words.joined([names.get(t, t) for t in (*block.services, *block.categories)][:3])
    return {
        "it": block, "top": top, "height": height, "begin": words.clock_of(start_of), "end": words.clock_of(end_of),
        "column_end": words.clock_of(end), "what": what, "label": _label(block, start_of, end_of, what),
        "days": "" if window is None else "".join(str(d) for d in sorted(window.days or range(7))),
        "start_minute": start_of, "end_minute": end_of,
    }  # fmt: skip


def _label(block: weeks.WeekBlock, start: int, end: int, what: str) -> str:
    """Return what a screen reader says of a block."""
    first = words.weekday(block.day.weekday())
    last = words.weekday((block.day.weekday() + 1) % 7)
    begin = f"{first} {words.clock_of(start)}"
    stop = f"{last} {words.clock_of(end)}" if end > 1440 else words.clock_of(end)
    if block.kind == "off":
        text = _(
            "Network off, %(begin)s to %(end)s, %(length)s.", begin=begin, end=stop, length=words.minutes(end - start)
        )
    elif block.kind == "only":
        text = _("Only chosen sites, %(begin)s to %(end)s.", begin=begin, end=stop)
    else:
        text = _("%(what)s allowed, %(begin)s to %(end)s.", what=what, begin=begin, end=stop)
    return text + (" " + _("In force now.") if block.in_force else "")


def _now_at(seen: weeks.Week) -> tuple[int, int] | None:
    return None if seen.now is None else (seen.now[0], seen.now[1] // QUARTER)


def _body(profile: str) -> str:
    return render_template("week/body.html", **_shown(profile))


def _form(profile: str, given: Form, seen: weeks.Week | None = None, errors: dict[str, str] | None = None) -> str:
    revision = request.form.get("seen") or (seen or weeks.week(state(), profile)).revision
    choices = choices_of(words.language())
    known = weeks.words_of(words.language())
    return render_template(
        "week/form.html", ident=profile, child=_profile(profile), given=given, errors=errors or {}, revision=revision,
        choices=choices, chosen=[(t, known.get(t.partition(":")[2], t)) for t in given.things],
        **_said(profile, given),
    )  # fmt: skip


def _said(profile: str, given: Form) -> dict[str, Any]:
    found = _profile(profile)
    try:
        made = given.window()
    except ConfigError as error:
        return {"sentence": None, "problems": list(_errors(error).values()), "overlaps": ()}
    language = words.language()
    overlaps = weeks.notices(found.windows or (), made, language, given.index)
    return {"sentence": weeks.say(made, language), "problems": [], "overlaps": overlaps}


def _sentence(given: Form) -> str:
    try:
        return weeks.say(given.window(), words.language()).text
    except ConfigError:
        return ""


def _errors(error: ConfigError) -> dict[str, str]:
    key, _sep, _rest = str(error).partition(":")
    if "same as the start" in str(error):
        return {"to": _("The end is the same as the start. Choose another time.")}
    said = {
        "from": _("A time looks like 21:30."),
        "to": _("A time looks like 21:30."),
        "days": _("Please choose at least one day."),
        "services": _("Please choose a service or a category."),
        "names": _("Please write at least one site, or choose a service. A site looks like example.com."),
        "first": _("Please choose a date."),
        "last": _("The last day comes after the first, and at most 120 days after it."),
        "name": _("Several days need a name of their own, at most 60 letters."),
    }
    return {key if key in said else "kind": said.get(key, _("That does not work like this"))}


def _special_form(profile: str, errors: dict[str, str] | None = None) -> str:
    given = {key: request.form.get(key, "")[:200] for key in ("name", "first", "last", "from", "to")}
    given["kind"] = request.form.get("kind") or "free"
    return render_template(
        "week/special.html", ident=profile, child=_profile(profile), given=given, errors=errors or {}, today=_today(),
        revision=request.form.get("seen") or weeks.week(state(), profile).revision,
    )  # fmt: skip


def _special_windows(found: Profile, kind: str) -> tuple[Window, ...]:
    if kind == "weekend":
        return specials.like_weekday(found.windows or (), 5)
    if kind == "off":
        return (Window(_("Off all day"), Effect.OFFLINE, 0, 1440),)
    if kind == "bedtime":
        start = week_form.clock_text(request.form.get("from", "")[:20])
        end = week_form.clock_text(request.form.get("to", "")[:20])
        return (weeks.window_of("off", None, start, end, name=_("Bedtime")),)
    return ()


# --- small things ---


def _profile(ident: str) -> Profile:
    found = next((p for p in house().profiles if p.id == ident), None)
    if found is None:
        abort(404)
    return found


def _can(profile: str) -> bool:
    """Return whether this account may change the hours of `profile`: a teacher only where every device is theirs."""
    if not may(g.account.role, "windows"):
        return False
    mine = [d.id for d in house().devices if d.profile == profile]
    return g.account.role is not Role.TEACHER or (bool(mine) and all(g.account.reaches(d) for d in mine))


def _allowed(profile: str) -> Profile:
    found = _profile(profile)
    if not _can(profile):
        abort(403)
    return found


def _today() -> date:
    return datetime.fromtimestamp(time.time(), words.zone()).date()


def _date(name: str, values: Any = None) -> date | None:
    text = (request.form if values is None else values).get(name, "")
    try:
        return date.fromisoformat(text) if len(text) == 10 else None
    except ValueError:
        return None
