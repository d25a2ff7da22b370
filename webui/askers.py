"""Who asked this box lately, the latest first, with the hardware address behind each as far as the box sees it.

for one in askers(state, household, at, presence.devices(state, at)): ...
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from zoneinfo import ZoneInfo

from filterd.control.devices import hardware_addresses
from filterd.control.newest import newest_questions
from filterd.errors import FilterdError
from filterd.model.household import Household
from filterd.model.seen import SeenDevice


@dataclass(frozen=True, slots=True)
class Asker:
    """One that asked at `at` (POSIX seconds). `device`: whose it was then, an id or ""; `mac`: "" when it is not seen."""

    address: str
    mac: str
    device: str
    at: float


def askers(state: Path, household: Household, now: float, met: Iterable[SeenDevice]) -> list[Asker]:
    """Return who asked, each device and address once; nothing when the log cannot be read. `met`: whom presence saw."""
    macs = {address: one.mac for one in met for address in one.addresses} | hardware_addresses()
    try:
        newest = newest_questions(state, now, ZoneInfo(household.timezone)).seen
    except (FilterdError, OSError):
        return []
    found = sorted(newest.items(), key=lambda pair: -pair[1])
    return [Asker(address, macs.get(address, ""), device, at) for (device, address), at in found]
