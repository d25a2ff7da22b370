"""Response policy zones (draft-vixie-dnsop-dns-rpz): a DNS master file (RFC 1035 section 5) whose owners are triggers.

    bad.example.org    CNAME .               NXDOMAIN for exactly this name (also `*.` NODATA, rpz-drop.)
    *.bad.example.org  CNAME .               the same for the names below it, not for the name itself
    good.example.org   CNAME rpz-passthru.   an exception (also a CNAME to the trigger itself, the older way)
    null.example.org   A 0.0.0.0             blocked; other local data is a rewrite and counted

Owners are relative to the zone, or absolute and inside it; the zone is the owner of the SOA, or the first $ORIGIN.
Triggers other than names (rpz-ip, rpz-client-ip, rpz-nsdname, rpz-nsip) and rpz-tcp-only are counted.
"""

from __future__ import annotations

import re

from filterd.listbuild.line import BLANK, COMMENT, DIRECTIVE, NOT_A_BLOCK, PATTERN, ParsedLine, skipped, wrong
from filterd.listbuild.names import PLAIN
from filterd.listbuild.parse_hosts import collect, is_null

ZONE_RECORD, TRIGGER = "zone record", "trigger"

# a relative owner: no final dot; labels of other triggers end in rpz-...
FAST = rb"(\*\.)?((?!(?:[^ \t]*\.)?rpz-)" + PLAIN + rb")[ \t]+(?:[0-9]+[ \t]+)?(?:IN[ \t]+)?CNAME[ \t]+\.[ \t\r]*\n?"
_comment = re.compile(r'((?:[^";]|"[^"]*")*);.*', re.S).fullmatch
_ttl = re.compile(r"[0-9]+(?:[smhdw][0-9smhdw]*)?", re.I).fullmatch
_CLASSES = frozenset({"IN", "CH", "HS", "CS"})
_ZONE_TYPES = frozenset({"SOA", "NS", "DNSKEY", "RRSIG", "NSEC", "NSEC3", "NSEC3PARAM", "DS"})
_TRIGGERS = ("rpz-ip", "rpz-client-ip", "rpz-nsdname", "rpz-nsip")


class RpzParser:
    """Follows $ORIGIN, the zone's name, parentheses, and records that repeat the owner above."""

    def __init__(self) -> None:
        """Start at the top of a zone file."""
        self._origin: str | None = None  # absolute, with its final dot
        self._zone: str | None = None
        self._owner: str | None = None
        self._depth = 0  # open parentheses

    @property
    def simple(self) -> bool:
        """True when a relative owner is the trigger as it stands."""
        return not self._depth and self._origin == self._zone

    def parse(self, line: int, text: str) -> ParsedLine:
        """Return what a line of a policy zone means."""
        commented = _comment(text)
        content = commented[1] if commented else text
        if not content.strip():
            return skipped(line, text, COMMENT if commented else BLANK)
        inside, self._depth = self._depth, max(0, self._depth + content.count("(") - content.count(")"))
        if inside:
            return skipped(line, text, ZONE_RECORD)
        fields = content.replace("(", " ").replace(")", " ").split()
        if not fields:
            return skipped(line, text, ZONE_RECORD)
        if fields[0].startswith("$"):
            return self._directive(line, text, fields)
        if not content[0].isspace():
            self._owner = fields.pop(0)
        while fields and (_ttl(fields[0]) or fields[0].upper() in _CLASSES):
            fields.pop(0)
        if self._owner is None or not fields:
            return wrong(line, text, "unknown syntax: expected an owner, a type and data")
        kind, data = fields[0].upper(), fields[1:]
        if kind == "SOA":
            self._zone = self._absolute(self._owner) or self._zone
            self._origin = self._origin or self._zone
        if kind in _ZONE_TYPES or self._owner == "@":
            return skipped(line, text, ZONE_RECORD)
        return self._record(line, text, kind, data)

    def _directive(self, line: int, text: str, fields: list[str]) -> ParsedLine:
        if fields[0].upper() == "$ORIGIN" and len(fields) > 1:
            self._origin = self._absolute(fields[1]) or fields[1].lower() + "."
            self._zone = self._zone or self._origin
        return skipped(line, text, f"{DIRECTIVE}: {fields[0]}")

    def _record(self, line: int, text: str, kind: str, data: list[str]) -> ParsedLine:
        owner = self._trigger(self._owner or "")
        if owner is None:
            return wrong(line, text, "outside the zone: an absolute owner must end in the zone's name")
        for trigger in _TRIGGERS:
            if owner == trigger or owner.endswith("." + trigger):
                return skipped(line, text, f"{TRIGGER}: {trigger}")
        if not data:
            return wrong(line, text, f"unknown syntax: {kind} without data")
        if kind == "CNAME":
            target = data[0].lower()
            if target in ("rpz-passthru.", owner + "."):
                return _entries(line, text, owner, allow=True)
            if target in (".", "*.", "rpz-drop."):
                return _entries(line, text, owner)
            if target == "rpz-tcp-only.":
                return skipped(line, text, f"{NOT_A_BLOCK}: rpz-tcp-only")
        elif kind in ("A", "AAAA") and is_null(data[0]):
            return _entries(line, text, owner)
        return skipped(line, text, f"{NOT_A_BLOCK}: other local data")

    def _trigger(self, owner: str) -> str | None:
        """Return the owner without the zone's name, or None when it is outside."""
        name = owner.lower()
        if not name.endswith("."):
            if self._origin == self._zone:
                return name
            name = f"{name}.{'' if self._origin == '.' else self._origin}"
        end = "." if self._zone == "." else f".{self._zone}"
        return name[: -len(end)] if self._zone is not None and name.endswith(end) else None

    def _absolute(self, name: str) -> str | None:
        """Return a name of the file in absolute form, or None when no origin is known yet."""
        name = name.lower()
        if name == "@":
            return self._origin
        if name.endswith("."):
            return name
        return f"{name}.{'' if self._origin == '.' else self._origin}" if self._origin else None


def _entries(line: int, text: str, owner: str, *, allow: bool = False) -> ParsedLine:
    if owner == "*":
        return wrong(line, text, f"{PATTERN}: it would cover every name")
    if owner.startswith("*."):
        return collect(line, text, [owner[2:]], below_only=True, allow=allow)
    return collect(line, text, [owner], exact=True, allow=allow)
