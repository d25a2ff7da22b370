"""Who is asked whether it answers DNS, and what counts as an answer. Real sockets on the loopback."""

from __future__ import annotations

import ipaddress
import socket
import struct
import time
from collections.abc import Iterator

import pytest

from filterd.host.interfaces import Link
from filterd.host.neighbours import REACHABLE, Entry
from filterd.model.sighting import ANSWERS, Kind, Sighting
from filterd.presence.ask_dns import MAX_TARGETS, WAIT_S, Questions, Target, targets

OWN, ROUTER = "02:aa:00:00:00:02", "02:aa:00:00:00:01"
LO = Entry("127.0.0.1", ROUTER, REACHABLE, socket.if_nametoindex("lo"))


def link(*prefixes: str, name: str = "eth0", gateways: tuple[str, ...] = ()) -> Link:
    return Link(name, OWN, tuple(ipaddress.ip_interface(text) for text in prefixes), gateways)


def test_gateways_and_known_ones_on_link_are_asked_and_never_this_box() -> None:
    found = [
        link("192.0.2.2/24", "fe80::2/64", gateways=("192.0.2.1", "fe80::1")),
        link("198.51.100.2/24", name="eth1", gateways=("192.0.2.2",)),
    ]
    known = [
        Target("192.0.2.7", "eth0"),
        Target("fe80::7", "eth0"),
        Target("192.0.2.1", "eth0"),  # the gateway again
        Target("203.0.113.53", "eth0"),  # a resolver on the Internet
        Target("198.51.100.7", "eth0"),  # of another interface's network
        Target("198.51.100.2", "eth1"),  # ourselves
        Target("192.0.2.8", "gone0"),
    ]
    assert targets(found, known) == [
        Target("192.0.2.1", "eth0"), Target("fe80::1", "eth0"), Target("192.0.2.7", "eth0"), Target("fe80::7", "eth0"),
    ]  # fmt: skip
    assert targets([], known) == []


def test_however_many_offer_themselves_a_round_is_bounded() -> None:
    known = [Target(f"192.0.2.{number}", "eth0") for number in range(3, 200)]
    assert len(targets([link("192.0.2.2/24", gateways=("192.0.2.1",))], known)) == MAX_TARGETS


@pytest.fixture
def server() -> Iterator[socket.socket]:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.bind(("127.0.0.1", 0))
        sock.settimeout(5)
        yield sock


def asked(server: socket.socket, table: list[Entry]) -> tuple[Questions, bytes, tuple[str, int]]:
    """Ask it; return the question and where it came from."""
    questions = Questions(lambda: table, server.getsockname()[1])
    questions.ask([Target("127.0.0.1", "lo")], 100.0)
    data, source = server.recvfrom(512)
    return questions, data, source


def until(questions: Questions, now: float = 100.1) -> list[Sighting]:
    """Read until something is said, or nothing is awaited any more."""
    deadline = time.monotonic() + 5
    while questions.awaited and time.monotonic() < deadline:
        if found := questions.read(now, 5.0):
            return found
        time.sleep(0.01)
    return []


@pytest.mark.parametrize("rcode", [0, 2, 5])
def test_any_answer_counts_a_refusal_too(server: socket.socket, rcode: int) -> None:
    questions, data, source = asked(server, [LO])
    assert struct.unpack("!HHHHH", data[2:12]) == (0, 1, 0, 0, 0)  # RD=0: nobody has to ask anybody for it
    assert data[12:] == b"\0" + struct.pack("!HH", 2, 1)  # . NS IN
    server.sendto(data[:2] + bytes((0x80, rcode)) + data[4:], source)
    assert until(questions) == [Sighting(5.0, Kind.DNS_SERVER, ROUTER, "127.0.0.1", detail=ANSWERS, interface="lo")]
    assert questions.awaited == 0 and questions.read(100.2, 5.0) == []


def test_what_is_no_answer_to_this_question_does_not_count(server: socket.socket) -> None:
    questions, data, source = asked(server, [LO])
    server.sendto(data, source)  # an echo
    server.sendto(bytes((data[0] ^ 1, data[1], 0x80, 0)) + data[4:], source)  # another id
    server.sendto(data[:2] + b"\x80", source)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as other:  # another port
        other.sendto(data[:2] + b"\x80\0" + data[4:], source)
    for _ in range(5):
        assert questions.read(100.1, 5.0) == []
    assert questions.awaited == 1
    server.sendto(data[:2] + b"\x80\0" + data[4:], source)
    assert len(until(questions)) == 1


def test_who_does_not_answer_is_given_up(server: socket.socket) -> None:
    questions, _, _ = asked(server, [LO])
    assert questions.read(100.0 + WAIT_S - 0.1, 5.0) == [] and questions.awaited == 1
    assert questions.read(100.0 + WAIT_S, 5.0) == [] and questions.awaited == 0


def test_a_closed_port_is_no_answer() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    questions = Questions(lambda: [LO], port)
    questions.ask([Target("127.0.0.1", "lo")], 100.0)
    assert until(questions) == [] and questions.awaited == 0


@pytest.mark.parametrize(
    "table", [[], [Entry("127.0.0.1", "", REACHABLE, LO.interface)], [Entry("127.0.0.1", ROUTER, REACHABLE, 9999)]]
)
def test_without_a_mac_there_is_no_sighting(server: socket.socket, table: list[Entry]) -> None:
    questions, data, source = asked(server, table)
    server.sendto(data[:2] + b"\x80\0" + data[4:], source)
    assert until(questions) == [] and questions.awaited == 0


def test_a_kernel_that_cannot_be_asked_ends_nothing(server: socket.socket) -> None:
    def table() -> list[Entry]:
        raise OSError("no netlink")

    questions = Questions(table, server.getsockname()[1])
    questions.ask([Target("127.0.0.1", "lo")], 100.0)
    data, source = server.recvfrom(512)
    server.sendto(data[:2] + b"\x80\0" + data[4:], source)
    assert until(questions) == []


def test_no_way_there_is_not_asked_and_a_new_round_begins_anew(server: socket.socket) -> None:
    questions = Questions(lambda: [LO], server.getsockname()[1])
    try:
        questions.ask([Target("192.0.2.1", "none7"), Target("127.0.0.1", "lo")], 100.0)
        assert questions.awaited == 1
        questions.ask([Target("127.0.0.1", "lo")], 101.0)
        assert questions.awaited == 1
    finally:
        questions.close()
    assert questions.awaited == 0
