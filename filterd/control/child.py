"""What a child's device may know, recognised by its address: how it is now, today, what is left, its own requests.

Nothing here names a site that is closed, except the one that the device itself has just asked for; of category `abuse`
not even that. Who is nobody's device may look at the default rules, and ask for nothing.

    seen = look(state, "192.168.1.23")
    seen.name, seen.now.kind, seen.now.end
    ask_for(state, "192.168.1.23", Scope.TIME, reason="bài tập")
    why_closed(state, "192.168.1.23", "www.example.org").kind         # age, scam, abuse, off, hours, budget, open
"""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from filterd.control import notices, requests
from filterd.control.devices import hardware_addresses
from filterd.control.now import Seen, see
from filterd.control.privacy import HARM
from filterd.control.requests import Request, TooMany
from filterd.errors import ConfigError, FilterdError
from filterd.model.change import Who
from filterd.model.decision import Row
from filterd.model.feed import FeedLinks
from filterd.model.household import Scope
from filterd.model.notice import Audience, Card
from filterd.model.now import Piece
from filterd.policy.outlook import around, following
from filterd.policy.outlook import strip as pieces_of

MORNING = 6  # o'clock: where a child's day begins
LATELY_S = 3 * 86_400.0  # requests that are shown
MOST_REQUESTS = 6
SOURCE = "child"  # in the history
AGES = {"age-0-6": (0, 6), "age-7-9": (7, 9), "age-10-13": (10, 13), "age-14-17": (14, 17)}  # of the presets, in years
_SCAM = frozenset({"scam", "malware"})
_HARM = HARM | {"grooming"}


class NotKnown(ConfigError):
    """The device is nobody's yet, so nobody may ask with it."""


@dataclass(frozen=True, slots=True)
class Budget:
    """What is left of something today, about. Minutes; ids of the catalogue."""

    services: tuple[str, ...]
    categories: tuple[str, ...]
    used: int
    minutes: int
    used_up: bool


@dataclass(frozen=True, slots=True)
class ChildPage:
    """Everything that the page of one device shows. Times are POSIX seconds."""

    profile: str
    name: str  # of the child; "" for a device that is nobody's
    preset: str
    device: str
    at: float
    timezone: str
    language: str
    now: Piece
    then: Piece | None
    day_start: float
    day: tuple[Piece, ...]  # from 6:00 for 24 hours
    budgets: tuple[Budget, ...]
    requests: tuple[Request, ...]
    asks_left: int  # in this hour
    parent_sees: str  # names | categories
    level: str  # of privacy: everything | blocked | counts | nothing
    detail_days: int
    parents: str = ""  # how the child calls those who bring it up; "": the language's own word
    links: FeedLinks = notices.SHIPPED  # whom to call, where to report
    cards: tuple[Card, ...] = ()  # material for this age

    @property
    def is_known(self) -> bool:
        """True when the device is somebody's."""
        return bool(self.device)


@dataclass(frozen=True, slots=True)
class Closed:
    """Why a name is closed for a device. `service`, `category`: ids, "" for abuse and where there is none."""

    kind: str  # age | scam | abuse | off | hours | budget | open
    service: str = ""
    category: str = ""
    until: float | None = None


def look(state: Path, address: str, now: float | None = None) -> ChildPage:
    """Return what the device at `address` may know. Raises StoreError, ConfigError (no household, or damaged)."""
    seen = see(state, now)
    household = seen.household
    slot, ident, device = _identify(seen, address)
    profile = next(p for p in household.profiles if p.id == ident)
    piece = around(seen.judge, slot, seen.at)
    start, end = _day(seen)
    mine = [r for r in requests.requests(state, now=seen.at) if device and r.profile == ident]
    asked = sum(r.at > seen.at - 3600 and r.kind != "talk" for r in mine)
    return ChildPage(
        profile=ident,
        name=profile.name if device else "",
        preset=profile.preset,
        device=device,
        at=seen.at,
        timezone=household.timezone,
        language=household.language,
        now=piece,
        then=following(seen.judge, slot, piece),
        day_start=start,
        day=pieces_of(seen.judge, slot, start, end),
        budgets=_budgets(state, ident, seen.at) if device and profile.budgets else (),
        requests=tuple(r for r in mine if r.at > seen.at - LATELY_S)[:MOST_REQUESTS],
        asks_left=max(0, requests.MAX_HOURLY - asked),
        parent_sees=profile.parent_sees,
        level=household.privacy.level,
        detail_days=household.privacy.detail_days,
        parents=household.parents,
        links=notices.links(state),
        cards=notices.cards(state, Audience.CHILD, *AGES.get(profile.preset, (0, 17))),
    )


