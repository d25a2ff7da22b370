"""Windows on the wall clock: midnight, exceptions, holidays, the week's end, daylight saving (DECISIONS 5)."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from time import process_time
from zoneinfo import ZoneInfo

import pytest

from filterd.model.household import DayException, Holiday, Household, Profile
from filterd.policy.clock import Schedule, Span, in_force, local_time, turns
from filterd.policy.compile import Knowledge, compile_snapshot
from tests.unit.policy.house import ZONE, at, house, kid, window

NOTHING = Knowledge({}, {}, {}, {}, {}, {})


def inside(schedule: Schedule, *moments: str) -> list[bool]:
    """At which of `moments` is any window in force?"""
    return [bool(in_force(schedule, datetime.fromisoformat(m))) for m in moments]


def weekly(*windows: tuple[str, str], days: str = "") -> Schedule:
    """A schedule of offline windows. `days`: digits of weekdays, 0 = Monday; none for every day."""
    chosen = frozenset(map(int, days)) or None
    made = tuple(window("offline", a, b, days=chosen) for a, b in windows)
    return Schedule(made, tuple(range(len(made))))


def test_from_is_inclusive_and_to_exclusive() -> None:
    schedule = weekly(("19:00", "20:30"))
    found = inside(schedule, "2026-11-24 18:59:59", "2026-11-24 19:00", "2026-11-24 20:29:59", "2026-11-24 20:30")
    assert found == [False, True, True, False]


def test_a_window_over_midnight_belongs_to_the_day_on_which_it_starts() -> None:
    friday = weekly(("21:30", "06:00"), days="4")  # 2026-11-27 is a Friday
    found = inside(friday, "2026-11-27 05:59", "2026-11-27 21:30", "2026-11-28 05:59", "2026-11-28 21:30")
    assert found == [False, True, True, False]


def test_a_window_over_the_end_of_the_week_and_of_the_year() -> None:
    assert inside(weekly(("21:30", "06:00"), days="6"), "2026-11-30 05:59", "2026-11-30 21:30") == [True, False]
    thursday = weekly(("23:00", "01:00"), days="3")  # 2026-12-31
    assert inside(thursday, "2027-01-01 00:59", "2027-01-01 23:30") == [True, False]


def test_24_00_is_the_end_of_the_day() -> None:
    assert inside(weekly(("20:00", "24:00"), days="1"), "2026-11-24 23:59", "2026-11-25 00:00") == [True, False]


@pytest.mark.parametrize("time", ["00:00", "07:00"])
def test_from_equal_to_to_is_a_whole_day(time: str) -> None:
    tuesday = weekly((time, time), days="1")
    after = f"2026-11-25 {time}"
    before = (datetime.fromisoformat(after) - timedelta(minutes=1)).isoformat()
    assert inside(tuesday, f"2026-11-24 {time}", before, after) == [True, True, False]


def test_an_every_day_window_from_equal_to_to_never_ends() -> None:
    schedule = weekly(("07:00", "07:00"))
    _, states = turns(schedule, ZoneInfo(ZONE), at("2026-11-24 00:00"), 30)
    assert states == [(0,)]


# ---- exceptions --------------------------------------------------------------------------------------------------

NIGHT, LATE = window("offline", "21:30", "06:00", name="night"), window("offline", "23:00", "07:00", name="late")


def test_an_exception_replaces_the_windows_that_start_on_its_date_and_last_nights_goes_on_into_it() -> None:
    schedule = Schedule((NIGHT,), (0,), (Span(date(2026, 12, 24), date(2026, 12, 24), ()),))
    moments = ["2026-12-24 05:59", "2026-12-24 21:30", "2026-12-25 05:59", "2026-12-25 21:30"]
    assert inside(schedule, *moments) == [True, False, False, True]


def test_a_window_of_an_exception_goes_on_into_the_next_day_beside_that_days_own() -> None:
    schedule = Schedule((NIGHT, LATE), (0,), (Span(date(2026, 12, 24), date(2026, 12, 24), (1,)),))
    assert inside(schedule, "2026-12-24 22:00", "2026-12-24 23:00", "2026-12-25 06:30") == [False, True, True]
    assert in_force(schedule, datetime(2026, 12, 25, 5)) == (1,)


def test_the_first_exception_that_matches_a_date_wins() -> None:
    spans = (Span(date(2026, 6, 10), date(2026, 6, 10), ()), Span(date(2026, 6, 1), date(2026, 8, 31), (1,)))
    both = Schedule((NIGHT, LATE), (0,), spans)
    assert both.starting(date(2026, 6, 10)) == () and both.starting(date(2026, 6, 11)) == (1,)
    other = Schedule((NIGHT, LATE), (0,), spans[::-1])
    assert other.starting(date(2026, 6, 10)) == (1,)


def test_holiday_windows_start_on_each_date_of_the_span_both_ends_included() -> None:
    span = Span(date(2026, 6, 1), date(2026, 8, 31), (1,))
    schedule = Schedule((NIGHT, LATE), (0,), (span,))
    starting = [schedule.starting(date(*d)) for d in ((2026, 5, 31), (2026, 6, 1), (2026, 8, 31), (2026, 9, 1))]
    assert starting == [(0,), (1,), (1,), (0,)]
    assert inside(schedule, "2026-06-01 05:59", "2026-06-01 06:59", "2026-09-01 06:59") == [True, False, True]


def test_a_window_of_an_exception_may_have_days_of_its_own() -> None:
    weekend = window("offline", "21:00", "22:00", days=frozenset({5, 6}))
    schedule = Schedule((weekend,), (), (Span(date(2026, 6, 1), date(2026, 6, 30), (0,)),))
    assert schedule.starting(date(2026, 6, 6)) == (0,) and schedule.starting(date(2026, 6, 8)) == ()


def test_an_exception_by_holiday_means_every_span_of_that_name() -> None:
    holidays = (
        Holiday("Tết", date(2026, 2, 16), date(2026, 2, 20)),
        Holiday("Tết", date(2027, 2, 5), date(2027, 2, 5)),
    )
    profile = kid(windows=(NIGHT,), exceptions=(DayException((), holiday="Tết"),))
    h = house(profile, holidays=holidays, made=at("2026-02-01 00:00"))
    nights = ["2026-02-15 23:00", "2026-02-16 05:00", "2026-02-16 23:00", "2026-02-20 23:00", "2026-02-21 23:00"]
    assert [h.ask("x.example", at(m)).blocked for m in nights] == [True, True, False, False, True]
    assert [h.ask("x.example", at(f"2027-02-{d} 23:00")).blocked for d in ("04", "05", "06")] == [True, False, True]


def test_a_permit_window_of_an_exception_makes_it_timed_on_every_day() -> None:
    permit = window("permit", "10:00", "12:00", services=("blox",))
    h = house(kid(exceptions=(DayException((permit,), on=date(2026, 12, 24)),)))
    assert h.ask("x.example", services=["blox"]).rule == "outside its windows"
    assert not h.ask("x.example", at("2026-12-24 10:00"), services=["blox"]).blocked


# ---- daylight saving ---------------------------------------------------------------------------------------------


def minutes_in_force(zone: str, start: str, end: str, day: str) -> int:
    """Count the minutes of two days from the evening before `day` on in which the window is in force."""
    schedule, tz = weekly((start, end)), ZoneInfo(zone)
    begin = int(at(f"{day} 12:00", zone)) - 86400
    at_, states = turns(schedule, tz, begin, 2)
    ends = [*at_[1:], begin + 2 * 86400]
    assert all(
        bool(in_force(schedule, local_time(begin + m * 60, tz)))
        == bool(states[max(i for i, t in enumerate(at_) if t <= begin + m * 60)])
        for m in range(0, 2 * 1440, 5)
    )
    return sum(b - a for a, b, s in zip(at_, ends, states, strict=True) if s and a < begin + 86400) // 60


def test_a_skipped_hour_is_skipped_and_a_repeated_one_counts_twice() -> None:
    assert minutes_in_force("Europe/Berlin", "22:00", "06:00", "2027-03-28") == 7 * 60
    assert minutes_in_force("Europe/Berlin", "22:00", "06:00", "2026-10-25") == 9 * 60
    assert minutes_in_force("America/New_York", "22:00", "06:00", "2027-03-14") == 7 * 60


def test_lord_howe_shifts_by_half_an_hour() -> None:
    assert minutes_in_force("Australia/Lord_Howe", "22:00", "06:00", "2026-10-04") == 7 * 60 + 30
    assert minutes_in_force("Australia/Lord_Howe", "22:00", "06:00", "2027-04-04") == 8 * 60 + 30


def test_a_window_inside_the_skipped_hour_never_comes_and_inside_the_repeated_one_comes_twice() -> None:
    zone = ZoneInfo("Europe/Berlin")
    spring, autumn = at("2027-03-28 00:00", "Europe/Berlin"), at("2026-10-25 00:00", "Europe/Berlin")
    schedule = weekly(("02:10", "02:50"))
    assert turns(schedule, zone, spring, 1)[1] == [()]
    times, states = turns(schedule, zone, autumn, 1)
    assert states == [(), (0,), (), (0,), ()]
    assert [(t - autumn) / 60 for t in times] == [0, 130, 170, 190, 230]


def test_a_window_that_begins_in_the_skipped_hour_begins_with_the_jump() -> None:
    zone = ZoneInfo("Europe/Berlin")
    spring = at("2027-03-28 00:00", "Europe/Berlin")
    times, states = turns(weekly(("02:30", "04:00")), zone, spring, 1)
    assert [(t - spring) / 60 for t in times] == [0, 120, 180] and states == [(), (0,), ()]


def test_a_schedule_without_windows_has_one_state() -> None:
    assert turns(Schedule(), ZoneInfo("Europe/Berlin"), 61.5) == ([60], [()])
    assert in_force(Schedule(), datetime(2026, 1, 1)) == ()


def test_the_first_day_there_is() -> None:
    assert in_force(weekly(("00:00", "01:00")), datetime(1, 1, 1)) == (0,)


@pytest.mark.parametrize("zone", ["Asia/Ho_Chi_Minh", "Europe/Berlin"])
def test_fifty_profiles_with_six_windows_compile_in_half_a_second_of_cpu(zone: str) -> None:
    made = []
    for i in range(50):
        days = [None, frozenset({1, 3}), frozenset({5, 6})]
        windows = tuple(
            window("offline", f"{(j * 3 + i) % 24:02}:{i:02}", f"{(j * 3 + i + 2) % 24:02}:00", days=days[j % 3])
            for j in range(6)
        )
        made.append(Profile(f"p{i}", "P", windows=windows))
    household = Household(tuple(made), timezone=zone)
    begin = process_time()
    document = compile_snapshot(household, NOTHING, at("2026-11-24 12:00"))
    assert process_time() - begin < 0.5
    assert sum(len(p["at"]) for p in document["profiles"]) > 50 * 400
