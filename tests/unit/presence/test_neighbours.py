"""Neighbour events become sightings: confirmed, moved, gone; not the mere memory of the kernel."""

from __future__ import annotations

import errno
import socket
from typing import Any

import pytest

from filterd.host.neighbours import FAILED, REACHABLE, STALE, Entry
from filterd.model.sighting import Kind, Sighting
from filterd.presence.neighbours import MAX_ENTRIES, Mappings, NeighbourWatch
from tests.unit.host.test_neighbours import entry

PHONE, OTHER, ADDRESS = "02:aa:00:00:00:11", "02:aa:00:00:00:12", "192.0.2.11"
FOUR = socket.inet_aton(ADDRESS)


def told(
    mappings: Mappings, mac: str, state: int, address: str = ADDRESS, interface: int = 3
) -> tuple[Kind, str] | None:
    """Kind and MAC of what an entry leads to."""
    found = mappings.take(Entry(address, mac, state, interface), 5.0, "eth0")
    return (found.kind, found.mac) if found is not None else None


def test_a_device_is_told_of_when_it_is_new_or_confirmed() -> None:
    mappings = Mappings()
    assert told(mappings, PHONE, STALE) == (Kind.NEIGHBOUR, PHONE)
    assert told(mappings, PHONE, STALE) is None  # it may sleep
    assert told(mappings, PHONE, REACHABLE) == (Kind.NEIGHBOUR, PHONE)
    assert told(mappings, PHONE, REACHABLE) == (Kind.NEIGHBOUR, PHONE)


def test_an_address_that_moves_is_told_of_at_once() -> None:
    mappings = Mappings()
    told(mappings, PHONE, STALE)
    assert told(mappings, OTHER, STALE) == (Kind.NEIGHBOUR, OTHER)
    assert told(mappings, PHONE, STALE, "fe80::1", 4) == (Kind.NEIGHBOUR, PHONE)
    assert told(mappings, OTHER, STALE, "fe80::1", 5) == (Kind.NEIGHBOUR, OTHER)  # link-local, on another link
    assert told(mappings, PHONE, STALE, "fe80::1", 4) is None


def test_who_does_not_answer_is_gone_by_the_last_known_mac() -> None:
    mappings = Mappings()
    assert told(mappings, "", FAILED) is None  # nobody was ever there
    told(mappings, PHONE, STALE)
    assert told(mappings, "", FAILED) == (Kind.GONE, PHONE)
    assert told(mappings, "", FAILED) is None
    assert told(mappings, PHONE, STALE) == (Kind.NEIGHBOUR, PHONE)


def test_the_oldest_addresses_are_forgotten_beyond_a_bound() -> None:
    mappings = Mappings()
    told(mappings, PHONE, STALE)
    for number in range(MAX_ENTRIES - 1):
        told(mappings, PHONE, STALE, f"10.0.{number >> 8}.{number & 255}")
    assert told(mappings, PHONE, STALE) is None
    told(mappings, PHONE, STALE, "192.0.2.200")
    assert told(mappings, "", FAILED) is None


class Kernel:
    """Stands for the netlink socket: datagrams or errors, in order."""

    def __init__(self, *answers: tuple[bytes, int] | OSError) -> None:
        self._answers = list(answers)

    def recvfrom(self, _size: int) -> tuple[bytes, tuple[int, int]]:
        """The next one."""
        if not self._answers:
            raise BlockingIOError
        answer = self._answers.pop(0)
        if isinstance(answer, OSError):
            raise answer
        return answer[0], (answer[1], 0)


def message(body: bytes, kind: int = 28) -> bytes:
    """struct nlmsghdr: length, type, flags, sequence, port."""
    import struct

    return struct.pack("=IHHII", 16 + len(body), kind, 0, 0, 0) + body


def read(kernel: Kernel, table: Any = ()) -> list[Sighting]:
    """What a watch makes of it."""
    watch = NeighbourWatch(lambda: table)
    watch.sock.close()
    watch.sock = kernel  # type: ignore[assignment]
    return watch.read(5.0)


BODY = entry(socket.AF_INET, FOUR, bytes.fromhex("02aa00000011"), REACHABLE)


def test_events_of_the_kernel_are_read() -> None:
    assert [(s.kind, s.mac, s.address) for s in read(Kernel((message(BODY), 0)))] == [(Kind.NEIGHBOUR, PHONE, ADDRESS)]


@pytest.mark.parametrize("answer", [(message(BODY), 4711), (message(BODY, 29), 0), (message(b"\2"), 0), (b"", 0)])
def test_other_senders_and_other_messages_are_not(answer: tuple[bytes, int]) -> None:
    assert read(Kernel(answer)) == []


def test_when_events_were_missed_the_table_is_read() -> None:
    kernel = Kernel(OSError(errno.ENOBUFS, "no buffer space"), (message(BODY), 0))
    found = read(kernel, [Entry("192.0.2.12", OTHER, STALE, 1)])
    assert [s.mac for s in found] == [OTHER, PHONE]


def test_a_netlink_socket_can_be_had_without_any_right() -> None:
    watch = NeighbourWatch()
    assert watch.fileno() > 2
    watch.look(5.0)
    watch.close()
