"""The bundle: every list, service, lifeline and canary in one mapped file, opened read-only and shared by all workers.

Opening checks everything once, so that looking up never raises. The bytes are lists/format.py, the walk
lists/lookup.py; who builds bundles is listbuild/build.py, who decides by a tag set is policy/.

    bundle = Bundle.open(state / "bundles" / "0123456789abcdef.flt")
    tags = bundle.tagsets[bundle.lookup(b"\x03www\x07example\x03org\x00")]
"""

from __future__ import annotations

import contextlib
import mmap
from collections.abc import Iterator
from pathlib import Path
from typing import NoReturn

from filterd.errors import LayoutError
from filterd.lists.format import HEADER_BYTES, decode_meaning, file_digest, read_header, stored_digest
from filterd.lists.lookup import Lookup, make_find, make_lookup, table_view
from filterd.model.tags import TagSet


class Bundle:
    """A checked, mapped list file. `lookup` is a function of its own, not a bound method: it is called for every query.

    A file that is mapped is never written again: a new bundle is a new file. Truncating one in place would kill its
    readers (SIGBUS).
    """

    __slots__ = ("_data", "_find", "_header", "_pairs", "_view", "digest", "lookup", "names", "tagsets")

    digest: str  # hexadecimal; the file's name carries its first 16 characters
    names: int  # listed names in the file
    tagsets: tuple[TagSet, ...]  # index 0 is the empty set
    lookup: Lookup  # lower-case wire name -> index into `tagsets`; the longest listed name decides

    def __init__(self, data: mmap.mmap | bytes, *, verify: bool = True) -> None:
        """Check `data` and prepare the look-up. Raises LayoutError. `verify=False` skips the digest alone."""
        view = memoryview(data)
        header = read_header(view)
        if verify and file_digest(view) != stored_digest(view):
            raise LayoutError("list file: its digest is not that of its content")
        meaning = decode_meaning(view[header.trailer :].tobytes(), header.pairs)
        table = table_view(view[header.table : header.trailer])
        self._data, self._view, self._header = data, view, header
        self._pairs = meaning.pairs
        self.digest = stored_digest(view).hex()
        self.names = header.names
        self.tagsets = meaning.tagsets
        exact, below = [pair[0] for pair in meaning.pairs], [pair[1] for pair in meaning.pairs]
        self.lookup = make_lookup(table, data, header.key, header.homes, exact, below)
        self._find = make_find(table, data, header.key, header.homes)

    @classmethod
    def open(cls, path: Path, expected_digest: str | None = None, *, verify: bool = True) -> Bundle:
        """Map the file `path`. Raises LayoutError when it is damaged, of another layout, or not `expected_digest`.

        Checking hashes the whole file (about 1 ms a MB) but lets other threads run meanwhile.
        """
        try:
            with path.open("rb") as file:
                data = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
        except (OSError, ValueError) as exc:  # ValueError: an empty file cannot be mapped
            raise LayoutError(f"list file {path}: cannot be mapped: {exc}") from exc
        try:
            bundle = cls(data, verify=verify)
        except LayoutError as exc:
            raise LayoutError(f"{path}: {exc}") from exc
        if expected_digest is not None and bundle.digest != expected_digest:
            raise LayoutError(f"{path}: expected digest {expected_digest}, got {bundle.digest}")
        return bundle

    def match(self, name: bytes) -> tuple[int, bytes]:
        """Return `lookup(name)` and the listed name that decided (b"" when none is listed)."""
        found = self._find(name)
        if found is None:
            return 0, b""
        pair, at = found
        return self._pairs[pair][1 if at else 0], name[at:]

    def entries(self) -> Iterator[tuple[bytes, int, int]]:
        """Yield every listed name with its two tag set indices: for exactly this name, and for the names below it."""
        data, at, end = self._data, HEADER_BYTES, self._header.blob_end
        while at < end:
            start = at
            while data[at]:
                at += data[at] + 1
            at += 1
            exact, below = self._pairs[data[at] | data[at + 1] << 8]
            yield data[start:at], exact, below
            at += 2

    def close(self) -> None:
        """Let go of the mapping; looking up afterwards raises ValueError. Dropping the last reference does the same."""
        self.lookup = _closed
        self._find = _closed
        with contextlib.suppress(BufferError):  # someone still holds the old `lookup`: the mapping goes with it
            self._view.release()
            if isinstance(self._data, mmap.mmap):
                self._data.close()


def _closed(_: bytes) -> NoReturn:
    raise ValueError("the bundle is closed")
