"""Sign in: how often one may try, the password, the second factor, a new session.

Limits come before the hash, so that guessing costs the box next to nothing: 5 tries a minute without success from an
address; on an account a delay that doubles from the fifth wrong try to 60 s at most; 60 tries a minute in all. An
address where somebody is signed in to that account has the first of the three alone, so that nobody at home is locked
out by whoever guesses elsewhere. A name that is not there is slowed down, and costs, like one that is.

    token, account = log_in(state, "lan", password, address="192.0.2.7", agent=agent)
"""

from __future__ import annotations

import contextlib
import hashlib
import math
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from filterd.control.accounts_names import key_of
from filterd.control.accounts_open import exists, moment, opened
from filterd.control.accounts_passwords import NOBODY, Busy, is_right, renewed, slot
from filterd.control.accounts_sessions import IDLE_S, begin_session
from filterd.errors import ConfigError, FilterdError
from filterd.model.account import Account

if TYPE_CHECKING:
    from filterd.store.accounts import Stored
    from filterd.store.accounts_access import Tries

HERE_A_MINUTE = 5  # tries without success, of an address
FREE = 4  # wrong tries on an account before it is slowed down
MAX_DELAY_S = 60.0  # of an account
EVERYWHERE_A_MINUTE = 60  # tries in all: one hash a second leaves a Pi its cores
MAX_ADDRESS = 64  # characters
_SENTENCES = {
    "wrong": "name or password is not right",
    "totp": "the six figures of the second factor are needed",
    "code": "the six figures, or the recovery code, are not right",
    "wait": "many tries; please wait {wait} s and try again",
    "busy": "many people sign in at the moment; please wait {wait} s and try again",
}


class LoginRefused(FilterdError):
    """Nobody was signed in. `reason`: wrong, totp (password right, code needed), code (it is wrong), wait, busy.

    `wait`: seconds after which another try is looked at; 0: at once.
    """

    def __init__(self, reason: str, wait: float = 0.0) -> None:
        self.reason = reason
        self.wait = math.ceil(wait)
        super().__init__(_SENTENCES[reason].format(wait=self.wait))


def log_in(
    state: Path,
    name: str,
    password: str,
    totp: str = "",
    address: str = "",
    agent: str = "",
    now: float | None = None,
    *,
    instead: str = "",
) -> tuple[str, Account]:
    """Sign in and return the new session's token, for the cookie alone, and the account. Raises LoginRefused.

    `totp`: six figures of the second factor, or a recovery code. `instead`: the token of the session that the browser
    had before; it ends (ASVS 7.2.4).
    """
    at = moment(now)
    _resting.refuse(state, address, at)
    stored = None
    key = key_of(name)
    if key is not None and exists(state):
        stored = opened(state).accounts.by_key(key)
    found = _proved(state, stored, key or "", password, totp, address, at, second=True)
    token = begin_session(state, found.account, address, agent, at, instead)
    if token is None:  # removed in this very moment
        raise LoginRefused("wrong")
    return token, found.account


def prove(
    state: Path, account: str, password: str, address: str = "", now: float | None = None, *, totp: str = ""
) -> None:
    """Make sure that who is signed in knows the password of `account`: before what changes how to sign in (ASVS 7.5.1).

    Limited like signing in. With `totp` the second factor is asked for too. Raises LoginRefused.
    """
    stored = opened(state).accounts.accounts().get(account)
    key = stored.key if stored is not None else ""
    _proved(state, stored, key, password, totp, address, moment(now), second=bool(totp))


