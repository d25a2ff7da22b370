"""Stories as dialogues: what a client asks, what an upstream is asked and says, how much time goes by, what is answered.

    book = Playbook(world(lists={"adult": ["bad.example"]}))
    book >> Query("www.example.org")
    book << Asked("www.example.org")
    book >> Answer("www.example.org 300 A 192.0.2.1")
    book << Reply(a=["192.0.2.1"], ttl=60) << Nothing()

`>>` gives the engine something, `<<` expects the next command. Packets of clients and upstreams are made and read by dnslib,
so that the product's own codec is not its own witness. The engine, policy and bundle are the real ones; time is a number that
the story moves; `Asked` remembers the upstream's question so that `Answer` can answer it with its id and letters.
"""

from __future__ import annotations

import ipaddress
import random
import tempfile
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import dnslib

from filterd.engine.commands import Ask, AskTcp, Command, Source
from filterd.engine.commands import Reply as ReplyCommand
from filterd.engine.engine import Engine
from filterd.engine.settings import Settings
from filterd.engine.world import World
from filterd.listbuild.build import Builder, content_key
from filterd.listbuild.claims import BLOCK, mask_of
from filterd.lists.bundle import Bundle
from filterd.model.event import Event, decode
from filterd.model.household import Device, Household, Profile, Rule
from filterd.model.tags import Tag, TagKind
from filterd.model.upstream import parse as upstream
from filterd.policy.clients import ClientMap
from filterd.policy.compile import Knowledge, compile_snapshot
from filterd.policy.judge import Judge
from filterd.policy.snapshot import Snapshot, dump
from filterd.wire.name import to_wire

NOW = 1000.0  # monotonic seconds at the start of every story
WALL = 1_795_500_000.0  # POSIX seconds at the same moment: Tuesday 2026-11-24 13:00 in Vietnam
KID, ADULT, OUTSIDER, BOX = "192.168.1.20", "192.168.1.30", "203.0.113.9", "127.0.0.1"
UPSTREAMS = ("udp://192.0.2.53", "udp://192.0.2.54")
SAFE_HOST = "forcesafesearch.google.com"
SAFE_ADDRESS = "216.239.38.120"
KEY = bytes(16)

_entry = SimpleNamespace
KNOWLEDGE = Knowledge(
    categories={
        name: _entry(harm=name in ("adult", "abuse"), name_vi=f"nhóm {name}", name_en=name)
        for name in ("adult", "abuse", "games", "bypass")
    },
    services={"tube": _entry(name_vi="Tube", name_en="Tube"), "chat": _entry(name_vi="Chat", name_en="Chat")},
    presets={},
    safe_hosts={to_wire("www.google.com"): "google", to_wire("www.bing.com"): "bing"},
    safe_targets={"google": {"on": to_wire(SAFE_HOST)}, "bing": {"on": to_wire("strict.bing.com")}},
    safe_fallbacks={"google": ipaddress.ip_address(SAFE_ADDRESS).packed},
)
KID_PROFILE = Profile(
    "lan", "Lan", switchable=True, categories={"adult": Rule.BLOCK, "bypass": Rule.BLOCK},
    safe_search={"google": "on", "bing": "on"},
)  # fmt: skip
ADULT_PROFILE = Profile("bo-me", "Bố mẹ", switchable=False)
DEVICES = (Device("phone", "phone", "lan", ip=KID), Device("laptop", "laptop", "bo-me", ip=ADULT))
HOUSEHOLD = Household((KID_PROFILE, ADULT_PROFILE), default_profile="lan", language="en", devices=DEVICES)


