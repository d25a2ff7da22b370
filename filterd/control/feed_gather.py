"""Bringing here what a verified feed consists of: its indexes, its documents, the texts of its lists.

Nothing is put into force in here. Documents come back as bytes; texts of lists are kept in the feed's folder, each one
verified against its signed index, until feed_apply.py has taken them. A sync that is cut finds them there again.

    gathered = Gather(state, followed, trust, seen).all(wants=lambda list_id, level: True)
"""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

from filterd.errors import StoreError
from filterd.feed import delta, index
from filterd.feed.fields import load_json
from filterd.feed.refusal import FeedRefused
from filterd.feed.state import folder_of, list_file
from filterd.host.files import make_folder, read_bounded, write_atomic
from filterd.model.feed import FeedIndex, FeedList, FeedSeen, Refusal

if TYPE_CHECKING:
    from filterd.feed.state import Followed
    from filterd.feed.trust import Trust

log = logging.getLogger(__name__)

_PACK_LEVEL = 1  # of a text that stays here for a moment
MAX_MEMORY_BYTES = 24 * delta.MiB  # of texts on their way: a list of a million names, or many small ones
MAX_ID = 40  # of a list in the registry


@dataclass(frozen=True, slots=True)
class Wanted:
    """A list of the feed under its id in this box. `role`: whose it is. `is_here`: its text is in force already, or
    `text` has it, verified; else it is not wanted here. `added`: the lines of `text` that are not in force yet, when
    that is known.
    """

    id: str
    role: str
    listed: FeedList
    is_here: bool = False
    text: Text | None = None
    added: bytes | None = None


@dataclass(frozen=True, slots=True)
class Text:
    """The verified text of a list: in memory while there is little of it, else in a file of the feed's folder."""

    data: bytes | None = None
    file: Path | None = None

    def read(self) -> bytes:
        """Return the text. Raises StoreError, FeedRefused."""
        if self.data is not None:
            return self.data
        assert self.file is not None  # one of the two
        return delta.unpack(read_bounded(self.file, delta.MAX_TEXT_BYTES), delta.MAX_TEXT_BYTES)


@dataclass(slots=True)
class Gathered:
    """What a feed consists of now. `documents`: file in the feed's folder -> content, None for one that is no more."""

    index: FeedIndex
    documents: dict[str, bytes | None] = field(default_factory=dict)
    lists: dict[str, Wanted] = field(default_factory=dict)
    refused: list[tuple[str, FeedRefused]] = field(default_factory=list)  # (role, why) of parts that are left out
    changed: bool = False  # something came that was not here

    @property
    def refused_roles(self) -> frozenset[str]:
        """The parts whose lists stay as they are."""
        return frozenset(role for role, _ in self.refused)


Wants = Callable[[str, FeedList], bool]  # (id in this box, list) -> whether its text is needed here
Held = Callable[[str], bytes | None]  # id in this box -> the text that is in force


