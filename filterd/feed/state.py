"""What a box keeps of the feeds that it follows, in STATE/feed. Every write is whole or not at all.

STATE/feed/config.json        which feeds are followed, from where
STATE/feed/<key>/             one feed; the key is the beginning of its first root's digest: a feed is its root
    root.json                 the root that a person compared and pinned: trust begins here at every sync
    trust/                    the verified metadata (python-tuf's)
    lists/<id>.<digest>.zz    the last verified text of each list
    index.json advisories.json materials.json outcomes.json part.<role>.json        the last verified ones
    status.json               written last: how it stands

for followed in load_followed(state): load_status(state, followed)
"""

from __future__ import annotations

import contextlib
import hashlib
import json
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from filterd.errors import FeedError, StoreError
from filterd.feed.fields import words
from filterd.host.files import make_folder, read_bounded, temporary_files, write_atomic
from filterd.model.feed import MAX_FEEDS, FeedSeen, Level, ListSeen, Refusal, Refused

LAYOUT = 1
MAX_ROOT_BYTES = 512_000  # as python-tuf's own bound
KEY_DIGITS = 16
_MAX_CONFIG_BYTES = 64 * 1024
_MAX_STATUS_BYTES = 1024 * 1024


@dataclass(frozen=True, slots=True)
class Followed:
    """A feed that this box follows. `key`: its folder; `feed`: its id, '' until its index was first verified; `url`:
    address or folder, '' for one that comes on a stick; `auto`: asked by itself every few hours; `host`: that its
    verified index named last.
    """

    key: str
    fingerprint: str  # sha256 of the pinned root file, hex
    url: str = ""
    feed: str = ""
    proxy: str = ""
    auto: bool = True
    host: str = ""


def fingerprint(root: bytes) -> str:
    """Return the digest of a root file, for people to compare."""
    return hashlib.sha256(root).hexdigest()


def spoken(digest: str) -> str:
    """Return the first 128 bits of a fingerprint in eight groups of four, as one reads them out."""
    return " ".join(digest[at : at + 4] for at in range(0, 32, 4))


def folder_of(state: Path, key: str) -> Path:
    """Return the folder of a feed."""
    return state / "feed" / key


def load_followed(state: Path) -> tuple[Followed, ...]:
    """Return the feeds that are followed, the province's first. Raises StoreError when the file is damaged."""
    path = state / "feed" / "config.json"
    if not path.exists():
        return ()
    try:
        document: Any = json.loads(read_bounded(path, _MAX_CONFIG_BYTES))
        if document["layout"] != LAYOUT:
            raise StoreError(f"{path}: expected layout {LAYOUT}, got {document['layout']!r}")
        found = tuple(Followed(**entry) for entry in document["feeds"])
    except (ValueError, TypeError, KeyError, RecursionError) as exc:
        raise StoreError(f"{path} is damaged: {exc!r}") from exc
    if len(found) > MAX_FEEDS or any(not _is_key(one.key) for one in found):
        raise StoreError(f"{path} is damaged: expected at most {MAX_FEEDS} feeds with their keys")
    return found


def save_followed(state: Path, feeds: tuple[Followed, ...]) -> None:
    """Replace which feeds are followed. Raises FeedError for more than MAX_FEEDS."""
    if len(feeds) > MAX_FEEDS:
        raise FeedError(f"expected at most {MAX_FEEDS} feeds: `filterd feed forget` lets go of one")
    fields = ("key", "fingerprint", "url", "feed", "proxy", "auto", "host")
    document = {"layout": LAYOUT, "feeds": [{name: getattr(one, name) for name in fields} for one in feeds]}
    write_atomic(make_folder(state / "feed") / "config.json", json.dumps(document, indent=1).encode() + b"\n")


def followed(state: Path, name: str) -> Followed | None:
    """Return the feed that is called `name` by its id or key, the first one for ''."""
    for one in load_followed(state):
        if not name or name in (one.feed, one.key):
            return one
    return None


def load_root(state: Path, one: Followed) -> bytes:
    """Return the pinned root. Raises StoreError when it is not what was pinned."""
    path = folder_of(state, one.key) / "root.json"
    root = read_bounded(path, MAX_ROOT_BYTES)
    if fingerprint(root) != one.fingerprint:
        raise StoreError(f"{path} is damaged: it is not the root that was pinned; `filterd feed trust` pins it again")
    return root


