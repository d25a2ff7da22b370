"""The precedence table as cases for real processes: names, the answers an upstream gives for them, what must come of it.

A case is one question: row x place x type x age x transport. Every case has a name of its own, so that a miss is a
miss. `Script` is the upstream's behaviour, `household` the rules under which each row decides for its own client.
"""

from __future__ import annotations

import socket
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import dnslib

TYPES = {"A": 1, "TXT": 16, "AAAA": 28, "HTTPS": 65}
AGES = ("miss", "hit", "stale")
TRANSPORTS = ("udp4", "tcp4", "udp6", "tcp6")
CAP_S, BLOCK_S, STALE_S, LOCAL_S = 60, 10, 30, 60  # TTLs: DECISIONS 3, DECISIONS 2, RFC 8767 section 4, local answers

CLIENTS = {  # profile -> its device over IPv4; over IPv6 there is only ::1, which is lent to one profile after another
    name: f"127.0.1.{10 + number}"
    for number, name in enumerate(("plain", "night", "paused", "granted", "off", "own", "spent", "apps", "parents"))
}
HOUSEHOLD = """\
version: 1
language: en
default_profile: plain
profiles:
  - {id: plain, name: Plain, categories: {gambling: block}}
  - {id: night, name: Night, windows: [{name: Night, from: "00:00", to: "24:00", effect: offline}]}
  - {id: paused, name: Paused, categories: {gambling: block}}
  - {id: granted, name: Granted, categories: {gambling: block}, services: {tiktok: block}}
  - {id: "off", name: Out}
  - {id: own, name: Own, categories: {gambling: block}, names: {block: [own.example], allow: [fine.own.example]}}
  - {id: spent, name: Spent, budgets: [{services: [netflix], minutes: 30}]}
  - {id: apps, name: Apps, categories: {gambling: block, video: block}, services: {tiktok: block, youtube: allow}}
  - {id: parents, name: Parents, preset: adult}
grants:
  - {profile: paused, scope: filter, until: "2099-01-01T00:00:00+07:00"}
  - {profile: granted, scope: name, value: granted.example, until: "2099-01-01T00:00:00+07:00"}
internet_off:
  - {profile: "off"}
devices:
"""
LISTS = {"province": ("--mandatory", "worst.example"), "ours": ("", "casino.example")}  # id -> flag, name; gambling


@dataclass(frozen=True, slots=True)
class Place:
    """One row in one place: who asks, below which name, where the answer leads, and what decides."""

    row: str  # the row that must decide
    where: str  # question | cname | https
    profile: str
    base: str  # the question's name ends so; "!": exact names, see `hosts`
    target: str = ""  # the chain's name ends so
    action: str = "block"  # block | allow | local
    ede: int = 0
    address: str = ""  # "private", "null" or "told" (extended error 17): what is wrong with the answer
    types: tuple[str, ...] = tuple(TYPES)

    def __str__(self) -> str:
        return "-".join(part for part in (self.row, self.action, self.where, self.profile, self.address) if part)


def _chains(row: str, profile: str, base: str, target: str, **more: object) -> list[Place]:
    """The same target behind a CNAME for all types, and as the target of an HTTPS record."""
    cname = Place(row, "cname", profile, base, target, **more)  # type: ignore[arg-type]
    https = Place(row, "https", profile, base, target, types=("HTTPS",), **more)  # type: ignore[arg-type]
    return [cname, https]


OPEN = "open.example"
PLACES: Sequence[Place] = [
    Place("local", "question", "plain", "nowhere.test", action="local"),
    Place("lifeline", "question", "night", "!", action="allow"),
    *_chains("lifeline", "night", "!", "casino.example", action="allow"),
    *_chains("mandatory", "night", "!", "worst.example", ede=16),
    Place("mandatory", "question", "paused", "worst.example", ede=16),
    Place("mandatory", "question", "parents", "worst.example", ede=16),
    *_chains("mandatory", "paused", OPEN, "worst.example", ede=16),
    Place("grant", "question", "granted", "granted.example", action="allow"),
    *_chains("grant", "granted", "granted.example", "x.tiktokcdn.com", action="allow"),
    *_chains("mandatory", "granted", "granted.example", "worst.example", ede=16),
    Place("off", "question", "off", OPEN, ede=17),
    Place("window", "question", "night", OPEN, ede=17),
    Place("name", "question", "own", "own.example", ede=17),
    *_chains("name", "own", OPEN, "own.example", ede=17),
    Place("name", "question", "own", "fine.own.example", action="allow"),
    *_chains("name", "own", "fine.own.example", "casino.example", action="allow"),
    *_chains("default", "own", OPEN, "fine.own.example", action="allow"),
    Place("budget", "question", "spent", "nflxvideo.net", ede=17),
    *_chains("default", "spent", OPEN, "nflxvideo.net", action="allow"),
    Place("service", "question", "apps", "tiktokcdn.com", ede=17),
    *_chains("service", "apps", OPEN, "tiktokcdn.com", ede=17),
    Place("service", "question", "apps", "googlevideo.com", action="allow"),
    *_chains("category", "apps", "googlevideo.com", "casino.example", ede=17),
    Place("category", "question", "plain", "casino.example", ede=17),
    *_chains("category", "plain", OPEN, "casino.example", ede=17),
    Place("rebind", "question", "parents", OPEN, ede=15, address="private", types=("A", "AAAA", "HTTPS")),
    Place("rebind", "cname", "plain", OPEN, "far.example", ede=15, address="private", types=("A", "AAAA", "HTTPS")),
    Place("rebind", "https", "plain", OPEN, "far.example", ede=15, address="private", types=("HTTPS",)),
    Place("rebind", "question", "paused", OPEN, ede=15, address="private", types=("A", "AAAA", "HTTPS")),
    Place("upstream", "question", "parents", OPEN, ede=15, address="null", types=("A", "AAAA", "HTTPS")),
    Place("upstream", "question", "granted", "granted.example", ede=15, address="told"),
    *_chains("upstream", "plain", OPEN, "far.example", ede=15, address="told"),
    Place("default", "question", "plain", OPEN, action="allow"),
    *_chains("default", "plain", OPEN, "far.example", action="allow"),
    Place("default", "question", "parents", OPEN, action="allow"),
]


