"""Prepared answers: the bytes that the same datagram from the same kind of client gets again.

The key is the whole datagram but its id, so a hit parses nothing, and nothing is written on a hit either. Bounded: the
oldest go first; one that is still asked for is prepared again at once. Answers that depend on the asked address are never
kept here.

An entry is a tuple, its fields in this order:
  0 monotonic time from which it must not be sent as it is
  1 the answer without its id
  2 True when the question was blocked
  3 the event record's length prefix for an IPv4 client, 4 for an IPv6 client
  5 the event record after the client's address
  6 the fact it was made of, None when nothing in it counts down
  7 bytes before the records, 8 bytes after them
"""

from __future__ import annotations

from filterd.fast.clients import Entry, Seat

UNTIL, ANSWER, BLOCKED, LENGTH_V4, LENGTH_V6, TAIL, FACT, BEFORE, AFTER = range(9)

# an event record's length prefix: one object for each length there is
LENGTHS: tuple[bytes, ...] = tuple(n.to_bytes(2, "little") for n in range(1100))
_HEAD_V4, _HEAD_V6 = 9 + 4, 9 + 16  # bytes of an event record between its length and its tail
_ROOM = 64  # entries that make room at once


class Memo:
    """Fills the seats' dictionaries, keeps their number in bounds, and buries dropped ones a few entries at a time.

    Freeing some 30,000 entries at once would hold up the answers behind them for several milliseconds.
    """

    __slots__ = ("_count", "_graves", "_limit", "_seats")

    def __init__(self, limit: int) -> None:
        """`limit`: entries of all seats together."""
        self._limit = limit
        self._count = 0
        self._seats: list[Seat] = []
        self._graves: list[dict[bytes, Entry]] = []

    def __len__(self) -> int:
        return self._count

    @property
    def graves(self) -> bool:
        """True while `dig` has work to do."""
        return bool(self._graves)

    def add(self, seat: Seat) -> None:
        """Serve one more seat."""
        self._seats.append(seat)

    def keep(self, seat: Seat, key: bytes, entry: Entry) -> None:
        """Remember `entry` for the datagram `key` (without its id)."""
        prepared = seat.prepared
        if key not in prepared:
            if self._count >= self._limit:
                self._make_room()
            self._count += 1
        prepared[key] = entry

    def drop(self, seat: Seat) -> None:
        """Forget the seat's prepared answers. Its dictionary is new afterwards: clients must sit down again."""
        self._count -= len(seat.prepared)
        self._graves.append(seat.prepared)
        seat.prepared = {}
        seat.oldest = []

    def drop_all(self) -> None:
        """Forget all seats and their prepared answers."""
        self._graves += [seat.prepared for seat in self._seats]
        self._seats = []
        self._count = 0

    def dig(self, entries: int = 256) -> None:
        """Free up to about `entries` dropped entries."""
        graves = self._graves
        while graves and entries > 0:
            grave = graves[-1]
            while grave and entries > 0:
                grave.popitem()
                entries -= 1
            if not grave:
                graves.pop()

    def _make_room(self) -> None:
        """Forget some of the oldest entries of the seat that has most."""
        seat = max(self._seats, key=lambda seat: len(seat.prepared))
        prepared = seat.prepared
        before = len(prepared)
        for _ in range(min(_ROOM, max(1, self._limit // 8))):
            if not seat.oldest:
                seat.oldest = list(prepared)  # in the order of their coming
                seat.oldest.reverse()
                if not seat.oldest:
                    break
            prepared.pop(seat.oldest.pop(), None)
        self._count -= before - len(prepared)


def entry(until: float, answer: bytes, blocked: bool, tail: bytes, fact: object, before: int, after: int) -> Entry:
    """Return a memo entry. `answer`: without its id; `tail`: model.event.Tail.encode()."""
    size = len(tail)
    return until, answer, blocked, LENGTHS[_HEAD_V4 + size], LENGTHS[_HEAD_V6 + size], tail, fact, before, after
