"""Keys of the office: who holds which, and the private halves, which live elsewhere and are asked for by passphrase.

A key has a label (root-1). keys/<label>.yaml in the working folder says whose it is and has the public half;
<label>.pem in the holder's own folder (a USB stick, ~/.config/filterd-feed/...) has the private half, as encrypted
PKCS8. Nothing secret is ever written into the working folder: a key folder inside it is refused.

    make_key(office.folder, "root", "Nguyễn Lan", Path("/media/lan"), ask)
    signer = find_signer(public, [Path("/media/lan")], ask)     # None when that key is not at hand
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

from filterd.config.document import Mapping, to_date
from filterd.errors import FeedError
from filterd.feed.entries import FILE_MODE, dump
from filterd.feed.office import part_name
from filterd.host.files import make_folder, read_bounded, write_atomic

if TYPE_CHECKING:
    from securesystemslib.signer import CryptoSigner, SSlibKey

    Signers = Sequence[CryptoSigner]

Ask = Callable[[str, bool], str]  # (what the passphrase is for, is it a new one) -> passphrase
ONLINE = "online"  # the key of snapshot and timestamp, which a server may hold
OWN = ("root", "targets", ONLINE)
ROOT_KEYS, ROOT_THRESHOLD = 3, 2
BECAUSE = ("lost", "stolen", "leaving", "renewed")
MIN_PASSPHRASE = 12  # characters
MAX_KEYS = 200
_MAX_BYTES = 16 * 1024
_SECRET_MODE = 0o600


@dataclass(frozen=True, slots=True)
class PublicKey:
    """A key without its private half. `public`: 32 bytes of ed25519 in hex; `retired`: why it is not used any more."""

    label: str
    role: str
    holder: str
    made_at: date
    public: str
    retired: str = ""
    retired_at: date | None = None

    @property
    def key(self) -> SSlibKey:
        """The key as TUF's metadata has it."""
        from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
        from securesystemslib.signer import SSlibKey

        return SSlibKey.from_crypto(Ed25519PublicKey.from_public_bytes(bytes.fromhex(self.public)))


def default_folder(feed: str) -> Path:
    """Return where private keys live when nobody says otherwise."""
    base = os.environ.get("XDG_CONFIG_HOME") or str(Path.home() / ".config")
    return Path(base) / "filterd-feed" / feed


def outside(office: Path, folder: Path) -> Path:
    """Return a folder for private keys. Raises FeedError when it lies in the working folder, which others read."""
    if folder.resolve().is_relative_to(office.resolve()):
        raise FeedError(
            f"{folder} lies in the office's folder, which is shared and published; keys must live elsewhere"
        )
    return folder


def read_keys(office: Path) -> list[PublicKey]:
    """Return all keys of the office by label, retired ones too. Raises ConfigError for a damaged file."""
    files = sorted((office / "keys").glob("*.yaml"), key=_by_number)
    if len(files) > MAX_KEYS:
        raise FeedError(f"expected at most {MAX_KEYS} keys, got {len(files)}")
    return [_read(path) for path in files]


def in_use(keys: Sequence[PublicKey], role: str) -> list[PublicKey]:
    """Return the keys of a role that are not retired."""
    return [key for key in keys if key.role == role and not key.retired]


def make_key(office: Path, role: str, holder: str, folder: Path, ask: Ask, today: date) -> PublicKey:
    """Make a key: the private half goes into `folder`, the public one into the office's. Raises FeedError."""
    from securesystemslib.signer import CryptoSigner

    if role not in OWN:
        part_name(role)
    outside(office, folder)
    keys = read_keys(office)
    numbers = [int(key.label.rpartition("-")[2]) for key in keys if key.role == role]
    label = f"{role}-{max(numbers, default=0) + 1}"  # a number never comes again, not even of a key that is gone
    private = folder / f"{label}.pem"
    if private.exists():
        raise FeedError(f"{private} exists already: it belongs to another feed, so name another folder with --keys")
    signer = CryptoSigner.generate_ed25519()
    passphrase = ask(f"{label} ({holder})", True)
    if len(passphrase) < MIN_PASSPHRASE:
        raise FeedError(f"expected a passphrase of at least {MIN_PASSPHRASE} characters: four or five words do well")
    make_folder(folder, 0o700)
    write_atomic(private, _encrypted(signer, passphrase), _SECRET_MODE)
    key = PublicKey(label, role, holder, today, str(signer.public_key.keyval["public"]))
    _write(office, key)
    return key


