"""Rows of the history about lists: who added, changed, removed, switched or rolled back what.

What a list brings by itself, day after day, is in its own history (lists_look.py); here is what a person did.

    listed(state, Who("quản trị", "web"), "list disabled", before, after)
    rolled_back(state, Who("quản trị", "web"), "bundles/7f3a.flt", "bundles/1b2c.flt")
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from filterd.model.change import Body, Change, Edit, Who

if TYPE_CHECKING:
    from filterd.listbuild.registry import Listed

MAX_FROM = 300  # characters of an address


def listed(state: Path, who: Who, verb: str, before: Listed | None, after: Listed | None) -> Change | None:
    """Write that a list is another one now; None stands for none. Nothing that people decide differs: no row."""
    from filterd.control.record import record  # a start of the page needs none of what it loads

    ident = (before or after or _never()).id
    sides = None if before is None else body_of(before), None if after is None else body_of(after)
    return record(state, who, verb, Edit("list", ident, *sides))


def rolled_back(state: Path, who: Who, before: str, after: str) -> Change | None:
    """Write that another set of lists is in force. `before`, `after`: the bundles' files; "": there was none."""
    from filterd.control.record import record

    sides = {"file": Path(before).name} if before else None, {"file": Path(after).name}
    return record(state, who, "lists rolled back", Edit("lists", "", *sides))


def one_rolled_back(state: Path, who: Who, before: Listed, after: Listed) -> Change | None:
    """Write that an earlier version of one list is in use."""
    from filterd.control.record import record

    sides = [{"version": one.digest[:16], "names": one.names} for one in (before, after)]
    return record(state, who, "list rolled back", Edit("list", after.id, sides[0], sides[1]))


def body_of(one: Listed) -> Body:
    """Return what the history says about a list: what people decide, without secrets of an address, and no sizes."""
    return {
        "category": one.category,
        "format": one.asked,
        "from": _plain(one.origin)[:MAX_FROM],
        "enabled": one.enabled,
        **({"mandatory": True} if one.mandatory else {}),
        "shrink": one.shrink,
        "grow": one.grow,
    }


def _plain(origin: str) -> str:
    """Return an address without user, password and query: keys stand there."""
    if "://" not in origin:
        return origin
    parts = urlsplit(origin)
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}{parts.path}"


def _never() -> Listed:
    raise AssertionError("a list before, or one after")
