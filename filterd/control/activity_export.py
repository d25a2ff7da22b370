"""A household's log as a file to take away: a table for a spreadsheet, or JSON. Oldest first, in constant memory.

CSV is UTF-8 with a mark at its beginning (spreadsheets need it for Vietnamese); a cell that a spreadsheet would take
for a formula gets an apostrophe before it. JSON is one array with an entry a line: a file that was cut off is no whole
array, so that nobody takes it for the whole log. The masks of the household apply: what a parent may not see leaves
the box by no file either.

    for text in export(state, Filter(profile="lan"), "csv"):
        file.write(text)
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable, Iterator
from datetime import tzinfo
from pathlib import Path
from typing import Any, Literal

from filterd.control.activity import EVERYTHING, View, engine_of, moment, of_rows, to_rows, view_of
from filterd.control.activity_live import entry_of, matches
from filterd.control.household import has_store
from filterd.model.activity import Entry, Filter
from filterd.model.decision import Action
from filterd.store import activity_read as reads
from filterd.store.engine import reading

Format = Literal["csv", "json"]
FIELDS = ("at", "exact", "client", "profile", "device", "name", "type", "action", "row", "rule", "category", "service",
          "list", "matched", "rcode", "origin")  # fmt: skip
MARK = "\ufeff"
_FORMULA = ("=", "+", "-", "@", "\t", "\r")
_CHUNK = 5000  # rows of one read; others may write in between


def export(
    state: Path,
    wanted: Filter = EVERYTHING,
    form: Format = "csv",
    *,
    view: View | None = None,
    document: Callable[[Entry, tzinfo | None], dict[str, Any]],
) -> Iterator[str]:
    """Yield the text of the file in pieces. `document`: an entry as plain values. Raises StoreError."""
    view = view or view_of(state)
    found = (document(entry, view.zone) for entry in entries(state, wanted, view))
    yield from _csv(found) if form == "csv" else _json(found)


def entries(state: Path, wanted: Filter, view: View) -> Iterator[Entry]:
    """Yield the wanted entries of the whole log, oldest first; those in the rings last."""
    last = -1
    rows = to_rows(wanted, view.masks)
    if has_store(state, "activity") and rows is not None:
        engine = engine_of(state)
        more = True
        while more:
            with reading(engine, "activity") as connection:
                chunk = reads.forward(connection, max(rows.low, last + 1), rows.high, _CHUNK)
                found = of_rows(reads.Texts(connection), chunk, view.masks)
            yield from (e for e in found if _fits(e, wanted, rows))
            more = len(chunk) == _CHUNK
            last = chunk[-1][0] if chunk else last
    with moment(state, view, wanted) as now:
        if now.connection is not None and rows is not None:  # stored since the last read above
            late = reads.forward(now.connection, max(last + 1, rows.low), rows.high, 1_000_000)
            yield from (e for e in of_rows(reads.Texts(now.connection), late, view.masks) if _fits(e, wanted, rows))
        for number, (at_ms, client, tail) in zip(now.numbers(), now.live, strict=True):
            entry = entry_of(number, at_ms, client, tail, view.masks)
            if matches(wanted, entry):
                yield entry


def _fits(entry: Entry, wanted: Filter, rows: reads.Wanted) -> bool:
    return matches(wanted, entry) and (entry.action is Action.BLOCK or not rows.blocked)


def plain(text: str) -> str:
    """Return `text` without what moves a cursor or turns writing around, and so that no spreadsheet computes it."""
    if not text.isprintable():
        text = "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)
    return f"'{text}" if text.startswith(_FORMULA) else text


def _csv(found: Iterator[dict[str, Any]]) -> Iterator[str]:
    buffer = io.StringIO()
    buffer.write(MARK)
    writer = csv.writer(buffer)
    writer.writerow(FIELDS)
    for document in found:
        cells = (document[field] for field in FIELDS)
        # an apostrophe before a cell that began with control characters too: they are taken away afterwards
        writer.writerow([_cell(c) for c in cells])
        if buffer.tell() > 65_536:
            yield buffer.getvalue()
            buffer.seek(0)
            buffer.truncate()
    yield buffer.getvalue()


def _cell(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "hour only"
    text = str(value)
    return f"'{plain(text)}" if text.startswith(("\t", "\r")) else plain(text)


def _json(found: Iterator[dict[str, Any]]) -> Iterator[str]:
    first = True
    for document in found:
        yield ("[\n" if first else ",\n") + json.dumps(document, ensure_ascii=False)
        first = False
    yield "[]\n" if first else "\n]\n"
