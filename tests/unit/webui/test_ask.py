"""Ask the schedule: the verdict of the filter's own code, for a child and a device, in both languages, and kind errors."""

from __future__ import annotations

from pathlib import Path

import pytest

from filterd.control import week as weeks
from filterd.control.household import republish
from filterd.control.publish import publish_bundle
from filterd.model.change import Who
from tests.unit.control.policy_state import build_bundle
from tests.unit.webui.client import Browser, logged_in, made


def with_lists(state: Path) -> Path:
    """Put a small bundle and the household into force, as `filterd up` does."""
    publish_bundle(state, build_bundle(state))
    republish(state)
    return state


WHEN = {"day": "2026-12-01", "at": "2330"}


@pytest.fixture
def state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("FILTERD_RUN", str(tmp_path / "run"))
    return with_lists(made(tmp_path / "state"))


def test_the_form_is_there_and_asks_nothing(visitor: Browser) -> None:
    page = visitor.get("/ask/?lang=en").text
    assert "The answer comes here" in page and 'value="profile:minh"' in page and 'value="device:may-minh"' in page


@pytest.mark.parametrize("who", ["profile:minh", "device:may-minh"])
def test_a_window_decides_at_its_time_and_not_before(visitor: Browser, state: Path, who: str) -> None:
    weeks.add_window(state, Who("t"), "minh", weeks.window_of("off", None, "21:30", "6:00"))
    night = visitor.get("/ask/", query_string={"who": who, "name": "example.org", "lang": "en", **WHEN}).text
    assert "example.org</bdi>: closed until" in night and "Giờ ngủ" in night
    assert "Step by step" in night and "hours</th><td>Closed" in night
    day = visitor.get(
        "/ask/", query_string={"who": who, "name": "example.org", "lang": "en", "day": "2026-12-01", "at": "15h"}
    ).text
    assert "example.org</bdi>: open" in day


def test_htmx_gets_the_answer_alone(visitor: Browser) -> None:
    answer = visitor.get(
        "/ask/", query_string={"who": "profile:lan", "name": "tiktok.com", **WHEN}, headers={"HX-Request": "true"}
    ).text
    assert answer.lstrip().startswith('<section id="answer"') and "tiktok.com" in answer and "<html" not in answer


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"name": "http://x.example/"}, "no site"),
        ({"name": "<script>"}, "no site"),
        ({"at": "25:00"}, "21:30"),
        ({"at": "soon"}, "21:30"),
        ({"day": "tomorrow"}, "a date"),
        ({"who": "profile:nobody"}, "a device or a child"),
        ({"who": "10.0.0.1"}, "a device or a child"),
    ],
)
def test_what_cannot_be_asked_is_said(visitor: Browser, fields: dict[str, str], said: str) -> None:
    asked = {"who": "profile:lan", "name": "example.org", "lang": "en", **WHEN, **fields}
    answer = visitor.get("/ask/", query_string=asked)
    assert (
        answer.status_code == 200 and said in answer.text and "<script>" not in answer.text.replace("<script src", "")
    )


def test_a_teacher_asks_for_the_own_rooms_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FILTERD_RUN", str(tmp_path / "run"))
    browser = logged_in(with_lists(made(tmp_path / "state", role="teacher", ranges=("may-lan",))))
    page = browser.get("/ask/?lang=en").text
    assert "device:may-lan" in page and "may-minh" not in page and "profile:" not in page
    asked = {"who": "device:may-minh", "name": "example.org", "lang": "en", **WHEN}
    assert "a device or a child" in browser.get("/ask/", query_string=asked).text


def test_a_box_without_lists_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FILTERD_RUN", str(tmp_path / "run"))
    browser = logged_in(made(tmp_path / "state"))
    asked = {"who": "profile:lan", "name": "example.org", "lang": "en", **WHEN}
    assert "No list is in force" in browser.get("/ask/", query_string=asked).text
