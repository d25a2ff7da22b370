"""The first run: every step can wait, and the family takes one change."""

from __future__ import annotations

from pathlib import Path

import pytest

from filterd.control import accounts, change
from filterd.control import family as who_lives_here
from filterd.control.household import is_demonstration, load
from tests.unit.webui.client import PASSWORD, Browser, browser_of, logged_in, made
from tests.unit.webui.first_run import fresh, with_account
from webui import wizard_family
from webui.wizard_router import PROVIDERS

CHILDREN = {
    "name-0": "Bé Na", "preset-0": "age-7-9", "id-0": "", "name-1": "Lan", "preset-1": "age-14-17", "id-1": "", "do": "save",
}  # fmt: skip


@pytest.fixture
def state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    return fresh(tmp_path, monkeypatch)


@pytest.fixture
def visitor(state: Path) -> Browser:
    return browser_of(state)


@pytest.mark.parametrize("path", ["/setup/family", "/setup/devices", "/setup/router", "/setup/test", "/setup/seen"])
def test_later_steps_need_the_account(visitor: Browser, path: str) -> None:
    assert visitor.get(path).location == "/setup/"


def test_the_family_takes_the_place_of_the_demonstration_in_one_change(visitor: Browser, state: Path) -> None:
    with_account(visitor, state)
    before = load(state)
    answer = visitor.post("/setup/family", CHILDREN)
    assert answer.location == "/setup/devices"
    found = load(state)
    assert [(p.id, p.name, p.preset) for p in found.profiles] == [
        ("be-na", "Bé Na", "age-7-9"), ("lan", "Lan", "age-14-17"), ("nguoi-lon", "Người lớn", "adult"),
    ]  # fmt: skip
    assert found.default_profile == "be-na" and found.devices == () and found.language == "vi"
    assert all(who_lives_here.is_testable(found, ident) for ident in ("be-na", "lan"))
    newest = change.history(state)[0]
    assert newest.who.by == "mẹ Hạnh"
    visitor.post("/undo", {"number": str(newest.number)})
    assert load(state) == before and is_demonstration(state)


def test_rows_are_added_and_taken_away_without_a_script(visitor: Browser, state: Path) -> None:
    with_account(visitor, state)
    more = visitor.post("/setup/family", {**CHILDREN, "do": "add"}).text
    assert 'name="name-2"' in more and 'value="Bé Na"' in more
    less = visitor.post("/setup/family", {**CHILDREN, "do": "drop-0"}).text
    assert 'name="name-1"' not in less and 'value="Lan"' in less and is_demonstration(state)


def test_what_is_missing_is_said_at_its_row(visitor: Browser, state: Path) -> None:
    with_account(visitor, state)
    answer = visitor.post("/setup/family", {"name-0": "Lan", "do": "save"})
    assert answer.status_code == 422 and 'id="bad-0"' in answer.text and is_demonstration(state)
    rows = {f"name-{n}": f"Bé {n}" for n in range(20)} | {"do": "add"}
    assert f'name="name-{wizard_family.MOST}"' not in visitor.post("/setup/family", rows).text


def test_a_family_is_edited_and_other_profiles_stay(visitor: Browser, state: Path) -> None:
    with_account(visitor, state)
    visitor.post("/setup/family", CHILDREN)
    visitor.post("/setup/devices", {"address": "192.168.1.30", "profile": "lan", "name": "Máy Lan"})
    visitor.post("/setup/family", {"name-0": "Na", "preset-0": "age-10-13", "id-0": "be-na", "do": "save"})
    found = load(state)
    assert [(p.id, p.name) for p in found.profiles] == [("be-na", "Na"), ("nguoi-lon", "Người lớn")]
    assert [(d.name, d.ip, d.profile) for d in found.devices] == [("Máy Lan", "192.168.1.30", "be-na")]


def test_a_name_that_is_markup_stays_text(visitor: Browser, state: Path) -> None:
    with_account(visitor, state)
    visitor.post("/setup/family", {"name-0": "<script>x</script>", "preset-0": "age-7-9", "do": "save"})
    assert "<script>x" not in visitor.get("/setup/family").text


def test_a_device_is_given_to_somebody_and_to_somebody_else(visitor: Browser, state: Path) -> None:
    with_account(visitor, state)
    visitor.post("/setup/family", CHILDREN)
    visitor.post("/setup/devices", {"address": "192.168.1.31", "profile": "lan"})
    device = load(state).devices[0]
    assert device.name == "Máy của Lan" and device.profile == "lan"
    visitor.post("/setup/devices", {"device": device.id, "profile": "be-na"})
    assert load(state).devices[0].profile == "be-na"
    assert visitor.post("/setup/devices", {"address": "192.168.1.31", "profile": "nobody"}).status_code == 422


@pytest.mark.parametrize("provider", [*PROVIDERS, "<b>", ""])
def test_the_router_step_has_the_address_to_enter(visitor: Browser, state: Path, provider: str) -> None:
    with_account(visitor, state)
    page = visitor.get("/setup/router", query_string={"provider": provider, "lang": "en"}).text
    assert 'value="192.168.1.53"' in page and "any other number" in page.lower() and "<b>" not in page
    assert ("A guess, not tried on yours" in page) is (provider in PROVIDERS[:-1])
    assert 'data-poll="2"' in page


def test_the_test_name_is_blocked_for_children_who_lack_it(state: Path) -> None:
    made(state)
    visitor = logged_in(state)
    assert "Chuẩn bị trang thử" in visitor.get("/setup/test").text
    visitor.post("/setup/test")
    assert all(who_lives_here.is_testable(load(state), ident) for ident in ("lan", "minh", "tuan"))
    assert who_lives_here.TEST_NAME in visitor.get("/setup/test").text
    with visitor.get("/setup/test.svg") as picture:
        assert picture.mimetype == "image/svg+xml" and picture.headers["Cache-Control"] == "no-store"
        assert b"style=" not in picture.data and picture.data.startswith(b"<svg xmlns")


def test_every_step_can_be_opened_again(visitor: Browser, state: Path) -> None:
    with_account(visitor, state)
    for step in ("language", "code", "password", "family", "devices", "router", "test"):
        assert visitor.get(f"/setup/{step}").status_code == 200, step
    assert visitor.get("/setup/").location == "/setup/family"
    assert visitor.post("/setup/password", {"name": "b", "password": PASSWORD}).location == "/setup/family"
    assert len(accounts.list_accounts(state)) == 1


@pytest.mark.parametrize("role", ["viewer", "teacher"])
def test_who_may_not_decide_gets_no_step(state: Path, role: str) -> None:
    visitor = logged_in(made(state, role=role))
    for step in ("family", "devices", "router", "test"):
        assert visitor.get(f"/setup/{step}").status_code == 403
    assert visitor.post("/setup/family", CHILDREN).status_code == 403
