"""Blocked attempts of harm categories, counted by minute until they are rows: first hits of a day, and bursts.

Pure counting, no store. What is stored already ("settled") and what waits ("pending") are kept apart, so that the same
questions read again after a crash give the same rows. Nothing depends on the order in which rings are read.

    hits = Hits(frozenset({"gambling"}))
    hits.take(at_ms, tail)
    for first in hits.firsts(zone, cuts): ...      # Group(key=("2026-11-24", "lan", "gambling"), n=3, ...)
    for burst in hits.bursts(cuts): ...
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, tzinfo

from filterd.control.privacy import HOUR_MS
from filterd.model.decision import Action
from filterd.model.event import Tail

MINUTE_MS = 60_000
BURST_MINUTES = 10
BURST_HITS = 10  # attempts of one profile within BURST_MINUTES
QUIET_MINUTES = 60  # no second burst of a profile for so long
MAX_BUCKETS = 20_000  # minutes that wait to be stored: profiles x devices x categories x 5 minutes, generously
_A = 1  # the type that is counted: one visit asks for A, AAAA and HTTPS

Cuts = Callable[[str], bool]  # whether times of a category may be known to the hour alone


@dataclass(slots=True)
class Bucket:
    """The attempts of one profile, device and category within one minute."""

    n: int  # attempts; 0: nothing but the other types so far
    first_ms: int
    last_ms: int


@dataclass(slots=True)
class Group:
    """Attempts that belong to one row of first hits. `n` is at least 1."""

    day: str
    profile: str
    category: str
    device: str = ""  # of the earliest
    n: int = 0
    first_ms: int = 0
    last_ms: int = 0


@dataclass(slots=True)
class Burst:
    """Minutes in which a profile's attempts came to a burst, and those that belong to it afterwards."""

    profile: str
    start: int  # minute (since the epoch) of the first attempt that can belong to it
    end: int  # minute after the last one
    at_ms: int
    cut: bool  # its times may be known to the hour alone
    device: str = ""
    categories: list[str] = field(default_factory=list)

    def covers(self, minute: int) -> bool:
        """Return whether a burst at that minute is this one: inside, or so shortly before that it is no second one."""
        return self.start - QUIET_MINUTES <= minute < self.end


_Key = tuple[str, str, str, int]  # profile, device, category, minute


