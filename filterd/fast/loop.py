"""The inner loop of a worker: datagrams in, prepared answers out.

Does hops 1 to 7 of a question whose answer is prepared (memo.py): who asks, is he within his rate, the same bytes as
last time, send, event. Everything else goes to `slow`, which is the engine by way of net/udp.py and prepares the
answer for the next time. Opens no socket and reads no clock.

    fast.sink = lambda blocked, data, count: rings[blocked].append(data, count)
    fast.drain(sock.recvfrom, sock.sendto, slow, loop.clock())    # when the socket is readable

This file is plain Python and the truth; a compiled twin must do the same.
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import repeat
from typing import Any

from filterd.fast.clients import Client, ClientTable, Entry
from filterd.fast.memo import LENGTHS, Memo, entry
from filterd.fast.render import FULL_CAP, NO_CAP, PREFETCH_PART, records, true_until

MAX_DATAGRAM = 4096  # bytes read of one; longer ones are cut and fail to parse
FLUSH_RECORDS = 64  # events are handed over when so many wait,
FLUSH_S = 0.05  # and so long after the first of them at the latest
QUIET_S = 0.00005  # after such a pause between two calls one datagram is expected, not many
_PARTS = 4  # of one event record: its length, its time, its client, the rest
_FOREVER = float("inf")

Address = Any  # what the socket says: its first element is the client's IP as text
Sink = Callable[[bool, bytes, int], object]


def _no_flip(now: float) -> object:
    return None


def _no_sink(blocked: bool, data: bytes, count: int) -> object:
    return None


class Fast:
    """State of the inner loop: the clients, the memo, and when the rules turn next. The engine fills it."""

    __slots__ = (
        "_allowed",
        "_blocked",
        "_last",
        "clients",
        "dropped",
        "flip",
        "flip_at",
        "flush_at",
        "hits",
        "hits_blocked",
        "memo",
        "reprepared",
        "sink",
        "wall_offset",
    )

    def __init__(self, memo_entries: int) -> None:
        self.clients = ClientTable()
        self.memo = Memo(memo_entries)
        self.sink: Sink = _no_sink  # (blocked, joined records, how many): net/ring.py
        self.flip: Callable[[float], object] = _no_flip  # drops what a turn of the rules made untrue
        self.flip_at = _FOREVER  # monotonic; no prepared answer is used from then on before `flip` was called
        self.flush_at = _FOREVER  # monotonic; when `flush` must be called at the latest
        self.wall_offset = 0.0  # wall time minus monotonic time
        self.hits = 0  # questions answered here
        self.hits_blocked = 0
        self.reprepared = 0  # of which with TTLs counted down anew
        self.dropped = 0  # answers the kernel did not take
        self._allowed: list[bytes] = []  # parts of event records that are not in the ring yet, _PARTS for each
        self._blocked: list[bytes] = []
        self._last = 0.0  # when drain was called last

    def drain(
        self,
        recvfrom: Callable[[int], tuple[bytes, Address]],
        sendto: Callable[[bytes, Address], object],
        slow: Callable[[bytes, Address], object],
        now: float,
        limit: int = 64,
    ) -> int:
        """Serve up to `limit` waiting datagrams; return how many there were.

        `recvfrom(size)` and `sendto(data, address)` of a non-blocking socket that is readable, or of a wrapper that
        carries the asked address along. `slow(packet, address)` gets every datagram that is not answered here.
        """
        if now >= self.flip_at:
            self.flip(now)
        if now - self._last > QUIET_S:
            limit = 1  # most likely there is only one: save the call that says so. The socket stays readable if not.
        self._last = now
        client_of = self.clients.get
        stamp = int((now + self.wall_offset) * 1000).to_bytes(8, "little")
        allowed: list[bytes] = []
        blocked: list[bytes] = []
        slows = 0
        try:
            for _ in repeat(None, limit):
                packet, address = recvfrom(MAX_DATAGRAM)
                client = client_of(address[0])
                if client is None:
                    slows += 1
                    slow(packet, address)
                    continue
                key = packet[2:]
                found = client.recall(key)
                if found is None or now >= found[0]:
                    found = None if found is None else self._renew(client, key, found, now)
                    if found is None:
                        slows += 1
                        slow(packet, address)
                        continue
                if client.seen is not now:
                    tokens = client.tokens + (now - client.seen) * client.rate
                    client.tokens = tokens if tokens < client.burst else client.burst
                    client.seen = now
                if client.tokens < 1.0:
                    slows += 1
                    slow(packet, address)
                    continue
                client.tokens -= 1.0
                try:
                    sendto(packet[:2] + found[1], address)
                except OSError:
                    self.dropped += 1
                if found[2]:
                    blocked += (found[client.size], stamp, client.mark, found[5])
                else:
                    allowed += (found[client.size], stamp, client.mark, found[5])
        except (BlockingIOError, ConnectionError):  # nothing more is waiting; or news of an earlier answer's fate
            pass
        finally:
            hits = (len(allowed) + len(blocked)) // _PARTS
            if hits:
                self.hits += hits
                self.hits_blocked += len(blocked) // _PARTS
                self._blocked += blocked
                self._allowed += allowed
                if len(self._allowed) + len(self._blocked) >= FLUSH_RECORDS * _PARTS:
                    self.flush()
                elif self.flush_at == _FOREVER:
                    self.flush_at = now + FLUSH_S
        return hits + slows

    def note(self, blocked: bool, client: Client, tail: bytes, now: float) -> None:
        """Record the event of a question that the engine answered; `tail`: model.event.Tail.encode()."""
        parts = self._blocked if blocked else self._allowed
        stamp = int((now + self.wall_offset) * 1000).to_bytes(8, "little")
        parts += (LENGTHS[9 + len(client.packed) + len(tail)], stamp, client.mark, tail)
        if self.flush_at == _FOREVER:
            self.flush_at = now + FLUSH_S
        elif len(parts) >= FLUSH_RECORDS * _PARTS:
            self.flush()

    def flush(self) -> None:
        """Hand the events over. They wait a moment for each other: appending to a ring costs as much as an answer."""
        self.flush_at = _FOREVER
        if self._blocked:
            self.sink(True, b"".join(self._blocked), len(self._blocked) // _PARTS)
            self._blocked.clear()
        if self._allowed:
            self.sink(False, b"".join(self._allowed), len(self._allowed) // _PARTS)
            self._allowed.clear()

    def _renew(self, client: Client, key: bytes, found: Entry, now: float) -> Entry | None:
        """Return an entry with its TTLs counted down to `now`; None: ask the engine."""
        seat = client.seat
        assert seat is not None  # who stands recalls nothing
        fact = found[6]
        state = seat.state
        if fact is None or state is None or now >= fact.stored + fact.lifetime * PREFETCH_PART:
            return None
        wall = now + self.wall_offset
        cap = state.cap(wall)
        if cap is None:
            cap, fall = NO_CAP, self.flip_at
        else:
            fall = cap_fall(cap, state.until, wall, now)
        answer = found[1]
        answer = b"%b%b%b" % (
            answer[: found[7]], records(fact, int(now - fact.stored), cap), answer[len(answer) - found[8] :],
        )  # fmt: skip
        self.reprepared += 1
        renewed = entry(true_until(fact, now, cap, fall), answer, found[2], found[5], fact, found[7], found[8])
        seat.prepared[key] = renewed
        return renewed


def cap_fall(cap: int, until: float, wall: float, now: float) -> float:
    """Return the monotonic time at which `cap` = min(60, whole seconds to `until`) becomes lower."""
    left = until - wall
    return now + (left - FULL_CAP if cap >= FULL_CAP else max(left - cap, 0.0))
