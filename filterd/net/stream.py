"""The pipelined TCP connection to an upstream (RFC 7766): opened when needed, closed when idle, repaired once.

stream = Stream(loop, 0, Upstream("tcp", "192.0.2.53"), receiver, Times())
stream.send(token, packet)          # receiver.message(0, token, answer or None) comes exactly once
"""

from __future__ import annotations

import errno
import secrets
import socket
from dataclasses import dataclass, field
from typing import Protocol

from filterd.errors import ParseError
from filterd.model.upstream import Upstream
from filterd.net.loop import EPOLLERR, EPOLLHUP, EPOLLIN, EPOLLOUT, Loop, Timer
from filterd.wire.constants import HEADER_LEN
from filterd.wire.frame import Deframer, frame

_READ_BYTES = 65_536
_BUFFER = 256 * 1024  # bytes that an upstream has not taken yet
_MAX_PENDING = 256


class Receiver(Protocol):
    """Who hears of answers: edge.Edge."""

    def answer(self, upstream: int, lane: int, packet: bytes) -> None:
        """A datagram came."""

    def message(self, upstream: int, token: int, packet: bytes | None) -> None:
        """A message came, or None: none will."""

    def unreachable(self, upstream: int, lane: int) -> None:
        """The kernel says that the upstream cannot be reached."""


@dataclass(frozen=True, slots=True)
class Times:
    """Seconds of TCP connections to upstreams."""

    connect_s: float = 2.0
    idle_s: float = 5.0  # we close first (RFC 7766 6.2.3)
    stalled_s: float = 5.0  # without any answer while one is due


@dataclass(slots=True)
class Pending:
    """One message without an answer."""

    token: int
    packet: bytes
    sent: float
    tries: int = 0


@dataclass(slots=True)
class _Connection:
    """What belongs to one connection of a stream."""

    sock: socket.socket
    out: bytearray = field(default_factory=bytearray)
    deframer: Deframer = field(default_factory=Deframer)
    answers: int = 0
    connected: bool = False
    events: int = EPOLLOUT


