"""Questions to upstreams: UDP over many connected sockets, TCP over one pipelined connection each.

Every upstream has lanes: sockets connected to it, so that the kernel drops what comes from elsewhere (RFC 5452 9.1),
each on a random port that is given up after a hundred questions. Whom to ask, timeouts, and whether an answer is
believed are the engine's business.

    upstreams = Upstreams(loop, engine.upstream, edge)
    upstreams.send(0, lane, packet)
"""

from __future__ import annotations

import socket
from collections.abc import Callable

from filterd.model.upstream import Upstream
from filterd.net.loop import EPOLLIN, Loop, Timer
from filterd.net.stream import Receiver, Stream, Times, family_of

LANE_USES = 100  # questions from one port
DRAIN_S = 5.0  # a given-up lane still hears its answers for so long: the engine waits no longer
MAX_DATAGRAM = 4096


class Lane:
    """One connected UDP socket."""

    __slots__ = ("sock", "target", "uses")

    def __init__(self, sock: socket.socket, target: Upstream) -> None:
        self.sock = sock
        self.target = target
        self.uses = 0


class Upstreams:
    """All sockets to upstreams of one worker, opened when first needed."""

    def __init__(self, loop: Loop, address: Callable[[int], Upstream], receiver: Receiver, times: Times | None = None):
        """`address(number)`: the upstream with that number."""
        self._loop = loop
        self._address = address
        self._receiver = receiver
        self._times = times or Times()
        self._lanes: dict[tuple[int, int], Lane] = {}
        self._draining: dict[Lane, Timer] = {}
        self._streams: dict[int, Stream] = {}

    def send(self, upstream: int, lane: int, packet: bytes) -> bool:
        """Send one datagram; False when the kernel says that it cannot be sent."""
        target = self._address(upstream)
        found = self._lanes.get((upstream, lane))
        if found is not None and (found.uses >= LANE_USES or found.target != target):
            self._give_up(upstream, lane)
            found = None
        for fresh in (False, True):
            if found is None:
                found = self._open(upstream, lane, target)
                if found is None:
                    return False
            try:
                found.sock.send(packet)
            except BlockingIOError:
                return True  # the kernel's queue is full: as good as lost on the way
            except OSError:
                # an earlier question's ICMP error, or an address of ours that is gone: a new socket may do better
                self._give_up(upstream, lane)
                found = None
                if fresh:
                    return False
                continue
            found.uses += 1
            return True
        return False

    def send_tcp(self, upstream: int, token: int, packet: bytes) -> bool:
        """Send one message; False when it cannot be. Its answer, or None, is reported by `token` exactly once."""
        target = self._address(upstream)
        stream = self._streams.get(upstream)
        if stream is not None and stream.target != target:
            stream.close()
            stream = None
        if stream is None:
            stream = self._streams[upstream] = Stream(self._loop, upstream, target, self._receiver, self._times)
        return stream.send(token, packet)

    def renew(self) -> None:
        """Take new sockets from now on: our own addresses have changed. Answers under way are still heard."""
        for upstream, lane in list(self._lanes):
            self._give_up(upstream, lane)
        for stream in self._streams.values():
            stream.renew()

    @property
    def open_lanes(self) -> int:
        """How many UDP sockets are open, draining ones included."""
        return len(self._lanes) + len(self._draining)

    def close(self) -> None:
        """Close everything; nothing is reported any more."""
        for stream in self._streams.values():
            stream.close()
        for upstream, lane in list(self._lanes):
            self._give_up(upstream, lane)
        for old, timer in list(self._draining.items()):
            timer.cancel()
            self._close(old)

    def _open(self, upstream: int, lane: int, target: Upstream) -> Lane | None:
        sock = None
        try:
            sock = socket.socket(family_of(target), socket.SOCK_DGRAM)
            sock.setblocking(False)
            sock.connect((target.address, target.port))  # the kernel picks a random free port
        except OSError:
            if sock is not None:
                sock.close()
            return None
        opened = self._lanes[(upstream, lane)] = Lane(sock, target)
        self._loop.register(sock.fileno(), EPOLLIN, lambda events: self._on_ready(upstream, lane, opened))
        return opened

    def _on_ready(self, upstream: int, lane: int, opened: Lane) -> None:
        try:
            # one datagram: with many lanes there is rarely a second one, and the loop comes back when there is
            packet = opened.sock.recv(MAX_DATAGRAM)
        except BlockingIOError:
            return
        except OSError:  # ICMP: port, host or network unreachable
            self._receiver.unreachable(upstream, lane)
            return
        self._receiver.answer(upstream, lane, packet)

    def _give_up(self, upstream: int, lane: int) -> None:
        """Send no more on a lane, but hear what is under way."""
        old = self._lanes.pop((upstream, lane))
        self._draining[old] = self._loop.call_at(self._loop.clock() + DRAIN_S, lambda: self._close(old))

    def _close(self, old: Lane) -> None:
        self._draining.pop(old, None)
        self._loop.unregister(old.sock.fileno())
        old.sock.close()
