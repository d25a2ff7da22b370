"""A publication: lists, notes and parts as signed metadata, so that a box gets all of it, or keeps what it has.

What did not change is not signed again before half of its time is over: a box that looks in between fetches nothing but
the timestamp. The timestamp is written last; until then the publication before stands, whatever is killed.

    done = publish(office, [Content("", office.feed.name, lists)], {"advisories": data}, hand, now)
    refresh(office, hand, now)            # with the online key alone: only says that the last one still holds
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from filterd.errors import FeedError
from filterd.feed import chain, index, published, root
from filterd.feed.keys import ONLINE, Ask, find_signer, in_use, read_keys
from filterd.feed.office import Office
from filterd.feed.refusal import FeedRefused
from filterd.feed.repository import Repository, trusted
from filterd.host.files import locked, make_folder, read_bounded
from filterd.model.feed import FeedIndex, FeedPart, Words

if TYPE_CHECKING:
    from securesystemslib.signer import CryptoSigner
    from tuf.api.metadata import Root, TargetFile, Targets

RENEW_SHARE = 0.5  # of a signature's time: then it is signed anew though nothing changed


@dataclass(frozen=True, slots=True)
class Content:
    """What the office (role '') or a part publishes."""

    role: str
    name: Words
    lists: tuple[chain.ListContent, ...]


@dataclass(frozen=True, slots=True)
class Hand:
    """The keys at hand: folders with private halves, and who is asked for their passphrases."""

    folders: tuple[Path, ...]
    ask: Ask


@dataclass(slots=True)
class Publication:
    """What was published. `seq`: of the office's index; `signed`: roles signed anew; `skipped`: parts without a key."""

    seq: int = 0
    names: int = 0
    signed: list[str] = field(default_factory=list)
    skipped: list[str] = field(default_factory=list)
    new_files: dict[str, int] = field(default_factory=dict)  # path -> bytes
    removed: int = 0
    unsigned: int = 0  # signatures that a new root still lacks: until then the keys before it count
    expires: dict[str, datetime] = field(default_factory=dict)


def publish(
    office: Office, contents: Sequence[Content], documents: Mapping[str, bytes], hand: Hand, now: datetime
) -> Publication:
    """Publish `contents` (the office's own first) and `documents` (advisories, materials, outcomes). Raises FeedError."""
    with locked(make_folder(office.folder / "build", 0o755) / "lock"):
        work = _Work(office, hand, now)
        parts = [content for content in contents[1:] if work.part(content)]
        work.office(contents[0], parts, documents)
        work.finish()
        for content in (contents[0], *parts):
            for one in content.lists:
                if f"{content.role}/{one.id}" in work.moved:
                    chain.remember(office.history, content.role, one)
        work.done.removed = work.repo.tidy(["targets", *work.roles])
        return work.done


def refresh(office: Office, hand: Hand, now: datetime) -> Publication:
    """Sign snapshot and timestamp anew. Raises FeedError when nothing was published, or the targets do not hold."""
    with locked(make_folder(office.folder / "build", 0o755) / "lock"):
        work = _Work(office, hand, now)
        targets = work.repo.latest("targets")
        if targets is None or not trusted(work.root, "targets", targets):
            raise FeedError("there is no publication that the keys of today have signed: `filterd feed publish` first")
        if targets.signed.expires <= now:
            raise FeedError(
                f"the lists' signature ended on {targets.signed.expires:%Y-%m-%d}: publish with the key of targets"
            )
        work.finish()
        return work.done


