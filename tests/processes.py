"""Real processes and real sockets for tests: a service, an upstream that says what a test wants, a client that asks.

Everything started here is ended here, by its own number, also when the test fails.

    with UpstreamStub({"www.example.org": ["192.0.2.1"]}) as upstream, Service.serve(state, upstream) as service:
        assert addresses(service.ask("www.example.org")) == ["192.0.2.1"]
"""

from __future__ import annotations

import contextlib
import os
import select
import signal
import socket
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import dnslib

READY_S = 30.0
Question = tuple[str, int, str]  # name without the last dot, type, udp or tcp
Behaviour = Callable[[dnslib.DNSRecord, str], bytes | list[bytes] | None]


class UpstreamStub:
    """A DNS server in a thread, over UDP and TCP on one free port of an address.

    `zone`: name -> addresses; other names are NXDOMAIN. `behave(question, transport)` goes first: the bytes to answer
    (a list: several messages), b"" for silence, None for the zone's answer. `delay_s` comes before every answer.
    """

    def __init__(
        self,
        zone: Mapping[str, Sequence[str]] | None = None,
        behave: Behaviour | None = None,
        *,
        address: str = "127.0.0.1",
        ttl: int = 300,
        delay_s: float = 0.0,
    ) -> None:
        self.zone = dict(zone or {})
        self.behave = behave
        self.ttl = ttl
        self.delay_s = delay_s
        self.asked: list[Question] = []
        self.tcp_connections = 0
        family = socket.AF_INET6 if ":" in address else socket.AF_INET
        self._udp, self._tcp = _pair(family, address)
        self.address: str = address
        self.port: int = self._udp.getsockname()[1]
        self._streams: dict[int, tuple[socket.socket, bytearray]] = {}
        self._due: list[tuple[float, Callable[[], None]]] = []
        self._stop_out, self._stop_in = os.pipe()
        self._thread = threading.Thread(target=self._run, name="upstream stub", daemon=True)

    def __enter__(self) -> UpstreamStub:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        os.write(self._stop_in, b"x")
        self._thread.join(5)
        for sock in (self._udp, self._tcp, *(s for s, _ in self._streams.values())):
            sock.close()
        os.close(self._stop_in)
        os.close(self._stop_out)

    @property
    def url(self) -> str:
        """Its address as an option."""
        host = f"[{self.address}]" if ":" in self.address else self.address
        return f"udp://{host}:{self.port}"

    def count(self, name: str) -> int:
        """How often a name was asked for."""
        return sum(asked == name for asked, _, _ in self.asked)

    def _run(self) -> None:
        while True:
            now = time.monotonic()
            for due in [d for d in self._due if d[0] <= now]:
                self._due.remove(due)
                with contextlib.suppress(OSError):
                    due[1]()
            wait = min((at - now for at, _ in self._due), default=60.0)
            sockets = [self._stop_out, self._udp, self._tcp, *(s for s, _ in self._streams.values())]
            for ready in select.select(sockets, [], [], max(0.0, wait))[0]:
                if ready == self._stop_out:
                    return
                with contextlib.suppress(OSError):
                    self._serve(ready)

    def _serve(self, ready: Any) -> None:
        if ready is self._udp:
            packet, client = self._udp.recvfrom(4096)
            self._answer(packet, "udp", lambda data: self._udp.sendto(data, client))
        elif ready is self._tcp:
            sock, _ = self._tcp.accept()
            self.tcp_connections += 1
            self._streams[sock.fileno()] = (sock, bytearray())
        else:
            sock, buffer = self._streams[ready.fileno()]
            try:
                data = sock.recv(65_536)
            except OSError:
                data = b""
            if not data:
                del self._streams[ready.fileno()]
                sock.close()
                return
            buffer += data
            while len(buffer) >= 2 and len(buffer) >= 2 + int.from_bytes(buffer[:2], "big"):
                end = 2 + int.from_bytes(buffer[:2], "big")
                packet = bytes(buffer[2:end])
                del buffer[:end]
                self._answer(packet, "tcp", lambda data: sock.sendall(len(data).to_bytes(2, "big") + data))

    def _answer(self, packet: bytes, transport: str, send: Callable[[bytes], object]) -> None:
        try:
            question = dnslib.DNSRecord.parse(packet)
            name = str(question.q.qname).rstrip(".").lower()
        except Exception:  # whatever dnslib raises for what is no packet
            return
        self.asked.append((name, question.q.qtype, transport))
        data = self.behave(question, transport) if self.behave is not None else None
        if data is None:
            data = self._from_zone(question, name)
        for message in [data] if isinstance(data, bytes) else data:
            if message:
                self._due.append((time.monotonic() + self.delay_s, lambda message=message: send(message)))  # type: ignore[misc]

    def _from_zone(self, question: dnslib.DNSRecord, name: str) -> bytes:
        reply = question.reply(aa=0)
        found = self.zone.get(name)
        if found is None:
            reply.header.rcode = dnslib.RCODE.NXDOMAIN
            reply.add_auth(dnslib.RR("example", dnslib.QTYPE.SOA, rdata=dnslib.SOA("a.example", "b.example", (1,) * 5)))
        for address in found or ():
            is_six = ":" in address
            if question.q.qtype == (28 if is_six else 1):
                rdata = dnslib.AAAA(address) if is_six else dnslib.A(address)
                reply.add_answer(dnslib.RR(question.q.qname, question.q.qtype, ttl=self.ttl, rdata=rdata))
        return bytes(reply.pack())


