"""Devices: what there is, whose it is, and the rules of whom it follows."""

from __future__ import annotations

from typing import Any

from filterd.control import devices as use_cases
from filterd.control.change import Done
from filterd.model.account import Action, Scope
from filterd.model.change import Who
from filterd.model.household import Device as Known
from webui.api.change import changed, tagged
from webui.api.fields import IDENT, Shown, said, text
from webui.api.gate import house, state
from webui.api.operation import Calls, Paged, operation, page_of
from webui.api.paging import page
from webui.api.people import MAX_NAME, Change, Changed, Made
from webui.api.problem import Problem

calls = Calls("devices", __name__, description="Devices, and ranges for rooms")
_MAX_WHERE = 64


class Device(Shown):
    """A device. Exactly one of mac, ip and range says which one it is."""

    id = said("Its id", "may-lan")
    name = said("What it is called", "Máy của Lan")
    profile = said("Id of the profile whose rules it follows", "lan")
    mac = said("Its hardware address", "02:1a:2b:3c:4d:5e", none=True)
    ip = said("Its address", "192.0.2.20", none=True)
    range = said("A room: all addresses of a network", "192.0.2.0/24", none=True)


class NewDevice(Change):
    """A device to be added: with exactly one of mac, ip and range."""

    name = text("What it is called", "Máy của Lan", most=MAX_NAME, least=1, required=True)
    profile = text("Id of the profile whose rules it follows", "lan", most=IDENT, least=1, required=True)
    mac = text("Its hardware address", "02:1a:2b:3c:4d:5e", most=_MAX_WHERE, load_default="")
    ip = text("Its address", "", most=_MAX_WHERE, load_default="")
    range = text("A room: all addresses of a network", "", most=_MAX_WHERE, load_default="")


class DeviceChange(Change):
    """What shall be otherwise; what is left out stays."""

    name = text("What it is called", "Máy của Lan", most=MAX_NAME, least=1)
    profile = text("Id of the profile whose rules it follows", "minh", most=IDENT, least=1)
    mac = text(
        "A new hardware address: the phone has made up another one", "02:1a:2b:3c:4d:5f", most=_MAX_WHERE, least=1
    )


@operation(calls, "GET", "/devices", Scope.READ, Action.LOOK, page_of(Device), query=Paged)
def devices(query: dict[str, Any]) -> Any:
    """All devices; a teacher's are the own rooms."""
    items, following = page(house().devices, lambda d: d.id, query["limit"], query["cursor"])
    return tagged({"items": [_document(d) for d in items], "next": following})


@operation(
    calls, "POST", "/devices", Scope.HOUSEHOLD, Action.HOUSEHOLD, Made, takes=NewDevice, status=201, guarded=True
)
def device_add(body: dict[str, Any]) -> Any:
    """Add a device."""
    made: list[str] = []
    where = {key: body[key] for key in ("mac", "ip", "range")}

    def use(who: Who, seen: int | None) -> Done:
        done, ident = use_cases.add_device(state(), who, body["name"], body["profile"], **where, seen=seen)
        made.append(ident)
        return done

    document, status, headers = changed(use, body)
    return {**document, "id": made[-1]}, status, headers | {"Location": f"/api/v1/devices/{made[-1]}"}


@operation(calls, "GET", "/devices/<ident>", Scope.READ, Action.LOOK, Device)
def device(ident: str) -> Any:
    """One device."""
    return tagged(_document(known(ident)))


@operation(
    calls, "PATCH", "/devices/<ident>", Scope.HOUSEHOLD, Action.HOUSEHOLD, Changed, takes=DeviceChange, guarded=True
)
def device_change(body: dict[str, Any], ident: str) -> Any:
    """Rename a device, give it to somebody else, or tell its new hardware address."""
    known(ident)
    values = {key: body.get(key) for key in ("name", "profile", "mac")}
    return changed(lambda who, seen: use_cases.change_device(state(), who, ident, **values, seen=seen), body)


@operation(calls, "DELETE", "/devices/<ident>", Scope.HOUSEHOLD, Action.HOUSEHOLD, Changed, guarded=True)
def device_remove(ident: str) -> Any:
    """Remove a device: from then on it is one never seen before."""
    known(ident)
    return changed(lambda who, seen: use_cases.remove_device(state(), who, ident, seen=seen))


def known(ident: str) -> Known:
    """Return a device that this token reaches. Raises Problem (404)."""
    found = next((d for d in house().devices if d.id == ident), None)
    if found is None:
        raise Problem(404, f"there is no device {ident[:IDENT]!r}")
    return found


def _document(found: Known) -> dict[str, Any]:
    where = {key: getattr(found, key) or None for key in ("mac", "ip", "range")}
    return {"id": found.id, "name": found.name, "profile": found.profile, **where}
