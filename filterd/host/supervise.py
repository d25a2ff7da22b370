"""A supervisor: keeps a few child processes alive, each started again with growing patience, all ended together.

What the children are, and what is printed, is for up.py and serve.py to say.

    supervisor = Supervisor([Part("worker-0", lambda: Child.start(...))], say=print, on_ready=...)
    code = supervisor.run()
"""

from __future__ import annotations

import os
import select
import signal
import time
from collections.abc import Callable, Sequence
from types import FrameType
from typing import Any

from filterd.errors import StartError
from filterd.host.child import Child

FIRST_DELAY_S = 0.2
MAX_DELAY_S = 30.0
STEADY_S = 60.0  # a part that lived so long starts again at once
ROUND_S = 2.0  # between two looks for signs of life
LATE_S = 5.0  # a look that comes so late says nothing about the parts: this very process, or the machine, stood still
END_S = 4.0  # from the request to end until what is left is killed
REFUSED = (1, 2)  # exit codes of a part that says why it cannot start


class Part:
    """One child that shall be there."""

    def __init__(self, name: str, start: Callable[[], Child], *, needed: bool = True, silent_s: float = 0.0) -> None:
        """`needed`: `ready` waits for it, and a refusal of its first start ends everything.

        `silent_s`: once ready it gives signs of life (child.py), and is killed when none comes for so long; 0: it
        gives none.
        """
        self.name = name
        self.needed = needed
        self.silent_s = silent_s
        self.heard = 0.0  # when it last gave a sign of life
        self.child: Child | None = None
        self.answer: dict[str, Any] | None = None  # what it said when it got ready
        self.was_ready = False
        self.delay_s = FIRST_DELAY_S
        self.started = 0.0
        self.start_at = 0.0
        self.tell: Callable[[dict[str, Any]], object] | None = None  # called with `answer` when it is ready first
        self.repair: Callable[[], object] | None = None  # called before a start that follows one that failed
        self._failed = False
        self._start = start

    def start(self, now: float) -> None:
        """Start the child."""
        if self._failed and self.repair is not None:
            self.repair()
        self.started = now
        self.answer = None
        self.child = self._start()

    def ended(self, now: float) -> float:
        """The child is gone: return in how many seconds it is started again."""
        if now - self.started >= STEADY_S:
            self.delay_s = FIRST_DELAY_S
        delay = self.delay_s
        self.delay_s = min(delay * 2, MAX_DELAY_S)
        self.start_at = now + delay
        if self.child is not None:
            self.child.close()
        self._failed = self.answer is None
        self.child = None
        return delay


