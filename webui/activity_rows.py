"""The rows of Activity: which are wanted, how repeats fold into one, and what stands in a row in words.

A name that is asked for again within ten minutes, from the same device and with the same outcome, is one row with a
count. Everything here is masked already (control/privacy.py); where a name is not to be shown, the category stands for it.

    choice = Choice.of(request.args, house())
    rows = fold(state(), choice.wanted(now, zone), view, older="")
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta, tzinfo
from pathlib import Path
from typing import Any

from markupsafe import Markup, escape

from filterd.control.activity import MAX_PAGE, View, cursor_at, name_filter, page
from filterd.control.words import shown
from filterd.model.activity import Entry, Filter, Gap
from filterd.model.decision import Action, Row
from filterd.model.household import Household
from webui import words
from webui.words import gettext as _

ROWS = 25  # on a page
DAYS = (1, 7)
FOLD_MS = 600_000
MAX_SEARCH = 253  # characters
_CHUNK = 250  # entries of one look
_LOOK_S = 0.15  # a page looks about so long, then says that there is more
_MAX_WORD = 64


@dataclass(frozen=True, slots=True)
class Choice:
    """What a parent wants to see. Empty fields mean all; `everything`: allowed questions too."""

    everything: bool = False
    child: str = ""
    days: int = 1
    category: str = ""
    device: str = ""
    service: str = ""
    search: str = ""

    @classmethod
    def of(cls, args: Mapping[str, str], household: Household) -> Choice:
        """Return what an address asks for; what is unknown there means all."""
        child, device, days = args.get("child", ""), args.get("device", ""), args.get("days", "")
        return cls(
            args.get("show") == "all",
            child if child in {p.id for p in household.profiles} else "",
            int(days) if days in {str(d) for d in DAYS} else 1,
            _word(args.get("category", "")),
            _word(device) if device else "",
            _word(args.get("service", "")),
            args.get("q", "").strip()[:MAX_SEARCH],
        )

    def args(self, **changed: Any) -> dict[str, str]:
        """Return the address's fields, with some changed; those that mean all are left out."""
        one = replace(self, **changed)
        found = {
            "show": "all" if one.everything else "", "child": one.child, "days": "" if one.days == 1 else str(one.days),
            "category": one.category, "device": one.device, "service": one.service, "q": one.search,
        }  # fmt: skip
        return {key: value for key, value in found.items() if value}

    def since(self, now: float, zone: tzinfo) -> int:
        """Return when the days begin, in ms since the epoch."""
        day = datetime.fromtimestamp(now, zone).date() - timedelta(days=self.days - 1)
        return int(datetime(day.year, day.month, day.day, tzinfo=zone).timestamp() * 1000)

    def wanted(self, now: float, zone: tzinfo) -> Filter:
        """Return it as the log's filter. Raises ConfigError: what is looked for is no name."""
        return Filter(
            profile=self.child, device=self.device, category=self.category, service=self.service,
            action=None if self.everything else Action.BLOCK, since=self.since(now, zone),
            **name_filter(self.search) if self.search else {},  # type: ignore[arg-type]
        )  # fmt: skip

    @property
    def narrow(self) -> bool:
        """True when no sums are kept of what is asked for: they know people, devices and days alone."""
        return bool(self.category or self.service or self.search)


@dataclass(slots=True)
class Fold:
    """One row: the newest of its questions, how many there are, and when the first was."""

    entry: Entry
    count: int = 1
    first_ms: int = 0


@dataclass(frozen=True, slots=True)
class Rows:
    """A page of rows, newest first. `older`: for the next page, "" when there is none."""

    folds: tuple[Fold, ...]
    gaps: tuple[Gap, ...]
    older: str
    newest: int  # id of the newest question, 0 for none


def fold(state: Path, wanted: Filter, view: View, *, older: str = "", limit: int = ROWS) -> Rows:
    """Return rows. Raises ConfigError (`older` is none of ours), StoreError."""
    folds: list[Fold] = []
    known: dict[tuple[object, ...], Fold] = {}
    gaps: list[Gap] = []
    deadline = time.monotonic() + _LOOK_S
    last = 0
    for _turn in range(MAX_PAGE):
        left = max(deadline - time.monotonic(), 0.01)
        found = page(state, wanted, limit=_CHUNK, older=older, view=view, budget_s=left)
        gaps += found.gaps
        for entry in found.entries:
            key = key_of(entry)
            same = known.get(key)
            if same is not None and same.entry.at_ms - entry.at_ms <= FOLD_MS:
                same.count, same.first_ms = same.count + 1, entry.at_ms
            elif len(folds) == limit:
                rest = [g for g in gaps if not g.at_to or g.at_to >= last >> 10]
                return Rows(tuple(folds), tuple(rest), cursor_at(last), folds[0].entry.id)
            else:
                known[key] = made = Fold(entry, 1, entry.at_ms)
                folds.append(made)
            last = entry.id
        older = found.older
        if not older or not found.complete or time.monotonic() > deadline:
            break
    return Rows(tuple(folds), tuple(gaps), older, folds[0].entry.id if folds else 0)


