"""What the week's pages show: the grid as columns of blocks, the form with its sentence, and who may change the hours.

Positions are quarters of an hour from the column's beginning; static/week.css has a class for each.
"""

from __future__ import annotations

import time
from datetime import date, datetime, timedelta
from typing import Any

from flask import abort, g, render_template, request

from filterd.control import now
from filterd.control import week as weeks
from filterd.control.choices import choices_of
from filterd.errors import ConfigError, FilterdError
from filterd.model.account import may
from filterd.model.household import Profile
from webui import home_words, words
from webui.frame import house, state
from webui.frame import profile_of as profile_of_house
from webui.week_form import Form
from webui.words import gettext as _

MAX_AWAY = 366 * 2  # days from today that can be looked at
QUARTER = 15
_ICONS = {"off": "moon", "only": "book", "permit": "clock"}


def shown_of(profile: str) -> dict[str, Any]:
    found = profile_of(profile)
    wanted = date_field("first", request.args)
    if wanted is not None and abs((wanted - today()).days) > MAX_AWAY:
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
            "today": day.day == today(),
        }
        for n, day in enumerate(seen.days)
    ]
    return {
        "ident": profile, "tab": "week", "child": found, "week": seen, "columns": columns, "revision": seen.revision,
        "lines": seen.sentences(language), "icons": _ICONS, "today": today(), "language_code": language,
        "state_now": child, "home_sentence": home_words.sentence, "home_chip": home_words.chip,
        "axis": [(hour, (hour * 60) // QUARTER, (seen.start_hour + hour) % 24) for hour in range(0, 25, 3)],
        "midnight": ((24 - seen.start_hour) * 60) // QUARTER, "now_at": _now_at(seen), "can": can_change(profile),
        "can_copy": any(p.id != profile and p.windows for p in house().profiles), "keymap": keymap,
        "before": seen.first - timedelta(days=7), "after": seen.first + timedelta(days=7),
        "this_week": seen.first <= today() < seen.first + timedelta(days=7), "start_minute": seen.start_hour * 60,
    }  # fmt: skip


def keymap() -> list[tuple[str, str, str]]:
    """Return the keys of the grid: key, what it does, what it does with hours picked up."""
    fifteen, same = _("by 15 minutes"), _("the same")
    back = _("put back, nothing saved")
    return [
        ("← →", _("same time, other day"), _("to another day")),
        ("↑ ↓", _("previous or next: hours, or an empty half hour"), fifteen),
        ("Shift + ↑ ↓", _("end by 15 minutes"), same),
        ("Alt + ↑ ↓", _("start by 15 minutes"), same),
        ("Page Up / Down", _("previous or next hours in the week"), _("by an hour")),
        ("Home / End", _("first or last of the day"), _("earliest or latest")),
        ("Enter", _("change; on an empty place add"), _("put down and save")),
        ("Space", _("pick up"), _("put down and save")),
        ("Esc", _("to the form, or to the week in words"), back),
        ("Delete", _("take away, with Undo"), back),
        ("Ctrl + Z", _("Undo, while it is offered"), "–"),
        ("?", _("this table"), _("this table")),
    ]


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


def body(profile: str) -> str:
    return render_template("week/body.html", **shown_of(profile))


def form_page(profile: str, given: Form, seen: weeks.Week | None = None, errors: dict[str, str] | None = None) -> str:
    revision = request.form.get("seen") or (seen or weeks.week(state(), profile)).revision
    choices = choices_of(words.language())
    known = weeks.words_of(words.language())
    return render_template(
        "week/form.html", ident=profile, child=profile_of(profile), given=given, errors=errors or {}, revision=revision,
        choices=choices, chosen=[(t, known.get(t.partition(":")[2], t)) for t in given.things],
        **said_of(profile, given),
    )  # fmt: skip


def said_of(profile: str, given: Form) -> dict[str, Any]:
    found = profile_of(profile)
    try:
        made = given.window()
    except ConfigError as error:
        return {"sentence": None, "problems": list(errors_of(error).values()), "overlaps": ()}
    language = words.language()
    overlaps = weeks.notices(found.windows or (), made, language, given.index)
    return {"sentence": weeks.say(made, language), "problems": [], "overlaps": overlaps}


def sentence_of(given: Form) -> str:
    try:
        return weeks.say(given.window(), words.language()).text
    except ConfigError:
        return ""


def errors_of(error: ConfigError) -> dict[str, str]:
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


# --- small things ---


def profile_of(ident: str) -> Profile:
    return profile_of_house(ident)


def can_change(profile: str) -> bool:
    """Return whether this account may change the hours of `profile`: a teacher only where every device is theirs."""
    return may(g.account.role, "windows") and profile in {p.id for p in house().profiles}


def allowed(profile: str) -> Profile:
    found = profile_of(profile)
    if not can_change(profile):
        abort(403)
    return found


def today() -> date:
    return datetime.fromtimestamp(time.time(), words.zone()).date()


def date_field(name: str, values: Any = None) -> date | None:
    text = (request.form if values is None else values).get(name, "")
    try:
        return date.fromisoformat(text) if len(text) == 10 else None
    except ValueError:
        return None
