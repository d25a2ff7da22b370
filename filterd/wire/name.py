"""Domain names: text at the edges, wire form everywhere inside.

A `name` is lower-case uncompressed wire form with its final 0 byte: b"\\x03www\\x07example\\x03org\\x00"; the root is
b"\\x00". A label may hold any byte, also a dot or a zero, so nothing here searches for a separator: labels are walked
by their lengths. International text is not handled here: whoever takes a name from a person turns it into A-labels
(`xn--...`) first.

    to_wire("WWW.Example.org.") == b"\\x03www\\x07example\\x03org\\x00"
"""

from __future__ import annotations

import re
from typing import Final

from filterd.errors import ParseError

MAX_NAME: Final = 255  # bytes with all length bytes, RFC 1035 section 2.3.4
MAX_POINTERS: Final = 126  # jumps in one compressed name; an honest name has at most one
ROOT: Final = b"\0"

_MAX_TEXT = 4 * MAX_NAME  # every byte of the longest name as \DDD
_PLAIN = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
_SIMPLE_TEXT = re.compile(r"[A-Za-z0-9_-]{1,63}(?:\.[A-Za-z0-9_-]{1,63})*\.?")
_TEXT_UNIT = re.compile(r"(?P<plain>[A-Za-z0-9_-])|\\(?P<code>[0-9]{3})|\\(?P<char>[!-/:-~])|(?P<dot>\.)")
_LENGTHS = tuple(bytes((length,)) for length in range(64))
_FIRST_OFFSET = 12  # no name begins inside the header


def to_wire(text: str) -> bytes:
    """Return the lower-case wire form of `text`; ParseError when it is no domain name.

    Letters, digits, hyphen and underscore stand for themselves; any other byte must be escaped as `\\DDD` or, when
    printable, as `\\X` (RFC 1035 section 5.1). The trailing dot may be missing. "." is the root; "" is refused.
    """
    if _SIMPLE_TEXT.fullmatch(text):
        labels = text.encode("ascii").lower().removesuffix(b".").split(b".")
        wire = b"".join([_LENGTHS[len(label)] + label for label in labels]) + ROOT
    elif text == ".":
        return ROOT
    else:
        wire = _escaped_to_wire(text)
    if len(wire) > MAX_NAME:
        raise ParseError(f"expected a name of at most {MAX_NAME} bytes, got {len(wire)}")
    return wire


def to_text(name: bytes) -> str:
    """Return the text of an uncompressed wire name, case kept, no trailing dot ("." for the root); to_wire() reads it
    back.

    Bytes other than letters, digits, hyphen and underscore are escaped, so the result is safe in a line of a log or a
    table.
    """
    end = skip_labels(name, 0)
    if end != len(name):
        raise ParseError(f"expected a name of {end} bytes, got {len(name)}")
    labels = []
    pos = 0
    while length := name[pos]:
        label = name[pos + 1 : pos + 1 + length]
        pos += 1 + length
        labels.append(_escape(label) if label.translate(None, _PLAIN) else label.decode("ascii"))
    return ".".join(labels) or "."


def lower(name: bytes) -> bytes:
    """Return `name` with A-Z lowered (RFC 4343); length bytes are at most 63 and so never in the range of a letter."""
    return name.lower()


def suffixes(name: bytes) -> list[bytes]:
    """Return the name and all its parents, longest first, without the root. `name` must be valid and uncompressed."""
    found = []
    pos = 0
    while length := name[pos]:
        found.append(name[pos:])
        pos += length + 1
    return found


def parent(name: bytes) -> bytes:
    """Return the name without its first label; the root is its own parent."""
    return name[name[0] + 1 :] or ROOT


def is_below(name: bytes, zone: bytes) -> bool:
    """Return whether `name` equals `zone` or lies below it; both in lower case. Compared by labels, not by letters."""
    if not name.endswith(zone):
        return False
    border = len(name) - len(zone)
    pos = 0
    while pos < border:
        pos += name[pos] + 1
    return pos == border


def label_count(name: bytes) -> int:
    """Return the number of labels; the root has none."""
    count = pos = 0
    while length := name[pos]:
        count += 1
        pos += length + 1
    return count


