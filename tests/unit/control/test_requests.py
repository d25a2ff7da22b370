"""Requests: asked once, answered once, forgotten in time."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from filterd.control import requests as use
from filterd.control.change import history, revert
from filterd.control.devices import remove_device
from filterd.control.household import load, open_store
from filterd.control.moves import MAX_MINUTES, revoke
from filterd.control.profiles import remove_profile
from filterd.control.publish import current
from filterd.control.requests import EXPIRE_S, KEEP_S, MAX_HOURLY, MAX_PENDING, MAX_TALKS, Request, TooMany
from filterd.control.tidy import tidy
from filterd.errors import ConfigError, StoreError
from filterd.model.change import Who
from filterd.model.household import Scope
from tests.unit.control.family import DAD, HOSTILE, MUM, content, number, row, state
from tests.unit.control.policy_state import NOW

__all__ = ["state"]  # a fixture

CHILD = Who("Anna", "web", "192.0.2.20")


def ask(state: Path, value: str = "games.example", now: float = NOW, **more: Any) -> Request:
    """Anna asks for a site."""
    given = {"profile": "anna", "scope": Scope.NAME, "value": value} | more
    return use.ask(state, CHILD, **given, now=now)


def found(state: Path, ident: str, now: float = NOW) -> Request:
    """A request as it is told."""
    return next(r for r in use.requests(state, now=now) if r.id == ident)


def test_a_request_is_kept_and_publishes_nothing(state: Path) -> None:
    before, bytes_before = current(state), content(state)
    asked = ask(state, "Games.example.", device="pad", reason=" bài tập ")
    assert asked == Request("r1", "anna", "pad", "name", "games.example", "bài tập", NOW)
    assert use.requests(state, now=NOW) == use.requests(state, pending=True, now=NOW) == [asked]
    assert (current(state), content(state)) == (before, bytes_before)
    change = history(state)[0]
    assert (change.verb, change.who, [e.kind for e in change.edits]) == ("request", CHILD, ["request"])


def test_yes_gives_the_grant_in_the_same_change_and_undo_takes_both_back(state: Path) -> None:
    ask(state, reason="bài tập")
    assert row(state, "games.example", "pad") == "block category"
    done = use.answer(state, MUM, "r1", True, minutes=60, note="gắng lên", now=NOW + 60)
    assert {e.kind for e in (done.change.edits if done.change else ())} == {"grant", "request"}
    (given,) = [g for g in load(state).grants if g.id == "g-r1"]
    assert (given.profile, given.by, given.reason, given.until) == ("anna", "mẹ", "bài tập", NOW + 60 + 3600)
    assert row(state, "games.example", "pad", NOW + 61) == "allow grant"
    answered = found(state, "r1")
    assert (answered.state, answered.by, answered.note, answered.grant) == ("granted", "mẹ", "gắng lên", "g-r1")
    assert answered.answered_at == NOW + 60
    revert(state, MUM, number(done))
    assert found(state, "r1").state == "pending" and row(state, "games.example", "pad") == "block category"


def test_no_gives_nothing_and_publishes_nothing(state: Path) -> None:
    ask(state)
    before = content(state)
    done = use.answer(state, MUM, "r1", False, note="sau bữa tối", now=NOW)
    assert done.change is not None and (done.change.verb, done.published) == ("request refused", None)
    assert content(state) == before
    assert (found(state, "r1").state, found(state, "r1").note) == ("refused", "sau bữa tối")


def test_asked_for_one_device_it_is_granted_for_that(state: Path) -> None:
    ask(state, device="pad")
    use.answer(state, MUM, "r1", True, now=NOW)
    assert (row(state, "games.example", "pad"), row(state, "games.example", "phone")) == (
        "allow grant",
        "block category",
    )


@pytest.mark.parametrize(
    ("scope", "value"),
    [(Scope.TIME, ""), (Scope.NAME, "a.example"), (Scope.SERVICE, "tiktok"), (Scope.CATEGORY, "games")],
)
def test_every_scope_can_be_asked_for_but_the_whole_filter(state: Path, scope: Scope, value: str) -> None:
    ask(state, value, scope=scope)
    use.answer(state, MUM, "r1", True, now=NOW)
    assert load(state).grants[-1].scope is scope
    with pytest.raises(ConfigError, match="whole filter"):
        ask(state, "", scope=Scope.FILTER)


def test_an_answer_is_given_once(state: Path) -> None:
    ask(state)
    use.answer(state, MUM, "r1", True, now=NOW)
    for yes in (True, False):
        with pytest.raises(ConfigError, match="request r1: expected one that waits for an answer, it is granted by mẹ"):
            use.answer(state, DAD, "r1", yes, now=NOW + 1)
    with pytest.raises(ConfigError, match="there is no 'r9'"):
        use.answer(state, MUM, "r9", True)


@pytest.mark.parametrize("minutes", [1, MAX_MINUTES, None])
def test_so_long_a_request_may_be_granted(state: Path, minutes: int | None) -> None:
    ask(state)
    use.answer(state, MUM, "r1", True, minutes=minutes, now=NOW)
    assert load(state).grants[-1].until == (None if minutes is None else NOW + minutes * 60)


@pytest.mark.parametrize("minutes", [0, -5, MAX_MINUTES + 1])
def test_and_no_longer(state: Path, minutes: int) -> None:
    ask(state)
    with pytest.raises(ConfigError, match="is not in 1"):
        use.answer(state, MUM, "r1", True, minutes=minutes, now=NOW)
    assert found(state, "r1").state == "pending"


def test_more_time_has_an_end(state: Path) -> None:
    ask(state, "", scope=Scope.TIME)
    with pytest.raises(ConfigError, match="more time has an end"):
        use.answer(state, MUM, "r1", True, minutes=None, now=NOW)
    assert use.answer(state, MUM, "r1", False, minutes=None, now=NOW).change


# -- too often


def test_what_waits_already_is_not_asked_again(state: Path) -> None:
    ask(state)
    with pytest.raises(TooMany, match="asked already"):
        ask(state, "GAMES.example.", NOW + 1)
    use.ask(state, CHILD, profile="ben", scope=Scope.NAME, value="games.example", now=NOW)  # another child
    use.answer(state, MUM, "r1", False, now=NOW + 2)
    assert ask(state, now=NOW + 3).id == "r3"


def test_six_an_hour_and_not_seven(state: Path) -> None:
    for i in range(MAX_HOURLY):
        ask(state, f"n{i}.example", NOW + i)
    with pytest.raises(TooMany, match="in an hour"):
        ask(state, "more.example", NOW + 3599)
    assert ask(state, "more.example", NOW + 3600).id == f"r{MAX_HOURLY + 1}"
    assert use.ask(state, CHILD, profile="ben", scope=Scope.TIME, now=NOW + 10)


def test_ten_wait_at_once_and_not_eleven(state: Path) -> None:
    for i in range(MAX_PENDING):
        ask(state, f"n{i}.example", NOW + i * 1800)
    with pytest.raises(TooMany, match=f"{MAX_PENDING} requests wait"):
        ask(state, "more.example", NOW + 10 * 1800)
    use.answer(state, MUM, "r1", False, now=NOW + 10 * 1800)
    assert ask(state, "more.example", NOW + 10 * 1800)


def test_too_many_is_a_refusal_like_others_and_leaves_no_trace(state: Path) -> None:
    ask(state)
    with pytest.raises(ConfigError):
        ask(state)
    assert len(history(state)) == 2


# -- in time


def test_what_nobody_answers_in_a_day_expires(state: Path) -> None:
    ask(state)
    assert found(state, "r1", NOW + EXPIRE_S - 1).state == "pending"
    assert found(state, "r1", NOW + EXPIRE_S).state == "expired"
    assert use.requests(state, pending=True, now=NOW + EXPIRE_S) == []
    with pytest.raises(ConfigError, match="it is expired"):
        use.answer(state, MUM, "r1", True, now=NOW + EXPIRE_S)
    assert ask(state, now=NOW + EXPIRE_S).id == "r2"
    assert use.answer(state, MUM, "r2", True, now=NOW + 2 * EXPIRE_S - 1).change


def test_the_manager_writes_the_expiry_and_forgets_after_thirty_days(state: Path) -> None:
    ask(state)
    tidy(state, NOW + EXPIRE_S)
    with open_store(state) as store:
        assert store.stored().bodies()["request", "r1"]["state"] == "expired"
    tidy(state, NOW + KEEP_S - 1)
    assert [r.id for r in use.requests(state)] == ["r1"]
    tidy(state, NOW + KEEP_S)
    assert use.requests(state) == []


def test_a_number_that_comes_again_takes_no_grant_of_long_ago_away(state: Path) -> None:
    ask(state, "a.example")
    use.answer(state, MUM, "r1", True, minutes=None, now=NOW)
    tidy(state, NOW + KEEP_S)
    later = NOW + KEEP_S + 60
    assert ask(state, "b.example", later).id == "r1"
    use.answer(state, MUM, "r1", True, minutes=30, now=later)
    values = {g.id: g.value for g in load(state).grants if g.value in ("a.example", "b.example")}
    assert sorted(values.values()) == ["a.example", "b.example"]
    mine = found(state, "r1", later)
    assert values[mine.grant] == "b.example"


def test_a_granted_request_outlives_its_grant(state: Path) -> None:
    ask(state)
    use.answer(state, MUM, "r1", True, now=NOW)
    revoke(state, MUM, "g-r1")
    assert found(state, "r1").state == "granted"


# -- who and what


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ({"profile": "nobody"}, "there is no 'nobody'"),
        ({"profile": "a'\""}, "there is no"),
        ({"device": "nothing"}, "there is no 'nothing'"),
        ({"value": ""}, "what is asked for"),
        ({"scope": Scope.TIME}, "time has none"),
        ({"value": "http://x"}, "is no site's name"),
        ({"value": "x" * 10_000}, "is no site's name"),
        ({"scope": Scope.SERVICE, "value": "tiktokk"}, "there is no service 'tiktokk'"),
        ({"scope": Scope.CATEGORY, "value": "a'; --"}, "there is no category"),
        *(({"reason": r}, "reason") for r in HOSTILE),
    ],
)
def test_what_nobody_can_ask_for(state: Path, more: dict[str, Any], said: str) -> None:
    given = {"profile": "anna", "scope": Scope.NAME, "value": "games.example"} | more
    with pytest.raises(ConfigError, match=said):
        use.ask(state, CHILD, **given)
    assert len(history(state)) == 1


@pytest.mark.parametrize("note", HOSTILE)
def test_a_note_is_one_harmless_line(state: Path, note: str) -> None:
    ask(state)
    with pytest.raises(ConfigError, match="note"):
        use.answer(state, MUM, "r1", False, note=note, now=NOW)


def test_a_child_asks_for_its_own_device_alone(state: Path) -> None:
    with pytest.raises(ConfigError, match="device"):
        use.ask(state, CHILD, profile="ben", scope=Scope.TIME, device="pad", now=NOW)


def test_who_or_what_is_gone_meanwhile_can_be_refused_and_not_granted(state: Path) -> None:
    ask(state)
    ask(state, "b.example", device="pad")
    remove_device(state, MUM, "pad")
    remove_profile(state, MUM, "anna", devices_to="ben")
    for ident in ("r1", "r2"):
        with pytest.raises(ConfigError, match="unknown (profile|device)"):
            use.answer(state, MUM, ident, True, now=NOW)
        assert use.answer(state, MUM, ident, False, now=NOW).change


def test_without_a_household_nobody_asks(tmp_path: Path) -> None:
    for attempt in (
        lambda: ask(tmp_path / "x"),
        lambda: use.answer(tmp_path / "x", MUM, "r1", True),
        lambda: use.requests(tmp_path / "x"),
    ):
        with pytest.raises(StoreError, match="no household yet"):
            attempt()


def test_a_talk_is_one_sentence_that_nothing_else_stands_in_the_way_of(state: Path) -> None:
    before = load(state).grants
    for count in range(MAX_HOURLY):
        use.ask(state, CHILD, profile="anna", scope=Scope.NAME, value=f"a{count}.example", now=NOW)
    said = use.ask(state, CHILD, profile="anna", scope=Scope.TIME, kind="talk", now=NOW)
    assert (said.kind, said.value, said.reason, said.can_be_granted) == ("talk", "", "", False)
    with pytest.raises(TooMany, match="already"):
        use.ask(state, CHILD, profile="anna", scope=Scope.TIME, kind="talk", now=NOW)
    with pytest.raises(ConfigError, match="nothing to open"):
        use.answer(state, MUM, said.id, True, now=NOW + 1)
    use.answer(state, MUM, said.id, False, now=NOW + 1)
    assert next(r for r in use.requests(state, now=NOW + 2) if r.id == said.id).state == "seen"
    for count in range(2, MAX_TALKS + 1):
        again = use.ask(state, CHILD, profile="anna", scope=Scope.TIME, kind="talk", now=NOW + count)
        use.answer(state, MUM, again.id, False, now=NOW + count)
    with pytest.raises(TooMany, match=f"{MAX_TALKS} requests in an hour"):
        use.ask(state, CHILD, profile="anna", scope=Scope.TIME, kind="talk", now=NOW + 9)
    assert load(state).grants == before


def test_a_mistake_opens_its_site_or_is_only_seen(state: Path) -> None:
    named = use.ask(state, CHILD, profile="anna", scope=Scope.NAME, value="fine.example", kind="mistake", now=NOW)
    nameless = use.ask(state, CHILD, profile="anna", scope=Scope.NAME, kind="mistake", now=NOW)
    use.answer(state, MUM, named.id, True, minutes=None, now=NOW + 1)
    with pytest.raises(ConfigError, match="nothing to open"):
        use.answer(state, MUM, nameless.id, True, now=NOW + 1)
    use.answer(state, MUM, nameless.id, False, now=NOW + 1)
    assert [r.state for r in use.requests(state, now=NOW + 2)] == ["granted", "seen"]
    assert [(g.scope, g.value, g.until) for g in load(state).grants][-1:] == [(Scope.NAME, "fine.example", None)]


@pytest.mark.parametrize(
    ("kind", "scope", "value"),
    [("talk", Scope.NAME, "a.example"), ("talk", Scope.TIME, "x"), ("mistake", Scope.TIME, ""), ("other", Scope.TIME, ""),
     ("mistake", Scope.CATEGORY, "abuse")],
)  # fmt: skip
def test_kinds_that_make_no_sense(state: Path, kind: str, scope: Scope, value: str) -> None:
    with pytest.raises(ConfigError):
        use.ask(state, CHILD, profile="anna", scope=scope, value=value, kind=kind, now=NOW)
    assert use.requests(state, now=NOW) == []


def test_a_request_of_a_version_before_is_one_that_asks(state: Path) -> None:
    from filterd.control.requests import _request

    body = {
        k: v for k, v in use.ask(state, CHILD, profile="anna", scope=Scope.TIME, now=NOW).body().items() if k != "kind"
    }
    assert _request(body).kind == "ask" and _request(body).can_be_granted
