"""Is everybody at home protected? Five checks, each with its own numbers, the worst first. Fast, and never raises.

    client    a real device (not the box itself) was answered lately     reasons: never, silent, unknown
    lists     a list bundle is in force and its sources are fresh        reasons: none, unreadable, stale, unknown
    clock     the box's clock is known to be right                       reasons: untrusted, unknown
    upstream  the way out answers the workers                            reasons: no_worker, no_upstream, loop, down
    bypass    no way round the filter has been seen                      reasons: a kind of model/bypass.py, unknown

What cannot be read is not ok. The order of worth is UI.md 2a's: without lists, without the way out, without a clock,
without anybody who asks, a way round, stale lists.

    seen = truth(state)
    if not seen.ok:
        print(seen.worst.id, seen.worst.reason, seen.more)
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from filterd.control.newest import Newest, newest_questions, zone_of
from filterd.errors import FilterdError
from filterd.host.clock import Clock
from filterd.model.now import Check, Truth

DAY_S = 15 * 60.0  # by day a device asks at least so often, while anybody is at home
NIGHT_S = 12 * 3600.0  # everybody sleeps, and devices too
DAY_HOURS = range(7, 22)
STALE_DAYS = 3.0  # without a good sync of any list
DEAD_DAYS = 30.0  # without one of a single list, while the others are fresh
WORKERS_S = 0.5  # to wait for the workers' counters; they take a millisecond, on a busy machine a hundred

log = logging.getLogger(__name__)

_WORTH = {"upstream": 1, "clock": 2, "client": 3, "bypass": 4, "lists": 5}
_NO_LISTS = frozenset({"none", "unreadable"})  # of the lists' reasons: then nothing is blocked for sure


def truth(state: Path, now: float | None = None) -> Truth:
    """Return the five checks at `now` (POSIX seconds; None: the box's clock)."""
    at = time.time() if now is None else now
    zone = zone_of(state)
    newest = _guarded(lambda: newest_questions(state, at, zone))
    checks = [
        _check("client", lambda: _client(at, newest, zone)),
        _check("lists", lambda: _lists(state, at)),
        _check("clock", lambda: _clock(state, now, zone)),
        _check("upstream", lambda: _upstream(state, newest)),
        _check("bypass", lambda: _bypass(state, at)),
    ]
    failing = sorted((c for c in checks if not c.ok), key=worth)
    holding = [c for c in checks if c.ok]
    worst = failing[0] if failing else None
    return Truth(not failing, at, (*failing, *holding), worst, max(0, len(failing) - 1))


def worth(check: Check) -> int:
    """Return how bad it is that a check fails: 0 is the worst."""
    return 0 if check.id == "lists" and check.reason in _NO_LISTS else _WORTH[check.id]


def _check(ident: str, look: Callable[[], Check]) -> Check:
    try:
        return look()
    except Exception as exc:  # the banner must not vanish because one part of the box is sick
        log.debug("check %s cannot be made: %s", ident, exc)
        text = str(exc) if isinstance(exc, FilterdError) else type(exc).__name__
        return Check(ident, False, "unreadable" if ident == "lists" else "unknown", {"problem": text})


def _guarded(look: Callable[[], Newest]) -> Newest | None:
    try:
        return look()
    except Exception as exc:
        log.debug("the newest questions cannot be read: %s", exc)
        return None


# ---- the checks


def _client(at: float, newest: Newest | None, zone: ZoneInfo) -> Check:
    if newest is None:
        return Check("client", False, "unknown", {"problem": "the log cannot be read"})
    is_day = datetime.fromtimestamp(at, zone).hour in DAY_HOURS
    facts: dict[str, Any] = {"at": newest.at, "devices": len(newest.devices), "within_s": DAY_S if is_day else NIGHT_S}
    if newest.at is None:
        return Check("client", False, "never", facts)
    facts["ago_s"] = max(0.0, at - newest.at)
    is_ok = facts["ago_s"] <= facts["within_s"]
    return Check("client", is_ok, "" if is_ok else "silent", facts)


def _bypass(state: Path, at: float) -> Check:
    from filterd.control.watch import check

    return check(state, at)


def _lists(state: Path, at: float) -> Check:
    from filterd.control.publish import current
    from filterd.listbuild import registry
    from filterd.lists.bundle import Bundle

    facts: dict[str, Any] = _signature(state, at)
    revision = current(state)
    if revision is None or revision.bundle is None:
        return Check("lists", False, "none", facts)
    bundle = Bundle.open(state / revision.bundle.file, verify=False)
    facts |= {"names": bundle.names, "bundle": revision.bundle.digest[:16], "revision": revision.number}
    bundle.close()
    try:
        listed = [one for one in registry.load(state).values() if one.enabled]
    except FilterdError as exc:  # what is in force still protects
        return Check("lists", False, "unknown", facts | {"problem": str(exc)})
    fetched = [one for one in listed if one.origin.startswith(("http://", "https://"))]
    facts |= {"lists": len(listed), "fetched": len(fetched)}
    if not fetched:
        return Check("lists", True, facts=facts)  # what the package ships is as new as the package
    good = {one.id: one.good_seconds() for one in fetched}
    known = {ident: moment for ident, moment in good.items() if moment is not None}
    newest, oldest = max(known.values(), default=None), min(known.values(), default=None)
    facts |= {"good_at": newest, "oldest_at": oldest, "never": len(good) - len(known)}
    if newest is None or oldest is None:
        return Check("lists", False, "stale", facts)
    facts |= {"age_s": max(0.0, at - newest), "oldest": min(known, key=lambda ident: known[ident])}
    is_ok = at - newest <= STALE_DAYS * 86_400 and at - oldest <= DEAD_DAYS * 86_400
    return Check("lists", is_ok, "" if is_ok else "stale", facts)


def _signature(state: Path, at: float) -> dict[str, Any]:
    """Return how it stands with the province's signature: unsigned (no feed is followed), never (not verified yet),
    verified, expired (its word does not hold any more), refused (with the code of the last look).
    """
    from filterd.control.feed_status import feed_status
    from filterd.model.feed import Refusal

    seen = feed_status(state)
    if seen is None:
        return {"signature": "unsigned"}
    facts: dict[str, Any] = {"feed": seen.feed, "verified_at": seen.verified_at or None}
    if seen.refusal is not None and seen.refusal.code is not Refusal.OFFLINE:
        return facts | {"signature": "refused", "refusal": seen.refusal.code.value}
    if not seen.is_verified:
        return facts | {"signature": "never"}
    return facts | {"signature": "expired" if seen.is_stale(at) else "verified"}


def _clock(state: Path, now: float | None, zone: ZoneInfo) -> Check:
    clock = Clock(state) if now is None else Clock(state, system=lambda: now)
    wall, trusted = clock(time.monotonic())
    facts = {"at": wall, "floor": clock.floor, "zone": zone.key}
    return Check("clock", trusted, "" if trusted else "untrusted", facts)


def _upstream(state: Path, newest: Newest | None) -> Check:
    from filterd.control.metrics_read import ask_workers

    asked = ask_workers(state, WORKERS_S)
    stats = [found for _, found in asked if found is not None]
    facts: dict[str, Any] = {
        "workers": len(asked),
        "answering": len(stats),
        "good_at": None if newest is None else newest.upstream,
    }
    if not stats:
        return Check("upstream", False, "no_worker", facts)
    ways = max(int(s.get("upstreams", 0)) for s in stats)
    # the worker that sees most of them: one that was just started has seen nothing fail yet
    down = max(int(s.get("upstreams_down", 0)) for s in stats)
    looping = max(int(s.get("upstreams_looping", 0)) for s in stats)
    facts |= {"upstreams": ways, "down": down, "looping": looping}
    if not ways:
        return Check("upstream", False, "no_upstream", facts)
    if looping >= ways:
        return Check("upstream", False, "loop", facts)
    if down + looping >= ways:
        return Check("upstream", False, "down", facts)
    return Check("upstream", True, facts=facts)
