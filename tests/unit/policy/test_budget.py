"""Budgets: slots and days, keys that outlive a change of minutes, what is used up today, and the sentences."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from zoneinfo import ZoneInfo

import pytest

from filterd.model.household import Budget, Household, Profile
from filterd.policy.budget import about, counts_on, day_of, key_of, midnight_after, slot_of, spent_for
from filterd.policy.compile import Spent

SAIGON = ZoneInfo("Asia/Ho_Chi_Minh")
VIDEO = Budget(("youtube", "tiktok"), (), 60)
NOON = datetime(2026, 11, 24, 12, 0, tzinfo=SAIGON).timestamp()  # a Tuesday
DAY = day_of(NOON, SAIGON)


@dataclass(frozen=True)
class Row:
    profile: str
    budget: str
    day: int
    start: float
    used: int


def house(*budgets: Budget) -> Household:
    return Household(timezone="Asia/Ho_Chi_Minh", profiles=(Profile(id="an", name="An", budgets=budgets),))


def test_a_slot_has_five_minutes() -> None:
    assert slot_of(299.9) == 0 and slot_of(300) == 1 and slot_of(1_790_000_000) == 5_966_666


def test_the_key_forgets_minutes_and_order_only() -> None:
    assert key_of(VIDEO) == key_of(replace(VIDEO, minutes=90)) == key_of(replace(VIDEO, services=("tiktok", "youtube")))
    others = [
        replace(VIDEO, days=frozenset({5})),
        replace(VIDEO, categories=("games",)),
        Budget((), VIDEO.services, 60),
    ]
    assert len({key_of(b) for b in [VIDEO, *others]}) == 4


def test_used_up_until_local_midnight() -> None:
    row = Row("an", key_of(VIDEO), DAY, NOON, 12)
    midnight = datetime(2026, 11, 25, tzinfo=SAIGON).timestamp()
    assert spent_for(house(VIDEO), [row], NOON) == [Spent("an", 0, NOON, midnight)]
    assert spent_for(house(VIDEO), [row], midnight) == []


def test_the_newest_minutes_days_and_place_are_judged() -> None:
    row = Row("an", key_of(VIDEO), DAY, NOON, 12)
    assert spent_for(house(replace(VIDEO, minutes=90)), [row], NOON) == []
    assert [s.budget for s in spent_for(house(Budget((), ("games",), 30), VIDEO), [row], NOON)] == [1]
    sunday = replace(VIDEO, days=frozenset({6}))
    assert spent_for(house(sunday), [replace(row, budget=key_of(sunday))], NOON) == []
    assert spent_for(house(VIDEO), [replace(row, used=11)], NOON) == []
    assert not counts_on(sunday, DAY)


@pytest.mark.parametrize(("day", "hours"), [((2026, 3, 29), 23), ((2026, 10, 25), 25), ((2026, 11, 24), 24)])
def test_days_of_summer_time(day: tuple[int, int, int], hours: int) -> None:
    zone = ZoneInfo("Europe/Berlin")
    begin = datetime(*day, tzinfo=zone)
    assert midnight_after(begin.date().toordinal(), zone) - begin.timestamp() == hours * 3600


def test_what_is_said() -> None:
    assert about(8, 60, "en") == "about 40 of 60 minutes"
    assert about(8, 60, "vi") == "khoảng 40 trên 60 phút"
    assert about(14, 60, "en") == "about 60 of 60 minutes"
