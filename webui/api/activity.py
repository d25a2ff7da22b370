"""Activity: what was asked and what became of it, newest first, and its sums. Masked as the household's privacy says."""

from __future__ import annotations

import time
from typing import Any

from filterd.control import activity as log
from filterd.control.activity import View, name_filter
from filterd.control.activity_stats import stats as sums_of
from filterd.control.entry_values import document
from filterd.model.account import Action, Scope
from filterd.model.activity import Counted, Filter, Gap
from filterd.model.decision import Action as Outcome
from filterd.model.decision import Row
from webui.api.fields import IDENT, Document, Shown, many, said, text, when, whole, yes
from webui.api.gate import house, state
from webui.api.operation import Calls, Paged, operation
from webui.api.people import check_wanted
from webui.api.times import moment, zone

calls = Calls("activity", __name__, description="What was asked")
OUTCOMES = tuple(one.name.lower() for one in Outcome)
ROWS = tuple(row.id for row in Row)
DAY_S = 86_400.0
_PARTS = ("profiles", "devices", "categories", "services")


class Question(Shown):
    """One question and what became of it."""

    id = said("Its place in the log", "1837563091271681")
    at = said("When", "2026-11-24T20:12:40.120+07:00")
    client = said("The address that asked", "192.0.2.20")
    profile = said("Whose rules decided", "lan")
    device = said("Id of the device", "may-lan")
    name = said("What was asked for; empty: not kept, or not to be shown", "example.org")
    type = said("Type of the question", "A")
    action = said("What became of it", "block", among=OUTCOMES)
    row = said("The row of the precedence table that decided", "category", among=ROWS)
    rule = said("The rule", "games")
    category = said("Id of the category", "games")
    service = said("Id of the service", "")
    list = said("Id of the list", "starter")
    matched = said("The name in the chain that was blocked", "")
    rcode = whole("Of the answer", 0)
    origin = said("Where the answer came from", "here")
    exact = yes("False: the time is known to the hour alone")


class Missing(Shown):
    """Questions that are missing."""

    since = when("After this moment", none=True)
    until = when("and before this one", none=True)
    lost = whole("How many", 12)
    kind = said("ring: not even counted; rate, disk: counted, but not one by one", "ring")


class Log(Shown):
    """A page of the log."""

    items = many(Question, "Newest first", [])
    next = said("`cursor` of the next page; null: there is nothing older", "AAAAAAAAAAAAAAAA", none=True)
    complete = yes("False: time was up before the page was full; go on with `next`")
    gaps = many(Missing, "In the stretch of time of this page", [])


class Wanted(Paged):
    """Which questions."""

    profile = text("Of this profile", "lan", most=IDENT, load_default="")
    device = text("Of this device (an id or an address)", "may-lan", most=IDENT, load_default="")
    category = text("Of this category", "games", most=IDENT, load_default="")
    service = text("Of this service", "youtube", most=IDENT, load_default="")
    action = text("With this outcome", "block", among=OUTCOMES, load_default="")
    row = text("Decided by this row", "category", among=ROWS, load_default="")
    name = text("This site with all below it, or letters of a name", "example", most=253, load_default="")
    since = when("From this moment on", load_default=None)
    until = when("Before this moment", load_default=None)


class Sum(Shown):
    """How often something was asked for."""

    id = said("What", "lan")
    asked = whole("Questions", 120)
    blocked = whole("of them blocked", 7)


class BlockedSite(Shown):
    """How often a site was blocked."""

    name = said("The site", "example.org")
    blocked = whole("So often", 7)


class Sums(Shown):
    """Sums of whole days."""

    first_day = said("From this day on", "2026-11-22")
    last_day = said("to this one", "2026-11-28")
    asked = whole("All questions", 1200)
    blocked = whole("of them blocked", 70)
    days = many(Sum, "By day", [])
    profiles = many(Sum, "Most asked first", [])
    devices = many(Sum, "Most asked first", [])
    categories = many(Sum, "Most blocked first", [])
    services = many(Sum, "Most blocked first", [])
    sites = many(BlockedSite, "Most blocked first; those that may be shown", [])


class Stretch(Document):
    """Of whom, and how far back."""

    days = whole("So many days back", 7, low=0, high=90, query=True, load_default=7)
    profile = text("Of this profile", "lan", most=IDENT, load_default="")
    device = text("Of this device", "may-lan", most=IDENT, load_default="")


@operation(calls, "GET", "/activity", Scope.ACTIVITY, Action.ACTIVITY, Log, query=Wanted)
def activity(query: dict[str, Any]) -> Any:
    """What was asked and what became of it."""
    check_wanted(query["profile"])
    since, until = (None if query[key] is None else int(query[key] * 1000) for key in ("since", "until"))
    wanted = Filter(
        profile=query["profile"], device=query["device"], category=query["category"], service=query["service"],
        action=Outcome[query["action"].upper()] if query["action"] else None,
        row=Row[query["row"].upper()] if query["row"] else None, since=since, until=until,
        **name_filter(query["name"]) if query["name"] else {},
    )  # fmt: skip
    found = log.page(state(), wanted, limit=query["limit"], older=query["cursor"], view=View.of(house()))
    return {
        "items": [{"id": str(entry.id), **document(entry, zone())} for entry in found.entries],
        "next": found.older or None,
        "complete": found.complete,
        "gaps": [_gap(gap) for gap in found.gaps],
    }


@operation(calls, "GET", "/stats", Scope.ACTIVITY, Action.ACTIVITY, Sums, query=Stretch)
def stats(query: dict[str, Any]) -> Any:
    """Sums: by day, person, device, category and service."""
    check_wanted(query["profile"])
    since = int((time.time() - query["days"] * DAY_S) * 1000)
    found = sums_of(state(), since=since, profile=query["profile"], device=query["device"], view=View.of(house()))
    return {
        "first_day": found.first_day.isoformat(),
        "last_day": found.last_day.isoformat(),
        "asked": found.total.asked,
        "blocked": found.total.blocked,
        "days": [_sum(day.isoformat(), count) for day, count in found.days],
        **{part: [_sum(ident, count) for ident, count in getattr(found, part)] for part in _PARTS},
        "sites": [{"name": name, "blocked": count} for name, count in found.names],
    }


def _sum(ident: str, count: Counted) -> dict[str, Any]:
    return {"id": ident, "asked": count.asked, "blocked": count.blocked}


def _gap(gap: Gap) -> dict[str, Any]:
    since, until = (moment(at / 1000) if at else None for at in (gap.at_from, gap.at_to))
    return {"since": since, "until": until, "lost": gap.lost, "kind": gap.kind}
