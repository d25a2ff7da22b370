"""Questions over TCP (RFC 7766): many at once on one connection, answered as they get ready, within limits.

One client, or a hundred slow ones, must not keep the others from being answered: every connection has bounds on its
questions, its unread answers and its time. Framing is wire/frame.py; what is answered is the engine's business.

    listener = TcpListener(loop, sock, edge, Limits())
"""

from __future__ import annotations

import errno
import socket
from collections import deque
from dataclasses import dataclass

from filterd.engine.commands import Source
from filterd.errors import ParseError
from filterd.net.edge import Edge
from filterd.net.loop import EPOLLERR, EPOLLHUP, EPOLLIN, EPOLLOUT, Loop, Timer
from filterd.net.udp import pack, plain
from filterd.wire.constants import HEADER_LEN
from filterd.wire.frame import Deframer, frame

_READ_BYTES = 4096  # at once: a few hundred questions at most, so that others get their turn
_ACCEPTS = 32  # connections taken before the loop looks at its other sockets
_PAUSE_S = 0.5  # after the system has no more descriptors
_SWEEP_S = 0.25
_NO_MORE = (errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM)


@dataclass(frozen=True, slots=True)
class Limits:
    """What connections may take. Times in seconds, sizes in bytes."""

    connections: int = 256  # in all
    per_client: int = 16  # from one address
    outstanding: int = 32  # questions without an answer on one connection; more are not read
    idle_s: float = 10.0  # RFC 7766 6.2.3
    idle_full_s: float = 2.0  # when three quarters of all connections are in use
    message_s: float = 5.0  # from the first byte of a question to its last
    buffer: int = 256 * 1024  # answers that the client has not read
    buffer_pause: int = 64 * 1024  # with so many unread, no more questions are read
    drain_s: float = 10.0  # until all answers are read
    answer_s: float = 8.0  # the engine answers within 5 s; some questions get none


class Listeners:
    """What all TCP listeners of a worker share: the connections and their bounds."""

    def __init__(self, loop: Loop, edge: Edge, limits: Limits) -> None:
        self.loop = loop
        self.edge = edge
        self.limits = limits
        self.connections: set[Connection] = set()
        self.clients: dict[str, int] = {}
        self.refused = 0  # connections closed at once because of a limit
        self.cut = 0  # connections closed because a bound of theirs was reached
        self._timer: Timer | None = None

    def admit(self, sock: socket.socket, host: str, port: int) -> None:
        """Take a new connection, or close it where a limit is reached."""
        if self.clients.get(host, 0) >= self.limits.per_client or (
            len(self.connections) >= self.limits.connections and not self.drop_idle()
        ):
            self.refused += 1
            sock.close()
            return
        self.clients[host] = self.clients.get(host, 0) + 1
        self.connections.add(Connection(self, sock, host, port))
        if self._timer is None:
            self._timer = self.loop.call_at(self.loop.clock() + _SWEEP_S, self._sweep)

    def forget(self, connection: Connection) -> None:
        """A connection is closed."""
        self.connections.discard(connection)
        left = self.clients.pop(connection.host, 1) - 1
        if left > 0:
            self.clients[connection.host] = left

    def drop_idle(self) -> bool:
        """Close the connection that has been idle longest; False when all are at work."""
        oldest = min((c for c in self.connections if c.is_idle), key=lambda c: c.used, default=None)
        if oldest is not None:
            oldest.close()
        return oldest is not None

    @property
    def is_busy(self) -> bool:
        """True while a connection waits for an answer or has one to read."""
        return any(connection.has_work for connection in self.connections)

    def close(self) -> None:
        """Close all connections."""
        for connection in list(self.connections):
            connection.close()
        if self._timer is not None:
            self._timer.cancel()

    def _sweep(self) -> None:
        now = self.loop.clock()
        full = len(self.connections) * 4 >= self.limits.connections * 3
        idle_s = self.limits.idle_full_s if full else self.limits.idle_s
        for connection in list(self.connections):
            connection.check(now, idle_s)
        self._timer = self.loop.call_at(now + _SWEEP_S, self._sweep) if self.connections else None


class TcpListener:
    """One listening TCP socket."""

    def __init__(self, shared: Listeners, sock: socket.socket) -> None:
        self.sock = sock
        self._shared = shared
        self._loop = shared.loop
        self._paused: Timer | None = None
        self._loop.register(sock.fileno(), EPOLLIN, self._on_readable)

    def close(self) -> None:
        """Stop listening; connections stay."""
        if self._paused is not None:
            self._paused.cancel()
        self._loop.unregister(self.sock.fileno())
        self.sock.close()

    def _on_readable(self, _events: int) -> None:
        for _ in range(_ACCEPTS):
            try:
                sock, address = self.sock.accept()
            except BlockingIOError:
                return
            except OSError as exc:
                if exc.errno not in _NO_MORE:
                    continue  # that connection was gone before it was taken
                # no descriptor left: the socket stays readable, so look away for a while instead of spinning
                self._shared.drop_idle()
                self._loop.modify(self.sock.fileno(), 0)
                self._paused = self._loop.call_at(self._loop.clock() + _PAUSE_S, self._resume)
                return
            self._shared.admit(sock, plain(address[0]), address[1])

    def _resume(self) -> None:
        self._paused = None
        self._loop.modify(self.sock.fileno(), EPOLLIN)


