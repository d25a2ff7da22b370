"""The outlook of hand-made households: what is on, until when, what then, and what 15 minutes more would do."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from filterd.control import moves
from filterd.control.household import import_household, open_store
from filterd.control.moves import Whom
from filterd.control.now import extra, morning, outlook, plus, strip, strips
from filterd.control.publish import publish_bundle
from filterd.control.requests import ask
from filterd.errors import ConfigError, Conflict
from filterd.model.change import Who
from filterd.model.household import Scope
from filterd.model.now import Extra, ProfileNow
from filterd.policy.budget import key_of, midnight_after
from filterd.store.household import SpentRow
from tests.unit.control.family import row
from tests.unit.control.policy_state import build_bundle

BERLIN = ZoneInfo("Europe/Berlin")
MUM = Who("Hạnh", "web")
LAN, MINH, NA = Whom(profile="lan"), Whom(profile="minh"), Whom(profile="na")
HOUSEHOLD = """\
version: 1
timezone: Europe/Berlin
language: vi
profiles:
  - id: lan
    name: Lan
    windows:
      - {name: Giờ ngủ, from: "21:30", to: "06:00", effect: offline}
      - {name: Giờ học, days: [mon, tue, wed, thu, fri], from: "16:00", to: "17:30", effect: only, names: [school.example]}
      - {name: Bữa tối, from: "18:30", to: "19:00", effect: offline}
  - id: minh
    name: Minh
    windows:
      - {name: Video, from: "17:00", to: "20:00", effect: permit, services: [tiktok]}
      - {name: Giờ ngủ, from: "21:00", to: "06:30", effect: offline}
    budgets:
      - {services: [tiktok], minutes: 30}
  - {id: na, name: Bé Na}
  - {id: me, name: Hạnh, preset: adult}
devices:
  - {id: phone, name: Điện thoại, profile: lan, ip: 192.0.2.10}
  - {id: pad, name: Máy tính bảng, profile: lan, ip: 192.0.2.11}
  - {id: tv, name: Ti vi, profile: minh, ip: 192.0.2.12}
  - {id: toy, name: Đồ chơi, profile: na, ip: 192.0.2.13}
"""


def at(text: str) -> float:
    """POSIX seconds of wall-clock time in the household's zone; a bare time is on Tuesday, 2026-11-24."""
    text = text if " " in text else f"2026-11-24 {text}"
    return datetime.fromisoformat(text).replace(tzinfo=BERLIN).timestamp()


@pytest.fixture
def state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("FILTERD_RUN", str(tmp_path / "run"))
    (tmp_path / "run").mkdir()
    folder = tmp_path / "state"
    publish_bundle(folder, build_bundle(folder))
    import_household(folder, HOUSEHOLD.encode(), "h.yaml", at("2026-11-20 08:00"))
    return folder


def of(state: Path, profile: str, now: float) -> ProfileNow:
    return outlook(state, now).of(profile)


def said(one: ProfileNow) -> tuple[str, str, str | None, str | None, str | None]:
    """Kind, reason, until, the kind after that, and until when that holds."""
    then = one.then
    return one.kind, one.reason, _text(one.until), then.kind if then else None, _text(then.end) if then else None


def _text(moment: float | None) -> str | None:
    return None if moment is None else f"{datetime.fromtimestamp(moment, BERLIN):%d %H:%M}"


# -- windows


@pytest.mark.parametrize(
    ("now", "expected"),
    [
        ("12:00", ("on", "", "24 16:00", "only", "24 17:30")),
        ("16:00", ("only", "window", "24 17:30", "on", "24 18:30")),
        ("17:29", ("only", "window", "24 17:30", "on", "24 18:30")),
        ("17:30", ("on", "", "24 18:30", "off", "24 19:00")),
        ("18:45", ("off", "window", "24 19:00", "on", "24 21:30")),
        ("19:00", ("on", "", "24 21:30", "off", "25 06:00")),
        ("23:59", ("off", "window", "25 06:00", "on", "25 16:00")),
        ("2026-11-25 00:30", ("off", "window", "25 06:00", "on", "25 16:00")),
        ("2026-11-28 12:00", ("on", "", "28 18:30", "off", "28 19:00")),  # Saturday: no lessons
    ],
)
def test_several_windows_a_day_and_one_over_midnight(
    state: Path, now: str, expected: tuple[str, str, str, str, str]
) -> None:
    assert said(of(state, "lan", at(now))) == expected


