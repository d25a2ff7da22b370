"""What the first run sees: which devices asked lately, the box's own addresses, and a test question that was blocked.

asked(state())             # devices and addresses that asked in the last hour, the latest first
addresses("192.168.1.20")  # what a router is told: 192.168.1.53
proofs(state())            # whose device had the test name blocked
"""

from __future__ import annotations

import ipaddress
import socket
import time
from dataclasses import dataclass
from pathlib import Path

from filterd.control import activity
from filterd.control import seen as presence
from filterd.control.devices import hardware_addresses
from filterd.control.family import TEST_NAME
from filterd.errors import FilterdError
from filterd.model.activity import Entry, Filter
from filterd.model.decision import Action
from filterd.model.household import Device, Household
from webui.askers import askers

LATELY_S = 3600.0
PROOF_S = 600.0
MOST = 60  # devices that are shown
_ROUTES = Path("/proc/net/route")


@dataclass(frozen=True, slots=True)
class Asked:
    """One that asked: its address, the device that it is (None: not known yet), when it last did (POSIX seconds).

    `name`: what it calls itself, '' for nothing; hostile text.
    """

    address: str
    device: Device | None
    at: float
    name: str = ""


def asked(state: Path, household: Household, now: float | None = None) -> list[Asked]:
    """Return who asked in the last hour, the latest first; nothing when the log cannot be read."""
    at = time.time() if now is None else now
    known = {device.id: device for device in household.devices}
    # the log says whose it was then; who has just been given a device sees it at once
    by_place = {device.mac or device.ip: device for device in household.devices}
    seen = presence.devices(state, at)
    met = {address: one for one in seen for address in one.addresses}
    found: dict[str, Asked] = {}
    for one in askers(state, household, at, seen):
        if at - one.at > LATELY_S:
            break
        device = known.get(one.device) or by_place.get(one.address) or by_place.get(one.mac or "-")
        key = device.id if device else one.mac or one.address  # one device, however many addresses it has
        if key and key not in found:
            names = met[one.address].names if one.address in met else ()
            found[key] = Asked(one.address, device, one.at, next(iter(names), ""))
    return list(found.values())[:MOST]


def proofs(state: Path, now: float | None = None) -> list[Entry]:
    """Return the test questions that were blocked in the last ten minutes, one a device, the latest first."""
    at = time.time() if now is None else now
    wanted = Filter(name=TEST_NAME, action=Action.BLOCK, since=int((at - PROOF_S) * 1000))
    found: dict[str, Entry] = {}
    for entry in _entries(state, wanted, 100):
        found.setdefault(entry.device or entry.client, entry)
    return list(found.values())


def addresses(client: str, host: str = "") -> list[str]:
    """Return the box's addresses as the house sees them, the best first. `client`: who looks; `host`: what they typed."""
    found: list[str] = []
    for text in (_literal(host), _source(client), _source("192.0.2.1"), _source("fd00::1")):
        if text and text not in found:
            found.append(text)
    real = [text for text in found if not ipaddress.ip_address(text).is_loopback]
    return real or found


def gateway(routes: Path = _ROUTES) -> str:
    """Return the address of the house's router, as this box knows it; "": it knows none."""
    try:
        lines = routes.read_text("ascii").splitlines()[1:]
    except (OSError, ValueError):
        return ""
    for line in lines:
        words = line.split()
        if len(words) > 7 and words[1] == words[7] == "00000000" and words[2] != "00000000":
            return str(ipaddress.ip_address(int.from_bytes(bytes.fromhex(words[2]), "little")))
    return ""


def _entries(state: Path, wanted: Filter, limit: int) -> tuple[Entry, ...]:
    try:
        return activity.page(state, wanted, limit=limit).entries
    except (FilterdError, OSError):
        return ()


def _literal(host: str) -> str:
    """Return the address in a Host header; "": it is a name."""
    name = host.rpartition(":")[0] if host.rpartition(":")[2].isdigit() and not host.endswith("]") else host
    try:
        return str(ipaddress.ip_address(name.strip("[]")))
    except ValueError:
        return ""


def _source(towards: str) -> str:
    """Return our address on the way to another one; nothing is sent. "": there is no way."""
    try:
        family = socket.AF_INET6 if ipaddress.ip_address(towards).version == 6 else socket.AF_INET
        with socket.socket(family, socket.SOCK_DGRAM) as sock:
            sock.connect((towards, 9))
            return str(sock.getsockname()[0])
    except (ValueError, OSError):
        return ""


def mac_of(address: str) -> str:
    """Return the hardware address behind an address of the house; "": not known, or the box itself."""
    return hardware_addresses().get(address, "")
