"""DNS from outside: raw messages, a scripted upstream, and one running service that the protocol tests share.

The codec here is written from RFC 1035 and shares nothing with the product's. `Message` reads strictly: counts that do not
fit, bytes left over, or a pointer that does not go back are errors. What a name means to the upstream is said by tests:

    lab.upstream.on("www.t1.example", lambda asked: asked.answer(a("www.t1.example", "192.0.2.1")))
    assert lab.ask("www.t1.example").addresses == ["192.0.2.1"]
"""

from __future__ import annotations

import contextlib
import ipaddress
import itertools
import os
import select
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from struct import pack, unpack_from
from typing import Any

import pytest

from tests.processes import Service

A, NS, CNAME, SOA, PTR, HINFO, MX, TXT, AAAA, SRV, DNAME, OPT, DS = 1, 2, 5, 6, 12, 13, 15, 16, 28, 33, 39, 41, 43
RRSIG, NSEC, SVCB, HTTPS, IXFR, AXFR, ANY = 46, 47, 64, 65, 251, 252, 255
NOERROR, FORMERR, SERVFAIL, NXDOMAIN, NOTIMP, REFUSED = 0, 1, 2, 3, 4, 5
BADVERS = 16
QR, AA, TC, RD, RA, Z, AD, CD = 0x8000, 0x0400, 0x0200, 0x0100, 0x0080, 0x0040, 0x0020, 0x0010
QNAME = b"\xc0\x0c"

KID, PLAIN, SAFE, OFF, BEDTIME = "127.0.0.11", "127.0.0.12", "127.0.0.13", "127.0.0.14", "127.0.0.15"
_ids = itertools.count(0x1001)


# ---- messages ------------------------------------------------------------------------------------------------------


def wire(text: str) -> bytes:
    """The wire form of a name, letters as given."""
    labels = [label.encode("latin-1") for label in text.rstrip(".").split(".") if label]
    return b"".join(bytes([len(label)]) + label for label in labels) + b"\0"


def rr(owner: str | bytes, rtype: int, rdata: bytes, ttl: int = 300, rclass: int = 1) -> bytes:
    """One record; `owner` as text or as bytes (also a pointer)."""
    owner = wire(owner) if isinstance(owner, str) else owner
    return owner + pack(">HHIH", rtype, rclass, ttl, len(rdata)) + rdata


def a(owner: str | bytes, address: str, ttl: int = 300) -> bytes:
    """An A or AAAA record."""
    packed = ipaddress.ip_address(address).packed
    return rr(owner, A if len(packed) == 4 else AAAA, packed, ttl)


def cname(owner: str | bytes, target: str, ttl: int = 300) -> bytes:
    """A CNAME record."""
    return rr(owner, CNAME, wire(target), ttl)


def soa(owner: str | bytes, ttl: int = 300, minimum: int = 300) -> bytes:
    """An SOA record."""
    return rr(owner, SOA, wire("ns.example") + wire("root.example") + pack(">IIIII", 7, 3600, 600, 86400, minimum), ttl)


def svcb(owner: str | bytes, priority: int, target: str, params: Sequence[tuple[int, bytes]] = (), ttl: int = 300,
         rtype: int = HTTPS) -> bytes:  # fmt: skip
    """An HTTPS (or SVCB) record."""
    data = pack(">H", priority) + wire(target)
    for key, value in params:
        data += pack(">HH", key, len(value)) + value
    return rr(owner, rtype, data, ttl)


def option(code: int, data: bytes = b"") -> bytes:
    """One EDNS option."""
    return pack(">HH", code, len(data)) + data


def opt(
    size: int = 1232, *, do: bool = False, version: int = 0, options: bytes = b"", ext: int = 0, z: int = 0
) -> bytes:
    """An OPT record."""
    return b"\0" + pack(">HHBBHH", OPT, size, ext, version, (0x8000 if do else 0) | z, len(options)) + options


