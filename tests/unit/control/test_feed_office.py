"""Curation: what may be proposed, that two people decide, and what is in force on a day."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path

import pytest

from filterd.control.feed_office import NotSure, approve, find, look_again, months_later, propose, rows, withdraw
from filterd.control.feed_office_check import Checker
from filterd.control.feed_office_publish import contents
from filterd.errors import ConfigError, FeedError
from filterd.feed.entries import Entry, State, path_of
from filterd.feed.office import Office
from filterd.feed.office_new import add_part, create
from filterd.model.feed import Level

TODAY = date(2026, 11, 30)


@pytest.fixture
def office(tmp_path: Path) -> Office:
    return create(tmp_path / "office", "tinh", "Tỉnh", "Province")


def proposed(office: Office, name: str = "casino.example", **given: object) -> Entry:
    values = {"category": "gambling", "reason": "Sòng bạc", "by": "Lan", "today": TODAY} | given
    return propose(office, name, **values)  # type: ignore[arg-type]


def in_force(office: Office, today: date = TODAY) -> dict[str, bytes]:
    return {f"{one.role}/{lst.id}".lstrip("/"): lst.text for one in contents(office, today) for lst in one.lists}


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        (
            "https://www.casino.example/bonus?x=1",
            "a page cannot be blocked, only the whole site: write www.casino.example",
        ),
        ("casino.example/bonus", "a page cannot be blocked"),
        ("https://casino.example", "write the name alone, without http:// and without /: casino.example"),
        ("com.vn", "com.vn is an ending under which everybody registers"),
        ("vn", "is an ending under which everybody registers"),
        ("EDU.VN.", "edu.vn is an ending under which everybody registers"),
        ("192.0.2.7", "is an address; a list holds names"),
        ("2001:db8::7", "is an address"),
        ("tongdai111.vn", "is the lifeline tongdai111.vn, which must stay reachable for every child"),
        ("tongdai111.vn", "lifeline"),
        ("gstatic.com", "covers the lifeline"),
        ("two names.example", "expected one name"),
        ("a@b.example", "expected one name"),
        ("", "expected a site's name, got nothing"),
        ("localhost", "no site's name"),
        ("-.example..", "no site's name"),
        ("x" * 600, "got 600 characters"),
        ("http://[", "expected a site's name"),
    ],
)
def test_what_is_refused_says_what_to_do_instead(office: Office, text: str, sentence: str) -> None:
    found = Checker(office).check(text)
    assert sentence in found.refusal
    with pytest.raises(FeedError):
        proposed(office, text, sure=True)
    assert not list(office.entries().glob("*/*.yaml"))


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("dichvucong.gov.vn", "is a name that homes and schools need"),
        ("zalo.me", "which families switch on and off themselves"),
        ("blogspot.com", "hosts pages of many people"),
        ("bing.com", "a search engine that has a safe mode"),
    ],
)
def test_a_warning_wants_a_second_word(office: Office, text: str, sentence: str) -> None:
    with pytest.raises(NotSure) as caught:
        proposed(office, text)
    assert any(sentence in warning for warning in caught.value.warnings)
    proposed(office, text, sure=True)
    with pytest.raises(NotSure):  # who approves reads it too
        approve(office, text, by="Minh", today=TODAY)
    assert approve(office, text, by="Minh", today=TODAY, sure=True).approved_by == "Minh"


def test_the_offices_own_file_of_popular_names_warns(office: Office) -> None:
    (office.folder / "popular.csv").write_text("1,news.example\n2,www.shop.example\n3,third.example\n")
    policy = office.folder / "policy.yaml"
    policy.write_text(policy.read_text() + "popular: {file: popular.csv, top: 2}\n")
    checker = Checker(Office.open(office.folder))
    assert checker.check("news.example").warnings == ("news.example is one of the 2 most asked names (rank 1)",)
    assert checker.check("shop.example").warnings == ("shop.example covers one of the 2 most asked names (rank 2)",)
    assert checker.check("shop.example", exact=True).warnings == ()
    assert checker.check("m.news.example").warnings == ()
    assert checker.check("third.example").warnings == ()


def test_names_come_out_as_a_labels(office: Office) -> None:
    entry = proposed(office, "Sòng-Bạc.example")
    assert entry.name.startswith("xn--")
    assert find(office, "sòng-bạc.EXAMPLE").name == entry.name


def test_abuse_wants_a_reason_why_the_name_may_be_public(office: Office) -> None:
    with pytest.raises(FeedError, match="becomes a directory of such sites"):
        proposed(office, "bad.example", category="abuse", sure=True)
    entry = proposed(office, "bad.example", category="abuse", public_because="named in a public judgement")
    assert find(office, "bad.example").second_confirmation == entry.second_confirmation == "named in a public judgement"


def test_two_people_decide_and_then_it_is_in_force(office: Office) -> None:
    proposed(office)
    assert in_force(office) == {}
    with pytest.raises(FeedError, match="somebody else has to approve it"):
        approve(office, "casino.example", by="LAN", today=TODAY)
    approve(office, "casino.example", by="Minh", today=TODAY)
    assert in_force(office) == {"gambling": b"casino.example\n"}
    with pytest.raises(FeedError, match="was approved by Minh on 2026-11-30"):
        approve(office, "casino.example", by="Hoa", today=TODAY)
    with pytest.raises(FeedError, match=r"stands in gambling already \(approved\)"):
        proposed(office)


def test_exact_names_are_a_list_of_their_own(office: Office) -> None:
    for name, exact in (("casino.example", False), ("m.shop.example", True)):
        proposed(office, name, exact=exact)
        approve(office, name, by="Minh", today=TODAY)
    (own,) = contents(office, TODAY)
    assert [(one.id, one.exact, one.text) for one in own.lists] == [
        ("gambling", False, b"casino.example\n"),
        ("gambling-x", True, b"m.shop.example\n"),
    ]


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        ({"category": "weather"}, "expected a category of policy.yaml"),
        ({"reason": "  "}, "expected a reason"),
        ({"by": " "}, "--by"),
        ({"review_by": TODAY}, "expected a review date from tomorrow"),
        ({"review_by": date(2029, 12, 1)}, "until 2029-11-30"),
        ({"part": "muong-te"}, "expected a part of this feed"),
    ],
)
def test_every_entry_has_category_reason_person_and_review_date(
    office: Office, given: dict[str, object], sentence: str
) -> None:
    with pytest.raises((FeedError, ConfigError), match=sentence):
        proposed(office, **given)


def test_an_entry_that_nobody_looks_at_again_is_told_and_then_dropped(office: Office) -> None:
    approve(office, proposed(office).name, by="Minh", today=TODAY)
    due = date(2027, 11, 30)
    for days, state, there in ((0, State.APPROVED, True), (30, State.OVERDUE, True), (31, State.DROPPED, False)):
        day = due + timedelta(days=days)
        assert [row.state for row in rows(office, day)] == [state]
        assert bool(in_force(office, day)) is there
    entry = look_again(office, "casino.example", by="Lan", today=due + timedelta(days=40))
    assert (entry.review_by, entry.approved_by) == (date(2029, 1, 9), "Minh")
    assert in_force(office, due + timedelta(days=40))
    proposed(office, "new.example")
    with pytest.raises(FeedError, match="not in force: it has to be approved first"):
        look_again(office, "new.example", by="Lan", today=TODAY)


def test_a_withdrawn_name_is_out_at_once_and_may_be_proposed_again(office: Office) -> None:
    approve(office, proposed(office).name, by="Minh", today=TODAY)
    with pytest.raises(FeedError, match="expected a reason"):
        withdraw(office, "casino.example", by="Lan", reason="", today=TODAY)
    entry, still = withdraw(office, "casino.example", by="Lan", reason="đã đổi chủ", today=TODAY)
    assert (still, in_force(office)) == ((), {})
    with pytest.raises(FeedError, match="was withdrawn by Lan"):
        approve(office, "casino.example", by="Minh", today=TODAY)
    proposed(office, by="Minh")
    with pytest.raises(FeedError, match="somebody else"):
        approve(office, "casino.example", by="Minh", today=TODAY)
    approve(office, "casino.example", by="Hoa", today=TODAY)
    assert in_force(office) == {"gambling": b"casino.example\n"}
    with pytest.raises(FeedError, match="has no entry"):
        withdraw(office, "other.example", by="Lan", reason="x", today=TODAY)
    assert entry.category == "gambling"


def test_what_a_listed_name_covers_is_not_proposed_again(office: Office) -> None:
    proposed(office)
    with pytest.raises(FeedError, match=r"casino\.example stands in gambling already, and covers m\.casino\.example"):
        proposed(office, "m.casino.example")
    proposed(office, "m.casino.example", category="scam")
    withdraw(office, "casino.example", by="Lan", reason="x", today=TODAY)
    proposed(office, "m.casino.example")


def test_a_name_of_abuse_written_by_hand_needs_its_reason_too(office: Office) -> None:
    entry = proposed(office, "bad.example", category="abuse", public_because="a judgement")
    path = path_of(office.entries(), entry)
    path.write_text(path.read_text().replace("second_confirmation: a judgement\n", ""))
    with pytest.raises(FeedError, match="directory of such sites"):
        approve(office, "bad.example", by="Minh", today=TODAY)


def test_a_name_in_two_categories_wants_to_be_said_which(office: Office) -> None:
    proposed(office)
    proposed(office, category="scam")
    with pytest.raises(FeedError, match=r"stands in gambling, scam: say which \(--category\)"):
        approve(office, "casino.example", by="Minh", today=TODAY)
    assert approve(office, "casino.example", by="Minh", today=TODAY, category="scam").category == "scam"


def test_a_file_written_by_hand_is_judged_when_it_is_approved(office: Office) -> None:
    entry = proposed(office)
    path = path_of(office.entries(), entry)
    path.rename(path.with_name("vn-cop.vn.yaml"))
    path = path.with_name("vn-cop.vn.yaml")
    path.write_text(path.read_text().replace("casino.example", "vn-cop.vn"))
    with pytest.raises(FeedError, match="lifeline"):
        approve(office, "vn-cop.vn", by="Minh", today=TODAY, sure=True)


def test_a_part_never_makes_a_name_mandatory(office: Office) -> None:
    office = add_part(office, "muong-te", "Mường Tè", "Mường Tè")
    proposed(office, "scam.example", category="scam", part="muong-te")
    approve(office, "scam.example", by="Minh", today=TODAY, part="muong-te")
    assert office.policy.categories["scam"].level is Level.MANDATORY
    _, below = contents(office, TODAY)
    assert [(one.id, one.level) for one in below.lists] == [("scam", Level.RECOMMENDED)]


@pytest.mark.parametrize(
    ("day", "months", "later"),
    [
        (date(2026, 11, 30), 3, date(2027, 2, 28)),
        (date(2027, 11, 30), 3, date(2028, 2, 29)),
        (date(2026, 12, 31), 1, date(2027, 1, 31)),
        (date(2026, 1, 31), 12, date(2027, 1, 31)),
    ],
)
def test_months_end_with_their_last_day(day: date, months: int, later: date) -> None:
    assert months_later(day, months) == later
