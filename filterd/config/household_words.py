"""Words of the household's file that mean something else: ids it gives, and ids of the catalogue and the lists.

ident = new_id(m, taken.profiles, "profile")              # its own, once
profile = ref(m.get("profile"), taken.profiles, "profile")  # one that was given before
"""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass, field

from filterd.config.document import Mapping, Value

_ID = re.compile(r"[a-z0-9][a-z0-9_-]{0,63}")


@dataclass(frozen=True, slots=True)
class Known:
    """The words that a household may use: ids of the catalogue and of the lists in this state."""

    categories: Collection[str]
    services: Collection[str]
    presets: Collection[str]
    engines: Collection[str]  # without youtube, which has levels


@dataclass(slots=True)
class Taken:
    """The ids (holidays: the names) that a file has given so far."""

    profiles: set[str] = field(default_factory=set)
    devices: set[str] = field(default_factory=set)
    holidays: set[str] = field(default_factory=set)
    grants: set[str] = field(default_factory=set)
    offs: set[str] = field(default_factory=set)


def new_id(m: Mapping, taken: set[str], what: str) -> str:
    """Return the id of an entry and note it in `taken`; one that is none, or is taken, is a problem."""
    value = m.need("id")
    if value is None:
        return ""
    ident = value.text(max_len=64)
    if ident and not _ID.fullmatch(ident):
        value.fail(f"expected lower-case letters, digits, - and _ as an id, got {ident!r}")
    elif ident in taken:
        value.fail(f"another {what} has the id {ident}")
    if ident:
        taken.add(ident)
    return ident


def ref(value: Value, known: Collection[str], what: str) -> str:
    """Return a word that is known; '' after noting a problem. `what`: what it names."""
    text = value.text(max_len=64)
    if text and text not in known:
        value.fail(unknown(text, known, what))
        return ""
    return text


def refs(value: Value | None, known: Collection[str], what: str) -> tuple[str, ...]:
    """Return the known words of a list value."""
    if value is None:
        return ()
    return tuple(t for v in value.items(f"a list, such as [{what}]") if (t := ref(v, known, what)))


def unknown(text: str, known: Collection[str], what: str) -> str:
    """Return the problem with a word that is not known; a near miss is suggested."""
    import difflib

    near = difflib.get_close_matches(text, list(known), 1)
    hint = f"; did you mean {near[0]}?" if near else ""
    return f"unknown {what} {text!r}{hint}"
