"""The event loop."""

from __future__ import annotations

import logging
import os
import signal
import socket
import threading
import time
from collections.abc import Iterator

import pytest

from filterd.net.loop import EPOLLIN, Complaints, Loop


@pytest.fixture
def loop() -> Iterator[Loop]:
    """A loop that is closed afterwards."""
    loop = Loop()
    yield loop
    loop.close()


def test_timers_run_in_their_order_and_cancelled_ones_do_not(loop: Loop) -> None:
    seen: list[str] = []
    now = loop.clock()
    loop.call_at(now + 0.02, lambda: seen.append("late"))
    loop.call_at(now + 0.01, lambda: seen.append("early"))
    loop.call_at(now + 0.015, lambda: seen.append("cancelled")).cancel()
    loop.call_at(now + 0.03, loop.stop)
    loop.run()
    assert seen == ["early", "late"]


def test_a_ready_descriptor_is_served_until_it_is_unregistered(loop: Loop) -> None:
    one, other = socket.socketpair()
    with one, other:
        seen: list[bytes] = []

        def readable(_: int) -> None:
            seen.append(other.recv(1))
            if len(seen) == 2:
                loop.unregister(other.fileno())
                loop.unregister(other.fileno())

        loop.register(other.fileno(), EPOLLIN, readable)
        one.sendall(b"abc")
        loop.call_at(loop.clock() + 0.05, loop.stop)
        loop.run()
        assert seen == [b"a", b"b"]


def test_events_that_nobody_waits_for_are_left(loop: Loop) -> None:
    one, other = socket.socketpair()
    with one, other:
        loop.register(other.fileno(), EPOLLIN, lambda _: pytest.fail("not asked for"))
        loop.modify(other.fileno(), 0)
        one.sendall(b"x")
        loop.call_at(loop.clock() + 0.02, loop.stop)
        loop.run()


def test_a_descriptor_opened_anew_does_not_get_the_old_ones_event(loop: Loop) -> None:
    a, peer_a = socket.socketpair()
    b, peer_b = socket.socketpair()
    seen: list[str] = []
    fresh: list[socket.socket] = []

    def first(_: int) -> None:
        """Closes the other, whose event is in the same round, and opens a socket that gets its number."""
        for name, mine, other, number in (("a", a, b, b.fileno()), ("b", b, a, a.fileno())):
            if number >= 0 and mine.fileno() >= 0 and not fresh:
                seen.append(name)
                mine.recv(1)
                loop.unregister(number)
                other.close()
                one, two = socket.socketpair()
                fresh.extend((one, two))
                assert number in (one.fileno(), two.fileno())
                loop.register(number, EPOLLIN, lambda _: seen.append("stale"))

    loop.register(a.fileno(), EPOLLIN, first)
    loop.register(b.fileno(), EPOLLIN, first)
    peer_a.sendall(b"x")
    peer_b.sendall(b"x")
    loop.run_once(0.1)
    assert len(seen) == 1
    for sock in (a, b, peer_a, peer_b, *fresh):
        sock.close()


def test_a_failing_callback_ends_nothing_and_is_logged_once(loop: Loop, caplog: pytest.LogCaptureFixture) -> None:
    one, other = socket.socketpair()
    with one, other:

        def fails(*_: object) -> None:
            raise RuntimeError("bug")

        loop.register(other.fileno(), EPOLLIN, fails)
        one.sendall(b"x")
        loop.call_at(loop.clock(), fails)
        loop.call_from_thread(fails)
        loop.idle = fails  # type: ignore[assignment] # raises before it returns
        with caplog.at_level(logging.ERROR):
            for _ in range(5):
                loop.run_once(0.01)
        assert loop.complaints.total >= 5
        assert sorted(r.getMessage().split(" error")[0] for r in caplog.records) == [
            "call failed",
            "callback failed",
            "timer failed",
        ]


def test_repeated_complaints_come_once_a_minute_with_their_number(caplog: pytest.LogCaptureFixture) -> None:
    now = 0.0
    complaints = Complaints(logging.getLogger("test"), lambda: now)
    for now in (0.0, 1.0, 59.0, 61.0):
        complaints.report("packet failed", ValueError("x"))
    assert [r.getMessage() for r in caplog.records] == [
        "packet failed error=ValueError more_since_last=0",
        "packet failed error=ValueError more_since_last=2",
    ]


def test_idle_work_is_called_before_each_wait_and_says_how_long(loop: Loop) -> None:
    calls: list[float] = []

    def idle(now: float) -> float:
        calls.append(now)
        return now + 0.01

    loop.idle = idle
    loop.call_at(loop.clock() + 0.1, loop.stop)
    loop.run()
    assert 5 <= len(calls) <= 20


def test_threads_and_signals_wake_it(loop: Loop) -> None:
    seen: list[str] = []

    def other_thread() -> None:
        loop.call_from_thread(lambda: seen.append("called"))
        for _ in range(100_000):
            loop._wake()  # more than a pipe holds
        os.kill(os.getpid(), signal.SIGUSR1)

    before = signal.signal(signal.SIGUSR1, lambda *_: loop.stop())
    try:
        thread = threading.Thread(target=other_thread)
        start = time.monotonic()
        thread.start()
        loop.run()
        thread.join()
    finally:
        signal.signal(signal.SIGUSR1, before)
    assert seen == ["called"]
    assert time.monotonic() - start < 10
