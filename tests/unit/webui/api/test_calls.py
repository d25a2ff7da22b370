"""What the operations do, one story each, judged by the household afterwards."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from filterd.control import profiles, sync_sources
from filterd.control import requests as asked
from filterd.control.alerts_rows import list_alerts
from filterd.control.household import load
from filterd.model.alert import AlertKind
from filterd.model.change import Who
from filterd.model.decision import Action, Row
from filterd.model.household import Effect, Rule, Scope
from tests.unit.webui.api.program import Program
from tests.unit.webui.test_activity import ago, log
from tests.unit.webui.test_alerts import alert
from tests.unit.webui.test_ask import with_lists

LAN = Who("Lan", "child")


def test_now_says_what_is_on_and_until_when(program: Program, state: Path) -> None:
    program.post("/off", {"profile": "lan", "minutes": 30})
    now = program.get("/now").json
    assert [p["id"] for p in now["people"]] == ["lan", "minh", "tuan", "bo-me"] and now["zone"] == "Asia/Ho_Chi_Minh"
    lan = now["people"][0]
    assert (lan["state"], lan["reason"], lan["by"]) == ("off", "off", "mẹ (Home Assistant)")
    assert lan["until"].endswith("+07:00") and lan == program.get("/profiles/lan/now").json
    assert not now["people"][3]["switchable"]
    assert program.get("/profiles/nobody/now").status_code == 404


def test_truth_names_what_is_wrong(program: Program) -> None:
    truth = program.get("/truth").json
    assert not truth["protected"] and truth["worst"] == truth["checks"][0]["id"]
    assert {c["id"] for c in truth["checks"]} == {"client", "lists", "clock", "upstream", "bypass"}


def test_off_on_and_everyone(program: Program, state: Path) -> None:
    assert program.post("/off", {"everyone": True}).status_code == 200
    off = program.get("/off").json["items"]
    assert len(off) == 1 and off[0]["everyone"] and off[0]["until"] is None
    assert program.post("/on", {"profile": "lan"}).status_code == 422  # it is off for more than that
    assert program.post("/on", {"everyone": True}).status_code == 200
    assert program.get("/off").json["items"] == []
    assert program.post("/off", {}).status_code == program.post("/off", {"profile": "x"}).status_code == 422
    assert program.post("/off", {"profile": "lan", "device": "may-lan"}).status_code == 422


def test_off_until_a_moment(program: Program, state: Path) -> None:
    until = (datetime.now(UTC) + timedelta(hours=2)).isoformat(timespec="seconds")
    assert program.post("/off", {"profile": "lan", "until": until}).status_code == 200
    assert load(state).internet_off[0].until == datetime.fromisoformat(until).timestamp()
    for wrong in ("2026-11-28 21:00", "2026-11-28T21:00:00", "1999-01-01T00:00:00Z", "x", 5):
        assert program.post("/off", {"profile": "lan", "until": wrong}).status_code == 422, wrong


def test_bonus_opens_what_is_off_and_moves_the_next_off(program: Program, state: Path) -> None:
    program.post("/off", {"profile": "minh"})
    assert program.post("/bonus", {"profile": "minh", "minutes": 15}).status_code == 200
    assert program.get("/profiles/minh/now").json["state"] == "on"
    assert program.post("/bonus", {"device": "may-lan", "minutes": 15}).status_code == 200
    assert {(g.scope, g.profile or g.device) for g in load(state).grants} == {
        (Scope.TIME, "minh"),
        (Scope.TIME, "may-lan"),
    }


def test_the_filter_pauses_and_goes_on(program: Program) -> None:
    assert program.post("/pause", {"profile": "lan", "minutes": 15}).status_code == 200
    assert program.get("/profiles/lan/now").json["state"] == "paused"
    assert program.post("/resume", {"profile": "lan"}).status_code == 200
    assert program.get("/profiles/lan/now").json["state"] != "paused"
    assert program.post("/resume", {"profile": "lan"}).status_code == 422
    assert program.post("/pause", {"profile": "lan", "minutes": 1441}).status_code == 422


def test_grants_are_given_and_ended(program: Program, state: Path) -> None:
    body = {"profile": "lan", "scope": "name", "value": "Example.ORG", "minutes": 15}
    assert program.post("/grants", body).status_code == 201
    found = program.get("/grants").json["items"]
    assert [(g["scope"], g["value"], g["profile"]) for g in found] == [("name", "example.org", "lan")]
    assert program.delete(f"/grants/{found[0]['id']}").status_code == 200 and not load(state).grants
    assert program.delete("/grants/g99").status_code == 404


@pytest.mark.parametrize(
    "body",
    [
        {"scope": "time"}, {"scope": "filter"}, {"scope": "filter", "minutes": 1441}, {"scope": "name", "value": "no name"},
        {"scope": "filter", "until": "2036-11-28T21:00:00+07:00"}, {"scope": "service", "value": "nothing"},
    ],
)  # fmt: skip
def test_what_cannot_be_allowed_is_refused(program: Program, state: Path, body: dict[str, object]) -> None:
    answer = program.post("/grants", {"profile": "lan", **body})
    assert answer.status_code == 422 and answer.json["problems"] and not load(state).grants


def test_a_person_is_added_changed_and_removed(program: Program, state: Path) -> None:
    made = program.post("/profiles", {"name": "Bé Na", "preset": "age-7-9"})
    assert (
        made.status_code == 201 and made.headers["Location"] == "/api/v1/profiles/be-na" and made.json["id"] == "be-na"
    )
    change = {
        "services": {"tiktok": "allow"},
        "youtube": "strict",
        "budgets": [{"minutes": 30, "services": ["youtube"]}],
    }
    assert program.patch("/profiles/be-na", change).status_code == 200
    found = program.get("/profiles/be-na").json
    assert found["safe_search"] == {"youtube": "strict"} and found["budgets"][0]["minutes"] == 30
    assert program.patch("/profiles/be-na", {"safe_search": {"google": False}}).status_code == 200
    na = next(p for p in load(state).profiles if p.id == "be-na")
    assert na.safe_search == {"google": "off", "youtube": "strict"} and na.services == {"tiktok": Rule.ALLOW}
    assert program.patch("/profiles/be-na", {"services": None, "safe_search": None}).status_code == 200
    na = next(p for p in load(state).profiles if p.id == "be-na")
    assert na.services == {} and na.safe_search == {}
    assert program.patch("/profiles/be-na", {"preset": "nothing"}).status_code == 422
    assert program.delete("/profiles/be-na").status_code == 200
    assert program.delete("/profiles/lan").status_code == 422  # has a device
    assert program.delete("/profiles/lan?devices_to=minh").status_code == 200
    assert {d.profile for d in load(state).devices if d.id == "may-lan"} == {"minh"}


def test_sites_are_closed_and_opened_for_one_person(program: Program) -> None:
    assert program.post("/profiles/lan/sites", {"list": "block", "name": "Chat.Example.org"}).status_code == 200
    assert program.get("/profiles/lan").json["sites"]["block"] == ["chat.example.org"]
    assert program.delete("/profiles/lan/sites/block/chat.example.org").status_code == 200
    assert program.delete("/profiles/lan/sites/block/chat.example.org").status_code == 422
    assert program.delete("/profiles/lan/sites/other/chat.example.org").status_code == 404
    assert program.get("/profiles/minh").json["sites"]["block"] == []


def test_the_week_is_read_and_changed_by_place(program: Program, state: Path) -> None:
    first = program.get("/profiles/lan/windows").json["items"][0]
    assert (first["index"], first["effect"], first["begin"], first["end"]) == (0, "offline", "21:30", "06:00")
    new = {"effect": "only", "days": ["sat", "sun"], "begin": "8:00", "end": "10:00", "sites": ["example.org"]}
    assert program.post("/profiles/lan/windows", new).status_code == 201
    made = load(state).profiles[0].windows or ()
    assert (made[1].effect, made[1].days, made[1].start, made[1].end) == (Effect.ONLY, frozenset({5, 6}), 480, 600)
    later = {"effect": "offline", "begin": "22:00", "end": "24:00"}
    assert program.call("PUT", "/profiles/lan/windows/0", later).status_code == 200
    assert program.get("/profiles/lan/windows").json["items"][0]["end"] == "24:00"
    assert program.delete("/profiles/lan/windows/1").status_code == 200
    assert program.delete("/profiles/lan/windows/1").status_code == 404
    for wrong in ({"begin": "25:00"}, {"end": "22:00"}, {"days": []}, {"services": ["youtube"]}):
        assert program.call("PUT", "/profiles/lan/windows/0", later | wrong).status_code == 422, wrong
    assert len(load(state).profiles[0].windows or ()) == 1


def test_a_free_day_is_given_once(program: Program, state: Path) -> None:
    assert program.post("/profiles/lan/free-days", {"day": "2026-12-24"}).json["changed"]
    assert not program.post("/profiles/lan/free-days", {"day": "2026-12-24"}).json["changed"]
    assert program.post("/profiles/lan/free-days", {"day": "2026-13-24"}).status_code == 422
    assert [e.on.isoformat() for e in load(state).profiles[0].exceptions if e.on] == ["2026-12-24"]


def test_devices_are_added_given_away_and_removed(program: Program, state: Path) -> None:
    body = {"name": "Điện thoại", "profile": "lan", "mac": "02:1a:2b:3c:4d:5e"}
    made = program.post("/devices", body)
    assert made.status_code == 201 and made.headers["Location"] == "/api/v1/devices/dien-thoai"
    assert program.patch("/devices/dien-thoai", {"profile": "minh"}).status_code == 200
    found = program.get("/devices/dien-thoai").json
    assert (found["profile"], found["mac"], found["ip"]) == ("minh", "02:1a:2b:3c:4d:5e", None)
    assert program.post("/devices", {**body, "ip": "192.0.2.7"}).status_code == 422
    assert program.post("/devices", body).status_code == 422  # that address is known
    assert program.delete("/devices/dien-thoai").status_code == 200
    assert program.get("/devices/dien-thoai").status_code == 404 and len(load(state).devices) == 3


def test_a_childs_request_is_answered_once(program: Program, state: Path) -> None:
    one = asked.ask(state, LAN, profile="lan", scope=Scope.NAME, value="example.org", reason="bài tập")
    waiting = program.get("/requests?state=pending").json["items"]
    assert [(r["id"], r["value"]) for r in waiting] == [(one.id, "example.org")] and program.get("/now").json[
        "waiting"
    ] == 1
    assert program.post(f"/requests/{one.id}/answer", {"yes": True, "minutes": 15, "note": "Ừ"}).status_code == 200
    assert [(g.value, g.by) for g in load(state).grants] == [("example.org", "mẹ (Home Assistant)")]
    again = program.post(f"/requests/{one.id}/answer", {"yes": False})
    assert again.status_code == 409 and again.json["request"]["state"] == "granted"
    assert program.get(f"/requests/{one.id}").json["note"] == "Ừ"
    assert program.post("/requests/r99/answer", {"yes": True}).status_code == 404


def test_more_time_never_is_for_always(program: Program, state: Path) -> None:
    one = asked.ask(state, LAN, profile="lan", scope=Scope.TIME)
    assert program.post(f"/requests/{one.id}/answer", {"yes": True, "minutes": None}).status_code == 422
    assert program.post(f"/requests/{one.id}/answer", {"yes": False}).status_code == 200 and not load(state).grants


def test_alerts_are_said_in_words_and_seen_by_somebody(program: Program, state: Path) -> None:
    detail = {"mac": "aa:bb:cc:dd:ee:ff", "private": True}
    alert(state, AlertKind.HARM_FIRST, "a", {"category": "gambling"}, "minh", "may-minh")
    alert(state, AlertKind.NEW_DEVICE, "b", detail)
    first = program.get("/alerts?limit=1").json
    assert first["items"][0]["kind"] == "new_device" and "aa:bb:cc:dd:ee:ff" in first["items"][0]["text"]
    second = program.get(f"/alerts?limit=1&cursor={first['next']}").json
    one = second["items"][0]
    assert (one["profile"], one["seen"], second["next"]) == ("minh", False, None) and "Minh" in one["title"] + one[
        "text"
    ]
    assert program.post("/alerts/seen", {"alerts": [one["id"]]}).json == {"seen": 1}
    assert [a["kind"] for a in program.get("/alerts?unseen=true").json["items"]] == ["new_device"]
    assert program.get("/alerts").json["items"][1]["seen_by"] == "mẹ (Home Assistant)"


def test_alerts_are_empty_and_seen_ones_must_be_there(program: Program, state: Path) -> None:
    assert program.get("/alerts?unseen=true").json == {"items": [], "next": None} and list_alerts(state) == []
    assert program.post("/alerts/seen", {}).json == {"seen": 0}
    assert program.post("/alerts/seen", {"alerts": [7]}).status_code == 422
    assert program.get("/alerts?unseen=1").status_code == 422


def test_lists_say_what_is_in_force(program: Program, state: Path) -> None:
    with_lists(state)
    found = program.get("/lists").json
    assert found["names"] > 0 and found["bundle"].startswith("bundles/") and found["sync"]["phase"] == "never"
    assert program.post("/lists/update").json == {"lists": 0}


def test_a_list_that_is_switched_on_is_shown_and_made_due(program: Program, state: Path) -> None:
    source = next(iter(sync_sources.shipped().values()))
    sync_sources.enable(state, source.id, True)
    one = program.get("/lists").json["items"][0]
    assert (one["id"], one["name"], one["licence"]) == (source.id, source.name_vi, source.licence.id)
    assert (one["used"], one["names"], one["good_at"], one["refused"]) == (True, 0, None, "")
    assert program.post("/lists/update").json == {"lists": 1}


def test_ask_answers_with_the_workers_own_code(program: Program, state: Path) -> None:
    with_lists(state)
    found = program.get("/ask?name=example.org&profile=lan&at=2026-12-01 23:30&language=en").json
    assert (found["action"], found["row"], found["blocked"]) == ("block", "window", True)
    assert (
        found["until"] == "2026-12-02T06:00:00+07:00" and "closed" in found["verdict"].lower() + found["sentences"][0]
    )
    assert {"row": "window", "verdict": "block"} in found["trace"]
    assert program.get("/ask?name=example.org&device=may-lan").status_code == 200
    for wrong in (
        "name=example.org",
        "name=example.org&profile=lan&device=may-lan",
        "name=no name&profile=lan",
        "profile=lan",
    ):
        assert program.get(f"/ask?{wrong}").status_code == 422, wrong


def test_activity_comes_in_pages_masked_as_the_household_says(program: Program, state: Path, tmp_path: Path) -> None:
    (tmp_path / "run").mkdir()
    profiles.patch_household(
        state, Who("mẹ", "web"), {"timezone": "UTC"}
    )  # as the helper that writes logs counts its days
    log(
        state,
        ago(5, "one.example"),
        ago(4, "two.example"),
        ago(3, "three.example", action=Action.ALLOW, row=Row.DEFAULT),
    )
    log_page = program.get("/activity?action=block&limit=1").json
    assert [q["name"] for q in log_page["items"]] == ["two.example"] and log_page["items"][0]["row"] == "category"
    older = program.get(f"/activity?action=block&limit=1&cursor={log_page['next']}").json
    assert [(q["name"], q["category"], q["device"]) for q in older["items"]] == [("one.example", "ads", "may-lan")]
    assert [q["name"] for q in program.get("/activity?name=three").json["items"]] == ["three.example"]
    until = datetime.fromtimestamp(time.time() - 270, UTC).isoformat()
    found = program.get("/activity", query={"until": until}).json
    assert [q["name"] for q in found["items"]] == ["one.example"]
    sums = program.get("/stats?days=1").json
    assert (sums["asked"], sums["blocked"]) == (3, 2) and {"name": "two.example", "blocked": 1} in sums["sites"]
    profiles.patch(state, Who("mẹ", "web"), "lan", {"parent_sees": "categories"})
    assert {q["name"] for q in program.get("/activity").json["items"]} == {""}
    assert "example" not in program.get("/stats").text + program.get("/activity").text


def test_activity_and_sums_of_a_quiet_house(program: Program) -> None:
    log = program.get("/activity?profile=lan&action=block&row=category&name=example&since=2026-11-01T00:00:00Z").json
    assert log == {"items": [], "next": None, "complete": True, "gaps": []}
    sums = program.get("/stats?days=3&profile=lan").json
    assert (
        sums["asked"] == 0 and len(sums["days"]) <= 4 and sums["last_day"] >= time.strftime("%Y-%m-%d", time.gmtime())
    )
    for wrong in ("profile=x", "action=x", "since=x", "name=a b.c", "limit=x"):
        assert program.get(f"/activity?{wrong}").status_code == 422, wrong
