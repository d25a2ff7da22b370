"""The two tales about a device, told by hand-made rhythms."""

from __future__ import annotations

import math
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from filterd.presence.bypass_rhythm import ASKS, BLOCKS, DOUBT, LEVELS, STATES, UNSEEN, WEIGHT, Rhythm, Telling, symbol


def rhythm(asks_in_use: float = 0.9) -> Rhythm:
    """Asleep in states 0 to 3: hardly heard, no question. In use in state 4."""
    quiet = [0.96, 0.04 / (LEVELS - 1) * 1.0, *[0.04 / (LEVELS - 1)] * (LEVELS - 2)]
    busy = [0.05, *[0.95 / (LEVELS - 1)] * (LEVELS - 1)]
    rest = [0.99, *[0.01 / (ASKS - 1)] * (ASKS - 1)]
    used = [1 - asks_in_use, *[asks_in_use / (ASKS - 1)] * (ASKS - 1)]
    return Rhythm(
        [rest] * (STATES - 1) + [used],
        [quiet] * (STATES - 1) + [busy],
        [0.95] * STATES,
        [[1 / STATES] * STATES] * BLOCKS,
    )


@pytest.mark.parametrize(
    ("seen", "asked", "found"),
    [(0, 0, 0), (1, 0, 1), (3, 0, 3), (4, 0, 4), (5, 0, 4), (8, 0, 5), (14, 0, 6), (29, 0, 7), (30, 0, 8), (10**9, 0, 8),
     (0, 1, 9), (0, 3, 18), (0, 8, 27), (0, 9, 36), (10**9, 10**9, 44)],
)  # fmt: skip
def test_symbols(seen: int, asked: int, found: int) -> None:
    assert symbol(seen, asked) == found < UNSEEN


def test_the_tables_are_chances() -> None:
    found, symbols = rhythm(), range(UNSEEN + 1)
    for table in ([found.usual(s) for s in symbols], [found.round(s) for s in symbols], found.exact()):
        for state in range(STATES):
            assert math.isclose(sum(row[state] for row in table[:UNSEEN]), 1.0)
        assert table[UNSEEN] == (1.0,) * STATES


def test_heard_without_a_question_speaks_for_a_way_round_and_questions_against_it() -> None:
    telling = Telling([rhythm()])
    for _ in range(5):
        telling.take(symbol(10, 12), 0, 100.0)
    assert telling.nats == 0
    grown = [telling.take(symbol(10, 0), 0, 100.0) for _ in range(8)]
    assert grown == sorted(grown) and grown[-1] > 6
    assert telling.take(symbol(10, 12), 0, 100.0) < grown[-1] - 2


def test_a_leak_costs_less_than_use() -> None:
    used, leaked = Telling([rhythm()]), Telling([rhythm()])
    for telling in (used, leaked):
        for _ in range(8):
            telling.take(symbol(10, 0), 0, 100.0)
    assert leaked.take(symbol(10, 1), 0, 100.0) > used.take(symbol(10, 12), 0, 100.0)


def test_rest_and_minutes_that_say_nothing_do_not_count() -> None:
    telling = Telling([rhythm()])
    for _ in range(200):
        assert telling.take(symbol(0, 0), 0, 100.0) < 0.5
    before = telling.take(symbol(10, 0), 0, 100.0)
    assert telling.take(UNSEEN, 0, 100.0) <= before


def test_no_symbol_weighs_too_much_and_nats_end_where_they_shall() -> None:
    telling, before = Telling([rhythm(0.999)]), 0.0
    telling.take(symbol(10, 12), 0, 5.0)
    for _ in range(20):
        now = telling.take(symbol(10, 0), 0, 5.0)
        assert now - before <= WEIGHT - DOUBT + 1e-9 and now <= 5.0
        before = now
    assert before == 5.0


def test_of_several_rhythms_the_one_counts_that_fits() -> None:
    """A house with a device that is heard all the time and never asks: it explains a silence, until the newcomer asks."""
    mute = Rhythm(
        [[0.9999, *[0.0001 / (ASKS - 1)] * (ASKS - 1)]] * STATES, [[1 / LEVELS] * LEVELS] * STATES, [0.9] * STATES,
        [[1 / STATES] * STATES] * BLOCKS,
    )  # fmt: skip
    asked, never = Telling([rhythm(), mute]), Telling([rhythm(), mute])
    for telling, count in ((asked, 12), (never, 0)):
        for _ in range(3):
            telling.take(symbol(10, count), 0, 100.0)
        for _ in range(8):
            telling.take(symbol(10, 0), 0, 100.0)
    assert asked.nats > 6 > 2 > never.nats


def test_a_rhythm_comes_back_from_its_text() -> None:
    text = rhythm().document()
    again = Rhythm.of(text)
    assert len(text) < 1200 and again.stays == pytest.approx(rhythm().stays, rel=0.01)
    assert again.asks[4] == pytest.approx(rhythm().asks[4], rel=0.01)
    zeros = Rhythm.of(" ".join(["0"] * len(text.split(" "))))
    assert Telling([zeros]).take(symbol(1, 0), 0, 9.0) >= 0


@pytest.mark.parametrize("text", ["", "0.5", "x " * 135, " ".join(["1.5"] * 135), " ".join(["nan"] * 135)])
def test_what_is_no_rhythm_is_refused(text: str) -> None:
    with pytest.raises(ValueError):
        Rhythm.of(text)


@given(st.lists(st.integers(0, UNSEEN), max_size=120), st.integers(0, 2**32))
def test_no_sequence_breaks_it(symbols: list[int], seed: int) -> None:
    rng = random.Random(seed)
    telling = Telling([rhythm(), rhythm(0.5)])
    for seen in symbols:
        assert 0 <= telling.take(seen, rng.randrange(BLOCKS), 9.0) <= 9.0
