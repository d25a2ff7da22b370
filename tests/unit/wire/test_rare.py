"""Packets as text for people."""

from __future__ import annotations

import pytest

from filterd.errors import ParseError
from filterd.wire.build import question
from filterd.wire.rare import describe


def test_describe_reads_like_dig() -> None:
    text = describe(question(b"\7example\3org\0", 28, id=77))
    assert ";; ->>HEADER<<- opcode: QUERY" in text
    assert "id: 77" in text
    assert ";example.org." in text


@pytest.mark.parametrize("packet", [b"", bytes(11), b"\0" * 4 + b"\xff" * 20])
def test_what_cannot_be_shown_is_a_parse_error(packet: bytes) -> None:
    with pytest.raises(ParseError):
        describe(packet)