def load_status(state: Path, one: Followed) -> FeedSeen:
    """Return how a feed stands; an empty status when nothing is known, as after damage: a sync finds it all again."""
    empty = FeedSeen(one.feed, one.url, one.fingerprint)
    try:
        document = json.loads(read_bounded(folder_of(state, one.key) / "status.json", _MAX_STATUS_BYTES))
        return replace(_status(document), url=one.url, fingerprint=one.fingerprint)
    except (StoreError, ValueError, TypeError, KeyError, AttributeError, RecursionError):
        return empty


def save_status(state: Path, one: Followed, seen: FeedSeen) -> None:
    """Replace how a feed stands: the last write of a sync."""
    document = {
        "layout": LAYOUT,
        "feed": seen.feed,
        "url": seen.url,
        "name": {"vi": seen.name.vi, "en": seen.name.en},
        "host": seen.host,
        "seq": seen.seq,
        "checked_at": seen.checked_at,
        "verified_at": seen.verified_at,
        "expires": seen.expires,
        "version": seen.version,
        "signed_at": seen.signed_at,
        "refusal": None if seen.refusal is None else _said(seen.refusal),
        "warnings": [_said(warning) for warning in seen.warnings],
        "failures": seen.failures,
        "next_at": seen.next_at,
        "lists": {
            entry.id: {
                "seq": entry.seq,
                "sha256": entry.sha256,
                "count": entry.count,
                "category": entry.category,
                "level": entry.level.value,
                "role": entry.role,
                "name": {"vi": entry.name.vi, "en": entry.name.en},
            }
            for entry in seen.lists
        },
    }
    folder = make_folder(folder_of(state, one.key))
    write_atomic(folder / "status.json", json.dumps(document, ensure_ascii=False, indent=1).encode() + b"\n")


def save_document(state: Path, one: Followed, name: str, data: bytes | None) -> None:
    """Keep a verified document (`index.json`, `advisories.json` ...), or let go of it."""
    path = make_folder(folder_of(state, one.key)) / name
    if data is None:
        with contextlib.suppress(OSError):
            path.unlink(missing_ok=True)
    elif not path.is_file() or path.stat().st_size != len(data) or path.read_bytes() != data:
        write_atomic(path, data)


def list_file(state: Path, one: Followed, list_id: str, sha256: str) -> Path:
    """Return where the verified text of a list is kept."""
    return folder_of(state, one.key) / "lists" / f"{list_id}.{sha256[:16]}.zz"


def clear_away(state: Path, one: Followed, keep: set[Path]) -> None:
    """Remove texts of lists that nothing needs any more, and what killed writers left."""
    folder = folder_of(state, one.key)
    with contextlib.suppress(OSError):
        for path in [*(folder / "lists").iterdir(), *temporary_files(folder)]:
            if path not in keep:
                path.unlink()


def _status(document: dict[str, Any]) -> FeedSeen:
    if document["layout"] != LAYOUT:
        raise ValueError("another layout")
    refusal = document["refusal"]
    return FeedSeen(
        feed=str(document["feed"]),
        url=str(document["url"]),
        name=words(document["name"], "name"),
        host=str(document["host"]),
        refusal=None if refusal is None else _refused(refusal),
        warnings=tuple(_refused(entry) for entry in document["warnings"]),
        lists=tuple(
            ListSeen(
                key,
                int(entry["seq"]),
                str(entry["sha256"]),
                int(entry["count"]),
                str(entry["category"]),
                Level(entry["level"]),
                str(entry["role"]),
                words(entry["name"], "name"),
            )
            for key, entry in document["lists"].items()
        ),
        checked_at=float(document["checked_at"]),
        verified_at=float(document["verified_at"]),
        expires=float(document["expires"]),
        signed_at=float(document["signed_at"]),
        next_at=float(document["next_at"]),
        seq=int(document["seq"]),
        version=int(document["version"]),
        failures=int(document["failures"]),
    )


def _said(refused: Refused) -> dict[str, Any]:
    return {"code": refused.code.value, "sentence": refused.sentence, "at": refused.at}


def _refused(entry: dict[str, Any]) -> Refused:
    return Refused(Refusal(entry["code"]), str(entry["sentence"]), float(entry["at"]))


def _is_key(key: Any) -> bool:
    return isinstance(key, str) and len(key) == KEY_DIGITS and set(key) <= set("0123456789abcdef")
