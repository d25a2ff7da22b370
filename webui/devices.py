"""Devices: who is new and whose it is in one tap, the known ones by person, ranges for rooms, off and on for one of them.

A device is known by its hardware address, by its address, or by a range (a room, a VLAN). What asks and is none of them
follows the household's default profile until somebody says whose it is. Names that devices give themselves are hostile.

    POST /devices/assign   address=192.168.1.23&profile=lan            # or device=may-lan: it is that one again
"""

from __future__ import annotations

import ipaddress
import re
import time
from dataclasses import dataclass

from flask import Blueprint, abort, g, render_template, request, url_for
from werkzeug.wrappers import Response as Answer

from filterd.control import activity, moves, now
from filterd.control import devices as use_cases
from filterd.control.change import Done
from filterd.control.devices import hardware_addresses
from filterd.control.moves import Whom
from filterd.errors import ConfigError, FilterdError
from filterd.model.account import may
from filterd.model.activity import Filter
from filterd.model.change import Who
from filterd.model.household import Device, Household
from filterd.model.now import Outlook
from webui import words
from webui.change import changed
from webui.frame import house, state
from webui.security import needs
from webui.words import gettext as _

page = Blueprint("devices", __name__, url_prefix="/devices")

SEEN_S = 7 * 86_400.0  # how far back "last seen" looks
NEWEST = 3000  # questions that are looked at
HERE_S = 3600.0  # who asked so lately is at home
MOST_NEW = 20  # new ones on the page
MAX_NAME = 80
_MAX_WHERE = 60
_MAC = re.compile(r"[0-9a-fA-F]{2}([:-][0-9a-fA-F]{2}){5}")
_BOX = frozenset({"127.0.0.1", "::1"})


@dataclass(frozen=True, slots=True)
class New:
    """One that asked and is nobody's yet. `mac`: "" when the box does not see it."""

    address: str
    mac: str
    at: float

    @property
    def is_private(self) -> bool:
        """True when the device made its hardware address up: it will come back with another one."""
        return is_private(self.mac)


@dataclass(frozen=True, slots=True)
class Row:
    """A known device. `seen`: when it last asked, None for not lately; `kind`: on, off, only or paused."""

    device: Device
    seen: float | None
    kind: str
    until: float | None
    by: str = ""
    own_off: bool = False  # switched off by itself, not with its person


@page.get("/")
def devices() -> str:
    """The page."""
    household = house()
    seen, new = last_seen(household)
    rows = _rows(household, seen)
    groups = [(p, [r for r in rows if r.device.profile == p.id]) for p in household.profiles]
    return render_template(
        "devices/devices.html",
        groups=[(p, found) for p, found in groups if found],
        count=len(rows), new=new if _may_see_new() else [], logged=household.privacy.level == "everything",
        **_context(household),
    )  # fmt: skip


@page.post("/assign")
def assign() -> Answer:
    """Say whose a new device is, or that it is a known one which came back under another address."""
    address, mac = _field("address"), ""
    if not _is_address(address):
        abort(422)
    mac = hardware_addresses().get(address, "")
    again = _field("device")
    if again:
        device = _device(again)

        def same(who: Who, seen: int | None) -> Done:
            if not mac:
                raise ConfigError("mac: the box does not see the hardware address of this device")
            return use_cases.change_device(state(), who, again, mac=mac, seen=seen)

        return changed(same, _("It is %(name)s again.", name=device.name), back=_home())
    profile = _field("profile")
    person = next((p.name for p in house().profiles if p.id == profile), None)
    if person is None:
        abort(422)
    name = _field("name") or _("%(name)s's device", name=person)

    def use(who: Who, seen: int | None) -> Done:
        where = {"mac": mac} if mac else {"ip": address}
        return use_cases.add_device(state(), who, name, profile, **where, seen=seen)[0]

    return changed(use, _("This device follows %(name)s's rules.", name=person), back=_home())


@page.get("/add")
@needs("household")
def new() -> str:
    """The form for a device or a range that the box has not seen yet."""
    return _form("devices/add.html", name="", where="", profile="")


@page.post("/add")
def add() -> Answer:
    """Add a device, or a range."""
    name, where, profile = _field("name"), _field("where"), _field("profile")

    def again(errors: dict[str, str]) -> str:
        return _form("devices/add.html", name=name, where=where, profile=profile, errors=errors)

    errors = _name_errors(name)
    place = place_of(where)
    if place is None:
        errors["where"] = _("Expected an address such as 192.168.1.20, 02:1a:2b:3c:4d:5e or 10.0.12.0/24.")

    def use(who: Who, seen: int | None) -> Done:
        if errors or place is None:
            raise ConfigError("the form is not complete")
        return use_cases.add_device(state(), who, name, profile, **place, seen=seen)[0]

    return changed(
        use, _("%(name)s is added.", name=name), back=_home(),
        on_error=lambda error: again(errors or {"where": _taken(error)}),
    )  # fmt: skip


@page.get("/<ident>")
def device(ident: str) -> str:
    """One device: what it is, which rules hold for it and why. A sheet, or a page of its own."""
    found = _reached(ident)
    return _one(found, found.name)


@page.post("/<ident>")
def change(ident: str) -> Answer:
    """Rename it, or give it to somebody else."""
    found = _device(ident)
    name, profile = _field("name"), _field("profile")
    errors = _name_errors(name)

    def use(who: Who, seen: int | None) -> Done:
        if errors:
            raise ConfigError("the form is not complete")
        return use_cases.change_device(state(), who, ident, name=name, profile=profile, seen=seen)

    return changed(
        use, _("%(name)s is changed.", name=name), back=_home(),
        on_error=lambda error: _one(found, name, errors or {"name": "; ".join(error.problems)}),
    )  # fmt: skip


