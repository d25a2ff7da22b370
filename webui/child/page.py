"""The child's page drawn without Flask: templates, the day as a strip, the file addresses. Its words are sentences.py.

mine(request, child.look(state, address))        # the whole page as HTML
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from datetime import datetime
from functools import lru_cache
from importlib import resources
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup
from werkzeug.wrappers import Request

from filterd.control.child import LATELY_S, ChildPage, Closed
from filterd.control.notices import SHIPPED, of_the_day, site_of
from filterd.control.requests import MAX_HOURLY
from filterd.model.notice import Card
from filterd.model.now import Piece
from webui.catalogue import dial
from webui.child import sentences as say
from webui.child.speech import Words
from webui.wizard_seen import addresses

CHOICES = (15, 30, 60)
MAX_SITE = 253
_DAYS = {
    "vi": ("Thứ Hai", "Thứ Ba", "Thứ Tư", "Thứ Năm", "Thứ Sáu", "Thứ Bảy", "Chủ nhật"),
    "en": ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"),
}


def mine(
    request: Request, seen: ChildPage, *, note: str = "", error: str = "", filled: Mapping[str, Any] | None = None
) -> str:
    """Return the child's own page."""
    words = Words(request, seen)
    given: dict[str, Any] = {"what": "", "site": "", "why": "", "words": "", "minutes": None, **(filled or {})}
    if not filled and request.args.get("site"):
        given |= {"what": "site", "site": request.args["site"][:MAX_SITE]}
    return _draw(
        "mine.html", words, seen, now_lines=say.now_lines(words, seen), strip=strip(seen), lines=say.day_lines(words, seen),
        budgets=say.budgets(words, seen), wishes=[say.wish(words, seen, r) for r in seen.requests],
        sees=say.sees(words, seen), sent=note in ("1", "talk", "mistake"), error=say.error_line(words, seen, error),
        error_at=error, given=given, choices=CHOICES, services=say.services(words, seen), whys=say.whys(words),
        most=MAX_HOURLY, home="/",
    )  # fmt: skip


def closed(request: Request, seen: ChildPage, why: Closed, name: str) -> str:
    """Return why a site is closed."""
    words = Words(request, seen)
    can_ask = seen.is_known and why.kind in ("age", "hours", "budget", "off")
    return _draw(
        "closed.html", words, seen, title=say.why_title(words, why), line=say.why_line(words, seen, why), name=name,
        home=_home(request), can_ask=can_ask, kind=why.kind,
    )  # fmt: skip


def help_first(request: Request, seen: ChildPage) -> str:
    """Return the page of a dangerous category: help stands first, nothing is asked."""
    words = Words(request, seen)
    return _draw("help.html", words, seen, home=_home(request), said=say.talk_line(words))


def tell(request: Request, seen: ChildPage, kind: str, site: str = "", error: str = "") -> str:
    """Return the page that shows what is sent before it is: `talk`, or `mistake` with the site's name where it is known."""
    words = Words(request, seen)
    return _draw(
        "tell.html", words, seen, kind=kind, site=site[:MAX_SITE], said=say.talk_line(words), home="/",
        error=say.error_line(words, seen, error),
    )  # fmt: skip


def sorry(request: Request) -> str:
    """Return the page for when the box cannot say how things are."""
    return _draw("sorry.html", Words(request, None), None, home="/")


def reason(request: Request, seen: ChildPage, minutes: int | None, why: str, own: str) -> str:
    """Return what the parents read: for how long, what for, and the child's own sentence."""
    words = Words(request, seen)
    long = words.gettext("%(count)s min", count=minutes) if minutes else ""
    purpose = dict(say.whys(words)).get(why, "")
    head = ", ".join(part for part in (long, purpose) if part)
    return ": ".join(part for part in (head, own) if part)


def strip(seen: ChildPage) -> list[dict[str, Any]]:
    """Return the day as pieces in thousandths, from 6:00 for 24 hours."""
    whole = 86_400.0
    found = []
    for piece in seen.day:
        start, end = _bounds(seen, piece)
        left, right = round((start - seen.day_start) / whole * 1000), round((end - seen.day_start) / whole * 1000)
        found.append({"x": left, "width": max(right - left, 1), "kind": piece.kind})
    return found


def here(seen: ChildPage) -> int:
    """Return where now is on the strip, in thousandths."""
    return min(999, max(0, round((seen.at - seen.day_start) / 86.4)))


# --- drawing ---


def _bounds(seen: ChildPage, piece: Piece) -> tuple[float, float]:
    end = seen.day_start + 86_400
    return max(piece.start or seen.day_start, seen.day_start), min(piece.end or end, end)


def _home(request: Request) -> str:
    """Return the address of the child's own page: the box's, not the closed site's."""
    found = addresses(request.remote_addr or "")
    host = found[0] if found else "127.0.0.1"
    host = f"[{host}]" if ":" in host else host
    port = str(request.environ.get("SERVER_PORT", "80"))
    return f"http://{host}" + ("" if port == "80" else f":{port}") + "/"


def _draw(template: str, words: Words, seen: ChildPage | None, **values: object) -> str:
    now = seen.at if seen else 0.0
    moment = datetime.fromtimestamp(now, words.zone)
    clock = f"{_DAYS[words.language][moment.weekday()]} {moment.day}/{moment.month} · {moment.hour}:{moment.minute:02d}"
    links = seen.links if seen else SHIPPED
    zone = words.gettext("Vietnam time") if str(words.zone) == "Asia/Ho_Chi_Minh" else str(words.zone)
    return _environment().get_template(template).render(
        _=words.gettext, language=words.language, group=words.group, seen=seen, icon=_icon, clock=clock, zone=zone,
        waiting=seen is not None and any(r.state == "pending" for r in seen.requests), asset=_asset,
        here=here(seen) if seen else 0, links=links, report_site=site_of(links.report), cards=_cards(seen), **values,
    )  # fmt: skip


def _cards(seen: ChildPage | None) -> tuple[Card, ...]:
    """Return the cards for this child, the one of today first."""
    today = of_the_day(seen.cards, seen.at) if seen else None
    if seen is None or today is None:
        return ()
    return (today, *(one for one in seen.cards if one is not today))


@lru_cache(maxsize=1)
def _environment() -> Environment:
    found = Environment(
        loader=PackageLoader("webui.child"), autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )  # fmt: skip
    found.filters["dial"] = dial
    return found


def _icon(name: str) -> Markup:
    return Markup('<svg class="icon" aria-hidden="true"><use href="{}#{}"></use></svg>').format(
        _asset("icons.svg"), name
    )


@lru_cache(maxsize=16)
def _asset(name: str) -> str:
    file = {"pico.css": "static/vendor/pico-2.1.1.min.css", "child.js": "child/child.js"}.get(name, f"static/{name}")
    digest = hashlib.sha256(resources.files("webui").joinpath(file).read_bytes()).hexdigest()[:10]
    return f"/s/{name}?v={digest}"


__all__ = ["LATELY_S", "closed", "help_first", "mine", "reason", "sorry", "tell"]