def query(
    name: str | bytes, qtype: int = A, *, qclass: int = 1, flags: int = RD, ident: int | None = None,
    edns: bytes | None = None, counts: tuple[int, int, int, int] | None = None, tail: bytes = b"",
) -> bytes:  # fmt: skip
    """A question; `counts` are what the header claims, `tail` is put behind."""
    if ident is None:
        ident = next(_ids) & 0xFFFF
    counts = counts or (1, 0, 0, 1 if edns is not None else 0)
    question = (wire(name) if isinstance(name, str) else name) + pack(">HH", qtype, qclass)
    return pack(">HHHHHH", ident, flags, *counts) + question + (edns or b"") + tail


@dataclass
class Record:
    """A record that was read; names in the data are written out."""

    owner: str
    rtype: int
    rclass: int
    ttl: int
    rdata: bytes

    @property
    def address(self) -> str:
        """An A or AAAA record's address."""
        return str(ipaddress.ip_address(self.rdata))

    @property
    def target(self) -> str:
        """The name that the data is."""
        return text(self.rdata)


def text(name: bytes) -> str:
    """A wire name as text."""
    return _read_name(name, 0)[0]


def _read_name(packet: bytes, pos: int) -> tuple[str, int]:
    labels: list[str] = []
    end = 0
    limit = pos
    while True:
        length = packet[pos]
        if length >= 0xC0:
            to = (length & 0x3F) << 8 | packet[pos + 1]
            end = end or pos + 2
            assert to < limit, "a pointer that does not go back"
            pos = limit = to
            continue
        assert length < 64, "a label type nobody knows"
        pos += 1
        if not length:
            break
        labels.append(packet[pos : pos + length].decode("latin-1"))
        assert pos + length <= len(packet)
        pos += length
    return ".".join(labels) or ".", end or pos


_NAMES = {NS: (0, 1), CNAME: (0, 1), PTR: (0, 1), DNAME: (0, 1), SOA: (0, 2), MX: (2, 1), SRV: (6, 1)}


class Message:
    """An answer, read to the last byte."""

    def __init__(self, packet: bytes) -> None:
        self.packet = packet
        self.id, self.flags, *counts = unpack_from(">HHHHHH", packet)
        self.rcode = self.flags & 15
        self.opcode = self.flags >> 11 & 15
        self.qr, self.aa, self.tc, self.rd = (bool(self.flags & bit) for bit in (QR, AA, TC, RD))
        self.ra, self.z, self.ad, self.cd = (bool(self.flags & bit) for bit in (RA, Z, AD, CD))
        pos = 12
        self.qname, self.qtype, self.qclass = "", 0, 0
        self.questions = counts[0]
        for _ in range(counts[0]):
            self.qname, pos = _read_name(packet, pos)
            self.qtype, self.qclass = unpack_from(">HH", packet, pos)
            pos += 4
        self.question = packet[12:pos]
        sections: list[list[Record]] = []
        for count in counts[1:]:
            section = []
            for _ in range(count):
                record, pos = self._record(pos)
                section.append(record)
            sections.append(section)
        assert pos == len(packet), f"{len(packet) - pos} bytes after the last record"
        self.answer, self.authority, additional = sections
        self.additional = [r for r in additional if r.rtype != OPT]
        opts = [r for r in additional if r.rtype == OPT]
        assert len(opts) <= 1 and not any(r.rtype == OPT for r in self.answer + self.authority)
        self.edns = bool(opts)
        self.options: list[tuple[int, bytes]] = []
        self.udp_size = self.version = 0
        self.do = False
        if opts:
            assert opts[0].owner == "."
            self.udp_size = opts[0].rclass
            self.rcode |= opts[0].ttl >> 24 << 4
            self.version = opts[0].ttl >> 16 & 255
            self.do = bool(opts[0].ttl & 0x8000)
            self.edns_z = opts[0].ttl & 0x7FFF
            data = opts[0].rdata
            while data:
                code, length = unpack_from(">HH", data)
                assert 4 + length <= len(data)
                self.options.append((code, data[4 : 4 + length]))
                data = data[4 + length :]

    def _record(self, pos: int) -> tuple[Record, int]:
        packet = self.packet
        owner, pos = _read_name(packet, pos)
        rtype, rclass, ttl, length = unpack_from(">HHIH", packet, pos)
        pos += 10
        end = pos + length
        assert end <= len(packet)
        rdata = packet[pos:end]
        if rtype in _NAMES:
            fixed, names = _NAMES[rtype]
            rdata = packet[pos : pos + fixed]
            at = pos + fixed
            for _ in range(names):
                name, at = _read_name(packet, at)
                rdata += wire(name) if name != "." else b"\0"
            rdata += packet[at:end]
            assert at <= end
        return Record(owner, rtype, rclass, ttl, rdata), end

    @property
    def addresses(self) -> list[str]:
        """The addresses in the answer section, in order."""
        return [r.address for r in self.answer if r.rtype in (A, AAAA)]

    @property
    def types(self) -> list[int]:
        """The types in the answer section, in order."""
        return [r.rtype for r in self.answer]

    @property
    def ttls(self) -> list[int]:
        """The TTLs in the answer section, in order."""
        return [r.ttl for r in self.answer]

    @property
    def ede(self) -> list[int]:
        """Extended error codes."""
        return [unpack_from(">H", data)[0] for code, data in self.options if code == 15]

    @property
    def ede_texts(self) -> list[str]:
        """Extended error texts."""
        return [data[2:].decode() for code, data in self.options if code == 15]

    @property
    def is_nodata(self) -> bool:
        """NOERROR without an answer, as RFC 2308 section 2.2 has it: with an SOA."""
        return self.rcode == NOERROR and not self.answer and [r.rtype for r in self.authority] == [SOA]

    @property
    def negative_ttl(self) -> int:
        """How long a cache may keep this negative answer (RFC 2308 section 5)."""
        record = self.authority[0]
        assert record.rtype == SOA
        return min(record.ttl, unpack_from(">I", record.rdata, len(record.rdata) - 4)[0])


