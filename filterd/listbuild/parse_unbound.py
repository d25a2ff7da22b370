"""Unbound configuration (unbound.conf(5)): local-zone and local-data.

A zone covers its name and everything below it:

    local-zone: "ads.example.org." always_nxdomain   blocked, so with every type that answers instead of resolving
    local-zone: "good.ads.example.org" transparent   resolves as usual: an exception, the closest zone decides
    local-zone: "www.example.org" redirect           blocked, unless a local-data line gives the name a real address
    local-data: "ads.example.org A 0.0.0.0"          blocked, exactly this name
"""

from __future__ import annotations

import re

from filterd.listbuild.line import BLANK, COMMENT, DIRECTIVE, NOT_A_BLOCK, ParsedLine, skipped, wrong
from filterd.listbuild.names import PLAIN
from filterd.listbuild.parse_hosts import collect, is_null

_BLOCKING = frozenset(
    {"deny", "refuse", "static", "inform_deny"}
    | {"always_refuse", "always_nxdomain", "always_nodata", "always_deny", "always_null"}
)
_REDIRECTING = frozenset({"redirect", "inform_redirect"})  # blocks when the local data is a null address or absent
_RESOLVING = frozenset({"transparent", "typetransparent", "always_transparent", "inform"})
_OTHER = frozenset({"nodefault", "noview", "block_a", "ipset"})  # no statement about the whole name

FAST = (
    rb'[ \t]*local-zone:[ \t]*"?(' + PLAIN + rb')\.?"?[ \t]+"?'
    rb'(?:always_nxdomain|always_null|always_refuse|always_nodata|refuse|static|deny)"?[ \t\r]*\n?'
)
_option = re.compile(r"([a-z][a-z0-9-]*):(.*)", re.S).fullmatch
_zone = re.compile(r'"?([^"\s]+)"?\s+"?([a-z_]+)"?').fullmatch
_data = re.compile(r"""(?:"([^"]*)"|'([^']*)')""").fullmatch
_record = re.compile(r"(\S+)\s+(?:[0-9]+\s+)?(?:IN\s+)?(A|AAAA)\s+(\S+)\s*", re.I).fullmatch


class UnboundParser:
    """Remembers which names have a real address in this file: their redirect zones are no blocks."""

    simple = True

    def __init__(self, data: bytes = b"") -> None:
        """`data`: the whole list, because local-data may stand anywhere."""
        self._rewritten: set[str] = set()
        if b"local-data" in data:
            for raw in re.findall(rb"""local-data:\s*["']([^"'\n]*)["']""", data):
                record = _record(raw.decode("utf-8", "replace").strip())
                if not record or not is_null(record[3]):
                    self._rewritten.add(
                        raw.split()[0].decode("utf-8", "replace").lower().rstrip(".") if raw.split() else ""
                    )

    def parse(self, line: int, text: str) -> ParsedLine:
        """Return what a line of an unbound configuration means."""
        content = re.sub(r"(?:^|\s)#.*", "", text).strip()
        if not content:
            return skipped(line, text, COMMENT if text.strip() else BLANK)
        option = _option(content)
        if not option:
            return wrong(line, text, "unknown syntax: expected an unbound option")
        keyword, value = option[1], option[2].strip()
        if keyword == "local-zone":
            return self._zone(line, text, value)
        if keyword == "local-data":
            return _local_data(line, text, value)
        return skipped(line, text, f"{DIRECTIVE}: {keyword}")

    def _zone(self, line: int, text: str, value: str) -> ParsedLine:
        zone = _zone(value)
        if not zone:
            return wrong(line, text, "unknown syntax: expected a zone and its type")
        name, kind = zone.groups()
        if kind in _RESOLVING:
            return collect(line, text, [name], allow=True)
        if kind in _BLOCKING or (kind in _REDIRECTING and name.lower().rstrip(".") not in self._rewritten):
            return collect(line, text, [name])
        if kind in _REDIRECTING or kind in _OTHER:
            return skipped(line, text, f"{NOT_A_BLOCK}: zone type {kind}")
        return wrong(line, text, f"unknown syntax: zone type {kind}")


def _local_data(line: int, text: str, value: str) -> ParsedLine:
    quoted = _data(value)
    if not quoted:
        return wrong(line, text, "unknown syntax: expected a quoted record")
    record = _record((quoted[1] or quoted[2] or "").strip())
    if record and is_null(record[3]):
        return collect(line, text, [record[1]], exact=True)
    return skipped(line, text, f"{NOT_A_BLOCK}: other local data")
