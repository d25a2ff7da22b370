"""What differs between two bundles or two bodies of one list, name by name, for a person to look at.

compare_bundles(old, new).added
"""

from __future__ import annotations

import contextlib
from dataclasses import dataclass
from pathlib import Path

from filterd.listbuild.body import prepare
from filterd.listbuild.claims import BLOCK, IMPORTANT_SHIFT
from filterd.listbuild.detect import detect
from filterd.listbuild.read import FORMATS, Report, read_claims
from filterd.lists.bundle import Bundle

_BLOCKS = BLOCK | BLOCK << IMPORTANT_SHIFT
Ids = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Difference:
    """Names whose meaning differs, as (name, tag ids before, tag ids after), and how many came, went and changed."""

    names: tuple[tuple[bytes, Ids, Ids], ...]
    added: int
    removed: int
    changed: int


def compare_bundles(old: Path, new: Path) -> Difference:
    """Return what differs between two bundle files, for the names that one of them lists. Raises LayoutError."""
    with contextlib.closing(Bundle.open(old)) as before, contextlib.closing(Bundle.open(new)) as after:
        changes: dict[bytes, tuple[Ids, Ids]] = {}
        for bundle in (before, after):
            for name, _, _ in bundle.entries():
                if name not in changes and (pair := (_ids(before, name), _ids(after, name))) and pair[0] != pair[1]:
                    changes[name] = pair
        return _difference(changes)


def compare_names(before: set[bytes], after: set[bytes], list_id: str) -> Difference:
    """Return what differs between the names of two bodies of the list `list_id`."""
    changes: dict[bytes, tuple[Ids, Ids]] = dict.fromkeys(after - before, ((), (list_id,)))
    changes |= dict.fromkeys(before - after, ((list_id,), ()))
    return _difference(changes)


def blocked_names(data: bytes, asked: str) -> set[bytes]:
    """Return the names that a body as it came blocks. `asked`: a format, anything else means: find out."""
    body = prepare(data)
    found = asked if asked in FORMATS else detect(body).format
    return {name for mask, name in read_claims(body, found, Report()) if mask & _BLOCKS}


def _ids(bundle: Bundle, name: bytes) -> Ids:
    return tuple(tag.id for tag in bundle.tagsets[bundle.lookup(name)].tags)


def _difference(changes: dict[bytes, tuple[Ids, Ids]]) -> Difference:
    rows = tuple((name, before, after) for name, (before, after) in sorted(changes.items()))
    added = sum(not before for _, before, _ in rows)
    removed = sum(not after for _, _, after in rows)
    return Difference(rows, added, removed, len(rows) - added - removed)