@dataclass(frozen=True, slots=True)
class Case:
    """One question with all that belongs to it."""

    place: Place
    qtype: str
    age: str
    transport: str
    name: str
    target: str

    @property
    def client(self) -> str:
        """The address it is asked from."""
        return "::1" if self.transport.endswith("6") else CLIENTS[self.place.profile]


def cases(place: Place, number: int, hosts: Sequence[str]) -> Iterator[Case]:
    """Yield all cases of a place. `hosts`: exact names for a place whose row knows only those."""
    spare = iter(hosts)
    for age in AGES:
        for transport in TRANSPORTS:
            label = f"{age}-{transport}-{number}"
            name = next(spare) if place.base == "!" else f"{label}.{place.base}"
            target = f"{label}.{place.target}" if place.target else ""
            for qtype in place.types:
                yield Case(place, qtype, age, transport, name, target)


class Script:
    """The upstream: answers for the names of all cases, with TTL 1 where a stale answer is wanted; fails for those later."""

    def __init__(self, all_cases: Sequence[Case]) -> None:
        self.failing = False
        self._cases = {(case.name, TYPES[case.qtype]): case for case in all_cases}
        self.asked: dict[tuple[str, int], int] = {}

    def __call__(self, question: dnslib.DNSRecord, transport: str) -> bytes | None:
        """Answer one question (tests.processes.Behaviour)."""
        name = str(question.q.qname).rstrip(".").lower()
        key = (name, question.q.qtype)
        self.asked[key] = self.asked.get(key, 0) + 1
        case = self._cases.get(key)
        if case is None:
            return None
        reply = question.reply(aa=0)
        if case.age == "stale" and self.failing:
            reply.header.rcode = dnslib.RCODE.SERVFAIL
            return bytes(reply.pack())
        ttl = 1 if case.age == "stale" else 300
        owner = question.q.qname
        if case.place.where == "cname":
            reply.add_answer(dnslib.RR(owner, 5, ttl=ttl, rdata=dnslib.CNAME(case.target)))
            owner = case.target
        data = record_data(case.qtype, case.place.address, case.target if case.place.where == "https" else "")
        reply.add_answer(dnslib.RR(owner, TYPES[case.qtype], ttl=ttl, rdata=data))
        if case.place.address == "told":
            reply.add_ar(dnslib.EDNS0(udp_len=1232, opts=[dnslib.EDNSOption(15, b"\0\x11")]))
        return bytes(reply.pack())


def record_data(qtype: str, address: str, target: str) -> dnslib.RD:
    """The record that answers: fine, or with a private or null address."""
    four = {"private": "192.168.1.1", "null": "0.0.0.0"}.get(address, "192.0.2.7")
    six = {"private": "fd00::1", "null": "::"}.get(address, "2001:db8::7")
    if qtype == "A":
        return dnslib.A(four)
    if qtype == "AAAA":
        return dnslib.AAAA(six)
    if qtype == "TXT":
        return dnslib.TXT("text")
    wire = b"".join(bytes((len(label),)) + label.encode() for label in target.split(".") if label) + b"\0"
    hint = b"\0\4\0\4" + socket.inet_pton(socket.AF_INET, four)
    return dnslib.RD(b"\0\1" + wire + hint)


def packed(data: dnslib.RD) -> bytes:
    """A record's data as they stand in a packet."""
    buffer = dnslib.DNSBuffer()
    data.pack(buffer)
    return bytes(buffer.data)


def ede_of(answer: dnslib.DNSRecord) -> list[int]:
    """The extended error codes of an answer (RFC 8914)."""
    options = [option for rr in answer.ar if rr.rtype == 41 for option in rr.rdata]
    return [int.from_bytes(option.data[:2], "big") for option in options if option.code == 15]
