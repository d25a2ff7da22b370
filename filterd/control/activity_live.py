"""What is still in the rings: questions that the log has not taken yet, as it would take them.

A record gets the masks and the place that it will have once it is stored, so that a page which was cut between two of
them goes on behind it, whether the manager has stored them meanwhile or not (or is dead).

    rings = Rings(run_dir(state), after=cursors(connection), blocked=False)
    live, gaps = rings.read(Judge(masks, deleted))
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from operator import itemgetter
from pathlib import Path

from filterd.control.dictionary import address_of, text_of
from filterd.control.privacy import Keep, Masks
from filterd.model.activity import Entry, Filter, Gap
from filterd.model.event import Tail, decode_tail
from filterd.net.ring import MAX_RINGS, Reader, reading_order, ring_names
from filterd.store.activity import ID_SHIFT, Forgotten

_MAX_TAILS = 65_536  # kinds of records that are known by their bytes
Live = tuple[int, bytes, Tail]  # time as it may be shown, client, tail before its names are masked


@dataclass(frozen=True, slots=True)
class _Known:
    """A tail, decoded and judged once."""

    tail: Tail
    keep: Keep
    harm: bool


class Judge:
    """What of a record may be known: by the household's masks, and by what was deleted."""

    def __init__(self, masks: Masks, deleted: Sequence[Forgotten] = ()) -> None:
        self.masks = masks
        self.deleted = deleted
        self._known: dict[bytes, _Known | None] = {}

    def known(self, data: bytes) -> _Known | None:
        """Return the tail in `data`, None when it is none."""
        try:
            return self._known[data]
        except KeyError:
            pass
        found: _Known | None = None
        try:
            tail = decode_tail(data)
            found = _Known(tail, self.masks.keep(tail), self.masks.time(1, tail.category) != 1)
        except ValueError:
            pass
        if len(self._known) >= _MAX_TAILS:
            self._known.clear()
        self._known[data] = found
        return found

    def gone(self, at_ms: int, tail: Tail) -> bool:
        """Return whether a person deleted it."""
        return any(d.covers(at_ms, tail.profile, tail.device) for d in self.deleted)


class Rings:
    """The rings of all workers, also of those that come later."""

    def __init__(
        self, folder: Path, after: Mapping[str, tuple[int, int]], *, blocked: bool = False, from_end: bool = False
    ) -> None:
        """Start behind the records that are stored, or at the end. `blocked`: rings of blocked questions alone."""
        self._folder = folder
        self._after = after
        self._blocked = blocked
        self._readers: dict[str, Reader] = {}
        self._seen: dict[str, int] = {}  # ring -> time of its last record
        self._find(from_end)

    def read(self, judge: Judge, *, least: Keep = Keep.DETAIL) -> tuple[list[Live], list[Gap]]:
        """Return what is new in the order of the log, and what is missing. `least`: how much must be kept of it."""
        self._find(from_end=False)
        found: list[Live] = []
        gaps: list[Gap] = []
        known = judge.known
        for ring, reader in self._readers.items():
            while True:
                records, lost = reader.records()
                for at_ms, client, data in records:
                    record = known(data)
                    if record is None:
                        lost += 1
                    elif record.keep >= least:
                        if record.harm:
                            at_ms = judge.masks.time(at_ms, record.tail.category)
                        if not judge.deleted or not judge.gone(at_ms, record.tail):
                            found.append((at_ms, client, record.tail))
                if lost:
                    gaps.append(Gap(self._seen.get(ring, 0), records[0][0] if records else 0, lost, "ring"))
                if records:
                    self._seen[ring] = records[-1][0]
                elif not lost:
                    break
        found.sort(key=itemgetter(0))
        return found, gaps

    def close(self) -> None:
        """Unmap them."""
        for reader in self._readers.values():
            reader.close()
        self._readers.clear()

    def _find(self, from_end: bool) -> None:
        names = ring_names(self._folder)
        new = [n for n in names if n not in self._readers and (n.endswith("blocked") or not self._blocked)]
        for name in new[: MAX_RINGS - len(self._readers)]:
            after = None if from_end else self._after.get(name)
            self._readers[name] = Reader(self._folder / name, from_end=from_end, after=after)
        if new:
            self._readers = {name: self._readers[name] for name in sorted(self._readers, key=reading_order)}


