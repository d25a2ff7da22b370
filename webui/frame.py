"""What stands around every page: navigation, the box's clock, who is logged in, icons, and the toast of what was done."""

from __future__ import annotations

import contextlib
import hashlib
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from flask import Flask, abort, current_app, g, request, session, url_for
from markupsafe import Markup

from filterd.control import household as households
from filterd.control import notices, say
from filterd.control import now as outlooks
from filterd.control import requests as asked
from filterd.control.alerts_rows import list_alerts
from filterd.control.requests import Request
from filterd.errors import FilterdError
from filterd.model.account import Role, reached
from filterd.model.feed import FeedLinks
from filterd.model.household import Device, Household, Profile
from filterd.model.now import Outlook
from webui import words
from webui.words import gettext as _

T = TypeVar("T", Profile, Device)

UNDO_S = 10
MAX_UNSEEN = 99  # alerts that are counted in the navigation
_TOAST = "toast"
_TONES = 4


@dataclass(frozen=True, slots=True)
class Toast:
    """One sentence about what was done. `number`: the change that Undo takes back, 0 for none; `problem`: see Done."""

    text: str
    number: int = 0
    problem: str = ""


def install(app: Flask) -> None:
    """Give templates the frame's functions."""
    app.before_request(_know_the_house)
    app.context_processor(_context)


def state() -> Path:
    """Return the state folder."""
    return Path(current_app.config["STATE"])


def house() -> Household:
    """Return the household as far as who is logged in reaches it, as of this request's begin: of a teacher's, what is
    wholly theirs. Every page finds people and devices here, so it neither shows nor changes others.

    Raises FilterdError when it cannot be read.
    """
    return revised()[0]


def revised() -> tuple[Household, int]:
    """Return `house()` and its revision."""
    whole, revision = _whole()
    account = g.get("account")
    return (whole if account is None else reached(whole, account)), revision


def profile_of(ident: str) -> Profile:
    """Return somebody of `house()`: 404 when there is nobody, 403 when it is somebody whom this account does not reach."""
    return _one_of(house().profiles, _whole()[0].profiles, ident)


def device_of(ident: str) -> Device:
    """Return a device of `house()`: 404 when there is none, 403 when it is one that this account does not reach."""
    return _one_of(house().devices, _whole()[0].devices, ident)


def followed() -> tuple[Profile, ...]:
    """Return whose rules a device of `house()` follows: also who is not this account's, the device being theirs."""
    wanted = {device.profile for device in house().devices}
    return tuple(p for p in _whole()[0].profiles if p.id in wanted)


def people_now() -> Outlook:
    """Return how things are for the people of `house()`, with their requests. Raises FilterdError."""
    found = outlooks.outlook(state())
    if g.account.role is not Role.TEACHER:
        return found
    mine = {p.id for p in house().profiles}
    return replace(
        found, profiles=tuple(p for p in found.profiles if p.id in mine),
        requests=tuple(r for r in found.requests if r.profile in mine),
    )  # fmt: skip


def requests_of(*, pending: bool = False) -> list[Request]:
    """Return the requests of the people of `house()`, newest first."""
    found = asked.requests(state(), pending=pending)
    mine = {p.id for p in house().profiles}
    return found if g.account.role is not Role.TEACHER else [r for r in found if r.profile in mine]


def forget_house() -> None:
    """Let the next `house()` read anew: something was changed."""
    g.house = None


def show(toast: Toast) -> None:
    """Show `toast` on the next page that is drawn, this one or the one after a redirect."""
    session[_TOAST] = [toast.text, toast.number, toast.problem, time.time()]


def take_toast() -> Toast | None:
    """Return the waiting toast once; None when there is none, or it is too old for its Undo."""
    found = session.pop(_TOAST, None)
    if not isinstance(found, list) or len(found) != 4 or time.time() - found[3] > UNDO_S:
        return None
    return Toast(str(found[0]), int(found[1]), str(found[2]))


def icon(name: str, label: str = "") -> Markup:
    """Return an icon of the sprite; without a label it is hidden from screen readers."""
    said = Markup('role="img" aria-label="{}"').format(label) if label else Markup('aria-hidden="true"')
    return Markup('<svg class="icon" {}><use href="{}#{}"></use></svg>').format(
        said, url_for("static", filename="icons.svg", v=_version("icons.svg")), name
    )


def tone(ident: str) -> str:
    """Return the class of a person's colour: by child, not by gender."""
    order = [profile.id for profile in house().profiles]
    return f"tone{(order.index(ident) if ident in order else 0) % _TONES}"


def asset(name: str) -> str:
    """Return the address of a file of ours, with its digest, so that a new version is loaded at once."""
    return url_for("static", filename=name, v=_version(name))