class Connection:
    """One client's connection."""

    def __init__(self, shared: Listeners, sock: socket.socket, host: str, port: int) -> None:
        self.host = host
        self.used = shared.loop.clock()  # when something was last asked or answered
        self._shared = shared
        self._limits = shared.limits
        self._loop = shared.loop
        self._sock = sock
        self._fd = sock.fileno()
        self._packed = pack(host)
        self._local = plain(sock.getsockname()[0])
        self._port = port
        self._deframer = Deframer()
        self._backlog: deque[bytes] = deque()  # questions that were read but may not be asked yet
        self._outstanding: dict[Handle, float] = {}  # in the order in which they were asked
        self._out = bytearray()
        self._begun: float | None = None  # when the unfinished message began
        self._full_since: float | None = None  # since when there are unread answers
        self._ended = False  # the client will send no more; answers still go out
        self._closed = False
        self._asking = False
        sock.setblocking(False)
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._events = EPOLLIN
        self._loop.register(self._fd, EPOLLIN, self._on_ready)

    @property
    def is_idle(self) -> bool:
        """True when nothing is asked, unread or half received."""
        return not (self._outstanding or self._backlog or self._out or self._deframer.pending)

    @property
    def has_work(self) -> bool:
        """True when an answer is due or unread."""
        return bool(self._outstanding or self._out)

    def close(self) -> None:
        """Close now."""
        if self._closed:
            return
        self._closed = True
        self._loop.unregister(self._fd)
        self._sock.close()
        self._shared.forget(self)

    def check(self, now: float, idle_s: float) -> None:
        """Close when a time is up."""
        limits = self._limits
        while self._outstanding:
            handle, asked = next(iter(self._outstanding.items()))
            if now - asked < limits.answer_s:
                break
            del self._outstanding[handle]
        reading = self._events & EPOLLIN
        if (reading and self._begun is not None and now - self._begun >= limits.message_s) or (
            self._full_since is not None and now - self._full_since >= limits.drain_s
        ):
            self._cut()
        elif self.is_idle and (self._ended or now - self.used >= idle_s):
            self.close()
        else:
            self._ask()

    def reply(self, handle: Handle, packet: bytes) -> None:
        """Send an answer, or keep it until the client reads."""
        if self._closed or self._outstanding.pop(handle, None) is None:
            return
        self.used = self._loop.clock()
        data = frame(packet)
        if not self._out:
            try:
                sent = self._sock.send(data)
            except BlockingIOError:
                sent = 0
            except OSError:
                self.close()
                return
            data = data[sent:]
        if data:
            self._out += data
            if self._full_since is None:
                self._full_since = self.used
            if len(self._out) > self._limits.buffer:
                self._cut()
                return
        if not self._asking:
            self._ask()

    def _cut(self) -> None:
        self._shared.cut += 1
        self.close()

    def _on_ready(self, events: int) -> None:
        if events & EPOLLOUT:
            self._write()
        if events & EPOLLIN and not self._closed:
            self._read()
        elif events & (EPOLLERR | EPOLLHUP):
            self.close()

    def _read(self) -> None:
        try:
            data = self._sock.recv(_READ_BYTES)
        except BlockingIOError:
            return
        except OSError:
            self.close()
            return
        if not data:
            self._ended = True
            self._begun = None
            self._ask()
            return
        before = self._deframer.pending
        try:
            messages = self._deframer.feed(data)
        except ParseError:  # not reached: our bound is the length field's own
            self._cut()
            return
        if not self._deframer.pending:
            self._begun = None
        elif messages or not before:
            self._begun = self._loop.clock()
        if messages:
            self.used = self._loop.clock()
            self._backlog.extend(messages)
        self._ask()

    def _ask(self) -> None:
        """Ask what may be asked, then say what is waited for."""
        if self._closed:
            return
        limits, outstanding = self._limits, self._outstanding
        self._asking = True
        try:
            while (
                self._backlog
                and len(outstanding) < limits.outstanding
                and len(self._out) < limits.buffer_pause
                and not self._closed
            ):
                packet = self._backlog.popleft()
                if len(packet) < HEADER_LEN or packet[2] & 0x80:
                    continue  # gets no answer
                handle = Handle(self)
                outstanding[handle] = self._loop.clock()
                source = Source(self.host, self._packed, True, self._local, self._port, handle)
                self._shared.edge.question(packet, source)
        finally:
            self._asking = False
        if not self._closed:
            self._wait()

    def _wait(self) -> None:
        """Register for what is needed now; an ended connection without work is closed."""
        if self._ended and not (self._outstanding or self._backlog or self._out):
            self.close()
            return
        events = EPOLLOUT if self._out else 0
        paused = self._backlog or len(self._outstanding) >= self._limits.outstanding
        if not (self._ended or paused or len(self._out) >= self._limits.buffer_pause):
            events |= EPOLLIN
        elif self._begun is not None:
            self._begun = self._loop.clock()  # the client is not slow while we do not read
        if events != self._events:
            self._events = events
            self._loop.modify(self._fd, events)

    def _write(self) -> None:
        try:
            sent = self._sock.send(self._out)
        except BlockingIOError:
            return
        except OSError:
            self.close()
            return
        del self._out[:sent]
        if not self._out:
            self._full_since = None
            self.used = self._loop.clock()
        self._ask()


class Handle:
    """The way back for one question on a connection."""

    __slots__ = ("_connection",)

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def send(self, packet: bytes) -> None:
        """Send the answer."""
        self._connection.reply(self, packet)
