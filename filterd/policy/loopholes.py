"""Loopholes: where a household does not protect as its parents surely mean it to. Pure.

Looks at rules, hours, devices and moves as a parent would, and as a thirteen-year-old would. A finding is not an error:
the household compiles, and does what it says. What it must not do is cry wolf; tests/unit/policy/test_loopholes.py has
one case for and one against each kind, and the whole short list of the example household.

    for finding in find(household, facts, now):
        print(finding.severity.value, finding.en, finding.command)

Here are the devices and the forgotten moves; a child's profile is looked at in loophole_child.py. Sentences are in
loophole_words.py, hours in loophole_time.py; lists and catalogue come in as Facts (loophole_finding.py).
"""

from __future__ import annotations

import ipaddress

from filterd.model.household import Household, InternetOff, Profile, Rule
from filterd.policy.loophole_child import NO_PRESET, Child
from filterd.policy.loophole_finding import Both, Facts, Finding, Search, listing
from filterd.policy.loophole_words import EVERYONE, Severity

__all__ = ["Facts", "Finding", "Severity", "find", "is_child"]

ADULT = "adult"  # the preset
OFF_FORGOTTEN_S = 86_400


def find(household: Household, facts: Facts, now: float) -> list[Finding]:
    """Return the loopholes of a valid household at POSIX second `now`, the worst first, then in the household's order."""
    search = Search(household, facts, now)
    _devices(search)
    for profile in household.profiles:
        if is_child(profile):
            Child(search, profile).look()
        elif profile.preset == NO_PRESET and profile.switchable is None:
            search.add("unfiltered", profile, command=f"filterd profile set {profile.id} preset=age-10-13")
    _offs(search)
    order = list(Severity)
    return sorted(dict.fromkeys(search.found), key=lambda f: order.index(f.severity))


def is_child(profile: Profile) -> bool:
    """Return whether a profile is meant to protect somebody: it has an age, or rules of its own."""
    if profile.preset not in (ADULT, NO_PRESET):
        return True
    if profile.preset == ADULT:
        return False
    if profile.switchable is not None:
        return profile.switchable
    rules = [*profile.categories.values(), *profile.services.values()]
    own = profile.windows or profile.exceptions or profile.budgets or profile.names.block
    return bool(own) or Rule.BLOCK in rules


def _devices(search: Search) -> None:
    household = search.household
    profiles = {p.id: p for p in household.profiles}
    children = [p for p in household.profiles if is_child(p)]
    if not children:
        return
    strictest = max(children, key=lambda p: len(search.blocked(p)))
    default = profiles.get(household.default_profile, household.profiles[0])
    command = f"filterd profile default {strictest.id}"
    if not is_child(default):
        search.add("default-adult", default, more=strictest.name, key=strictest.id, command=command)
    elif missing := search.blocked(strictest) - search.blocked(default):
        more = search.category_names(missing)
        search.add("default-lax", default, what=strictest.name, more=more, key=strictest.id, command=command)
    for child in children:
        if child.id != default.id and all(d.profile != child.id for d in household.devices):
            search.add("no-device", child, command=f"filterd device assign DEVICE {child.id}")
    theirs = [d for d in household.devices if d.profile in profiles and is_child(profiles[d.profile])]
    for device in household.devices:
        profile = profiles.get(device.profile)
        if profile is None or is_child(profile):
            continue
        if device.range:
            inside = [d for d in theirs if _overlap(device.range, d.range or d.ip)]
            kind = "adult-range-overlap" if inside else "adult-range"
            remove = f"filterd device remove {device.id}"
            search.add(kind, profile, device=device, more=listing(d.name for d in inside), command=remove)
        elif device.ip:
            search.add("adult-address", profile, device=device, command=f"filterd device mac {device.id} MAC")


def _offs(search: Search) -> None:
    profiles = {p.id: p for p in search.household.profiles}
    devices = {d.id: d for d in search.household.devices}
    for off in search.household.internet_off:
        if off.until is None and off.ended is None and (off.start or 0.0) < search.now - OFF_FORGOTTEN_S:
            device, profile = devices.get(off.device), profiles.get(off.profile)
            who: str | Both = EVERYONE if off.everyone else ""
            search.add("off-endless", profile, device=device, who=who, key=off.id, command=_on(off))


def _on(off: InternetOff) -> str:
    return f"filterd on --device {off.device}" if off.device else f"filterd on {off.profile or 'everyone'}"


def _overlap(one: str, other: str) -> bool:
    """Return whether two ranges or addresses share an address; a device known by its MAC has none."""
    if not one or not other:
        return False
    first, second = ipaddress.ip_network(one), ipaddress.ip_network(other)
    if first.version != second.version:
        return False
    low, high = sorted((first, second), key=lambda n: n.prefixlen)
    return high.network_address in low
