"""A child's week as figures, for the page that parents read together with the child: no words, no HTML.

Seven whole days up to yesterday: hours with use (about, as DNS sees them), what was blocked most by category, what was
asked for and answered, and one thing to talk about. Sites are named only when a parent asks for it, and never those of a
child whose names are masked.

    found = digest(state, "lan")
    [day.hours for day in found.days], found.categories, found.topic
"""

from __future__ import annotations

import time
from collections import Counter
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import sqlalchemy as sa

from filterd.control.activity import View, engine_of
from filterd.control.activity_stats import stats
from filterd.control.dictionary import midnight_ms
from filterd.control.household import has_store, load
from filterd.control.moves import Whom
from filterd.control.privacy import HARM, HOUR_MS
from filterd.control.requests import Request, requests
from filterd.model.decision import Action
from filterd.store.activity import ID_SHIFT, event, who
from filterd.store.activity_sums import counted
from filterd.store.engine import reading

if TYPE_CHECKING:
    from filterd.model.household import Household, Profile

DAYS = 7
TOP = 3
MAX_NAMES = 5
USED = 20  # allowed questions in an hour: fewer are a phone that talks to itself
LATE_HOURS = (23, 0, 1, 2, 3, 4)  # o'clock: use then is the night's
LATE_DAYS = 2
_TECHNICAL = frozenset({"bypass", "malware", "piracy", "scam"})  # harm that a device runs into by itself
LOOK_S = 1.5  # hours are looked for about so long; what is not reached stays unknown
_MOST_WHO = 900  # ids of one statement


@dataclass(frozen=True, slots=True)
class DayOf:
    """One day. `hours`: with use, about; None: not kept any more. `late`: some of them in the night."""

    day: date
    hours: int | None
    late: bool
    asked: int
    blocked: int


@dataclass(frozen=True, slots=True)
class Digest:
    """A child's week. `topic`: harm, late, refused, category or calm; `value`: the category it is about.

    `names` and their counts are empty unless asked for. `categories`: most blocked first; harm ones are in it.
    """

    profile: str
    name: str
    first: date
    last: date
    days: tuple[DayOf, ...]
    blocked: int
    categories: tuple[tuple[str, int], ...]
    requests: tuple[Request, ...]  # oldest first
    topic: str
    value: str = ""
    masked: bool = False  # no site of this child is ever named
    names: tuple[tuple[str, int], ...] = ()

    @property
    def known(self) -> tuple[DayOf, ...]:
        """The days whose hours are known."""
        return tuple(d for d in self.days if d.hours is not None)


def digest(state: Path, profile: str, *, back: int = 0, names: bool = False, now: float | None = None) -> Digest:
    """Return the week of a profile. `back`: so many weeks earlier. Raises ConfigError (no such profile), StoreError."""
    at = time.time() if now is None else now
    household = load(state)
    Whom(profile=profile).check(household)
    found = next(p for p in household.profiles if p.id == profile)
    return _digest(state, household, found, at, back, names)


def _digest(state: Path, household: Household, profile: Profile, at: float, back: int, names: bool) -> Digest:
    zone = ZoneInfo(household.timezone)
    last = datetime.fromtimestamp(at, zone).date() - timedelta(days=1 + DAYS * back)
    days = [last - timedelta(days=i) for i in range(DAYS - 1, -1, -1)]
    view = View.of(household)
    asked: Counter[date] = Counter()
    blocked: Counter[date] = Counter()
    categories: Counter[str] = Counter()
    used: dict[date, set[int] | None] = dict.fromkeys(days)
    if has_store(state, "activity") and view.masks.level != "nothing":
        with reading(engine_of(state), "activity") as connection:
            for row in counted(connection, days[0].toordinal(), last.toordinal(), profile.id, ""):
                day = date.fromordinal(row[0])
                asked[day] += row[6]
                if row[3] == Action.BLOCK:
                    blocked[day] += row[6]
                    if row[4]:
                        categories[row[4]] += row[6]
            if view.masks.level == "everything":
                today = datetime.fromtimestamp(at, zone).date()
                kept = today - timedelta(days=household.privacy.detail_days)
                used = _used(connection, profile.id, [d for d in days if d >= kept], zone)
    answered = tuple(r for r in _requests(state, profile.id, days[0], last, zone, at))
    top = tuple(sorted(categories.items(), key=lambda c: (-c[1], c[0])))
    made = tuple(_day(d, used.get(d), asked[d], blocked[d]) for d in days)
    topic, value = _topic(made, categories, answered)
    masked = profile.parent_sees == "categories"
    sites: tuple[tuple[str, int], ...] = ()
    if names and not masked and not back:
        since = midnight_ms(days[0], zone)
        sites = stats(state, since=since, profile=profile.id, view=view, now=at, top=MAX_NAMES).names
    return Digest(
        profile.id, profile.name, days[0], last, made, sum(blocked.values()), top[:TOP], answered, topic, value, masked,
        sites,
    )  # fmt: skip