# ---- the upstream --------------------------------------------------------------------------------------------------


@dataclass
class Asked:
    """A question that reached the upstream."""

    stub: Upstream
    packet: bytes
    source: Any
    transport: str
    send: Callable[[bytes], object]
    at: float = field(default_factory=time.monotonic)

    def __post_init__(self) -> None:
        self.message = Message(self.packet)
        self.name = self.message.qname.lower()
        self.qtype = self.message.qtype
        self.tcp = self.transport == "tcp"

    def answer(
        self, *an: bytes, ns: Sequence[bytes] = (), ar: Sequence[bytes] = (), rcode: int = NOERROR, flags: int = 0,
        question: bytes | None = None, ident: int | None = None, edns: bytes | None = opt(1232), header: int | None = None,
    ) -> bytes:  # fmt: skip
        """The bytes of an answer to it."""
        if header is None:
            header = QR | RA | (self.message.flags & (RD | CD)) | flags | rcode & 15
        if rcode > 15 and edns is not None:
            edns = opt(1232, ext=rcode >> 4)
        if not self.message.edns:
            edns = None
        extra = [*ar, *([edns] if edns is not None else [])]
        question = self.message.question if question is None else question
        counts = (1 if question else 0, len(an), len(ns), len(extra))
        ident = self.message.id if ident is None else ident
        return pack(">HHHHHH", ident, header, *counts) + question + b"".join([*an, *ns, *extra])

    def later(self, seconds: float, packet: bytes) -> None:
        """Send an answer after a while."""
        self.stub.later(seconds, lambda: self.send(packet))

    def from_elsewhere(self, packet: bytes, address: str = "127.0.0.1") -> None:
        """Send an answer from another port (or address) than the one that was asked."""
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as other:
            other.bind((address, 0))
            other.sendto(packet, self.source)


Script = Callable[[Asked], bytes | list[bytes] | None]