def key_of(entry: Entry) -> tuple[object, ...]:
    """Return what makes two questions the same row; types (A, AAAA, HTTPS) of one visit are."""
    who = (entry.profile, entry.device or entry.client)
    return (*who, entry.name, entry.action, entry.row, entry.category, entry.service, entry.rule)


def find(state: Path, ident: int, view: View) -> Entry | None:
    """Return the question with this id; None when it is not kept any more, or may not be shown."""
    if not 0 < ident < (1 << 62):
        return None
    found = page(state, Filter(), limit=1, older=cursor_at(ident + 1), view=view).entries
    return found[0] if found and found[0].id == ident else None


# --- words ---


def breakable(name: str) -> Markup:
    """Return a site's name that may break after its dots."""
    return Markup(".<wbr>").join(escape(part) for part in name.split("."))


def title(entry: Entry) -> tuple[Markup, bool]:
    """Return what a row is called, and whether that is a site's name."""
    if entry.name:
        return breakable(entry.name), True
    if not entry.exact:
        return escape(_("Dangerous category")), False
    language = words.language()
    if entry.category:
        return escape(shown("category", entry.category, language)), False
    return escape(_("A site, name not shown")), False


def chip(entry: Entry) -> tuple[str, str, str]:
    """Return class, words and icon of why it was so."""
    language = words.language()
    named = bool(entry.name)  # else the category stands in the name's place already
    category = shown("category", entry.category, language) if entry.category and named else ""
    service = shown("service", entry.service, language) if entry.service else ""
    if not entry.exact:
        return "harm", _("No name kept"), "heart"
    if entry.action is not Action.BLOCK:
        return _open_chip(entry, service)
    what = service or category
    outside = entry.rule.startswith("outside")
    match entry.row:
        case Row.MANDATORY:
            return "mandatory", _("%(category)s (province)", category=category or _("Mandatory")), "lock"
        case Row.OFF:
            return "off", _("Internet is off"), "moon"
        case Row.WINDOW:
            return "off", _("By the schedule"), "calendar"
        case Row.BUDGET:
            return "off", _("Today's share is used"), "clock"
        case Row.NAME:
            return "", _("Your own list"), "list"
        case Row.SERVICE if outside:
            return "only", _("%(what)s: outside its hours", what=what) if what else _("Outside its hours"), "clock"
        case Row.SERVICE:
            return "", what or _("Service blocked"), "list"
        case Row.CATEGORY if outside:
            return "only", _("%(what)s: outside its hours", what=what) if what else _("Outside its hours"), "clock"
        case Row.CATEGORY:
            return "", category or _("Category blocked"), "list"
        case Row.REBIND:
            return "warn", _("Leads into the home"), "alert"
        case Row.UPSTREAM:
            return "", _("Blocked by the provider"), "globe"
    return "", _("Blocked by a rule"), "list"


def _open_chip(entry: Entry, service: str) -> tuple[str, str, str]:
    if entry.row is Row.GRANT:
        return "on", _("Filter paused") if entry.rule.startswith("filter") else _("Allowed by you"), "check"
    if entry.action is Action.REWRITE:
        return "on", _("Safe search"), "search"
    if entry.row is Row.LIFELINE:
        return "on", _("Always open"), "check"
    if entry.row is Row.LOCAL or entry.action is Action.LOCAL:
        return "", _("Of the home itself"), "home"
    return "on", service or _("Open by default"), "sun"


def hour_or_clock(entry: Entry) -> str:
    """Return a row's time; where only the hour is known, the hour."""
    moment = datetime.fromtimestamp(entry.at_ms / 1000, words.zone())
    if entry.exact:
        return words.clock(entry.at_ms / 1000)
    return _("%(hour)s o'clock", hour=moment.hour)


def _word(text: str) -> str:
    return text if len(text) <= _MAX_WORD and text.isprintable() else ""
