"""What may be remembered of a question, and what of it a parent may see: DECISIONS 8 as one value.

The household chooses a level; two masks go on top of it. A profile whose parent sees categories keeps no name, nor
anything that names the site in other words; category `abuse` keeps no name and only the hour. Used when events are
stored, again for those that are still in the rings, and for old rows of a profile that got its mask later.

    masks = Masks.of(household)
    masks.keep(tail)                 # Keep.DETAIL, Keep.COUNT or Keep.NOTHING
    at_ms, tail = masks.shown(at_ms, tail)
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import IntEnum

from filterd.model.decision import Action, Row
from filterd.model.event import Tail
from filterd.model.household import Household

HARM = frozenset({"abuse"})  # categories whose names are never written down
HOUR_MS = 3_600_000
_NAMING_RULES = frozenset({Row.GRANT, Row.NAME, Row.BUDGET, Row.SERVICE})  # their words name sites or services


class Keep(IntEnum):
    """How much of a question is stored."""

    NOTHING = 0
    COUNT = 1
    DETAIL = 2


@dataclass(frozen=True, slots=True)
class Masks:
    """A household's privacy. `level`: everything, blocked, counts or nothing; `hidden`: profiles without names."""

    level: str = "everything"
    hidden: frozenset[str] = frozenset()
    harm: frozenset[str] = HARM

    @classmethod
    def of(cls, household: Household, harm: frozenset[str] = HARM) -> Masks:
        """Return the masks of a household."""
        hidden = frozenset(p.id for p in household.profiles if p.parent_sees == "categories")
        return cls(household.privacy.level, hidden, harm)

    def keep(self, tail: Tail) -> Keep:
        """Return how much of a question is stored."""
        if self.level == "everything" or (self.level == "blocked" and tail.action is Action.BLOCK):
            return Keep.DETAIL
        return Keep.NOTHING if self.level == "nothing" else Keep.COUNT

    def hides_name(self, profile: str, category: str) -> bool:
        """Return whether the name of a question must not be stored or shown."""
        return profile in self.hidden or category in self.harm

    def hides_service(self, profile: str) -> bool:
        """Return whether the service must not be stored or shown: it names the site as well."""
        return profile in self.hidden

    def hides_rule(self, profile: str, category: str, row: Row) -> bool:
        """Return whether the words of the rule must not be stored or shown."""
        return self.hides_name(profile, category) and row in _NAMING_RULES

    def time(self, at_ms: int, category: str) -> int:
        """Return the time that is stored: harm is known to the hour alone."""
        return at_ms - at_ms % HOUR_MS if category in self.harm else at_ms

    def mask(self, tail: Tail) -> Tail:
        """Return what may be known of a question. `qname` is empty when its name may not."""
        if not self.hides_name(tail.profile, tail.category):
            return tail
        return replace(
            tail,
            qname=b"",
            matched=b"",
            service="" if self.hides_service(tail.profile) else tail.service,
            rule="" if self.hides_rule(tail.profile, tail.category, tail.row) else tail.rule,
        )

    def shown(self, at_ms: int, tail: Tail) -> tuple[int, Tail] | None:
        """Return time and tail as they may be shown; None when no detail may be."""
        if self.keep(tail) is not Keep.DETAIL:
            return None
        return self.time(at_ms, tail.category), self.mask(tail)
