"""What a program says to systemd, and what it gets from it: ready, alive, ending, and sockets by name.

The protocols are small: datagrams to a Unix socket (sd_notify(3)) and three variables (sd_listen_fds(3)). Without systemd
everything here does nothing. Who calls `keep_alive` gives the watchdog the very loop that does the work: one that hangs
says nothing any more, and is started again.

    notifier = Notifier.take()
    notifier.keep_alive(loop)
    notifier.ready("answering")
"""

from __future__ import annotations

import os
import socket
from collections.abc import Callable, MutableMapping
from typing import Protocol

FIRST_PASSED_FD = 3  # sd_listen_fds(3)
_MAX_PASSED = 256
_PARTS = 4  # signs of life in the time after which the watchdog bites


class Timers(Protocol):
    """The part of an event loop that this needs (net/loop.py has it)."""

    clock: Callable[[], float]

    def call_at(self, when: float, callback: Callable[[], object]) -> object:
        """Call once at monotonic time `when`."""


class Notifier:
    """The way to the service manager. Nothing that goes wrong on it stops the work."""

    def __init__(self, address: str = "", watchdog_s: float = 0.0) -> None:
        """`address` of its socket (`@...` is an abstract one), "" for none; `watchdog_s`: 0 when none watches."""
        self.watchdog_s = watchdog_s
        self._address = "\0" + address[1:] if address.startswith("@") else address

    @classmethod
    def take(cls, environment: MutableMapping[str, str] | None = None) -> Notifier:
        """Take it out of the environment: what this process starts later is not this service."""
        found = os.environ if environment is None else environment
        address = found.pop("NOTIFY_SOCKET", "")
        micros = found.pop("WATCHDOG_USEC", "")
        is_ours = found.pop("WATCHDOG_PID", str(os.getpid())) == str(os.getpid())
        watchdog_s = int(micros) / 1e6 if is_ours and micros.isascii() and micros.isdigit() else 0.0
        return cls(address, watchdog_s)

    def ready(self, status: str = "") -> None:
        """The work can begin; `status` is one line for `systemctl status`."""
        self._send("READY=1" + (f"\nSTATUS={status}" if status else ""))

    def alive(self) -> None:
        """A sign of life."""
        self._send("WATCHDOG=1")

    def stopping(self) -> None:
        """The end was asked for."""
        self._send("STOPPING=1")

    def keep_alive(self, loop: Timers) -> None:
        """Give signs of life from `loop`, as often as the watchdog wants them."""
        if self.watchdog_s and self._address:
            every(loop, self.watchdog_s / _PARTS, self.alive)

    def _send(self, message: str) -> None:
        if not self._address:
            return
        try:
            with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as sock:
                sock.setblocking(False)  # a busy service manager must not hold up answers
                sock.sendto(message.encode(), self._address)
        except OSError:
            pass


def every(loop: Timers, seconds: float, call: Callable[[], object]) -> None:
    """Call `call` now and every `seconds` from then on."""

    def run() -> None:
        loop.call_at(loop.clock() + seconds, run)
        call()

    run()


def passed_sockets(environment: MutableMapping[str, str] | None = None) -> list[tuple[int, str]]:
    """Return (descriptor, name) of the sockets that systemd passed to this very process; the name may be ""."""
    found = os.environ if environment is None else environment
    count = found.get("LISTEN_FDS", "")
    if found.get("LISTEN_PID") != str(os.getpid()) or not (count.isascii() and count.isdigit()):
        return []
    names = found.get("LISTEN_FDNAMES", "").split(":")
    fds = range(FIRST_PASSED_FD, FIRST_PASSED_FD + min(int(count), _MAX_PASSED))
    return [(fd, names[at] if at < len(names) else "") for at, fd in enumerate(fds)]
