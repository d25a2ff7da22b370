"""The week: the grid and its words, a bedtime in one form, changes by the form and from the grid, special days, who may."""

from __future__ import annotations

import gzip
import re
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest

from filterd.control import week as weeks
from filterd.control.household import load, read_stored
from filterd.model.change import Who
from filterd.model.household import Effect, Profile
from tests.unit.webui.client import Browser, logged_in, made
from webui.week_form import clock_text, minute_of

EVERY = [str(d) for d in range(7)]
BEDTIME = {"kind": "off", "day": EVERY, "from": "21:30", "to": "6:00"}


def child(state: Path, ident: str = "minh") -> Profile:
    return next(p for p in load(state).profiles if p.id == ident)


@pytest.mark.parametrize(
    "path", ["lan", "minh", "lan/window", "lan/window?bedtime=1", "lan/window?index=0", "lan/special", "minh/copy"]
)
def test_every_page_is_there_in_both_languages_and_light(visitor: Browser, path: str) -> None:
    for language in ("vi", "en"):
        answer = visitor.get(f"/week/{path}{'&' if '?' in path else '?'}lang={language}")
        assert answer.status_code == 200 and "style=" not in answer.text
        assert len(gzip.compress(answer.data)) < 30_000


def test_every_position_has_its_class() -> None:
    sheet = (Path(__file__).parents[3] / "webui/static/week.css").read_text()
    for n in range(96):
        assert f".t-{n} {{" in sheet and f".h-{n + 1} {{" in sheet


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ("21:30", "21:30"), ("2130", "21:30"), ("21h30", "21:30"), ("21h", "21:00"), ("21 giờ 30", "21:30"), ("7", "7:00"),
        ("07:05", "7:05"), ("21.30", "21:30"), ("730", "7:30"), ("24:00", "24:00"), ("0:00", "0:00"),
        ("24:01", "24:01"), ("21:60", "21:60"), ("25", "25"), ("soon", "soon"), ("", ""), ("٢١:30", "٢١:30"),
    ],
)  # fmt: skip
def test_a_time_is_read_leniently(typed: str, said: str) -> None:
    assert clock_text(typed) == said


def test_the_bounds_of_a_time() -> None:
    assert (minute_of("0"), minute_of("2400"), minute_of("2401"), minute_of("-1")) == (0, 1440, None, None)


def test_a_bedtime_is_the_form_as_it_comes(visitor: Browser, state: Path) -> None:
    form = visitor.get("/week/minh/window?bedtime=1&lang=en").text
    assert (
        'value="21:30"' in form and 'value="6:00"' in form and form.count('name="day"') == form.count(" checked>") - 1
    )
    assert "Every day, 21:30 to 6:00 the next day: off." in form
    assert visitor.post("/week/minh/window", BEDTIME).location == "/week/minh"
    (window,) = child(state).windows or ()
    assert (window.effect, window.start, window.end, window.days) == (Effect.OFFLINE, 1290, 1800, None)
    page = visitor.get("/week/minh?lang=en").text
    assert page.count('class="block off t-62 h-34"') == 7
    assert "to Tuesday 6:00, 8 hours 30" in page.replace("\N{NO-BREAK SPACE}", " ")


def test_a_night_that_passes_the_edge_has_a_hidden_tail(visitor: Browser, state: Path) -> None:
    visitor.post("/week/minh/window", {**BEDTIME, "day": ["4"], "from": "22h30", "to": "7"})
    page = visitor.get("/week/minh").text
    assert 'class="block off t-66 h-30"' in page
    tail = page.split('class="block off tail t-0 h-4"')[0].rsplit("<li", 1)[1]
    assert 'aria-hidden="true"' in tail


def test_a_window_is_changed_and_removed(visitor: Browser, state: Path) -> None:
    visitor.post("/week/minh/window", BEDTIME)
    visitor.post("/week/minh/window", {**BEDTIME, "index": "0", "to": "6:15"})
    assert [w.end for w in child(state).windows or ()] == [1815]
    visitor.post("/week/minh/window", {"index": "0", "delete": "1"})
    assert not child(state).windows
    assert visitor.post("/week/minh/window", {"index": "0", "delete": "1"}).status_code == 422
    assert visitor.get("/week/minh/window?index=0").status_code == 404


