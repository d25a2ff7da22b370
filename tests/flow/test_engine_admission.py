"""Who is answered, and how often."""

from __future__ import annotations

import ipaddress

import pytest

from filterd.engine.commands import Reply as ReplyCommand
from tests.playbook import (
    BOX,
    KID,
    OUTSIDER,
    Asked,
    Nothing,
    Playbook,
    Query,
    Reply,
    Wait,
    world,
)

REFUSED = 5
INSIDE = [
    "127.0.0.1", "127.0.0.11", "::1", "169.254.9.9", "fe80::1", "10.9.8.7", "172.16.0.1", "172.31.255.255",
    "192.168.255.1", "100.64.0.1", "100.127.255.255", "fc00::1", "fd12:3456::1",
]  # fmt: skip
OUTSIDE = ["8.8.8.8", "172.32.0.1", "100.128.0.1", "2001:db8::1", "fec0::1", "192.169.0.1", "11.0.0.1"]


@pytest.mark.parametrize("client", INSIDE)
def test_house_is_answered(client: str) -> None:
    Playbook(world(lists={"adult": ["bad.example"]})) >> Query("bad.example", client=client) << Reply(a=["0.0.0.0"])


@pytest.mark.parametrize("client", OUTSIDE)
def test_internet_is_refused_a_few_times_and_then_ignored(client: str) -> None:
    book = Playbook()
    for _ in range(30):
        book >> Query("www.example.org", client=client)
    assert len(book.commands) == 10
    book << Reply(REFUSED, count=0)
    assert book.engine.stats()["drop_acl"] == 20
    assert book.engine.stats()["clients"] == 0
    assert not book.events
    book.commands.clear()
    (
        book
        >> Wait(1)
        >> Query(raw=b"\x12", client=client)
        >> Query(raw=b"\0\0\x80" + bytes(20), client=client)
        << Nothing()
    )
    book >> Query("a.example", client=client) << Reply(REFUSED)


def test_prefixes_at_our_interfaces_and_named_ranges_are_answered() -> None:
    book = Playbook(answer_ranges=("203.0.113.0/28",))
    book >> Query("a.example", client=OUTSIDER) << Asked("a.example")
    book >> Query("localhost", client="2001:db8:1::5") << Reply(REFUSED)
    book.engine.set_networks([ipaddress.ip_network("2001:db8:1::/64"), ipaddress.ip_network("198.51.100.0/24")])
    book >> Query("localhost", client="2001:db8:1::5") << Reply(a=["127.0.0.1"])
    book >> Query("localhost", client="198.51.100.200") << Reply(a=["127.0.0.1"])
    book.engine.set_networks([ipaddress.ip_network("2001:db8:2::/64")])  # the ISP gave another prefix
    book >> Query("localhost", client="2001:db8:1::5") << Reply(REFUSED)
    book >> Query("localhost", client=KID) << Reply(a=["127.0.0.1"])


def _replies(book: Playbook) -> tuple[int, int]:
    """(whole answers, truncated ones) since the last call."""
    packets = [command.packet for command in book.commands if isinstance(command, ReplyCommand)]
    book.commands.clear()
    truncated = sum(packet[2] & 2 != 0 for packet in packets)
    return len(packets) - truncated, truncated


def test_rate_limit_over_udp_leaves_tcp_open() -> None:
    book = Playbook(rate_per_client=10.0, burst_per_client=20.0)
    for _ in range(40):
        book >> Query("localhost")
    assert _replies(book) == (20, 5)
    assert book.engine.stats()["drop_rate"] == 15
    book >> Query("localhost", tcp=True) << Reply(a=["127.0.0.1"])
    book >> Query("localhost", client="192.168.1.21") << Reply(a=["127.0.0.1"])  # others are not touched
    book >> Wait(1)
    for _ in range(20):
        book >> Query("localhost")
    assert _replies(book)[0] == 10
    book >> Wait(60)  # saved up to the burst and no more
    for _ in range(40):
        book >> Query("localhost")
    assert _replies(book)[0] == 20


def test_malformed_datagrams_over_the_limit_get_nothing() -> None:
    book = Playbook(rate_per_client=1.0, burst_per_client=1.0)
    for _ in range(9):
        book >> Query(raw=b"\x12\x34\x01\0\0\2\0\0\0\0\0\0")
    assert _replies(book) == (1, 0)
    assert book.engine.stats()["drop_rate"] == 8


def test_tcp_has_its_own_limit() -> None:
    book = Playbook(rate_per_client=10.0, burst_per_client=5.0)
    for _ in range(6):
        book >> Query("localhost", tcp=True)
    for _ in range(5):
        book << Reply(a=["127.0.0.1"])
    book << Reply(REFUSED)
    book >> Wait(1)
    book >> Query("localhost", tcp=True) << Reply(a=["127.0.0.1"])


@pytest.mark.parametrize(("client", "exempt"), [(BOX, True), ("::1", True), ("127.0.0.11", False)])
def test_programs_of_the_box_are_exempt_from_the_rate_alone(client: str, exempt: bool) -> None:
    book = Playbook(world(lists={"adult": ["bad.example"]}), rate_per_client=1.0, burst_per_client=5.0)
    for _ in range(50):
        book >> Query("bad.example", client=client)
    assert (_replies(book)[0] == 50) == exempt


def test_table_of_clients_is_bounded() -> None:
    book = Playbook()
    for number in range(5000):
        book >> Query("localhost", client=f"10.0.{number >> 8}.{number & 255}")
    assert book.engine.stats()["clients"] <= 4096
