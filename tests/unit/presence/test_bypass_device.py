"""Whose silence means what, and who came and never asked."""

from __future__ import annotations

import pytest

from filterd.model.sighting import Kind, Sighting
from filterd.presence.bypass_device import MAX_SITES, Device
from filterd.presence.bypass_habit import CONSOLE, LEARN_S, PERSONAL, THING, UNKNOWN, Habit

START = 20_000 * 86_400.0
PRIVATE, GLOBAL = "02:aa:00:00:00:11", "00:1b:00:00:00:22"


def device(mac: str, name: str = "", vendor: str = "", joined: float | None = START) -> Device:
    found = Device(mac, Habit(START), joined=joined, last=START)
    found.hints.see(Sighting(START, Kind.DHCP, mac, "192.0.2.9", name, f"55=1;60={vendor}"))
    found.rate()
    return found


def told_after(found: Device, every: int, minutes: int) -> int | None:
    """Let it be heard every so many minutes; return after how many minutes it is odd that it never asked."""
    for minute in range(minutes):
        at = START + 60 * minute
        found.habit.heard = int(minute % every == 0)
        odd = found.never(at) if found.habit.heard else None
        found.habit.close(at, blind=False)
        if odd is not None:
            assert odd == START
            return minute
    return None


@pytest.mark.parametrize(
    ("mac", "name", "vendor", "base"),
    [(PRIVATE, "", "", PERSONAL), (GLOBAL, "LAPTOP-MINH", "MSFT 5.0", PERSONAL), (GLOBAL, "", "", UNKNOWN), (GLOBAL, "EPSON-XP", "", THING),
     (GLOBAL, "LG-webOS-TV", "", THING), (GLOBAL, "XBOX", "", CONSOLE), (PRIVATE, "printer", "", UNKNOWN)],
)  # fmt: skip
def test_how_much_its_silence_means(mac: str, name: str, vendor: str, base: float) -> None:
    assert device(mac, name, vendor).habit.base == base


def test_a_phone_that_came_and_never_asks_is_odd_sooner_when_it_is_heard_more() -> None:
    assert told_after(device(PRIVATE), 1, 60) == 18
    assert told_after(device(PRIVATE), 4, 60) == 24
    assert told_after(device(PRIVATE), 12, 50) is None


def test_one_that_may_have_slept_until_the_watch_began_has_more_time() -> None:
    found = device(PRIVATE)
    found.may_be_old = True
    assert told_after(found, 1, 60) == 26
    found = device(PRIVATE)
    found.may_be_old = True
    assert told_after(found, 5, 60) is None


def test_a_console_has_more_time_and_a_printer_all_of_it() -> None:
    found = told_after(device(GLOBAL, "XBOX"), 2, 60)
    assert found is not None and 26 <= found <= 30
    assert told_after(device(GLOBAL, "XBOX"), 6, 600) is None
    assert told_after(device(GLOBAL, "EPSON-XP"), 1, 600) is None


def test_it_is_told_once_and_not_when_it_asked_once() -> None:
    found = device(PRIVATE)
    assert told_after(found, 1, 60) is not None and told_after(found, 1, 60) is None
    asked = device(PRIVATE)
    asked.asked_ever = 1
    assert told_after(asked, 1, 60) is None


def test_one_that_was_always_there_has_days() -> None:
    always = device(PRIVATE, joined=None)
    assert told_after(always, 1, 1440) is None
    assert told_after(device(PRIVATE, joined=None), 1, 1500) == 1440


def asks(found: Device, at: float, name: str) -> tuple[int, int]:
    """Ask; return how often it asked for sites it knows and for others, in this minute."""
    found.ask(at, name)
    counted = found.habit.asked, found.habit.strange
    found.habit.asked = found.habit.strange = 0
    return counted


def test_sites_are_new_only_once_the_others_were_learned() -> None:
    found = device(PRIVATE)
    assert asks(found, START, "www.example.org") == (1, 0)
    assert asks(found, START + LEARN_S - 1, "cdn.example.net") == (1, 0)
    later = START + LEARN_S + 60
    assert asks(found, later, "img.example.net") == (1, 0)  # another name of a site it knows
    assert asks(found, later, "gw31.tunnel.example") == (0, 1)
    assert asks(found, later, "gw32.tunnel.example") == (1, 0)
    assert asks(found, later, "www.school.com.vn") == (0, 1) and asks(found, later, "www.other.com.vn") == (0, 1)
    assert asks(found, later, "localhost") == (0, 1)
    assert found.asked_ever == 8


def test_sites_are_bounded_and_the_longest_unasked_goes_first() -> None:
    found = device(PRIVATE)
    for number in range(MAX_SITES + 1):
        found.ask(START, f"s{number}.example")
        found.ask(START, "always.example")
    assert len(found.sites) == MAX_SITES and "always.example" in found.sites and "s0.example" not in found.sites