def ask_for(
    state: Path, address: str, scope: Scope, value: str = "", reason: str = "", now: float | None = None
) -> Request:
    """Ask for a site, a service, or more time, as the child whose device it is.

    Raises NotKnown, requests.TooMany, ConfigError (what is asked for is nothing).
    """
    if scope not in (Scope.TIME, Scope.NAME, Scope.SERVICE):
        raise ConfigError("scope: expected time, name or service")
    return _ask(state, address, scope, value, reason, "ask", now)


def talk(state: Path, address: str, now: float | None = None) -> Request:
    """Tell the parents that the child needs to talk: one fixed sentence, and nothing of what it looked at.

    Raises NotKnown, requests.TooMany.
    """
    return _ask(state, address, Scope.TIME, "", "", "talk", now)


def mistaken(state: Path, address: str, name: str = "", reason: str = "", now: float | None = None) -> Request:
    """Tell the parents that `name` was closed by mistake. The name of a dangerous category is left out.

    Raises NotKnown, requests.TooMany, ConfigError (no name, or it is open).
    """
    if name:
        why = why_closed(state, address, name, now)
        if why.kind == "open":
            raise ConfigError("name: it is open")
        name = "" if why.kind == "abuse" else name
    return _ask(state, address, Scope.NAME, name, reason, "mistake", now)


def why_closed(state: Path, address: str, name: str, now: float | None = None) -> Closed:
    """Return why `name` is closed for the device at `address`, in one word. Raises ConfigError, StoreError."""
    from filterd.control.ask import ask

    found = ask(state, name=name, device=_plain(address), now=now)
    if not found.is_blocked:
        return Closed("open")
    if found.category in _HARM:
        return Closed("abuse")
    if found.row is Row.OFF:
        return Closed("off", until=found.until)
    if found.row is Row.WINDOW or (found.row is not Row.BUDGET and found.rule.startswith("outside")):
        return Closed("hours", found.service, found.category, found.until)
    if found.row is Row.BUDGET:
        return Closed("budget", found.service, found.category, found.until)
    return Closed("scam" if found.category in _SCAM else "age", found.service, found.category)


def _ask(state: Path, address: str, scope: Scope, value: str, reason: str, kind: str, now: float | None) -> Request:
    seen = see(state, now)
    _, ident, device = _identify(seen, address)
    if not device:
        raise NotKnown("device: this one is nobody's yet; a parent says whose it is")
    who = Who(next(p.name for p in seen.household.profiles if p.id == ident), SOURCE, address)
    return requests.ask(
        state, who, profile=ident, device=device, scope=scope, value=value, reason=reason, kind=kind, now=now
    )


def _identify(seen: Seen, address: str) -> tuple[int, str, str]:
    """Return slot, profile and device of an address, by the workers' own order: MAC, address, longest range."""
    plain = _plain(address)
    client = seen.judge.identify(plain, hardware_addresses().get(plain, ""))
    return client.slot, client.profile, client.device


def _plain(address: str) -> str:
    try:
        found = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        raise ConfigError("address: expected an IP address") from None
    return str(getattr(found, "ipv4_mapped", None) or found)


def _day(seen: Seen) -> tuple[float, float]:
    """Return the beginning and end of the child's day around now: 6:00 to 6:00."""
    local = datetime.fromtimestamp(seen.at, seen.zone)
    day = local.date() if local.hour >= MORNING else local.date() - timedelta(days=1)
    start = datetime(day.year, day.month, day.day, MORNING, tzinfo=seen.zone)
    then = day + timedelta(days=1)
    return start.timestamp(), datetime(then.year, then.month, then.day, MORNING, tzinfo=seen.zone).timestamp()


def _budgets(state: Path, profile: str, at: float) -> tuple[Budget, ...]:
    from filterd.control.budgets_status import status

    try:
        found = [b for b in status(state, profile, at) if b.today]
    except (FilterdError, OSError):
        return ()
    return tuple(Budget(b.services, b.categories, b.used, b.minutes, b.used_up) for b in found)


__all__ = ["Budget", "ChildPage", "Closed", "NotKnown", "TooMany", "ask_for", "look", "mistaken", "talk", "why_closed"]