def test_since_when_and_by_which_window(state: Path) -> None:
    night = of(state, "lan", at("2026-11-25 03:00"))
    assert (night.rule, _text(night.since), night.by) == ("Giờ ngủ", "24 21:30", "")
    study = of(state, "lan", at("16:30"))
    assert (study.rule, _text(study.since)) == ("Giờ học", "24 16:00")


def test_hours_of_one_service_leave_the_internet_on(state: Path) -> None:
    assert said(of(state, "minh", at("18:00"))) == ("on", "", "24 21:00", "off", "25 06:30")


def test_a_profile_without_rules_is_on_with_no_end(state: Path) -> None:
    one = of(state, "na", at("12:00"))
    assert said(one) == ("on", "", None, None, None) and one.since is None and one.switchable
    assert one.extra(15) == Extra(15, "nothing", None)
    assert not of(state, "me", at("12:00")).switchable


def test_windows_that_touch_are_one_stretch_of_off(state: Path) -> None:
    moves.off(state, MUM, LAN, until=at("22:00"), now=at("20:00"))
    one = of(state, "lan", at("20:30"))
    assert said(one) == ("off", "off", "25 06:00", "on", "25 16:00")  # bedtime takes over while it is off
    later = of(state, "lan", at("22:00"))
    assert (later.reason, _text(later.since)) == ("window", "24 22:00")


@pytest.mark.parametrize(
    ("day", "hours"), [("2027-03-27", 7.5), ("2026-10-24", 9.5), ("2026-11-24", 8.5)], ids=["ahead", "back", "plain"]
)
def test_a_night_of_the_clock_change_is_as_long_as_it_is(state: Path, day: str, hours: float) -> None:
    import_household(state, HOUSEHOLD.encode(), "h.yaml", at(f"{day} 08:00"))
    one = of(state, "lan", at(f"{day} 23:00"))
    assert one.until is not None and one.since is not None
    assert one.until - one.since == hours * 3600
    assert f"{datetime.fromtimestamp(one.until, BERLIN):%H:%M}" == "06:00"


def test_exceptions_and_a_free_day(state: Path) -> None:
    moves.tomorrow_off(state, MUM, "lan", date(2026, 11, 25))
    one = of(state, "lan", at("2026-11-25 05:00"))
    assert said(one) == ("off", "window", "25 06:00", "on", "26 16:00")  # the night of the 24th still counts
    assert said(of(state, "lan", at("2026-11-25 22:00"))) == ("on", "", "26 16:00", "only", "26 17:30")


# -- off, on, pause, more time


def test_off_with_and_without_an_end(state: Path) -> None:
    moves.off(state, MUM, LAN, minutes=30, now=at("19:40"))
    one = of(state, "lan", at("19:50"))
    assert said(one) == ("off", "off", "24 20:10", "on", "24 21:30")
    assert (one.by, one.rule, _text(one.since)) == ("Hạnh", "profile", "24 19:40")
    moves.off(state, MUM, Whom(everyone=True), now=at("20:00"))
    for ident in ("lan", "minh", "na", "me"):
        assert said(of(state, ident, at("20:05"))) == ("off", "off", None, None, None)
    moves.on(state, MUM, Whom(everyone=True), now=at("20:06"))
    assert of(state, "na", at("20:07")).kind == "on"


def test_an_off_longer_than_one_looks_ahead_still_has_its_end(state: Path) -> None:
    text = HOUSEHOLD + (
        'internet_off:\n  - {profile: na, from: "2026-11-24T10:00:00+01:00", until: "2027-02-01T10:00:00+01:00"}\n'
    )
    import_household(state, text.encode(), "h.yaml", at("10:00"))
    one = of(state, "na", at("12:00"))
    assert one.kind == "off" and one.until == at("2027-02-01 10:00")


def test_a_pause_of_the_filter_is_its_own_state(state: Path) -> None:
    moves.pause(state, MUM, LAN, 45, now=at("21:10"))
    one = of(state, "lan", at("21:40"))
    assert said(one) == ("paused", "grant", "24 21:55", "off", "25 06:00")
    assert (one.by, one.paused_until, one.bonus_until) == ("Hạnh", at("21:55"), None)


def test_more_time_in_a_window_is_on_by_a_grant(state: Path) -> None:
    moves.bonus(state, MUM, LAN, 30, now=at("22:00"))
    one = of(state, "lan", at("22:10"))
    assert said(one) == ("on", "grant", "24 22:30", "off", "25 06:00")
    assert (one.by, one.bonus_by, one.bonus_until) == ("Hạnh", "Hạnh", at("22:30"))