@contextlib.contextmanager
def admitted(state: Path, key: str, address: str, at: float, account: str = "") -> Iterator[int]:
    """Room for one guess at `key`, for the block: its number. LoginRefused: too many were made, or are being made."""
    if len(address) > MAX_ADDRESS or not address.isprintable():
        raise ConfigError(f"address: expected at most {MAX_ADDRESS} printable characters")

    def judge(tries: Tries) -> None:
        wait = wait_of(tries, at)
        if wait > 0:
            if len(tries.here) >= HERE_A_MINUTE:
                _resting.put(state, address, at, tries.here[HERE_A_MINUTE - 1] + 60.0)
            raise LoginRefused("wait", wait)

    _resting.refuse(state, address, at)
    access = opened(state).access
    judge(access.tries(key, address, at, account, IDLE_S))  # who is refused here holds no slot and writes nothing
    try:
        with slot():
            yield access.attempt(key, address, at, account, IDLE_S, judge)
    except Busy:
        raise LoginRefused("busy", 1) from None


def wait_of(tries: Tries, now: float) -> float:
    """Return the seconds until a try is looked at after these; 0 or less: now."""
    waits = [0.0]
    if len(tries.here) >= HERE_A_MINUTE:
        waits.append(tries.here[HERE_A_MINUTE - 1] + 60.0 - now)
    if not tries.known:
        if len(tries.failed) > FREE:
            waits.append(tries.failed[0] + delay_s(len(tries.failed)) - now)
        if len(tries.everywhere) >= EVERYWHERE_A_MINUTE:
            waits.append(tries.everywhere[EVERYWHERE_A_MINUTE - 1] + 60.0 - now)
    return max(waits)


def delay_s(failed: int) -> float:
    """Return how long an account rests after so many wrong tries in a row: 0 for FREE, then 2, 4, 8 ... MAX_DELAY_S."""
    return 0.0 if failed <= FREE else min(MAX_DELAY_S, 2.0 ** min(failed - FREE, 10))


def try_key(key: str) -> str:
    """Return how tries of a name are kept: not readable, since people type passwords into the field for the name."""
    return hashlib.blake2b(key.encode(), digest_size=16, person=b"filterd-login").hexdigest()


class _Resting:
    """Addresses that tried too often, until when: a flood from one costs no question to the database.

    A shortcut of this process, nothing else: what is forgotten here is found again in the tries.
    """

    MOST = 1024

    def __init__(self) -> None:
        self._until: dict[tuple[str, str], tuple[float, float]] = {}
        self._lock = threading.Lock()

    def put(self, state: Path, address: str, at: float, until: float) -> None:
        """Remember that `address` rests."""
        with self._lock:
            if len(self._until) >= self.MOST:
                self._until.clear()
            self._until[str(state), address] = (at, until)

    def refuse(self, state: Path, address: str, at: float) -> None:
        """Raise LoginRefused while `address` rests. A clock that was set back ends it."""
        since, until = self._until.get((str(state), address), (0.0, 0.0))
        if since <= at < until:
            raise LoginRefused("wait", until - at)

    def forget(self) -> None:
        """Forget everything."""
        with self._lock:
            self._until.clear()


_resting = _Resting()


def forget_tries(state: Path, key: str) -> None:
    """Forget what was tried on the account with the compared name `key`: it has a new password."""
    opened(state).access.forget_tries(try_key(key))
    _resting.forget()


def _proved(
    state: Path, stored: Stored | None, key: str, password: str, totp: str, address: str, at: float, *, second: bool
) -> Stored:
    from filterd.control.accounts_totp import use_code
    from filterd.store.accounts_access import HALF, OK

    access = opened(state).access
    with admitted(state, try_key(key), address, at, "" if stored is None else stored.account.id) as number:
        right = is_right(NOBODY if stored is None else stored.password, password)
        if stored is None or not right:
            raise LoginRefused("wrong")
        if second and stored.totp:
            if not totp.strip():
                access.settle(number, HALF)
                raise LoginRefused("totp")
            if not use_code(state, stored, totp, address, at):
                raise LoginRefused("code")
        access.settle(number, OK)
        fresh = renewed(stored.password, password)
    if fresh:
        opened(state).accounts.rehash(stored.account.id, stored.password, fresh)
    return stored
