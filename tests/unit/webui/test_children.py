"""Children: rules are changed in one press and taken back, the age's own word is not written down, forms say what is wrong."""

from __future__ import annotations

import gzip
from pathlib import Path

import pytest

from filterd.control.household import load
from filterd.model.household import Profile, Rule
from tests.unit.webui.client import PASSWORD, Browser, logged_in, made

HTMX = {"HX-Request": "true"}


def child(state: Path, ident: str = "minh") -> Profile:
    return next(p for p in load(state).profiles if p.id == ident)


@pytest.mark.parametrize("path", ["", "add", "minh", "minh/services", "minh/names", "minh/time", "minh/remove", "_all"])
def test_every_page_is_there_in_both_languages_and_light(visitor: Browser, path: str) -> None:
    for language in ("vi", "en"):
        answer = visitor.get(f"/children/{path}?lang={language}")
        assert answer.status_code == 200 and "style=" not in answer.text and "<script>" not in answer.text
        assert len(gzip.compress(answer.data)) < 30_000


def test_who_is_not_there_is_not_found(visitor: Browser) -> None:
    for path in ("nobody", "nobody/services", "nobody/names", "nobody/time", "nobody/remove"):
        assert visitor.get(f"/children/{path}").status_code == 404
    assert visitor.post("/children/nobody/rule", {"set": "categories:games:block"}).status_code == 404


def test_a_category_is_closed_by_one_press_and_undone(visitor: Browser, state: Path) -> None:
    page = visitor.get("/children/minh").text
    assert 'value="categories:games:block"' in page and 'value="categories:adult:allow"' in page
    answer = visitor.post("/children/minh/rule", {"set": "categories:games:block"}, headers=HTMX)
    assert answer.text.lstrip().startswith('<li id="categories-games"') and 'aria-checked="true"' in answer.text
    assert child(state).categories == {"games": Rule.BLOCK}
    number = answer.text.split('name="number" value="')[1].split('"')[0]
    visitor.post("/undo", {"number": number})
    assert child(state).categories == {}


def test_what_the_age_says_anyway_is_not_written_down(visitor: Browser, state: Path) -> None:
    visitor.post("/children/minh/rule", {"set": "categories:social:allow"})
    assert child(state).categories == {"social": Rule.ALLOW}
    visitor.post("/children/minh/rule", {"set": "categories:social:block"})
    assert child(state).categories == {}
    visitor.post("/children/minh/safe", {"set": "youtube:none"})
    visitor.post("/children/minh/safe", {"set": "google:off"})
    assert child(state).safe_search == {"youtube": "none", "google": "off"}
    visitor.post("/children/minh/safe", {"set": "youtube:strict"})
    visitor.post("/children/minh/safe", {"set": "google:on"})
    assert child(state).safe_search == {}


def test_a_service_follows_its_category_until_it_has_a_word_of_its_own(visitor: Browser, state: Path) -> None:
    page = visitor.get("/children/minh/services?lang=en").text
    assert 'value="services:tiktok:block"' in page and 'value="services:facebook:allow"' in page
    answer = visitor.post("/children/minh/rule?lang=en", {"set": "services:facebook:allow"}, headers=HTMX)
    assert 'aria-checked="false"' in answer.text and child(state).services == {"facebook": Rule.ALLOW}
    visitor.post("/children/minh/rule", {"set": "services:facebook:block"})
    assert child(state).services == {}
    visitor.post("/children/minh/rule", {"set": "services:tiktok:block"})
    assert child(state).services == {"tiktok": Rule.BLOCK}


def test_services_are_searched_without_diacritics(visitor: Browser) -> None:
    answer = visitor.get("/children/minh/services?q=TIK", headers=HTMX).text
    assert "tiktok" in answer and "facebook" not in answer and "<html" not in answer
    assert "No service" in visitor.get("/children/minh/services?q=zzzz&lang=en").text
    assert "<b>" not in visitor.get("/children/minh/services?q=<b>").text


@pytest.mark.parametrize(
    "value", ["", "categories:nothing:block", "services:tiktok:maybe", "names:tiktok:block", "tiktok:block", "::"]
)
def test_a_rule_that_is_none_is_refused(visitor: Browser, state: Path, value: str) -> None:
    before = child(state)
    assert visitor.post("/children/minh/rule", {"set": value}).status_code == 422
    assert visitor.post("/children/minh/safe", {"set": value}).status_code == 422
    assert child(state) == before


