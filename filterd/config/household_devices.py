"""A device in the household's file: whose it is, and the one thing that it is known by.

device = read_device(value.mapping(KEYS), taken)
no_two_alike(top.get("devices"), devices)
"""

from __future__ import annotations

from filterd.config.document import Mapping, Value
from filterd.config.household_values import ip_of, mac_of, range_of
from filterd.config.household_words import Taken, new_id, ref
from filterd.model.household import Device

KEYS = ["id", "name", "profile", "mac", "ip", "range"]


def read_device(m: Mapping, taken: Taken) -> Device | None:
    """Return the device in `m`, of a profile in `taken`; None after noting that it is known by nothing, or by several."""
    ident = new_id(m, taken.devices, "device")
    name = v.text(max_len=80) if (v := m.get("name")) else ident
    profile = ref(v, taken.profiles, "profile") if (v := m.need("profile")) else ""
    mac = v.convert(mac_of, "a MAC address such as 02:1a:2b:3c:4d:5e", "") if (v := m.get("mac")) else ""
    ip = v.convert(ip_of, "an IP address", "") if (v := m.get("ip")) else ""
    prefix = v.convert(range_of, "an address range such as 10.20.3.0/24", "") if (v := m.get("range")) else ""
    if sum(m.get(k) is not None for k in ("mac", "ip", "range")) != 1:
        m.fail("expected exactly one of mac, ip and range")
        return None
    return Device(ident, name, profile, mac, ip, prefix)


def no_two_alike(value: Value | None, devices: tuple[Device, ...]) -> None:
    """Note a problem at `value`, the list of them, for every two devices that are known by the same."""
    seen: dict[str, str] = {}
    for device in devices:
        identity = device.mac or device.ip or device.range
        if identity in seen and identity and value is not None:
            value.fail(f"{device.id} and {seen[identity]} are both {identity}")
        seen.setdefault(identity, device.id)
