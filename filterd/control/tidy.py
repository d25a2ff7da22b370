"""What the manager clears away once a day: grants and offs of long ago, old requests, the far end of the history.

A grant that is over does nothing and an off that is over only keeps earlier grants ended; both go a day after their
end, so that Undo and the history's "take back" meet them for a while.

    tidy(state, now=time.time())
"""

from __future__ import annotations

import time
from dataclasses import replace
from pathlib import Path

from filterd.control.change import apply
from filterd.control.household import open_store
from filterd.control.requests import tidy as tidy_requests
from filterd.model.change import Who
from filterd.model.household import Household

AFTER_S = 86_400.0


def tidy(state: Path, now: float | None = None) -> int:
    """Clear away; return how many changes the history forgot. One change of its own when there was anything."""
    at = time.time() if now is None else now
    apply(
        state,
        Who(source="manager"),
        "tidy",
        lambda household: without_past(household, at),
        more=lambda others: tidy_requests(others, at),
        now=at,
    )
    with open_store(state) as store:
        return store.prune()


def without_past(household: Household, now: float) -> Household:
    """Return the household without what ended more than a day ago; the same object when there is nothing of that."""
    limit = now - AFTER_S
    grants = tuple(g for g in household.grants if g.until is None or g.until > limit)
    # an off keeps the grants before it ended: it stays until the last of those would have been over anyway
    oldest = min((g.start or 0.0 for g in grants if g.until is not None), default=float("inf"))
    offs = tuple(
        o
        for o in household.internet_off
        if (end := o.until if o.ended is None else o.ended) is None or end > limit or (o.start or 0.0) > oldest
    )
    if len(grants) == len(household.grants) and len(offs) == len(household.internet_off):
        return household
    return replace(household, grants=grants, internet_off=offs)