def bundle(
    lists: Mapping[str, Iterable[str]] | None = None,
    services: Mapping[str, Iterable[str]] | None = None,
    lifelines: Iterable[str] = (),
    canaries: Iterable[str] = (),
    mandatory: Mapping[str, Iterable[str]] | None = None,
) -> Bundle:
    """Build a real bundle. `lists`, `mandatory`: category -> names with all below; canaries are of category `bypass`."""
    builder = Builder()

    def add(tag: Tag, names: Iterable[str], mask: int = BLOCK) -> None:
        builder.add(tag, [(mask, to_wire(name)) for name in names])

    for category, names in (lists or {}).items():
        add(Tag(TagKind.LIST, f"{category}-list", category), names)
    for category, names in (mandatory or {}).items():
        add(Tag(TagKind.LIST, f"province-{category}", category, True), names)
    for service, names in (services or {}).items():
        add(Tag(TagKind.SERVICE, service), names)
    add(Tag(TagKind.LIFELINE, "lifeline"), lifelines, mask_of(exact=True))
    for name in canaries:
        add(Tag(TagKind.CANARY, name), [name])
        add(Tag(TagKind.LIST, "canaries", "bypass"), [name])
    with tempfile.TemporaryDirectory() as folder:
        built = builder.write(Path(folder), content_key([KEY]))
        return Bundle(built.path.read_bytes())


def world(
    household: Household = HOUSEHOLD, revision: int = 1, macs: dict[str, str] | None = None, made: float = WALL,
    knowledge: Knowledge = KNOWLEDGE, **parts: Any,
) -> World:  # fmt: skip
    """Return a world of the real policy and a real bundle (`parts`: as for bundle())."""
    snapshot = Snapshot.load(dump(compile_snapshot(household, knowledge, made)))
    lists = bundle(**parts)
    return World(revision, lists, snapshot, Judge(snapshot, lists.tagsets), ClientMap(macs))


def settings(**changes: Any) -> Settings:
    """Return settings with two upstreams."""
    given = {"upstreams": tuple(map(upstream, UPSTREAMS)), "lanes": 4, **changes}
    return Settings(**given)


def type_number(qtype: str | int) -> int:
    """Return the number of a type; TYPE123 and SVCB too."""
    if isinstance(qtype, int):
        return qtype
    extra = {"SVCB": 64, "DNAME": 39, "HINFO": 13, "NSEC3": 50}
    if qtype in extra:
        return extra[qtype]
    if qtype.startswith("TYPE"):
        return int(qtype[4:])
    return int(getattr(dnslib.QTYPE, qtype))


def source(client: str, *, tcp: bool = False, local: str = "192.168.1.2", port: int = 40000) -> Source:
    """Return where a question comes from."""
    return Source(client, ipaddress.ip_address(client).packed, tcp, local, port)


@dataclass
class Query:
    """A client's question. `edns`: None for no OPT, else the UDP size; `raw`: the packet itself."""

    name: str = "."
    qtype: str | int = "A"
    client: str = KID
    edns: int | None = None
    do: bool = False
    cd: bool = False
    rd: bool = True
    ad: bool = False
    tcp: bool = False
    id: int = 0x1234
    qclass: int = 1
    local: str = "192.168.1.2"
    port: int = 40000
    options: Sequence[tuple[int, bytes]] = ()
    raw: bytes | None = None

    def packet(self) -> bytes:
        """Return the packet."""
        if self.raw is not None:
            return self.raw
        flags = (0x0100 if self.rd else 0) | (0x20 if self.ad else 0) | (0x10 if self.cd else 0)
        out = self.id.to_bytes(2, "big") + flags.to_bytes(2, "big") + b"\0\1\0\0\0\0"
        out += b"\0\1" if self.edns is not None else b"\0\0"
        out += _wire(self.name) + type_number(self.qtype).to_bytes(2, "big") + self.qclass.to_bytes(2, "big")
        if self.edns is not None:
            data = b"".join(c.to_bytes(2, "big") + len(v).to_bytes(2, "big") + v for c, v in self.options)
            out += b"\0\0\x29" + self.edns.to_bytes(2, "big") + b"\0\0" + (b"\x80\0" if self.do else b"\0\0")
            out += len(data).to_bytes(2, "big") + data
        return out


