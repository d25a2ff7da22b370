"""Times, dates and sets of weekdays as people write them, in Vietnamese and English. Pure.

24 hours without a leading zero (6:00, never 24:00); Vietnamese dates 24/11, English 24 Nov, with the year when it is
not the current one; the week begins on Monday. Words of the pages are webui/words.py's; these are for sentences that
control makes.

    clock(21 * 60 + 30)                       # "21:30"
    day_set(frozenset({6, 0, 1, 2, 3}), "vi") # "Chủ nhật đến thứ Năm"
    when(at, now, zone, "en")                 # "6:00 tomorrow"
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import date, datetime, tzinfo

LANGUAGES = ("vi", "en")
WEEKDAYS = {
    "vi": ("thứ Hai", "thứ Ba", "thứ Tư", "thứ Năm", "thứ Sáu", "thứ Bảy", "Chủ nhật"),
    "en": ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"),
}
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_EVERY = {"vi": "mọi ngày", "en": "every day"}
_RUN = {"vi": "{first} đến {last}", "en": "{first} to {last}"}
_AND = {"vi": "{list} và {last}", "en": "{list} and {last}"}
_TOMORROW = {"vi": "{time} ngày mai", "en": "{time} tomorrow"}
_YESTERDAY = {"vi": "{time} hôm qua", "en": "{time} yesterday"}
_DAY = {"vi": "{time} {weekday}, {date}", "en": "{time} on {weekday}, {date}"}


def language_of(language: str) -> str:
    """Return a language that there are words for: Vietnamese for `vi`, English for anything else."""
    return "vi" if language == "vi" else "en"


def clock(minute: int) -> str:
    """Return a minute of the day as a time; minutes of the next day begin again at 0:00."""
    return f"{minute // 60 % 24}:{minute % 60:02d}"


def time_of(at: float, zone: tzinfo) -> str:
    """Return the time of day of a moment."""
    moment = datetime.fromtimestamp(at, zone)
    return clock(moment.hour * 60 + moment.minute)


def date_of(day: date, language: str, today: date) -> str:
    """Return a date, with its year when that is not `today`'s."""
    year = "" if day.year == today.year else f"{'/' if language == 'vi' else ' '}{day.year}"
    return (f"{day.day}/{day.month}" if language == "vi" else f"{day.day} {_MONTHS[day.month - 1]}") + year


def when(at: float, now: float, zone: tzinfo, language: str) -> str:
    """Return a moment as seen from `now`: 21:30 (today), 6:00 tomorrow, or with weekday and date."""
    today = datetime.fromtimestamp(now, zone).date()
    day = datetime.fromtimestamp(at, zone).date()
    time = time_of(at, zone)
    away = (day - today).days
    if away == 0:
        return time
    if away in (1, -1):
        return (_TOMORROW if away == 1 else _YESTERDAY)[language].format(time=time)
    weekday = WEEKDAYS[language][day.weekday()]
    return _DAY[language].format(time=time, weekday=weekday, date=date_of(day, language, today))


def day_set(days: Collection[int] | None, language: str) -> str:
    """Return weekdays (0 is Monday; None: all) folded: three and more in a row are said by the first and the last.

    A row may go over the end of the week: Sunday to Thursday.
    """
    chosen = set(range(7)) if days is None else set(days)
    if len(chosen) == 7:
        return _EVERY[language]
    names = WEEKDAYS[language]
    parts: list[str] = []
    for run in _runs(chosen):
        if len(run) > 2:
            parts.append(_RUN[language].format(first=names[run[0]], last=names[run[-1]]))
        else:
            parts += [names[day] for day in run]
    return joined(parts, language)


def joined(parts: Sequence[str], language: str) -> str:
    """Return `a, b and c`."""
    if len(parts) < 2:
        return "".join(parts)
    return _AND[language].format(list=", ".join(parts[:-1]), last=parts[-1])


def capital(sentence: str) -> str:
    """Return a sentence with its first letter raised."""
    return sentence[:1].upper() + sentence[1:]


def _runs(chosen: set[int]) -> list[list[int]]:
    """Return the rows of days that follow each other, by the first day's place in the week."""
    runs: list[list[int]] = []
    for day in sorted(chosen):
        if runs and runs[-1][-1] == day - 1:
            runs[-1].append(day)
        else:
            runs.append([day])
    if len(runs) > 1 and runs[0][0] == 0 and runs[-1][-1] == 6 and len(runs[0]) + len(runs[-1]) > 2:
        last = runs.pop()
        runs[0] = last + runs[0]  # over the end of the week: said first, as it holds Monday
    return runs