class Upstream:
    """A DNS server in a thread, on UDP and TCP; what it says is scripted a name. A name without a script is NXDOMAIN.

    A script returns the message (or messages) to send, or None for silence. `below=True` covers all names below, too.
    """

    def __init__(self, address: str = "127.0.0.1", *, tcp: bool = True, everything: Script | None = None) -> None:
        self.address = address
        self.seen: list[Asked] = []
        self.everything = everything
        self.connections = 0
        self._scripts: dict[str, Script] = {}
        self._wild: dict[str, Script] = {}
        self._due: list[tuple[float, Callable[[], object]]] = []
        self._udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._tcp: socket.socket | None = None
        for _ in range(50):
            self._udp.bind((address, 0))
            if not tcp:
                break
            self._tcp = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
            try:
                self._tcp.bind(self._udp.getsockname())
                self._tcp.listen(64)
                break
            except OSError:
                self._tcp.close()
                self._udp.close()
                self._udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.port = self._udp.getsockname()[1]
        self._streams: dict[int, tuple[socket.socket, bytearray, Any]] = {}
        self._stop, self._stopping = os.pipe()
        self._lock = threading.Lock()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def __enter__(self) -> Upstream:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @property
    def url(self) -> str:
        """Its address as an option."""
        return f"udp://{self.address}:{self.port}"

    def on(self, name: str, script: Script | bytes | Sequence[bytes], below: bool = False) -> None:
        """Say what happens to a question for `name`: a script, or the records of the answer section."""
        if isinstance(script, bytes):
            script = [script]
        if not callable(script):
            records = tuple(script)
            script = lambda asked: asked.answer(*records)  # noqa: E731
        (self._wild if below else self._scripts)[name.lower()] = script

    def asked(self, name: str, qtype: int | None = None) -> list[Asked]:
        """The questions for a name so far."""
        with self._lock:
            return [q for q in self.seen if q.name == name.lower() and qtype in (None, q.qtype)]

    def later(self, seconds: float, action: Callable[[], object]) -> None:
        """Do something after a while."""
        self._due.append((time.monotonic() + seconds, action))

    def close(self) -> None:
        """Stop; its port refuses from now on."""
        if self._stop < 0:
            return
        os.write(self._stopping, b"x")
        self._thread.join(5)
        for sock in (self._udp, self._tcp, *(s for s, _, _ in self._streams.values())):
            if sock is not None:
                sock.close()
        os.close(self._stop)
        os.close(self._stopping)
        self._stop = -1

    def _run(self) -> None:
        while True:
            now = time.monotonic()
            for due in [d for d in self._due if d[0] <= now]:
                self._due.remove(due)
                with contextlib.suppress(OSError):
                    due[1]()
            wait = min((at - now for at, _ in self._due), default=60.0)
            sockets: list[Any] = [self._stop, self._udp, *(s for s, _, _ in self._streams.values())]
            if self._tcp is not None:
                sockets.append(self._tcp)
            for ready in select.select(sockets, [], [], max(0.0, wait))[0]:
                if ready == self._stop:
                    return
                with contextlib.suppress(OSError):
                    self._serve(ready)

    def _serve(self, ready: Any) -> None:
        if ready is self._udp:
            packet, source = self._udp.recvfrom(65_535)
            self._heard(packet, source, "udp", lambda data: self._udp.sendto(data, source))
        elif ready is self._tcp:
            sock, source = ready.accept()
            self.connections += 1
            self._streams[sock.fileno()] = (sock, bytearray(), source)
        else:
            sock, buffer, source = self._streams[ready.fileno()]
            try:
                data = sock.recv(65_535)
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
                self._heard(packet, source, "tcp", lambda data: sock.sendall(len(data).to_bytes(2, "big") + data))

    def _heard(self, packet: bytes, source: Any, transport: str, send: Callable[[bytes], object]) -> None:
        asked = Asked(self, packet, source, transport, send)
        with self._lock:
            self.seen.append(asked)
        script = self._scripts.get(asked.name) or self.everything
        if script is None:
            script = next((s for n, s in self._wild.items() if asked.name == n or asked.name.endswith("." + n)), None)
        if script is None:
            zone = asked.name.rpartition(".")[2]
            said: bytes | list[bytes] | None = asked.answer(ns=[soa(zone)], rcode=NXDOMAIN)
        else:
            said = script(asked)
        for message in [said] if isinstance(said, bytes) else said or []:
            send(message)


