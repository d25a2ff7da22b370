"""What happened, as the page and the command line show it: entries, gaps between them, pages of both, sums.

Plain values. control/activity.py finds them, control/activity_stats.py counts them. Everything here is what may be
shown: names that are nobody's business are not in it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date

from filterd.model.decision import Action, Row


@dataclass(frozen=True, slots=True)
class Filter:
    """Which questions are meant; empty fields mean all. Times are ms since the epoch, `since` <= at < `until`."""

    profile: str = ""
    device: str = ""  # a device's id, or the address of one that has none
    category: str = ""
    service: str = ""
    row: Row | None = None
    action: Action | None = None
    name: str = ""  # this name and everything below it
    part: str = ""  # these letters anywhere in the name
    since: int | None = None
    until: int | None = None

    @property
    def blocked(self) -> bool:
        """True when blocked questions alone are meant."""
        return self.action is Action.BLOCK


@dataclass(frozen=True, slots=True)
class Entry:
    """One question and what became of it."""

    id: int  # its place in the log: ms since the epoch * 1024 + number
    at_ms: int
    client: str
    profile: str
    device: str
    name: str  # "": not kept, or not to be shown
    qtype: int
    action: Action
    row: Row
    rcode: int
    origin: int  # model/event.Origin
    category: str = ""
    service: str = ""
    list_id: str = ""
    rule: str = ""
    matched: str = ""  # the chain's name that was blocked, when it is not the question's
    exact: bool = True  # False: the time is known to the hour alone


@dataclass(frozen=True, slots=True)
class Gap:
    """Questions that are missing between two moments (ms since the epoch; 0: not known)."""

    at_from: int
    at_to: int
    lost: int
    kind: str  # ring: not even counted; rate, disk: counted, but not one by one


@dataclass(frozen=True, slots=True)
class Page:
    """Some entries, newest first, and how far was looked for them."""

    entries: tuple[Entry, ...]
    gaps: tuple[Gap, ...]  # in the stretch of time of this page, newest first
    older: str  # for the next page; "": there is nothing older
    scanned_to: int  # ms since the epoch: everything since then (up to `older` of the page before) was looked at
    looked_at: int  # rows
    complete: bool  # False: time was up before the page was full or the log at its end

    def lines(self) -> Iterator[Entry | Gap]:
        """Yield entries and gaps together, newest first."""
        gaps = list(reversed(self.gaps))
        for entry in self.entries:
            while gaps and (gaps[-1].at_to == 0 or gaps[-1].at_to > entry.at_ms):
                yield gaps.pop()
            yield entry
        yield from reversed(gaps)


@dataclass(frozen=True, slots=True)
class Counted:
    """How many questions something has had."""

    asked: int = 0
    blocked: int = 0


@dataclass(frozen=True, slots=True)
class Stats:
    """Sums. Questions are counted by whole days, names of blocked ones by hours."""

    first_day: date
    last_day: date
    total: Counted
    days: tuple[tuple[date, Counted], ...]
    profiles: tuple[tuple[str, Counted], ...]  # most asked first
    devices: tuple[tuple[str, Counted], ...]  # "": not known to the household
    categories: tuple[tuple[str, Counted], ...]  # most blocked first
    services: tuple[tuple[str, Counted], ...]
    names_since: int  # ms since the epoch
    names: tuple[tuple[str, int], ...] = ()  # blocked, most often first
    unnamed: int = 0  # blocked ones whose name is not shown
    gaps: tuple[Gap, ...] = field(default=())
