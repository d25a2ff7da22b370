"""Who may sign in, and what they may do there: accounts, roles, sessions, tokens for programs.

Values and one pure table. No secret is in any of them: hashes stay in store/accounts.py, and a session's or a token's
own text is told once, to whom it is made for.

    assert may(Role.TEACHER, Action.SWITCH) and not may(Role.TEACHER, Action.HOUSEHOLD)
    assert Account("co-lan", "lan", "cô Lan", Role.TEACHER, ranges=("p12",)).reaches("p12")
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum

from filterd.model.household import Household


class Role(StrEnum):
    """What kind of person an account is for."""

    ADMIN = "admin"  # looks after the box
    PARENT = "parent"  # decides about the family
    TEACHER = "teacher"  # windows, and off and on, of the rooms that are theirs
    VIEWER = "viewer"  # sees, changes nothing


class Action(StrEnum):
    """What somebody wants to do. Every page and every call of the API names one."""

    LOOK = "look"  # how things are: home, profiles, devices, lists
    ACTIVITY = "activity"  # what was asked, the reports
    SWITCH = "switch"  # Internet off and on
    WINDOWS = "windows"  # windows, exceptions, "tomorrow is off"
    HOUSEHOLD = (
        "household"  # everything else that a family decides: profiles, devices, grants, requests, privacy, alerts
    )
    OWN = "own"  # one's own password, second factor, sessions, language
    TOKENS = "tokens"  # tokens for programs, never wider than oneself
    USERS = "users"  # accounts of others
    LISTS = "lists"  # lists and their sources
    UPSTREAMS = "upstreams"
    PAGE = "page"  # how the page itself is reached: encrypted too, or not
    BACKUP = "backup"  # backup, restore, update


_VIEWER = frozenset({Action.LOOK, Action.ACTIVITY, Action.OWN})
_TEACHER = frozenset({Action.LOOK, Action.SWITCH, Action.WINDOWS, Action.OWN})
_PARENT = _VIEWER | _TEACHER | {Action.HOUSEHOLD, Action.TOKENS}
_MAY: dict[Role, frozenset[Action]] = {
    Role.VIEWER: _VIEWER,
    Role.TEACHER: _TEACHER,  # and only where Account.reaches says so
    Role.PARENT: _PARENT,
    Role.ADMIN: frozenset(Action),
}


def may(role: Role | str, action: Action | str) -> bool:
    """Return whether `role` may do `action`. ValueError: there is no such role or action; a typo must not decide."""
    return Action(action) in _MAY[Role(role)]


class Scope(StrEnum):
    """What a token for programs is good for."""

    READ = "read"
    HOUSEHOLD = "household"
    ACTIVITY = "activity"
    LISTS = "lists"


# what the owner of a token must be allowed, so that no token reaches further than they do
NEEDS: dict[Scope, Action] = {
    Scope.READ: Action.LOOK,
    Scope.HOUSEHOLD: Action.HOUSEHOLD,
    Scope.ACTIVITY: Action.ACTIVITY,
    Scope.LISTS: Action.LISTS,
}


@dataclass(frozen=True, slots=True)
class Account:
    """One person who may sign in. `name` is typed to sign in, `shown` is how the family calls them."""

    id: str
    name: str
    shown: str
    role: Role
    ranges: tuple[str, ...] = ()  # of a teacher: ids of devices (rooms, classes); others have none
    language: str = ""  # vi | en; "": the household's
    theme: str = ""  # light | dark | contrast; "": the system's
    has_totp: bool = False
    recovery_left: int = 0  # recovery codes that were not used yet
    created: float = 0.0  # POSIX seconds
    password_changed: float = 0.0

    def may(self, action: Action | str) -> bool:
        """Return whether this person may do `action` somewhere; a teacher's `reaches` says where."""
        return may(self.role, action)

    def reaches(self, device: str) -> bool:
        """Return whether what this person may do, they may do for the device (room, class) with this id."""
        return self.role is not Role.TEACHER or device in self.ranges


def reached(household: Household, account: Account) -> Household:
    """Return `household` with no more than `account` reaches: of a teacher's, the own devices and who is wholly theirs.

    Somebody is theirs who has devices, and none that is not theirs. Whose rules hold for devices that nobody has
    assigned is nobody's alone.
    """
    if account.role is not Role.TEACHER:
        return household
    devices = tuple(d for d in household.devices if account.reaches(d.id))
    elsewhere = {d.profile for d in household.devices if not account.reaches(d.id)}
    if household.new_devices != "wait" and household.profiles:
        elsewhere.add(household.default_profile or household.profiles[0].id)
    mine = {d.profile for d in devices} - elsewhere
    return replace(household, devices=devices, profiles=tuple(p for p in household.profiles if p.id in mine))


@dataclass(frozen=True, slots=True)
class Session:
    """One browser in which somebody is signed in. `id` names it in lists and signs nobody in."""

    id: str
    account: str
    created: float
    seen: float  # to within 5 minutes
    expires: float  # whatever happens; idle sessions end earlier
    address: str = ""
    agent: str = ""  # the browser's own words, shortened


@dataclass(frozen=True, slots=True)
class ApiToken:
    """A program's way in, made by an account and never wider than it."""

    id: str
    account: str
    name: str
    scopes: frozenset[Scope]
    created: float
    last_used: float | None = None  # to within 5 minutes
    expires: float | None = None  # None: when it is revoked
