"""Runs the bypass watch over a recording, in the recording's own time: the detector itself, nothing around it.

for finding in replay(open("days.jsonl"), complain=print): ...
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

from filterd.model.bypass import Finding
from filterd.model.sighting import Sighting
from filterd.presence.bypass import MINUTE_S, Watch
from filterd.presence.bypass_names import BypassNames
from filterd.presence.replay import Box, Question, read_lines


def replay(lines: Iterable[str], complain: Callable[[str], None], box: Iterable[str] = ()) -> Iterator[Finding]:
    """Yield what is found, as it is found. `complain` hears of lines that are skipped; `box`: the box's addresses."""
    watch = Watch(BypassNames.load(), box)
    minute, last = 0, 0.0
    for record in read_lines(lines, complain):
        if isinstance(record, Box):
            watch.box |= frozenset(record.addresses)
            continue
        if isinstance(record, Question):
            watch.question(record.at, record.mac, record.name, record.blocked, record.category)
        elif isinstance(record, Sighting):
            watch.sighting(record)
        last = max(last, record.at)
        if (now := int(last // MINUTE_S)) != minute:
            minute = now
            yield from watch.tick(last)
    yield from watch.tick(last + MINUTE_S)