def test_the_last_of_two_grants_is_the_end_of_the_bonus(state: Path) -> None:
    moves.bonus(state, MUM, LAN, 30, now=at("22:00"))
    moves.bonus(state, MUM, LAN, 15, now=at("22:01"))
    one = of(state, "lan", at("22:05"))
    assert one.bonus_until == at("22:30") == one.until


# -- what +15 would do, and does


def _same(state: Path, profile: str, minutes: int, now: float) -> Extra:
    """Promise and deed: give it, and look."""
    promised = (
        of(state, profile, now).extra(minutes) if minutes in (15, 30, 60) else extra(state, profile, minutes, now)
    )
    assert plus(state, MUM, profile, minutes, now=now).change is not None
    after = of(state, profile, now)
    assert after.kind == "on" and after.until == promised.until
    return promised


def test_fifteen_more_while_on_moves_the_next_off(state: Path) -> None:
    promised = _same(state, "lan", 15, at("20:00"))
    assert promised == Extra(15, "moves", at("21:45"))
    assert [row(state, "www.example.org", "phone", at(t)) for t in ("21:44", "21:45")] == [
        "allow default",
        "block window",
    ]
    assert _same(state, "lan", 30, at("21:40")) == Extra(30, "moves", at("22:15"))  # and once more


def test_fifteen_more_while_off_opens_and_closes_by_itself(state: Path) -> None:
    assert _same(state, "lan", 15, at("22:00")) == Extra(15, "opens", at("22:15"))
    moves.off(state, MUM, NA, now=at("12:00"))
    assert _same(state, "na", 30, at("12:10")) == Extra(30, "opens", at("12:40"))
    assert of(state, "na", at("12:40")).kind == "off"


def test_a_window_that_ends_meanwhile_leaves_it_on(state: Path) -> None:
    assert _same(state, "lan", 15, at("18:50")) == Extra(15, "opens", at("21:30"))
    assert _same(state, "lan", 45, at("17:00")) == Extra(45, "opens", at("18:30"))  # lessons: only some sites


def test_more_time_tonight_is_no_more_of_a_budget_now(state: Path) -> None:
    spend(state, at("18:00"))
    assert row(state, "tiktok.example", "tv", at("18:30")) == "block budget"
    assert _same(state, "minh", 15, at("18:30")) == Extra(15, "moves", at("21:15"))
    assert row(state, "tiktok.example", "tv", at("18:31")) == "block budget"
    assert row(state, "www.example.org", "tv", at("21:14")) == "allow default"


def test_off_ends_what_was_added_before_it(state: Path) -> None:
    plus(state, MUM, "lan", 30, now=at("20:00"))
    moves.off(state, MUM, LAN, now=at("20:30"))
    assert [of(state, "lan", at(t)).kind for t in ("20:31", "21:45")] == ["off", "off"]


def test_nothing_is_added_where_no_off_is_near(state: Path) -> None:
    with pytest.raises(ConfigError, match="on for the next day"):
        plus(state, MUM, "na", 15, now=at("12:00"))
    assert extra(state, "na", 15, at("12:00")).act == "nothing"


@pytest.mark.parametrize("minutes", [0, moves.MAX_MINUTES + 1, -5])
def test_minutes_have_bounds(state: Path, minutes: int) -> None:
    for call in (lambda: extra(state, "lan", minutes), lambda: plus(state, MUM, "lan", minutes)):
        with pytest.raises(ConfigError, match="minutes"):
            call()
    assert extra(state, "lan", moves.MAX_MINUTES, at("20:00")).act == "moves"


def test_nobody_is_told_apart(state: Path) -> None:
    for call in (lambda: extra(state, "x", 15), lambda: strip(state, "x"), lambda: plus(state, MUM, "x", 15)):
        with pytest.raises(ConfigError, match="there is no 'x'"):
            call()
    with pytest.raises(KeyError):
        outlook(state).of("x")
    with pytest.raises(KeyError):
        of(state, "lan", at("12:00")).extra(20)


