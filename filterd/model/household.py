"""The household: profiles, devices, windows, grants, as a parent thinks of them.

Plain values without behaviour; config/household.py reads and writes them as YAML, policy/ compiles them. Names of
sites are lower-case wire names (see wire/name.py); times of day are minutes (0..1440) of the household's zone;
instants are POSIX seconds (UTC).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from enum import Enum

DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")  # index = date.weekday()


class Effect(Enum):
    """What a window does while it is in force."""

    OFFLINE = "offline"  # blocks everything
    ONLY = "only"  # blocks what is not among its names, services and categories
    PERMIT = "permit"  # opens what it names; outside every permit window that names it, it is blocked


class Scope(Enum):
    """How far a grant reaches."""

    TIME = "time"
    NAME = "name"
    SERVICE = "service"
    CATEGORY = "category"
    FILTER = "filter"


class Rule(Enum):
    """A profile's own word on a category or a service."""

    BLOCK = "block"
    ALLOW = "allow"


@dataclass(frozen=True, slots=True)
class Window:
    """One stretch of a day. In force on [start, end) of the wall clock, counted from the day on which it starts."""

    name: str
    effect: Effect
    start: int  # minutes after midnight, 0..1439
    end: int  # minutes after midnight of the starting day, start < end <= start + 1440
    days: frozenset[int] | None = None  # weekdays (0 = Monday) on which it starts; None = every day
    names: tuple[bytes, ...] = ()
    services: tuple[str, ...] = ()
    categories: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Holiday:
    """A named span of dates, both ends included. Several spans may share a name (one Tết a year)."""

    name: str
    first: date
    last: date


@dataclass(frozen=True, slots=True)
class DayException:
    """Windows that replace the weekly ones starting on a date or on each date of a holiday."""

    windows: tuple[Window, ...]
    on: date | None = None
    holiday: str = ""


@dataclass(frozen=True, slots=True)
class Budget:
    """At most `minutes` a day (about; see DECISIONS 7) of some services and categories together."""

    services: tuple[str, ...]
    categories: tuple[str, ...]
    minutes: int
    days: frozenset[int] | None = None


@dataclass(frozen=True, slots=True)
class Names:
    """A profile's own names; each covers itself and everything below it."""

    block: tuple[bytes, ...] = ()
    allow: tuple[bytes, ...] = ()
    always: tuple[bytes, ...] = ()


@dataclass(frozen=True, slots=True)
class Profile:
    """One person, or a kind of device. What is written here is laid over what the preset says."""

    id: str
    name: str
    preset: str = "none"
    switchable: bool | None = None  # None: true except for preset `adult`
    parent_sees: str = "names"  # names | categories
    categories: dict[str, Rule] = field(default_factory=dict)
    services: dict[str, Rule] = field(default_factory=dict)
    names: Names = Names()
    safe_search: dict[str, str] = field(default_factory=dict)  # engine -> on | off | moderate | strict | none
    windows: tuple[Window, ...] | None = None  # None: the preset's (which has none today)
    exceptions: tuple[DayException, ...] = ()
    budgets: tuple[Budget, ...] = ()


@dataclass(frozen=True, slots=True)
class Device:
    """A device of the household. Exactly one of mac, ip, range says who it is."""

    id: str
    name: str
    profile: str
    mac: str = ""  # aa:bb:cc:dd:ee:ff, lower case
    ip: str = ""  # one address, compressed form
    range: str = ""  # a prefix, compressed form


@dataclass(frozen=True, slots=True)
class Grant:
    """Something a parent allowed for a while."""

    scope: Scope
    value: str = ""  # name as text, service id or category id, by scope
    profile: str = ""
    device: str = ""
    start: float | None = None  # None: from the import
    until: float | None = None  # None: without an end
    by: str = ""
    reason: str = ""
    id: str = ""  # "": not given one yet (the store does)


@dataclass(frozen=True, slots=True)
class InternetOff:
    """Internet switched off for a profile, a device or everyone.

    Once switched on again (`ended`) it blocks nothing any more; the grants it ended stay ended.
    """

    profile: str = ""
    device: str = ""
    everyone: bool = False
    start: float | None = None
    until: float | None = None  # None: until switched on
    by: str = ""
    reason: str = ""
    id: str = ""
    ended: float | None = None  # when a person switched on again before `until`


@dataclass(frozen=True, slots=True)
class Privacy:
    """What is remembered, and how long."""

    detail_days: int = 7
    counts_days: int = 90
    level: str = "everything"  # everything | blocked | counts | nothing


@dataclass(frozen=True, slots=True)
class ForwardZone:
    """A zone whose questions go to its own upstreams; exempt from rows 1 and 11."""

    zone: bytes
    upstreams: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Household:
    """Everything a family decides. `default_profile` is for devices never seen before."""

    profiles: tuple[Profile, ...]
    default_profile: str = ""  # "": the first profile
    timezone: str = "Asia/Ho_Chi_Minh"
    language: str = "vi"
    block_mode: str = "null"
    privacy: Privacy = Privacy()
    holidays: tuple[Holiday, ...] = ()
    devices: tuple[Device, ...] = ()
    grants: tuple[Grant, ...] = ()
    internet_off: tuple[InternetOff, ...] = ()
    forward_zones: tuple[ForwardZone, ...] = ()
    rebind_allow: tuple[bytes, ...] = ()
    upstreams: tuple[str, ...] = ()  # canonical URLs, asked in this order; (): those of the operator's settings
    parents: str = ""  # what a child calls the parents: mẹ, bố, ông bà; "": the language's own word
    new_devices: str = "default"  # default: they follow the default profile | wait: until a person says whose they are
    confirm_harm: bool = False  # whoever opens a harm category on a page types the password first
