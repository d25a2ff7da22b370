"""The inner loop repeats what the engine would say: the same datagrams to both, the same bytes and events out.

Two workers with the same world live the same hours. One answers through Fast.drain, the other through Engine.on_query alone.
The upstream is a function of the question, so both are told the same.
"""

from __future__ import annotations

import ipaddress
import random
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest

from filterd.engine.commands import Ask, Command, Record, Reply, Source
from filterd.engine.engine import Engine
from filterd.model.household import Effect, InternetOff, Rule, Window
from filterd.wire.build import rr as wire_rr
from tests.playbook import (
    ADULT,
    BOX,
    HOUSEHOLD,
    KID,
    KID_PROFILE,
    NOW,
    SAFE_HOST,
    WALL,
    Answer,
    Query,
    settings,
    soa,
    world,
)

NAMES = [
    "www.example.org", "a.example", "multi.example", "short.example", "gone.example", "x.gone.example", "empty.example",
    "alias.example", "cloaked.example", "bad.example", "a.b.bad.example", "www.google.com", "worst.example", "local.local",
    "private.example", "null.example", "big.example", "dead.example", "localhost", "filterd.home.arpa",
]  # fmt: skip
QTYPES = ["A", "A", "A", "AAAA", "HTTPS", "TXT", "ANY", "PTR"]
CLIENTS = [KID, KID, ADULT, BOX, "fd00::7", "203.0.113.5", "192.168.1.77"]
PARTS: dict[str, Any] = {"lists": {"adult": ["bad.example"]}, "mandatory": {"abuse": ["worst.example"]}}
WINDOWS = (Window("Bedtime", Effect.OFFLINE, 13 * 60 + 40, 14 * 60 + 5),)


def say(packet: bytes) -> bytes | None:
    """What the world's DNS says to a question; None: nothing."""
    query = Answer()
    end = packet.index(b"\0", 12) + 5
    name = _text(packet)
    qtype = int.from_bytes(packet[end - 4 : end - 2], "big")
    records: list[str] = []
    if name == "dead.example":
        return None
    if name in ("gone.example", "x.gone.example"):
        query = Answer(authority=[soa("example", 60, 60)], rcode=3)
    elif qtype in (1, 28):
        data = "192.0.2.1" if qtype == 1 else "2001:db8::1"
        kind = "A" if qtype == 1 else "AAAA"
        records = {
            "multi.example": [f"{name} 300 {kind} {data}{n}" for n in range(3)],
            "short.example": [f"{name} 3 {kind} {data}"],
            "alias.example": [f"{name} 90 CNAME a.example", f"a.example 200 {kind} {data}"],
            "cloaked.example": [f"{name} 90 CNAME t.bad.example", f"t.bad.example 200 {kind} {data}"],
            "private.example": [f"{name} 90 {kind} " + ("192.168.1.1" if qtype == 1 else "fd00::1")],
            "null.example": [f"{name} 90 {kind} " + ("0.0.0.0" if qtype == 1 else "::")],
            "big.example": [f"{name} 400 {kind} {data}{n}" for n in range(40)],
        }.get(name, [f"{name} 3600 {kind} {data}"])
        query = Answer(*records)
    else:
        query = Answer(authority=[soa("example", 500, 400)] if name.endswith("example") else [])
    return query.packet(packet)


def _text(packet: bytes) -> str:
    labels, pos = [], 12
    while packet[pos]:
        labels.append(packet[pos + 1 : pos + 1 + packet[pos]].decode().lower())
        pos += 1 + packet[pos]
    return ".".join(labels)


