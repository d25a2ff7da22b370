"""published.json: the numbers that may never go down again, kept in the office's folder beside what people write.

Everything else of a publication can be built anew; were a version lower than one that a box has seen, the box would
rightly refuse it as a rollback.

    memory = load(folder)
    memory["seq"][""]            # of the office's index; of a part's under its role
"""

from __future__ import annotations

import json
from pathlib import Path

from filterd.errors import FeedError, StoreError
from filterd.feed.entries import FILE_MODE
from filterd.host.files import read_bounded, write_atomic

LAYOUT = 1
_MAX_BYTES = 64 * 1024
Memory = dict[str, dict[str, int]]


def load(folder: Path) -> Memory:
    """Return the numbers, none before the first publication. Raises FeedError when the file is damaged."""
    path = folder / "published.json"
    if not path.exists():
        return {"seq": {}, "versions": {}}
    try:
        found = json.loads(read_bounded(path, _MAX_BYTES))
        if found["layout"] != LAYOUT:
            raise ValueError(f"expected layout {LAYOUT}, got {found['layout']!r}")
        return {key: {str(k): int(v) for k, v in found[key].items()} for key in ("seq", "versions")}
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError, StoreError) as exc:
        raise FeedError(f"{path} is damaged: {exc}; take it from the last copy of the folder") from exc


def save(folder: Path, memory: Memory) -> None:
    """Keep the numbers."""
    data = json.dumps({"layout": LAYOUT, **memory}, indent=1, sort_keys=True).encode()
    write_atomic(folder / "published.json", data + b"\n", FILE_MODE)
