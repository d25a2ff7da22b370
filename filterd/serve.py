"""The DNS worker: `filterd serve`. Joins sockets, engine, lists and policy, and answers.

A composition root: it builds the objects and hands them to each other; what they do is net/'s and engine/'s business.
Nothing heavy is imported here (a test looks), because every worker pays for it. With several workers this process only
looks after them. Started by the command line with a document of plain values, never by hand.
"""

from __future__ import annotations

import gc
import logging
import os
import random
import resource
import signal
import socket
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from filterd.config.settings import Settings
from filterd.engine.engine import Engine
from filterd.engine.settings import MIB
from filterd.engine.settings import Settings as EngineSettings
from filterd.engine.world import World
from filterd.errors import FilterdError, StartError, StoreError
from filterd.host.child import PULSE_S, Given
from filterd.host.clock import Clock
from filterd.host.interfaces import Network, local_networks
from filterd.host.notify import Notifier, every
from filterd.host.parts import ready_line, worker_parts
from filterd.host.run import run_dir
from filterd.host.supervise import Part, Supervisor
from filterd.model import upstream
from filterd.net.control import ControlSocket
from filterd.net.edge import Appender, Edge, NoRing
from filterd.net.listen import adopt, is_wildcard, open_pair, passed_by_systemd, reserve, shown
from filterd.net.loop import EPOLLIN, Loop
from filterd.net.reload import Reloader, first_world
from filterd.net.ring import ALLOWED_BYTES, BLOCKED_BYTES, Ring
from filterd.net.selfcheck import LIMIT_S, SelfQuestion
from filterd.net.tcp import Limits, Listeners, TcpListener
from filterd.net.udp import UdpListener
from filterd.net.upstream import Upstreams

NETWORKS_S = 30.0  # between two looks at our own addresses
END_S = 2.5  # for questions that are under way when the end is asked for
_FILES = 16_384  # descriptors wanted: connections, and 64 sockets an upstream

log = logging.getLogger("filterd.serve")


