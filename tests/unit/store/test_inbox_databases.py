"""The inbox on SQLite and on PostgreSQL: the same reports, the same groups, once each however often they come."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from filterd.store.inbox import Added, Inbox
from tests.contract.databases import *  # noqa: F403
from tests.unit.store.test_inbox import ROW


def test_reports_groups_and_decisions(store_state: Path) -> None:
    address = store_state / "database"
    box = Inbox.open(address.read_text().strip() if address.exists() else store_state / "inbox.db")
    try:
        again = Inbox.open(address.read_text().strip() if address.exists() else store_state / "inbox.db")
        assert [box.add(ROW), again.add(ROW), again.add(replace(ROW, reason="khác"))] == [
            Added.NEW,
            Added.SAME,
            Added.OTHER,
        ]
        again.close()
        for number, home in enumerate(("h1", "h1", "h2")):
            assert box.add(replace(ROW, key=f"k{number + 2}", site=home, at=float(number))) is Added.NEW
        (group,) = box.groups()
        assert (group.reports, group.homes, group.first, group.last) == (4, 3, 0.0, 100.0)
        ids = [row.id for row in box.rows(name=ROW.name, kind=ROW.kind, is_open=True)]
        assert box.decide(ids, "accepted", "cô Hoa", 500.0) == 4 and box.groups() == ()
        assert {row.decided_by for row in box.rows(is_open=False)} == {"cô Hoa"}
    finally:
        box.close()
