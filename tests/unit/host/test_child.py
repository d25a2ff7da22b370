"""Child processes: told what to do, heard when ready, bound to their parent's life."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from typing import Any

import pytest

from filterd.errors import StartError
from filterd.host.child import OPTION, Child, Given, memory_file

HELPER = "tests.unit.host.helper"


@pytest.fixture
def started() -> Iterator[list[Child]]:
    """Children that are ended."""
    found: list[Child] = []
    yield found
    for child in found:
        child.close()
        if child.process.poll() is None:
            child.process.kill()
        child.process.wait()


def start(started: list[Child], **document: Any) -> Child:
    """Start the helper."""
    started.append(Child.start(HELPER, document))
    return started[-1]


def ready(child: Child, seconds: float = 10.0) -> dict[str, Any] | None:
    """What it says when it is ready."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if (found := child.read_ready()) is not None or child.process.poll() is not None:
            return found
        time.sleep(0.01)
    return None


def test_a_child_says_when_it_is_ready(started: list[Child]) -> None:
    child = start(started, wait_s=0.1)
    assert child.read_ready() is None
    assert ready(child) == {"pid": child.process.pid}
    assert child.process.poll() is None


def test_a_child_that_ends_before_is_never_ready(started: list[Child]) -> None:
    child = start(started, refuse=True)
    child.process.wait(10)
    assert child.read_ready() is None


def test_a_child_ends_with_its_parents_end_of_the_pipe(started: list[Child]) -> None:
    child = start(started)
    other = start(started)  # must not hold the first one's pipe
    assert ready(child) and ready(other)
    child.close()
    assert child.process.wait(5) == 0
    assert other.process.poll() is None


def test_a_program_that_cannot_be_started_is_a_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.executable", "/nowhere/python")
    before = len(os.listdir("/proc/self/fd"))
    with pytest.raises(StartError, match=f"cannot start {HELPER}: No such file"):
        Child.start(HELPER, {})
    assert len(os.listdir("/proc/self/fd")) == before


def test_what_is_given_is_read_once() -> None:
    fd = memory_file({"state": "/var/lib/filterd", "long": "x" * 100_000})
    given = Given.from_arguments([OPTION, str(fd)])
    assert given.document["state"] == "/var/lib/filterd"
    assert not given.is_supervised
    given.ready({})  # nobody waits
    with pytest.raises(StartError, match="cannot be read"):
        Given.from_arguments([OPTION, str(fd)])


@pytest.mark.parametrize("arguments", [[], [OPTION], [OPTION, "x"], ["--other", "3"]])
def test_by_hand_it_says_how_it_is_started(arguments: list[str]) -> None:
    with pytest.raises(StartError, match="started by the command `filterd`"):
        Given.from_arguments(arguments)


def test_rubbish_is_a_sentence() -> None:
    out, into = os.pipe()
    os.write(into, b"{")
    os.close(into)
    with pytest.raises(StartError, match="cannot be read"):
        Given.from_arguments([OPTION, str(out)])


def test_a_parent_that_has_just_died_is_no_error() -> None:
    out, into = os.pipe()
    os.close(out)
    Given({"ready_fd": into}).ready({})


def test_signs_of_life_come_after_the_word(started: list[Child]) -> None:
    child = start(started, pulses=3)
    assert ready(child) == {"pid": child.process.pid}
    deadline = time.monotonic() + 10
    while not child.heard() and time.monotonic() < deadline:
        time.sleep(0.01)
    assert child.read_ready() == {"pid": child.process.pid}
    time.sleep(0.5)
    child.heard()
    assert not child.heard()  # it has said all that it had to say


def test_a_parent_that_does_not_listen_stops_no_child() -> None:
    out, into = os.pipe2(os.O_NONBLOCK)
    given = Given({"ready_fd": into})
    given.alive()  # not ready yet: it would be taken for a part of the word
    given.ready({"a": 1})
    for _ in range(70_000):
        given.alive()
    assert os.read(out, 100).startswith(b'{"a": 1}\n...')
    os.close(out)
    given.alive()
