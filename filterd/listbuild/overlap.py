"""What each list adds to the others, and how often a list says the same thing twice. Pure; for the quality report.

shares(bundle)["ads-vn"].alone      # names that are blocked by this list and no other
repeated(claims)                    # (entries, entries that an earlier or shorter one of the same list covers)
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

from filterd.listbuild.claims import BLOCK, BLOCK_BELOW, IMPORTANT_SHIFT
from filterd.lists.bundle import Bundle
from filterd.model.tags import TagKind
from filterd.wire.name import suffixes

_BELOW = BLOCK_BELOW | BLOCK_BELOW << IMPORTANT_SHIFT
_ANY = BLOCK | BLOCK << IMPORTANT_SHIFT


@dataclass(frozen=True, slots=True)
class Share:
    """A list's part of a bundle. `names`: listed names that it blocks; `alone`: those that no other list blocks."""

    id: str
    category: str
    names: int
    alone: int


def shares(bundle: Bundle) -> tuple[dict[str, Share], Counter[tuple[str, str]]]:
    """Return each list's part, and for each pair of lists (ids in order) how many listed names both block."""
    sets = Counter(exact for _, exact, _ in bundle.entries())
    names: Counter[str] = Counter()
    alone: Counter[str] = Counter()
    both: Counter[tuple[str, str]] = Counter()
    category: dict[str, str] = {}
    for index, count in sets.items():
        tags = [tag for tag in bundle.tagsets[index].tags if tag.kind is TagKind.LIST]
        ids = sorted({tag.id for tag in tags})
        category |= {tag.id: tag.category for tag in tags}
        for at, one in enumerate(ids):
            names[one] += count
            for other in ids[at + 1 :]:
                both[one, other] += count
        if len(ids) == 1:
            alone[ids[0]] += count
    return {id: Share(id, category[id], n, alone[id]) for id, n in names.items()}, both


def repeated(claims: Iterable[tuple[int, bytes]]) -> tuple[int, int]:
    """Return how many blocking entries a list has, and how many of them another entry of its own covers."""
    seen: dict[bytes, int] = {}
    entries = again = 0
    for mask, name in claims:
        if mask & _ANY:
            entries += 1
            old = seen.get(name, 0)
            again += old | mask == old
            seen[name] = old | mask
    for name in seen:
        again += any(seen.get(above, 0) & _BELOW for above in suffixes(name)[1:])
    return entries, again