class Gather:
    """One gathering. Raises FeedRefused for what is the feed's own; what a part does wrong leaves that part out."""

    def __init__(self, state: Path, one: Followed, trust: Trust, seen: FeedSeen, held: Held) -> None:
        self._state = state
        self._one = one
        self._trust = trust
        self._seen = {entry.id: entry for entry in seen.lists}
        self._held = held
        self._changed = False
        self._in_memory = 0

    def all(self, wants: Wants) -> Gathered:
        """Return everything, with the texts of lists for which `wants` says so and that are not held already."""
        data = self._document(index.INDEX, "index.json", index.MAX_INDEX_BYTES)
        found = Gathered(index.parse(data), {"index.json": data})
        for name, path in index.DOCUMENTS.items():
            file = f"{name}.json"
            found.documents[file] = None
            if getattr(found.index, name):
                body = self._document(path, file, index.MAX_DOCUMENT_BYTES)
                load_json(body, index.MAX_DOCUMENT_BYTES, path)
                found.documents[file] = body
        self._take(found, found.index, "", wants)
        for part in found.index.parts:
            try:
                self._part(found, part.role, wants)
            except FeedRefused as exc:
                if exc.code is Refusal.DISK:
                    raise
                log.warning("part of the feed left out role=%s reason=%s", part.role, exc)
                found.refused.append((part.role, exc))
                for key in [key for key, wanted in found.lists.items() if wanted.role == part.role]:
                    del found.lists[key]
        found.changed = self._changed
        return found

    def _part(self, found: Gathered, role: str, wants: Wants) -> None:
        """Take what a delegated role brings."""
        path = index.index_path(role)
        data = self._document(path, f"part.{role}.json", index.MAX_INDEX_BYTES)
        self._trust.check_paths(role)
        part = index.parse(data, role)
        if part.feed != found.index.feed:
            raise FeedRefused(Refusal.BAD_INDEX, f"{path}: expected the feed {found.index.feed}, got {part.feed}")
        self._take(found, part, role, wants)
        found.documents[f"part.{role}.json"] = data

    def _take(self, found: Gathered, part: FeedIndex, role: str, wants: Wants) -> None:
        for listed in part.lists:
            key = "-".join(piece for piece in (found.index.feed, role, listed.id) if piece)
            if len(key) > MAX_ID or key in found.lists:
                raise FeedRefused(
                    Refusal.BAD_INDEX, f"{index.index_path(role)}: the list {key} is too long a name, or there twice"
                )
            wanted = Wanted(key, role, listed, bool(listed.count) and wants(key, listed))
            found.lists[key] = self._with_text(wanted) if wanted.is_here else wanted

    def _document(self, path: str, file: str, max_bytes: int) -> bytes:
        """Return a small target: what is here when it is the same, else what the feed sends."""
        try:
            here = read_bounded(folder_of(self._state, self._one.key) / file, max_bytes)
        except StoreError:
            here = b""
        if here and self._trust.is_same(path, here):
            return here
        self._changed = True
        return self._trust.read(path, max_bytes)

    def _with_text(self, wanted: Wanted) -> Wanted:
        """Return a list with its verified text, made from what is here and what the feed sends; as it is when that text
        is in force already, whatever the status says: a sync may have been cut.
        """
        listed = wanted.listed
        held = self._held(wanted.id)
        if held is not None and _is_right(held, listed):
            return wanted
        file = list_file(self._state, self._one, wanted.id, listed.sha256)
        if self._is_whole(file, listed):
            return replace(wanted, text=Text(file=file))
        self._changed = True
        text, added = self._by_changes(wanted, held) or (self._from_base(wanted.role, listed), None)
        delta.check(text, listed.count)
        if self._in_memory + len(text) <= MAX_MEMORY_BYTES:
            self._in_memory += len(text)
            return replace(wanted, text=Text(text), added=added)
        make_folder(file.parent)
        write_atomic(file, delta.pack(text, _PACK_LEVEL))
        return replace(wanted, text=Text(file=file), added=added)

    def _is_whole(self, file: Path, listed: FeedList) -> bool:
        if not file.is_file():
            return False
        try:
            return _is_right(Text(file=file).read(), listed)
        except (StoreError, FeedRefused):
            return False

    def _by_changes(self, wanted: Wanted, held: bytes | None) -> tuple[bytes, bytes] | None:
        """Return the text by the changes since the one that is held, with the added lines; None when there is no such
        way, or it is the longer one.
        """
        listed, role, seen = wanted.listed, wanted.role, self._seen.get(wanted.id)
        steps = index.chain(listed, seen.seq) if seen is not None and seen.role == role else None
        if seen is None or steps is None or held is None:
            return None
        names = [index.list_path(listed.id, index.delta_name(*step), role) for step in steps]
        rest = [index.delta_name(*step) for step in index.chain(listed, listed.base) or ()]
        whole = [index.list_path(listed.id, name, role) for name in (index.base_name(listed.base), *rest)]
        if self._bytes(names) >= self._bytes(whole) or hashlib.sha256(held).hexdigest() != seen.sha256:
            return None
        try:
            text, added = self._changed_by(held, names)
        except FeedRefused as exc:
            if exc.code is not Refusal.BAD_LIST:
                raise
            log.warning("changes of a list do not fit, the whole is fetched id=%s reason=%s", wanted.id, exc)
            return None
        return (text, added) if _is_right(text, listed) else None

    def _from_base(self, role: str, listed: FeedList) -> bytes:
        base = index.list_path(listed.id, index.base_name(listed.base), role)
        text = delta.unpack(self._trust.read(base, delta.MAX_PACKED_BYTES), delta.MAX_TEXT_BYTES)
        steps = index.chain(listed, listed.base) or ()
        text, _ = self._changed_by(text, [index.list_path(listed.id, index.delta_name(*step), role) for step in steps])
        if not _is_right(text, listed):
            raise FeedRefused(Refusal.BAD_LIST, f"list {listed.id}: it is not what the signed index says it is")
        return text

    def _changed_by(self, text: bytes, paths: list[str]) -> tuple[bytes, bytes]:
        """Return a text after changes, and the lines that they add."""
        added = bytearray()
        for path in paths:
            change = delta.unpack(self._trust.read(path, delta.MAX_PACKED_BYTES), delta.MAX_DELTA_BYTES)
            text = delta.apply(text, change)
            added += delta.added(change)
        return text, bytes(added)

    def _bytes(self, paths: list[str]) -> float:
        """Return how much is to be sent; endlessly much when something of it is not there."""
        lengths = [self._trust.length(path) for path in paths]
        return sum(float("inf") if length is None else length for length in lengths)


def _is_right(text: bytes, listed: FeedList) -> bool:
    return len(text) == listed.size and hashlib.sha256(text).hexdigest() == listed.sha256