def _day(day: date, used: set[int] | None, asked: int, blocked: int) -> DayOf:
    hours = None if used is None else len(used)
    return DayOf(day, hours, bool(used and used.intersection(LATE_HOURS)), asked, blocked)


def _used(connection: sa.Connection, profile: str, days: list[date], zone: ZoneInfo) -> dict[date, set[int] | None]:
    """Return the hours of each day in which something was used. A day that was not reached in time is not there.

    An hour is looked into until USED allowed questions are found, newest day first: no day is counted whole.
    """
    found: dict[date, set[int] | None] = {}
    deadline = time.monotonic() + LOOK_S
    for day in sorted(days, reverse=True):
        ids = _whos(connection, profile, day)
        hours: set[int] = set()
        start, end = midnight_ms(day, zone), midnight_ms(day + timedelta(days=1), zone)
        for begin in range(start, end, HOUR_MS) if ids else ():
            if time.monotonic() > deadline:
                return found
            if _count(connection, ids, begin, min(begin + HOUR_MS, end)) >= USED:
                hours.add(datetime.fromtimestamp(begin / 1000, zone).hour)
        found[day] = hours
    return found


def _whos(connection: sa.Connection, profile: str, day: date) -> list[int]:
    statement = sa.select(who.c.id).where(who.c.profile == profile, who.c.day == day.toordinal())
    return list(connection.execute(statement.limit(_MOST_WHO)).scalars())


def _count(connection: sa.Connection, ids: list[int], begin: int, end: int) -> int:
    inner = (
        sa.select(sa.literal(1))
        .select_from(event)
        .where(event.c.id >= begin << ID_SHIFT, event.c.id < end << ID_SHIFT, event.c.what > 0, event.c.who.in_(ids))
        .limit(USED)
        .subquery()
    )
    return int(connection.execute(sa.select(sa.func.count()).select_from(inner)).scalar() or 0)


def _requests(state: Path, profile: str, first: date, last: date, zone: ZoneInfo, at: float) -> list[Request]:
    low, high = midnight_ms(first, zone) / 1000, midnight_ms(last + timedelta(days=1), zone) / 1000
    return sorted(
        (r for r in requests(state, now=at) if r.profile == profile and r.kind != "talk" and low <= r.at < high),
        key=lambda r: r.at,
    )


def _topic(days: tuple[DayOf, ...], categories: Counter[str], asked: tuple[Request, ...]) -> tuple[str, str]:
    """Return what is worth a talk: the gravest first; calm when nothing stands out."""
    from filterd.config.catalogue import load as load_catalogue

    known = load_catalogue().categories
    harm = [c for c in categories if c in HARM or (c in known and known[c].harm and c not in _TECHNICAL)]
    if harm:
        return "harm", max(harm, key=lambda c: (c in HARM, categories[c], c))
    if sum(d.late for d in days) >= LATE_DAYS:
        return "late", ""
    if sum(r.state in ("refused", "expired") for r in asked) >= 2:
        return "refused", ""
    most = max(categories, key=lambda c: (categories[c], c), default="")
    return ("category", most) if most and categories[most] >= 20 and most != "ads" else ("calm", "")
