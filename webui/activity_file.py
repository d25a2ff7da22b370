"""One question of the log as plain values, in the file that a parent takes away; the fields are activity_export.FIELDS.

document(entry, zone)["at"]         # "2026-11-24T20:12:40.120+07:00"
"""

from __future__ import annotations

from datetime import UTC, datetime, tzinfo
from typing import Any

from filterd.model.activity import Entry
from filterd.model.event import Origin

_TYPES = {1: "A", 2: "NS", 5: "CNAME", 6: "SOA", 12: "PTR", 15: "MX", 16: "TXT", 28: "AAAA", 33: "SRV", 64: "SVCB",
          65: "HTTPS", 255: "ANY"}  # fmt: skip
_ORIGINS = {value: key.lower() for key, value in vars(Origin).items() if isinstance(value, int)}


def document(entry: Entry, zone: tzinfo | None) -> dict[str, Any]:
    """Return a question as plain values."""
    at = datetime.fromtimestamp(entry.at_ms / 1000, zone or UTC)
    return {
        "at": at.isoformat(timespec="milliseconds"),
        "exact": entry.exact,
        "client": entry.client,
        "profile": entry.profile,
        "device": entry.device,
        "name": entry.name,
        "type": _TYPES.get(entry.qtype, f"TYPE{entry.qtype}"),
        "action": entry.action.name.lower(),
        "row": entry.row.id,
        "rule": entry.rule,
        "category": entry.category,
        "service": entry.service,
        "list": entry.list_id,
        "matched": entry.matched,
        "rcode": entry.rcode,
        "origin": _ORIGINS.get(entry.origin, "failed"),
    }