class Service:
    """`filterd up` or `filterd serve` in a process of its own."""

    def __init__(self, arguments: Sequence[str], state: Path, run: Path, environment: Mapping[str, str] | None = None):
        """Start it; `run` is its run folder."""
        self.state = state
        self.run = run
        run.mkdir(exist_ok=True)
        self.errors = run.parent / f"{state.name}.stderr"
        self.lines: list[str] = []
        self._out = b""
        self.environment = os.environ | {"FILTERD_RUN": str(run)} | dict(environment or {})
        with self.errors.open("ab") as errors:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "filterd", *arguments],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=errors,
                env=self.environment,
            )

    @classmethod
    def serve(
        cls, state: Path, upstream: UpstreamStub | None, *more: str, dns: Sequence[str] = ("127.0.0.1:0",)
    ) -> Service:
        """Start the workers alone."""
        return cls._start("serve", state, upstream, more, dns)

    @classmethod
    def up(
        cls, state: Path, upstream: UpstreamStub | None, *more: str, dns: Sequence[str] = ("127.0.0.1:0",)
    ) -> Service:
        """Start everything."""
        return cls._start("up", state, upstream, more, dns)

    @classmethod
    def _start(
        cls, command: str, state: Path, upstream: UpstreamStub | None, more: Sequence[str], dns: Sequence[str]
    ) -> Service:
        arguments = [command, "--state", str(state), *more]
        if command == "up" and "--web" not in more:
            arguments += ["--web", "off"]
        for listen in dns:
            arguments += ["--dns", listen]
        arguments += ["--upstream", upstream.url if upstream is not None else "udp://127.0.0.1:9"]
        return cls(arguments, state, state.parent / f"{state.name}.run")

    def __enter__(self) -> Service:
        self.ready()
        return self

    def __exit__(self, *_: object) -> None:
        self.end()

    def ready(self, seconds: float = READY_S) -> None:
        """Wait for the `ready` line."""
        assert self.until(lambda: any(line.startswith("ready") for line in self.lines), seconds), self.said

    def until(self, condition: Callable[[], Any], seconds: float = READY_S) -> bool:
        """Read standard output until something is true; False when it does not become so, or the process ends."""
        deadline = time.monotonic() + seconds
        assert self.process.stdout is not None
        while not condition():
            if time.monotonic() > deadline:
                return False
            if select.select([self.process.stdout], [], [], 0.02)[0]:
                data = os.read(self.process.stdout.fileno(), 65_536)
                if not data and not condition():
                    return False
                *lines, self._out = (self._out + data).split(b"\n")
                self.lines += [line.decode() for line in lines]
        return True

    @property
    def said(self) -> str:
        """What it wrote to standard error."""
        return self.errors.read_text()

    @property
    def bound(self) -> list[tuple[str, int]]:
        """The addresses that the ready line names."""
        line = next(line for line in self.lines if line.startswith("ready"))
        words = [word.strip("[]") for word in line.replace(",", " ").split() if ":" in word and word[-1].isdigit()]
        return [(host.strip("[]"), int(port)) for host, _, port in (word.rpartition(":") for word in words)]

    def ask(
        self, name: str, qtype: str = "A", client: str = "", *, tcp: bool = False, seconds: float = 6.0, at: int = 0
    ):
        """Ask its `at`-th address and return the parsed answer; TimeoutError when none comes."""
        return ask(self.bound[at], name, qtype, client, tcp=tcp, seconds=seconds)

    def end(self, number: int = signal.SIGTERM, seconds: float = 8.0) -> int:
        """End it and everything it started; return its exit code."""
        below = children(self.process.pid)
        with contextlib.suppress(ProcessLookupError):
            if self.process.poll() is None:
                self.process.send_signal(number)
        try:
            code = self.process.wait(seconds)
        except subprocess.TimeoutExpired:
            self.process.kill()
            code = self.process.wait()
        if self.process.stdout is not None:
            self.process.stdout.close()
        for pid in below:
            if not gone(pid, 3.0):
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
        return code


def ask(
    server: tuple[str, int], name: str, qtype: str = "A", client: str = "", *, tcp: bool = False, seconds: float = 6.0
) -> dnslib.DNSRecord:
    """Ask a server one question from the address `client`."""
    question = dnslib.DNSRecord.question(name, qtype)
    question.add_ar(dnslib.EDNS0(udp_len=1232))
    packet = question.pack()
    family = socket.AF_INET6 if ":" in server[0] else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM if tcp else socket.SOCK_DGRAM) as sock:
        sock.settimeout(seconds)
        if client:
            sock.bind((client, 0))
        sock.connect(server)
        sock.sendall(len(packet).to_bytes(2, "big") + packet if tcp else packet)
        if not tcp:
            return dnslib.DNSRecord.parse(sock.recv(4096))
        data = b""
        while len(data) < 2 or len(data) < 2 + int.from_bytes(data[:2], "big"):
            more = sock.recv(65_536)
            if not more:
                raise ConnectionError("closed before the answer")
            data += more
        return dnslib.DNSRecord.parse(data[2:])


