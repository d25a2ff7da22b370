"""What a child's device may know: by its address, its own rules and requests, never a name of a closed site."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from filterd.control import child, moves, requests
from filterd.control.devices import add_device
from filterd.control.household import ensure
from filterd.control.lists import ensure_bundle
from filterd.control.moves import Whom
from filterd.control.publish import publish_bundle
from filterd.errors import ConfigError
from filterd.model.change import Who
from filterd.model.household import Scope

LAN, MINH, GUEST = "127.0.0.11", "127.0.0.12", "192.168.1.99"
ZONE = ZoneInfo("Asia/Ho_Chi_Minh")
EVENING = datetime(2026, 11, 24, 20, 0, tzinfo=ZONE).timestamp()  # a Tuesday
NIGHT = datetime(2026, 11, 25, 2, 0, tzinfo=ZONE).timestamp()


@pytest.fixture
def state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("FILTERD_RUN", str(tmp_path / "run"))
    ensure(tmp_path / "state")
    return tmp_path / "state"


@pytest.fixture
def published(state: Path) -> Path:
    publish_bundle(state, ensure_bundle(state))
    return state


def test_a_device_is_its_childs(state: Path) -> None:
    seen = child.look(state, LAN, EVENING)
    assert (seen.name, seen.device, seen.preset, seen.is_known) == ("Lan", "may-lan", "age-10-13", True)
    assert seen.now.kind == "on" and seen.now.end == EVENING + 90 * 60
    assert seen.then is not None and seen.then.kind == "off"
    assert child.look(state, f"::ffff:{LAN}", EVENING).name == "Lan"


def test_a_range_and_nobodys_device(state: Path) -> None:
    add_device(state, Who("bố"), "Phòng", "tuan", range="192.168.1.0/28")
    assert child.look(state, "192.168.1.7", EVENING).profile == "tuan"
    guest = child.look(state, GUEST, EVENING)
    assert (guest.profile, guest.name, guest.is_known, guest.requests) == ("minh", "", False, ())


@pytest.mark.parametrize("address", ["", "nowhere", "192.168.1"])
def test_what_is_no_address(state: Path, address: str) -> None:
    with pytest.raises(ConfigError, match="IP address"):
        child.look(state, address)


def test_the_day_is_whole_and_begins_at_six(state: Path) -> None:
    for at, day in ((EVENING, 24), (NIGHT, 24)):
        seen = child.look(state, LAN, at)
        assert datetime.fromtimestamp(seen.day_start, ZONE).day == day
        assert seen.day[0].start == seen.day_start and seen.day[-1].end == seen.day_start + 86_400
        assert all(a.end == b.start for a, b in zip(seen.day, seen.day[1:], strict=False))
        assert [p.kind for p in seen.day] == ["on", "off"]


def test_own_requests_alone_and_how_many_are_left(state: Path) -> None:
    made = child.ask_for(state, LAN, Scope.SERVICE, "tiktok", "bài tập", EVENING)
    assert (made.profile, made.device) == ("lan", "may-lan")
    seen = child.look(state, LAN, EVENING + 1)
    assert [r.id for r in seen.requests] == [made.id] and seen.asks_left == requests.MAX_HOURLY - 1
    assert child.look(state, MINH, EVENING + 1).requests == ()
    requests.answer(state, Who("mẹ"), made.id, False, note="Mai nhé", now=EVENING + 2)
    assert child.look(state, LAN, EVENING + 3).requests[0].note == "Mai nhé"
    assert child.look(state, LAN, EVENING + child.LATELY_S + 1).requests == ()


def test_the_most_in_an_hour(state: Path) -> None:
    for count in range(requests.MAX_HOURLY):
        child.ask_for(state, LAN, Scope.NAME, f"a{count}.example.org", now=EVENING + count)
    assert child.look(state, LAN, EVENING + 60).asks_left == 0
    with pytest.raises(child.TooMany):
        child.ask_for(state, LAN, Scope.TIME, now=EVENING + 60)
    assert child.ask_for(state, LAN, Scope.TIME, now=EVENING + 3600).scope == "time"


def test_who_may_not_ask_for_what(state: Path) -> None:
    with pytest.raises(child.NotKnown):
        child.ask_for(state, GUEST, Scope.TIME, now=EVENING)
    for scope, value in ((Scope.FILTER, ""), (Scope.CATEGORY, "adult"), (Scope.NAME, "no name"), (Scope.SERVICE, "x")):
        with pytest.raises(ConfigError):
            child.ask_for(state, LAN, scope, value, now=EVENING)
    assert requests.requests(state) == []


def test_why_a_name_is_closed(published: Path) -> None:
    assert child.why_closed(published, LAN, "www.example.org", EVENING).kind == "open"
    tiktok = child.why_closed(published, LAN, "www.tiktok.com", EVENING)
    assert (tiktok.kind, tiktok.service) == ("age", "tiktok")
    night = child.why_closed(published, LAN, "www.example.org", NIGHT)
    assert night.kind == "hours" and night.until is not None
    moves.off(published, Who("mẹ"), Whom(profile="lan"), now=EVENING)
    assert child.why_closed(published, LAN, "www.example.org", EVENING + 1).kind == "off"
    with pytest.raises(ConfigError):
        child.why_closed(published, LAN, "a b", EVENING)


@pytest.mark.parametrize(("category", "kind"), [("abuse", "abuse"), ("grooming", "abuse"), ("scam", "scam")])
def test_of_harm_no_more_than_that_help_comes_first(
    published: Path, monkeypatch: pytest.MonkeyPatch, category: str, kind: str
) -> None:
    from filterd.control import ask

    found = ask.ask(published, name="www.tiktok.com", device=LAN, now=EVENING)
    monkeypatch.setattr(ask, "ask", lambda *_, **__: replace(found, category=category))
    closed = child.why_closed(published, LAN, "www.tiktok.com", EVENING)
    assert closed.kind == kind and (kind == "scam" or (closed.category, closed.service) == ("", ""))
