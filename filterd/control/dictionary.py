"""Gives the texts of questions their small numbers in the log: one dictionary of names, clients and verdicts a local day.

Ids are given while a batch is written, inside its transaction. When that fails the dictionary is of no use any more,
and the next one reads anew what is stored.

    found = Dictionary(writer, zone).resolve(rows)      # Resolved: rows for event, hour, count and the dictionaries
"""

from __future__ import annotations

import socket
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from filterd.control.known import Kind, Pending, halve
from filterd.control.privacy import HOUR_MS
from filterd.errors import ParseError
from filterd.store import activity as tables
from filterd.store.activity import ID_SHIFT, NOT_KEPT
from filterd.store.activity_write import ActivityWriter
from filterd.wire.name import to_text, to_wire

MAX_NAMES = 65_536  # of a day that are known; what is forgotten here gets a second id when it comes again
MAX_WHO = 8192  # clients of a day; of more than these the address is not kept
MAX_WHAT = 8192  # verdicts of a day; of more than these the words are not kept
MAX_DAYS = 3  # days whose dictionaries are known: clocks step, and midnight comes to each ring at another moment
MAX_MS = 253_370_764_800_000  # the year 9999: what is later is a clock gone mad
_HOURS = 48  # hours whose next free id is known


class Day:
    """One local day's dictionary."""

    __slots__ = ("end_ms", "names", "number", "start_ms", "whats", "whos")

    def __init__(self, number: int, start_ms: int, end_ms: int) -> None:
        self.number, self.start_ms, self.end_ms = number, start_ms, end_ms
        self.names: dict[bytes, int] = {}
        self.whos: dict[tuple[str, str, str], int] = {}
        self.whats: dict[tuple[int | str, ...], int] = {}


@dataclass(slots=True)
class Resolved:
    """Rows of one batch, as the tables have them."""

    names: list[tuple[int, int, str]] = field(default_factory=list)
    whos: list[tuple[int, int, str, str, str]] = field(default_factory=list)
    whats: list[tuple[int | str, ...]] = field(default_factory=list)
    events: list[tuple[int, int, int, int]] = field(default_factory=list)
    hours: Counter[tuple[int, int, int]] = field(default_factory=Counter)
    counts: Counter[tuple[int | str, ...]] = field(default_factory=Counter)


