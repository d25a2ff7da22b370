"""What the child's page says: words by age, in the household's language; drawn without Flask.

young (to 9): short and big; older (10 to 13); teen (14 to 17): by name. Never a list of names, never a scolding.

    mine(request, child.look(state, address))        # the whole page as HTML
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from datetime import datetime, tzinfo
from functools import lru_cache
from importlib import resources
from typing import Any
from zoneinfo import ZoneInfo

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup
from werkzeug.wrappers import Request

from filterd.control.child import LATELY_S, ChildPage, Closed
from filterd.control.requests import EXPIRE_S, MAX_HOURLY
from filterd.control.requests import Request as Wish
from filterd.control.words import shown, shown_all
from filterd.model.now import Piece
from webui.wizard_seen import addresses
from webui.words import LANGUAGES, translations

GROUPS = {"age-0-6": "young", "age-7-9": "young", "age-10-13": "older", "age-14-17": "teen"}
WHYS = ("school", "class", "fun")
CHOICES = (15, 30, 60)
_DAYS = {
    "vi": ("Thứ Hai", "Thứ Ba", "Thứ Tư", "Thứ Năm", "Thứ Sáu", "Thứ Bảy", "Chủ nhật"),
    "en": ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"),
}
TOKEN_MINUTES = 5  # of one token of the youngest


class Words:
    """The words of one answer: language, zone, and for whom."""

    def __init__(self, request: Request, seen: ChildPage | None) -> None:
        asked = request.args.get("lang", "")
        self.language = asked if asked in LANGUAGES else (seen.language if seen else "vi")
        if self.language not in LANGUAGES:
            self.language = "vi"
        self.zone: tzinfo = ZoneInfo(seen.timezone) if seen else ZoneInfo("Asia/Ho_Chi_Minh")
        self.group = GROUPS.get(seen.preset, "older") if seen else "older"
        if seen is not None and seen.preset == "adult":
            self.group = "teen"
        self._catalogue = translations(self.language)

    def gettext(self, text: str, **values: object) -> str:
        """Return a sentence in this language."""
        found = self._catalogue.gettext(text)
        return found % values if values else found

    def ngettext(self, one: str, many: str, num: int, **values: object) -> str:
        """Return the form of a sentence for `num`."""
        return self._catalogue.ngettext(one, many, num) % {"num": num, **values}

    def clock(self, at: float) -> str:
        """Return a time of day: 21:30; for the youngest 9 giờ tối, 9 in the evening."""
        moment = datetime.fromtimestamp(at, self.zone)
        if self.group != "young":
            return f"{moment.hour}:{moment.minute:02d}"
        hour, half = moment.hour % 12 or 12, moment.minute
        text = f"{hour}:{half:02d}" if half else f"{hour}"
        _ = self.gettext
        if moment.hour < 11:
            return _("%(hour)s in the morning", hour=text)
        if moment.hour < 13:
            return _("%(hour)s at noon", hour=text)
        if moment.hour < 18:
            return _("%(hour)s in the afternoon", hour=text)
        return _("%(hour)s in the evening", hour=text)

    def when(self, at: float, now: float) -> str:
        """Return a moment: its time, with the day when that is not today."""
        days = (datetime.fromtimestamp(at, self.zone).date() - datetime.fromtimestamp(now, self.zone).date()).days
        if days == 0:
            return self.clock(at)
        if days == 1:
            return self.gettext("tomorrow %(time)s", time=self.clock(at))
        if days == -1:
            return self.gettext("yesterday %(time)s", time=self.clock(at))
        day = datetime.fromtimestamp(at, self.zone)
        return f"{day.day}/{day.month} {self.clock(at)}"


def mine(
    request: Request, seen: ChildPage, *, note: str = "", error: str = "", filled: Mapping[str, Any] | None = None
) -> str:
    """Return the child's own page."""
    words = Words(request, seen)
    given: dict[str, Any] = {"what": "", "site": "", "why": "", "words": "", "minutes": None, **(filled or {})}
    if not filled and request.args.get("site"):
        given |= {"what": "site", "site": request.args["site"][:253]}
    return _draw(
        "mine.html", words, seen, now_lines=now_lines(words, seen), strip=strip(seen), lines=day_lines(words, seen),
        budgets=budgets(words, seen), wishes=[wish(words, seen, r) for r in seen.requests], sees=sees(words, seen),
        sent=note == "1", error=_error(words, seen, error), error_at=error, given=given, choices=CHOICES,
        services=_services(words, seen), whys=_whys(words), most=MAX_HOURLY,
    )  # fmt: skip


def closed(request: Request, seen: ChildPage, why: Closed, name: str) -> str:
    """Return why a site is closed."""
    words = Words(request, seen)
    can_ask = seen.is_known and why.kind in ("age", "hours", "budget", "off")
    return _draw(
        "closed.html", words, seen, title=why_title(words, why), line=why_line(words, seen, why), name=name,
        home=_home(request), can_ask=can_ask, kind=why.kind,
    )  # fmt: skip


