"""Does an upstream answer? One question of our own, outside of what clients ask, and how long its answer took.

It tells nobody anything about the house: the question is for the root's name servers, which every resolver knows.

    Trial(loop, parse("udp://192.0.2.1"), lambda ms, error: ...)      # called once, within WAIT_S
"""

from __future__ import annotations

import random
from collections.abc import Callable

from filterd.model.upstream import Upstream
from filterd.net.loop import Loop
from filterd.net.upstream import Upstreams
from filterd.wire import build
from filterd.wire.constants import NOERROR, NXDOMAIN

WAIT_S = 2.0  # as long as a question of the house may wait for one upstream
_TYPE_NS = 2

Told = Callable[[float | None, str], object]  # milliseconds, or None and why not: silent | unreachable | refused


class Trial:
    """One question to one upstream, over sockets of its own."""

    def __init__(self, loop: Loop, upstream: Upstream, told: Told) -> None:
        self._loop = loop
        self._told: Told | None = told
        self._packet = build.question(b"\0", _TYPE_NS, id=random.SystemRandom().getrandbits(16))
        self._sent_at = loop.clock()
        self._timer = loop.call_at(self._sent_at + WAIT_S, lambda: self._end(None, "silent"))
        self._sockets = Upstreams(loop, lambda _number: upstream, self)
        send = self._sockets.send_tcp if upstream.scheme == "tcp" else self._sockets.send
        if not send(0, 0, self._packet):
            self._end(None, "unreachable")

    def answer(self, upstream: int, lane: int, packet: bytes) -> None:
        """A datagram came; one that is no answer to our question is passed over."""
        if len(packet) >= 12 and packet[:2] == self._packet[:2] and packet[2] & 0x80:
            rcode = packet[3] & 15
            good = rcode in (NOERROR, NXDOMAIN)
            self._end((self._loop.clock() - self._sent_at) * 1000 if good else None, "" if good else "refused")

    def message(self, upstream: int, token: int, packet: bytes | None) -> None:
        """A message came, or None: none will."""
        if packet is None:
            self._end(None, "unreachable")
        else:
            self.answer(upstream, 0, packet)

    def unreachable(self, upstream: int, lane: int) -> None:
        """The kernel says that the upstream cannot be reached."""
        self._end(None, "unreachable")

    def close(self) -> None:
        """Ask no more; nothing is told."""
        self._told = None
        self._timer.cancel()
        self._sockets.close()

    def _end(self, ms: float | None, error: str) -> None:
        told, self._told = self._told, None
        if told is not None:
            self._timer.cancel()
            self._loop.call_at(self._loop.clock(), self._sockets.close)  # not from within a call of theirs
            told(ms, error)
