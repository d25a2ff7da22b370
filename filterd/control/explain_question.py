"""A question as people put it, and what its words mean: a name, a record type, a time.

question = Question("example.com", "HTTPS", at="2026-11-28 21:30")
name_of(question.name), type_of(question.type), parse_at(question.at, zone)
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from filterd.config.document import MAX_YEAR
from filterd.config.sitename import site_name
from filterd.errors import ConfigError, ParseError
from filterd.wire import constants
from filterd.wire.name import to_wire

_TYPES: dict[str, int] = {k[5:]: v for k, v in vars(constants).items() if k.startswith("TYPE_")}
_TYPE = re.compile(r"(?:TYPE)?([0-9]{1,5})")


@dataclass(frozen=True, slots=True)
class Question:
    """One question as people put it: all text."""

    name: str
    type: str = "A"
    client: str = ""
    at: str = ""


def name_of(text: str) -> bytes:
    """Return the wire name that `text` means, as people or as DNS write it. Raises ConfigError."""
    try:
        return to_wire(text) if text.isascii() else site_name(text)
    except (ValueError, ParseError) as exc:
        raise ConfigError(f"name: {text!r}: {exc}") from None


def type_of(text: str) -> int:
    """Return the number of a record type: A, 65, TYPE65; of nothing: A. Raises ConfigError."""
    upper = (text or "A").strip().upper()
    if upper in _TYPES:
        return int(_TYPES[upper])
    match = _TYPE.fullmatch(upper)
    if match and int(match[1]) < 65536:
        return int(match[1])
    raise ConfigError(f"type: expected a record type such as A, AAAA or HTTPS, got {text!r}")


def type_text(qtype: int) -> str:
    """Return what a record type is called."""
    return next((name for name, number in _TYPES.items() if number == qtype), f"TYPE{qtype}")


def parse_at(text: str, zone: Any) -> float:
    """Return POSIX seconds of RFC 3339 text, or of wall-clock time in `zone` (a repeated one means the first)."""
    try:
        moment = datetime.fromisoformat(text.strip().upper())  # RFC 3339 5.6: t and z may be small
        if moment.tzinfo is None:
            moment = moment.replace(tzinfo=zone, fold=0)
        if not 1970 < moment.year < MAX_YEAR:
            raise ValueError
        return moment.timestamp()
    except (ValueError, OverflowError):
        raise ConfigError(
            f"at: expected a time such as '2026-11-28 21:30' or 2026-11-28T21:30:00+07:00, got {text[:80]!r}"
        ) from None
