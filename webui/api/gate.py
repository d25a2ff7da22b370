"""Who may call what: the house alone, with a token, as far as its scopes and its owner's role reach, and not too often.

Order of every call: the house (as on the pages, webui/peers.py); the address must exist; a token in the Authorization
header, never a cookie; the token's scope and its owner's right to the operation (filterd/model/account.py), asked anew
each time; the rate; then the body. A teacher's token sees and reaches the owner's rooms alone: `house()` holds no others.
"""

from __future__ import annotations

import ipaddress
import json
import math
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NewType, NoReturn

from flask import Flask, current_app, g, request
from limits import RateLimitItemPerMinute
from limits.storage import MemoryStorage
from limits.strategies import FixedWindowRateLimiter

from filterd.control import household as households
from filterd.control.accounts_tokens import TokenRefused, check
from filterd.model.account import Account, Action, Scope, reached
from filterd.model.change import Who
from filterd.model.household import Household
from webui.api.problem import INVALID, Problem
from webui.peers import is_of_the_house, is_our_name

CALLS = 300  # a minute, of a token
CHANGES = 60  # of these, what is no GET
STRANGERS = 30  # a minute, of an address: calls without a token that is good
MAX_BODY = 64 * 1024
MAX_BY = 80  # characters, as filterd.control.change takes them
JSON = "application/json"
_READING = ("GET", "HEAD")

Needs = NewType("Needs", tuple[Scope, Action])


@dataclass(frozen=True, slots=True)
class Rates:
    """How many calls a minute are answered."""

    calls: int = CALLS
    changes: int = CHANGES
    strangers: int = STRANGERS


class Gate:
    """The gate before every call of one application."""

    def __init__(self, app: Flask, rates: Rates) -> None:
        self._app = app
        self._rates = rates
        self._limiter = FixedWindowRateLimiter(
            MemoryStorage()
        )  # keys: tokens that are good, and addresses of the house
        app.before_request(self.before)

    def before(self) -> None:
        """Raise Problem unless this call may go on."""
        g.house = None
        if not is_of_the_house(request.remote_addr or ""):
            raise Problem(403, "this box answers its own house alone")
        if not is_our_name(request.host):
            raise Problem(421, "call this box by its address")
        if request.routing_exception is not None:
            return  # 404 and 405 need no token: they tell nothing
        view = self._app.view_functions[request.endpoint or ""]
        needs: Needs | None = getattr(view, "needs", None)
        if needs is None:  # the description of the API: nothing of the family is in it
            return
        self._enter(*needs)
        _check_body(is_expected=getattr(view, "takes", False))

    def _enter(self, scope: Scope, action: Action) -> None:
        kind, _space, text = request.headers.get("Authorization", "").partition(" ")
        place = _place(request.remote_addr or "")
        strangers = RateLimitItemPerMinute(self._rates.strangers, namespace="stranger")
        if not self._limiter.test(strangers, place):
            self._too_many(strangers, place)
        try:
            if kind.lower() != "bearer":
                raise TokenRefused("unknown")
            token, account = check(state(), text.strip(), scope)
            if not account.may(action):
                raise TokenRefused("scope")
        except TokenRefused as refused:
            if refused.reason == "scope":
                self._count(place)  # a known program that asks for too much takes nothing from others there
                ask = f'Bearer error="insufficient_scope", scope="{scope}"'
                text = "this token, or the account that made it, is not for that"
                raise Problem(403, text, headers={"WWW-Authenticate": ask}) from None
            self._limiter.hit(strangers, place)
            ask = 'Bearer error="invalid_token"' if kind else "Bearer"
            text = "expected an Authorization header with a token of this box: Bearer ftd_..."
            raise Problem(401, text, headers={"WWW-Authenticate": ask}) from None
        self._count(token.id)
        g.token, g.account = token, account

    def _count(self, key: str) -> None:
        calls = RateLimitItemPerMinute(self._rates.calls, namespace="calls")
        changes = RateLimitItemPerMinute(self._rates.changes, namespace="changes")
        for item in (calls,) if request.method in _READING else (calls, changes):
            if not self._limiter.hit(item, key):
                self._too_many(item, key)

    def _too_many(self, item: RateLimitItemPerMinute, key: str) -> NoReturn:
        wait = max(1, math.ceil(self._limiter.get_window_stats(item, key).reset_time - time.time()))
        text = f"at most {item.amount} such calls a minute; call again in {wait} s"
        raise Problem(429, text, headers={"Retry-After": str(wait)})


def state() -> Path:
    """Return the state folder."""
    return Path(current_app.config["STATE"])


def account() -> Account:
    """Return whose token this is."""
    found: Account = g.account
    return found


def house() -> Household:
    """Return the household as far as this token's owner reaches it, as of this call's begin."""
    return _seen()[0]


def revision() -> int:
    """Return the revision of `house()`."""
    return _seen()[1]


def forget_house() -> None:
    """Let the next `house()` read anew: somebody else has changed something."""
    g.house = None


def who() -> Who:
    """Return who makes a change, as the history names them: the person, and the program in brackets."""
    name = account().shown or account().name
    return Who(f"{name} ({g.token.name})"[:MAX_BY], "api", request.remote_addr or "")


def _seen() -> tuple[Household, int]:
    if g.house is None:
        found, number = households.read_stored(state())
        g.house = reached(found, account()), number
    seen: tuple[Household, int] = g.house
    return seen


def _place(address: str) -> str:
    """Return what stands for an address: the network of an IPv6 one, since a device has as many as it likes."""
    found = ipaddress.ip_address(address.partition("%")[0])
    if isinstance(found, ipaddress.IPv4Address):
        return str(found)
    mapped = found.ipv4_mapped  # how a socket for both families shows an IPv4 address
    return str(mapped if mapped is not None else ipaddress.ip_network((found, 64), strict=False))


def _check_body(*, is_expected: bool) -> None:
    """Raise Problem unless the body is none where none is expected, or JSON that can be kept."""
    data = request.get_data(cache=True)  # 413 above MAX_CONTENT_LENGTH
    if not data and is_expected:
        raise Problem(422, "expected a body", INVALID, problems=["body: expected a JSON object, {} at least"])
    if not data:
        return
    if request.mimetype != JSON:
        raise Problem(415, f"expected {JSON}", headers={"Accept": JSON})
    try:
        found = json.loads(data, parse_constant=_refuse)
        json.dumps(found, ensure_ascii=False).encode()  # half a surrogate pair is no text
    except (ValueError, RecursionError):  # numbers of thousands of digits and endless nesting too
        raise Problem(400, "the body is no JSON (RFC 8259)") from None


def _refuse(word: str) -> Any:
    raise ValueError(word)
