"""A supervisor: dead parts start again with growing patience, and all end together."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from filterd.errors import StartError
from filterd.host import supervise
from filterd.host.child import Child
from filterd.host.supervise import Part, Supervisor

HELPER = "tests.unit.host.helper"


class Running:
    """A supervisor that runs until a condition is true, watched from a thread."""

    def __init__(self, parts: list[Part], life_fd: int | None = None) -> None:
        self.said: list[str] = []
        self.ready: list[Any] = []
        self.supervisor = Supervisor(parts, self.said.append, self.ready.append, life_fd)
        self.parts = parts
        self.in_time = False

    def until(self, condition: Callable[[], Any], seconds: float = 15.0) -> int:
        """Run; return the exit code."""

        over = threading.Event()

        def watch() -> None:
            deadline = time.monotonic() + seconds
            try:
                while time.monotonic() < deadline and not self.in_time and not over.is_set():
                    self.in_time = bool(condition())
                    time.sleep(0.01)
            finally:
                self.supervisor.stop()

        watcher = threading.Thread(target=watch, daemon=True)
        watcher.start()
        try:
            return self.supervisor.run()
        finally:
            over.set()
            watcher.join(seconds)


def part(name: str, needed: bool = True, **document: Any) -> Part:
    """A part that is the helper."""
    return Part(name, lambda: Child.start(HELPER, document), needed=needed)


def pids(path: Path) -> list[int]:
    """The helpers that were started."""
    return [int(line) for line in path.read_text().split()] if path.exists() else []


def test_ready_is_said_once_when_all_that_is_needed_is(tmp_path: Path) -> None:
    running = Running([part("a"), part("b", wait_s=0.2), part("late", needed=False, wait_s=60)])
    assert running.until(lambda: running.ready) == 0
    assert running.in_time and len(running.ready) == 1
    assert running.parts[0].answer is not None and running.parts[2].answer is None
    assert running.said == []
    assert all(p.child is None or p.child.process.poll() is not None for p in running.parts)


def test_a_killed_part_is_started_again_and_that_is_said(tmp_path: Path) -> None:
    log = tmp_path / "log"
    running = Running([part("worker-0", log=str(log)), part("other")])

    killed: list[int] = []

    def killed_and_back() -> bool:
        if running.ready and not killed:
            killed.extend(pids(log))
            os.kill(killed[0], signal.SIGKILL)
        return "worker-0 is back" in running.said

    assert running.until(killed_and_back) == 0
    assert running.said == ["worker-0 ended (killed by signal 9); started again in 0.2 s", "worker-0 is back"]
    assert len(running.ready) == 1


def test_patience_grows_while_a_part_keeps_ending(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(supervise, "FIRST_DELAY_S", 0.02)
    monkeypatch.setattr(supervise, "MAX_DELAY_S", 0.05)
    dying = Part("manager", lambda: Child.start(HELPER, {"live_s": 0, "code": 3}), needed=False)
    dying.delay_s = 0.02
    running = Running([part("worker-0"), dying])
    assert running.until(lambda: sum("exit code 3" in line for line in running.said) >= 4) == 0
    delays = [line.rpartition(" in ")[2] for line in running.said if "exit code 3" in line]
    assert delays[:4] == ["0.02 s", "0.04 s", "0.05 s", "0.05 s"]


def test_patience_is_fresh_after_a_long_life() -> None:
    quick = part("a")
    quick.delay_s = 16.0
    quick.started = 100.0
    assert quick.ended(100.0 + supervise.STEADY_S) == supervise.FIRST_DELAY_S
    assert quick.ended(200.0) == supervise.FIRST_DELAY_S  # started is long ago still
    quick.started = 199.0
    assert quick.ended(200.0) == 2 * supervise.FIRST_DELAY_S


def test_a_needed_part_that_refuses_to_start_ends_everything() -> None:
    running = Running([part("worker-0", refuse=True), part("manager")])
    assert running.until(lambda: False) == 1
    assert running.said == ["worker-0 cannot start"]
    assert running.ready == []


def test_a_part_that_cannot_be_started_is_tried_again() -> None:
    tries: list[int] = []

    def start() -> Child:
        tries.append(1)
        if len(tries) < 3:
            raise StartError("no memory")
        return Child.start(HELPER, {})

    running = Running([Part("worker-0", start)])
    assert running.until(lambda: running.ready) == 0
    assert running.said == [
        "worker-0: no memory; trying again in 0.2 s",
        "worker-0: no memory; trying again in 0.4 s",
    ]


def test_who_does_not_end_in_time_is_killed(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(supervise, "END_S", 0.5)
    log = tmp_path / "log"
    running = Running([part("a", stubborn=True, live_s=60, log=str(log)), part("b")])
    start = time.monotonic()
    assert running.until(lambda: running.ready) == 0
    assert time.monotonic() - start < 10
    assert not Path(f"/proc/{pids(log)[0]}").exists()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_all(number: int) -> None:
    running = Running([part("a")])
    before = signal.getsignal(number)

    def send() -> bool:
        if running.ready:
            os.kill(os.getpid(), number)
            time.sleep(0.5)  # the supervisor ends by the signal, not by our condition
        return bool(running.ready)

    assert running.until(send) == 0
    assert signal.getsignal(number) is before


def test_the_parents_end_ends_all() -> None:
    out, into = os.pipe()
    running = Running([part("a")], life_fd=out)

    def close() -> bool:
        if running.ready:
            os.close(into)
            time.sleep(0.5)
        return bool(running.ready)

    assert running.until(close) == 0
    os.close(out)


def test_a_part_that_hangs_is_killed_and_started_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(supervise, "ROUND_S", 0.05)
    log = tmp_path / "log"
    part = Part("worker-0", lambda: Child.start(HELPER, {"log": str(log), "pulses": 2}), silent_s=0.6)
    running = Running([part])
    assert running.until(lambda: log.exists() and len(log.read_text().split()) >= 2) == 0
    assert running.in_time
    assert "worker-0 gives no sign of life; it is killed" in running.said
    assert any("killed by signal 9" in line for line in running.said)


def test_a_part_that_gives_signs_of_life_is_left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(supervise, "ROUND_S", 0.05)
    part = Part("worker-0", lambda: Child.start(HELPER, {"pulses": 10_000}), silent_s=0.6)
    running = Running([part])
    began = time.monotonic()
    assert running.until(lambda: part.was_ready and time.monotonic() - began > 2.0) == 0
    assert running.said == []


def test_a_machine_that_stood_still_kills_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    """The first look after a long pause finds no signs of life, and says nothing about the parts."""
    monkeypatch.setattr(supervise, "ROUND_S", 0.05)
    jump = [0.0]
    part = Part("worker-0", lambda: Child.start(HELPER, {"pulses": 10_000}), silent_s=30.0)
    said: list[str] = []
    supervisor = Supervisor([part], said.append, lambda _: None, clock=lambda: time.monotonic() + jump[0])

    def stand_still() -> None:
        while not part.was_ready:
            time.sleep(0.01)
        jump[0] = 3600.0
        time.sleep(0.5)
        supervisor.stop()

    thread = threading.Thread(target=stand_still)
    thread.start()
    assert supervisor.run() == 0
    thread.join()
    assert said == []


def test_our_own_watchdog_is_fed_while_a_needed_part_works(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(supervise, "ROUND_S", 0.05)
    fed: list[bool] = []
    part = Part("worker-0", lambda: Child.start(HELPER, {"wait_s": 0.5}))
    other = Part("manager", lambda: Child.start(HELPER, {}), needed=False)
    ready: list[bool] = []
    supervisor = Supervisor(
        [part, other], lambda _: None, lambda _: ready.append(True), alive=lambda: fed.append(part.answer is not None)
    )

    def end() -> None:
        deadline = time.monotonic() + 15
        while len(fed) < 5 and time.monotonic() < deadline:
            time.sleep(0.01)
        supervisor.stop()

    thread = threading.Thread(target=end)
    thread.start()
    assert supervisor.run() == 0
    thread.join()
    assert ready and len(fed) >= 5 and all(fed)
