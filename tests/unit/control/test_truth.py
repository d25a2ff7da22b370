"""The five checks: each holds and fails for its own reason, the worst comes first, nothing raises."""

from __future__ import annotations

import json
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from filterd.control import truth as use
from filterd.control.truth import DAY_S, NIGHT_S, STALE_DAYS, truth, worth
from filterd.host.clock import BUILD_TIME, Clock
from filterd.host.run import listen
from filterd.listbuild.registry import Event, Listed, save
from filterd.model.event import Origin
from filterd.model.now import Check
from tests.unit.control.family import state
from tests.unit.control.policy_state import NOW
from tests.unit.control.ring_data import Worker, ms, worker

__all__ = ["state", "worker"]  # fixtures
GOOD = {"upstreams": 2, "upstreams_down": 0, "upstreams_looping": 0}
NIGHT = NOW + 11 * 3600  # 23:30


@contextmanager
def workers(state: Path, **stats: int) -> Iterator[None]:
    """A worker's control socket that answers once a question."""
    listener = listen(state.parent / "run" / "worker-0.sock")
    listener.settimeout(10)
    line = json.dumps({"stats": GOOD | stats}).encode() + b"\n"

    def serve() -> None:
        while True:
            try:
                sock, _ = listener.accept()
            except OSError:
                return
            with sock:
                sock.settimeout(5)
                if sock.recv(4096):
                    sock.sendall(line)

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    try:
        yield
    finally:
        listener.shutdown(socket.SHUT_RDWR)
        listener.close()
        thread.join(10)


def test_all_five_hold(state: Path, worker: Worker) -> None:
    worker.ask(at_ms=ms(NOW - 12), profile="anna", device="pad", origin=Origin.UPSTREAM)
    worker.ask(at_ms=ms(NOW - 300), profile="ben", device="", client=b"\xc0\0\2\x63")
    with workers(state):
        seen = truth(state, NOW)
    assert seen.ok and seen.worst is None and seen.more == 0
    assert [c.id for c in seen.checks] == ["client", "lists", "clock", "upstream", "bypass"]
    assert (seen.of("client").facts["devices"], round(seen.of("client").facts["ago_s"])) == (2, 12)
    assert seen.of("lists").facts["signature"] == "unsigned" and seen.of("lists").facts["names"] == 4
    assert seen.of("clock").facts["zone"] == "Europe/Berlin"
    assert seen.of("upstream").facts["good_at"] == NOW - 12
    assert seen.of("bypass").facts == {"watched": False}
    with pytest.raises(KeyError):
        seen.of("feed")


# -- client


def client(state: Path, at: float = NOW) -> Check:
    return truth(state, at).of("client")


def test_nobody_ever_asked(state: Path, worker: Worker) -> None:
    assert client(state).reason == "never"
    worker.ask(at_ms=ms(NOW), profile="ben", device="", client=b"\x7f\0\0\1")  # the box itself
    worker.ask(at_ms=ms(NOW), profile="ben", device="pad", origin=Origin.FAILED)  # asked, and got no answer
    assert client(state).reason == "never"
    worker.ask(
        at_ms=ms(NOW), profile="anna", device="phone", client=b"\x7f\0\0\x0b"
    )  # a known device of the demonstration
    assert client(state).ok


@pytest.mark.parametrize(
    ("at", "ago", "reason"),
    [
        (NOW, DAY_S, ""), (NOW, DAY_S + 1, "silent"),
        (NIGHT, DAY_S + 1, ""), (NIGHT, NIGHT_S, ""), (NIGHT, NIGHT_S + 1, "silent"),
    ],
)  # fmt: skip
def test_silence_by_day_and_by_night(state: Path, worker: Worker, at: float, ago: float, reason: str) -> None:
    worker.ask(at_ms=ms(at - ago), profile="anna")
    assert client(state, at).reason == reason


def test_a_question_from_the_future_hides_no_silence(state: Path, worker: Worker) -> None:
    worker.ask(at_ms=ms(NOW + 3600))
    assert client(state).reason == "never"


# -- lists, clock, upstream


