"""The cache of one worker: facts that upstreams told us, never verdicts.

A fact is shown only after the engine has judged it for the one who asks, on a miss, a hit and a stale answer alike;
so a change of rules flushes nothing. Bounded in bytes by a clock hand: what was asked since the hand last passed is
spared.

    cache.put(key(name, TYPE_A, do=False, cd=False, group=0), fact)
    fact = cache.get(key(...))         # may have outlived its time: fact.left(now)

Names that do not exist (RFC 2308, RFC 8020) are kept under a key of their own, for all types of the name and all names
below it.
"""

from __future__ import annotations

from struct import Struct
from typing import Final

from filterd.wire.constants import SERVFAIL

MAX_TTL_S: Final = 86_400  # longer ones count as a day
MAX_NEGATIVE_TTL_S: Final = 10_800  # RFC 2308 section 5
MAX_FAILURES: Final = 4096  # failed questions remembered at once

_ALL_TYPES: Final = 4  # in a key's flags beside DO (1) and CD (2)

# marks of a fact beside rebind.PRIVATE and rebind.NULL
FILTERED: Final = 4  # the upstream says that it blocked (extended error 15 to 17)
COMPLETE: Final = 8  # the asked type is there
JUDGED: Final = 7  # PRIVATE | NULL | FILTERED: rows 11 and 12 have something to look at

_TAIL: Final = Struct(">HBH").pack
_FACT_BYTES: Final = 420  # of a fact with its key and place in the dictionary, besides what is counted (measured)
_PIECE_BYTES: Final = 40  # of a bytes object besides its content
_TARGET_BYTES: Final = 140  # of a target with its tags, besides its name
_HAND_STEPS: Final = 16  # facts looked at for room at most, before one goes in any case

Tags = tuple[tuple[int, int], ...]  # of each target: tag set in the bundle, in the overlay


class Fact:
    """What an upstream said about one question: records with holes for TTLs, and what must be judged before they show.

    `stored` is monotonic; the fact is fresh for `lifetime` whole seconds (0: must not be cached). `tags` belong to
    `targets` and were looked up in generation `generation` of bundle and overlay.
    """

    __slots__ = (
        "ad",
        "an",
        "ede",
        "fetching",
        "generation",
        "hits",
        "lifetime",
        "marks",
        "ns",
        "pieces",
        "rcode",
        "stored",
        "tags",
        "targets",
        "ttls",
    )

    def __init__(
        self,
        pieces: tuple[bytes, ...],
        ttls: tuple[int, ...],
        an: int,
        ns: int,
        rcode: int,
        stored: float,
        lifetime: int,
        marks: int = 0,
        ad: bool = False,
        targets: tuple[bytes, ...] = (),
        ede: tuple[tuple[int, str], ...] = (),
    ) -> None:
        self.pieces = pieces
        self.ttls = ttls
        self.an = an
        self.ns = ns
        self.rcode = rcode
        self.stored = stored
        self.lifetime = lifetime
        self.ad = ad
        self.ede = ede
        self.targets = targets
        self.marks = marks
        self.tags: Tags = ()
        self.generation = -1
        self.hits = 0
        self.fetching = False  # a prefetch was tried

    def left(self, now: float) -> float:
        """Return the seconds it is still fresh; negative when it has outlived its time."""
        return self.stored + self.lifetime - now


