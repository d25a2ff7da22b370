"""A bench for the network edge: a loop that the test turns by hand, and an engine that does what the question says.

with Bench() as bench:
    client = bench.udp_client(bench.udp("127.0.0.1"))
    client.send(question("now.example"))
    assert bench.receive(client)
"""

from __future__ import annotations

import contextlib
import socket
import time
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from filterd.engine.commands import Ask, AskTcp, Command, Record, Reply, Source
from filterd.fast.loop import Fast
from filterd.model.upstream import Upstream
from filterd.net.edge import Edge
from filterd.net.listen import open_socket
from filterd.net.loop import Loop
from filterd.net.tcp import Limits, Listeners, TcpListener
from filterd.net.udp import UdpListener
from filterd.wire import build
from filterd.wire.name import to_text, to_wire
from filterd.wire.parse import parse_query


def question(name: str, ident: int = 7, qtype: int = 1) -> bytes:
    """Return a question's packet."""
    return build.question(to_wire(name), qtype, id=ident)


class Rings(list[tuple[bytes, int]]):
    """Takes records like a ring."""

    def append(self, data: bytes, count: int = 1) -> None:  # type: ignore[override] # a ring's signature
        """Keep."""
        super().append((data, count))


class FakeEngine:
    """Speaks the engine's interface. The first label of the question says what happens:

    `now`: answered at once, echoing the packet with QR set; `big-N`: answered with N bytes; `later`: answered by
    `release`; `silent`: never; `boom`: raises; `ask`, `asktcp`: asks upstream 0; `record`: answered and recorded.
    """

    def __init__(self) -> None:
        self.fast = Fast(10)
        self.sources: list[Source] = []
        self.waiting: list[tuple[Source, bytes]] = []
        self.heard: list[tuple[Any, ...]] = []  # what upstreams said
        self.upstreams = [Upstream("udp", "127.0.0.1", 9)]
        self.timers: list[tuple[float, float, bool | None]] = []
        self.resolving: list[Callable[[bytes], object]] = []

    def upstream(self, number: int) -> Upstream:
        """Address of an upstream."""
        return self.upstreams[number]

    def is_forwarded(self, name: bytes) -> bool:
        """No zones here."""
        return False

    def rebind_allowed(self, links: Sequence[bytes]) -> bool:
        """Nothing is exempt here."""
        return False

    def on_query(self, packet: bytes, source: Source, now: float) -> Sequence[Command]:
        """Do what the first label says."""
        self.sources.append(source)
        word, _, number = to_text(parse_query(packet).name).partition(".")[0].partition("-")
        answer = answer_to(packet)
        match word:
            case "now":
                return [Reply(source, answer)]
            case "big":
                return [Reply(source, answer.ljust(int(number), b"\0"))]
            case "later":
                self.waiting.append((source, answer))
            case "boom":
                raise RuntimeError("a bug")
            case "ask":
                return [Ask(0, int(number or 0), packet)]
            case "asktcp":
                return [AskTcp(0, int(number), packet)]
            case "record":
                return [Record(True, b"blocked"), Record(False, b"allowed"), Reply(source, answer)]
        return ()

    def on_upstream(self, upstream: int, lane: int, packet: bytes, now: float) -> Sequence[Command]:
        """Remember."""
        self.heard.append((upstream, lane, packet))
        return ()

    def on_upstream_tcp(self, upstream: int, token: int, packet: bytes | None, now: float) -> Sequence[Command]:
        """Remember."""
        self.heard.append(("tcp", upstream, token, packet))
        return ()

    def on_upstream_error(self, upstream: int, lane: int, now: float) -> Sequence[Command]:
        """Remember."""
        self.heard.append(("error", upstream, lane))
        return ()

    def on_timer(self, now: float, wall: float, trusted: bool | None = None) -> Sequence[Command]:
        """Remember."""
        self.timers.append((now, wall, trusted))
        return ()

    def next_timer(self, now: float) -> float:
        """A second from now."""
        return now + 1.0

    def on_resolve(self, name: bytes, qtype: int, now: float, done: Callable[[bytes], object]) -> Sequence[Command]:
        """Remember who asks."""
        self.resolving.append(done)
        return ()


def answer_to(packet: bytes) -> bytes:
    """The packet with QR set."""
    return packet[:2] + bytes((packet[2] | 0x80,)) + packet[3:]


