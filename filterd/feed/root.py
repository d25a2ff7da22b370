"""The root of trust: which keys may sign what. Made as a draft, signed by its holders one after the other, then final.

A root counts when two of the holders have signed it, and from the second on also two holders of the one before: that is
how keys are replaced. The draft and all final roots lie in keys/root/ and are public, so that the folder may travel from
holder to holder (git, a USB stick) while every private key stays where it is.

    draft(office, now)                               # what has to be signed, when the keys have changed
    sign(office, [Path("/media/lan")], ask, now)     # adds the signatures of the keys at hand; final when there are enough
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from filterd.errors import FeedError
from filterd.feed.entries import FILE_MODE
from filterd.feed.keys import ONLINE, OWN, ROOT_KEYS, ROOT_THRESHOLD, Ask, PublicKey, find_signer, in_use, read_keys
from filterd.feed.office import Office
from filterd.host.files import make_folder, read_bounded, write_atomic

if TYPE_CHECKING:
    from tuf.api.metadata import Metadata, Root

MAX_ROOT_BYTES = 512 * 1024
RENEW_DAYS = 60  # before a root expires, its holders are reminded
_DRAFT = "draft.json"


@dataclass(frozen=True, slots=True)
class Signed:
    """What signing came to. `signed`: labels whose signature counts; `missing`: how many more signatures are needed."""

    version: int
    signed: tuple[str, ...]
    missing: int
    fingerprint: str  # of the final file, '' while it is a draft


def fingerprint(data: bytes) -> str:
    """Return what people compare: the first half of the SHA-256 of a root file, as 8 groups of 4 hexadecimal digits."""
    digest = hashlib.sha256(data).hexdigest()
    return " ".join(digest[i : i + 4] for i in range(0, 32, 4))


def roots(office: Path) -> dict[int, Path]:
    """Return the final roots by version."""
    folder = office / "keys" / "root"
    found = {int(path.name.partition(".")[0]): path for path in folder.glob("*.root.json") if path.name[0].isdigit()}
    return dict(sorted(found.items()))


def current(office: Path) -> Metadata[Root]:
    """Return the newest final root. Raises FeedError when there is none or it is damaged."""
    known = roots(office)
    if not known:
        raise FeedError("there is no signed root yet: make the keys, then `filterd feed keys sign`")
    return _read(known[max(known)])


def pending(office: Path) -> Metadata[Root] | None:
    """Return the draft, None when there is none."""
    path = office / "keys" / "root" / _DRAFT
    return _read(path) if path.is_file() else None


def draft(office: Office, now: datetime, *, renew: bool = False) -> Metadata[Root] | None:
    """Return the root that has to be signed, with the signatures it has; None when the newest one says what is so.

    `renew`: also when only the time of the newest one runs out. Raises FeedError while keys are missing.
    """
    from tuf.api.metadata import Metadata, Root

    keys = read_keys(office.folder)
    by_role = {role: in_use(keys, role) for role in OWN}
    needed = {"root": ROOT_KEYS, "targets": 1, ONLINE: 1}
    for role, found in by_role.items():
        if len(found) < needed[role]:
            raise FeedError(
                f"expected {needed[role]} keys of {role}, got {len(found)}: `filterd feed keys make {role} --holder NAME`"
            )
    waiting = pending(office.folder)
    known = roots(office.folder)
    newest = _read(known[max(known)]) if known else None
    version = newest.signed.version + 1 if newest is not None else 1
    root = Root(version, expires=now + timedelta(days=office.feed.days["root"]), consistent_snapshot=True)
    for tuf_role, role in (("root", "root"), ("targets", "targets"), ("snapshot", ONLINE), ("timestamp", ONLINE)):
        for key in by_role[role]:
            root.add_key(key.key, tuf_role)
    root.roles["root"].threshold = ROOT_THRESHOLD
    if (
        waiting is not None
        and waiting.signed.version == version
        and _same(waiting.signed, root)
        and waiting.signed.expires <= root.expires  # nobody may slip in one that never ends
    ):
        return waiting
    if newest is not None and _same(newest.signed, root) and not renew:
        return None
    return Metadata(root)


def sign(office: Office, folders: Sequence[Path], ask: Ask, now: datetime, *, renew: bool = False) -> Signed | None:
    """Add the signatures of the root keys in `folders` to the draft; None when nothing has to be signed.

    With enough signatures the draft becomes the next root. Raises FeedError, also when no folder has a root key that
    could still add one.
    """
    made = draft(office, now, renew=renew)
    if made is None:
        _remove_draft(office.folder)
        return None
    keys = [key for key in read_keys(office.folder) if key.role == "root"]
    added = 0
    for key in keys:
        if key.key.keyid in made.signatures or not _counts(office.folder, made.signed, key):
            continue
        signer = find_signer(key, folders, ask)
        if signer is not None:
            made.sign(signer, append=True)
            added += 1
    if not added:
        places = ", ".join(map(str, folders))
        raise FeedError(f"no key that could sign root {made.signed.version} lies in {places} (name its folder: --keys)")
    missing = lacks(office.folder, made)
    labels = tuple(key.label for key in keys if key.key.keyid in made.signatures)
    if missing:
        _save(office.folder, _DRAFT, made)
        return Signed(made.signed.version, labels, missing, "")
    data = _save(office.folder, f"{made.signed.version}.root.json", made)
    _remove_draft(office.folder)
    return Signed(made.signed.version, labels, 0, fingerprint(data))


def changes(office: Path, made: Metadata[Root]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return the labels of the keys that a draft trusts and the root before did not, and the other way round.

    Who signs has to see them: the folder travels, and whoever had it may have put a key of their own in.
    """
    known = roots(office)
    before = set(_read(known[max(known)]).signed.keys) if known else set()
    labels = {key.key.keyid: f"{key.label} ({key.holder})" for key in read_keys(office)}
    after = set(made.signed.keys)
    return tuple(sorted(labels.get(k, k) for k in after - before)), tuple(
        sorted(labels.get(k, k) for k in before - after)
    )


