"""How things are right now, for the parents' page: states of people, what comes next, whether the house is protected.

Plain values without behaviour beyond look-ups; control/now.py and control/truth.py find them. Instants are POSIX
seconds; None as an end means "no end in sight".

    lan = outlook(state).of("lan")
    lan.kind, lan.until, lan.then.until      # "on", 21:30 tonight, 6:00 tomorrow: "On until 21:30, then off until 6:00"
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

ON, OFF, ONLY, PAUSED = "on", "off", "only", "paused"


@dataclass(frozen=True, slots=True)
class Piece:
    """One stretch of time, [start, end), of somebody's Internet."""

    start: float | None  # None: longer than anybody remembers
    end: float | None
    kind: str  # on | off | only | paused
    reason: str = ""  # "" (nothing closes it), off, window, grant (more time, or a pause of the filter)
    rule: str = ""  # the windows' names; for an off whom it covers: device, profile, everyone
    by: str = ""  # who set it, where the household says so (offs and grants)


@dataclass(frozen=True, slots=True)
class Extra:
    """What `minutes` more would do, worked out by the workers' own code. See control/now.py `plus`."""

    minutes: int
    act: str  # opens (it is off now) | moves (the next off) | nothing (no off within a day)
    until: float | None  # when it is off next, then; None: not in sight


@dataclass(frozen=True, slots=True)
class DeviceNow:
    """A device that is judged by something of its own: it may differ from its profile."""

    id: str
    name: str
    kind: str
    until: float | None
    reason: str = ""
    by: str = ""


@dataclass(frozen=True, slots=True)
class ProfileNow:
    """One person's Internet at the moment of the outlook."""

    id: str
    name: str
    kind: str  # on | off | only | paused
    since: float | None  # of this kind for this reason
    until: float | None  # of this kind, whatever the reason by then
    reason: str
    rule: str
    by: str
    then: Piece | None  # what comes at `until`
    bonus_until: float | None = None  # end of the last of the grants of time in force
    bonus_by: str = ""
    paused_until: float | None = None  # of the filter
    budgets: tuple[Any, ...] = ()  # control/budgets_status.BudgetStatus
    devices: int = 0
    last_asked: float | None = None  # a question of any of its devices
    differ: tuple[DeviceNow, ...] = ()  # devices that are in another state than the profile
    extras: tuple[Extra, ...] = ()  # of 15, 30 and 60 minutes
    switchable: bool = True  # False: a grown-up's profile, which the page does not offer to switch off

    @property
    def devices_differ(self) -> bool:
        """True when a device of this person is in another state."""
        return bool(self.differ)

    def extra(self, minutes: int) -> Extra:
        """Return what `minutes` (15, 30, 60) more would do. KeyError: not worked out; control/now.py `extra` does."""
        for one in self.extras:
            if one.minutes == minutes:
                return one
        raise KeyError(minutes)


@dataclass(frozen=True, slots=True)
class Outlook:
    """Everybody at one moment. `revision`: of the household, to be sent along with a change."""

    revision: int
    at: float
    zone: str
    language: str
    trusted: bool  # the clock is known to be right
    profiles: tuple[ProfileNow, ...] = ()
    requests: tuple[Any, ...] = ()  # control/requests.Request that wait for an answer, newest first

    def of(self, profile: str) -> ProfileNow:
        """Return one of them. KeyError: there is no such profile."""
        for one in self.profiles:
            if one.id == profile:
                return one
        raise KeyError(profile)


@dataclass(frozen=True, slots=True)
class Check:
    """One of the five checks behind "everybody is protected". `facts`: plain values for the page's sentence.

    `reason`: "" when ok, else a word for what is wrong (truth.py lists them).
    """

    id: str  # client | lists | clock | upstream | bypass
    ok: bool
    reason: str = ""
    facts: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Truth:
    """Whether the house is protected: all five hold, or what is wrong, the worst first."""

    ok: bool
    at: float
    checks: tuple[Check, ...]  # failing ones first, worst first
    worst: Check | None = None
    more: int = 0  # failing ones beside the worst

    def of(self, ident: str) -> Check:
        """Return one check. KeyError: there is no such."""
        for check in self.checks:
            if check.id == ident:
                return check
        raise KeyError(ident)