@dataclass
class Answer:
    """What the last asked upstream says: records as zone-file lines, "name TTL TYPE data"."""

    records: tuple[str, ...] = ()
    authority: tuple[str, ...] = ()
    additional: tuple[str, ...] = ()
    rcode: int = 0
    tc: bool = False
    ad: bool = False
    ede: tuple[tuple[int, str], ...] = ()
    edns: bool = True
    to: int = -1  # index of the question in the playbook's list of upstream questions
    change: Any = None  # function of the finished packet, to forge it
    raw: bytes | None = None

    def __init__(self, *records: str, **fields: Any) -> None:
        self.records = records
        for name, value in fields.items():
            assert hasattr(type(self), name), name
            setattr(self, name, tuple(value) if isinstance(value, list) else value)

    def packet(self, question: bytes) -> bytes:
        """Return the packet that answers `question`."""
        end = 12 + len(_raw_name(question)) + 4
        flags = 0x8080 | (0x0100 if question[2] & 1 else 0) | (0x0200 if self.tc else 0) | self.rcode & 15
        flags |= (0x20 if self.ad else 0) | (question[3] & 0x10)
        sections = [[rr(line) for line in part] for part in (self.records, self.authority, self.additional)]
        if self.edns and question[11]:
            data = b"".join(
                b"\0\x0f" + (2 + len(text.encode())).to_bytes(2, "big") + code.to_bytes(2, "big") + text.encode()
                for code, text in self.ede
            )
            opt = b"\0\0\x29\x04\xd0" + bytes([self.rcode >> 4, 0, 0, 0]) + len(data).to_bytes(2, "big") + data
            sections[2].append(opt)
        counts = b"".join(len(part).to_bytes(2, "big") for part in sections)
        body = b"".join(record for part in sections for record in part)
        return question[:2] + flags.to_bytes(2, "big") + b"\0\1" + counts + question[12:end] + body


@dataclass
class Wait:
    """Time goes by, with every timer the engine asks for."""

    seconds: float


@dataclass
class Unreachable:
    """ICMP says that the last question to an upstream did not arrive."""

    to: int = -1


@dataclass
class NoTcp:
    """The TCP connection of the last question fails."""

    to: int = -1


@dataclass
class Swap:
    """A new world is taken into service."""

    world: World


@dataclass
class Reply:
    """The next answer to a client. None: not looked at. Texts as dnslib prints data."""

    rcode: int | None = 0
    a: Sequence[str] | None = None
    aaaa: Sequence[str] | None = None
    cname: Sequence[str] | None = None
    count: int | None = None  # answer records
    ttl: int | None = None  # of every answer record
    soa_ttl: int | None = None
    ede: int | None = None  # the first extended error; 0: none
    ede_text: str | None = None
    tc: bool = False
    ad: bool = False
    to: str | None = None
    edns: bool | None = None
    check: Any = None


@dataclass
class Asked:
    """The next question to an upstream."""

    name: str | None = None
    qtype: str | int | None = None
    upstream: int | None = None
    tcp: bool = False
    do: bool | None = None
    cd: bool | None = None
    edns: bool | None = None


@dataclass
class Nothing:
    """Nothing more is to be sent."""


@dataclass
class Logged:
    """The next event record."""

    action: str | None = None
    row: str | None = None
    name: str | None = None
    origin: int | None = None
    matched: str | None = None
    category: str | None = None
    device: str | None = None