class Dictionary:
    """Gives ids. Of no use any more when the transaction it was used in failed."""

    def __init__(self, writer: ActivityWriter, zone: ZoneInfo) -> None:
        self._writer = writer
        self._zone = zone
        self._days: dict[int, Day] = {}
        self._next = writer.next_ids()
        self._hours: dict[int, int] = {}
        self._out = Resolved()

    def resolve(self, rows: Sequence[Pending]) -> Resolved:
        """Return what to write for `rows`, which are in the order of time."""
        out = self._out = Resolved()
        writer, events = self._writer, out.events
        highest, last = writer.highest, 0
        start = end = 0
        day: Day | None = None
        kinds: list[Kind] = []
        hours: list[tuple[int, int, int]] = []
        for at_ms, client, known in rows:
            if not start <= at_ms < end or day is None:
                at_ms = min(at_ms, MAX_MS)
                self._count(day, kinds)
                day = self.day_at(at_ms)
                start, end = day.start_ms, day.end_ms
            kind = known.kind
            if kind.day is not day:
                self._enter(kind, day)
            kinds.append(kind)
            who = kind.whos.get(client) or self._who(day, kind, client)
            if known.day is not day:
                known.name = self._name(day, kind, known.qname)
                known.day = day
            number = at_ms << ID_SHIFT
            if number <= last:
                number = last + 1
            if kind.cuts_time:
                number = max(number, self._hours.get(at_ms, 0))
            if number <= highest:
                number = writer.free_id(number)
            if kind.cuts_time:
                if len(self._hours) >= _HOURS:
                    halve(self._hours)
                self._hours[at_ms] = number + 1
            last = number
            events.append((number, who, known.name, kind.what))
            if kind.blocked:
                hours.append((at_ms // HOUR_MS, known.name, who))
        self._count(day, kinds)
        out.hours.update(hours)
        return out

    def day_at(self, at_ms: int) -> Day:
        """Return the local day of an instant, with its dictionary."""
        number, start_ms, end_ms = local_day(at_ms, self._zone)
        day = self._days.get(number)
        if day is None:
            while len(self._days) >= MAX_DAYS:
                del self._days[next(iter(self._days))]
            day = self._days[number] = Day(number, start_ms, end_ms)
            self._load(day)
        return day

    def blocked_hour(self, at_ms: int, client: bytes, kind: Kind, n: int) -> None:
        """Count a blocked question that is not kept in detail, in the batch that was resolved last."""
        day = self.day_at(at_ms)
        if kind.day is not day:
            self._enter(kind, day)
        self._out.hours[at_ms // HOUR_MS, NOT_KEPT, self._who(day, kind, client)] += n

    def _count(self, day: Day | None, kinds: list[Kind]) -> None:
        if day is not None:
            for kind, n in Counter(kinds).items():
                self._out.counts[(day.number, *kind.count_key)] += n
        kinds.clear()

    def _enter(self, kind: Kind, day: Day) -> None:
        """Give a kind its id in the day's dictionary."""
        kind.day = day
        kind.whos = {}
        t = kind.tail
        matched = text_of(t.matched) if t.matched else ""
        key: tuple[int | str, ...] = (
            int(t.action), int(t.row), t.qtype, t.rcode, t.origin,
            t.category, t.service, t.list_id, _clean(t.rule), matched,
        )  # fmt: skip
        if len(day.whats) >= MAX_WHAT and key not in day.whats:
            key = (int(t.action), int(t.row), 0, 0, 0, "", "", "", "", "")
        found = day.whats.get(key)
        if found is None:
            which, step = ("blocked", -1) if kind.blocked else ("what", 1)
            found = self._next[which]
            self._next[which] += step
            day.whats[key] = found
            self._out.whats.append((found, day.number, *key))
        kind.what = found

    def _who(self, day: Day, kind: Kind, client: bytes) -> int:
        key = (address_of(client), kind.tail.profile, kind.tail.device)
        if len(day.whos) >= MAX_WHO and key not in day.whos:
            key = ("", key[1], key[2])
        found = day.whos.get(key)
        if found is None:
            found = self._next["who"]
            self._next["who"] += 1
            day.whos[key] = found
            self._out.whos.append((found, day.number, *key))
        if len(kind.whos) < MAX_WHO:
            kind.whos[client] = found
        return found

    def _name(self, day: Day, kind: Kind, qname: bytes) -> int:
        if kind.hides_name:
            return NOT_KEPT
        found = day.names.get(qname)
        if found is None:
            found = self._next["name"]
            self._next["name"] += 1
            if len(day.names) >= MAX_NAMES:
                halve(day.names)
            day.names[qname] = found
            self._out.names.append((found, day.number, text_of(qname)))
        return found

    def _load(self, day: Day) -> None:
        """Read what the day's dictionary has already."""
        for number, text in self._writer.dictionary(tables.name, day.number, MAX_NAMES // 2):
            try:
                day.names[to_wire(text)] = number
            except ParseError:
                continue  # was no name in the first place, and gets a second id when it comes again
        for number, *key in self._writer.dictionary(tables.who, day.number, MAX_WHO):
            day.whos[key[0], key[1], key[2]] = number
        for number, *words in self._writer.dictionary(tables.what, day.number, MAX_WHAT):
            day.whats[tuple(words)] = number


def local_day(at_ms: int, zone: ZoneInfo) -> tuple[int, int, int]:
    """Return a local day's ordinal, and its beginning and end in ms since the epoch."""
    at_ms = min(at_ms, MAX_MS)
    day = datetime.fromtimestamp(at_ms / 1000, zone).date()
    start, end = (midnight_ms(d, zone) for d in (day, day + timedelta(days=1)))
    return day.toordinal(), min(start, at_ms), max(end, at_ms + 1)  # where clocks jump over midnight


def midnight_ms(day: date, zone: ZoneInfo) -> int:
    """Return when a local day begins, in ms since the epoch."""
    return int(datetime.combine(day, time(), zone).timestamp() * 1000)


def text_of(name: bytes) -> str:
    """Return a name as people write it; bytes that are none, in hexadecimal."""
    try:
        return to_text(name)
    except ParseError:
        return name.hex()


def address_of(client: bytes) -> str:
    """Return a client's address as people write it; "" when it is not known."""
    if len(client) == 4:
        return socket.inet_ntop(socket.AF_INET, client)
    return socket.inet_ntop(socket.AF_INET6, client) if len(client) == 16 else ""


def _clean(text: str) -> str:
    return text.replace("\0", "")  # PostgreSQL has no such character