def skip_labels(packet: bytes, offset: int) -> int:
    """Return the offset after the uncompressed name at `offset`; ParseError when it is compressed, too long or cut
    off.
    """
    pos = offset
    try:
        while length := packet[pos]:
            if length > 63:
                raise ParseError(f"expected a label length at offset {pos}, got byte 0x{length:02x}")
            pos += length + 1
    except IndexError:
        raise ParseError(f"the name at offset {offset} runs past the end of {len(packet)} bytes") from None
    if pos - offset >= MAX_NAME:
        raise ParseError(f"the name at offset {offset} is longer than {MAX_NAME} bytes")
    return pos + 1


def skip_name(packet: bytes, offset: int) -> int:
    """Return the offset after the possibly compressed name at `offset`, without following its pointer.

    For names whose content nobody reads: costs the bytes stepped over, whatever the pointers say.
    """
    pos = offset
    try:
        while length := packet[pos]:
            if length >= 0xC0:
                if ((length & 0x3F) << 8 | packet[pos + 1]) >= offset:
                    raise ParseError(f"the pointer at offset {pos} does not point backwards")
                return pos + 2
            if length > 63:
                raise ParseError(f"expected a label length at offset {pos}, got byte 0x{length:02x}")
            pos += length + 1
    except IndexError:
        raise ParseError(f"the name at offset {offset} runs past the end of {len(packet)} bytes") from None
    return pos + 1


def read_name(packet: bytes, offset: int) -> tuple[bytes, int]:
    """Return (uncompressed name as in the packet, case kept; offset after it). ParseError for anything malformed.

    Every pointer must go to before the piece that holds it (RFC 1035 section 4.1.4: a *prior* occurrence), so a walk
    always ends; none may go into the header: its bytes are rewritten for each asker, and a name read through them
    would change after it was judged.
    """
    pieces = []
    size = jumps = 0
    after = -1
    start = pos = offset
    try:
        while True:
            length = packet[pos]
            if length >= 0xC0:
                target = (length & 0x3F) << 8 | packet[pos + 1]
                if target >= start or target < _FIRST_OFFSET:
                    raise ParseError(
                        f"the pointer at offset {pos} goes to {target}, expected {_FIRST_OFFSET}..{start - 1}"
                    )
                jumps += 1
                if jumps > MAX_POINTERS:
                    raise ParseError(f"the name at offset {offset} has more than {MAX_POINTERS} pointers")
                pieces.append(packet[start:pos])
                if after < 0:
                    after = pos + 2
                start = pos = target
                continue
            if length > 63:
                raise ParseError(f"expected a label length at offset {pos}, got byte 0x{length:02x}")
            size += length + 1
            if size > MAX_NAME:
                raise ParseError(f"the name at offset {offset} is longer than {MAX_NAME} bytes")
            pos += length + 1
            if not length:
                break
    except IndexError:
        raise ParseError(f"the name at offset {offset} runs past the end of {len(packet)} bytes") from None
    if after < 0:
        return packet[start:pos], pos
    pieces.append(packet[start:pos])
    return b"".join(pieces), after


def _escape(label: bytes) -> str:
    parts = []
    for byte in label:
        if byte in _PLAIN:
            parts.append(chr(byte))
        elif byte in b".\\":
            parts.append("\\" + chr(byte))
        else:
            parts.append(f"\\{byte:03d}")
    return "".join(parts)


def _escaped_to_wire(text: str) -> bytes:
    if len(text) > _MAX_TEXT:
        raise ParseError(f"expected a name of at most {_MAX_TEXT} characters, got {len(text)}")
    wire = bytearray()
    label = bytearray()
    pos = 0
    while pos < len(text):
        unit = _TEXT_UNIT.match(text, pos)
        if unit is None:
            raise ParseError(f"unexpected character {text[pos]!r} at position {pos} of the name {text[:80]!r}")
        pos = unit.end()
        if unit["dot"]:
            wire += _measured(label, text)
            label.clear()
        elif unit["code"]:
            if int(unit["code"]) > 255:
                raise ParseError(f"the escape \\{unit['code']} in the name {text[:80]!r} is not in 000..255")
            label.append(int(unit["code"]))
        else:
            label += (unit["plain"] or unit["char"]).encode("ascii")
    if label or not wire:
        wire += _measured(label, text)
    return bytes(wire).lower() + ROOT


def _measured(label: bytearray, text: str) -> bytes:
    if not 1 <= len(label) <= 63:
        raise ParseError(f"expected labels of 1 to 63 bytes in the name {text[:80]!r}, got one of {len(label)}")
    return _LENGTHS[len(label)] + bytes(label)
