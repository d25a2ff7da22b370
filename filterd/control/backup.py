"""A backup: one zip file that sets another box up as this one, without a word of what anybody asked for.

In it: the household (people, devices, rules, hours), the accounts with their passwords' hashes and second factors, and
which lists are used from where, with the names of lists that are on no server. Not in it: the log, sessions, tokens for
programs, requests, where messages are sent, the certificate. It is as secret as a house key. Taking one in is restore.py.

    data = make(Path("/var/lib/filterd"))       # bytes of a zip file; its manifest has a digest of each part
"""

from __future__ import annotations

import hashlib
import io
import json
import time
import zipfile
from dataclasses import asdict
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

from filterd.control.accounts_open import exists, opened
from filterd.control.household import export_household
from filterd.errors import StoreError

if TYPE_CHECKING:
    from filterd.listbuild.registry import Listed
    from filterd.store.accounts import Stored

FORMAT, VERSION = "filterd backup", 1
MANIFEST, HOUSEHOLD, ACCOUNTS, LISTS = "manifest.json", "household.yaml", "accounts.json", "lists.json"
BODIES = "lists/"  # LISTS that are on no server: their names, by id
MAX_FILE = 8 * 1024 * 1024  # of the zip
MAX_PART = 16 * 1024 * 1024  # of one part, unpacked
MAX_PARTS = 200
MAX_BODIES = 4 * 1024 * 1024  # of all names of own lists, packed; what does not fit stays behind
# what a backup says of a list: where it comes from and how it is used, not how it has been
LIST_FIELDS = (
    "id", "category", "format", "asked", "origin", "mandatory", "enabled", "shrink", "grow", "follows", "expected",
    "max_bytes", "every_h",
)  # fmt: skip


def make(state: Path, now: float | None = None) -> bytes:
    """Return a backup of `state`. Raises StoreError, ConfigError: there is no household, or it cannot be read."""
    at = datetime.fromtimestamp(time.time() if now is None else now, UTC)
    parts = {HOUSEHOLD: export_household(state), ACCOUNTS: _json([_account(one) for one in _accounts(state)])}
    lists, bodies, left_out = _lists(state)
    parts |= {LISTS: _json(lists), **bodies}
    manifest = {
        "format": FORMAT, "version": VERSION, "made_at": at.isoformat(timespec="seconds"), "filterd": version("filterd"),
        "parts": {name: {"bytes": len(data), "sha256": hashlib.sha256(data).hexdigest()} for name, data in parts.items()},
        "left_out": left_out,
    }  # fmt: skip
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as packed:
        for name, data in {MANIFEST: _json(manifest), **parts}.items():
            packed.writestr(zipfile.ZipInfo(name, at.timetuple()[:6]), data, zipfile.ZIP_DEFLATED)
    made = buffer.getvalue()
    if len(made) > MAX_FILE:
        raise StoreError(f"the backup would be {len(made)} bytes, expected at most {MAX_FILE}")
    return made


def file_name(now: float | None = None) -> str:
    """Return how a backup of this moment is called."""
    return datetime.fromtimestamp(time.time() if now is None else now).strftime("filterd-%Y-%m-%d-%H%M.zip")


def _accounts(state: Path) -> list[Stored]:
    return list(opened(state).accounts.accounts().values()) if exists(state) else []


def _account(stored: Stored) -> dict[str, Any]:
    account = stored.account
    return {
        "id": account.id, "name": account.name, "shown": account.shown, "role": str(account.role),
        "ranges": list(account.ranges), "language": account.language, "theme": account.theme,
        "created": account.created, "password_changed": account.password_changed,
        "password": stored.password, "totp": stored.totp, "totp_step": stored.totp_step,
        "recovery": list(stored.recovery),
    }  # fmt: skip


def _lists(state: Path) -> tuple[list[dict[str, Any]], dict[str, bytes], list[str]]:
    """Return what is said of each list, the names of those on no server, and the ids of those whose names stay behind."""
    from filterd.listbuild.registry import load, read_body

    said, bodies, left_out, room = [], dict[str, bytes](), [], MAX_BODIES
    for listed in load(state).values():
        said.append({key: value for key, value in asdict(listed).items() if key in LIST_FIELDS})
        if not listed.digest or is_on_a_server(listed):
            continue
        data = read_body(state, listed)
        size = _packed(data)
        if size > room or len(data) > MAX_PART or len(bodies) >= MAX_PARTS - 4:
            left_out.append(listed.id)
            continue
        room -= size
        bodies[f"{BODIES}{listed.id}"] = data
    return said, bodies, left_out


def is_on_a_server(listed: Listed) -> bool:
    """Return whether the box can fetch a list by itself."""
    return listed.origin.startswith(("https://", "http://"))


def _packed(data: bytes) -> int:
    import zlib

    return len(zlib.compress(data, 6))


def _json(value: Any) -> bytes:
    return (json.dumps(value, ensure_ascii=False, indent=1) + "\n").encode()
