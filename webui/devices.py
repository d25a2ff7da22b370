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

from filterd.control import devices as use_cases
from filterd.control import devices_again, moves, now, profiles
from filterd.control import seen as presence
from filterd.control.change import Done
from filterd.control.devices import hardware_addresses
from filterd.control.moves import Whom
from filterd.errors import ConfigError, FilterdError
from filterd.model.account import may
from filterd.model.change import Who
from filterd.model.household import Device, Household
from filterd.model.now import Outlook
from filterd.model.seen import is_private
from webui import words
from webui.change import answered, changed
from webui.devices_seen import last_seen, of_device, reason_text
from webui.frame import Toast, device_of, followed, house, state
from webui.security import needs
from webui.words import gettext as _

page = Blueprint("devices", __name__, url_prefix="/devices")

HERE_S = 3600.0  # who was there so lately is at home
MAX_NAME = 80
_MAX_WHERE = 60
_MAC = re.compile(r"[0-9a-fA-F]{2}([:-][0-9a-fA-F]{2}){5}")


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
    groups = [(p, [r for r in rows if r.device.profile == p.id]) for p in followed()]
    return render_template(
        "devices/devices.html",
        groups=[(p, found) for p, found in groups if found],
        count=len(rows), new=new if _may_see_new() else [], logged=household.privacy.level == "everything",
        **_context(household),
    )  # fmt: skip


@page.post("/assign")
@needs("household")
def assign() -> Answer:
    """Say whose a new device is, or that it is a known one which came back under another address."""
    address, mac = _field("address"), _seen_mac(_field("mac"))
    if not mac:
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
    name = _field("name") or _own_name(mac) or _("%(name)s's device", name=person)

    def use(who: Who, seen: int | None) -> Done:
        where = {"mac": mac} if mac else {"ip": address}
        return use_cases.add_device(state(), who, name, profile, **where, seen=seen)[0]

    return changed(use, _("This device follows %(name)s's rules.", name=person), back=_home())


@page.post("/apart")
@needs("household")
def apart() -> Answer:
    """Say that a new device is not the known one that it looks like: it is not asked again."""
    mac, device = _seen_mac(_field("mac")), _device(_field("device"))
    if not mac:
        abort(422)
    devices_again.part(state(), mac, device.id)
    return answered(Toast(_("Noted: another device than %(name)s.", name=device.name)), back=_home())


@page.post("/new")
def new_devices() -> Answer:
    """Say what devices that nobody has assigned may do: what the default profile may, or nothing yet."""
    waits = _field("new_devices") == "wait"
    return changed(
        lambda who, seen: profiles.patch_household(
            state(), who, {"new_devices": "wait" if waits else None}, seen=seen
        ),
        _("New devices wait until somebody says whose they are.") if waits
        else _("New devices follow the default rules at once."),
        back=_home(),
    )  # fmt: skip


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
    found = _device(ident)
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
    found = _device(ident)
    return changed(
        lambda who, seen: moves.off(state(), who, Whom(device=ident), seen=seen),
        _("%(name)s is off now.", name=found.name), back=_home(), what="switch",
    )  # fmt: skip


@page.post("/<ident>/on")
def on(ident: str) -> Answer:
    """Switch it on again, as far as it was switched off by itself."""
    found = _device(ident)
    return changed(
        lambda who, seen: moves.on(state(), who, Whom(device=ident), seen=seen),
        _("%(name)s is on again.", name=found.name), back=_home(), what="switch",
    )  # fmt: skip


# --- what is shown ---


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
        "devices/device.html", device=found, row=row, name=name, errors=errors or {}, met=of_device(found),
        **_context(household),
    )  # fmt: skip


def _form(template: str, **values: object) -> str:
    return render_template(template, **{"errors": {}, **values}, **_context(house()))


def _context(household: Household) -> dict[str, object]:
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
    """A teacher sees and switches their own rooms alone."""
    return device_of(ident)


def _seen_mac(mac: str) -> str:
    """Return `mac` when it is one that was seen on the network; ''."""
    return mac if mac and any(mac == met.mac for met in presence.devices(state())) else ""


def _own_name(mac: str) -> str:
    """Return what a device calls itself, as far as that makes a name; ''."""
    met = next((m for m in presence.devices(state()) if m.mac == mac), None) if mac else None
    return next((n[:MAX_NAME] for n in met.names if n.isprintable()), "") if met is not None else ""


def _is_address(text: str) -> bool:
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return True


def _home() -> str:
    return url_for("devices.devices")


page.app_template_filter("seen_ago")(lambda at: words.ago(max(time.time() - at, 0)))
