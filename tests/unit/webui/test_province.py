"""The province's page: how the feed stands, warnings, reports with outcomes, cards; the button of a row; roles; hostile words."""

from __future__ import annotations

import html
import re
import time
from dataclasses import replace
from pathlib import Path

import pytest

from filterd.control import ask, feed_reports, notices
from filterd.control.feed_report_send import NO_ADDRESS, NO_ENCRYPTION
from filterd.control.feed_words import sentence
from filterd.model.activity import Entry
from filterd.model.decision import Action, Row
from filterd.model.feed import Refusal, Refused
from filterd.model.notice import ReportKind
from tests.unit.control.province import NOTE, NOW, advise, advisory, answer, follow, index, teach
from tests.unit.control.province import card as made_card
from tests.unit.webui.client import Browser, logged_in, made
from tests.unit.webui.test_activity import WEEK, ago, ids, log

EVIL = "<script>alert(1)</script>"
LINKED = "https://example.org/cam-nang"


def names(state: Path) -> list[tuple[str, str, str, str]]:
    return [(str(one.kind), one.name, one.category, one.reason) for one in feed_reports.load(state).reports]


def test_without_a_feed_it_says_how_one_begins(visitor: Browser) -> None:
    seen = visitor.get("/province/?lang=en").text
    assert "No province is followed" in seen and "/province/report" not in seen
    assert "filterd feed trust root.json --url https://…" in re.sub("</?span>", "", seen)
    assert "Thank you for telling me" in seen  # the shipped cards are there all the same


def test_it_says_version_signature_and_end(visitor: Browser, state: Path) -> None:
    follow(state)
    seen = visitor.get("/province/?lang=en").text
    assert "Lai Chau" in seen and "Signature right" in seen and "Version 7, signed" in seen
    assert "Lai Châu" in visitor.get("/province/?lang=vi").text


@pytest.mark.parametrize("code", list(Refusal))
def test_every_refusal_has_its_sentence_on_the_page(visitor: Browser, state: Path, code: Refusal) -> None:
    follow(state, refusal=Refused(code, EVIL, NOW))
    vi, en = visitor.get("/province/?lang=vi").text, visitor.get("/province/?lang=en").text
    assert f'class="notice">{sentence(code, "vi")}' in html.unescape(
        vi
    ) and f'class="notice">{sentence(code, "en")}' in html.unescape(en)
    assert "Look here" in en and EVIL not in vi + en


def test_whoever_looks_after_the_box_has_it_looked_at_now(visitor: Browser, state: Path) -> None:
    follow(state)
    assert "/province/look" in visitor.get("/province/").text
    assert visitor.post("/province/look").status_code == 303 and (state / "feed" / "asked").exists()


def test_a_feed_that_never_came_claims_no_signature(visitor: Browser, state: Path) -> None:
    follow(state, verified_at=0.0, seq=0)
    seen = visitor.get("/province/?lang=en").text
    assert "Not here yet" in seen and "Signature right" not in seen


def test_a_warning_stands_on_the_first_page_until_it_is_read(visitor: Browser, state: Path) -> None:
    follow(state)
    day = time.strftime("%Y-%m-%d", time.gmtime())
    advise(state, advisory("one", day, talk={"vi": "Nói nhẹ", "en": "Be gentle"}), advisory("two", day))
    home = visitor.get("/?lang=en").text
    assert "False messages two" in home and "False messages one" not in home and "Do not tap the link." in home
    done = visitor.post("/province/advisories/two/read?lang=en", headers={"HX-Request": "true"})
    assert done.status_code == 200 and "False messages one" in done.text and "Be gentle" in done.text
    assert visitor.post("/province/advisories/one/read").status_code == 303
    assert "False messages" not in visitor.get("/?lang=en").text
    page = visitor.get("/province/?lang=en").text
    assert "False messages one" in page and "Show it again" in page
    visitor.post("/province/advisories/one/recall")
    assert "False messages one" in visitor.get("/?lang=en").text
    assert visitor.post("/province/advisories/none/read").status_code == 404


def test_who_does_not_want_warnings_on_the_first_page_finds_them_here(visitor: Browser, state: Path) -> None:
    follow(state)
    advise(state, advisory("one", time.strftime("%Y-%m-%d", time.gmtime())))
    visitor.post("/province/notes", {"wanted": "0"})
    assert (
        "False messages" not in visitor.get("/?lang=en").text
        and "False messages" in visitor.get("/province/?lang=en").text
    )
    visitor.post("/province/notes", {"wanted": "1"})
    assert "False messages" in visitor.get("/?lang=en").text


