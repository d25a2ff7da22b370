"""Prepared answers: the bytes that the same datagram from the same kind of client gets again.

The key is the whole datagram but its id, so a hit parses nothing. Two generations bound it: when the young one is
full it becomes the old one; what is asked again is brought back. Answers that depend on the asked address are never
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

_HEAD_V4, _HEAD_V6 = 9 + 4, 9 + 16  # bytes of an event record between its length and its tail
_LENGTHS: tuple[bytes, ...] = tuple(n.to_bytes(2, "little") for n in range(1100))  # shared: one object a length


class Memo:
    """Fills the seats' dictionaries, keeps their number in bounds, and buries dropped ones a few entries at a time.

    Freeing some 30,000 entries at once would hold up the answers behind them for several milliseconds.
    """

    __slots__ = ("_count", "_graves", "_limit", "_seats")

    def __init__(self, limit: int) -> None:
        """`limit`: entries of all seats together in one generation."""
        self._limit = limit
        self._count = 0
        self._seats: list[Seat] = []
        self._graves: list[dict[bytes, Entry]] = []

    @property
    def graves(self) -> bool:
        """True while `dig` has work to do."""
        return bool(self._graves)

    def add(self, seat: Seat) -> None:
        """Serve one more seat."""
        self._seats.append(seat)

    def keep(self, seat: Seat, key: bytes, entry: Entry) -> None:
        """Remember `entry` for the datagram `key` (without its id)."""
        young = seat.young
        if key not in young:
            self._count += 1
            if self._count > self._limit:
                self._turn()
        young[key] = entry

    def older(self, seat: Seat, key: bytes) -> Entry | None:
        """Return the old generation's entry and bring it back into the young one."""
        found = seat.old.pop(key, None)
        if found is not None:
            self.keep(seat, key, found)
        return found

    def drop(self, seat: Seat) -> None:
        """Forget the seat's prepared answers. Its dictionaries are new afterwards: clients must sit down again."""
        self._count -= len(seat.young)
        self._graves += [seat.young, seat.old]
        seat.young, seat.old = {}, {}

    def drop_all(self) -> None:
        """Forget all seats and their prepared answers."""
        for seat in self._seats:
            self._graves += [seat.young, seat.old]
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

    def _turn(self) -> None:
        for seat in self._seats:
            if seat.old:
                self._graves.append(seat.old)
            seat.old = seat.young.copy()
            seat.young.clear()  # emptied, not replaced: clients hold its `get`
        self._count = 1


def entry(until: float, answer: bytes, blocked: bool, tail: bytes, fact: object, before: int, after: int) -> Entry:
    """Return a memo entry. `answer`: without its id; `tail`: model.event.Tail.encode()."""
    size = len(tail)
    return until, answer, blocked, _LENGTHS[_HEAD_V4 + size], _LENGTHS[_HEAD_V6 + size], tail, fact, before, after