def lacks(office: Path, made: Metadata[Root]) -> int:
    """Return how many more signatures a draft needs, of holders of the new and of the old root keys."""
    known = roots(office)
    previous = _read(known[max(known)]).signed if known else None
    result = made.signed.get_root_verification_result(previous, made.signed_bytes, made.signatures)
    return max(result.first.missing, result.second.missing)


def _counts(office: Path, root: Root, key: PublicKey) -> bool:
    """True when a signature of the key is worth something: it is a root key of the draft or of the root before."""
    known = roots(office)
    before = _read(known[max(known)]).signed.roles["root"].keyids if known else []
    return key.key.keyid in {*root.roles["root"].keyids, *before} and key.retired not in ("lost", "stolen")


def _same(one: Root, other: Root) -> bool:
    """True when two roots trust the same keys for the same roles, and say nothing else."""
    if (one.consistent_snapshot, one.unrecognized_fields) != (other.consistent_snapshot, other.unrecognized_fields):
        return False
    return one.keys == other.keys and {k: (sorted(r.keyids), r.threshold) for k, r in one.roles.items()} == {
        k: (sorted(r.keyids), r.threshold) for k, r in other.roles.items()
    }


def _read(path: Path) -> Metadata[Root]:
    from tuf.api.exceptions import RepositoryError
    from tuf.api.metadata import Metadata, Root

    try:
        return Metadata[Root].from_bytes(read_bounded(path, MAX_ROOT_BYTES))
    except RepositoryError as exc:
        raise FeedError(f"{path} is damaged: {exc}") from exc


def _save(office: Path, name: str, made: Metadata[Root]) -> bytes:
    from tuf.api.serialization.json import JSONSerializer

    assert re.fullmatch(r"[0-9]+\.root\.json|draft\.json", name)
    data = made.to_bytes(JSONSerializer(compact=False))
    write_atomic(make_folder(office / "keys" / "root", 0o755) / name, data, FILE_MODE)
    return data


def _remove_draft(office: Path) -> None:
    (office / "keys" / "root" / _DRAFT).unlink(missing_ok=True)