def test_a_site_is_told_of_and_the_consent_names_what_leaves(visitor: Browser, state: Path) -> None:
    follow(state)
    seen = visitor.get("/province/?lang=en").text
    assert "Not who asked, not when, not from which device, not your name" in seen and 'value="abuse"' not in seen
    sent = {"kind": "missed", "name": "Casino.example", "category": "gambling", "reason": "cờ bạc"}
    assert visitor.post("/province/report", sent).status_code == 303
    assert names(state) == [("missed", "casino.example", "gambling", "cờ bạc")]
    assert "casino.example" in visitor.get("/province/?lang=en").text


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"name": "https://a.example/x"}, "Write the site"), ({"name": ""}, "Write the site"),
        ({"category": "abuse"}, "report it at vn-cop.vn"), ({"reason": "x" * 400}, "One short line"),
        ({"name": EVIL}, "Write the site"), ({"reason": "a\u202eb"}, "One short line"),
    ],
)  # fmt: skip
def test_what_does_not_fit_comes_back_filled_and_says_why(
    visitor: Browser, state: Path, change: dict[str, str], said: str
) -> None:
    follow(state)
    sent = {"kind": "missed", "name": "a.example", "category": "gambling", "reason": "vì"} | change
    done = visitor.post("/province/report?lang=en", sent)
    assert done.status_code == 422 and said in done.text and EVIL not in done.text
    assert names(state) == [] and "<details" in done.text and "open>" in done.text


def test_another_kind_is_none(visitor: Browser, state: Path) -> None:
    follow(state)
    assert visitor.post("/province/report", {"kind": "other", "name": "a.example"}).status_code == 422


def test_reports_show_what_became_of_them(visitor: Browser, state: Path) -> None:
    follow(state)
    made_ones = [feed_reports.report(state, ReportKind.MISTAKE, f"{n}.example", "", EVIL, now=NOW) for n in "abcd"]
    feed_reports.settle(state, made_ones[0], replace(made_ones[0], state="sent", sent_at=NOW))
    feed_reports.settle(state, made_ones[1], replace(made_ones[1], state="refused", problem="status 422"))
    answer(
        state, {"key": made_ones[2].key, "verdict": "accepted", "date": "2026-11-30", "note": NOTE},
        {"key": made_ones[0].key, "verdict": "declined", "date": "2026-11-29"},
    )  # fmt: skip
    seen = visitor.get("/province/?lang=en").text
    assert "Accepted on 30 Nov" in seen and NOTE["en"] in seen and "Looked at on 29 Nov" in seen
    assert "did not take it" in seen and "Waits to be sent" in seen and EVIL not in seen
    assert "Đã nhận, ngày 30/11" in visitor.get("/province/?lang=vi").text
    assert visitor.post(f"/province/report/{made_ones[3].sequence}/take-back").status_code == 303
    assert len(feed_reports.load(state).reports) == 3


def test_a_damaged_queue_does_not_take_the_page_with_it(visitor: Browser, state: Path) -> None:
    follow(state)
    (state / "feed" / "reports.json").write_text("{")
    assert visitor.get("/province/").status_code == 200


def test_cards_by_audience_with_their_source(visitor: Browser, state: Path) -> None:
    follow(state)
    seen = visitor.get("/province/?for=teacher&lang=vi").text
    assert "Học sinh kể chuyện" in seen and "Nguồn: Luật Trẻ em 2016" in seen and "Có nên đăng ảnh của con?" not in seen
    assert "Có nên đăng ảnh của con?" in visitor.get("/province/?for=nobody&lang=vi").text
    teach(state, made_card("own", "parent", (0, 17), text={"vi": EVIL, "en": EVIL}))
    seen = visitor.get("/province/?lang=en").text
    assert "Question own" in seen and EVIL not in seen


def test_whom_to_call_is_what_the_feed_says(visitor: Browser, state: Path) -> None:
    follow(state)
    index(state, hotline="1900 9999", report="https://bao.example.org/", handbook={"vi": LINKED, "en": LINKED})
    for path in ("/", "/more", "/province/"):
        seen = visitor.get(f"{path}?lang=en").text
        assert 'href="tel:19009999"' in seen and "Call 1900 9999" in seen and "bao.example.org" in seen, path
    assert LINKED in visitor.get("/province/").text


# --- from a row of the activity ---