def numbered(live: Sequence[Live], newest: int, taken: Callable[[int], int]) -> list[int]:
    """Return the ids that records (in the order of the log) will get; see control/dictionary.Dictionary.resolve.

    `newest`: the newest id that is stored; `taken(id)`: the first free one from `id` on.
    """
    ids: list[int] = []
    last = 0
    for at_ms, _, _ in live:
        number = at_ms << ID_SHIFT
        if number <= last:
            number = last + 1
        if number <= newest:
            number = taken(number)
        ids.append(number)
        last = number
    return ids


def entry_of(number: int, at_ms: int, client: bytes, tail: Tail, masks: Masks) -> Entry:
    """Return a record as it may be shown."""
    tail = masks.mask(tail)
    return Entry(
        number, at_ms, address_of(client), tail.profile, tail.device, text_of(tail.qname) if tail.qname else "",
        tail.qtype, tail.action, tail.row, tail.rcode, tail.origin, tail.category, tail.service, tail.list_id, tail.rule,
        text_of(tail.matched) if tail.matched else "", masks.time(1, tail.category) == 1,
    )  # fmt: skip


def matches(wanted: Filter, entry: Entry) -> bool:
    """Return whether an entry, as it is shown, is among those that are wanted."""
    return (
        (wanted.since is None or entry.at_ms >= wanted.since)
        and (wanted.until is None or entry.at_ms < wanted.until)
        and (wanted.action is None or entry.action is wanted.action)
        and (wanted.row is None or entry.row is wanted.row)
        and wanted.profile in ("", entry.profile)
        and wanted.device in ("", entry.device, entry.client)
        and wanted.category in ("", entry.category)
        and wanted.service in ("", entry.service)
        and (not wanted.name or is_below(entry.name, wanted.name))
        and (not wanted.part or wanted.part in entry.name)
    )


def is_below(text: str, name: str) -> bool:
    """Return whether a name's text is `name` or something below it."""
    return text == name or (text.endswith(f".{name}") and not text.endswith(f"\\.{name}"))


def select(
    live: Sequence[Live], ids: Sequence[int], wanted: Filter, masks: Masks, below: int, limit: int
) -> list[Entry]:
    """Return the newest `limit` of those that are wanted and lie before the id `below`, newest first."""
    found: list[Entry] = []
    fitting: dict[int, bool] = {}  # by the identity of a tail: equal records share one
    for index in range(len(live) - 1, -1, -1):
        at_ms, client, tail = live[index]
        fits = fitting.get(id(tail))
        if fits is None:
            fits = fitting[id(tail)] = _may_fit(wanted, tail, masks)
        if not fits or ids[index] >= below:
            continue
        entry = entry_of(ids[index], at_ms, client, tail, masks)
        if matches(wanted, entry):
            found.append(entry)
            if len(found) >= limit:
                break
    return found


def _may_fit(wanted: Filter, tail: Tail, masks: Masks) -> bool:
    """Return False when no record with this tail is wanted; `matches` has the last word. Cheap questions come first."""
    return (
        (wanted.action is None or tail.action is wanted.action)
        and (wanted.row is None or tail.row is wanted.row)
        and wanted.profile in ("", tail.profile)
        and wanted.category in ("", tail.category)
        and wanted.service in ("", tail.service)
        and (not wanted.device or wanted.device == tail.device or is_address(wanted.device))
        and ((not wanted.name and not wanted.part) or _name_fits(wanted, tail, masks))
    )


def _name_fits(wanted: Filter, tail: Tail, masks: Masks) -> bool:
    if masks.hides_name(tail.profile, tail.category):
        return False
    text = text_of(tail.qname)
    return (not wanted.name or is_below(text, wanted.name)) and wanted.part in text


def is_address(word: str) -> bool:
    """Return whether a word could be a client's address."""
    return ":" in word or word.replace(".", "").isdigit()
