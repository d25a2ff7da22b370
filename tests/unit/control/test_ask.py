"""Ask the schedule, and rows of the log: the sentences in both languages, who set it, and the buttons that fit."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from filterd.control import moves, profiles
from filterd.control.ask import Answer, ask, explain_row
from filterd.control.household import import_household
from filterd.control.moves import Whom
from filterd.control.publish import publish_bundle
from filterd.control.week import add_window, window_of
from filterd.errors import ConfigError
from filterd.model.activity import Entry
from filterd.model.change import Who
from filterd.model.decision import Action, Row
from filterd.model.household import Scope
from tests.unit.control.policy_state import build_bundle

HERE = ZoneInfo("Asia/Ho_Chi_Minh")
MUM = Who("Hạnh", "web")
LAN = Whom(profile="lan")
HOUSEHOLD = """\
version: 1
timezone: Asia/Ho_Chi_Minh
language: vi
profiles:
  - id: lan
    name: Lan
    preset: age-10-13
    categories: {social: allow}
    windows:
      - {name: Giờ ngủ, from: "21:30", to: "06:00", effect: offline}
      - {name: Giờ học, days: [tue], from: "19:00", to: "20:30", effect: only, names: [school.example]}
      - {name: TikTok, from: "17:00", to: "18:30", effect: permit, services: [tiktok]}
    names: {block: [own.example], always: [always.example], allow: [fine.example]}
  - {id: na, name: Bé Na, parent_sees: categories}
devices:
  - {id: pad, name: Máy Lan, profile: lan, ip: 192.0.2.10}
