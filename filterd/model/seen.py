"""A device as it was seen on the network, whether a household knows it or not. Values only.

presence/identify.py makes them from sightings, control/presence_seen.py keeps and reads them.

    SeenDevice("02:aa:00:00:00:11", addresses=("192.168.1.20",), names=("Lan-iPhone",), first=at, last=at)
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class SeenDevice:
    """One hardware address. Times are POSIX seconds.

    `addresses`: those it has now, IPv4 first. `names`: what it calls itself, the newest first, hostile text that
    `model.sighting.clean` has made printable. `fingerprint`: what it asks a DHCP server for (option 55), `vendor_class`:
    option 60. `vendor`: who made its network adapter. `asked`: when it last asked this box, None for never. `is_shared`:
    many devices hide behind it (a repeater, a router). `rival`: the hardware address that claims one of its addresses
    too, '' for none.
    """

    mac: str
    addresses: tuple[str, ...] = ()
    names: tuple[str, ...] = ()
    fingerprint: str = ""
    vendor_class: str = ""
    first: float = 0.0
    last: float = 0.0
    asked: float | None = None
    vendor: str = ""
    is_router: bool = False
    is_shared: bool = False
    rival: str = ""

    @property
    def is_private(self) -> bool:
        """True when the device made its hardware address up (locally administered, IEEE 802-2014 8.2.2)."""
        return is_private(self.mac)


def is_private(mac: str) -> bool:
    """Return whether a hardware address was made up by its device: it may come back with another one."""
    return bool(mac) and bool(int(mac[:2], 16) & 2)
