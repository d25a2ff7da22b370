"""From a cached fact to the bytes of an answer: TTLs counted down and capped, and how long those bytes stay true.

Arithmetic only, no decision: whether the fact may be shown is the engine's business. `age` is whole seconds since the
fact was learned, `cap` the highest TTL that may be shown (policy.judge.SlotState.cap), NO_CAP for none.
"""

from __future__ import annotations

from struct import Struct
from typing import Final, Protocol

NO_CAP: Final = 0x7FFFFFFF
FULL_CAP: Final = 60  # s; a cap below this counts down to a boundary of the profile
STALE_TTL: Final = 30  # s, RFC 8767 section 4
PREFETCH_PART: Final = 0.9  # of its life, after which an answer that is asked for is fetched anew

_U32: Final = Struct(">I").pack


class Aging(Protocol):
    """What is needed of a fact (resolve.cache.Fact)."""

    pieces: tuple[bytes, ...]
    ttls: tuple[int, ...]
    stored: float
    lifetime: int


def records(fact: Aging, age: int, cap: int) -> bytes:
    """Return the fact's records with their TTLs `age` seconds later, at most `cap` and never below 0."""
    pieces, ttls = fact.pieces, fact.ttls
    if len(ttls) == 1:
        ttl = ttls[0] - age
        return b"%b%b%b" % (pieces[0], _U32((ttl if ttl < cap else cap) if ttl > 0 else 0), pieces[1])
    parts = [pieces[0]]
    for ttl, piece in zip(ttls, pieces[1:], strict=True):
        ttl -= age
        parts.append(_U32((ttl if ttl < cap else cap) if ttl > 0 else 0))
        parts.append(piece)
    return b"".join(parts)


def stale_records(fact: Aging, cap: int) -> bytes:
    """Return the records of a fact that has outlived its time: all TTLs the same and short."""
    ttl = _U32(STALE_TTL if cap > STALE_TTL else cap)
    return ttl.join(fact.pieces)


def true_until(fact: Aging, now: float, cap: int, cap_fall: float) -> float:
    """Return the monotonic time at which `records(fact, ...)` of `now` would change, or the fact is to be fetched anew.

    `cap_fall`: monotonic time at which the cap becomes lower than it is now (infinite without one).
    """
    stored = fact.stored
    age = int(now - stored)
    flat = fact.lifetime - cap  # age up to which every TTL shows the cap
    change = stored + (flat if flat > age else age) + 1.0
    refetch = stored + fact.lifetime * PREFETCH_PART
    return min(change, cap_fall, refetch) if now < refetch else min(change, cap_fall)
