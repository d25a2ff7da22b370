"""A sighting: one thing that was seen on the network about one device, as presence tells it to the manager.

One sighting is one datagram: a JSON object of at most MAX_BYTES. Everything in it came from the network and may have been
chosen by somebody hostile; `clean` makes text harmless to print, `decode` refuses what `encode` would not have written.
Who the device is, and what follows from it, is said elsewhere.

    data = encode(Sighting(at, Kind.ARP, "02:aa:00:00:00:11", address="192.0.2.11", interface="eth0"))
    assert decode(data).address == "192.0.2.11"
"""

from __future__ import annotations

import ipaddress
import json
import math
import re
import unicodedata
from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Any

from filterd.errors import ParseError

ANSWERS = "answers"  # detail of `dns_server`: nobody offered it, it was asked and answered
INBOX = "presence.sock"  # the manager's datagram socket in the run folder
INBOX_MODE = 0o620  # presence has a user of its own, in the manager's group; sending takes the right to write
MAX_BYTES = 1024  # of one datagram; what the limits below allow fits, four bytes a character
MAX_NAME = 64  # characters of a name or vendor class
MAX_DETAIL = 128  # characters
MAX_INTERFACE = 15  # bytes, IFNAMSIZ without its final 0
_MAX_RAW = 1024  # bytes or characters of a name that are looked at
_MAX_MARKS = 3  # combining marks in a row; more is no language, but overprints the lines above
_MAC = re.compile(r"[0-9a-f][02468ace](?::[0-9a-f]{2}){5}")  # a device's, never a group's
_NO_MAC = "00:00:00:00:00:00"
_INTERFACE = re.compile(r"[A-Za-z0-9_.:@-]*")
_UNSEEN = frozenset(("Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"))  # control, invisible, half, private, none
_MAX_AT = 2.0**43  # s since 1970; far beyond any clock


class Kind(StrEnum):
    """What was seen. `mac` is always the device that it is about; the other fields are "" where they say nothing."""

    ARP = "arp"  # `mac` says that it has `address` (IPv4)
    NDP = "ndp"  # `mac` says that it has `address` (IPv6)
    DHCP = "dhcp"  # name: option 12; detail: "55=1,3,6;60=vendor class"
    DHCP6 = "dhcp6"  # name: option 39; detail: "6=23,24;16=vendor class"
    MDNS = "mdns"  # `mac` calls itself `name` (without .local) at `address`
    NEIGHBOUR = "neighbour"  # the kernel knows `address` at `mac`
    GONE = "gone"  # the kernel asked for `address`, last known at `mac`, and nobody answered
    RA = "ra"  # `mac` at `address` says that it is an IPv6 router; detail: "lifetime=1800"
    DNS_SERVER = "dns_server"  # `mac` offers `address` as the resolver; detail: dhcp, dhcp6, ra, or answers (ANSWERS)
    TALKS = "talks"  # `mac` sent something; `address` is empty
    SCAN = "scan"  # `mac` answered at `address` when `filterd scan` asked


@dataclass(frozen=True, slots=True)
class Sighting:
    """One thing seen. `at`: seconds since 1970. `mac`: aa:bb:cc:dd:ee:ff. `address`: an IP address as text, or "".

    `name` and `detail`: text by `clean`. `interface`: ours, on which it was seen.
    """

    at: float
    kind: Kind
    mac: str
    address: str = ""
    name: str = ""
    detail: str = ""
    interface: str = ""


_FIELDS = tuple(Sighting.__dataclass_fields__)


def clean(raw: bytes | str, most: int = MAX_NAME) -> str:
    """Return text from the network as it may be stored and shown: one line, NFC, at most `most` characters.

    What cannot be seen (control, direction and zero-width characters, bytes that are no UTF-8) becomes U+FFFD, runs of space
    one space. Markup stays: whoever draws it escapes it. `clean(clean(x)) == clean(x)`.
    """
    text = raw[:_MAX_RAW].decode("utf-8", "replace") if isinstance(raw, bytes) else raw[:_MAX_RAW]
    found: list[str] = []
    marks = 0
    for char in unicodedata.normalize("NFC", text):
        category = unicodedata.category(char)
        marks = marks + 1 if category[0] == "M" else 0
        if marks > _MAX_MARKS:
            continue
        if category == "Zs" or char in "\t\r\n":
            char = " "
        elif category in _UNSEEN:
            char = "\N{REPLACEMENT CHARACTER}"
        if char != " " or (found and found[-1] != " "):
            found.append(char)
    return unicodedata.normalize("NFC", "".join(found))[:most].rstrip(" ")


def encode(sighting: Sighting) -> bytes:
    """Return the datagram. Text that is not clean is cleaned on the way."""
    document: dict[str, Any] = asdict(sighting)
    document["kind"] = sighting.kind.value
    document["at"] = round(sighting.at, 3)
    document["name"] = clean(sighting.name)
    document["detail"] = clean(sighting.detail, MAX_DETAIL)
    left = {key: value for key, value in document.items() if value != ""}
    return json.dumps(left, ensure_ascii=False, separators=(",", ":")).encode()


def decode(data: bytes) -> Sighting:
    """Return what `encode` was given; ParseError when these bytes are not from it."""
    if len(data) > MAX_BYTES:
        raise ParseError(f"expected a sighting of at most {MAX_BYTES} bytes, got {len(data)}")
    try:
        document = json.loads(data)
    except (ValueError, RecursionError) as exc:
        raise ParseError(f"expected a sighting in JSON: {exc}") from None
    if not isinstance(document, dict) or not document.keys() <= set(_FIELDS):
        raise ParseError(f"expected a sighting with the fields {', '.join(_FIELDS)}")
    at = document.pop("at", None)
    if type(at) not in (int, float) or not 0 <= at <= _MAX_AT or not math.isfinite(at):
        raise ParseError("at: expected seconds since 1970")
    if not all(isinstance(value, str) for value in document.values()):
        raise ParseError("expected text in every field of a sighting but `at`")
    try:
        kind = Kind(document.pop("kind", ""))
    except ValueError as exc:
        raise ParseError(f"kind: {exc}") from None
    found = Sighting(float(at), kind, document.pop("mac", ""), **document)
    _check(found)
    return found


def _check(sighting: Sighting) -> None:
    """Raise ParseError when a field is not in its one form."""
    if not is_device_mac(sighting.mac):
        raise ParseError("mac: expected a device's address like 02:aa:00:00:00:11")
    if sighting.address and not is_plain_address(sighting.address):
        raise ParseError("address: expected an IP address in its shortest form, without a scope")
    if sighting.name != clean(sighting.name) or sighting.detail != clean(sighting.detail, MAX_DETAIL):
        raise ParseError("expected printable text of bounded length in `name` and `detail`")
    if len(sighting.interface) > MAX_INTERFACE or not _INTERFACE.fullmatch(sighting.interface):
        raise ParseError("interface: expected a network interface's name")


def is_device_mac(mac: str) -> bool:
    """Return whether it is a MAC address as devices have it: lower case, no group, not all zero."""
    return _MAC.fullmatch(mac) is not None and mac != _NO_MAC


def is_plain_address(address: str) -> bool:
    """Return whether it is the one text of an IP address."""
    try:
        return "%" not in address and str(ipaddress.ip_address(address)) == address
    except ValueError:
        return False
