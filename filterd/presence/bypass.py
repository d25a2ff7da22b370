"""The bypass watch: sightings and questions in, ways round the filter out. Pure: no clock, no sockets, no files.

What it finds: a device that is heard but has never asked (silent) or has suddenly stopped asking (fell_silent,
bypass_habit.py); one that asks for encrypted resolvers, VPNs, proxies or Private Relay, allowed or blocked
(bypass_names.py); somebody who offers another resolver on the network (second_dns, router_dns). Each way is told once
for as long as it goes on, and again when it is surer. Who keeps, says and dismisses findings is control/watch.py.

    watch = Watch(BypassNames.load(), box=("192.168.1.2",))
    watch.sighting(sighting); watch.question(at, mac, "api.nordvpn.com", blocked=True)
    for finding in watch.tick(at): ...
"""

from __future__ import annotations

from collections.abc import Iterable
from itertools import islice
from typing import Any

from filterd.model.bypass import NETWORK, Confidence, Finding, Kind
from filterd.model.sighting import ANSWERS, Sighting
from filterd.model.sighting import Kind as Seen
from filterd.presence.bypass_answers import Answers
from filterd.presence.bypass_asks import AGAIN_S, Asks
from filterd.presence.bypass_device import Device
from filterd.presence.bypass_habit import Habit
from filterd.presence.bypass_names import BypassNames
from filterd.presence.bypass_offers import Offers

MAX_DEVICES = 4096  # the longest unheard goes first
LAYOUT = 2  # 1 knew silences by their length
MAX_NAMES = 16_384
MINUTE_S = 60.0
DAY_S = 86_400.0
BASE_S = 3600.0  # who offers resolvers in the recording's first hour is taken for the box when its address is not known
JOIN_S = 600.0  # who is there from the start did not come just now
FIRST_S = 86_400.0  # what slept then wakes up within a day
_BLIND_S = 300.0
_LEARN_AT_ONCE = 2  # devices a minute: learning takes some hundredths of a second
_LENDERS = 6  # devices by which one that is new is judged
_GAP = 1440  # minutes without a record that are gone through one by one
_BLIND = 2  # devices that should have asked since somebody asked last: then it is the box that saw nothing
_BLIND_NATS = 2.0
_TOGETHER_S = 360.0  # their silences began within
_RECENT_S = 2 * 3600.0  # a silence is put down to names that were asked so shortly before
_QUIET = frozenset((Seen.GONE, Seen.SCAN, Seen.DNS_SERVER))  # sightings that do not mean "it talks"


