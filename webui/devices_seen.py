"""Who is on the network, for the page of devices: when each known one was last there, and who is nobody's yet.

What presence saw and what asked the box are brought together: a device is its hardware address where the box sees one,
else its address. Names that devices give themselves are hostile text; templates escape them.

    seen, new = last_seen(household, presence.devices(state()))
"""

from __future__ import annotations

import ipaddress
import time
from dataclasses import dataclass, field

from filterd.control import seen as presence
from filterd.control.devices_again import OVERLAP_S, Hint, Reason, hints
from filterd.model.household import Device, Household
from filterd.model.seen import SeenDevice, is_private
from webui.askers import askers
from webui.frame import state
from webui.words import gettext as _

DAY_S = 86_400.0  # a new one that was not there for so long is not asked about
MOST_NEW = 20  # on the page


@dataclass(slots=True)
class New:
    """One that is nobody's yet. `mac`: "" when the box does not see it; `asked`: it asks through this box."""

    address: str
    mac: str
    at: float
    asked: bool = True
    name: str = ""  # what it calls itself
    vendor: str = ""
    is_shared: bool = False
    hints: list[Hint] = field(default_factory=list)

    @property
    def is_private(self) -> bool:
        """True when the device made its hardware address up: it will come back with another one."""
        return is_private(self.mac)

    @property
    def shown(self) -> str:
        """How the question calls it."""
        return self.name or self.address or self.mac


def last_seen(household: Household, met: list[SeenDevice]) -> tuple[dict[str, float], list[New]]:
    """Return when each known device was last there (POSIX seconds), and who was there in the last day and is nobody's.

    `met`: whom presence saw.
    """
    at = time.time()
    found = {device.mac: device for device in met}
    seen, strangers = _asked(household, found, at)
    _met(household, found, seen, strangers, at)
    strangers = {key: new for key, new in strangers.items() if not _is_former(found.get(new.mac), household, found)}
    likely = hints(state(), household, list(found.values()))
    for new in strangers.values():
        new.hints = likely.get(new.mac, [])
    order = sorted(strangers.values(), key=lambda new: (not new.hints, not new.asked, -new.at))
    return seen, order[:MOST_NEW]


def new_count(household: Household) -> int:
    """Return how many asked this box in the last day and are nobody's, as far as the box sees hardware addresses."""
    at = time.time()
    if any(d.range for d in household.devices):
        return 0  # rooms and VLANs: whoever is there belongs to the range
    found = {met.mac: met for met in presence.devices(state(), at)}
    known = {d.mac for d in household.devices if d.mac}
    places = {d.ip for d in household.devices if d.ip}
    return sum(
        1 for met in found.values()
        if met.mac not in known and not met.is_router and not places.intersection(met.addresses)
        and met.asked is not None and at - met.asked < DAY_S and not _is_former(met, household, found)
    )  # fmt: skip


def of_device(device: Device, met: list[SeenDevice]) -> SeenDevice | None:
    """Return what was seen of a known device, None when that is nothing."""
    return next((s for s in met if device.mac and s.mac == device.mac), None)


def reason_text(reason: Reason, hint: Hint) -> str:
    """Return in words why the new one may be a known one."""
    return {
        Reason.NAME: _("It calls itself “%(name)s”, as that one does.", name=hint.name),
        Reason.KIND: _("It calls itself “%(name)s”, as many of its kind do.", name=hint.name),
        Reason.DHCP: _("It asks the router for an address in the same way."),
        Reason.QUIET: _("%(name)s has not been seen since this one came.", name=hint.device.name),
        Reason.SITES: _("It asks for much the same sites."),
    }[reason]


def _is_former(met: SeenDevice | None, household: Household, found: dict[str, SeenDevice]) -> bool:
    """True for the address that a known device had before this one: private, called the same, silent since the new one came.

    It is asked about again as soon as it is heard again.
    """
    if met is None or not is_private(met.mac) or not met.names:
        return False
    now = [found[device.mac] for device in household.devices if device.mac in found]
    return any(
        set(met.names) & set(one.names) and max(met.last, met.asked or 0.0) <= one.first + OVERLAP_S
        for one in now if one.mac != met.mac
    )  # fmt: skip


def _asked(household: Household, found: dict[str, SeenDevice], at: float) -> tuple[dict[str, float], dict[str, New]]:
    """Return who asked the box: known ones by id, the others by hardware address or address."""
    known = {device.id for device in household.devices}
    by_place = {device.mac or device.ip: device.id for device in household.devices if not device.range}
    seen: dict[str, float] = {}
    strangers: dict[str, New] = {}
    for one in askers(state(), household, at, found.values()):
        # the log says whose it was then; who has just been given a device sees it at once
        ident = by_place.get(one.address) or by_place.get(one.mac or "-") or (one.device if one.device in known else "")
        if ident:
            seen.setdefault(ident, one.at)
        elif one.address and at - one.at < DAY_S:
            strangers.setdefault(one.mac or one.address, New(one.address, one.mac, one.at))
    return seen, strangers


def _met(
    household: Household, found: dict[str, SeenDevice], seen: dict[str, float], strangers: dict[str, New], at: float
) -> None:
    """Add what presence saw: also who never asked."""
    by_mac = {device.mac: device.id for device in household.devices if device.mac}
    by_ip = {device.ip: device.id for device in household.devices if device.ip}
    ranges = [(ipaddress.ip_network(d.range), d.id) for d in household.devices if d.range]
    for mac, met in found.items():
        last = max(met.last, met.asked or 0.0)
        ident = by_mac.get(mac) or next((by_ip[a] for a in met.addresses if a in by_ip), "")
        if not ident:
            ident = next((i for a in met.addresses for n, i in ranges if ipaddress.ip_address(a) in n), "")
        if ident:
            seen[ident] = max(last, seen.get(ident, 0.0))
            strangers.pop(mac, None)
            continue
        new = strangers.get(mac)
        if new is None:
            if met.is_router or at - last >= DAY_S:
                continue  # the router itself is nobody's phone
            new = strangers[mac] = New(next(iter(met.addresses), ""), mac, last, asked=met.asked is not None)
        new.name, new.vendor, new.is_shared = next(iter(met.names), ""), met.vendor, met.is_shared
