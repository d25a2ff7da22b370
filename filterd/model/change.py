"""Changes of the household: who changed what when, so that it can be shown and taken back.

Values only; store/household.py keeps them, control/change.py makes them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

Body = Mapping[str, Any]  # plain values, as they stand in the household's file
Key = tuple[
    str, str
]  # kind (household, profile, device, grant, off, request, setting; in the history those of OUTSIDE too) and id

# kinds that the history tells of and the household's entities do not have: none of it is taken back from the history
OUTSIDE = frozenset({"account", "token", "list", "lists", "log"})

UNDO_S = 10.0  # seconds in which Undo is offered for the newest change; older ones are taken back by their number


@dataclass(frozen=True, slots=True)
class Who:
    """Who makes a change. `by`: the person as the family calls them; `source`: cli, web, api, manager, upgrade."""

    by: str = ""
    source: str = "cli"
    address: str = ""  # of the browser, where there is one
    is_proved: bool = field(default=False, compare=False)  # typed the password for this very change; never stored


NOBODY = Who()


@dataclass(frozen=True, slots=True)
class Entity:
    """One thing of the household. `revision`: the number of the change that wrote it last."""

    kind: str
    id: str
    position: int  # its place among its kind
    revision: int
    body: Body


@dataclass(frozen=True, slots=True)
class Edit:
    """One entity before and after; None: it was not there, or is not any more."""

    kind: str
    id: str
    before: Body | None
    after: Body | None
    position_before: int = 0
    position_after: int = 0


@dataclass(frozen=True, slots=True)
class Change:
    """One row of the history. `number` is the household's revision after it."""

    number: int
    at: float  # POSIX seconds
    who: Who
    verb: str  # what was done: off, grant, profile, import, revert ...
    edits: tuple[Edit, ...]
    reverts: int | None = None  # the change that this one took back
