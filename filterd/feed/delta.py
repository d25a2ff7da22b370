"""A list of the feed as text, its changes as text, and both compressed: made by the office, applied by the box.

A list is one canonical A-label name a line, sorted by its bytes, each once, every line ended by LF. A change is one
`-name` or `+name` a line, sorted by name. Compressed is zlib (RFC 1950), a single stream with nothing behind it. What
comes from outside may be a trap: unpacking stops at its bound, a change that does not fit is refused, and whoever
applies one compares the result's digest with the signed index.

    old, new = canonical([b"a.example", b"b.example"]), canonical([b"b.example", b"c.example"])
    change = make(old, new)                       # b"-a.example\n+c.example\n"
    apply(old, change) == new
    unpack(pack(change), MAX_DELTA_BYTES) == change
"""

from __future__ import annotations

import zlib
from collections.abc import Iterable

from filterd.feed.refusal import FeedRefused
from filterd.model.feed import Refusal

MiB = 1 << 20
MAX_TEXT_BYTES = 128 * MiB  # of a list
MAX_DELTA_BYTES = 16 * MiB  # of one change
MAX_PACKED_BYTES = 64 * MiB  # of a file as it is sent
_LEVEL = 9
_STEP = MiB
_ALPHABET = b"abcdefghijklmnopqrstuvwxyz0123456789-_.\n"


def canonical(names: Iterable[bytes]) -> bytes:
    """Return names (canonical ones already) as the text of a list."""
    ordered = sorted(set(names))
    return b"\n".join(ordered) + b"\n" if ordered else b""


def make(old: bytes, new: bytes) -> bytes:
    """Return the change from one list's text to another's."""
    before, after = set(old.splitlines()), set(new.splitlines())
    lines = [(name, b"-") for name in before - after] + [(name, b"+") for name in after - before]
    return b"".join(sign + name + b"\n" for name, sign in sorted(lines))


def apply(old: bytes, change: bytes) -> bytes:
    """Return the text of the list after a change. Raises FeedRefused(BAD_LIST) when the change does not fit.

    Looks for each changed name by leaps through the text: a small change of a list of a million names costs little.
    """
    out = bytearray()
    view = memoryview(old)
    at = 0  # up to here it is decided: a line's start
    last = b""
    start = 0
    with view:
        while start < len(change):
            end = change.find(b"\n", start)
            sign, name = change[start : start + 1], change[start + 1 : end if end >= 0 else len(change)]
            if end < 0 or sign not in (b"+", b"-") or not name or name <= last:
                raise FeedRefused(Refusal.BAD_LIST, f"a change of a list has a wrong line: {bytes(name[:60])!a}")
            start, last = end + 1, name
            place = _place(old, name, at)
            out += view[at:place]
            at = place
            is_there = old.startswith(name + b"\n", place)
            if is_there == (sign == b"+"):
                what = "adds a name that is there" if is_there else "removes a name that is not there"
                raise FeedRefused(Refusal.BAD_LIST, f"a change of a list {what}: {bytes(name[:60])!a}")
            if is_there:
                at += len(name) + 1
            else:
                out += name + b"\n"
        out += view[at:]
    if len(out) > MAX_TEXT_BYTES:
        raise FeedRefused(Refusal.BAD_LIST, f"expected a list of at most {MAX_TEXT_BYTES} bytes, got {len(out)}")
    return bytes(out)


def added(change: bytes) -> bytes:
    """Return the lines that a change adds."""
    return b"".join(line[1:] for line in change.splitlines(keepends=True) if line.startswith(b"+"))


def pack(data: bytes, level: int = _LEVEL) -> bytes:
    """Return a text compressed."""
    return zlib.compress(data, level)


def unpack(data: bytes, max_bytes: int) -> bytes:
    """Return a compressed text. Raises FeedRefused: BOMB when it is longer than `max_bytes`, BAD_LIST when damaged."""
    stream = zlib.decompressobj()
    out = bytearray()
    rest = data
    try:
        while not stream.eof:
            piece = stream.decompress(rest, _STEP)
            rest = stream.unconsumed_tail
            out += piece
            if len(out) > max_bytes:
                raise FeedRefused(Refusal.BOMB, f"expected at most {max_bytes} bytes when unpacked, there are more")
            if not piece and not rest and not stream.eof:
                raise FeedRefused(Refusal.BAD_LIST, "a compressed file of the feed breaks off in the middle")
    except zlib.error as exc:
        raise FeedRefused(Refusal.BAD_LIST, f"a compressed file of the feed is damaged: {exc}") from exc
    if stream.unused_data:
        raise FeedRefused(Refusal.BAD_LIST, "a compressed file of the feed has something behind its end")
    return bytes(out)


def check(text: bytes, count: int) -> None:
    """Return when a list's text has `count` lines of nothing but names' characters. Raises FeedRefused(BAD_LIST).

    Whether each line is a name that may be blocked is judged where all lists are (listbuild/).
    """
    lines = text.count(b"\n")
    if lines != count or (text and not text.endswith(b"\n")) or b"\n\n" in text or text.startswith(b"\n"):
        raise FeedRefused(Refusal.BAD_LIST, f"expected a list of {count} lines with a name each, got {lines}")
    if strange := text.translate(None, _ALPHABET):
        raise FeedRefused(Refusal.BAD_LIST, f"expected nothing but names in a list, got {bytes(strange[:20])!a}")


def _place(text: bytes, name: bytes, at: int) -> int:
    """Return the start of the first line, from the line at `at` on, whose name is not before `name`."""
    size = len(text)
    low, leap = at, 64
    # leap forward until a line is not before `name`; the lines up to `low` are
    while True:
        if low >= size:
            return size
        probe = low + leap
        start = text.rfind(b"\n", low, probe) + 1 or low if probe < size else -1
        if start < 0 or _line(text, start) >= name:
            break
        low, leap = (start if start > low else text.find(b"\n", start) + 1 or size), leap * 2
    high = min(low + leap, size)
    # halve between `low` (a line's start, everything before it is smaller) and `high`
    while low < high:
        middle = text.rfind(b"\n", low, (low + high) // 2) + 1 or low
        if _line(text, middle) >= name:
            if middle == low:
                return low
            high = middle
        else:
            low = text.find(b"\n", middle) + 1 or size
    return low


def _line(text: bytes, start: int) -> bytes:
    end = text.find(b"\n", start)
    return text[start : end if end >= 0 else len(text)]
