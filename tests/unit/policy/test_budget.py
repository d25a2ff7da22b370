"""Budgets: slots and days, keys that outlive a change of minutes, what is used up today, and the sentences."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, datetime
from zoneinfo import ZoneInfo

import pytest

from filterd.model.decision import Action, Row
from filterd.model.event import Origin, Tail
from filterd.model.household import (
    Budget,
    Device,
    Effect,
    Grant,
    Household,
    InternetOff,
    Profile,
    Scope,
    Window,
)
from filterd.model.tags import Tag, TagKind, TagSet
from filterd.policy.budget import (
    about,
    charges,
    counts_on,
    day_of,
    gifts,
    is_gift,
    key_of,
    midnight_after,
    reaches_row,
    slot_of,
    slots_of,
    spent_for,
)
from filterd.policy.compile import Knowledge, Spent, compile_snapshot

SAIGON = ZoneInfo("Asia/Ho_Chi_Minh")
VIDEO = Budget(("youtube", "tiktok"), (), 60)
NOON = datetime(2026, 11, 24, 12, 0, tzinfo=SAIGON).timestamp()  # a Tuesday
DAY = day_of(NOON, SAIGON)


@dataclass(frozen=True)
class Said:
    profile: str
    budget: str
    day: int
    start: float
    used: int


SUMMER_TIME = ((2026, 3, 29), (2026, 10, 25))


def service(ident: str) -> Tag:
    return Tag(TagKind.SERVICE, ident)


def chatter(ident: str) -> Tag:
    return Tag(TagKind.CHATTER, ident)


def listed(category: str) -> Tag:
    return Tag(TagKind.LIST, f"{category}-list", category)


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
    row = Said("an", key_of(VIDEO), DAY, NOON, 12)
    midnight = datetime(2026, 11, 25, tzinfo=SAIGON).timestamp()
    assert spent_for(house(VIDEO), [row], NOON) == [Spent("an", 0, NOON, midnight)]
    assert spent_for(house(VIDEO), [row], midnight) == []


def test_the_newest_minutes_days_and_place_are_judged() -> None:
    row = Said("an", key_of(VIDEO), DAY, NOON, 12)
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


def test_the_slots_of_a_day_are_those_that_begin_in_it() -> None:
    today = slots_of(DAY, SAIGON)
    assert len(today) == 288 and slot_of(NOON) in today
    assert slots_of(DAY + 1, SAIGON)[0] == today[-1] + 1
    assert [len(slots_of(date(*d).toordinal(), ZoneInfo("Europe/Berlin"))) for d in SUMMER_TIME] == [276, 300]


@pytest.mark.parametrize(
    ("tags", "services", "categories", "counts"),
    [
        ({service("youtube")}, ("youtube",), (), True),
        ({service("youtube")}, ("tiktok",), ("games",), False),
        ({service("youtube"), chatter("youtube")}, ("youtube",), (), False),
        ({service("youtube"), chatter("youtube"), service("tiktok")}, ("youtube", "tiktok"), (), True),
        ({listed("games")}, (), ("games",), True),
        ({listed("games"), service("roblox"), chatter("roblox")}, (), ("games",), False),
        ({listed("games"), service("roblox")}, ("roblox",), ("games",), True),
        (set(), ("youtube",), ("games",), False),
    ],
)
def test_what_a_name_counts_for(
    tags: set[Tag], services: tuple[str, ...], categories: tuple[str, ...], counts: bool
) -> None:
    assert charges(Budget(services, categories, 60), TagSet.of(tags)) is counts


def test_a_question_that_never_came_to_row_8_is_not_charged() -> None:
    def tail(action: Action, row: Row, origin: int = Origin.CACHE) -> Tail:
        return Tail(action, row, 1, 0, origin, b"")

    charged = {(a, r) for a in Action for r in Row if reaches_row(tail(a, r))}
    behind = (Row.SERVICE, Row.CATEGORY, Row.REBIND, Row.UPSTREAM, Row.DEFAULT)
    assert charged == {(a, r) for a in (Action.ALLOW, Action.REWRITE) for r in behind}
    assert not reaches_row(tail(Action.ALLOW, Row.DEFAULT, Origin.FAILED))


def bonus(minutes: int, start: float = NOON, **whom: str) -> Grant:
    return Grant(Scope.TIME, start=start, until=start + minutes * 60, **whom)


def test_a_bonus_is_a_gift_to_those_whom_it_covers() -> None:
    an = Profile(id="an", name="An")
    house = Household(
        (an, Profile(id="bo", name="Bo")),
        devices=(Device("pad", "Pad", "an", ip="192.0.2.1"), Device("tv", "TV", "an", ip="192.0.2.2")),
        grants=(bonus(15, profile="an"), bonus(60, device="pad"), Grant(Scope.FILTER, profile="bo", start=NOON)),
    )
    given = gifts(house, NOON)
    for profile, device, minutes in (("an", "", 15), ("an", "tv", 15), ("an", "pad", 60), ("bo", "", 0)):
        assert not is_gift(given, profile, device, NOON - 1)
        assert is_gift(given, profile, device, NOON + minutes * 60 - 1) is (minutes > 0)
        assert not is_gift(given, profile, device, NOON + minutes * 60)
    assert not is_gift(given, "bo", "pad", NOON + 1800)  # the pad was somebody else's then
    assert gifts(Household((an,)), NOON) == {}


def test_off_now_ends_the_gift_and_a_grant_without_an_end_stays() -> None:
    an = Profile(id="an", name="An")
    off = InternetOff(everyone=True, start=NOON + 300, ended=NOON + 600)
    given = gifts(Household((an,), grants=(bonus(60, profile="an"),), internet_off=(off,)), NOON)
    assert is_gift(given, "an", "", NOON + 299) and not is_gift(given, "an", "", NOON + 900)
    forever = Grant(Scope.TIME, profile="an", start=NOON)
    given = gifts(Household((an,), grants=(forever,), internet_off=(off,)), NOON)
    assert is_gift(given, "an", "", NOON + 10**9)


def test_gifts_are_what_the_snapshot_says() -> None:
    """The workers judge by the compiled slots of the whole household: the bare one must have the same ends."""
    window = Window("Bedtime", Effect.OFFLINE, 1290, 1800)
    house = Household(
        (Profile("an", "An", windows=(window,), budgets=(VIDEO,)), Profile("bo", "Bo")),
        devices=(Device("pad", "Pad", "an", ip="192.0.2.1"), Device("tv", "TV", "bo", ip="192.0.2.2")),
        grants=(
            Grant(Scope.NAME, "x.example", profile="an", start=NOON),
            bonus(7, profile="an"),
            bonus(60, NOON + 90, device="pad"),
            bonus(30, NOON + 2000, device="tv"),
            bonus(45, profile="bo"),
        ),
        internet_off=(InternetOff(device="pad", start=NOON + 600), InternetOff(profile="bo", start=NOON + 900)),
    )
    whole = compile_snapshot(house, Knowledge({}, {}, {}, {}, {}, {}), NOON)
    wanted = {
        (house.profiles[s["profile"]].id, s["device"]): {
            (g["start"], g["end"]) for g in s["grants"] if g["scope"] == "time"
        }
        for s in whole["slots"]
    }
    assert {key: set(spans) for key, spans in gifts(house, NOON).items()} == wanted
    assert sum(map(len, wanted.values())) > 5
