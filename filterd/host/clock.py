"""Is the clock right? A small board may start in 1970, or where it was switched off (DECISIONS 5).

Known to be right is a clock that the kernel calls synchronised, or that is not before the floor: the latest of the
build's time and the last time seen and saved. Until then schedules run on max(system clock, floor).

    clock = Clock(state)
    wall, trusted = clock(now)
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from pathlib import Path

from filterd.errors import StoreError
from filterd.host.files import read_bounded, write_atomic

BUILD_TIME = 1_793_491_200.0  # 2026-11-01T00:00:00Z: no right clock shows less
FILE = "clock.json"
_LATEST = 4_102_444_800.0  # 2100: a floor beyond it is damage, and would freeze every schedule
_ASK_KERNEL_S = 10.0
_TIME_ERROR = 5  # adjtimex(2): the clock is not synchronised


def read_floor(state: Path) -> float:
    """Return the latest time known to have been: never before the build, whatever the file says."""
    try:
        floor = float(json.loads(read_bounded(state / FILE, 4096))["floor"])
    except (StoreError, ValueError, TypeError, KeyError):
        return BUILD_TIME
    return floor if BUILD_TIME < floor < _LATEST else BUILD_TIME


def save_floor(state: Path, wall: float) -> None:
    """Remember that it has been `wall`; never goes back. Raises StoreError."""
    if read_floor(state) < wall < _LATEST:
        write_atomic(state / FILE, json.dumps({"floor": int(wall)}).encode() + b"\n")


def kernel_is_synchronised() -> bool:
    """Ask the kernel whether something disciplines its clock."""
    import ctypes  # only reached with a clock before the floor: it costs memory

    try:
        libc = ctypes.CDLL(None, use_errno=True)
        buffer = ctypes.create_string_buffer(512)  # struct timex with modes 0: reads only
        result = int(libc.adjtimex(buffer))
    except (OSError, AttributeError):
        return False
    return 0 <= result < _TIME_ERROR


def rules_time(state: Path) -> float:
    """Return what time it is for the rules, as the workers see it (POSIX seconds)."""
    return Clock(state, lambda: time.time())(time.monotonic())[0]


class Clock:
    """Wall time as the rules see it, with the word on whether it may be trusted."""

    def __init__(
        self,
        state: Path,
        system: Callable[[], float] = time.time,
        synchronised: Callable[[], bool] = kernel_is_synchronised,
    ) -> None:
        self.floor = read_floor(state)
        self.trusted = False
        self._system = system
        self._synchronised = synchronised
        self._kernel = False
        self._ask_at = float("-inf")

    def __call__(self, now: float) -> tuple[float, bool]:
        """Return (POSIX seconds, trusted). `now`: monotonic seconds, for asking the kernel not too often."""
        wall = self._system()
        if wall >= self.floor:
            self.trusted = True
            return wall, True
        if now >= self._ask_at:
            self._ask_at = now + _ASK_KERNEL_S
            self._kernel = self._synchronised()
        self.trusted = self._kernel
        return (wall, True) if self._kernel else (max(wall, self.floor), False)
