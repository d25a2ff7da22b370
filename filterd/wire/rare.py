"""Packets as text for people: the adapter to dnslib, used by commands that explain and never by the path of a query."""

from __future__ import annotations

from filterd.errors import ParseError


def describe(packet: bytes) -> str:
    """Return `packet` as dig would print it; ParseError when dnslib cannot read it."""
    from dnslib import DNSRecord  # heavy: loaded only where a person asked for text

    try:
        return str(DNSRecord.parse(packet).toZone())
    except Exception as exc:  # dnslib lets struct, index, value and encoding errors through
        raise ParseError(f"expected a DNS message, got {len(packet)} bytes that cannot be shown: {exc}") from exc
