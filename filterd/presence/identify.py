"""Who is who: sightings in, devices and the map of addresses out. Pure: no clock, no files, no sockets.

A device is its hardware address (DECISIONS 6); an address belongs to the one that was last seen to have it. What each
frame says is a claim of whoever sent it, so two that claim one address in turn get nobody's rules, and one that claims
many gives none of them a name. Which person a device belongs to is the household's and policy/judge.py's business.

    seen = Identify()
    seen.take(sighting)                   # True: the map may have changed
    seen.addresses(at)                    # {"192.168.1.20": "02:aa:00:00:00:11"}
    for device in seen.devices(at): ...
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from filterd.model.seen import SeenDevice
from filterd.model.sighting import MAX_DETAIL, Kind, Sighting, clean, is_device_mac, is_plain_address

MAX_DEVICES = 4096  # the one that was not heard for the longest goes first, who was never given a name before others
MAX_ADDRESSES = 48  # of one device: an IPv6 host keeps a week of temporary ones
MAX_MAP = 60_000  # addresses in the map; policy/clients.py refuses more than 65,536
MAX_NAMES = 3  # that a device calls itself
# an address that nobody was seen to have keeps its device so long: a phone that wakes up is that phone from its first
# question on. Whoever else takes the address has it at once.
KEPT_S = 86_400.0
CONFLICT_S = 10.0  # two that claim an address in turn within so long are at odds
HELD_S = 60.0  # so long after the last turn the address is nobody's
SHARED = 8  # IPv4 addresses at one hardware address at once: a repeater or a router with others behind it
SHARED_S = 600.0  # who has them was seen to within so long; what it wore before does not count
FRAME_S = 3.0  # a frame's claim outweighs the kernel's memory so long
_FUTURE_S = 60.0  # a sighting from later than that is of a clock that was wrong

# what a frame says of its own sender; the kernel's word comes later and may be old
_FRAMES = frozenset((Kind.ARP, Kind.NDP, Kind.SCAN, Kind.DHCP))


@dataclass(slots=True)
class _Holder:
    """Who has an address: `at`: last seen to; `framed`: last by a frame; `before`: who had it before."""

    mac: str
    at: float
    framed: float = 0.0
    taken: float = 0.0  # since when
    before: str = ""
    until: float = 0.0  # at odds until then


@dataclass(slots=True)
class _Device:
    first: float
    last: float
    addresses: dict[str, None] = field(default_factory=dict)  # longest held first
    names: list[str] = field(default_factory=list)
    fingerprint: str = ""
    vendor_class: str = ""
    vendor: str | None = None  # None: not looked up yet
    asked: float | None = None
    is_router: bool = False


class Identify:
    """All devices that were seen, bounded. `at` is POSIX seconds everywhere; time that runs backwards harms nothing."""

    def __init__(self) -> None:
        self._devices: dict[str, _Device] = {}  # longest unheard first
        self._holders: dict[str, _Holder] = {}
        self.named: frozenset[str] = frozenset()  # hardware addresses of the household's devices: they stay

    def __len__(self) -> int:
        return len(self._devices)

    def take(self, sighting: Sighting) -> bool:
        """Take one sighting; return whether an address changed hands, came or went."""
        if sighting.kind in (Kind.DNS_SERVER, Kind.GONE):
            return False  # of the network; and somebody asleep keeps the address for as long as nobody takes it
        device = self._heard(sighting.mac, sighting.at)
        self._describe(device, sighting)
        if not sighting.address or sighting.kind in (Kind.MDNS, Kind.DHCP6):
            return False  # text inside a packet: anybody can write anybody's address there
        return self._claim(sighting, device)

    def table(self, addresses: Mapping[str, str], at: float) -> bool:
        """Take the kernel's whole neighbour table (address -> MAC); return whether the map may have changed.

        It remembers who has left for a long time: it says who has an address, not that anybody is there.
        """
        changed = False
        for address, mac in addresses.items():
            holder = self._holders.get(address)
            if holder is not None and holder.mac == mac:
                holder.at = max(holder.at, at)
            else:
                changed |= self.take(Sighting(at, Kind.NEIGHBOUR, mac, address))
        return changed

    def asked(self, address: str, at: float) -> None:
        """Note that `address` has asked this box."""
        holder = self._holders.get(address)
        device = self._devices.get(holder.mac) if holder is not None else None
        if device is not None and (device.asked is None or at > device.asked):
            device.asked = at

    def without_vendor(self, limit: int) -> list[str]:
        """Return some hardware addresses whose maker was not looked up yet, the last heard first."""
        found = []
        for mac, device in reversed(self._devices.items()):
            if device.vendor is None:
                found.append(mac)
                if len(found) >= limit:
                    break
        return found

    def made_by(self, mac: str, vendor: str) -> None:
        """Note who made a device's network adapter; "" when nobody knows."""
        if mac in self._devices:
            self._devices[mac].vendor = vendor

    def mac_of(self, address: str, at: float) -> str:
        """Return whose `address` is at `at`, '' for nobody's."""
        holder = self._holders.get(address)
        if holder is None or at < holder.until or self._is_shared(holder.mac, at) or at - holder.at > KEPT_S:
            return ""
        return holder.mac

    def addresses(self, at: float) -> dict[str, str]:
        """Return address -> MAC of all that are or were there a moment ago; forget the others."""
        for address in [a for a, holder in self._holders.items() if at - holder.at > KEPT_S]:
            self._release(address)
        found = ((address, self.mac_of(address, at)) for address in self._holders)
        return dict(sorted((address, mac) for address, mac in found if mac))

    def turns(self, at: float) -> float | None:
        """Return when an address at odds is somebody's again (the earliest), None when none is."""
        return min((holder.until for holder in self._holders.values() if holder.until > at), default=None)

    def conflicts(self, at: float) -> list[tuple[str, str, str]]:
        """Return (address, MAC, MAC) of those that two devices claim."""
        return [(a, h.mac, h.before) for a, h in sorted(self._holders.items()) if at < h.until]

    def device(self, mac: str, at: float) -> SeenDevice | None:
        """Return what is known of one hardware address."""
        device = self._devices.get(mac)
        return None if device is None else self._shown(mac, device, at)

    def devices(self, at: float) -> list[SeenDevice]:
        """Return all that were seen, the last heard first."""
        return [self._shown(mac, device, at) for mac, device in reversed(self._devices.items())]

    # --- keeping ---

    def document(self) -> dict[str, Any]:
        """Return what outlives a restart, as plain values."""
        return {
            mac: {
                "first": round(d.first), "last": round(d.last), "asked": None if d.asked is None else round(d.asked),
                "addresses": list(d.addresses), "names": d.names, "fingerprint": d.fingerprint,
                "vendor_class": d.vendor_class, "vendor": d.vendor or "", "router": d.is_router,
            }
            for mac, d in self._devices.items()
        }  # fmt: skip

    def restore(self, document: object, at: float) -> None:
        """Take what `document` returned once. What is not as expected is left out: it is only a memory.

        Addresses held until KEPT_S before `at` are taken too, as the kernel's word: whoever shows a frame has them.
        """
        if not isinstance(document, dict):
            return
        found = [(mac, row) for mac, row in document.items() if is_device_mac(str(mac)) and isinstance(row, dict)]
        for mac, row in sorted(found, key=lambda pair: _number(pair[1].get("last")))[-MAX_DEVICES:]:
            last = min(_number(row.get("last")), at)
            device = self._devices[mac] = _Device(min(_number(row.get("first")), last), last)
            asked = row.get("asked")
            device.asked = None if asked is None else min(_number(asked), at)
            device.names = [clean(n) for n in _texts(row.get("names")) if clean(n)][:MAX_NAMES]
            device.fingerprint = clean(str(row.get("fingerprint", "")), MAX_DETAIL)
            device.vendor_class = clean(str(row.get("vendor_class", "")))
            device.vendor = clean(str(row.get("vendor", ""))) or None
            device.is_router = row.get("router") is True
            if at - last <= KEPT_S:
                for address in filter(is_plain_address, _texts(row.get("addresses"))[:MAX_ADDRESSES]):
                    self._claim(Sighting(last, Kind.NEIGHBOUR, mac, address), device)

    # --- parts ---

    def _heard(self, mac: str, at: float) -> _Device:
        device = self._devices.pop(mac, None)
        if device is None:
            if len(self._devices) >= MAX_DEVICES:
                self._forget_one()
            device = _Device(at, at)
        self._devices[mac] = device  # last heard stands last
        if at > device.last or device.last - at > _FUTURE_S:
            device.last = at
        return device

    def _forget_one(self) -> None:
        mac = next((m for m in self._devices if m not in self.named), next(iter(self._devices)))
        for address in list(self._devices[mac].addresses):
            self._release(address)
        del self._devices[mac]

    def _describe(self, device: _Device, sighting: Sighting) -> None:
        if sighting.name and (not device.names or device.names[0] != sighting.name):
            names = [sighting.name, *(n for n in device.names if n != sighting.name)]
            device.names = names[:MAX_NAMES]
        if sighting.kind is Kind.RA and sighting.detail != "lifetime=0":  # a loudspeaker tells its own routes so
            device.is_router = True
        if sighting.kind is Kind.DHCP:
            for part in sighting.detail.split(";"):
                key, _, value = part.partition("=")
                if key == "55" and value:
                    device.fingerprint = value
                elif key == "60" and value:
                    device.vendor_class = clean(value)

    def _claim(self, sighting: Sighting, device: _Device) -> bool:
        address, mac, at = sighting.address, sighting.mac, sighting.at
        is_frame = sighting.kind in _FRAMES
        holder = self._holders.get(address)
        if holder is None:
            if len(self._holders) >= MAX_MAP:
                self._release(next(iter(self._holders)))
            self._holders[address] = _Holder(mac, at, at if is_frame else 0.0, taken=at)
            self._hold(device, address)
            return True
        if holder.mac == mac:
            holder.at = max(holder.at, at)
            if is_frame:
                holder.framed = max(holder.framed, at)
            return False
        if not is_frame and at - holder.framed < FRAME_S:
            return False  # the kernel still remembers who had it
        # whoever had it comes back at once: both are there and both say that it is theirs. One that only took over a
        # lease does not hear from the other again.
        at_odds = is_frame and holder.before == mac and at - holder.taken <= CONFLICT_S
        previous = self._devices.get(holder.mac)
        if previous is not None:
            previous.addresses.pop(address, None)
        until = at + HELD_S if at_odds else holder.until
        self._holders[address] = _Holder(mac, at, at if is_frame else 0.0, at, holder.mac, until)
        self._hold(device, address)
        return True

    def _hold(self, device: _Device, address: str) -> None:
        device.addresses[address] = None
        while len(device.addresses) > MAX_ADDRESSES:
            self._release(next(iter(device.addresses)))

    def _release(self, address: str) -> None:
        holder = self._holders.pop(address, None)
        device = self._devices.get(holder.mac) if holder is not None else None
        if device is not None:
            device.addresses.pop(address, None)

    def _is_shared(self, mac: str, at: float) -> bool:
        device = self._devices.get(mac)
        held = (self._holders[a] for a in device.addresses if ":" not in a) if device is not None else ()
        # by frames where there are any: the kernel remembers for long what nobody has any more
        return sum(1 for holder in held if at - (holder.framed or holder.at) <= SHARED_S) >= SHARED

    def _shown(self, mac: str, device: _Device, at: float) -> SeenDevice:
        held = [a for a in device.addresses if (h := self._holders.get(a)) is not None and h.mac == mac]
        rivals = (h.before for a in held if at < (h := self._holders[a]).until)
        return SeenDevice(
            mac, tuple(sorted(held, key=lambda a: (":" in a, a))), tuple(device.names), device.fingerprint,
            device.vendor_class, device.first, device.last, device.asked, device.vendor or "", device.is_router,
            self._is_shared(mac, at), next(rivals, ""),
        )  # fmt: skip


def _number(value: object) -> float:
    return float(value) if isinstance(value, int | float) and 0 <= value < 2**43 else 0.0


def _texts(value: object) -> list[str]:
    return (
        [v for v in value if isinstance(v, str)] if isinstance(value, Iterable) and not isinstance(value, str) else []
    )
