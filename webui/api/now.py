"""How things are: is the house protected, and what is on for whom, until when."""

from __future__ import annotations

from typing import Any

from marshmallow import fields

from filterd.control import now as nows
from filterd.control.truth import truth as look
from filterd.model.account import Action, Scope
from filterd.model.now import Outlook, ProfileNow
from webui.api.fields import Shown, many, said, when, whole, yes
from webui.api.gate import house, state
from webui.api.operation import Calls, operation
from webui.api.people import known
from webui.api.times import moment

calls = Calls("now", __name__, description="How things are")
STATES = ("on", "off", "only", "paused")


class Next(Shown):
    """What comes after."""

    state = said("on, off, only (chosen sites alone) or paused (the filter)", "off", among=STATES)
    since = when("When it begins", none=True)
    until = when("When it ends; null: not in sight", none=True)


class Share(Shown):
    """How much of a day's share is used, about."""

    services = many(fields.String(), "Ids of services", ["youtube"])
    categories = many(fields.String(), "Ids of categories", [])
    minutes = whole("The share", 60)
    used_minutes = whole("About so many are used", 40)
    used_up = yes("Nothing is left", example=False)


class PersonNow(Shown):
    """One person's Internet at this moment."""

    id = said("Of the profile", "lan")
    name = said("How the family calls them", "Lan")
    state = said("on, off, only (chosen sites alone) or paused (the filter)", "on", among=STATES)
    since = when("Since when, for this reason", none=True)
    until = when("Until when; null: not in sight", none=True)
    reason = said("Why: off, window, grant, or nothing", "window")
    rule = said("The window's name, or whom an off covers", "Giờ ngủ")
    by = said("Who did it", "mẹ")
    next = fields.Nested(Next, allow_none=True, metadata={"description": "What comes then"})
    bonus_until = when("End of the last more time", none=True)
    paused_until = when("End of a pause of the filter", none=True)
    switchable = yes("False: a grown-up, whom nobody switches off")
    devices = whole("How many devices", 2)
    last_asked = when("When one of them last asked", none=True)
    shares = many(Share, "Of this day", [])


class Now(Shown):
    """Everybody at one moment."""

    revision = whole("Of the household", 17)
    at = when("The moment")
    zone = said("The household's time zone", "Asia/Ho_Chi_Minh")
    clock_trusted = yes("The box knows what time it is")
    waiting = whole("How many requests wait for an answer", 1)
    people = many(PersonNow, "In the household's order", [])


class Check(Shown):
    """One of the five checks."""

    id = said("client, lists, clock, upstream or bypass", "upstream")
    ok = yes("It holds")
    reason = said("A word for what is wrong", "down")


class Truth(Shown):
    """Whether everybody is protected."""

    protected = yes("All checks hold")
    worst = said("Id of the worst check that fails", "upstream", none=True)
    checks = many(Check, "Failing ones first", [])


@operation(calls, "GET", "/now", Scope.READ, Action.LOOK, Now)
def now() -> Any:
    """What is on for everybody."""
    found = nows.outlook(state())
    mine = {p.id for p in house().profiles}
    return {
        "revision": found.revision,
        "at": moment(found.at),
        "zone": found.zone,
        "clock_trusted": found.trusted,
        "waiting": sum(r.profile in mine for r in found.requests),
        "people": [_person(p) for p in found.profiles if p.id in mine],
    }


@operation(calls, "GET", "/profiles/<ident>/now", Scope.READ, Action.LOOK, PersonNow)
def person_now(ident: str) -> Any:
    """What is on for one person."""
    known(ident)
    found: Outlook = nows.outlook(state())
    return _person(found.of(ident))


@operation(calls, "GET", "/truth", Scope.READ, Action.LOOK, Truth)
def truth() -> Any:
    """Whether everybody is protected, and what is wrong."""
    found = look(state())
    return {
        "protected": found.ok,
        "worst": found.worst.id if found.worst is not None else None,
        "checks": [{"id": c.id, "ok": c.ok, "reason": c.reason} for c in found.checks],
    }


def _person(found: ProfileNow) -> dict[str, Any]:
    then = found.then
    return {
        "id": found.id,
        "name": found.name,
        "state": found.kind,
        "since": moment(found.since),
        "until": moment(found.until),
        "reason": found.reason,
        "rule": found.rule,
        "by": found.by,
        "next": None
        if then is None
        else {"state": then.kind, "since": moment(then.start), "until": moment(then.end)},
        "bonus_until": moment(found.bonus_until),
        "paused_until": moment(found.paused_until),
        "switchable": found.switchable,
        "devices": found.devices,
        "last_asked": moment(found.last_asked),
        "shares": [
            {"services": list(b.services), "categories": list(b.categories), "minutes": b.minutes,
             "used_minutes": b.used, "used_up": b.used_up}
            for b in found.budgets if b.today
        ],
    }  # fmt: skip
