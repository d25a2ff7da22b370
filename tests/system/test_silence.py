"""A device that asks other resolvers, plain and over TLS's port, beside this box: found by its silence, from what presence hears.

Everything is inside the namespaces: the other resolver stands outside the router. What presence hears in ten seconds of it
is taken for what it hears minute after minute, for a silence takes longer than a test.
"""

from __future__ import annotations

import json
import socket
import struct
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import dnslib
import pytest

from filterd.control.watch_replay import replay
from filterd.model.bypass import Kind as Way
from filterd.model.sighting import Kind, Sighting
from tests import packets
from tests.system.lan import MACS, Lan
from tests.system.test_presence import Inbox, World, presence

pytestmark = pytest.mark.system

OTHER, BOX = "198.51.100.7", "192.168.7.2"
SECONDS = 10.0
HOUR, MINUTE = 3600.0, 60.0
BEGAN = 1_796_000_000.0


class Resolver:
    """Answers over UDP at 53, and what is framed over TCP at 853: enough for a device to be content with."""

    def __init__(self, address: str) -> None:
        self.asked = {"udp": 0, "tcp": 0}
        self._udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._udp.bind((address, 53))
        self._tcp = socket.create_server((address, 853))
        self._ending = threading.Event()
        for sock in (self._udp, self._tcp):
            sock.settimeout(0.1)
        self._threads = [threading.Thread(target=f, daemon=True) for f in (self._serve_udp, self._serve_tcp)]
        for thread in self._threads:
            thread.start()

    def _serve_udp(self) -> None:
        while not self._ending.is_set():
            try:
                data, who = self._udp.recvfrom(4096)
            except TimeoutError:
                continue
            self.asked["udp"] += 1
            self._udp.sendto(answer(data), who)

    def _serve_tcp(self) -> None:
        while not self._ending.is_set():
            try:
                sock, _ = self._tcp.accept()
            except TimeoutError:
                continue
            with sock:
                sock.settimeout(5)
                (size,) = struct.unpack("!H", sock.recv(2))
                found = answer(sock.recv(size))
                self.asked["tcp"] += 1
                sock.sendall(struct.pack("!H", len(found)) + found)

    def close(self) -> None:
        """End it."""
        self._ending.set()
        for thread in self._threads:
            thread.join(5)
        self._udp.close()
        self._tcp.close()


def answer(question: bytes) -> bytes:
    """Return an answer with one address."""
    asked = dnslib.DNSRecord.parse(question)
    reply = asked.reply()
    reply.add_answer(dnslib.RR(asked.q.qname, rdata=dnslib.A("203.0.113.80"), ttl=60))
    return bytes(reply.pack())


def ask_udp(server: str) -> None:
    """Ask, and be answered."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.settimeout(5)
        sock.connect((server, 53))
        sock.send(bytes(dnslib.DNSRecord.question("www.example.org").pack()))
        assert len(sock.recv(4096)) > 20


def ask_tcp(server: str) -> None:
    """The same over a connection to the port of DNS over TLS."""
    data = bytes(dnslib.DNSRecord.question("www.example.org").pack())
    with socket.create_connection((server, 853), 5) as sock:
        sock.sendall(struct.pack("!H", len(data)) + data)
        assert len(sock.recv(4096)) > 20


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    with Lan(clients=4) as lan:
        inbox = Inbox(tmp_path)
        try:
            with presence(lan, tmp_path) as process:
                yield World(lan, inbox, process, tmp_path)
        finally:
            inbox.sock.close()


def test_a_device_with_other_resolvers_is_found_by_its_silence_and_one_that_asks_us_is_not(world: World) -> None:
    world.ip("c3", "route", "add", "default", "via", "192.168.7.1")
    lan = world.lan
    other, box = lan.inside("out", lambda: Resolver(OTHER)), lan.inside("ap", lambda: Resolver(BOX))
    try:
        world.send("c3", packets.dhcp_request(MACS["c3"], packets.option(12, b"phone")))
        joined = world.inbox.has(Kind.DHCP, "c3")
        ends = time.monotonic() + SECONDS
        while time.monotonic() < ends:
            lan.inside("c1", lambda: ask_udp(BOX))
            lan.inside("c3", lambda: ask_udp(OTHER))
            lan.inside("c3", lambda: ask_tcp(OTHER))
            for who, address in (("c1", "192.168.7.11"), ("c3", "192.168.7.13")):
                asked = packets.mdns([(packets.name(b"phone", b"local"), address)])  # as phones do now and then
                world.send(who, packets.mdns4(MACS[who], address, asked))
            world.inbox.take(0.5)
        assert other.asked["udp"] > 3 and other.asked["tcp"] > 3 and box.asked["udp"] > 3
    finally:
        other.close()
        box.close()
    heard = {who: [s for s in world.inbox.seen if s.mac == MACS[who]] for who in ("c1", "c3")}
    assert any(s.kind is Kind.TALKS for s in heard["c1"]) and any(s.kind is Kind.TALKS for s in heard["c3"])

    found = list(replay(evening(heard, joined), print))
    silent = [f for f in found if f.mac == MACS["c3"]]
    assert [f.kind for f in silent[:1]] == [Way.SILENT], found
    assert silent[0].at - (BEGAN + HOUR) <= 30 * MINUTE
    assert not [f for f in found if f.mac == MACS["c1"]]


def evening(heard: dict[str, list[Sighting]], joined: Sighting) -> Iterator[str]:
    """Yield a recording: what was heard, minute after minute. The phone joins after an hour; the other one asks us."""

    def record(at: float, sighting: Sighting) -> dict[str, Any]:
        return {
            "at": at, "record": "sighting", "mac": sighting.mac, "kind": sighting.kind.value, "address": sighting.address,
            "name": sighting.name, "detail": sighting.detail,
        }  # fmt: skip

    records = [{"record": "box", "addresses": [BOX]}]
    for minute in range(120):
        at = BEGAN + minute * MINUTE
        here = ["c1"] + ["c3"] * (minute >= 60)
        if minute == 60:
            records.append(record(at, joined))
        for who in here:
            records += [record(at + 10 + n / 10, s) for n, s in enumerate(heard[who]) if s.kind is not Kind.DHCP]
        if minute % 3 == 0:
            records.append({"at": at + 30, "record": "question", "mac": MACS["c1"], "name": "www.example.org"})
    return (json.dumps(one) for one in records)
