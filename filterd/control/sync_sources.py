"""Sources and this household: which of them are registered, switched on, and how they are.

The recommended ones are registered once, when the box first gets ready to sync; what a person removes or switches off
stays so, also after an upgrade. Where a source is and how far it may change comes from blocklists/sources.yaml for as
long as nobody gave the list another address.

    offer(state)
    enable(state, "hagezi-bypass")
    for row in overview(state): print(row.source.id, row.listed)
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from filterd.control.lists_history import listed as recorded
from filterd.errors import ListRejected
from filterd.model.change import NOBODY, Who

if TYPE_CHECKING:
    from filterd.config.sources import Source
    from filterd.listbuild.registry import Listed


@dataclass(frozen=True, slots=True)
class Row:
    """A public source, and the list it is here (None: not registered)."""

    source: Source
    listed: Listed | None


def overview(state: Path, sources: Mapping[str, Source] | None = None) -> list[Row]:
    """Return all sources in their order, each with how it is here."""
    from filterd.listbuild.registry import load

    lists = load(state)
    return [Row(source, lists.get(source.id)) for source in (sources or shipped()).values()]


def offer(
    state: Path, sources: Mapping[str, Source] | None = None, wanted: Iterable[str] = (), *, recommended: bool = True
) -> list[str]:
    """Register the recommended sources that were never offered, and those of `wanted`; bring the others up to date.

    Returns the ids of those that are new. Nothing is fetched. Without `recommended` only `wanted` is registered: a box
    that gets its lists on a stick shall not begin to fetch others.
    """
    from filterd.listbuild.registry import load, load_offered, registry_lock, save, save_offered

    known = sources if sources is not None else shipped()
    with registry_lock(state):
        before = load(state)
        offered = load_offered(state)
        lists = dict(before)
        due = {key for key, source in known.items() if recommended and source.recommended} - offered
        new = [key for key in known if key not in before and (key in wanted or key in due)]
        for key, source in known.items():
            if key in new or (key in before and before[key].follows):
                lists[key] = _registered(source, before.get(key))
        if lists != before:
            save(state, lists)
        if due:
            save_offered(state, offered | due)
    return new


def enable(
    state: Path, list_id: str, on: bool, sources: Mapping[str, Source] | None = None, *, who: Who = NOBODY
) -> Listed:
    """Switch a list on or off; a source that is not registered yet is registered. Raises ListRejected.

    It is in force with the next build or sync.
    """
    from filterd.listbuild.registry import load, registry_lock, save

    known = sources if sources is not None else shipped()
    with registry_lock(state):
        lists = load(state)
        listed = before = lists.get(list_id)
        if listed is None and list_id in known:
            listed = _registered(known[list_id], None)
        if listed is None:
            raise ListRejected(f"no list and no source is called {list_id}: `filterd lists sources` shows them")
        if not on and listed.mandatory and listed.origin.startswith("feed:"):
            raise ListRejected(f"list {list_id} is mandatory in the province's feed: nobody at home switches it off")
        lists[list_id] = replace(listed, enabled=on, next_at="" if on and not listed.enabled else listed.next_at)
        save(state, lists)
    recorded(state, who, "list enabled" if on else "list disabled", before, lists[list_id])
    return lists[list_id]


def shipped() -> dict[str, Source]:
    """Return the package's sources."""
    from filterd.config.sources import load

    return load()


def _registered(source: Source, before: Listed | None) -> Listed:
    """Return the registration of a source; what the box has of it already is kept."""
    from filterd.listbuild.registry import Listed

    listed = before or Listed(source.id, source.category, "domains", source.format, source.url)
    moved = (listed.origin, listed.asked) != (source.url, source.format)
    return replace(
        listed,
        follows=True,
        category=source.category,
        asked=source.format,
        origin=source.url,
        etag="" if moved else listed.etag,
        modified="" if moved else listed.modified,
        next_at="" if moved else listed.next_at,
        shrink=source.shrink,
        grow=source.grow,
        expected=source.names,
        max_bytes=source.max_bytes,
        every_h=source.every_h,
    )
