"""Hosts files (hosts(5)): an address, then names; `#` starts a comment anywhere.

Entries are exact: a hosts file knows no "below". Blocks are names at 0.0.0.0, 127.0.0.0/8, :: and ::1 (also
IPv4-mapped). Any other address is somebody's real host.

    0.0.0.0 ads.example.org tracker.example.org  # two exact entries
"""

from __future__ import annotations

import ipaddress

from filterd.listbuild.line import BLANK, COMMENT, NOT_A_BLOCK, Entry, Malformed, ParsedLine, Skipped, skipped, wrong
from filterd.listbuild.names import PLAIN, normalise

FAST = rb"(?:0\.0\.0\.0|127\.0\.0\.1|::1?)[ \t]+(" + PLAIN + rb")[ \t\r]*\n?"


class HostsParser:
    """Stateless."""

    simple = True

    def parse(self, line: int, text: str) -> ParsedLine:
        """Return what a line of a hosts file means."""
        content, sign, _ = text.partition("#")
        fields = content.split()
        if not fields:
            return skipped(line, text, COMMENT if sign else BLANK)
        null = is_null(fields[0])
        if null is None:
            return wrong(line, text, f"unknown syntax: expected an address, then names, got {fields[0][:80]!a}")
        if len(fields) == 1:
            return wrong(line, text, "unknown syntax: an address without a name")
        if not null:
            return skipped(line, text, f"{NOT_A_BLOCK}: names of the address {fields[0]}")
        return collect(line, text, fields[1:], exact=True)


def is_null(text: str) -> bool | None:
    """True for an address that leads nowhere (unspecified or loopback), False for another one, None for no address."""
    try:
        address = ipaddress.ip_address(text)
    except ValueError:
        return None
    if isinstance(address, ipaddress.IPv6Address) and address.ipv4_mapped is not None:
        address = address.ipv4_mapped
    return address.is_unspecified or address.is_loopback


def collect(
    line: int, text: str, names: list[str], *, exact: bool = False, below_only: bool = False, allow: bool = False
) -> ParsedLine:
    """Return the line whose `names` are all blocked (or allowed) alike.

    One wrong name is an error and spoils no other; names left out on purpose are mentioned when nothing else is left.
    """
    entries: list[Entry] = []
    reason: str | None = None
    error: str | None = None
    for name in names:
        try:
            entries.append(Entry(normalise(name), exact, below_only))
        except Skipped as exc:
            reason = reason or str(exc)
        except Malformed as exc:
            error = error or str(exc)
    found = tuple(entries)
    return ParsedLine(
        line,
        text,
        blocked=() if allow else found,
        allowed=found if allow else (),
        ignored=None if found or error else reason,
        error=error,
    )
