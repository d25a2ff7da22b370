"""A child's week: the windows laid out on seven columns, said in words, and changed one at a time.

The schedule is the compiled one that workers judge by, so exceptions, holidays and free days of the week are applied.
Editing names a window by its place among the weekly ones; `seen` (Week.revision) makes sure that it is still that one.

    seen = week(state, "lan")
    seen.sentences("vi")[0].text          # "Chủ nhật đến thứ Năm, 21:00 đến 6:00 hôm sau: tắt mạng."
    add_window(state, Who("mẹ", "web"), "lan", window_of("off", None, "21:30", "6:00"), seen=seen.revision)
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import date, timedelta
from functools import lru_cache
from pathlib import Path

from filterd.config.catalogue import load as load_catalogue
from filterd.control.change import Done, apply
from filterd.control.moves import Whom, with_profile
from filterd.control.now import see
from filterd.errors import ConfigError
from filterd.model.change import Who
from filterd.model.household import DayException, Household, Profile, Window
from filterd.policy.clock import in_force, local_time
from filterd.policy.grid import DAYS, layout, place_of
from filterd.policy.outlook import slot_of
from filterd.policy.say import WEEKDAYS, capital, date_of, language_of
from filterd.policy.window_form import free_name, notices, window_of
from filterd.policy.window_words import complement, kind_of, length, sentence

_SPECIAL = {
    "vi": {"free": "{days}: lịch tuần được nghỉ.", "own": "{days}: lịch riêng.", "span": "{first} đến {last}"},
    "en": {"free": "{days}: the week's hours rest.", "own": "{days}: hours of its own.", "span": "{first} to {last}"},
}

__all__ = [
    "Sentence",
    "Special",
    "Week",
    "WeekBlock",
    "WeekDay",
    "add_window",
    "change_window",
    "notices",
    "remove_window",
    "say",
    "week",
    "window_of",
    "words_of",
]


@dataclass(frozen=True, slots=True)
class WeekBlock:
    """A window, or the tail of one, in one column. Minutes count from the column's beginning."""

    id: str  # w3: a weekly window; x1.0: one of an exception's. Both parts of a night have the same
    index: int | None  # among the weekly windows, for change_window; None: of an exception
    column: int
    start: int
    end: int
    kind: str  # off | only | permit
    name: str
    day: date  # on which it starts
    services: tuple[str, ...] = ()
    categories: tuple[str, ...] = ()
    tail: bool = False
    in_force: bool = False


@dataclass(frozen=True, slots=True)
class WeekDay:
    """A column's date. `exception`: number of the profile's exception that decides on it; `free`: it has no windows."""

    day: date
    exception: int | None = None
    holiday: str = ""
    free: bool = False


@dataclass(frozen=True, slots=True)
class Sentence:
    """A weekly window in words. `note`: what holds outside its hours, "" for most."""

    id: str
    index: int
    kind: str
    text: str
    note: str = ""
    length: str = ""


@dataclass(frozen=True, slots=True)
class Special:
    """A day, or a stretch of days, with hours of its own."""

    number: int  # among the profile's exceptions
    first: date
    last: date
    holiday: str
    windows: tuple[Window, ...]

    def text(self, language: str, today: date) -> str:
        """Return it in a sentence."""
        code = language_of(language)
        words = _SPECIAL[code]
        first, last = (f"{WEEKDAYS[code][d.weekday()]} {date_of(d, code, today)}" for d in (self.first, self.last))
        days = first if self.first == self.last else words["span"].format(first=first, last=last)
        if self.holiday:
            days = f"{self.holiday} ({days})"
        return capital(words["own" if self.windows else "free"].format(days=days))


@dataclass(frozen=True, slots=True)
class Week:
    """Seven days of a profile. `revision`: to be sent along with a change."""

    profile: str
    name: str
    revision: int
    zone: str
    language: str
    at: float
    first: date
    start_hour: int
    days: tuple[WeekDay, ...]
    blocks: tuple[WeekBlock, ...]
    windows: tuple[Window, ...]  # the weekly ones
    specials: tuple[Special, ...]  # not over yet, in the order in which they count
    in_force: tuple[str, ...] = ()  # ids of the windows that hold now
    now: tuple[int, int] | None = None  # column and minute in it; None: not in this week

    def sentences(self, language: str = "") -> tuple[Sentence, ...]:
        """Return every weekly window in words, in the household's language unless told."""
        code = language_of(language or self.language)
        names = words_of(code)
        return tuple(
            Sentence(f"w{i}", i, kind_of(w), sentence(w, code, names), complement(w, code), length(w, code))
            for i, w in enumerate(self.windows)
        )


