"""A window as a form says it: judged, named, and with a notice where it overlaps with another one. Pure.

window_of("off", {6, 0, 1, 2, 3}, "21:00", "6:00")
notices(windows, window, "vi")       # ("Trùng với “Giờ ngủ”. Phần chặt hơn sẽ được dùng.",)
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence

from filterd.config.sitename import site_name
from filterd.errors import ConfigError
from filterd.model.household import Effect, Window
from filterd.policy.grid import overlap
from filterd.policy.say import language_of
from filterd.policy.window_words import conflict, kind_of, overlap_notice

KINDS = {"off": Effect.OFFLINE, "only": Effect.ONLY, "permit": Effect.PERMIT}
MAX_NAME = 80  # characters, as the household's file
EVENING = 19 * 60  # from here on an "off" over midnight is a bedtime
_DAY = 1440
_TIME = re.compile(r"([0-9]{1,2}):([0-9]{2})")
_NAMES = {
    "vi": {"night": "Giờ ngủ", "off": "Tắt mạng", "only": "Chỉ trang đã chọn", "permit": "Giờ {service}"},
    "en": {"night": "Bedtime", "off": "Off", "only": "Only chosen sites", "permit": "Hours of {service}"},
}


def window_of(
    kind: str,
    days: Collection[int] | None,
    start: str | int,
    end: str | int,
    *,
    services: Collection[str] = (),
    categories: Collection[str] = (),
    names: Collection[str] = (),
    name: str = "",
) -> Window:
    """Return a window as a form says it; ConfigError names the field that is wrong.

    `days`: weekdays on which it starts, 0 is Monday; None: all. Times as 21:30 or minutes; an end that is not after the
    start is on the next day, 24:00 is the end of the day.
    """
    if kind not in KINDS:
        raise ConfigError(f"kind: expected off, only or permit, got {kind!r}")
    chosen = None if days is None else frozenset(days)
    if chosen is not None and (not chosen or not chosen <= frozenset(range(7))):
        raise ConfigError(f"days: expected at least one of 0 (Monday) to 6 (Sunday), got {sorted(chosen)}")
    begin, stop = _minute(start, "from", _DAY - 1), _minute(end, "to", _DAY)
    if begin == stop:
        raise ConfigError("to: the end is the same as the start; choose another time")
    effect = KINDS[kind]
    sites = tuple(dict.fromkeys(_site(one) for one in names if one.strip()))
    if effect is Effect.OFFLINE and (services or categories or sites):
        raise ConfigError("kind: off closes everything, so it names no services, categories or sites")
    if effect is Effect.PERMIT and (sites or not (services or categories)):
        raise ConfigError("services: hours for a service need at least one service or category, and no sites")
    if effect is Effect.ONLY and not (services or categories or sites):
        raise ConfigError("names: expected at least one site, service or category that stays open")
    return Window(
        _name(name), effect, begin, stop if stop > begin else stop + _DAY,
        None if chosen is not None and len(chosen) == 7 else chosen, sites, tuple(services), tuple(categories),
    )  # fmt: skip


def notices(windows: Sequence[Window], window: Window, language: str, but: int | None = None) -> tuple[str, ...]:
    """Return a notice for each other window that overlaps with `window`: the stricter one is used. `but`: itself."""
    code = language_of(language)
    return tuple(
        overlap_notice(other, code)
        for i, other in enumerate(windows)
        if i != but and conflict(window, other) and overlap(window, other)
    )


def free_name(window: Window, windows: Sequence[Window], language: str, words: Mapping[str, str]) -> str:
    """Return a name for a window that fits and that no other has. `words`: what services and categories are called."""
    is_night = window.effect is Effect.OFFLINE and window.end > _DAY and window.start >= EVENING
    service = next(iter((*window.services, *window.categories)), "")
    pattern = _NAMES[language]["night" if is_night else kind_of(window)]
    base = pattern.format(service=words.get(service, service))[: MAX_NAME - 4]
    taken = {w.name for w in windows}
    name, number = base, 1
    while name in taken:
        number += 1
        name = f"{base} {number}"
    return name


def _minute(value: str | int, field: str, most: int) -> int:
    found = value
    if isinstance(found, str):
        match = _TIME.fullmatch(found.strip())
        found = int(match[1]) * 60 + int(match[2]) if match and int(match[2]) < 60 else -1
    if not 0 <= found <= most:
        raise ConfigError(f"{field}: expected a time such as 21:30, got {value!r}")
    return found


def _site(name: str) -> bytes:
    try:
        return site_name(name)
    except ValueError as exc:
        raise ConfigError(f"names: {name!r} is no site's name: {exc}") from None


def _name(text: str) -> str:
    text = text.strip()
    if len(text) > MAX_NAME or not text.isprintable():
        raise ConfigError(f"name: expected one line of at most {MAX_NAME} characters")
    return text
