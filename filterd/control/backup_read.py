"""Reads a backup that somebody hands over: every part is judged before anything is done with it.

The file may come from anywhere. Its size, the number of its parts and what they unpack to are bounded; only parts that a
backup has are looked at, each against the digest in the manifest (which finds damage; it proves nothing about who made
it); accounts are judged field by field, above all how much work a password's hash may ask for.

    found = read(data, state)
    found.household.profiles, [one.account.name for one in found.accounts]
"""

from __future__ import annotations

import hashlib
import io
import json
import math
import re
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from filterd.config.household import read as read_household
from filterd.control import accounts as people
from filterd.control.accounts_names import key_of, name_of, shown_of
from filterd.control.backup import (
    ACCOUNTS,
    BODIES,
    FORMAT,
    HOUSEHOLD,
    LIST_FIELDS,
    LISTS,
    MANIFEST,
    MAX_FILE,
    MAX_PART,
    MAX_PARTS,
    VERSION,
)
from filterd.control.household import known_words
from filterd.errors import ConfigError, FilterdError
from filterd.model.account import Account, Role
from filterd.model.household import Household

if TYPE_CHECKING:
    from filterd.listbuild.registry import Listed
    from filterd.store.accounts import Stored

MAX_LISTS = 500
_MAX_ALL = 64 * 1024 * 1024  # of all parts together, unpacked
_HASH = re.compile(r"\$argon2id\$v=19\$m=(\d{1,6}),t=(\d{1,2}),p=(\d)\$[A-Za-z0-9+/]{11,64}\$[A-Za-z0-9+/]{22,128}")
_HASH_KIB, _HASH_PASSES, _HASH_LANES = 64 * 1024, 8, 4  # the most that checking a password may cost here
_TOTP = re.compile(r"[A-Z2-7]{16,64}=*|")
_ID = re.compile(r"[a-z0-9][a-z0-9-]{0,59}")
_RECOVERY = 20


@dataclass(frozen=True, slots=True)
class Backup:
    """A backup that was read. `text`: the household as it stands there."""

    made_at: datetime
    text: bytes
    household: Household
    accounts: tuple[Stored, ...]
    lists: tuple[Listed, ...]
    bodies: Mapping[str, bytes]
    left_out: tuple[str, ...]


def read(data: bytes, state: Path) -> Backup:
    """Return what is in a backup. ConfigError says what does not fit; nothing has changed."""
    parts, manifest = _parts(data)
    for name in (HOUSEHOLD, ACCOUNTS, LISTS):
        if name not in parts:
            raise ConfigError(f"backup: expected the part {name}")
    lists = _lists(_plain(parts[LISTS], LISTS))
    words = known_words(state)
    own = replace(words, categories=frozenset(words.categories) | {one.category for one in lists})
    household = read_household(parts[HOUSEHOLD], own, HOUSEHOLD)
    devices = {device.id for device in household.devices}
    accounts = _accounts(_plain(parts[ACCOUNTS], ACCOUNTS), devices)
    ids = {one.id for one in lists}
    bodies = {name.removeprefix(BODIES): body for name, body in parts.items() if name.startswith(BODIES)}
    if strange := sorted(set(bodies) - ids):
        raise ConfigError(f"backup: there is no list {strange[0][:60]!r} for its names")
    left = tuple(str(ident) for ident in manifest.get("left_out", []) if str(ident) in ids)
    return Backup(_made_at(manifest), parts[HOUSEHOLD], household, accounts, lists, bodies, left)


def _parts(data: bytes) -> tuple[dict[str, bytes], dict[str, Any]]:
    if len(data) > MAX_FILE:
        raise ConfigError(f"backup: expected at most {MAX_FILE} bytes, got {len(data)}")
    found: dict[str, bytes] = {}
    room = _MAX_ALL
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as packed:
            entries = packed.infolist()
            if len(entries) > MAX_PARTS:
                raise ConfigError(f"backup: expected at most {MAX_PARTS} parts, got {len(entries)}")
            for entry in entries:
                name = entry.filename
                if name in found or not _is_part(name):
                    raise ConfigError(f"backup: a part {name[:60]!r} is none of a backup")
                with packed.open(entry) as stream:
                    found[name] = stream.read(min(MAX_PART, room) + 1)  # what the entry says of its size may be a lie
                if len(found[name]) > min(MAX_PART, room):
                    raise ConfigError(f"backup: the part {name} unpacks to more than a backup has")
                room -= len(found[name])
    except (
        zipfile.BadZipFile,
        zipfile.LargeZipFile,
        NotImplementedError,
        RuntimeError,
        OSError,
        ValueError,
        EOFError,
    ) as exc:
        if isinstance(exc, FilterdError):
            raise
        raise ConfigError("backup: this is no backup file, or it is damaged") from exc
    manifest = _plain(found.pop(MANIFEST, b"null"), MANIFEST)
    if not isinstance(manifest, dict) or manifest.get("format") != FORMAT:
        raise ConfigError("backup: this is no backup of filterd")
    if manifest.get("version") != VERSION:
        raise ConfigError(
            f"backup: expected version {VERSION}, got {str(manifest.get('version'))[:20]}; update this box first"
        )
    said = manifest.get("parts")
    digests = {name: {"bytes": len(part), "sha256": hashlib.sha256(part).hexdigest()} for name, part in found.items()}
    if said != digests:
        raise ConfigError("backup: a part is missing or damaged: its digest is not the one in the manifest")
    if not isinstance(manifest.get("left_out", []), list):
        raise ConfigError("backup: left_out: expected a list")
    return found, manifest


