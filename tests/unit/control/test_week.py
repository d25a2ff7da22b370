"""The week: where windows stand, how they read in both languages, and that a change of one changes that one."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from filterd.control import moves
from filterd.control.household import import_household
from filterd.control.publish import publish_bundle
from filterd.control.week import Week, add_window, change_window, notices, remove_window, say, week, window_of
from filterd.errors import ConfigError, Conflict
from filterd.model.change import Who
from filterd.model.household import Effect, Window
from filterd.policy.say import day_set, when
from tests.unit.control.family import profile, row
from tests.unit.control.policy_state import build_bundle

HERE = ZoneInfo("Asia/Ho_Chi_Minh")
MUM = Who("Hạnh", "web")
MONDAY = date(2026, 11, 23)
HOUSEHOLD = """\
version: 1
timezone: Asia/Ho_Chi_Minh
language: vi
holidays:
  - {name: Tết, from: 2027-02-05, to: 2027-02-10}
profiles:
  - id: lan
    name: Lan
    windows:
      - {name: Giờ ngủ, days: [sun, mon, tue, wed, thu], from: "21:00", to: "06:00", effect: offline}
      - {name: Giờ ngủ cuối tuần, days: [sat], from: "21:30", to: "07:30", effect: offline}
      - {name: Giờ học, days: [mon, wed, fri], from: "19:00", to: "20:30", effect: only, names: [school.example]}
      - {name: TikTok, from: "17:00", to: "20:00", effect: permit, services: [tiktok]}
    exceptions:
      - {holiday: Tết, windows: [{name: Ngủ muộn, from: "23:00", to: "07:00", effect: offline}]}
  - {id: na, name: Bé Na}
devices:
  - {id: pad, name: Máy Lan, profile: lan, ip: 192.0.2.10}
"""


def at(text: str) -> float:
    return datetime.fromisoformat(text).replace(tzinfo=HERE).timestamp()


NOW = at("2026-11-24 22:15")  # a Tuesday


@pytest.fixture
def state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("FILTERD_RUN", str(tmp_path / "run"))
    (tmp_path / "run").mkdir()
    folder = tmp_path / "state"
    publish_bundle(folder, build_bundle(folder))
    import_household(folder, HOUSEHOLD.encode(), "h.yaml", at("2026-11-20 08:00"))
    return folder


def places(found: Week, ident: str) -> list[tuple[int, int, int, bool]]:
    """Column, start and end as hours after the grid's first, tail."""
    return [(b.column, b.start, b.end, b.tail) for b in found.blocks if b.id == ident]


# -- the grid


def test_a_night_is_one_block_and_a_late_end_is_a_tail(state: Path) -> None:
    found = week(state, "lan", now=NOW)
    assert (found.first, found.start_hour, found.zone, found.name) == (MONDAY, 6, "Asia/Ho_Chi_Minh", "Lan")
    # Sunday's night of the week before ends at 6:00, so it leaves nothing in Monday's column
    assert places(found, "w0") == [(c, 900, 1440, False) for c in (0, 1, 2, 3, 6)]
    assert places(found, "w1") == [(5, 930, 1440, False), (6, 0, 90, True)]
    assert places(found, "w2") == [(c, 780, 870, False) for c in (0, 2, 4)]
    assert {(b.kind, b.services) for b in found.blocks if b.id == "w3"} == {("permit", ("tiktok",))}


def test_the_tail_of_the_week_before_is_there(state: Path) -> None:
    found = week(state, "lan", date(2026, 11, 29), NOW)
    assert places(found, "w1")[0] == (0, 0, 90, True)  # Saturday's night, seen from Sunday


def test_the_grid_starts_where_fewest_windows_cross(state: Path) -> None:
    for day in range(2):
        add_window(state, MUM, "na", window_of("off", {day}, "22:00", "7:00"))
    assert week(state, "na", now=NOW).start_hour == 7
    early = window_of("off", {2}, "4:30", "6:30")
    add_window(state, MUM, "na", early)
    found = week(state, "na", now=NOW)
    assert found.start_hour == 7 and places(found, "w2") == [
        (1, 1290, 1410, False)
    ]  # Wednesday 4:30 is Tuesday's night


def test_what_holds_now_and_where_now_is(state: Path) -> None:
    found = week(state, "lan", now=NOW)
    assert found.in_force == ("w0",) and found.now == (1, 16 * 60 + 15)
    assert [b.column for b in found.blocks if b.in_force] == [1]
    after_midnight = week(state, "lan", now=at("2026-11-29 05:00"))
    assert after_midnight.in_force == ("w1",) and after_midnight.now == (5, 23 * 60)
    assert [(b.column, b.tail) for b in after_midnight.blocks if b.in_force] == [(5, False), (6, True)]
    assert week(state, "lan", date(2026, 12, 7), NOW).now is None


