"""Pages of lists that are in memory: a cursor names the last thing of the page before, so that nothing is skipped or
doubled when others come or go meanwhile.

    items, following = page(devices, lambda d: d.id, limit=50, cursor="")
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable, Sequence
from typing import TypeVar

from webui.api.problem import INVALID, Problem

LIMIT = 50
MOST = 200
Item = TypeVar("Item")


def page(found: Sequence[Item], key: Callable[[Item], str], limit: int, cursor: str) -> tuple[list[Item], str | None]:
    """Return at most `limit` of `found` from behind `cursor`, and the next cursor. Raises Problem: it is none of ours."""
    start = 0
    if cursor:
        last = text_of(cursor)
        start = 1 + next((n for n, one in enumerate(found) if key(one) == last), len(found))
        if start > len(found):
            raise bad_cursor()
    shown = list(found[start : start + limit])
    more = start + limit < len(found)
    return shown, cursor_of(key(shown[-1])) if more else None


def cursor_of(text: str) -> str:
    """Return the opaque text for a place in a list."""
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


def text_of(cursor: str) -> str:
    """Return what a cursor was made of. Raises Problem."""
    try:
        data = base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True)
        return data.decode()
    except (ValueError, binascii.Error):
        raise bad_cursor() from None


def number_of(cursor: str) -> int | None:
    """Return the number that a cursor was made of; None for none. Raises Problem."""
    if not cursor:
        return None
    text = text_of(cursor)
    if not (text.isascii() and text.isdigit() and len(text) < 16):
        raise bad_cursor()
    return int(text)


def bad_cursor() -> Problem:
    """Return the refusal of a cursor."""
    line = "cursor: expected `next` of an earlier page; what it named may be gone, begin again"
    return Problem(422, "that does not fit", INVALID, problems=[line])
