"""The inbox's database: a report once, groups by homes, bounds, decisions; on SQLite, and on PostgreSQL where there is one."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from filterd.errors import StoreError
from filterd.store import inbox as store
from filterd.store.inbox import Added, Group, Inbox, Row

ROW = Row(0, "k1", "home1", 100.0, "mistake", "example.org", "games", "lý do")


@pytest.fixture
def box(tmp_path: Path) -> Iterator[Inbox]:
    found = Inbox.open(tmp_path / "inbox.db")
    yield found
    found.close()


def test_a_report_is_taken_once(box: Inbox) -> None:
    assert box.add(ROW) is Added.NEW
    assert box.add(replace(ROW, at=200.0)) is Added.SAME
    assert box.add(replace(ROW, reason="khác")) is Added.OTHER
    assert [(row.key, row.reason, row.at) for row in box.rows()] == [("k1", "lý do", 100.0)]


def test_groups_count_homes_not_reports(box: Inbox) -> None:
    for number, home in enumerate(("h1", "h1", "h1", "h2")):
        box.add(replace(ROW, key=f"a{number}", site=home, at=float(number)))
    for number, home in enumerate(("h1", "h2", "h3")):
        box.add(replace(ROW, key=f"b{number}", site=home, name="b.example", kind="missed", at=float(number)))
    assert box.groups() == (
        Group("b.example", "missed", 3, 3, 0.0, 2.0), Group("example.org", "mistake", 4, 2, 0.0, 3.0),
    )  # fmt: skip
    assert len(box.groups(limit=1)) == 1


def test_what_is_decided_waits_no_more(box: Inbox) -> None:
    for number in range(3):
        box.add(replace(ROW, key=f"k{number}"))
    ids = [row.id for row in box.rows(name="example.org", kind="mistake", is_open=True)]
    assert box.decide(ids[:2], "accepted", "cô Hoa", 500.0) == 2
    assert box.decide(ids, "declined", "khác", 600.0) == 1
    assert [row.verdict for row in box.rows(is_open=False)] == ["accepted", "accepted", "declined"]
    assert box.groups() == () and box.rows(is_open=True) == ()
    assert box.add(replace(ROW, key="k0")) is Added.SAME  # a late copy changes nothing


def test_one_home_does_not_fill_it(box: Inbox, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(store, "MAX_OPEN_OF_SITE", 3)
    monkeypatch.setattr(store, "MAX_OPEN", 5)
    assert [box.add(replace(ROW, key=f"a{n}")) for n in range(4)] == [Added.NEW] * 3 + [Added.FULL]
    assert [box.add(replace(ROW, key=f"b{n}", site="h2")) for n in range(3)] == [Added.NEW] * 2 + [Added.FULL]
    box.decide([row.id for row in box.rows()], "accepted", "x", 1.0)
    assert box.add(replace(ROW, key="c")) is Added.NEW


def test_old_decisions_are_forgotten_new_ones_and_open_ones_stay(box: Inbox, monkeypatch: pytest.MonkeyPatch) -> None:
    for number in range(6):
        box.add(replace(ROW, key=f"k{number}"))
    ids = sorted(row.id for row in box.rows())
    box.decide(ids[:2], "accepted", "x", 1.0)
    monkeypatch.setattr(store, "MAX_DECIDED", 2)
    box.decide(ids[2:4], "accepted", "x", 2.0 + store.FORGET_S)
    assert [row.key for row in box.rows()] == ["k5", "k4", "k3", "k2"]
    box.decide(ids[4:5], "accepted", "x", 3.0 + store.FORGET_S)  # one more than may be kept
    assert [row.key for row in box.rows()] == ["k5", "k4", "k3"]


def test_pages_go_back(box: Inbox) -> None:
    for number in range(5):
        box.add(replace(ROW, key=f"k{number}"))
    first = box.rows(limit=2)
    assert [row.key for row in (*first, *box.rows(limit=9, before=first[-1].id))] == ["k4", "k3", "k2", "k1", "k0"]


@pytest.mark.parametrize("place", ["mysql://x/y", "not an address", "sqlite:///x.db"])
def test_another_address_is_refused(place: str) -> None:
    with pytest.raises(StoreError, match="postgresql"):
        Inbox.open(place)


def test_a_place_that_cannot_be_is_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(StoreError):
        Inbox.open(tmp_path / "file" / "inbox.db")
