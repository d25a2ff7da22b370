"""The inner loop over made-up sockets: what it does itself, what it hands on, and how it ends."""

from __future__ import annotations

from typing import Any

import pytest

from filterd.fast.clients import Client, Seat
from filterd.fast.loop import FLUSH_RECORDS, FLUSH_S, Fast
from filterd.fast.memo import entry

HOME = ("192.168.1.20", 4000)
TAIL = b"tail"


class Socket:
    """Datagrams that wait, answers that were sent. Like a non-blocking UDP socket."""

    def __init__(self, *packets: bytes, address: tuple[str, int] = HOME) -> None:
        self.waiting = [(packet, address) for packet in packets]
        self.sent: list[tuple[bytes, tuple[str, int]]] = []
        self.slow: list[bytes] = []
        self.broken: type[OSError] | None = None

    def recvfrom(self, size: int) -> tuple[bytes, Any]:
        if not self.waiting:
            raise BlockingIOError
        return self.waiting.pop(0)

    def sendto(self, data: bytes, address: Any) -> None:
        if self.broken is not None:
            raise self.broken
        self.sent.append((data, address))

    def hand_on(self, packet: bytes, address: Any) -> None:
        self.slow.append(packet)


def _fast(burst: float = 100.0) -> tuple[Fast, Seat, list[Any]]:
    fast = Fast(100)
    seat = Seat(0, "lan", "")
    fast.memo.add(seat)
    client = Client("192.168.1.20", b"\xc0\xa8\x01\x14", 10.0, burst, 0.0)
    client.sit(seat)
    fast.clients.admit(client)
    records: list[Any] = []
    fast.sink = lambda blocked, data, count: records.append((blocked, data, count))
    return fast, seat, records


def _prepare(fast: Fast, seat: Seat, until: float = 50.0, blocked: bool = False, key: bytes = b"key") -> None:
    fast.memo.keep(seat, key, entry(until, b"answer", blocked, TAIL, None, 0, 0))


def _drain(fast: Fast, sock: Socket, now: float, limit: int = 64) -> int:
    return fast.drain(sock.recvfrom, sock.sendto, sock.hand_on, now, limit)


def test_prepared_answer_goes_out_with_the_id_that_was_asked() -> None:
    fast, seat, _ = _fast()
    _prepare(fast, seat)
    sock = Socket(b"\x12\x34key", b"\x56\x78key", b"\x9a\xbcother")
    fast._last = 1.0
    assert _drain(fast, sock, 1.0) == 3
    assert sock.sent == [(b"\x12\x34answer", HOME), (b"\x56\x78answer", HOME)]
    assert sock.slow == [b"\x9a\xbcother"]
    assert fast.hits == 2


def test_unknown_client_and_outdated_entry_are_handed_on() -> None:
    fast, seat, _ = _fast()
    _prepare(fast, seat, until=5.0)
    sock = Socket(b"..key")
    _drain(fast, sock, 5.0)
    stranger = Socket(b"..key", address=("192.168.1.99", 1))
    _drain(fast, stranger, 6.0)
    assert (sock.slow, stranger.slow, sock.sent, stranger.sent) == ([b"..key"], [b"..key"], [], [])


def test_one_datagram_is_expected_after_a_pause_and_many_under_load() -> None:
    fast, seat, _ = _fast()
    _prepare(fast, seat)
    sock = Socket(*[b"..key"] * 10)
    assert _drain(fast, sock, 1.0) == 1
    assert _drain(fast, sock, 1.00001, limit=4) == 4
    assert _drain(fast, sock, 1.00002) == 5
    assert _drain(fast, sock, 1.00003) == 0


def test_client_without_tokens_is_handed_on() -> None:
    fast, seat, _ = _fast(burst=3.0)
    _prepare(fast, seat)
    sock = Socket(*[b"..key"] * 5)
    fast._last = now = 1.0
    _drain(fast, sock, now)
    assert (len(sock.sent), len(sock.slow)) == (3, 2)
    sock.waiting = [(b"..key", HOME)] * 3
    fast._last = now = 1.1  # one more token by now
    _drain(fast, sock, now)
    assert (len(sock.sent), len(sock.slow)) == (4, 4)


def test_events_are_handed_over_together_and_soon() -> None:
    fast, seat, records = _fast(burst=1000.0)
    fast.wall_offset = 100.0
    _prepare(fast, seat)
    _prepare(fast, seat, blocked=True, key=b"bad")
    fast._last = 1.0
    _drain(fast, Socket(b"..key", b"..bad", b"..key"), 1.0)
    assert not records
    assert fast.flush_at == 1.0 + FLUSH_S
    fast.flush()
    one = (9 + 4 + len(TAIL)).to_bytes(2, "little") + (101_000).to_bytes(8, "little") + b"\x04\xc0\xa8\x01\x14" + TAIL
    assert records == [(True, one, 1), (False, one * 2, 2)]
    assert fast.hits_blocked == 1
    assert fast.flush_at == float("inf")
    fast.flush()
    assert len(records) == 2
    fast._last = 2.0
    _drain(fast, Socket(*[b"..key"] * FLUSH_RECORDS), 2.0)
    assert records[-1][2] == FLUSH_RECORDS


def test_answer_that_the_kernel_does_not_take_is_counted_and_others_go_on() -> None:
    fast, seat, _ = _fast()
    _prepare(fast, seat)
    sock = Socket(b"..key", b"..key")
    sock.broken = PermissionError
    fast._last = 1.0
    assert _drain(fast, sock, 1.0) == 2
    assert fast.dropped == 2


def test_news_of_an_earlier_answers_fate_ends_the_round() -> None:
    fast, _, _ = _fast()

    def refused(_: int) -> Any:
        raise ConnectionRefusedError

    sock = Socket()
    assert fast.drain(refused, sock.sendto, sock.hand_on, 1.0) == 0


def test_events_survive_an_error_of_the_slow_path() -> None:
    fast, seat, records = _fast()
    _prepare(fast, seat)

    def fail(packet: bytes, address: Any) -> None:
        raise RuntimeError("slow path")

    sock = Socket(b"..key", b"..other")
    fast._last = 1.0
    with pytest.raises(RuntimeError):
        fast.drain(sock.recvfrom, sock.sendto, fail, 1.0)
    fast.flush()
    assert len(records) == 1
    assert fast.hits == 1


def test_rules_turn_before_anything_prepared_is_used() -> None:
    fast, seat, _ = _fast()
    _prepare(fast, seat)
    turned = []

    def flip(now: float) -> None:
        turned.append(now)
        fast.flip_at = float("inf")
        fast.memo.drop(seat)
        for client in fast.clients.values():
            client.sit(seat)

    fast.flip, fast.flip_at = flip, 2.0
    sock = Socket(b"..key")
    _drain(fast, sock, 1.9)
    assert sock.sent
    sock = Socket(b"..key")
    _drain(fast, sock, 2.0)
    assert not sock.sent
    assert turned == [2.0]


def test_nothing_is_wired_by_default() -> None:
    fast = Fast(1)
    fast.flip_at = 0.0
    sock = Socket()
    assert _drain(fast, sock, 1.0) == 0
    fast._blocked += [b"a", b"b", b"c", b"d"]
    fast.flush()
    standing = Client("192.168.1.20", b"\xc0\xa8\x01\x14", 1.0, 1.0, 0.0)
    fast.clients.admit(standing)
    sock = Socket(b"..key")
    _drain(fast, sock, 2.0)
    assert sock.slow
