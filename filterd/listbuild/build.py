"""The builder: claims of many lists in, one .flt file out. Compact on purpose: a million names in under 300 MiB.

One dictionary holds every name with a small shared integer: first the number of its combination of claims, then the
number of its closed result. Parsing is read.py, the rules are claims.py, the bytes lists/format.py, refusals gate.py.

    builder = Builder()
    builder.add(Tag(TagKind.LIST, "ads", "ads"), [(BLOCK, b"\x03ads\x07example\x03org\x00")])
    built = builder.write(state / "bundles", key)
"""

from __future__ import annotations

import contextlib
import os
import secrets
import sys
from array import array
from collections.abc import Iterable
from dataclasses import dataclass
from hashlib import blake2b
from pathlib import Path

from filterd.errors import ListRejected, StoreError
from filterd.host.files import TEMP_SUFFIX, make_folder, sync_folder
from filterd.listbuild.claims import MASK_BITS, Claim, State, blocking, close, merge
from filterd.lists.format import (
    DIGEST_BYTES,
    HEADER_BYTES,
    KEY_BYTES,
    MAX_FILE_BYTES,
    MAX_PAIRS,
    SLOT_BYTES,
    TABLE_ALIGN,
    Header,
    encode_meaning,
    homes_for,
    order_table,
)
from filterd.lists.lookup import FINGERPRINT_BYTES
from filterd.model.tags import Tag

_STATE_SHIFT = 32


@dataclass(frozen=True, slots=True)
class Built:
    """A written bundle. `folded`: claimed names that need no entry because an ancestor's says the same."""

    path: Path
    digest: str
    names: int
    folded: int
    tagsets: int
    size_bytes: int


def content_key(parts: Iterable[bytes]) -> bytes:
    """Return the hash key for a bundle made of these contents (digests will do): same contents, same file."""
    state = blake2b(digest_size=KEY_BYTES, person=b"filterd flt key")
    for part in sorted(parts):
        state.update(len(part).to_bytes(8, "little") + part)
    return state.digest()


