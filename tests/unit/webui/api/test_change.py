"""Changes: what came of them, who made them, and that nobody's change is overwritten unseen."""

from __future__ import annotations

from pathlib import Path

import pytest

from filterd.control import accounts, profiles, secure_page
from filterd.control.change import history
from filterd.control.household import load
from filterd.errors import PublishError
from filterd.model.account import Scope
from filterd.model.change import Who
from tests.unit.webui.api.program import Program, token_of

DAD = Who("bố", "web")


def test_a_change_tells_its_revision_and_is_taken_back_by_it(program: Program, state: Path) -> None:
    answer = program.post("/off", {"profile": "lan", "minutes": 30, "reason": "Ăn cơm"})
    assert (
        answer.status_code == 200
        and answer.json["changed"]
        and answer.headers["ETag"] == f'"{answer.json["revision"]}"'
    )
    assert [(o.profile, o.reason) for o in load(state).internet_off] == [("lan", "Ăn cơm")]
    newest = history(state, limit=1)[0]
    assert (newest.who.by, newest.who.source, newest.who.address) == ("mẹ (Home Assistant)", "api", "192.168.1.20")
    assert program.post(f"/history/{newest.number}/undo").status_code == 200
    assert not load(state).internet_off
    assert program.post("/history/99999/undo").status_code == 404


def test_how_the_page_is_reached_is_an_admins_to_take_back(program: Program, state: Path) -> None:
    accounts.add(state, DAD, "ba", "con-vịt-qua-cây-cầu", "parent", shown="bà")
    parent = Program(program.app, token_of(state, "ba", [Scope.READ, Scope.HOUSEHOLD]))
    secure_page.switch(state, DAD, True)
    number = history(state, limit=1)[0].number
    assert parent.post(f"/history/{number}/undo").status_code == 403 and secure_page.is_on(state)
    assert program.post(f"/history/{number}/undo").status_code == 200 and not secure_page.is_on(state)


def test_saved_but_not_in_force_is_said(program: Program, monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(*_: object) -> None:
        raise PublishError("no space")

    monkeypatch.setattr("filterd.control.change.republish", fails)
    answer = program.post("/off", {"profile": "lan"}).json
    assert answer["changed"] and not answer["in_force"] and "not active" in answer["problem"]


def test_what_is_so_already_changes_nothing(program: Program) -> None:
    body = {"name": "Lan", "preset": "age-10-13"}
    answer = program.patch("/profiles/lan", body)
    assert answer.status_code == 200 and not answer.json["changed"]
    assert answer.headers["ETag"] == program.get("/profiles/lan").headers["ETag"]


def test_a_change_since_the_etag_is_shown_and_not_overwritten(program: Program, state: Path) -> None:
    etag = program.get("/profiles/lan").headers["ETag"]
    profiles.patch(state, DAD, "lan", {"name": "Lan Anh"})
    answer = program.patch("/profiles/lan", {"name": "Bé Lan"}, headers={"If-Match": etag})
    assert (answer.status_code, answer.json["type"]) == (412, "/problems/conflict")
    change = answer.json["changes"][0]
    assert change["by"] == "bố" and change["edits"][0]["after"]["name"] == "Lan Anh"
    assert answer.json["revision"] == change["number"] and load(state).profiles[0].name == "Lan Anh"
    again = {"If-Match": f'"{answer.json["revision"]}"'}
    assert program.patch("/profiles/lan", {"name": "Bé Lan"}, headers=again).status_code == 200


def test_the_revision_in_the_body_does_the_same(program: Program, state: Path) -> None:
    seen = int(program.get("/profiles/lan").headers["ETag"].strip('"'))
    profiles.patch(state, DAD, "minh", {"name": "Minh Khôi"})  # somebody else's: no conflict
    assert program.patch("/profiles/lan", {"name": "Lan Anh", "revision": seen}).status_code == 200
    answer = program.patch("/profiles/lan", {"name": "Lan", "revision": seen})
    assert answer.status_code == 409 and answer.json["changes"][0]["source"] == "api"


def test_if_match_takes_what_this_api_gave(program: Program) -> None:
    for text, status in (("*", 200), ('W/"99"', 200), ("17", 400), ('"x"', 400), ('"1", "2"', 400)):
        assert program.post("/off", {"profile": "lan"}, headers={"If-Match": text}).status_code == status, text


def test_a_household_that_wants_the_password_gets_it_on_the_page_alone(program: Program, state: Path) -> None:
    profiles.patch_household(state, DAD, {"confirm_harm": True})
    answer = program.patch("/profiles/lan", {"categories": {"adult": "allow"}})
    assert (answer.status_code, answer.json["type"]) == (403, "/problems/password")
    assert program.post("/pause", {"profile": "lan", "minutes": 15}).status_code == 403
    assert program.post("/off", {"profile": "lan"}).status_code == 200


def test_secrets_are_not_in_the_history(program: Program, state: Path) -> None:
    from filterd.control.alerts_settings import set_settings

    set_settings(state, DAD, {"ntfy": {"server": "https://ntfy.example.org", "topic": "so-secret"}})
    program.post("/off", {"profile": "lan"})
    page = program.get("/history")
    assert page.status_code == 200 and "so-secret" not in page.text
    assert page.json["items"][0]["edits"][0]["kind"] == "off" and page.json["items"][0]["edits"][0]["before"] is None
