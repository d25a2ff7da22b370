"""The registry of a household's lists, and their last good bodies, in STATE/lists. Every write is whole or not at all.

    STATE/lists/registry.json          what lists there are, and what every sync of them brought
    STATE/lists/raw/<id>.<digest>.gz   the good body in use and up to MAX_KEPT before it, named by content: never
                                       replaced in place
    STATE/lists/offered.json           the recommended sources that were registered once: a removed one stays away
    STATE/lists/published.json         what the bundle in force was made of, so that the same is not built again

A body is written before the registry points to it and removed after the registry has let it go, so a process killed
anywhere leaves a registry whose bodies all exist. Callers hold the lock (`registry_lock`).
"""

from __future__ import annotations

import contextlib
import gzip
import hashlib
import json
import re
import zlib
from collections.abc import Iterator
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any

from filterd.errors import ListRejected, StoreError
from filterd.host.files import locked, make_folder, read_bounded, temporary_files, write_atomic
from filterd.listbuild.body import MAX_BODY_BYTES
from filterd.listbuild.gate import ACCEPTED, MAX_GROW, MAX_SHRINK, Bound, Sync
from filterd.listbuild.read import FORMATS

LAYOUT = 1
MAX_HISTORY = 60  # syncs of a list that are remembered: two months of daily ones
MAX_KEPT = 2  # earlier good bodies of a list
ROLLED_BACK = "rolled-back"  # the code of an event that a person made, not the source
_MAX_REGISTRY_BYTES = 16 * 1024 * 1024
_GZIP_LEVEL = 1  # 7 % longer than 4, in two thirds of its time: a large list is packed anew every day
_slug = re.compile(r"[a-z0-9-]{1,40}").fullmatch


@dataclass(frozen=True, slots=True)
class Event:
    """One sync of a list. `at`: RFC 3339 in UTC; `names`: entries it had; `reason`: the sentence of a refusal and
    `code` its kind (refusal.Why), both '' if accepted.
    """

    at: str
    digest: str
    names: int
    size_bytes: int
    verdict: str
    reason: str = ""
    code: str = ""

    def seconds(self) -> float | None:
        """Return `at` as POSIX seconds; None when it is no moment."""
        return _seconds(self.at)


@dataclass(frozen=True, slots=True)
class Kept:
    """An earlier good body of a list. `at`: when it came into use (RFC 3339, '' when that is not known any more)."""

    digest: str
    names: int
    format: str
    at: str = ""

    def seconds(self) -> float | None:
        """Return `at` as POSIX seconds; None when it is no moment."""
        return _seconds(self.at)