def week(state: Path, profile: str, first_day: date | None = None, now: float | None = None) -> Week:
    """Return the week from `first_day` (this week's Monday) on. Raises ConfigError (no such profile), StoreError."""
    seen = see(state, now)
    Whom(profile=profile).check(seen.household)
    found = next(p for p in seen.household.profiles if p.id == profile)
    schedule = seen.judge.snapshot.profiles[slot_of(seen.judge, profile)].schedule
    local = local_time(seen.at, seen.zone)
    today = local.date()
    first = today - timedelta(days=today.weekday()) if first_day is None else first_day
    grid = layout(schedule, first)
    ids = _ids(found)
    holding = in_force(schedule, local)
    begun = {i: _begun(schedule.windows[i], local.hour * 60 + local.minute, today) for i in holding}
    weekly = len(found.windows or ())
    blocks = []
    for block in grid.blocks:
        window = schedule.windows[block.window]
        blocks.append(
            WeekBlock(
                ids[block.window], block.window if block.window < weekly else None, block.column, block.start, block.end,
                kind_of(window), window.name, block.day, window.services, window.categories, block.tail,
                begun.get(block.window) == block.day,
            )
        )  # fmt: skip
    return Week(
        profile, found.name, seen.revision, seen.household.timezone, seen.household.language, seen.at, first,
        grid.start_hour, tuple(_day(seen.household, found, first + timedelta(days=n)) for n in range(DAYS)),
        tuple(blocks), tuple(found.windows or ()), _specials(seen.household, found, today),
        tuple(ids[i] for i in holding), place_of(local.hour * 60 + local.minute, today, grid),
    )  # fmt: skip


def say(window: Window, language: str) -> Sentence:
    """Return the sentence of a window that is being edited, with its length."""
    code = language_of(language)
    text = sentence(window, code, words_of(code))
    return Sentence("", -1, kind_of(window), text, complement(window, code), length(window, code))


# ---- changes


def add_window(state: Path, who: Who, profile: str, window: Window, *, seen: int | None = None) -> Done:
    """Add a weekly window; without a name it gets one that fits. Raises ConfigError, Conflict, StoreError."""

    def changed(windows: tuple[Window, ...], language: str) -> tuple[Window, ...]:
        name = window.name or free_name(window, windows, language, words_of(language))
        return (*windows, replace(window, name=name))

    return _change(state, who, profile, changed, "window added", seen)


def change_window(state: Path, who: Who, profile: str, index: int, window: Window, *, seen: int | None = None) -> Done:
    """Put `window` in the place of a weekly one; without a name it keeps that one's. Raises as add_window."""

    def changed(windows: tuple[Window, ...], _language: str) -> tuple[Window, ...]:
        old = _at(windows, index)
        return (*windows[:index], replace(window, name=window.name or old.name), *windows[index + 1 :])

    return _change(state, who, profile, changed, "window changed", seen)


def remove_window(state: Path, who: Who, profile: str, index: int, *, seen: int | None = None) -> Done:
    """Remove a weekly window. Raises as add_window."""

    def changed(windows: tuple[Window, ...], _language: str) -> tuple[Window, ...]:
        _at(windows, index)
        return (*windows[:index], *windows[index + 1 :])

    return _change(state, who, profile, changed, "window removed", seen)


def _change(
    state: Path,
    who: Who,
    profile: str,
    changed: Callable[[tuple[Window, ...], str], tuple[Window, ...]],
    verb: str,
    seen: int | None,
) -> Done:
    def alter(household: Household) -> Household:
        language = language_of(household.language)
        return with_profile(household, profile, lambda p: replace(p, windows=changed(p.windows or (), language)))

    return apply(state, who, verb, alter, seen=seen)


def _at(windows: tuple[Window, ...], index: int) -> Window:
    if not 0 <= index < len(windows):
        raise ConfigError(f"window: there is no number {index} (there are {len(windows)})")
    return windows[index]


@lru_cache(maxsize=2)
def words_of(language: str) -> dict[str, str]:
    """Return what services and categories are called, by id."""
    catalogue = load_catalogue()
    found = {i: c.name_vi if language == "vi" else c.name_en for i, c in catalogue.categories.items()}
    return found | {i: s.name_vi if language == "vi" else s.name_en for i, s in catalogue.services.items()}


# ---- days


def _ids(profile: Profile) -> list[str]:
    """The ids of a profile's windows in the order of its compiled schedule: the weekly ones, then each exception's."""
    found = [f"w{i}" for i in range(len(profile.windows or ()))]
    for number, exception in enumerate(profile.exceptions):
        found += [f"x{number}.{i}" for i in range(len(exception.windows))]
    return found


def _begun(window: Window, minute: int, today: date) -> date:
    """Return the day on which a window that holds now began."""
    return today if window.start <= minute < window.end else today - timedelta(days=1)


def _spans(household: Household, exception: DayException) -> list[tuple[date, date]]:
    if exception.on is not None:
        return [(exception.on, exception.on)]
    return [(h.first, h.last) for h in household.holidays if h.name == exception.holiday]


def _day(household: Household, profile: Profile, day: date) -> WeekDay:
    for number, exception in enumerate(profile.exceptions):  # the first that matches decides, as in policy/clock.py
        if any(first <= day <= last for first, last in _spans(household, exception)):
            return WeekDay(day, number, exception.holiday, not exception.windows)
    return WeekDay(day)


def _specials(household: Household, profile: Profile, today: date) -> tuple[Special, ...]:
    return tuple(
        Special(number, first, last, exception.holiday, exception.windows)
        for number, exception in enumerate(profile.exceptions)
        for first, last in _spans(household, exception)
        if last >= today
    )
