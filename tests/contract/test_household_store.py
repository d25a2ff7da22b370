"""The rules' database on SQLite and on PostgreSQL: changes, conflicts and history, the same promises below either.

What more than one process does to it is test_household_shared.py, what only a file can do wrong is
tests/unit/store/test_household_file.py.
"""

from __future__ import annotations

from dataclasses import replace

import pytest

from filterd.errors import Conflict, StoreError
from filterd.model.change import Body, Key, Who
from filterd.store import household as tables
from filterd.store.household import HouseholdStore, SpentRow, Stored
from tests.contract.databases import *  # noqa: F403
from tests.contract.households import *  # noqa: F403
from tests.contract.households import MUM, PAGE, profiles, put

HOSTILE = [
    "a%b_\"'",
    "%",
    "_",
    "\\",
    "a\\%",
    '","after":',
    'x","before":null',
    "đ",
    "日本",
    "a/b",
    "{}",
    "'; DROP TABLE change; --",
]

# ---- changes


def test_a_new_store_is_empty(store: HouseholdStore) -> None:
    assert store.revision() == 0 and store.stored() == Stored(0, {})
    assert store.history() == [] and store.setting("web") is None and store.spent(1) == []


def test_a_change_is_one_row_with_before_and_after(store: HouseholdStore) -> None:
    put(store, a={"name": "A"}, b={"name": "B"})
    made = put(store, PAGE, "renamed", a={"name": "Á"}, b=None, c={"name": "C"})
    assert made is not None and (made.number, made.at, made.who, made.verb) == (2, 12.25, PAGE, "renamed")
    assert {(e.id, e.before and e.before["name"], e.after and e.after["name"]) for e in made.edits} == {
        ("a", "A", "Á"),
        ("b", "B", None),
        ("c", None, "C"),
    }
    assert store.history(limit=1) == [made] and store.find(2) == made and store.revision() == 2
    stored = store.stored()
    assert {(e.id, e.revision) for e in stored.entities.values()} == {("a", 2), ("c", 2)}


def test_what_is_equal_is_no_change(store: HouseholdStore) -> None:
    put(store, a={"name": "A", "rules": {"x": [1, 2.5, True, None, ""]}})
    assert put(store, a={"rules": {"x": [1, 2.5, True, None, ""]}, "name": "A"}) is None
    assert store.revision() == 1


def test_what_make_raises_leaves_everything(store: HouseholdStore) -> None:
    put(store, a={"name": "A"})

    def fails(_: Stored) -> dict[Key, Body]:
        raise KeyError("mine")

    with pytest.raises(KeyError):
        store.change(MUM, "x", 1.0, fails)
    assert store.revision() == 1
    assert put(store, b={"name": "B"}) is not None  # and the store is free


def test_order_is_kept_and_a_new_one_comes_last(store: HouseholdStore) -> None:
    put(store, b={}, a={}, c={})
    put(store, a=None)
    put(store, a={"again": 1}, d={})
    assert list(profiles(store)) == ["b", "c", "a", "d"]
    turned = {key: entity.body for key, entity in reversed(store.stored().entities.items())}
    made = store.change(MUM, "turned", 1.0, lambda _: turned)
    assert made is not None and list(profiles(store)) == ["d", "a", "c", "b"]
    assert all(e.before == e.after for e in made.edits)


@pytest.mark.parametrize(
    "text", ["", "\u0085\u2028\u2029\ufeff", "\U0001f9d2 Bé", "\"\\'%_", "x" * 500_000, "\x01\x1f\x7f"]
)
def test_any_text_comes_back_as_it_was(store: HouseholdStore, text: str) -> None:
    put(store, Who(text[:80].replace("\0", "")), a={"name": text})
    assert profiles(store)["a"]["name"] == text
    (made,) = store.history()
    assert made.edits[0].after == {"name": text}


def test_half_a_character_is_refused_whole_and_a_nul_is_kept(store: HouseholdStore) -> None:
    with pytest.raises(StoreError, match="profile b: expected text, got half a character"):
        put(store, a={"name": "A"}, b={"name": "\udce9"})
    assert store.revision() == 0 and profiles(store) == {}
    put(store, a={"name": "a\0b"})
    assert profiles(store)["a"]["name"] == "a\0b"


def test_one_entity_is_bounded(store: HouseholdStore) -> None:
    with pytest.raises(StoreError, match="profile a has 1048588 bytes, expected at most 1048576"):
        put(store, a={"x": "ă" * 524_290})
    assert store.revision() == 0
    assert put(store, a={"x": "a" * (tables.MAX_ENTITY_BYTES - 8)}) is not None


# ---- what somebody saw


