"""What page, child and command line are told about budgets: right at once, with a manager, without one, with neither."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import pytest

from filterd.control.budgets import Budgets
from filterd.control.budgets_status import BudgetStatus, status
from filterd.control.ingest import Ingest
from filterd.control.moves import Whom, bonus
from filterd.control.profiles import patch_household
from filterd.control.retention import delete
from filterd.errors import ConfigError, StoreError
from filterd.model.change import Who
from filterd.model.decision import Row
from tests.unit.control.budget_home import BERLIN, NOON, set_up
from tests.unit.control.ring_data import Worker

MIDNIGHT = datetime(2026, 11, 25, tzinfo=BERLIN).timestamp()


@pytest.fixture
def state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("FILTERD_RUN", str(tmp_path / "run"))
    return set_up(tmp_path / "state")


@pytest.fixture
def worker(state: Path, tmp_path: Path):
    made = Worker(tmp_path / "run")
    yield made
    made.close()


def use(worker: Worker, name: str, *after_s: float, profile: str = "anna", device: str = "phone", **more) -> None:
    for seconds in after_s:
        worker.ask(name, int((NOON + seconds) * 1000), profile=profile, device=device, **more)


def texts(state: Path, now: float = NOON + 1200) -> list[str]:
    return [b.text for b in status(state, now=now)]


def test_a_fresh_house(state: Path) -> None:
    found = status(state, "anna", NOON)
    assert found[0] == BudgetStatus(
        profile="anna", number=0, key=found[0].key, services=("youtube", "tiktok"), categories=(), days=None,
        minutes=15, today=True, used=0, used_up=False, blocked=False, text="about 0 of 15 minutes", until=MIDNIGHT,
    )  # fmt: skip
    assert [(b.profile, b.number, b.today) for b in status(state, now=NOON)] == [
        ("anna", 0, True), ("anna", 1, True), ("ben", 0, True), ("ben", 1, False),
    ]  # fmt: skip
    assert not (state / "activity.db").exists()


def test_what_lies_in_the_rings_counts_without_a_manager(state: Path, worker: Worker) -> None:
    use(worker, "www.tube.example", 0, 1, 300)
    use(worker, "www.tube.example", 20, 301, device="pad")
    use(worker, "log.tok.example", 600)
    use(worker, "www.tube.example", 600, blocked=True)
    use(worker, "www.tube.example", 600, row=Row.NAME)
    use(worker, "www.tube.example", 600, profile="ben", device="tv")
    worker.rings[False].append(b"\x09\x00" + b"\xff" * 9)  # no record
    assert texts(state) == [
        "about 10 of 15 minutes", "about 0 of 10 minutes", "about 5 of 10 minutes", "no limit today",
    ]  # fmt: skip
    use(worker, "www.tube.example", 900)
    (found, _) = status(state, "anna", NOON + 1200)
    assert (found.used, found.used_up, found.blocked) == (15, True, False)  # nobody is there to block


def test_stored_and_not_stored_together(state: Path, worker: Worker) -> None:
    now = NOON + 1200
    budgets = Budgets(state, lambda: None, clock=lambda: now)
    ingest = Ingest(state, consumers=[budgets])
    use(worker, "www.tube.example", 0, 300)
    ingest.step(now)
    assert texts(state)[0] == "about 10 of 15 minutes"
    assert ingest.commit(now)
    assert texts(state)[0] == "about 10 of 15 minutes"
    use(worker, "www.tube.example", 310, 900)
    assert texts(state)[0] == "about 15 of 15 minutes"
    ingest.step(now)
    budgets.step()
    (found, _) = status(state, "anna", now)
    assert (found.used_up, found.blocked) == (True, True)
    use(worker, "www.tube.example", 1200)
    assert texts(state)[0] == "about 15 of 15 minutes"  # never more
    ingest.close()
    (state / "activity.db").unlink()
    (state / "activity.db-wal").unlink(missing_ok=True)
    for ring in (state.parent / "run").iterdir():
        ring.unlink()
    (found, _) = status(state, "anna", now)  # a power cut took log and memory
    assert (found.text, found.used_up, found.blocked) == ("about 15 of 15 minutes", True, True)
    assert status(state, "anna", MIDNIGHT)[0].text == "about 0 of 15 minutes"


def test_a_bonus_is_not_used_up(state: Path, worker: Worker) -> None:
    bonus(state, Who("mẹ"), Whom(device="phone"), 10, now=NOON)
    use(worker, "www.tube.example", 0, 300, 599)
    assert texts(state)[0] == "about 0 of 15 minutes"
    use(worker, "www.tube.example", 300, device="pad")
    use(worker, "www.tube.example", 600)
    assert texts(state)[0] == "about 10 of 15 minutes"


def test_deleted_is_gone(state: Path, worker: Worker) -> None:
    use(worker, "www.tube.example", 0, 300)
    use(worker, "www.tube.example", 0, profile="ben", device="tv")
    delete(state, profile="anna", now=NOON + 400)
    use(worker, "www.tube.example", 600)
    assert texts(state)[::2] == ["about 5 of 15 minutes", "about 5 of 10 minutes"]
    delete(state, everything=True, now=NOON + 700)
    assert texts(state)[::2] == ["about 0 of 15 minutes", "about 0 of 10 minutes"]


def test_in_the_language_of_the_household(state: Path, worker: Worker) -> None:
    patch_household(state, Who("mẹ"), {"language": "vi"})
    use(worker, "www.tube.example", 0, 300)
    assert texts(state) == [
        "khoảng 10 trên 15 phút", "khoảng 0 trên 10 phút", "khoảng 0 trên 10 phút", "hôm nay không giới hạn",
    ]  # fmt: skip


def test_without_a_bundle_nothing_is_known(state: Path, worker: Worker) -> None:
    use(worker, "www.tube.example", 0)
    (state / "revision.json").unlink()
    for path in state.glob("revision*"):
        path.unlink()
    assert texts(state)[0] == "about 0 of 15 minutes"


def test_nobody_of_that_name_and_no_household(state: Path, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"no profile 'eve' here \(known: anna, ben, dad\)"):
        status(state, "eve")
    assert status(state, "dad") == []
    with pytest.raises(StoreError):
        status(tmp_path / "none")
