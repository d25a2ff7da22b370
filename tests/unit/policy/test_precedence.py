"""DECISIONS 1, sentence by sentence: the first row that applies decides."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from filterd.model.decision import EDE_BLOCKED, EDE_CENSORED, EDE_FILTERED, Action, Row, SetBy
from filterd.model.tags import Tag, TagKind, TagSet
from filterd.policy.precedence import (
    QUESTION_ROWS,
    REBIND_BLOCK,
    TARGET_ROWS,
    UPSTREAM_BLOCK,
    Facts,
    State,
    decide_question,
    decide_target,
)
from filterd.policy.snapshot import Snapshot
from tests.unit.policy.house import (
    ALLOW,
    BLOCK,
    EVERY_NIGHT,
    NIGHT,
    NOON,
    at,
    grant,
    house,
    kid,
    names,
    off,
    window,
)

GAMES_BLOCKED = {"games": BLOCK}


# ---- the rows, in their order ------------------------------------------------------------------------------------


def test_the_table_has_its_rows_in_order() -> None:
    assert [row for row, _ in QUESTION_ROWS] == [*range(1, 11), 13]
    assert [row.id for row, _ in TARGET_ROWS] == ["mandatory", "name", "service", "category"]


def test_nothing_said_is_allowed_by_default() -> None:
    decision = house().ask("example.org")
    assert (decision.action, decision.row, decision.covered, decision.ede) == (Action.ALLOW, Row.DEFAULT, False, 0)


def test_a_special_name_is_local_before_everything() -> None:
    h = house(kid(names=names(block=["x.example"])), internet_off=(off(),))
    assert h.ask("x.example", special=True, mandatory="adult", lifeline=True).action is Action.LOCAL


def test_a_lifeline_is_reached_at_bedtime_and_when_off_and_even_if_mandatory_lists_name_it() -> None:
    h = house(kid(windows=(EVERY_NIGHT,)), internet_off=(off(everyone=True),))
    decision = h.ask("111.example", NIGHT, lifeline=True, mandatory="adult", lists=["adult"])
    assert (decision.action, decision.row, decision.covered) == (Action.ALLOW, Row.LIFELINE, True)


@pytest.mark.parametrize("scope", ["name", "service", "category", "filter", "time"])
def test_no_grant_loosens_a_mandatory_list(scope: str) -> None:
    value = {"name": "bad.example", "service": "tube", "category": "adult"}.get(scope, "")
    h = house(kid(names=names(allow=["bad.example"], always=["bad.example"])), grants=(grant(scope, value),))
    decision = h.ask("bad.example", mandatory="adult", services=["tube"])
    assert (decision.row, decision.ede, decision.set_by) == (Row.MANDATORY, EDE_CENSORED, SetBy.PROVINCE)
    assert (decision.category, decision.list_id) == ("adult", "province")


def test_another_list_of_a_mandatory_category_stays_in_row_10() -> None:
    h = house(kid(categories={"adult": BLOCK}, names=names(allow=["x.example"])))
    assert h.ask("y.example", lists=["adult"]).row is Row.CATEGORY
    assert h.ask("x.example", lists=["adult"]).row is Row.NAME


def test_off_blocks_before_a_window_and_own_names() -> None:
    h = house(kid(windows=(EVERY_NIGHT,), names=names(allow=["x.example"])), internet_off=(off(by="mẹ"),))
    decision = h.ask("x.example", NIGHT)
    assert (decision.row, decision.rule, decision.by, decision.ede) == (Row.OFF, "profile", "mẹ", EDE_FILTERED)


def test_a_window_blocks_before_own_names() -> None:
    h = house(kid(windows=(EVERY_NIGHT,), names=names(allow=["x.example"])))
    assert h.ask("x.example", NIGHT).row is Row.WINDOW
    assert h.ask("x.example", NOON).row is Row.NAME


def test_own_names_decide_before_services_and_categories() -> None:
    h = house(kid(services={"tube": BLOCK}, categories=GAMES_BLOCKED, names=names(allow=["a.example"])))
    assert h.ask("www.a.example", services=["tube"], lists=["games"]).row is Row.NAME


def test_a_service_set_to_allow_by_the_profile_is_allowed_before_row_10() -> None:
    h = house(kid(services={"tube": ALLOW}, categories=GAMES_BLOCKED))
    assert h.ask("tube.example", services=["tube"], lists=["games"]).row is Row.SERVICE
    assert h.ask("chat.example", services=["chat"], lists=["games"]).row is Row.CATEGORY


def test_a_blocked_service_beats_an_allowed_one_of_the_same_name() -> None:
    h = house(kid(services={"chat": ALLOW, "tube": BLOCK}))
    decision = h.ask("x.example", services=["chat", "tube"])
    assert (decision.row, decision.action, decision.service) == (Row.SERVICE, Action.BLOCK, "tube")


def test_a_category_is_blocked_and_names_its_list() -> None:
    decision = house(kid(categories=GAMES_BLOCKED)).ask("x.example", lists=["games", "social"])
    assert (decision.row, decision.category, decision.list_id) == (Row.CATEGORY, "games", "games-list")
    assert decision.set_by is SetBy.PARENT


def test_what_a_preset_blocks_the_profile_may_allow() -> None:
    h = house(kid(preset="strict", categories={"social": ALLOW}))
    assert h.ask("x.example", lists=["social"]).row is Row.DEFAULT
    assert h.ask("x.example", lists=["adult"]).row is Row.CATEGORY


def test_rows_11_and_12_are_blocked_with_ede_15() -> None:
    assert (REBIND_BLOCK.row, REBIND_BLOCK.ede) == (Row.REBIND, EDE_BLOCKED)
    assert (UPSTREAM_BLOCK.row, UPSTREAM_BLOCK.ede, UPSTREAM_BLOCK.set_by) == (Row.UPSTREAM, 15, SetBy.UPSTREAM)


# ---- own names ---------------------------------------------------------------------------------------------------


def test_the_most_specific_own_name_decides_and_a_tie_blocks() -> None:
    own = names(block=["example.org", "a.b.example.org", "tie.example"], allow=["b.example.org", "tie.example"])
    h = house(kid(names=own))
    found = {n: h.ask(n).rule for n in ("example.org", "b.example.org", "x.b.example.org", "a.b.example.org")}
    assert found == {
        "example.org": "block example.org",
        "b.example.org": "allow b.example.org",
        "x.b.example.org": "allow b.example.org",
        "a.b.example.org": "block a.b.example.org",
    }
    assert h.ask("tie.example").blocked and h.ask("www.tie.example").blocked
    assert h.ask("notexample.org").row is Row.DEFAULT


def test_one_profiles_names_are_not_anothers() -> None:
    h = house(kid(names=names(block=["x.example"])))
    state = h.judge.state(1, NOON)
    assert state.question(0, h.judge.snapshot.overlay(b"\x01x\x07example\0")).row is Row.DEFAULT


# ---- grants ------------------------------------------------------------------------------------------------------


def test_a_time_grant_lifts_off_and_windows() -> None:
    h = house(kid(windows=(EVERY_NIGHT,)), internet_off=(off(),), grants=(grant("time", since="2026-11-24 09:00"),))
    assert h.ask("x.example", NIGHT).row is Row.DEFAULT


def test_a_time_grant_lifts_an_only_window() -> None:
    h = house(kid(windows=(window("only", "00:00", "24:00"),)), grants=(grant("time"),))
    assert h.ask("x.example").row is Row.DEFAULT


@pytest.mark.parametrize(
    ("profile", "tags", "row"),
    [
        ({"names": names(block=["x.example"])}, {}, Row.NAME),
        ({"services": {"tube": BLOCK}}, {"services": ["tube"]}, Row.SERVICE),
        ({"categories": GAMES_BLOCKED}, {"lists": ["games"]}, Row.CATEGORY),
    ],
)
def test_a_time_grant_lifts_nothing_else(profile: dict[str, Any], tags: dict[str, Any], row: Row) -> None:
    assert house(kid(**profile), grants=(grant("time"),)).ask("x.example", **tags).row is row


def test_under_a_time_grant_every_permit_window_counts_as_in_force() -> None:
    permit = window("permit", "14:00", "16:00", days=frozenset({5}), services=("blox",), categories=("games",))
    profile = kid(windows=(permit,), categories=GAMES_BLOCKED, services={"blox": BLOCK})
    assert house(profile).ask("x.example", services=["blox"]).rule == "outside its windows"
    assert house(profile).ask("x.example", lists=["games"]).rule == "outside its windows"
    h = house(profile, grants=(grant("time"),))
    assert h.ask("x.example", services=["blox"]).rule == "time grant"
    assert h.ask("x.example", lists=["games"]).row is Row.DEFAULT


@pytest.mark.parametrize("scope", ["name", "service"])
def test_name_and_service_grants_lift_rows_5_to_10(scope: str) -> None:
    profile = kid(
        windows=(EVERY_NIGHT,),
        names=names(block=["x.example"]),
        services={"tube": BLOCK},
        categories=GAMES_BLOCKED | {"adult": BLOCK},
    )
    given = grant(scope, "x.example" if scope == "name" else "tube", since="2026-11-24 09:00", by="bố")
    h = house(profile, grants=(given,), internet_off=(off(),))
    decision = h.ask("www.x.example", NIGHT, services=["tube"], lists=["games", "adult"])
    assert (decision.action, decision.row, decision.by, decision.covered) == (Action.ALLOW, Row.GRANT, "bố", True)
    assert h.ask("other.example", NIGHT, services=["chat"]).row is Row.OFF


def test_a_name_grant_does_not_cover_the_name_above() -> None:
    h = house(kid(names=names(block=["example"])), grants=(grant("name", "x.example"),))
    assert h.ask("example").blocked and not h.ask("a.x.example").blocked


def test_a_category_grant_lifts_rows_5_to_10_for_names_of_that_category() -> None:
    profile = kid(
        windows=(EVERY_NIGHT,), names=names(block=["x.example"]), services={"tube": BLOCK}, categories=GAMES_BLOCKED
    )
    h = house(profile, grants=(grant("category", "games", since="2026-11-24 09:00"),), internet_off=(off(),))
    decision = h.ask("x.example", NIGHT, services=["tube"], lists=["games"])
    assert (decision.row, decision.rule, decision.category) == (Row.GRANT, "category games", "games")


def test_under_a_category_grant_another_blocked_category_still_blocks_by_row_10() -> None:
    profile = kid(windows=(EVERY_NIGHT,), services={"tube": BLOCK}, categories={"games": BLOCK, "adult": BLOCK})
    h = house(profile, grants=(grant("category", "games"),))
    decision = h.ask("x.example", NIGHT, services=["tube"], lists=["games", "adult"])
    assert (decision.action, decision.row, decision.category) == (Action.BLOCK, Row.CATEGORY, "adult")
    assert h.ask("x.example", NIGHT, lists=["adult"]).row is Row.WINDOW
    both = house(profile, grants=(grant("category", "games"), grant("category", "adult")))
    assert both.ask("x.example", NIGHT, lists=["games", "adult"]).row is Row.GRANT


def test_beside_a_blocked_category_a_granted_one_lifts_a_blocked_name_but_not_an_allowed_one() -> None:
    profile = kid(names=names(block=["bad.example"], allow=["good.example"]), categories={"adult": BLOCK})
    h = house(profile, grants=(grant("category", "games"),))
    assert h.ask("bad.example", lists=["games", "adult"]).row is Row.CATEGORY
    assert h.ask("good.example", lists=["games", "adult"]).row is Row.NAME


def test_a_filter_grant_lifts_rows_5_to_10_and_safe_search() -> None:
    profile = kid(windows=(EVERY_NIGHT,), names=names(block=["x.example"], always=["x.example"]))
    h = house(profile, grants=(grant("filter", since="2026-11-24 09:00"),), internet_off=(off(),))
    decision = h.ask("x.example", NIGHT, lists=["adult"])
    assert (decision.row, decision.rule, decision.safe_search) == (Row.GRANT, "filter", False)


def test_always_is_a_name_grant_without_an_end_that_no_off_ends() -> None:
    h = house(kid(windows=(EVERY_NIGHT,), names=names(always=["school.example"])), internet_off=(off(everyone=True),))
    decision = h.ask("www.school.example", NIGHT)
    assert (decision.row, decision.rule, decision.safe_search) == (Row.GRANT, "always school.example", True)


def test_an_always_name_is_reached_at_bedtime_though_the_profile_blocks_it_too() -> None:
    h = house(kid(windows=(EVERY_NIGHT,), names=names(block=["a.school.example"], always=["school.example"])))
    assert h.ask("a.school.example", NIGHT).row is Row.GRANT


def test_a_grant_is_in_force_from_its_beginning_to_its_end_rounded_up_to_the_minute() -> None:
    given = replace(grant("filter"), start=at("2026-11-24 10:00:20"), until=at("2026-11-24 11:00:01"))
    h = house(grants=(given,), made=at("2026-11-24 09:00"))
    moments = ["10:00:19", "10:00:20", "11:00:59", "11:01:00"]
    rows = [h.ask("x.example", at(f"2026-11-24 {m}")).row for m in moments]
    assert rows == [Row.DEFAULT, Row.GRANT, Row.GRANT, Row.DEFAULT]


def test_a_grant_that_ends_on_a_whole_minute_is_over_at_that_minute() -> None:
    h = house(grants=(grant("filter", until="2026-11-24 11:00"),))
    assert h.ask("x.example", at("2026-11-24 10:59:59")).row is Row.GRANT
    assert h.ask("x.example", at("2026-11-24 11:00")).row is Row.DEFAULT


def test_a_grant_that_ended_before_it_began_does_nothing() -> None:
    h = house(grants=(grant("filter", until="2026-11-23 11:00"),))
    assert h.ask("x.example").row is Row.DEFAULT


def test_a_device_grant_is_for_that_device_alone() -> None:
    h = house(kid(names=names(block=["x.example"])), grants=(grant("name", "x.example", device="phone"),))
    assert h.ask("x.example", device="phone").row is Row.GRANT
    assert h.ask("x.example", device="pad").row is Row.NAME
    assert h.ask("x.example").row is Row.NAME


def test_a_profile_grant_is_for_its_devices_too() -> None:
    h = house(grants=(grant("filter"), grant("time", device="phone")))
    assert h.ask("x.example", device="phone").row is h.ask("x.example", device="pad").row is Row.GRANT
    assert h.ask("x.example", device="tv").row is Row.DEFAULT


# ---- internet off ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("whom", "blocked"),
    [
        ({"profile": "lan"}, {"phone", "pad"}),
        ({"device": "phone"}, {"phone"}),
        ({"everyone": True}, {"phone", "pad", "tv"}),
        ({"profile": "dad"}, {"tv"}),
    ],
)
def test_off_reaches_a_device_a_profile_or_everyone(whom: dict[str, Any], blocked: set[str]) -> None:
    h = house(internet_off=(off(**whom),))
    assert {d for d in ("phone", "pad", "tv") if h.ask("x.example", device=d).row is Row.OFF} == blocked


def test_off_lasts_until_its_end_exclusive() -> None:
    h = house(internet_off=(off(until="2026-11-24 13:00", profile="lan"),))
    rows = [h.ask("x.example", at(f"2026-11-24 {t}")).row for t in ("07:59", "08:00", "12:59", "13:00")]
    assert rows == [Row.DEFAULT, Row.OFF, Row.OFF, Row.DEFAULT]


def test_off_ends_every_grant_that_has_an_end_even_after_off_is_over() -> None:
    h = house(grants=(grant("filter"),), internet_off=(off(until="2026-11-24 13:00", profile="lan"),))
    rows = [h.ask("x.example", at(f"2026-11-24 {t}")).row for t in ("07:00", "08:00", "13:00")]
    assert rows == [Row.GRANT, Row.OFF, Row.DEFAULT]


def test_off_leaves_a_grant_without_an_end() -> None:
    h = house(grants=(grant("name", "x.example", until=None),), internet_off=(off(),))
    assert h.ask("x.example").row is Row.GRANT


def test_off_for_a_device_ends_the_profiles_grant_for_that_device_alone() -> None:
    h = house(grants=(grant("filter"),), internet_off=(off(until="2026-11-24 13:00", device="phone"),))
    later = at("2026-11-24 14:00")
    assert h.ask("x.example", later, device="phone").row is Row.DEFAULT
    assert h.ask("x.example", later, device="pad").row is Row.GRANT


@pytest.mark.parametrize("since", ["2026-11-24 08:00", "2026-11-24 09:00"])
def test_a_grant_given_later_or_at_the_same_moment_pierces_off(since: str) -> None:
    h = house(grants=(grant("time", since=since),), internet_off=(off(),))
    assert h.ask("x.example", NOON).row is Row.DEFAULT
    assert h.ask("x.example", at("2026-11-24 08:30")).row is (Row.OFF if since.endswith("09:00") else Row.DEFAULT)


def test_an_off_that_was_over_before_it_began_ends_no_grant() -> None:
    h = house(grants=(grant("filter"),), internet_off=(off(until="2026-11-20 00:00", profile="lan"),))
    assert h.ask("x.example").row is Row.GRANT


# ---- windows -----------------------------------------------------------------------------------------------------


def test_only_lets_its_names_services_and_categories_go_on_to_row_7() -> None:
    only = window("only", "00:00", "24:00", names=["learn.example"], services=("chat",), categories=("games",))
    h = house(kid(windows=(only,), names=names(block=["bad.learn.example"]), services={"chat": BLOCK}))
    assert h.ask("x.example").row is Row.WINDOW
    assert h.ask("www.learn.example").row is Row.DEFAULT
    assert h.ask("bad.learn.example").row is Row.NAME
    assert h.ask("x.example", services=["chat"]).row is Row.SERVICE
    assert h.ask("x.example", lists=["games"]).row is Row.DEFAULT


def test_two_only_windows_allow_what_both_allow() -> None:
    one = window("only", "00:00", "24:00", name="one", names=["a.example", "b.example"], services=("chat",))
    two = window("only", "00:00", "24:00", name="two", names=["b.example"], services=("chat", "tube"))
    h = house(kid(windows=(one, two)))
    assert h.ask("a.example").rule == "two"
    assert h.ask("x.example", services=["tube"]).rule == "one"
    assert h.ask("b.example").row is h.ask("x.example", services=["chat"]).row is Row.DEFAULT
    assert h.ask("a.example", services=["tube"]).row is Row.DEFAULT  # each window allows it for a reason of its own


def test_offline_beats_only_and_only_beats_permit() -> None:
    only = window("only", "00:00", "24:00", name="only", services=("chat",))
    permit = window("permit", "00:00", "24:00", name="permit", services=("tube",))
    assert house(kid(windows=(permit, only))).ask("x.example", services=["tube"]).rule == "only"
    h = house(kid(windows=(permit, only, EVERY_NIGHT)))
    assert h.ask("x.example", NIGHT, services=["chat"]).rule == "Bedtime"


def test_a_permit_window_opens_what_is_blocked_and_closes_what_is_not_outside_it() -> None:
    permit = window("permit", "14:00", "16:00", name="Play", services=("blox",), categories=("games", "social"))
    h = house(kid(windows=(permit,), services={"blox": BLOCK}, categories=GAMES_BLOCKED))
    inside, outside = at("2026-11-24 14:00"), at("2026-11-24 16:00")
    assert h.ask("x.example", inside, services=["blox"], lists=["adult"]).rule == "inside Play"
    assert h.ask("x.example", inside, lists=["games", "social"]).row is Row.DEFAULT
    assert h.ask("x.example", outside, services=["blox"]).row is Row.SERVICE
    assert h.ask("x.example", outside, lists=["social"]).row is Row.CATEGORY  # though nobody blocks it


def test_a_permit_window_closes_an_allowed_service_outside_it() -> None:
    h = house(kid(windows=(window("permit", "14:00", "16:00", services=("blox",)),), services={"blox": ALLOW}))
    assert h.ask("x.example", services=["blox"]).rule == "outside its windows"


def test_inside_one_of_two_permit_windows_is_inside() -> None:
    two = tuple(window("permit", f"{h}:00", f"{h + 1}:00", services=("blox",)) for h in (9, 14))
    h = house(kid(windows=two))
    hours = [h.ask("x.example", at(f"2026-11-24 {t}:30"), services=["blox"]).blocked for t in ("09", "10", "14")]
    assert hours == [False, True, False]


def test_a_permitted_category_does_not_open_another_one_or_a_blocked_service() -> None:
    permit = window("permit", "00:00", "24:00", categories=("games",))
    h = house(kid(windows=(permit,), services={"tube": BLOCK}, categories={"games": BLOCK, "adult": BLOCK}))
    assert h.ask("x.example", lists=["games", "adult"]).category == "adult"
    assert h.ask("x.example", services=["tube"], lists=["games"]).row is Row.SERVICE


# ---- a clock that is not trusted (DECISIONS 5) -------------------------------------------------------------------

HARM = window("permit", "00:00", "24:00", categories=("dating", "games"), services=("chat",))


def test_without_a_trusted_clock_no_permit_window_or_time_grant_opens_a_blocked_harm_category() -> None:
    profile = kid(windows=(HARM,), categories={"dating": BLOCK, "games": BLOCK})
    h = house(profile)
    assert not h.ask("x.example", lists=["dating"]).blocked
    assert h.ask("x.example", lists=["dating"], trusted=False).rule == "blocked while the clock is not trusted"
    assert not h.ask("x.example", lists=["games"], trusted=False).blocked  # no harm
    assert house(profile, grants=(grant("time"),)).ask("x.example", lists=["dating"], trusted=False).blocked


def test_without_a_trusted_clock_a_harm_category_that_is_not_blocked_follows_its_windows() -> None:
    assert not house(kid(windows=(HARM,))).ask("x.example", lists=["dating"], trusted=False).blocked


def test_without_a_trusted_clock_a_permitted_service_does_not_carry_a_blocked_harm_category_along() -> None:
    h = house(kid(windows=(HARM,), categories={"dating": BLOCK}))
    assert h.ask("x.example", services=["chat"], lists=["dating"]).row is Row.SERVICE
    assert h.ask("x.example", services=["chat"], lists=["dating"], trusted=False).row is Row.CATEGORY
    assert not h.ask("x.example", services=["chat"], trusted=False).blocked


def test_without_a_trusted_clock_a_category_grant_still_opens() -> None:
    h = house(kid(windows=(HARM,), categories={"dating": BLOCK}), grants=(grant("category", "dating"),))
    assert h.ask("x.example", lists=["dating"], trusted=False).row is Row.GRANT


# ---- the chain ---------------------------------------------------------------------------------------------------


def test_a_target_is_judged_by_rows_3_7_9_and_10_alone() -> None:
    profile = kid(
        windows=(EVERY_NIGHT,),
        names=names(block=["own.example"], allow=["ok.example"]),
        services={"tube": BLOCK, "chat": ALLOW},
        categories=GAMES_BLOCKED,
    )
    h = house(profile, internet_off=(off(),))
    assert h.target("x.example", NIGHT) is None
    rows = {
        "mandatory": h.target("x.example", NIGHT, mandatory="adult"),
        "name": h.target("own.example", NIGHT),
        "service": h.target("x.example", NIGHT, services=["tube"]),
        "category": h.target("x.example", NIGHT, lists=["games"]),
    }
    assert {k: v and v.row.id for k, v in rows.items()} == {k: k for k in rows}


def test_in_the_chain_only_a_block_counts() -> None:
    h = house(kid(names=names(allow=["ok.example"]), services={"chat": ALLOW}, categories=GAMES_BLOCKED))
    for name, services in (("ok.example", []), ("x.example", ["chat"])):
        block = h.target(name, lists=["games"], services=services)
        assert block is not None and block.row is Row.CATEGORY


def test_in_the_chain_a_lifeline_means_nothing() -> None:
    block = house(kid(categories=GAMES_BLOCKED)).target("x.example", lifeline=True, lists=["games"])
    assert block is not None


def test_a_covered_chain_is_judged_by_row_3_alone() -> None:
    h = house(kid(names=names(block=["own.example"]), services={"tube": BLOCK}, categories=GAMES_BLOCKED))
    assert h.target("own.example", covered=True, services=["tube"], lists=["games"]) is None
    assert h.target("own.example", covered=True, mandatory="adult") is not None


def test_allows_by_rows_2_4_and_7_cover_the_chain_and_by_row_9_and_13_do_not() -> None:
    h = house(kid(names=names(allow=["ok.example"]), services={"chat": ALLOW}), grants=(grant("service", "tube"),))
    covered = {
        d.row.id: d.covered
        for d in (
            h.ask("x.example", lifeline=True),
            h.ask("x.example", services=["tube"]),
            h.ask("ok.example"),
            h.ask("x.example", services=["chat"]),
            h.ask("x.example"),
        )
    }
    assert covered == {"lifeline": True, "grant": True, "name": True, "service": False, "default": False}


def test_time_service_and_category_grants_lift_rows_9_and_10_in_the_chain() -> None:
    permit = window("permit", "01:00", "02:00", services=("blox",), categories=("social",))
    profile = kid(windows=(permit,), services={"tube": BLOCK}, categories=GAMES_BLOCKED)
    assert house(profile).target("x.example", services=["blox"], lists=["social"]) is not None
    time = house(profile, grants=(grant("time"),))
    assert time.target("x.example", services=["blox"], lists=["social"]) is None
    assert time.target("x.example", services=["tube"]) is not None
    service = house(profile, grants=(grant("service", "tube"),))
    assert service.target("x.example", services=["tube"], lists=["games"]) is None
    category = house(profile, grants=(grant("category", "games"),))
    assert category.target("x.example", services=["tube"], lists=["games"]) is None
    assert category.target("x.example", services=["tube"]) is not None


@pytest.mark.parametrize("scope", ["category", "service", "name", "time"])
def test_in_the_chain_no_grant_lifts_a_parents_own_block(scope: str) -> None:
    value = {"category": "games", "service": "tube", "name": "own.example", "time": ""}[scope]
    h = house(kid(names=names(block=["own.example"])), grants=(grant(scope, value),))
    block = h.target("own.example", services=["tube"], lists=["games"])
    assert block is not None and block.row is Row.NAME


# ---- canaries, budgets, texts, traces ----------------------------------------------------------------------------


def test_a_blocked_canary_is_marked_whatever_row_blocks_it() -> None:
    h = house(kid(categories={"bypass": BLOCK}, windows=(EVERY_NIGHT,)))
    assert h.ask("use-application-dns.example", canary=True, lists=["bypass"]).canary
    assert h.ask("use-application-dns.example", NIGHT, canary=True, lists=["bypass"]).canary
    assert h.ask("x.example", canary=True, mandatory="adult").canary
    assert not house().ask("use-application-dns.example", canary=True, lists=["bypass"]).blocked


SPENT = State(spent=((frozenset({"tube"}), frozenset({"games"}), 60),))
TUBE = Facts(TagSet.of((Tag(TagKind.SERVICE, "tube"),)))
GAME = Facts(TagSet.of((Tag(TagKind.LIST, "l", "games"),)))


def test_a_used_up_budget_blocks_its_services_and_categories_but_never_the_chain() -> None:
    for facts in (TUBE, GAME):
        decision = decide_question(SPENT, facts)
        assert (decision.row, decision.rule, decision.ede) == (Row.BUDGET, "60 min", EDE_FILTERED)
        assert decide_target(SPENT, facts, covered=False) is None
    assert decide_question(SPENT, Facts()).row is Row.DEFAULT
    assert decide_question(replace(SPENT, services={"tube": ALLOW}), TUBE).row is Row.BUDGET


def test_a_time_grant_lifts_a_used_up_budget() -> None:
    live = house(grants=(grant("time"),)).judge.state(0, NOON).rules.time
    assert decide_question(replace(SPENT, time=live), TUBE).row is Row.DEFAULT


def test_the_trace_shows_each_row_up_to_the_one_that_decides_and_what_was_lifted() -> None:
    h = house(kid(windows=(EVERY_NIGHT,), categories=GAMES_BLOCKED), grants=(grant("time"),))
    steps = h.trace("x.example", NIGHT, lists=["games"])
    assert [s.row.id for s in steps][-1] == "category" and steps[-1].verdict == "block"
    why = {s.row.id: s.why for s in steps}
    assert why["window"] == why["off"] == why["budget"] == "lifted by a time grant"
    assert why["grant"].startswith("a time grant lifts")
    h = house(kid(windows=(EVERY_NIGHT,), categories={"adult": BLOCK}), grants=(grant("category", "games"),))
    why = {s.row.id: s.why for s in h.trace("x.example", NIGHT, lists=["games", "adult"])}
    assert why["window"] == why["service"] == "lifted by a category grant"


def test_the_trace_of_a_target_shows_its_rows() -> None:
    h = house(kid(services={"tube": BLOCK}), grants=(grant("service", "tube"),))
    state = h.judge.state(0, NOON)
    steps: list[Any] = []
    assert decide_target(state.rules, state.facts(h.tags(services=["tube"]), 0), False, steps) is None
    assert [(s.row.id, s.why) for s in steps][2:] == [
        ("service", "lifted by a service grant"),
        ("category", "lifted by a service grant"),
    ]


def test_the_texts_of_blocked_answers_name_the_rule_in_the_households_language() -> None:
    profile = kid(windows=(EVERY_NIGHT,), services={"tube": BLOCK}, categories=GAMES_BLOCKED)
    for language, wanted in (
        ("en", ["Filtered, category: group games", "App is switched off: Tube", "Outside internet hours: Bedtime"]),
        ("vi", ["Bị lọc, nhóm: nhóm games", "Ứng dụng đang tắt: Dịch vụ tube", "Ngoài giờ dùng mạng: Bedtime"]),
    ):
        h = house(profile, language=language)
        snapshot: Snapshot = h.judge.snapshot
        decisions = [
            h.ask("x.example", lists=["games"]),
            h.ask("x.example", services=["tube"]),
            h.ask("x.example", NIGHT),
        ]
        assert [snapshot.ede_text(d) for d in decisions] == wanted
    assert "province" in house().judge.snapshot.ede_text(house().ask("x", mandatory="adult"))


def test_no_text_of_a_blocked_answer_names_a_person() -> None:
    h = house(internet_off=(off(profile="lan", by="Bà Ngoại"),))
    assert h.judge.snapshot.ede_text(h.ask("x.example")) == "Internet is off"
