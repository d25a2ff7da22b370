"""What somebody with a copy of an office's tree, and some of its keys, can make of it: old, mixed, leaping, badly signed.

forged = Forged(tree_files(office.repository), signers)
forged.latest("timestamp").signed.version += 1
forged.sign("timestamp")                     # with the role's own key, or with any other
forged.files                                 # by their path on a server
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from securesystemslib.signer import CryptoSigner
from tuf.api.metadata import Metadata, MetaFile, TargetFile
from tuf.api.serialization.json import JSONSerializer


def tree_files(repository: Path) -> dict[str, bytes]:
    """Return the files of a published tree by their path on a server."""
    return {f"/{path.relative_to(repository)}": path.read_bytes() for path in repository.rglob("*") if path.is_file()}


class Forged:
    """A copy of a tree that is changed and signed anew."""

    def __init__(self, files: Mapping[str, bytes], signers: Mapping[str, CryptoSigner]) -> None:
        self.files = dict(files)
        self.signers = dict(signers)
        self._latest: dict[str, Metadata[Any]] = {}

    def latest(self, role: str) -> Metadata[Any]:
        """Return a role's newest metadata, to be changed."""
        if role not in self._latest:
            self._latest[role] = Metadata.from_bytes(self.files[self.path(role)])
        return self._latest[role]

    def path(self, role: str) -> str:
        """Return where a role's newest metadata is."""
        if role == "timestamp":
            return "/metadata/timestamp.json"
        end = f".{role}.json"
        numbers = [
            int(path.removeprefix("/metadata/").removesuffix(end))
            for path in self.files
            if path.startswith("/metadata/") and path.endswith(end)
        ]
        return f"/metadata/{max(numbers)}{end}"

    def sign(self, role: str, *signers: CryptoSigner) -> None:
        """Sign a role's metadata as it is now and put it out."""
        metadata = self.latest(role)
        metadata.signatures.clear()
        for signer in signers or (self.signers[role],):
            metadata.sign(signer, append=True)
        name = "timestamp.json" if role == "timestamp" else f"{metadata.signed.version}.{role}.json"
        self.files[f"/metadata/{name}"] = metadata.to_bytes(JSONSerializer(compact=True))

    def stamp(self) -> None:
        """Announce the newest metadata of all roles by a new snapshot and timestamp."""
        snapshot, timestamp = self.latest("snapshot"), self.latest("timestamp")
        for name in snapshot.signed.meta:
            snapshot.signed.meta[name] = self._meta(name.removesuffix(".json"))
        snapshot.signed.version += 1
        self.sign("snapshot")
        timestamp.signed.snapshot_meta = self._meta("snapshot")
        timestamp.signed.version += 1
        self.sign("timestamp")

    def put(self, role: str, path: str, data: bytes) -> None:
        """Add a target to a role's metadata, unsigned still."""
        target = TargetFile.from_data(path, data, ["sha256"])
        self.latest(role).signed.targets[path] = target
        folder, slash, name = path.rpartition("/")
        self.files[f"/targets/{folder}{slash}{target.hashes['sha256']}.{name}"] = data

    def _meta(self, role: str) -> MetaFile:
        data = self.files[self.path(role)]
        return MetaFile(self.latest(role).signed.version, len(data), {"sha256": hashlib.sha256(data).hexdigest()})
