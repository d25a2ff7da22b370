"""Which changes of the household protect a child less: one pure function from a change to what it loosened.

It compares the bodies before and after each edit. Grown-ups' profiles are their own matter; more time is a daily move
and no loosening; names of sites are not in what is returned.

    loosened(change, Context(...))      # (Loosening("lan", "category", "gambling"), Loosening("lan", "window", ""))
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from filterd.model.change import Body, Change, Edit
from filterd.model.household import DAYS

_WEEK = 7 * 1440  # minutes
_OPEN = (1 << _WEEK) - 1
_ADULT = "adult"
_SAFE = {"strict": 2, "moderate": 1, "on": 1, True: 1}  # how much a level of safe search protects; others: nothing


@dataclass(frozen=True, slots=True)
class Loosening:
    """One thing that a change loosened.

    `what`: category, service, name, always, safe-search, window, free-day, budget, switchable, preset, device, default,
    pause, grant, endless, alerts. `value`: the id of the category, service, engine or device; "" elsewhere.
    """

    profile: str
    what: str
    value: str = ""


@dataclass(frozen=True, slots=True)
class Context:
    """What a change alone does not say. Ids; `presets`: the categories each blocks, `safe`: its safe search."""

    presets: Mapping[str, frozenset[str]] = field(default_factory=dict)
    safe: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    adults: frozenset[str] = frozenset()  # profiles of grown-ups, as they are now
    devices: Mapping[str, str] = field(default_factory=dict)  # device -> its profile now
    harm: frozenset[str] = frozenset()
    harm_of: Callable[[str], frozenset[str]] = lambda _: frozenset()  # a site's name -> harm categories of it


def loosened(change: Change, context: Context) -> tuple[Loosening, ...]:
    """Return what `change` loosened, each thing once, in the order of its edits. Never raises on stored bodies."""
    found: dict[Loosening, None] = {}
    for edit in change.edits:
        found.update(dict.fromkeys(_of_edit(edit, context)))
    return tuple(found)


def _of_edit(edit: Edit, context: Context) -> Iterator[Loosening]:
    before, after = edit.before, edit.after
    match edit.kind:
        case "profile" if before is not None and after is not None and before.get("preset") != _ADULT:
            yield from _profile(edit.id, before, after, context)
        case "device":
            yield from _device(edit, context)
        case "household" if before is not None and after is not None:
            old, new = str(before.get("default_profile", "")), str(after.get("default_profile", ""))
            if old != new and new in context.adults and old not in context.adults:
                yield Loosening(new, "default")
        case "grant" if before is None and after is not None:
            yield from _grant(after, context)
        case "setting" if edit.id == "alerts" and before is not None:
            if _channels(before) - _channels(after or {}) or (
                _channels(before) and set(before.get("kinds", ())) - set((after or {}).get("kinds", ()))
            ):
                yield Loosening("", "alerts")


def _profile(ident: str, before: Body, after: Body, context: Context) -> Iterator[Loosening]:
    if after.get("preset") == _ADULT:
        yield Loosening(ident, "preset", _ADULT)
        return  # everything else follows from it
    if before.get("switchable") is not False and after.get("switchable") is False:
        yield Loosening(ident, "switchable")
    for kind, values in _opened(before, after, context).items():
        for value in values:
            yield Loosening(ident, kind, value)
    old, new = _part(before, "names"), _part(after, "names")
    if set(_list(old, "block")) - set(_list(new, "block")):
        yield Loosening(ident, "name")
    for part, what in (("allow", "allow"), ("always", "always")):
        for name in sorted(set(_list(new, part)) - set(_list(old, part)), key=str):
            for category in sorted(context.harm_of(str(name))):
                yield Loosening(ident, what, category)
    was, is_ = _safe_search(before, context), _safe_search(after, context)
    for engine in sorted(was):
        if is_.get(engine, 0) < was[engine]:
            yield Loosening(ident, "safe-search", engine)
    if _windows_opened(before, after):
        yield Loosening(ident, "window")
    if any(e not in _list(before, "exceptions") and not _protects(e) for e in _list(after, "exceptions")):
        yield Loosening(ident, "free-day")
    if _budgets_raised(before, after):
        yield Loosening(ident, "budget")


def _opened(before: Body, after: Body, context: Context) -> dict[str, list[str]]:
    """Return services and categories that are open in more minutes of a week than before."""
    found: dict[str, list[str]] = {"category": [], "service": []}
    usual = {c for b in (before, after) for c in context.presets.get(str(b.get("preset", "none")), ())}
    for kind, key, more in (("category", "categories", usual), ("service", "services", set[str]())):
        named = {str(v) for b in (before, after) for w in _permits(b) for v in _list(w, key)}
        for value in sorted({*_part(before, key), *_part(after, key), *named, *more}):
            was = _minutes_open(before, kind, key, value, context)
            is_ = _minutes_open(after, kind, key, value, context)
            # an allowed service opens what categories block (row 9)
            newly = kind == "service" and _part(after, key).get(value) == "allow" != _part(before, key).get(value)
            if is_ & ~was or newly:
                found[kind].append(value)
    return found


def _minutes_open(body: Body, kind: str, key: str, value: str, context: Context) -> int:
    """Return the minutes of a week, as bits, in which a service or category is open by its own rules."""
    permits = [w for w in _permits(body) if value in _list(w, key)]
    if permits:
        bits = 0
        for window in permits:
            bits |= _bits(window)
        return bits
    said = _part(body, key).get(value)
    usual = kind == "category" and value in context.presets.get(str(body.get("preset", "none")), ())
    return 0 if said == "block" or (usual and said != "allow") else _OPEN


def _windows_opened(before: Body, after: Body) -> bool:
    """Return whether some minute of the week is less closed, or an `only` window names more than it did."""
    for effects in (("offline",), ("offline", "only")):
        was, is_ = (_closed(_list(body, "windows"), effects) for body in (before, after))
        if was & ~is_:
            return True
    wider = {str(w.get("name")): w for w in _list(before, "windows") if w.get("effect") == "only"}
    for window in _list(after, "windows"):
        old = wider.get(str(window.get("name")))
        if old is not None and window.get("effect") == "only":
            for key in ("names", "services", "categories"):
                if set(_list(window, key)) - set(_list(old, key)):
                    return True
    return False


def _closed(windows: Iterable[Body], effects: tuple[str, ...]) -> int:
    bits = 0
    for window in windows:
        if window.get("effect") in effects:
            bits |= _bits(window)
    return bits


def _bits(window: Body) -> int:
    """Return the minutes of a week that a window covers, Monday 00:00 first; a night goes on into the next day."""
    start, end = _minute(window.get("from")), _minute(window.get("to"))
    if end <= start:
        end += 1440
    span = ((1 << (end - start)) - 1) << start
    bits = 0
    for day in _list(window, "days") or DAYS:
        if day in DAYS:
            moved = span << (DAYS.index(day) * 1440)
            bits |= (moved & _OPEN) | (moved >> _WEEK)
    return bits


def _minute(text: Any) -> int:
    hour, _, minute = str(text).partition(":")
    return int(hour) * 60 + int(minute) if hour.isdecimal() and minute.isdecimal() else 0


def _protects(exception: Any) -> bool:
    return any(w.get("effect") == "offline" for w in _list(exception, "windows"))


def _budgets_raised(before: Body, after: Body) -> bool:
    def limits(body: Body) -> dict[tuple[str, str, str], int]:
        """What is counted, and on which day -> minutes: a budget without days holds on all of them."""
        found: dict[tuple[str, str, str], int] = {}
        for budget in _list(body, "budgets"):
            for day in _list(budget, "days") or DAYS:
                for key in ("services", "categories"):
                    for value in _list(budget, key):
                        place = (key, str(value), str(day))
                        found[place] = min(found.get(place, _WEEK), int(budget.get("minutes", 0)))
        return found

    was, is_ = limits(before), limits(after)
    return any(is_.get(place, _WEEK) > minutes for place, minutes in was.items())


def _safe_search(body: Body, context: Context) -> dict[str, int]:
    said = {**context.safe.get(str(body.get("preset", "none")), {}), **_part(body, "safe_search")}
    return {str(engine): _SAFE.get(level, 0) for engine, level in said.items()}


def _device(edit: Edit, context: Context) -> Iterator[Loosening]:
    if edit.after is None:
        return
    new = str(edit.after.get("profile", ""))
    old = str(edit.before.get("profile", "")) if edit.before is not None else ""
    if new in context.adults and old not in context.adults:
        yield Loosening(old, "device", edit.id)


def _grant(body: Body, context: Context) -> Iterator[Loosening]:
    profile = str(body.get("profile") or context.devices.get(str(body.get("device", "")), ""))
    if profile in context.adults:
        return
    scope, value = body.get("scope"), str(body.get("value", ""))
    if scope == "filter":
        yield Loosening(profile, "pause")
    elif scope == "category" and value in context.harm:
        yield Loosening(profile, "grant", value)
    elif scope == "name":
        for category in sorted(context.harm_of(value)):
            yield Loosening(profile, "grant", category)
    if scope != "name" and not body.get("until"):
        yield Loosening(profile, "endless", str(scope))


def _channels(body: Body) -> set[str]:
    return {key for key in ("webhook", "ntfy", "email") if body.get(key)}


def _permits(body: Body) -> list[Any]:
    return [w for w in _list(body, "windows") if w.get("effect") == "permit"]


def _part(body: Body, key: str) -> Mapping[str, Any]:
    found = body.get(key)
    return found if isinstance(found, Mapping) else {}


def _list(body: Any, key: str) -> list[Any]:
    found = body.get(key) if isinstance(body, Mapping) else None
    return list(found) if isinstance(found, list | tuple) else []
