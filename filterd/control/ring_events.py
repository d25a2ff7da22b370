"""What waits in a worker's ring behind what is stored, decoded: each kind of record once, what is none left out.

tails = Tails(8192)
for events in waiting(folder / "worker-0.allowed", after=(generation, number), tails=tails): ...
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from filterd.model.event import Tail, decode_tail
from filterd.net.ring import Reader

Event = tuple[int, bytes, Tail]  # time in ms, client, what was said


class Tails:
    """Tails by their bytes. Bounded: when it is full it begins anew."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._known: dict[bytes, Tail | None] = {}

    def of(self, data: bytes) -> Tail | None:
        """Return what `data` says; None when it is no tail."""
        if data not in self._known:
            if len(self._known) >= self._most:
                self._known.clear()
            try:
                self._known[data] = decode_tail(data)
            except ValueError:
                self._known[data] = None
        return self._known[data]


def waiting(path: Path, after: tuple[int, int] | None, tails: Tails) -> Iterator[list[Event]]:
    """Yield the events of a ring `after` the generation and number of a record, some at a time."""
    reader = Reader(path, after=after)
    try:
        while records := reader.records()[0]:
            yield [(at_ms, client, tail) for at_ms, client, data in records if (tail := tails.of(data)) is not None]
    finally:
        reader.close()
