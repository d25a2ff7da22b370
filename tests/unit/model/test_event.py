"""Event records: variable-length, self-contained, bounded."""

from __future__ import annotations

import pytest

from filterd.model.decision import Action, Row
from filterd.model.event import MAX_RECORD, Event, Origin, Tail, decode, record

NAME = b"\x03www\x07example\x00"
TAIL = Tail(Action.BLOCK, Row.CATEGORY, 28, 0, Origin.CACHE, NAME, "lan", "phone", "games", "", "list", "blocked", NAME)


def test_a_record_is_read_back() -> None:
    data = record(1795546800123, bytes(4), TAIL.encode())
    assert decode(data) == (Event(1795546800123, bytes(4), TAIL), len(data))


def test_records_follow_each_other() -> None:
    first, second = record(1, b"", TAIL.encode()), record(2, bytes(16), TAIL.encode())
    event, end = decode(first + second)
    assert (event.at_ms, event.client, end) == (1, b"", len(first))
    assert decode(first + second, end)[0].at_ms == 2


def test_the_longest_record_has_the_bound() -> None:
    name, text = b"\x3f" * 255, "ế" * 200
    tail = Tail(Action.ALLOW, Row.NAME, 1, 0, 0, name, *["x" * 200] * 6, name)
    assert len(record(1, bytes(16), tail.encode())) == MAX_RECORD
    vietnamese = Tail(Action.ALLOW, Row.NAME, 1, 0, 0, name, *[text] * 6, name)
    found = decode(record(1, bytes(16), vietnamese.encode()))[0].tail
    assert found.rule == "ế" * 26  # 80 bytes, cut between two characters


@pytest.mark.parametrize("cut", [0, 1, 5, 12, 20, 40, -1])
def test_a_record_that_is_cut_off_is_none(cut: int) -> None:
    with pytest.raises(ValueError):
        decode(record(1, bytes(4), TAIL.encode())[:cut])


@pytest.mark.parametrize(
    ("at", "value"),
    [(0, 0xFF), (0, 0x20), (10, 17), (15, 9), (16, 99), (22, 7), (22, 9), (23, 0)],
    ids=["longer", "shorter", "client", "action", "row", "fewer", "more", "strings"],
)
def test_a_damaged_record_is_none(at: int, value: int) -> None:
    data = bytearray(record(1, bytes(4), TAIL.encode()))
    data[at] = value
    with pytest.raises(ValueError):
        decode(bytes(data) + bytes(300))
