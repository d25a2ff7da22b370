"""The rhythm of one device: what it does in three minutes, as a hidden Markov model (Rabiner 1989, "A tutorial on HMMs").

At any time a device is in one of STATES states that nobody sees: away, asleep, idle, used a little, used. What is seen of
three minutes is a symbol: how often the device was heard and how much it asked, each as a level. Each state has its own
chances of both, stays for a while, and is more likely at some hours than at others. Nothing of this is told by hand:
bypass_learn.py learns it from a week of symbols.

Two tales explain what is seen. By the first the device does as always. By the second it is used as always, and what it
asks no longer comes to us. `Telling` weighs one against the other, symbol by symbol.

    rhythm = learn(None, symbols, first)
    telling = Telling([rhythm])
    telling.take(symbol(seen=4, asked=0), block=9, most=10.0)     # how much likelier the second tale has become, in nats
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from math import log

MINUTES = 3  # a symbol is of
A_DAY = 1440 // MINUTES  # symbols
BLOCKS = 12  # of two hours, a day
STATES = 5
LEVELS = 9  # of being heard
ASKS = 5  # levels of asking; 0: not at all
UNSEEN = LEVELS * ASKS  # the symbol of minutes that say nothing: this box was blind
LEAK = 0.03  # of the times a device asks, some still come here while it goes round: not every program goes the new way
SUREST = 0.85  # that a device in use asks within a symbol: no silence of minutes proves anything
DOUBT = 0.1  # nats that a symbol must weigh to count for the second tale (the drift of Page's test, 1954)
WEIGHT = 1.5  # nats that a symbol weighs at most
_HEARD = (0, 1, 2, 3, 4, 4, 5, 5, 5, 6, 6, 6, 6, 6, 6, *(7,) * 15)  # level by the number of sightings
_ASKED = (0, 1, 2, 2, 3, 3, 3, 3, 3)  # and of questions
_LEAKS = (0.0, 0.65, 0.25, 0.08, 0.02)  # the level of what leaks: programs of the background ask once or twice
_LEAST = 1e-9  # nothing is impossible

Row = tuple[float, ...]


def symbol(seen: int, asked: int) -> int:
    """Return the symbol of MINUTES in which a device was seen and asked so often."""
    heard = _HEARD[seen] if seen < len(_HEARD) else LEVELS - 1
    return heard + LEVELS * (_ASKED[asked] if asked < len(_ASKED) else ASKS - 1)


@dataclass(slots=True)
class Rhythm:
    """What was learned. All values are chances; rows are by state.

    `asks`, `heard`: of each level in a symbol; `stays`: that it stays in its state; `turns`: by block of the day, into which
    state it turns when it does not.
    """

    asks: list[list[float]]
    heard: list[list[float]]
    stays: list[float]
    turns: list[list[float]]
    _usual: list[list[float]] = field(init=False, repr=False)  # chances of asking by the first tale
    _round: list[list[float]] = field(init=False, repr=False)  # and by the second

    def __post_init__(self) -> None:
        """Work out how each tale has it ask."""
        sure = [min(1 - row[0], SUREST) for row in self.asks]
        self._usual = [
            [1 - s, *(x / max(1 - row[0], _LEAST) * s for x in row[1:])] for s, row in zip(sure, self.asks, strict=True)
        ]
        self._round = [[1 - s * LEAK, *(s * LEAK * x for x in _LEAKS[1:])] for s in sure]

    def usual(self, seen: int) -> Row:
        """Return the chance of a symbol in each state by the first tale."""
        return _fits(self.heard, self._usual, seen)

    def round(self, seen: int) -> Row:
        """Return the same by the second."""
        return _fits(self.heard, self._round, seen)

    def exact(self) -> list[Row]:
        """Return the chances of all symbols, by which is learned: without the bound on what is sure."""
        return [_fits(self.heard, self.asks, seen) for seen in range(UNSEEN + 1)]

    def document(self) -> str:
        """Return it as text; what is lost by rounding does not matter."""
        return " ".join(f"{x:.3g}" for row in (self.stays, *self.asks, *self.heard, *self.turns) for x in row)

    @classmethod
    def of(cls, text: str) -> Rhythm:
        """Return the rhythm of what `document` returned. ValueError: it is none."""
        values = [float(x) for x in text.split(" ")]
        count = STATES * (1 + ASKS + LEVELS + BLOCKS)
        if len(values) != count or not all(0 <= x <= 1 for x in values):
            raise ValueError(f"expected {count} chances")
        given = iter(values)

        def rows(many: int, size: int) -> list[list[float]]:
            found = [[max(next(given), _LEAST) for _ in range(size)] for _ in range(many)]
            return [shares(row) for row in found]

        stays = [min(next(given), 1 - _LEAST) for _ in range(STATES)]
        return cls(rows(STATES, ASKS), rows(STATES, LEVELS), stays, rows(BLOCKS, STATES))


def shares(values: Sequence[float]) -> list[float]:
    """Return the values as parts of one."""
    total = sum(values)
    return [x / total for x in values]


def _fits(heard: Sequence[Sequence[float]], asks: Sequence[Sequence[float]], seen: int) -> Row:
    if seen == UNSEEN:
        return (1.0,) * STATES
    asked, level = divmod(seen, LEVELS)
    return tuple([h[level] * a[asked] for h, a in zip(heard, asks, strict=True)])


class Telling:
    """How the two tales go on. They part when the second was told to be no better than the first.

    Of a device whose own rhythm is not known yet, others of the same house are taken: each counts for as much as it fits.
    """

    __slots__ = ("_parts", "nats")

    def __init__(self, rhythms: Sequence[Rhythm]) -> None:
        """`rhythms`: at least one."""
        self._parts = [_Part(rhythm, 1 / len(rhythms)) for rhythm in rhythms]
        self.nats = 0.0  # by which the second explains better what was seen since they parted

    def take(self, seen: int, block: int, most: float) -> float:
        """Go on by a symbol; return `nats`, which stay within 0 and `most`."""
        for part in self._parts:
            part.go_on(seen, block)
        same = sum([part.same_weight for part in self._parts])
        other = sum([part.other_weight for part in self._parts])
        for part in self._parts:
            part.same_weight /= same
            part.other_weight /= other
        self.nats = min(self.nats + min(log(other / same), WEIGHT) - DOUBT, most)
        if self.nats <= 0:
            self.rest()
        return self.nats

    def rest(self) -> None:
        """Let the tales be one again."""
        self.nats = 0.0
        for part in self._parts:
            part.other, part.other_weight = part.same, part.same_weight


class _Part:
    """Both tales by one rhythm."""

    __slots__ = ("other", "other_weight", "rhythm", "same", "same_weight")

    def __init__(self, rhythm: Rhythm, weight: float) -> None:
        self.rhythm = rhythm
        self.same: Row | None = None  # chances of the states by the first tale
        self.other: Row | None = None  # by the second
        self.same_weight = self.other_weight = weight  # how well the rhythm fits, by each

    def go_on(self, seen: int, block: int) -> None:
        """Go on by a symbol; the weights then want to be made parts of one again."""
        rhythm = self.rhythm
        turns = rhythm.turns[block]
        self.same, same = _go_on(rhythm.stays, turns, self.same or tuple(turns), rhythm.usual(seen))
        self.other, other = _go_on(rhythm.stays, turns, self.other or tuple(turns), rhythm.round(seen))
        self.same_weight = self.same_weight * same + _LEAST**2
        self.other_weight = self.other_weight * other + _LEAST**2


def _go_on(stays: Sequence[float], turns: Sequence[float], mix: Row, fits: Row) -> tuple[Row, float]:
    """Return the chances of the states a symbol later, and the chance of that symbol."""
    left = 1 - sum([m * s for m, s in zip(mix, stays, strict=True)])
    found = [(m * s + t * left) * f for m, s, t, f in zip(mix, stays, turns, fits, strict=True)]
    total = sum(found)
    return tuple([x / total for x in found]), total
