"""A box that follows a Province (feed_server.py), for tests: its state, its clock, what is in force in it.

with Box(tmp_path, province) as box:
    assert box.sync().refusal is None
    assert box.blocks("adult.example")
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

from filterd.control.feed_sync import FeedMeans, FeedResult, sync_feed
from filterd.control.feed_trust import pinned
from filterd.control.lists_build import in_force
from filterd.lists.bundle import Bundle
from filterd.model.feed import Refusal
from filterd.model.tags import TagSet
from filterd.wire.name import to_wire
from tests.feed_server import Province
from tests.list_server import Content, ListServer
from tests.unit.listbuild.shipped import catalogue


class Box:
    """Follows `province` over HTTP on loopback. `now`: its clock; `synchronised`: what its kernel says of that."""

    def __init__(self, state: Path, province: Province, server: ListServer | None = None) -> None:
        self.state = state
        self.province = province
        self.root = province.root_bytes
        self.now = province.now
        self.synchronised = True
        self.faults: dict[str, Content | None] = {}  # path -> what is served there in place of the province's file
        self.files: Mapping[str, bytes] | None = None  # all that is served, in place of the province's
        self.server = server or ListServer()
        self._stack = ExitStack()

    def __enter__(self) -> Box:
        self._stack.enter_context(self.server)
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    def sync(self, source: str = "", total_s: float = 20.0, **more: Any) -> FeedResult:
        """Look at the feed once."""
        self.server.content.clear()
        self.server.content.update(self.province.files if self.files is None else self.files)
        for path, content in self.faults.items():
            self.server.content.pop(path, None)
            if content is not None:
                self.server.content[path] = content
        means = FeedMeans(
            wall=lambda: self.now,
            synchronised=lambda: self.synchronised,
            chance=random.Random(1),
            catalogue=catalogue(),
            wait_s=2.0,
            total_s=total_s,
        )
        one = pinned(self.state, self.root, self.server.url(""))
        return sync_feed(self.state, one, root=self.root, source=source, means=means, **more)

    def code(self, **more: Any) -> Refusal | None:
        """Look at the feed once and return why it was refused, None when it was not."""
        refusal = self.sync(**more).refusal
        assert refusal is None or (refusal.sentence and refusal.at == self.now)
        return None if refusal is None else refusal.code

    def tags(self, name: str) -> TagSet:
        """Return what the bundle in force says of a name."""
        path = in_force(self.state)
        if path is None:
            return TagSet()
        bundle = Bundle.open(path)
        found = bundle.tagsets[bundle.lookup(to_wire(name))]
        bundle.close()
        return found

    def blocks(self, name: str) -> bool:
        """True when a list in force has the name."""
        return bool(self.tags(name).categories)


@contextmanager
def attacked(folder: Path) -> Iterator[Box]:
    """A box that holds one edition while the next is shown to it by an attacker; at the end it still holds the first."""
    province = Province()
    province.publish({"adult": [b"adult.example", b"other.example"]}, parts={"muong-te": {"games": [b"game.example"]}})
    with Box(folder, province) as made:
        assert made.code() is None and made.blocks("adult.example")
        province.publish({"adult": [b"adult.example", b"new.example"]})
        yield made
        assert made.blocks("adult.example") and made.blocks("game.example")
        made.faults.clear()
        made.files = None
