"""Use cases of lists: add, sync, remove, build, diff, rollback, history. One function each; the lists side of a
household.

Order of every change: the body is kept, the bundle built, checked by the gate and published, and only then the registry
written, all under one lock. A process killed anywhere leaves the old revision or the new one in force, and a registry
whose bodies exist; an unfinished change is simply done again. Parsing and judging is listbuild/, publishing publish.py.

    outcome = add_list(state, "ads", "https://lists.example.org/ads.txt", category="ads")
    rollback(state)
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from filterd.errors import FilterdError, LayoutError, ListRejected, StoreError

if TYPE_CHECKING:
    from filterd.config.catalogue import Catalogue
    from filterd.listbuild.assemble import Progress
    from filterd.listbuild.build import Built
    from filterd.listbuild.compare import Difference
    from filterd.listbuild.read import Report
    from filterd.listbuild.registry import Event, Listed

log = logging.getLogger(__name__)

Publish = Callable[[Path, Path], int]  # (state, bundle's path) -> revision
AUTO = "auto"


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


@dataclass(frozen=True, slots=True)
class Overview:
    """What `lists show` shows. `bundle`: file of the bundle in force ('' when none), `previous`: those before it."""

    lists: tuple[Listed, ...]
    starter: tuple[tuple[str, int], ...]  # (category, names) of the shipped lists
    bundle: str
    names: int
    previous: tuple[str, ...]


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
) -> Outcome:
    """Register a list, or sync it again, and publish a bundle with it.

    `origin`: a file or an address; without it a registered list is synced from where it came. `build=False` registers
    only. Raises ListRejected (ListHeld when later syncs may confirm it): then the last good body stays in force, and
    the attempt is in the list's history.
    """
    from filterd.listbuild.fetch import fetch, is_url
    from filterd.listbuild.gate import ACCEPTED, HELD
    from filterd.listbuild.guard import NEVER_BLOCK
    from filterd.listbuild.registry import body_digest, load, registry_lock, save, save_body

    shipped = catalogue or _catalogue()
    before = load(state).get(list_id)
    wanted = _wanted(before, list_id, origin, category, format, mandatory, shrink, grow)
    if not is_url(wanted.origin):
        wanted = replace(wanted, origin=str(Path(wanted.origin).absolute()))
    # a body that was held must come again to be confirmed, so it is asked for without its mark
    last_good = bool(before and before.history and before.history[-1].verdict == ACCEPTED)
    same_source = bool(before and before.origin == wanted.origin and before.asked == wanted.asked)
    try:
        fetched = fetch(wanted.origin, wanted.etag if last_good and same_source else "")  # slow: outside the lock
    except ListRejected as exc:
        with registry_lock(state):
            lists = load(state)
            _record_refusal(state, lists, lists.get(list_id), at, "", b"", exc)
        raise
    with registry_lock(state):
        lists = load(state)
        now = lists.get(list_id)
        if now is not None:
            wanted = replace(wanted, digest=now.digest, names=now.names, history=now.history)
        report = None
        if fetched.data is None and now is not None:
            event = _event(at, now.digest, now.names, 0, ACCEPTED)
            accepted = wanted.with_event(event)
        else:
            data = fetched.data or b""
            digest = body_digest(data)
            try:
                wanted, report = _judge(wanted, data, digest, shipped)
            except ListRejected as exc:
                _record_refusal(state, lists, now, at, digest, data, exc)
                raise
            digest = save_body(state, list_id, data)
            event = _event(at, digest, report.blocked, len(data), ACCEPTED)
            accepted = replace(wanted, digest=digest, names=report.blocked, etag=fetched.etag).with_event(event)
        lists[list_id] = accepted
        built, revision = None, 0
        if build:
            try:
                built = _assemble(state, lists, shipped, progress)
            except ListRejected as exc:
                if now is not None:
                    lists[list_id] = now
                _record_refusal(state, lists, now, at, accepted.digest, fetched.data or b"", exc)
                raise
            revision = (publish or _publish)(state, built.path)
        save(state, lists)
    notices = []
    if report is not None and report.errors[NEVER_BLOCK]:
        notices.append(f"{report.errors[NEVER_BLOCK]} entries would block names that must never be blocked: left out")
    if accepted.category not in shipped.categories:
        notices.append(f"category {accepted.category} is not in the catalogue: profiles can block it under this name")
    if any(past.verdict == HELD for past in accepted.history[-2:-1]):
        notices.append(f"list {list_id} was held before and is confirmed now")
    log.info("list accepted id=%s names=%s revision=%s", list_id, accepted.names, revision)
    return Outcome(accepted, report, built, revision, tuple(notices))


def remove_list(
    state: Path,
    list_id: str,
    *,
    build: bool = True,
    catalogue: Catalogue | None = None,
    publish: Publish | None = None,
    progress: Progress | None = None,
) -> Outcome:
    """Take a list out of the bundle, then out of the registry. Raises ListRejected when it is not registered."""
    from filterd.listbuild.registry import load, registry_lock, save

    with registry_lock(state):
        lists = load(state)
        gone = lists.pop(list_id, None)
        if gone is None:
            raise ListRejected(f"list {list_id} is not registered")
        built, revision = None, 0
        if build:
            built = _assemble(state, lists, catalogue or _catalogue(), progress)
            revision = (publish or _publish)(state, built.path)
        save(state, lists)
    log.info("list removed id=%s revision=%s", list_id, revision)
    return Outcome(gone, None, built, revision)


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
        built = _assemble(state, load(state), catalogue or _catalogue(), progress)
        return built, (publish or _publish)(state, built.path)


def ensure_bundle(state: Path, *, catalogue: Catalogue | None = None) -> Path:
    """Return a good bundle file: the one in force, else one built now (not published), so that there always is one.

    When the registered lists cannot be built, the shipped ones alone are: less protection, said in the log, never none.
    """
    from filterd.listbuild.registry import load, registry_lock

    in_force = _in_force(state)
    if in_force is not None:
        return in_force
    shipped = catalogue or _catalogue()
    with registry_lock(state):
        try:
            return _assemble(state, load(state), shipped, None).path
        except FilterdError as exc:
            log.error("registered lists left out reason=%s", exc)
            return _assemble(state, {}, shipped, None).path


def show_lists(state: Path, *, catalogue: Catalogue | None = None) -> Overview:
    """Return the registered lists, the shipped ones and the bundles on disk."""
    from filterd.control.publish import current
    from filterd.listbuild.registry import load
    from filterd.lists.bundle import Bundle

    revision = current(state)
    shipped = catalogue or _catalogue()
    path = _in_force(state)
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


def rollback(state: Path, to: str | None = None, *, publish: Publish | None = None) -> tuple[str, int]:
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
    return wanted[0], (publish or _publish)(state, path)


def history(state: Path, list_id: str | None = None) -> list[tuple[str, Event]]:
    """Return (list id, sync), oldest first, of one list or of all. Raises ListRejected for an unknown list."""
    from filterd.listbuild.registry import load

    lists = load(state)
    if list_id is not None and list_id not in lists:
        raise ListRejected(f"list {list_id} is not registered")
    events = [(entry.id, event) for entry in lists.values() for event in entry.history]
    return sorted((pair for pair in events if list_id in (None, pair[0])), key=lambda pair: (pair[1].at, pair[0]))


def diff_list(state: Path, list_id: str, origin: str | None = None) -> Difference:
    """Return what a new body (from `origin`, else from where the list comes) would change in a registered list."""
    from filterd.listbuild.compare import blocked_names, compare_names
    from filterd.listbuild.fetch import fetch
    from filterd.listbuild.registry import load, read_body

    listed = load(state).get(list_id)
    if listed is None:
        raise ListRejected(f"list {list_id} is not registered")
    after = blocked_names(fetch(origin or listed.origin).data or b"", listed.asked)
    before = blocked_names(read_body(state, listed), listed.format) if listed.digest else set()
    return compare_names(before, after, list_id)


def diff_in_force(state: Path) -> Difference:
    """Return what the bundle in force changed against the one before it. Raises StoreError when there is no such."""
    from filterd.listbuild.compare import compare_bundles

    kept = bundles_on_disk(state)
    if len(kept) < 2:
        raise StoreError(f"expected two bundles on disk to compare, got {len(kept)}")
    return compare_bundles(kept[1], kept[0])


def bundles_on_disk(state: Path) -> list[Path]:
    """Return the bundle in force and the ones before it, newest first."""
    from filterd.control.publish import current

    revision = current(state)
    if revision is None or revision.bundle is None:
        return []
    return [state / file for file in (revision.bundle.file, *revision.bundles)]


def _wanted(
    before: Listed | None,
    list_id: str,
    origin: str | None,
    category: str | None,
    format: str,
    mandatory: bool,
    shrink: float | None,
    grow: float | None,
) -> Listed:
    """Return the registration that is asked for: the one before, with what was given anew."""
    from filterd.listbuild.assemble import STARTER
    from filterd.listbuild.gate import Bound
    from filterd.listbuild.read import format_of
    from filterd.listbuild.registry import Listed, check_slug

    check_slug(list_id, "an id")
    if list_id.startswith(STARTER):
        raise ListRejected(f"ids that begin with {STARTER} belong to the shipped lists, got {list_id}")
    if format != AUTO:
        format_of(format)
    if before is not None:
        wanted = replace(
            before,
            origin=origin or before.origin,
            category=check_slug(category or before.category, "a category"),
            asked=format if origin or format != AUTO else before.asked,
            mandatory=mandatory or before.mandatory,
        )
    elif origin is None or category is None:
        raise ListRejected(f"list {list_id} is new: expected a category and a file or address")
    else:
        wanted = Listed(list_id, check_slug(category, "a category"), "domains", format, origin, mandatory)
    bound = Bound(wanted.shrink if shrink is None else shrink, wanted.grow if grow is None else grow)
    if not (0 <= bound.shrink <= 1 and bound.grow >= 0):
        raise ListRejected(f"expected a shrink bound of 0 to 1 and a grow bound of at least 0, got {bound}")
    return replace(wanted, shrink=bound.shrink, grow=bound.grow)


def _judge(wanted: Listed, data: bytes, digest: str, catalogue: Catalogue) -> tuple[Listed, Report]:
    """Return the list with its detected format, and what its body holds. Raises ListRejected or ListHeld."""
    from filterd.listbuild.body import prepare
    from filterd.listbuild.detect import detect
    from filterd.listbuild.gate import check_list
    from filterd.listbuild.guard import Guard
    from filterd.listbuild.read import Report, read_claims

    body = prepare(data)
    found = detect(body).format if wanted.asked == AUTO else wanted.asked
    report = Report()
    for _ in Guard(catalogue.never_block).passed(read_claims(body, found, report), report):
        pass
    check_list(wanted.id, report, digest, wanted.syncs(), wanted.bound)
    return replace(wanted, format=found), report


def _record_refusal(
    state: Path,
    lists: dict[str, Listed],
    known: Listed | None,
    at: datetime | None,
    digest: str,
    data: bytes,
    reason: ListRejected,
) -> None:
    """Write a refused or held sync into the history of a list that is registered; a new list leaves no trace."""
    from filterd.listbuild.compare import blocked_names
    from filterd.listbuild.gate import HELD, REFUSED, ListHeld
    from filterd.listbuild.registry import save

    log.warning("list rejected reason=%s", reason)
    if known is None:
        return
    names = 0
    try:
        names = len(blocked_names(data, known.asked))
    except ListRejected:
        pass
    verdict = HELD if isinstance(reason, ListHeld) else REFUSED
    lists[known.id] = known.with_event(_event(at, digest, names, len(data), verdict, str(reason)))
    save(state, lists)


def _assemble(state: Path, lists: dict[str, Listed], catalogue: Catalogue, progress: Progress | None) -> Built:
    from filterd.listbuild.assemble import assemble
    from filterd.listbuild.registry import read_body

    def reader(listed: Listed) -> Callable[[], bytes]:
        return lambda: read_body(state, listed)

    chosen = [(lists[key], reader(lists[key])) for key in sorted(lists) if lists[key].enabled and lists[key].digest]
    return assemble(catalogue, chosen, state / "bundles", progress)


def _event(at: datetime | None, digest: str, names: int, size: int, verdict: str, reason: str = "") -> Event:
    from filterd.listbuild.registry import Event

    moment = (at or datetime.now(UTC)).astimezone(UTC).isoformat(timespec="seconds")
    return Event(moment, digest, names, size, verdict, reason)


def _in_force(state: Path) -> Path | None:
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


def _catalogue() -> Catalogue:
    from filterd.config.catalogue import load

    return load()


def _publish(state: Path, path: Path) -> int:
    from filterd.control.publish import publish_bundle

    return publish_bundle(state, path)


def sync_all(
    state: Path, *, catalogue: Catalogue | None = None, at: datetime | None = None
) -> Iterator[tuple[str, Outcome | ListRejected]]:
    """Sync every list that comes from an address, without building; yield (id, outcome or the reason why not)."""
    from filterd.listbuild.fetch import is_url
    from filterd.listbuild.registry import load

    for listed in load(state).values():
        if listed.enabled and is_url(listed.origin):
            try:
                yield listed.id, add_list(state, listed.id, build=False, at=at, catalogue=catalogue)
            except ListRejected as exc:
                yield listed.id, exc
