"""The world: what one revision says. Replaced as a whole, never changed (Engine.swap)."""

from __future__ import annotations

from filterd.lists.bundle import Bundle
from filterd.policy.clients import ClientMap
from filterd.policy.judge import Judge
from filterd.policy.snapshot import Snapshot


class World:
    """One published revision, opened and checked."""

    __slots__ = ("bundle", "clients", "judge", "revision", "snapshot")

    def __init__(self, revision: int, bundle: Bundle, snapshot: Snapshot, judge: Judge, clients: ClientMap) -> None:
        """`judge` was made from this `snapshot` and this bundle's tag sets."""
        self.revision = revision
        self.bundle = bundle
        self.snapshot = snapshot
        self.judge = judge
        self.clients = clients
