"""Daily moves: off and on, more time, a pause of the filter. Each for a profile or a device; off and on for everyone too."""

from __future__ import annotations

import time
from typing import Any

from filterd.control import moves, moves_many
from filterd.control import now as nows
from filterd.control.change import Done
from filterd.model.account import Action, Role, Scope
from filterd.model.change import Who
from filterd.model.household import InternetOff
from webui.api.change import changed, tagged
from webui.api.fields import IDENT, Shown, said, text, when, whole, yes
from webui.api.gate import account, house, state
from webui.api.operation import Calls, Paged, operation, page_of
from webui.api.paging import page
from webui.api.people import Change, Changed
from webui.api.problem import INVALID, Problem
from webui.api.times import moment

calls = Calls("moves", __name__, description="What changes daily")


class Whom(Change):
    """Whom it is for: exactly one of the two."""

    profile = text("Id of a profile", "lan", most=IDENT, load_default="")
    device = text("Id of a device", "", most=IDENT, load_default="")


class Everyone(Whom):
    """Whom it is for: exactly one of the three."""

    everyone = yes("Everybody", example=False, load_default=False)


class Off(Everyone):
    """Internet off, for minutes or until a moment; without both until it is switched on."""

    minutes = whole("For so long", 60, low=1, high=moves.MAX_MINUTES, none=True, load_default=None)
    until = when("Until then", None, none=True, load_default=None)
    reason = text("Why", "Ăn cơm", load_default="")


class More(Whom):
    """More time."""

    minutes = whole("So much", 15, low=1, high=moves.MAX_MINUTES, required=True)
    reason = text("Why", "", load_default="")


class Pause(Whom):
    """A pause of the filter."""

    minutes = whole("So long", 30, low=1, high=moves.MAX_PAUSE_MINUTES, load_default=moves.PAUSE_MINUTES)
    reason = text("Why", "", load_default="")


class OffNow(Shown):
    """Something that is switched off."""

    id = said("Its id", "o12")
    profile = said("Whom it covers: a profile", "lan", none=True)
    device = said("or a device", None, none=True)
    everyone = yes("or everybody", example=False)
    since = when("Since when", none=True)
    until = when("Until when; null: until it is switched on", none=True)
    by = said("Who did it", "mẹ")
    reason = said("Why", "Ăn cơm")


@operation(calls, "GET", "/off", Scope.READ, Action.LOOK, page_of(OffNow), query=Paged)
def off_now(query: dict[str, Any]) -> Any:
    """What is switched off now."""
    at = time.time()
    mine = {p.id for p in house().profiles}, {d.id for d in house().devices}
    found = [
        o
        for o in house().internet_off
        if moves.is_off(o, at) and (o.everyone or o.profile in mine[0] or o.device in mine[1])
    ]
    items, following = page(found, lambda o: o.id, query["limit"], query["cursor"])
    return tagged({"items": [_document(o) for o in items], "next": following})


@operation(calls, "POST", "/off", Scope.HOUSEHOLD, Action.SWITCH, Changed, takes=Off, guarded=True)
def off(body: dict[str, Any]) -> Any:
    """Switch the Internet off."""
    whom = whom_of(body)
    what = {key: body[key] for key in ("minutes", "until", "reason")}
    return changed(lambda who, seen: moves.off(state(), who, whom, **what, seen=seen), body)


@operation(calls, "POST", "/on", Scope.HOUSEHOLD, Action.SWITCH, Changed, takes=Everyone, guarded=True)
def on(body: dict[str, Any]) -> Any:
    """Switch the Internet on again, for exactly whom it was switched off."""
    whom = whom_of(body)
    return changed(lambda who, seen: moves.on(state(), who, whom, seen=seen), body)


@operation(calls, "POST", "/bonus", Scope.HOUSEHOLD, Action.HOUSEHOLD, Changed, takes=More, guarded=True)
def bonus(body: dict[str, Any]) -> Any:
    """Give more time: it opens what is closed, or moves a person's next off back, as the button on the page."""
    whom = whom_of(body)
    minutes, reason = body["minutes"], body["reason"]

    def use(who: Who, seen: int | None) -> Done:
        ident = whom.profile
        if not ident or nows.extra(state(), ident, minutes).act == "nothing":  # a budget that is used up opens
            return moves.bonus(state(), who, whom, minutes, reason=reason, seen=seen)
        return nows.plus(state(), who, ident, minutes, reason=reason, seen=seen)

    return changed(use, body)


@operation(calls, "POST", "/pause", Scope.HOUSEHOLD, Action.HOUSEHOLD, Changed, takes=Pause, guarded=True)
def pause(body: dict[str, Any]) -> Any:
    """Pause the filter for a while. What the province has made mandatory stays closed."""
    whom = whom_of(body)
    return changed(
        lambda who, seen: moves.pause(state(), who, whom, body["minutes"], reason=body["reason"], seen=seen), body
    )


@operation(calls, "POST", "/resume", Scope.HOUSEHOLD, Action.HOUSEHOLD, Changed, takes=Whom, guarded=True)
def resume(body: dict[str, Any]) -> Any:
    """End a pause of the filter before its time."""
    whom = whom_of(body)
    return changed(lambda who, seen: moves_many.resume(state(), who, whom, seen=seen), body)


def whom_of(body: dict[str, Any]) -> moves.Whom:
    """Return whom a body means. Raises Problem: it is nobody whom this token reaches."""
    whom = moves.Whom(body["profile"], body["device"], body.get("everyone", False))
    if whom.everyone and account().role is Role.TEACHER:
        raise Problem(403, "a teacher reaches the own rooms, not everyone")
    known = {"profile": {p.id for p in house().profiles}, "device": {d.id for d in house().devices}}
    for key, there in known.items():
        if body[key] and body[key] not in there:
            raise Problem(422, "that does not fit", INVALID, problems=[f"{key}: there is no {body[key]!r}"])
    return whom


def _document(found: InternetOff) -> dict[str, Any]:
    return {
        "id": found.id,
        "profile": found.profile or None,
        "device": found.device or None,
        "everyone": found.everyone,
        "since": moment(found.start),
        "until": moment(found.until),
        "by": found.by,
        "reason": found.reason,
    }
