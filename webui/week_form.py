"""The form of a window, read leniently: what stands in it, the window it means, and what is wrong with it.

given = of_request(request.values)
given.window()                      # ConfigError names the field
clock_text("21h30"), clock_text("2130"), clock_text("7")          # "21:30", "21:30", "7:00"
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from werkzeug.datastructures import MultiDict

from filterd.control import week as weeks
from filterd.control.choices import site_text
from filterd.model.household import Effect, Window

KINDS = ("off", "only", "permit")
KIND_OF = {Effect.OFFLINE: "off", Effect.ONLY: "only", Effect.PERMIT: "permit"}
MAX_TEXT = 6_000
MAX_THINGS = 200
_TIME = re.compile(r"(\d{1,2})(?:\s*(?:[:.,hg]|giờ)\s*(\d{1,2})?)?\s*(?:phút|p)?", re.IGNORECASE)
_DIGITS = re.compile(r"(\d{1,2})(\d{2})")


@dataclass(frozen=True, slots=True)
class Form:
    """What stands in the form, as it was typed. `things`: `service:tiktok`, `category:games`."""

    kind: str = "off"
    days: tuple[int, ...] = tuple(range(7))
    start: str = "21:30"
    end: str = "6:00"
    things: tuple[str, ...] = ()
    sites: str = ""
    index: int | None = None  # among the weekly windows; None: a new one

    def window(self) -> Window:
        """Return the window; ConfigError names the field that is wrong."""
        is_off = self.kind == "off"
        services = [t.removeprefix("service:") for t in self.things if t.startswith("service:")]
        categories = [t.removeprefix("category:") for t in self.things if t.startswith("category:")]
        return weeks.window_of(
            self.kind, self.days, clock_text(self.start), clock_text(self.end),
            services=() if is_off else services, categories=() if is_off else categories,
            names=self.sites.split() if self.kind == "only" else (),
        )  # fmt: skip

    @property
    def is_over_midnight(self) -> bool:
        """True when the end is on the next day."""
        start, end = minute_of(self.start), minute_of(self.end)
        return start is not None and end is not None and end <= start


def of_window(window: Window, index: int) -> Form:
    """Return the form of a weekly window."""
    things = (*(f"service:{s}" for s in window.services), *(f"category:{c}" for c in window.categories))
    days = tuple(range(7)) if window.days is None else tuple(sorted(window.days))
    sites = "\n".join(site_text(n) for n in window.names)
    return Form(KIND_OF[window.effect], days, _clock(window.start), _clock(window.end), things, sites, index)


def of_values(values: MultiDict[str, str], default: Form | None = None) -> Form:
    """Return the form that was sent; `default`: where a link says only some of it."""
    base = default or Form(days=())
    days = tuple(sorted({int(d) for d in values.getlist("day") if len(d) == 1 and d in "0123456"}))
    index = values.get("index", "")
    kind = values.get("kind", base.kind)
    return Form(
        kind if kind in KINDS else "off",
        days or base.days,
        values.get("from", base.start)[:20].strip(),
        values.get("to", base.end)[:20].strip(),
        tuple(dict.fromkeys(t for t in values.getlist("thing")[:MAX_THINGS] if t)),
        values.get("sites", "")[:MAX_TEXT],
        int(index) if index.isascii() and index.isdigit() and len(index) < 5 else None,
    )


def clock_text(text: str) -> str:
    """Return a time as 21:30, however it was typed; what is no time as it is."""
    minute = minute_of(text)
    return text if minute is None else _clock(minute, whole=True)


def minute_of(text: str) -> int | None:
    """Return the minute of the day of a typed time (21:30, 2130, 21h30, 21 giờ, 7); None when it is none."""
    plain = text.strip()
    if not plain.isascii() and "giờ" not in plain and "phút" not in plain:
        return None
    match = _DIGITS.fullmatch(plain) or _TIME.fullmatch(plain)
    if match is None:
        return None
    hours, minutes = int(match[1]), int(match[2] or 0)
    found = hours * 60 + minutes
    return found if minutes < 60 and found <= 1440 else None


def _clock(minute: int, whole: bool = False) -> str:
    if whole and minute == 1440:
        return "24:00"
    return f"{minute // 60 % 24}:{minute % 60:02d}"
