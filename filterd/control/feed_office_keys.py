"""Keys, step by step: what the office has to do next, and what follows when a key is lost or stolen.

guide(office, now)                              # sentences, what is urgent first
replace_key(office, "root-2", "stolen", holder="Hoa", folder=stick, ask=ask, today=today).advice
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from filterd.errors import FeedError
from filterd.feed import root
from filterd.feed.keys import (
    BECAUSE,
    ONLINE,
    ROOT_KEYS,
    ROOT_THRESHOLD,
    Ask,
    PublicKey,
    in_use,
    make_key,
    outside,
    read_keys,
    retire,
)

if TYPE_CHECKING:
    from filterd.feed.office import Office

_MAKE = "`filterd feed keys make {} --holder NAME --keys FOLDER`"
_SIGN = "`filterd feed keys sign --keys FOLDER`"
_ADVICE = {
    ("root", "lost"): (
        "Nobody can do anything with it alone: two of three must sign.",
        f"Two of the other holders sign the new root, each with {_SIGN}; the new holder signs too.",
        "Then `filterd feed publish`: every box follows by itself, none has to be set up again.",
    ),
    ("root", "stolen"): (
        "Do it today: one more stolen key, and somebody else could take the feed over.",
        f"Two of the other holders sign the new root, each with {_SIGN}. The stolen key is not used for it.",
        "Then `filterd feed publish`: every box follows by itself and trusts the stolen key no more.",
    ),
    ("targets", "lost"): (
        f"Two root holders sign the new root: {_SIGN}. Until then the last lists stay in force everywhere.",
        "Then `filterd feed publish` with the new key.",
    ),
    ("targets", "stolen"): (
        "The thief could sign lists, and with the online key deliver them too.",
        "If the online key could be reached from the same place, replace it as well, before signing.",
        f"Two root holders sign the new root today: {_SIGN}.",
        "Look through what was published last (`git log`, `filterd feed review`), then `filterd feed publish`.",
    ),
    (ONLINE, "lost"): (
        f"Two root holders sign the new root: {_SIGN}. You have as many days as expiry_days says for the timestamp.",
        "Then `filterd feed publish`, and give the server the new key.",
    ),
    (ONLINE, "stolen"): (
        "The thief can hold new lists back or freeze the feed, and cannot write a list.",
        f"Two root holders sign the new root: {_SIGN}.",
        "Then `filterd feed publish`: boxes forget what the stolen key had signed, and follow the new one.",
    ),
}
_TOO_FEW = (
    "Too few of the old root keys are left to hand over to new ones. Start a new feed in a new folder, and give every box "
    "its fingerprint by telephone or on paper: no box follows by itself."
)
_PART = ("It takes effect with the next `filterd feed publish`, which needs the new key and that of targets.",)


@dataclass(frozen=True, slots=True)
class Replaced:
    """A key that took another's place, and what to do now."""

    old: PublicKey
    new: PublicKey
    advice: tuple[str, ...]


def make(office: Office, role: str, holder: str, folder: Path, ask: Ask, today: date) -> PublicKey:
    """Make a key of a role or of a part. Raises FeedError when the office has as many as it needs."""
    from filterd.feed.entries import check_who
    from filterd.feed.keys import OWN

    known = {part.role for part in office.parts}
    if role not in OWN and role not in known:
        parts = ", ".join(sorted(known)) or "none yet, see `filterd feed part`"
        raise FeedError(f"expected root, targets, online, or a part ({parts}), got {role[:40]!r}")
    most = ROOT_KEYS if role == "root" else 1
    there = in_use(read_keys(office.folder), role)
    if len(there) >= most:
        raise FeedError(
            f"there are {len(there)} keys of {role} already ({', '.join(key.label for key in there)}): "
            "`filterd feed keys replace` puts a new one in the place of another"
        )
    return make_key(office.folder, role, check_who(holder), folder, ask, today)


def replace_key(
    office: Office, label: str, because: str, *, holder: str, folder: Path, ask: Ask, today: date
) -> Replaced:
    """Put a new key in the place of one that was lost or stolen, or whose holder leaves. Raises FeedError."""
    from filterd.feed.entries import check_who

    if because not in BECAUSE:
        raise FeedError(f"expected one of {', '.join(BECAUSE)}, got {because[:20]!r}")
    outside(office.folder, folder)
    old = next((key for key in read_keys(office.folder) if key.label == label), None)
    if old is None or old.retired:
        raise FeedError(f"expected a key that is in use, as `filterd feed keys status` shows them, got {label[:40]!r}")
    new = make_key(office.folder, old.role, check_who(holder or old.holder), folder, ask, today)  # first: may fail
    old = retire(office.folder, label, because, today)
    urgency = "stolen" if because == "stolen" else "lost"
    return Replaced(old, new, _ADVICE.get((old.role, urgency), _PART))


def guide(office: Office, now: datetime) -> tuple[str, ...]:
    """Return what has to be done about keys, the next step first; nothing when all is well."""
    keys = read_keys(office.folder)
    steps: list[str] = []
    missing = {
        role: need - len(in_use(keys, role)) for role, need in (("root", ROOT_KEYS), ("targets", 1), (ONLINE, 1))
    }
    for role, count in missing.items():
        if count > 0:
            who = ", each by another person on a USB stick of their own" if role == "root" else ""
            steps.append(f"{count} key(s) of {role} to make{who}: {_MAKE.format(role)}")
    if not steps:
        steps += _signing(office, keys, now)
    holders = Counter(key.holder.casefold() for key in in_use(keys, "root"))
    for key in in_use(keys, "root"):
        if holders.pop(key.holder.casefold(), 0) > 1:
            steps.append(f"{key.holder} holds more than one root key: a root key is worth most with another person")
    for part in office.parts:
        if not in_use(keys, part.role):
            steps.append(f"the part {part.role} has no key, and is not published: {_MAKE.format(part.role)}")
    return tuple(steps)


def _signing(office: Office, keys: list[PublicKey], now: datetime) -> list[str]:
    known = root.roots(office.folder)
    waiting = root.draft(office, now)
    if waiting is not None:
        lost = {key.key.keyid for key in keys if key.role == "root" and key.retired in ("lost", "stolen")}
        if known:
            before = root.current(office.folder).signed.roles["root"]
            if len(set(before.keyids) - lost) < before.threshold:
                return [_TOO_FEW]
        lacks = root.lacks(office.folder, waiting)
        two = (
            " (two holders of the keys before, and two of the keys now)"
            if known
            else f" ({ROOT_THRESHOLD} of the holders)"
        )
        return [f"root {waiting.signed.version} needs {lacks} more signature(s){two}: {_SIGN}"]
    if not (office.repository / "metadata" / f"{max(known)}.root.json").exists():
        return [f"root {max(known)} is signed, and not published yet: `filterd feed publish`"]
    expires = root.current(office.folder).signed.expires
    if expires - now < timedelta(days=root.RENEW_DAYS):
        return [f"the root ends on {expires:%Y-%m-%d}: two holders run `filterd feed keys sign --renew --keys FOLDER`"]
    return []
