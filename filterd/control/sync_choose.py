"""Which lists a sync looks at, and in what order.

chosen = choose(lists, sources, time.time())                        # what is due
chosen = choose(lists, sources, time.time(), ("hostsvn-adult",))    # this one, due or not
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from typing import TYPE_CHECKING

from filterd.control.sync_due import is_due
from filterd.errors import ListRejected

if TYPE_CHECKING:
    from filterd.listbuild.registry import Listed


def choose(
    lists: Mapping[str, Listed],
    sources: Iterable[str],
    now: float,
    only: Collection[str] = (),
    *,
    files: Collection[str] | None = None,
    everything: bool = False,
) -> list[Listed]:
    """Return the lists to look at: in the order of `sources` (ids of sources.yaml), then a household's own.

    `only`: these, due or not. `files`: the ids of which there is a file, None when lists come from the network.
    `everything`: all that are switched on. Raises ListRejected for one in `only` that cannot be looked at.
    """
    for key in only:
        _refuse(lists, key)
    order = {key: number for number, key in enumerate(sources)}

    def is_wanted(listed: Listed) -> bool:
        if only and listed.id not in only:
            return False
        if files is not None:
            return listed.enabled and listed.id in files
        if only or everything:
            return listed.enabled and "://" in listed.origin
        return is_due(listed, now)

    return sorted(filter(is_wanted, lists.values()), key=lambda listed: (order.get(listed.id, len(order)), listed.id))


def _refuse(lists: Mapping[str, Listed], key: str) -> None:
    if key not in lists:
        raise ListRejected(f"no list and no source is called {key}: `filterd lists sources` shows them")
    if lists[key].origin.startswith("feed:"):
        raise ListRejected(f"list {key} comes with a feed: `filterd feed sync` looks at it")
    if not lists[key].enabled:
        raise ListRejected(f"list {key} is switched off: `filterd lists enable {key}` switches it on")
