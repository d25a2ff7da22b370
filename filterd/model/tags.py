"""Tags: what a listed name means. A list bundle maps every listed name to a closed set of them.

Lists, services, lifelines, canaries and chatter hosts are all tags, so that one look-up of a name answers every
question that the precedence table asks about it. This file is vocabulary only; lists/ stores it, policy/ judges by it.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum


class TagKind(IntEnum):
    """What kind of knowledge put a tag on a name. Values are stored in files: never renumber."""

    LIST = 1  # id = list id, category set
    SERVICE = 2  # id = service id
    LIFELINE = 3  # id = group of the lifeline; exact names only
    CANARY = 4  # blocked as NXDOMAIN whatever the block mode (use-application-dns.net ...); id = name of the canary
    CHATTER = 5  # background traffic of service `id`: does not count for budgets


@dataclass(frozen=True, slots=True, order=True)
class Tag:
    """One fact about a name. `category` belongs to LIST tags; `mandatory` only to the provincial feed's own lists."""

    kind: TagKind
    id: str
    category: str = ""
    mandatory: bool = False


@dataclass(frozen=True, slots=True)
class TagSet:
    """A closed, sorted set of tags with the views that the decision needs. Build it with `of`."""

    tags: tuple[Tag, ...] = ()
    lifeline: bool = False
    canary: bool = False
    categories: tuple[str, ...] = ()  # sorted, without duplicates
    services: tuple[str, ...] = ()
    chatter: tuple[str, ...] = ()
    mandatory: Tag | None = None  # the first mandatory list's tag

    @classmethod
    def of(cls, tags: frozenset[Tag] | set[Tag] | tuple[Tag, ...]) -> TagSet:
        """Return the set of `tags` with its views filled in."""
        ordered = tuple(sorted(set(tags)))
        return cls(
            tags=ordered,
            lifeline=any(t.kind is TagKind.LIFELINE for t in ordered),
            canary=any(t.kind is TagKind.CANARY for t in ordered),
            categories=tuple(sorted({t.category for t in ordered if t.kind is TagKind.LIST and t.category})),
            services=tuple(sorted({t.id for t in ordered if t.kind is TagKind.SERVICE})),
            chatter=tuple(sorted({t.id for t in ordered if t.kind is TagKind.CHATTER})),
            mandatory=next((t for t in ordered if t.mandatory), None),
        )

    def list_of(self, category: str) -> str:
        """Return the id of the first list that puts `category` on the name, or ''."""
        return next((t.id for t in self.tags if t.kind is TagKind.LIST and t.category == category), "")


NO_TAGS = TagSet()
