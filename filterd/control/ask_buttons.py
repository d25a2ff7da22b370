"""Which buttons fit a decision, and what "allow for 15 min" would give."""

from __future__ import annotations

from filterd.control.ask_found import OPENED, Found
from filterd.control.privacy import HARM
from filterd.model.decision import Action, Row
from filterd.model.household import Scope

PROVINCE = "province"  # ids of the province's own lists begin with it
TIMED = (Row.OFF, Row.WINDOW, Row.BUDGET)  # rows that end by themselves


def buttons_of(found: Found, can_allow: bool, feeds: tuple[str, ...] = ()) -> tuple[str, ...]:
    """Return the buttons that fit and no others (UI.md 2c). `feeds`: their lists begin with their ids."""
    if found.category in HARM:
        return ("hint", "call111")
    if found.action is not Action.BLOCK:
        fixed = found.row in (Row.LOCAL, Row.LIFELINE)  # no rule of the household reaches these
        report = ("report",) if feeds else ()  # it was missed
        return ("block_child", "block_all", *report) if found.name and not fixed else ()
    if found.row is Row.MANDATORY:
        return ("report", "hint") if found.name else ("hint",)
    allow = (*(("allow15",) if can_allow else ()), *(("always",) if found.name else ()))
    by_hours = found.rule.startswith("outside")
    if found.row in TIMED or (found.row in OPENED and by_hours):
        edit = () if found.row is Row.OFF else ("edit_budget",) if found.row is Row.BUDGET else ("edit_schedule",)
        return (*allow, *edit, "ask")
    if found.row in OPENED:
        of_province = found.list_id.startswith((PROVINCE, *(f"{feed}-" for feed in feeds)))
        report = ("report",) if found.name and of_province else ()
        return (*allow, "edit_rule", *report)
    return ()  # what the answer itself says (rebind, the upstream) no rule of the household lifts


def grant_of(found: Found) -> tuple[str, str]:
    """Return the scope and value of the smallest grant that opens it."""
    if found.action is not Action.BLOCK or found.row not in (*TIMED, *OPENED) or found.category in HARM:
        return "", ""
    if found.name:
        return Scope.NAME.value, found.matched or found.name
    if found.row in TIMED:
        return Scope.TIME.value, ""
    if found.row is Row.SERVICE and found.service:
        return Scope.SERVICE.value, found.service
    if found.category and found.row is Row.CATEGORY:
        return Scope.CATEGORY.value, found.category
    return "", ""
