"""The first run: nobody owns the box without its code, every step can wait, and the family takes one change."""

from __future__ import annotations

from pathlib import Path

import pytest

from filterd.config.catalogue import load as load_catalogue
from filterd.control import accounts, change, setup
from filterd.control import family as who_lives_here
from filterd.control.household import ensure, is_demonstration, load
from tests.unit.webui.client import PASSWORD, Browser, browser_of, logged_in, made
from webui import wizard_family, wizard_seen
from webui.wizard_router import PROVIDERS

CHILDREN = {
    "name-0": "Bé Na", "preset-0": "age-7-9", "id-0": "", "name-1": "Lan", "preset-1": "age-14-17", "id-1": "", "do": "save",
}  # fmt: skip


@pytest.fixture
def state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("FILTERD_RUN", str(tmp_path / "run"))
    ensure(tmp_path / "state")
    return tmp_path / "state"


@pytest.fixture
def visitor(state: Path) -> Browser:
    return browser_of(state)


def with_code(visitor: Browser, state: Path) -> Browser:
    answer = visitor.post("/setup/code", {"code": setup.code(state)})
    assert answer.status_code == 303 and answer.location == "/setup/password"
    return visitor


def with_account(visitor: Browser, state: Path) -> Browser:
    with_code(visitor, state)
    answer = visitor.post("/setup/password", {"name": "mẹ Hạnh", "password": PASSWORD})
    assert (answer.status_code, answer.location) == (303, "/setup/family")
    return visitor


def test_a_fresh_box_shows_the_first_step_and_nothing_else(visitor: Browser) -> None:
    assert visitor.get("/").location == "/setup/"
    assert visitor.get("/setup/").location == "/setup/language"
    page = visitor.get("/setup/language").text
    assert "Tiếng Việt" in page and "English" in page and "1" in page


def test_the_language_is_kept_in_this_browser(visitor: Browser) -> None:
    answer = visitor.post("/setup/language", {"language": "en"})
    assert answer.location == "/setup/code" and "lang=en" in answer.headers["Set-Cookie"]
    assert "Enter the code shown" in visitor.get("/setup/code").text
    assert visitor.post("/setup/language", {"language": "xx"}).status_code == 422


@pytest.mark.parametrize("path", ["/setup/family", "/setup/devices", "/setup/router", "/setup/test", "/setup/seen"])
def test_later_steps_need_the_account(visitor: Browser, path: str) -> None:
    assert visitor.get(path).location == "/setup/"


def test_without_the_code_no_account_is_made(visitor: Browser, state: Path) -> None:
    assert visitor.get("/setup/password").location == "/setup/code"
    answer = visitor.post("/setup/password", {"name": "kẻ lạ", "password": PASSWORD})
    assert answer.location == "/setup/code" and setup.needed(state)
    assert visitor.post("/setup/strength", {"password": "x"}).status_code == 403


def test_the_code_counts_in_the_browser_that_typed_it_alone(visitor: Browser, state: Path) -> None:
    with_code(visitor, state)
    stranger = browser_of(state)
    assert stranger.get("/setup/password").location == "/setup/code"
    assert visitor.get("/setup/password").status_code == 200


def test_the_code_counts_for_an_hour(visitor: Browser, state: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with_code(visitor, state)
    monkeypatch.setattr("webui.wizard.CODE_S", 0.0)
    assert visitor.get("/setup/password").location == "/setup/code"


def test_a_wrong_code_is_said_and_slowed_down(visitor: Browser, state: Path) -> None:
    wrong = "0000-0000" if setup.code(state) != "0000-0000" else "1111-1111"
    answers = [visitor.post("/setup/code", {"code": wrong}, query_string="lang=en") for _ in range(7)]
    assert answers[0].status_code == 422 and "not the code" in answers[0].text
    assert answers[-1].status_code == 429 and "Many tries" in answers[-1].text


def test_a_weak_password_is_refused_with_advice(visitor: Browser, state: Path) -> None:
    with_code(visitor, state)
    answer = visitor.post("/setup/password", {"name": "mẹ", "password": "12345678"})
    assert answer.status_code == 422 and "dễ bị đoán" in answer.text and setup.needed(state)
    assert 'value="mẹ"' in answer.text and "12345678" not in answer.text
    assert visitor.post("/setup/password", {"name": "!", "password": PASSWORD}).status_code == 422


def test_advice_comes_while_typing(visitor: Browser, state: Path) -> None:
    with_code(visitor, state)
    weak = visitor.post("/setup/strength", {"name": "Hạnh", "password": "hanh2015"}).text
    good = visitor.post("/setup/strength", {"name": "Hạnh", "password": PASSWORD}).text
    assert 'value="0"' in weak and 'value="4"' in good and PASSWORD not in good


def test_the_account_is_an_admin_and_logged_in_with_a_new_cookie(visitor: Browser, state: Path) -> None:
    with_code(visitor, state)
    before = visitor.get_cookie("filterd", domain="192.168.1.53")
    visitor.post("/setup/password", {"name": "mẹ Hạnh", "password": PASSWORD})
    after = visitor.get_cookie("filterd", domain="192.168.1.53")
    assert before is not None and after is not None and before.value != after.value
    assert [a.role for a in accounts.list_accounts(state)] == ["admin"] and not setup.needed(state)
    assert not (state / setup.FILE).exists()
    assert visitor.get("/setup/family").status_code == 200


def test_two_who_race_make_one_admin(state: Path) -> None:
    first, second = (with_code(browser_of(state), state) for _ in range(2))
    first.post("/setup/password", {"name": "mẹ", "password": PASSWORD})
    second.post("/setup/password", {"name": "kẻ lạ", "password": PASSWORD})
    assert len(accounts.list_accounts(state)) == 1


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


def test_the_effect_of_each_age_is_what_the_lists_say() -> None:
    presets = load_catalogue().presets
    closed = {ident: set(presets[ident].blocked) for ident in who_lives_here.PRESETS}
    assert {"social", "messengers", "games"} <= closed["age-0-6"]
    assert "social" in closed["age-7-9"] and not {"games"} & closed["age-7-9"]
    assert "social" in closed["age-10-13"] and not {"games", "shopping"} & closed["age-10-13"]
    assert "social" not in closed["age-14-17"] and {"adult", "gambling", "drugs"} <= closed["age-14-17"]
    strict = {ident: presets[ident].safe_search.get("youtube") for ident in who_lives_here.PRESETS}
    assert strict["age-0-6"] == strict["age-7-9"] == "strict" != strict["age-10-13"]
    assert all(presets[ident].safe_search.get("google") in ("on", True) for ident in who_lives_here.PRESETS)


def test_the_gateway_is_read_from_the_kernels_table(tmp_path: Path) -> None:
    table = tmp_path / "route"
    table.write_text(
        "Iface Destination Gateway Flags RefCnt Use Metric Mask MTU Window IRTT\n"
        "eth0 0001A8C0 00000000 0001 0 0 0 00FFFFFF 0 0 0\neth0 00000000 0101A8C0 0003 0 0 0 00000000 0 0 0\n"
    )
    assert wizard_seen.gateway(table) == "192.168.1.1" and wizard_seen.gateway(tmp_path / "none") == ""