class Stream:
    """The pipelined TCP connection to one upstream; opened when needed, closed when idle.

    Messages get ids of their own here, so that two questions with one id are never confused.
    """

    def __init__(self, loop: Loop, upstream: int, target: Upstream, receiver: Receiver, times: Times) -> None:
        self.target = target
        self._loop = loop
        self._upstream = upstream
        self._receiver = receiver
        self._times = times
        self._pending: dict[int, Pending] = {}  # id on the wire -> message, oldest first
        self._connection: _Connection | None = None
        self._timer: Timer | None = None
        self._armed_s = 0.0  # for which of the waiting times the timer was set
        self._heard = 0.0  # when the upstream last showed life
        self._renew = False

    def send(self, token: int, packet: bytes) -> bool:
        """Send a message; False when too much is under way or no connection can be begun."""
        if len(self._pending) >= _MAX_PENDING or len(packet) < HEADER_LEN:
            return False
        if self._renew and not self._pending:
            self._disconnect()
        if not self._pending:
            self._heard = self._loop.clock()
        pending = Pending(token, packet, self._loop.clock())
        if self._connection is None and not self._connect():
            return False
        return self._write(pending)

    def renew(self) -> None:
        """Use a new connection as soon as nothing is under way."""
        self._renew = True
        if not self._pending:
            self._disconnect()

    def close(self) -> None:
        """Close and report nothing."""
        self._pending.clear()
        self._disconnect()

    def _write(self, pending: Pending) -> bool:
        connection = self._connection
        assert connection is not None  # the caller connected
        if len(connection.out) + len(pending.packet) > _BUFFER:
            return False
        ident = secrets.randbelow(0x10000)
        while ident in self._pending:
            ident = secrets.randbelow(0x10000)
        self._pending[ident] = pending
        pending.tries += 1
        connection.out += frame(ident.to_bytes(2, "big") + pending.packet[2:])
        if connection.connected:
            self._flush(connection)
        self._arm()
        return True

    def _connect(self) -> bool:
        sock = socket.socket(family_of(self.target), socket.SOCK_STREAM)
        try:
            sock.setblocking(False)
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            error = sock.connect_ex((self.target.address, self.target.port))
        except OSError as exc:
            error = exc.errno or errno.EIO
        if error not in (0, errno.EINPROGRESS):
            sock.close()
            return False
        self._renew = False
        self._heard = self._loop.clock()
        self._connection = connection = _Connection(sock)
        self._loop.register(sock.fileno(), EPOLLOUT, lambda events: self._on_ready(connection, events))
        return True

    def _disconnect(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            self._loop.unregister(connection.sock.fileno())
            connection.sock.close()
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _on_ready(self, connection: _Connection, events: int) -> None:
        if not connection.connected:
            if connection.sock.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR):
                self._lost(connection)
                return
            connection.connected = True
            self._heard = self._loop.clock()
            self._arm()
        if events & EPOLLIN:
            self._read(connection)
        elif events & (EPOLLERR | EPOLLHUP):
            self._lost(connection)
        if self._connection is connection:
            self._flush(connection)

    def _read(self, connection: _Connection) -> None:
        try:
            data = connection.sock.recv(_READ_BYTES)
            messages = connection.deframer.feed(data)
        except BlockingIOError:
            return
        except (OSError, ParseError):
            data, messages = b"", []
        for message in messages:
            pending = self._pending.pop(int.from_bytes(message[:2], "big"), None) if len(message) >= 2 else None
            if pending is None:
                continue  # an answer to nothing
            connection.answers += 1
            self._heard = self._loop.clock()
            self._receiver.message(self._upstream, pending.token, pending.packet[:2] + message[2:])
        if self._connection is not connection:
            return
        if not data:
            self._lost(connection)
        else:
            self._arm()

    def _flush(self, connection: _Connection) -> None:
        if connection.out:
            try:
                sent = connection.sock.send(connection.out)
            except BlockingIOError:
                sent = 0
            except OSError:
                return  # the loop reports the error as readiness
            del connection.out[:sent]
        events = EPOLLIN | (EPOLLOUT if connection.out else 0)
        if events != connection.events:
            connection.events = events
            self._loop.modify(connection.sock.fileno(), events)

    def _lost(self, connection: _Connection) -> None:
        """The connection is gone. What was under way is asked again on a new one if that may help (RFC 7766 6.2.4)."""
        progress = connection.answers > 0
        pending, self._pending = list(self._pending.values()), {}
        self._disconnect()
        for message in pending:
            again = connection.connected and (progress or message.tries < 2)
            if again and (self._connection is not None or self._connect()) and self._write(message):
                continue
            self._receiver.message(self._upstream, message.token, None)

    def _arm(self) -> None:
        """One timer: for the connection to come about, for an answer, or for the end of an idle connection."""
        wait_s = self._wait_s()
        if self._timer is not None and wait_s != self._armed_s:
            self._timer.cancel()
            self._timer = None
        if self._timer is None and self._connection is not None:
            self._armed_s = wait_s
            self._timer = self._loop.call_at(self._heard + wait_s, self._on_timer)

    def _wait_s(self) -> float:
        if self._connection is not None and not self._connection.connected:
            return self._times.connect_s
        return self._times.stalled_s if self._pending else self._times.idle_s

    def _on_timer(self) -> None:
        self._timer = None
        connection = self._connection
        if connection is None:
            return
        now = self._loop.clock()
        due = self._heard + self._wait_s()
        if now < due - 0.001:
            self._timer = self._loop.call_at(due, self._on_timer)
        elif self._pending:
            pending, self._pending = list(self._pending.values()), {}
            self._disconnect()
            for message in pending:
                self._receiver.message(self._upstream, message.token, None)
        else:
            self._disconnect()


def family_of(target: Upstream) -> socket.AddressFamily:
    """Return the socket family of an upstream's address."""
    return socket.AF_INET6 if ":" in target.address else socket.AF_INET
