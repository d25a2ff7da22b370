"""A device's habits: what silence is odd for whom, a question among silence, memory, bounds."""

from __future__ import annotations

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from filterd.presence.bypass_habit import BLOCKS, LEARN_S, RARE_DAYS, WINDOW, Habit
from tests.examples import examples

DAY = 86_400
START = 20_000.0 * DAY


def phone(days: int = 3) -> tuple[Habit, float]:
    """A phone that is heard every second minute by day, asks in every third, and sleeps from 22 to 7."""
    habit = Habit(START)
    habit.rare_days = RARE_DAYS
    at = START
    while at < START + days * DAY + 12 * 3600:
        minute = int(at // 60)
        awake = 7 <= at % DAY // 3600 < 22
        habit.heard = minute % 2 == 0 if awake else minute % 15 == 0
        habit.asked = awake and minute % 3 == 0
        assert not habit.close(at, blind=False)
        at += 60
    return habit, at


def silent_for(habit: Habit, at: float, minutes: int, every: int = 2) -> int | None:
    """Let it be heard but not ask; return after how many minutes that became odd."""
    for minute in range(minutes):
        habit.heard = minute % every == 0
        if habit.close(at + 60 * minute, blind=False):
            return minute
    return None


def test_a_phone_that_stops_asking_by_day_is_odd_within_half_an_hour() -> None:
    habit, at = phone()
    found = silent_for(habit, at, 60)
    assert found is not None and found <= 30
    assert habit.alarmed and habit.quiet > 5


def test_its_night_is_no_silence() -> None:
    habit, at = phone()
    midnight = at + 12 * 3600
    for minute in range(12 * 60):  # the afternoon goes by as always
        habit.heard, habit.asked = minute % 2 == 0, minute % 3 == 0 and minute < 600
        if minute >= 600:
            habit.heard = minute % 15 == 0
        assert not habit.close(at + 60 * minute, blind=False)
    assert silent_for(habit, midnight, 6 * 60, every=15) is None


def test_a_printer_is_never_odd() -> None:
    habit = Habit(START)
    for minute in range(5 * 1440):
        habit.heard, habit.asked = True, minute % 2000 == 0
        assert not habit.close(START + 60 * minute, blind=False)


def test_nothing_is_odd_on_the_first_day() -> None:
    habit = Habit(START)
    habit.rare_days = RARE_DAYS
    for minute in range(600):
        habit.heard, habit.asked = True, True
        habit.close(START + 60 * minute, blind=False)
    assert silent_for(habit, START + 36_000, 120, every=1) is None


def test_minutes_in_which_the_box_saw_nothing_do_not_count() -> None:
    habit, at = phone()
    for minute in range(60):
        habit.heard = True
        assert not habit.close(at + 60 * minute, blind=True)
    assert habit.quiet <= 3


def test_one_question_in_a_long_silence_does_not_end_it_but_a_few_do() -> None:
    habit, at = phone()
    assert silent_for(habit, at, 30) is not None
    habit.asked = True
    habit.close(at + 1800, blind=False)
    assert habit.alarmed and habit.quiet
    for minute in range(4):
        habit.asked = True
        habit.close(at + 1860 + 60 * minute, blind=False)
    assert not habit.alarmed and not habit.quiet


def test_a_silence_that_was_told_is_learned_only_when_it_is_forgiven() -> None:
    told, at = phone()
    before = told.document()["silences"]
    assert silent_for(told, at, 30) is not None
    for minute in range(5):
        told.asked = True
        told.close(at + 1800 + 60 * minute, blind=False)
    longest = max(int(m) for row in told.document()["silences"] for m in row)
    assert longest == max(int(m) for row in before for m in row)
    forgiven, at = phone()
    assert silent_for(forgiven, at, 30) is not None
    forgiven.forgive()
    assert max(int(m) for row in forgiven.document()["silences"] for m in row) > longest


def test_what_was_learned_comes_back() -> None:
    habit, at = phone()
    again = Habit.of(json.loads(json.dumps(habit.document())))
    again.rare_days = habit.rare_days
    assert again.is_grown(at) and again.document() == habit.document()
    assert silent_for(again, at, 60) is not None


@pytest.mark.parametrize(
    "damage",
    [
        {}, {"began": "x"}, {"began": 1.0, "day": 0, "silences": []}, {"began": 1.0, "day": 0, "silences": [{str(WINDOW + 1): 1}] * BLOCKS},
        {"began": 1.0, "day": 0, "silences": [{"1": -1}] * BLOCKS}, {"began": 1.0, "day": 0, "silences": [{"1": 1e9}] * BLOCKS},
    ],
)  # fmt: skip
def test_a_damaged_memory_is_refused(damage: dict[str, object]) -> None:
    with pytest.raises((KeyError, TypeError, ValueError)):
        Habit.of(damage)


@settings(max_examples=examples(60), deadline=None)
@given(st.lists(st.tuples(st.booleans(), st.booleans(), st.booleans()), max_size=400), st.integers(0, 5000))
def test_quiet_stays_in_its_bounds(minutes: list[tuple[bool, bool, bool]], jump: int) -> None:
    habit = Habit(START - 2 * LEARN_S)
    at = START
    for heard, asked, blind in minutes:
        habit.heard, habit.asked = heard, asked
        habit.close(at, blind=blind)
        assert 0 <= habit.quiet <= WINDOW
        at += 60 + (jump if heard and blind else 0)
    assert len(habit.document()["silences"]) == BLOCKS
