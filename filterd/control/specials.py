"""Special days of a child: a date, or a named stretch (exams, summer, Tết), with hours of its own or with none.

A stretch is a holiday of the household that the child's exception names. What is added last decides, so it comes first.

    add_special(state, Who("mẹ", "web"), "lan", date(2026, 12, 14), date(2026, 12, 19), name="Thi học kỳ I")
    remove_special(state, Who("mẹ", "web"), "lan", 0)
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from pathlib import Path

from filterd.control.change import Done, apply
from filterd.control.moves import MAX_EXCEPTIONS, Whom, text_of, with_profile
from filterd.errors import ConfigError
from filterd.model.change import Who
from filterd.model.household import DayException, Holiday, Household, Window

MAX_DAYS = 120  # of a stretch: a summer; more is a mistyped year
MAX_NAME = 60


def like_weekday(windows: Sequence[Window], day: int) -> tuple[Window, ...]:
    """Return the weekly windows that start on a weekday, 0 is Monday, as an exception takes them."""
    return tuple(replace(w, days=None) for w in windows if w.days is None or day in w.days)


def add_special(
    state: Path,
    who: Who,
    profile: str,
    first: date,
    last: date,
    *,
    name: str = "",
    windows: Sequence[Window] = (),
    seen: int | None = None,
) -> Done:
    """Give `profile` other hours from `first` to `last`, both included; a stretch needs a name.

    Raises ConfigError (last before first, too long, no name, a name that other dates have), Conflict, StoreError.
    """
    called = text_of(name, "name", MAX_NAME)
    if last < first:
        raise ConfigError("last: the last day is before the first")
    if (last - first).days >= MAX_DAYS:
        raise ConfigError(f"last: {(last - first).days + 1} days, expected at most {MAX_DAYS}")
    if not called and first != last:
        raise ConfigError("name: several days need a name")

    def alter(household: Household) -> Household:
        Whom(profile=profile).check(household)
        if not called:
            exception = DayException(tuple(windows), on=first)
            return _with(household, profile, exception)
        spans = [h for h in household.holidays if h.name == called]
        if spans and Holiday(called, first, last) not in spans:
            raise ConfigError(f"name: {called!r} has other dates already")
        if not spans:
            household = replace(household, holidays=(*household.holidays, Holiday(called, first, last)))
        return _with(household, profile, DayException(tuple(windows), holiday=called))

    return apply(state, who, "special day added", alter, seen=seen)


def remove_special(state: Path, who: Who, profile: str, number: int, *, seen: int | None = None) -> Done:
    """Remove an exception by its number, and its holiday when nobody else has it. ConfigError: there is no such one."""

    def alter(household: Household) -> Household:
        Whom(profile=profile).check(household)
        found = next(p for p in household.profiles if p.id == profile)
        if not 0 <= number < len(found.exceptions):
            raise ConfigError(f"exceptions: there is no number {number} (there are {len(found.exceptions)})")
        gone = found.exceptions[number]
        kept = tuple(e for n, e in enumerate(found.exceptions) if n != number)
        after = with_profile(household, profile, lambda p: replace(p, exceptions=kept))
        if gone.holiday and all(e.holiday != gone.holiday for p in after.profiles for e in p.exceptions):
            after = replace(after, holidays=tuple(h for h in after.holidays if h.name != gone.holiday))
        return after

    return apply(state, who, "special day removed", alter, seen=seen)


def _with(household: Household, profile: str, exception: DayException) -> Household:
    found = next(p for p in household.profiles if p.id == profile)
    kept = tuple(
        e for e in found.exceptions if (e.on, e.holiday) != (exception.on, exception.holiday)
    )  # a new word on the same days replaces the old one
    if len(kept) >= MAX_EXCEPTIONS:
        raise ConfigError(f"exceptions: {len(kept) + 1} of {profile}, expected at most {MAX_EXCEPTIONS}")
    return with_profile(household, profile, lambda p: replace(p, exceptions=(exception, *kept)))