class Worker:
    """An engine with an upstream that answers at once. `fast`: by way of the inner loop."""

    def __init__(self, fast: bool, household: Any, **changes: Any) -> None:
        self.fast = fast
        self.now = NOW
        self.offset = WALL - NOW
        self.engine = Engine(
            settings(**changes), world(household, **PARTS), random=random.Random(3), now=NOW, wall=WALL
        )
        self.replies: list[tuple[str, bytes]] = []
        self.events: list[tuple[bool, bytes]] = []
        self.engine.fast.sink = self._sink
        self.execute(self.engine.start(NOW))

    def _sink(self, blocked: bool, data: bytes, count: int) -> None:
        pos = 0
        for _ in range(count):
            size = 2 + int.from_bytes(data[pos : pos + 2], "little")
            self.events.append((blocked, data[pos : pos + size]))
            pos += size
        assert pos == len(data)

    def execute(self, commands: Sequence[Command]) -> None:
        queue = list(commands)
        while queue:
            command = queue.pop(0)
            if isinstance(command, Reply):
                self.replies.append((command.source.address, command.packet))
            elif isinstance(command, Record):
                self.events.append((command.blocked, command.data))
            elif isinstance(command, Ask):
                answer = say(command.packet)
                if answer is not None:
                    queue += self.engine.on_upstream(command.upstream, command.lane, answer, self.now)

    def ask(self, datagrams: list[tuple[bytes, tuple[str, int]]]) -> None:
        """Datagrams that came together."""
        if not self.fast:
            for packet, address in datagrams:
                self._slow(packet, address)
            return
        waiting = list(datagrams)

        def recvfrom(_: int) -> tuple[bytes, tuple[str, int]]:
            if not waiting:
                raise BlockingIOError
            return waiting.pop(0)

        def sendto(data: bytes, address: tuple[str, int]) -> None:
            self.replies.append((address[0], data))

        served = 0
        while waiting:
            served += self.engine.fast.drain(recvfrom, sendto, self._slow, self.now)
        assert served == len(datagrams)

    def _slow(self, packet: bytes, address: tuple[str, int]) -> None:
        packed = ipaddress.ip_address(address[0]).packed
        source = Source(address[0], packed, False, "192.168.1.2", address[1])
        self.execute(self.engine.on_query(packet, source, self.now))

    def wait(self, seconds: float) -> None:
        end = self.now + seconds
        while self.now < end:
            self.now = min(end, max(self.now + 0.05, self.engine.next_timer(self.now)))
            self.execute(self.engine.on_timer(self.now, self.now + self.offset))


def _home(**kid: Any) -> Any:
    return replace(HOUSEHOLD, profiles=(replace(KID_PROFILE, **kid), HOUSEHOLD.profiles[1]))


@pytest.mark.parametrize("seed", range(12))
def test_same_datagrams_same_answers_same_events(seed: int) -> None:
    rng = random.Random(seed)
    changes: dict[str, Any] = {
        "block_mode": rng.choice([None, "nxdomain", "page"]),
        "memo_entries": rng.choice([3, 40, 10_000]),
        "rate_per_client": rng.choice([5.0, 1e6]),
        "burst_per_client": 30.0,
    }
    household = _home(windows=WINDOWS)
    workers = [Worker(True, household, **changes), Worker(False, household, **changes)]
    for step in range(400):
        datagrams = []
        for _ in range(rng.choice([1, 1, 1, 3, 12])):
            name = rng.choice(NAMES[: rng.choice([3, 8, len(NAMES)])])
            if rng.random() < 0.1:
                name = name.upper()
            packet = Query(
                name, rng.choice(QTYPES), id=rng.getrandbits(16), edns=rng.choice([None, None, 512, 1232]),
                do=rng.random() < 0.1, cd=rng.random() < 0.05, rd=rng.random() < 0.95, ad=rng.random() < 0.1,
            ).packet()  # fmt: skip
            if rng.random() < 0.03:
                packet = packet[: rng.randrange(len(packet))]
            datagrams.append((packet, (rng.choice(CLIENTS), rng.randrange(1024, 65536))))
        seconds = rng.choice([0.0, 0.01, 0.3, 1.0, 7.0, 45.0, 200.0])
        for worker in workers:
            worker.ask(datagrams)
            if seconds:
                worker.wait(seconds)
        if step == 150:
            for worker in workers:
                off = replace(
                    household, internet_off=(InternetOff(profile="lan", start=WALL, until=WALL + 60 * 999, by="m"),)
                )
                worker.engine.swap(world(off, revision=2, **PARTS))
        if step == 220:
            for worker in workers:
                worker.engine.swap(world(_home(categories={"games": Rule.BLOCK}), revision=3, **PARTS))
        assert workers[0].replies == workers[1].replies, step
    for worker in workers:
        worker.engine.fast.flush()
    assert sorted(workers[0].events) == sorted(workers[1].events)
    stats = workers[0].engine.stats()
    assert stats["memo_hits"] > (20 if changes["memo_entries"] > 3 else 0)
    if changes["memo_entries"] == 10_000:
        assert stats["memo_renewed"] > 0
    for key in ("queries", "events", "blocked", "truncated", "drop_rate", "forwarded"):
        assert stats[key] == workers[1].engine.stats()[key], key


def test_upstream_function_speaks_for_the_names_of_the_story() -> None:
    assert SAFE_HOST not in NAMES
    assert wire_rr(b"\0", 1, 0, b"") == b"\0\0\1\0\1\0\0\0\0\0\0"
