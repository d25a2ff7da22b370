"""A window as a whole sentence, in Vietnamese and English (UI.md 3.4). Pure; names of services are the caller's.

sentence(bedtime, "vi")       # "Chủ nhật đến thứ Năm, 21:00 đến 6:00 hôm sau: tắt mạng."
length(bedtime, "en")         # "9 hours each night."
"""

from __future__ import annotations

from collections.abc import Mapping

from filterd.model.household import Effect, Window
from filterd.policy.say import WEEKDAYS, capital, clock, day_set, joined
from filterd.wire.name import to_text

_DAY = 1440
_NAMES = 3  # sites and services that are said by name; of more their number is
_WORDS: dict[str, dict[str, str]] = {
    "vi": {
        "off": "{days}, {start} đến {end}: tắt mạng.",
        "off.night": "{days}, {start} đến {end} hôm sau: tắt mạng.",
        "off.once": "{day} {start} đến {day2} {end}: tắt mạng.",
        "off.day": "{days}, cả ngày: tắt mạng.",
        "only": "{days}: chỉ {set}, từ {start} đến {end}.",
        "only.night": "{days}: chỉ {set}, từ {start} đến {end} hôm sau.",
        "only.once": "{day} {start} đến {day2} {end}: chỉ {set}.",
        "only.day": "{days}: chỉ {set}, cả ngày.",
        "permit": "{days}: cho phép {set} từ {start} đến {end}.",
        "permit.night": "{days}: cho phép {set} từ {start} đến {end} hôm sau.",
        "permit.once": "{day} {start} đến {day2} {end}: cho phép {set}.",
        "permit.day": "{days}: cho phép {set} cả ngày.",
        "else": "Ngoài giờ đó: đóng.",
        "sites": "{n} trang",
        "things": "{n} trang và dịch vụ",
        "nothing": "các trang luôn mở",
        "length.night": "Mỗi đêm {length}.",
        "length.day": "Mỗi lần {length}.",
        "overlap": "Trùng với “{other}”. Phần chặt hơn sẽ được dùng.",
    },
    "en": {
        "off": "{days}, {start} to {end}: off.",
        "off.night": "{days}, {start} to {end} the next day: off.",
        "off.once": "{day} {start} to {day2} {end}: off.",
        "off.day": "{days}, all day: off.",
        "only": "{days}: only {set}, {start} to {end}.",
        "only.night": "{days}: only {set}, {start} to {end} the next day.",
        "only.once": "{day} {start} to {day2} {end}: only {set}.",
        "only.day": "{days}: only {set}, all day.",
        "permit": "{days}: {set} allowed {start} to {end}.",
        "permit.night": "{days}: {set} allowed {start} to {end} the next day.",
        "permit.once": "{day} {start} to {day2} {end}: {set} allowed.",
        "permit.day": "{days}: {set} allowed all day.",
        "else": "Outside these hours: closed.",
        "sites": "{n} sites",
        "things": "{n} sites and services",
        "nothing": "the sites that are always open",
        "length.night": "{length} each night.",
        "length.day": "{length} each time.",
        "overlap": 'Overlaps with "{other}". The stricter one is used.',
    },
}
_KINDS = {Effect.OFFLINE: "off", Effect.ONLY: "only", Effect.PERMIT: "permit"}


def kind_of(window: Window) -> str:
    """Return what a window does in the page's word: off, only or permit."""
    return _KINDS[window.effect]


def sentence(window: Window, language: str, names: Mapping[str, str] | None = None) -> str:
    """Return a window in one sentence. `names`: what services and categories are called, by id."""
    shape = _shape(window)
    weekdays = WEEKDAYS[language]
    first = min(window.days) if window.days else 0
    text = _WORDS[language][f"{kind_of(window)}{shape}"].format(
        days=day_set(window.days, language),
        day=weekdays[first],
        day2=weekdays[(first + 1) % 7],
        start=clock(window.start),
        end=clock(window.end),
        set=opened(window, language, names or {}),
    )
    return capital(text)


def complement(window: Window, language: str) -> str:
    """Return what holds outside the hours of a service; "" for other windows."""
    return _WORDS[language]["else"] if window.effect is Effect.PERMIT else ""


def opened(window: Window, language: str, names: Mapping[str, str]) -> str:
    """Return what a window opens: a few names, or how many there are."""
    words = _WORDS[language]
    called = [names.get(one, one) for one in (*window.services, *window.categories)]
    sites = [to_text(name) for name in window.names]
    count = len(called) + len(sites)
    if count == 0:
        return words["nothing"]
    if count <= _NAMES:
        return joined([*called, *sites], language)
    return words["things" if called else "sites"].format(n=count)


def length(window: Window, language: str) -> str:
    """Return how long a window is, in a sentence."""
    hours, minutes = divmod(window.end - window.start, 60)
    if language == "vi":
        parts = [f"{hours} giờ"] * bool(hours) + [f"{minutes} phút"] * bool(minutes)
    else:
        parts = [f"{hours} hour{'s' * (hours != 1)}"] * bool(hours)
        parts += [f"{minutes} minute{'s' * (minutes != 1)}"] * bool(minutes)
    kind = "length.night" if window.end > _DAY else "length.day"
    return _WORDS[language][kind].format(length=" ".join(parts))


def overlap_notice(other: Window, language: str) -> str:
    """Return the notice that a window overlaps with another one."""
    return _WORDS[language]["overlap"].format(other=other.name)


def conflict(one: Window, other: Window) -> bool:
    """Return whether two windows at one time are worth a notice: hours of services bear each other."""
    return not (one.effect is Effect.PERMIT and other.effect is Effect.PERMIT)


def _shape(window: Window) -> str:
    if (window.start, window.end) == (0, _DAY):
        return ".day"
    if window.end <= _DAY:  # to 0:00 is the end of the same day
        return ""
    return ".once" if window.days is not None and len(window.days) == 1 else ".night"
