"""A household compiled: slots, true ends of grants, folded names, the same bytes for the same household."""

from __future__ import annotations

from dataclasses import replace

import pytest

from filterd.model.household import Budget, Device, Grant, Household, InternetOff, Scope
from filterd.policy.compile import Spent, compile_snapshot, effective_rules, given_now, is_switchable
from filterd.policy.snapshot import Snapshot, dump
from tests.unit.policy.house import ALLOW, BLOCK, EVERY_NIGHT, KNOWLEDGE, NOON, at, grant, house, kid, names, off

TIME = Grant(Scope.TIME, profile="lan", until=NOON + 86400)


def test_the_same_household_gives_the_same_bytes_all_day_long() -> None:
    household = house(kid(windows=(EVERY_NIGHT,))).household
    morning, evening = (dump(compile_snapshot(household, KNOWLEDGE, at(f"2026-11-24 {t}"))) for t in ("08:00", "20:00"))
    assert morning == evening
    assert dump(compile_snapshot(household, KNOWLEDGE, NOON + 86400)) != morning


def test_the_snapshot_carries_every_boundary_for_400_days() -> None:
    profile = house(kid(windows=(EVERY_NIGHT,))).judge.snapshot.profiles[0]
    assert profile.until - NOON > 398 * 86400
    assert 2 * 399 <= len(profile.at) <= 2 * 401 + 1


def test_only_devices_with_grants_or_offs_of_their_own_get_a_slot() -> None:
    h = house(grants=(grant("time", device="phone"),))
    assert [d.slot for d in h.judge.snapshot.devices] == [2, 0, 1]
    assert [s.device for s in h.judge.snapshot.slots] == ["", "", "phone"]
    both = house(grants=(grant("time", device="phone"),), internet_off=(off(device="tv"),))
    assert [s.device for s in both.judge.snapshot.slots] == ["", "", "phone", "tv"]


def test_a_preset_is_folded_in_below_the_profiles_own_words() -> None:
    profile = kid(preset="strict", categories={"social": ALLOW, "games": BLOCK}, safe_search={"google": "off"})
    categories, safe = effective_rules(profile, KNOWLEDGE)
    assert categories == {"adult": BLOCK, "social": ALLOW, "games": BLOCK}
    assert safe == {"google": "off", "tubes": "strict"}
    assert effective_rules(kid(), KNOWLEDGE) == ({}, {})


def test_switchable_is_true_but_for_preset_adult_unless_said() -> None:
    found = [is_switchable(kid(preset=p, switchable=s)) for p, s in (("none", None), ("adult", None), ("adult", True))]
    assert found == [True, False, True]


def test_the_default_profile_is_the_first_unless_said() -> None:
    first = house().household
    assert compile_snapshot(first, KNOWLEDGE, NOON)["default_slot"] == 0
    assert compile_snapshot(replace(first, default_profile="dad"), KNOWLEDGE, NOON)["default_slot"] == 1


def test_names_of_all_kinds_are_folded_with_their_ancestors() -> None:
    own = names(block=["example.org"], allow=["www.example.org"], always=["example.org"])
    h = house(kid(names=own), grants=(grant("name", "www.example.org"), grant("name", "org")))
    snapshot = h.judge.snapshot
    found = snapshot.own(snapshot.overlay(b"\x01a\x03www\x07example\x03org\0"), 0)
    assert (found.rule, found.rule_name, found.always) == (ALLOW, "www.example.org", "example.org")
    assert found.grants == {0, 1}


def test_equal_sets_are_stored_once() -> None:
    many = names(block=[f"n{i}.example" for i in range(100)])
    document = compile_snapshot(house(kid(names=many)).household, KNOWLEDGE, NOON)
    assert len(document["overlay"]) == 100 and len(document["own_sets"]) == 100  # each names itself as its rule
    always = kid(categories={}, names=names(always=["a.example"]))
    both = house(always, grants=tuple(grant("name", f"n{i}.a.example") for i in range(3)))
    assert len(compile_snapshot(both.household, KNOWLEDGE, NOON)["own_sets"]) == 4


