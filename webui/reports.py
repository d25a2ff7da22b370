"""The weekly report: a child's week in three sentences, seven bars, three categories, what was asked, one thing to talk
about. To read together; printed, it is one child a page.

Figures are control/digest.py's; here they become words. Sites are not named unless a parent switches that on, for this
look alone.
"""

from __future__ import annotations

import time
from typing import Any

from flask import Blueprint, abort, render_template, request

from filterd.control.digest import Digest, digest
from filterd.control.requests import Request
from filterd.control.words import shown
from filterd.errors import FilterdError
from filterd.model.household import Profile
from webui import words
from webui.frame import house, state
from webui.security import needs
from webui.words import gettext as _
from webui.words import ngettext

page = Blueprint("reports", __name__, url_prefix="/reports")

MAX_BACK = 12  # weeks
MAX_SHOWN = 12  # children on one page


@page.get("/")
@needs("activity")
def reports() -> str:
    """The report of one child, or of all to print."""
    children = _children()
    chosen = request.args.get("child", "")
    back_text = request.args.get("back", "0")
    back = int(back_text) if back_text.isascii() and back_text.isdigit() and len(back_text) < 3 else 0
    names = request.args.get("names") == "1"
    if chosen == "all":
        wanted = children[:MAX_SHOWN]
    else:
        wanted = [p for p in children if p.id == chosen] or children[:1]
        if chosen and chosen not in {p.id for p in children}:
            abort(404)
    found = [_one(p, min(back, MAX_BACK), names) for p in wanted]
    return render_template(
        "reports/reports.html", children=children, chosen="all" if chosen == "all" else (wanted[0].id if wanted else ""),
        back=min(back, MAX_BACK), names=names, found=found, sentences=sentences, talk=talk, shown=shown,
        answer_of=answer_of, what_of=what_of, printed=time.time(), last_week=MAX_BACK,
    )  # fmt: skip


def _children() -> list[Profile]:
    """Return who has a report: everybody whose Internet a parent switches."""
    return [
        p for p in house().profiles if (p.switchable if p.switchable is not None else p.preset not in ("adult", "none"))
    ]


def _one(profile: Profile, back: int, names: bool) -> tuple[str, Digest | None]:
    try:
        return profile.name, digest(state(), profile.id, back=back, names=names)
    except (FilterdError, OSError):
        return profile.name, None


# --- words ---


def sentences(found: Digest) -> list[str]:
    """Return three sentences: use, what was blocked, what was asked for."""
    return [_use(found), _blocked(found), _asked(found)]


def _use(found: Digest) -> str:
    known = found.known
    if not known:
        return _("How long %(name)s was online is not kept for this week.", name=found.name)
    used = [d for d in known if d.hours]
    if not used:
        return _("%(name)s was hardly online this week.", name=found.name)
    average = round(sum(d.hours or 0 for d in used) / len(used))
    most = max(used, key=lambda d: d.hours or 0)
    days = ngettext("%(num)s day", "%(num)s days", len(used))
    return _(
        "%(name)s was online on %(days)s, about %(hours)s a day, most on %(day)s (about %(most)s).",
        name=found.name, days=days, hours=_hours(max(average, 1)), day=words.weekday(most.day.weekday()),
        most=_hours(most.hours or 0),
    )  # fmt: skip


def _blocked(found: Digest) -> str:
    if not found.blocked:
        return _("Nothing was blocked.")
    if not found.categories:
        return ngettext("%(num)s time something was blocked.", "%(num)s times something was blocked.", found.blocked)
    return ngettext(
        "%(num)s time something was blocked, most often %(category)s.",
        "%(num)s times something was blocked, most often %(category)s.",
        found.blocked, category=shown("category", found.categories[0][0], words.language()),
    )  # fmt: skip


def _asked(found: Digest) -> str:
    if not found.requests:
        return _("%(name)s did not ask for anything.", name=found.name)
    yes = sum(r.state == "granted" for r in found.requests)
    text = ngettext(
        "%(name)s asked %(num)s time;", "%(name)s asked %(num)s times;", len(found.requests), name=found.name
    )
    given = ngettext("%(num)s time you said yes.", "%(num)s times you said yes.", yes)
    return f"{text} {given}"


def talk(found: Digest) -> str:
    """Return the one thing to talk about."""
    name = found.name
    category = shown("category", found.value, words.language()) if found.value else ""
    return {
        "harm": _(
            "The category %(category)s came up. It may have been a slip. Start with: "
            '"Did anything online bother you today?" Whatever it was, it is not %(name)s\'s fault.',
            category=category, name=name,
        ),
        "late": _(
            "Several nights %(name)s was online after 23:00. Ask how sleep is, and agree on a bedtime together.", name=name
        ),
        "refused": _("Some wishes got no yes. Ask %(name)s which one matters most, and why.", name=name),
        "category": _("%(category)s was closed often. Ask %(name)s whether this rule still fits.", category=category, name=name),
        "calm": _("Nothing stands out. Ask %(name)s what was the best thing online this week.", name=name),
    }[found.topic]  # fmt: skip


def what_of(asked: Request) -> str:
    """Return what was asked for; a site's own name was written by the child to be read."""
    if asked.scope == "time":
        return _("more time")
    return shown(asked.scope, asked.value, words.language()) if asked.scope in ("service", "category") else asked.value


def answer_of(asked: Request) -> str:
    """Return what became of a wish."""
    by: Any = asked.by
    return {
        "granted": _("%(by)s said yes", by=by),
        "refused": _("%(by)s said not this time", by=by),
        "expired": _("nobody answered"),
    }.get(asked.state, _("waits for an answer"))


def _hours(count: int) -> str:
    return ngettext("%(num)s hour", "%(num)s hours", count)
