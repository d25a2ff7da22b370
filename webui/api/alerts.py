"""Alerts: what a parent should hear of, and that somebody has."""

from __future__ import annotations

from typing import Any

from filterd.control.alerts_rows import list_alerts, mark_seen
from filterd.control.alerts_text import people_of, say
from filterd.model.account import Action, Scope
from filterd.model.alert import UNSEEN, Alert
from webui.api.fields import Document, Shown, many, said, when, whole, yes
from webui.api.gate import house, state, who
from webui.api.operation import Calls, Paged, operation, page_of
from webui.api.paging import cursor_of, number_of
from webui.api.times import moment

calls = Calls("alerts", __name__, description="What parents should hear of")
MOST = 200


class News(Shown):
    """An alert."""

    id = whole("Its id", 5)
    kind = said("What it is about", "new_device")
    title = said("In one line", "Có thiết bị mới")
    text = said("In a few", "Một thiết bị chưa từng thấy vừa hỏi.")
    at = when("When it began")
    last_at = when("When it last happened")
    count = whole("How often", 1)
    profile = said("About whom", "lan", none=True)
    device = said("About which device", "may-lan", none=True)
    seen = yes("Somebody has seen it", example=False)
    seen_by = said("Who has", "")


class Which(Paged):
    """Which alerts."""

    unseen = yes("Only those that nobody has seen", query=True, load_default=False)


class Seen(Document):
    """Which alerts somebody has seen."""

    alerts = many(whole("An id", 5), "Ids; left out: all", [5], most=MOST)


class Count(Shown):
    """How many."""

    seen = whole("So many were new", 1)


@operation(calls, "GET", "/alerts", Scope.ACTIVITY, Action.ACTIVITY, page_of(News), query=Which)
def alerts(query: dict[str, Any]) -> Any:
    """Alerts, newest first."""
    limit = query["limit"]
    found = list_alerts(state(), limit=limit + 1, before=number_of(query["cursor"]), unseen=query["unseen"])
    shown = found[:limit]
    following = cursor_of(str(shown[-1].id)) if len(found) > limit else None
    return {"items": [_document(alert) for alert in shown], "next": following}


@operation(calls, "POST", "/alerts/seen", Scope.HOUSEHOLD, Action.HOUSEHOLD, Count, takes=Seen)
def alerts_seen(body: dict[str, Any]) -> Any:
    """Note that somebody has seen alerts: they are not sent any more."""
    return {"seen": mark_seen(state(), who(), body.get("alerts"))}


def _document(found: Alert) -> dict[str, Any]:
    title, text = say(found, house().language, people_of(house(), found))
    return {
        "id": found.id, "kind": found.kind.value, "title": title, "text": text, "at": moment(found.at_ms / 1000),
        "last_at": moment(found.last_at_ms / 1000), "count": found.count, "profile": found.profile or None,
        "device": found.device or None, "seen": found.state not in UNSEEN,
        "seen_by": str(found.detail.get("seen_by", "")),
    }  # fmt: skip