class Watch:
    """All judgement about ways round. Times are POSIX seconds; what comes late counts for the present minute."""

    def __init__(self, names: BypassNames, box: Iterable[str] = ()) -> None:
        """`box`: this box's own addresses; () where they are not known."""
        self.names = names
        self.box = frozenset(box)
        self._devices: dict[str, Device] = {}  # the longest unheard first
        self._offers = Offers()
        self._answers = Answers()
        self._worn: dict[str, str] = {}  # address -> MAC, of who offers or is a router
        self._began: float | None = None
        self._settling = FIRST_S
        self._minute = 0
        self._asked_at = 0.0  # when anybody asked last; 0: nobody did since the start
        self._found: list[Finding] = []
        self._kinds: dict[tuple[str, str], tuple[Kind, bool] | None] = {}  # names that were judged already

    def sighting(self, seen: Sighting) -> None:
        """Take a sighting."""
        at = self._advance(seen.at)
        device = self._device(seen.mac, at)
        if device.hints.see(seen):
            device.rate()
        if seen.kind is Seen.DNS_SERVER:
            (self._answered if seen.detail == ANSWERS else self._offered)(seen, at)
        if seen.kind in _QUIET:
            return
        if seen.kind in (Seen.ARP, Seen.NDP, Seen.RA) and seen.address:
            self._worn[seen.address] = seen.mac
            if len(self._worn) > MAX_DEVICES:
                del self._worn[next(iter(self._worn))]
        if seen.kind in (Seen.DHCP, Seen.DHCP6) and self._began is not None and at - self._began >= JOIN_S:
            device.joined = at if device.joined is None or at - device.last >= AGAIN_S else device.joined
            device.may_be_old = at - self._began < self._settling
        device.last = at
        device.habit.heard += 1

    def question(self, at: float, mac: str, name: str, blocked: bool = False, category: str = "") -> None:
        """Take a question. `name`: as text; `category`: of the lists in force, where known."""
        at = self._advance(at)
        device = self._device(mac, at)
        device.last = at
        name = name.rstrip(".").lower()
        key = (name, category)
        if key not in self._kinds:
            if len(self._kinds) >= MAX_NAMES:
                self._kinds.clear()
            self._kinds[key] = self.names.kind(name, category)
        found = self._kinds[key]
        if found is None:
            device.ask(at, name)
        else:
            self._asked(device, found[0], name, at, blocked=blocked, listed=found[1])

    def tick(self, at: float) -> list[Finding]:
        """Let the time be `at`; return what was found since the last call, oldest first."""
        self._advance(at)
        found, self._found = self._found, []
        return found

    def forgive(self, mac: str) -> None:
        """A person says that this device is all right: its silence of now is a habit."""
        if mac in self._devices:
            self._devices[mac].habit.forgive()

    def goes_on(self, finding: Finding, at: float) -> bool:
        """Return whether a way that was found is still gone, as far as is seen."""
        if finding.is_chance:
            return at - self._answers.last(finding, self._began or at) < AGAIN_S
        if finding.kind in NETWORK:
            return at - self._offers.last(finding.mac, str(finding.facts.get("address", "")), finding.at) < AGAIN_S
        device = self._devices.get(finding.mac)
        if device is None:
            return at - finding.at < DAY_S  # not heard since the manager's start
        if finding.kind is Kind.SILENT:
            return not device.asked_ever
        if device.habit.alarmed:
            return True
        if finding.kind is Kind.FELL_SILENT:
            return device.last <= finding.at  # asleep or away since then: it has not asked yet
        asks = device.asks.get(finding.kind)
        return at - (finding.at if asks is None else asks.last) < AGAIN_S

    def document(self) -> dict[str, Any]:
        """Return what was learned of devices, as plain values."""
        return {
            "layout": LAYOUT,
            "devices": {
                d.mac: {**d.habit.document(), "last": d.last, "asked": bool(d.asked_ever), "system": d.hints.document()}
                for d in self._devices.values()
            },
        }

    def restore(self, document: Any) -> None:
        """Take what `document` returned; devices that cannot be read are learned anew."""
        if not isinstance(document, dict) or document.get("layout") != LAYOUT:
            return
        devices = document.get("devices")
        self._settling = 0.0 if devices else FIRST_S
        for mac, values in list(devices.items())[:MAX_DEVICES] if isinstance(devices, dict) else ():
            try:
                device = Device(str(mac), Habit.of(values), last=float(values["last"]))
                device.asked_ever = int(bool(values["asked"]))
                device.habit.spell = device.last
                device.hints.restore(str(values["system"]))
            except (KeyError, TypeError, ValueError, AttributeError):
                continue
            device.rate()
            self._devices[device.mac] = device

    # --- time

    def _advance(self, at: float) -> float:
        """Close minutes that are over; return `at`, or the present minute's begin for what comes late."""
        minute = int(at // MINUTE_S)
        if self._began is None:
            self._began, self._minute = at, minute
        while self._minute < minute:
            self._close(self._minute * MINUTE_S)
            self._minute += 1
            if minute - self._minute > _GAP:  # nothing was recorded, or the clock was set
                self._minute = minute
        return max(at, self._minute * MINUTE_S)

    def _close(self, at: float) -> None:
        blind = self._is_blind(at)
        for device in self._devices.values():
            habit = device.habit
            if habit.heard and not blind:
                self._never(device, at)
            if habit.close(at, blind=blind):
                self._silent(device, at + MINUTE_S)
        self._lend()
        due = (d.habit for d in self._devices.values() if d.habit.is_due)
        for habit in islice(due, _LEARN_AT_ONCE):
            habit.learn()

    def _lend(self) -> None:
        """Let people's devices that came lately be judged by how those are that are known."""
        devices = [d for d in self._devices.values() if d.is_personal]
        wanting = [d.habit for d in devices if d.habit.wants_rhythm]
        if wanting and (known := [(d.habit.there, r) for d in devices if (r := d.habit.rhythm) is not None]):
            most = sorted(known, key=lambda pair: -pair[0])[:_LENDERS]
            for habit in wanting:
                habit.borrow([rhythm for _, rhythm in most])

    def _is_blind(self, at: float) -> bool:
        """Return whether the box itself saw no questions: nobody asks, though several should."""
        if any(d.habit.asked or d.habit.strange for d in self._devices.values()):
            self._asked_at = at
        if at - self._asked_at < _BLIND_S:
            return False
        silent = [d.habit for d in self._devices.values() if d.habit.nats >= _BLIND_NATS]
        together = [h for h in silent if not self._asked_at or abs(h.spell - self._asked_at) <= _TOGETHER_S]
        return len(together) >= _BLIND

    def _device(self, mac: str, at: float) -> Device:
        device = self._devices.pop(mac, None)
        if device is None:
            device = Device(mac, Habit(at), last=at)
            if len(self._devices) >= MAX_DEVICES:
                del self._devices[next(iter(self._devices))]
            device.rate()
        self._devices[mac] = device
        return device

    # --- silence

    def _silent(self, device: Device, at: float) -> None:
        """It asked as always, then stopped while it talks on."""
        habit = device.habit
        facts: dict[str, str | int | bool] = {
            "silent_minutes": int((at - habit.spell) / 60),
            "heard_minutes": habit.quiet,
        }
        near = [(asks.last, kind) for kind, asks in device.asks.items() if at - asks.last < _RECENT_S]
        if near:
            kind = max(near)[1]
            asks = device.asks[kind]
            facts |= {"name": asks.name, "blocked": asks.blocked}
            asks.told = Confidence.HIGH
            self._tell(kind, device, habit.spell, at, Confidence.HIGH, facts)
            return
        sure = Confidence.MEDIUM
        self._tell(Kind.FELL_SILENT, device, habit.spell, at, sure, facts)

    def _never(self, device: Device, at: float) -> None:
        """It is there and talks, and has never asked."""
        if (since := device.never(at)) is None:
            return
        facts: dict[str, str | int | bool] = {"silent_minutes": int((at + MINUTE_S - since) / 60)}
        sure = Confidence.LOW if device.joined is None else Confidence.MEDIUM
        self._tell(Kind.SILENT, device, since, at + MINUTE_S, sure, facts)

    # --- names

    def _asked(self, device: Device, kind: Kind, name: str, at: float, *, blocked: bool, listed: bool) -> None:
        asks = device.asks.setdefault(kind, Asks(at))
        asks.take(at, name, blocked=blocked, listed=listed)
        sure = asks.judge(kind, is_silent=device.habit.alarmed, is_grown=device.habit.is_grown(at))
        if sure is not None and (asks.told is None or sure.rank > asks.told.rank):
            asks.told = sure
            self._tell(kind, device, asks.first, at, sure, {"name": name, "blocked": asks.blocked})

    # --- the network

    def _offered(self, seen: Sighting, at: float) -> None:
        """Somebody hands out a resolver."""
        if not seen.address or seen.address in self.box:
            return
        found = self._offers.take(seen, at, self._worn)
        if not self.box and self._began is not None and at - self._began < BASE_S:
            self.box |= {seen.address}
        elif found is not None:
            self._found.append(found)

    def _answered(self, seen: Sighting, at: float) -> None:
        """Somebody was asked and has answered."""
        if seen.address and seen.address not in self.box:
            self._found += self._answers.take(seen, at, self._offers.lately(), self._worn)

    def _tell(
        self, kind: Kind, device: Device, since: float, at: float, sure: Confidence,
        facts: dict[str, str | int | bool],
    ) -> None:  # fmt: skip
        self._found.append(Finding(kind, device.mac, since, at, sure, facts, _steps(kind, device.hints.system)))


def _steps(kind: Kind, system: str) -> str:
    """Return whose steps end it."""
    if kind is Kind.VPN:
        return "vpn_app"
    if kind is Kind.PROXY:
        return "browser"
    if kind is Kind.RELAY:
        return system if system in ("ios", "macos") else "ios"
    return system or "browser"
