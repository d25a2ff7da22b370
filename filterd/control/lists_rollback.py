"""Back to an earlier version of one list: the registry keeps up to two good bodies before the one in use.

As with every change of lists: the bundle is built, judged and published first, and the registry written last; the bodies of
both versions are there before and after, so a process killed anywhere leaves one of the two in force.

    rollback_list(state, "ads")                    # the version before; again: the one after it
    rollback_list(state, "ads", to=2, build=False) # the next sync of the manager puts it into force
"""

from __future__ import annotations

import logging
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from filterd.control import lists_build
from filterd.control.lists_build import Publish, publish_lists
from filterd.control.lists_history import one_rolled_back
from filterd.errors import ListRejected
from filterd.model.change import NOBODY, Who

if TYPE_CHECKING:
    from filterd.config.catalogue import Catalogue
    from filterd.listbuild.assemble import Progress
    from filterd.listbuild.registry import Kept, Listed

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Back:
    """What came of it. `revision`: 0 when nothing was published yet."""

    names: int
    revision: int


def is_registered(state: Path, list_id: str) -> bool:
    """Return whether a list is called so."""
    from filterd.listbuild.registry import load

    return list_id in load(state)


def rollback_list(
    state: Path,
    list_id: str,
    to: int = 1,
    *,
    version: str = "",
    build: bool = True,
    at: datetime | None = None,
    catalogue: Catalogue | None = None,
    publish: Publish | None = None,
    progress: Progress | None = None,
    who: Who = NOBODY,
) -> Back:
    """Use the good body before the one in use (`to` 2: the one before that), or that with the digest `version`.

    It stays until the source brings something else than it did. `build=False`: the list is due, and the manager's next
    sync puts it into force. Raises ListRejected (no such list, no such version, of a feed) or StoreError (damaged).
    """
    from filterd.listbuild.registry import load, read_body, registry_lock, save

    with registry_lock(state):
        lists = load(state)
        before = lists.get(list_id)
        if before is None:
            raise ListRejected(f"list {list_id} is not registered")
        if before.origin.startswith("feed:"):
            raise ListRejected(f"list {list_id} belongs to a feed, which says what is in force")
        chosen = _chosen(before, to, version)
        after = _with(before, chosen, at)
        read_body(state, after)  # a damaged one is not put into force
        lists[list_id] = after
        revision = 0
        if build:
            shipped = catalogue or lists_build.shipped()
            _, revision = publish_lists(state, lists, shipped, publish=publish, progress=progress)
        else:
            lists[list_id] = replace(after, next_at="")
        save(state, lists)
    one_rolled_back(state, who, before, after)
    log.info("list rolled back id=%s names=%d revision=%d", list_id, after.names, revision)
    return Back(after.names, revision)


def _chosen(listed: Listed, to: int, version: str) -> Kept:
    found = [one for one in listed.kept if one.digest == version] if version else list(listed.kept[to - 1 : to])
    if not found:
        raise ListRejected(
            f"list {listed.id}: expected {'this version' if version else f'at least {to}'} among the earlier versions that are "
            f"kept, got {len(listed.kept)}"
        )
    return found[0]


def _with(before: Listed, chosen: Kept, at: datetime | None) -> Listed:
    from filterd.control.lists_take import event
    from filterd.listbuild.gate import ACCEPTED
    from filterd.listbuild.registry import ROLLED_BACK

    # what the source brought last: after a second step back, or one forward, still that
    source = before.left or before.digest
    after = before.with_body(chosen.digest, chosen.names, chosen.format)
    row = event(at, chosen.digest, chosen.names, 0, ACCEPTED, "an earlier version, put back by a person", ROLLED_BACK)
    return replace(after, left="" if chosen.digest == source else source).with_event(row)
