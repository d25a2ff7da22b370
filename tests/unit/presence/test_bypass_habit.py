"""A device's habits: what silence is odd for whom, a question among silence, memory, bounds."""

from __future__ import annotations

import json
import random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from filterd.presence.bypass_habit import DAYS, LEARN_S, LEAST_SILENT, PERSONAL, THING, WINDOW, Habit
from filterd.presence.bypass_rhythm import A_DAY
from tests.examples import examples

DAY = 86_400
START = 20_000.0 * DAY


def minute(habit: Habit, at: float, heard: int, asked: int, blind: bool = False) -> bool:
    """Let a minute go by; learn as the watch does."""
    habit.heard, habit.asked = heard, asked
    found = habit.close(at, blind=blind)
    if habit.is_due:
        habit.learn()
    return found


def phone(days: int = 3, base: float = PERSONAL, seed: int = 3) -> tuple[Habit, float, random.Random]:
    """A phone that is heard and asks in about every second minute by day, and sleeps from 22 to 7; now it is noon."""
    habit, rng, at = Habit(START), random.Random(seed), START
    habit.base = base
    while at < START + days * DAY + DAY / 2:
        assert not usual(habit, at, rng)
        at += 60
    return habit, at, rng


def usual(habit: Habit, at: float, rng: random.Random) -> bool:
    """Let a minute of it go by as always."""
    awake = 7 <= at % DAY // 3600 < 22
    heard, asks = (0.6, 0.5) if awake else (0.06, 0.03)
    return minute(
        habit, at, int(rng.random() < heard) * rng.randint(1, 3), int(rng.random() < asks) * rng.randint(1, 6)
    )


def silent(habit: Habit, at: float, minutes: int, rng: random.Random, heard: float = 0.6) -> int | None:
    """Let it be heard but not ask; return after how many minutes that became odd."""
    for number in range(minutes):
        if minute(habit, at + 60 * number, int(rng.random() < heard) * rng.randint(1, 3), 0):
            return number + 1
    return None


def test_a_phone_that_stops_asking_by_day_is_odd_within_half_an_hour() -> None:
    habit, at, rng = phone()
    found = silent(habit, at, 60, rng)
    assert found is not None and LEAST_SILENT - 3 <= found <= 30
    assert habit.alarmed and habit.nats > PERSONAL and habit.quiet > 5 and at - 300 <= habit.spell <= at


def test_its_night_is_no_silence() -> None:
    habit, at, rng = phone()
    while at < START + 4 * DAY + 7 * 3600:
        assert not usual(habit, at, rng)
        at += 60
    habit, at, rng = phone(days=3)
    midnight = START + 4 * DAY
    while at < midnight:
        assert not usual(habit, at, rng)
        at += 60
    assert silent(habit, midnight, 6 * 60, rng, heard=0.06) is None


def test_of_a_thing_silence_means_nothing_and_nothing_is_learned() -> None:
    habit, at, rng = phone(base=THING)
    assert habit.rhythm is None and not habit.is_due
    assert silent(habit, at, 240, rng) is None


def test_who_is_always_silent_is_never_odd() -> None:
    habit, rng, at = Habit(START), random.Random(5), START
    habit.base = PERSONAL
    for number in range(5 * 1440):
        assert not minute(habit, at + 60 * number, int(rng.random() < 0.5), int(number % 2000 == 0))


def test_nothing_is_odd_on_the_first_day() -> None:
    habit, rng = Habit(START), random.Random(5)
    habit.base = PERSONAL
    for number in range(600):
        minute(habit, START + 60 * number, 1, 1)
    assert silent(habit, START + 36_000, 120, rng, heard=1.0) is None
    assert not habit.is_grown(START + LEARN_S - 1) and habit.is_grown(START + LEARN_S)


def test_one_that_was_hardly_there_is_not_judged() -> None:
    habit, rng, at = Habit(START), random.Random(5), START
    habit.base = PERSONAL
    for number in range(3 * 1440):  # ten minutes a day
        there = number % 1440 < 10
        assert not minute(habit, at + 60 * number, int(there), int(there))
    assert silent(habit, at + 3 * DAY, 60, rng) is None


def test_minutes_in_which_the_box_saw_nothing_do_not_count() -> None:
    habit, at, _ = phone()
    for number in range(90):
        assert not minute(habit, at + 60 * number, 2, 0, blind=True)
    assert habit.nats <= 2 and habit.quiet <= 3


