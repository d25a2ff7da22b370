"""Hash passwords and check them: argon2id, two at a time.

A hash takes 19 MiB and some hundredths of a second (OWASP's smallest parameters: the box is a Pi that answers DNS
meanwhile). More than two at once are not begun: who signs in is told to wait, who sets a password waits.

    kept = hashed("mèo vàng ngủ trên mái")
    with slot():
        assert is_right(kept, "mèo vàng ngủ trên mái")
"""

from __future__ import annotations

import contextlib
import functools
import threading
import unicodedata
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from filterd.control.accounts_words import ADVICE, MAX_PASSWORD, refusal, say
from filterd.errors import ConfigError, FilterdError

if TYPE_CHECKING:
    from argon2 import PasswordHasher

MEMORY_KIB = 19 * 1024
PASSES = 2
LANES = 1
AT_ONCE = 2
PATIENCE_S = 10.0  # of who sets a password
# of nobody's password, with the parameters above: what is checked when there is no such name
NOBODY = "$argon2id$v=19$m=19456,t=2,p=1$rlIBADJBZGH1ERhszDQjeg$QEIlPykLWOhAv4wJKRW27UkucYmm4p1yL5/AMgl9MR4"
_slots = threading.BoundedSemaphore(AT_ONCE)


class WeakPassword(ConfigError):
    """A password was not taken. `reason`: a key of ADVICE; `sentence` says it to a person."""

    def __init__(self, reason: str) -> None:
        super().__init__(f"password: {ADVICE[reason][1]}")
        self.reason = reason

    def sentence(self, language: str) -> str:
        """Return why, in `language`: en, else Vietnamese."""
        return say(self.reason, language)


class Busy(FilterdError):
    """As many hashes as may be are at work already; try again in a second."""


@contextlib.contextmanager
def slot(patience_s: float = 0.0) -> Iterator[None]:
    """Room for one hash, for the block. Busy: there is none within `patience_s`."""
    if not _slots.acquire(timeout=patience_s):
        raise Busy("many people sign in at the moment; please try again in a second")
    try:
        yield
    finally:
        _slots.release()


def hashed(password: str, names: Iterable[str] | None = ()) -> str:
    """Return the hash of a new password; WeakPassword: it is not taken. `names`: of the house; None: take any text."""
    if names is not None and (reason := refusal(password, names)):
        raise WeakPassword(reason)
    with slot(PATIENCE_S):
        return _hasher().hash(_composed(password))


def is_right(kept: str, password: str) -> bool:
    """Return whether `kept` is the hash of `password`. Hold a slot. What is too long is none, and costs the same."""
    from argon2.exceptions import InvalidHashError, VerificationError

    try:
        return _hasher().verify(kept, _composed(password[:MAX_PASSWORD])) and len(password) <= MAX_PASSWORD
    except (VerificationError, InvalidHashError):
        return False


def renewed(kept: str, password: str) -> str:
    """Return the hash anew when `kept` has other parameters than today's, else "". Hold a slot; the password is right."""
    return _hasher().hash(_composed(password)) if _hasher().check_needs_rehash(kept) else ""


def _composed(password: str) -> str:
    # the same ế is one character from one keyboard and three from another (NIST SP 800-63B 5.1.1.2); nothing else is
    # changed, and half a character, which a form cannot send, is nobody's password
    return unicodedata.normalize("NFC", password).encode("utf-8", "replace").decode()


@functools.cache
def _hasher() -> PasswordHasher:
    from argon2 import PasswordHasher

    return PasswordHasher(time_cost=PASSES, memory_cost=MEMORY_KIB, parallelism=LANES)
