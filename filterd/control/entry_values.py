"""One question of the log as plain values: what `filterd log --json` prints and the exported file holds.

document(entry, zone)["at"]         # "2026-11-24T20:12:40.120+07:00"
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, tzinfo
from typing import Any

from filterd.model.activity import Entry
from filterd.model.event import Origin

_ORIGINS = {Origin.HERE: "here", Origin.CACHE: "cache", Origin.STALE: "stale", Origin.UPSTREAM: "upstream"}
_TYPES = {1: "A", 2: "NS", 5: "CNAME", 6: "SOA", 12: "PTR", 15: "MX", 16: "TXT", 28: "AAAA", 33: "SRV", 64: "SVCB",
          65: "HTTPS", 255: "ANY"}  # fmt: skip


def document(entry: Entry, zone: tzinfo | None) -> dict[str, Any]:
    """Return one question as plain values."""
    return {
        "at": local_time(entry.at_ms, zone).isoformat(timespec="milliseconds"),
        "client": entry.client,
        "profile": entry.profile,
        "device": entry.device,
        "name": entry.name,
        "type": type_of(entry.qtype),
        "action": entry.action.name.lower(),
        "row": entry.row.id,
        "rule": entry.rule,
        "category": entry.category,
        "service": entry.service,
        "list": entry.list_id,
        "matched": entry.matched,
        "rcode": entry.rcode,
        "origin": _ORIGINS.get(entry.origin, "failed"),
        "exact": entry.exact,
    }


def type_of(number: int) -> str:
    """Return the name of a type."""
    return _TYPES.get(number, f"TYPE{number}")


def local_time(at_ms: int, zone: tzinfo | None) -> datetime:
    """Return a moment by the household's clock. `zone` None: this computer's."""
    moment = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(milliseconds=at_ms)
    return moment.astimezone(zone)
