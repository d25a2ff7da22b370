"""What a family's random changes are made of: a first household, names that lists know, and hands that pick the rest.

Many ids and names refer to what is there, some to what is not.

    whom(random.Random(1), everyone=True)       # {"profile": "", "device": "", "everyone": True}
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from datetime import date, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from filterd.config.catalogue import load as load_catalogue
from filterd.config.household_out import to_document
from filterd.listbuild.build import Builder, content_key
from filterd.listbuild.claims import BLOCK, mask_of
from filterd.model.change import Who
from filterd.model.household import (
    Budget,
    DayException,
    Device,
    Effect,
    Holiday,
    Household,
    Names,
    Profile,
    Rule,
    Scope,
    Window,
)
from filterd.model.tags import Tag, TagKind
from filterd.wire.name import to_wire
from tests.policy_model import Named

MUM = Who("mẹ")
START = datetime(2026, 11, 24, 20, 15, 7, 250_000, ZoneInfo("Asia/Ho_Chi_Minh")).timestamp()
CATEGORIES, SERVICES, PRESETS = ("adult", "games", "social"), ("tiktok", "roblox"), ("none", "age-7-9", "adult")
CATALOGUE = load_catalogue()
HARM = {name for name, category in CATALOGUE.categories.items() if category.harm}
BLOCKED = {name: CATALOGUE.presets[name].blocked for name in PRESETS if name != "none"}
ASKED = (
    Named("games.example", ["games"]),
    Named("www.games.example", ["games"]),
    Named("adult.example", ["adult"]),
    Named("tiktok.example", ["social"], ["tiktok"]),
    Named("roblox.example", ["games"], ["roblox"]),
    Named("www.free.example"),
    Named("bad.example", ["adult"], mandatory=True),
    Named("hotline.example", lifeline=True),
    Named("printer.local", special=True),
)
OWN = ("games.example", "www.games.example", "example", "free.example", "roblox.example")
VALUES = {Scope.NAME: OWN, Scope.SERVICE: SERVICES, Scope.CATEGORY: CATEGORIES}  # of grants; other scopes have none
BUDGET = Budget(("roblox",), ("social",), 60)
TET = Holiday("Tết", date(2026, 11, 25), date(2026, 11, 27))
LAN = Profile(
    "lan",
    "Lan",
    "age-7-9",
    services={"tiktok": Rule.BLOCK},
    names=Names((to_wire("free.example"),)),
    budgets=(BUDGET,),
)
NA = Profile("na", "Na", categories={"games": Rule.BLOCK}, services={"roblox": Rule.ALLOW})
IPS = tuple(f"192.0.2.{number}" for number in range(1, 5))
BEGIN = Household(
    (LAN, Profile("bo", "Bố", "adult"), NA),
    "lan",
    holidays=(TET,),
    devices=(
        Device("phone", "Phone", "lan", ip=IPS[0]),
        Device("pad", "Pad", "lan", ip=IPS[1]),
        Device("tv", "TV", "na", ip=IPS[2]),
    ),
)
PROFILES, DEVICES = ("lan", "lan", "bo", "na", "ghost"), ("phone", "pad", "tv")
MINUTES = (None, None, 1, 15, 60, 3 * 1440)
AGO = (None, None, 0, 1, 2, 3)  # how many changes ago somebody looked; None: does not say
YES_MOSTLY = (True, True, False)
SECONDS = (1.0, 9.999, 10.001, 45.5, 600.0, 1800.0, 6 * 3600.0, 86_400.0, 3 * 86_400.0)


def window(hand: random.Random) -> Window:
    """A window around the evening at which everything begins."""
    effect = hand.choice(list(Effect))
    start = hand.choice((0, 8 * 60, 20 * 60, 21 * 60 + 30))
    end = start + hand.choice((1, 60, 510, 1440))
    days = hand.choice((None, frozenset(hand.sample(range(7), hand.randint(1, 7)))))
    names = tuple(map(to_wire, some(hand, OWN, 1))) if effect is Effect.ONLY else ()
    services, categories = (() if effect is Effect.OFFLINE else some(hand, of, 1) for of in (SERVICES, CATEGORIES))
    return Window("w", effect, start, end, days, names, services, categories)


def some(hand: random.Random, of: Sequence[str], most: int) -> tuple[str, ...]:
    """Up to so many of them, none twice."""
    return tuple(hand.sample(of, hand.randint(0, most)))


def windows(hand: random.Random, most: int) -> tuple[Window, ...]:
    """Up to so many windows."""
    return tuple(window(hand) for _ in range(hand.randint(0, most)))


def whom(hand: random.Random, everyone: bool = False) -> dict[str, Any]:
    """A profile, a device, or everyone, as keys."""
    found: dict[str, Any] = {"profile": "", "device": ""} | ({"everyone": False} if everyone else {})
    kind = hand.choice(list(found))
    return found | {kind: {"profile": hand.choice(PROFILES), "device": hand.choice(DEVICES)}.get(kind, True)}


def granting(hand: random.Random, scopes: Sequence[Scope] = tuple(Scope)) -> tuple[Scope, str]:
    """What a grant may reach: a scope and its value."""
    scope = hand.choice(scopes)
    return scope, hand.choice(VALUES.get(scope, ("",)))


def documents(profile: Profile) -> dict[str, Any]:
    """A profile's windows, exceptions and budgets as they stand in the household's file; None where there are none."""
    (out,) = to_document(Household((profile,)))["profiles"]
    return {key: out.get(key) for key in ("windows", "exceptions", "budgets")}


def build_bundle(state: Path) -> Path:
    """Return a list file in which the names of ASKED are what they are there."""
    builder = Builder()
    for name in ("games", "adult"):
        builder.add(Tag(TagKind.LIST, name, name), [(BLOCK, to_wire(f"{name}.example"))])
    builder.add(Tag(TagKind.LIST, "more-games", "games"), [(BLOCK, to_wire("roblox.example"))])
    builder.add(Tag(TagKind.LIST, "social", "social"), [(BLOCK, to_wire("tiktok.example"))])
    builder.add(Tag(TagKind.LIST, "province", "adult", True), [(BLOCK, to_wire("bad.example"))])
    for name in SERVICES:
        builder.add(Tag(TagKind.SERVICE, name), [(BLOCK, to_wire(f"{name}.example"))])
    builder.add(Tag(TagKind.LIFELINE, "hotline"), [(mask_of(exact=True), to_wire("hotline.example"))])
    return builder.write(state / "bundles", content_key([b"household store"])).path


def exception(given: Sequence[Window]) -> tuple[DayException, ...]:
    """Other windows on the days of Tết, or none."""
    return (DayException(tuple(given), holiday=TET.name),) if given else ()
