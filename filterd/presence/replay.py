"""Recordings of what was seen and asked, one JSON object a line, for `filterd watch --replay`; README.md describes them.

Tolerant where a recording of somebody else's may differ, and only there: fields that are not known are ignored, fields
that are missing have the meanings below, times are POSIX seconds or RFC 3339, a line that says nothing usable is
reported with its number and skipped. Pure: lines in, records out.

    for record in read_lines(file, complain=print):
        match record: case Sighting(): ... case Question(): ... case Box(): ...
"""

from __future__ import annotations

import ipaddress
import json
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, TextIO

from filterd.errors import ParseError
from filterd.model.sighting import MAX_DETAIL, Kind, Sighting, clean, is_device_mac

MAX_LINE = 8192  # characters
MAX_NAME = 255
LATE_S = 600.0  # a record that stands so long after its time in the file is none that came a little late
_MAX_AT = 2.0**43  # s since 1970
_MOST = 1e22  # as a number of any unit; no integer is too big to compare
_FINER = ((1e17, 1e9), (1e14, 1e6), (1e11, 1e3))  # numbers above are ns, µs, ms: as seconds 1e11 is the year 5138
_TIMES, _RECORDS = ("at", "time", "ts", "timestamp"), ("record", "type", "event")
_NAMES = ("name", "qname", "query")
_ASKED = ("question", "query", "dns", "dns_query")  # words for a question
_KINDS = frozenset(kind.value for kind in Kind)


@dataclass(frozen=True, slots=True)
class Question:
    """A question of a device. `category`: what the lists in force said of the name, or ""."""

    at: float
    mac: str
    name: str
    blocked: bool = False
    category: str = ""


@dataclass(frozen=True, slots=True)
class Box:
    """Addresses of the box that recorded: who offers these as the resolver does what it should."""

    addresses: tuple[str, ...]


Record = Sighting | Question | Box


def read_lines(lines: Iterable[str], complain: Callable[[str], None]) -> Iterator[Record]:
    """Yield the records. `complain` gets a sentence about each line that is skipped; empty lines are fine.

    At the end it gets one about records that are not in the order of time: what is found then cannot be trusted.
    """
    newest, late, first = 0.0, 0, 0
    for number, line in enumerate(lines, 1):
        if not line.strip("\ufeff \t\r\n"):
            continue
        try:
            record = read_line(line)
        except ParseError as exc:
            complain(f"line {number} skipped: {exc}")
            continue
        at = newest if isinstance(record, Box) else record.at
        if newest - at > LATE_S:
            late, first = late + 1, first or number
        newest = max(newest, at)
        yield record
    if late:
        minutes = f"{LATE_S / 60:g} minutes"
        complain(
            f"{late} records stand more than {minutes} after their time, line {first} first: "
            "sort them by time, or what is found is wrong"
        )


def short_lines(file: TextIO) -> Iterator[str]:
    """Yield the lines of a file, one that is too long cut: it is skipped anyway, and takes no memory."""
    while line := file.readline(MAX_LINE + 1):
        yield line
        while line and not line.endswith("\n") and len(line) > MAX_LINE:
            line = file.readline(MAX_LINE + 1)


def read_line(line: str) -> Record:
    """Return the record of one line. ParseError says what was expected and what came."""
    if len(line) > MAX_LINE:
        raise ParseError(f"expected at most {MAX_LINE} characters")
    try:
        found = json.loads(line.removeprefix("\ufeff"))  # as some editors begin a file
    except (ValueError, RecursionError) as exc:
        raise ParseError(f"expected JSON: {exc}") from None
    if not isinstance(found, dict):
        raise ParseError(f"expected an object, got {type(found).__name__}")
    what = _what(found)
    if what == "box":
        return Box(_addresses(found))
    at, mac = _time(found), _mac(found)
    if what == "question":
        name = clean(_text(found, *_NAMES), MAX_NAME)
        if not name:
            raise ParseError("name: expected the name that was asked")
        return Question(at, mac, name.lower(), _flag(found), _text(found, "category"))
    kind = _kind(found)
    address = _text(found, "address", "ip")
    if address:
        try:
            address = str(ipaddress.ip_address(address.partition("%")[0]))
        except ValueError:
            raise ParseError(f"address: expected an IP address, got {address[:60]!r}") from None
    name, detail = clean(_text(found, "name", "hostname")), clean(_text(found, "detail"), MAX_DETAIL)
    return Sighting(at, kind, mac, address, name, detail)


def _what(found: dict[str, Any]) -> str:
    """Return sighting, question or box. Without a word for it: a name that was asked makes a question."""
    for key in _RECORDS:
        said = str(found.get(key, "")).lower()
        if said in ("sighting", "question", "box"):
            return said
        if said in _ASKED:
            return "question"
        if said in _KINDS:
            return "sighting"
    if any(key in found for key in ("qname", "query", "blocked", "qtype")):
        return "question"
    if "kind" in found:
        return "question" if str(found["kind"]).lower() in _ASKED else "sighting"
    return "question" if "name" in found and "address" not in found else "sighting"


def _kind(found: dict[str, Any]) -> Kind:
    spelt = next((said for key in _RECORDS if (said := str(found.get(key, "")).lower()) in _KINDS), Kind.TALKS.value)
    said = str(found.get("kind", found.get("what", spelt))).lower()
    if said == "sighting":
        said = str(found.get("what", found.get("source", Kind.TALKS.value))).lower()
    try:
        return Kind(said)
    except ValueError:
        return Kind.TALKS  # seen by means that this version does not know: seen all the same


def _time(found: dict[str, Any]) -> float:
    value: Any = next((found[key] for key in _TIMES if key in found), None)
    if isinstance(value, str):
        try:
            value = float(value)
        except ValueError:
            value = _instant(value)
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not -_MOST < value < _MOST:  # nan is neither
        raise ParseError("at: expected POSIX seconds or a time such as 2026-11-24T19:40:00Z")
    at = float(value) / next((parts for least, parts in _FINER if value > least), 1.0)
    if not 0 <= at < _MAX_AT:
        raise ParseError(f"at: expected seconds since 1970, got {at}")
    return at


def _instant(text: str) -> float:
    try:
        at = datetime.fromisoformat(text[:40])
    except ValueError:
        raise ParseError(f"at: expected POSIX seconds or an RFC 3339 time, got {text[:60]!r}") from None
    return (at if at.tzinfo is not None else at.replace(tzinfo=UTC)).timestamp()


def _mac(found: dict[str, Any]) -> str:
    mac = _text(found, "mac", "device").lower().replace("-", ":")
    if not is_device_mac(mac):
        raise ParseError(f"mac: expected a device's address such as 02:aa:00:00:00:11, got {mac[:60]!r}")
    return mac


def _flag(found: dict[str, Any]) -> bool:
    value = found.get("blocked", found.get("action", False))
    return value in ("block", "blocked") if isinstance(value, str) else value is True or value == 1


def _text(found: dict[str, Any], *keys: str) -> str:
    value = next((found[key] for key in keys if key in found and found[key] is not None), "")
    if not isinstance(value, str):
        raise ParseError(f"{keys[0]}: expected text, got {type(value).__name__}")
    return value


def _addresses(found: dict[str, Any]) -> tuple[str, ...]:
    value = found.get("addresses", found.get("address", ()))
    try:
        return tuple(str(ipaddress.ip_address(x)) for x in ([value] if isinstance(value, str) else list(value)[:64]))
    except (TypeError, ValueError):
        raise ParseError("addresses: expected a list of IP addresses") from None
