"""Taking a revision into service: the new one whole, or the old one."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from filterd.control.publish import current, publish
from filterd.engine.world import World
from filterd.errors import LayoutError, StartError
from filterd.net import reload as module
from filterd.net.loop import Loop
from filterd.net.reload import Reloader, first_world, open_world
from filterd.policy.clients import dump
from filterd.wire.name import to_wire
from tests.unit.net.bench import Bench
from tests.worlds import bundle_file, publish_world, snapshot_bytes

BAD = to_wire("bad.example")


@pytest.fixture
def state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A state with one published revision."""
    monkeypatch.setenv("FILTERD_RUN", str(tmp_path / "run"))
    state = tmp_path / "state"
    state.mkdir()
    publish_world(state, {"adult": ["bad.example"]})
    return state


@pytest.fixture
def bench() -> Iterator[Bench]:
    """For its loop."""
    with Bench() as bench:
        yield bench


class Swaps(list[World]):
    """Takes worlds like an engine."""

    def __call__(self, world: World) -> int:
        """Keep."""
        self.append(world)
        return world.revision


class Reloading:
    """A reloader under test with what it says."""

    def __init__(self, bench: Bench, state: Path, swap: Callable[[World], int] | None = None) -> None:
        self.bench = bench
        self.swaps = Swaps()
        self.reloader = Reloader(state, bench.loop, first_world(state), swap or self.swaps)
        self.said: list[tuple[int, str]] = []

    def reload(self) -> tuple[int, str]:
        """Ask for the newest and wait for the word."""
        before = len(self.said)
        self.reloader.reload(lambda number, error: self.said.append((number, error)))
        assert self.bench.turn(lambda: len(self.said) > before)
        return self.said[-1]


def file_of(state: Path, part: str) -> Path:
    """The file of a part of the current revision."""
    found = current(state)
    assert found is not None
    return state / getattr(found, part).file


def replace(path: Path, data: bytes) -> None:
    """Put another file in the place of one that may be mapped."""
    path.with_suffix(".new").write_bytes(data)
    path.with_suffix(".new").rename(path)


def test_a_new_revision_is_taken_and_told(bench: Bench, state: Path) -> None:
    r = Reloading(bench, state)
    publish_world(state, {"adult": ["bad.example", "worse.example"]})
    assert r.reload() == (2, "")
    (world,) = r.swaps
    assert world.revision == 2 and world.bundle.lookup(to_wire("worse.example")) != 0


def test_parts_that_stay_are_not_opened_again(bench: Bench, state: Path) -> None:
    r = Reloading(bench, state)
    before = r.reloader.opened.world
    publish(state, clients=dump({"192.0.2.1": "02:00:00:00:00:01"}))
    assert r.reload() == (2, "")
    world = r.swaps[0]
    assert world.bundle is before.bundle and world.snapshot is before.snapshot and world.judge is before.judge
    assert world.clients.mac("192.0.2.1") == "02:00:00:00:00:01"
    publish(state, bundle=bundle_file(state, {"adult": ["other.example"]}))
    assert r.reload() == (3, "")
    assert r.swaps[1].clients is world.clients and r.swaps[1].snapshot is before.snapshot
    assert r.swaps[1].judge is not before.judge


def test_the_revision_in_force_is_not_swapped_again(bench: Bench, state: Path) -> None:
    r = Reloading(bench, state)
    assert r.reload() == (1, "")
    assert r.swaps == []


def test_without_the_publishers_word_it_is_noticed_all_the_same(bench: Bench, state: Path) -> None:
    r = Reloading(bench, state)
    publish(state, clients=dump({}))
    assert bench.turn(lambda: r.swaps, 3)


@pytest.mark.parametrize("part", ["bundle", "snapshot", "clients"])
@pytest.mark.parametrize("damage", ["absent", "empty", "flipped", "short", "rubbish"])
def test_a_damaged_part_is_refused_and_the_old_world_stays(bench: Bench, state: Path, part: str, damage: str) -> None:
    r = Reloading(bench, state)
    publish(
        state,
        bundle=bundle_file(state, {"adult": ["other.example"]}),
        snapshot=snapshot_bytes() + b" ",
        clients=dump({"192.0.2.1": "02:00:00:00:00:01"}),
    )
    path = file_of(state, part)
    data = path.read_bytes()
    middle = len(data) // 2
    match damage:
        case "absent":
            path.unlink()
        case "empty":
            replace(path, b"")
        case "flipped":
            replace(path, data[:middle] + bytes((data[middle] ^ 1,)) + data[middle + 1 :])
        case "short":
            replace(path, data[:-1])
        case "rubbish":
            replace(path, os.urandom(5000))
    number, error = r.reload()
    assert number == 1 and error
    assert r.swaps == []
    assert r.reloader.error == error and r.reloader.refused == 1
    assert r.reloader.opened.world.bundle.lookup(BAD) != 0
    publish_world(state, {"adult": ["third.example"]})  # the next good one is taken
    assert r.reload()[1] == ""
    assert r.reloader.error == "" and len(r.swaps) == 1


