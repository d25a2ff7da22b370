"""A house with alerts for tests: rings, an Ingest that feeds them, and what is in the store."""

from __future__ import annotations

import json
import sqlite3
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from filterd.control.alerts import Alerts
from filterd.control.alerts_rows import list_alerts
from filterd.control.ingest import Ingest
from filterd.model.alert import Alert
from filterd.model.household import Device, Household, Privacy, Profile
from tests.unit.control.ring_data import START, Worker

NOW = START / 1000
MINUTE = 60_000
HOUSE = Household(
    (
        Profile("lan", "Lan"),
        Profile("tuan", "Tuấn", parent_sees="categories"),
        Profile("bo-me", "Bố mẹ", preset="adult"),
    ),
    timezone="Asia/Ho_Chi_Minh",
    devices=(Device("pad", "Máy tính bảng", "lan", mac="02:00:00:00:00:01"),),
)
OLD_MAC, NEW_MAC = "3c:00:00:00:00:01", "3c:00:00:00:00:02"


class Clock:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


class Home:
    """Rings, ingest and alerts of a state folder; `kill` forgets all that is in memory."""

    def __init__(self, state: Path, run: Path, household: Household = HOUSE) -> None:
        self.state = state
        self.worker = Worker(run)
        self.household = household
        self.clock = Clock()
        self.begin()

    def begin(self) -> None:
        self.alerts = Alerts(self.state, self.clock)
        self.ingest = Ingest(self.state, consumers=[self.alerts], clock=self.clock)
        self.tell(self.household)

    def tell(self, household: Household) -> None:
        """The household has changed."""
        self.household = household
        self.ingest.reload(household)
        self.alerts.reload(household)

    def level(self, level: str) -> None:
        self.tell(replace(self.household, privacy=Privacy(level=level)))

    def kill(self) -> None:
        """As after kill -9: a new manager, from what is in the store."""
        for reader in self.ingest._readers.values():
            reader.close()
        self.ingest._let_go()
        self.begin()

    def harm(self, at_ms: int = START, category: str = "gambling", name: str = "bet.example.org", **more: Any) -> None:
        self.worker.ask(name, at_ms, blocked=True, category=category, **more)

    def step(self, now: float = NOW + 1) -> bool:
        """Read the rings, and let the alerts work."""
        self.ingest.step(now)
        return self.alerts.step(now)

    def commit(self, now: float = NOW + 1) -> bool:
        return self.ingest.commit(now)

    @property
    def found(self) -> list[Alert]:
        """What is in the store, oldest first."""
        return list(reversed(list_alerts(self.state, limit=5000)))

    @property
    def brief(self) -> list[tuple[str, str, str, int]]:
        """Kind, profile, category or categories, and count."""
        return [
            (
                a.kind.value,
                a.profile,
                a.detail.get("category") or ",".join(a.detail.get("categories", ())) or "",
                a.count,
            )
            for a in self.found
        ]

    def of(self, kind: str) -> list[Alert]:
        return [a for a in self.found if a.kind.value == kind]

    def close(self) -> None:
        self.ingest.close()
        self.alerts.close()
        self.worker.close()


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.setenv("FILTERD_RUN", str(tmp_path / "run"))
    monkeypatch.setattr("time.time", lambda: NOW + 3600)
    (tmp_path / "state").mkdir()
    made = Home(tmp_path / "state", tmp_path / "run")
    yield made
    made.close()


def memory(state: Path) -> dict[str, Any]:
    """What the manager remembers."""
    db = sqlite3.connect(state / "activity.db")
    try:
        found = db.execute("SELECT detail FROM alert WHERE kind = 'memory'").fetchall()
    finally:
        db.close()
    assert len(found) == 1
    return dict(json.loads(found[0][0]))
