"""The second factor: six figures of an app on the phone (TOTP, RFC 6238), and ten recovery codes for when it is lost.

A code of the app is taken once, in its own half minute or in the ones beside it: clocks of a phone and of the box
differ. A recovery code is taken once, ever; it begins with its number, so that one hash is computed and not ten.

    begun = begin(state, "lan", password)               # show begun.uri as a picture, begun.secret as text
    codes = confirm(state, who, "lan", "123456")        # shown once, to be written down
"""

from __future__ import annotations

import hmac
import re
import secrets
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from filterd.control.accounts_login import LoginRefused, prove
from filterd.control.accounts_open import checked, moment, opened
from filterd.control.accounts_passwords import hashed, is_right
from filterd.control.accounts_sessions import digest_of
from filterd.errors import ConfigError
from filterd.model.change import Change, Who

if TYPE_CHECKING:
    from filterd.store.accounts import Stored

STEP_S = 30
NEAR = 1  # steps before and after the box's own
CODES = 10
CODE_CHARS = 12  # of 32 signs each: 60 bits, hashed like a password (ASVS 6.5.2)
_SIGNS = "ABCDEFGHJKMNPQRSTUVWXYZ23456789"  # without I, L, O, 0 and 1, which are read as each other
ISSUER = "filterd"


@dataclass(frozen=True, slots=True)
class Begun:
    """What the app needs: `uri` for a QR code, `secret` to be typed."""

    secret: str
    uri: str


def begin(
    state: Path, account: str, password: str, address: str = "", now: float | None = None, *, totp: str = ""
) -> Begun:
    """Make a secret for `account` (its id), which counts once it is confirmed. LoginRefused: the password is wrong.

    Who has a second factor already proves it too (`totp`) before another one takes its place.
    """
    import pyotp

    stored = _known(opened(state).accounts.accounts(), account)
    if stored.totp and not totp.strip():
        raise LoginRefused("totp")
    prove(state, account, password, address, now, totp=totp if stored.totp else "")
    secret = pyotp.random_base32()  # 160 bits of the system's generator

    def alter(found: dict[str, Stored]) -> dict[str, Stored]:
        return {**found, account: replace(_known(found, account), pending=secret)}

    opened(state).accounts.change(Who(), "second factor begun", moment(now), alter)
    return Begun(secret, pyotp.TOTP(secret, name=stored.account.name, issuer=ISSUER).provisioning_uri())


def confirm(state: Path, who: Who, account: str, code: str, now: float | None = None, *, keep: str = "") -> list[str]:
    """Take the secret of `begin` into use, proved by a code of it; return the recovery codes. ConfigError: it is wrong.

    Every other session of the account ends; `keep` is the token of the one that stays.
    """
    at = moment(now)
    pending = _known(opened(state).accounts.accounts(), account).pending
    step = step_of(pending, code, at) if pending else None
    if step is None:
        raise ConfigError("code: expected the six figures that the app shows now")
    codes, kept = _new_codes()

    def alter(found: dict[str, Stored]) -> dict[str, Stored]:
        stored = _known(found, account)
        if stored.pending != pending:
            raise ConfigError("code: another secret was shown meanwhile; expected a code of that one")
        return {**found, account: replace(stored, totp=pending, pending="", totp_step=step, recovery=kept)}

    _change(state, who, "second factor added", at, alter, keep)
    return codes


def disable(
    state: Path, who: Who, account: str, password: str, totp: str, address: str = "", now: float | None = None,
    *, keep: str = "",
) -> Change | None:  # fmt: skip
    """Go without a second factor from now on. LoginRefused: the password or the code is wrong."""
    if not totp.strip():
        raise LoginRefused("totp")
    prove(state, account, password, address, now, totp=totp)
    return reset(state, who, account, now, keep=keep)


