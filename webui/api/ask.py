"""Ask the schedule: what a device or a person gets for a site at a time, and why; the workers' own code answers."""

from __future__ import annotations

from typing import Any

from filterd.control import ask as asking
from filterd.model.account import Action, Role, Scope
from filterd.model.decision import Action as Outcome
from filterd.model.decision import Row
from webui.api.activity import OUTCOMES, ROWS
from webui.api.fields import IDENT, Document, Shown, many, said, text, when, yes
from webui.api.gate import account, house, state
from webui.api.moves import whom_of
from webui.api.operation import Calls, operation
from webui.api.people import MAX_SITE
from webui.api.problem import Problem
from webui.api.times import moment

calls = Calls("ask", __name__, description="Why a site is open or closed")
LANGUAGES = ("vi", "en")


class Asking(Document):
    """What is asked: for exactly one of profile and device."""

    name = text("The site", "youtube.com", most=MAX_SITE, least=1, required=True)
    profile = text("Id of a profile", "lan", most=IDENT, load_default="")
    device = text("Id of a device", "may-lan", most=IDENT, load_default="")
    at = text("Wall-clock time in the household's zone; none: now", "2026-11-28 21:30", most=30, load_default="")
    language = text("Of the sentences", "en", among=LANGUAGES, load_default="")


class Step(Shown):
    """One row of the precedence table that was passed."""

    row = said("The row", "window")
    verdict = said("What it said; empty: nothing", "")


class Decision(Shown):
    """A decision and how it came about."""

    name = said("The site", "youtube.com")
    action = said("What a device gets", "block", among=OUTCOMES)
    blocked = yes("It is closed")
    row = said("The row that decided", "window", among=ROWS)
    rule = said("The rule", "Giờ ngủ")
    profile = said("Whose rules", "lan")
    device = said("Of which device", "may-lan")
    service = said("Id of the service", "youtube")
    category = said("Id of the category", "")
    list = said("Id of the list", "")
    at = when("Asked for this moment")
    until = when("So long it stays so; null: not in sight", none=True)
    verdict = said("In two words", "Đang tắt")
    sentences = many(said("One", "Lan hỏi youtube.com."), "In plain sentences", ["Lan hỏi youtube.com."])
    trace = many(Step, "Every row that was passed", [])


@operation(calls, "GET", "/ask", Scope.READ, Action.LOOK, Decision, query=Asking)
def ask(query: dict[str, Any]) -> Any:
    """What a device or a person gets for a site, and why."""
    whom_of(query)
    if query["profile"] and account().role is Role.TEACHER:
        raise Problem(403, "a teacher asks for the own rooms")
    what = {key: query[key] for key in ("name", "profile", "device", "at")}
    found = asking.ask(state(), **what)
    language = query["language"] or house().language
    return {
        "name": found.name, "action": Outcome(found.action).name.lower(), "blocked": found.is_blocked,
        "row": Row(found.row).id, "rule": found.rule, "profile": found.profile, "device": found.device,
        "service": found.service, "category": found.category, "list": found.list_id, "at": moment(found.at),
        "until": moment(found.until), "verdict": found.verdict(language), "sentences": found.sentences(language),
        "trace": [{"row": step.get("row", ""), "verdict": step.get("verdict", "")} for step in found.trace],
    }  # fmt: skip
