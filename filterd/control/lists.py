"""Use cases of lists: add, sync one, remove; beside them lists_build.py (build, roll back), lists_look.py (show, history,
compare) and sync.py (all that come from an address).

Order of every change: the body is kept, the bundle built, checked by the gate and published, and only then the registry
written, all under one lock. A process killed anywhere leaves the old revision or the new one in force, and a registry
whose bodies exist; an unfinished change is simply done again. Parsing and judging is listbuild/, publishing publish.py.

    outcome = add_list(state, "ads", "https://lists.example.org/ads.txt", category="ads")
"""

from __future__ import annotations

import logging
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from filterd.control import lists_build
from filterd.control.lists_build import Publish, build_lists, bundles_on_disk, ensure_bundle, publish_lists, rollback
from filterd.control.lists_history import listed
from filterd.control.lists_look import Overview, diff_in_force, diff_list, history, show_lists
from filterd.control.lists_take import AUTO, refused, take, wanted_list
from filterd.errors import ListRejected
from filterd.model.change import NOBODY, Who

if TYPE_CHECKING:
    from filterd.config.catalogue import Catalogue
    from filterd.listbuild.assemble import Progress
    from filterd.listbuild.build import Built
    from filterd.listbuild.read import Report
    from filterd.listbuild.registry import Listed

__all__ = [
    "AUTO", "Outcome", "Overview", "Publish", "add_list", "build_lists", "bundles_on_disk", "diff_in_force", "diff_list",
    "ensure_bundle", "history", "remove_list", "rollback", "show_lists",
]  # fmt: skip

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a change brought. `built`, `revision`: None and 0 when nothing was published; `notices`: sentences to
    print.
    """

    listed: Listed
    report: Report | None
    built: Built | None
    revision: int
    notices: tuple[str, ...] = ()


def add_list(
    state: Path,
    list_id: str,
    origin: str | None = None,
    *,
    category: str | None = None,
    format: str = AUTO,
    mandatory: bool = False,
    shrink: float | None = None,
    grow: float | None = None,
    build: bool = True,
    at: datetime | None = None,
    catalogue: Catalogue | None = None,
    publish: Publish | None = None,
    progress: Progress | None = None,
    loopback: bool = False,
    who: Who = NOBODY,
) -> Outcome:
    """Register a list, or sync it again, and publish a bundle with it.

    `origin`: a file or an address; without it a registered list is synced from where it came. `build=False` registers
    only. `loopback` allows addresses of this machine, for tests. Raises ListRejected (ListHeld when later syncs may
    confirm it): then the last good body stays in force, and the attempt is in the list's history.
    """
    from filterd.listbuild.fetch import Fetched, Limits, fetch, is_url
    from filterd.listbuild.registry import has_body, load, registry_lock, save

    shipped = catalogue or lists_build.shipped()
    before = load(state).get(list_id)
    if before is not None and before.origin.startswith("feed:"):
        raise ListRejected(f"list {list_id} belongs to a feed, which brings it by itself: expected another id")
    wanted = wanted_list(before, list_id, origin, category, format, mandatory, shrink, grow)
    if not is_url(wanted.origin):
        wanted = replace(wanted, origin=str(Path(wanted.origin).absolute()))
    same = before is not None and (before.origin, before.asked) == (wanted.origin, wanted.asked)
    etag, modified = wanted.marks() if same and has_body(state, wanted) else ("", "")
    fetched = Fetched(None)
    try:  # slow: outside the lock
        fetched = fetch(wanted.origin, etag, modified, limits=Limits(wanted.max_bytes), loopback=loopback)
    except ListRejected as exc:
        _note_refusal(state, list_id, exc, None, at)
        raise
    with registry_lock(state):
        lists = load(state)
        now = lists.get(list_id)
        if now is not None:
            wanted = replace(
                wanted, digest=now.digest, names=now.names, history=now.history, kept=now.kept, left=now.left
            )
        try:
            if fetched.data is None and now is None:  # removed while its source was asked
                raise ListRejected(f"list {list_id} is not registered any more")
            accepted, report = take(state, wanted, fetched, shipped, at)
            lists[list_id] = replace(accepted, failures=0, next_at="")
            built, revision = None, 0
            if build:
                built, revision = publish_lists(state, lists, shipped, publish=publish, progress=progress)
        except ListRejected as exc:
            if now is not None:
                save(state, load(state) | {list_id: refused(now, exc, fetched.data, at)})
            raise
        save(state, lists)
    listed(state, who, "list added" if now is None else "list changed", now, lists[list_id])
    log.info("list accepted id=%s names=%s revision=%s", list_id, accepted.names, revision)
    return Outcome(lists[list_id], report, built, revision, tuple(_notices(accepted, report, shipped)))


def remove_list(
    state: Path,
    list_id: str,
    *,
    build: bool = True,
    catalogue: Catalogue | None = None,
    publish: Publish | None = None,
    progress: Progress | None = None,
    who: Who = NOBODY,
) -> Outcome:
    """Take a list out of the bundle, then out of the registry. Raises ListRejected when it is not registered."""
    from filterd.listbuild.registry import load, registry_lock, save

    with registry_lock(state):
        lists = load(state)
        gone = lists.pop(list_id, None)
        if gone is None:
            raise ListRejected(f"list {list_id} is not registered")
        if gone.origin.startswith("feed:"):
            raise ListRejected(f"list {list_id} belongs to a feed: `filterd feed forget` lets go of the whole feed")
        built, revision = None, 0
        if build:
            shipped = catalogue or lists_build.shipped()
            built, revision = publish_lists(state, lists, shipped, publish=publish, progress=progress)
        save(state, lists)
    listed(state, who, "list removed", gone, None)
    log.info("list removed id=%s revision=%s", list_id, revision)
    return Outcome(gone, None, built, revision)


def _note_refusal(state: Path, list_id: str, reason: ListRejected, data: bytes | None, at: datetime | None) -> None:
    """Write a refusal into the history of a list that is registered; a new list leaves no trace."""
    from filterd.listbuild.registry import load, registry_lock, save

    with registry_lock(state):
        lists = load(state)
        if list_id in lists:
            save(state, lists | {list_id: refused(lists[list_id], reason, data, at)})


def _notices(accepted: Listed, report: Report | None, catalogue: Catalogue) -> list[str]:
    """Return what a person who added a list should know."""
    from filterd.listbuild.gate import HELD
    from filterd.listbuild.guard import NEVER_BLOCK

    notices = []
    if report is not None and report.errors[NEVER_BLOCK]:
        notices.append(f"{report.errors[NEVER_BLOCK]} entries would block names that must never be blocked: left out")
    if accepted.category not in catalogue.categories:
        notices.append(f"category {accepted.category} is not in the catalogue: profiles can block it under this name")
    if any(past.verdict == HELD for past in accepted.history[-2:-1]):
        notices.append(f"list {accepted.id} was held before and is confirmed now")
    return notices