def addresses(answer: dnslib.DNSRecord) -> list[str]:
    """The addresses in an answer."""
    return [str(rr.rdata) for rr in answer.rr if rr.rtype in (1, 28)]


def children(pid: int) -> list[int]:
    """All processes below `pid`."""
    found: list[int] = []
    with contextlib.suppress(OSError):
        for task in Path(f"/proc/{pid}/task").iterdir():
            for child in (task / "children").read_text().split():
                found += [int(child), *children(int(child))]
    return found


def part(pid: int, word: str, seconds: float = 0.0) -> int:
    """The one process below `pid` whose command line has `word`; it may be on its way back for so many seconds."""
    deadline = time.monotonic() + seconds
    while True:
        found = []
        for child in children(pid):
            with contextlib.suppress(OSError):  # it may end while we look
                if word in Path(f"/proc/{child}/cmdline").read_bytes().decode():
                    found.append(child)
        if len(found) == 1 or time.monotonic() > deadline:
            assert len(found) == 1, found
            return found[0]
        time.sleep(0.02)


def log_is_made(state: Path) -> bool:
    """Whether the manager has made the log's database, and let go of it."""
    file = state / "activity.db"
    if not file.exists():
        return False
    with contextlib.closing(sqlite3.connect(f"file:{file}?mode=ro", uri=True)) as connection:
        return bool(connection.execute("SELECT 1 FROM sqlite_master WHERE name = 'activity_version'").fetchall())


def gone(pid: int, seconds: float) -> bool:
    """True when a process is gone (or a zombie) in time."""
    deadline = time.monotonic() + seconds
    while True:
        try:
            if Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z":
                return True
        except OSError:
            return True
        if time.monotonic() > deadline:
            return False
        time.sleep(0.02)


@contextlib.contextmanager
def load(server: tuple[str, int], names: Sequence[str], per_second: int, client: str = "127.0.0.11") -> Iterator[Load]:
    """Ask questions from a thread for the length of a block; the outcome is known afterwards."""
    running = Load(server, names, per_second, client)
    running.start()
    try:
        yield running
    finally:
        running.stop()


class Load(threading.Thread):
    """Asks at a steady rate over one socket and counts what comes back. Ids tell which answer is whose."""

    def __init__(self, server: tuple[str, int], names: Sequence[str], per_second: int, client: str) -> None:
        super().__init__(name="load", daemon=True)
        self.sent = 0
        self.took_s: list[float] = []
        self.rcodes: dict[int, int] = {}
        self._packets = [bytes(dnslib.DNSRecord.question(name).pack())[2:] for name in names]
        self._gap_s = 1.0 / per_second
        self._stopping = threading.Event()
        self._sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4 * 1024 * 1024)
        self._sock.bind((client, 0))
        self._sock.connect(server)
        self._sock.setblocking(False)

    @property
    def lost(self) -> int:
        """Questions without an answer."""
        return self.sent - len(self.took_s)

    def run(self) -> None:
        """Ask until stopped, then wait for what is under way."""
        began: dict[int, float] = {}
        due = time.monotonic()
        ends = float("inf")
        while time.monotonic() < ends and (ends == float("inf") or began):
            now = time.monotonic()
            if self._stopping.is_set():
                ends = min(ends, now + 3.0)
            while due <= now and ends == float("inf"):
                ident = self.sent & 0xFFFF
                with contextlib.suppress(ConnectionError):  # a worker that is just being started again
                    self._sock.send(ident.to_bytes(2, "big") + self._packets[self.sent % len(self._packets)])
                began[ident] = now
                self.sent += 1
                due += self._gap_s
            select.select([self._sock], [], [], max(0.0, min(due - time.monotonic(), 0.01)))
            with contextlib.suppress(BlockingIOError, ConnectionError):
                while True:
                    data = self._sock.recv(4096)
                    start = began.pop(int.from_bytes(data[:2], "big"), None)
                    if start is not None:
                        self.took_s.append(time.monotonic() - start)
                        self.rcodes[data[3] & 15] = self.rcodes.get(data[3] & 15, 0) + 1

    def stop(self) -> None:
        """Ask no more and wait for the last answers."""
        self._stopping.set()
        self.join(10)
        self._sock.close()


def _pair(family: socket.AddressFamily, address: str) -> tuple[socket.socket, socket.socket]:
    """UDP and listening TCP sockets on one free port."""
    for _ in range(50):
        udp = socket.socket(family, socket.SOCK_DGRAM)
        udp.bind((address, 0))
        tcp = socket.socket(family, socket.SOCK_STREAM)
        try:
            tcp.bind((address, udp.getsockname()[1]))
        except OSError:
            udp.close()
            tcp.close()
            continue
        tcp.listen(64)
        return udp, tcp
    raise OSError("no free port")
