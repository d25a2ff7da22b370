"""A province for tests: a real TUF repository made with python-tuf itself, over HTTP on loopback, and every way to spoil it.

    province = Province()
    province.publish({"adult": [b"adult.example"]})
    with province.served() as server:
        sync_feed(state, pinned(state, province.root_bytes), root=province.root_bytes, source=server.url(""))
    province.timestamp.signed.version -= 1
    province.sign("timestamp")                                 # signed again with the right key

Keys are made anew for each province and are worth nothing. Files are in `files`, by their path on the server.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from securesystemslib.signer import CryptoSigner
from tuf.api.metadata import (
    DelegatedRole,
    Delegations,
    Metadata,
    MetaFile,
    Root,
    Snapshot,
    TargetFile,
    Targets,
    Timestamp,
)
from tuf.api.serialization.json import JSONSerializer

from filterd.feed import delta, index
from filterd.model.feed import FeedIndex, FeedLinks, FeedList, FeedPart, Level, Words
from tests.list_server import ListServer

NOW = 1_796_083_200.0  # 2026-12-01T00:00:00Z
DAY_S = 86_400.0
MAX_CHAIN = 20  # deltas of a list before it gets a new base
TIMESTAMP_DAYS, SNAPSHOT_DAYS, TARGETS_DAYS, ROOT_DAYS = 3, 7, 90, 365


class Province:
    """A feed's office as far as a box sees it. `now`: what time it is there."""

    def __init__(self, feed: str = "lai-chau", now: float = NOW) -> None:
        self.feed = feed
        self.now = now
        self.files: dict[str, bytes] = {}
        self.seq = 0
        self.keys = {name: CryptoSigner.generate_ed25519() for name in ("targets", "snapshot", "timestamp")}
        self.holders = [CryptoSigner.generate_ed25519() for _ in range(3)]
        self.texts: dict[str, bytes] = {}
        self.lists: dict[str, FeedList] = {}
        self.documents: dict[str, bytes] = {}
        self.part_indexes: dict[str, FeedIndex] = {}
        self.part_targets: dict[str, Metadata[Targets]] = {}
        self.part_keys: dict[str, CryptoSigner] = {}
        root = Root(expires=self.until(ROOT_DAYS), consistent_snapshot=True)
        for holder in self.holders:
            root.add_key(holder.public_key, "root")
        root.roles["root"].threshold = 2
        for role, key in self.keys.items():
            root.add_key(key.public_key, role)
        self.root = Metadata(root)
        self.targets = Metadata(Targets(expires=self.until(TARGETS_DAYS)))
        self.snapshot = Metadata(Snapshot(expires=self.until(SNAPSHOT_DAYS)))
        self.timestamp = Metadata(Timestamp(expires=self.until(TIMESTAMP_DAYS)))
        for metadata in (self.targets, self.snapshot, self.timestamp):
            metadata.signed.version = 0
        self.root_bytes = self.sign_root(self.holders[:2])

    def until(self, days: float) -> datetime:
        """Return a moment so many days from now, as metadata has it."""
        return datetime.fromtimestamp(int(self.now), UTC) + timedelta(days=days)

    def sign_root(self, holders: Iterable[CryptoSigner]) -> bytes:
        """Sign the root with these holders' keys and put it out."""
        self.root.signatures.clear()
        for holder in holders:
            self.root.sign(holder, append=True)
        data = self.root.to_bytes(JSONSerializer())
        self.files[f"/metadata/{self.root.signed.version}.root.json"] = data
        return data

    def sign(self, role: str, key: CryptoSigner | None = None) -> bytes:
        """Sign a role's metadata as it is now, with its own key or another, and put it out."""
        metadata: Metadata[Any] = self.part_targets[role] if role in self.part_targets else getattr(self, role)
        metadata.sign(key or self.part_keys.get(role) or self.keys[role])
        data = metadata.to_bytes(JSONSerializer())
        name = f"{role}.json" if role == "timestamp" else f"{metadata.signed.version}.{role}.json"
        self.files[f"/metadata/{name}"] = data
        return data

    def rotate(self, role: str) -> CryptoSigner:
        """Give an online role a new key by a new root; return the old key, which is revoked."""
        old = self.keys[role]
        self.keys[role] = CryptoSigner.generate_ed25519()
        self.root.signed.revoke_key(old.public_key.keyid, role)
        self.root.signed.add_key(self.keys[role].public_key, role)
        self.root.signed.version += 1
        self.sign_root(self.holders[:2])
        return old

    def put(self, path: str, data: bytes, role: str = "targets") -> str:
        """Add a target to a role's metadata (unsigned still); return its path on the server."""
        target = TargetFile.from_data(path, data, ["sha256"])
        (self.part_targets.get(role, self.targets)).signed.targets[path] = target
        folder, slash, name = path.rpartition("/")
        where = f"/targets/{folder}{slash}{target.hashes['sha256']}.{name}"
        self.files[where] = data
        return where

    def publish(
        self,
        lists: Mapping[str, Iterable[bytes]] | None = None,
        *,
        levels: Mapping[str, Level] | None = None,
        documents: Mapping[str, bytes] | None = None,
        parts: Mapping[str, Mapping[str, Iterable[bytes]]] | None = None,
        **changes: Any,
    ) -> FeedIndex:
        """Put out a new edition: lists by id (base and delta), documents by name, parts by role. Returns the index."""
        self.seq += 1
        for key, names in (lists or {}).items():
            self.lists[key] = self._list(key, names, (levels or {}).get(key, Level.MANDATORY))
        self.documents |= documents or {}
        for name, data in self.documents.items():
            self.put(index.DOCUMENTS[name], data)
        for role, part in (parts or {}).items():
            self._part(role, part)
        made = FeedIndex(
            feed=self.feed,
            seq=self.seq,
            issued=datetime.fromtimestamp(self.now, UTC).isoformat(),
            name=Words("Lai Châu", "Lai Chau"),
            lists=tuple(self.lists.values()),
            parts=tuple(FeedPart(role) for role in self.part_indexes),
            advisories="advisories" in self.documents,
            materials="materials" in self.documents,
            outcomes="outcomes" in self.documents,
            links=FeedLinks("111"),
        )
        made = replace(made, **changes)
        self.put(index.INDEX, index.dump(made))
        self.finish()
        return made

    def finish(self) -> None:
        """Sign everything anew with the next version numbers, from targets up to the timestamp."""
        self.targets.signed.version += 1
        self.targets.signed.expires = self.until(TARGETS_DAYS)
        self.sign("targets")
        self.snap()

    def snap(self) -> None:
        """A new snapshot and timestamp."""
        meta = {"targets.json": self._meta("targets", self.targets)}
        meta |= {f"{role}.json": self._meta(role, found) for role, found in self.part_targets.items()}
        self.snapshot.signed.meta = meta
        self.snapshot.signed.version += 1
        self.snapshot.signed.expires = self.until(SNAPSHOT_DAYS)
        self.sign("snapshot")
        self.stamp()

    def stamp(self) -> None:
        """A new timestamp over the snapshot that is there."""
        self.timestamp.signed.snapshot_meta = self._meta("snapshot", self.snapshot)
        self.timestamp.signed.version += 1
        self.timestamp.signed.expires = self.until(TIMESTAMP_DAYS)
        self.sign("timestamp")

    def served(self) -> ListServer:
        """Return a server of the files; what is changed in its `content` is changed for the box."""
        return ListServer(self.files)

    def write(self, folder: Path) -> Path:
        """Write the files into a folder, as a stick has them."""
        for path, data in self.files.items():
            file = folder / path[1:]
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(data)
        return folder

    def _meta(self, role: str, metadata: Metadata[Any]) -> MetaFile:
        data = self.files[f"/metadata/{metadata.signed.version}.{role}.json"]
        return MetaFile(metadata.signed.version, len(data), {"sha256": hashlib.sha256(data).hexdigest()})

    def _list(self, key: str, names: Iterable[bytes], level: Level, role: str = "") -> FeedList:
        text = delta.canonical(names)
        where = f"{role}/{key}"
        old, before = self.texts.get(where), self.lists.get(key) if not role else None
        self.texts[where] = text
        base, seq = 1, 1
        deltas: tuple[tuple[int, int], ...] = ()
        if before is not None and old is not None and len(before.deltas) >= MAX_CHAIN:
            base = seq = before.seq + 1
            self.put(index.list_path(key, index.base_name(seq), role), delta.pack(text), role or "targets")
        elif before is not None and old is not None:
            base, seq = before.base, before.seq + 1
            deltas = (*before.deltas, (before.seq, seq))
            change = index.list_path(key, index.delta_name(before.seq, seq), role)
            self.put(change, delta.pack(delta.make(old, text)), role or "targets")
        else:
            self.put(index.list_path(key, index.base_name(1), role), delta.pack(text), role or "targets")
        return FeedList(
            key,
            key,
            level,
            seq,
            text.count(b"\n"),
            hashlib.sha256(text).hexdigest(),
            len(text),
            base,
            deltas,
            name=Words(f"Danh sách {key}", f"List {key}"),
        )

    def _part(self, role: str, lists: Mapping[str, Iterable[bytes]]) -> None:
        """Let a delegated role sign lists of its own."""
        if role not in self.part_targets:
            self.part_keys[role] = CryptoSigner.generate_ed25519()
            self.part_targets[role] = Metadata(Targets(expires=self.until(TARGETS_DAYS)))
            self.part_targets[role].signed.version = 0
            known = self.targets.signed.delegations or Delegations({}, {})
            assert known.roles is not None
            known.roles[role] = DelegatedRole(role, [], 1, False, paths=index.delegation_paths(role))
            self.targets.signed.delegations = known
            self.targets.signed.add_key(self.part_keys[role].public_key, role)
        listed = tuple(self._list(key, names, Level.RECOMMENDED, role) for key, names in lists.items())
        issued = datetime.fromtimestamp(self.now, UTC).isoformat()
        self.part_indexes[role] = FeedIndex(self.feed, self.seq, issued, lists=listed)
        self.put(index.index_path(role), index.dump(self.part_indexes[role], role), role)
        self.sign_part(role)

    def sign_part(self, role: str, key: CryptoSigner | None = None) -> None:
        """Sign a part's metadata with its next version number."""
        self.part_targets[role].signed.version += 1
        self.sign(role, key)