class Hits:
    """Attempts that wait to be stored, and the last minutes of those that are."""

    def __init__(self, harm: frozenset[str]) -> None:
        self.harm = harm
        self.pending: dict[_Key, Bucket] = {}
        self.settled: dict[tuple[str, str, int], int] = {}  # profile, category, minute -> attempts; the last ones
        self.dropped = 0  # attempts beyond the bound

    def take(self, at_ms: int, tail: Tail) -> bool:
        """Count one question when it is a blocked attempt of a harm category; return whether it is."""
        if tail.action is not Action.BLOCK or tail.category not in self.harm:
            return False
        key = (tail.profile, tail.device, tail.category, at_ms // MINUTE_MS)
        bucket = self.pending.get(key)
        if bucket is None:
            if len(self.pending) >= MAX_BUCKETS:
                self.dropped += 1
                return False
            bucket = self.pending[key] = Bucket(0, at_ms, at_ms)
        bucket.n += tail.qtype == _A
        bucket.first_ms = min(bucket.first_ms, at_ms)
        bucket.last_ms = max(bucket.last_ms, at_ms)
        return True

    def forget(self, gone: Callable[[int, str, str], bool]) -> None:
        """Drop what a person deleted. `gone`: time, profile and device of an attempt -> whether it was."""
        for key, bucket in list(self.pending.items()):
            if gone(bucket.last_ms, key[0], key[1]):
                del self.pending[key]
            elif gone(bucket.first_ms, key[0], key[1]):  # deleted in the middle of it: the last one came afterwards
                self.pending[key] = Bucket(min(bucket.n, 1), bucket.last_ms, bucket.last_ms)
        for profile, category, minute in list(self.settled):
            if gone(minute * MINUTE_MS, profile, ""):
                del self.settled[profile, category, minute]

    def store(self) -> None:
        """Take what waits for stored; the last minutes of it stay known for the next burst."""
        for (profile, _, category, minute), bucket in self.pending.items():
            if bucket.n:
                key = (profile, category, minute)
                self.settled[key] = self.settled.get(key, 0) + bucket.n
        self.pending.clear()
        self._trim()

    def _trim(self) -> None:
        """Forget minutes that no burst can reach any more. Per profile: a device's old record must not cost another's."""
        newest: dict[str, int] = {}
        for profile, _, minute in self.settled:
            newest[profile] = max(newest.get(profile, minute), minute)
        kept = {k: n for k, n in self.settled.items() if k[2] > newest[k[0]] - BURST_MINUTES}
        while len(kept) > MAX_BUCKETS:
            del kept[next(iter(kept))]
        self.settled = kept

    def firsts(self, zone: tzinfo) -> list[Group]:
        """Return what waits, by local day, profile and category, in the order of time."""
        groups: dict[tuple[str, str, str], Group] = {}
        for (profile, device, category, _), bucket in sorted(self.pending.items(), key=_by_time):
            day = datetime.fromtimestamp(bucket.first_ms / 1000, zone).date().isoformat()
            group = groups.get((day, profile, category))
            if group is None:
                group = groups[day, profile, category] = Group(day, profile, category, device, 0, bucket.first_ms)
            group.n += bucket.n
            group.last_ms = max(group.last_ms, bucket.last_ms)
        return list(groups.values())

    def bursts(self, cuts: Cuts, known: Callable[[str], Iterable[Burst]]) -> Iterator[Burst]:
        """Yield new bursts, in the order of time. `known`: of a profile; what they cover is no second one."""
        minutes: dict[str, dict[int, int]] = defaultdict(lambda: defaultdict(int))
        for (profile, _, _, minute), bucket in self.pending.items():
            minutes[profile][minute] += bucket.n
        for profile, counted in sorted(minutes.items()):
            fresh = sorted(counted)
            for (of, _, minute), n in self.settled.items():
                if of == profile:
                    counted[minute] += n
            if sum(counted.values()) < BURST_HITS:
                continue
            taken = list(known(profile))
            # with a late attempt, minutes after it may come to a burst too
            ends = sorted({m for f in fresh for m in range(f, f + BURST_MINUTES) if m in counted})
            for minute in ends:
                span = range(minute - BURST_MINUTES + 1, minute + 1)
                if sum(counted.get(m, 0) for m in span) < BURST_HITS or any(b.covers(minute) for b in taken):
                    continue
                burst = self._burst(profile, minute, cuts, max((b.end for b in taken if b.end <= minute), default=0))
                taken.append(burst)
                yield burst

    def within(self, burst: Burst, *, pending: bool) -> int:
        """Return how many attempts belong to a burst: of those that wait, or of the stored ones that are known."""
        span = range(burst.start, burst.end)
        if pending:
            return sum(b.n for (p, _, _, minute), b in self.pending.items() if p == burst.profile and minute in span)
        return sum(n for (p, _, minute), n in self.settled.items() if p == burst.profile and minute in span)

    def latest(self, burst: Burst) -> tuple[int, list[str]]:
        """Return when the last attempt of a burst that waits was, and the categories of those that wait."""
        span = range(burst.start, burst.end)
        mine = [(b, k[2]) for k, b in self.pending.items() if k[0] == burst.profile and k[3] in span]
        return max((b.last_ms for b, _ in mine), default=0), sorted({category for _, category in mine})

    def _burst(self, profile: str, minute: int, cuts: Cuts, free: int) -> Burst:
        """`free`: the first minute that belongs to no burst before it."""
        start = max(minute - BURST_MINUTES + 1, free)
        mine = sorted(
            ((k, b) for k, b in self.pending.items() if k[0] == profile and start <= k[3] <= minute), key=_by_time
        )
        stored = {c for (p, c, m) in self.settled if p == profile and start <= m <= minute}
        categories = sorted({k[2] for k, _ in mine} | stored)
        cut = any(cuts(category) for category in categories)
        at_ms = next((b.first_ms for k, b in mine if k[3] == minute), minute * MINUTE_MS)
        end = minute + QUIET_MINUTES
        if cut:  # no minute of it is written down: whole hours around it
            hour = HOUR_MS // MINUTE_MS
            start, end = max(start // hour * hour, free), -(-end // hour) * hour
            at_ms -= at_ms % HOUR_MS
        return Burst(profile, start, end, at_ms, cut, mine[0][0][1], categories)


def _by_time(item: tuple[_Key, Bucket]) -> tuple[int, _Key]:
    return item[1].first_ms, item[0]


def counted(settled: Mapping[str, object], pending: int) -> int:
    """Return a row's count: what is settled in its detail, and what waits. A row that is there happened once."""
    before = settled.get("settled", 0)
    return max(1, (before if isinstance(before, int) else 0) + pending)
