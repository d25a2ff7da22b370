"""Reports: queued with name, category and reason alone, within bounds, once; the outcome comes back by its key."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from filterd.control import feed_reports as reports
from filterd.errors import ConfigError, StoreError
from filterd.model.notice import Report, ReportKind, Verdict, key_of
from tests.unit.control.province import NOTE, NOW, answer, follow

MISTAKE, MISSED = ReportKind.MISTAKE, ReportKind.MISSED


@pytest.fixture
def state(tmp_path: Path) -> Path:
    follow(tmp_path)
    return tmp_path


def test_a_report_says_name_category_and_reason_and_a_random_number(state: Path) -> None:
    made = reports.report(state, MISTAKE, "Học-Toán.example.org", "games", " Trang học của trường ", now=NOW)
    said = made.said()
    assert set(said) == {"layout", "site", "sequence", "kind", "name", "category", "reason"}
    assert (said["name"], said["reason"]) == ("xn--hc-ton-tta9832d.example.org", "Trang học của trường")
    assert len(str(said["site"])) == 32 and said["sequence"] == 1
    again = reports.report(state, MISSED, "casino.example", now=NOW + 1)
    assert (again.site, again.sequence) == (made.site, 2)


def test_nothing_of_the_family_is_in_the_file(state: Path) -> None:
    reports.report(state, MISTAKE, "example.org", now=NOW)
    (kept,) = json.loads((state / "feed" / "reports.json").read_text())["reports"]
    assert set(kept) == {
        "site",
        "sequence",
        "kind",
        "name",
        "category",
        "reason",
        "feed",
        "at",
        "state",
        "sent_at",
        "problem",
    }


@pytest.mark.parametrize(
    ("name", "category", "reason", "said"),
    [
        ("https://example.org/x", "", "", "no site's name"), ("", "", "", "no site's name"), ("192.0.2.1", "", "", "no site's"),
        ("example.org", "nothing", "", "category"), ("example.org", "abuse", "", "vn-cop.vn"),
        ("example.org", "", "x" * 301, "at most 300"), ("example.org", "", "a\nb", "one line"), ("a" * 500, "", "", "no site's"),
    ],
)  # fmt: skip
def test_what_does_not_fit_is_refused(state: Path, name: str, category: str, reason: str, said: str) -> None:
    with pytest.raises(ConfigError, match=said):
        reports.report(state, MISTAKE, name, category, reason, now=NOW)
    assert reports.mine(state) == ()


def test_without_a_feed_nobody_would_read_it(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="nobody would read it"):
        reports.report(tmp_path, MISTAKE, "example.org", now=NOW)


def test_the_same_is_told_once_until_it_is_answered_or_long_ago(state: Path) -> None:
    one = reports.report(state, MISTAKE, "example.org", now=NOW)
    with pytest.raises(ConfigError, match="reported already"):
        reports.report(state, MISTAKE, "EXAMPLE.org.", now=NOW + 1)
    reports.report(state, MISSED, "example.org", now=NOW + 1)  # the other kind is another matter
    reports.settle(state, one, replace(one, state="sent", sent_at=NOW))
    with pytest.raises(ConfigError, match="reported already"):
        reports.report(state, MISTAKE, "example.org", now=NOW + reports.AGAIN_S - 1)
    answer(state, {"key": one.key, "verdict": "declined", "date": "2026-12-01"})
    reports.report(state, MISTAKE, "example.org", now=NOW + 10)
    with pytest.raises(ConfigError, match="reported already"):
        reports.report(state, MISTAKE, "example.org", now=NOW + 11)


def test_as_many_wait_as_fit_and_no_more(state: Path) -> None:
    for number in range(reports.MAX_WAITING):
        reports.report(state, MISSED, f"a{number}.example", now=NOW + number * 86_400)
    with pytest.raises(ConfigError, match="50 wait"):
        reports.report(state, MISSED, "more.example", now=NOW + 51 * 86_400)


def test_a_day_has_so_many(state: Path) -> None:
    for number in range(reports.MAX_DAILY):
        one = reports.report(state, MISSED, f"a{number}.example", now=NOW)
        reports.settle(state, one, replace(one, state="sent", sent_at=NOW))
    with pytest.raises(ConfigError, match="40 a day"):
        reports.report(state, MISSED, "more.example", now=NOW + 86_399)
    reports.report(state, MISSED, "more.example", now=NOW + 86_400)


def test_the_oldest_that_were_sent_make_room(state: Path) -> None:
    first = reports.report(state, MISSED, "waits.example", now=NOW)
    old = Report("0" * 32, 1, MISSED, "old.example", "", "", "f", NOW, "sent", NOW)
    many = tuple(replace(old, sequence=number, name=f"o{number}.example") for number in range(reports.MAX_KEPT - 1))
    reports.save(state, replace(reports.load(state), reports=(first, *many)))
    made = reports.report(state, MISSED, "new.example", now=NOW + 86_400)
    kept = reports.load(state).reports
    assert len(kept) == reports.MAX_KEPT and kept[0] == first and kept[-1] == made and kept[1] == many[1]


def test_the_outcome_comes_back_to_its_report_alone(state: Path) -> None:
    one = reports.report(state, MISTAKE, "example.org", now=NOW)
    reports.report(state, MISSED, "casino.example", now=NOW)
    answer(
        state, {"key": key_of(one.site, 1), "verdict": "accepted", "date": "2026-12-01", "note": NOTE},
        {"key": "0" * 32, "verdict": "declined", "date": "2026-12-01"},
    )  # fmt: skip
    (newest, none), (oldest, outcome) = reports.mine(state)
    assert none is None and newest.name == "casino.example"
    assert oldest.name == "example.org" and outcome is not None
    assert outcome.verdict is Verdict.ACCEPTED and outcome.note.of("vi") == NOTE["vi"]


def test_the_key_names_no_box() -> None:
    site = "0123456789abcdef" * 2
    assert site not in key_of(site, 1) and key_of(site, 1) != key_of(site, 2) and len(key_of(site, 1)) == 32


def test_what_waits_can_be_taken_back_what_left_cannot(state: Path) -> None:
    one = reports.report(state, MISTAKE, "example.org", now=NOW)
    assert reports.take_back(state, one.sequence) and reports.mine(state) == ()
    assert not reports.take_back(state, one.sequence)
    two = reports.report(state, MISTAKE, "example.org", now=NOW)
    assert two.sequence == 2  # a number is never given twice
    reports.settle(state, two, replace(two, state="sent", sent_at=NOW))
    assert not reports.take_back(state, two.sequence)


def test_a_report_that_was_taken_back_on_its_way_stays_away(state: Path) -> None:
    one = reports.report(state, MISTAKE, "example.org", now=NOW)
    reports.take_back(state, one.sequence)
    reports.settle(state, one, replace(one, state="sent", sent_at=NOW))
    assert reports.mine(state) == ()


def test_due_when_something_waits_and_patience_is_over(state: Path) -> None:
    assert not reports.is_due(state, NOW)
    reports.report(state, MISTAKE, "example.org", now=NOW)
    assert reports.is_due(state, NOW)
    reports.wait(state, NOW + 300, "the office cannot be reached")
    assert not reports.is_due(state, NOW + 299) and reports.is_due(state, NOW + 300)
    assert reports.is_due(state, NOW - 400 * 86_400)  # written when the clock was wrong


def test_a_damaged_queue_is_said_and_not_overwritten(state: Path) -> None:
    path = state / "feed" / "reports.json"
    path.write_text('{"layout": 1, "reports": [{"site": 1}]}')
    with pytest.raises(StoreError, match="damaged"):
        reports.report(state, MISTAKE, "example.org", now=NOW)
    assert "site" in path.read_text() and not reports.is_due(state, NOW)