def listed(ident: str, days_ago: float | None) -> Listed:
    history: tuple[Event, ...] = ()
    if days_ago is not None:
        at = datetime.fromtimestamp(NOW - days_ago * 86_400, UTC).isoformat()
        history = (Event(at, "00", 10, 100, "accepted", ""),)
    return Listed(ident, "ads", "domains", "auto", f"https://lists.example/{ident}", history=history)


@pytest.mark.parametrize(
    ("ages", "reason"),
    [
        ([1.0], ""), ([STALE_DAYS - 0.01], ""), ([STALE_DAYS + 0.01], "stale"), ([None], "stale"),
        ([1.0, 20.0], ""), ([1.0, 31.0], "stale"),
    ],
)  # fmt: skip
def test_lists_grow_stale(state: Path, ages: list[float | None], reason: str) -> None:
    (state / "lists").mkdir(exist_ok=True)
    save(state, {f"l{i}": listed(f"l{i}", age) for i, age in enumerate(ages)})
    check = truth(state, NOW).of("lists")
    assert (check.ok, check.reason) == (not reason, reason) and check.facts["fetched"] == len(ages)
    if ages == [1.0, 20.0]:
        assert check.facts["oldest"] == "l1" and round(check.facts["age_s"]) == 86_400


def test_no_list_in_force_is_the_worst(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FILTERD_RUN", str(tmp_path / "run"))
    seen = truth(tmp_path / "nowhere", NOW)
    assert seen.worst is not None and (seen.worst.id, seen.worst.reason) == ("lists", "none")
    assert [c.id for c in seen.checks] == ["lists", "upstream", "client", "clock", "bypass"] and seen.more == 2


@pytest.mark.parametrize("damage", ["bundle", "registry", "household", "log", "revision"])
def test_damage_is_a_reason_and_no_exception(state: Path, damage: str) -> None:
    (state / "lists").mkdir(exist_ok=True)
    path: dict[str, Callable[[], Path]] = {
        "bundle": lambda: next((state / "bundles").iterdir()),
        "registry": lambda: state / "lists" / "registry.json",
        "household": lambda: state / "household.db",
        "log": lambda: state / "activity.db",
        "revision": lambda: state / "revision.json",
    }
    path[damage]().write_bytes(b"\0nonsense")
    seen = truth(state, NOW)
    assert not seen.ok and len(seen.checks) == 5
    expected = {"bundle": ("lists", "unreadable"), "registry": ("lists", "unknown"), "log": ("client", "unknown")}
    if damage in expected:
        ident, reason = expected[damage]
        assert seen.of(ident).reason == reason and seen.of(ident).facts["problem"]


def test_a_clock_before_the_floor_is_not_trusted(state: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(use, "Clock", partial(Clock, synchronised=lambda: False))
    check = truth(state, BUILD_TIME - 86_400).of("clock")
    assert (check.ok, check.reason, check.facts["at"]) == (False, "untrusted", BUILD_TIME)
    assert truth(state, BUILD_TIME).of("clock").ok


@pytest.mark.parametrize(
    ("stats", "reason"),
    [
        ({}, ""), ({"upstreams_down": 1}, ""), ({"upstreams_down": 2}, "down"), ({"upstreams": 0}, "no_upstream"),
        ({"upstreams_looping": 2}, "loop"), ({"upstreams_looping": 1, "upstreams_down": 1}, "down"),
    ],
)  # fmt: skip
def test_the_way_out(state: Path, stats: dict[str, int], reason: str) -> None:
    with workers(state, **stats):
        check = truth(state, NOW).of("upstream")
    assert (check.ok, check.reason, check.facts["answering"]) == (not reason, reason, 1)


def test_without_a_worker_nobody_goes_out(state: Path) -> None:
    assert truth(state, NOW).of("upstream").reason == "no_worker"


def test_the_order_of_worth() -> None:
    def failing(ident: str, reason: str = "") -> Any:
        return Check(ident, False, reason)

    order = [
        failing("lists", "none"), failing("upstream"), failing("clock"), failing("client"), failing("bypass"),
        failing("lists", "stale"),
    ]  # fmt: skip
    assert [worth(check) for check in order] == [0, 1, 2, 3, 4, 5]
