"""What roles may do: a pure table, checked whole."""

from __future__ import annotations

import pytest

from filterd.model.account import NEEDS, Account, Action, Role, Scope, may

EVERYTHING = set(Action)
MAY = {
    Role.VIEWER: {"look", "activity", "own"},
    Role.TEACHER: {"look", "switch", "windows", "own"},
    Role.PARENT: {"look", "activity", "own", "switch", "windows", "household", "tokens"},
    Role.ADMIN: {str(a) for a in EVERYTHING},
}


@pytest.mark.parametrize("role", Role)
def test_each_role_may_exactly_this(role: Role) -> None:
    assert {str(a) for a in Action if may(role, a)} == MAY[role]
    assert {str(a) for a in Action if Account("a", "a", "a", role).may(str(a))} == MAY[role]


def test_a_typo_decides_nothing() -> None:
    for role, action in (("admin", "system"), ("root", "look"), ("admin", "")):
        with pytest.raises(ValueError):
            may(role, action)


def test_a_teacher_reaches_their_own_rooms_and_the_others_reach_all() -> None:
    assert Account("a", "a", "a", Role.TEACHER, ("p12",)).reaches("p12")
    assert not Account("a", "a", "a", Role.TEACHER, ("p12",)).reaches("p13")
    assert not Account("a", "a", "a", Role.TEACHER).reaches("")
    assert Account("a", "a", "a", Role.PARENT).reaches("p13")


def test_every_scope_needs_something() -> None:
    assert set(NEEDS) == set(Scope)