def reset(state: Path, who: Who, account: str, now: float | None = None, *, keep: str = "") -> Change | None:
    """Take the second factor off somebody who lost it: an admin does that, or the box's own command line."""

    def alter(found: dict[str, Stored]) -> dict[str, Stored]:
        bare = replace(_known(found, account), totp="", pending="", recovery=())  # the step stays: no code comes twice
        return {**found, account: bare}

    return _change(state, who, "second factor removed", moment(now), alter, keep)


def new_recovery_codes(
    state: Path, who: Who, account: str, password: str, totp: str, address: str = "", now: float | None = None
) -> list[str]:
    """Return ten new recovery codes; the old ones are void. LoginRefused: the password or the code is wrong."""
    if not totp.strip():
        raise LoginRefused("totp")
    prove(state, account, password, address, now, totp=totp)
    codes, kept = _new_codes()

    def alter(found: dict[str, Stored]) -> dict[str, Stored]:
        stored = _known(found, account)
        if not stored.totp:
            raise ConfigError("there is no second factor: recovery codes belong to one")
        return {**found, account: replace(stored, recovery=kept)}

    _change(state, who, "recovery codes made", moment(now), alter, "")
    return codes


def use_code(state: Path, stored: Stored, code: str, address: str, now: float) -> bool:
    """Return whether `code` is a good one of the account's, of the app or for recovery; it is used up. Hold a slot."""
    step = step_of(stored.totp, code, now)
    if step is not None:
        return opened(state).accounts.use_step(stored.account.id, step)
    number, text = _recovery_of(code)
    if number >= len(stored.recovery) or not stored.recovery[number] or not is_right(stored.recovery[number], text):
        return False
    used: list[bool] = []

    def alter(found: dict[str, Stored]) -> dict[str, Stored]:
        fresh = _known(found, stored.account.id)
        if fresh.recovery[number : number + 1] != (stored.recovery[number],):
            return found  # used in this very moment by another one
        used.append(True)
        left = (*fresh.recovery[:number], "", *fresh.recovery[number + 1 :])
        return {**found, stored.account.id: replace(fresh, recovery=left)}

    who = Who(stored.account.shown, "web", address)
    opened(state).accounts.change(who, "recovery code used", now, alter)
    return bool(used)


def step_of(secret: str, code: str, now: float) -> int | None:
    """Return the step of 30 s whose code this is, among those that count at `now`; None: it is no code of them."""
    figures = re.sub(r"[\s-]", "", code[:16])
    if not re.fullmatch(r"[0-9]{6}", figures):
        return None
    import pyotp

    app, middle = pyotp.TOTP(secret), int(now // STEP_S)
    for step in range(middle - NEAR, middle + NEAR + 1):
        if hmac.compare_digest(app.generate_otp(step), figures):
            return step
    return None


def _new_codes() -> tuple[list[str], tuple[str, ...]]:
    """Return the codes as they are shown, and as they are kept."""
    texts = ["".join(secrets.choice(_SIGNS) for _ in range(CODE_CHARS)) for _ in range(CODES)]
    shown = [f"{n}-{t[:4]}-{t[4:8]}-{t[8:]}" for n, t in enumerate(texts)]
    return shown, tuple(hashed(text, None) for text in texts)


def _recovery_of(code: str) -> tuple[int, str]:
    """Return the number and the text of a recovery code as typed; a number that is none when it is no such code."""
    signs = re.sub(r"[\s-]", "", code[:40]).upper()
    if not re.fullmatch(rf"[0-9][{_SIGNS}]{{{CODE_CHARS}}}", signs):
        return CODES, ""
    return int(signs[0]), signs[1:]


def _known(found: dict[str, Stored], account: str) -> Stored:
    if account not in found:
        raise ConfigError(f"account: there is no {account!r}")
    return found[account]


def _change(state: Path, who: Who, verb: str, at: float, alter: Alter, keep: str) -> Change | None:
    return opened(state).accounts.change(checked(who), verb, at, alter, keep=digest_of(keep) if keep else "")


if TYPE_CHECKING:
    from filterd.store.accounts import Alter
