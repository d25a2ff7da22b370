"""How a device's rhythm is learned from its symbols: Baum and Welch's way (Rabiner 1989, section III C).

A transition is "stay" or "turn, by the hour of the day": so one symbol costs steps in the number of states, not in its square.
All of it is a pure function of the symbols and of what was known before. A week takes some tenths of a second.

    rhythm = learn(None, symbols, first)            # at first, in several passes over one day
    rhythm = learn(rhythm, symbols, first)          # later, from what is known already
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from filterd.presence.bypass_rhythm import A_DAY, ASKS, BLOCKS, LEVELS, MINUTES, STATES, UNSEEN, Rhythm, Row, shares

PASSES = 8  # over the first day; later one does
_ASKS = (0.0005, 0.02, 0.1, 0.3, 0.8)  # that it asks in a minute, by which the states are told apart at first
_MORE = (1.0, 1.0, 0.7, 0.4)  # by level: how much less it is than by what a state asks at all
_HEARD = (0.1, 0.6, 0.9, 1.2, 1.3)  # how much more a state is heard with each level
_STAYS = (0.99, 0.985, 0.97, 0.95, 0.93)  # a minute
_PRIOR = 4.0  # symbols that what is not known weighs
_PRIOR_TURNS = 4.0
_NEAR = 0.3  # that the hours before and after weigh
_LEAST = 1e-4
_MOST_STAYS = 0.9995


@dataclass(slots=True)
class _Counts:
    """How often what was met, by state: expected, because states are not seen."""

    asks: list[list[float]] = field(default_factory=lambda: [[0.0] * ASKS for _ in range(STATES)])
    heard: list[list[float]] = field(default_factory=lambda: [[0.0] * LEVELS for _ in range(STATES)])
    stayed: list[float] = field(default_factory=lambda: [0.0] * STATES)
    left: list[float] = field(default_factory=lambda: [0.0] * STATES)
    turned: list[list[float]] = field(default_factory=lambda: [[0.0] * STATES for _ in range(BLOCKS)])


def learn(known: Rhythm | None, symbols: Sequence[int], first: int) -> Rhythm:
    """Return the rhythm of `symbols`. `first`: how many symbols of the day were before them; `known`: learned before."""
    prior = _prior(symbols)
    if known is not None:
        return _fit(_count(known, symbols, first), prior)
    rhythm = prior
    for _ in range(PASSES):
        rhythm = _fit(_count(rhythm, symbols, first), prior)
    return rhythm


def block_of(number: int) -> int:
    """Return the part of the day of its symbol with this number."""
    return number % A_DAY * BLOCKS // A_DAY


def _prior(symbols: Sequence[int]) -> Rhythm:
    """Return what is thought of a device of which no more is known than how often it is heard at all."""
    levels = [0.5] * LEVELS
    for found in symbols:
        if found != UNSEEN:
            levels[found % LEVELS] += 1
    heard = [[n * more**level for level, n in enumerate(levels)] for more in _HEARD]
    turns = [[1 / STATES] * STATES for _ in range(BLOCKS)]
    return Rhythm([_asks(a) for a in _ASKS], [shares(row) for row in heard], [s**MINUTES for s in _STAYS], turns)


def _asks(chance: float) -> list[float]:
    """Return the chances of the levels of asking for a state that asks in a minute with `chance`."""
    not_at_all, many = (1 - chance) ** MINUTES, 2 * MINUTES * chance
    return [not_at_all, *((1 - not_at_all) * x for x in shares([m * many**n for n, m in enumerate(_MORE)]))]


def _count(rhythm: Rhythm, symbols: Sequence[int], first: int) -> _Counts:
    """Return what the symbols say by `rhythm`: forward, then backward."""
    table, stays, states = rhythm.exact(), rhythm.stays, range(STATES)
    mixes: list[Row] = []
    totals: list[float] = []
    lefts: list[float] = []
    mix: Row = (0.0,) * STATES
    left = 1.0
    for number, seen in enumerate(symbols, first):
        turns = rhythm.turns[block_of(number)]
        if mixes:
            left = 1 - sum([m * s for m, s in zip(mix, stays, strict=True)])
        found = [(m * s + t * left) * f for m, s, t, f in zip(mix, stays, turns, table[seen], strict=True)]
        total = sum(found)
        mix = tuple([x / total for x in found])
        mixes.append(mix)
        totals.append(total)
        lefts.append(left)
    counts = _Counts()
    after = [1.0] * STATES
    for place in range(len(symbols) - 1, -1, -1):
        seen = symbols[place]
        if seen != UNSEEN:
            asked, level = divmod(seen, LEVELS)
            for k, weight in enumerate([m * a for m, a in zip(mixes[place], after, strict=True)]):
                counts.heard[k][level] += weight
                counts.asks[k][asked] += weight
        if not place:
            break
        block = block_of(first + place)
        total, left = totals[place], lefts[place]
        ahead = [f * a / total for f, a in zip(table[seen], after, strict=True)]
        ways = [t * a for t, a in zip(rhythm.turns[block], ahead, strict=True)]
        turn, turned, before = sum(ways), counts.turned[block], mixes[place - 1]
        for k in states:
            stay = stays[k]
            turned[k] += left * ways[k]
            counts.stayed[k] += before[k] * stay * ahead[k]
            counts.left[k] += before[k] * (1 - stay) * turn
            after[k] = stay * ahead[k] + (1 - stay) * turn
    return counts


def _fit(counts: _Counts, prior: Rhythm) -> Rhythm:
    """Return the rhythm that what was counted speaks for."""
    asks, heard = _levels(counts.asks, prior.asks), _levels(counts.heard, prior.heard)
    stays = [
        min((n + _PRIOR * p) / (n + left + _PRIOR), _MOST_STAYS)
        for n, left, p in zip(counts.stayed, counts.left, prior.stays, strict=True)
    ]
    whole = shares([sum(row[k] for row in counts.turned) + _NEAR for k in range(STATES)])
    turns = []
    for block, row in enumerate(counts.turned):
        before, after = counts.turned[block - 1], counts.turned[(block + 1) % BLOCKS]
        near = [_NEAR * (b + a) + _PRIOR_TURNS * w for b, a, w in zip(before, after, whole, strict=True)]
        turns.append(shares([n + x for n, x in zip(row, near, strict=True)]))
    return Rhythm(asks, heard, stays, turns)


def _levels(counted: Sequence[Sequence[float]], prior: Sequence[Sequence[float]]) -> list[list[float]]:
    found = []
    for row, known in zip(counted, prior, strict=True):
        all_ = sum(row) + _PRIOR
        found.append(shares([max((n + _PRIOR * p) / all_, _LEAST) for n, p in zip(row, known, strict=True)]))
    return found
