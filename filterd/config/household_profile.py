"""A profile in the household's file: what a person may, when, and for how long.

profile = read_profile(value.mapping(KEYS), known, taken)
"""

from __future__ import annotations

from collections.abc import Collection

from filterd.config.catalogue_values import YOUTUBE_LEVELS
from filterd.config.document import Mapping, Value, to_date
from filterd.config.household_values import DAY_MINUTES, days_of, minute_of_end, minute_of_start, names_of
from filterd.config.household_words import Known, Taken, new_id, refs, unknown
from filterd.model.household import Budget, DayException, Effect, Names, Profile, Rule, Window

MAX_WINDOWS = 64  # a profile
KEYS = [
    "id",
    "name",
    "preset",
    "switchable",
    "parent_sees",
    "categories",
    "services",
    "names",
    "safe_search",
    "windows",
    "exceptions",
    "budgets",
]
_WINDOW = ["name", "days", "from", "to", "effect", "names", "services", "categories"]


def read_profile(m: Mapping, known: Known, taken: Taken) -> Profile:
    """Return the profile in `m`; its id is noted in `taken`, whose holidays its exceptions may name."""
    ident = new_id(m, taken.profiles, "profile")
    preset = v.one_of(known.presets, "preset", "none") if (v := m.get("preset")) else "none"
    sees = v.one_of(("names", "categories"), "level", "names") if (v := m.get("parent_sees")) else "names"
    names = Names()
    if value := m.get("names"):
        n = value.mapping(("block", "allow", "always"))
        names = Names(names_of(n.get("block")), names_of(n.get("allow")), names_of(n.get("always")))
    windows = _windows(m, known) if "windows" in m.entries else None  # the preset's own when nothing is said
    return Profile(
        id=ident,
        name=v.text(max_len=80) if (v := m.need("name")) else "",
        preset=preset,
        switchable=v.boolean(True) if (v := m.get("switchable")) else None,
        parent_sees=sees,
        categories=_rules(m.get("categories"), known.categories, "category"),
        services=_rules(m.get("services"), known.services, "service"),
        names=names,
        safe_search=_safe(m.get("safe_search"), known.engines),
        windows=windows,
        exceptions=tuple(
            e
            for v in m.rows("exceptions", "a list of exceptions", 400)
            if (e := _exception(v, known, taken.holidays)) is not None
        ),
        budgets=tuple(b for v in m.rows("budgets", "a list of budgets", 64) if (b := _budget(v, known)) is not None),
    )


def _rules(value: Value | None, known: Collection[str], what: str) -> dict[str, Rule]:
    found: dict[str, Rule] = {}
    if value is not None:
        for key, entry in value.mapping().entries.items():
            if key not in known:
                Value(entry.node, entry.path, entry.problems).fail(unknown(key, known, what))
            elif word := entry.one_of(("block", "allow"), "word"):
                found[key] = Rule(word)
    return found


def _safe(value: Value | None, engines: Collection[str]) -> dict[str, str]:
    found: dict[str, str] = {}
    if value is not None:
        for key, entry in value.mapping((*engines, "youtube")).entries.items():
            if key == "youtube":
                found[key] = entry.one_of(YOUTUBE_LEVELS, "level", "none")
            else:
                found[key] = "on" if entry.boolean(True) else "off"
    return found


def _windows(m: Mapping, known: Known) -> tuple[Window, ...]:
    rows = m.rows("windows", "a list of windows", MAX_WINDOWS)
    return tuple(w for v in rows if (w := _window(v, known)) is not None)


def _window(value: Value, known: Known) -> Window | None:
    m = value.mapping(_WINDOW)
    effect_text = v.one_of([e.value for e in Effect], "effect") if (v := m.need("effect")) else ""
    start = v.convert(minute_of_start, "a time from 00:00 to 23:59, as HH:MM", None) if (v := m.need("from")) else None
    end = v.convert(minute_of_end, "a time from 00:00 to 24:00, as HH:MM", None) if (v := m.need("to")) else None
    names = names_of(m.get("names"))
    services = refs(m.get("services"), known.services, "service")
    categories = refs(m.get("categories"), known.categories, "category")
    days = days_of(m.get("days"))
    name = v.text(max_len=80) if (v := m.get("name")) else ""
    if not effect_text or start is None or end is None:
        return None
    effect = Effect(effect_text)
    if effect is Effect.PERMIT and names:
        m.get("names").fail("a permit window names services and categories, not names")  # type: ignore[union-attr]
    if effect is Effect.OFFLINE and (names or services or categories):
        value.fail("an offline window blocks everything: it takes no names, services or categories")
    if end <= start:
        end += DAY_MINUTES
    return Window(name or effect.value, effect, start, end, days, names, services, categories)


def _exception(value: Value, known: Known, holidays: Collection[str]) -> DayException | None:
    m = value.mapping(("date", "holiday", "windows"))
    windows = _windows(m, known)
    day, holiday = m.get("date"), m.get("holiday")
    if (day is None) == (holiday is None):
        value.fail("expected either 'date' or 'holiday'")
        return None
    if day is not None:
        on = day.convert(to_date, "a date such as 2026-12-24", None)
        return None if on is None else DayException(windows, on=on)
    assert holiday is not None  # exactly one of the two is there
    name = holiday.text()
    if name and name not in holidays:
        holiday.fail(unknown(name, holidays, "holiday"))
    return DayException(windows, holiday=name)


def _budget(value: Value, known: Known) -> Budget | None:
    m = value.mapping(["services", "categories", "minutes", "days"])
    services = refs(m.get("services"), known.services, "service")
    categories = refs(m.get("categories"), known.categories, "category")
    minutes = v.integer(1, DAY_MINUTES, 60) if (v := m.need("minutes")) else 60
    if not services and not categories:
        value.fail("a budget needs at least one service or category")
        return None
    return Budget(services, categories, minutes, days_of(m.get("days")))