class _Work:
    def __init__(self, office: Office, hand: Hand, now: datetime) -> None:
        newest = root.current(office.folder)
        if newest.signed.expires <= now:
            raise FeedError("the root has expired: `filterd feed keys sign --renew`, by two holders")
        self.at, self.hand, self.now = office, hand, now
        self.root: Root = newest.signed
        self.keys = read_keys(office.folder)
        self.memory = published.load(office.folder)
        self.repo = Repository(office.repository, self.memory["versions"])
        self.roles: list[str] = []  # delegated ones whose metadata is good
        self.done = Publication(seq=self.memory["seq"].get("", 0))
        waiting = root.draft(office, now)  # meanwhile the keys of the root in force go on signing
        self.done.unsigned = root.lacks(office.folder, waiting) if waiting is not None else 0
        self.moved: set[str] = set()
        self._signers: dict[str, CryptoSigner | None] = {}
        for version, path in root.roots(office.folder).items():
            self.repo.put_root(version, read_bounded(path, root.MAX_ROOT_BYTES))

    def part(self, content: Content) -> bool:
        """Publish a part; False when its key is not at hand and nothing good of it is there."""
        signer = self._signer(content.role)
        before = self.repo.latest(content.role)
        good = before is not None and trusted(self._delegator([content.role]), content.role, before)
        if signer is None:
            self.done.skipped.append(content.role)
            if good:
                self.roles.append(content.role)
            elif before is None and self.repo.versions.get(content.role):
                raise FeedError(f"what {content.role} published last is not in build/ any more: its key is needed")
            return False
        made = FeedIndex(self.at.feed.id, 0, "", content.name)
        self._lists(content, before.signed if before is not None else None, made, {}, signer, None, again=not good)
        self.roles.append(content.role)
        return True

    def office(self, content: Content, parts: Sequence[Content], documents: Mapping[str, bytes]) -> None:
        """Publish the office's own lists, its notes, and who may publish below it."""
        signer = self._signer("targets")
        before = self.repo.latest("targets")
        previous = before.signed if before is not None else None
        names = {part.role: part.name for part in self.at.parts}
        feed = self.at.feed
        made = FeedIndex(
            feed.id,
            0,
            "",
            feed.name,
            feed.host,
            parts=tuple(FeedPart(role, names[role]) for role in self.roles if role in names),
            advisories="advisories" in documents,
            materials="materials" in documents,
            outcomes="outcomes" in documents,
            links=feed.links,
            upstreams=feed.upstreams,
        )
        below = self._delegator(self.roles) if self.roles else None
        again = not trusted(self.root, "targets", before)
        self._lists(content, previous, made, documents, signer, below, again=again)

    def finish(self) -> None:
        """Sign what a server may sign, the timestamp last."""
        from tuf.api.metadata import MetaFile, Snapshot, Timestamp

        signer = self._signer(ONLINE)
        if signer is None:
            raise FeedError("the online key is not at hand: name its folder with --keys")
        before = self.repo.latest("snapshot")
        good = trusted(self.root, "snapshot", before)
        # a box refuses a snapshot in which a role is missing that was once there
        meta: dict[str, Any] = dict(before.signed.meta) if before is not None else {}
        for role in ("targets", *sorted({*self.roles, *(part.role for part in self.at.parts)})):
            metadata = self.repo.latest(role)
            if metadata is not None:
                path = self.repo.metadata / f"{metadata.signed.version}.{role}.json"
                data = read_bounded(path, 5_000_000)
                meta[f"{role}.json"] = MetaFile.from_data(metadata.signed.version, data, ["sha256"])
        if not good or before is None or before.signed.meta != meta or self._old(before.signed.expires, "snapshot"):
            self._sign(Snapshot(self.repo.next_version("snapshot"), expires=self._until("snapshot"), meta=meta), signer)
            before = self.repo.latest("snapshot")
        assert before is not None
        data = read_bounded(self.repo.metadata / f"{before.signed.version}.snapshot.json", 5_000_000)
        stamp = MetaFile.from_data(before.signed.version, data, ["sha256"])
        self._sign(
            Timestamp(self.repo.next_version("timestamp"), expires=self._until("timestamp"), snapshot_meta=stamp),
            signer,
        )
        for role in ("targets", "snapshot", "timestamp", *self.roles):
            metadata = self.repo.latest(role)
            if metadata is not None:
                self.done.expires[role] = metadata.signed.expires
        self.done.expires["root"] = self.root.expires
        self.memory["versions"] = self.repo.versions
        published.save(self.at.folder, self.memory)

    def _lists(
        self,
        content: Content,
        previous: Targets | None,
        made: FeedIndex,
        documents: Mapping[str, bytes],
        signer: CryptoSigner | None,
        delegator: Targets | None,
        *,
        again: bool,
    ) -> None:
        """Write what is new of one role and sign it, unless everything is as it was and fresh enough.

        `again`: sign it in any case, because the keys are others now; the lists go on from where they were.
        """
        from tuf.api.metadata import Targets

        role = content.role
        tuf_role = role or "targets"
        known: dict[str, TargetFile] = dict(previous.targets) if previous is not None else {}
        known = {path: target for path, target in known.items() if self.repo.has(target)}
        said = self._index(role, known)
        old = {one.id: one for one in said.lists} if said is not None else {}
        seq = max(self.memory["seq"].get(role, 0), said.seq if said is not None else 0) + 1
        sizes = {path: target.length for path, target in known.items()}
        steps = [chain.advance(old.get(one.id), one, seq, role, self.at.history, sizes) for one in content.lists]
        self.done.names += sum(step.listed.count for step in steps)
        new: dict[str, bytes] = {path: data for step in steps for path, data in step.new.items()}
        new |= {index.DOCUMENTS[name]: data for name, data in documents.items()}
        targets = {path: known[path] for step in steps for path in step.kept}
        made = replace(made, lists=tuple(step.listed for step in steps))
        targets |= {path: self._put(path, data, known) for path, data in new.items()}
        place = index.index_path(role)
        if said is not None and replace(made, seq=said.seq, issued=said.issued) == said:
            targets[place] = known[place]
            seq = said.seq
        else:
            made = replace(made, seq=seq, issued=self.now.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"))
            targets[place] = self._put(place, index.dump(made, role), known)
        self.moved |= {f"{role}/{step.listed.id}" for step in steps if step.new}
        self.memory["seq"][role] = seq
        if not role:
            self.done.seq = seq
        delegations = delegator.delegations if delegator is not None else None
        if (
            not again
            and previous is not None
            and previous.targets == targets
            and previous.delegations == delegations
            and not self._old(previous.expires, tuf_role)
        ):
            return
        if signer is None:
            raise FeedError(f"the key of {tuf_role} is not at hand: name its folder with --keys")
        version = self.repo.next_version(tuf_role)
        signed = Targets(version, expires=self._until(tuf_role), targets=targets, delegations=delegations)
        self._sign(signed, signer, tuf_role)

    def _put(self, path: str, data: bytes, known: Mapping[str, TargetFile]) -> TargetFile:
        target = self.repo.put(path, data)
        if known.get(path) != target:
            self.done.new_files[path] = len(data)
        return target

    def _index(self, role: str, known: Mapping[str, TargetFile]) -> FeedIndex | None:
        target = known.get(index.index_path(role))
        data = self.repo.read(target, index.MAX_INDEX_BYTES) if target is not None else None
        try:
            return index.parse(data, role) if data is not None else None
        except FeedRefused:
            return None  # of another version of this program: everything starts over with a base

    def _delegator(self, roles: Sequence[str]) -> Targets:
        """Return targets that delegate to `roles`: each to its keys in use, for its own paths alone."""
        from tuf.api.metadata import DelegatedRole, Delegations, Targets

        delegated = Targets(delegations=Delegations({}, {}))
        assert delegated.delegations is not None and delegated.delegations.roles is not None
        for role in sorted(roles):
            paths = index.delegation_paths(role)
            delegated.delegations.roles[role] = DelegatedRole(role, [], 1, terminating=True, paths=paths)
            for key in in_use(self.keys, role):
                delegated.add_key(key.key, role)
        return delegated

    def _signer(self, role: str) -> CryptoSigner | None:
        """Return the signer of a role (its first key at hand); each passphrase is asked for once."""
        if role not in self._signers:
            own = {"targets": "targets", ONLINE: "timestamp"}.get(role)
            trusted_ids = self.root.roles[own].keyids if own is not None else []
            keys = in_use(self.keys, role) if own is None else [k for k in self.keys if k.key.keyid in trusted_ids]
            found = (find_signer(key, self.hand.folders, self.hand.ask) for key in keys)
            self._signers[role] = next((signer for signer in found if signer is not None), None)
        return self._signers[role]

    def _sign(self, signed: Any, signer: CryptoSigner, role: str = "") -> None:
        self.repo.sign(signed, role or signed.type, [signer])
        self.done.signed.append(role or signed.type)

    def _until(self, role: str) -> datetime:
        return self.now.replace(microsecond=0) + timedelta(days=self._days(role))

    def _old(self, expires: datetime, role: str) -> bool:
        return expires - self.now < timedelta(days=self._days(role) * RENEW_SHARE)

    def _days(self, role: str) -> int:
        return self.at.feed.days.get(role, self.at.feed.days["targets"])