class Worker:
    """One process that answers."""

    def __init__(self, given: Given, notifier: Notifier | None = None) -> None:
        """Open everything; raises FilterdError with a sentence. `notifier`: systemd's, when it started this process."""
        document = given.document
        self.given = given
        self.notifier = notifier or Notifier()
        self.state = Path(document["state"])
        self.index = int(document.get("index", 0))
        self.settings = Settings.from_json(document["settings"])
        self.loop = Loop()
        opened = first_world(self.state)
        self.clock = Clock(self.state)
        now = self.loop.clock()
        wall, trusted = self.clock(now)
        settings = engine_settings(self.settings, bytes.fromhex(document.get("loop_key", "")))
        self.engine = Engine(settings, opened.world, random=random.SystemRandom(), now=now, wall=wall, trusted=trusted)
        folder = run_dir(self.state)
        self.rings = [
            _ring(folder / f"worker-{self.index}.blocked", BLOCKED_BYTES),
            _ring(folder / f"worker-{self.index}.allowed", ALLOWED_BYTES),
        ]
        self.edge = Edge(self.loop, self.engine, self.clock, self.rings[0], self.rings[1])
        self.upstreams = Upstreams(self.loop, self.engine.upstream, self.edge)
        self.edge.upstreams = self.upstreams
        self.connections = Listeners(self.loop, self.edge, Limits())
        self.udp: list[UdpListener] = []
        self.tcp: list[TcpListener] = []
        for sock in self._sockets(document):
            if sock.type == socket.SOCK_DGRAM:
                self.udp.append(UdpListener(self.loop, sock, self.edge))
            else:
                self.tcp.append(TcpListener(self.connections, sock))
        self.reloader = Reloader(self.state, self.loop, opened, self._swap)
        self.control = ControlSocket(
            folder / f"worker-{self.index}.sock", self.loop, self.edge, self.reloader, self.stats
        )
        self._networks: list[Network] = []
        self._addresses: list[str] = []
        self._look_at_networks()
        self._ending_at = 0.0

    @property
    def addresses(self) -> list[str]:
        """The bound addresses as people write them, without repeats."""
        sockets = [listener.sock for listener in self.udp] + [tcp.sock for tcp in self.tcp]
        return list(dict.fromkeys(shown(*sock.getsockname()[:2]) for sock in sockets))

    def stats(self) -> dict[str, Any]:
        """All counters of this worker."""
        counts: dict[str, Any] = dict(self.engine.stats())
        counts.update(
            pid=os.getpid(),
            listening=self.addresses,
            tcp_connections=len(self.connections.connections),
            tcp_refused=self.connections.refused,
            tcp_cut=self.connections.cut,
            unsent=self.edge.unsent,
            failures=self.edge.failures,
            events_lost=sum(ring.lost for ring in self.rings if isinstance(ring, NoRing)),
            upstream_sockets=self.upstreams.open_lanes,
            reload_refused=self.reloader.refused,
            reload_error=self.reloader.error,
            clock_trusted=int(self.clock.trusted),
        )
        return counts

    def run(self, on_ready: Callable[[list[str]], object]) -> None:
        """Answer until the end is asked for. StartError when we do not answer ourselves."""
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: self.loop.call_from_thread(self.end))
        if self.given.life_fd is not None:
            signal.signal(signal.SIGINT, signal.SIG_IGN)  # a terminal's Ctrl-C: our parent tells us in order
            self.loop.register(self.given.life_fd, EPOLLIN, lambda _: self._orphaned())
        sys.setswitchinterval(0.0001)  # s; while a revision is opened on its thread, answers wait no longer than this
        # fewer passes of the garbage collector over what lives for ever: nearly nothing here makes cycles
        gc.collect()
        gc.freeze()
        gc.set_threshold(50_000, 20, 50)
        self.loop.idle = self.edge.idle
        question = SelfQuestion(self.loop, [listener.sock for listener in self.udp], lambda: on_ready(self.addresses))
        self.edge.execute(self.engine.start(self.loop.clock()))
        self.notifier.keep_alive(self.loop)
        if self.given.is_supervised:
            every(self.loop, PULSE_S, self.given.alive)
        try:
            self.loop.run()
        finally:
            question.close()
            self._close()
        if question.failed:
            raise StartError(f"no answer from ourselves at {', '.join(self.addresses)} within {LIMIT_S:g} s")

    def _swap(self, world: World) -> int:
        """Put a world into force; where others are asked from now on, the sockets to those before are let go."""
        before = {health.number for health in self.engine.healths()}
        revision = self.engine.swap(world)
        if before - {health.number for health in self.engine.healths()}:
            self.upstreams.renew()  # what is under way is still heard
        return revision

    def end(self) -> None:
        """Take no new questions, finish those under way, stop."""
        if self._ending_at:
            return
        self._ending_at = self.loop.clock() + END_S
        self.notifier.stopping()
        for listener in self.udp:
            listener.finish()
        for tcp in self.tcp:
            tcp.close()
        self._end_when_done()

    def _end_when_done(self) -> None:
        now = self.loop.clock()
        if now >= self._ending_at or not (self.engine.stats()["inflight"] or self.connections.is_busy):
            self.loop.stop()
        else:
            self.loop.call_at(now + 0.02, self._end_when_done)

    def _orphaned(self) -> None:
        if self.given.life_fd is not None:
            self.loop.unregister(self.given.life_fd)
        log.warning("parent is gone, ending")
        self.end()

    def _close(self) -> None:
        self.reloader.close()
        self.control.close()
        self.connections.close()
        for listener in self.udp:
            listener.close()
        self.upstreams.close()
        self.engine.fast.flush()
        for ring in self.rings:
            if isinstance(ring, Ring):
                ring.close()

    def _sockets(self, document: dict[str, Any]) -> list[socket.socket]:
        fds = document.get("fds") or passed_by_systemd()
        if fds:
            return adopt(fds)
        found: list[socket.socket] = []
        for listen in self.settings.dns:
            found += open_pair(listen.address, listen.port, shared=bool(document.get("shared")))
        return found

    def _look_at_networks(self) -> None:
        self.loop.call_at(self.loop.clock() + NETWORKS_S, self._look_at_networks)
        addresses, networks = local_networks()
        if networks != self._networks:
            self.engine.set_networks(networks)
        if addresses != self._addresses:
            if self._addresses:
                self.upstreams.renew()
            self.engine.set_addresses(own_addresses([listener.sock for listener in self.udp], addresses))
        self._networks, self._addresses = networks, addresses


