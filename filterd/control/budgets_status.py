"""How far today's budgets are used: for the parents' page, the child's page and the command line.

Stored slots and records that are still in the workers' rings together, so that it is right at once, also between two
batches of the log and with a dead manager. Never finer than five minutes: it is said as "about".

    for budget in status(state, "lan"):
        print(budget.text)                      # "khoảng 40 trên 60 phút"
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from zoneinfo import ZoneInfo

import sqlalchemy as sa

from filterd.control.budgets import KEPT_DAYS, used_slots
from filterd.control.budgets_count import Meters, Names
from filterd.control.entities import household_of
from filterd.control.household import has_store, known_words, open_store
from filterd.control.ring_events import Tails, waiting
from filterd.errors import ConfigError
from filterd.host.run import run_dir
from filterd.model.household import Household
from filterd.net.ring import MAX_RINGS, ring_names
from filterd.policy.budget import (
    SLOT_MINUTES,
    about,
    counts_on,
    day_of,
    is_used_up,
    key_of,
    midnight_after,
    slots_of,
)
from filterd.store.activity import Forgotten, cursors, forgotten, open_activity
from filterd.store.activity import slot as slot_table
from filterd.store.engine import reading
from filterd.store.household import SpentRow

_MAX_TAILS = 65_536  # kinds of records that are known by their bytes
_NOT_TODAY = {"vi": "hôm nay không giới hạn", "en": "no limit today"}


@dataclass(frozen=True, slots=True)
class BudgetStatus:
    """A budget of a profile on the day of the question."""

    profile: str
    number: int  # its place among the profile's budgets, from 0
    key: str  # outlives a change of its minutes
    services: tuple[str, ...]
    categories: tuple[str, ...]
    days: frozenset[int] | None  # weekdays on which it holds, 0 = Monday; None: all
    minutes: int
    today: bool  # it holds today
    used: int  # minutes, about; at most `minutes`
    used_up: bool
    # row 8 was told, and blocks unless a bonus lifts it: a moment later than `used_up`, not before the manager lives
    blocked: bool
    text: str  # "about 40 of 60 minutes", in the household's language
    until: float  # when the next day begins, and with it a new count; POSIX seconds


def status(state: Path, profile: str | None = None, now: float | None = None) -> list[BudgetStatus]:
    """Return all budgets (of a profile), in the household's order. Raises StoreError; ConfigError: no such profile."""
    at = time.time() if now is None else now
    with open_store(state) as store:
        household = household_of(store.stored().bodies(), known_words(state))
        if profile is not None and all(p.id != profile for p in household.profiles):
            raise ConfigError(f"no profile {profile!r} here (known: {', '.join(p.id for p in household.profiles)})")
        day = day_of(at, ZoneInfo(household.timezone))
        spent = {(row.profile, row.budget): row for row in store.spent(day)}
    names = Names(state, verify=False)
    try:
        meters = Meters(names.tags)
        meters.plan(household, at, only=profile)
        if meters:
            _fill(state, meters, day, at)
        return list(_rows(household, meters, spent, day))
    finally:
        names.close()


def _rows(
    household: Household, meters: Meters, spent: Mapping[tuple[str, str], SpentRow], day: int
) -> Iterator[BudgetStatus]:
    language = household.language
    today, start, end = (
        slots_of(day, meters.zone),
        midnight_after(day - 1, meters.zone),
        midnight_after(day, meters.zone),
    )
    for profile in household.profiles:
        for number, budget in enumerate(profile.budgets):
            key = key_of(budget)
            meter = meters.find((profile.id, key))
            if meter is None:
                continue  # of a profile that nobody asked for
            holds = counts_on(budget, day)
            row = spent.get((profile.id, key))
            used = used_slots(meter.used(today), row, start) if holds else 0
            yield BudgetStatus(
                profile=profile.id,
                number=number,
                key=key,
                services=budget.services,
                categories=budget.categories,
                days=budget.days,
                minutes=budget.minutes,
                today=holds,
                used=min(used * SLOT_MINUTES, budget.minutes),
                used_up=is_used_up(used, budget.minutes),
                blocked=holds and row is not None and is_used_up(row.used, budget.minutes),
                text=about(used, budget.minutes, language) if holds else _NOT_TODAY["vi" if language == "vi" else "en"],
                until=end,
            )


def _fill(state: Path, meters: Meters, day: int, at: float) -> None:
    """Count what is stored, and what is still in the rings behind it. In this order nothing is missed."""
    after: dict[str, tuple[int, int]] = {}
    deleted: list[Forgotten] = []
    if has_store(state, "activity"):
        engine = open_activity(state)
        try:
            with reading(engine, "activity") as connection:
                for row in connection.execute(sa.select(slot_table).where(slot_table.c.day >= day - KEPT_DAYS)):
                    meters.put((row.profile, row.budget), row.slot)
                after = cursors(connection)
                begin_ms = int(midnight_after(day - 1, meters.zone) * 1000)
                deleted = [f for f in forgotten(connection, begin_ms, int(at * 1000)) if not f.device]
        finally:
            engine.dispose()
    folder, tails = run_dir(state, create=False), Tails(_MAX_TAILS)
    for name in [n for n in ring_names(folder) if n.endswith("allowed")][:MAX_RINGS]:
        for events in waiting(folder / name, after.get(name), tails):
            if deleted:
                events = [e for e in events if not any(f.covers(e[0], e[2].profile, "") for f in deleted)]
            meters.take(events)
