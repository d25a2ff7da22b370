"""The revision file: which list bundle, policy snapshot and client map are in force, by name and digest.

Written by control/publish.py alone, read by the workers. This file knows its format; what the parts contain is known
to lists/ and policy/.

    {"layout": 1, "revision": 7, "bundle": {"file": "bundles/x.flt", "digest": "..."}, "snapshot": {...},
     "clients": null, "bundles": ["bundles/w.flt"]}
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from filterd.errors import LayoutError, StoreError
from filterd.host.files import read_bounded

LAYOUT = 1
NAME = "revision.json"
KEPT = ("revision.json.1", "revision.json.2")  # the two revisions before, newest first
_MAX_BYTES = 64 * 1024
_FILE = re.compile(r"(bundles|policy|clients)/[A-Za-z0-9_-][A-Za-z0-9._-]{0,127}")  # never outside its folder
_DIGEST = re.compile(r"[0-9a-f]{16,128}")


@dataclass(frozen=True, slots=True)
class Part:
    """One published file: its path inside the state folder, and the digest of its content."""

    file: str
    digest: str


@dataclass(frozen=True, slots=True)
class Revision:
    """One published revision. `bundles`: files of the bundles before this one, newest first, kept for a rollback."""

    number: int
    bundle: Part | None = None
    snapshot: Part | None = None
    clients: Part | None = None
    bundles: tuple[str, ...] = ()

    def files(self) -> set[str]:
        """Return every file that this revision needs."""
        parts = (self.bundle, self.snapshot, self.clients)
        return {part.file for part in parts if part is not None} | set(self.bundles)

    def encode(self) -> bytes:
        """Return the file's bytes; `parse(r.encode()) == r`."""
        document: dict[str, object] = {"layout": LAYOUT, "revision": self.number}
        for key, part in (("bundle", self.bundle), ("snapshot", self.snapshot), ("clients", self.clients)):
            document[key] = None if part is None else {"file": part.file, "digest": part.digest}
        document["bundles"] = list(self.bundles)
        return json.dumps(document, indent=1).encode() + b"\n"


def parse(data: bytes) -> Revision:
    """Return the revision in `data`. Raises LayoutError with what was expected and what came."""
    try:
        document = json.loads(data)
    except (ValueError, RecursionError) as exc:
        raise LayoutError(f"revision file is no JSON: {exc}") from exc
    if not isinstance(document, dict):
        raise LayoutError("revision file: expected an object")
    if document.get("layout") != LAYOUT:
        raise LayoutError(f"revision file: expected layout {LAYOUT}, got {document.get('layout')!r}")
    number = document.get("revision")
    if not isinstance(number, int) or isinstance(number, bool) or not 0 < number < 2**53:
        raise LayoutError(f"revision file: expected a positive revision number, got {number!r}")
    bundles = document.get("bundles", [])
    if not isinstance(bundles, list) or not all(isinstance(f, str) and _FILE.fullmatch(f) for f in bundles):
        raise LayoutError("revision file: `bundles` is no list of bundle files")
    bundle, snapshot, clients = (_part(document, key) for key in ("bundle", "snapshot", "clients"))
    return Revision(number, bundle, snapshot, clients, tuple(bundles))


def read(path: Path) -> Revision:
    """Return the revision in the file `path`. Raises LayoutError when damaged, StoreError when unreadable."""
    return parse(read_bounded(path, _MAX_BYTES))


def candidates(state: Path) -> Iterator[Revision]:
    """Yield the readable revisions of `state`, newest first: the current one and the two before it."""
    for name in (NAME, *KEPT):
        try:
            yield read(state / name)
        except (LayoutError, StoreError):
            continue


def digest_of(data: bytes) -> str:
    """Return the digest under which a snapshot or a client map is published."""
    return hashlib.blake2b(data, digest_size=32).hexdigest()


def _part(document: dict[str, object], key: str) -> Part | None:
    value = document.get(key)
    if value is None:
        return None
    if not isinstance(value, dict):
        raise LayoutError(f"revision file: `{key}` is no object")
    file, digest = value.get("file"), value.get("digest")
    if not isinstance(file, str) or not _FILE.fullmatch(file):
        raise LayoutError(f"revision file: `{key}.file` is no published file: {file!r}")
    if not isinstance(digest, str) or not _DIGEST.fullmatch(digest):
        raise LayoutError(f"revision file: `{key}.digest` is no digest: {digest!r}")
    return Part(file, digest)
