"""A child's week: a grid that begins at six in the morning, the hours in words, special days, and one form for a window.

The form is a page of its own, a sheet on a phone, and stands beside the grid on a desktop. What it will do is said in a
whole sentence by the same code that says it later.

    POST /week/lan/window   kind=off, day=0..6, from=21h30, to=6:00, seen=41        a bedtime
    POST /week/lan/move     index=0, day=.., from=.., to=..                         from the grid, by keys or mouse
"""

from __future__ import annotations

from datetime import timedelta

from flask import Blueprint, abort, render_template, request, url_for
from werkzeug.wrappers import Response as Answer

from filterd.control import moves_many, week_copy
from filterd.control import week as weeks
from filterd.control.change import Done
from filterd.model.change import Who
from webui import week_form, week_special, words
from webui.change import changed
from webui.frame import house, state
from webui.security import needs
from webui.week_form import Form
from webui.week_shown import allowed, body, errors_of, form_page, profile_of, said_of, sentence_of, shown_of, today
from webui.words import gettext as _

page = Blueprint("week", __name__, url_prefix="/week")
page.register_blueprint(week_special.page)

BEDTIME = Form("off", tuple(range(7)), "21:30", "6:00")


@page.get("/<profile>")
@needs("look")
def week(profile: str) -> str:
    """The week; `first` is the Monday of another one."""
    return render_template("week/week.html", **shown_of(profile))


@page.get("/<profile>/window")
@needs("windows")
def window(profile: str) -> str:
    """The form: of the window `index`, of a new one at `day` and `from`, or of a `bedtime`."""
    allowed(profile)
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
    return form_page(profile, given, seen)


@page.post("/<profile>/window")
def save(profile: str) -> Answer:
    """Add a window, change one, or remove it (`delete`)."""
    allowed(profile)
    given = week_form.of_values(request.form)
    back = url_for("week.week", profile=profile)
    index = given.index
    if request.form.get("delete") and index is not None:
        return changed(
            lambda who, seen: weeks.remove_window(state(), who, profile, index, seen=seen),
            _("These hours are gone."), back=back, fragment=lambda: body(profile), what="windows",
            on_error=lambda _error: form_page(profile, given, errors={"kind": _("These hours are gone already.")}),
        )  # fmt: skip

    def use(who: Who, seen: int | None) -> Done:
        made = given.window()
        if index is None:
            return weeks.add_window(state(), who, profile, made, seen=seen)
        return weeks.change_window(state(), who, profile, index, made, seen=seen)

    return changed(
        use, sentence_of(given), back=back, what="windows",
        on_error=lambda error: form_page(profile, given, errors=errors_of(error)),
    )  # fmt: skip


@page.post("/<profile>/move")
def move(profile: str) -> Answer:
    """Another time or other days for a window, from the grid: what it names stays."""
    allowed(profile)
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
        sentence_of(moved), back=url_for("week.week", profile=profile), fragment=lambda: body(profile), what="windows",
    )  # fmt: skip


@page.get("/<profile>/say")
@needs("look")
def say(profile: str) -> str:
    """The sentence of the form as it stands, and what it overlaps with."""
    profile_of(profile)
    given = week_form.of_values(request.args)
    return render_template("week/say.html", **said_of(profile, given))


@page.post("/<profile>/tomorrow")
def tomorrow(profile: str) -> Answer:
    """Tomorrow the week's hours do not begin."""
    allowed(profile)
    day = today() + timedelta(days=1)
    return changed(
        lambda who, seen: moves_many.tomorrow_off_for(state(), who, [profile], day, seen=seen),
        _("No school tomorrow: the week's hours do not begin on %(day)s.", day=words.date_text(day)),
        back=url_for("week.week", profile=profile), fragment=lambda: body(profile), what="windows",
    )  # fmt: skip


@page.get("/<profile>/copy")
@needs("windows")
def copy_choice(profile: str) -> str:
    """Whose week to copy: each one's hours in words beside the button."""
    found = allowed(profile)
    language = words.language()
    others = [
        (other, weeks.week(state(), other.id).sentences(language))
        for other in house().profiles
        if other.id != profile and other.windows
    ]
    return render_template(
        "week/copy.html", ident=profile, child=found, others=others, revision=weeks.week(state(), profile).revision
    )


@page.post("/<profile>/copy")
def copy(profile: str) -> Answer:
    """Take the weekly hours of somebody else; special days stay one's own."""
    found, other = allowed(profile), profile_of(request.form.get("source", "")[:80])
    return changed(
        lambda who, seen: week_copy.copy_week(state(), who, other.id, profile, seen=seen),
        _("%(name)s has the week of %(other)s now.", name=found.name, other=other.name),
        back=url_for("week.week", profile=profile), what="windows",
    )  # fmt: skip
