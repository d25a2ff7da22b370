"""Household days: a seeded simulator of what presence sees and what devices ask, with ways round at known times.

A household has phones, laptops, tablets, televisions, a printer, a console, things that ask once in hours, and guests.
Every device has habits of its own (how often it is heard and how often it asks while used, idle and asleep); people get
up and go to bed, go to school, watch and play for long without a question. Sightings and questions are independent of
the detector's own idea of either. Ways round are switched on inside hours of use; `seen_in_use` counts minutes of use.

    days = household_days(seed=3)
    days.write(path)                       # JSONL, as filterd/presence/README.md describes it
    for way in days.ways: print(way.kind, way.mac, way.start)

    python -m tests.household_days --seed 3 >days.jsonl
"""

from __future__ import annotations

import argparse
import json
import random
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

START = 1_796_058_000.0  # a Tuesday, 0:00 in UTC+7
DAY = 1440  # minutes
BOX = "192.0.2.2"
WAYS = (
    "static_dns", "vpn_listed", "vpn_unlisted", "private_dns", "browser_doh", "doh_blocked",
    "relay", "proxy", "dhcp_dns", "rdnss", "router_dns", "silent_guest",
)  # fmt: skip
NETWORK_WAYS = ("dhcp_dns", "rdnss", "router_dns")
_SITES = [
    "example.org",
    "www.example.com",
    "news.example.net",
    "cdn.example.org",
    "play.example.net",
    "api.example.com",
]
_VPN = ["api.nordvpn.com", "turbovpn.com", "www.expressvpn.com", "consumer.cloudflareclient.com", "windscribe.com"]
_DOH = ["dns.google", "chrome.cloudflare-dns.com", "dns.quad9.net", "dns.adguard-dns.com"]
_PROXY = ["www.croxyproxy.com", "proxysite.com", "blockaway.net", "www.kproxy.com"]
_HINTS: dict[str, tuple[tuple[str, str], ...]] = {  # host name, vendor class
    "ios": (("iPhone", ""), ("iPad-cua-Na", "")),
    "android": (("Galaxy-A15", "android-dhcp-14"), ("", "android-dhcp-13"), ("Redmi-Note", "android-dhcp-12")),
    "laptop": (("DESKTOP-7QK2", "MSFT 5.0"), ("LAPTOP-MINH", "MSFT 5.0"), ("MacBook-Air", "")),
    "tv": (("LGwebOSTV", ""), ("BRAVIA", "android-dhcp-9"), ("Chromecast", "")),
    "printer": (("HP4F21AA", ""), ("EPSON88", "")), "console": (("PS5-112", ""),),
    "thing": (("ESP_3A11B2", ""), ("tapo-plug", ""), ("ipcam", "udhcp 1.31"), ("", "")),
}  # fmt: skip
_FIXED = ("tv", "printer", "console", "thing")


@dataclass(frozen=True, slots=True)
class Way:
    """A way round: what, by whom, and the minutes of use from its start on."""

    kind: str
    mac: str
    start: float
    end: float
    use: tuple[float, ...]

    def seen_in_use(self, at: float) -> int:
        """Return how many minutes of use had passed at `at`."""
        return sum(1 for t in self.use if t < at)


@dataclass(slots=True)
class Device:
    """A device and its habits, as chances a minute by state (use, idle, sleep)."""

    mac: str
    kind: str
    address: str
    name: str
    vendor: str
    heard: dict[str, float]
    asks: dict[str, float]
    kinds: tuple[str, ...]
    states: list[str]  # away | sleep | idle | use:<browse|chat|stream|game>, a minute each


@dataclass(slots=True)
class Days:
    """What a household's days left behind."""

    records: list[dict[str, Any]] = field(default_factory=list)
    ways: list[Way] = field(default_factory=list)
    macs: dict[str, str] = field(default_factory=dict)  # MAC -> kind of device

    def lines(self) -> Iterator[str]:
        """Yield the records as JSON."""
        for record in self.records:
            yield json.dumps(record, ensure_ascii=False, separators=(",", ":"))

    def write(self, path: Path) -> None:
        """Write the recording."""
        path.write_text("".join(f"{line}\n" for line in self.lines()), encoding="utf-8")