def retire(office: Path, label: str, because: str, today: date) -> PublicKey:
    """Mark a key as not used any more and return it. The next signed root (or publication, of a part) says so."""
    found = next((key for key in read_keys(office) if key.label == label), None)
    if found is None:
        raise FeedError(f"expected the label of a key, as `filterd feed keys status` shows them, got {label!r}")
    if found.retired:
        raise FeedError(f"{label} was already replaced ({found.retired}, {found.retired_at})")
    gone = replace(found, retired=because, retired_at=today)
    _write(office, gone)
    return gone


def find_signer(key: PublicKey, folders: Sequence[Path], ask: Ask) -> CryptoSigner | None:
    """Return the private half of a key, None when none of the folders has it. Raises FeedError when it cannot be opened."""
    from cryptography.hazmat.primitives.serialization import load_pem_private_key
    from securesystemslib.signer import CryptoSigner

    for folder in folders:
        path = folder / f"{key.label}.pem"
        if not path.is_file():
            continue
        data = read_bounded(path, _MAX_BYTES)
        if b"BEGIN ENCRYPTED PRIVATE KEY" not in data:
            raise FeedError(f"{path}: expected a key encrypted with a passphrase")
        passphrase = ask(f"{key.label} ({key.holder})", False)
        try:
            signer = CryptoSigner(load_pem_private_key(data, passphrase.encode()))
        except (ValueError, TypeError) as exc:
            raise FeedError(f"{path}: it does not open with this passphrase") from exc
        if signer.public_key.keyval["public"] != key.public:
            raise FeedError(f"{path} is another key than keys/{key.label}.yaml says")
        return signer
    return None


def _encrypted(signer: CryptoSigner, passphrase: str) -> bytes:
    from cryptography.hazmat.primitives.serialization import (
        BestAvailableEncryption,
        Encoding,
        PrivateFormat,
        load_pem_private_key,
    )

    # the signer hands its private half out unencrypted, in memory; it is written encrypted only
    private = load_pem_private_key(signer.private_bytes, None)
    return private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, BestAvailableEncryption(passphrase.encode()))


def _read(path: Path) -> PublicKey:
    keys = ("role", "holder", "made_at", "public", "retired", "retired_at")
    top = Mapping.load(read_bounded(path, _MAX_BYTES), f"keys/{path.name}", keys)
    role, holder, made, public = (top.need(key) for key in keys[:4])
    retired, retired_at = top.get("retired"), top.get("retired_at")
    found = PublicKey(
        label=path.stem,
        role=role.text(max_len=40) if role is not None else "",
        holder=holder.text(max_len=80) if holder is not None else "",
        made_at=made.convert(to_date, "a day", date.min) if made is not None else date.min,
        public=public.convert(_public, "64 hexadecimal digits", "") if public is not None else "",
        retired=retired.one_of(BECAUSE, "reason") if retired is not None else "",
        retired_at=retired_at.convert(to_date, "a day", date.min) if retired_at is not None else None,
    )
    if not re.fullmatch(re.escape(found.role) + r"-[0-9]{1,4}", found.label):
        top.fail(f"the file is called {path.name}, and says that it is a key of {found.role}")
    top.problems.raise_if_any()
    return found


def _write(office: Path, key: PublicKey) -> None:
    document: dict[str, Any] = {"role": key.role, "holder": key.holder, "made_at": key.made_at.isoformat()}
    document["public"] = key.public
    if key.retired and key.retired_at is not None:
        document |= {"retired": key.retired, "retired_at": key.retired_at.isoformat()}
    write_atomic(make_folder(office / "keys", 0o755) / f"{key.label}.yaml", dump(document), FILE_MODE)


def _public(text: str) -> str:
    if not re.fullmatch(r"[0-9a-f]{64}", text):
        raise ValueError
    return text


def _by_number(path: Path) -> tuple[str, int]:
    role, _, number = path.stem.rpartition("-")
    return role, int(number) if number.isdigit() else 0
