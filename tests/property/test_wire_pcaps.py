"""Real packets, also broken ones, from other projects' test suites: never anything but ParseError."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from pathlib import Path

import pytest
from dnslib import DNSRecord

from filterd.errors import ParseError
from filterd.wire.scan import scan_response
from tests.property.test_wire_packets import take
from tests.shared import need_shared

pytestmark = pytest.mark.shared

LINK_HEADERS = {0: 4, 1: 14, 101: 0, 113: 16}  # bytes before IP: BSD loopback, Ethernet, raw IP, Linux "any"


def frames(path: Path) -> Iterator[tuple[int, bytes]]:
    """Yield (link type, frame) of a classic pcap file in either byte order; nothing for other formats."""
    data = path.read_bytes()
    order = {
        b"\xa1\xb2\xc3\xd4": ">",
        b"\xd4\xc3\xb2\xa1": "<",
        b"\xa1\xb2\x3c\x4d": ">",
        b"\x4d\x3c\xb2\xa1": "<",
    }.get(data[:4])
    if order is None:
        return
    link = struct.unpack_from(order + "I", data, 20)[0] & 0xFFFF
    pos = 24
    while pos + 16 <= len(data):
        size = struct.unpack_from(order + "I", data, pos + 8)[0]
        yield link, data[pos + 16 : pos + 16 + size]
        pos += 16 + size


def dns_payload(link: int, frame: bytes) -> bytes | None:
    """Return the UDP payload of a frame from or to port 53 or 5353, None for everything else."""
    pos = LINK_HEADERS.get(link)
    if pos is None:
        return None
    if link == 1:
        while frame[pos - 2 : pos] in (b"\x81\x00", b"\x88\xa8"):  # VLAN tags
            pos += 4
    ip = frame[pos:]
    if len(ip) < 20:
        return None
    if ip[0] >> 4 == 4 and ip[9] == 17:
        udp = ip[(ip[0] & 15) * 4 :]
    elif ip[0] >> 4 == 6 and ip[6] == 17:
        udp = ip[40:]
    else:
        return None
    if len(udp) < 8 or not {53, 5353} & set(struct.unpack_from(">HH", udp)):
        return None
    return udp[8 : struct.unpack_from(">H", udp, 4)[0]]


def test_real_packets_work_or_raise_parse_error() -> None:
    folder = need_shared() / "data" / "pcaps"
    if not folder.is_dir():
        pytest.skip("real packets absent")
    payloads = 0
    for path in sorted(folder.rglob("*.pcap")):
        for link, frame in frames(path):
            payload = dns_payload(link, frame)
            if payload is not None:
                payloads += 1
                take(payload)
                agree_with_dnslib(payload)
    assert payloads > 100, f"only {payloads} DNS packets found under {folder}"


def agree_with_dnslib(payload: bytes) -> None:
    """Where both can read a packet, both see the same records."""
    try:
        ours = scan_response(payload)
    except ParseError:
        return
    try:
        theirs = DNSRecord.parse(payload)
    except Exception:  # dnslib raises many kinds for packets that it cannot read
        return
    if ours.tc:
        return
    sections = zip((ours.answer, ours.authority), (theirs.rr, theirs.auth), strict=True)
    for mine, other in sections:
        assert [(r.rtype, r.rclass) for r in mine] == [(r.rtype, r.rclass) for r in other]
        for record, same in zip(mine, other, strict=True):
            assert record.ttl == (same.ttl if same.ttl < 0x80000000 else 0)
            labels = b"".join(bytes((len(label),)) + label for label in same.rname.label) + b"\0"
            assert record.owner == labels.lower()
