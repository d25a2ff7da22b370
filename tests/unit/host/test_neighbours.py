"""The kernel's neighbour tables over netlink."""

from __future__ import annotations

import re
import socket
import struct

import pytest

from filterd.host import neighbours as module
from filterd.host.neighbours import neighbours, parse_entry

MAC = bytes.fromhex("021a2b3c4d5e")
REACHABLE, STALE, INCOMPLETE, FAILED, NOARP = 0x02, 0x04, 0x01, 0x20, 0x40


def attribute(kind: int, value: bytes) -> bytes:
    """struct rtattr, padded to four bytes."""
    data = struct.pack("=HH", 4 + len(value), kind) + value
    return data + bytes(-len(data) % 4)


def entry(family: int, address: bytes, mac: bytes, state: int = REACHABLE, flags: int = 0) -> bytes:
    """The body of an RTM_NEWNEIGH: ndmsg, then destination and link-layer address."""
    return struct.pack("=BxxxiHBB", family, 3, state, flags, 1) + attribute(1, address) + attribute(2, mac)


def parse_neighbour(body: bytes) -> tuple[str, str] | None:
    """(address, MAC) of a device that is there."""
    found = parse_entry(body)
    return (found.address, found.mac) if found is not None and found.is_there else None


def test_a_device_of_each_family() -> None:
    four = socket.inet_pton(socket.AF_INET, "192.168.1.20")
    six = socket.inet_pton(socket.AF_INET6, "fd00::20")
    assert parse_neighbour(entry(socket.AF_INET, four, MAC)) == ("192.168.1.20", "02:1a:2b:3c:4d:5e")
    assert parse_neighbour(entry(socket.AF_INET6, six, MAC, STALE)) == ("fd00::20", "02:1a:2b:3c:4d:5e")


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"\2" * 11,
        entry(socket.AF_INET, bytes(4), MAC, INCOMPLETE),
        entry(socket.AF_INET, bytes(4), MAC, FAILED),
        entry(socket.AF_INET, bytes(4), MAC, NOARP),
        entry(socket.AF_INET, bytes(4), MAC, flags=8),  # a proxy entry: nobody is there
        entry(socket.AF_INET, bytes(4), bytes(6)),
        entry(socket.AF_INET, bytes(4), b"\xff" * 6),
        entry(socket.AF_INET, bytes(4), b"\x01" + MAC[1:]),  # a group address
        entry(socket.AF_INET, bytes(4), MAC[:5]),
        entry(socket.AF_INET, bytes(16), MAC),
        entry(socket.AF_INET6, bytes(4), MAC),
        entry(7, bytes(4), MAC),
        entry(socket.AF_INET, bytes(4), MAC)[:-3],
        entry(socket.AF_INET, bytes(4), MAC) + struct.pack("=HH", 3, 1),
        entry(socket.AF_INET, bytes(4), b""),
    ],
)
def test_what_is_no_device_that_is_there_is_left_out(body: bytes) -> None:
    assert parse_neighbour(body) is None


def test_this_machines_table_can_be_read_without_privileges() -> None:
    for address, mac in neighbours().items():
        assert socket.inet_pton(socket.AF_INET6 if ":" in address else socket.AF_INET, address)
        assert re.fullmatch(r"(?:[0-9a-f]{2}:){5}[0-9a-f]{2}", mac)


def message(kind: int, body: bytes, sequence: int = 2) -> bytes:
    """nlmsghdr and body."""
    data = struct.pack("=IHHII", 16 + len(body), kind, 2, sequence, 0) + body
    return data + bytes(-len(data) % 4)


def dump(*datagrams: bytes) -> list[bytes]:
    """Read a dump that the kernel sends in these datagrams."""
    kernel, ours = socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)
    with kernel, ours:
        ours.settimeout(1)
        for datagram in datagrams:
            kernel.send(datagram)
        return list(module._dump(ours, 2))


def test_a_dump_in_several_datagrams() -> None:
    assert dump(message(28, b"1111") + message(28, b"old!", 9), message(29, b"gone"), message(3, b"")) == [b"1111"]
    assert dump(message(28, b"1111") + message(28, b"22") + message(3, b"")) == [b"1111", b"22"]


def test_a_refusal_is_an_error() -> None:
    with pytest.raises(PermissionError):
        dump(message(2, struct.pack("=i", -1)))
    with pytest.raises(OSError, match="impossible length"):
        dump(struct.pack("=IHHII", 5, 28, 2, 2, 0))


def test_a_dump_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MAX_BYTES", 30)
    assert dump(message(28, b"1111"), message(28, b"2222"), message(28, b"3333")) == [b"1111", b"2222"]