class Playbook:
    """One engine and the story so far."""

    def __init__(
        self, first: World | None = None, *, probes: bool = False, seed: int = 1, now: float = NOW, wall: float = WALL,
        **changes: Any,
    ) -> None:  # fmt: skip
        """`probes`: show the engine's own questions to upstreams too (loop check, probation)."""
        self.now = now
        self.offset = wall - now
        self.probes = probes
        self.engine = Engine(
            settings(**changes), first or world(), random=random.Random(seed), now=self.now, wall=self.wall
        )
        self.commands: list[Command] = []
        self.events: list[Event] = []
        self.asked: list[Ask | AskTcp] = []
        self.last: dnslib.DNSRecord | None = None
        self.last_packet = b""
        self.engine.fast.sink = self._hear
        self._take(self.engine.start(self.now))

    @property
    def wall(self) -> float:
        """POSIX seconds."""
        return self.now + self.offset

    def __rshift__(self, step: Any) -> Playbook:
        engine = self.engine
        match step:
            case Query():
                came_from = source(step.client, tcp=step.tcp, local=step.local, port=step.port)
                self._take(engine.on_query(step.packet(), came_from, self.now))
            case Answer():
                ask = self.asked[step.to]
                packet = step.raw if step.raw is not None else step.packet(ask.packet)
                if step.change is not None:
                    packet = step.change(packet)
                if isinstance(ask, AskTcp):
                    self._take(engine.on_upstream_tcp(ask.upstream, ask.token, packet, self.now))
                else:
                    self._take(engine.on_upstream(ask.upstream, ask.lane, packet, self.now))
            case Unreachable():
                ask = self.asked[step.to]
                assert isinstance(ask, Ask)
                self._take(engine.on_upstream_error(ask.upstream, ask.lane, self.now))
            case NoTcp():
                ask = self.asked[step.to]
                assert isinstance(ask, AskTcp)
                self._take(engine.on_upstream_tcp(ask.upstream, ask.token, None, self.now))
            case Wait():
                end = self.now + step.seconds
                while self.now < end or engine.next_timer(self.now) <= self.now:
                    due = engine.next_timer(self.now)
                    assert due <= self.now + 1.0
                    self.now = min(end, max(due, self.now + 0.001))
                    self._take(engine.on_timer(self.now, self.wall))
            case Swap():
                assert engine.swap(step.world) == step.world.revision
            case _:
                raise AssertionError(f"cannot do {step!r}")
        return self

    def __lshift__(self, step: Any) -> Playbook:
        if isinstance(step, Nothing):
            assert not self.commands, f"unexpected {self.commands!r}"
            return self
        if isinstance(step, Logged):
            assert self.events, "no event was recorded"
            _check_event(step, self.events.pop(0))
            return self
        wanted = ReplyCommand if isinstance(step, Reply) else AskTcp if step.tcp else Ask
        for index, command in enumerate(self.commands):
            if isinstance(command, wanted):
                del self.commands[index]
                break
        else:
            raise AssertionError(f"expected {step!r}, got {self.commands!r}")
        if isinstance(command, ReplyCommand):
            assert isinstance(step, Reply)
            self.last_packet = command.packet
            self.last = dnslib.DNSRecord.parse(command.packet)
            _check_reply(step, command, self.last)
        else:
            assert isinstance(step, Asked)
            assert isinstance(command, Ask | AskTcp)
            self.asked.append(command)
            _check_asked(step, command)
        return self

    def resolve(self, name: str, *records: str, qtype: str = "A", client: str = KID, **fields: Any) -> Playbook:
        """Shorthand: a question that is forwarded, and what the upstream says."""
        self >> Query(name, qtype, client=client) << Asked(name)
        return self >> Answer(*records, **fields)

    def _hear(self, blocked: bool, data: bytes, count: int) -> None:
        """Take event records; the inner loop hands them over some at a time."""
        at = 0
        for _ in range(count):
            event, at = decode(data, at)
            assert blocked == (event.tail.action == 1)
            self.events.append(event)
        assert at == len(data)

    def _take(self, commands: Sequence[Command]) -> None:
        self.engine.fast.flush()
        for command in commands:
            own = isinstance(command, Ask | AskTcp) and b"\x12filterd-loop-check" in command.packet.lower()
            if not own or self.probes:
                self.commands.append(command)


def rr(line: str) -> bytes:
    """Return the wire bytes of "name TTL TYPE data"; for types dnslib does not know, data is hexadecimal."""
    name, ttl, rtype, *data = line.split(" ", 3)
    rest = data[0] if data else ""
    head = _wire(name) + type_number(rtype).to_bytes(2, "big") + b"\0\1" + int(ttl).to_bytes(4, "big")
    if rtype == "DNAME":
        rdata = _wire(rest)
    elif rtype == "AAAA":
        rdata = ipaddress.ip_address(rest).packed
    elif rtype in ("SVCB", "HINFO", "NSEC3") or rtype.startswith("TYPE"):
        rdata = bytes.fromhex(rest)
    else:
        buffer: Any = dnslib.DNSBuffer()
        buffer.encode_name = buffer.encode_name_nocompress  # pointers would count from the buffer's start
        dnslib.RR.fromZone(f"{name} {ttl} IN {rtype} {rest}")[0].rdata.pack(buffer)
        rdata = bytes(buffer.data)
    return head + len(rdata).to_bytes(2, "big") + rdata