def _version(name: str) -> str:
    known: dict[str, str] = current_app.extensions.setdefault("filterd_assets", {})
    if name not in known:
        data = (Path(current_app.static_folder or "") / name).read_bytes()
        known[name] = hashlib.sha256(data).hexdigest()[:10]
    return known[name]


def _whole() -> tuple[Household, int]:
    if g.get("house") is None:
        g.house = households.read_stored(state())
    found: tuple[Household, int] = g.house
    return found


def _one_of(mine: Sequence[T], everyone: Sequence[T], ident: str) -> T:
    found = next((one for one in mine if one.id == ident), None)
    if found is None:
        abort(403 if any(one.id == ident for one in everyone) else 404)
    return found


def _know_the_house() -> None:
    if request.endpoint in ("static", "home.healthz"):
        return
    g.house = None
    try:
        found = house()
    except (FilterdError, OSError):
        g.zone, g.household_language = ZoneInfo("UTC"), "vi"
        return
    g.zone, g.household_language = ZoneInfo(found.timezone), found.language


def _navigation() -> list[dict[str, Any]]:
    places = [
        ("home", "home.home", _("Home"), "home", "look"),
        ("children", "children.children", _("Children"), "people", "look"),
        ("devices", "devices.devices", _("Devices"), "phone", "look"),
        ("activity", "activity.activity", _("Activity"), "list", "activity"),
        ("more", "more.more", _("More"), "more", "own"),
    ]
    return _shown(places)


def _rail() -> list[dict[str, Any]]:
    places = [
        ("home", "home.home", _("Home"), "home", "look"),
        ("children", "children.children", _("Children"), "people", "look"),
        ("devices", "devices.devices", _("Devices"), "phone", "look"),
        ("activity", "activity.activity", _("Activity"), "list", "activity"),
        ("alerts", "alerts.alerts", _("Alerts"), "bell", "activity"),
        ("reports", "reports.reports", _("Weekly report"), "book", "activity"),
        ("ask", "ask.ask", _("Ask the schedule"), "calendar", "look"),
        ("system", "system.system", _("System"), "sliders", "look"),
    ]
    return _shown(places)


def _shown(places: list[tuple[str, str, str, str, str]]) -> list[dict[str, Any]]:
    """Return the places that this account may go to; the first page says for everybody what waits."""
    return [
        {"url": url_for(endpoint), "text": text, "icon": sign, "here": _is_here(key), "key": key}
        for key, endpoint, text, sign, what in places
        if g.account.may(what)
    ]


def _is_here(key: str) -> bool:
    blueprint = (request.blueprint or "").partition(".")[0]
    return blueprint == key or (key == "children" and blueprint == "week")


def _back() -> str:
    """Return the page that the person looks at, also when htmx asked for a part of it."""
    shown = request.headers.get("HX-Current-URL", "")
    if shown:
        return urlsplit(shown).path or "/"
    return request.path if request.method == "GET" else "/"


def _pending() -> int:
    """Return how many requests wait. Both navigations ask, so it is counted once a page."""
    if "pending" not in g:
        try:
            g.pending = len(requests_of(pending=True))
        except (FilterdError, OSError):
            g.pending = 0
    return int(g.pending)


def _unseen() -> int:
    """Return how many alerts nobody has seen yet, MAX_UNSEEN at most; none for who may not see them. Once a page."""
    if "unseen" not in g:
        g.unseen = 0
        if g.account.may("activity"):
            with contextlib.suppress(FilterdError, OSError):
                g.unseen = len(list_alerts(state(), limit=MAX_UNSEEN, unseen=True))
    return int(g.unseen)


def _calls() -> FeedLinks:
    """Return whom to call and where to report and read: of the province's feed, else as shipped. Once a page."""
    if "calls" not in g:
        g.calls = notices.links(state())
    found: FeedLinks = g.calls
    return found


def _context() -> dict[str, Any]:
    now = time.time()
    moment = datetime.fromtimestamp(now, words.zone())
    return {
        "icon": icon,
        "tone": tone,
        "asset": asset,
        "navigation": _navigation,
        "rail": _rail,
        "pending": _pending,
        "unseen": _unseen,
        "back_here": _back,
        "take_toast": take_toast,
        "calls": _calls,
        "report_site": lambda: notices.site_of(_calls().report),
        "now": now,
        "clock_line": _(
            "%(day)s %(date)s · %(time)s",
            day=say.capital(words.weekday(moment.weekday())),
            date=words.day(now),
            time=words.clock(now),
        ),
        "zone_line": _("Vietnam time") if str(words.zone()) == "Asia/Ho_Chi_Minh" else str(words.zone()),
        "language": words.language(),
        "theme": (g.account.theme if g.get("account") is not None else "") or request.cookies.get("theme", ""),
        "fragment": bool(request.headers.get("HX-Request")),
        "sheet": bool(request.headers.get("X-Sheet")),
    }
