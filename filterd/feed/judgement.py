"""What a failure of verification means: from python-tuf's exceptions, and what was read last, to a code and a sentence.

Nothing is decided here but how a refusal is called: it is one in any case.

    raise refusal(exc, Case(trusted_set, url, body, now), clock_is_ahead, is_foreign) from exc
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from tuf.api.exceptions import (
    BadVersionNumberError,
    DownloadHTTPError,
    ExpiredMetadataError,
    LengthOrHashMismatchError,
    RepositoryError,
    UnsignedMetadataError,
)
from tuf.api.metadata import Metadata, Root, Targets
from tuf.api.serialization import DeserializationError

from filterd.feed.refusal import FeedRefused
from filterd.model.feed import Refusal

if TYPE_CHECKING:
    from tuf.ngclient._internal.trusted_metadata_set import TrustedMetadataSet

MAX_DEPTH = 100  # of brackets in metadata; a feed's own has ten
_FILE = re.compile(r"(?:[0-9]+\.)?(.+)\.json").fullmatch
_STRING = re.compile(rb'"(?:[^"\\]|\\.)*"', re.S)
_BRACKET = re.compile(rb"[\[\]{}]")


@dataclass(frozen=True, slots=True)
class Case:
    """What was known when a step failed: what is trusted, the last file and its body, the time it was judged by."""

    trusted: TrustedMetadataSet
    url: str
    body: bytes
    reference: float

    @property
    def role(self) -> str:
        """The role whose metadata was asked for last, '' when that was something else."""
        found = _FILE(self.url.rpartition("/")[2])
        return found[1] if found and "/metadata/" in self.url else ""


def refusal(
    exc: RepositoryError | DownloadHTTPError,
    case: Case,
    clock_is_ahead: Callable[[float], str],
    is_foreign: Callable[[], bool],
) -> FeedRefused:
    """Return the refusal for a failure. `clock_is_ahead`: a sentence when the clock is to blame for what expired then;
    `is_foreign`: asks whether the feed has another root than ours.
    """
    role, said = case.role, _short(str(exc))
    if isinstance(exc, DownloadHTTPError):
        if exc.status_code >= 500 or role in ("timestamp", "root"):
            return FeedRefused(Refusal.OFFLINE, said)
        return FeedRefused(Refusal.MIXED, f"{said}: the publication is not complete")
    if isinstance(exc, ExpiredMetadataError):
        return _expired(case, said, clock_is_ahead)
    if isinstance(exc, DeserializationError):
        return FeedRefused(*_unreadable(exc, case))
    if isinstance(exc, UnsignedMetadataError):
        code = _unsigned(case)
        if code is Refusal.WRONG_KEY and is_foreign():
            return FeedRefused(
                Refusal.FOREIGN_ROOT, f"{role}: signed with the keys of another feed than the pinned one"
            )
        return FeedRefused(code, f"{role}: {said}")
    if isinstance(exc, BadVersionNumberError):
        if role == "targets" or role not in ("root", "timestamp", "snapshot"):
            return FeedRefused(Refusal.MIXED, f"{role}: {said}")
        if role == "snapshot" and _version(case.body) != case.trusted.timestamp.snapshot_meta.version:
            return FeedRefused(Refusal.MIXED, f"{role}: {said}")
        return FeedRefused(Refusal.ROLLBACK, f"{role}: {said}")
    if isinstance(exc, LengthOrHashMismatchError):
        if _is_signed(case):
            return FeedRefused(Refusal.MIXED, f"{role}: from another publication than the one that is announced")
        if _ends_early(case.body):
            return FeedRefused(Refusal.TRUNCATED, f"{role}: it breaks off after {len(case.body)} bytes")
        return FeedRefused(Refusal.TAMPERED, f"{role}: {said}")
    if "is missing info" in said:
        return FeedRefused(Refusal.ROLLBACK, f"{role}: {said}")
    return FeedRefused(Refusal.MIXED if "snapshot" in said.lower() else Refusal.TAMPERED, f"{role}: {said}")


def _expired(case: Case, said: str, clock_is_ahead: Callable[[float], str]) -> FeedRefused:
    ended = _ended_at(case)
    wrong = clock_is_ahead(ended)
    if wrong:
        return FeedRefused(Refusal.CLOCK_AHEAD, wrong)
    day = datetime.fromtimestamp(case.reference, UTC).strftime("%Y-%m-%d")
    return FeedRefused(Refusal.FROZEN, f"{said} on {datetime.fromtimestamp(ended, UTC):%Y-%m-%d}, it is {day} here")


def _ended_at(case: Case) -> float:
    """Return when the first of what is known ended."""
    known = [signed.expires.timestamp() for signed in case.trusted]
    try:
        known.append(Metadata[Any].from_bytes(case.body).signed.expires.timestamp())
    except RepositoryError:
        pass
    return min(known)


def _unreadable(exc: DeserializationError, case: Case) -> tuple[Refusal, str]:
    """Return code and sentence for metadata that is none."""
    cause: BaseException | None = exc
    while cause is not None:
        if isinstance(cause, (RecursionError, MemoryError)):
            return Refusal.BOMB, f"{case.role}: nested too deep"
        cause = cause.__cause__ or cause.__context__
    if _depth(case.body) > MAX_DEPTH:  # some Pythons read what others give up on
        return Refusal.BOMB, f"{case.role}: nested too deep"
    if _ends_early(case.body):
        return Refusal.TRUNCATED, f"{case.role}: it breaks off after {len(case.body)} bytes"
    return Refusal.TAMPERED, f"{case.role}: it is no metadata of a feed"


def _depth(body: bytes) -> int:
    """Return how deep the brackets of a JSON text are nested."""
    depth = most = 0
    for bracket in _BRACKET.findall(_STRING.sub(b"", body)):
        depth += 1 if bracket in b"[{" else -1
        most = max(most, depth)
    return most


def _ends_early(body: bytes) -> bool:
    """True when the JSON in a body just stops."""
    try:
        json.loads(body.decode("utf-8", "replace"))
    except json.JSONDecodeError as exc:
        return exc.pos >= len(exc.doc.rstrip()) - 1 or "Unterminated" in exc.msg
    except (ValueError, RecursionError):
        return False
    return False


def _unsigned(case: Case) -> Refusal:
    """Return what is wrong with signatures that do not suffice."""
    parent = _parent(case)
    try:
        found: Metadata[Any] = Metadata.from_bytes(case.body)
        result = parent.get_verification_result(case.role, found.signed_bytes, found.signatures)
    except (RepositoryError, ValueError):
        return Refusal.WRONG_KEY
    if result.signed:
        return Refusal.FEW_SIGNATURES
    if set(found.signatures) & set(result.unsigned):  # by a right key, over something else
        return Refusal.TAMPERED
    return Refusal.WRONG_KEY


def _is_signed(case: Case) -> bool:
    """True when the last metadata has the signatures that it needs."""
    try:
        found: Metadata[Any] = Metadata.from_bytes(case.body)
        _parent(case).verify_delegate(case.role, found.signed_bytes, found.signatures)
    except (RepositoryError, ValueError):
        return False
    return True


def _parent(case: Case) -> Root | Targets:
    """Return who says which keys a role has."""
    if case.role in ("root", "timestamp", "snapshot", "targets"):
        return case.trusted.root
    for signed in case.trusted:
        if isinstance(signed, Targets) and signed.delegations and case.role in (signed.delegations.roles or {}):
            return signed
    return case.trusted.root


def _version(body: bytes) -> int:
    try:
        return int(Metadata[Any].from_bytes(body).signed.version)
    except RepositoryError:
        return -1


def _short(text: str) -> str:
    return "".join(char if char.isprintable() else "?" for char in text[:200])