def test_hours_of_a_service_and_chosen_sites(visitor: Browser, state: Path) -> None:
    visitor.post(
        "/week/minh/window",
        {"kind": "permit", "day": ["1", "3"], "from": "17", "to": "18:30", "thing": "category:games"},
    )
    sites = {"kind": "only", "day": ["0"], "from": "19", "to": "20:30", "sites": "truong.example\nsach.example"}
    visitor.post("/week/minh/window", sites)
    permit, only = child(state).windows or ()
    assert permit.categories == ("games",) and permit.days == frozenset({1, 3}) and len(only.names) == 2
    form = visitor.get("/week/minh/window?index=1").text
    assert "truong.example\nsach.example" in form
    page = visitor.get("/week/minh?lang=en").text
    assert (
        "Games allowed, tuesday" in page.replace("Tuesday", "tuesday")
        and "only truong.example and sach.example" in page
    )


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"to": "21:30"}, "same as the start"),
        ({"from": "25:00"}, "looks like 21:30"),
        ({"to": "soon"}, "looks like 21:30"),
        ({"day": []}, "at least one day"),
        ({"kind": "permit"}, "a service or a category"),
        ({"kind": "only"}, "at least one site"),
        ({"kind": "only", "sites": "http://x.example/"}, "at least one site"),
    ],
)
def test_what_is_wrong_is_said_and_the_form_stays(
    visitor: Browser, state: Path, fields: dict[str, Any], said: str
) -> None:
    answer = visitor.post("/week/minh/window?lang=en", {**BEDTIME, **fields})
    assert answer.status_code == 422 and said in answer.text and not child(state).windows
    if "from" in fields:
        assert 'value="25:00"' in answer.text


def test_the_sentence_changes_with_the_form(visitor: Browser, state: Path) -> None:
    asked = {"kind": "off", "day": ["5"], "from": "2130", "to": "6", "lang": "en"}
    said = visitor.get("/week/minh/say", query_string=asked).text
    assert "Saturday 21:30 to Sunday 6:00: off." in said and "8 hours 30 minutes each night." in said
    assert "same as the start" in visitor.get("/week/minh/say", query_string={**asked, "to": "21:30"}).text
    visitor.post("/week/minh/window", BEDTIME)
    assert "The stricter one" in visitor.get("/week/minh/say", query_string=asked).text
    assert "The stricter one" not in visitor.get("/week/minh/say", query_string={**asked, "index": "0"}).text


def test_a_move_from_the_grid_keeps_what_it_names(visitor: Browser, state: Path) -> None:
    fields = {"kind": "permit", "day": ["1"], "from": "17", "to": "18:30", "thing": "service:youtube"}
    visitor.post("/week/minh/window", fields)
    answer = visitor.post(
        "/week/minh/move", {"index": "0", "day": ["2"], "from": "17:15", "to": "18:45"}, headers={"HX-Request": "true"}
    )
    assert answer.text.lstrip().startswith('<div id="week"')
    (window,) = child(state).windows or ()
    assert (window.start, window.end, window.days, window.services) == (1035, 1125, frozenset({2}), ("youtube",))
    assert visitor.post("/week/minh/move", {"index": "9", "day": ["2"], "from": "1", "to": "2"}).status_code == 422


def test_who_changed_it_meanwhile_is_shown(visitor: Browser, state: Path) -> None:
    revision = str(read_stored(state)[1])
    weeks.add_window(state, Who("bố Tuấn", "web"), "minh", weeks.window_of("off", None, "12:00", "13:00"))
    answer = visitor.post("/week/minh/window", {**BEDTIME, "seen": revision})
    assert answer.status_code == 409 and "bố Tuấn" in answer.text and len(child(state).windows or ()) == 1
    visitor.post("/week/minh/window", {**BEDTIME, "seen": revision, "anyway": "1"})
    assert len(child(state).windows or ()) == 2


def test_special_days_are_added_and_removed(visitor: Browser, state: Path) -> None:
    first = date.today() + timedelta(days=20)
    fields = {"name": "Thi học kỳ I", "first": first.isoformat(), "last": (first + timedelta(days=5)).isoformat()}
    assert (
        visitor.post("/week/minh/special", {**fields, "kind": "bedtime", "from": "22h", "to": "6"}).status_code == 303
    )
    (exception,) = child(state).exceptions
    assert exception.holiday == "Thi học kỳ I" and [(w.start, w.end) for w in exception.windows] == [(1320, 1800)]
    assert [h.name for h in load(state).holidays] == ["Thi học kỳ I"]
    assert "Thi học kỳ I" in visitor.get("/week/minh").text
    monday = first - timedelta(days=first.weekday())
    assert "Thi học kỳ I" in visitor.get(f"/week/minh?first={monday}").text.split('id="grid"')[1].split("</section>")[0]
    visitor.post("/week/minh/special", {"first": first.isoformat(), "kind": "off"})
    assert [e.on for e in child(state).exceptions] == [first, None]
    for _ in range(2):
        visitor.post("/week/minh/special/remove", {"number": "0"})
    assert child(state).exceptions == () and load(state).holidays == ()


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"first": ""}, "choose a date"),
        ({"first": "2027-13-40"}, "choose a date"),
        ({"last": "2027-02-01"}, "after the first"),
        ({"last": "2027-06-10"}, "after the first"),
        ({"last": "2027-02-11", "name": ""}, "need a name"),
        ({"name": "x" * 61}, "need a name"),
    ],
)
def test_special_days_that_do_not_fit(visitor: Browser, state: Path, fields: dict[str, str], said: str) -> None:
    given = {"name": "Tết", "first": "2027-02-10", "last": "2027-02-11", "kind": "free", **fields}
    answer = visitor.post("/week/minh/special?lang=en", given)
    assert answer.status_code == 422 and said in answer.text and child(state).exceptions == ()