def household_days(seed: int, days: int = 14, devices: int = 20, ways: int = 12) -> Days:
    """Return a household's days. The same seed gives the same days."""
    rng = random.Random(seed)
    found = Days()
    steady = rng.random() < 0.1  # a Wi-Fi on which sleeping devices are heard nearly as often as used ones
    kinds = ["ios", "android", "laptop", "tv", "printer", "thing", "thing", "console", "guest", "guest"]
    kinds += rng.choices(["ios", "android", "android", "laptop", "tv", "thing"], k=max(0, devices - len(kinds)))
    house = [_device(rng, kind, number, days, steady) for number, kind in enumerate(kinds[:devices])]
    planned = _plan(rng, house, days, ways, found)
    found.macs = {d.mac: d.kind for d in house}
    _network(rng, found, days)
    for device in house:
        _live(rng, device, planned.get(device.mac, []), found)
    found.records.sort(key=lambda r: r["at"])
    found.ways.sort(key=lambda w: w.start)
    return found


# --- devices and their days


def _device(rng: random.Random, kind: str, number: int, days: int, steady: bool) -> Device:
    person = kind in ("ios", "android", "laptop", "guest")
    hint = rng.choice(["ios", "android"]) if kind == "guest" else kind
    name, vendor = rng.choice(_HINTS[hint])
    first = rng.choice([0x02, 0x06, 0x0A, 0x0E]) | (rng.randrange(16) << 4) if person and hint != "laptop" else 0x00
    mac = f"{first:02x}:1b:{rng.randrange(256):02x}:{rng.randrange(256):02x}:00:{number:02x}"
    use = rng.uniform(0.5, 0.97)
    if person:
        heard = {"use": use, "idle": rng.uniform(0.03, 0.2), "sleep": rng.uniform(0.003, 0.09)}
        if steady:
            heard |= {"idle": use * rng.uniform(0.6, 1.0), "sleep": use * rng.uniform(0.4, 0.9)}
        asks = {
            "browse": rng.uniform(0.7, 0.98), "chat": rng.uniform(0.5, 0.85), "stream": rng.uniform(0.35, 0.7),
            "game": rng.uniform(0.25, 0.6), "idle": rng.uniform(0.06, 0.3), "sleep": rng.uniform(0.003, 0.06),
        }  # fmt: skip
    elif kind in ("tv", "console"):
        heard = {"use": use, "idle": rng.choice([use, use, 0.15]), "sleep": rng.uniform(0.02, 0.6)}
        asks = {"stream": rng.uniform(0.1, 0.5), "game": rng.uniform(0.1, 0.3), "idle": rng.uniform(0.002, 0.05),
                "sleep": rng.uniform(0.0, 0.02)}  # fmt: skip
    elif kind == "printer":
        heard, asks = {"idle": rng.uniform(0.2, 1.0)}, {"idle": rng.choice([0.0, 0.0005, 0.003])}
    else:
        heard, asks = {"idle": rng.uniform(0.05, 0.9)}, {"idle": rng.choice([0.0008, 0.005, 0.02, 0.2])}
    address = f"192.0.2.{20 + number}"
    sorts = tuple(rng.sample(["arp", "mdns", "talks", "ndp"], k=rng.randint(2, 4)))
    states = _states(rng, kind, days)
    return Device(mac, hint if kind == "guest" else kind, address, name, vendor, heard, asks, sorts, states)