@dataclass(frozen=True, slots=True)
class Listed:
    """A registered list. `format`: the one its last good body has; `asked`: what was asked for (`auto` or a format).

    `origin`: address or absolute path. `digest`: of the last good body ('' before the first). `mandatory`: judged as if
    the provincial feed listed it (row 3). `follows`: its address and bounds are those of blocklists/sources.yaml, also
    after an upgrade. `expected`: about how many entries it should have (0: not known). `every_h`: hours between two
    looks; `next_at`: when the next one is due (RFC 3339, '' for now); `failures`: looks in a row that brought nothing.
    `kept`: earlier good bodies, the latest first. `left`: digest of the body that a person rolled back from, '' for none:
    as long as the source brings that one, nothing changes.
    """

    id: str
    category: str
    format: str
    asked: str
    origin: str
    mandatory: bool = False
    enabled: bool = True
    shrink: float = MAX_SHRINK
    grow: float = MAX_GROW
    digest: str = ""
    names: int = 0
    etag: str = ""
    modified: str = ""
    follows: bool = False
    expected: int = 0
    max_bytes: int = MAX_BODY_BYTES
    every_h: int = 24
    failures: int = 0
    next_at: str = ""
    history: tuple[Event, ...] = ()
    kept: tuple[Kept, ...] = ()
    left: str = ""

    @property
    def bound(self) -> Bound:
        """How far its size may change without confirmation."""
        return Bound(self.shrink, self.grow)

    def with_body(self, digest: str, names: int, format: str) -> Listed:
        """Return the list with another good body in use; the one before is kept."""
        if digest == self.digest:
            return replace(self, names=names, format=format)
        since = next((e.at for e in self.history if e.verdict == ACCEPTED and e.digest == self.digest), "")
        before = (Kept(self.digest, self.names, self.format, since),) if self.digest else ()
        others = tuple(k for k in self.kept if k.digest not in (digest, self.digest))
        return replace(self, digest=digest, names=names, format=format, left="", kept=(*before, *others)[:MAX_KEPT])

    def syncs(self) -> list[Sync]:
        """Return the history as the gate reads it; a source that could not be reached says nothing of the list."""
        return [Sync(event.digest, event.names, event.verdict) for event in self.history if event.digest]

    def good_at(self) -> str:
        """Return when the body in use was last confirmed, '' when there is none."""
        return next((event.at for event in reversed(self.history) if event.verdict == ACCEPTED), "")

    def marks(self) -> tuple[str, str]:
        """Return the marks (ETag, date) to ask with, empty ones when the whole body is wanted.

        A body that was held must come again to be confirmed, so it is asked for without marks.
        """
        seen = next((event for event in reversed(self.history) if event.digest), None)
        return (self.etag, self.modified) if seen and seen.verdict == ACCEPTED and self.digest else ("", "")

    def good_seconds(self) -> float | None:
        """Return the same as POSIX seconds, None when there is none."""
        return _seconds(self.good_at())

    def with_event(self, event: Event) -> Listed:
        """Return the list with one more sync; the last accepted one is never forgotten.

        A failure without a body that only repeats the one before takes its place: a week without Internet would
        otherwise be all that is remembered.
        """
        history = [*self.history, event]
        if len(history) > 1 and event.code and not event.digest and history[-2].code == event.code:
            del history[-2]
        while len(history) > MAX_HISTORY:
            good = max((i for i, past in enumerate(history) if past.verdict == ACCEPTED), default=-1)
            del history[1 if good == 0 else 0]
        return replace(self, history=tuple(history))


def check_slug(value: str, what: str) -> str:
    """Return `value` when it is 1 to 40 of a-z, 0-9 and hyphen. Raises ListRejected."""
    if not _slug(value):
        raise ListRejected(f"expected {what} of 1 to 40 letters a-z, digits and hyphens, got {value!r}")
    return value


@contextlib.contextmanager
def registry_lock(state: Path) -> Iterator[None]:
    """Hold the lock of the list folder for a block."""
    with locked(make_folder(state / "lists") / "lock"):
        yield


def load(state: Path) -> dict[str, Listed]:
    """Return the registered lists by id; {} when there is no registry yet. Raises StoreError when it is damaged."""
    path = state / "lists" / "registry.json"
    if not path.exists():
        return {}
    try:
        document: Any = json.loads(read_bounded(path, _MAX_REGISTRY_BYTES))
        if document["layout"] != LAYOUT:
            raise StoreError(f"{path}: expected layout {LAYOUT}, got {document['layout']!r}")
        return {entry["id"]: _listed(entry) for entry in document["lists"]}
    except (ValueError, TypeError, KeyError, RecursionError, ListRejected) as exc:
        raise StoreError(f"{path} is damaged: {exc!r}") from exc


def save(state: Path, lists: dict[str, Listed]) -> None:
    """Replace the registry, then remove bodies that no list needs."""
    document = {"layout": LAYOUT, "lists": [asdict(lists[key]) for key in sorted(lists)]}
    folder = make_folder(state / "lists")
    write_atomic(folder / "registry.json", json.dumps(document, indent=1).encode() + b"\n")
    used = {
        _body_path(state, e.id, digest) for e in lists.values() for digest in (e.digest, *(k.digest for k in e.kept))
    }
    with contextlib.suppress(OSError):
        for path in [*(folder / "raw").iterdir(), *temporary_files(folder)]:
            if path not in used:
                path.unlink()


