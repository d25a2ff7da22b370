"""What stands around every page: navigation, the box's clock, who is logged in, icons, and the toast of what was done."""

from __future__ import annotations

import hashlib
import time
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from flask import Flask, current_app, g, request, session, url_for
from markupsafe import Markup

from filterd.control import household as households
from filterd.control import requests as asked
from filterd.control import say
from filterd.errors import FilterdError
from filterd.model.household import Household
from webui import words
from webui.words import gettext as _

UNDO_S = 10
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
    """Return the household as of this request's begin. Raises FilterdError when it cannot be read."""
    if g.get("house") is None:
        g.house = households.load(state())
    found: Household = g.house
    return found


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
        ("home", "home.home", _("Home"), "home"),
        ("children", "children.children", _("Children"), "people"),
        ("devices", "devices.devices", _("Devices"), "phone"),
        ("activity", "activity.activity", _("Activity"), "list"),
        ("more", "more.more", _("More"), "more"),
    ]
    return _shown(places)


def _rail() -> list[dict[str, Any]]:
    places = [
        *(("home", "home.home", _("Home"), "home"), ("children", "children.children", _("Children"), "people")),
        *(
            ("devices", "devices.devices", _("Devices"), "phone"),
            ("activity", "activity.activity", _("Activity"), "list"),
        ),
        *(
            ("reports", "reports.reports", _("Weekly report"), "book"),
            ("ask", "ask.ask", _("Ask the schedule"), "calendar"),
        ),
        ("system", "system.system", _("System"), "sliders"),
    ]
    return _shown(places)


def _shown(places: list[tuple[str, str, str, str]]) -> list[dict[str, Any]]:
    return [
        {"url": url_for(endpoint), "text": text, "icon": sign, "here": _is_here(key), "key": key}
        for key, endpoint, text, sign in places
    ]


def _is_here(key: str) -> bool:
    blueprint = request.blueprint or ""
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
            g.pending = len(asked.requests(state(), pending=True))
        except (FilterdError, OSError):
            g.pending = 0
    return int(g.pending)


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
        "back_here": _back,
        "take_toast": take_toast,
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
