"""Looking at lists: what is registered, what happened to it, what a bundle or a new body would change. Reads only.

show_lists(state).names
history(state, "ads")
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from filterd.control import lists_build
from filterd.errors import ListRejected, StoreError

if TYPE_CHECKING:
    from filterd.config.catalogue import Catalogue
    from filterd.listbuild.compare import Difference
    from filterd.listbuild.registry import Event, Listed


@dataclass(frozen=True, slots=True)
class Overview:
    """What `lists show` shows. `bundle`: file of the bundle in force ('' when none), `previous`: those before it."""

    lists: tuple[Listed, ...]
    starter: tuple[tuple[str, int], ...]  # (category, names) of the shipped lists
    bundle: str
    names: int
    previous: tuple[str, ...]


def show_lists(state: Path, *, catalogue: Catalogue | None = None) -> Overview:
    """Return the registered lists, the shipped ones and the bundles on disk."""
    from filterd.control.publish import current
    from filterd.listbuild.registry import load
    from filterd.lists.bundle import Bundle

    revision = current(state)
    shipped = catalogue or lists_build.shipped()
    path = lists_build.in_force(state)
    names = 0
    if path is not None:
        bundle = Bundle.open(path, verify=False)
        names = bundle.names
        bundle.close()
    return Overview(
        lists=tuple(load(state).values()),
        starter=tuple((category, len(found)) for category, found in shipped.starter.items()),
        bundle=f"bundles/{path.name}" if path else "",
        names=names,
        previous=revision.bundles if revision else (),
    )


def history(state: Path, list_id: str | None = None) -> list[tuple[str, Event]]:
    """Return (list id, sync), oldest first, of one list or of all. Raises ListRejected for an unknown list."""
    from filterd.listbuild.registry import load

    lists = load(state)
    if list_id is not None and list_id not in lists:
        raise ListRejected(f"list {list_id} is not registered")
    events = [(entry.id, event) for entry in lists.values() for event in entry.history]
    return sorted((pair for pair in events if list_id in (None, pair[0])), key=lambda pair: (pair[1].at, pair[0]))


def diff_list(state: Path, list_id: str, origin: str | None = None, *, loopback: bool = False) -> Difference:
    """Return what a new body (from `origin`, else from where the list comes) would change in a registered list."""
    from filterd.listbuild.compare import blocked_names, compare_names
    from filterd.listbuild.fetch import fetch
    from filterd.listbuild.registry import load, read_body

    listed = load(state).get(list_id)
    if listed is None:
        raise ListRejected(f"list {list_id} is not registered")
    after = blocked_names(fetch(origin or listed.origin, loopback=loopback).data or b"", listed.asked)
    before = blocked_names(read_body(state, listed), listed.format) if listed.digest else set()
    return compare_names(before, after, list_id)


def diff_in_force(state: Path) -> Difference:
    """Return what the bundle in force changed against the one before it. Raises StoreError when there is no such."""
    from filterd.listbuild.compare import compare_bundles

    kept = lists_build.bundles_on_disk(state)
    if len(kept) < 2:
        raise StoreError(f"expected two bundles on disk to compare, got {len(kept)}")
    return compare_bundles(kept[1], kept[0])