def test_one_question_in_a_long_silence_does_not_end_it_but_some_minutes_as_always_do() -> None:
    habit, at, rng = phone()
    assert silent(habit, at, 30, rng) is not None
    for number in range(30):
        minute(habit, at + 1800 + 60 * number, 1, 0)
    minute(habit, at + 3600, 1, 1)
    minute(habit, at + 3660, 1, 0)
    minute(habit, at + 3720, 1, 0)
    assert habit.alarmed
    for number in range(25):
        minute(habit, at + 3780 + 60 * number, 2, 5)
    assert not habit.alarmed and habit.nats == 0


def test_a_program_that_asks_for_its_own_server_alone_is_silent_a_page_is_not() -> None:
    for strange, is_silent in ((2, True), (9, False)):
        habit, at, rng = phone()
        for number in range(45):
            habit.strange = strange if number % 10 == 0 else 0
            if silent(habit, at + 60 * number, 1, rng) is not None:
                break
        assert habit.alarmed == is_silent


def test_a_silence_that_was_told_is_learned_only_when_it_is_forgiven() -> None:
    told, at, rng = phone()
    assert silent(told, at, 60, rng) is not None
    bar = told.bar
    for number in range(20):
        minute(told, at + 3600 + 60 * number, 2, 5)
    assert not told.alarmed and told.bar == bar
    assert any(s >= 64 for s in told._symbols)
    forgiven, at, rng = phone()
    assert silent(forgiven, at, 60, rng) is not None
    forgiven.forgive()
    assert not forgiven.alarmed and forgiven.bar > bar and all(s < 64 for s in forgiven._symbols)


def test_one_without_a_rhythm_is_judged_by_those_of_others_with_a_higher_bar() -> None:
    known, at, rng = phone()
    new = Habit(at)
    new.base = PERSONAL
    assert new.wants_rhythm and known.rhythm is not None
    new.borrow([known.rhythm])
    assert new.bar > known.bar - 1 and not new.wants_rhythm
    for number in range(40):
        assert not usual(new, at + 60 * number, rng)
    found = silent(new, at + 2400, 60, rng)
    assert found is not None and found <= 40


def test_what_was_learned_comes_back() -> None:
    habit, at, rng = phone()
    again = Habit.of(json.loads(json.dumps(habit.document())))
    again.base = habit.base
    before, after = habit.document(), again.document()
    assert again.is_grown(at) and again.bar == pytest.approx(habit.bar, abs=0.01)
    assert {**before, "rhythm": ""} == {**after, "rhythm": ""}
    assert [float(x) for x in after["rhythm"].split()] == pytest.approx(
        [float(x) for x in before["rhythm"].split()], rel=0.02
    )
    assert silent(again, at, 60, rng) is not None
    assert len(json.dumps(habit.document())) < 4096


def damaged(**changed: Any) -> dict[str, Any]:
    """A document with some values changed; None: taken away."""
    found = {**phone(2)[0].document(), **changed}
    return {key: value for key, value in found.items() if value is not None}


@pytest.mark.parametrize(
    "changed",
    [{"began": None}, {"began": "x"}, {"first": "x"}, {"days": None}, {"bar": [1, 2]}, {"bar": [-1, 0, 0]}, {"bar": None},
     {"symbols": "%%"}, {"symbols": "AAAA"}, {"symbols": "eJxzdAQAAKoAiw=="[:8]}, {"rhythm": "0.5 0.5"}, {"rhythm": "x"}],
)  # fmt: skip
def test_a_damaged_memory_is_refused(changed: dict[str, Any]) -> None:
    Habit.of(damaged())
    with pytest.raises((KeyError, TypeError, ValueError)):
        Habit.of(damaged(**changed))


def test_symbols_that_cannot_be_are_refused() -> None:
    import base64
    import zlib

    for raw in (bytes([46]), bytes([127]), bytes([200]), bytes(DAYS * A_DAY + 1)):
        with pytest.raises(ValueError):
            Habit.of(damaged(symbols=base64.b64encode(zlib.compress(raw)).decode()))


@settings(max_examples=examples(60), deadline=None)
@given(st.lists(st.tuples(st.integers(0, 40), st.integers(0, 20), st.booleans()), max_size=400), st.integers(0, 50_000))
def test_bounds_hold_whatever_comes(minutes: list[tuple[int, int, bool]], jump: int) -> None:
    habit, at = Habit(START - 2 * LEARN_S), START
    habit.base = PERSONAL
    for heard, asked, blind in minutes:
        minute(habit, at, heard, asked, blind)
        assert 0 <= habit.quiet <= WINDOW and 0 <= habit.nats <= habit.bar + 4
        at += 60 + (60 * jump if heard and blind else 0)
    assert len(habit._symbols) <= DAYS * A_DAY
    Habit.of(habit.document())
