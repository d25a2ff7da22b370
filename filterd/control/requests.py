"""A child asks, a parent answers: requests for a site, an app, or more time; "closed by mistake"; "I need to talk".

A request is an entity of the store beside the household: asking publishes nothing, answering with yes gives a grant in
the same transaction. One pending request a profile for the same thing, a bounded number at once and in an hour; what
nobody answers in a day expires.

    asked = ask(state, Who("Lan", "web"), profile="lan", scope=Scope.NAME, value="example.com", reason="bài tập")
    answer(state, Who("mẹ"), asked.id, True, minutes=30)
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from filterd.control.change import Done, apply
from filterd.control.household import known_words, open_store
from filterd.control.moves import MAX_MINUTES, Whom, moment, text_of, value_of
from filterd.control.profiles import free_id
from filterd.errors import ConfigError
from filterd.model.change import Body, Key, Who
from filterd.model.household import Grant, Household, Scope

EXPIRE_S = 86_400.0  # a request nobody answered
KEEP_S = 30 * 86_400.0  # answered and expired ones stay so long
MAX_PENDING = 10  # at once, of a profile
MAX_HOURLY = 6  # new ones an hour, of a profile
MAX_TALKS = 3  # an hour, of a profile; what was asked for beside it never stands in their way
KINDS = ("ask", "mistake", "talk")
_HOUR_S = 3600.0


@dataclass(frozen=True, slots=True)
class Request:
    """One request. `state`: pending, granted, refused, seen or expired. `kind`: of KINDS.

    A mistake may come without a name: that of a dangerous category is nowhere kept. It, and a talk, are only seen.
    """

    id: str
    profile: str
    device: str
    scope: str
    value: str
    reason: str
    at: float
    state: str = "pending"
    answered_at: float | None = None
    by: str = ""
    note: str = ""  # the parent's word
    grant: str = ""  # the id of the grant it led to
    kind: str = "ask"

    @property
    def can_be_granted(self) -> bool:
        """True when a yes opens something."""
        return self.kind == "ask" or (self.kind == "mistake" and bool(self.value))

    def body(self) -> dict[str, Any]:
        """Return it as plain values."""
        return {name: getattr(self, name) for name in self.__slots__}


class TooMany(ConfigError):
    """The profile has asked too often, or for this already. The page says so kindly."""


def ask(
    state: Path,
    who: Who,
    *,
    profile: str,
    scope: Scope,
    value: str = "",
    device: str = "",
    reason: str = "",
    kind: str = "ask",
    now: float | None = None,
) -> Request:
    """Ask for something; return the request. Asked for again while it is pending: TooMany, and nothing is added."""
    at = moment(state, now)
    if scope is Scope.FILTER:
        raise ConfigError("scope: nobody asks for the whole filter to pause")
    if kind not in KINDS or (kind != "ask" and scope is not (Scope.NAME if kind == "mistake" else Scope.TIME)):
        raise ConfigError(f"kind: expected one of {', '.join(KINDS)}, a mistake of a name, a talk of time")
    value = value_of(scope, value) if value else ""
    if (scope is Scope.TIME) is bool(value) and kind != "mistake":
        raise ConfigError("value: expected what is asked for" if not value else "value: time has none")
    known = known_words(state)
    words = {Scope.SERVICE: known.services, Scope.CATEGORY: known.categories}.get(scope)
    if words is not None and value not in words:
        raise ConfigError(f"value: there is no {scope.value} {value!r}")
    reason = text_of(reason, "reason")
    made: list[Request] = []

    def alter(household: Household) -> Household:
        Whom(profile=profile).check(household)
        if device:
            Whom(device=device).check(household)
            if profile not in (d.profile for d in household.devices if d.id == device):
                raise ConfigError(f"device: {device} is not of profile {profile}")
        return household

    def more(others: dict[Key, Body]) -> Mapping[Key, Body]:
        mine = [r for r in _requests(others) if r.profile == profile and (r.kind == "talk") is (kind == "talk")]
        waiting = [r for r in mine if _state(r, at) == "pending"]
        if any((r.kind, r.scope, r.value) == (kind, scope.value, value) for r in waiting):
            raise TooMany("that was asked already and waits for an answer")
        if len(waiting) >= MAX_PENDING:
            raise TooMany(f"{len(waiting)} requests wait for an answer, expected at most {MAX_PENDING}")
        most = MAX_TALKS if kind == "talk" else MAX_HOURLY
        if sum(r.at > at - _HOUR_S for r in mine) >= most:
            raise TooMany(f"{most} requests in an hour are the most; please wait a little")
        number = 1 + max((int(r.id[1:]) for r in _requests(others)), default=0)
        made.append(Request(f"r{number}", profile, device, scope.value, value, reason, at, kind=kind))
        return {**others, ("request", made[-1].id): made[-1].body()}

    apply(state, who, "request", alter, more=more, now=at)
    return made[-1]


def answer(
    state: Path,
    who: Who,
    ident: str,
    yes: bool,
    *,
    minutes: int | None = 30,
    note: str = "",
    seen: int | None = None,
    now: float | None = None,
) -> Done:
    """Answer a request; yes gives the grant for `minutes` (None: without an end; never for time). Once only.

    No to what cannot be granted means that it was seen.
    """
    at = moment(state, now)
    if minutes is not None and not 1 <= minutes <= MAX_MINUTES:
        raise ConfigError(f"minutes: {minutes} is not in 1..{MAX_MINUTES}")
    note = text_of(note, "note")
    with open_store(state) as store:
        request = _pending(store.stored().bodies(), ident, at)
    if yes and minutes is None and request.scope == Scope.TIME.value:
        raise ConfigError("minutes: more time has an end")
    if yes and not request.can_be_granted:
        raise ConfigError(f"request {ident}: there is nothing to open; say that it was seen")
    given = Grant(
        Scope(request.scope),
        request.value,
        "" if request.device else request.profile,
        request.device,
        at,
        None if minutes is None else at + minutes * 60,
        who.by,
        request.reason,
    )
    grant_id = ""

    def alter(household: Household) -> Household:
        nonlocal grant_id
        if not yes:
            return household
        # the numbers of requests that are forgotten come again; a grant without an end may still be there
        grant_id = free_id(f"g-{ident}", {g.id for g in household.grants})
        return replace(household, grants=(*household.grants, replace(given, id=grant_id)))

    def more(others: dict[Key, Body]) -> Mapping[Key, Body]:
        found = _pending(others, ident, at)  # again: somebody may have answered meanwhile
        became = "granted" if yes else "refused" if found.can_be_granted else "seen"
        answered = replace(found, state=became, answered_at=at, by=who.by, note=note, grant=grant_id)
        return {**others, ("request", ident): answered.body()}

    verb = "request granted" if yes else "request refused" if request.can_be_granted else "request seen"
    return apply(state, who, verb, alter, more=more, seen=seen, now=at)


def requests(state: Path, *, pending: bool = False, now: float | None = None) -> list[Request]:
    """Return requests, newest first, before them who needs to talk; those of more than a day without answer expired."""
    at = moment(state, now)
    with open_store(state) as store:
        found = [replace(r, state=_state(r, at)) for r in _requests(store.stored().bodies())]
    wanted = [r for r in found if not pending or r.state == "pending"]
    return sorted(wanted, key=lambda r: (r.kind == "talk" and r.state == "pending", r.at), reverse=True)


def tidy(bodies: Mapping[Key, Body], now: float) -> dict[Key, Body]:
    """Return `bodies` with requests expired that nobody answered, and without those of long ago (the manager's job)."""
    kept: dict[Key, Body] = {}
    for key, body in bodies.items():
        if key[0] != "request":
            kept[key] = body
            continue
        request = _request(body)
        if request.at > now - KEEP_S:
            kept[key] = replace(request, state=_state(request, now)).body()
    return kept


def _pending(bodies: Mapping[Key, Body], ident: str, at: float) -> Request:
    body = bodies.get(("request", ident))
    if body is None:
        raise ConfigError(f"request: there is no {ident!r}")
    request = _request(body)
    state = _state(request, at)
    if state != "pending":
        by = f" by {request.by}" if request.by else ""
        raise ConfigError(f"request {ident}: expected one that waits for an answer, it is {state}{by}")
    return request


def _state(request: Request, at: float) -> str:
    return "expired" if request.state == "pending" and at - request.at >= EXPIRE_S else request.state


def _requests(bodies: Mapping[Key, Body]) -> list[Request]:
    return [_request(body) for (kind, _), body in bodies.items() if kind == "request"]


def _request(body: Body) -> Request:
    return Request(**{name: body[name] for name in Request.__slots__ if name in body})
