"""A small household to judge: builders for the policy tests, so that each test shows only what it is about.

house(kid(services={"tube": Rule.BLOCK})).ask("x.example", services=["tube"]).row  -> Row.SERVICE
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import cached_property
from types import SimpleNamespace
from typing import Any
from zoneinfo import ZoneInfo

from filterd.model.decision import Decision
from filterd.model.household import Device, Effect, Grant, Household, InternetOff, Names, Profile, Rule, Scope, Window
from filterd.model.tags import Tag, TagKind, TagSet
from filterd.policy.compile import Knowledge, compile_snapshot
from filterd.policy.judge import Judge
from filterd.policy.precedence import Step, decide_question
from filterd.policy.snapshot import Snapshot, dump
from filterd.wire.name import to_wire

ZONE = "Asia/Ho_Chi_Minh"
GOOGLE, SAFE_GOOGLE = to_wire("www.google.com"), to_wire("forcesafesearch.google.com")
KNOWLEDGE = Knowledge(
    categories={
        c: SimpleNamespace(harm=c in ("adult", "dating"), name_vi=f"nhóm {c}", name_en=f"group {c}")
        for c in ("adult", "dating", "games", "social", "bypass")
    },
    services={s: SimpleNamespace(name_vi=f"Dịch vụ {s}", name_en=s.title()) for s in ("tube", "chat", "blox")},
    presets={"strict": SimpleNamespace(blocked=("adult", "social"), safe_search={"google": "on", "tubes": "strict"})},
    safe_hosts={GOOGLE: "google", to_wire("www.tubes.example"): "tubes", SAFE_GOOGLE: "google"},
    safe_targets={
        "google": {"on": SAFE_GOOGLE},
        "tubes": {"moderate": to_wire("mod.tubes.example"), "strict": to_wire("strict.tubes.example")},
    },
    safe_fallbacks={"google": bytes((192, 0, 2, 1)), "tubes": b""},
)
EVERY_NIGHT = Window("Bedtime", Effect.OFFLINE, 21 * 60 + 30, 30 * 60)  # 21:30 to 06:00


def at(text: str, zone: str = ZONE) -> float:
    """Return POSIX seconds of household time, such as "2026-11-24 21:30"."""
    return datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone)).timestamp()


NOON = at("2026-11-24 12:00")  # a Tuesday
NIGHT = at("2026-11-24 23:00")


def window(effect: str, start: str, end: str, **rest: Any) -> Window:
    """Return a window; times as in the file."""

    def minutes(text: str) -> int:
        hours, _, rest = text.partition(":")
        return int(hours) * 60 + int(rest)

    first, last = minutes(start), minutes(end)
    if "names" in rest:
        rest["names"] = tuple(map(to_wire, rest["names"]))
    return Window(rest.pop("name", effect), Effect(effect), first, last if last > first else last + 1440, **rest)


def names(block: Collection[str] = (), allow: Collection[str] = (), always: Collection[str] = ()) -> Names:
    """Return a profile's own names."""
    return Names(tuple(map(to_wire, block)), tuple(map(to_wire, allow)), tuple(map(to_wire, always)))


def kid(**rest: Any) -> Profile:
    """Return the profile `lan`."""
    return Profile("lan", "Lan", **rest)


def grant(scope: str, value: str = "", until: str | None = "2026-11-30 00:00", **rest: Any) -> Grant:
    """Return a grant, for the profile unless `device` is given, from the start of 2026-11-24."""
    rest.setdefault("start", at(rest.pop("since", "2026-11-24 00:00")))
    if "device" not in rest:
        rest.setdefault("profile", "lan")
    return Grant(Scope(scope), value, until=None if until is None else at(until), **rest)


def off(until: str | None = None, since: str = "2026-11-24 08:00", **rest: Any) -> InternetOff:
    """Return an internet-off, for the profile unless told otherwise."""
    if not rest.keys() & {"device", "everyone"}:
        rest.setdefault("profile", "lan")
    return InternetOff(start=at(since), until=None if until is None else at(until), **rest)


@dataclass
class House:
    """A compiled household with one name's tags at a time."""

    household: Household
    made: float = NOON
    _sets: list[TagSet] = field(default_factory=lambda: [TagSet()])

    @cached_property
    def judge(self) -> Judge:
        """What a worker judges by."""
        return Judge(Snapshot.load(dump(compile_snapshot(self.household, KNOWLEDGE, self.made))), self._sets)

    def tags(
        self,
        lists: Collection[str] = (),
        services: Collection[str] = (),
        mandatory: str = "",
        lifeline: bool = False,
        canary: bool = False,
    ) -> int:
        """Return the number of the set of these tags. `lists`: categories."""
        tags = {Tag(TagKind.LIST, f"{c}-list", c) for c in lists} | {Tag(TagKind.SERVICE, s) for s in services}
        tags |= {Tag(TagKind.LIST, "province", mandatory, True)} if mandatory else set()
        tags |= {Tag(TagKind.LIFELINE, "hotline")} if lifeline else set()
        tags |= {Tag(TagKind.CANARY, "canary")} if canary else set()
        self._sets.append(TagSet.of(tags))
        return len(self._sets) - 1

    def ask(
        self, name: str, wall: float = NOON, device: str = "", trusted: bool = True, special: bool = False, **tags: Any
    ) -> Decision:
        """Return the decision on a question of profile `lan`, or of one of its devices."""
        state = self.judge.state(self.slot(device), wall, trusted)
        return state.question(self.tags(**tags), self.judge.snapshot.overlay(to_wire(name)), special)

    def target(
        self, name: str, wall: float = NOON, covered: bool = False, trusted: bool = True, **tags: Any
    ) -> Decision | None:
        """Return the block of a name in the answer's chain."""
        state = self.judge.state(0, wall, trusted)
        return state.target(self.tags(**tags), self.judge.snapshot.overlay(to_wire(name)), covered)

    def trace(self, name: str, wall: float = NOON, **tags: Any) -> list[Step]:
        """Return the trace of a question."""
        state = self.judge.state(0, wall)
        steps: list[Step] = []
        decide_question(state.rules, state.facts(self.tags(**tags), self.judge.snapshot.overlay(to_wire(name))), steps)
        return steps

    def slot(self, device: str) -> int:
        """Return the slot of a device, or of profile `lan`."""
        return next((d.slot for d in self.judge.snapshot.devices if d.id == device), 0)


def house(profile: Profile | None = None, **rest: Any) -> House:
    """Return a household of `profile` (lan), a second profile, and three devices. `rest`: more of the household."""
    made = rest.pop("made", NOON)
    devices = (
        Device("phone", "Phone", "lan", mac="02:00:00:00:00:01"),
        Device("pad", "Pad", "lan", ip="192.0.2.20"),
        Device("tv", "TV", "dad", ip="192.0.2.21"),
    )
    household = Household((profile or kid(), Profile("dad", "Dad", "adult")), devices=devices, language="en")
    return House(replace(household, **rest), made)


BLOCK, ALLOW = Rule.BLOCK, Rule.ALLOW
