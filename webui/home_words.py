"""What home says of a child: its state as a chip, one sentence until when, what a button will do, the strip until morning."""

from __future__ import annotations

from jinja2 import pass_context
from jinja2.runtime import Context

from filterd.control import now
from filterd.control.budgets_status import BudgetStatus
from filterd.control.words import shown
from filterd.errors import FilterdError
from filterd.model.now import Outlook, ProfileNow
from webui import words
from webui.frame import state
from webui.words import gettext as _
from webui.words import ngettext


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