def engine_settings(settings: Settings, loop_key: bytes = b"") -> EngineSettings:
    """Return the engine's view of the operator's settings. Raises UpstreamError."""
    return EngineSettings(
        upstreams=tuple(upstream.parse(url) for url in settings.upstreams),
        block_mode=settings.block or None,
        block_ttl_s=settings.block_ttl_s,
        cache_bytes=settings.cache_mib * MIB,
        rate_per_client=float(settings.rate_per_client),
        burst_per_client=2.0 * settings.rate_per_client,
        own_name=settings.own_name,
        answer_ranges=settings.answer_ranges,
        rebind_allow=settings.rebind_allow,
        forward_zones=settings.forward_zones,
        loop_key=loop_key,
    )


def own_addresses(sockets: Sequence[socket.socket], local: Sequence[str]) -> list[str]:
    """Return the addresses we are reached at, those of the house before loopback: for the page and our own name."""
    found: list[str] = []
    for sock in sockets:
        address = sock.getsockname()[0].partition("%")[0]
        if is_wildcard(sock):
            found += [a for a in local if (":" in a) is (sock.family == socket.AF_INET6)]
        else:
            found.append(address)
    inner = ("127.", "::1", "fe80:")
    return sorted(dict.fromkeys(found), key=lambda a: a.startswith(inner))


def main(arguments: Sequence[str]) -> int:
    """Run what the document says; return the exit code."""
    logging.basicConfig(level=logging.INFO, format="%(name)s: %(message)s", stream=sys.stderr)
    try:
        given = Given.from_arguments(arguments)
        notifier = Notifier.take()
        _raise_file_limit()
        if int(given.document.get("workers", 1)) > 1:
            return _supervise(given, notifier)
        worker = Worker(given, notifier)
        worker.run(lambda addresses: _ready(given, notifier, addresses))
    except FilterdError as exc:
        sys.stderr.write(f"filterd: {exc}\n")
        return 1
    return 0


def _ready(given: Given, notifier: Notifier, addresses: list[str]) -> None:
    notifier.ready(ready_line(addresses))
    if given.is_supervised:
        given.ready({"addresses": addresses})
    else:
        sys.stdout.write(ready_line(addresses) + "\n")
        sys.stdout.flush()


def _supervise(given: Given, notifier: Notifier) -> int:
    """Look after several workers."""
    document = dict(given.document)
    settings = Settings.from_json(document["settings"])
    fds = passed_by_systemd()
    if not fds:
        bound, _ = reserve([(listen.address, listen.port) for listen in settings.dns], keep=False)
        document["settings"] = document["settings"] | {"dns": [shown(*pair) for pair in bound]}
    parts = worker_parts(document, int(document["workers"]), fds)

    def say(line: str) -> None:
        sys.stderr.write(f"filterd: {line}\n")

    def ready(parts: Sequence[Part]) -> None:
        answer = parts[0].answer
        _ready(given, notifier, answer["addresses"] if answer is not None else [])

    alive = notifier.alive if notifier.watchdog_s else None
    return Supervisor(parts, say, ready, given.life_fd, alive=alive).run()


def _ring(path: Path, capacity: int) -> Appender:
    try:
        return Ring.create(path, capacity)
    except StoreError as exc:
        log.error("events are not kept reason=%s", exc)
        return NoRing()


def _raise_file_limit() -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = _FILES if hard == resource.RLIM_INFINITY else min(_FILES, hard)
    if soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))


if __name__ == "__main__":  # the lock, when there is one, is held by a descriptor that came along
    sys.exit(main(sys.argv[1:]))
