"""Who set the rule that decided: the newest change of a profile that touched exactly that rule. Pure.

Changes come from the history, newest first, with the profile's body before and after.

    setter_of(changes, ("profile", "lan"), Row.WINDOW, "Giờ ngủ")       # Setter(by="Hạnh", at=..., number=17)
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from filterd.model.change import Body, Change, Key
from filterd.model.decision import Row


@dataclass(frozen=True, slots=True)
class Setter:
    """Who, when, and by which change. `number` 0: not among the changes. `is_preset`: it is the age's own level."""

    by: str = ""
    at: float | None = None
    number: int = 0
    is_preset: bool = False


def setter_of(
    changes: Iterable[Change], key: Key, row: Row, rule: str, service: str = "", category: str = ""
) -> Setter | None:
    """Return the setter of a rule of the profile `key`; None when the changes do not tell."""
    is_preset: bool | None = None
    for change in changes:
        for edit in change.edits:
            if (edit.kind, edit.id) != key or edit.after is None:
                continue
            after = part_of(edit.after, row, rule, service, category)
            if is_preset is None:  # as it is now: the newest change of the profile
                is_preset = row is Row.CATEGORY and after is None
                if after is None and not is_preset:
                    return None  # the rule is gone since, or is none of the profile's
            if is_preset:
                preset = None if edit.before is None else edit.before.get("preset", "none")
                before = None if edit.before is None else part_of(edit.before, row, rule, service, category)
                if before is not None or preset != edit.after.get("preset", "none"):
                    return Setter(change.who.by, change.at, change.number, True)
                continue
            before = None if edit.before is None else part_of(edit.before, row, rule, service, category)
            if before != after:
                return Setter(change.who.by, change.at, change.number)
    return None


def part_of(body: Body, row: Row, rule: str, service: str = "", category: str = "") -> Any:
    """Return the part of a profile's body in which a rule of that row stands; None when it does not."""
    if row is Row.WINDOW:
        return _windows(body, lambda w: w.get("name", w.get("effect")) in rule.split(", ")) or None
    if row in (Row.SERVICE, Row.CATEGORY):
        kind, word = ("services", service) if row is Row.SERVICE else ("categories", category)
        if rule.startswith(("outside", "inside", "time grant")):
            return _windows(body, lambda w: w.get("effect") == "permit" and word in w.get(kind, ())) or None
        return _mapping(body.get(kind)).get(word)
    if row is Row.NAME:
        part, _, name = rule.partition(" ")
        return name if name in _mapping(body.get("names")).get(part, ()) else None
    if row is Row.GRANT:  # `always`: it stands with the names
        name = rule.partition(" ")[2]
        return name if name in _mapping(body.get("names")).get("always", ()) else None
    if row is Row.BUDGET:
        minutes = rule.partition(" ")[0]
        budgets = [b for b in body.get("budgets", ()) if str(b.get("minutes")) == minutes]
        budgets = [b for b in budgets if service in b.get("services", ()) or category in b.get("categories", ())]
        return budgets or None
    return None


def _windows(body: Body, wanted: Any) -> list[Any]:
    found = [w for w in body.get("windows", ()) if wanted(w)]
    for exception in body.get("exceptions", ()):
        found += [w for w in exception.get("windows", ()) if wanted(w)]
    return found


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}