def help_first(request: Request, seen: ChildPage) -> str:
    """Return the page of a dangerous category: help stands first, nobody is named, nothing is asked."""
    return _draw("help.html", Words(request, seen), seen)


def sorry(request: Request) -> str:
    """Return the page for when the box cannot say how things are."""
    return _draw("sorry.html", Words(request, None), None)


def reason(request: Request, seen: ChildPage, minutes: int | None, why: str, own: str) -> str:
    """Return what the parents read: for how long, what for, and the child's own sentence."""
    words = Words(request, seen)
    long = words.gettext("%(count)s min", count=minutes) if minutes else ""
    purpose = dict(_whys(words)).get(why, "")
    head = ", ".join(part for part in (long, purpose) if part)
    return ": ".join(part for part in (head, own) if part)


# --- sentences ---


def now_lines(words: Words, seen: ChildPage) -> tuple[str, str, str]:
    """Return icon, headline and the sentence below: how it is now, and until when."""
    _ = words.gettext
    young, piece = words.group == "young", seen.now
    until = words.when(piece.end, seen.at) if piece.end else ""
    if piece.kind == "off":
        if piece.reason == "off":
            who = piece.by or _("Your parents")
            if young:
                head = _("%(who)s switched it off for a while.", who=who)
                return "moon", head, _("On again at %(time)s.", time=until) if until else ""
            head = _("Off until %(time)s.", time=until) if until else _("Off until it is switched on again.")
            line = _("%(who)s switched it off.", who=who)
            left = int((piece.end - seen.at) // 60) + 1 if piece.end else 0
            if 0 < left <= 180:
                line += " " + words.ngettext("%(num)s more minute.", "%(num)s more minutes.", left)
            return "moon", head, line
        if young:
            return "moon", _("The tablet is asleep. See you tomorrow!"), _("It wakes up at %(time)s.", time=until)
        return (
            "moon",
            _("Off until %(time)s.", time=until) if until else _("Off now."),
            _("By the week's hours.") if words.group == "teen" else _("By the hours of your week."),
        )
    if piece.kind == "only":
        if young:
            return "book", _("It is study time."), ""
        return (
            "book",
            _("Until %(time)s: only the chosen sites.", time=until) if until else _("Only the chosen sites."),
            "",
        )
    after = ""
    if piece.end and seen.then is not None and seen.then.kind == "off" and seen.then.end and not young:
        after = _("Then off until %(time)s.", time=words.when(seen.then.end, seen.at))
    if young:
        return "sun", _("You can use it now."), _("Until %(time)s.", time=until) if until else ""
    return "sun", _("On until %(time)s.", time=until) if until else _("The Internet is on."), after


def day_lines(words: Words, seen: ChildPage) -> list[tuple[str, str]]:
    """Return what is still to come of the day, each as icon and sentence."""
    _ = words.gettext
    found = []
    for piece in seen.day:
        start, end = piece.start or seen.day_start, piece.end
        if end is None or end <= seen.at or piece.kind not in ("off", "only"):
            continue
        first, last = words.clock(start), words.clock(end)
        if piece.kind == "off":
            found.append(("moon", _("Off from %(start)s to %(end)s", start=first, end=last)))
        else:
            found.append(("book", _("Only the chosen sites from %(start)s to %(end)s", start=first, end=last)))
    return found or [("sun", _("Nothing is planned for the rest of the day."))]


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


def budgets(words: Words, seen: ChildPage) -> list[dict[str, Any]]:
    """Return what is left today, about."""
    _ = words.gettext
    found = []
    for one in seen.budgets:
        name = shown_all(one.services, one.categories, words.language)
        left = max(0, one.minutes - one.used)
        if one.used_up:
            text = (
                _("Enough play for today. More tomorrow!")
                if words.group == "young"
                else _("Today's share is used. A new one comes at 0:00.")
            )
        elif words.group == "teen":
            text = _("about %(left)s of %(total)s min left", left=left, total=one.minutes)
        else:
            text = words.ngettext("About %(num)s minute left.", "About %(num)s minutes left.", left)
        tokens = min(12, -(-one.minutes // TOKEN_MINUTES))
        full = min(tokens, -(-left * tokens // max(one.minutes, 1)))
        found.append({"name": name, "used": one.used, "minutes": one.minutes, "text": text, "used_up": one.used_up,
                      "tokens": [i < full for i in range(tokens)]})  # fmt: skip
    return found


def wish(words: Words, seen: ChildPage, asked: Wish) -> dict[str, str]:
    """Return what became of one request."""
    _ = words.gettext
    what = shown(asked.scope, asked.value, words.language) if asked.value else _("More time")
    who = asked.by or _("Your parents")
    at = words.when(asked.at, seen.at)
    if asked.state == "granted":
        sign, text = (
            "check",
            _("%(who)s says yes!", who=who) if words.group == "young" else _("%(who)s said yes.", who=who),
        )
    elif asked.state == "refused":
        sign, text = "minus", _("Not this time.")
    elif asked.state == "expired":
        sign, text = "clock", _("Nobody answered by %(time)s.", time=words.when(asked.at + EXPIRE_S, seen.at))
    else:
        sign, text = "ask", _("Sent at %(time)s, waiting.", time=at)
    return {"what": what, "icon": sign, "text": text, "note": asked.note, "state": asked.state}


def sees(words: Words, seen: ChildPage) -> str:
    """Return what the parents see, truthfully."""
    _ = words.gettext
    if seen.level == "nothing":
        return _("The box writes nothing down.")
    if words.group == "young":
        return _("Your parents know how long you play.")
    if seen.level == "counts":
        return _("Your parents see numbers only, no names of sites.")
    if seen.parent_sees == "categories":
        return _("Your parents see category and time; a name only when you ask for it.")
    if seen.level == "blocked":
        return words.ngettext(
            "Your parents see names of closed sites for %(num)s day, and rough minutes.",
            "Your parents see names of closed sites for %(num)s days, and rough minutes.", seen.detail_days,
        )  # fmt: skip
    return words.ngettext(
        "Your parents can see names of sites for %(num)s day, and rough minutes.",
        "Your parents can see names of sites for %(num)s days, and rough minutes.", seen.detail_days,
    )  # fmt: skip


def why_title(words: Words, why: Closed) -> str:
    """Return the headline of a closed site."""
    _ = words.gettext
    return {
        "scam": _("This page plays tricks"), "off": _("The Internet is off now"), "hours": _("Not at this time"),
        "budget": _("Enough for today"), "open": _("This page is open"),
    }.get(why.kind, _("This page is closed here"))  # fmt: skip


def why_line(words: Words, seen: ChildPage, why: Closed) -> str:
    """Return why a site is closed, by age."""
    _ = words.gettext
    young = words.group == "young"
    until = words.when(why.until, seen.at) if why.until else ""
    if why.kind == "scam":
        return (
            _("Let's go elsewhere.")
            if young
            else _("A scam or malware page, closed to keep your device and accounts safe.")
        )
    if why.kind in ("off", "hours"):
        return _("It opens again at %(time)s.", time=until) if until else _("It opens again later.")
    if why.kind == "budget":
        return _("More tomorrow!") if young else _("Today's share is used. A new one comes at 0:00.")
    if why.kind == "open":
        return _("Try once more in a minute. If it still leads here, restart the browser.")
    if young:
        return _("This page is for bigger people.")
    if words.group == "teen" and why.category:
        category = shown("category", why.category, words.language)
        return _("Category: %(category)s. Ask your parents if you need it for school.", category=category)
    return _("Not for your age yet. Ask your parents if you need it.")


def _error(words: Words, seen: ChildPage, kind: str) -> str:
    _ = words.gettext
    young = words.group == "young"
    return {
        "": "", "what": _("Choose what you would like to ask for."),
        "site": _("Write the site's name, such as example.com."),
        "words": _("One short line, please."),
        "twice": _("That was asked already. It waits for an answer."),
        "many": _("Let's wait a bit.") if young
        else words.ngettext("%(num)s request an hour is the most. Let's wait a bit.",
                            "%(num)s requests an hour are the most. Let's wait a bit.", MAX_HOURLY),
    }.get(kind, "")  # fmt: skip


def _whys(words: Words) -> list[tuple[str, str]]:
    _ = words.gettext
    return [("school", _("Homework")), ("class", _("Class group")), ("fun", _("For fun"))]


def _services(words: Words, seen: ChildPage) -> list[tuple[str, str]]:
    """Return services that this child has to do with: of budgets alone, for a list of closed ones is never shown."""
    idents = dict.fromkeys(ident for one in seen.budgets for ident in one.services)
    return [(ident, shown("service", ident, words.language)) for ident in list(idents)[:3]]


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
    zone = words.gettext("Vietnam time") if str(words.zone) == "Asia/Ho_Chi_Minh" else str(words.zone)
    return _environment().get_template(template).render(
        _=words.gettext, language=words.language, group=words.group, seen=seen, icon=_icon, clock=clock, zone=zone,
        waiting=seen is not None and any(r.state == "pending" for r in seen.requests), asset=_asset,
        here=here(seen) if seen else 0, **values,
    )  # fmt: skip


@lru_cache(maxsize=1)
def _environment() -> Environment:
    return Environment(
        loader=PackageLoader("webui.child"), autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )  # fmt: skip


def _icon(name: str) -> Markup:
    return Markup('<svg class="icon" aria-hidden="true"><use href="{}#{}"></use></svg>').format(
        _asset("icons.svg"), name
    )


@lru_cache(maxsize=16)
def _asset(name: str) -> str:
    file = {"pico.css": "static/vendor/pico-2.1.1.min.css", "child.js": "child/child.js"}.get(name, f"static/{name}")
    digest = hashlib.sha256(resources.files("webui").joinpath(file).read_bytes()).hexdigest()[:10]
    return f"/s/{name}?v={digest}"


__all__ = ["LATELY_S", "closed", "help_first", "mine", "reason", "sorry"]
