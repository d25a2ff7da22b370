"""A person's week: its windows, one by one by their place, and days on which they do not begin."""

from __future__ import annotations

from datetime import date
from typing import Any

from marshmallow import fields

from filterd.control import moves_many
from filterd.control import week as weeks
from filterd.control.choices import site_text
from filterd.model.account import Action, Scope
from filterd.model.household import DAYS, Effect, Window
from webui.api.change import changed, tagged
from webui.api.fields import IDENT, Shown, many, said, text, whole
from webui.api.gate import house, state
from webui.api.operation import Calls, Paged, operation, page_of
from webui.api.paging import page
from webui.api.people import MAX_SITE, Change, Changed, known
from webui.api.problem import INVALID, Problem

calls = Calls("week", __name__, description="Windows of the week")
EFFECTS = ("offline", "only", "permit")
_KINDS = {"offline": "off", "only": "only", "permit": "permit"}
_DAY = 1440


class Hours(Shown):
    """One window of the week."""

    index = whole("Its place; it changes when one before it goes", 0)
    name = said("What it is called", "Giờ ngủ")
    effect = said(
        "offline: all is closed; only: all but what is named; permit: what is named is open then alone",
        "offline",
        among=EFFECTS,
    )
    days = many(fields.String(), "On which it begins", ["mon", "tue"])
    begin = said("When it begins", "21:30")
    end = said("When it ends; not after the begin: on the next day", "06:00")
    sites = many(fields.String(), "Sites that it names", [])
    services = many(fields.String(), "Ids of services that it names", [])
    categories = many(fields.String(), "Ids of categories that it names", [])
    sentence = said("The same in words", "Mỗi ngày, 21:30 đến 6:00 hôm sau: tắt mạng.")


class NewHours(Change):
    """A window of the week as it shall be."""

    name = text("What it is called; none: the box finds a name", "Giờ ngủ", most=80, load_default="")
    effect = text("What it does", "offline", among=EFFECTS, required=True)
    days = many(text("A weekday", "mon", among=DAYS), "On which it begins; left out: every day", ["mon", "tue"], most=7)
    begin = text("When it begins", "21:30", most=5, required=True)
    end = text("When it ends; not after the begin: on the next day", "06:00", most=5, required=True)
    sites = many(text("A site's name", "example.org", most=MAX_SITE, least=1), "For only", [], load_default=list)
    services = many(text("An id", "youtube", most=IDENT), "For only and permit", [], most=200, load_default=list)
    categories = many(text("An id", "games", most=IDENT), "For only and permit", [], most=200, load_default=list)


class Free(Change):
    """A day off."""

    day = text("The date", "2026-11-29", most=10, least=10, required=True)


@operation(calls, "GET", "/profiles/<ident>/windows", Scope.READ, Action.LOOK, page_of(Hours), query=Paged)
def windows(query: dict[str, Any], ident: str) -> Any:
    """The windows of a person's week."""
    found = known(ident).windows or ()
    places, following = page(range(len(found)), str, query["limit"], query["cursor"])
    return tagged({"items": [_document(found[n], n) for n in places], "next": following})


@operation(
    calls, "POST", "/profiles/<ident>/windows", Scope.HOUSEHOLD, Action.WINDOWS, Changed, takes=NewHours, status=201,
    guarded=True,
)  # fmt: skip
def window_add(body: dict[str, Any], ident: str) -> Any:
    """Add a window."""
    known(ident)
    made = _window(body)
    return changed(lambda who, seen: weeks.add_window(state(), who, ident, made, seen=seen), body)


@operation(
    calls, "PUT", "/profiles/<ident>/windows/<int:index>", Scope.HOUSEHOLD, Action.WINDOWS, Changed, takes=NewHours,
    guarded=True,
)  # fmt: skip
def window_change(body: dict[str, Any], ident: str, index: int) -> Any:
    """Put another window in the place of one. Send what you have read (If-Match): places change."""
    _place(ident, index)
    made = _window(body)
    return changed(lambda who, seen: weeks.change_window(state(), who, ident, index, made, seen=seen), body)


@operation(
    calls, "DELETE", "/profiles/<ident>/windows/<int:index>", Scope.HOUSEHOLD, Action.WINDOWS, Changed, guarded=True
)
def window_remove(ident: str, index: int) -> Any:
    """Remove a window. Send what you have read (If-Match): places change."""
    _place(ident, index)
    return changed(lambda who, seen: weeks.remove_window(state(), who, ident, index, seen=seen))


@operation(
    calls, "POST", "/profiles/<ident>/free-days", Scope.HOUSEHOLD, Action.WINDOWS, Changed, takes=Free, guarded=True
)
def free_day(body: dict[str, Any], ident: str) -> Any:
    """Let no window of the week begin on a date."""
    known(ident)
    try:
        day = date.fromisoformat(body["day"])
    except ValueError:
        raise _wrong("day", "expected a date such as 2026-11-29") from None
    return changed(lambda who, seen: moves_many.tomorrow_off_for(state(), who, [ident], day, seen=seen), body)


def _window(body: dict[str, Any]) -> Window:
    days = [DAYS.index(day) for day in body["days"]] if "days" in body else None
    return weeks.window_of(
        _KINDS[body["effect"]], days, body["begin"], body["end"], services=body["services"],
        categories=body["categories"], names=body["sites"], name=body["name"],
    )  # fmt: skip


def _document(found: Window, index: int) -> dict[str, Any]:
    return {
        "index": index,
        "name": found.name,
        "effect": Effect(found.effect).value,
        "days": list(DAYS) if found.days is None else [DAYS[d] for d in sorted(found.days)],
        "begin": _clock(found.start),
        "end": "24:00" if found.end == _DAY else _clock(found.end % _DAY),
        "sites": [site_text(n) for n in found.names],
        "services": list(found.services),
        "categories": list(found.categories),
        "sentence": weeks.say(found, house().language).text,
    }


def _clock(minute: int) -> str:
    return f"{minute // 60:02}:{minute % 60:02}"


def _place(ident: str, index: int) -> None:
    if index >= len(known(ident).windows or ()):
        raise Problem(404, f"{ident} has no window {index}")


def _wrong(field: str, text: str) -> Exception:
    return Problem(422, "that does not fit", INVALID, problems=[f"{field}: {text}"])
