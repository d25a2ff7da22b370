"""Budgets on SQLite and on PostgreSQL: stored with a batch, read by the next manager, said once."""

from __future__ import annotations

from pathlib import Path

import pytest

from filterd.control.budgets import Budgets
from filterd.control.budgets_status import status
from filterd.control.ingest import Ingest
from tests.contract.databases import *  # noqa: F403
from tests.unit.control.budget_home import NOON, asked, set_up
from tests.unit.control.ring_data import Worker


def test_a_day_with_two_managers(store_state: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FILTERD_RUN", str(tmp_path / "run"))
    worker = Worker(tmp_path / "run")
    set_up(store_state)
    said: list[str] = []
    now = NOON + 900

    def manager() -> tuple[Budgets, Ingest]:
        made = Budgets(store_state, lambda: said.append("again"), clock=lambda: now)
        return made, Ingest(store_state, consumers=[made])

    first, ingest = manager()
    for n in range(2):
        worker.ask("www.tube.example", int((NOON + n * 300) * 1000), profile="anna", device="phone")
    ingest.step(now)
    first.step()
    ingest.close()
    first.take([asked(at=NOON)])  # what is stored may come again
    assert status(store_state, "anna", now)[0].used == 10
    second, ingest = manager()
    worker.ask("www.tube.example", int((NOON + 600) * 1000), profile="anna", device="pad")
    assert status(store_state, "anna", now)[0].used == 15
    ingest.step(now)
    second.step()
    ingest.close()
    found = status(store_state, "anna", now)[0]
    assert (found.used, found.used_up, found.blocked, said) == (15, True, True, ["again"])
    worker.close()