def _states(rng: random.Random, kind: str, days: int) -> list[str]:
    states = ["idle"] * (days * DAY)
    if kind in ("printer", "thing"):
        return states
    if kind == "guest":
        states = ["away"] * (days * DAY)
        for day in rng.sample(range(days), k=min(days, rng.randint(1, 4))):
            begin = day * DAY + rng.randint(9 * 60, 19 * 60)
            end = min(len(states), begin + rng.randint(60, 300))
            states[begin:end] = ["idle"] * (end - begin)
            _sessions(rng, states, begin, end, 0.35)
        return states
    wake, bed = rng.gauss(6.6, 0.5), rng.gauss(22.4, 0.8)
    at_school = rng.random() < 0.6 and kind in ("ios", "android")
    busy = rng.uniform(0.12, 0.35) if kind in ("ios", "android", "laptop") else rng.uniform(0.08, 0.25)
    for day in range(days):
        weekend = (day + 1) % 7 in (5, 6)
        up = day * DAY + int(60 * rng.gauss(wake + (1.3 if weekend else 0), 0.4))
        down = day * DAY + int(60 * min(23.9, rng.gauss(bed + (0.6 if weekend else 0), 0.5)))
        states[day * DAY : up] = ["sleep"] * (up - day * DAY)
        states[down : (day + 1) * DAY] = ["sleep"] * ((day + 1) * DAY - down)
        begin, end = up, down
        if kind in ("tv", "console"):
            begin = max(up, day * DAY + 17 * 60) if not weekend else up + 120
        _sessions(rng, states, begin, end, busy)
        if at_school and not weekend:
            out, home = day * DAY + 7 * 60 + rng.randint(0, 20), day * DAY + 16 * 60 + rng.randint(0, 60)
            states[out:home] = ["away"] * (home - out)
    return states


def _sessions(rng: random.Random, states: list[str], begin: int, end: int, busy: float) -> None:
    """Put hours of use between two minutes, so that about `busy` of the time is used."""
    minute = begin
    while minute < end - 5:
        length = int(rng.choice([rng.uniform(3, 12), rng.uniform(10, 45), rng.uniform(30, 120)]))
        stop = min(end, minute + length)
        _use(rng, states, minute, stop)
        minute = stop + int(rng.expovariate(busy / (length * (1 - busy)))) + 1


def _use(rng: random.Random, states: list[str], begin: int, end: int) -> None:
    minute = begin
    while minute < end:
        what = rng.choices(["browse", "chat", "stream", "game"], [4, 3, 2, 1])[0]
        stop = min(end, minute + rng.randint(5, 35))
        states[minute:stop] = [f"use:{what}"] * (stop - minute)
        minute = stop


# --- ways round


def _plan(
    rng: random.Random, house: list[Device], days: int, count: int, found: Days
) -> dict[str, list[tuple[str, int, int]]]:
    """Choose who goes round, how and when; the device is used meanwhile."""
    people = [d for d in house if d.kind in ("ios", "android", "laptop") and any(s != "away" for s in d.states[:DAY])]
    planned: dict[str, list[tuple[str, int, int]]] = {}
    taken: set[tuple[str, int]] = set()
    kinds = [w for w in WAYS if w not in NETWORK_WAYS]
    for number in range(count - 2):
        kind = kinds[number % len(kinds)] if number < len(kinds) else rng.choice(kinds)
        if kind == "silent_guest":
            guest = _device(rng, "guest", len(house), days, False)
            guest.states = ["away"] * (days * DAY)
            house.append(guest)
            device, day = guest, rng.randrange(1, days)
        else:
            device, day = rng.choice(people), rng.randrange(min(3, days - 1), days)
        if any((device.mac, day + x) in taken for x in (-1, 0, 1)):
            continue
        taken.add((device.mac, day))
        begin = day * DAY + rng.randint(16 * 60 + 70, 20 * 60 + 30)
        end = begin + rng.randint(70, 100 if kind != "silent_guest" else 180)
        _use(rng, device.states, begin, end)
        if kind in ("vpn_unlisted", "static_dns", "private_dns") and rng.random() < 0.4 and day < days - 1:
            end = (day + 1) * DAY  # left on for the night
        planned.setdefault(device.mac, []).append((kind, begin, end))
        use = tuple(START + 60 * m for m in range(begin, end) if device.states[m].startswith("use"))
        found.ways.append(Way(kind, device.mac, START + 60 * begin, START + 60 * end, use))
    return planned


