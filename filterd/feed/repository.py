"""The published tree: TUF metadata and target files, with consistent snapshots, for any static web server.

This file knows how a role is signed and written, and what may be thrown away; what the targets are is publish.py's
business. Nothing here is secret. Versions only ever grow, also when the tree was lost: `versions` of the last publication
come from published.json.

    repo = Repository(office.repository, versions)
    repo.put("feed/index.json", data)                    # TargetFile
    repo.sign(Targets(...), "targets", [signer])         # N.targets.json
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from filterd.errors import FeedError, StoreError
from filterd.feed.entries import FILE_MODE
from filterd.host.files import make_folder, read_bounded, write_atomic

if TYPE_CHECKING:
    from securesystemslib.signer import Signer
    from tuf.api.metadata import Metadata, Root, TargetFile, Targets

MAX_METADATA_BYTES = 5_000_000  # what a box reads of one role, python-tuf's own bound
MAX_TIMESTAMP_BYTES = 16 * 1024
KEPT_VERSIONS = 3  # of each role: a box in the middle of a sync still finds what it began with
_versioned = re.compile(r"([0-9]+)\.([a-z0-9-]+)\.json").fullmatch


class Repository:
    """A tree that is being published. `versions`: the last known version of each role."""

    def __init__(self, folder: Path, versions: Mapping[str, int]) -> None:
        self.folder = folder
        self.metadata = make_folder(folder / "metadata", 0o755)
        self.targets = make_folder(folder / "targets", 0o755)
        self.versions = dict(versions)
        for version, role in self._files():
            if role != "root":
                self.versions[role] = max(version, self.versions.get(role, 0))

    def latest(self, role: str) -> Metadata[Any] | None:
        """Return the newest metadata of a role on disk; None when there is none, or it is damaged."""
        from tuf.api.exceptions import RepositoryError
        from tuf.api.metadata import Metadata

        path = self.metadata / "timestamp.json"
        if role != "timestamp":
            found = [version for version, name in self._files() if name == role]
            path = self.metadata / f"{max(found, default=0)}.{role}.json"
        try:
            return Metadata.from_bytes(read_bounded(path, MAX_METADATA_BYTES))
        except (StoreError, RepositoryError):
            return None

    def next_version(self, role: str) -> int:
        """Return the version that a role's next metadata has."""
        newest = self.latest("timestamp") if role == "timestamp" else None
        return max(self.versions.get(role, 0), newest.signed.version if newest is not None else 0) + 1

    def put_root(self, version: int, data: bytes) -> None:
        """Publish a root; one that is there stays as it is."""
        path = self.metadata / f"{version}.root.json"
        if not path.exists():
            write_atomic(path, data, FILE_MODE)

    def put(self, path: str, data: bytes) -> TargetFile:
        """Write a target file under its digest and return what is signed of it."""
        from tuf.api.metadata import TargetFile

        target = TargetFile.from_data(path, data, ["sha256"])
        place = self.targets / target.get_prefixed_paths()[0]
        if not self.has(target):
            make_folder(place.parent, 0o755)
            write_atomic(place, data, FILE_MODE)
        return target

    def has(self, target: TargetFile) -> bool:
        """True when the file of a signed target is on disk with the length that was signed."""
        try:
            return (self.targets / target.get_prefixed_paths()[0]).stat().st_size == target.length
        except OSError:
            return False

    def read(self, target: TargetFile, max_bytes: int) -> bytes | None:
        """Return a target file as it was signed; None when it is missing or damaged."""
        from tuf.api.exceptions import LengthOrHashMismatchError

        try:
            data = read_bounded(self.targets / target.get_prefixed_paths()[0], max_bytes)
            target.verify_length_and_hashes(data)
        except (StoreError, LengthOrHashMismatchError):
            return None
        return data

    def sign(self, signed: Any, role: str, signers: Sequence[Signer]) -> bytes:
        """Sign and write a role's metadata and return its bytes. The timestamp is what makes all of it valid."""
        from tuf.api.metadata import Metadata
        from tuf.api.serialization.json import JSONSerializer

        made = Metadata(signed)
        for signer in signers:
            made.sign(signer, append=True)
        data = made.to_bytes(JSONSerializer(compact=True))
        most = MAX_TIMESTAMP_BYTES if role == "timestamp" else MAX_METADATA_BYTES
        if len(data) > most:
            raise FeedError(f"{role}.json would have {len(data)} bytes, and boxes read at most {most}")
        name = "timestamp.json" if role == "timestamp" else f"{signed.version}.{role}.json"
        write_atomic(self.metadata / name, data, FILE_MODE)
        self.versions[role] = signed.version
        return data

    def tidy(self, roles: Sequence[str]) -> int:
        """Remove target files and metadata that no kept version speaks of; return how many files went."""
        from tuf.api.metadata import Metadata, Targets

        used: set[Path] = set()
        gone: list[Path] = []
        kept: dict[str, list[int]] = {}
        for version, role in self._files():
            kept.setdefault(role, []).append(version)
        for role, found in kept.items():
            if role == "root":
                continue
            for version in sorted(found)[:-KEPT_VERSIONS]:
                gone.append(self.metadata / f"{version}.{role}.json")
            if role in roles:
                for version in sorted(found)[-KEPT_VERSIONS:]:
                    path = self.metadata / f"{version}.{role}.json"
                    metadata = Metadata[Targets].from_bytes(read_bounded(path, MAX_METADATA_BYTES))
                    targets = metadata.signed.targets.values()
                    used |= {self.targets / target.get_prefixed_paths()[0] for target in targets}
        gone += [path for path in self.targets.rglob("*") if path.is_file() and path not in used]
        for path in gone:
            path.unlink(missing_ok=True)
        return len(gone)

    def _files(self) -> Iterator[tuple[int, str]]:
        for path in self.metadata.iterdir():
            if found := _versioned(path.name):
                yield int(found[1]), found[2]


def trusted(delegator: Root | Targets, role: str, metadata: Metadata[Any] | None) -> bool:
    """True when metadata has the signatures that its delegator wants now."""
    from tuf.api.exceptions import UnsignedMetadataError

    if metadata is None:
        return False
    try:
        delegator.verify_delegate(role, metadata.signed_bytes, metadata.signatures)
    except (UnsignedMetadataError, ValueError):
        return False
    return True
