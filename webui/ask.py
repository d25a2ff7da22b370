"""Ask the schedule: a device or a child, a site, a day and a time in; the decision and how it came about out, in words.

The same code as the workers' (control/ask.py), so the answer is what a device would get then. Nothing is asked of anybody
outside, nothing is written.

    GET /ask/?who=profile:lan&name=tiktok.com&day=2026-11-28&at=21h30
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from datetime import date, datetime

from flask import Blueprint, g, render_template, request

from filterd.control import ask as asking
from filterd.errors import ConfigError, FilterdError
from filterd.model.account import Role
from webui import week_form, words
from webui.frame import house, state
from webui.security import needs
from webui.words import gettext as _

page = Blueprint("ask", __name__, url_prefix="/ask")

MAX_NAME = 300


@page.get("/")
@needs("look")
def ask() -> str:
    """The form, and below it the answer when a site was asked for."""
    given = _given()
    answer, error, field = (None, "", "")
    if given["name"]:
        answer, error, field = _answer(given)
    language = words.language()
    template = "ask/answer.html" if request.headers.get("HX-Request") else "ask/ask.html"
    return render_template(
        template, given=given, people=_people(), error=error, field=field, answer=answer,
        verdict=answer.verdict(language) if answer else "", sentences=answer.sentences(language) if answer else (),
        steps=[_step(row) for row in answer.trace] if answer else [],
    )  # fmt: skip


def _answer(given: Mapping[str, str]) -> tuple[asking.Answer | None, str, str]:
    """Return the answer, or what is wrong and with which field."""
    kind, _sep, ident = given["who"].partition(":")
    minute = week_form.minute_of(given["at"])
    try:
        day = date.fromisoformat(given["day"])
    except ValueError:
        return None, _("Please choose a date."), "day"
    if minute is None or minute >= 1440:
        return None, _("A time looks like 21:30."), "at"
    if kind not in ("device", "profile") or given["who"] not in {key for key, _name, _whose in _people()}:
        return None, _("Please choose a device or a child."), "who"
    at = f"{day.isoformat()} {minute // 60:02d}:{minute % 60:02d}"
    try:
        return asking.ask(
            state(), name=given["name"], device=ident if kind == "device" else "",
            profile=ident if kind == "profile" else "", at=at,
        ), "", ""  # fmt: skip
    except ConfigError as error:
        if "name" in str(error):
            return None, _("This is no site's name. It looks like example.com."), "name"
        return None, _("There is no answer for this day and time."), "at"
    except FilterdError:
        return None, _("No list is in force"), ""


def _given() -> dict[str, str]:
    moment = datetime.fromtimestamp(time.time(), words.zone())
    people = _people()
    return {
        "who": request.args.get("who", "")[:MAX_NAME] or (people[0][0] if people else ""),
        "name": request.args.get("name", "")[:MAX_NAME].strip(),
        "day": request.args.get("day", "")[:20] or moment.date().isoformat(),
        "at": request.args.get("at", "")[:20].strip() or f"{moment.hour}:{moment.minute:02d}",
    }


def _people() -> list[tuple[str, str, str]]:
    """Return who can be asked for: key, name, and for a device whose it is. A teacher asks for the own rooms alone."""
    household = house()
    names = {p.id: p.name for p in household.profiles}
    devices = [d for d in household.devices if g.account.reaches(d.id)]
    found = [(f"device:{d.id}", d.name, names.get(d.profile, "")) for d in devices]
    if g.account.role is Role.TEACHER:
        return found
    return [*((f"profile:{p.id}", p.name, "") for p in household.profiles), *found]


def _step(row: Mapping[str, str]) -> tuple[str, str, str]:
    """Return one row that was passed: what it looks at, what it said in words, and its verdict."""
    looks = {
        "local": _("Names of the house itself"),
        "lifeline": _("Help lines, always open"),
        "mandatory": _("The province's list"),
        "grant": _("What was allowed for a while"),
        "off": _("Network switched off"),
        "window": _("The week's hours"),
        "name": _("Sites of the family's own"),
        "budget": _("The daily share"),
        "service": _("Services"),
        "category": _("Categories"),
        "rebind": _("Addresses inside the house"),
        "upstream": _("The name server outside"),
        "default": _("Nothing else says anything"),
    }
    said = {
        "allow": _("Open"),
        "block": _("Closed"),
        "rewrite": _("Open, with safe search"),
        "local": _("Answered by the box"),
    }
    verdict = row.get("verdict", "")
    return looks.get(row.get("row", ""), row.get("row", "")), said.get(verdict, _("Says nothing here")), verdict
