"""System: the household's settings, the lists without ever fetching, the history with its way back; roles."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from filterd.control import change, moves, requests, sync_sources
from filterd.control.household import load
from filterd.control.moves import Whom
from filterd.listbuild import registry
from filterd.model.change import Who
from filterd.model.household import Scope
from tests.unit.webui.client import Browser, logged_in, made

WHO = Who("<b>bố</b>", "cli")
BAD = registry.Event("2026-11-24T11:05:00+00:00", "00" * 32, 1204, 10, "held", "318402 -> 1204", "held")
GOOD = registry.Event("2026-11-23T11:05:00+00:00", "11" * 32, 318_402, 10, "accepted")


def test_the_first_page_leads_on(visitor: Browser) -> None:
    seen = visitor.get("/system/?lang=en").text
    assert all(f'href="{path}"' in seen for path in ("/system/lists", "/system/history", "/account/"))
    assert 'href="/system/upstreams/"' in seen and 'value="Asia/Ho_Chi_Minh"' in seen


def test_settings_are_changed_one_card_at_a_time(visitor: Browser, state: Path) -> None:
    answer = visitor.post("/system/settings", {"timezone": "Asia/Tokyo", "language": "en"})
    assert answer.status_code == 303
    household = load(state)
    assert (household.timezone, household.language, household.block_mode) == ("Asia/Tokyo", "en", "null")
    visitor.post("/system/settings", {"block_mode": "page"})
    visitor.post("/system/settings", {"level": "blocked", "detail_days": "0", "counts_days": "3650"})
    household = load(state)
    assert household.block_mode == "page" and household.timezone == "Asia/Tokyo"
    privacy = household.privacy
    assert (privacy.level, privacy.detail_days, privacy.counts_days) == ("blocked", 0, 3650)


@pytest.mark.parametrize(
    "fields",
    [
        {"timezone": "Mars/Olympus"}, {"timezone": ""}, {"block_mode": "redirect"}, {},
        {"level": "all", "detail_days": "7", "counts_days": "90"},
        {"level": "blocked", "detail_days": "3651", "counts_days": "90"},
        {"level": "blocked", "detail_days": "-1", "counts_days": "90"},
        {"level": "blocked", "detail_days": "7"},
    ],
)  # fmt: skip
def test_what_does_not_fit_changes_nothing(visitor: Browser, state: Path, fields: dict[str, str]) -> None:
    before = load(state)
    answer = visitor.post("/system/settings?lang=en", fields)
    assert answer.status_code == 422 and 'role="alert"' in answer.text and load(state) == before


def test_a_form_from_before_somebody_elses_change_shows_it(visitor: Browser, state: Path) -> None:
    number = change.history(state, limit=1)[0].number
    visitor.post("/system/settings", {"timezone": "Asia/Tokyo"})
    answer = visitor.post("/system/settings?lang=en", {"timezone": "UTC", "seen": str(number)})
    assert answer.status_code == 409 and load(state).timezone == "Asia/Tokyo"


def test_lists_say_why_a_version_was_refused(visitor: Browser, state: Path) -> None:
    sync_sources.offer(state)
    with registry.registry_lock(state):
        lists = registry.load(state)
        key = next(iter(lists))
        registry.save(state, lists | {key: replace(lists[key], digest="11" * 32, names=318_402, history=(GOOD, BAD))})
    seen = visitor.get("/system/lists?lang=en").text
    assert "was held back" in seen and "until two later fetches confirm it" in seen and "318,402" in seen
    assert "The version of 23 Nov still protects everybody." in seen
    assert "318.402" in visitor.get("/system/lists?lang=vi").text


def test_update_now_makes_lists_due_and_fetches_nothing(
    visitor: Browser, state: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("filterd.listbuild.fetch.fetch", lambda *_, **__: pytest.fail("the page fetches"))
    sync_sources.offer(state)
    with registry.registry_lock(state):
        lists = registry.load(state)
        registry.save(state, {k: replace(v, next_at="2099-01-01T00:00:00+00:00") for k, v in lists.items()})
    off = next(iter(lists))
    sync_sources.enable(state, off, False)
    answer = visitor.post("/system/lists/update", headers={"HX-Request": "true"})
    assert answer.status_code == 200 and 'id="lists"' in answer.text and 'id="toast"' in answer.text
    due = {k: v.next_at for k, v in registry.load(state).items()}
    assert due.pop(off) != "" and due and set(due.values()) == {""}


def test_a_list_is_switched_off_and_on(visitor: Browser, state: Path) -> None:
    sync_sources.offer(state)
    key = next(iter(registry.load(state)))
    visitor.post(f"/system/lists/{key}/switch", {"on": "0"})
    assert not registry.load(state)[key].enabled
    visitor.post(f"/system/lists/{key}/switch", {"on": "1"})
    assert registry.load(state)[key].enabled
    assert visitor.post("/system/lists/king/switch", {"on": "1"}).status_code == 404


def test_progress_is_looked_at_often_while_it_lasts(
    visitor: Browser, state: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from filterd.control import sync_state

    assert 'data-poll="60"' in visitor.get("/system/lists/now").text
    running = sync_state.SyncState(phase=sync_state.FETCHING, done=2, of=5, names=1234)
    monkeypatch.setattr(sync_state, "status", lambda _: running)
    seen = visitor.get("/system/lists/now?lang=en").text
    assert 'data-poll="2"' in seen and "2 of 5 lists, 1,234 names so far" in seen


def test_rollback_without_an_earlier_set_says_so(visitor: Browser) -> None:
    answer = visitor.post("/system/lists/rollback?lang=en", headers={"HX-Request": "true"})
    assert "no earlier set of lists" in answer.text


def test_the_history_says_who_did_what_and_takes_it_back(visitor: Browser, state: Path) -> None:
    moves.off(state, WHO, Whom(profile="lan"))
    number = change.history(state, limit=1)[0].number
    seen = visitor.get("/system/history?lang=en").text
    assert "&lt;b&gt;bố&lt;/b&gt;" in seen and "<b>bố" not in seen and "switched off: <bdi>Lan" in seen
    visitor.post(f"/system/history/{number}/revert")
    assert load(state).internet_off == ()
    assert "took a change back" in visitor.get("/system/history?lang=en").text
    assert visitor.post("/system/history/999/revert").status_code == 404


def test_what_changed_since_is_not_overwritten(visitor: Browser, state: Path) -> None:
    visitor.post("/devices/may-lan", {"name": "Một", "profile": "lan"})
    number = change.history(state, limit=1)[0].number
    visitor.post("/devices/may-lan", {"name": "Hai", "profile": "lan"})
    answer = visitor.post(f"/system/history/{number}/revert")
    assert answer.status_code == 409 and load(state).devices[0].name == "Hai"


def test_the_history_has_pages(visitor: Browser, state: Path) -> None:
    for count in range(32):
        requests.ask(state, Who("Lan", "child"), profile=("lan", "minh", "tuan")[count % 3], scope=Scope.NAME,
                     value=f"a{count}.example", now=1_700_000_000.0 + 90_000 * count)  # fmt: skip
    seen = visitor.get("/system/history").text
    assert seen.count('id="change-') == 30 and "before=" in seen
    before = seen.split("before=")[1].split('"')[0]
    assert 'id="change-' in visitor.get(f"/system/history?before={before}").text
    assert visitor.get("/system/history?before=x").status_code == 200


@pytest.mark.parametrize("role", ["viewer", "teacher"])
def test_who_may_look_changes_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, role: str) -> None:
    monkeypatch.setenv("FILTERD_RUN", str(tmp_path / "run"))
    state = made(tmp_path / "state", role=role)
    visitor = logged_in(state)
    seen = visitor.get("/system/")
    assert seen.status_code == 200 and 'action="/system/settings"' not in seen.text
    assert visitor.get("/system/lists").status_code == 200 and visitor.get("/system/history").status_code == 403
    posts = ["/system/settings", "/system/lists/update", "/system/lists/rollback", "/system/history/1/revert"]
    assert [visitor.post(path, {"timezone": "UTC"}).status_code for path in posts] == [403] * 4


def test_a_parent_decides_about_the_family_not_about_lists(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FILTERD_RUN", str(tmp_path / "run"))
    visitor = logged_in(made(tmp_path / "state", role="parent"))
    assert visitor.post("/system/lists/update").status_code == 403
    assert "/system/lists/update" not in visitor.get("/system/lists").text
    assert visitor.get("/system/history").status_code == 200


def test_the_history_shows_lists_and_a_deleted_log_without_taking_them_back(visitor: Browser, state: Path) -> None:
    visitor.post("/system/lists/hagezi-bypass/switch", {"on": "1"})
    visitor.post("/activity/delete/?lang=en", {"whose": "profile:lan", "word": "delete"})
    visitor.post("/activity/delete/?lang=en", {"whose": "all", "word": "delete"})
    page = visitor.get("/system/history?lang=en").text
    assert "switched a list on: <bdi>hagezi-bypass" in page and "deleted from the log: <bdi>Lan" in page
    assert "deleted from the log: <bdi>the whole log" in page
    number = change.history(state, limit=1)[0].number
    assert f"/system/history/{number}/revert" not in page
    assert visitor.post(f"/system/history/{number}/revert").status_code == 422
