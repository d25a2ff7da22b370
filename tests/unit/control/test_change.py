"""One change of the household: written, published, conflicting, taken back."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from filterd.control import change as use
from filterd.control import moves, profiles, requests
from filterd.control.change import apply, history, revert, undo
from filterd.control.devices import add_device, change_device, remove_device
from filterd.control.household import load, open_store, read_stored
from filterd.control.publish import Published, current
from filterd.errors import ConfigError, Conflict, FilterdError, PublishError, StoreError
from filterd.model.change import Who
from filterd.model.household import Household, Rule, Scope
from tests.unit.control.family import ANNA, BEN, DAD, EVERYONE, HOSTILE, MUM, PAGE, content, number, state
from tests.unit.control.policy_state import NOW

__all__ = ["state"]  # a fixture


def language(text: str) -> use.Alter:
    """A change of one key of the household."""
    return lambda household: replace(household, language=text)


def test_a_change_is_written_with_who_when_before_and_after_and_published(state: Path) -> None:
    before = current(state)
    done = apply(state, PAGE, "language", language("vi"), now=NOW)
    assert done.change is not None and before is not None and done.published is not None
    (edit,) = done.change.edits
    assert (done.change.number, done.change.at, done.change.who, done.change.verb) == (2, NOW, PAGE, "language")
    assert (edit.kind, edit.id) == ("household", "")
    assert edit.before is not None and edit.after is not None
    assert (edit.before["language"], edit.after["language"]) == ("en", "vi")
    assert done.published.revision == before.number + 1 and done.problem == ""
    assert done.household == load(state) and done.revision == read_stored(state)[1] == 2
    assert history(state, limit=1) == [done.change]


@pytest.mark.parametrize("alter", [lambda h: h, language("en")], ids=["the same object", "an equal one"])
def test_what_is_like_that_already_makes_no_change_and_no_revision(state: Path, alter: use.Alter) -> None:
    before = current(state)
    done = apply(state, MUM, "nothing", alter)
    assert (done.change, done.revision, done.problem) == (None, None, "")
    assert current(state) == before and len(history(state)) == 1


@pytest.mark.parametrize(
    "alter",
    [
        lambda h: replace(h, default_profile="nobody"),
        lambda h: replace(h, profiles=()),
        lambda h: replace(h, devices=(*h.devices, h.devices[0])),
        lambda h: replace(h, profiles=(replace(h.profiles[0], id="a'b\""), *h.profiles[1:])),
    ],
    ids=["reference", "none left", "twice", "quotes in an id"],
)
def test_what_does_not_fit_together_changes_nothing(state: Path, alter: use.Alter) -> None:
    before, bytes_before = current(state), content(state)
    with pytest.raises(ConfigError) as refused:
        apply(state, MUM, "bad", alter)
    assert "household:" not in str(refused.value)  # there is no file with lines
    assert (current(state), content(state), len(history(state))) == (before, bytes_before, 1)


def test_an_exception_inside_changes_nothing_and_frees_the_store(state: Path) -> None:
    def fails(_: Household) -> Household:
        raise RuntimeError

    with pytest.raises(RuntimeError):
        apply(state, MUM, "bad", fails)
    assert number(apply(state, MUM, "language", language("vi"))) == 2


def test_a_name_of_80_characters_may_decide_and_one_of_81_may_not(state: Path) -> None:
    assert number(apply(state, Who("ă" * 80), "language", language("vi"))) == 2
    with pytest.raises(ConfigError, match="by: expected"):
        apply(state, Who("ă" * 81), "language", language("en"))


@pytest.mark.parametrize("by", HOSTILE)
def test_a_name_with_control_characters_decides_nothing(state: Path, by: str) -> None:
    for attempt in (
        lambda: apply(state, Who(by), "language", language("vi")),
        lambda: revert(state, Who(by), 1),
        lambda: undo(state, Who(by), now=NOW),
    ):
        with pytest.raises(FilterdError):
            attempt()
    assert len(history(state)) == 1


def test_grants_are_bounded_exactly(state: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(use, "MAX_LIVE", 3)
    for _ in range(2):  # one is there
        moves.bonus(state, MUM, ANNA, 15)
    with pytest.raises(ConfigError, match="grants: 4 at once, expected at most 3"):
        moves.bonus(state, MUM, ANNA, 15)
    for _ in range(3):
        moves.off(state, MUM, BEN)
    with pytest.raises(ConfigError, match="internet_off: 4 at once"):
        moves.off(state, MUM, BEN)
    monkeypatch.setattr(use, "MAX_LIVE", 1)  # more are there already, from an import: the rest can be changed still
    assert number(apply(state, MUM, "language", language("vi")))


def test_without_a_household_nothing_is_made(tmp_path: Path) -> None:
    state = tmp_path / "typo"
    for attempt in (
        lambda: apply(state, MUM, "language", language("vi")),
        lambda: undo(state, MUM),
        lambda: revert(state, MUM, 1),
        lambda: history(state),
        lambda: requests.requests(state),
    ):
        with pytest.raises(StoreError, match="no household yet"):
            attempt()
    assert not state.exists()


def test_what_cannot_be_published_is_saved_and_said(state: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> Published:
        raise PublishError("no space left")

    with monkeypatch.context() as patched:
        patched.setattr(use, "republish", full)
        done = apply(state, MUM, "language", language("vi"))
        assert (done.published, done.problem) == (None, "saved, not active yet: no space left")
        assert number(replace(done, problem="")) == 2 and load(state).language == "vi"
        back = revert(state, MUM, 2)
        assert back.problem and load(state).language == "en"
        patched.setattr(use, "republish", lambda *_: Published(7, 1, 2, ["worker-1 did not answer within 2 s"]))
        late = apply(state, MUM, "language", language("vi"))
    assert late.problem == "saved, not active everywhere yet: worker-1 did not answer within 2 s"
    assert use.put_into_force(state)[1] == ""


# -- conflicts


def test_what_somebody_else_changed_meanwhile_is_shown_and_not_overwritten(state: Path) -> None:
    seen = read_stored(state)[1]
    theirs = profiles.set_rule(state, DAD, "anna", "categories", "games", "allow")
    with pytest.raises(Conflict, match=r"change 2 \(category allow by bố, cli\)") as refused:
        profiles.set_rule(state, MUM, "anna", "services", "tiktok", "allow", seen=seen)
    assert refused.value.changes == (theirs.change,)
    assert number(profiles.set_rule(state, MUM, "anna", "services", "tiktok", "allow", seen=2)) == 3


def test_changes_of_different_things_do_not_conflict(state: Path) -> None:
    seen = read_stored(state)[1]
    profiles.set_rule(state, DAD, "ben", "categories", "games", "block")
    moves.off(state, DAD, BEN)
    assert number(profiles.set_rule(state, MUM, "anna", "categories", "games", "allow", seen=seen)) == 4
    assert number(moves.off(state, MUM, EVERYONE, seen=seen)) == 5


def test_what_is_wanted_already_is_no_conflict(state: Path) -> None:
    seen = read_stored(state)[1]
    profiles.set_rule(state, DAD, "anna", "categories", "games", "allow")
    assert profiles.set_rule(state, MUM, "anna", "categories", "games", "allow", seen=seen).change is None


def test_a_thing_that_is_gone_meanwhile_is_said(state: Path) -> None:
    seen = read_stored(state)[1]
    remove_device(state, DAD, "pad")
    with pytest.raises(ConfigError, match="there is no 'pad'"):
        remove_device(state, MUM, "pad", seen=seen)


# -- taking back


def test_undo_within_ten_seconds_and_not_later(state: Path) -> None:
    before = content(state)
    for _ in range(2):
        moves.off(state, MUM, ANNA, now=NOW)
    with pytest.raises(ConfigError, match=r"number 3 \(off\) and 10 s old, expected at most 10 s.*filterd undo 3"):
        undo(state, MUM, now=NOW + 10.01)
    done = undo(state, MUM, now=NOW + 10)
    assert done.change is not None and (done.change.verb, done.change.reverts) == ("revert", 3)
    revert(state, MUM, 2)
    assert content(state) == before


def test_undo_takes_its_own_back_and_not_what_came_in_between_from_elsewhere(state: Path) -> None:
    mine = moves.off(state, MUM, ANNA, now=NOW)
    requests.ask(state, Who("Anna", "web"), profile="anna", scope=Scope.TIME, now=NOW + 1)
    apply(state, Who(source="manager"), "tidy", language("vi"), now=NOW + 2)
    done = undo(state, MUM, now=NOW + 3)
    assert done.change is not None and done.change.reverts == number(mine)
    assert load(state).language == "vi" and len(requests.requests(state, pending=True, now=NOW)) == 1


def test_undo_of_nothing_is_said(state: Path) -> None:
    with pytest.raises(ConfigError, match="no change yet"):
        undo(state, Who("x", "web"), now=NOW)
    with pytest.raises(StoreError, match="no change 99"):
        revert(state, MUM, 99)
    with pytest.raises(ConfigError, match="change 1 began the household"):
        revert(state, MUM, 1)
    assert len(history(state)) == 1


def test_undo_can_be_undone(state: Path) -> None:
    moves.off(state, MUM, ANNA, now=NOW)
    after = content(state)
    undo(state, MUM, now=NOW + 1)
    undo(state, MUM, now=NOW + 2)
    assert content(state) == after and [c.reverts for c in history(state)] == [3, 2, None, None]


def test_any_older_change_is_taken_back_when_its_things_are_as_it_left_them(state: Path) -> None:
    old = profiles.set_rule(state, MUM, "anna", "categories", "games", "allow")
    profiles.set_rule(state, DAD, "ben", "categories", "games", "block")
    done = revert(state, MUM, number(old))
    assert [p.categories["games"] for p in done.household.profiles] == [Rule.BLOCK, Rule.BLOCK]


def test_a_change_that_others_built_on_is_not_taken_back_blindly(state: Path) -> None:
    old = profiles.set_rule(state, MUM, "anna", "categories", "games", "allow")
    later = profiles.set_rule(state, DAD, "anna", "services", "tiktok", "allow")
    with pytest.raises(Conflict, match="by bố") as refused:
        revert(state, MUM, number(old))
    assert refused.value.changes == (later.change,)
    revert(state, MUM, number(later))
    assert number(revert(state, MUM, number(old)))


def test_what_would_not_fit_together_is_not_taken_back(state: Path) -> None:
    added, ident = profiles.add_profile(state, MUM, "Bé Na", "age-7-9")
    add_device(state, DAD, "Pad 2", ident, ip="192.0.2.30")
    before = content(state)
    with pytest.raises(ConfigError, match="unknown profile 'be-na'"):
        revert(state, MUM, number(added))
    assert content(state) == before


def test_a_removed_profile_comes_back_to_its_place_with_all_that_went_with_it(state: Path) -> None:
    profiles.add_profile(state, MUM, "Zoë", "age-7-9")
    moves.off(state, MUM, ANNA)
    before, place = content(state), [p.id for p in load(state).profiles]
    done = profiles.remove_profile(state, MUM, "anna", devices_to="ben")
    assert [p.id for p in load(state).profiles] == ["ben", "zoe"]
    moves.off(state, DAD, BEN)  # something else in between
    revert(state, MUM, number(done))
    assert [p.id for p in load(state).profiles] == place == ["anna", "ben", "zoe"]
    revert(state, DAD, number(done) + 1)
    assert content(state) == before


def test_devices_removed_one_after_the_other_come_back_in_order(state: Path) -> None:
    before = content(state)
    gone = [number(remove_device(state, MUM, d)) for d in ("pad", "phone", "six")]
    for one in reversed(gone):
        revert(state, MUM, one)
    assert content(state) == before


def test_a_change_cannot_be_taken_back_twice(state: Path) -> None:
    done = moves.off(state, MUM, ANNA)
    revert(state, MUM, number(done))
    with pytest.raises(Conflict):
        revert(state, MUM, number(done))


# -- history


def test_the_history_is_paged_and_asked_for_one_thing(state: Path) -> None:
    for rule in ("allow", "block", "default"):
        profiles.set_rule(state, MUM, "anna", "services", "tiktok", rule)
    moves.off(state, MUM, BEN)
    assert [c.number for c in history(state, limit=2)] == [5, 4]
    assert [c.number for c in history(state, limit=2, before=4)] == [3, 2]
    assert [c.number for c in history(state, kind="profile", ident="anna")] == [4, 3, 2, 1]
    assert [c.number for c in history(state, kind="profile", ident="ben")] == [1]
    assert [c.number for c in history(state, kind="household")] == [1]
    assert history(state, kind="profile", ident="a%_\\") == []


def test_other_things_are_changed_in_the_same_transaction_and_publish_nothing(state: Path) -> None:
    before = current(state)
    done = apply(state, MUM, "alerts", more=lambda others: {**others, ("setting", "alerts"): {"mail": "x@example.org"}})
    assert done.change is not None and done.published is None and current(state) == before
    with open_store(state) as store:
        assert store.setting("alerts") == {"mail": "x@example.org"}
    with pytest.raises(RuntimeError):
        apply(state, MUM, "both", language("vi"), more=_fails)
    assert load(state).language == "en"


def _fails(_: object) -> dict[tuple[str, str], dict[str, object]]:
    raise RuntimeError


def test_another_time_zone_changes_no_grant_and_an_earlier_one_can_still_be_taken_back(state: Path) -> None:
    given = number(moves.bonus(state, MUM, ANNA, 15, now=NOW))
    moves.off(state, MUM, BEN, minutes=60, now=NOW + 1)
    done = profiles.patch_household(state, MUM, {"timezone": "Asia/Ho_Chi_Minh"})
    assert done.change is not None and [(e.kind, e.id) for e in done.change.edits] == [("household", "")]
    revert(state, MUM, given, now=NOW + 5)
    assert len(load(state).grants) == 1 and len(load(state).internet_off) == 1


def test_another_order_is_taken_back_byte_for_byte(state: Path) -> None:
    before = content(state)
    turned = apply(state, MUM, "order", lambda h: replace(h, profiles=h.profiles[::-1], devices=h.devices[::-1]))
    assert [p.id for p in load(state).profiles] == ["ben", "anna"] and content(state) != before
    revert(state, MUM, number(turned))
    assert content(state) == before


def test_what_only_made_room_may_have_changed_since(state: Path) -> None:
    """Two devices changed places; one of them has another name by now."""
    turned = apply(state, MUM, "order", lambda h: replace(h, language="vi", devices=h.devices[::-1]))
    change_device(state, MUM, "pad", name="Tablet")
    remove_device(state, MUM, "six")
    revert(state, MUM, number(turned))
    household = load(state)
    assert household.language == "en" and [d.name for d in household.devices] == ["Phone", "Tablet"]