def test_names_are_added_and_taken_off(visitor: Browser, state: Path) -> None:
    answer = visitor.post("/children/minh/names", {"part": "block", "name": "Xấu.example"}, headers=HTMX)
    assert answer.status_code == 200 and "<html" not in answer.text
    assert [len(n) for n in (child(state).names.block, child(state).names.allow)] == [1, 0]
    visitor.post("/children/minh/names", {"part": "always", "name": "truong.example"})
    assert child(state).names.always == (b"\x06truong\x07example\0",)
    visitor.post("/children/minh/names/remove", {"part": "always", "name": "truong.example"})
    assert child(state).names.always == ()


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("https://example.com/x", "Write the name alone"),
        ("*.example.com", "without a star"),
        ("192.0.2.1", "no name"),
        ("a b.example", "no spaces"),
        ("", "no site"),
        ("x" * 70 + ".example", "no site"),
    ],
)
def test_a_wrong_name_is_explained_and_the_form_stays(visitor: Browser, state: Path, name: str, said: str) -> None:
    answer = visitor.post("/children/minh/names?lang=en", {"part": "block", "name": name})
    assert answer.status_code == 422 and said in answer.text and f'value="{name}"' in answer.text
    assert child(state).names.block == ()


def test_a_daily_share_is_added_changed_and_removed(visitor: Browser, state: Path) -> None:
    every = [str(d) for d in range(7)]
    visitor.post("/children/minh/budgets", {"what": "service:youtube", "minutes": "60", "day": every})
    (budget,) = child(state).budgets
    assert (budget.services, budget.minutes, budget.days) == (("youtube",), 60, None)
    assert "YouTube" in visitor.get("/children/minh/time").text
    visitor.post("/children/minh/budgets", {"number": "0", "minutes": "90", "day": ["5", "6"]})
    (budget,) = child(state).budgets
    assert (budget.services, budget.minutes, budget.days) == (("youtube",), 90, frozenset({5, 6}))
    visitor.post("/children/minh/budgets/remove", {"number": "0"})
    assert child(state).budgets == ()


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"what": "", "minutes": "60", "day": "1"}, "choose a service"),
        ({"what": "service:youtube", "minutes": "4", "day": "1"}, "5 to 1440"),
        ({"what": "service:youtube", "minutes": "1441", "day": "1"}, "5 to 1440"),
        ({"what": "service:youtube", "minutes": "x", "day": "1"}, "5 to 1440"),
        ({"what": "service:youtube", "minutes": "60"}, "at least one day"),
    ],
)
def test_a_wrong_share_is_explained(visitor: Browser, state: Path, fields: dict[str, str], said: str) -> None:
    answer = visitor.post("/children/minh/budgets?lang=en", fields)
    assert answer.status_code == 422 and said in answer.text and child(state).budgets == ()


def test_the_bounds_of_a_share_hold(visitor: Browser, state: Path) -> None:
    for minutes in ("5", "1440"):
        visitor.post("/children/minh/budgets", {"what": "category:games", "minutes": minutes, "day": "1"})
    assert [b.minutes for b in child(state).budgets] == [5, 1440]


def test_age_name_and_what_parents_see(visitor: Browser, state: Path) -> None:
    visitor.post("/children/minh/age", {"preset": "age-10-13"})
    visitor.post("/children/minh/sees", {"level": "categories"})
    visitor.post("/children/minh/rename", {"name": "Nguyễn Hoàng Bảo Minh Khôi"})
    found = child(state)
    assert (found.preset, found.parent_sees, found.name) == (
        "age-10-13", "categories", "Nguyễn Hoàng Bảo Minh Khôi",
    )  # fmt: skip
    assert visitor.post("/children/minh/age", {"preset": "king"}).status_code == 422
    assert visitor.post("/children/minh/rename?lang=en", {"name": "x" * 81}).status_code == 422


def test_a_child_is_added(visitor: Browser, state: Path) -> None:
    assert visitor.post("/children/add", {"name": "Bé Na", "preset": "age-7-9"}).status_code == 303
    assert child(state, "be-na").preset == "age-7-9"
    answer = visitor.post("/children/add?lang=en", {"name": "Bé", "preset": "king"})
    assert answer.status_code == 422 and "choose an age" in answer.text and 'value="Bé"' in answer.text
    assert visitor.post("/children/add", {"name": "", "preset": "age-7-9"}).status_code == 422


def test_a_removal_is_typed_and_devices_move(visitor: Browser, state: Path) -> None:
    assert visitor.post("/children/minh/remove", {"confirm": "m", "devices_to": "lan"}).status_code == 422
    assert visitor.post("/children/minh/remove", {"confirm": "minh"}).status_code == 422
    assert visitor.post("/children/minh/remove", {"confirm": "minh", "devices_to": "lan"}).status_code == 303
    assert all(p.id != "minh" for p in load(state).profiles)
    assert {d.profile for d in load(state).devices if d.id == "may-minh"} == {"lan"}


