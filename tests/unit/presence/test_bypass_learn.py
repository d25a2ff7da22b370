"""Learning a rhythm: it finds what a made device does, and never explains a week worse than before."""

from __future__ import annotations

import random
from math import log

import pytest

from filterd.presence.bypass_learn import block_of, learn
from filterd.presence.bypass_rhythm import A_DAY, ASKS, BLOCKS, LEVELS, STATES, UNSEEN, Rhythm, symbol


def days(count: int, seed: int = 1) -> list[int]:
    """A device in use from 8 to 20: heard and asking; else hardly heard, and silent."""
    rng, found = random.Random(seed), []
    for number in range(count * A_DAY):
        used = 8 <= number % A_DAY / A_DAY * 24 < 20
        seen = rng.randint(3, 12) if used else int(rng.random() < 0.05)
        found.append(symbol(seen, rng.randint(1, 12) if used and rng.random() < 0.9 else 0))
    return found


def fits(rhythm: Rhythm, symbols: list[int]) -> float:
    """Return the log of the chance of these symbols."""
    table, total, mix = rhythm.exact(), 0.0, None
    for number, seen in enumerate(symbols):
        turns = rhythm.turns[block_of(number)]
        if mix is None:
            found = [t * f for t, f in zip(turns, table[seen], strict=True)]
        else:
            left = sum(m * (1 - s) for m, s in zip(mix, rhythm.stays, strict=True))
            found = [(m * s + t * left) * f for m, s, t, f in zip(mix, rhythm.stays, turns, table[seen], strict=True)]
        chance = sum(found)
        total += log(chance)
        mix = [x / chance for x in found]
    return total


def test_it_finds_use_and_rest_and_when_it_is_used() -> None:
    rhythm = learn(None, days(1), 0)
    rhythm = learn(rhythm, days(4), 0)
    used = [k for k in range(STATES) if sum(rhythm.heard[k][3:]) > 0.9 and rhythm.asks[k][0] < 0.3]
    rest = [
        k for k in range(STATES) if rhythm.heard[k][0] > 0.9 and rhythm.asks[k][0] > 0.95 and rhythm.stays[k] > 0.98
    ]
    assert used and len(rest) == 1
    assert sum(rhythm.turns[BLOCKS // 2][k] for k in used) > 0.8


def test_each_time_it_explains_the_same_days_no_worse() -> None:
    symbols = days(2, seed=4)
    rhythm = learn(None, symbols, 0)
    for _ in range(3):
        again = learn(rhythm, symbols, 0)
        assert fits(again, symbols) >= fits(rhythm, symbols) - 2.0  # what is not known weighs a little too
        rhythm = again


def test_rows_stay_chances_and_nothing_is_impossible() -> None:
    for symbols in ([UNSEEN] * A_DAY, [0] * A_DAY, [UNSEEN - 1] * A_DAY, [0], days(1)):
        rhythm = learn(None, symbols, 17)
        for rows, size in ((rhythm.asks, ASKS), (rhythm.heard, LEVELS), (rhythm.turns, STATES)):
            for row in rows:
                assert len(row) == size and sum(row) == pytest.approx(1) and min(row) > 0
        assert all(0 < s < 1 for s in rhythm.stays)


def test_minutes_that_were_not_seen_say_nothing() -> None:
    symbols = days(2, seed=9)
    holes = [UNSEEN if 100 <= n % A_DAY < 130 else s for n, s in enumerate(symbols)]
    whole, holed = learn(None, symbols, 0), learn(None, holes, 0)
    assert [row[0] for row in holed.asks] == pytest.approx([row[0] for row in whole.asks], abs=0.15)


def test_the_parts_of_the_day() -> None:
    assert [block_of(n) for n in (0, 39, 40, A_DAY - 1, A_DAY, 7 * A_DAY + 40)] == [0, 0, 1, BLOCKS - 1, 0, 1]
