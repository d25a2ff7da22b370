"""What follows from a household on one day: tests/policy_model.py, and what a day of moves adds (DECISIONS 1 and 7).

That is offs which were switched on again, and row 8: budgets that are used up.

    Decisions(household, HARM, PRESETS, 0).decide("lan", "phone", Named("games.example", ["games"]), now)
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from zoneinfo import ZoneInfo

from filterd.model.household import Budget, InternetOff
from tests.policy_model import Model, Named


@dataclass(frozen=True)
class Decisions(Model):
    """The policy, with offs that were switched on again (they block no more, and the grants they ended stay ended) and
    with budgets that are used up. `spent`: (profile, budget, the local day it was counted on) -> the moment:
    they block on that day alone (a household may move to another zone and back).
    """

    spent: Mapping[tuple[str, Budget, date], float] = field(default_factory=dict)
    published: float = 0.0  # the day whose budgets the published policy knows

    def offs(self, profile: str, device: str, at: float) -> list[InternetOff]:
        """Return the offs in force for whoever asks."""
        return [o for o in super().offs(profile, device, at) if o.ended is None]

    def _offs_for(self, profile: str, device: str) -> list[InternetOff]:
        """Without those that were switched on again in the moment they began: they never were."""
        return [o for o in super()._offs_for(profile, device) if o.ended is None or self._begin(o) < o.ended]

    def decide(self, profile_id: str, device: str, asked: Named, at: float, trusted: bool = True) -> tuple[str, str]:
        """Return action and row; row 8 stands between the names and the services, and a time grant lifts it."""
        said = super().decide(profile_id, device, asked, at, trusted)
        profile, _, grants, time = self._known(profile_id, device, at)
        if said[1] not in ("service", "category", "default") or time or self._covering(grants, asked, profile):
            return said
        for (of, budget, day), start in self.spent.items():
            names_it = set(budget.services) & set(asked.services) or set(budget.categories) & set(asked.categories)
            same_day = day == self._day(at) == self._day(self.published)
            if of == profile.id and budget in profile.budgets and names_it and same_day and at >= start:
                return "block", "budget"
        return said

    def _day(self, at: float) -> date:
        return datetime.fromtimestamp(at, ZoneInfo(self.household.timezone)).date()
