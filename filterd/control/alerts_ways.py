"""Alerts of ways round the filter: one a device, kind and day, unless it is hardly more than a guess.

Part of alerts.py: it writes within the caller's transaction, and is told when that has held.

    ways.see(findings)
    new = ways.write(connection, household)
    ways.written()
"""

from __future__ import annotations

from collections.abc import Sequence

import sqlalchemy as sa

from filterd.control import alerts_rows as rows
from filterd.model.alert import AlertKind
from filterd.model.bypass import NETWORK, Confidence, Finding
from filterd.model.household import Household

MAX_WAITING = 50
_DAY_MS = 86_400_000


class WaysRound:
    """Ways round that wait to become alerts."""

    def __init__(self) -> None:
        self._waiting: list[Finding] = []

    def see(self, found: Sequence[Finding]) -> None:
        """Note what was found; a guess stays on the page alone."""
        sure = [finding for finding in found if finding.confidence is not Confidence.LOW]
        self._waiting = [*self._waiting, *sure][-MAX_WAITING:]

    def waiting(self) -> bool:
        """Return whether there is something to write."""
        return bool(self._waiting)

    def write(self, connection: sa.Connection, household: Household | None) -> int:
        """Write alerts; return how many are new."""
        devices = {d.mac: d for d in household.devices if d.mac} if household is not None else {}
        new = 0
        for finding in self._waiting:
            at_ms = int(finding.at * 1000)
            key = f"{finding.key}|{at_ms // _DAY_MS}"
            row = rows.find(connection, AlertKind.BYPASS, key)
            if row is not None:
                rows.change(connection, row.id, {}, count=row.count + 1, last_at=max(at_ms, row.last_at_ms))
                continue
            device = devices.get(finding.mac)
            detail = {"way": finding.kind.value, "mac": finding.mac, "confidence": finding.confidence.value}
            if finding.kind in NETWORK:
                detail["address"] = str(finding.facts.get("address", ""))
            profile, ident = (device.profile, device.id) if device is not None else ("", "")
            rows.add(connection, AlertKind.BYPASS, key, at_ms, profile=profile, device=ident, detail=detail)
            new += 1
        return new

    def written(self) -> None:
        """The last write has held."""
        self._waiting.clear()
