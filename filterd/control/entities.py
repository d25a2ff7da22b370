"""The household as entities of the store, and back.

A profile, a device, a grant and an off are an entity each, everything else of the household is one more. Bodies are the
plain values of the household's file, so that one reader (config/household.py) judges a file and the store alike.

    bodies = bodies_of(household)
    assert household_of(bodies, known_words(state)) == household
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import replace
from functools import lru_cache
from typing import Any

from filterd.config.document import to_instant
from filterd.config.household import read
from filterd.config.household_out import to_document
from filterd.config.household_words import Known
from filterd.errors import ConfigError, StoreError
from filterd.model.change import Body, Key
from filterd.model.household import Household

HOUSEHOLD: Key = ("household", "")
LISTS = {
    "profile": "profiles",
    "device": "devices",
    "grant": "grants",
    "off": "internet_off",
}  # kind -> key of the file
_LABEL = "household"
_TIMES = ("from", "until", "ended")
# what JSON leaves as it is and YAML reads as the end of a line
_BREAKS = {0x85: "\\u0085", 0x2028: "\\u2028", 0x2029: "\\u2029", 0x7F: "\\u007f", 0xFEFF: "\\ufeff"}
_LINE = re.compile(rf" \({_LABEL}:\d+\)$")


def is_household(key: Key) -> bool:
    """Return whether an entity is part of the household (requests and settings are not)."""
    return key == HOUSEHOLD or key[0] in LISTS


def bodies_of(household: Household) -> dict[Key, Body]:
    """Return the entities of a household in which every grant and off has an id. ConfigError: one stands there twice."""
    document = to_document(household)
    found: dict[Key, Body] = {}
    for kind, key in LISTS.items():
        for body in document.pop(key, []):
            if (kind, body["id"]) in found:  # the later must not replace it silently
                raise ConfigError(f"{kind}: there is a {body['id']!r} already")
            found[kind, body["id"]] = body
    found[HOUSEHOLD] = document
    return found


def household_of(bodies: Mapping[Key, Body], known: Known) -> Household:
    """Return the household of these entities; ConfigError says what does not fit together."""
    if HOUSEHOLD not in bodies:
        raise StoreError("the household database holds no household")
    document: dict[str, Any] = dict(bodies[HOUSEHOLD])
    for kind, key in LISTS.items():
        document[key] = [body for (of, _), body in bodies.items() if of == kind]
    try:
        text = json.dumps(document, ensure_ascii=False).translate(_BREAKS)
    except (TypeError, ValueError, RecursionError):
        raise ConfigError("household: expected plain values: text, numbers, lists and mappings") from None
    try:
        return _read(text, known)
    except ConfigError as exc:
        raise ConfigError([_LINE.sub("", problem) for problem in exc.problems]) from None  # there is no file with lines


@lru_cache(maxsize=2)  # a page asks several times for the same one, and reading it takes longer than all the rest
def _read(text: str, known: Known) -> Household:
    return read(text, known, _LABEL)


def as_written(own: dict[Key, Body], stored: Mapping[Key, Body]) -> dict[Key, Body]:
    """Return `own` with grants and offs word by word as in `stored` where they mean the same: their times are written
    in the household's zone, and another zone is no change of theirs.
    """
    kept = {
        key: stored[key]
        for key, body in own.items()
        if key[0] in ("grant", "off") and key in stored and _mean_the_same(stored[key], body)
    }
    return {**own, **kept}


def _mean_the_same(one: Body, other: Body) -> bool:
    def moments(body: Body) -> dict[str, Any]:
        return {key: to_instant(value) if key in _TIMES else value for key, value in body.items()}

    try:
        return moments(one) == moments(other)
    except (ValueError, AttributeError):  # damaged: it is written anew
        return False


def with_ids(household: Household, number: int) -> Household:
    """Return `household` with an id for every grant and off that has none. `number`: of the change, so ids are new."""
    grants, offs = [], []
    taken = {g.id for g in household.grants} | {o.id for o in household.internet_off}
    count = 0

    def new_id(letter: str) -> str:
        nonlocal count
        while True:
            count += 1
            ident = f"{letter}{number}" if count == 1 else f"{letter}{number}-{count}"
            if ident not in taken:
                taken.add(ident)
                return ident

    for grant in household.grants:
        grants.append(grant if grant.id else replace(grant, id=new_id("g")))
    for off in household.internet_off:
        offs.append(off if off.id else replace(off, id=new_id("o")))
    return replace(household, grants=tuple(grants), internet_off=tuple(offs))
