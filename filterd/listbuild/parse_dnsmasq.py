"""dnsmasq configuration (dnsmasq(8)): address=, server= and local= with domains between slashes.

Each domain covers everything below it, the longest decides:

    address=/ads.example.org/tracker.example.org/#   null address: blocked   (also empty, 0.0.0.0, ::, 127.0.0.1, ::1)
    local=/ads.example.org/                          never forwarded: blocked (server=/.../ is the same option)
    server=/good.ads.example.org/#                   back to the ordinary servers: an exception
    server=/corp.example.org/192.0.2.53              another server: not a block

A leading dot is dropped, as dnsmasq does. `#` alone between the slashes means every name and is refused, so is `*`.
"""

from __future__ import annotations

import re

from filterd.listbuild.line import BLANK, COMMENT, DIRECTIVE, NOT_A_BLOCK, PATTERN, ParsedLine, skipped, wrong
from filterd.listbuild.names import PLAIN
from filterd.listbuild.parse_hosts import collect, is_null

# `server` and `local` only with nothing behind the name: `#` and addresses mean something else there
FAST = (
    rb"(?:address=/|(?:server|local)=/(?=[^/]*/[ \t\r]*\n?\Z))("
    + PLAIN
    + rb")/(?:#|0\.0\.0\.0|::|127\.0\.0\.1)?[ \t\r]*\n?"
)
_comment = re.compile(r"(?:^|\s)#.*")
_option = re.compile(r"(?:--)?([a-z][a-z0-9-]*)(?:\s*=\s*(.*))?", re.S).fullmatch


class DnsmasqParser:
    """Stateless."""

    simple = True

    def parse(self, line: int, text: str) -> ParsedLine:
        """Return what a line of a dnsmasq configuration means."""
        content = _comment.sub("", text).strip()
        if not content:
            return skipped(line, text, COMMENT if text.strip() else BLANK)
        option = _option(content)
        if not option:
            return wrong(line, text, "unknown syntax: expected a dnsmasq option")
        keyword, value = option.groups()
        if keyword not in ("address", "server", "local") or not (value or "").startswith("/"):
            return skipped(line, text, f"{DIRECTIVE}: {keyword}")
        *names, target = value[1:].split("/")
        if not names:
            return wrong(line, text, "unknown syntax: expected a slash after the name")
        if "" in names:
            return skipped(line, text, f"{NOT_A_BLOCK}: names without a dot")
        if "#" in names:
            return wrong(line, text, f"{PATTERN}: it would cover every name")
        names = [name.lstrip(".") for name in names]
        target = target.strip()
        if keyword != "address" and target == "#":
            return collect(line, text, names, allow=True)
        if not target or (keyword == "address" and (target == "#" or is_null(target))):
            return collect(line, text, names)
        return skipped(
            line, text, f"{NOT_A_BLOCK}: {'an address' if keyword == 'address' else 'a server'} for the name"
        )
