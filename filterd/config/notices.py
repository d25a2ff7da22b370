"""Reads advisories, cards and outcomes: of the feed's JSON (signed, and judged all the same), and of YAML files.

One entry that is wrong is a ConfigError with its path and what was expected: the office sees it before it publishes, and
a box keeps the file before it. Every text is plain, of bounded length, and in both languages.

    advisories({"layout": 1, "advisories": [...]}, "advisories.json")
    cards()                                  # those that are shipped: blocklists/materials/*.yaml
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Mapping, Sequence
from datetime import date
from functools import lru_cache
from importlib import resources
from typing import Any, TypeVar

import yaml

from filterd.errors import ConfigError
from filterd.model.feed import Words
from filterd.model.notice import MAX_AGE, NO_WORDS, Advisory, Audience, Card, Outcome, Verdict

LAYOUT = 1
MAX_ADVISORIES = 50
MAX_CARDS = 300
MAX_OUTCOMES = 5000
MAX_STEPS = 6
MAX_TITLE, MAX_TEXT, MAX_STEP, MAX_NOTE = 120, 600, 240, 300
_IDENT = re.compile(r"[a-z0-9][a-z0-9.-]{0,79}")
_KEY = re.compile(r"[0-9a-f]{32}")
_Loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_T = TypeVar("_T")


def advisories(document: Any, where: str = "advisories") -> tuple[Advisory, ...]:
    """Return the advisories of a document, the newest first. Raises ConfigError."""
    found = _all(document, "advisories", MAX_ADVISORIES, advisory, where)
    return tuple(sorted(found, key=lambda one: (one.date, one.id), reverse=True))


def materials(document: Any, where: str = "materials") -> tuple[Card, ...]:
    """Return the cards of a document, in their order. Raises ConfigError."""
    return _all(document, "materials", MAX_CARDS, card, where)


def outcomes(document: Any, where: str = "outcomes") -> dict[str, Outcome]:
    """Return the outcomes of a document by the keys of their reports. Raises ConfigError."""
    return {one.key: one for one in _all(document, "outcomes", MAX_OUTCOMES, outcome, where)}


def advisory(values: Any, where: str = "advisory") -> Advisory:
    """Return one advisory from plain values: id, date, title, text; do, talk, until, source. Raises ConfigError."""
    given = _keys(values, where, ("id", "date", "title", "text"), ("do", "talk", "until", "source"))
    day = _day(given["date"], f"{where}.date")
    until = _day(given["until"], f"{where}.until") if given.get("until") else ""
    if until and until < day:
        raise ConfigError(f"{where}.until: expected a day that is not before {day}, got {until}")
    return Advisory(
        _ident(given["id"], f"{where}.id"), day, _phrase(given["title"], f"{where}.title", MAX_TITLE),
        _phrase(given["text"], f"{where}.text", MAX_TEXT), _steps(given.get("do") or [], f"{where}.do"),
        _phrase(given["talk"], f"{where}.talk", MAX_TEXT) if given.get("talk") else None, until,
        _phrase(given["source"], f"{where}.source", MAX_TITLE) if given.get("source") else None,
    )  # fmt: skip


def card(values: Any, where: str = "card") -> Card:
    """Return one card from plain values: id, audience, ages, title, text, steps, source. Raises ConfigError."""
    given = _keys(values, where, ("id", "audience", "ages", "title", "text", "source"), ("steps",))
    if given["audience"] not in list(Audience):
        raise ConfigError(f"{where}.audience: expected {', '.join(Audience)}, got {str(given['audience'])[:40]!r}")
    ages = given["ages"]
    right = isinstance(ages, list) and len(ages) == 2 and all(type(age) is int for age in ages)
    if not right or not 0 <= ages[0] <= ages[1] <= MAX_AGE:
        raise ConfigError(f"{where}.ages: expected [first, last] from 0 to {MAX_AGE}")
    return Card(
        _ident(given["id"], f"{where}.id"), Audience(given["audience"]), (ages[0], ages[1]),
        _phrase(given["title"], f"{where}.title", MAX_TITLE), _phrase(given["text"], f"{where}.text", MAX_TEXT),
        _steps(given.get("steps") or [], f"{where}.steps"), _phrase(given["source"], f"{where}.source", MAX_NOTE),
    )  # fmt: skip


def outcome(values: Any, where: str = "outcome") -> Outcome:
    """Return one outcome from plain values: key, verdict, date; note. Raises ConfigError."""
    given = _keys(values, where, ("key", "verdict", "date"), ("note",))
    if not isinstance(given["key"], str) or not _KEY.fullmatch(given["key"]):
        raise ConfigError(f"{where}.key: expected 32 hexadecimal digits")
    if given["verdict"] not in list(Verdict):
        raise ConfigError(f"{where}.verdict: expected {', '.join(Verdict)}, got {str(given['verdict'])[:40]!r}")
    note = _phrase(given["note"], f"{where}.note", MAX_NOTE) if given.get("note") else NO_WORDS
    return Outcome(given["key"], Verdict(given["verdict"]), _day(given["date"], f"{where}.date"), note)


@lru_cache(maxsize=1)
def cards() -> tuple[Card, ...]:
    """Return the cards that are shipped. Raises ConfigError with the file."""
    folder = resources.files("blocklists") / "materials"
    found: dict[str, Card] = {}
    for file in sorted((f for f in folder.iterdir() if f.name.endswith(".yaml")), key=lambda f: f.name):
        try:
            values = yaml.load(file.read_bytes(), Loader=_Loader)  # one of the two safe loaders
        except (OSError, yaml.YAMLError, UnicodeDecodeError) as exc:
            raise ConfigError(f"{file.name}: cannot be read: {exc}") from exc
        for number, one in enumerate(values if isinstance(values, list) else [values]):
            made = card(one, f"{file.name}[{number}]")
            if made.id in found:
                raise ConfigError(f"{file.name}: {made.id} is there twice")
            found[made.id] = made
    return tuple(found.values())


# --- pieces ---


def line(text: Any, where: str, most: int, *, empty: bool = False) -> str:
    """Return a text of one line as it may be shown: NFC, printable, at most `most` letters. Raises ConfigError."""
    if not isinstance(text, str):
        raise ConfigError(f"{where}: expected text, got {type(text).__name__}")
    found = unicodedata.normalize("NFC", text).strip()
    if not found and not empty:
        raise ConfigError(f"{where}: expected text, got none")
    if len(found) > most:
        raise ConfigError(f"{where}: expected at most {most} letters, got {len(found)}")
    if not found.isprintable():  # no line feeds, no terminal codes, nothing that turns the writing around
        raise ConfigError(f"{where}: expected one line of printable letters")
    return found


def _all(document: Any, key: str, most: int, read: Callable[[Any, str], _T], where: str) -> tuple[_T, ...]:
    given = _keys(document, where, ("layout", key), ())
    if given["layout"] != LAYOUT:
        raise ConfigError(f"{where}.layout: expected {LAYOUT}, got {str(given['layout'])[:20]!r}")
    entries = given[key]
    if not isinstance(entries, list) or len(entries) > most:
        raise ConfigError(f"{where}.{key}: expected a list of at most {most}")
    found: dict[str, _T] = {}
    for number, values in enumerate(entries):
        one = read(values, f"{where}.{key}[{number}]")
        ident = str(getattr(one, "id", "") or getattr(one, "key", ""))
        if ident in found:
            raise ConfigError(f"{where}.{key}[{number}]: {ident} is there twice")
        found[ident] = one
    return tuple(found.values())


def _keys(values: Any, where: str, needed: Sequence[str], more: Sequence[str]) -> Mapping[str, Any]:
    if not isinstance(values, dict):
        raise ConfigError(f"{where}: expected a mapping, got {type(values).__name__}")
    missing = [key for key in needed if key not in values]
    unknown = [str(key)[:40] for key in values if key not in needed and key not in more]
    if missing or unknown:
        said = [f"{', '.join(missing)} missing"] * bool(missing) + [f"{', '.join(unknown)} unknown"] * bool(unknown)
        raise ConfigError(f"{where}: expected {', '.join((*needed, *more))}; {'; '.join(said)}")
    return values


def _phrase(values: Any, where: str, most: int) -> Words:
    both = _keys(values, where, ("vi", "en"), ())
    return Words(*(line(both[code], f"{where}.{code}", most) for code in ("vi", "en")))


def _steps(values: Any, where: str) -> tuple[Words, ...]:
    if not isinstance(values, list) or len(values) > MAX_STEPS:
        raise ConfigError(f"{where}: expected a list of at most {MAX_STEPS}")
    return tuple(_phrase(one, f"{where}[{number}]", MAX_STEP) for number, one in enumerate(values))


def _ident(text: Any, where: str) -> str:
    if not isinstance(text, str) or not _IDENT.fullmatch(text):
        raise ConfigError(f"{where}: expected lower-case letters, digits, dots and hyphens, at most 80")
    return text


def _day(text: Any, where: str) -> str:
    try:
        return date.fromisoformat(str(text)).isoformat()
    except ValueError:
        raise ConfigError(f"{where}: expected a day such as 2026-11-24, got {str(text)[:40]!r}") from None
