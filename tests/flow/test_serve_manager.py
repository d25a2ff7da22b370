"""The manager: who wears which address reaches the workers; the floor of the clock is remembered."""

from __future__ import annotations

import json
import time
import urllib.request
from pathlib import Path

import pytest

from filterd.config.household import read
from filterd.control.entities import bodies_of
from filterd.control.household import known_words, open_store
from filterd.control.publish import current, publish
from filterd.host.clock import Clock, read_floor
from filterd.manage import Manager
from filterd.model.change import Who
from filterd.net.loop import Loop
from filterd.policy.clients import ClientMap
from tests.worlds import publish_world

PHONE, TV = "02:00:00:00:00:01", "02:00:00:00:00:02"


@pytest.fixture
def state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A published state."""
    monkeypatch.setenv("FILTERD_RUN", str(tmp_path / "run"))
    publish_world(tmp_path / "state", {"adult": ["bad.example"]})
    return tmp_path / "state"


class Table(dict[str, str]):
    """A neighbour table that a test changes."""

    def __call__(self) -> dict[str, str]:
        """Read it."""
        return dict(self)


def map_in_force(state: Path) -> ClientMap:
    """The published client map."""
    revision = current(state)
    assert revision is not None and revision.clients is not None
    return ClientMap.load((state / revision.clients.file).read_bytes())


def test_a_change_of_the_neighbour_table_is_published_once(state: Path) -> None:
    loop, table, now = Loop(), Table({"192.0.2.1": PHONE}), [1_900_000_000.0]
    manager = Manager(state, loop, table, wall=lambda: now[0])
    manager.look()
    manager.look()
    assert map_in_force(state).mac("192.0.2.1") == PHONE
    assert current(state).number == 2  # type: ignore[union-attr] # published above
    table["192.0.2.1"] = TV
    now[0] += 2
    manager.look()
    assert map_in_force(state).mac("192.0.2.1") == TV
    loop.close()


def test_before_anything_is_published_an_empty_map_is_not_either(tmp_path: Path) -> None:
    loop = Loop()
    Manager(tmp_path, loop, Table()).look()
    assert current(tmp_path) is None
    loop.close()


def test_one_job_that_fails_does_not_stop_the_others(state: Path, caplog: pytest.LogCaptureFixture) -> None:
    loop = Loop()

    def broken() -> dict[str, str]:
        raise PermissionError(1, "no netlink here")

    manager = Manager(state, loop, broken)
    manager.start()
    ends = time.monotonic() + 0.3
    while time.monotonic() < ends:
        loop.run_once(0.05)
    assert "the neighbour table cannot be read" in caplog.text
    manager.close()
    loop.close()


def test_the_floor_is_saved_when_the_clock_is_right_and_only_then(state: Path) -> None:
    loop = Loop()
    Manager(state, loop, Table(), Clock(state, lambda: 1_900_000_000.0)).save_floor()
    assert read_floor(state) == 1_900_000_000.0
    Manager(state, loop, Table(), Clock(state, lambda: 5.0, lambda: False)).save_floor()
    assert json.loads((state / "clock.json").read_bytes()) == {"floor": 1_900_000_000}
    loop.close()


def test_the_household_is_compiled_anew(state: Path) -> None:
    before = current(state)
    with open_store(state, make=True) as store:  # a change that was killed before it was published
        household = read("version: 1\nprofiles: [{id: an, name: An}]\n", known_words(state), "h.yaml")
        store.change(Who(), "import", 0.0, lambda _: bodies_of(household))
    loop = Loop()
    Manager(state, loop, Table()).republish()
    loop.close()
    after = current(state)
    assert before is not None and after is not None and after.snapshot != before.snapshot
    assert after.bundle == before.bundle


def test_an_unchanged_publication_is_not_written_again(state: Path) -> None:
    publish(state, clients=b"{}")
    before = (state / "revision.json").stat().st_mtime_ns
    publish(state, clients=b"{}")
    assert (state / "revision.json").stat().st_mtime_ns == before


def test_metrics_are_served_where_the_settings_say(state: Path) -> None:
    loop = Loop()
    manager = Manager(state, loop, Table(), metrics="127.0.0.1:0")
    assert manager._metrics is not None
    address = manager._metrics.address
    with urllib.request.urlopen(f"http://{address}/metrics", timeout=10) as answer:
        text = answer.read()
    assert b'filterd_manager_helper_running{helper="deliver"} 0.0' in text  # not started
    manager.start()
    ends = time.monotonic() + 20
    while b'filterd_manager_task_last_success_timestamp_seconds{task="ingest"}' not in text:
        assert time.monotonic() < ends
        loop.run_once(0.05)
        with urllib.request.urlopen(f"http://{address}/metrics", timeout=10) as answer:
            text = answer.read()
    assert b'filterd_manager_task_failures_total{task="ingest"} 0.0' in text
    assert b'filterd_manager_helper_running{helper="deliver"} 1.0' in text
    assert b'filterd_part_up{part="manager"} 1.0' in text
    second = Manager(state, loop, Table(), metrics=address)  # taken: said, and everything else goes on
    assert second._metrics is None
    manager.close()
    second.close()
    loop.close()
