"""What systemd hears from a part, and what a part takes from it."""

from __future__ import annotations

import heapq
import os
import socket
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from filterd.host.notify import Notifier, every, passed_sockets


class Timers:
    """A loop whose time is moved by hand."""

    def __init__(self) -> None:
        self.now = 0.0
        self.clock = lambda: self.now
        self._due: list[tuple[float, int, Callable[[], object]]] = []

    def call_at(self, when: float, callback: Callable[[], object]) -> None:
        heapq.heappush(self._due, (when, len(self._due), callback))

    def go(self, until: float) -> None:
        """Let time pass."""
        while self._due and self._due[0][0] <= until:
            self.now, _, callback = heapq.heappop(self._due)
            callback()
        self.now = until


@pytest.fixture
def systemd(tmp_path: Path) -> Iterator[socket.socket]:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sock:
        sock.bind(str(tmp_path / "notify"))
        sock.setblocking(False)
        yield sock


def heard(sock: socket.socket) -> list[str]:
    """All that has come."""
    found = []
    try:
        while True:
            found.append(sock.recv(4096).decode())
    except BlockingIOError:
        return found


def test_ready_alive_and_the_end_are_said(systemd: socket.socket) -> None:
    notifier = Notifier(systemd.getsockname())
    notifier.ready()
    notifier.ready("trả lời")
    notifier.alive()
    notifier.stopping()
    assert heard(systemd) == ["READY=1", "READY=1\nSTATUS=trả lời", "WATCHDOG=1", "STOPPING=1"]


def test_an_abstract_socket_is_reached() -> None:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sock:
        sock.bind(f"\0filterd-test-{os.getpid()}")
        Notifier(f"@filterd-test-{os.getpid()}").alive()
        assert sock.recv(100) == b"WATCHDOG=1"


def test_signs_of_life_come_from_the_loop_often_enough(systemd: socket.socket) -> None:
    loop = Timers()
    Notifier(systemd.getsockname(), watchdog_s=8.0).keep_alive(loop)
    assert heard(systemd) == ["WATCHDOG=1"]
    loop.go(7.9)
    assert len(heard(systemd)) == 3
    loop.go(16.0)  # a loop that hung would have said nothing
    assert len(heard(systemd)) >= 4


@pytest.mark.parametrize(("address", "watchdog_s"), [("", 8.0), ("/nowhere/notify", 0.0)])
def test_nobody_watches_nothing_is_done(address: str, watchdog_s: float) -> None:
    loop = Timers()
    notifier = Notifier(address, watchdog_s)
    notifier.keep_alive(loop)
    assert loop._due == []
    notifier.ready("x")  # goes nowhere, and is no error
    notifier.stopping()


def test_it_is_taken_out_of_the_environment() -> None:
    environment = {
        "NOTIFY_SOCKET": "/run/n",
        "WATCHDOG_USEC": "15000000",
        "WATCHDOG_PID": str(os.getpid()),
        "PATH": "/bin",
    }
    notifier = Notifier.take(environment)
    assert notifier.watchdog_s == 15.0
    assert environment == {"PATH": "/bin"}
    assert Notifier.take(environment).watchdog_s == 0.0


@pytest.mark.parametrize("wrong", [{"WATCHDOG_PID": "1"}, {"WATCHDOG_USEC": "soon"}, {"WATCHDOG_USEC": "-1"}])
def test_a_watchdog_for_somebody_else_is_not_ours(wrong: dict[str, str]) -> None:
    environment = {"NOTIFY_SOCKET": "/run/n", "WATCHDOG_USEC": "15000000"} | wrong
    assert Notifier.take(environment).watchdog_s == 0.0


def test_every_begins_at_once() -> None:
    loop, calls = Timers(), []
    every(loop, 2.0, lambda: calls.append(loop.now))
    loop.go(6.5)
    assert calls == [0.0, 2.0, 4.0, 6.0]


def test_a_call_that_fails_is_called_again() -> None:
    loop, calls = Timers(), []

    def fail() -> None:
        calls.append(loop.now)
        if len(calls) == 2:
            raise OSError("once")

    every(loop, 2.0, fail)
    with pytest.raises(OSError):
        loop.go(2.0)
    loop.go(4.0)
    assert len(calls) == 3


def test_sockets_come_with_their_names() -> None:
    own = {"LISTEN_PID": str(os.getpid()), "LISTEN_FDS": "3"}
    assert passed_sockets(own | {"LISTEN_FDNAMES": "dns:dns:page"}) == [(3, "dns"), (4, "dns"), (5, "page")]
    assert passed_sockets(own) == [(3, ""), (4, ""), (5, "")]
    assert passed_sockets(own | {"LISTEN_FDNAMES": "dns"}) == [(3, "dns"), (4, ""), (5, "")]


@pytest.mark.parametrize(
    "change", [{"LISTEN_PID": "1"}, {"LISTEN_FDS": ""}, {"LISTEN_FDS": "-1"}, {"LISTEN_FDS": "two"}]
)
def test_sockets_for_somebody_else_are_not_ours(change: dict[str, str]) -> None:
    assert passed_sockets({"LISTEN_PID": str(os.getpid()), "LISTEN_FDS": "3"} | change) == []
    assert passed_sockets({}) == []
