"""Devices: who is new and whose it is in one tap, the known ones by person, ranges for rooms, off and on for one of them.

A device is known by its hardware address, by its address, or by a range (a room, a VLAN). What asks and is none of them
follows the household's default profile until somebody says whose it is. Names that devices give themselves are hostile.

    POST /devices/assign   address=192.168.1.23&profile=lan            # or device=may-lan: it is that one again
"""

from __future__ import annotations

import ipaddress
import re
import time

from flask import Blueprint, abort, render_template, request, url_for
from werkzeug.wrappers import Response as Answer

from filterd.control import devices as use_cases
from filterd.control import devices_again, moves, profiles
from filterd.control import seen as presence
from filterd.control.change import Done
from filterd.control.devices import hardware_addresses
from filterd.control.moves import Whom
from filterd.errors import ConfigError
from filterd.model.change import Who
from filterd.model.household import Device
from filterd.model.seen import SeenDevice
from webui import words
from webui.change import answered, changed
from webui.devices_seen import last_seen, of_device
from webui.devices_shown import around, may_see_new, rows_of
from webui.frame import Toast, device_of, followed, house, state
from webui.security import needs
from webui.words import gettext as _

page = Blueprint("devices", __name__, url_prefix="/devices")

MAX_NAME = 80
_MAX_WHERE = 60
_MAC = re.compile(r"[0-9a-fA-F]{2}([:-][0-9a-fA-F]{2}){5}")


@page.get("/")
def devices() -> str:
    """The page."""
    household = house()
    seen, new = last_seen(household, presence.devices(state()))
    rows = rows_of(household, seen)
    groups = [(p, [r for r in rows if r.device.profile == p.id]) for p in followed()]
    return render_template(
        "devices/devices.html",
        groups=[(p, found) for p, found in groups if found],
        count=len(rows), new=new if may_see_new() else [], logged=household.privacy.level == "everything",
        **around(household),
    )  # fmt: skip


@page.post("/assign")
@needs("household")
def assign() -> Answer:
    """Say whose a new device is, or that it is a known one which came back under another address."""
    met = {one.mac: one for one in presence.devices(state())}
    address, mac = _field("address"), _field("mac")
    if mac not in met:
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
    name = _field("name") or _own_name(met.get(mac)) or _("%(name)s's device", name=person)

    def use(who: Who, seen: int | None) -> Done:
        where = {"mac": mac} if mac else {"ip": address}
        return use_cases.add_device(state(), who, name, profile, **where, seen=seen)[0]

    return changed(use, _("This device follows %(name)s's rules.", name=person), back=_home())


@page.post("/apart")
@needs("household")
def apart() -> Answer:
    """Say that a new device is not the known one that it looks like: it is not asked again."""
    mac, device = _field("mac"), _device(_field("device"))
    if all(mac != met.mac for met in presence.devices(state())):
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


def _one(found: Device, name: str, errors: dict[str, str] | None = None) -> str:
    household = house()
    met = presence.devices(state())
    row = next((r for r in rows_of(household, last_seen(household, met)[0]) if r.device.id == found.id), None)
    return render_template(
        "devices/device.html", device=found, row=row, name=name, errors=errors or {}, met=of_device(found, met),
        **around(household),
    )  # fmt: skip


def _form(template: str, **values: object) -> str:
    return render_template(template, **{"errors": {}, **values}, **around(house()))


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


def _own_name(met: SeenDevice | None) -> str:
    """Return what a device calls itself, as far as that makes a name; ''."""
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
