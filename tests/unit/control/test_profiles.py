"""Profiles and their rules: every use case, what it refuses, and its undo."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from filterd.config.household_values import MAX_NAMES
from filterd.control import profiles as use
from filterd.control.change import Done, history, revert
from filterd.control.devices import change_device
from filterd.control.household import load, read_stored
from filterd.control.moves import bonus, off
from filterd.errors import ConfigError, Conflict, StoreError
from filterd.model.household import Effect, Rule, Window
from filterd.wire.name import to_wire
from tests.unit.control.family import ANNA, BEN, DAD, HOSTILE, MUM, PAD, content, number, profile, row, state

__all__ = ["state"]  # a fixture

BEDTIME = Window("Bedtime", Effect.OFFLINE, 1200, 1800)
USES: dict[str, Callable[[Path], Done]] = {
    "profile added": lambda s: use.add_profile(s, MUM, "Zoë", "age-7-9")[0],
    "profile removed": lambda s: use.remove_profile(s, MUM, "anna", devices_to="ben"),
    "profile changed": lambda s: use.patch(s, MUM, "anna", {"name": "Anna B.", "windows": None}),
    "household changed": lambda s: use.patch_household(s, MUM, {"language": "vi", "block_mode": "nxdomain"}),
    "category allow": lambda s: use.set_rule(s, MUM, "anna", "categories", "games", "allow"),
    "service default": lambda s: use.set_rule(s, MUM, "anna", "services", "tiktok", "default"),
    "name block": lambda s: use.add_name(s, MUM, "anna", "block", "chat.example"),
    "name always removed": lambda s: use.remove_name(s, MUM, "anna", "always", "school.example"),
    "windows": lambda s: use.set_windows(s, MUM, "ben", [BEDTIME]),
}  # verb -> how it is done


@pytest.mark.parametrize("verb", USES)
def test_every_use_case_has_its_verb_and_can_be_taken_back(state: Path, verb: str) -> None:
    before = content(state)
    done = USES[verb](state)
    assert done.change is not None and (done.change.verb, done.change.who) == (verb, MUM)
    assert content(state) != before
    revert(state, MUM, number(done))
    assert content(state) == before


@pytest.mark.parametrize(
    "verb", [v for v in USES if v not in ("profile added", "profile removed", "name always removed")]
)
def test_said_twice_it_changes_nothing(state: Path, verb: str) -> None:
    USES[verb](state)
    assert USES[verb](state).change is None


def test_all_of_them_taken_back_one_by_one_leave_no_trace(state: Path) -> None:
    before = content(state)
    order = [v for v in USES if v != "profile removed"] + ["profile removed"]
    made = [number(USES[verb](state)) for verb in order]
    for one in reversed(made):
        revert(state, DAD, one)
    assert content(state) == before


# -- adding and removing


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("Bé Na", "be-na"),
        ("Đỗ Đức Ái", "do-duc-ai"),
        ("Anna", "anna-2"),
        ("日本", "x"),
        ("--Ömer & Co.--", "omer-co"),
        ("a" * 80, "a" * 40),
        ("' OR 1=1 --", "or-1-1"),
        ("Straße", "strae"),
    ],
)
def test_ids_are_made_of_names(state: Path, name: str, expected: str) -> None:
    _, ident = use.add_profile(state, MUM, name, "none")
    assert ident == expected and profile(state, ident).name == name


def test_the_same_name_twice_gets_a_number(state: Path) -> None:
    assert [use.add_profile(state, MUM, "Na", "none")[1] for _ in range(3)] == ["na", "na-2", "na-3"]


@pytest.mark.parametrize(
    "ident", ["anna", "Ab", "a b", "a'b", 'a"b', "-a", "ă", "a" * 65, "../x", "a\nb", "%", "\udce9"]
)
def test_ids_that_are_none_or_taken(state: Path, ident: str) -> None:
    with pytest.raises(ConfigError):
        use.add_profile(state, MUM, "Na", "none", ident=ident)
    assert len(history(state)) == 1


def test_an_id_of_64_characters_is_one(state: Path) -> None:
    assert use.add_profile(state, MUM, "Na", "none", ident="a" * 64)[1] == "a" * 64


@pytest.mark.parametrize("name", [*HOSTILE, "", " ", "a" * 81])
def test_names_of_people_are_one_harmless_line(state: Path, name: str) -> None:
    with pytest.raises(ConfigError):
        use.add_profile(state, MUM, name, "none")
    assert len(history(state)) == 1


def test_an_unknown_preset_is_said(state: Path) -> None:
    with pytest.raises(ConfigError, match="unknown preset 'age-7-8'.*did you mean age-7-9"):
        use.add_profile(state, MUM, "Na", "age-7-8")


def test_a_profile_with_devices_is_not_removed_without_saying_whose_they_are(state: Path) -> None:
    with pytest.raises(ConfigError, match=r"anna has devices \(phone, pad, six\)"):
        use.remove_profile(state, MUM, "anna")
    for to in ("anna", "nobody", "b'"):
        with pytest.raises(ConfigError, match="there is no"):
            use.remove_profile(state, MUM, "anna", devices_to=to)
    assert len(history(state)) == 1


def test_a_removed_profile_takes_its_grants_along_and_its_devices_move(state: Path) -> None:
    off(state, MUM, ANNA)
    bonus(state, MUM, PAD, 15)
    use.remove_profile(state, MUM, "anna", devices_to="ben")
    found = load(state)
    assert {d.profile for d in found.devices} == {"ben"}
    assert [g.device for g in found.grants] == ["pad"] and found.internet_off == ()
    assert row(state, "games.example", "pad").startswith("allow")


def test_the_last_profile_stays(state: Path) -> None:
    use.remove_profile(state, MUM, "anna", devices_to="ben")
    with pytest.raises(ConfigError, match="the last one stays"):
        use.remove_profile(state, MUM, "ben")
    with pytest.raises(ConfigError, match="there is no 'anna'"):
        use.remove_profile(state, MUM, "anna")


def test_new_devices_never_fall_to_a_grown_up_because_a_profile_went(state: Path) -> None:
    for name, preset in (("Bố", "adult"), ("Na", "age-7-9")):
        use.add_profile(state, MUM, name, preset)
    assert load(state).default_profile == "ben"
    done = use.remove_profile(state, MUM, "ben")
    assert load(state).default_profile == "na"
    revert(state, MUM, number(done))
    assert load(state).default_profile == "ben"
    use.patch_household(state, MUM, {"default_profile": None})  # then the first is it
    use.remove_profile(state, MUM, "anna", devices_to="na")
    assert load(state).default_profile == "na"


# -- patches


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"id": "x"}, "keeps its id"),
        ({"nmae": "x"}, "did you mean name"),
        ({"name": None}, "name"),
        ({"name": "a\nb"}, "control characters"),
        ({"name": "x" * 10_000}, "at most 80"),
        ({"name": ["x"]}, "got a list"),
        ({"preset": {"a": 1}}, "got a mapping"),
        ({"windows": [{"from": "25:00", "to": "06:00", "effect": "offline"}]}, "a time from 00:00"),
        ({"windows": [{}] * 65}, "at most 64"),
        ({"services": {"tiktok": "sometimes"}}, "unknown word"),
        ({"categories": {"gamez": "block"}}, "did you mean games"),
        ({"names": {"block": ["http://x"]}}, "without http"),
        ({"names": {"block": ["a.example"] * (MAX_NAMES + 1)}}, f"at most {MAX_NAMES}"),
        ({"safe_search": {"youtube": "on"}}, "level"),
        ({"budgets": [{"minutes": 60}]}, "at least one service or category"),
        ({"parent_sees": float("nan")}, "unknown level"),
        ({"name": object()}, "plain values"),
        ({"name": "\udce9"}, "household"),
        ({1: "x"}, "unknown key"),
        ({"x" * 1000: "x"}, "unknown key"),
        ({"x" * 10_000: "x"}, "not YAML"),  # no key is that long
    ],
)
def test_a_patch_is_judged_like_the_file(state: Path, values: dict[Any, Any], said: str) -> None:
    before = content(state)
    with pytest.raises(ConfigError, match=said) as refused:
        use.patch(state, MUM, "anna", values)
    assert str(refused.value).replace("\n", "").isprintable() and len(str(refused.value)) < 1000
    assert content(state) == before and len(history(state)) == 1


def test_a_patch_that_is_its_own_part_or_endless_is_refused(state: Path) -> None:
    ring: list[Any] = []
    ring.append(ring)
    deep: list[Any] = []
    for _ in range(100_000):
        deep = [deep]
    for value in (ring, deep):
        with pytest.raises(ConfigError):
            use.patch(state, MUM, "anna", {"windows": value})
    while deep:  # a list so deep is not freed by recursion
        deep = deep[0]


def test_a_patch_with_exactly_as_many_names_as_fit_is_taken(state: Path) -> None:
    names = [f"n{i}.example" for i in range(MAX_NAMES)]
    use.patch(state, MUM, "ben", {"names": {"block": names}})
    assert len(profile(state, "ben").names.block) == MAX_NAMES
    with pytest.raises(ConfigError, match="at most"):
        use.add_name(state, MUM, "ben", "block", "more.example")


def test_an_entity_larger_than_the_store_takes_is_refused(state: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("filterd.store.household.MAX_ENTITY_BYTES", 1000)
    with pytest.raises(StoreError, match="profile ben has .* expected at most 1000"):
        use.patch(state, MUM, "ben", {"names": {"block": [f"n{i}.example" for i in range(100)]}})
    assert len(history(state)) == 1


@pytest.mark.parametrize("ident", ["nobody", "", "a'", 'a"', "A" * 10_000, "anna\n"])
def test_nobody_has_no_rules(state: Path, ident: str) -> None:
    for attempt in (
        lambda: use.patch(state, MUM, ident, {"name": "x"}),
        lambda: use.set_rule(state, MUM, ident, "services", "tiktok", "block"),
        lambda: use.add_name(state, MUM, ident, "block", "a.example"),
        lambda: use.remove_name(state, MUM, ident, "block", "a.example"),
        lambda: use.set_windows(state, MUM, ident, []),
        lambda: use.remove_profile(state, MUM, ident),
    ):
        with pytest.raises(ConfigError):
            attempt()
    assert len(history(state)) == 1


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"timezone": "Berlin"}, "timezone"),
        ({"default_profile": "nobody"}, "unknown profile"),
        ({"profiles": []}, "profiles: these are things of their own"),
        ({"internet_off": [{"everyone": True}]}, "internet_off: these are"),
        ({"privacy": {"detail_days": -1}}, "detail_days"),
        ({"version": 2}, "version"),
    ],
)
def test_the_household_is_judged_like_the_file_too(state: Path, values: dict[str, Any], said: str) -> None:
    before = content(state)
    with pytest.raises(ConfigError, match=said):
        use.patch_household(state, MUM, values)
    assert content(state) == before


# -- rules


def test_a_rule_is_in_force_at_once(state: Path) -> None:
    use.set_rule(state, MUM, "anna", "categories", "games", "allow")
    assert row(state, "games.example", "pad").startswith("allow")
    use.set_rule(state, MUM, "anna", "categories", "games", "default")
    assert "games" not in profile(state, "anna").categories
    use.set_rule(state, MUM, "anna", "services", "tiktok", "allow")
    assert profile(state, "anna").services == {"tiktok": Rule.ALLOW}
    assert row(state, "tiktok.example", "pad") == "allow service"


@pytest.mark.parametrize(
    ("part", "word", "rule", "said"),
    [
        ("names", "x", "block", "categories or services"),
        ("services", "tiktok", "sometimes", "block, allow or default"),
        ("services", "tiktokk", "block", "did you mean tiktok"),
        ("categories", "tiktok", "block", "unknown category"),
        ("categories", "x" * 1000, "block", "unknown category"),
        ("categories", "x" * 10_000, "block", "not YAML"),
    ],
)
def test_rules_that_are_none(state: Path, part: str, word: str, rule: str, said: str) -> None:
    with pytest.raises(ConfigError, match=said):
        use.set_rule(state, MUM, "anna", part, word, rule)


def test_blocked_and_allowed_exclude_each_other_and_the_last_word_holds(state: Path) -> None:
    use.add_name(state, MUM, "anna", "allow", "OWN.example.")
    names = profile(state, "anna").names
    assert (names.block, names.allow) == ((), (to_wire("own.example"),))
    assert row(state, "www.own.example", "pad") == "allow name"
    use.add_name(state, MUM, "anna", "block", "own.example")
    assert row(state, "www.own.example", "pad") == "block name"
    use.add_name(state, MUM, "anna", "always", "own.example")
    assert row(state, "www.own.example", "pad") == "allow grant"


def test_names_are_kept_as_the_net_writes_them(state: Path) -> None:
    use.add_name(state, MUM, "anna", "block", "Bücher.example")
    assert use.add_name(state, MUM, "anna", "block", "xn--bcher-kva.example").change is None
    use.remove_name(state, MUM, "anna", "block", "bücher.example")
    with pytest.raises(ConfigError, match="xn--bcher-kva.example is not among the names anna has under block"):
        use.remove_name(state, MUM, "anna", "block", "bücher.example")


@pytest.mark.parametrize(
    "name", ["", "*.x.example", "http://x", "1.2.3.4", "a b", "a\x00b", "\u202egpj.example", "x" * 10_000]
)
def test_sites_that_are_none(state: Path, name: str) -> None:
    for attempt in (use.add_name, use.remove_name):
        with pytest.raises(ConfigError, match="is no site's name"):
            attempt(state, MUM, "anna", "block", name)


def test_names_have_three_lists(state: Path) -> None:
    for attempt in (use.add_name, use.remove_name):
        with pytest.raises(ConfigError, match="one of block, allow, always"):
            attempt(state, MUM, "anna", "deny", "a.example")


def test_windows_are_replaced_and_bounded_exactly(state: Path) -> None:
    use.set_windows(state, MUM, "ben", [BEDTIME] * 64)
    assert len(profile(state, "ben").windows or ()) == 64
    with pytest.raises(ConfigError, match="at most 64"):
        use.set_windows(state, MUM, "ben", [BEDTIME] * 65)
    use.set_windows(state, MUM, "ben", [])
    assert profile(state, "ben").windows == ()


@pytest.mark.parametrize(
    "window",
    [
        Window("a\nb", Effect.OFFLINE, 0, 60),
        Window("x", Effect.OFFLINE, 0, 60, services=("tiktok",)),
        Window("x", Effect.PERMIT, 0, 60, names=(to_wire("a.example"),)),
        Window("x", Effect.ONLY, 0, 60, services=("tiktokk",)),
    ],
)
def test_windows_that_do_not_fit(state: Path, window: Window) -> None:
    with pytest.raises(ConfigError):
        use.set_windows(state, MUM, "ben", [window])


def test_every_rule_is_refused_when_somebody_changed_the_profile_meanwhile(state: Path) -> None:
    seen = read_stored(state)[1]
    use.patch(state, DAD, "anna", {"name": "Anna B."})
    for attempt in (
        lambda: use.patch(state, MUM, "anna", {"name": "Änna"}, seen=seen),
        lambda: use.set_rule(state, MUM, "anna", "services", "tiktok", "allow", seen=seen),
        lambda: use.add_name(state, MUM, "anna", "block", "a.example", seen=seen),
        lambda: use.remove_name(state, MUM, "anna", "block", "own.example", seen=seen),
        lambda: use.set_windows(state, MUM, "anna", [], seen=seen),
        lambda: use.remove_profile(state, MUM, "anna", devices_to="ben", seen=seen),
    ):
        with pytest.raises(Conflict, match="by bố"):
            attempt()
    assert number(use.patch_household(state, MUM, {"language": "vi"}, seen=seen)) == 3
    assert use.add_profile(state, MUM, "Zoë", "none", seen=seen)[1] == "zoe"


def test_a_removal_conflicts_with_a_device_that_was_given_meanwhile(state: Path) -> None:
    seen = read_stored(state)[1]
    change_device(state, DAD, "pad", profile="ben")
    change_device(state, DAD, "pad", profile="anna")
    with pytest.raises(Conflict):
        use.remove_profile(state, MUM, "anna", devices_to="ben", seen=seen)
    assert BEN.profile in {p.id for p in load(state).profiles}