def test_a_free_day_and_a_holiday(state: Path) -> None:
    moves.tomorrow_off(state, MUM, "lan", date(2026, 11, 25))
    found = week(state, "lan", now=NOW)
    assert [d.free for d in found.days] == [False, False, True, False, False, False, False]
    assert not [b for b in found.blocks if b.day == date(2026, 11, 25)]
    assert [s.text("vi", MONDAY) for s in found.specials] == [
        "Thứ Tư 25/11: lịch tuần được nghỉ.",
        "Tết (thứ Sáu 5/2/2027 đến thứ Tư 10/2/2027): lịch riêng.",
    ]
    feast = week(state, "lan", date(2027, 2, 8), NOW)
    assert [d.holiday for d in feast.days] == ["Tết", "Tết", "Tết", "", "", "", ""]
    assert {b.id for b in feast.blocks if b.column < 3} == {"x1.0"}
    assert all(b.index is None for b in feast.blocks if b.id == "x1.0")
    assert week(state, "lan", now=at("2027-02-11 12:00")).specials == ()


def test_nobody_has_no_week(state: Path) -> None:
    assert week(state, "na", now=NOW).blocks == ()
    with pytest.raises(ConfigError, match="there is no 'x'"):
        week(state, "x")


# -- words


def test_every_window_in_a_sentence(state: Path) -> None:
    found = week(state, "lan", now=NOW)
    assert [s.text for s in found.sentences()] == [
        "Chủ nhật đến thứ Năm, 21:00 đến 6:00 hôm sau: tắt mạng.",
        "Thứ Bảy 21:30 đến Chủ nhật 7:30: tắt mạng.",
        "Thứ Hai, thứ Tư và thứ Sáu: chỉ school.example, từ 19:00 đến 20:30.",
        "Mọi ngày: cho phép TikTok từ 17:00 đến 20:00.",
    ]
    assert [s.text for s in found.sentences("en")] == [
        "Sunday to Thursday, 21:00 to 6:00 the next day: off.",
        "Saturday 21:30 to Sunday 7:30: off.",
        "Monday, Wednesday and Friday: only school.example, 19:00 to 20:30.",
        "Every day: TikTok allowed 17:00 to 20:00.",
    ]
    assert [s.note for s in found.sentences()] == ["", "", "", "Ngoài giờ đó: đóng."]
    assert [s.length for s in found.sentences()][:3] == [
        "Mỗi đêm 9 giờ.", "Mỗi đêm 10 giờ.", "Mỗi lần 1 giờ 30 phút.",
    ]  # fmt: skip
    assert found.sentences("en")[0].length == "9 hours each night."


@pytest.mark.parametrize(
    ("days", "vi", "en"),
    [
        (None, "mọi ngày", "every day"),
        (range(7), "mọi ngày", "every day"),
        ({0, 1, 2, 3}, "thứ Hai đến thứ Năm", "Monday to Thursday"),
        ({5, 6}, "thứ Bảy và Chủ nhật", "Saturday and Sunday"),
        ({6, 0, 1, 2, 3}, "Chủ nhật đến thứ Năm", "Sunday to Thursday"),
        ({0, 1, 2, 5}, "thứ Hai đến thứ Tư và thứ Bảy", "Monday to Wednesday and Saturday"),
        ({0, 6}, "thứ Hai và Chủ nhật", "Monday and Sunday"),
        ({5, 6, 0, 3}, "thứ Bảy đến thứ Hai và thứ Năm", "Saturday to Monday and Thursday"),
        ({4}, "thứ Sáu", "Friday"),
        ({4, 5, 6}, "thứ Sáu đến Chủ nhật", "Friday to Sunday"),
    ],
)
def test_days_are_folded(days: Any, vi: str, en: str) -> None:
    assert (day_set(days, "vi"), day_set(days, "en")) == (vi, en)


@pytest.mark.parametrize(
    ("window", "text"),
    [
        (window_of("off", {6}, "0:00", "24:00"), "Chủ nhật, cả ngày: tắt mạng."),
        (window_of("off", None, "19:00", "24:00"), "Mọi ngày, 19:00 đến 0:00: tắt mạng."),
        (window_of("permit", {5}, "23:00", "1:00", services=["tiktok"]), "Thứ Bảy 23:00 đến Chủ nhật 1:00: cho phép TikTok."),
        (window_of("only", {6}, "8:00", "9:00", names=["a.example", "b.example", "c.example", "d.example"]),
         "Chủ nhật: chỉ 4 trang, từ 8:00 đến 9:00."),
    ],
)  # fmt: skip
def test_the_sentence_of_a_window_that_is_being_drawn(window: Window, text: str) -> None:
    assert say(window, "vi").text == text


def test_moments_as_people_say_them() -> None:
    said = [when(at(f"2026-{day} 06:00"), NOW, HERE, "vi") for day in ("11-24", "11-25", "11-23", "11-28")]
    assert said == ["6:00", "6:00 ngày mai", "6:00 hôm qua", "6:00 thứ Bảy, 28/11"]
    assert when(at("2027-01-02 21:05"), NOW, HERE, "en") == "21:05 on Saturday, 2 Jan 2027"


# -- the form