def _network(rng: random.Random, found: Days, days: int) -> None:
    """The box offers itself all the time; for some hours somebody else offers another resolver too."""
    for minute in range(0, days * DAY, 10):
        _sight(found, minute, rng, "02:00:00:00:00:02", "dns_server", address=BOX, detail="dhcp")
    for kind in rng.sample(NETWORK_WAYS, k=2):
        mac = f"00:16:3e:{rng.randrange(256):02x}:00:01"[:14] + ":01"
        begin = rng.randrange(DAY, days * DAY - 300)
        end = begin + rng.randint(60, 2000)
        address = {"dhcp_dns": "198.51.100.53", "rdnss": "2001:db8:53::1", "router_dns": "192.0.2.1"}[kind]
        if kind == "router_dns":
            _sight(found, max(0, begin - 500), rng, mac, "arp", address=address)
        for minute in range(begin, min(end, days * DAY), rng.choice([3, 10, 25])):
            detail = {"dhcp_dns": "dhcp", "rdnss": "ra", "router_dns": "dhcp"}[kind]
            _sight(found, minute, rng, mac, "dns_server", address=address, detail=detail)
        at = START + 60 * begin
        found.ways.append(Way(kind, mac, at, START + 60 * end, tuple(at + 60 * m for m in range(end - begin))))


# --- what is left behind


def _live(rng: random.Random, device: Device, planned: list[tuple[str, int, int]], found: Days) -> None:
    before = "away"
    for minute, state in enumerate(device.states):
        if state == "away":
            before = state
            continue
        if before == "away":
            detail = f"55=1,3,6,15,119,252;60={device.vendor}"
            _sight(found, minute, rng, device.mac, "dhcp", device.address, device.name, detail)
        use = state.startswith("use")
        way = next(((k, b) for k, b, e in planned if b <= minute < e), None)
        joined = before == "away"
        before = state
        woken = rng.random() < device.heard["use" if use else state]
        if woken:
            _sight(found, minute, rng, device.mac, rng.choice(device.kinds), device.address)
        chance = device.asks.get(state.removeprefix("use:"), 0.3)
        if not use and not woken:
            chance *= 0.5
        if way is None:
            if joined or rng.random() < chance:
                for _ in range(1 + int(rng.expovariate(0.7))):
                    _ask(found, minute, rng, device.mac, rng.choice(_SITES), rng.random() < 0.05)
        else:
            _go_round(rng, device, way[0], minute - way[1], minute, chance, found)


def _go_round(
    rng: random.Random, device: Device, kind: str, since: int, minute: int, chance: float, found: Days
) -> None:
    """What is still asked while a way round is on."""
    if kind in ("vpn_listed", "private_dns", "browser_doh", "relay", "proxy", "doh_blocked"):
        names = {"vpn_listed": _VPN, "proxy": _PROXY, "relay": ["mask.icloud.com", "mask-h2.icloud.com"]}.get(
            kind, _DOH
        )
        again = 0.25 if kind == "doh_blocked" else 0.02
        if since == 0 or rng.random() < again:
            blocked = kind == "doh_blocked" or (kind == "proxy" and rng.random() < 0.5)
            _ask(found, minute, rng, device.mac, rng.choice(names), blocked)
    rest = {"browser_doh": 0.35, "relay": 0.3, "proxy": 1.0, "doh_blocked": 1.0, "vpn_unlisted": 0.01}.get(kind, 0.0)
    if rng.random() < chance * rest:
        _ask(found, minute, rng, device.mac, rng.choice(_SITES), False)


def _sight(
    found: Days,
    minute: int,
    rng: random.Random,
    mac: str,
    kind: str,
    address: str = "",
    name: str = "",
    detail: str = "",
) -> None:
    record = {"at": _at(minute, rng), "record": "sighting", "mac": mac, "kind": kind, "address": address,
              "name": name, "detail": detail}  # fmt: skip
    found.records.append({key: value for key, value in record.items() if value != ""})


def _ask(found: Days, minute: int, rng: random.Random, mac: str, name: str, blocked: bool) -> None:
    found.records.append(
        {"at": _at(minute, rng), "record": "question", "mac": mac, "name": name, "type": "A", "blocked": blocked}
    )


def _at(minute: int, rng: random.Random) -> float:
    return round(START + 60 * minute + rng.random() * 59, 2)


def main() -> None:
    """Write a recording to standard output; the ways round to standard error."""
    given = argparse.ArgumentParser(description=__doc__)
    given.add_argument("--seed", type=int, default=1)
    given.add_argument("--days", type=int, default=14)
    given.add_argument("--devices", type=int, default=20)
    options = given.parse_args()
    days = household_days(options.seed, options.days, options.devices)
    for line in days.lines():
        print(line)
    for way in days.ways:
        print(way.kind, way.mac, way.start, file=sys.stderr)


if __name__ == "__main__":
    main()