def test_a_stretch_has_at_most_120_days(visitor: Browser, state: Path) -> None:
    given = {"name": "Hè", "first": "2027-02-10", "last": "2027-06-09", "kind": "weekend"}
    assert visitor.post("/week/minh/special", given).status_code == 303
    assert len(child(state).exceptions) == 1


def test_tomorrow_is_off_in_one_tap(visitor: Browser, state: Path) -> None:
    answer = visitor.post("/week/lan/tomorrow", headers={"HX-Request": "true"})
    assert answer.status_code == 200 and len(child(state, "lan").exceptions) == 1


def test_a_teacher_reaches_the_own_rooms_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FILTERD_RUN", str(tmp_path / "run"))
    state = made(tmp_path / "state", role="teacher", ranges=("may-lan",))
    browser = logged_in(state)
    assert browser.post("/week/lan/window", BEDTIME).status_code == 303
    before = load(state)
    for path in ("window", "move", "tomorrow", "special", "special/remove", "copy"):
        assert browser.post(f"/week/minh/{path}", {**BEDTIME, "number": "0", "index": "0"}).status_code == 403
    for path in ("window", "special", "copy"):
        assert browser.get(f"/week/minh/{path}").status_code == 403
    assert load(state) == before and "data-can" not in browser.get("/week/minh").text


def test_a_viewer_sees_and_changes_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FILTERD_RUN", str(tmp_path / "run"))
    browser = logged_in(made(tmp_path / "state", role="viewer"))
    page = browser.get("/week/lan").text
    assert "data-can" not in page and not re.search(r"<form|data-window", page.split("<main")[1].split("</main>")[0])
    assert browser.post("/week/lan/window", BEDTIME).status_code == 403


def test_nobody_has_no_week(visitor: Browser) -> None:
    for path in ("nobody", "nobody/window", "nobody/say", "nobody/special", "nobody/copy"):
        assert visitor.get(f"/week/{path}").status_code == 404
    assert visitor.get("/week/lan?first=9999-12-31").status_code == 200
    assert visitor.get("/week/lan?first=x").status_code == 200


def test_a_week_is_copied_and_taken_back(visitor: Browser, state: Path) -> None:
    assert "Copy a week" in visitor.get("/week/minh?lang=en").text
    choice = visitor.get("/week/minh/copy?lang=en").text
    assert "Every day, 21:30 to 6:00 the next day: off." in choice and 'value="lan"' in choice
    visitor.post("/week/minh/window", {**BEDTIME, "from": "20:00"})
    special = {"first": (date.today() + timedelta(days=3)).isoformat(), "kind": "off"}
    visitor.post("/week/minh/special", special)
    before = child(state)
    answer = visitor.post("/week/minh/copy", {"source": "lan"})
    assert answer.location == "/week/minh"
    assert child(state).windows == child(state, "lan").windows and child(state).exceptions == before.exceptions
    toast = visitor.get("/week/minh").text.split('id="toast"')[1]
    visitor.post("/undo", {"number": toast.split('name="number" value="')[1].split('"')[0]})
    assert child(state).windows == before.windows


@pytest.mark.parametrize(("source", "status"), [("nobody", 404), ("", 404), ("minh", 422)])
def test_a_week_that_cannot_be_copied(visitor: Browser, state: Path, source: str, status: int) -> None:
    before = load(state)
    assert visitor.post("/week/minh/copy", {"source": source}).status_code == status and load(state) == before


def test_the_form_of_a_drawn_place_has_both_times(visitor: Browser) -> None:
    form = visitor.get("/week/minh/window?day=2&from=17:00&to=18:45").text
    assert 'value="17:00"' in form and 'value="18:45"' in form and "data-handles" not in form
    assert 'data-handles="w0"' in visitor.get("/week/lan/window?index=0").text
