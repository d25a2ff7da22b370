"""Lists from a folder instead of the network: a USB stick, a school's share, `filterd up --lists DIR`.

A file is a list's when it is called `<id>` or `<id>.txt`, also with `.gz` or `.xz`, or, when no two lists share it, as
the last part of the list's address. Nothing else in the folder is touched.

    found = find(Path("/media/stick"), {"hostsvn-adult": "https://lists.example.org/domain.txt"})
    body = read(found.files["hostsvn-adult"], max_bytes=8 << 20)
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from filterd.errors import StoreError

if TYPE_CHECKING:
    from filterd.listbuild.fetch import Fetched

PACKED = {".gz": "gzip", ".xz": "xz"}
MAX_FILES = 10_000  # entries of the folder that are looked at


@dataclass(frozen=True, slots=True)
class Found:
    """The files of a folder: by list id, and the names of those that belong to none."""

    files: dict[str, Path]
    unknown: tuple[str, ...]


def find(folder: Path, addresses: Mapping[str, str]) -> Found:
    """Return which files of `folder` belong to which list. `addresses`: list id -> address. Raises StoreError."""
    try:
        names = sorted(path.name for _, path in zip(range(MAX_FILES), folder.iterdir(), strict=False))
    except OSError as exc:
        raise StoreError(f"{folder}: cannot be read: {exc.strerror or exc}") from exc
    ends = Counter(_end(address) for address in addresses.values())
    owners = {end: key for key, address in addresses.items() if (end := _end(address)) and ends[end] == 1}
    owners |= {f"{key}{suffix}": key for key in addresses for suffix in ("", ".txt")}
    files: dict[str, Path] = {}
    unknown = []
    for name in names:
        plain = name.removesuffix(Path(name).suffix) if Path(name).suffix in PACKED else name
        owner = owners.get(plain)
        if owner is None or owner in files:
            unknown.append(name)
        else:
            files[owner] = folder / name
    return Found(files, tuple(unknown))


def read(path: Path, max_bytes: int) -> Fetched:
    """Return the body in a file, unpacked within `max_bytes`. Raises Refused."""
    from filterd.host.files import read_bounded
    from filterd.listbuild.fetch import Fetched
    from filterd.listbuild.refusal import Refused, Why
    from filterd.listbuild.unpack import Unpacker

    try:
        data = read_bounded(path, max_bytes)
    except StoreError as exc:
        raise Refused(Why.FILE, str(exc)) from exc
    unpacker = Unpacker(PACKED.get(path.suffix, "identity"), max_bytes)
    try:
        body = unpacker.feed(data)
        unpacker.finish()
    except Refused as exc:
        raise Refused(exc.why, f"{path.name}: {exc}") from exc
    return Fetched(body)


def _end(address: str) -> str:
    return urlsplit(address).path.rpartition("/")[2]
