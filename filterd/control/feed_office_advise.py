"""A warning to families: written as advisories/<id>.yaml, published with the next publication.

advise(office, "fake-loans", title=Words("...", "..."), text=Words("...", "..."), today=today)
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

from filterd.errors import FeedError
from filterd.feed.entries import FILE_MODE, dump
from filterd.host.files import make_folder, write_atomic
from filterd.model.feed import Words

if TYPE_CHECKING:
    from filterd.feed.office import Office


def advise(
    office: Office,
    ident: str,
    *,
    title: Words,
    text: Words,
    today: date,
    steps: Sequence[Words] = (),
    until: date | None = None,
    again: bool = False,
) -> Path:
    """Write a warning and return its file. `again`: in the place of the one that is there. Raises ConfigError, FeedError."""
    from filterd.config import notices

    values: dict[str, Any] = {"date": today.isoformat(), "title": _both(title), "text": _both(text)}
    if steps:
        values["do"] = [_both(step) for step in steps]
    if until is not None:
        values["until"] = until.isoformat()
    notices.advisory({"id": ident, **values}, ident)  # what boxes would not take is told now
    path = make_folder(office.folder / "advisories", 0o755) / f"{ident}.yaml"
    if path.exists() and not again:
        raise FeedError(f"the warning {ident} exists already: say --again to replace it, or call this one otherwise")
    write_atomic(path, dump(values), FILE_MODE)
    return path


def _both(words: Words) -> dict[str, str]:
    return {"vi": words.vi, "en": words.en}
