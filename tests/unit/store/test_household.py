"""What a change writes, without a database; the rest of the rules' store is tests/contract/test_household_store.py."""

from __future__ import annotations

from filterd.model.change import Body, Change, Edit, Entity, Key, Who
from filterd.store.household import Stored, _difference, _mark, conflict_text


def stored(*idents: str, step: int = 1) -> Stored:
    """Profiles at places with a distance."""
    return Stored(1, {("profile", i): Entity("profile", i, n * step, 1, {"id": i}) for n, i in enumerate(idents)})


def wanted(*idents: str) -> dict[Key, Body]:
    """Profiles in this order, with the bodies of `stored`."""
    return {("profile", i): {"id": i} for i in idents}


def places(before: Stored, after: dict[Key, Body]) -> dict[str, tuple[int, int]]:
    """Which edits there are, with their places."""
    return {e.id: (e.position_before, e.position_after) for e in _difference(before, after)}


def test_what_stays_in_order_keeps_its_place_and_is_no_edit() -> None:
    assert places(stored("a", "b", "c"), wanted("a", "b", "c")) == {}
    assert places(stored("a", "b", "c"), wanted("a", "c")) == {"b": (1, 0)}
    assert places(stored("a", "b"), wanted("a", "b", "c")) == {"c": (0, 2)}
    assert places(stored("a", "b", step=5), wanted("a", "x", "b")) == {"x": (0, 1)}  # there is room
    assert places(stored("a", "b"), wanted("a", "x", "b")) == {"x": (0, 1), "b": (1, 2)}
    assert places(stored("a", "b"), wanted("b", "a")) == {"a": (0, 2)}


def test_kinds_have_places_of_their_own() -> None:
    both = wanted("a") | {("device", "a"): {"id": "a"}}
    assert places(stored("a"), both) == {"a": (0, 0)}


def test_an_edit_is_found_by_its_beginning_alone() -> None:
    assert _mark(("profile", "a%b_\"'đ")) == '{"kind":"profile","id":"a%b_\\"\'đ",'


def test_a_conflict_names_the_last_three_changes_and_who_made_them() -> None:
    edit = (Edit("profile", "a", None, {}),)
    changes = [Change(n, 1.0, Who("mẹ" if n % 2 else "", "web"), f"verb {n}", edit) for n in range(1, 6)]
    said = conflict_text(changes)
    assert "change 3 (verb 3 by mẹ, web); change 4 (verb 4, web); change 5 (verb 5 by mẹ, web);" in said
    assert "change 2" not in said and "see the history" in conflict_text(())