@page.post("/<ident>/remove")
def remove(ident: str) -> Answer:
    """Remove it: from then on it is one never seen before. Undo brings it back."""
    found = _device(ident)
    return changed(
        lambda who, seen: use_cases.remove_device(state(), who, ident, seen=seen),
        _("%(name)s is removed.", name=found.name), back=_home(),
    )  # fmt: skip


@page.post("/<ident>/off")
def off(ident: str) -> Answer:
    """Switch one device off until it is switched on again."""
    found = _reached(ident)
    return changed(
        lambda who, seen: moves.off(state(), who, Whom(device=ident), seen=seen),
        _("%(name)s is off now.", name=found.name), back=_home(), what="switch",
    )  # fmt: skip


@page.post("/<ident>/on")
def on(ident: str) -> Answer:
    """Switch it on again, as far as it was switched off by itself."""
    found = _reached(ident)
    return changed(
        lambda who, seen: moves.on(state(), who, Whom(device=ident), seen=seen),
        _("%(name)s is on again.", name=found.name), back=_home(), what="switch",
    )  # fmt: skip


# --- what is shown ---


def last_seen(household: Household) -> tuple[dict[str, float], list[New]]:
    """Return when each device last asked (POSIX seconds), and the ones that asked in the last day and are nobody's."""
    at = time.time()
    known = {device.id for device in household.devices}
    by_place = {device.mac or device.ip: device.id for device in household.devices if not device.range}
    macs = hardware_addresses()
    seen: dict[str, float] = {}
    strangers: dict[str, New] = {}
    try:
        entries = activity.page(state(), Filter(since=int((at - SEEN_S) * 1000)), limit=NEWEST).entries
    except (FilterdError, OSError):
        return {}, []
    for entry in entries:
        mac = macs.get(entry.client, "")
        # the log says whose it was then; who has just been given a device sees it at once
        ident = (
            by_place.get(entry.client) or by_place.get(mac or "-") or (entry.device if entry.device in known else "")
        )
        moment = entry.at_ms / 1000
        if ident:
            seen.setdefault(ident, moment)
        elif entry.client and entry.client not in _BOX and at - moment < 86_400:
            strangers.setdefault(mac or entry.client, New(entry.client, mac, moment))
    return seen, list(strangers.values())[:MOST_NEW]


def is_private(mac: str) -> bool:
    """Return whether a hardware address was made up by its device (locally administered, IEEE 802)."""
    return bool(mac) and bool(int(mac[:2], 16) & 2)


def place_of(text: str) -> dict[str, str] | None:
    """Return `mac`, `ip` or `range` of what a person typed; None when it is none of them."""
    if _MAC.fullmatch(text):
        return {"mac": text.lower().replace("-", ":")}
    try:
        if "/" in text:
            return {"range": str(ipaddress.ip_network(text, strict=False))}
        return {"ip": str(ipaddress.ip_address(text))}
    except ValueError:
        return None


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


def _rows(household: Household, seen: dict[str, float]) -> list[Row]:
    try:
        outlook: Outlook | None = now.outlook(state())
    except (FilterdError, OSError):
        outlook = None
    at = time.time()
    own = {o.device: o for o in household.internet_off if o.device and moves.is_off(o, at)}
    rows = []
    for found in household.devices:
        if not g.account.reaches(found.id):
            continue
        kind, until, by = "on", None, ""
        if outlook is not None:
            person = outlook.of(found.profile)
            kind, until, by = person.kind, person.until, person.by
            for other in person.differ:
                if other.id == found.id:
                    kind, until, by = other.kind, other.until, other.by
        rows.append(Row(found, seen.get(found.id), kind, until, by, found.id in own))
    return rows


def _one(found: Device, name: str, errors: dict[str, str] | None = None) -> str:
    household = house()
    row = next((r for r in _rows(household, last_seen(household)[0]) if r.device.id == found.id), None)
    return render_template(
        "devices/device.html", device=found, row=row, name=name, errors=errors or {}, **_context(household)
    )


def _form(template: str, **values: object) -> str:
    return render_template(template, **{"errors": {}, **values}, **_context(house()))


def _context(household: Household) -> dict[str, object]:
    default = household.default_profile or household.profiles[0].id
    return {
        "profiles": household.profiles,
        "names": {p.id: p.name for p in household.profiles},
        "default": next((p.name for p in household.profiles if p.id == default), default),
        "known": household.devices,
        "why": why,
        "sign": sign,
        "is_private": is_private,
        "here_s": HERE_S,
        "can_switch": may(g.account.role, "switch"),
        "can_change": may(g.account.role, "household"),
    }


def _may_see_new() -> bool:
    return not g.account.ranges and may(g.account.role, "look") and g.account.role != "teacher"


def _name_errors(name: str) -> dict[str, str]:
    if not name or len(name) > MAX_NAME or not name.isprintable():
        return {"name": _("A name of 1 to %(count)s letters, please.", count=MAX_NAME)}
    return {}


def _taken(error: ConfigError) -> str:
    return _("This does not fit: %(reason)s", reason="; ".join(error.problems))


def _field(name: str) -> str:
    return request.form.get(name, "").strip()[: MAX_NAME + _MAX_WHERE]


def _device(ident: str) -> Device:
    found = next((d for d in house().devices if d.id == ident), None)
    if found is None:
        abort(404)
    return found


def _reached(ident: str) -> Device:
    """A teacher sees and switches their own rooms alone."""
    found = _device(ident)
    if not g.account.reaches(ident):
        abort(403)
    return found


def _is_address(text: str) -> bool:
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return True


def _home() -> str:
    return url_for("devices.devices")


page.app_template_filter("seen_ago")(lambda at: words.ago(max(time.time() - at, 0)))
