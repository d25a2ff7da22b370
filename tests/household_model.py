"""What a family's changes mean, once more: from DECISIONS 1, 7 and issue 4 alone, naive, without the product's code.

A home is a dictionary of things (profiles, devices, grants, offs, requests, and the rest of the household) and the list
of all such dictionaries since its first day. A use case is a method that returns the next dictionary or raises Refused.
What follows from the things at a moment is tests/day_model.py's.

    home = Home(household)
    home.commit(home.grant(now, Scope.TIME, "", 15, profile="lan", device=""), now, "cli")
    home.commit(home.undo(now + 9, "cli"), now + 9, "cli")
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date
from typing import Any

from filterd.model.household import DayException, Grant, Household, InternetOff, Rule, Scope

Things = dict[tuple[str, str], Any]
TOP = ("household", "")
NEW = "?"  # the id of something new, until the store has given it one


class Refused(Exception):
    """The change makes no sense: the product must refuse it too."""


@dataclass
class Past:
    """One change: what was there after it, when and by which door it came."""

    things: Things
    at: float = 0.0
    source: str = ""
    moved: frozenset[tuple[str, str]] = frozenset()  # what only stands at another place among its kind: a test says so

    def touched(self, before: Past) -> set[tuple[str, str]]:
        """The things that differ."""
        keys = {*self.things, *before.things}
        return {key for key in keys if self.things.get(key) != before.things.get(key)}


class Home:
    """A household and everything it ever was. `past[n]`: after change n."""

    def __init__(self, household: Household) -> None:
        self.past = [Past({}), Past(things_of(household))]

    @property
    def things(self) -> Things:
        """What is there now."""
        return self.past[-1].things

    def of(self, kind: str) -> list[Any]:
        """All things of a kind."""
        return [thing for (found, _), thing in self.things.items() if found == kind]

    def household(self) -> Household:
        """The things as a household."""
        kinds = {"profiles": "profile", "devices": "device", "grants": "grant", "internet_off": "off"}
        whole: Household = replace(self.things[TOP], **{field: tuple(self.of(kind)) for field, kind in kinds.items()})
        return whole

    def commit(self, things: Things, at: float, source: str, seen: int | None = None) -> bool:
        """Make it the newest; False when nothing differs. Refused: somebody changed the same after `seen`."""
        made = Past(things, at, source)
        touched = made.touched(self.past[-1])
        later = zip(self.past[seen:], self.past[seen + 1 :], strict=False) if seen is not None else ()
        if touched and any(touched & (newer.touched(older) | newer.moved) for older, newer in later):
            raise Refused("conflict")
        self._check(things)
        if touched:
            self.past.append(made)
        return bool(touched)

    def adopt(self, keys: set[tuple[str, str]]) -> None:
        """Give the new thing the id that the store gave it."""
        for (kind, ident), thing in list(self.things.items()):
            if ident == NEW:
                (key,) = {k for k in keys if k[0] == kind} - set(self.things)
                del self.things[kind, ident]
                self.things[key] = thing | {"id": key[1]} if kind == "request" else replace(thing, id=key[1])

    def _check(self, things: Things) -> None:
        """What belongs together is there together."""
        there: dict[str, list[Any]] = {}
        for (kind, _), thing in things.items():
            there.setdefault(kind, []).append(thing)
        top, devices = things.get(TOP), there.get("device", [])
        profiles = {p.id for p in there.get("profile", [])}
        given = there.get("grant", []) + there.get("off", [])
        used = {e.holiday for p in there.get("profile", []) for e in p.exceptions}
        whole = (
            top is not None
            and {top.default_profile, *(d.profile for d in devices)} <= profiles
            and len({d.ip for d in devices}) == len(devices)
            and {g.profile for g in given} <= profiles | {""}
            and {g.device for g in given} <= {d.id for d in devices} | {""}
            and used <= {h.name for h in top.holidays} | {""}
        )
        if not whole:
            raise Refused("does not fit together")

    # ---- the history

    def revert(self, number: int) -> Things:
        """Every thing of that change as it was before it; nobody may have changed one of them since."""
        if not 1 < number < len(self.past):
            raise Refused("no such change, or the first")
        after, before = self.past[number], self.past[number - 1]
        things = dict(self.things)
        for key in after.touched(before):
            if things.get(key) != after.things.get(key):
                raise Refused("changed since")
            things.pop(key, None)
            if key in before.things:
                things[key] = before.things[key]
        return things

    def undo(self, now: float, source: str) -> Things:
        """The newest change of the same door, within ten seconds."""
        mine = [n for n, past in enumerate(self.past) if n and past.source == source]
        if not mine or now - self.past[mine[-1]].at > 10:
            raise Refused("too late")
        return self.revert(mine[-1])

    def replace_all(self, household: Household) -> Things:
        """An import: requests stay."""
        return things_of(household) | {key: thing for key, thing in self.things.items() if key[0] == "request"}

    # ---- profiles and devices

    def need(self, kind: str, ident: str) -> Any:
        """The thing, which must be there."""
        if (kind, ident) not in self.things:
            raise Refused(f"no such {kind}")
        return self.things[kind, ident]

    def add(self, kind: str, thing: Any) -> Things:
        """A new profile or device."""
        if (kind, thing.id) in self.things:
            raise Refused("there is one already")
        return self.things | {(kind, thing.id): thing}

    def change(self, kind: str, ident: str, **values: Any) -> Things:
        """Other words of one thing."""
        return self.things | {(kind, ident): replace(self.need(kind, ident), **values)}

    def remove(self, kind: str, ident: str) -> Things:
        """A device (or grant), with the grants and offs that are its own."""
        self.need(kind, ident)
        return {
            key: thing
            for key, thing in self.things.items()
            if key != (kind, ident) and not (key[0] in ("grant", "off") and getattr(thing, kind, "") == ident)
        }

    def remove_profile(self, ident: str, devices_to: str) -> Things:
        """Its devices, and those never seen before, go to another one."""
        things = self.remove("profile", ident)
        left = [p for p in self.of("profile") if p.id != ident]
        devices = [d for d in self.of("device") if d.profile == ident]
        if not left or (devices and not devices_to) or (devices_to and devices_to not in {p.id for p in left}):
            raise Refused("the last one, or nobody for its devices")
        things |= {("device", d.id): replace(d, profile=devices_to) for d in devices}
        if things[TOP].default_profile == ident:
            children = [p.id for p in left if p.preset not in ("adult", "none")] or [left[0].id]
            things[TOP] = replace(things[TOP], default_profile=devices_to or children[0])
        return things

    def set_rule(self, ident: str, part: str, word: str, rule: str) -> Things:
        """A category's or a service's rule; `default` takes it away."""
        rules = {k: v for k, v in getattr(self.need("profile", ident), part).items() if k != word}
        return self.change("profile", ident, **{part: rules if rule == "default" else rules | {word: Rule(rule)}})

    def name(self, ident: str, part: str, wire: bytes, add: bool) -> Things:
        """A name on a list of the profile, or off it; block and allow exclude each other."""
        names = self.need("profile", ident).names
        here = getattr(names, part)
        if not add and wire not in here:
            raise Refused("not there")
        rest = tuple(n for n in here if n != wire)
        other = {"block": "allow", "allow": "block"}.get(part, "") if add else ""
        values = {part: (here if wire in here else (*here, wire)) if add else rest}
        if other:
            values[other] = tuple(n for n in getattr(names, other) if n != wire)
        return self.change("profile", ident, names=replace(names, **values))

    def free_day(self, ident: str, day: date) -> Things:
        """No window starts on that day: before every other exception."""
        exceptions = self.need("profile", ident).exceptions
        deciding = next((e for e in exceptions if e.on == day or e.holiday), None)
        if deciding == DayException((), on=day):
            return self.things
        kept = tuple(e for e in exceptions if e.on != day)
        return self.change("profile", ident, exceptions=(DayException((), on=day), *kept))

    # ---- moves

    def grant(self, now: float, scope: Scope, value: str, minutes: int | None, profile: str, device: str) -> Things:
        """Allow something from now on."""
        until = None if minutes is None else round(now + minutes * 60, 3)
        return self.things | {("grant", NEW): Grant(scope, value, profile, device, now, until, "mẹ", id=NEW)}

    def off(self, now: float, minutes: int | None, profile: str, device: str, everyone: bool) -> Things:
        """Switch off from now on."""
        until = None if minutes is None else round(now + minutes * 60, 3)
        return self.things | {("off", NEW): InternetOff(profile, device, everyone, now, until, "mẹ", id=NEW)}

    def on(self, now: float, profile: str, device: str, everyone: bool) -> Things:
        """Switch on again exactly what was switched off; where it is off for more than that, that is said."""
        for kind, ident in (("profile", profile), ("device", device)):
            if ident:
                self.need(kind, ident)
        running = [
            o
            for o in self.of("off")
            if o.ended is None and o.start <= now and (o.until is None or now < -(-o.until // 60) * 60)
        ]
        mine = [o for o in running if (o.profile, o.device, o.everyone) == (profile, device, everyone)]
        owner = profile or (self.things["device", device].profile if device else "")
        wider = [o for o in running if not everyone and (o.everyone or (device and o.profile == owner))]
        if not mine and wider:
            raise Refused("off for more than that")
        return self.things | {("off", o.id): replace(o, ended=now) for o in mine}

    # ---- requests

    @staticmethod
    def state_of(request: Any, now: float) -> str:
        """What has become of it; nobody answers for a day: it is over."""
        return "expired" if request["state"] == "pending" and now - request["at"] >= 86_400 else request["state"]

    def ask(self, now: float, profile: str, device: str, scope: Scope, value: str) -> Things:
        """A child asks: once for the same thing, for ten at a time, six times an hour."""
        self.need("profile", profile)
        if device and self.need("device", device).profile != profile:
            raise Refused("not theirs")
        mine = [r for r in self.of("request") if r["profile"] == profile]
        waiting = [r for r in mine if self.state_of(r, now) == "pending"]
        same = [r for r in waiting if (r["scope"], r["value"]) == (scope.value, value)]
        if same or len(waiting) >= 10 or sum(r["at"] > now - 3600 for r in mine) >= 6:
            raise Refused("asked already, or too often")
        request = {"profile": profile, "device": device, "scope": scope.value, "value": value, "at": now}
        return self.things | {("request", NEW): request | {"state": "pending"}}

    def answer(self, now: float, ident: str, yes: bool, minutes: int | None) -> Things:
        """A parent answers, once; yes is a grant for who asked."""
        request = self.need("request", ident)
        endless = minutes is None and request["scope"] == "time"
        if self.state_of(request, now) != "pending" or (yes and endless):
            raise Refused("answered, or over, or time without an end")
        device, scope = request["device"], Scope(request["scope"])
        profile = "" if device else request["profile"]
        things = self.grant(now, scope, request["value"], minutes, profile, device) if yes else self.things
        return things | {("request", ident): request | {"state": "granted" if yes else "refused"}}


def things_of(household: Household) -> Things:
    """A household whose grants and offs have ids, as things."""
    given: dict[str, Any] = {"grant": household.grants, "off": household.internet_off}
    kinds = {"profile": household.profiles, "device": household.devices} | given
    top = replace(household, profiles=(), devices=(), grants=(), internet_off=())
    return {TOP: top} | {(kind, thing.id): thing for kind, things in kinds.items() for thing in things}