# ---- asking --------------------------------------------------------------------------------------------------------


def exchange(server: tuple[str, int], packet: bytes, client: str = "", seconds: float = 6.0) -> bytes | None:
    """Send one datagram and return the answer's bytes, None when none comes in time."""
    family = socket.AF_INET6 if ":" in server[0] else socket.AF_INET
    with socket.socket(family, socket.SOCK_DGRAM) as sock:
        if client:
            sock.bind((client, 0))
        sock.connect(server)
        sock.settimeout(seconds)
        sock.send(packet)
        try:
            return sock.recv(65_535)
        except TimeoutError:
            return None


def silent(server: tuple[str, int], packet: bytes, client: str = "") -> bool:
    """True when a datagram gets no answer: a question behind it on the same socket is answered alone."""
    family = socket.AF_INET6 if ":" in server[0] else socket.AF_INET
    with socket.socket(family, socket.SOCK_DGRAM) as sock:
        if client:
            sock.bind((client, 0))
        sock.connect(server)
        sock.settimeout(3)
        sock.send(packet)
        probe = query("localhost", TXT)
        sock.send(probe)
        return sock.recv(65_535)[:2] == probe[:2]


class Stream:
    """A TCP connection of a client."""

    def __init__(self, server: tuple[str, int], client: str = "") -> None:
        family = socket.AF_INET6 if ":" in server[0] else socket.AF_INET
        self.sock = socket.socket(family, socket.SOCK_STREAM)
        self.sock.settimeout(6)
        self.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if client:
            self.sock.bind((client, 0))
        self.sock.connect(server)
        self._in = b""

    def __enter__(self) -> Stream:
        return self

    def __exit__(self, *_: object) -> None:
        self.sock.close()

    def send(self, *packets: bytes) -> None:
        """Send messages in one segment."""
        self.sock.sendall(b"".join(len(packet).to_bytes(2, "big") + packet for packet in packets))

    def read(self) -> bytes | None:
        """The next message, None at the end of the stream."""
        while len(self._in) < 2 or len(self._in) < 2 + int.from_bytes(self._in[:2], "big"):
            try:
                data = self.sock.recv(65_535)
            except ConnectionResetError:
                return None
            if not data:
                assert not self._in, "the stream ended inside a message"
                return None
            self._in += data
        end = 2 + int.from_bytes(self._in[:2], "big")
        packet, self._in = self._in[2:end], self._in[end:]
        return packet

    def ask(self, packet: bytes) -> Message:
        """Send one message and read one."""
        self.send(packet)
        answer = self.read()
        assert answer is not None
        return Message(answer)


class Lab:
    """A running service, its upstream, and ways to ask it."""

    def __init__(self, service: Service, upstream: Upstream, school: Upstream, state: Path) -> None:
        self.service = service
        self.upstream = upstream
        self.school = school
        self.state = state
        self.server = service.bound[0]

    def send(self, packet: bytes, client: str = PLAIN, tcp: bool = False) -> Message:
        """Send bytes, read an answer."""
        if tcp:
            with Stream(self.server, client) as stream:
                return stream.ask(packet)
        data = exchange(self.server, packet, client)
        assert data is not None, "no answer"
        return Message(data)

    def ask(
        self,
        name: str,
        qtype: int = A,
        client: str = PLAIN,
        *,
        edns: bytes | None = None,
        tcp: bool = False,
        flags: int = RD,
    ) -> Message:
        """Ask one question, and check what holds for every answer."""
        packet = query(name, qtype, edns=edns, flags=flags)
        got = self.send(packet, client, tcp)
        assert got.id == int.from_bytes(packet[:2], "big")
        assert got.qr and got.opcode == 0 and got.ra and not got.z and not got.aa
        assert got.question == packet[12 : 12 + len(wire(name)) + 4]
        assert got.edns is (edns is not None)
        return got

    def silent(self, packet: bytes, client: str = PLAIN) -> bool:
        """True when a datagram gets no answer."""
        return silent(self.server, packet, client)


