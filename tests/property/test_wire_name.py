"""Names: text and wire form are two spellings of the same thing, and dnslib reads compressed names as we do."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import pairwise

import pytest
from dnslib.label import DNSBuffer, DNSLabelError
from hypothesis import assume, given
from hypothesis import strategies as st

from filterd.errors import ParseError
from filterd.wire.build import randomise_case
from filterd.wire.name import (
    MAX_NAME,
    is_below,
    label_count,
    parent,
    read_name,
    skip_labels,
    skip_name,
    suffixes,
    to_text,
    to_wire,
)

labels = st.lists(st.binary(min_size=1, max_size=63), max_size=8)


def wire(parts: Iterable[bytes]) -> bytes:
    return b"".join(bytes((len(part),)) + part for part in parts) + b"\0"


# dnslib refuses labels that are not UTF-8
ascii_labels = st.lists(
    st.binary(min_size=1, max_size=63).map(lambda raw: bytes(byte & 127 for byte in raw)), max_size=8
)
ascii_names = ascii_labels.map(wire).filter(lambda name: len(name) <= MAX_NAME)
names = labels.map(wire).filter(lambda name: len(name) <= MAX_NAME)


@given(names)
def test_text_and_wire_form_round_trip(name: bytes) -> None:
    text = to_text(name)
    assert text.isascii()
    assert text.isprintable()
    assert " " not in text
    assert to_wire(text) == name.lower()


@given(st.text(max_size=40) | st.text(alphabet="aB1-_.\\0259ü ", max_size=40))
def test_any_text_is_a_name_or_refused(text: str) -> None:
    try:
        name = to_wire(text)
    except ParseError:
        return
    assert name == name.lower()
    assert skip_labels(name, 0) == len(name) <= MAX_NAME
    assert to_wire(to_text(name)) == name


@given(names, names)
def test_parents_and_zones_agree(name: bytes, other: bytes) -> None:
    chain = suffixes(name)
    assert len(chain) == label_count(name)
    for longer, shorter in pairwise([*chain, b"\0"]):
        assert parent(longer) == shorter
        assert is_below(name, shorter)
    assert is_below(name, other) == (other in [*chain, b"\0"])


@given(st.lists(ascii_names, min_size=1, max_size=6), st.data())
def test_compressed_names_are_read_as_dnslib_reads_them(parts: list[bytes], data: st.DataObject) -> None:
    packet = bytearray(12)
    begins: list[int] = []
    meant: list[bytes] = []
    for part in parts:
        start = len(packet)
        if begins and data.draw(st.booleans()):
            number = data.draw(st.sampled_from(range(len(begins))))
            packet += part[:-1] + (0xC000 | begins[number]).to_bytes(2, "big")
            meant.append(part[:-1] + meant[number])
        else:
            packet += part
            meant.append(part)
        begins.append(start)
    for start, whole in zip(begins, meant, strict=True):
        if len(whole) > MAX_NAME:
            with pytest.raises(ParseError):
                read_name(bytes(packet), start)
            continue
        name, after = read_name(bytes(packet), start)
        assert name == whole
        assert after == skip_name(bytes(packet), start)
        buffer = DNSBuffer(bytes(packet))
        buffer.offset = start
        try:
            theirs = buffer.decode_name()
        except DNSLabelError:
            assert len(whole) > 250  # dnslib counts the dots of the text
            continue
        assert (wire(theirs.label), buffer.offset) == (name, after)


@given(st.binary(max_size=300), st.integers(0, 320))
def test_any_bytes_are_a_name_or_refused(packet: bytes, offset: int) -> None:
    try:
        name, after = read_name(packet, offset)
    except ParseError:
        return
    assert skip_labels(name, 0) == len(name) <= MAX_NAME
    assert offset < after <= len(packet)


@given(names, st.integers(min_value=0, max_value=(1 << 255) - 1))
def test_random_case_changes_letters_only(name: bytes, bits: int) -> None:
    changed = randomise_case(name, bits)
    assert changed.lower() == name.lower()
    assert randomise_case(changed, bits) == name


@given(names, st.integers(0, 400))
def test_a_cut_name_is_refused(name: bytes, size: int) -> None:
    assume(size < len(name))
    for read in (skip_labels, skip_name, read_name):
        with pytest.raises(ParseError):
            read(name[:size], 0)
