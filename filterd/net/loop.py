"""The event loop of a worker: readiness by epoll, timers by a heap, calls from other threads by a pipe.

A callback that raises is logged (once a minute, with a count) and never ends the loop. What the callbacks do is the
business of udp, tcp, upstream, control and reload.

    loop = Loop()
    loop.register(sock.fileno(), EPOLLIN, lambda events: print(sock.recv(10)))
    loop.call_at(loop.clock() + 1.0, loop.stop)
    loop.run()
"""

from __future__ import annotations

import heapq
import itertools
import logging
import os
import select
import time
from collections import deque
from collections.abc import Callable

EPOLLIN, EPOLLOUT, EPOLLERR, EPOLLHUP = select.EPOLLIN, select.EPOLLOUT, select.EPOLLERR, select.EPOLLHUP
MAX_WAIT_S = 60.0
_EVERY_S = 60.0  # a repeated error is logged this often

log = logging.getLogger(__name__)


class Complaints:
    """Logs an error at most once a minute for each kind, with the number of times it came meanwhile."""

    def __init__(self, logger: logging.Logger, clock: Callable[[], float] = time.monotonic) -> None:
        self._log = logger
        self._clock = clock
        self._kinds: dict[str, tuple[float, int]] = {}  # a closed set: kinds are written in the source
        self.total = 0

    def report(self, kind: str, exc: BaseException) -> None:
        """Note one error of `kind`."""
        self.total += 1
        now = self._clock()
        last, count = self._kinds.get(kind, (now - _EVERY_S, 0))
        if now - last < _EVERY_S:
            self._kinds[kind] = (last, count + 1)
            return
        self._kinds[kind] = (now, 0)
        self._log.error("%s error=%s more_since_last=%d", kind, type(exc).__name__, count, exc_info=exc)


class Timer:
    """A pending call. `cancel` is idempotent."""

    __slots__ = ("callback", "when")

    def __init__(self, when: float, callback: Callable[[], object] | None) -> None:
        self.when = when
        self.callback = callback

    def cancel(self) -> None:
        """Do not call any more."""
        self.callback = None


class Loop:
    """Readiness, timers and wake-ups of one thread. `clock` is monotonic seconds."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self.clock = clock
        # called before every wait with the time; does what is due and returns when it must be called again
        self.idle: Callable[[float], float] | None = None
        self.complaints = Complaints(log, clock)
        self._epoll = select.epoll()
        self._callbacks: dict[int, Callable[[int], object]] = {}
        self._fresh: set[int] = set()
        self._timers: list[tuple[float, int, Timer]] = []
        self._order = itertools.count()
        self._calls: deque[Callable[[], object]] = deque()
        self._running = False
        self._wake_in, self._wake_out = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)
        self.register(self._wake_in, EPOLLIN, self._on_wake)

    def register(self, fd: int, events: int, callback: Callable[[int], object]) -> None:
        """Call `callback(ready events)` whenever `fd` is ready for `events` (level-triggered)."""
        self._epoll.register(fd, events)
        self._callbacks[fd] = callback
        self._fresh.add(fd)

    def modify(self, fd: int, events: int) -> None:
        """Change the events that are waited for; 0 leaves errors and hang-ups."""
        self._epoll.modify(fd, events)

    def unregister(self, fd: int) -> None:
        """Forget `fd`. Must come before it is closed."""
        if self._callbacks.pop(fd, None) is not None:
            self._epoll.unregister(fd)

    def call_at(self, when: float, callback: Callable[[], object]) -> Timer:
        """Call `callback` once at monotonic time `when`."""
        timer = Timer(when, callback)
        heapq.heappush(self._timers, (when, next(self._order), timer))
        return timer

    def call_from_thread(self, callback: Callable[[], object]) -> None:
        """Call `callback` soon on the loop's thread. Safe from threads and signal handlers."""
        self._calls.append(callback)
        self._wake()

    def stop(self) -> None:
        """Make `run` return after the current round. Safe from signal handlers."""
        self._running = False
        self._wake()

    def run(self) -> None:
        """Serve until `stop`."""
        self._running = True
        while self._running:
            self.run_once()

    def run_once(self, max_wait_s: float = MAX_WAIT_S) -> None:
        """Wait for readiness, a timer or a wake-up, and serve what is due."""
        now = self.clock()
        wait = min(self._run_timers(now) - now, max_wait_s)
        if self.idle is not None:
            try:
                wait = min(wait, self.idle(now) - now)
            except Exception as exc:
                self.complaints.report("timer failed", exc)
                wait = min(wait, 1.0)
        # a descriptor that was closed and opened anew in this round must not get the old one's event
        self._fresh.clear()
        for fd, events in self._epoll.poll(max(wait, 0.0)):
            callback = self._callbacks.get(fd)
            if callback is None or (self._fresh and fd in self._fresh):
                continue
            try:
                callback(events)
            except Exception as exc:
                self.complaints.report("callback failed", exc)

    def close(self) -> None:
        """Release the loop's own descriptors."""
        self._callbacks.clear()
        self._epoll.close()
        os.close(self._wake_in)
        os.close(self._wake_out)

    def _run_timers(self, now: float) -> float:
        """Run what is due and return when the next timer is."""
        timers = self._timers
        while timers and timers[0][0] <= now:
            callback = heapq.heappop(timers)[2].callback
            if callback is not None:
                try:
                    callback()
                except Exception as exc:
                    self.complaints.report("timer failed", exc)
        return timers[0][0] if timers else now + MAX_WAIT_S

    def _wake(self) -> None:
        try:
            os.write(self._wake_out, b"\0")
        except BlockingIOError:  # full of wake-ups already
            pass

    def _on_wake(self, _events: int) -> None:
        os.read(self._wake_in, 4096)
        while self._calls:
            callback = self._calls.popleft()
            try:
                callback()
            except Exception as exc:
                self.complaints.report("call failed", exc)
