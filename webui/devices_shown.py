"""What the pages about devices show: the known ones with how they are switched, and the words and icons around them.

rows_of(household, seen)                      # seen: when each was last there, of devices_seen.py
render_template(..., **around(household))
"""

from __future__ import annotations

import time
from dataclasses import dataclass

from flask import g

from filterd.control import moves, now
from filterd.errors import FilterdError
from filterd.model.account import may
from filterd.model.household import Device, Household
from filterd.model.now import Outlook
from filterd.model.seen import is_private
from webui.devices_seen import reason_text
from webui.frame import followed, state
from webui.words import gettext as _

HERE_S = 3600.0  # who was there so lately is at home


@dataclass(frozen=True, slots=True)
class Row:
    """A known device. `seen`: when it last asked, None for not lately; `kind`: on, off, only or paused."""

    device: Device
    seen: float | None
    kind: str
    until: float | None
    by: str = ""
    own_off: bool = False  # switched off by itself, not with its person


def rows_of(household: Household, seen: dict[str, float]) -> list[Row]:
    """Return the known devices. `seen`: when each was last there."""
    try:
        outlook: Outlook | None = now.outlook(state())
    except (FilterdError, OSError):
        outlook = None
    at = time.time()
    own = {o.device: o for o in household.internet_off if o.device and moves.is_off(o, at)}
    rows = []
    for found in household.devices:
        kind, until, by = "on", None, ""
        if outlook is not None:
            person = outlook.of(found.profile)
            kind, until, by = person.kind, person.until, person.by
            for other in person.differ:
                if other.id == found.id:
                    kind, until, by = other.kind, other.until, other.by
        rows.append(Row(found, seen.get(found.id), kind, until, by, found.id in own))
    return rows


def around(household: Household) -> dict[str, object]:
    """Return what every template about devices needs."""
    default = household.default_profile or next((p.id for p in household.profiles), "")
    return {
        "profiles": household.profiles,
        "names": {p.id: p.name for p in (*household.profiles, *followed())},
        "default": next((p.name for p in household.profiles if p.id == default), default),
        "known": household.devices,
        "why": why,
        "sign": sign,
        "is_private": is_private,
        "reason_text": reason_text,
        "strangers_wait": household.new_devices == "wait",
        "here_s": HERE_S,
        "can_switch": may(g.account.role, "switch"),
        "can_change": may(g.account.role, "household"),
    }


def may_see_new() -> bool:
    """True for whoever may know of devices that are nobody's yet."""
    return not g.account.ranges and may(g.account.role, "look") and g.account.role != "teacher"


def sign(device: Device) -> str:
    """Return the icon of a device, by its kind as far as its name says it."""
    name = device.name.lower()
    if device.range:
        return "people"
    for icon, parts in (
        ("laptop", ("laptop", "macbook", "máy tính", "pc")),
        ("tablet", ("ipad", "tablet", "máy tính bảng", "máy đọc")),
        ("tv", ("tv", "tivi")),
        ("gamepad", ("game", "switch", "playstation", "xbox")),
    ):
        if any(part in name for part in parts) and not (icon == "laptop" and "máy tính bảng" in name):
            return icon
    return "phone"


def why(device: Device) -> str:
    """Return how the box knows a device."""
    if device.range:
        return _("Every device with an address in %(range)s.", range=device.range)
    if device.mac:
        return _("Known by its hardware address %(mac)s.", mac=device.mac)
    return _("Known by its address %(ip)s. If the router gives it another one, it is a new device.", ip=device.ip)
