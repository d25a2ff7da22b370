"""A day as stretches in which nothing changes."""

from __future__ import annotations

from itertools import pairwise

from filterd.policy.simulate import Stretch, simulate
from tests.unit.policy.house import EVERY_NIGHT, House, at, grant, house, kid, off, window


def day(h: House, text: str = "2026-11-24") -> list[tuple[str, str]]:
    """The stretches of a day: (internet, why)."""
    found = simulate(h.judge, 0, at(f"{text} 00:00"), at(f"{text} 00:00") + 86400)
    assert found[0].start == at(f"{text} 00:00") and found[-1].end == found[0].start + 86400
    assert all(a.end == b.start for a, b in pairwise(found))
    return [(s.internet, s.why) for s in found]


def stretch(h: House, text: str) -> Stretch:
    """The stretch at a moment."""
    return simulate(h.judge, 0, at(text), at(text) + 60)[0]


def test_a_day_with_bedtime_and_homework() -> None:
    homework = window("only", "19:00", "20:30", name="Homework", services=("chat",))
    h = house(kid(windows=(EVERY_NIGHT, homework)))
    assert day(h) == [("off", "Bedtime"), ("on", ""), ("only", "Homework"), ("on", ""), ("off", "Bedtime")]


def test_equal_neighbours_are_joined() -> None:
    h = house(
        kid(windows=(window("offline", "08:00", "09:00", name="w"), window("offline", "09:00", "10:00", name="w")))
    )
    assert day(h) == [("on", ""), ("off", "w"), ("on", "")]


def test_off_and_grants_are_shown() -> None:
    h = house(
        kid(windows=(EVERY_NIGHT,)),
        internet_off=(off(until="2026-11-24 09:00"),),
        grants=(grant("time", since="2026-11-24 22:00"), grant("category", "games", since="2026-11-24 22:00")),
    )
    assert day(h) == [("off", "Bedtime"), ("on", ""), ("off", "profile"), ("on", ""), ("off", "Bedtime"), ("on", "")]
    assert stretch(h, "2026-11-24 22:30").grants == ("time", "category games")


def test_permit_windows_open_and_close_what_they_name() -> None:
    permit = window("permit", "14:00", "16:00", services=("blox",), categories=("games",))
    h = house(kid(windows=(permit,)), grants=(grant("time", since="2026-11-24 20:00"),))
    assert (stretch(h, "2026-11-24 13:00").open, stretch(h, "2026-11-24 13:00").closed) == ((), ("blox", "games"))
    assert (stretch(h, "2026-11-24 14:00").open, stretch(h, "2026-11-24 14:00").closed) == (("blox", "games"), ())
    assert stretch(h, "2026-11-24 20:00").open == ("blox", "games")