class Cache:
    """Facts by key, bounded in bytes."""

    def __init__(self, max_bytes: int, stale_max_s: int) -> None:
        """`stale_max_s`: how long after their end facts are kept for the day when no upstream answers."""
        self._facts: dict[bytes, Fact] = {}
        self._max_bytes = max_bytes
        self._stale_max_s = stale_max_s
        self._failures: dict[bytes, tuple[float, Fact]] = {}
        self._order: list[bytes] = []  # keys before the clock hand, next one last
        self._nxdomains = 0
        self.get = self._facts.get  # key -> Fact or None, whatever its age
        self.bytes = 0
        self.evicted = 0

    def __len__(self) -> int:
        return len(self._facts)

    def put(self, key: bytes, fact: Fact) -> None:
        """Remember a fact (`lifetime` >= 1) in place of an older one."""
        old = self._facts.get(key)
        if old is not None:
            fact.hits = old.hits
            self.bytes -= _size(key, old)
        elif is_all_types(key):
            self._nxdomains += 1
        self._facts[key] = fact
        self.bytes += _size(key, fact)
        if self._failures:
            self._failures.pop(key, None)
        while self.bytes > self._max_bytes and len(self._facts) > 1:
            self._evict(key, fact.stored)

    def remove(self, key: bytes) -> None:
        """Forget a fact, if it is there."""
        fact = self._facts.get(key)
        if fact is not None:
            self._remove(key, fact)
        self._failures.pop(key, None)

    def absent(self, name: bytes, do: bool, cd: bool, group: int) -> Fact | None:
        """Return the fact that this very name does not exist, whatever its age."""
        return self.get(absence_key(name, do, cd, group)) if self._nxdomains else None

    def nonexistent(self, name: bytes, do: bool, cd: bool, group: int, now: float) -> tuple[bytes, Fact] | None:
        """Return a fresh NXDOMAIN of the name or of one above it (RFC 8020), with its key."""
        if not self._nxdomains:
            return None
        tail = _TAIL(0, do | cd << 1 | _ALL_TYPES, group)
        pos = 0
        while name[pos]:
            key = name[pos:] + tail
            fact = self.get(key)
            if fact is not None and fact.stored + fact.lifetime > now:
                return key, fact
            pos += name[pos] + 1
        return None

    def fail(self, key: bytes, fact: Fact, until: float) -> None:
        """Remember that `key` could not be answered (`fact` says how), so that it is not asked again before `until`."""
        if len(self._failures) >= MAX_FAILURES:
            self._failures.clear()
        self._failures[key] = (until, fact)

    def failure(self, key: bytes, now: float) -> Fact | None:
        """Return what is remembered of a failure that is not over."""
        if not self._failures:
            return None
        found = self._failures.get(key)
        if found is None:
            return None
        if now >= found[0]:
            del self._failures[key]
            return None
        return found[1]

    def _evict(self, keep: bytes, now: float) -> None:
        """Make room by one fact."""
        facts = self._facts
        for _ in range(_HAND_STEPS):
            if not self._order:
                self._order = list(facts)
                self._order.reverse()
            key = self._order.pop()
            fact = facts.get(key)
            if fact is None or key == keep:
                continue
            if fact.hits and now < fact.stored + fact.lifetime:
                fact.hits >>= 1  # asked since the hand came by: spared this time
                continue
            self._remove(key, fact)
            self.evicted += 1
            return
        while True:
            key = self._order.pop() if self._order else next(iter(facts))
            fact = facts.get(key)
            if fact is not None and (key != keep or not self._order):
                self._remove(key, fact)
                self.evicted += 1
                return

    def _remove(self, key: bytes, fact: Fact) -> None:
        del self._facts[key]
        self.bytes -= _size(key, fact)
        if is_all_types(key):
            self._nxdomains -= 1


def key(name: bytes, qtype: int, do: bool, cd: bool, group: int) -> bytes:
    """Return the key of a question of class IN. `name`: lower case; `group`: number of the upstream group, 0..65535."""
    return name + _TAIL(qtype, do | cd << 1, group)


def absence_key(name: bytes, do: bool, cd: bool, group: int) -> bytes:
    """Return the key of the fact that a name does not exist, whatever the type."""
    return name + _TAIL(0, do | cd << 1 | _ALL_TYPES, group)


def is_all_types(key: bytes) -> bool:
    """Return whether `key` is that of a name that does not exist."""
    return key[-3] & _ALL_TYPES != 0


def failed(now: float, ede: tuple[tuple[int, str], ...] = (), rcode: int = SERVFAIL) -> Fact:
    """Return the fact that there is no answer."""
    return Fact((b"",), (), 0, 0, rcode, now, 0, ede=ede)


def _size(key: bytes, fact: Fact) -> int:
    """Return about how many bytes a fact takes."""
    pieces = fact.pieces
    size = _FACT_BYTES + len(key) + _PIECE_BYTES * len(pieces) + sum(map(len, pieces))
    if fact.targets:
        size += sum([_TARGET_BYTES + len(target) for target in fact.targets])
    return size
