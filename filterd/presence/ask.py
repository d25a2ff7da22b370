"""What presence asks the network by itself: who hands out addresses and resolvers. Plain bytes, and the way out for them.

A server that answers by unicast is never overheard; asked, it answers us. Nothing is taken: a DISCOVER is never followed
by a REQUEST, so no address is used up, and it goes under a client id of its own, so that this box's own lease stays out of
it. What comes back is read by packets.py, as everything. When to ask: ask_rounds.py.

    sender = Sender()
    sender.send("eth0", frames(link, number=7))

Sources: RFC 2131, RFC 2132 (9.14: client id), RFC 1542 (2.1: 300 bytes), RFC 8415 (18.2.6, 11.4), RFC 4861 (4.1).
"""

from __future__ import annotations

import contextlib
import ipaddress
import socket
from collections.abc import Iterable
from struct import Struct

from filterd.errors import StartError
from filterd.host.interfaces import Link
from filterd.presence.bpf import ETH_IPV4, ETH_IPV6, ICMPV6, UDP

BROADCAST_FLAG = 0x8000  # in a DISCOVER: answer by broadcast
WANTED = (1, 3, 6)  # options of DHCP: subnet mask, router, resolvers
WANTED6 = (23,)  # options of DHCPv6: resolvers
CLIENT, SERVER = 68, 67  # ports of DHCP
CLIENT6, SERVER6 = 546, 547  # ports of DHCPv6
ALL_ROUTERS, ALL_SERVERS6 = "ff02::2", "ff02::1:2"

_UDP = Struct("!HHHH")  # source port, destination port, length, checksum
_IPV4 = Struct("!BBHHHBBH4s4s")
_IPV6 = Struct("!IHBB16s16s")
_BOOTP = Struct("!BBBBIHH16x")  # op, hardware, its length, hops, xid, seconds, flags, four addresses of zero
_BOOTP_BYTES = 300  # the least that every server and relay takes
_COOKIE = b"\x63\x82\x53\x63"
_DISCOVER = b"\x35\x01\x01"
_CLIENT_ID = b"\0filterd-ask-"  # type 0: no hardware address; our MAC follows


def frames(link: Link, number: int) -> list[bytes]:
    """Return what to ask on `link`: each question once. `number`: 32 bits that mark our transaction."""
    asked = [discover(link.mac, number)] if any(own.version == 4 for own in link.prefixes) else []
    local = next((str(own.ip) for own in link.prefixes if own.version == 6 and own.ip.is_link_local), "")
    if local:
        asked += [information_request(link.mac, local, number & 0xFF_FFFF), solicit_router(link.mac, local)]
    return asked


def discover(mac: str, number: int) -> bytes:
    """Return a DHCP DISCOVER of `mac`, to be answered by broadcast."""
    own = _raw(mac)
    client = _CLIENT_ID + own
    wanted = bytes((55, len(WANTED), *WANTED))
    options = _COOKIE + _DISCOVER + bytes((61, len(client))) + client + wanted + b"\xff"
    head = _BOOTP.pack(1, 1, 6, 0, number, 0, BROADCAST_FLAG) + own + bytes(10 + 64 + 128)
    data = (head + options).ljust(_BOOTP_BYTES, b"\0")
    source, target = bytes(4), b"\xff" * 4
    length = _UDP.size + len(data)
    udp = _summed(CLIENT, SERVER, data, source + target + bytes((0, UDP)) + length.to_bytes(2, "big"))
    ip = _IPV4.pack(0x45, 0, _IPV4.size + len(udp), 1, 0, 64, UDP, 0, source, target)
    ip = ip[:10] + checksum(ip).to_bytes(2, "big") + ip[12:]
    return b"\xff" * 6 + own + ETH_IPV4.to_bytes(2, "big") + ip + udp


def information_request(mac: str, source: str, number: int) -> bytes:
    """Return a DHCPv6 INFORMATION-REQUEST for resolvers. `source`: our link-local address; `number`: 24 bits."""
    options = b"\0\x01\0\x0a\0\x03\0\x01" + _raw(mac)  # client id: DUID-LL of Ethernet
    options += b"\0\x08\0\x02\0\0"  # elapsed time
    options += b"\0\x06" + (2 * len(WANTED6)).to_bytes(2, "big") + b"".join(o.to_bytes(2, "big") for o in WANTED6)
    data = b"\x0b" + number.to_bytes(3, "big") + options
    udp = _summed(CLIENT6, SERVER6, data, _pseudo6(source, ALL_SERVERS6, _UDP.size + len(data), UDP))
    return _multicast6(mac, source, ALL_SERVERS6, UDP, udp, hops=1)


def solicit_router(mac: str, source: str) -> bytes:
    """Return a router solicitation. `source`: our link-local address."""
    body = bytes(4) + b"\x01\x01" + _raw(mac)
    head = b"\x85\0"
    total = checksum(_pseudo6(source, ALL_ROUTERS, 4 + len(body), ICMPV6) + head + b"\0\0" + body)
    return _multicast6(mac, source, ALL_ROUTERS, ICMPV6, head + total.to_bytes(2, "big") + body, hops=255)


def checksum(data: bytes) -> int:
    """Return the Internet checksum (RFC 1071)."""
    data += bytes(len(data) % 2)
    total = sum(int.from_bytes(data[at : at + 2], "big") for at in range(0, len(data), 2))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF


def _summed(source: int, target: int, data: bytes, pseudo: bytes) -> bytes:
    """Return UDP with its checksum over `pseudo`, the part of the IP header that counts."""
    length = _UDP.size + len(data)
    total = checksum(pseudo + _UDP.pack(source, target, length, 0) + data) or 0xFFFF  # 0: not computed (RFC 768)
    return _UDP.pack(source, target, length, total) + data


def _pseudo6(source: str, target: str, length: int, protocol: int) -> bytes:
    return _raw6(source) + _raw6(target) + length.to_bytes(4, "big") + bytes((0, 0, 0, protocol))


def _multicast6(mac: str, source: str, target: str, protocol: int, data: bytes, *, hops: int) -> bytes:
    to = _raw6(target)
    ip = _IPV6.pack(6 << 28, len(data), protocol, hops, _raw6(source), to)
    return b"\x33\x33" + to[12:] + _raw(mac) + ETH_IPV6.to_bytes(2, "big") + ip + data


def _raw(mac: str) -> bytes:
    return bytes.fromhex(mac.replace(":", ""))


def _raw6(address: str) -> bytes:
    return ipaddress.IPv6Address(address).packed


class Sender:
    """A raw socket that sends and never receives."""

    def __init__(self) -> None:
        """Open it. Raises StartError."""
        kind = socket.SOCK_RAW | socket.SOCK_CLOEXEC | socket.SOCK_NONBLOCK
        try:
            self._sock = socket.socket(socket.AF_PACKET, kind, 0)
        except OSError as exc:
            raise StartError(f"cannot ask the network: {exc.strerror or exc}") from exc

    def send(self, interface: str, frames: Iterable[bytes]) -> int:
        """Send `frames` on `interface`; return how many went out. One that is down gets none."""
        count = 0
        for frame in frames:
            with contextlib.suppress(OSError):
                self._sock.sendto(frame, (interface, 0))
                count += 1
        return count

    def close(self) -> None:
        """End it."""
        self._sock.close()
