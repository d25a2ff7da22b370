"""The .flt list file: its bytes, written once and then only mapped. Who looks names up is lists/lookup.py.

    offset 0    header, 128 bytes: what is where, the hash key, the digest of everything else
    blob        each listed name: {lower-case wire name, ended by its root byte; u16 pair}; then zeros up to the table
    table       open addressing, `slots` x {u32 keyed fingerprint, u32 offset of the name}: hot, 10.7 bytes a name
    trailer     JSON: the tags, the tag sets, and each pair = [set of exactly this name, set of the names below it]

All integers are little-endian. The table is ordered: a name's home is slot `fingerprint * homes >> 32`, and entries
stand in the order of their fingerprints, each at its home or right after its predecessor. So a search stops at the
first greater fingerprint (2.5 slots on average at load 0.75), and the file depends on the set of names alone, not on
their order. A wire name ends itself, so no length is stored: `len(suffix)` equal bytes, root byte included, are the
same name.
"""

from __future__ import annotations

import json
import struct
from array import array
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from hashlib import blake2b
from typing import Any

from filterd.errors import LayoutError
from filterd.model.tags import Tag, TagKind, TagSet

MAGIC = b"FILTLIST"
LAYOUT = 1
HEADER_BYTES = 128
KEY_BYTES = 16
DIGEST_BYTES = 32
SLOT_BYTES = 8
TABLE_ALIGN = 64  # bytes: a cache line
EMPTY = 0xFFFFFFFF  # fingerprint of an empty slot; its offset is 0, where no name can be
LOAD = 0.75  # entries per home slot
MAX_PAIRS = 65_535
MAX_FILE_BYTES = 0xFFFFFFFF  # offsets are u32

# magic, layout, header bytes, file bytes, names, slots, homes, pairs, end of the blob, table, trailer, key
_HEADER = struct.Struct("<8sIIQIIIIQQQ16s16x")
assert _HEADER.size + DIGEST_BYTES == HEADER_BYTES


@dataclass(frozen=True, slots=True)
class Header:
    """The header's fields. Offsets count from the start of the file; the blob starts right after the header."""

    file_bytes: int
    names: int
    slots: int
    homes: int
    pairs: int
    blob_end: int
    table: int
    trailer: int
    key: bytes

    def pack(self) -> bytes:
        """Return the header without its digest."""
        return _HEADER.pack(
            MAGIC, LAYOUT, HEADER_BYTES, self.file_bytes, self.names, self.slots, self.homes, self.pairs,
            self.blob_end, self.table, self.trailer, self.key,
        )  # fmt: skip


@dataclass(frozen=True, slots=True)
class Meaning:
    """What the pairs of a file mean: `pairs[p]` = (index of the set for exactly the name, index for names below)."""

    tagsets: tuple[TagSet, ...]  # index 0 is the empty set
    pairs: tuple[tuple[int, int], ...]


def homes_for(names: int) -> int:
    """Return the number of home slots for `names` entries, so that the load is at most LOAD."""
    return max(1, -(-names * 4 // 3))


def order_table(entries: Iterable[int], homes: int) -> array[int]:
    """Return the table (two u32 a slot) for `entries`, each `fingerprint << 32 | offset`, in ascending order.

    The last slot is always empty, so that every search ends inside the table.
    """
    last = -1
    table = array("I", [EMPTY, 0]) * (homes + 1)
    for entry in entries:
        fingerprint, offset = entry >> 32, entry & 0xFFFFFFFF
        last = max(last + 1, fingerprint * homes >> 32)
        at = last * 2
        if at + 2 >= len(table):  # the tail: names pushed beyond the last home
            table.extend((EMPTY, 0))
        table[at] = fingerprint
        table[at + 1] = offset
    return table


def read_header(data: bytes | memoryview) -> Header:
    """Return the checked header of a file of `len(data)` bytes. Raises LayoutError."""
    if len(data) < HEADER_BYTES:
        raise LayoutError(f"list file: expected at least {HEADER_BYTES} bytes, got {len(data)}")
    magic, layout, size, *fields = _HEADER.unpack_from(data)
    if magic != MAGIC:
        raise LayoutError(f"list file: expected magic {MAGIC!r}, got {magic!r}")
    if (layout, size) != (LAYOUT, HEADER_BYTES):
        raise LayoutError(f"list file: expected layout {LAYOUT}, got {layout}")
    header = Header(*fields)
    if header.file_bytes != len(data):
        raise LayoutError(f"list file: expected {header.file_bytes} bytes, got {len(data)}")
    table_end = header.table + header.slots * SLOT_BYTES
    if not HEADER_BYTES <= header.blob_end <= header.table <= table_end == header.trailer <= header.file_bytes:
        raise LayoutError("list file: its parts do not follow each other")
    if not 1 <= header.homes < header.slots or header.names >= header.slots or header.pairs > MAX_PAIRS:
        raise LayoutError("list file: impossible counts")
    return header


def file_digest(data: memoryview) -> bytes:
    """Return the digest of a whole file (its own 32 bytes left out). Lets other threads run while it hashes."""
    state = blake2b(data[: HEADER_BYTES - DIGEST_BYTES], digest_size=DIGEST_BYTES)
    state.update(data[HEADER_BYTES:])
    return state.digest()


def stored_digest(data: bytes | memoryview) -> bytes:
    """Return the digest that the header claims."""
    return bytes(data[HEADER_BYTES - DIGEST_BYTES : HEADER_BYTES])


def encode_meaning(tagsets: Sequence[Sequence[Tag]], pairs: Sequence[tuple[int, int]]) -> bytes:
    """Return the trailer's bytes; equal input gives equal bytes."""
    tags = sorted({tag for tags in tagsets for tag in tags})
    index = {tag: number for number, tag in enumerate(tags)}
    document = {
        "tags": [[int(tag.kind), tag.id, tag.category, int(tag.mandatory)] for tag in tags],
        "sets": [sorted(index[tag] for tag in tags) for tags in tagsets],
        "pairs": [list(pair) for pair in pairs],
    }
    return json.dumps(document, separators=(",", ":"), ensure_ascii=True).encode()


def decode_meaning(data: bytes, pairs: int) -> Meaning:
    """Return what a trailer says. Raises LayoutError on anything `encode_meaning` would not write."""
    try:
        document: Any = json.loads(data)
        tags = [Tag(TagKind(k), str(i), str(c), bool(m)) for k, i, c, m in document["tags"]]
        sets = tuple(TagSet.of(tuple(tags[_index(n)] for n in numbers)) for numbers in document["sets"])
        table = tuple((_index(exact), _index(below)) for exact, below in document["pairs"])
    except (ValueError, KeyError, TypeError, IndexError, RecursionError) as exc:
        raise LayoutError(f"list file: its trailer is damaged: {exc!r}") from exc
    if len(table) != pairs or not sets or sets[0].tags or any(max(pair) >= len(sets) for pair in table):
        raise LayoutError("list file: its trailer does not fit its header")
    return Meaning(sets, table)


def _index(value: object) -> int:
    """Return a JSON index: a negative one would silently count from the end."""
    if not isinstance(value, int) or value < 0:
        raise ValueError(f"expected an index, got {value!r}")
    return value
