"""Single fields of a signed document: taken as they should be, or ValueError or TypeError with the field's name.

number(entry["seq"], "seq", 1, MAX_SEQ)
words(entry.get("name", {}), "name")           # Words(vi="...", en="...")
"""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any, TypeVar
from urllib.parse import urlsplit

from filterd.feed.refusal import FeedRefused
from filterd.model.feed import Refusal, Words

MAX_TEXT = 300  # characters of a name or a reason
MAX_URL = 500
T = TypeVar("T")


def load_json(data: bytes, max_bytes: int, what: str) -> dict[str, Any]:
    """Return a JSON object within a bound. Raises FeedRefused(BAD_INDEX)."""
    if len(data) > max_bytes:
        raise FeedRefused(Refusal.BAD_INDEX, f"{what}: expected at most {max_bytes} bytes, got {len(data)}")
    try:
        document = json.loads(data.decode("utf-8"), parse_constant=_no_number)
    except (ValueError, RecursionError) as exc:
        raise FeedRefused(Refusal.BAD_INDEX, f"{what}: expected JSON, got {str(exc)[:120]}") from exc
    if not isinstance(document, dict):
        raise FeedRefused(Refusal.BAD_INDEX, f"{what}: expected an object, got {type(document).__name__}")
    return document


def moment(text: str) -> float:
    """Return an RFC 3339 moment as POSIX seconds. Raises ValueError."""
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        at = datetime.fromtimestamp(0)  # has no zone: refused below
    if at.tzinfo is None:
        raise ValueError(f"expected a moment such as 2026-11-24T08:00:00Z, got {text[:40]!r}")
    try:
        return at.astimezone(UTC).timestamp()
    except OverflowError:
        raise ValueError(f"{text[:40]!r} is no moment that a clock can show") from None


def page(url: str, what: str) -> str:
    """Return an address that a page may link to: never `javascript:`, never one with a password in it."""
    if url:
        parts = urlsplit(url)
        if parts.scheme not in ("https", "http") or not parts.hostname or "@" in parts.netloc:
            raise ValueError(f"{what}: expected an http(s) address, got {url[:80]!r}")
    return url


def many(found: Any, what: str, most: int, one: Callable[[Any], T]) -> tuple[T, ...]:
    """Return what `one` makes of each entry of a list of at most `most`."""
    if not isinstance(found, list):
        raise TypeError(f"{what}: expected a list")
    if len(found) > most:
        raise ValueError(f"{what}: expected at most {most}, got {len(found)}")
    return tuple(one(entry) for entry in found)


def unique(ids: list[str], what: str) -> None:
    """Return when no id comes twice."""
    if len(set(ids)) != len(ids):
        raise ValueError(f"{what}: an id comes twice")


def words(found: Any, what: str) -> Words:
    """Return a text in both languages."""
    if not isinstance(found, dict):
        raise TypeError(f"{what}: expected an object with vi and en")
    return Words(text(found.get("vi", ""), what, MAX_TEXT), text(found.get("en", ""), what, MAX_TEXT))


def match(found: Any, what: str, fits: Callable[[str], object]) -> str:
    """Return a text of the form that `fits` knows."""
    if not isinstance(found, str) or not fits(found):
        raise ValueError(f"{what}: {str(found)[:60]!r} has another form than expected")
    return found


def text(found: Any, what: str, most: int) -> str:
    """Return a text of at most `most` characters, all of them printable, so that no page and no terminal is led on."""
    if not isinstance(found, str) or len(found) > most or not found.isprintable():
        raise ValueError(f"{what}: expected at most {most} printable characters")
    return found


def number(found: Any, what: str, least: int, most: int) -> int:
    """Return a whole number within its bounds."""
    if not isinstance(found, int) or isinstance(found, bool) or not least <= found <= most:
        raise ValueError(f"{what}: expected a number of {least} to {most}, got {str(found)[:30]}")
    return found


def flag(entry: dict[str, Any], key: str) -> bool:
    """Return a flag, false when absent."""
    found = entry.get(key, False)
    if not isinstance(found, bool):
        raise TypeError(f"{key}: expected true or false")
    return found


def _no_number(text: str) -> float:
    raise ValueError(f"{text} is no number")