def soa(zone: str, ttl: int = 900, minimum: int = 300) -> str:
    """Return an SOA line."""
    return f"{zone} {ttl} SOA ns.{zone} admin.{zone} 1 2 3 4 {minimum}"


def _wire(name: str) -> bytes:
    """The wire form of a name, case kept."""
    labels = [part for part in name.rstrip(".").split(".") if part]
    return b"".join(bytes((len(label),)) + label.encode() for label in labels) + b"\0"


def _raw_name(packet: bytes) -> bytes:
    pos = 12
    while packet[pos]:
        pos += packet[pos] + 1
    return packet[12 : pos + 1]


def _edes(record: dnslib.DNSRecord) -> list[tuple[int, str]]:
    found = []
    for extra in record.ar:
        if extra.rtype == 41:
            for option in extra.rdata if isinstance(extra.rdata, list) else []:
                if option.code == 15:
                    found.append((int.from_bytes(option.data[:2], "big"), option.data[2:].decode()))
    return found


def _check_reply(step: Reply, command: ReplyCommand, got: dnslib.DNSRecord) -> None:
    shown = str(got)
    assert got.header.qr == 1 and got.header.ra == 1 and got.header.aa == 0, shown
    if step.rcode is not None:
        assert got.header.rcode == step.rcode, shown
    assert bool(got.header.tc) == step.tc, shown
    assert bool(command.packet[3] & 0x20) == step.ad, shown
    if step.tc:
        assert not got.rr and not got.auth, shown
    for wanted, rtype in ((step.a, 1), (step.aaaa, 28), (step.cname, 5)):
        if wanted is not None:
            assert [str(record.rdata).rstrip(".") for record in got.rr if record.rtype == rtype] == list(wanted), shown
    if step.count is not None:
        assert len(got.rr) == step.count, shown
    if step.ttl is not None:
        assert got.rr and {record.ttl for record in got.rr} == {step.ttl}, shown
    if step.soa_ttl is not None:
        assert [record.ttl for record in got.auth if record.rtype == 6] == [step.soa_ttl], shown
    edes = _edes(got)
    if step.ede is not None:
        assert (edes[0][0] if edes else 0) == step.ede, shown
    if step.ede_text is not None:
        assert edes and edes[0][1] == step.ede_text, shown
    if step.edns is not None:
        assert any(extra.rtype == 41 for extra in got.ar) == step.edns, shown
    if step.to is not None:
        assert command.source.address == step.to
    if step.check is not None:
        step.check(got)


def _check_asked(step: Asked, command: Ask | AskTcp) -> None:
    packet = command.packet
    name = _raw_name(packet)
    end = 12 + len(name)
    assert packet[2:4] in (b"\x01\x00", b"\x01\x10"), packet
    if step.name is not None:
        assert name.lower() == _wire(step.name).lower(), name
    if step.qtype is not None:
        assert int.from_bytes(packet[end : end + 2], "big") == type_number(step.qtype)
    if step.upstream is not None:
        assert command.upstream == step.upstream
    opt = packet[end + 4 :]
    assert opt in (b"", b"\0\0\x29\x04\xd0\0\0\0\0\0\0", b"\0\0\x29\x04\xd0\0\0\x80\0\0\0"), (
        "no option is ever passed on"
    )
    if step.edns is not None:
        assert bool(opt) == step.edns
    if step.do is not None:
        assert (opt[7:8] == b"\x80") == step.do
    if step.cd is not None:
        assert bool(packet[3] & 0x10) == step.cd


def _check_event(step: Logged, event: Event) -> None:
    tail = event.tail
    if step.action is not None:
        assert tail.action.name.lower() == step.action
    if step.row is not None:
        assert tail.row.id == step.row
    if step.name is not None:
        assert tail.qname == to_wire(step.name)
    if step.origin is not None:
        assert tail.origin == step.origin
    if step.matched is not None:
        assert tail.matched == (to_wire(step.matched) if step.matched else b"")
    if step.category is not None:
        assert tail.category == step.category
    if step.device is not None:
        assert tail.device == step.device