def load_offered(state: Path) -> set[str]:
    """Return the ids of the sources that were offered to this household once."""
    found = _small(state / "lists" / "offered.json").get("offered", [])
    return {entry for entry in found if isinstance(entry, str)} if isinstance(found, list) else set()


def save_offered(state: Path, offered: set[str]) -> None:
    """Remember which sources were offered."""
    write_atomic(make_folder(state / "lists") / "offered.json", json.dumps({"offered": sorted(offered)}).encode())


def load_published(state: Path) -> str:
    """Return the fingerprint of what was published last, '' when that is not known."""
    found = _small(state / "lists" / "published.json").get("fingerprint", "")
    return found if isinstance(found, str) else ""


def save_published(state: Path, fingerprint: str) -> None:
    """Remember what the bundle in force was made of."""
    write_atomic(make_folder(state / "lists") / "published.json", json.dumps({"fingerprint": fingerprint}).encode())


def fingerprint(lists: dict[str, Listed], catalogue: str) -> str:
    """Return a digest of everything that a bundle is made of. `catalogue`: the digest of the shipped one."""
    parts = [(e.id, e.category, e.mandatory, e.format, e.digest) for e in lists.values() if e.enabled and e.digest]
    return hashlib.blake2b(repr((catalogue, sorted(parts))).encode(), digest_size=16).hexdigest()


def has_body(state: Path, listed: Listed) -> bool:
    """True when the last good body of a list is on disk."""
    return bool(listed.digest) and _body_path(state, listed.id, listed.digest).is_file()


def body_digest(data: bytes) -> str:
    """Return the digest under which a body is kept."""
    return hashlib.blake2b(data, digest_size=32).hexdigest()


def save_body(state: Path, list_id: str, data: bytes) -> str:
    """Keep a body and return its digest."""
    digest = body_digest(data)
    path = _body_path(state, list_id, digest)
    make_folder(path.parent)
    write_atomic(path, gzip.compress(data, _GZIP_LEVEL, mtime=0))
    return digest


def read_body(state: Path, listed: Listed) -> bytes:
    """Return the last good body of a list. Raises StoreError when it is missing or damaged."""
    path = _body_path(state, listed.id, listed.digest)
    packed = read_bounded(path, MAX_BODY_BYTES)
    try:
        unpack = zlib.decompressobj(wbits=31)  # gzip
        data = unpack.decompress(packed, MAX_BODY_BYTES)
    except zlib.error as exc:
        raise StoreError(f"{path} is damaged: {exc}") from exc
    if body_digest(data) != listed.digest:
        raise StoreError(f"{path} is damaged: its content is not what was kept")
    return data


def _small(path: Path) -> dict[str, Any]:
    """Return a small JSON object; {} when it is absent or damaged: it is only a memory of what can be done again."""
    try:
        found = json.loads(read_bounded(path, 1 << 20))
    except (StoreError, ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}


def _body_path(state: Path, list_id: str, digest: str) -> Path:
    return state / "lists" / "raw" / f"{list_id}.{digest[:16]}.gz"


def _listed(entry: dict[str, Any]) -> Listed:
    """Return a list from its JSON object. Raises ValueError, TypeError, KeyError or ListRejected."""
    check_slug(entry["id"], "an id")
    check_slug(entry["category"], "a category")
    if entry["format"] not in FORMATS or not re.fullmatch(r"[0-9a-f]{64}|", entry["digest"]):
        raise ValueError(f"list {entry['id']}: unknown format or no digest")
    history = tuple(Event(**event) for event in entry["history"])
    kept = tuple(Kept(**one) for one in entry.get("kept", ()))
    if any(one.format not in FORMATS or not re.fullmatch(r"[0-9a-f]{64}", one.digest) for one in kept):
        raise ValueError(f"list {entry['id']}: unknown format or no digest of an earlier body")
    return Listed(**{**entry, "history": history, "kept": kept[:MAX_KEPT]})


def _seconds(text: str) -> float | None:
    try:
        return datetime.fromisoformat(text).timestamp()
    except ValueError:
        return None
