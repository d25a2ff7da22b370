"""Language of a page: which one, its words, and how times, days and lengths are written in it.

Sentences stand in code and templates in English, `_("Everybody at home is protected")`; the Vietnamese is in
webui/translations/vi/*.po (catalogue.py). Times are the box's, in the household's zone: 21:30, 6:00.

    install(app)            # once; then templates have _(), ngettext(), and the filters of FILTERS
    clock(at), day(at), ago(12), minutes(90), day_set(frozenset({0, 1}))
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from datetime import date, datetime, tzinfo
from functools import lru_cache
from typing import Any
from zoneinfo import ZoneInfo

from babel.numbers import format_decimal
from babel.support import NullTranslations, Translations
from flask import Flask, g, has_request_context, request
from flask_babel import Babel, Domain, get_locale
from flask_babel import gettext as _gettext
from flask_babel import ngettext as _ngettext
from jinja2 import pass_context
from jinja2.runtime import Context

from filterd.control import say
from webui.catalogue import LANGUAGES, compiled, dial

COOKIE = "lang"
_NBSP = "\N{NO-BREAK SPACE}"
_DAY_S = 86_400
_SHORT = {"vi": ("T2", "T3", "T4", "T5", "T6", "T7", "CN"), "en": ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")}


class _Domain(Domain):  # type: ignore[misc] # the library is not typed
    """Our catalogues instead of compiled files on disk."""

    def get_translations(self) -> Any:
        return translations(language())


class _Babel(Babel):  # type: ignore[misc]
    """A Babel whose domain is ours."""

    @property
    def domain_instance(self) -> Any:
        return _Domain()


def install(app: Flask) -> None:
    """Give `app` its languages."""
    _Babel(app, default_locale="vi", locale_selector=choose)
    app.jinja_env.filters |= {name: _of_each_request(say) for name, say in FILTERS.items()}


def choose() -> str:
    """Return the language of this request: asked for, of the account, of the browser's cookie, of the household."""
    if not has_request_context():
        return LANGUAGES[0]
    account = g.get("account")
    for found in (
        request.args.get("lang"),
        account.language if account else "",
        request.cookies.get(COOKIE),
        g.get("household_language"),
    ):
        if found in LANGUAGES:
            return str(found)
    return LANGUAGES[0]


def language() -> str:
    """Return `vi` or `en`."""
    locale = get_locale()
    return locale.language if locale is not None and locale.language in LANGUAGES else LANGUAGES[0]


@lru_cache(maxsize=4)
def translations(code: str) -> NullTranslations:
    """Return the words of a language as Flask-Babel asks for them; English is what stands in the code."""
    return NullTranslations() if code == "en" else Translations(compiled(code))


def gettext(text: str, **values: object) -> str:
    """Return `text` in the language of the request, with its values."""
    return str(_gettext(text, **values))


def ngettext(one: str, many: str, num: float, **values: object) -> str:
    """Return the form of a sentence for `num`, which is its value %(num)s too."""
    return str(_ngettext(one, many, num, **values))


# --- how things are written ---


def zone() -> tzinfo:
    """Return the household's zone; UTC outside a request."""
    found = g.get("zone") if has_request_context() else None
    return found if isinstance(found, tzinfo) else ZoneInfo("UTC")


def clock(at: float) -> str:
    """Return a moment's time of day: 6:00, 21:30."""
    return say.time_of(at, zone())


def clock_of(minute: int) -> str:
    """Return the time of a minute of the day, 0 to 2,880 (the next day's begin again)."""
    return say.clock(minute)


def day(at: float) -> str:
    """Return a moment's date: 24/11, 24 Nov; with the year when it is not this one."""
    return date_text(datetime.fromtimestamp(at, zone()).date())


def date_text(day: date) -> str:
    """Return a date: 24/11 or 24 Nov; with its year when that is not this one."""
    return say.date_of(day, language(), datetime.now(zone()).date())


def iso_day(text: str) -> str:
    """Return the date in an ISO day: 24/11 or 24 Nov; with its year when that is not this one."""
    return date_text(date.fromisoformat(text))


def when(at: float, now: float | None = None) -> str:
    """Return a moment as people say it: 21:30 today, tomorrow 6:00, Saturday 6:00, 24/11 6:00."""
    moment = datetime.fromtimestamp(at, zone())
    today = (datetime.fromtimestamp(now, zone()) if now is not None else datetime.now(zone())).date()
    away = (moment.date() - today).days
    if away == 0:
        return clock(at)
    if away == 1:
        return gettext("tomorrow %(time)s", time=clock(at))
    if away == -1:
        return gettext("yesterday %(time)s", time=clock(at))
    if 1 < away < 7:
        return f"{weekday(moment.weekday())} {clock(at)}"
    return f"{day(at)} {clock(at)}"


def weekday(index: int) -> str:
    """Return a day's long name; 0 is Monday."""
    return say.WEEKDAYS[language()][index]


def weekday_short(index: int) -> str:
    """Return a day's short name: T2, Mon."""
    return _SHORT[language()][index]


def day_set(days: Collection[int]) -> str:
    """Return days as people say them: every day, Monday to Thursday, Saturday and Sunday."""
    return say.day_set(days, language())


def joined(parts: Sequence[str]) -> str:
    """Return `a, b and c`."""
    return say.joined(parts, language())


def ago(seconds: float) -> str:
    """Return how long ago: 12 seconds ago, 3 minutes ago, 2 hours ago, 5 days ago."""
    whole = max(int(seconds), 0)
    if whole < 60:
        return ngettext("%(num)s second ago", "%(num)s seconds ago", whole)
    if whole < 3600:
        return ngettext("%(num)s minute ago", "%(num)s minutes ago", whole // 60)
    if whole < _DAY_S:
        return ngettext("%(num)s hour ago", "%(num)s hours ago", whole // 3600)
    return ngettext("%(num)s day ago", "%(num)s days ago", whole // _DAY_S)


def minutes(count: float) -> str:
    """Return a length: 15 min, 1 hour, 1 hour 30 min."""
    hours, rest = divmod(round(count), 60)
    short = gettext("%(count)s min", count=rest).replace(" ", _NBSP)
    if not hours:
        return short
    long = ngettext("%(num)s hour", "%(num)s hours", hours).replace(" ", _NBSP)
    return f"{long} {short}" if rest else long


def number(value: float) -> str:
    """Return a number in the language's form: 318.402, 318,402."""
    return str(format_decimal(value, locale=language()))


FILTERS: dict[str, Callable[..., Any]] = {
    "clock": clock,
    "clock_of": clock_of,
    "day": day,
    "date_text": date_text,
    "iso_day": iso_day,
    "dial": dial,
    "when": when,
    "ago": ago,
    "minutes": minutes,
    "number": number,
    "weekday": weekday,
    "weekday_short": weekday_short,
    "day_set": day_set,
    "first_up": say.capital,
}


def _of_each_request(say: Callable[..., Any]) -> Callable[..., Any]:
    """Return a filter that is asked anew for each page: what it makes of a constant is said in the reader's language.

    Jinja would work out `15 | minutes` once, in the language of whoever opened the page first.
    """

    @pass_context
    def asked(_context: Context, *args: Any) -> Any:
        return say(*args)

    return asked