HOUSEHOLD = """
version: 1
language: en
default_profile: plain
rebind_allow: [rebind.example]
forward_zones:
  - {{zone: school.example, to: "{school}"}}
  - {{zone: corp.test, to: "{school}"}}
  - {{zone: 168.192.in-addr.arpa, to: "{school}"}}
  - {{zone: printers.local, to: "{school}"}}
profiles:
  - {{id: plain, name: P, preset: none, switchable: false}}
  - id: kid
    name: K
    preset: none
    categories: {{gambling: block, bypass: block}}
    services: {{tiktok: block}}
    names: {{block: [blocked.example, secret.school.example], allow: [allowed.example, good.blocked.example]}}
  - {{id: safe, name: S, preset: none, switchable: false,
      safe_search: {{google: true, bing: true, duckduckgo: true, ecosia: true, yandex: true, youtube: strict}}}}
  - {{id: off, name: O, preset: none, names: {{always: [always.example]}}}}
  - {{id: bed, name: B, preset: none, windows: [{{name: Night, days: [mon, tue, wed, thu, fri, sat, sun], from: "00:00", to: "24:00", effect: offline}}]}}
devices:
  - {{id: d-kid, name: K, profile: kid, ip: 127.0.0.11}}
  - {{id: d-safe, name: S, profile: safe, ip: 127.0.0.13}}
  - {{id: d-off, name: O, profile: off, ip: 127.0.0.14}}
  - {{id: d-bed, name: B, profile: bed, ip: 127.0.0.15}}
internet_off:
  - {{profile: off, by: parent}}
"""


def filterd(*arguments: str, state: Path, run: Path) -> None:
    """Run the command; AssertionError with what it said when it fails."""
    done = subprocess.run(
        [sys.executable, "-m", "filterd", *arguments, "--state", str(state)],
        capture_output=True, text=True, timeout=60, env=os.environ | {"FILTERD_RUN": str(run)},
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr


def build_state(folder: Path, household: str) -> Path:
    """A state made by the commands that an operator would use."""
    state, run = folder / "state", folder / "state.run"
    run.mkdir(parents=True)
    (folder / "household.yaml").write_text(household)
    (folder / "gambling.txt").write_text("gamble.example\n")
    (folder / "province.txt").write_text("forbidden.example\n")
    filterd("lists", "add", "gam", "--category", "gambling", "--format", "domains", str(folder / "gambling.txt"),
            "--no-build", state=state, run=run)  # fmt: skip
    filterd("lists", "add", "prov", "--category", "abuse", "--mandatory", "--format", "domains",
            str(folder / "province.txt"), state=state, run=run)  # fmt: skip
    filterd("policy", "import", str(folder / "household.yaml"), state=state, run=run)
    return state


def start(state: Path, upstreams: Sequence[str], *more: str, dns: Sequence[str] = ("127.0.0.1:0",)) -> Service:
    """Start `filterd serve` over a copy of a state, so that several may run; wait until it answers."""
    folder = Path(tempfile.mkdtemp(prefix="protocol-", dir=state.parent))
    copy = folder / "state"
    shutil.copytree(state, copy)
    (folder / "state.run").mkdir()
    arguments = ["serve", "--state", str(copy), *more]
    for listen in dns:
        arguments += ["--dns", listen]
    for url in upstreams:
        arguments += ["--upstream", url]
    service = Service(arguments, copy, folder / "state.run")
    try:
        service.ready()
    except BaseException:
        service.end()
        raise
    return service


_KEY = pytest.StashKey[Lab]()


@pytest.fixture(scope="session")
def lab(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    """The service that all protocol tests share; its processes end with the session."""
    stash = request.config.stash
    found = stash.get(_KEY, None)
    if found is None:
        upstream, school = Upstream(), Upstream()
        request.config.add_cleanup(upstream.close)
        request.config.add_cleanup(school.close)
        state = build_state(tmp_path_factory.mktemp("lab"), HOUSEHOLD.format(school=school.url))
        service = start(state, [upstream.url])
        request.config.add_cleanup(lambda: service.end(signal.SIGKILL) and None)
        found = stash[_KEY] = Lab(service, upstream, school, state)
    yield found
