"""Entries as files: what is read is what was written, and when one is in force."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from filterd.errors import ConfigError, FeedError, FilterdError
from filterd.feed import entries
from filterd.feed.entries import Entry, State, Withdrawn, dump, read_entries, read_entry, same_person, write_entry
from tests.examples import examples

TODAY = date(2026, 11, 30)
ENTRY = Entry("casino.example", "gambling", "Sòng bạc", "Lan", TODAY, date(2027, 11, 30))
TEXT = st.text(st.characters(exclude_categories=["C", "Z"]), min_size=1, max_size=60)
DAY = st.dates(date(2020, 1, 1), date(2050, 1, 1))


@settings(max_examples=examples(60), deadline=None)
@given(
    reason=TEXT, by=TEXT, evidence=TEXT | st.just(""), exact=st.booleans(), day=DAY,
    severity=st.sampled_from(entries.SEVERITIES), gone=st.booleans(), approved=st.booleans(),
)  # fmt: skip
def test_what_is_read_is_what_was_written(
    tmp_path_factory: pytest.TempPathFactory, reason: str, by: str, evidence: str, exact: bool, day: date,
    severity: str, gone: bool, approved: bool,
) -> None:  # fmt: skip
    entry = replace(
        ENTRY, reason=reason, proposed_by=by, evidence=evidence, exact=exact, review_by=day, severity=severity
    )
    if approved:
        entry = entry.approved(by + " khác", day)
    if gone:
        entry = replace(entry, withdrawn=Withdrawn(by, day, reason))
    path = write_entry(tmp_path_factory.mktemp("e"), entry)
    assert read_entry(path) == entry
    before = path.read_bytes()
    write_entry(path.parents[1], read_entry(path))
    assert path.read_bytes() == before


def test_nobody_approves_what_they_proposed() -> None:
    for name in ("Lan", " lan", "LAN ", "Ｌan"):
        with pytest.raises(FeedError, match="somebody else"):
            ENTRY.approved(name, TODAY)
    assert ENTRY.approved("Minh", TODAY).state(TODAY, 30) is State.APPROVED
    assert same_person("Nguyễn  Lan", "nguyễn lan")
    assert not same_person("Nguyễn Lan", "Nguyên Lan")


def test_a_file_that_says_the_same_person_did_both_is_refused(tmp_path: Path) -> None:
    path = write_entry(tmp_path, ENTRY.approved("Minh", TODAY))
    path.write_text(path.read_text().replace("Minh", "lan"))
    with pytest.raises(ConfigError, match="somebody else has to approve it"):
        read_entry(path)


@pytest.mark.parametrize("change", [{"reason": "khác"}, {"exact": True}, {"evidence": "x"}, {"severity": "high"}])
def test_a_change_after_the_approval_needs_another(change: dict[str, object]) -> None:
    entry = replace(ENTRY.approved("Minh", TODAY), **change)  # type: ignore[arg-type]
    assert entry.state(TODAY, 30) is State.CHANGED
    assert not entry.in_force(TODAY, 30)


def test_a_past_review_date_is_told_first_and_drops_the_entry_later() -> None:
    entry = ENTRY.approved("Minh", TODAY)
    last = entry.review_by
    states = {n: entry.state(last + timedelta(days=n), 30) for n in (0, 1, 30, 31)}
    assert states == {0: State.APPROVED, 1: State.OVERDUE, 30: State.OVERDUE, 31: State.DROPPED}
    assert entry.in_force(last + timedelta(days=30), 30)
    assert not entry.in_force(last + timedelta(days=31), 30)
    assert replace(entry, withdrawn=Withdrawn("Lan", TODAY, "x")).state(TODAY, 30) is State.WITHDRAWN
    assert ENTRY.state(TODAY, 30) is State.PROPOSED


def test_a_file_in_the_wrong_place_or_with_odd_keys_says_where(tmp_path: Path) -> None:
    path = write_entry(tmp_path, ENTRY)
    path.write_text(path.read_text().replace("category: gambling", "category: adult\ncolour: red"))
    with pytest.raises(ConfigError) as caught:
        read_entry(path)
    assert "colour: unknown key" in str(caught.value)
    assert "the file is for gambling/casino.example, and says adult/casino.example" in str(caught.value)
    assert "(gambling/casino.example.yaml:" in str(caught.value)


@pytest.mark.parametrize("name", ["Casino.example", "sòng-bạc.example", "example", "a..example", "-", "a b.example"])
def test_a_name_stands_there_as_boxes_compare_it(tmp_path: Path, name: str) -> None:
    path = write_entry(tmp_path, replace(ENTRY, name=name))
    with pytest.raises(ConfigError, match="expected lower-case A-labels"):
        read_entry(path)


@settings(max_examples=examples(100), deadline=None)
@given(st.binary(max_size=300) | st.text(max_size=200).map(str.encode))
def test_any_file_is_an_entry_or_a_sentence(tmp_path_factory: pytest.TempPathFactory, data: bytes) -> None:
    path = tmp_path_factory.mktemp("e") / "casino.example.yaml"
    good = dump({"name": "casino.example", "category": path.parent.name, "reason": "x", "proposed_by": "Lan"})
    for body in (data, good + data, data + b"\n" + good):
        path.write_bytes(body)
        try:
            read_entry(path)
        except FilterdError as exc:
            assert str(exc)


def test_bounds(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    longest = ".".join(["a" * 55] * 4) + ".aaaaaa"
    assert len(longest) == 230
    assert read_entry(write_entry(tmp_path, replace(ENTRY, name=longest))).name == longest
    with pytest.raises(FeedError, match="at most 230"):
        write_entry(tmp_path, replace(ENTRY, name=longest + "a"))
    monkeypatch.setattr(entries, "MAX_ENTRIES", 1)
    assert len(list(read_entries(tmp_path))) == 1
    write_entry(tmp_path, ENTRY)
    with pytest.raises(FeedError, match="more than 1 entries"):
        list(read_entries(tmp_path))
    for text in ("", " \t", "a" * 81, "a\x00b"):
        with pytest.raises(ConfigError, match="--by"):
            entries.check_who(text)