class Bench:
    """Everything a worker's edge needs, without the engine proper."""

    def __init__(self, limits: Limits | None = None) -> None:
        self.loop = Loop()
        self.engine = FakeEngine()
        self.rings = (Rings(), Rings())  # blocked, allowed
        self.edge = Edge(self.loop, self.engine, lambda now: (now + 1e9, True), self.rings[0], self.rings[1])
        self.listeners = Listeners(self.loop, self.edge, limits or Limits())
        self._stack = contextlib.ExitStack()

    def __enter__(self) -> Bench:
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()
        self.listeners.close()
        self.loop.close()

    def keep(self, resource: Any) -> Any:
        """Close `resource` at the end."""
        self._stack.callback(resource.close)
        return resource

    def udp(self, address: str) -> UdpListener:
        """Open a UDP listener at a free port."""
        sock = open_socket(socket.SOCK_DGRAM, address, 0, shared=False)
        listener = UdpListener(self.loop, sock, self.edge)
        self._stack.callback(listener.close)
        return listener

    def tcp(self, address: str = "127.0.0.1") -> TcpListener:
        """Open a TCP listener at a free port."""
        listener = TcpListener(self.listeners, open_socket(socket.SOCK_STREAM, address, 0, shared=False))
        self._stack.callback(listener.close)
        return listener

    def udp_client(self, to: tuple[Any, ...], source: str = "") -> socket.socket:
        """Return a UDP socket connected to `to`: it hears only answers that leave from there."""
        sock = socket.socket(socket.AF_INET6 if ":" in to[0] else socket.AF_INET, socket.SOCK_DGRAM)
        self._stack.callback(sock.close)
        if source:
            sock.bind((source, 0))
        sock.connect(to)
        sock.setblocking(False)
        return sock

    def tcp_client(self, listener: TcpListener, source: str = "") -> socket.socket:
        """Return a connected TCP socket."""
        sock = socket.socket(listener.sock.family, socket.SOCK_STREAM)
        self._stack.callback(sock.close)
        if source:
            sock.bind((source, 0))
        sock.settimeout(2)
        sock.connect(listener.sock.getsockname())
        sock.setblocking(False)
        return sock

    def turn(self, until: Callable[[], Any], seconds: float = 3.0) -> bool:
        """Run the loop until something is true; False when it does not become so in time."""
        deadline = time.monotonic() + seconds
        while not until():
            if time.monotonic() > deadline:
                return False
            self.loop.run_once(0.005)
        return True

    def idle(self, seconds: float) -> None:
        """Run the loop for a while."""
        self.turn(lambda: False, seconds)

    def receive(self, sock: socket.socket, seconds: float = 3.0) -> bytes | None:
        """Return what comes to a socket while the loop runs: b"" at the end of a stream, None when nothing does."""
        found: list[bytes] = []

        def came() -> bool:
            try:
                found.append(sock.recv(70_000))
            except BlockingIOError:
                return False
            except ConnectionError:
                found.append(b"")
            return True

        self.turn(came, seconds)
        return found[0] if found else None

    def messages(self, sock: socket.socket, count: int, seconds: float = 3.0) -> list[bytes]:
        """Return `count` framed messages, fewer when the stream ends or nothing comes."""
        data = b""
        found: list[bytes] = []
        while len(found) < count:
            more = self.receive(sock, seconds)
            if not more:
                break
            data += more
            while len(data) >= 2 and len(data) >= 2 + int.from_bytes(data[:2], "big"):
                length = int.from_bytes(data[:2], "big")
                found.append(data[2 : 2 + length])
                data = data[2 + length :]
        return found

    def is_closed(self, sock: socket.socket, seconds: float = 1.0) -> bool:
        """True when the stream ends in time, whatever comes before."""
        deadline = time.monotonic() + seconds
        while (left := deadline - time.monotonic()) > 0:
            got = self.receive(sock, left)
            if got == b"":
                return True
        return False

    def release(self) -> None:
        """Answer all questions for `later`."""
        waiting, self.engine.waiting = self.engine.waiting, []
        for source, answer in waiting:
            self.edge.execute([Reply(source, answer)])


@contextlib.contextmanager
def few_descriptors(spare: int) -> Iterator[None]:
    """Leave this process only `spare` more descriptors."""
    import resource

    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    probe = socket.socket()
    highest = probe.fileno()
    probe.close()
    held: list[socket.socket] = []
    try:
        resource.setrlimit(resource.RLIMIT_NOFILE, (highest + spare, hard))
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
        for sock in held:
            sock.close()
