"""Prepared answers, their bounds,, and how dropped ones are freed."""

from __future__ import annotations

from typing import Any

from filterd.fast.clients import Client, Seat
from filterd.fast.memo import LENGTH_V4, LENGTH_V6, Memo, entry
from filterd.model.decision import Action, Row
from filterd.model.event import Tail, decode


def _memo(limit: int) -> tuple[Memo, Seat, Seat]:
    memo = Memo(limit)
    one, two = Seat(0, "lan", ""), Seat(1, "minh", "phone")
    memo.add(one)
    memo.add(two)
    return memo, one, two


def _entry(text: bytes) -> Any:
    return entry(1.0, text, False, b"tail", None, 0, 0)


def test_entries_are_bounded_over_all_seats_and_the_oldest_of_the_largest_go_first() -> None:
    memo, one, two = _memo(16)
    memo.keep(two, b"small", _entry(b"b"))
    for number in range(15):
        memo.keep(one, b"a%d" % number, _entry(b"a"))
    assert len(memo) == 16
    memo.keep(two, b"one more", _entry(b"b"))
    assert (len(memo), len(one.prepared), len(two.prepared)) == (15, 13, 2)
    assert b"a0" not in one.prepared
    assert b"a1" not in one.prepared
    assert b"a2" in one.prepared
    for number in range(100):
        memo.keep(one, b"c%d" % number, _entry(b"c"))
        assert len(one.prepared) + len(two.prepared) == len(memo) <= 16
    assert b"small" in two.prepared


def test_entry_that_went_and_came_back_is_young_again() -> None:
    memo, one, _ = _memo(8)
    for number in range(8):
        memo.keep(one, b"%d" % number, _entry(b"a"))
    memo.keep(one, b"new", _entry(b"a"))
    memo.keep(one, b"0", _entry(b"a"))
    for number in range(3):
        memo.keep(one, b"x%d" % number, _entry(b"a"))
    assert b"0" in one.prepared
    assert b"3" not in one.prepared


def test_bounds_of_nothing() -> None:
    memo, one, _ = _memo(0)
    memo.keep(one, b"k", _entry(b"a"))
    memo.keep(one, b"l", _entry(b"a"))
    assert len(memo) <= 1


def test_keeping_the_same_key_again_counts_once() -> None:
    memo, one, _ = _memo(3)
    for _ in range(10):
        memo.keep(one, b"k", _entry(b"x"))
    assert len(one.prepared) == len(memo) == 1


def test_dropped_entries_are_freed_in_small_steps() -> None:
    memo, one, two = _memo(1000)
    for number in range(600):
        memo.keep(one, b"%d" % number, _entry(b"x"))
    memo.keep(two, b"t", _entry(b"x"))
    memo.drop(one)
    assert not one.prepared
    assert memo.graves
    steps = 0
    while memo.graves:
        memo.dig(100)
        steps += 1
    assert steps >= 6
    assert two.prepared
    assert len(memo) == 1
    memo.drop_all()
    memo.dig(10_000)
    assert not memo.graves


def test_entry_carries_what_an_event_record_needs_for_both_families() -> None:
    tail = Tail(Action.BLOCK, Row.CATEGORY, 1, 0, 0, b"\x03bad\x00", "lan", "phone").encode()
    found = entry(0.0, b"", True, tail, None, 0, 0)
    for address, size in ((b"\xc0\xa8\x01\x14", LENGTH_V4), (bytes(15) + b"\1", LENGTH_V6)):
        client = Client("x", address, 1.0, 1.0, 0.0)
        assert client.size == size
        event, end = decode(found[size] + (1234).to_bytes(8, "little") + client.mark + tail)
        assert event.client == address
        assert event.at_ms == 1234
        assert event.tail.profile == "lan"
        assert end == 2 + 8 + 1 + len(address) + len(tail)


def test_longest_event_has_a_prepared_length() -> None:
    name = b"\x3f" + b"x" * 63
    long = (name * 3 + b"\x3d" + b"x" * 61 + b"\0")[:255]
    tail = Tail(Action.BLOCK, Row.NAME, 1, 0, 0, long, *["y" * 200] * 6, matched=long).encode()
    assert entry(0.0, b"", True, tail, None, 0, 0)[LENGTH_V6] == (25 + len(tail)).to_bytes(2, "little")
