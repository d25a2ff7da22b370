"""Whatever bytes come from clients and upstreams, in whatever order: no exception, no answer longer than allowed, no leak."""

from __future__ import annotations

import random
from typing import Any

import pytest

from filterd.engine.commands import Ask, AskTcp, Reply
from filterd.model.upstream import parse
from filterd.wire.scan import scan_response
from tests.playbook import KID, Answer, Playbook, Query, Wait, soa, source, world

NAMES = [
    "www.example.org",
    "a.example",
    "bad.example",
    "www.google.com",
    "www.bing.com",
    "x.local",
    "gone.example",
    ".",
]
QTYPES = ["A", "AAAA", "HTTPS", "TXT", "MX", "ANY", "SOA", "CNAME", "TYPE46", "TYPE252", "TYPE0"]


def _records(rng: random.Random, name: str) -> list[str]:
    lines = [
        f"{name} {rng.choice([0, 1, 60, 300])} A 192.0.2.{rng.randrange(255)}",
        f"{name} 300 AAAA 2001:db8::1",
        f"{name} 300 CNAME a.example",
        f"a.example 300 A 10.0.0.{rng.randrange(255)}",
        f"a.example 300 CNAME {name}",
        "example 300 DNAME bad.example",
        f"{name} 300 MX 5 mail.example",
        f"{name} 300 HTTPS 1 . ipv4hint=192.0.2.1",
        f"{name} 300 TXT hello",
        soa("example"),
    ]
    return [rng.choice(lines) for _ in range(rng.randrange(5))]


def _damage(rng: random.Random, packet: bytes) -> bytes:
    data = bytearray(packet)
    for _ in range(rng.choice([0, 0, 0, 1, 1, 3])):
        if data:
            data[rng.randrange(len(data))] = rng.randrange(256)
    if rng.random() < 0.1:
        del data[rng.randrange(len(data) + 1) :]
    return bytes(data) + (rng.randbytes(5) if rng.random() < 0.05 else b"")


@pytest.mark.parametrize("seed", range(8))
def test_noise_from_all_sides(seed: int) -> None:
    rng = random.Random(seed)
    upstreams = tuple(map(parse, rng.choice([("udp://192.0.2.53", "tcp://192.0.2.54"), ("udp://127.0.0.1",)])))
    book = Playbook(
        world(lists={"adult": ["bad.example"]}), upstreams=upstreams, seed=seed, rate_per_client=1e6, burst_per_client=1e6,
        max_inflight=50, max_inflight_per_client=30, cache_bytes=60_000, block_mode=rng.choice([None, "page"]),
    )  # fmt: skip
    asked: list[Ask | AskTcp] = []
    for _ in range(1500):
        roll = rng.random()
        if roll < 0.45:
            query = Query(
                rng.choice(NAMES), rng.choice(QTYPES), edns=rng.choice([None, 512, 1232, 4096]), do=rng.random() < 0.3,
                tcp=rng.random() < 0.2, id=rng.getrandbits(16), cd=rng.random() < 0.1,
            )  # fmt: skip
            came_from = source(KID, tcp=query.tcp, port=rng.randrange(65536))
            commands: Any = book.engine.on_query(_damage(rng, query.packet()), came_from, book.now)
            limit = 65535 if query.tcp else 1232
            assert all(len(command.packet) <= limit for command in commands if isinstance(command, Reply))
        elif roll < 0.85 and asked:
            ask = rng.choice(asked[-20:])
            name = rng.choice(NAMES)
            answer = Answer(
                *_records(rng, name), authority=rng.choice([[], [soa("example")]]), rcode=rng.choice([0, 0, 0, 3, 2, 5, 1, 6, 16]),
                tc=rng.random() < 0.05, ede=rng.choice([[], [], [(17, "")], [(3, "x")]]),
            )  # fmt: skip
            packet = _damage(rng, answer.packet(ask.packet))
            if isinstance(ask, AskTcp):
                commands = book.engine.on_upstream_tcp(
                    ask.upstream, ask.token, rng.choice([packet, packet, None]), book.now
                )
            else:
                commands = book.engine.on_upstream(ask.upstream, ask.lane, packet, book.now)
        elif roll < 0.88:
            commands = book.engine.on_upstream(
                rng.randrange(4), rng.randrange(9), rng.randbytes(rng.randrange(60)), book.now
            )
        elif roll < 0.9:
            commands = book.engine.on_upstream_error(0, rng.randrange(4), book.now)
        else:
            book >> Wait(rng.choice([0.05, 0.5, 3.0, 100.0]))
            commands = book.commands[:]
            book.commands.clear()
        for command in commands:
            if isinstance(command, Ask | AskTcp):
                asked.append(command)
            else:
                assert scan_response(command.packet).qr  # every answer can be read
    book >> Wait(10)
    stats = book.engine.stats()
    assert stats["inflight"] == 0
    assert stats["cache_bytes"] <= 60_000 or stats["cache_facts"] == 1
    forward = book.engine._forward
    assert sum(client.waiting for client in book.engine.fast.clients.values()) == 0
    assert sum(len(lane) for lanes in forward._lanes._udp for lane in lanes) == len(
        [probe for probe in forward._probes._open if probe.lane >= 0]
    )
