"""A starter list: names of one category, each with its reason and the public lists that hold it.

    # Starter list: games. Protects the first evening, before the first sync.
    # Criteria: known widely (in Vietnam first), ...
    # Reviewed: 2026-11-24. How a name gets in or out: ../README.md
    # Gap: what is known to be missing, where something is

    # Trang nhiều trò chơi | pages full of browser games
    y8.com           # UT1

A remark of its own line is the reason of the names below it, up to the next empty line; what follows a name are the
lists on which it stood when it was reviewed. A name without either stops the start: nothing is blocked for no reason.
"""

from __future__ import annotations

import re
from datetime import date

from filterd.config.catalogue_entry import read_name
from filterd.config.catalogue_values import StarterList, StarterName
from filterd.errors import ConfigError

_HEAD = re.compile(r"(Starter list|Criteria|Reviewed|Gap): (.*)")


def read_starter(file: str, category: str, text: str) -> StarterList:
    """Return the starter list in `text`, which is the content of `file`. ConfigError names file and line."""
    head, _, body = text.partition("\n\n")
    said = _head(head)
    for key in ("Criteria", "Reviewed"):
        if not said.get(key):
            raise ConfigError(f"{file}: head: expected a line `# {key}: ...` before the first empty line")
    reviewed = said["Reviewed"].partition(" ")[0].rstrip(".")
    if not _is_date(reviewed):
        raise ConfigError(f"{file}: Reviewed: expected a date such as 2026-11-24, got {reviewed!r}")
    names = tuple(_names(file, body, head.count("\n") + 3))
    return StarterList(category, said["Criteria"], reviewed, said.get("Gap", ""), names)


def _is_date(text: str) -> bool:
    try:
        return date.fromisoformat(text).isoformat() == text  # Python reads 20261124 and 2026-W48-2 too
    except ValueError:
        return False


def _head(text: str) -> dict[str, str]:
    """Return what the remarks at the top say, by their first word; a line without one goes on with the one before."""
    said: dict[str, str] = {}
    key = ""
    for line in text.splitlines():
        words = line.removeprefix("#").strip()
        if found := _HEAD.match(words):
            key, said[found[1]] = found[1], found[2]
        elif key:
            said[key] += f" {words}"
    return said


def _names(file: str, body: str, first: int) -> list[StarterName]:
    names: list[StarterName] = []
    reason: tuple[str, str] | None = None
    for number, line in enumerate(body.splitlines(), first):
        place = f"line {number}"
        text, _, remark = (part.strip() for part in line.partition("#"))
        if not text:
            reason = _reason(file, place, remark) if remark else None
            continue
        name = read_name(file, place, text)
        if reason is None:
            raise ConfigError(f"{file}: {place}: {text!r} has no reason: expected `# tiếng Việt | English` above it")
        source = tuple(part.strip() for part in remark.split(",") if part.strip())
        if not source:
            raise ConfigError(f"{file}: {place}: {text!r} has no source: expected the lists that hold it after a #")
        names.append(StarterName(name, *reason, source))
    return names


def _reason(file: str, place: str, remark: str) -> tuple[str, str]:
    vi, bar, en = (part.strip() for part in remark.partition("|"))
    if not (vi and bar and en):
        raise ConfigError(f"{file}: {place}: expected a reason `# tiếng Việt | English`, got {remark!r}")
    return vi, en
