"""DNS over TCP: two bytes of length, then the message."""

from __future__ import annotations

import pytest

from filterd.errors import ParseError
from filterd.wire.frame import Deframer, frame


def test_frame_puts_the_length_before() -> None:
    assert frame(b"hello") == b"\0\5hello"
    assert frame(bytes(65535))[:2] == b"\xff\xff"
    with pytest.raises(ParseError):
        frame(bytes(65536))


def test_messages_arrive_byte_by_byte() -> None:
    deframer = Deframer()
    got = [deframer.feed(bytes((byte,))) for byte in b"\0\2ab\0\1c"]
    assert got == [[], [], [], [b"ab"], [], [], [b"c"]]
    assert deframer.pending == 0


def test_many_messages_arrive_at_once_and_one_is_unfinished() -> None:
    deframer = Deframer()
    assert deframer.feed(frame(b"one") + frame(b"two") + b"\0\5th") == [b"one", b"two"]
    assert deframer.pending == 4
    assert deframer.feed(b"ree") == [b"three"]


def test_empty_messages_are_skipped() -> None:
    assert Deframer().feed(b"\0\0\0\0" + frame(b"x")) == [b"x"]


def test_a_message_longer_than_agreed_ends_the_stream() -> None:
    deframer = Deframer(max_len=4)
    assert deframer.feed(frame(b"four")) == [b"four"]
    with pytest.raises(ParseError):
        deframer.feed(b"\0\5")
    with pytest.raises(ParseError):
        deframer.feed(b"more")
