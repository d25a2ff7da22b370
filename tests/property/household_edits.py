"""What a parent changes about profiles, devices and the household itself, as rules over two worlds."""

from __future__ import annotations

import random

from filterd.control import devices, profiles
from filterd.model.household import Device, Profile
from filterd.wire.name import to_wire
from tests.household_model import TOP
from tests.property.household_family import Family, rule
from tests.property.household_world import (
    AGO,
    BUDGET,
    CATEGORIES,
    DEVICES,
    IPS,
    MUM,
    OWN,
    PRESETS,
    PROFILES,
    SERVICES,
    TET,
    YES_MOSTLY,
    documents,
    exception,
    windows,
)


class Edits(Family):
    """A family that changes its rules."""

    @rule()
    def add_profile(self, hand: random.Random) -> None:
        ident, preset, seen = hand.choice(PROFILES), hand.choice(PRESETS), self.seen(hand.choice(AGO))
        self.do(
            lambda: profiles.add_profile(self.state, MUM, ident.title(), preset, ident=ident, seen=seen)[0],
            lambda: self.home.add("profile", Profile(ident, ident.title(), preset)),
            seen=seen,
        )

    @rule(2)
    def remove_profile(self, hand: random.Random) -> None:
        ident, devices_to = hand.choice(PROFILES), hand.choice(("", *PROFILES))
        self.do(
            lambda: profiles.remove_profile(self.state, MUM, ident, devices_to=devices_to),
            lambda: self.home.remove_profile(ident, devices_to),
        )

    @rule(2)
    def patch_profile(self, hand: random.Random) -> None:
        ident, seen = hand.choice(PROFILES), self.seen(hand.choice(AGO))
        made = Profile(
            ident,
            "x",
            hand.choice(PRESETS),
            windows=hand.choice((None, windows(hand, 2))),
            exceptions=exception(windows(hand, 1)),
            budgets=hand.choice(((), (BUDGET,))),
        )
        wanted = {key: getattr(made, key) for key in ("preset", "windows", "exceptions", "budgets")}
        self.do(
            lambda: profiles.patch(self.state, MUM, ident, {"preset": made.preset, **documents(made)}, seen=seen),
            lambda: self.home.change("profile", ident, **wanted),
            seen=seen,
        )

    @rule()
    def set_rule(self, hand: random.Random) -> None:
        part, words = hand.choice((("categories", CATEGORIES), ("services", SERVICES)))
        ident, word, to = hand.choice(PROFILES), hand.choice(words), hand.choice(("block", "allow", "default"))
        self.do(
            lambda: profiles.set_rule(self.state, MUM, ident, part, word, to),
            lambda: self.home.set_rule(ident, part, word, to),
        )

    @rule(2)
    def name(self, hand: random.Random) -> None:
        ident, part, name = hand.choice(PROFILES), hand.choice(profiles.NAME_LISTS), hand.choice(OWN)
        add = hand.choice(YES_MOSTLY)
        act = profiles.add_name if add else profiles.remove_name
        self.do(
            lambda: act(self.state, MUM, ident, part, name), lambda: self.home.name(ident, part, to_wire(name), add)
        )

    @rule()
    def set_windows(self, hand: random.Random) -> None:
        ident, given = hand.choice(PROFILES), windows(hand, 3)
        self.do(
            lambda: profiles.set_windows(self.state, MUM, ident, given),
            lambda: self.home.change("profile", ident, windows=given),
        )

    @rule()
    def patch_household(self, hand: random.Random) -> None:
        zone, default = hand.choice(("Asia/Ho_Chi_Minh", "Europe/Berlin")), hand.choice(PROFILES)
        days = hand.choice(((TET,), (TET,), ()))
        out = [{"name": h.name, "from": h.first.isoformat(), "to": h.last.isoformat()} for h in days] or None
        values = {"timezone": zone, "default_profile": default, "holidays": out}
        self.do(
            lambda: profiles.patch_household(self.state, MUM, values),
            lambda: self.home.change(*TOP, timezone=zone, default_profile=default, holidays=days),
        )

    @rule()
    def add_device(self, hand: random.Random) -> None:
        ident, profile, ip = hand.choice(DEVICES), hand.choice(PROFILES), hand.choice(IPS)
        self.do(
            lambda: devices.add_device(self.state, MUM, ident, profile, ip=ip, ident=ident)[0],
            lambda: self.home.add("device", Device(ident, ident, profile, ip=ip)),
        )

    @rule()
    def change_device(self, hand: random.Random) -> None:
        ident, profile, seen = hand.choice(DEVICES), hand.choice(PROFILES), self.seen(hand.choice(AGO))
        self.do(
            lambda: devices.change_device(self.state, MUM, ident, profile=profile, seen=seen),
            lambda: self.home.change("device", ident, profile=profile),
            seen=seen,
        )

    @rule()
    def remove_device(self, hand: random.Random) -> None:
        ident = hand.choice(DEVICES)
        self.do(lambda: devices.remove_device(self.state, MUM, ident), lambda: self.home.remove("device", ident))