def _is_part(name: str) -> bool:
    if name.startswith(BODIES):
        return _ID.fullmatch(name.removeprefix(BODIES)) is not None
    return name in (MANIFEST, HOUSEHOLD, ACCOUNTS, LISTS)


def _plain(data: bytes, name: str) -> Any:
    try:
        return json.loads(data)
    except (ValueError, RecursionError):
        raise ConfigError(f"backup: {name}: expected JSON") from None


def _made_at(manifest: Mapping[str, Any]) -> datetime:
    try:
        found = datetime.fromisoformat(str(manifest.get("made_at"))[:40])
        if found.tzinfo is None:
            raise ValueError
    except ValueError:
        raise ConfigError("backup: made_at: expected a moment with its zone") from None
    return found


def _lists(said: Any) -> tuple[Listed, ...]:
    from filterd.listbuild.registry import Listed, check_slug

    if not isinstance(said, list) or len(said) > MAX_LISTS:
        raise ConfigError(f"backup: {LISTS}: expected at most {MAX_LISTS} lists")
    found: dict[str, Listed] = {}
    for entry in said:
        if not isinstance(entry, dict) or set(entry) != set(LIST_FIELDS):
            raise ConfigError(f"backup: {LISTS}: expected {', '.join(LIST_FIELDS)} of each list")
        try:
            check_slug(entry["id"], "an id")
            check_slug(entry["category"], "a category")
            one = Listed(**entry)
            kinds = (one.format, one.asked, one.origin), (one.mandatory, one.enabled, one.follows)
            numbers = (one.shrink, one.grow, one.expected, one.max_bytes, one.every_h)
            fits = (
                all(isinstance(text, str) and len(text) <= 2000 and text.isprintable() for text in kinds[0])
                and all(isinstance(flag, bool) for flag in kinds[1])
                and all(isinstance(n, int | float) and not isinstance(n, bool) and math.isfinite(n) for n in numbers)
                and 0 < one.max_bytes <= 512 * 1024 * 1024 and 1 <= one.every_h <= 24 * 365
            )  # fmt: skip
        except (FilterdError, TypeError, KeyError, AttributeError):
            fits = False
        if not fits or one.id in found:
            raise ConfigError(f"backup: {LISTS}: a list does not fit: {str(entry.get('id'))[:60]!r}")
        found[one.id] = one
    return tuple(found.values())


def _accounts(said: Any, devices: set[str]) -> tuple[Stored, ...]:
    if not isinstance(said, list) or len(said) > people.MOST:
        raise ConfigError(f"backup: {ACCOUNTS}: expected at most {people.MOST} accounts")
    found = [_account(entry, devices) for entry in said]
    for what in ([one.account.id for one in found], [one.key for one in found]):
        if len(set(what)) != len(what):
            raise ConfigError(f"backup: {ACCOUNTS}: two accounts have one name")
    if found and not any(one.account.role is Role.ADMIN for one in found):
        raise ConfigError(f"backup: {ACCOUNTS}: there is no admin among them")
    return tuple(found)


def _account(entry: Any, devices: set[str]) -> Stored:
    from filterd.store.accounts import Stored

    try:
        name = name_of(entry["name"])
        key = key_of(name)
        role = Role(entry["role"])
        ranges = tuple(str(ident) for ident in entry["ranges"] if str(ident) in devices)
        created, changed = float(entry["created"]), float(entry["password_changed"])
        recovery = tuple(entry["recovery"])
        step = entry["totp_step"]
        fits = (
            key is not None
            and _ID.fullmatch(entry["id"]) is not None
            and entry["language"] in people.LANGUAGES
            and entry["theme"] in people.THEMES
            and (not ranges or role is Role.TEACHER)
            and math.isfinite(created) and math.isfinite(changed)
            and is_bearable(entry["password"])
            and _TOTP.fullmatch(entry["totp"]) is not None
            and len(recovery) <= _RECOVERY and all(text == "" or is_bearable(text) for text in recovery)
            and isinstance(step, int) and 0 <= step < 1 << 40
        )  # fmt: skip
        shown = shown_of(entry["shown"])
        left = sum(map(bool, recovery))
        account = Account(
            entry["id"], name, shown, role, ranges, entry["language"], entry["theme"], bool(entry["totp"]), left,
            created, changed,
        )  # fmt: skip
    except (KeyError, TypeError, ValueError, AttributeError, ConfigError):
        fits = False
    if not fits:
        raise ConfigError(f"backup: {ACCOUNTS}: an account does not fit: {str(entry)[:60]!r}")
    assert key is not None  # looked at above
    return Stored(account, key, entry["password"], entry["totp"], "", step, recovery)


def is_bearable(text: str) -> bool:
    """Return whether `text` is an argon2id hash whose checking this box can bear."""
    found = _HASH.fullmatch(text)
    if found is None:
        return False
    memory, passes, lanes = (int(number) for number in found.groups())
    return 8 * lanes <= memory <= _HASH_KIB and 1 <= passes <= _HASH_PASSES and 1 <= lanes <= _HASH_LANES
