"""A list's way from one publication to the next: the whole as a base, then a delta a change, a bounded chain of them.

A box that holds any of the last 30 states gets on by deltas; a new box fetches the base and the deltas after it. A new
base is made when the old one is 30 deltas away, or when the deltas after it together weigh more than half of it. The
last text of each list is kept in build/history/; when it is lost or damaged the list starts over with a base.

    step = advance(previous, content, seq, "", office.history, sizes)
    step.listed.deltas, step.new, step.kept      # what the index says, files to write, paths that stay
"""

from __future__ import annotations

import hashlib
import zlib
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from filterd.errors import FeedError, StoreError
from filterd.feed import delta
from filterd.feed.entries import FILE_MODE
from filterd.feed.index import base_name, delta_name, list_path
from filterd.feed.refusal import FeedRefused
from filterd.host.files import make_folder, read_bounded, write_atomic
from filterd.model.feed import MAX_DELTAS, MAX_NAMES, FeedList, Level, Words

MAX_CHAIN_SHARE = 0.5  # of the base's bytes: more deltas than that and a new base is cheaper for new boxes
SMALL_BYTES = 16 * 1024  # deltas that weigh less together never ask for a new base


@dataclass(frozen=True, slots=True)
class ListContent:
    """A list as it is to be published. `text`: canonical (delta.py), never empty."""

    id: str
    category: str
    level: Level
    text: bytes
    exact: bool = False
    name: Words = field(default_factory=Words)
    licence: str = ""
    source: str = ""


@dataclass(frozen=True, slots=True)
class Step:
    """The list in the new index, the files that are new, and the paths of those that stay."""

    listed: FeedList
    new: dict[str, bytes]
    kept: frozenset[str]


def advance(
    previous: FeedList | None, content: ListContent, seq: int, role: str, history: Path, sizes: Mapping[str, int]
) -> Step:
    """Return what the publication `seq` says of a list.

    `previous`: what the last one said; `role`: the delegated part, or ''; `sizes`: path -> bytes of the target files that
    are signed and on disk now. Raises FeedError when the list is larger than a box takes, or holds what is no name.
    """
    text = content.text
    count = text.count(b"\n")
    if count > MAX_NAMES or len(text) > delta.MAX_TEXT_BYTES:
        raise FeedError(
            f"list {content.id}: expected at most {MAX_NAMES} names in {delta.MAX_TEXT_BYTES >> 20} MiB, got {count}"
        )
    delta.check(text, count)
    now = FeedList(
        id=content.id,
        category=content.category,
        level=content.level,
        seq=seq,
        count=count,
        sha256=hashlib.sha256(text).hexdigest(),
        size=len(text),
        base=seq,
        exact=content.exact,
        name=content.name,
        licence=content.licence,
        source=content.source,
    )

    def path(file: str) -> str:
        return list_path(content.id, file, role)

    whole = path(base_name(seq))
    if previous is None or path(base_name(previous.base)) not in sizes:
        return Step(now, {whole: delta.pack(text)}, frozenset())
    held = {step: path(delta_name(*step)) for step in previous.deltas}
    if previous.sha256 == now.sha256 and all(file in sizes for file in held.values()):
        same = replace(now, seq=previous.seq, base=previous.base, deltas=previous.deltas)
        return Step(same, {}, frozenset({*held.values(), path(base_name(previous.base))}))
    before = _last(history, role, previous)
    change = delta.make(before, text) if before is not None else b""
    if not change or len(change) > delta.MAX_DELTA_BYTES or any(file not in sizes for file in held.values()):
        return Step(now, {whole: delta.pack(text)}, frozenset())
    packed = delta.pack(change)
    new = {path(delta_name(previous.seq, seq)): packed}
    deltas = (*previous.deltas, (previous.seq, seq))[-MAX_DELTAS:]
    kept = {held[step] for step in deltas if step in held}
    after_base = len(packed) + sum(sizes[held[step]] for step in deltas if step in held and step[0] >= previous.base)
    base = previous.base
    if base < deltas[0][0] or after_base > max(SMALL_BYTES, sizes[path(base_name(base))] * MAX_CHAIN_SHARE):
        base = seq
        new[whole] = delta.pack(text)
    else:
        kept.add(path(base_name(base)))
    return Step(replace(now, base=base, deltas=deltas), new, frozenset(kept))


def remember(history: Path, role: str, content: ListContent) -> None:
    """Keep a list's text as the one that the next delta starts from. It is a memory: lost, it costs a base."""
    path = _path(history, role, content.id)
    make_folder(path.parent, 0o755)
    write_atomic(path, zlib.compress(content.text, 1), FILE_MODE)


def _last(history: Path, role: str, previous: FeedList) -> bytes | None:
    try:
        data = read_bounded(_path(history, role, previous.id), delta.MAX_PACKED_BYTES)
        text = delta.unpack(data, delta.MAX_TEXT_BYTES)
    except (StoreError, FeedRefused):
        return None
    return text if hashlib.sha256(text).hexdigest() == previous.sha256 else None


def _path(history: Path, role: str, list_id: str) -> Path:
    return history / (role or "office") / f"{list_id}.zz"
