"""Look-up of a wire name in a mapped list file: suffixes, longest first; the first listed one decides.

Works on a file that lists/format.py has checked; knows nothing of tags (a result is a pair's number).

    find = make_find(table, data, key, homes)
    find(b"\x03www\x07example\x03org\x00")  # (pair, position of the listed suffix) or None
"""

from __future__ import annotations

import mmap
import sys
from array import array
from collections.abc import Callable, Sequence
from hashlib import blake2b

FINGERPRINT_BYTES = 4

Data = mmap.mmap | bytes
Find = Callable[[bytes], "tuple[int, int] | None"]
Lookup = Callable[[bytes], int]


def fingerprint(name: bytes, key: bytes) -> int:
    """Return the keyed 32-bit fingerprint of a lower-case wire name."""
    return int.from_bytes(blake2b(name, digest_size=FINGERPRINT_BYTES, key=key).digest(), "little")


def table_view(data: memoryview) -> Sequence[int]:
    """Return the table's bytes as u32 integers, without a copy on little-endian machines."""
    if sys.byteorder == "little":
        return data.cast("I")
    swapped = array("I", data.tobytes())  # pragma: no cover
    swapped.byteswap()  # pragma: no cover
    return swapped  # pragma: no cover


def make_lookup(
    table: Sequence[int], data: Data, key: bytes, homes: int, exact: Sequence[int], below: Sequence[int]
) -> Lookup:
    """Return the function name -> tag set index (0 = not listed).

    `table`: u32 (fingerprint, offset) in turn. `data`: the whole file, indexable by offset. `exact`, `below`: tag set
    index of each pair, for the listed name itself and for the names below it. The function takes a lower-case wire
    name, root byte included, and never raises on a checked file. A single label is never listed (the builder refuses
    them), so the last one is not even asked for.
    """
    # copying a keyed state is a third cheaper than creating one with keyword arguments
    fresh = blake2b(digest_size=FINGERPRINT_BYTES, key=key).copy
    from_bytes = int.from_bytes

    def lookup(name: bytes) -> int:
        at = 0
        step = name[0]
        while step:
            following = at + step + 1
            step = name[following]
            if not step:
                return 0
            suffix = name[at:]
            state = fresh()
            state.update(suffix)
            wanted = from_bytes(state.digest(), "little")
            slot = wanted * homes >> 32 << 1
            while (found := table[slot]) < wanted:
                slot += 2
            while found == wanted:
                offset = table[slot + 1]
                if not offset:
                    break  # an empty slot, when the name's own fingerprint happens to be EMPTY
                end = offset + len(suffix)
                if data[offset:end] == suffix:
                    pair = data[end] | data[end + 1] << 8
                    return below[pair] if at else exact[pair]
                slot += 2
                found = table[slot]
            at = following
        return 0

    return lookup


def make_find(table: Sequence[int], data: Data, key: bytes, homes: int) -> Find:
    """Return the function name -> (pair, position of the listed suffix) or None: the same walk, for explanations."""

    def find(name: bytes) -> tuple[int, int] | None:
        at = 0
        while name[at]:
            suffix = name[at:]
            wanted = fingerprint(suffix, key)
            slot = (wanted * homes >> 32) * 2
            while table[slot] < wanted:
                slot += 2
            while table[slot] == wanted and table[slot + 1]:
                offset = table[slot + 1]
                end = offset + len(suffix)
                if data[offset:end] == suffix:
                    return data[end] | data[end + 1] << 8, at
                slot += 2
            at += name[at] + 1
        return None

    return find
