"""An empty store of rules on each database, and changes of its profiles, for the contract tests.

from tests.contract.databases import *  # noqa: F403
from tests.contract.households import *  # noqa: F403

put(store, a={"name": "A"}, b=None)         # sets one profile, removes the other: one change
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from filterd.model.change import Body, Change, Key, Who
from filterd.store.household import HouseholdStore, Stored

__all__ = ["MUM", "PAGE", "profiles", "put", "store"]
MUM, PAGE = Who("mẹ"), Who("bố", "web", "192.0.2.7")


@pytest.fixture
def store(store_state: Path) -> Iterator[HouseholdStore]:
    """An empty store."""
    opened = HouseholdStore.open(store_state)
    yield opened
    opened.close()


def put(
    store: HouseholdStore, who: Who = MUM, verb: str = "put", seen: int | None = None, **bodies: Body | None
) -> Change | None:
    """Set profiles; None removes one. `seen`: the revision before the eyes of who does it."""

    def make(stored: Stored) -> dict[Key, Body]:
        found = stored.bodies()
        for ident, body in bodies.items():
            if body is None:
                found.pop(("profile", ident), None)
            else:
                found["profile", ident] = body
        return found

    return store.change(who, verb, 12.25, make, seen=seen)


def profiles(store: HouseholdStore) -> dict[str, Body]:
    """All profiles in their order."""
    return {ident: entity.body for (kind, ident), entity in store.stored().entities.items() if kind == "profile"}