def test_a_damaged_revision_file_changes_nothing(bench: Bench, state: Path) -> None:
    r = Reloading(bench, state)
    replace(state / "revision.json", b"{}")
    number, error = r.reload()
    assert number == 1 and "layout" in error
    (state / "revision.json").unlink()
    assert r.reload()[0] == 1


def test_a_part_that_makes_its_reader_fail_in_an_unforeseen_way_is_refused(
    bench: Bench, state: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    r = Reloading(bench, state)
    publish(state, clients=dump({}))

    def fails(*_: object) -> None:
        raise RecursionError("deep")

    monkeypatch.setattr(module, "open_world", fails)
    assert r.reload() == (1, "RecursionError: deep")


def test_a_world_that_the_engine_does_not_take_is_not_in_force(bench: Bench, state: Path) -> None:
    def fails(_: World) -> int:
        raise RuntimeError("a bug")

    r = Reloading(bench, state, fails)
    publish(state, clients=dump({}))
    assert r.reload() == (1, "RuntimeError: a bug")


def test_an_error_that_may_pass_is_tried_again(bench: Bench, state: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "RETRY_S", 0.5)
    r = Reloading(bench, state)
    publish(state, clients=dump({}))
    path = file_of(state, "clients")
    path.rename(path.with_suffix(".away"))
    assert r.reload()[1]
    path.with_suffix(".away").rename(path)
    assert bench.turn(lambda: r.swaps, 4)


def test_whoever_asks_while_it_is_at_work_gets_the_newest_too(
    bench: Bench, state: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    r = Reloading(bench, state)
    publish(state, clients=dump({"192.0.2.1": "02:00:00:00:00:01"}))
    go = threading.Event()
    real = open_world

    def slow(*arguments: object) -> object:
        found = real(*arguments)  # type: ignore[arg-type] # passed through
        assert go.wait(5)
        return found

    monkeypatch.setattr(module, "open_world", slow)
    for _ in range(3):
        r.reloader.reload(lambda number, error: r.said.append((number, error)))
    publish(state, clients=dump({"192.0.2.1": "02:00:00:00:00:02"}), wait_s=0)
    go.set()
    assert bench.turn(lambda: len(r.said) == 3)
    assert r.said[-1] == (3, "")
    assert r.reloader.number == 3


def test_files_that_a_faster_publisher_removed_are_no_error(
    bench: Bench, state: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    r = Reloading(bench, state)
    publish(state, clients=dump({"192.0.2.1": "02:00:00:00:00:01"}))
    real = open_world
    calls: list[int] = []

    def overtaken(folder: Path, revision: object, before: object) -> object:
        calls.append(1)
        if len(calls) == 1:
            publish(state, clients=dump({}))
            raise LayoutError("the file is gone")
        return real(folder, revision, before)  # type: ignore[arg-type] # passed through

    monkeypatch.setattr(module, "open_world", overtaken)
    assert r.reload() == (3, "")


# --- the start


def test_nothing_is_answered_without_lists_and_policy(tmp_path: Path, state: Path) -> None:
    with pytest.raises(StartError, match="nothing is published"):
        first_world(tmp_path)
    other = tmp_path / "other"
    other.mkdir()
    publish(other, snapshot=snapshot_bytes())
    with pytest.raises(StartError, match="no whole list bundle"):
        first_world(other)
    third = tmp_path / "third"
    publish(third, bundle=bundle_file(third, {"adult": ["bad.example"]}))
    with pytest.raises(StartError, match="no whole policy snapshot"):
        first_world(third)


@pytest.mark.parametrize("damaged", [1, 2, 3])
def test_with_damaged_revisions_the_newest_whole_one_is_served(state: Path, damaged: int) -> None:
    for number in (2, 3):
        publish_world(state, {"adult": [f"bad{number}.example"]})
    for name in ("revision.json", "revision.json.1", "revision.json.2")[:damaged]:
        found = module.revisions.read(state / name)
        assert found.bundle is not None
        replace(state / found.bundle.file, b"rubbish")
    if damaged == 3:
        with pytest.raises(StartError, match=r"no whole revision.*;.*;"):
            first_world(state)
    else:
        assert first_world(state).world.revision == 3 - damaged


def test_it_looks_no_more_after_the_end(bench: Bench, state: Path) -> None:
    r = Reloading(bench, state)
    r.reloader.close()
    publish(state, clients=dump({}))
    bench.idle(1.3)
    assert r.swaps == []
    assert isinstance(bench.loop, Loop)
