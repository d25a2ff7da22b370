"""When a list is looked at again: its rhythm, a little chance so that not every box asks at once, patience after failures.

listed = after_failure(listed, Why.STATUS, now, chance)
is_due(listed, now)
"""

from __future__ import annotations

import random
from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from filterd.listbuild.refusal import Why
    from filterd.listbuild.registry import Listed

RHYTHM_JITTER = 0.1  # share of the rhythm, both ways
RETRY_JITTER = 0.25
FIRST_RETRY_S = 900.0  # after a source that failed; doubled each time, up to its rhythm
OFFLINE_RETRY_S = 300.0  # after a look without a connection; doubled, up to OFFLINE_MAX_S
OFFLINE_MAX_S = 3600.0
_FAR_S = 9 * 86_400.0  # further off than any rhythm: the clock was wrong when it was written
_MAX_DOUBLINGS = 16


def after_success(listed: Listed, now: float, chance: random.Random) -> Listed:
    """Return a list whose look brought a good answer at `now` (wall seconds)."""
    wait = listed.every_h * 3600 * (1 + chance.uniform(-RHYTHM_JITTER, RHYTHM_JITTER))
    return replace(listed, failures=0, next_at=_text(now + wait))


def after_failure(listed: Listed, why: Why, now: float, chance: random.Random) -> Listed:
    """Return a list whose look brought nothing. A held body is no failure: it waits for its next turn."""
    from filterd.listbuild.refusal import OFFLINE, Why

    if why is Why.HELD:
        return after_success(listed, now, chance)
    first, most = (OFFLINE_RETRY_S, OFFLINE_MAX_S) if why in OFFLINE else (FIRST_RETRY_S, listed.every_h * 3600.0)
    wait = min(first * 2 ** min(listed.failures, _MAX_DOUBLINGS), most)
    wait *= 1 + chance.uniform(-RETRY_JITTER, RETRY_JITTER)
    return replace(listed, failures=listed.failures + 1, next_at=_text(now + wait))


def is_due(listed: Listed, now: float) -> bool:
    """True when a list comes from an address, is switched on, and its time has come."""
    at = due_at(listed)
    return at is not None and (at <= now or at > now + _FAR_S)


def due_at(listed: Listed) -> float | None:
    """Return when a list is due (0.0: at once), None when it never is by itself."""
    if not listed.enabled or "://" not in listed.origin:
        return None
    if not listed.next_at:
        return 0.0
    try:
        return datetime.fromisoformat(listed.next_at).timestamp()
    except ValueError:
        return 0.0


def next_due(lists: Iterable[Listed]) -> float | None:
    """Return when the first of several lists is due, None when none ever is."""
    return min((at for at in map(due_at, lists) if at is not None), default=None)


def _text(moment: float) -> str:
    return datetime.fromtimestamp(moment, UTC).isoformat(timespec="seconds")
