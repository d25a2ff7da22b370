"""Questions over UDP: from a listening socket into the inner loop, and what it does not know into the engine.

A socket bound to one address uses plain recvfrom and sendto. A wildcard socket carries the address that was asked with
every datagram (IP_PKTINFO, IPV6_RECVPKTINFO), because the answer must leave from it: a client drops an answer from
another one. Sockets are opened in listen.py; the inner loop is fast/loop.py.

    listener = UdpListener(loop, sock, edge)
"""

from __future__ import annotations

import socket
import struct
from collections.abc import Callable
from typing import Any

from filterd.engine.commands import Source
from filterd.net.edge import Edge
from filterd.net.listen import is_wildcard
from filterd.net.loop import EPOLLIN, Loop

BATCH = 64  # datagrams served before the loop looks at its other sockets
_LAST_BATCHES = 64  # at the end: about a second's worth of a busy house
_IP_PKTINFO = getattr(socket, "IP_PKTINFO", 8)  # in the socket module since Python 3.14
_PKTINFO4 = struct.Struct("=i4s4s")  # in_pktinfo: interface, local address, destination in the header
_PKTINFO6 = struct.Struct("=16si")  # in6_pktinfo: destination, interface
_ANCILLARY = socket.CMSG_SPACE(_PKTINFO6.size) + socket.CMSG_SPACE(_PKTINFO4.size)
_MAPPED = "::ffff:"

Datagram = tuple[bytes, Any]


class UdpListener:
    """One bound UDP socket."""

    def __init__(self, loop: Loop, sock: socket.socket, edge: Edge) -> None:
        """Serve `sock` (non-blocking, prepared by listen.py) until `close`."""
        self.sock = sock
        self._loop = loop
        self._edge = edge
        self._local = plain(sock.getsockname()[0])
        self._recv: Callable[[int], Datagram] = sock.recvfrom
        self._send: Callable[[bytes, Any], object] = sock.sendto
        self._any = is_wildcard(sock)
        if self._any:
            self._recv, self._send = self._recv_any, self._send_from
        elif sock.family == socket.AF_INET6:
            self._recv, self._send = self._recv_plain, self._send_plain
        loop.register(sock.fileno(), EPOLLIN, self._on_readable)

    def drain(self) -> int:
        """Serve what is waiting now; return how many datagrams there were."""
        count: int = self._edge.engine.fast.drain(self._recv, self._send, self._slow, self._loop.clock(), BATCH)
        return count

    def finish(self) -> None:
        """Serve what has arrived and read no more; answers can still be sent."""
        for _ in range(_LAST_BATCHES):
            if not self.drain():
                break
        self._loop.unregister(self.sock.fileno())

    def close(self) -> None:
        """Close."""
        self._loop.unregister(self.sock.fileno())
        self.sock.close()

    def _on_readable(self, _events: int) -> None:
        self.drain()

    def _slow(self, packet: bytes, address: Any) -> None:
        """A datagram that the inner loop does not answer. `address`: what the receiving function made of it."""
        host = plain(address[0])
        local = address[3] if self._any else self._local
        handle = Handle(self._edge, self._send, address)
        self._edge.question(packet, Source(host, pack(host), False, local, address[1], handle))

    # A receiving function returns (data, address); address[0] is the client's plain IP, the rest is for its sender.

    def _recv_plain(self, size: int) -> Datagram:
        data, address = self.sock.recvfrom(size)
        return data, (plain(address[0]), address[1], address)

    def _send_plain(self, data: bytes, address: Any) -> None:
        self.sock.sendto(data, address[2])

    def _recv_any(self, size: int) -> Datagram:
        data, ancillary, _, address = self.sock.recvmsg(size, _ANCILLARY)
        local = ""
        back: tuple[tuple[int, int, bytes], ...] = ()
        for level, kind, value in ancillary:
            if level == socket.IPPROTO_IP and kind == _IP_PKTINFO:
                _, packed, _ = _PKTINFO4.unpack_from(value)
                local = socket.inet_ntop(socket.AF_INET, packed)
                back = ((level, kind, _PKTINFO4.pack(0, packed, b"")),)
            elif level == socket.IPPROTO_IPV6 and kind == socket.IPV6_PKTINFO:
                packed, interface = _PKTINFO6.unpack_from(value)
                local = plain(socket.inet_ntop(socket.AF_INET6, packed))
                if packed[0] != 0xFE:  # only link-local addresses need the interface; others leave by the route
                    interface = 0
                back = ((level, kind, _PKTINFO6.pack(packed, interface)),)
        return data, (plain(address[0]), address[1], address, local, back)

    def _send_from(self, data: bytes, address: Any) -> None:
        self.sock.sendmsg((data,), address[4], 0, address[2])


class Handle:
    """The way back to one asker over UDP."""

    __slots__ = ("_address", "_edge", "_send")

    def __init__(self, edge: Edge, send: Callable[[bytes, Any], object], address: Any) -> None:
        self._edge = edge
        self._send = send
        self._address = address

    def send(self, packet: bytes) -> None:
        """Send the answer; a datagram that the kernel does not take is counted, the client will ask again."""
        try:
            self._send(packet, self._address)
        except OSError:
            self._edge.unsent += 1


def plain(host: str) -> str:
    """Return an address without scope, and an IPv4-mapped one as IPv4."""
    if ":" not in host:
        return host
    host = host.partition("%")[0]
    if host.startswith(_MAPPED) and "." in host:
        return host[len(_MAPPED) :]
    return host


def pack(host: str) -> bytes:
    """Return the 4 or 16 bytes of a plain address."""
    return socket.inet_pton(socket.AF_INET6 if ":" in host else socket.AF_INET, host)
