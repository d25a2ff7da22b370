"""Builders for upstream answers, used by the tests of scan, chain and body."""

from __future__ import annotations

from filterd.wire.build import rr
from filterd.wire.constants import TYPE_A, TYPE_CNAME, TYPE_DNAME, TYPE_RRSIG
from filterd.wire.name import to_wire

ASKED = b"\xc0\x0c"  # pointer to the question's name
TEST_1 = b"\xc0\x00\x02\x01"  # 192.0.2.1
TEST_2 = b"\xc0\x00\x02\x02"  # 192.0.2.2


def answer(
    qname: str,
    qtype: int,
    records: list[bytes],
    authority: list[bytes] | None = None,
    additional: list[bytes] | None = None,
    *,
    flags: int = 0x8180,
    qclass: int = 1,
) -> bytes:
    """An upstream's packet with the id 0x1234."""
    sections = [records, authority or [], additional or []]
    counts = b"".join(len(section).to_bytes(2, "big") for section in sections)
    question = to_wire(qname) + qtype.to_bytes(2, "big") + qclass.to_bytes(2, "big")
    header = b"\x12\x34" + flags.to_bytes(2, "big") + b"\0\1" + counts
    return header + question + b"".join(record for section in sections for record in section)


def owner(name: str) -> bytes:
    """A wire name; "" is the pointer to the question."""
    return to_wire(name) if name else ASKED


def a(name: str = "", address: bytes = TEST_1, ttl: int = 300) -> bytes:
    return rr(owner(name), TYPE_A, ttl, address)


def cname(name: str, target: str, ttl: int = 300) -> bytes:
    return rr(owner(name), TYPE_CNAME, ttl, to_wire(target))


def dname(name: str, target: str, ttl: int = 300) -> bytes:
    return rr(owner(name), TYPE_DNAME, ttl, to_wire(target))


def rrsig(name: str, covered: int, ttl: int = 300) -> bytes:
    return rr(owner(name), TYPE_RRSIG, ttl, covered.to_bytes(2, "big") + bytes(16) + to_wire("example.org") + b"sig")