def test_a_row_that_the_feed_blocked_has_the_button_and_queues_name_category_and_reason(
    visitor: Browser, state: Path
) -> None:
    follow(state)
    log(state, ago(2, "www.toan.example", category="games", rule="games", row=Row.MANDATORY))
    ident = ids(visitor.get(WEEK).text)[0]
    row = visitor.get(f"/activity/row/{ident}?lang=en").text
    assert f"/activity/row/{ident}/report" in row and "Blocked by mistake? Tell the province" in row
    form = visitor.get(f"/activity/row/{ident}/report?lang=en").text
    assert "Not who asked" in form and "Copy these lines" not in form
    done = visitor.post(
        f"/activity/row/{ident}/report", {"category": "games", "reason": "trang học", "name": "other.example"}
    )
    assert done.status_code == 303 and done.location.endswith("/province/#reports")
    assert names(state) == [
        ("mistake", "www.toan.example", "games", "trang học")
    ]  # the row's name, whatever a form says
    again = visitor.post(f"/activity/row/{ident}/report?lang=en", {"category": "games", "reason": ""})
    assert again.status_code == 422 and "reported already" in again.text


def test_only_lists_of_the_feed_are_the_provinces_business(state: Path) -> None:
    entry = Entry(1, int(time.time() * 1000), "127.0.0.11", "lan", "may-lan", "a.example", 1, Action.BLOCK, Row.CATEGORY, 0, 0,
                  category="games", list_id="lai-chau-demo-games", rule="category games")  # fmt: skip
    assert "report" not in ask.explain_row(state, entry).buttons
    follow(state)
    assert "report" in ask.explain_row(state, entry).buttons
    assert "report" not in ask.explain_row(state, replace(entry, list_id="hostsvn-games")).buttons
    assert "report" not in ask.explain_row(state, replace(entry, name="")).buttons


def test_an_open_row_may_be_one_that_was_missed(visitor: Browser, state: Path) -> None:
    follow(state)
    log(state, ago(2, "casino.example", action=Action.ALLOW, row=Row.DEFAULT, category="", rule=""))
    found = ids(visitor.get(f"{WEEK}&show=all").text)[0]
    assert "Missed? Tell the province" in visitor.get(f"/activity/row/{found}?lang=en").text
    visitor.post(f"/activity/row/{found}/report", {"category": "gambling", "reason": ""})
    assert names(state) == [("missed", "casino.example", "gambling", "")]


def test_a_harmful_row_has_no_name_to_tell(visitor: Browser, state: Path) -> None:
    follow(state)
    log(state, ago(2, "", category="abuse", rule="category abuse"))
    ident = ids(visitor.get(WEEK).text)[0]
    assert f"/row/{ident}/report" not in visitor.get(f"/activity/row/{ident}").text
    assert visitor.post(f"/activity/row/{ident}/report", {"category": "", "reason": ""}).status_code == 422


def test_without_a_feed_there_are_the_lines_to_copy(visitor: Browser, state: Path) -> None:
    log(state, ago(2, "www.toan.example"))
    ident = ids(visitor.get(WEEK).text)[0]
    assert "Copy these lines" in visitor.get(f"/activity/row/{ident}/report?lang=en").text
    assert visitor.post(f"/activity/row/{ident}/report", {"category": "", "reason": ""}).status_code == 422


@pytest.mark.parametrize("role", ["viewer", "teacher"])
def test_who_may_look_tells_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, role: str) -> None:
    monkeypatch.setenv("FILTERD_RUN", str(tmp_path / "run"))
    state = made(tmp_path / "state", role=role)
    follow(state)
    advise(state, advisory("one", time.strftime("%Y-%m-%d", time.gmtime())))
    visitor = logged_in(state)
    seen = visitor.get("/province/?lang=en").text
    assert "False messages one" in seen and 'action="/province/report"' not in seen
    posts = [
        "/province/look",
        "/province/report",
        "/province/report/1/take-back",
        "/province/advisories/one/read",
        "/province/notes",
    ]
    assert [visitor.post(path, {"kind": "missed", "name": "a.example"}).status_code for path in posts] == [403] * 5
    assert names(state) == [] and notices.choice(state).read == ()


@pytest.mark.parametrize(
    ("problem", "said"),
    [(NO_ENCRYPTION, "is not encrypted"), (NO_ADDRESS, "comes on a stick"), ("anything else", "tried again by itself")],
)
def test_why_a_report_has_not_left_is_said_plainly(visitor: Browser, state: Path, problem: str, said: str) -> None:
    follow(state)
    feed_reports.report(state, ReportKind.MISSED, "casino.example", "gambling", now=NOW)
    feed_reports.wait(state, NOW + 300, problem)
    assert said in visitor.get("/province/?lang=en").text