"""


def at(text: str) -> float:
    text = text if " " in text else f"2026-11-24 {text}"
    return datetime.fromisoformat(text).replace(tzinfo=HERE).timestamp()


BEGUN = at("2026-11-20 08:00")


@pytest.fixture
def state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("FILTERD_RUN", str(tmp_path / "run"))
    (tmp_path / "run").mkdir()
    folder = tmp_path / "state"
    publish_bundle(folder, build_bundle(folder))
    import_household(folder, HOUSEHOLD.encode(), "h.yaml", BEGUN, Who("Tuấn"))
    return folder


def asked(state: Path, name: str, time: str, device: str = "pad") -> Answer:
    return ask(state, name=name, device=device, now=at(time))


def entry(name: str, row: Row, time: str = "12:00", **more: Any) -> Entry:
    action = Action.ALLOW if row in (Row.LIFELINE, Row.GRANT, Row.DEFAULT) else Action.BLOCK
    moment = int(at(time) * 1000)
    found = Entry(moment << 10, moment, "192.0.2.10", "lan", "pad", name, 1, action, row, 0, 0)
    return replace(found, **more)


# -- the schedule


def test_bedtime(state: Path) -> None:
    found = asked(state, "www.example.org", "22:00")
    assert found.sentences("vi") == (
        "Máy Lan hỏi www.example.org.",
        "Theo lịch “Giờ ngủ”, mạng của Lan tắt đến 6:00 ngày mai.",
        "Tuấn đặt luật này ngày 20/11. Mở lại: 6:00 ngày mai.",
    )
    assert found.sentences("en") == (
        "Máy Lan asked for www.example.org.",
        'By the schedule "Giờ ngủ", Lan\'s internet is off until 6:00 tomorrow.',
        "Tuấn set this on 20 Nov. Open again: 6:00 tomorrow.",
    )
    assert found.buttons == ("allow15", "always", "edit_schedule", "ask")
    assert found.grant == ("name", "www.example.org")
    assert (found.verdict("vi"), found.verdict("en")) == ("đóng đến 6:00 ngày mai", "closed until 6:00 tomorrow")
    assert found.trace[-1]["row"] == "window"


def test_lessons_leave_some_sites(state: Path) -> None:
    closed = asked(state, "www.example.org", "19:30")
    assert closed.sentences("vi")[1] == "Theo lịch “Giờ học”, Lan dùng các trang đã chọn đến 20:30."
    open_ = asked(state, "school.example", "19:30")
    assert open_.sentences("vi")[1:] == ("Trang này mở với Lan.", "Đóng lại: 21:30.")
    assert (open_.verdict("vi"), open_.buttons) == ("mở đến 21:30", ("block_child", "block_all"))


def test_hours_of_a_service(state: Path) -> None:
    found = asked(state, "www.tiktok.example", "18:45")
    assert found.sentences("vi")[1:] == (
        "Trang này là của TikTok.",
        "Lịch của Lan cho phép TikTok từ 17:00 đến 18:30. Ngoài giờ đó: đóng.",
        "Tuấn đặt luật này ngày 20/11.",
    )  # the next change, at 19:00, is another block
    assert "edit_schedule" in found.buttons
    later = asked(state, "tiktok.example", "2026-11-25 12:00")
    assert later.sentences("vi")[3] == "Tuấn đặt luật này ngày 20/11. Lần tới được dùng: 17:00."
    inside = asked(state, "tiktok.example", "17:30")
    assert inside.sentences("en")[2] == "Lan's schedule allows TikTok until 18:30."


def test_another_day_is_said_with_its_time(state: Path) -> None:
    found = ask(state, name="www.example.org", device="pad", at="2026-11-28 21:40", now=at("12:00"))
    assert found.sentences("vi")[0] == "Máy Lan hỏi www.example.org, 21:40 thứ Bảy, 28/11."
    assert found.sentences("en")[0] == "Máy Lan asks for www.example.org, 21:40 on Saturday, 28 Nov."
    assert found.is_blocked


def test_a_profile_is_asked_without_a_device(state: Path) -> None:
    found = ask(state, name="games.example", profile="na", now=at("12:00"))
    assert (found.profile, found.is_blocked, found.sentences("vi")[0]) == (
        "na",
        False,
        "Máy của Bé Na hỏi games.example.",
    )
    assert ask(state, name="www.example.org", profile="lan", now=at("22:00")).row is Row.WINDOW


def test_what_cannot_be_asked(state: Path) -> None:
    with pytest.raises(ConfigError, match="exactly one"):
        ask(state, name="a.example")
    with pytest.raises(ConfigError, match="exactly one"):
        ask(state, name="a.example", device="pad", profile="lan")
    with pytest.raises(ConfigError, match="there is no 'x'"):
        ask(state, name="a.example", profile="x")
    with pytest.raises(ConfigError, match="client"):
        ask(state, name="a.example", device="x")
    with pytest.raises(ConfigError, match="at: "):
        ask(state, name="a.example", device="pad", at="soon")
    with pytest.raises(ConfigError, match="name"):
        ask(state, name="a..example", device="pad")


# -- who set it


def test_off_now_is_named_with_its_time(state: Path) -> None:
    moves.off(state, MUM, LAN, minutes=30, now=at("19:40"))
    found = asked(state, "www.example.org", "19:50")
    assert found.sentences("vi")[1:] == ("Mạng của Lan tắt đến 20:10.", "Hạnh tắt lúc 19:40.")  # then lessons
    assert found.buttons == ("allow15", "always", "ask")
    moves.off(state, MUM, Whom(everyone=True), now=at("12:00"))
    assert asked(state, "www.example.org", "13:00").sentences("en")[1:] == (
        "Everybody's internet is off until it is switched on.",
        "Hạnh switched it off at 12:00.",
    )


def test_the_newest_change_that_touched_the_rule_counts(state: Path) -> None:
    add_window(state, MUM, "lan", window_of("off", None, "10:00", "11:00", name="Bữa sáng"))
    profiles.set_rule(state, Who("Bà", "web"), "lan", "categories", "video", "block")  # touches another rule
    window = ask(state, name="www.example.org", device="pad", at="2027-01-05 10:30")
    assert window.set_by is not None and window.set_by.by == "Hạnh"
    bedtime = ask(state, name="www.example.org", device="pad", at="2027-01-05 23:30")
    assert bedtime.set_by is not None and bedtime.set_by.by == "Tuấn"


def test_a_level_of_the_age_is_nobodys_rule(state: Path) -> None:
    games = asked(state, "games.example", "12:00")
    if games.is_blocked:  # as the shipped preset says
        assert games.set_by is not None and games.set_by.is_preset
    profiles.set_rule(state, MUM, "lan", "categories", "games", "block")
    own = ask(state, name="games.example", device="pad", at="2027-01-05 12:00")
    assert own.sentences("vi")[1] == f"Trang này thuộc mục {own.whys['vi'].category}."
    assert own.set_by is not None and (own.set_by.by, own.set_by.is_preset) == ("Hạnh", False)
    assert own.buttons == ("allow15", "always", "edit_rule")


@pytest.mark.parametrize(
    ("name", "row", "text"),
    [
        ("www.own.example", Row.NAME, "Nhà mình đã chặn own.example với Lan."),
        ("fine.example", Row.NAME, "Nhà mình cho phép fine.example với Lan."),
        ("always.example", Row.GRANT, "Nhà mình luôn cho Lan mở always.example."),
        ("hotline.example", Row.LIFELINE, "Tên này luôn mở với mọi máy."),
    ],
)
def test_names_of_the_household(state: Path, name: str, row: Row, text: str) -> None:
    found = asked(state, name, "12:00")
    assert found.row is row and text in found.sentences("vi") and len(found.sentences("vi")) <= 4
    if row in (Row.NAME, Row.GRANT):
        assert found.set_by is not None and found.set_by.by == "Tuấn"


def test_grants(state: Path) -> None:
    moves.grant(state, MUM, Scope.NAME, LAN, value="own.example", minutes=15, now=at("12:00"))
    assert asked(state, "own.example", "12:05").sentences("vi")[1:] == (
        "Lan được mở own.example đến 12:15.", "Hạnh cho lúc 12:00. Đóng lại: 12:15.",
    )  # fmt: skip
    moves.pause(state, MUM, LAN, 30, now=at("13:00"))
    assert asked(state, "own.example", "13:05").sentences("vi")[1] == "Lọc tạm dừng với Lan đến 13:30."


def test_mandatory_names_have_no_way_round(state: Path) -> None:
    found = asked(state, "bad.example", "12:00")
    assert found.row is Row.MANDATORY and found.buttons == ("report", "hint") and found.grant == ("", "")
    assert found.sentences("vi")[1].endswith("của tỉnh. Mục này áp dụng cho mọi máy.")


# -- rows of the log


def test_a_row_of_the_log_like_the_question(state: Path) -> None:
    found = explain_row(state, entry("www.example.org", Row.WINDOW, "22:00", rule="Giờ ngủ"), at("22:00"))
    assert found.sentences("vi") == asked(state, "www.example.org", "22:00").sentences("vi")
    assert found.buttons == ("allow15", "always", "edit_schedule", "ask")


def test_a_row_of_rules_that_are_gone_says_no_end(state: Path) -> None:
    found = explain_row(state, entry("www.example.org", Row.WINDOW, "12:00", rule="Thi"), at("12:00"))
    assert found.until is None and found.set_by is None
    assert found.sentences("vi")[1:] == ("Theo lịch “Thi”, mạng của Lan tắt.",)


def test_a_hidden_name_is_never_said(state: Path) -> None:
    hidden = entry("", Row.CATEGORY, profile="na", device="", category="games")
    found = explain_row(state, hidden, at("12:00"))
    assert found.sentences("vi")[0] == "Máy 192.0.2.10 hỏi một tên trang. Với Bé Na, chỉ hiện mục và giờ."
    assert (found.buttons, found.grant) == (("allow15", "edit_rule"), ("category", "games"))


@pytest.mark.parametrize("row", [Row.MANDATORY, Row.CATEGORY])
def test_harm_shows_help_and_nothing_else(state: Path, row: Row) -> None:
    found = explain_row(state, entry("", row, category="abuse"), at("12:00"))
    assert found.sentences("vi") == ("Mục nguy hiểm. Không ghi tên.",)
    assert (found.buttons, found.grant) == (("hint", "call111"), ("", ""))


@pytest.mark.parametrize(
    ("row", "more", "buttons"),
    [
        (Row.BUDGET, {"rule": "30 min", "service": "tiktok"}, ("allow15", "always", "edit_budget", "ask")),
        (Row.SERVICE, {"rule": "blocked", "service": "tiktok"}, ("allow15", "always", "edit_rule")),
        (Row.CATEGORY, {"rule": "blocked", "category": "games", "list_id": "province-games"},
         ("allow15", "always", "edit_rule", "report")),
        (Row.CATEGORY, {"rule": "outside its windows", "category": "games"}, ("allow15", "always", "edit_schedule", "ask")),
        (Row.NAME, {"rule": "block a.example"}, ("allow15", "always", "edit_rule")),
        (Row.REBIND, {}, ()), (Row.UPSTREAM, {}, ()), (Row.LIFELINE, {}, ()),
        (Row.DEFAULT, {}, ("block_child", "block_all")),
    ],
)  # fmt: skip
def test_buttons_that_fit(state: Path, row: Row, more: dict[str, Any], buttons: tuple[str, ...]) -> None:
    assert explain_row(state, entry("a.example", row, **more), at("12:00")).buttons == buttons


@pytest.mark.parametrize("row", Row)
@pytest.mark.parametrize("name", ["a.example", ""])
@pytest.mark.parametrize(
    "rule", ["", "outside its windows", "inside TikTok", "blocked", "time grant", "service tiktok"]
)
def test_every_row_has_whole_sentences(state: Path, row: Row, name: str, rule: str) -> None:
    for action in (Action.BLOCK, Action.ALLOW):
        said_of = "Giờ ngủ" if row is Row.WINDOW else rule  # a window always has a name,
        category = "games" if row in (Row.MANDATORY, Row.CATEGORY) else ""  # and these rows a category
        asked_for = entry(name, row, rule=said_of, action=action, category=category)
        found = explain_row(state, asked_for, at("12:01"))
        for language in ("vi", "en"):
            said = found.sentences(language)
            assert 1 <= len(said) <= 4
            assert all(
                s == s.strip() and s.endswith(".") and "  " not in s and "{" not in s and "“”" not in s for s in said
            )


def test_the_chain_is_named(state: Path) -> None:
    row = entry("www.example.org", Row.CATEGORY, rule="blocked", category="games", matched="games.example")
    found = explain_row(state, row, at("12:00"))
    assert found.sentences("vi")[1] == "Trang này dẫn đến games.example, và games.example bị chặn."
    assert found.grant == ("name", "games.example")