class Builder:
    """Collects claims, then writes one bundle. Not reusable after `write`."""

    def __init__(self) -> None:
        self._names: dict[bytes, int] = {}
        self._claims: list[Claim] = [()]
        self._claim_numbers: dict[Claim, int] = {(): 0}
        self._tags: list[Tag] = []

    def add(self, tag: Tag, claims: Iterable[tuple[int, bytes]]) -> int:
        """Put `tag` on names: `claims` yields (mask, lower-case wire name). Returns how many there were.

        Raises ListRejected for a name of a single label: look-up never asks for one.
        """
        if tag not in self._tags:
            self._tags.append(tag)
        number = self._tags.index(tag)
        names = self._names
        known, steps = names.get, {}  # type: ignore[var-annotated]  # dict[int, int], kept on one line for the loop's sake
        count = 0
        for mask, name in claims:
            count += 1
            old = known(name, 0)
            step = old << MASK_BITS | mask
            new = steps.get(step)
            if new is None:
                new = steps[step] = self._merged(old, number, mask)
            if not old:
                if len(name) <= name[0] + 2:
                    raise ListRejected(f"list {tag.id}: a name needs two labels, got {name!r}")
                names[name] = new
            elif new != old:
                names[name] = new
        return count

    def write(self, folder: Path, key: bytes) -> Built:
        """Close all tag sets and write `folder`/<first 16 hex digits of the digest>.flt: synced, then renamed.

        Same claims (in any order) and same key give the same bytes. Raises ListRejected when there are more than
        65,535 different pairs of tag sets or more than 4 GiB, StoreError when the file cannot be written.
        """
        if len(key) != KEY_BYTES:
            raise ValueError(f"expected a key of {KEY_BYTES} bytes, got {len(key)}")
        results = _Results(self._claims)
        results.resolve(self._names)
        claimed = len(self._names)
        names, numbers, order = self._kept(results, key)
        blob, pairs, order = _blob(names, numbers, order, results)
        kept = len(names)
        del names, numbers
        homes = homes_for(kept)
        table = order_table(order, homes)
        del order
        tagsets, meaning = self._meaning(pairs, results)
        table_at = -(-len(blob) // TABLE_ALIGN) * TABLE_ALIGN
        trailer_at = table_at + len(table) // 2 * SLOT_BYTES
        header = Header(
            trailer_at + len(meaning), kept, len(table) // 2, homes, len(pairs), len(blob), table_at, trailer_at, key
        )
        blob[: HEADER_BYTES - DIGEST_BYTES] = header.pack()
        blob.extend(bytes(table_at - len(blob)))
        path, digest = _write(folder, blob, table, meaning)
        return Built(path, digest, kept, claimed - kept, tagsets, header.file_bytes)

    def _merged(self, old: int, number: int, mask: int) -> int:
        """Return the number of the combination `old` with one more list's mask."""
        claim = merge(self._claims[old], number, mask)
        new = self._claim_numbers.setdefault(claim, len(self._claims))
        if new == len(self._claims):
            self._claims.append(claim)
        return new

    def _kept(self, results: _Results, key: bytes) -> tuple[list[bytes], array[int], list[int]]:
        """Return the names that need an entry, their results, and `fingerprint << 32 | index` in ascending order."""
        fresh = blake2b(digest_size=FINGERPRINT_BYTES, key=key).copy
        needed = results.needed
        names: list[bytes] = []
        numbers = array("i")
        digests = bytearray()
        for name, result in self._names.items():
            if needed[~result]:
                state = fresh()
                state.update(name)
                digests += state.digest()
                names.append(name)
                numbers.append(~result)
        self._names.clear()
        fingerprints = memoryview(digests).cast("I")  # in the machine's order of bytes
        if sys.byteorder == "big":  # pragma: no cover
            fingerprints = memoryview(
                array("I", [int.from_bytes(one.to_bytes(4, "big"), "little") for one in fingerprints])
            )
        order = [fingerprint << 32 | index for index, fingerprint in enumerate(fingerprints)]
        order.sort()
        # two names with one fingerprint: their order must not depend on the order of the lists
        for at in range(1, len(order)):
            back = at
            while back and order[back] >> 32 == order[back - 1] >> 32:
                low, high = order[back - 1], order[back]
                if names[low & 0xFFFFFFFF] < names[high & 0xFFFFFFFF]:
                    break
                order[back - 1], order[back] = high, low
                back -= 1
        return names, numbers, order

    def _meaning(self, pairs: list[tuple[int, int]], results: _Results) -> tuple[int, bytes]:
        """Return the number of tag sets and the trailer; sets are numbered in the order in which the file needs
        them.
        """
        renumbered: dict[int, int] = {0: 0}
        for pair in pairs:
            for old in pair:
                renumbered.setdefault(old, len(renumbered))
        sets = [[self._tags[number] for number in results.sets[old]] for old in renumbered]
        return len(sets), encode_meaning(sets, [(renumbered[exact], renumbered[below]) for exact, below in pairs])


class _Results:
    """Closed results, one for each combination of (state handed down, claims) that occurs."""

    def __init__(self, claims: list[Claim]) -> None:
        self.sets: list[tuple[int, ...]] = [()]
        self.pair: list[tuple[int, int]] = []  # of a result: set of exactly the name, set of the names below it
        self.needed: list[bool] = []  # of a result: False when the nearest claimed ancestor's set says the same already
        self._below: list[int] = []  # of a result: the state that it hands down
        self._claims = claims
        self._states: list[State] = [()]
        self._state_numbers: dict[State, int] = {(): 0}
        self._set_numbers: dict[tuple[int, ...], int] = {(): 0}
        self._known: dict[int, int] = {}  # state << 32 | claim -> ~result

    def resolve(self, names: dict[bytes, int]) -> None:
        """Replace each value of `names` (the number of its claims) by ~(the number of its result)."""
        known_name, below, known = names.get, self._below, self._known
        waiting: list[tuple[bytes, int]] = []  # claimed ancestors of a name, not resolved yet, longest first
        for name, claim in names.items():
            if claim < 0:
                continue
            state = 0
            at = name[0] + 1
            while name[after := at + name[at] + 1]:  # up to two labels: a single one is never claimed
                suffix = name[at:]
                value = known_name(suffix)
                if value is not None:
                    if value < 0:
                        state = below[~value]
                        break
                    waiting.append((suffix, value))
                at = after
            while waiting:
                ancestor, value = waiting.pop()
                names[ancestor] = result = known.get(state << _STATE_SHIFT | value) or self._close(state, value)
                state = below[~result]
            names[name] = known.get(state << _STATE_SHIFT | claim) or self._close(state, claim)

    def _close(self, state: int, claim: int) -> int:
        """Return ~result of a combination seen for the first time."""
        parent = self._states[state]
        at_name, below, inherited = close(parent, self._claims[claim])
        pair = self._set(at_name), self._set(below)
        above = self._set(blocking(parent))
        self.pair.append(pair)
        self.needed.append(pair != (above, above))
        number = self._state_numbers.setdefault(inherited, len(self._states))
        if number == len(self._states):
            self._states.append(inherited)
        self._below.append(number)
        result = ~(len(self.pair) - 1)
        self._known[state << _STATE_SHIFT | claim] = result
        return result

    def _set(self, numbers: tuple[int, ...]) -> int:
        number = self._set_numbers.setdefault(numbers, len(self.sets))
        if number == len(self.sets):
            self.sets.append(numbers)
        return number


def _blob(
    names: list[bytes], numbers: array[int], order: list[int], results: _Results
) -> tuple[bytearray, list[tuple[int, int]], list[int]]:
    """Return header space and blob in table order, the pairs in order of use, and `fingerprint << 32 | offset`."""
    blob = bytearray(HEADER_BYTES)
    pair_numbers: dict[tuple[int, int], int] = {}
    encoded: dict[int, bytes] = {}  # result -> its pair's two bytes
    for at, entry in enumerate(order):
        index = entry & 0xFFFFFFFF
        result = numbers[index]
        suffix = encoded.get(result)
        if suffix is None:
            pair = pair_numbers.setdefault(results.pair[result], len(pair_numbers))
            if pair >= MAX_PAIRS:
                raise ListRejected(f"the lists overlap in more than {MAX_PAIRS} different ways: use fewer of them")
            suffix = encoded[result] = pair.to_bytes(2, "little")
        order[at] = entry - index + len(blob)
        blob += names[index] + suffix
    if len(blob) + len(order) * SLOT_BYTES * 2 > MAX_FILE_BYTES:
        raise ListRejected(f"the lists need a file of more than {MAX_FILE_BYTES} bytes")
    return blob, list(pair_numbers), order


def _write(folder: Path, start: bytearray, table: array[int], trailer: bytes) -> tuple[Path, str]:
    """Write header and blob, table, trailer under the name of their digest: whole or not at all."""
    if sys.byteorder == "big":  # pragma: no cover
        table.byteswap()
    state = blake2b(memoryview(start)[: HEADER_BYTES - DIGEST_BYTES], digest_size=DIGEST_BYTES)
    parts = [memoryview(start)[HEADER_BYTES:], memoryview(table).cast("B"), memoryview(trailer)]
    for part in parts:
        state.update(part)
    start[HEADER_BYTES - DIGEST_BYTES : HEADER_BYTES] = state.digest()  # same length: the views stay valid
    digest = state.hexdigest()
    path = make_folder(folder) / f"{digest[:16]}.flt"
    temp = folder / f".{path.name}.{secrets.token_hex(6)}{TEMP_SUFFIX}"
    try:
        try:
            with temp.open("xb") as file:
                file.write(memoryview(start)[:HEADER_BYTES])
                for part in parts:
                    file.write(part)
                file.flush()
                os.fsync(file.fileno())
            temp.rename(path)
        except BaseException:
            with contextlib.suppress(OSError):
                temp.unlink()
            raise
        sync_folder(folder)
    except OSError as exc:
        raise StoreError(f"cannot write {path}: {exc.strerror or exc}") from exc
    return path, digest
