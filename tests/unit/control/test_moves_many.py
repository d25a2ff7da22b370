"""Moves for several people at once: one change, one Undo; and a pause that ends before its time."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from filterd.control import moves
from filterd.control import moves_many as use
from filterd.control.change import apply, undo
from filterd.control.household import load, read_stored
from filterd.control.moves import MAX_MINUTES
from filterd.errors import ConfigError
from filterd.model.household import DayException, Grant, Household, Scope
from tests.unit.control.family import ANNA, BEN, EVERYONE, MUM, content, profile, state
from tests.unit.control.policy_state import NOW

__all__ = ["state"]  # a fixture
DAY = date(2026, 11, 25)


def test_all_children_are_off_and_on_again_by_one_undo(state: Path) -> None:
    before, revision = content(state), read_stored(state)[1]
    done = use.off_for(state, MUM, ["anna", "ben", "anna"], minutes=30, now=NOW)
    assert done.change is not None and not done.problem
    offs = load(state).internet_off[-2:]
    assert [(o.profile, o.until) for o in offs] == [("anna", NOW + 1800), ("ben", NOW + 1800)]
    assert read_stored(state)[1] == revision + 1
    undo(state, MUM, now=NOW + 5)
    assert content(state) == before


@pytest.mark.parametrize(
    ("profiles", "minutes", "why"),
    [
        ([], 30, "expected at least one"),
        (["anna", "nobody"], 30, "there is no 'nobody'"),
        (["anna"], 0, "is not in 1"),
        (["anna"], MAX_MINUTES + 1, "is not in 1"),
    ],
)
def test_what_cannot_be_is_refused_whole(state: Path, profiles: list[str], minutes: int, why: str) -> None:
    before = content(state)
    with pytest.raises(ConfigError, match=why):
        use.off_for(state, MUM, profiles, minutes=minutes, now=NOW)
    assert content(state) == before


def test_a_free_day_for_some_is_one_change_and_twice_is_none(state: Path) -> None:
    done = use.tomorrow_off_for(state, MUM, ["anna", "ben"], DAY)
    assert done.change is not None
    for ident in ("anna", "ben"):
        assert profile(state, ident).exceptions[0] == DayException((), on=DAY)
    assert use.tomorrow_off_for(state, MUM, ["anna", "ben"], DAY).change is None
    with pytest.raises(ConfigError, match="expected at least one"):
        use.tomorrow_off_for(state, MUM, [], DAY)


def test_the_filter_works_again_before_the_pause_ends(state: Path) -> None:
    before = load(state).grants
    moves.pause(state, MUM, ANNA, 60, now=NOW)
    moves.pause(state, MUM, BEN, 60, now=NOW)
    use.resume(state, MUM, ANNA, now=NOW + 60)
    left = [g.profile for g in load(state).grants if g.scope is Scope.FILTER and g not in before]
    assert left == ["ben"]
    with pytest.raises(ConfigError, match="the filter is not paused for anna"):
        use.resume(state, MUM, ANNA, now=NOW + 61)


@pytest.mark.parametrize("everyone", [False, True])
def test_an_off_ends_minutes_that_were_to_begin_later(state: Path, everyone: bool) -> None:
    """ "+15" of a child that is on moves tonight's bedtime: a grant that begins then. An off given since ends it too."""
    before = load(state).grants
    later = NOW + 7200

    def give(household: Household) -> Household:
        given = tuple(Grant(Scope.TIME, "", p, "", later, later + 900, "mẹ") for p in ("anna", "ben"))
        always = Grant(Scope.NAME, "example.org", "anna", "", later, None, "mẹ")
        return replace(household, grants=(*household.grants, *given, always))

    apply(state, MUM, "bonus", give, now=NOW)
    if everyone:
        moves.off(state, MUM, EVERYONE, now=NOW + 60)
    else:
        use.off_for(state, MUM, ["anna"], now=NOW + 60)
    left = [(g.profile, g.scope) for g in load(state).grants if g not in before and g.start == later]
    assert left == ([] if everyone else [("ben", Scope.TIME)]) + [("anna", Scope.NAME)]