class Supervisor:
    """Runs parts until it is told to end."""

    def __init__(
        self,
        parts: Sequence[Part],
        say: Callable[[str], object],
        on_ready: Callable[[Sequence[Part]], object],
        life_fd: int | None = None,
        clock: Callable[[], float] = time.monotonic,
        alive: Callable[[], object] | None = None,
    ) -> None:
        """`say` gets one line for each event; `on_ready` is called once, when all needed parts are ready.

        `life_fd`: a pipe that ends with our own parent. `alive` is called every ROUND_S while a needed part works.
        """
        self.parts = parts
        self._say = say
        self._on_ready = on_ready
        self._clock = clock
        self._life_fd = life_fd
        self._alive = alive
        self._looked = clock()
        self._ending = False
        self._told = False
        self._failed = False
        self._wake_out, self._wake_in = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)

    def stop(self, *_: object) -> None:
        """Ask for the end; safe in a signal handler and from other threads."""
        if not self._ending:
            self._ending = True
            self._wake()

    def run(self) -> int:
        """Keep the parts alive until SIGTERM or SIGINT, then end them all. Return the exit code."""

        def woken(_number: int, _frame: FrameType | None) -> None:
            self._wake()

        before = {
            signal.SIGTERM: signal.signal(signal.SIGTERM, self.stop),
            signal.SIGINT: signal.signal(signal.SIGINT, self.stop),
            signal.SIGCHLD: signal.signal(signal.SIGCHLD, woken),
        }
        try:
            while not self._ending:
                self._start_due(self._clock())
                self._wait()
                self._listen()
                self._look_for_life(self._clock())
                self._reap(self._clock())
        finally:
            try:
                self._end_all()
            finally:
                for number, handler in before.items():
                    signal.signal(number, handler)
                wake_in, self._wake_in = self._wake_in, -1
                os.close(wake_in)
                os.close(self._wake_out)
        return 1 if self._failed else 0

    def _wake(self) -> None:
        try:
            os.write(self._wake_in, b"\0")
        except OSError:  # full of wake-ups already; or we have just ended
            pass

    def _start_due(self, now: float) -> None:
        for part in self.parts:
            if part.child is None and now >= part.start_at:
                try:
                    part.start(now)
                except StartError as exc:
                    delay = part.ended(now)
                    self._say(f"{part.name}: {exc}; trying again in {delay:g} s")

    def _wait(self) -> None:
        poll = select.poll()
        poll.register(self._wake_out, select.POLLIN)
        if self._life_fd is not None:
            poll.register(self._life_fd, select.POLLIN)
        for part in self.parts:
            if part.child is not None and part.answer is None:
                poll.register(part.child.ready_fd, select.POLLIN)
        due = [part.start_at for part in self.parts if part.child is None]
        wait = max(0.0, min(due) - self._clock()) if due else 60.0
        if self._alive is not None or any(part.silent_s for part in self.parts):
            wait = min(wait, ROUND_S)
        for fd, _ in poll.poll(wait * 1000 + 1):
            if fd == self._wake_out:
                os.read(fd, 4096)
            elif fd == self._life_fd:
                self._ending = True

    def _listen(self) -> None:
        for part in self.parts:
            if part.child is not None and part.answer is None:
                part.answer = part.child.read_ready()
                if part.answer is not None:
                    part.heard = self._clock()
                    if part.was_ready:
                        self._say(f"{part.name} is back")
                    elif part.tell is not None:
                        part.tell(part.answer)
                    part.was_ready = True
        if not self._told and all(part.was_ready for part in self.parts if part.needed):
            self._told = True
            self._on_ready(self.parts)

    def _look_for_life(self, now: float) -> None:
        """Kill what hangs, so that it is started again; tell our own watchdog that there is somebody who works."""
        late = now - self._looked > LATE_S
        self._looked = now
        for part in self.parts:
            if part.child is None or part.answer is None or not part.silent_s:
                continue
            if part.child.heard() or late:
                part.heard = now
            elif now - part.heard > part.silent_s:
                part.heard = now
                self._say(f"{part.name} gives no sign of life; it is killed")
                part.child.process.kill()
        if self._alive is not None and any(
            p.needed and p.child is not None and p.answer is not None for p in self.parts
        ):
            self._alive()

    def _reap(self, now: float) -> None:
        for part in self.parts:
            if part.child is None or self._ending:
                continue
            code = part.child.process.poll()
            if code is None:
                if part.answer is None and _is_at_end(part.child.ready_fd):
                    time.sleep(0.01)  # it closed its pipe and is about to end: do not spin
                continue
            refused = part.needed and not part.was_ready and code in REFUSED
            delay = part.ended(now)
            if refused:
                self._say(f"{part.name} cannot start")
                self._failed = self._ending = True
                return
            self._say(f"{part.name} ended ({_manner(code)}); started again in {delay:g} s")

    def _end_all(self) -> None:
        children = [part.child for part in self.parts if part.child is not None]
        for child in children:
            child.process.terminate()
        deadline = time.monotonic() + END_S
        for child in children:
            try:
                child.process.wait(max(0.0, deadline - time.monotonic()))
            except Exception:  # TimeoutExpired, or whatever a second signal raises: nobody is left behind
                child.process.kill()
                child.process.wait()
            child.close()


def _is_at_end(fd: int) -> bool:
    poll = select.poll()
    poll.register(fd, 0)
    return any(events & select.POLLHUP for _, events in poll.poll(0))


def _manner(code: int) -> str:
    return f"killed by signal {-code}" if code < 0 else f"exit code {code}"
