"""The kernel's neighbour tables (ARP and NDP) over netlink: which MAC address wears which IP address.

A dump needs no privilege and no program. Who that device is, is policy's and the manager's business.

    for address, mac in neighbours().items(): ...

Sources: rtnetlink(7), netlink(7), linux/neighbour.h.
"""

from __future__ import annotations

import contextlib
import os
import socket
import struct
from collections.abc import Iterator
from dataclasses import dataclass

RTM_NEWNEIGH, RTM_DELNEIGH, _RTM_GETNEIGH = 28, 29, 30
_NLM_F_REQUEST, _NLM_F_DUMP = 0x1, 0x300
_NLMSG_ERROR, _NLMSG_DONE = 2, 3
_NDA_DST, _NDA_LLADDR = 1, 2
_HEADER = struct.Struct("=IHHII")  # length, type, flags, sequence, port
_NDMSG = struct.Struct("=BxxxiHBB")  # family, interface, state, flags, type
_ATTRIBUTE = struct.Struct("=HH")  # length, type
REACHABLE, STALE, DELAY, PROBE, FAILED, PERMANENT = 0x02, 0x04, 0x08, 0x10, 0x20, 0x80
# States in which the address is known to be there or was a moment ago; not INCOMPLETE (1), FAILED, NOARP (64)
_USABLE = REACHABLE | STALE | DELAY | PROBE | PERMANENT
_NTF_PROXY = 0x08
MAX_BYTES = 16 * 1024 * 1024  # of one dump; a /16 of neighbours is below 8 MiB
_NO_MAC = (b"\0" * 6, b"\xff" * 6)


def neighbours() -> dict[str, str]:
    """Return address -> MAC (aa:bb:cc:dd:ee:ff) of both families. Raises OSError when the kernel cannot be asked."""
    return {entry.address: entry.mac for entry in entries() if entry.is_there}


def entries() -> list[Entry]:
    """Return all of both tables, the unusable too. Raises OSError when the kernel cannot be asked."""
    found: list[Entry] = []
    with socket.socket(socket.AF_NETLINK, socket.SOCK_RAW | socket.SOCK_CLOEXEC, socket.NETLINK_ROUTE) as sock:
        sock.settimeout(2.0)
        sock.bind((0, 0))
        for family in (socket.AF_INET, socket.AF_INET6):
            body = _NDMSG.pack(family, 0, 0, 0, 0)
            flags = _NLM_F_REQUEST | _NLM_F_DUMP
            sock.send(_HEADER.pack(_HEADER.size + len(body), _RTM_GETNEIGH, flags, int(family), 0) + body)
            for message in _dump(sock, int(family)):
                entry = parse_entry(message)
                if entry is not None:
                    found.append(entry)
    return found


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of a neighbour table. `state`: the bits above. `mac` is "" where none is known, or none of a device."""

    address: str
    mac: str
    state: int
    interface: int

    @property
    def is_there(self) -> bool:
        """True when a device has the address, or had it a moment ago."""
        return bool(self.mac and self.state & _USABLE)


def parse_entry(body: bytes) -> Entry | None:
    """Return what one RTM_NEWNEIGH or RTM_DELNEIGH body says; None for proxies, other families and malformed ones."""
    if len(body) < _NDMSG.size:
        return None
    family, interface, state, flags, _ = _NDMSG.unpack_from(body)
    if flags & _NTF_PROXY:
        return None
    address, mac = b"", b""
    at = _NDMSG.size
    while at + _ATTRIBUTE.size <= len(body):
        length, kind = _ATTRIBUTE.unpack_from(body, at)
        if length < _ATTRIBUTE.size or at + length > len(body):
            return None
        value = body[at + _ATTRIBUTE.size : at + length]
        if kind == _NDA_DST:
            address = value
        elif kind == _NDA_LLADDR:
            mac = value
        at += length + 3 & ~3
    sizes = {int(socket.AF_INET): 4, int(socket.AF_INET6): 16}
    if sizes.get(family) != len(address):
        return None
    is_device = len(mac) == 6 and mac not in _NO_MAC and not mac[0] & 1  # a group address is no device
    with contextlib.suppress(ValueError, OSError):
        return Entry(socket.inet_ntop(family, address), mac.hex(":") if is_device else "", state, interface)
    return None


def messages(data: bytes) -> Iterator[tuple[int, int, bytes]]:
    """Yield (type, sequence, body) of the messages of one datagram. OSError: a length that cannot be."""
    at = 0
    while at + _HEADER.size <= len(data):
        length, kind, _, number, _ = _HEADER.unpack_from(data, at)
        if length < _HEADER.size or at + length > len(data):
            raise OSError("netlink message of impossible length")
        yield kind, number, data[at + _HEADER.size : at + length]
        at += length + 3 & ~3


def _dump(sock: socket.socket, sequence: int) -> Iterator[bytes]:
    """Yield the bodies of one dump's messages."""
    total = 0
    while total < MAX_BYTES:
        data = sock.recv(256 * 1024)
        total += len(data)
        for kind, number, body in messages(data):
            if number != sequence:
                continue
            if kind == _NLMSG_DONE:
                return
            if kind == _NLMSG_ERROR:
                code = -struct.unpack_from("=i", body)[0] if len(body) >= 4 else 0
                raise OSError(code, os.strerror(code))
            if kind == RTM_NEWNEIGH:
                yield body
