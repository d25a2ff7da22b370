"""The daily moves: what each lifts, its bounds, its undo, and what off and on do to grants."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from filterd.control import moves as use
from filterd.control.change import Done, apply, history, revert, undo
from filterd.control.household import load, read_stored
from filterd.control.moves import MAX_MINUTES, MAX_PAUSE_MINUTES, Whom
from filterd.errors import ConfigError, Conflict
from filterd.host.clock import save_floor
from filterd.model.change import Who
from filterd.model.household import DayException, Scope
from tests.unit.control.family import (
    ANNA,
    BEN,
    DAD,
    EVERYONE,
    HOSTILE,
    MUM,
    PAD,
    PHONE,
    content,
    number,
    profile,
    row,
    state,
)
from tests.unit.control.policy_state import NOW

__all__ = ["state"]  # a fixture

Move = Callable[[Path], Done]
EVENING = NOW + 10 * 3600  # 22:30, Anna's bedtime
PIECES = {
    "grant": lambda s: use.grant(s, MUM, Scope.NAME, ANNA, value="example.com", minutes=30, now=NOW),
    "bonus": lambda s: use.bonus(s, MUM, PAD, 15, now=NOW),
    "pause": lambda s: use.pause(s, MUM, ANNA, now=NOW),
    "off": lambda s: use.off(s, MUM, EVERYONE, minutes=60, now=NOW),
    "free day": lambda s: use.tomorrow_off(s, MUM, "anna", date(2026, 11, 25)),
}  # verb -> how it is done


@pytest.mark.parametrize("verb", PIECES)
def test_every_move_has_its_verb_and_can_be_taken_back(state: Path, verb: str) -> None:
    before = content(state)
    done = PIECES[verb](state)
    assert done.change is not None and (done.change.verb, done.change.who) == (verb, MUM)
    assert content(state) != before
    revert(state, MUM, number(done))
    assert content(state) == before


# -- grants


def test_grants_of_every_scope_lift_what_they_say(state: Path) -> None:
    assert row(state, "games.example", "pad") == "block category"
    use.grant(state, MUM, Scope.CATEGORY, PAD, value="games", minutes=30, now=NOW)
    assert (row(state, "games.example", "pad"), row(state, "games.example", "phone")) == (
        "allow grant",
        "block category",
    )
    use.grant(state, MUM, Scope.SERVICE, ANNA, value="tiktok", minutes=30, now=NOW)
    assert row(state, "tiktok.example", "phone") == "allow grant"
    use.grant(state, MUM, Scope.NAME, ANNA, value="Own.Example.", minutes=30, now=NOW)
    assert load(state).grants[-1].value == "own.example" and row(state, "own.example", "pad") == "allow grant"
    assert row(state, "bad.example", "pad") == "block mandatory"
    use.pause(state, MUM, ANNA, now=NOW)
    assert row(state, "bad.example", "pad") == "block mandatory"  # no parent loosens it


def test_more_time_opens_the_bedtime_and_not_the_filter(state: Path) -> None:
    assert row(state, "example.org", "pad", EVENING) == "block window"
    use.bonus(state, MUM, ANNA, 15, now=EVENING)
    assert row(state, "example.org", "pad", EVENING + 14 * 60).startswith("allow")
    assert row(state, "games.example", "pad", EVENING) == "block category"
    assert row(state, "example.org", "pad", EVENING + 16 * 60) == "block window"


def test_a_grant_has_an_end_or_none_and_never_two(state: Path) -> None:
    use.grant(state, MUM, Scope.NAME, ANNA, value="a.example", until=NOW + 1, now=NOW)
    use.grant(state, MUM, Scope.NAME, ANNA, value="b.example", now=NOW)
    assert [g.until for g in load(state).grants[1:]] == [NOW + 1, None]
    with pytest.raises(ConfigError, match="minutes or until, got both"):
        use.grant(state, MUM, Scope.TIME, ANNA, minutes=1, until=NOW + 60, now=NOW)
    with pytest.raises(ConfigError, match="a time to come"):
        use.grant(state, MUM, Scope.TIME, ANNA, until=NOW, now=NOW)


@pytest.mark.parametrize("minutes", [1, MAX_MINUTES])
def test_so_long_a_move_may_last(state: Path, minutes: int) -> None:
    use.bonus(state, MUM, ANNA, minutes, now=NOW)
    use.off(state, MUM, ANNA, minutes=minutes, now=NOW + 1)
    assert load(state).grants[-1].until == NOW + minutes * 60


@pytest.mark.parametrize("minutes", [-1, 0, MAX_MINUTES + 1, 10**30])
def test_and_no_longer(state: Path, minutes: int) -> None:
    for attempt in (
        lambda: use.bonus(state, MUM, ANNA, minutes),
        lambda: use.off(state, MUM, ANNA, minutes=minutes),
        lambda: use.pause(state, MUM, ANNA, minutes),
    ):
        with pytest.raises(ConfigError, match="is not in 1"):
            attempt()
    assert len(history(state)) == 1


def test_a_move_lasts_until_a_day_in_31_days_at_most(state: Path) -> None:
    latest = NOW + MAX_MINUTES * 60
    use.off(state, MUM, ANNA, until=latest, now=NOW)
    with pytest.raises(ConfigError, match="within 31 days"):
        use.off(state, MUM, ANNA, until=latest + 1, now=NOW)


@pytest.mark.parametrize("until", [1e12, float("inf"), float("nan"), 1e300])
def test_an_end_that_no_calendar_has_is_refused(state: Path, until: float) -> None:
    with pytest.raises(ConfigError):
        use.off(state, MUM, ANNA, until=until, now=NOW)
    with pytest.raises(ConfigError):
        use.grant(state, MUM, Scope.TIME, ANNA, until=until, now=NOW)


def test_a_pause_lasts_at_most_a_day(state: Path) -> None:
    use.pause(state, MUM, ANNA, MAX_PAUSE_MINUTES, now=NOW)
    with pytest.raises(ConfigError, match="at most a day"):
        use.pause(state, MUM, ANNA, MAX_PAUSE_MINUTES + 1, now=NOW)


@pytest.mark.parametrize(
    ("scope", "value", "said"),
    [
        (Scope.NAME, "", "no name"),
        (Scope.NAME, "http://example.com", "without http"),
        (Scope.NAME, "*.example.com", "without a star"),
        (Scope.NAME, "exa mple.com", "no spaces"),
        (Scope.NAME, "a" * 64 + ".com", "value"),
        (Scope.NAME, "a." * 5000 + "com", "value"),
        (Scope.NAME, "127.0.0.1", "no name"),
        (Scope.NAME, "\u202egpj.example", "value"),
        (Scope.SERVICE, "", "needs a value"),
        (Scope.SERVICE, "tik'; drop table entity --", "unknown service"),
        (Scope.SERVICE, "tiktokk", "did you mean tiktok"),
        (Scope.CATEGORY, "gamez", "did you mean games"),
        (Scope.TIME, "example.com", "takes no value"),
        (Scope.FILTER, "x", "takes no value"),
    ],
)
def test_what_nobody_can_grant(state: Path, scope: Scope, value: str, said: str) -> None:
    with pytest.raises(ConfigError, match=said):
        use.grant(state, MUM, scope, ANNA, value=value, minutes=5)
    assert len(history(state)) == 1


@pytest.mark.parametrize(
    "whom",
    [
        Whom(),
        Whom(profile="anna", device="pad"),
        Whom(profile="anna", everyone=True),
        Whom(profile="nobody"),
        Whom(device='pad"'),
        Whom(profile="a" * 10_000),
        Whom(profile="anna\n"),
    ],
)
def test_nobody_is_nobody(state: Path, whom: Whom) -> None:
    for attempt in (
        lambda: use.bonus(state, MUM, whom, 15),
        lambda: use.off(state, MUM, whom),
        lambda: use.on(state, MUM, whom),
        lambda: use.pause(state, MUM, whom),
    ):
        with pytest.raises(ConfigError):
            attempt()
    assert len(history(state)) == 1


def test_grants_are_for_one_profile_or_device(state: Path) -> None:
    for attempt in (lambda: use.bonus(state, MUM, EVERYONE, 15), lambda: use.pause(state, MUM, EVERYONE)):
        with pytest.raises(ConfigError, match="exactly one of profile, device$"):
            attempt()


@pytest.mark.parametrize("reason", HOSTILE)
def test_reasons_are_one_harmless_line(state: Path, reason: str) -> None:
    for attempt in (
        lambda: use.bonus(state, MUM, ANNA, 15, reason=reason),
        lambda: use.off(state, MUM, ANNA, reason=reason),
    ):
        with pytest.raises(ConfigError, match="reason"):
            attempt()


def test_a_reason_of_200_characters_fits(state: Path) -> None:
    use.off(state, MUM, ANNA, reason=f" {'ă' * 200} ", now=NOW)
    assert load(state).internet_off[0].reason == "ă" * 200
    with pytest.raises(ConfigError, match="at most 200"):
        use.off(state, MUM, ANNA, reason="ă" * 201)


def test_revoking_ends_a_grant_at_once_and_can_be_taken_back(state: Path) -> None:
    use.grant(state, MUM, Scope.SERVICE, ANNA, value="tiktok", minutes=60, now=NOW)
    before = content(state)
    done = use.revoke(state, DAD, load(state).grants[-1].id, now=NOW + 60)
    assert row(state, "tiktok.example", "pad", NOW + 60) == "block service"
    revert(state, MUM, number(done))
    assert content(state) == before
    with pytest.raises(ConfigError, match="there is no 'g99'"):
        use.revoke(state, MUM, "g99")


def test_ids_are_new_and_never_used_again(state: Path) -> None:
    use.bonus(state, MUM, ANNA, 15, now=NOW)
    first = load(state).grants[-1].id
    use.revoke(state, MUM, first)
    use.bonus(state, MUM, ANNA, 15, now=NOW)
    assert load(state).grants[-1].id != first
    done = apply(
        state, MUM, "two", lambda h: replace(h, grants=(*h.grants, *(replace(g, id="") for g in h.grants))), now=NOW
    )
    ids = [g.id for g in done.household.grants]
    assert len(set(ids)) == len(ids) == 4


# -- off and on


def test_off_covers_whom_it_names_until_its_end(state: Path) -> None:
    use.off(state, MUM, PAD, minutes=60, now=NOW)
    assert row(state, "example.org", "pad") == "block off" != row(state, "example.org", "phone")
    assert row(state, "school.example", "pad") == "allow grant"  # `always` holds
    assert row(state, "hotline.example", "pad") == "allow lifeline"
    assert row(state, "example.org", "pad", NOW + 61 * 60).startswith("allow")
    use.off(state, MUM, EVERYONE, now=NOW)
    assert row(state, "example.org", "phone", NOW + 30 * 86_400) == "block off"


def test_off_ends_running_grants_and_undo_restores_them(state: Path) -> None:
    use.grant(state, MUM, Scope.SERVICE, ANNA, value="tiktok", minutes=60, now=NOW)
    assert row(state, "tiktok.example", "pad", NOW + 1) == "allow grant"
    use.off(state, MUM, ANNA, now=NOW + 10)
    assert row(state, "tiktok.example", "pad", NOW + 11) == "block off"
    undo(state, MUM, now=NOW + 12)
    assert row(state, "tiktok.example", "pad", NOW + 13) == "allow grant"


def test_on_does_not_restore_what_off_ended(state: Path) -> None:
    use.grant(state, MUM, Scope.SERVICE, ANNA, value="tiktok", minutes=60, now=NOW)
    use.off(state, MUM, ANNA, now=NOW + 10)
    on = use.on(state, MUM, ANNA, now=NOW + 20)
    assert row(state, "tiktok.example", "pad", NOW + 21) == "block service"
    assert row(state, "example.org", "pad", NOW + 21).startswith("allow")
    revert(state, MUM, number(on))
    assert row(state, "example.org", "pad", NOW + 22) == "block off"


def test_a_grant_given_later_pierces_the_off(state: Path) -> None:
    use.off(state, MUM, ANNA, now=NOW)
    use.bonus(state, MUM, PAD, 15, now=NOW + 5)
    assert row(state, "example.org", "pad", NOW + 6).startswith("allow")
    assert row(state, "example.org", "phone", NOW + 6) == "block off"


def test_an_off_for_one_device_leaves_the_grants_of_the_others(state: Path) -> None:
    use.grant(state, MUM, Scope.SERVICE, ANNA, value="tiktok", minutes=60, now=NOW)
    use.off(state, MUM, PAD, now=NOW + 10)
    use.on(state, MUM, PAD, now=NOW + 20)
    assert row(state, "tiktok.example", "pad", NOW + 30) == "block service"
    assert row(state, "tiktok.example", "phone", NOW + 30) == "allow grant"


def test_on_ends_every_off_of_exactly_this_one(state: Path) -> None:
    for whom in (ANNA, ANNA, PAD, EVERYONE):
        use.off(state, MUM, whom, now=NOW)
    use.on(state, MUM, EVERYONE, now=NOW + 1)
    use.on(state, MUM, ANNA, now=NOW + 1)
    assert [o.ended for o in load(state).internet_off] == [NOW + 1, NOW + 1, None, NOW + 1]
    assert (row(state, "example.org", "pad", NOW + 2), row(state, "example.org", "phone", NOW + 2)) == (
        "block off",
        "allow default",
    )


def test_on_says_for_whom_it_is_still_off(state: Path) -> None:
    use.off(state, MUM, EVERYONE, now=NOW)
    with pytest.raises(ConfigError, match="off for everyone: switch it on for everyone, or give anna a bonus"):
        use.on(state, MUM, ANNA, now=NOW + 1)
    use.on(state, MUM, EVERYONE, now=NOW + 1)
    use.off(state, MUM, ANNA, now=NOW + 2)
    with pytest.raises(ConfigError, match="off for profile anna: switch it on for profile anna, or give pad a bonus"):
        use.on(state, MUM, PAD, now=NOW + 3)


@pytest.mark.parametrize("whom", [ANNA, PHONE, EVERYONE], ids=["profile", "device", "everyone"])
def test_on_where_nothing_is_off_changes_nothing(state: Path, whom: Whom) -> None:
    use.off(state, MUM, ANNA, minutes=1, now=NOW - 3600)  # over
    use.off(state, MUM, BEN, now=NOW)
    assert use.on(state, MUM, whom, now=NOW).change is None


def test_an_off_is_over_with_the_minute_in_which_it_ends(state: Path) -> None:
    use.off(state, MUM, ANNA, until=NOW + 61, now=NOW)
    (off,) = load(state).internet_off
    for at, blocks in ((NOW - 0.001, False), (NOW, True), (NOW + 119, True), (NOW + 120, False)):
        assert use.is_off(off, at) is blocks
        assert (row(state, "example.org", "pad", at) == "block off") is blocks, at


def test_moves_are_refused_when_somebody_switched_meanwhile(state: Path) -> None:
    use.off(state, MUM, ANNA, now=NOW)
    seen = read_stored(state)[1]
    use.on(state, DAD, ANNA, now=NOW + 1)
    use.off(state, DAD, ANNA, now=NOW + 2)
    ident = load(state).internet_off[1].id
    assert ident != load(state).internet_off[0].id
    with pytest.raises(Conflict, match="by bố"):
        use.on(state, MUM, ANNA, seen=seen, now=NOW + 3)
    gone = use.grant(state, MUM, Scope.TIME, ANNA, minutes=5, now=NOW)
    assert number(use.bonus(state, MUM, ANNA, 5, seen=seen, now=NOW)) == number(gone) + 1
    assert number(use.pause(state, MUM, ANNA, seen=seen, now=NOW))


# -- a free day


def test_tomorrow_is_off(state: Path) -> None:
    tomorrow = EVENING + 86_400
    use.tomorrow_off(state, MUM, "anna", date(2026, 11, 25))
    assert row(state, "example.org", "pad", EVENING) == "block window"
    assert row(state, "example.org", "pad", tomorrow).startswith("allow")
    assert row(state, "example.org", "pad", tomorrow + 86_400) == "block window"
    assert use.tomorrow_off(state, MUM, "anna", date(2026, 11, 25)).change is None


def test_a_free_day_said_again_changes_nothing_with_another_in_between(state: Path) -> None:
    for day in (25, 26):
        use.tomorrow_off(state, MUM, "anna", date(2026, 11, day))
    assert use.tomorrow_off(state, MUM, "anna", date(2026, 11, 25)).change is None


def test_a_free_day_replaces_what_was_said_of_that_day(state: Path) -> None:
    day = date(2026, 11, 25)
    bedtime = profile(state, "anna").windows or ()
    apply(
        state,
        MUM,
        "x",
        lambda h: use.with_profile(h, "anna", lambda p: replace(p, exceptions=(DayException(bedtime, on=day),))),
    )
    use.tomorrow_off(state, MUM, "anna", day)
    assert profile(state, "anna").exceptions == (DayException((), on=day),)


def test_free_days_are_bounded_exactly(state: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(use, "MAX_EXCEPTIONS", 2)
    for day in (25, 26):
        use.tomorrow_off(state, MUM, "anna", date(2026, 11, day))
    with pytest.raises(ConfigError, match="exceptions: 3 of anna, expected at most 2"):
        use.tomorrow_off(state, MUM, "anna", date(2026, 11, 27))
    with pytest.raises(ConfigError, match="there is no 'nobody'"):
        use.tomorrow_off(state, Who(), "nobody", date(2026, 11, 27))


def test_any_row_of_moves_taken_back_one_by_one_leaves_no_trace(state: Path) -> None:
    before = content(state)
    made = [number(move(state)) for move in PIECES.values()]
    made.append(number(use.on(state, DAD, EVERYONE, now=NOW + 1)))
    made.append(number(use.revoke(state, DAD, load(state).grants[1].id)))
    for one in reversed(made):
        revert(state, MUM, one)
    assert content(state) == before


def test_minutes_count_from_the_time_of_the_rules_when_the_clock_is_in_1970(
    state: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A board without a battery: the workers' clock stands at the floor, so "15 minutes more" begins there."""
    save_floor(state, NOW)
    monkeypatch.setattr("time.time", lambda: 1000.0)
    monkeypatch.setattr("filterd.host.clock.Clock.__init__.__defaults__", (lambda: 1000.0, lambda: False))
    use.bonus(state, MUM, ANNA, 15)
    given = load(state).grants[-1]
    assert (given.start, given.until) == (int(NOW), int(NOW) + 900)
