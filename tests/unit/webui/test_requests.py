"""A child's request is answered from home and from its own page: minutes, today, always, no, with a word."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from filterd.control import requests
from filterd.control.household import load
from filterd.model.change import Who
from filterd.model.household import Scope
from tests.unit.webui.client import Browser, logged_in, made

CHILD = Who("Lan", "child")


def ask(state: Path, scope: Scope = Scope.SERVICE, value: str = "tiktok", reason: str = "") -> requests.Request:
    return requests.ask(state, CHILD, profile="lan", scope=scope, value=value, reason=reason)


def last(state: Path) -> requests.Request:
    return requests.requests(state)[0]


def test_what_waits_and_what_was_answered(visitor: Browser, state: Path) -> None:
    assert "Nobody asks" in visitor.get("/requests/?lang=en").text
    one = ask(state, reason="<b>bài tập</b>")
    seen = visitor.get("/requests/?lang=en").text
    assert "Lan asks for TikTok" in seen and "&lt;b&gt;bài tập" in seen and "<b>bài" not in seen
    requests.answer(state, Who("bố"), one.id, False, note="Mai nhé")
    seen = visitor.get("/requests/?lang=en").text
    assert "Not this time, by bố" in seen and "Mai nhé" in seen and "Nobody asks" in seen


@pytest.mark.parametrize("minutes", [15, 60])
def test_minutes_give_a_grant_that_ends(visitor: Browser, state: Path, minutes: int) -> None:
    one = ask(state)
    answer = visitor.post(f"/requests/{one.id}", {"minutes": minutes, "note": "Xong bài thì chơi nhé."})
    assert answer.status_code == 303 and answer.location == "/"
    grant = load(state).grants[-1]
    assert (grant.scope, grant.value, grant.profile, grant.by) == (Scope.SERVICE, "tiktok", "lan", "mẹ")
    assert grant.until is not None and grant.start is not None and grant.until - grant.start == minutes * 60
    assert (last(state).state, last(state).note) == ("granted", "Xong bài thì chơi nhé.")


def test_today_ends_at_the_households_midnight(visitor: Browser, state: Path) -> None:
    one = ask(state)
    visitor.post(f"/requests/{one.id}", {"today": 1, "from": "requests"})
    until = load(state).grants[-1].until
    assert until is not None
    end = datetime.fromtimestamp(until, ZoneInfo("Asia/Ho_Chi_Minh"))
    assert (end.hour, end.minute) in ((23, 59), (0, 0))


def test_always_has_no_end_but_for_time(visitor: Browser, state: Path) -> None:
    one = ask(state)
    answer = visitor.post(f"/requests/{one.id}", {"always": 1, "from": "requests"})
    assert answer.location == "/requests/" and load(state).grants[-1].until is None
    time_asked = ask(state, Scope.TIME, "")
    assert visitor.post(f"/requests/{time_asked.id}", {"always": 1}).status_code == 422
    assert last(state).state == "pending"


def test_no_is_said_and_nothing_is_given(visitor: Browser, state: Path) -> None:
    one = ask(state)
    before = load(state).grants
    visitor.post(f"/requests/{one.id}", {"no": 1})
    assert last(state).state == "refused" and load(state).grants == before


def test_home_comes_back_when_home_is_replaced(visitor: Browser, state: Path) -> None:
    one = ask(state)
    headers = {"HX-Request": "true", "HX-Target": "now"}
    answer = visitor.post(f"/requests/{one.id}?lang=en", {"minutes": 15}, headers=headers)
    assert answer.status_code == 200 and 'id="now"' in answer.text and "Lan has TikTok until" in answer.text
    assert f"request-{one.id}" not in answer.text


def test_a_second_answer_changes_nothing_and_says_so(visitor: Browser, state: Path) -> None:
    one = ask(state)
    requests.answer(state, Who("bố"), one.id, False)
    before = load(state).grants
    headers = {"HX-Request": "true", "HX-Target": "now"}
    answer = visitor.post(f"/requests/{one.id}?lang=en", {"minutes": 15}, headers=headers)
    assert answer.status_code == 200 and "answered already" in answer.text and load(state).grants == before
    assert last(state).by == "bố"


@pytest.mark.parametrize("fields", [{}, {"minutes": "16"}, {"minutes": "-15"}, {"minutes": "1e3"}, {"minutes": "９"}])
def test_other_answers_are_none(visitor: Browser, state: Path, fields: dict[str, str]) -> None:
    one = ask(state)
    assert visitor.post(f"/requests/{one.id}", fields).status_code == 422 and last(state).state == "pending"


def test_the_word_to_the_child_is_bounded(visitor: Browser, state: Path) -> None:
    one = ask(state)
    answer = visitor.post(f"/requests/{one.id}?lang=en", {"minutes": 15, "note": "x" * 201})
    assert answer.status_code == 422 and "at most 200 letters" in answer.text and last(state).state == "pending"
    assert visitor.post(f"/requests/{one.id}", {"minutes": 15, "note": "x" * 200}).status_code == 303


def test_the_sheet_offers_every_answer(visitor: Browser, state: Path) -> None:
    one = ask(state)
    sheet = visitor.get(f"/requests/{one.id}?lang=en", headers={"X-Sheet": "1", "HX-Request": "true"}).text
    assert "<html" not in sheet
    assert all(f'name="{name}"' in sheet for name in ("minutes", "today", "always", "no", "note"))
    assert 'name="always"' not in visitor.get(f"/requests/{ask(state, Scope.TIME, '').id}").text
    assert visitor.get("/requests/r99").status_code == 404


@pytest.mark.parametrize(("role", "status"), [("viewer", 403), ("teacher", 403), ("parent", 303)])
def test_roles(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, role: str, status: int) -> None:
    monkeypatch.setenv("FILTERD_RUN", str(tmp_path / "run"))
    state = made(tmp_path / "state", role=role)
    one = ask(state)
    visitor = logged_in(state)
    seen = visitor.get("/requests/")
    assert seen.status_code == 200 and (f'action="/requests/{one.id}"' in seen.text) is (role == "parent")
    assert visitor.post(f"/requests/{one.id}", {"minutes": 15}).status_code == status


def test_a_form_needs_its_token(visitor: Browser, state: Path) -> None:
    one = ask(state)
    assert visitor.post(f"/requests/{one.id}", {"minutes": 15}, token="").status_code == 400
    assert last(state).state == "pending"


def test_a_child_that_needs_to_talk_stands_at_home_and_is_seen_in_one_tap(visitor: Browser, state: Path) -> None:
    one = requests.ask(state, CHILD, profile="lan", scope=Scope.TIME, kind="talk")
    home = visitor.get("/?lang=en").text
    assert "Lan needs to talk to you" in home and "listen first" in home and 'name="minutes" value="60"' not in home
    for path in ("/requests/", f"/requests/{one.id}"):
        assert "I have seen it" in visitor.get(f"{path}?lang=en").text
    assert visitor.post(f"/requests/{one.id}", {"minutes": "15"}).status_code == 422
    assert visitor.post(f"/requests/{one.id}", {"seen_it": "1"}).status_code == 303
    assert last(state).state == "seen" and load(state).grants == ()
    assert "Seen by mẹ" in visitor.get("/requests/?lang=en").text


def test_a_mistake_is_looked_at_and_opened(visitor: Browser, state: Path) -> None:
    one = requests.ask(state, CHILD, profile="lan", scope=Scope.NAME, value="fine.example", kind="mistake")
    assert "Lan says: fine.example is closed by mistake" in visitor.get("/?lang=en").text
    visitor.post(f"/requests/{one.id}", {"always": "1"})
    assert load(state).grants[-1].value == "fine.example"
    nameless = requests.ask(state, CHILD, profile="lan", scope=Scope.NAME, kind="mistake")
    assert "its name is kept nowhere" in visitor.get("/?lang=en").text
    assert visitor.post(f"/requests/{nameless.id}", {"always": "1"}).status_code == 422
