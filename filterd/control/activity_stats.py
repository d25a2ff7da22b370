"""Sums of the log: asked and blocked by day, profile, device, category and service; the most blocked names.

Questions are counted by local days, so a stretch that begins in the middle of one has all of that day; names come from
hours. Records that are still in the rings are counted in. What may not be shown is not: see control/privacy.py.

    stats(state, since=ms, profile="lan").total.blocked
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from datetime import date, tzinfo
from pathlib import Path
from zoneinfo import ZoneInfo

from filterd.control.activity import Moment, View, moment, view_of
from filterd.control.dictionary import address_of, local_day, text_of
from filterd.control.privacy import HOUR_MS, Keep, Masks
from filterd.model.activity import Counted, Gap, Stats
from filterd.model.decision import Action
from filterd.store import activity_read as reads
from filterd.store import activity_sums as sums

TOP = 20
_Row = sums.Counts


def stats(
    state: Path,
    *,
    since: int,
    profile: str = "",
    device: str = "",
    view: View | None = None,
    now: float | None = None,
    top: int = TOP,
) -> Stats:
    """Return the sums from `since` (ms) until now. Raises StoreError."""
    view = view or view_of(state)
    masks, zone = view.masks, view.zone or ZoneInfo("UTC")
    now_ms = int((time.time() if now is None else now) * 1000)
    first, last = (local_day(at, zone)[0] for at in (min(since, now_ms), now_ms))
    if masks.level == "nothing":
        return _sum((), first, last, since)
    with moment(state, view, least=Keep.COUNT) as at:
        rows = list(_live(at, masks, zone, first, last, profile, device))
        if at.connection is not None:
            rows += sums.counted(at.connection, first, last, profile, device)
        if masks.hidden:
            rows = [(*r[:5], "" if masks.hides_service(r[1]) else r[5], r[6]) for r in rows]
        found = _sum(rows, first, last, since)
        names, unnamed = _names(at, masks, since, profile, device, top)
        gaps = [g for g in at.gaps if g.at_to == 0 or g.at_to >= since]
        if at.connection is not None:
            gaps += [Gap(*row) for row in reads.gaps_between(at.connection, since, reads.MAX_ID >> 11)]
    return replace(found, names=names, unnamed=unnamed, gaps=tuple(gaps))


def _live(at: Moment, masks: Masks, zone: tzinfo, first: int, last: int, profile: str, device: str) -> Iterator[_Row]:
    assert isinstance(zone, ZoneInfo)
    start = end = number = 0
    for at_ms, _, tail in at.live:
        if not start <= at_ms < end:
            number, start, end = local_day(at_ms, zone)
        if first <= number <= last and profile in ("", tail.profile) and device in ("", tail.device):
            yield number, tail.profile, tail.device, int(tail.action), tail.category, tail.service, 1


def _names(
    at: Moment, masks: Masks, since: int, profile: str, device: str, top: int
) -> tuple[tuple[tuple[str, int], ...], int]:
    """Return the most blocked names, and how many blocked questions have none that may be shown."""
    if masks.level not in ("everything", "blocked"):
        return (), 0
    hour = since // HOUR_MS
    live: Counter[str] = Counter()
    unnamed = 0
    for at_ms, client, tail in at.live:
        if tail.action is not Action.BLOCK or at_ms // HOUR_MS < hour:
            continue
        if profile not in ("", tail.profile) or device not in ("", tail.device, address_of(client)):
            continue
        if masks.hides_name(tail.profile, tail.category):
            unnamed += 1
        else:
            live[text_of(tail.qname)] += 1
    names: Counter[str] = Counter()
    if at.connection is not None:
        who = (hour, profile, device)
        names.update(dict(sums.top_blocked(at.connection, *who, masks.hidden, top)))
        missing = sorted(live.keys() - names.keys())
        if missing:
            names.update(sums.blocked_of(at.connection, *who, masks.hidden, missing))
        unnamed += sums.blocked_since(at.connection, *who) - sums.named_since(at.connection, *who, masks.hidden)
    names.update(live)
    return tuple(sorted(names.items(), key=lambda item: (-item[1], item[0]))[:top]), unnamed


def _sum(rows: Iterable[_Row], first: int, last: int, since: int) -> Stats:
    """Add rows up in every direction."""
    rows = list(rows)

    def by(key: Callable[[_Row], int | str]) -> dict[int | str, Counted]:
        asked: Counter[int | str] = Counter()
        blocked: Counter[int | str] = Counter()
        for row in rows:
            asked[key(row)] += row[6]
            if row[3] == Action.BLOCK:
                blocked[key(row)] += row[6]
        return {k: Counted(n, blocked[k]) for k, n in asked.items()}

    def most(key: Callable[[_Row], str], *, blocked: bool) -> tuple[tuple[str, Counted], ...]:
        found = [(str(k), c) for k, c in by(key).items() if k or not blocked]
        return tuple(sorted(found, key=lambda f: (-f[1].blocked if blocked else 0, -f[1].asked, f[0])))

    days = by(lambda row: row[0])
    return Stats(
        first_day=date.fromordinal(first),
        last_day=date.fromordinal(last),
        total=by(lambda row: 0).get(0, Counted()),
        days=tuple((date.fromordinal(int(day)), days[day]) for day in sorted(days)),
        profiles=most(lambda row: row[1], blocked=False),
        devices=most(lambda row: row[2], blocked=False),
        categories=most(lambda row: row[4], blocked=True),
        services=most(lambda row: row[5], blocked=True),
        names_since=since // HOUR_MS * HOUR_MS,
    )