@pytest.mark.parametrize(
    ("call", "field"),
    [
        (lambda: window_of("gone", None, "1:00", "2:00"), "kind"),
        (lambda: window_of("off", [], "1:00", "2:00"), "days"),
        (lambda: window_of("off", {7}, "1:00", "2:00"), "days"),
        (lambda: window_of("off", None, "21:30", "21:30"), "to: the end is the same"),
        (lambda: window_of("off", None, "24:00", "1:00"), "from"),
        (lambda: window_of("off", None, "1:00", "24:01"), "to"),
        (lambda: window_of("off", None, "1:60", "2:00"), "from"),
        (lambda: window_of("off", None, "", "2:00"), "from"),
        (lambda: window_of("off", None, "1:00", "2:00", services=["tiktok"]), "kind"),
        (lambda: window_of("permit", None, "1:00", "2:00"), "services"),
        (lambda: window_of("permit", None, "1:00", "2:00", services=["tiktok"], names=["a.example"]), "services"),
        (lambda: window_of("only", None, "1:00", "2:00"), "names"),
        (lambda: window_of("only", None, "1:00", "2:00", names=["not a name"]), "names"),
        (lambda: window_of("off", None, "1:00", "2:00", name="x" * 81), "name"),
        (lambda: window_of("off", None, "1:00", "2:00", name="a\nb"), "name"),
    ],
)
def test_a_form_is_refused_with_its_field(call: Callable[[], Window], field: str) -> None:
    with pytest.raises(ConfigError, match=field):
        call()


def test_a_form_is_a_window() -> None:
    assert window_of("off", range(7), "21:30", "6:00") == Window("", Effect.OFFLINE, 1290, 1800)
    assert window_of("off", {5}, 1290, 360).end == 1800
    assert window_of("off", None, "0:00", "24:00").end == 1440


def test_an_overlap_is_said(state: Path) -> None:
    windows = week(state, "lan", now=NOW).windows
    text = "Trùng với “Giờ ngủ”. Phần chặt hơn sẽ được dùng."
    assert notices(windows, window_of("off", {2}, "20:45", "21:15"), "vi") == (text,)
    assert notices(windows, window_of("off", {3}, "5:00", "5:30"), "vi") == (text,)  # Wednesday's night
    assert notices(windows, window_of("off", {0}, "5:00", "5:30"), "en") == (
        'Overlaps with "Giờ ngủ". The stricter one is used.',
    )  # Sunday's, over the end of the week
    assert notices(windows, window_of("off", {5}, "5:00", "5:30"), "vi") == ()  # Friday has no night
    assert notices(windows, window_of("permit", None, "18:00", "19:00", services=["youtube"]), "vi") == ()
    assert notices(windows, windows[0], "vi", but=0) == ()


# -- changes


def test_add_change_remove_bite_and_can_be_named(state: Path) -> None:
    evening = at("2026-11-24 20:30")
    assert row(state, "www.example.org", "pad", evening) == "allow default"
    done = add_window(state, MUM, "lan", window_of("off", {1}, "20:00", "20:45"))
    assert done.change is not None and done.change.verb == "window added"
    assert row(state, "www.example.org", "pad", evening) == "block window"
    change_window(state, MUM, "lan", 4, window_of("off", {1}, "20:00", "20:15"))
    assert row(state, "www.example.org", "pad", evening) == "allow default"
    assert [w.name for w in profile(state, "lan").windows or ()][4] == "Tắt mạng"
    before = profile(state, "lan").windows or ()
    remove_window(state, MUM, "lan", 0)
    assert profile(state, "lan").windows == before[1:]


def test_names_are_made_and_kept_apart(state: Path) -> None:
    add_window(state, MUM, "lan", window_of("off", None, "22:00", "5:00"))
    add_window(state, MUM, "lan", window_of("permit", None, "8:00", "9:00", services=["youtube"]))
    add_window(state, MUM, "lan", window_of("only", None, "8:00", "9:00", names=["a.example"], name="Thi"))
    assert [w.name for w in (profile(state, "lan").windows or ())[4:]] == ["Giờ ngủ 2", "Giờ YouTube", "Thi"]


def test_a_change_of_a_week_that_somebody_else_changed_is_a_conflict(state: Path) -> None:
    seen = week(state, "lan", now=NOW).revision
    remove_window(state, MUM, "lan", 0, seen=seen)
    left = profile(state, "lan").windows
    with pytest.raises(Conflict):
        remove_window(state, MUM, "lan", 0, seen=seen)
    with pytest.raises(Conflict):
        add_window(state, MUM, "lan", window_of("off", None, "1:00", "2:00"), seen=seen)
    assert profile(state, "lan").windows == left


@pytest.mark.parametrize("index", [-1, 4])
def test_there_is_no_such_window(state: Path, index: int) -> None:
    with pytest.raises(ConfigError, match="there is no number"):
        remove_window(state, MUM, "lan", index)
    with pytest.raises(ConfigError, match="there is no number"):
        change_window(state, MUM, "lan", index, window_of("off", None, "1:00", "2:00"))
