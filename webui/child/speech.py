"""How the child's page speaks: its language, the words of an age, what the parents are called, times of the day.

young (to 9): short and big; older (10 to 13); teen (14 to 17): by name. Parents are called as the household's children
call them.

    words = Words(request, seen)
    words.gettext("Ask %(parents)s"), words.clock(at)        # "Xin mẹ", "21:30"
"""

from __future__ import annotations

from datetime import datetime, tzinfo
from zoneinfo import ZoneInfo

from werkzeug.wrappers import Request

from filterd.control.child import ChildPage
from filterd.control.notices import SHIPPED
from filterd.control.say import capital
from webui.catalogue import LANGUAGES, translations

GROUPS = {"age-0-6": "young", "age-7-9": "young", "age-10-13": "older", "age-14-17": "teen"}


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
        parents = (seen.parents if seen else "") or ("your parents" if self.language == "en" else "bố mẹ")
        you = "you"
        if self.language == "vi":
            you = seen.name if seen is not None and seen.name and self.group == "teen" else "con"
        self._people = {"parents": parents, "Parents": capital(parents), "you": you, "You": capital(you)}
        self._people["hotline"] = (seen.links if seen else SHIPPED).hotline

    def gettext(self, text: str, **values: object) -> str:
        """Return a sentence in this language; it may speak of %(parents)s and to %(you)s, and begin with them."""
        return self._catalogue.gettext(text) % {**self._people, **values}

    def ngettext(self, one: str, many: str, num: int, **values: object) -> str:
        """Return the form of a sentence for `num`."""
        return self._catalogue.ngettext(one, many, num) % {**self._people, "num": num, **values}

    @property
    def whom(self) -> str:
        """Whom a child's own sentence speaks to."""
        return "you" if self.language == "en" else self._people["parents"]

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
