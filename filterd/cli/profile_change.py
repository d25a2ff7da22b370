"""What the commands about a profile share: which one is meant, what it holds, and how a change of it is told."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from filterd.cli import whom
from filterd.cli.said import Call

if TYPE_CHECKING:
    from filterd.model.household import Household


def id_of(household: Household, word: str) -> str:
    """Return the id of the profile that a person means by `word`. Raises ConfigError."""
    return whom.find_id(household.profiles, word, "profile")


def read(state: Path, word: str) -> tuple[Household, int, dict[str, Any]]:
    """Return the household, its revision and the profile's body. Who patches from it sends the revision along."""
    from filterd.control.entities import bodies_of
    from filterd.control.household import read_stored

    household, revision = read_stored(state)
    return household, revision, dict(bodies_of(household)["profile", id_of(household, word)])


def patch(call: Call, ident: str, values: dict[str, Any], sentence: str, read_at: int | None = None) -> None:
    """Change keys of a profile and tell it. `read_at`: the revision that the values were made from."""
    from filterd.control import profiles

    seen = read_at if call.seen is None else call.seen
    call.tell(profiles.patch(call.state, call.who, ident, values, seen=seen), sentence)
