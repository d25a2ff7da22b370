"""From the registered lists to the bundle in force: build, publish, roll back, and make sure that there always is one.

Judging a single list is lists_take.py, the registry listbuild/registry.py. Callers hold the registry's lock where
they pass `lists`.

    built, revision = build_lists(state)
    rollback(state)
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from filterd.control.lists_history import rolled_back
from filterd.errors import FilterdError, LayoutError, StoreError
from filterd.model.change import NOBODY, Who

if TYPE_CHECKING:
    from filterd.config.catalogue import Catalogue
    from filterd.config.reviewed import Reviewed
    from filterd.listbuild.assemble import Progress
    from filterd.listbuild.build import Built
    from filterd.listbuild.registry import Listed

log = logging.getLogger(__name__)

Publish = Callable[[Path, Path], int]  # (state, bundle's path) -> revision


def build_lists(
    state: Path,
    *,
    catalogue: Catalogue | None = None,
    publish: Publish | None = None,
    progress: Progress | None = None,
) -> tuple[Built, int]:
    """Build the bundle anew from the package and the registered lists, publish it, return it with its revision."""
    from filterd.listbuild.registry import load, registry_lock

    with registry_lock(state):
        return publish_lists(state, load(state), catalogue or shipped(), publish=publish, progress=progress)


def publish_lists(
    state: Path,
    lists: dict[str, Listed],
    catalogue: Catalogue,
    *,
    publish: Publish | None = None,
    progress: Progress | None = None,
) -> tuple[Built, int]:
    """Build a bundle of `lists`, put it into force and remember what it was made of. Raises ListRejected, StoreError."""
    from filterd.control.feed_lifeline import with_feeds
    from filterd.listbuild.registry import save_published

    catalogue = with_feeds(state, catalogue)
    built = _assemble(state, lists, catalogue, progress)
    revision = (publish or publish_bundle)(state, built.path)
    save_published(state, fingerprint(lists, catalogue))
    return built, revision


def ensure_bundle(state: Path, *, catalogue: Catalogue | None = None) -> Path:
    """Return a good bundle file: the one in force, else one built now (not published), so that there always is one.

    When the registered lists cannot be built, the shipped ones alone are: less protection, said in the log, never none.
    """
    from filterd.control.feed_lifeline import with_feeds
    from filterd.listbuild.registry import load, registry_lock

    path = in_force(state)
    if path is not None:
        return path
    known = with_feeds(state, catalogue or shipped())
    with registry_lock(state):
        try:
            return _assemble(state, load(state), known, None).path
        except FilterdError as exc:
            log.error("registered lists left out reason=%s", exc)
            return _assemble(state, {}, known, None).path


def rollback(
    state: Path, to: str | None = None, *, publish: Publish | None = None, who: Who = NOBODY
) -> tuple[str, int]:
    """Put an earlier bundle into force again: the one before, or the one whose name begins with `to`.

    Returns its file and the new revision. The registry is left alone: the next build brings its lists back. Raises
    StoreError when there is none.
    """
    from filterd.control.publish import current
    from filterd.lists.bundle import Bundle

    revision = current(state)
    kept = revision.bundles if revision else ()
    wanted = [file for file in kept if to is None or Path(file).name.startswith(to)]
    if not wanted:
        names = ", ".join(Path(file).stem for file in kept) or "none"
        raise StoreError(f"no earlier bundle {'to return to' if to is None else to} on disk (kept: {names})")
    path = state / wanted[0]
    Bundle.open(path).close()  # a damaged one is not put into force
    before = revision.bundle.file if revision is not None and revision.bundle is not None else ""
    number = (publish or publish_bundle)(state, path)
    rolled_back(state, who, before, wanted[0])
    return wanted[0], number


def bundles_on_disk(state: Path) -> list[Path]:
    """Return the bundle in force and the ones before it, newest first."""
    from filterd.control.publish import current

    revision = current(state)
    if revision is None or revision.bundle is None:
        return []
    return [state / file for file in (revision.bundle.file, *revision.bundles)]


def in_force(state: Path) -> Path | None:
    """Return the newest published bundle that is whole, or None."""
    from filterd.lists.bundle import Bundle

    for path in bundles_on_disk(state):
        try:
            Bundle.open(path).close()
        except LayoutError as exc:
            log.error("bundle damaged reason=%s", exc)
            continue
        return path
    return None


def shipped() -> Catalogue:
    """Return the package's catalogue."""
    from filterd.config.catalogue import load

    return load()


def reviewed() -> Reviewed:
    """Return what people decided about names on lists."""
    from filterd.config.reviewed import load

    return load()


def fingerprint(lists: dict[str, Listed], catalogue: Catalogue) -> str:
    """Return a digest of everything that a bundle of `lists` is made of."""
    from filterd.listbuild.registry import fingerprint as of_lists

    decided = sorted((name.hex(), category, v.verdict) for (name, category), v in reviewed().verdicts.items())
    return of_lists(lists, f"{catalogue.digest} {decided}")


def publish_bundle(state: Path, path: Path) -> int:
    """Put a bundle into force and return the revision."""
    from filterd.control.publish import publish_bundle as publish

    return publish(state, path)


def _assemble(state: Path, lists: dict[str, Listed], catalogue: Catalogue, progress: Progress | None) -> Built:
    from filterd.listbuild.assemble import assemble
    from filterd.listbuild.registry import read_body

    def reader(listed: Listed) -> Callable[[], bytes]:
        return lambda: read_body(state, listed)

    chosen = [(lists[key], reader(lists[key])) for key in sorted(lists) if lists[key].enabled and lists[key].digest]
    return assemble(catalogue, chosen, state / "bundles", progress, reviewed().wrong)
