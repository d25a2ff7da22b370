"""Telling the manager: which sightings are worth a datagram, and the socket they go through.

A device that says the same again and again is told of once in REPEAT_S; a flood is cut at MOST_PER_S. For a manager that is
busy a little waits; when none listens, nothing does: what was told into the void is told again when it is seen again.

    teller = Teller(lambda: run_dir(state, create=False))
    teller.tell(sightings, now)
"""

from __future__ import annotations

import socket
from collections import deque
from collections.abc import Callable, Iterable
from pathlib import Path

from filterd.host.run import connect
from filterd.model.sighting import INBOX, Kind, Sighting, encode

REPEAT_S = 30.0
MOVED_S = 0.5  # for a claim to an address that another one claimed since
MOST_PER_S = 200
MAX_KEYS = 8192  # different sightings that are remembered as told; the oldest go first
MAX_WAITING = 1024  # datagrams for a manager that is busy for a moment
RETRY_S = 1.0  # between two attempts to reach a manager that is not there

_CLAIMS = frozenset((Kind.ARP, Kind.NDP, Kind.NEIGHBOUR, Kind.DHCP))
_Key = tuple[str, str, str, str, str]


class Limiter:
    """Pure: lets a sighting through when it is news and there is room. `now` is monotonic seconds."""

    def __init__(self, most_per_s: int = MOST_PER_S) -> None:
        self._most = most_per_s
        self._room = float(most_per_s)
        self._at = 0.0
        self._told: dict[_Key, float] = {}  # when; oldest first
        self._owners: dict[str, str] = {}  # address -> who was told to claim it last
        self.dropped = 0

    def is_news(self, sighting: Sighting, now: float) -> bool:
        """Return whether to tell it, and note that it was told."""
        key = (sighting.mac, sighting.address, sighting.kind.value, sighting.name, sighting.detail)
        told = self._told.get(key)
        is_claim = bool(sighting.address) and sighting.kind in _CLAIMS
        moved = is_claim and self._owners.get(sighting.address, sighting.mac) != sighting.mac
        # an address that goes back to who had it before is news, however lately that was told
        if told is not None and now - told < (MOVED_S if moved else REPEAT_S):
            return False
        self._room = min(self._most, self._room + max(0.0, now - self._at) * self._most)
        self._at = now
        if self._room < 1.0:
            self.dropped += 1
            return False
        self._room -= 1.0
        self._told.pop(key, None)
        self._told[key] = now
        if len(self._told) > MAX_KEYS:
            del self._told[next(iter(self._told))]
        if is_claim:
            self._owners.pop(sighting.address, None)
            self._owners[sighting.address] = sighting.mac
            if len(self._owners) > MAX_KEYS:
                del self._owners[next(iter(self._owners))]
        return True

    def forget(self) -> None:
        """Whoever was told has forgotten everything, or is another."""
        self._told.clear()
        self._owners.clear()


class Teller:
    """The way to the manager. Nothing here waits or raises."""

    def __init__(self, folder: Callable[[], Path], limiter: Limiter | None = None) -> None:
        """`folder`: where the manager's socket is; asked at each attempt, for the manager may come later."""
        self._folder = folder
        self._limiter = limiter or Limiter()
        self._sock: socket.socket | None = None
        self._waiting: deque[bytes] = deque()
        self._retry_at = 0.0
        self.reached = 0  # managers, one after the other: each new one knows nothing
        self.told = 0
        self.unheard = 0  # nobody listened, or did not keep up

    @property
    def dropped(self) -> int:
        """Sightings beyond MOST_PER_S."""
        return self._limiter.dropped

    @property
    def waiting_on(self) -> socket.socket | None:
        """The socket that must become writable for what waits; None when nothing does."""
        return self._sock if self._waiting else None

    def tell(self, sightings: Iterable[Sighting], now: float) -> None:
        """Send what is news."""
        for sighting in sightings:
            if not self._limiter.is_news(sighting, now):
                continue
            if not self.reach(now):
                self.unheard += 1
                self._limiter.forget()
            elif len(self._waiting) >= MAX_WAITING:
                self.unheard += 1
            else:
                self._waiting.append(encode(sighting))
        self.flush()

    def flush(self) -> None:
        """Send what waits, as far as the manager's queue has room (often for ten datagrams: net.unix.max_dgram_qlen)."""
        while self._waiting and self._sock is not None:
            try:
                self._sock.send(self._waiting[0])
            except BlockingIOError:
                return
            except OSError:  # the manager has ended; another one will know nothing of this
                self.unheard += len(self._waiting)
                self.close()
                return
            self._waiting.popleft()
            self.told += 1

    def reach(self, now: float) -> bool:
        """Return whether there is a way to a manager, as far as is known; look for one when there is none."""
        if self._sock is not None:
            return True
        if now < self._retry_at:
            return False
        self._retry_at = now + RETRY_S
        try:
            self._sock = connect(self._folder() / INBOX, kind=socket.SOCK_DGRAM)
        except OSError:
            return False
        self._sock.setblocking(False)
        self.reached += 1
        return True

    def close(self) -> None:
        """Let go of this manager, and of what it was told."""
        self._waiting.clear()
        self._limiter.forget()
        if self._sock is not None:
            self._sock.close()
            self._sock = None
