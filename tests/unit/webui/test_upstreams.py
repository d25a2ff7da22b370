"""The way out: what is shown, what a trial says, and why one was not added; without a worker and with what it would say."""

from __future__ import annotations

from pathlib import Path

import pytest

from filterd.control import upstreams
from filterd.control.household import load
from filterd.control.upstreams import OPERATOR, One, Trial, Upstreams
from filterd.model.change import Who
from tests.unit.webui.client import Browser, logged_in, made

PATH = "/system/upstreams/"


def test_without_a_worker_it_says_so(visitor: Browser) -> None:
    assert "nobody can say which" in visitor.get(f"{PATH}?lang=en").text


def test_how_each_does_is_shown_in_words(visitor: Browser, monkeypatch: pytest.MonkeyPatch) -> None:
    ones = (One("udp://192.0.2.1", True, 12.4), One("udp://192.0.2.2", False), One("udp://192.0.2.3", True, 0.0, True))
    monkeypatch.setattr(upstreams, "look", lambda _state: Upstreams(OPERATOR, ones, ()))
    seen = visitor.get(f"{PATH}?lang=en").text
    assert all(text in seen for text in ("about 12 ms", "Does not answer", "Leads back to this box", "filterd.yaml"))


def test_one_that_answers_is_tried_and_added(visitor: Browser, state: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(upstreams, "_tried", lambda _state, _one: Trial(12.4))
    assert "answers in 12 ms" in visitor.post(f"{PATH}test?lang=en", {"url": "192.0.2.1"}, follow_redirects=True).text
    assert visitor.post(f"{PATH}add", {"url": "192.0.2.1"}).status_code == 303
    assert load(state).upstreams == ("udp://192.0.2.1",)
    visitor.post(f"{PATH}add", {"url": "tcp://192.0.2.2"})
    visitor.post(f"{PATH}move", {"url": "tcp://192.0.2.2", "to": "0"})
    assert load(state).upstreams == ("tcp://192.0.2.2", "udp://192.0.2.1")
    visitor.post(f"{PATH}remove", {"url": "udp://192.0.2.1"})
    visitor.post(f"{PATH}defaults", {})
    assert load(state).upstreams == ()


@pytest.mark.parametrize(
    ("url", "text"),
    [("tls://192.0.2.1", "they come later"), ("<b>x</b>", "Write an address"), ("192.0.2.1", "It was not added")],
)
def test_why_one_was_not_added_is_said(visitor: Browser, state: Path, url: str, text: str) -> None:
    answer = visitor.post(f"{PATH}add?lang=en", {"url": url})
    assert answer.status_code == 422 and text in answer.text and "<b>x</b>" not in answer.text
    assert load(state).upstreams == ()


def test_the_settings_of_the_household_do_not_reach_them(state: Path) -> None:
    from filterd.control.profiles import patch_household
    from filterd.errors import ConfigError

    with pytest.raises(ConfigError, match="filterd upstream"):
        patch_household(state, Who("mẹ", "api"), {"upstreams": ["udp://192.0.2.1"]})


def test_a_parent_does_not_take_back_what_only_an_admin_may_change(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FILTERD_RUN", str(tmp_path / "run"))
    monkeypatch.setattr(upstreams, "_tried", lambda _state, _one: Trial(12.4))
    state = made(tmp_path / "state", role="parent")
    done = upstreams.add(state, Who("quản trị", "web"), "udp://192.0.2.1")
    assert done.change is not None
    parent, admin = logged_in(state), logged_in(state, "quan-tri")
    number = done.change.number
    assert parent.post("/undo", {"number": str(number)}).status_code == 403
    assert parent.post(f"/system/history/{number}/revert").status_code == 403
    assert load(state).upstreams == ("udp://192.0.2.1",)
    assert admin.post(f"/system/history/{number}/revert").status_code == 303
    assert load(state).upstreams == ()