def test_a_change_meanwhile_is_a_conflict_for_windows_only(state: Path) -> None:
    seen = outlook(state, at("20:00")).revision
    moves.off(state, MUM, MINH, now=at("20:00"))
    assert plus(state, MUM, "lan", 15, seen=seen, now=at("20:01")).change is not None  # another thing of the household
    with pytest.raises(Conflict):
        moves.tomorrow_off(state, MUM, "lan", date(2026, 11, 25))
        moves.tomorrow_off(state, MUM, "lan", date(2026, 11, 26), seen=seen)


# -- devices, budgets, requests


def spend(state: Path, moment: float) -> None:
    """Minh's budget is used up on the day of `moment`. A stored row begins with its local day."""
    from filterd.control.household import load, republish

    budget = next(p for p in load(state).profiles if p.id == "minh").budgets[0]
    day = datetime.fromtimestamp(moment, BERLIN).date().toordinal()
    with open_store(state) as store:
        store.set_spent(
            [SpentRow("minh", key_of(budget), day, midnight_after(day - 1, BERLIN), midnight_after(day, BERLIN), 6)]
        )
    republish(state, moment)


def test_budgets_come_along(state: Path) -> None:
    spend(state, at("18:00"))
    one = of(state, "minh", at("18:30"))
    assert one.kind == "on" and [(b.minutes, b.used_up) for b in one.budgets] == [(30, True)]
    assert of(state, "lan", at("18:30")).budgets == ()


def test_a_device_of_its_own(state: Path) -> None:
    moves.off(state, MUM, Whom(device="pad"), minutes=60, now=at("20:00"))
    one = of(state, "lan", at("20:10"))
    assert (one.kind, one.devices, one.devices_differ) == ("on", 2, True)
    (pad,) = one.differ
    assert (pad.id, pad.name, pad.kind, pad.until, pad.reason, pad.by) == (
        "pad", "Máy tính bảng", "off", at("21:00"), "off", "Hạnh",
    )  # fmt: skip
    asleep = of(state, "lan", at("21:40"))
    assert (asleep.kind, asleep.devices_differ) == ("off", False)
    moves.bonus(state, MUM, Whom(device="phone"), 30, now=at("22:00"))
    assert [(d.id, d.kind) for d in of(state, "lan", at("22:10")).differ] == [("phone", "on")]


def test_requests_wait_on_the_same_page(state: Path) -> None:
    asked = ask(state, Who("Lan", "web"), profile="lan", scope=Scope.TIME, reason="bài tập", now=at("20:00"))
    seen = outlook(state, at("20:05"))
    assert [r.id for r in seen.requests] == [asked.id]
    assert (seen.zone, seen.language, seen.at) == ("Europe/Berlin", "vi", at("20:05"))
    assert outlook(state, at("2026-11-25 20:01")).requests == ()  # expired


# -- the strip


def test_the_strip_goes_from_now_to_eight_tomorrow(state: Path) -> None:
    found = strip(state, "lan", at("17:00"))
    assert [(_text(p.start), _text(p.end), p.kind) for p in found] == [
        ("24 17:00", "24 17:30", "only"),
        ("24 17:30", "24 18:30", "on"),
        ("24 18:30", "24 19:00", "off"),
        ("24 19:00", "24 21:30", "on"),
        ("24 21:30", "25 06:00", "off"),
        ("25 06:00", "25 08:00", "on"),
    ]
    assert strips(state, at("17:00"))["lan"] == found
    assert [(p.kind, p.end) for p in strips(state, at("17:00"))["na"]] == [("on", morning(at("17:00"), BERLIN))]


def test_the_strip_of_any_stretch(state: Path) -> None:
    assert [p.kind for p in strip(state, "lan", at("21:00"), at("22:00"))] == ["on", "off"]
    assert strip(state, "lan", at("21:00"), at("21:00")) == ()


def test_the_strip_joins_equal_neighbours_but_not_reasons(state: Path) -> None:
    moves.off(state, MUM, LAN, until=at("22:00"), now=at("20:00"))
    found = strip(state, "lan", at("20:00"), at("23:00"))
    assert [(p.reason, _text(p.end)) for p in found] == [("off", "24 22:00"), ("window", "24 23:00")]


def test_morning_is_eight_also_after_the_clock_changed() -> None:
    for day in ("2026-10-24", "2027-03-27"):
        found = datetime.fromtimestamp(morning(at(f"{day} 20:00"), BERLIN), BERLIN)
        assert (found.hour, found.minute, found.date() > date.fromisoformat(day)) == (8, 0, True)


def test_values_are_values(state: Path) -> None:
    one = of(state, "lan", at("12:00"))
    assert replace(one) == one