def test_a_used_up_budget_blocks_until_its_end() -> None:
    profile = kid(budgets=(Budget(("tube",), (), 60),))
    household = house(profile).household
    spent = [Spent("lan", 0, NOON, NOON + 3600), Spent("dad", 0, NOON, NOON + 3600)][:1]
    snapshot = Snapshot.load(dump(compile_snapshot(household, KNOWLEDGE, NOON, spent)))
    assert snapshot.profiles[0].spent == ((0, int(NOON), int(NOON) + 3600),)
    assert snapshot.profiles[1].spent == ()
    h = house(profile)
    h.judge.snapshot = snapshot
    moments = (NOON - 1, NOON, NOON + 3599, NOON + 3600)
    assert [h.ask("x.example", m, services=["tube"]).row.id for m in moments] == [
        "default",
        "budget",
        "budget",
        "default",
    ]


# ---- a file without `from` ---------------------------------------------------------------------------------------


def given(grants: tuple[Grant, ...], offs: tuple[InternetOff, ...], now: float) -> str:
    """Return the row that decides right after an import at `now`."""
    household = replace(house().household, grants=grants, internet_off=offs)
    return house(grants=grants, internet_off=offs, made=now).ask("x.example", now).row.id + (
        "" if given_now(household, now) == given_now(given_now(household, now), now + 90) else " unstable"
    )


def test_a_grant_and_an_off_without_from_begin_with_the_minute_of_the_import() -> None:
    household = given_now(Household((kid(),), grants=(TIME,), internet_off=(InternetOff("lan"),)), NOON + 42.5)
    assert (household.grants[0].start, household.internet_off[0].start) == (NOON, NOON)


def test_in_a_file_without_from_a_grant_counts_as_given_after_an_off() -> None:
    assert given((TIME,), (InternetOff("lan"),), NOON + 30) == "default"
    assert given((), (InternetOff("lan"),), NOON + 30) == "off"


def test_a_grant_without_from_pierces_an_off_that_began_in_the_minute_of_the_import() -> None:
    assert given((TIME,), (InternetOff("lan", start=NOON + 20),), NOON + 30) == "default"


def test_an_off_without_from_ends_a_grant_that_was_given_in_the_minute_of_the_import() -> None:
    assert given((replace(TIME, start=NOON + 10),), (InternetOff("lan"),), NOON + 30) == "off"
    assert given((replace(TIME, start=NOON),), (InternetOff("lan"),), NOON + 30) == "off"
    assert given((replace(TIME, start=NOON - 600),), (InternetOff("lan"),), NOON + 30) == "off"


def test_an_off_that_begins_after_the_import_ends_the_grant_then() -> None:
    h = house(grants=(TIME,), internet_off=(InternetOff("lan", start=NOON + 3600),), made=NOON)
    assert [h.ask("x.example", NOON + s).row.id for s in (0, 3600)] == ["default", "off"]


@pytest.mark.parametrize("until", [NOON - 86400, NOON])
def test_ends_in_the_past_do_nothing(until: float) -> None:
    lasting = replace(TIME, start=NOON - 86400)
    assert given((replace(TIME, until=until),), (), NOON + 30) == "default"
    assert given((lasting,), (InternetOff("lan", until=until),), NOON + 30) == "default"
    h = house(grants=(replace(TIME, scope=Scope.FILTER, until=until),), made=NOON + 30)
    assert h.ask("x.example", NOON + 30).row.id == "default"


def test_forward_zones_and_rebind_names_are_carried() -> None:
    from filterd.model.household import ForwardZone

    zone = ForwardZone(b"\x04home\x04arpa\0", ("udp://192.0.2.1", "tcp://192.0.2.2"))
    snapshot = house(forward_zones=(zone,), rebind_allow=(b"\x03nas\x07example\0",)).judge.snapshot
    assert snapshot.forward_zones == (zone,)
    assert snapshot.rebind_allowed(b"\x01a\x03nas\x07example\0") and not snapshot.rebind_allowed(b"\x07example\0")
    assert not house().judge.snapshot.rebind_allowed(b"\x07example\0")


def test_devices_are_carried_with_their_identities() -> None:
    more = (Device("room", "Room", "dad", range="10.20.3.0/24"),)
    devices = house(devices=more).judge.snapshot.devices
    assert [(d.id, d.slot, d.mac, d.ip, d.range) for d in devices] == [("room", 1, "", "", "10.20.3.0/24")]
