"""How often something was blocked in each hour: the log's own sums by hour, so that ten million rows cost nothing.

    hours(state, since_ms, until_ms, profile="lan")[494_000]      # an hour since the epoch -> how often

Questions that are still in the rings are counted in. Levels that keep no names keep no hours either.
"""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import sqlalchemy as sa

from filterd.control.activity import View, moment, view_of
from filterd.control.dictionary import address_of
from filterd.control.privacy import HOUR_MS, Keep
from filterd.model.activity import Filter
from filterd.model.decision import Action
from filterd.store.activity import hour, who
from filterd.store.activity_read import who_conditions

_BLOCKED = Filter(action=Action.BLOCK)


def hours(
    state: Path, since: int, until: int, *, profile: str = "", device: str = "", view: View | None = None
) -> dict[int, int]:
    """Return hour since the epoch -> blocked questions, for hours that begin in [since, until) (ms). Raises StoreError."""
    view = view or view_of(state)
    found: Counter[int] = Counter()
    if view.masks.level not in ("everything", "blocked"):
        return dict(found)
    first, last = since // HOUR_MS, -(-until // HOUR_MS)
    with moment(state, view, _BLOCKED, least=Keep.DETAIL) as at:
        for at_ms, client, tail in at.live:
            if tail.action is not Action.BLOCK or not first <= at_ms // HOUR_MS < last:
                continue
            if profile in ("", tail.profile) and device in ("", tail.device, address_of(client)):
                found[at_ms // HOUR_MS] += 1
        if at.connection is not None:
            statement = sa.select(hour.c.hour, sa.func.sum(hour.c.n)).where(hour.c.hour >= first, hour.c.hour < last)
            wanted = who_conditions(profile, device)
            if wanted:
                statement = statement.where(hour.c.who.in_(sa.select(who.c.id).where(*wanted)))
            for number, count in at.connection.execute(statement.group_by(hour.c.hour)):
                found[int(number)] += int(count)
    return dict(found)
