"""What stood behind a decision: who set the rule and when, the hours it has, what the child and the device are called.

setter = who_set(state, household, found)
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

from filterd.control.change import history
from filterd.model.decision import Action, Row
from filterd.model.household import Effect, Household, InternetOff
from filterd.policy.say import clock
from filterd.policy.who_set import Setter, setter_of

CHANGES = 200  # of a profile's history in which the rule's maker is looked for
OPENED = (Row.NAME, Row.SERVICE, Row.CATEGORY)  # rows that a rule of the household opens or closes


@dataclass(frozen=True, slots=True)
class Found:
    """A decision as it was found: by asking, or in the log. `opens`: whether what follows opens, None: not known."""

    action: Action
    row: Row
    rule: str
    profile: str
    device: str
    name: str
    matched: str
    service: str
    category: str
    list_id: str
    by: str
    at: float
    until: float | None
    opens: bool | None
    client: str = ""


def who_set(state: Path, household: Household, found: Found) -> Setter | None:
    """Return who set the rule that decided; None when nobody did, or it is not known any more."""
    if found.row is Row.OFF:
        off = _off(household, found)
        return None if off is None else Setter(off.by, off.start)
    if found.row is Row.GRANT and not found.rule.startswith("always"):
        scope, _, value = found.rule.partition(" ")
        given = [
            g
            for g in household.grants
            if (g.profile == found.profile or (g.device and g.device == found.device))
            and (g.scope.value, g.value) == (scope, value)
            and (g.start or 0.0) <= found.at
            and (g.until is None or found.at < -(-g.until // 60) * 60)
        ]
        return next((Setter(g.by, g.start) for g in given), None)
    if found.row not in (Row.GRANT, Row.WINDOW, Row.BUDGET, *OPENED):
        return None
    changes = history(state, limit=CHANGES, kind="profile", ident=found.profile)
    # what was set after the question is not what decided it
    before = [c for c in changes if c.at <= found.at] or changes
    return setter_of(before, ("profile", found.profile), found.row, found.rule, found.service, found.category)


def own_end(household: Household, found: Found) -> Found:
    """Return `found` with the end of its own off, where what follows is closed too: another off changes no end."""
    off = _off(household, found) if found.row is Row.OFF and not found.opens else None
    if off is None:
        return found
    return replace(found, until=None if off.until is None else float(-(-off.until // 60) * 60), opens=False)


def windows_of(household: Household, found: Found) -> tuple[bool, tuple[tuple[str, str], ...]]:
    """Return (an `only` window decided, hours of the service or category in question)."""
    profile = next((p for p in household.profiles if p.id == found.profile), None)
    if profile is None:
        return False, ()
    weekly = profile.windows or ()
    every = [*weekly, *(w for e in profile.exceptions for w in e.windows)]
    named = [w for w in every if w.name == found.rule]
    is_only = bool(named) and all(w.effect is Effect.ONLY for w in named)
    word = found.service if found.row is Row.SERVICE else found.category if found.row is Row.CATEGORY else ""
    hours = [
        (clock(w.start), clock(w.end))
        for w in weekly
        if w.effect is Effect.PERMIT and word and word in (w.services if found.row is Row.SERVICE else w.categories)
    ]
    return is_only, tuple(dict.fromkeys(hours))


def child_name(household: Household, profile: str) -> str:
    """Return what a profile is called."""
    return next((p.name for p in household.profiles if p.id == profile), profile)


def device_name(household: Household, found: Found, language: str) -> str:
    """Return what the device is called."""
    for device in household.devices:
        if device.id == found.device:
            return device.name
    if found.client and found.client != found.device:
        return f"Máy {found.client}" if language == "vi" else f"The device {found.client}"
    child = child_name(household, found.profile)
    return f"Máy của {child}" if language == "vi" else f"{child}'s device"


def _off(household: Household, found: Found) -> InternetOff | None:
    """Return the off that decided: the first in force, as the judge takes it."""
    for off in household.internet_off:
        covers = off.everyone or off.profile == found.profile or (off.device and off.device == found.device)
        ends = [end for end in (off.until, off.ended) if end is not None]
        if covers and (off.start or 0.0) <= found.at and all(found.at < -(-end // 60) * 60 for end in ends):
            return off
    return None
