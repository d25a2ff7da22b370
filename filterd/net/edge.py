"""The edge between the engine and the sockets: carries out the engine's commands, and gives it packets and time.

The last line of defence stands here: whatever goes wrong with one packet is logged once a minute and answered SERVFAIL,
and never ends the worker. Sockets are opened elsewhere (udp, tcp, upstream); what is answered is the engine's business.

    edge = Edge(loop, engine, wall_clock, rings)
    edge.question(packet, source)
"""

from __future__ import annotations

import logging
from collections import deque
from collections.abc import Callable, Iterable
from typing import Any, Protocol

from filterd.engine.commands import Ask, AskTcp, Command, Record, Reply, Source
from filterd.net.loop import Loop
from filterd.wire import build
from filterd.wire.constants import HEADER_LEN, SERVFAIL

log = logging.getLogger(__name__)


class Appender(Protocol):
    """Where event records go: net/ring.py's Ring."""

    def append(self, data: bytes, count: int = 1) -> None:
        """Append joined records."""


class Senders(Protocol):
    """Where questions to upstreams go: net/upstream.py's Upstreams."""

    def send(self, upstream: int, lane: int, packet: bytes) -> bool:
        """Send a datagram; False when the kernel says that it cannot be sent."""

    def send_tcp(self, upstream: int, token: int, packet: bytes) -> bool:
        """Send a message; False when it cannot be."""


class NoRing:
    """Stands in for a ring that cannot be had: events are counted and lost, answers go on."""

    def __init__(self) -> None:
        self.lost = 0

    def append(self, data: bytes, count: int = 1) -> None:
        """Count."""
        self.lost += count


class Edge:
    """One worker's engine with its hands and feet."""

    def __init__(
        self, loop: Loop, engine: Any, wall: Callable[[float], tuple[float, bool]], blocked: Appender, allowed: Appender
    ) -> None:
        """`engine`: engine.engine.Engine or its like. `wall(now)`: POSIX seconds, and whether they are trusted."""
        self.engine = engine
        self.unsent = 0  # answers that the kernel did not take
        self.upstreams: Senders | None = None  # joined by the composition root
        self._loop = loop
        self._wall = wall
        self._rings = (allowed, blocked)
        self._queue: deque[Command] = deque()
        self._busy = False
        self._next_timer = 0.0
        engine.fast.sink = self.record

    @property
    def failures(self) -> int:
        """How many packets and callbacks failed in a way nobody foresaw."""
        return self._loop.complaints.total

    def question(self, packet: bytes, source: Source) -> None:
        """Give a client's packet to the engine and do what it says."""
        try:
            commands = self.engine.on_query(packet, source, self._loop.clock())
        except Exception as exc:
            self._loop.complaints.report("question failed", exc)
            if len(packet) >= HEADER_LEN and not packet[2] & 0x80:
                commands = (Reply(source, build.error_reply(packet, SERVFAIL)),)
            else:
                return
        self.execute(commands)

    def answer(self, upstream: int, lane: int, packet: bytes) -> None:
        """Give an upstream's datagram to the engine."""
        self._give(self.engine.on_upstream, upstream, lane, packet, self._loop.clock())

    def message(self, upstream: int, token: int, packet: bytes | None) -> None:
        """Give an upstream's message over TCP, or the news that none will come, to the engine."""
        self._give(self.engine.on_upstream_tcp, upstream, token, packet, self._loop.clock())

    def unreachable(self, upstream: int, lane: int) -> None:
        """Tell the engine that the kernel cannot reach an upstream."""
        self._give(self.engine.on_upstream_error, upstream, lane, self._loop.clock())

    def idle(self, now: float) -> float:
        """Give the engine its time when it is due; return when it must be next. For Loop.idle."""
        if now >= self._next_timer:
            wall, trusted = self._wall(now)
            self._give(self.engine.on_timer, now, wall, trusted)
        self._next_timer = self.engine.next_timer(now)
        return self._next_timer

    def record(self, blocked: bool, data: bytes, count: int = 1) -> None:
        """Append event records to the ring of blocked or of allowed questions."""
        self._rings[blocked].append(data, count)

    def execute(self, commands: Iterable[Command]) -> None:
        """Do what the engine says. Called again from inside, it only queues: commands are done in order, not nested."""
        queue = self._queue
        if self._busy:
            queue.extend(commands)
            return
        self._busy = True
        try:
            for command in commands:
                self._do(command)
            while queue:
                self._do(queue.popleft())
        finally:
            self._busy = False

    def _do(self, command: Command) -> None:
        kind = type(command)
        try:
            if kind is Reply:
                command.source.handle.send(command.packet)  # type: ignore[union-attr] # a Reply, and its handle is ours
            elif kind is Record:
                self._rings[command.blocked].append(command.data)  # type: ignore[union-attr] # a Record
            elif self.upstreams is None:
                pass
            elif isinstance(command, Ask):
                if not self.upstreams.send(command.upstream, command.lane, command.packet):
                    self.unreachable(command.upstream, command.lane)
            elif isinstance(command, AskTcp):
                self._ask_tcp(command, self.upstreams)
        except Exception as exc:
            self._loop.complaints.report("command failed", exc)

    def _ask_tcp(self, command: AskTcp, upstreams: Senders) -> None:
        if not upstreams.send_tcp(command.upstream, command.token, command.packet):
            self.message(command.upstream, command.token, None)

    def _give(self, method: Callable[..., Iterable[Command]], *arguments: object) -> None:
        try:
            commands = method(*arguments)
        except Exception as exc:
            self._loop.complaints.report("engine failed", exc)
            return
        self.execute(commands)
