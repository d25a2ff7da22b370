"""Devices: add, rename, give to another profile, remove.

add_device(state, Who("mẹ"), "Điện thoại của Lan", "lan", mac="02:1a:2b:3c:4d:5e")
change_device(state, Who("mẹ"), "dien-thoai-cua-lan", profile="minh")
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from filterd.control.change import Done, apply
from filterd.control.moves import Whom, text_of
from filterd.control.profiles import MAX_NAME, new_id
from filterd.errors import ConfigError
from filterd.model.change import Who
from filterd.model.household import Device, Household


def hardware_addresses() -> dict[str, str]:
    """Return address -> hardware address of who is near, as the kernel knows them; {}: it cannot be asked."""
    from filterd.host.neighbours import neighbours

    try:
        return neighbours()
    except OSError:
        return {}


def add_device(
    state: Path,
    who: Who,
    name: str,
    profile: str,
    *,
    mac: str = "",
    ip: str = "",
    range: str = "",
    ident: str = "",
    seen: int | None = None,
) -> tuple[Done, str]:
    """Add a device with exactly one of mac, ip and range; return what was done and its id."""
    if sum(map(bool, (mac, ip, range))) != 1:
        raise ConfigError("device: expected exactly one of mac, ip and range")
    made: list[str] = []

    def alter(household: Household) -> Household:
        made.append(new_id("device", ident, name, {d.id for d in household.devices}))
        Whom(profile=profile).check(household)
        device = Device(made[-1], text_of(name, "name", MAX_NAME), profile, mac, ip, range)
        return replace(household, devices=(*household.devices, device))

    done = apply(state, who, "device added", alter, seen=seen)
    return done, made[-1]


def change_device(
    state: Path,
    who: Who,
    ident: str,
    *,
    name: str | None = None,
    profile: str | None = None,
    mac: str | None = None,
    seen: int | None = None,
) -> Done:
    """Rename a device, give it to another profile, or tell its new hardware address (a phone that changed it)."""

    def alter(household: Household) -> Household:
        Whom(device=ident).check(household)
        if profile is not None:
            Whom(profile=profile).check(household)

        def changed(device: Device) -> Device:
            if name is not None:
                device = replace(device, name=text_of(name, "name", MAX_NAME))
            if profile is not None:
                device = replace(device, profile=profile)
            return device if mac is None else replace(device, mac=mac, ip="", range="")

        return replace(household, devices=tuple(changed(d) if d.id == ident else d for d in household.devices))

    return apply(state, who, "device changed", alter, seen=seen)


def remove_device(state: Path, who: Who, ident: str, *, seen: int | None = None) -> Done:
    """Remove a device with its grants and offs; from then on it is one never seen before."""

    def alter(household: Household) -> Household:
        Whom(device=ident).check(household)
        return replace(
            household,
            devices=tuple(d for d in household.devices if d.id != ident),
            grants=tuple(g for g in household.grants if g.device != ident),
            internet_off=tuple(o for o in household.internet_off if o.device != ident),
        )

    return apply(state, who, "device removed", alter, seen=seen)
