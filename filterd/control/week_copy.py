"""One child's week for another: the weekly hours are replaced, in one change; special days stay each one's own.

copy_week(state, Who("mẹ", "web"), "lan", "minh")
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from filterd.control.change import Done, apply
from filterd.control.moves import Whom, with_profile
from filterd.errors import ConfigError
from filterd.model.change import Who
from filterd.model.household import Household


def copy_week(state: Path, who: Who, source: str, target: str, *, seen: int | None = None) -> Done:
    """Give `target` the weekly hours of `source` in place of its own. Raises ConfigError, Conflict, StoreError."""
    if source == target:
        raise ConfigError("source: expected somebody else's week")

    def alter(household: Household) -> Household:
        Whom(profile=source).check(household)
        windows = next(p.windows for p in household.profiles if p.id == source)
        return with_profile(household, target, lambda p: replace(p, windows=windows))

    return apply(state, who, "week copied", alter, seen=seen)