def test_who_may_only_look_changes_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for role in ("viewer", "teacher"):
        state = made(tmp_path / role, role=role)
        browser = logged_in(state)
        before = load(state)
        seen = browser.get("/children/minh")
        assert seen.status_code == (200 if role == "viewer" else 403)  # a teacher sees who is in the own rooms alone
        assert ("disabled" in seen.text) is (role == "viewer")
        assert "hx-post" not in seen.text.split("<main")[1].split("</main>")[0]
        assert browser.get("/children/add").status_code == 403
        for path, fields in (
            ("rule", {"set": "categories:games:block"}), ("safe", {"set": "google:off"}), ("age", {"preset": "adult"}),
            ("names", {"part": "allow", "name": "x.example"}), ("budgets/remove", {"number": "0"}),
            ("sees", {"level": "categories"}), ("rename", {"name": "x"}), ("remove", {"confirm": "Minh"}),
        ):  # fmt: skip
            assert browser.post(f"/children/minh/{path}", fields).status_code == 403
        assert load(state) == before


def test_icons_are_symbols_alone(visitor: Browser) -> None:
    answer = visitor.get("/children/icons.svg")
    assert answer.mimetype == "image/svg+xml" and 'id="dice"' in answer.text and "<script" not in answer.text


def test_how_children_call_their_parents(visitor: Browser, state: Path) -> None:
    assert visitor.get("/children/_all").status_code == 200
    assert visitor.post("/children/_all", {"parents": "  ông   bà "}).status_code == 303
    assert load(state).parents == "ông bà" and not load(state).confirm_harm
    for wrong in ("x" * 25, "a<b", "mẹ1"):
        answer = visitor.post("/children/_all?lang=en", {"parents": wrong})
        assert answer.status_code == 422 and "A word or two of letters" in answer.text
    visitor.post("/children/_all", {"parents": "x" * 24})
    assert load(state).parents == "x" * 24
    visitor.post("/children/_all", {"parents": ""})
    assert load(state).parents == ""


def test_harm_opens_by_password_alone_where_it_was_chosen(visitor: Browser, state: Path) -> None:
    visitor.post("/children/_all", {"confirm_harm": "1"})
    assert load(state).confirm_harm
    wanted = {"set": "categories:gambling:allow"}
    asked = visitor.post("/children/minh/rule?lang=en", wanted, headers=HTMX)
    assert asked.status_code == 200 and asked.headers["HX-Retarget"] == "#main"
    assert 'name="proof"' in asked.text and 'value="categories:gambling:allow"' in asked.text
    assert "csrf_token" in asked.text and child(state).categories == {}
    wrong = visitor.post("/children/minh/rule?lang=en", {**wanted, "proof": "not it"})
    assert wrong.status_code == 422 and 'role="alert"' in wrong.text and "not it" not in wrong.text
    assert child(state).categories == {}
    assert visitor.post("/children/minh/rule", {**wanted, "proof": PASSWORD}).status_code == 303
    assert child(state).categories == {"gambling": Rule.ALLOW}
    assert visitor.post("/children/minh/rule", {"set": "categories:games:block"}).status_code == 303


@pytest.mark.parametrize(
    ("path", "fields"),
    [
        ("/children/_all", {}), ("/children/minh/age", {"preset": "adult"}), ("/home/pause/minh", {"minutes": "15"}),
    ],
)  # fmt: skip
def test_no_page_is_a_way_round(visitor: Browser, state: Path, path: str, fields: dict[str, str]) -> None:
    visitor.post("/children/_all", {"confirm_harm": "1"})
    before = load(state)
    answer = visitor.post(f"{path}?lang=en", fields)
    assert answer.status_code == 200 and 'name="proof"' in answer.text and load(state) == before
    assert visitor.post(path, {**fields, "proof": PASSWORD}).status_code == 303 and load(state) != before


def test_guessing_the_password_is_limited(visitor: Browser, state: Path) -> None:
    visitor.post("/children/_all", {"confirm_harm": "1"})
    for _ in range(6):
        answer = visitor.post("/home/pause/minh?lang=en", {"minutes": "15", "proof": "guess"})
    assert "wait" in answer.text.lower() and answer.status_code == 422
    blocked = visitor.post("/home/pause/minh", {"minutes": "15", "proof": PASSWORD})
    assert blocked.status_code == 422 and load(state).grants == ()
