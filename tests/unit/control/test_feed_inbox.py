"""The office: what boxes say is judged, decisions become files, files become the feed's documents, boxes find their answer."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from filterd.config import notices
from filterd.control import feed_inbox, feed_people
from filterd.control.feed_inbox import decide, groups, take
from filterd.errors import ConfigError, FeedError
from filterd.model.feed import Words
from filterd.model.notice import NO_WORDS, ReportKind, Verdict, key_of
from filterd.store.inbox import Added, Inbox
from tests.examples import examples
from tests.unit.control.province import NOTE, NOW, advisory, card

SITE = "0123456789abcdef" * 2
SAID = {"layout": 1, "site": SITE, "sequence": 1, "kind": "mistake", "name": "Example.ORG", "category": "games",
        "reason": "trang học"}  # fmt: skip
MISTAKE = ReportKind.MISTAKE


@pytest.fixture
def box(tmp_path: Path) -> Iterator[Inbox]:
    with feed_inbox.inbox(tmp_path) as found:
        yield found


def test_a_report_is_known_by_its_number_which_nobody_can_read_back(box: Inbox) -> None:
    assert take(box, SAID, NOW) is Added.NEW
    assert take(box, SAID | {"name": "example.org."}, NOW + 9) is Added.SAME
    assert take(box, SAID | {"reason": ""}, NOW) is Added.OTHER
    assert take(box, SAID | {"sequence": 2}, NOW) is Added.NEW
    (group,) = groups(box)
    assert (group.name, group.reports, group.homes) == ("example.org", 2, 1)
    assert all(SITE not in (row.key + row.site) for row in box.rows())


@pytest.mark.parametrize(
    "change",
    [
        {"site": "x"}, {"site": SITE.upper()}, {"sequence": 0}, {"sequence": True}, {"sequence": 2**31 + 1}, {"sequence": "1"},
        {"kind": "other"}, {"name": "https://a/b"}, {"name": ""}, {"name": 7}, {"name": "a" * 401}, {"category": "A"},
        {"category": None}, {"reason": "x" * 301}, {"reason": "a\x1b[2Jb"}, {"reason": None}, {"layout": 2}, {"more": 1},
    ],
)  # fmt: skip
def test_what_no_box_says_is_refused(box: Inbox, change: dict[str, Any]) -> None:
    with pytest.raises(ConfigError):
        take(box, SAID | change, NOW)
    assert box.rows() == ()


@given(
    st.dictionaries(
        st.sampled_from(sorted(SAID)), st.none() | st.integers() | st.text(max_size=40) | st.lists(st.none())
    )
)
@settings(max_examples=examples(200))
def test_any_values_are_taken_or_refused(change: dict[str, Any]) -> None:
    class Box:
        def add(self, row: Any) -> Added:
            assert row.reason.isprintable() and len(row.name) <= 255
            return Added.NEW

    try:
        take(Box(), SAID | change, NOW)  # type: ignore[arg-type]
    except ConfigError:
        pass


def test_a_decision_is_a_file_first_and_answers_every_home(box: Inbox, tmp_path: Path) -> None:
    for number in range(1, 4):
        take(box, SAID | {"sequence": number}, NOW)
    assert decide(box, tmp_path, "Example.org", MISTAKE, Verdict.ACCEPTED, "cô Hoa", Words(**NOTE), NOW) == 3
    (path,) = (tmp_path / "outcomes").iterdir()
    values = yaml.safe_load(path.read_text())
    assert path.name.startswith("2026-11-30-example.org-mistake-") and values["by"] == "cô Hoa"
    published = json.loads(feed_people.documents(tmp_path, NOW)["outcomes"])
    found = notices.outcomes(published)
    assert {key_of(SITE, number) for number in (1, 2, 3)} == set(found)
    text = json.dumps(published)
    assert "Hoa" not in text and "example.org" not in text and SITE not in text  # whose it was, and what, stays inside
    assert groups(box) == ()


def test_cut_between_file_and_row_the_clerk_is_asked_again_and_the_file_is_the_same(
    box: Inbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    take(box, SAID, NOW)

    def cut(*_: Any) -> int:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(box, "decide", cut)
        decide(box, tmp_path, "example.org", MISTAKE, Verdict.DECLINED, "x", NO_WORDS, NOW)
    assert len(groups(box)) == 1
    assert decide(box, tmp_path, "example.org", MISTAKE, Verdict.DECLINED, "x", NO_WORDS, NOW) == 1
    assert len(list((tmp_path / "outcomes").iterdir())) == 1


def test_more_than_fit_into_one_file_are_all_answered(
    box: Inbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(feed_inbox, "AT_ONCE", 2)
    for number in range(1, 6):
        take(box, SAID | {"sequence": number}, NOW)
    assert decide(box, tmp_path, "example.org", MISTAKE, Verdict.ACCEPTED, "x", NO_WORDS, NOW) == 5
    assert len(list((tmp_path / "outcomes").iterdir())) == 3 and len(feed_people.outcomes(tmp_path, NOW)) == 5


@pytest.mark.parametrize(
    ("name", "by", "note", "said"),
    [
        ("other.example", "x", NO_WORDS, "nothing waits"), ("example.org", "", NO_WORDS, "by: expected text"),
        ("example.org", "x", Words("chỉ tiếng Việt", ""), "note"), ("example.org", "x", Words("x" * 301, "y"), "at most 300"),
    ],
)  # fmt: skip
def test_what_cannot_be_decided_is_said(box: Inbox, tmp_path: Path, name: str, by: str, note: Words, said: str) -> None:
    take(box, SAID, NOW)
    with pytest.raises(ConfigError, match=said):
        decide(box, tmp_path, name, MISTAKE, Verdict.ACCEPTED, by, note, NOW)
    assert len(groups(box)) == 1 and not (tmp_path / "outcomes").exists()


def write(folder: Path, name: str, values: Any) -> None:
    (folder / name).parent.mkdir(exist_ok=True)
    (folder / name).write_text(yaml.safe_dump(values, allow_unicode=True))


def test_the_folder_becomes_the_feeds_documents(tmp_path: Path) -> None:
    assert feed_people.documents(tmp_path, NOW) == {}
    one = advisory()
    del one["id"]
    write(tmp_path, "advisories/gia-mao-2.yaml", one)
    (tmp_path / "advisories" / "day.yaml").write_text(
        "date: 2026-11-24\ntitle: {vi: một, en: one}\ntext: {vi: hai, en: two}\n"
    )
    write(tmp_path, "materials/all.yaml", [card("a"), card("b")])
    found = feed_people.documents(tmp_path, NOW)
    assert {a.id for a in notices.advisories(json.loads(found["advisories"]))} == {"gia-mao-2", "day"}
    assert [c.id for c in notices.materials(json.loads(found["materials"]))] == ["a", "b"] and "outcomes" not in found


@pytest.mark.parametrize(
    ("file", "text", "said"),
    [
        ("advisories/x.yaml", "title: [", "x.yaml: not YAML"), ("advisories/x.yaml", "7", "x.yaml: expected a mapping"),
        ("advisories/x.yaml", "date: soon", "title, text missing"), ("materials/x.yaml", "- id: a", "missing"),
        ("outcomes/x.yaml", "[]", "x.yaml: expected name"), ("outcomes/x.yaml", "reports: [a]", "x.yaml"),
    ],
)  # fmt: skip
def test_what_a_box_would_not_take_is_refused_before_it_is_published(
    tmp_path: Path, file: str, text: str, said: str
) -> None:
    (tmp_path / file).parent.mkdir()
    (tmp_path / file).write_text(text)
    with pytest.raises(ConfigError, match=said):
        feed_people.documents(tmp_path, NOW)


def decided(folder: Path, name: str, day: str, keys: list[str], verdict: str = "accepted") -> None:
    write(
        folder,
        f"outcomes/{name}.yaml",
        {"name": "n", "kind": "missed", "verdict": verdict, "date": day, "by": "x", "reports": keys},
    )


def test_outcomes_leave_the_feed_when_they_are_old_and_the_newest_word_counts(tmp_path: Path) -> None:
    decided(tmp_path, "old", "2026-05-01", ["a" * 32])
    decided(tmp_path, "first", "2026-11-01", ["b" * 32])
    decided(tmp_path, "then", "2026-11-02", ["b" * 32], "declined")
    (one,) = feed_people.outcomes(tmp_path, NOW)
    assert one == {"key": "b" * 32, "verdict": "declined", "date": "2026-11-02"}


def test_the_document_never_outgrows_what_a_box_takes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    decided(tmp_path, "many", "2026-11-01", [f"{n:032x}" for n in range(notices.MAX_OUTCOMES + 10)])
    assert len(feed_people.outcomes(tmp_path, NOW)) == notices.MAX_OUTCOMES
    monkeypatch.setattr(feed_people, "MAX_BYTES", 50_000)
    assert 100 < len(feed_people.outcomes(tmp_path, NOW)) < 500
    assert len(feed_people.documents(tmp_path, NOW)["outcomes"]) <= 50_000


def test_too_many_files_are_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(feed_people, "MAX_FILES", 1)
    decided(tmp_path, "a", "2026-11-01", ["a" * 32])
    decided(tmp_path, "b", "2026-11-01", ["b" * 32])
    with pytest.raises(FeedError, match="at most 1 files"):
        feed_people.documents(tmp_path, NOW)
