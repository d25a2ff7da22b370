"""What else the manager watches for: devices never seen before, and lists gone stale.

Small parts of alerts.py, like alerts_rules.py. Each looks without writing, then writes within the caller's transaction,
and is told when that has held. What they remember between two runs is one document (alerts_rows.remember).

    devices.see({"192.168.1.7": "aa:bb:cc:dd:ee:ff"})
    if devices.write(connection, memory(connection), now_ms): remember(connection, devices.document())
    devices.written()       # after the commit
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from filterd.control import alerts_rows as rows
from filterd.model.alert import AlertKind
from filterd.model.household import Household

MAX_MACS = 4096  # devices that are known
LEARN_MS = 600_000  # at the very first run: so long everybody who is there is known already
MAX_NEW_HOURLY = 10  # new devices an hour with an alert of their own; more share one
STALE_MS = 7 * 86_400_000  # a list without a good sync for so long
LISTS_S = 3600.0
_HOUR_MS = 3_600_000


class Devices:
    """Who was seen in the house, by MAC."""

    def __init__(self) -> None:
        self.new = 0  # alerts that the last write made
        self._macs: dict[str, None] = {}  # known, oldest first
        self._next: dict[str, None] = {}  # those that will be, when the write has held
        self._learn_until: int | None = None  # None: the memory was not read yet
        self._named: frozenset[str] = frozenset()  # of the household's devices
        self._here: dict[str, str] = {}  # MAC -> an address of it
        self._fresh: dict[str, None] = {}

    def reload(self, household: Household) -> None:
        """Take the devices of `household` for known."""
        self._named = frozenset(d.mac for d in household.devices if d.mac)

    def see(self, addresses: Mapping[str, str]) -> None:
        """Note who is there."""
        self._here = {mac: address for address, mac in list(addresses.items())[: 4 * MAX_MACS]}
        for mac in self._here:
            if mac not in self._macs and len(self._fresh) < MAX_MACS:
                self._fresh[mac] = None

    def waiting(self) -> bool:
        """Return whether somebody is new, as far as is known."""
        return bool(self._fresh)

    def write(self, connection: sa.Connection, memory: Mapping[str, Any] | None, now_ms: int) -> bool:
        """Write alerts for who is new; return whether the memory has changed."""
        self.new = 0
        if memory is None:  # the first run, or a person deleted everything: whoever is here is no news
            self._macs, self._learn_until = {}, now_ms + LEARN_MS
            self._fresh = dict.fromkeys(list(self._here)[:MAX_MACS])
        elif self._learn_until is None:
            self._macs = dict.fromkeys(str(mac) for mac in memory.get("macs", ()))
            self._learn_until = int(memory.get("learn_until", 0))
        fresh = [mac for mac in self._fresh if mac not in self._macs]
        if now_ms >= (self._learn_until or 0):
            self._tell(connection, [mac for mac in fresh if mac not in self._named], now_ms)
        known = {**self._macs, **dict.fromkeys(fresh)}
        for mac in [m for m in known if m not in self._here][: max(0, len(known) - MAX_MACS)]:
            del known[mac]
        while len(known) > MAX_MACS:
            del known[next(iter(known))]
        self._next = known
        return bool(fresh)

    def _tell(self, connection: sa.Connection, fresh: list[str], now_ms: int) -> None:
        if not fresh:
            return
        hourly = len(rows.recent(connection, AlertKind.NEW_DEVICE, None, now_ms - _HOUR_MS))
        for mac in fresh:
            if rows.find(connection, AlertKind.NEW_DEVICE, mac) is not None:
                continue
            if hourly >= MAX_NEW_HOURLY:
                self._fold(connection, now_ms)
                continue
            private = bool(int(mac[:2], 16) & 2)  # locally administered: a phone that hides its own
            detail = {"mac": mac, "address": self._here.get(mac, ""), "private": private}
            rows.add(connection, AlertKind.NEW_DEVICE, mac, now_ms, detail=detail)
            self.new += 1
            hourly += 1

    def _fold(self, connection: sa.Connection, now_ms: int) -> None:
        key = f"many|{now_ms // _HOUR_MS}"
        row = rows.find(connection, AlertKind.NEW_DEVICE, key)
        if row is None:
            rows.add(connection, AlertKind.NEW_DEVICE, key, now_ms, detail={"many": True})
            self.new += 1
        else:
            rows.change(connection, row.id, {}, count=row.count + 1, last_at=now_ms)

    def written(self) -> None:
        """The last write has held."""
        self._macs = self._next
        self._fresh.clear()

    def document(self) -> dict[str, Any]:
        """Return what is remembered."""
        return {"macs": list(self._next), "learn_until": self._learn_until or 0}


class Lists:
    """Lists that were not renewed for long. A list that is a file of the box's own has no rhythm."""

    def __init__(self, state: Path) -> None:
        self.state = state
        self._due = float("-inf")

    def look(self, now: float) -> list[tuple[str, str]]:
        """Return (id, last good sync) of stale lists; [] between two looks. Raises StoreError."""
        if now < self._due or not (self.state / "lists" / "registry.json").exists():
            return []
        from filterd.listbuild.registry import load

        self._due = now + LISTS_S  # with a damaged registry too
        found = []
        for listed in load(self.state).values():
            if not listed.enabled or "://" not in listed.origin:
                continue
            good = listed.good_at() or (listed.history[0].at if listed.history else "")
            at = _instant(good)
            if at is not None and now * 1000 - at > STALE_MS:
                found.append((listed.id, good))
        return found

    def again(self) -> None:
        """What was found could not be written."""
        self._due = float("-inf")

    def write(self, connection: sa.Connection, stale: list[tuple[str, str]], now_ms: int) -> int:
        """Write alerts, one for each time that a list goes stale; return how many are new."""
        new = 0
        for ident, good in stale:
            key = f"{ident}|{good}"
            days = (now_ms - (_instant(good) or now_ms)) // 86_400_000
            row = rows.find(connection, AlertKind.STALE_LISTS, key)
            if row is None:
                rows.add(connection, AlertKind.STALE_LISTS, key, now_ms, detail={"list": ident, "days": days})
                new += 1
            elif row.detail.get("days") != days:
                rows.change(connection, row.id, {"days": days}, last_at=now_ms)
        return new


def _instant(text: str) -> int | None:
    """Return ms since the epoch of a moment in a list's history; None when it is none."""
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        return None
    return int((at if at.tzinfo is not None else at.replace(tzinfo=UTC)).timestamp() * 1000)
