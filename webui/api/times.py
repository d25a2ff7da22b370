"""Moments in the API: RFC 3339 with the household's own offset, to the second.

moment(1795885200.0)      # "2026-11-28T21:00:00+07:00"
"""

from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from webui.api import gate


def zone() -> ZoneInfo:
    """Return the household's zone."""
    return ZoneInfo(gate.house().timezone)


def moment(at: float | None) -> str | None:
    """Return a moment (POSIX seconds) as text; None stays None."""
    if at is None:
        return None
    return datetime.fromtimestamp(at, UTC).astimezone(zone()).isoformat(timespec="seconds")
