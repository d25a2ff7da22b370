"""Domain names: text at the edges, wire form inside, compressed names in packets."""

from __future__ import annotations

import pytest

from filterd.errors import ParseError
from filterd.wire.name import (
    MAX_NAME,
    is_below,
    label_count,
    lower,
    parent,
    read_name,
    skip_labels,
    skip_name,
    suffixes,
    to_text,
    to_wire,
)

HEADER = bytes(12)  # offsets in packets count from here
WWW = b"\3www\7example\3org\0"
LONGEST = (b"\x3f" + b"a" * 63) * 3 + b"\x3d" + b"b" * 61 + b"\0"  # exactly 255 bytes


@pytest.mark.parametrize(
    ("text", "wire"),
    [
        ("www.example.org", WWW),
        ("WWW.Example.ORG.", WWW),
        (".", b"\0"),
        ("_dns.example.org", b"\4_dns\7example\3org\0"),
        ("xn--bcher-kva.example", b"\x0dxn--bcher-kva\7example\0"),
        (r"a\.b.org", b"\3a.b\3org\0"),  # the dot belongs to the label
        (r"\000\255.org", b"\2\0\xff\3org\0"),
        (r"A\065.org", b"\2aa\3org\0"),  # an escaped letter is a letter (RFC 4343)
        (r"\@\\.org.", b"\2@\\\3org\0"),
        ("a" * 63 + ".org", b"\x3f" + b"a" * 63 + b"\3org\0"),
    ],
)
def test_text_becomes_lower_case_wire_form(text: str, wire: bytes) -> None:
    assert to_wire(text) == wire


@pytest.mark.parametrize(
    "text",
    [
        "",
        "..",
        ".org",
        "a..org",
        "a" * 64 + ".org",
        r"a\.b..org",
        r"\@..",
        r"\256.org",
        r"\99.org",
        "a\\",
        "two words.org",
        "bücher.example",  # whoever talks to people makes A-labels of it first
        "\u212aids.org",  # KELVIN SIGN, whose lower case is an ASCII k
        "https://example.org",
        "*.example.org",
        "a\n.org",
        "example.org\n",
        "a" + ".a" * 127,
        r"\065" * 300,
        "\\.".join("a" * 1000),
    ],
)
def test_what_is_no_name_is_refused(text: str) -> None:
    with pytest.raises(ParseError):
        to_wire(text)


def test_the_longest_name_has_255_bytes() -> None:
    assert len(LONGEST) == MAX_NAME
    assert to_wire(to_text(LONGEST)) == LONGEST
    with pytest.raises(ParseError):
        to_wire(to_text(LONGEST).replace("b", "bb", 1))


def test_text_escapes_what_could_mislead_a_reader() -> None:
    assert to_text(b"\0") == "."
    assert to_text(b"\3WwW\7example\3org\0") == "WwW.example.org"
    assert to_text(b"\6a.b\\<\0\3org\0") == r"a\.b\\\060\000.org"


@pytest.mark.parametrize("name", [b"", b"\3org", b"\3org\0\0", b"\xc0\0", b"\x40" + b"a" * 64 + b"\0"])
def test_text_of_broken_names_is_refused(name: bytes) -> None:
    with pytest.raises(ParseError):
        to_text(name)


def test_lower_leaves_lengths_and_high_bytes_alone() -> None:
    assert lower(b"\x02A\xc4\3ORG\0") == b"\x02a\xc4\3org\0"


def test_suffixes_are_longest_first_without_the_root() -> None:
    assert suffixes(WWW) == [WWW, b"\7example\3org\0", b"\3org\0"]
    assert suffixes(b"\0") == []
    assert suffixes(b"\3\0.\0\3org\0") == [
        b"\3\0.\0\3org\0",
        b"\3org\0",
    ]  # zeros and dots inside a label separate nothing


def test_parent_and_label_count() -> None:
    assert parent(WWW) == b"\7example\3org\0"
    assert parent(b"\3org\0") == parent(b"\0") == b"\0"
    assert label_count(WWW) == 3
    assert label_count(b"\0") == 0


def test_below_is_decided_by_labels() -> None:
    assert is_below(WWW, b"\7example\3org\0")
    assert is_below(WWW, WWW)
    assert is_below(WWW, b"\0")
    assert not is_below(b"\7example\3org\0", WWW)
    assert not is_below(b"\x0bbad\7example\3org\0", b"\7example\3org\0")  # the label's text ends like the zone
    assert not is_below(WWW, b"\3net\0")


def test_read_name_follows_a_pointer_back() -> None:
    #                   12: www.example.org      29: mail + pointer to 16 (example.org)
    packet = HEADER + b"\3wWw\7Example\3org\0" + b"\4Mail\xc0\x10" + b"rest"
    assert read_name(packet, 12) == (b"\3wWw\7Example\3org\0", 29)
    assert read_name(packet, 29) == (b"\4Mail\7Example\3org\0", 36)
    assert skip_name(packet, 29) == 36
    assert skip_name(packet, 12) == skip_labels(packet, 12) == 29


@pytest.mark.parametrize(
    ("packet", "offset"),
    [
        (HEADER + b"\xc0\x0c", 12),  # to itself
        (HEADER + b"\1a\xc0\x0c", 12),  # into its own labels
        (HEADER + b"\xc0\x0e\0", 12),  # forwards
        (HEADER + b"\xc0\x0e\xc0\x0c", 14),  # two that point at each other
        (HEADER + b"\1a\0\xc0\x0b", 15),  # into the header, which is rewritten for each asker
        (HEADER + b"\xc0", 12),  # half a pointer
        (HEADER + b"\3ww", 12),  # cut inside a label
        (HEADER + b"\3www", 12),  # no end
        (HEADER, 12),  # nothing
        (HEADER + b"\x40" + b"a" * 64 + b"\0", 12),  # label types 01 and 10 do not exist (RFC 6891 section 5)
        (HEADER + b"\x80" + b"a" * 128 + b"\0", 12),
        (HEADER + b"\1x" + LONGEST, 12),
        (HEADER + LONGEST + b"\1x\xc0\x0c", 12 + 255),  # too long only when joined
    ],
)
def test_read_name_refuses(packet: bytes, offset: int) -> None:
    with pytest.raises(ParseError):
        read_name(packet, offset)


def test_read_name_stops_after_126_pointers() -> None:
    def chain(pointers: int) -> bytes:
        hops = b"".join((0xC000 | (12 if i == 0 else 13 + 2 * (i - 1))).to_bytes(2, "big") for i in range(pointers))
        return HEADER + b"\0" + hops

    assert read_name(chain(126), 13 + 2 * 125) == (b"\0", 13 + 2 * 126)
    with pytest.raises(ParseError):
        read_name(chain(127), 13 + 2 * 126)


@pytest.mark.parametrize("tail", [b"\3ww", b"\x41", b"\xc0", b"\xc0\x0c", b"\xc0\xff", b"\1a"])
def test_skip_name_refuses(tail: bytes) -> None:
    with pytest.raises(ParseError):
        skip_name(HEADER + tail, 12)


@pytest.mark.parametrize("tail", [b"\3ww", b"\x41", b"\xc0\x0c", b"\1x" + LONGEST])
def test_skip_labels_refuses(tail: bytes) -> None:
    with pytest.raises(ParseError):
        skip_labels(HEADER + tail, 12)