def test_the_same_thing_changed_meanwhile_is_a_conflict_that_says_by_whom(store: HouseholdStore) -> None:
    put(store, a={"n": 1}, b={"n": 1})
    theirs = put(store, PAGE, "windows", a={"n": 2})
    with pytest.raises(Conflict, match=r"change 2 \(windows by bố, web\)") as refused:
        put(store, seen=1, a={"n": 3})
    assert refused.value.changes == (theirs,)
    assert profiles(store)["a"] == {"n": 2} and store.revision() == 2
    assert put(store, seen=2, a={"n": 3}) is not None
    assert put(store, seen=1, b={"n": 3}) is not None  # nobody touched that one
    assert put(store, seen=None, a={"n": 4}) is not None
    assert put(store, seen=1, a={"n": 4}) is None  # it is like that already: nothing to overwrite


@pytest.mark.parametrize("mine", [{"n": 9}, None], ids=["change", "remove"])
def test_removed_or_made_meanwhile_is_a_conflict_too(store: HouseholdStore, mine: Body | None) -> None:
    put(store, a={"n": 1}, b={})
    put(store, a=None)
    if mine is not None:
        with pytest.raises(Conflict):
            put(store, seen=1, a=mine)
    put(store, a={"n": 1})  # there again, and it looks as it did
    with pytest.raises(Conflict):
        put(store, seen=1, a=mine)


def test_a_conflict_is_found_when_the_history_has_forgotten(store: HouseholdStore) -> None:
    put(store, a={"n": 1})
    put(store, a={"n": 2})
    put(store, b={"n": 1})
    assert store.prune(keep=1) == 2
    with pytest.raises(Conflict, match="see the history"):
        put(store, seen=1, a={"n": 3})


# ---- history


def test_the_history_of_one_thing_is_its_own(store: HouseholdStore) -> None:
    """Whatever stands in ids and bodies: it is looked for in JSON text, with LIKE."""
    for other in [*HOSTILE, "a", "ab_\"'", "axb_\"'"]:
        fakes = {"id": HOSTILE[0], "kind": "profile", "edits": [{"kind": "profile", "id": HOSTILE[0]}]}
        for kind in ("profile", "device"):

            def make(stored: Stored, key: Key = (kind, other)) -> dict[Key, Body]:
                return stored.bodies() | {key: fakes}

            store.change(MUM, other, 1.0, make)
    for ident in HOSTILE:
        assert [c.verb for c in store.history(key=("profile", ident))] == [ident]
        assert [c.edits[0].kind for c in store.history(key=("device", ident))] == ["device"]
        assert store.history(key=("profile", ident + "x")) == store.history(key=("profil", ident)) == []


def test_the_history_is_read_page_by_page(store: HouseholdStore) -> None:
    for number in range(7):
        put(store, a={"n": number})
    assert [c.number for c in store.history(limit=3)] == [7, 6, 5]
    assert [c.number for c in store.history(limit=3, before=5)] == [4, 3, 2]
    assert [c.number for c in store.history(limit=3, before=2)] == [1]
    assert store.history(limit=3, before=1) == []
    for number in (0, 8, -1, 2**62):
        with pytest.raises(StoreError, match=f"no change {number}"):
            store.find(number)


def test_pruning_keeps_the_newest_within_both_bounds(store: HouseholdStore) -> None:
    for number in range(10):
        put(store, a={"n": number, "text": "x" * 1000})
    assert store.prune() == 0
    assert store.prune(keep=10) == 0
    assert store.prune(keep=4) == 6 and [c.number for c in store.history()] == [10, 9, 8, 7]
    assert store.prune(keep_bytes=5000) == 2  # each has before and after
    assert [c.number for c in store.history()] == [10, 9]
    assert store.prune(keep=0, keep_bytes=0) == 1  # the newest stays whatever its size
    assert store.prune(keep=0, keep_bytes=0) == 0
    assert store.revision() == 10 and profiles(store)["a"]["n"] == 9
    made = put(store, a={"n": 11})
    assert made is not None and made.number == 11


# ---- what lies beside the household


def test_a_setting_is_found_by_its_name(store: HouseholdStore) -> None:
    store.change(MUM, "set", 1.0, lambda s: s.bodies() | {("setting", "web"): {"port": 1}, ("profile", "web"): {}})
    assert store.setting("web") == {"port": 1}
    assert store.setting("Web") is None and store.setting("we_") is None


def test_spent_budgets_are_replaced_and_forgotten(store: HouseholdStore) -> None:
    one = SpentRow("lan", "tube|games", 740_000, 1.25, 86_400.5, 12)
    store.set_spent([one, replace(one, profile="minh"), replace(one, day=739_999)])
    store.set_spent([replace(one, used=13)])
    assert sorted(store.spent(740_000), key=lambda r: r.profile) == [
        replace(one, used=13),
        replace(one, profile="minh"),
    ]
    assert store.spent(739_999) == [replace(one, day=739_999)]
    store.set_spent([replace(one, day=740_001)])
    assert store.spent(739_999) == [] and len(store.spent(740_000)) == 2
    store.set_spent([])
    assert store.spent(740_001) == [replace(one, day=740_001)]
    assert store.revision() == 0  # no change of the rules
