"""Days with hours of their own: a holiday, an exam week, summer, Tết; added by a form, and made like others again.

POST /week/lan/special   name=Tết, first=2027-02-04, last=2027-02-11, kind=free
"""

from __future__ import annotations

from flask import Blueprint, abort, render_template, request, url_for
from werkzeug.wrappers import Response as Answer

from filterd.control import specials
from filterd.control import week as weeks
from filterd.control.change import Done
from filterd.errors import ConfigError
from filterd.model.change import Who
from filterd.model.household import Effect, Profile, Window
from webui import week_form
from webui.change import changed
from webui.frame import state
from webui.security import needs
from webui.week_shown import allowed, body, date_field, errors_of, profile_of, today
from webui.words import gettext as _

page = Blueprint("days", __name__)  # inside the week's own

SPECIAL_KINDS = ("free", "weekend", "bedtime", "off")


@page.get("/<profile>/special")
@needs("windows")
def special(profile: str) -> str:
    """The form of a special day, or of several."""
    allowed(profile)
    return _special_form(profile)


@page.post("/<profile>/special")
def add_special(profile: str) -> Answer:
    """Give some days hours of their own."""
    found = allowed(profile)
    name, kind = request.form.get("name", "")[:200], request.form.get("kind", "")
    first, last = date_field("first"), date_field("last") or date_field("first")
    if kind not in SPECIAL_KINDS:
        abort(422)

    def use(who: Who, seen: int | None) -> Done:
        if first is None or last is None:
            raise ConfigError("first: expected a date")
        windows = _special_windows(found, kind)
        return specials.add_special(state(), who, profile, first, last, name=name, windows=windows, seen=seen)

    return changed(
        use, _("These days have hours of their own now."), back=url_for("week.week", profile=profile), what="windows",
        on_error=lambda error: _special_form(profile, errors_of(error)),
    )  # fmt: skip


@page.post("/<profile>/special/remove")
def remove_special(profile: str) -> Answer:
    """The days are like others again."""
    allowed(profile)
    text = request.form.get("number", "")
    if not (text.isascii() and text.isdigit() and len(text) < 5):
        abort(422)
    return changed(
        lambda who, seen: specials.remove_special(state(), who, profile, int(text), seen=seen),
        _("These days are like others again."), back=url_for("week.week", profile=profile),
        fragment=lambda: body(profile), what="windows",
    )  # fmt: skip


# --- the form ---


def _special_form(profile: str, errors: dict[str, str] | None = None) -> str:
    given = {key: request.form.get(key, "")[:200] for key in ("name", "first", "last", "from", "to")}
    given["kind"] = request.form.get("kind") or "free"
    return render_template(
        "week/special.html", ident=profile, child=profile_of(profile), given=given, errors=errors or {}, today=today(),
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
