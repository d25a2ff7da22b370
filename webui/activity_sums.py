"""How much was blocked, in bars and top lists: from the log's sums by hour and by day, whatever the log's size.

Today has a bar an hour, a week a bar a day. Categories, services and searches have no sums of their own: no chart then.

    sums = sums_of(state(), choice, house(), time.time())
    sums.heading, sums.bars, sums.top
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

from filterd.control.activity import View
from filterd.control.activity_hours import hours
from filterd.control.activity_stats import stats
from filterd.control.words import shown
from filterd.model.activity import Stats
from filterd.model.household import Household
from webui import words
from webui.activity_rows import Choice, breakable
from webui.words import gettext as _
from webui.words import ngettext

TOP = 5
_HOUR_MS = 3_600_000


@dataclass(frozen=True, slots=True)
class Bar:
    """One bar: its short label, its full words, and how often something was blocked."""

    label: str
    words: str
    count: int


@dataclass(frozen=True, slots=True)
class Sums:
    """What the page says about the whole time asked for. `top`: heading and (words, count) each; `most`: its bar."""

    stats: Stats
    heading: str
    bars: tuple[Bar, ...]
    summary: str
    by_day: bool
    top: tuple[tuple[str, tuple[tuple[str, int], ...]], ...]


def sums_of(state: Path, choice: Choice, household: Household, now: float, *, names: bool = True) -> Sums:
    """Return the sums. `names`: with the most blocked names, which take a while for a long log. Raises StoreError."""
    zone = ZoneInfo(household.timezone)
    view = View.of(household)
    since = choice.since(now, zone)
    # without names: as for a household that keeps counts alone
    seen = view if names or view.masks.level == "nothing" else replace(view, masks=replace(view.masks, level="counts"))
    found = stats(state, since=since, profile=choice.child, device=choice.device, view=seen, now=now, top=TOP)
    bars = () if choice.narrow else _bars(state, choice, view, since, now, zone, found)
    most = max(bars, key=lambda b: b.count, default=None)
    summary = ""
    if most is not None and most.count:
        summary = ngettext(
            "Most at %(when)s: %(num)s time.", "Most at %(when)s: %(num)s times.", most.count, when=most.words
        )
    return Sums(found, _heading(choice, found), bars, summary, choice.days > 1, _top(household, choice, found))


def _heading(choice: Choice, found: Stats) -> str:
    """Return the number in words; without one where no sum is kept."""
    if choice.search or (choice.category and choice.service):
        return _("What was found")
    counted = found.total
    if choice.category:
        counted = dict(found.categories).get(choice.category, type(counted)())
    if choice.service:
        counted = dict(found.services).get(choice.service, type(counted)())
    if choice.everything:
        if choice.days == 1:
            return ngettext("%(num)s question today", "%(num)s questions today", counted.asked).replace(
                str(counted.asked), words.number(counted.asked), 1
            )
        return ngettext("%(num)s question in 7 days", "%(num)s questions in 7 days", counted.asked).replace(
            str(counted.asked), words.number(counted.asked), 1
        )
    text = (
        ngettext("%(num)s time blocked today", "%(num)s times blocked today", counted.blocked)
        if choice.days == 1
        else ngettext("%(num)s time blocked in 7 days", "%(num)s times blocked in 7 days", counted.blocked)
    )
    return text.replace(str(counted.blocked), words.number(counted.blocked), 1)


def _bars(
    state: Path, choice: Choice, view: View, since: int, now: float, zone: ZoneInfo, found: Stats
) -> tuple[Bar, ...]:
    if choice.days > 1:
        by_day = {day: counted.blocked for day, counted in found.days}
        first = datetime.fromtimestamp(since / 1000, zone).date()
        days = [first + timedelta(days=i) for i in range(choice.days)]
        return tuple(
            Bar(
                words.weekday_short(d.weekday()), f"{words.weekday(d.weekday())} {words.date_text(d)}", by_day.get(d, 0)
            )
            for d in days
        )
    counted = hours(state, since, int(now * 1000) + 1, profile=choice.child, device=choice.device, view=view)
    bars = [0] * 24
    for number, count in counted.items():
        moment = datetime.fromtimestamp(max(number * _HOUR_MS, since) / 1000, zone)
        bars[moment.hour] += count
    return tuple(
        Bar(str(h), _("%(hour)s o'clock", hour=h), count) for h, count in enumerate(bars)
    )  # fmt: skip


def _top(household: Household, choice: Choice, found: Stats) -> tuple[tuple[str, tuple[tuple[str, int], ...]], ...]:
    """Return the top lists that have something in them."""
    language = words.language()
    people = {p.id: p.name for p in household.profiles}
    devices = {d.id: d.name for d in household.devices}
    lists: list[tuple[str, list[tuple[str, int]]]] = [
        (_("By category"), [(shown("category", i, language), c.blocked) for i, c in found.categories]),
        (_("By service"), [(shown("service", i, language), c.blocked) for i, c in found.services]),
        (_("By site name"), [(breakable(name), count) for name, count in found.names]),
    ]
    if not choice.child:
        lists.append((_("By child"), [(people.get(i, i), c.blocked) for i, c in found.profiles if i]))
    if not choice.device:
        lists.append((_("By device"), [(devices.get(i, i), c.blocked) for i, c in found.devices if i]))
    made = []
    for heading, items in lists:
        kept = sorted((item for item in items if item[1]), key=lambda item: -item[1])[:TOP]
        if kept:
            made.append((heading, tuple(kept)))
    return tuple(made)
