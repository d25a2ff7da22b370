"""What of a feed may be believed: The Update Framework's client, with this box's clock, bounds and words.

python-tuf does the verifying, from a root that a person pinned. Added here are the floor of the clock (a clock in 1970
must not make an old publication look fresh), a bound for version numbers that leap (fast-forward), durable writes, and
the translation of every failure into a code (judgement.py). Taking what was verified is control/feed_sync.py's business.

    with Trust(folder, root, "https://feed.example.org", fetcher, Clock(now, floor, synchronised)) as trust:
        trust.refresh()                                 # FeedRefused, or everything below is verified
        trust.read("feed/index.json", 256 * 1024)
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from fnmatch import fnmatchcase
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from tuf.api.exceptions import DownloadError, DownloadHTTPError, LengthOrHashMismatchError, RepositoryError
from tuf.api.metadata import Signed, Snapshot, TargetFile, Targets, Timestamp
from tuf.ngclient import Updater
from tuf.ngclient._internal.trusted_metadata_set import TrustedMetadataSet
from tuf.ngclient.config import EnvelopeType, UpdaterConfig

from filterd.errors import StoreError
from filterd.feed import judgement
from filterd.feed.refusal import FeedRefused
from filterd.host.files import make_folder, write_atomic
from filterd.model.feed import Refusal

if TYPE_CHECKING:
    from filterd.feed.fetch import Fetcher

T = TypeVar("T")
MAX_LEAP = 100_000  # versions between two looks of a box: eleven years of hourly publications
MAX_VERSION = 2**31 - 1  # that a first look takes
_LATEST = 4_102_444_800.0  # 2100: datetime reaches further, a right clock does not
_CONFIG = UpdaterConfig(
    max_root_rotations=64,
    max_delegations=32,
    root_max_length=512_000,
    timestamp_max_length=16_384,
    snapshot_max_length=256_000,
    targets_max_length=2_000_000,
)

logging.getLogger("tuf").setLevel(logging.ERROR)


@dataclass(frozen=True, slots=True)
class Clock:
    """What this box knows about the time. `floor`: it has been so late, for sure; `synchronised`: asks the kernel."""

    now: float
    floor: float
    synchronised: Callable[[], bool]

    @property
    def reference(self) -> float:
        """The time that expiry is judged by."""
        return min(max(self.now, self.floor), _LATEST)


class Trust:
    """One look at a feed."""

    def __init__(self, folder: Path, root: bytes, base: str, fetcher: Fetcher, clock: Clock) -> None:
        """`folder`: where verified metadata is kept. `root`: the pinned one. `base`: fetch.base_of the source.

        Raises FeedRefused(CONFIG) when the root is none, DISK when the folder cannot be written.
        """
        self._fetcher = fetcher
        self._clock = clock
        self._pinned = root
        self._base = base
        try:
            self._updater = _Updater(
                str(make_folder(folder)),
                f"{base}/metadata/",
                target_base_url=f"{base}/targets/",
                fetcher=fetcher,
                config=_CONFIG,
                bootstrap=root,
            )
            self._set = self._updater.judge_by(root, clock.reference)
        except RepositoryError as exc:
            raise FeedRefused(Refusal.CONFIG, f"the pinned root is no root of a feed: {exc}") from exc
        except (OSError, StoreError) as exc:
            raise FeedRefused(Refusal.DISK, f"the feed's folder cannot be written: {exc}") from exc

    @property
    def version(self) -> int:
        """The version of the verified timestamp."""
        return self._set.timestamp.version

    @property
    def root_version(self) -> int:
        """The version of the newest root that is trusted."""
        return self._set.root.version

    @property
    def expires(self) -> float:
        """Until when all of the verified metadata holds, POSIX seconds."""
        signed = (self._set.root, self._set.timestamp, self._set.snapshot, self._set.targets)
        return min(one.expires.timestamp() for one in signed)

    def refresh(self) -> None:
        """Verify what the feed says now, as far as which files there are. Raises FeedRefused."""
        self._guarded(self._updater.refresh)

    def length(self, path: str) -> int | None:
        """Return how long a target is when it is sent, None when there is none. Raises FeedRefused."""
        found = self._find(path)
        return None if found is None else found.length

    def is_same(self, path: str, data: bytes) -> bool:
        """True when `data` is what is signed under `path`, so that it need not be sent again. Raises FeedRefused."""
        found = self._find(path)
        if found is None:
            return False
        try:
            found.verify_length_and_hashes(data)
        except LengthOrHashMismatchError:
            return False
        return True

    def read(self, path: str, max_bytes: int) -> bytes:
        """Return a verified target. Raises FeedRefused; MIXED when there is no such target."""
        found = self._find(path)
        if found is None:
            raise FeedRefused(Refusal.MIXED, f"{path}: the index speaks of it, and nobody who may sign it has")
        if found.length > max_bytes:
            raise FeedRefused(Refusal.BOMB, f"{path}: expected at most {max_bytes} bytes, signed are {found.length}")
        return self._guarded(lambda: self._download(found))

    def check_paths(self, role: str) -> None:
        """Return when a delegated role has signed nothing but what is its business. Raises FeedRefused."""
        signed = self._set.get(role)
        if not isinstance(signed, Targets):
            return
        for path in signed.targets:
            if not any(
                fnmatchcase(path, f"parts/{role}{below}") and path.count("/") == 1 + below.count("/")
                for below in ("/*", "/*/*", "/*/*/*")
            ):
                raise FeedRefused(
                    Refusal.OUTSIDE_PATHS, f"the role {role} signed {path[:100]!a}, which is not among its paths"
                )

    def _find(self, path: str) -> TargetFile | None:
        return self._guarded(lambda: self._updater.get_targetinfo(path))

    def _download(self, target: TargetFile) -> bytes:
        folder, slash, name = target.path.rpartition("/")
        digest = target.hashes.get("sha256") or next(iter(target.hashes.values()))
        prefix = f"{digest}." if self._set.root.consistent_snapshot else ""
        url = f"{self._base}/targets/{folder}{slash}{prefix}{name}"
        data = self._fetcher.download_bytes(url, target.length, Refusal.TAMPERED)
        if len(data) < target.length:
            raise FeedRefused(Refusal.TRUNCATED, f"{target.path}: expected {target.length} bytes, got {len(data)}")
        try:
            target.verify_length_and_hashes(data)
        except LengthOrHashMismatchError as exc:
            raise FeedRefused(Refusal.TAMPERED, f"{target.path}: its content is not what was signed") from exc
        return data

    def _guarded(self, step: Callable[[], T]) -> T:
        """Return what `step` returns; every failure of it becomes FeedRefused."""
        try:
            return step()
        except (RepositoryError, DownloadHTTPError) as exc:
            case = judgement.Case(self._set, self._fetcher.last_url, self._fetcher.last_body, self._clock.reference)
            raise judgement.refusal(exc, case, self._clock_is_ahead, self._is_foreign) from exc
        except DownloadError as exc:
            raise FeedRefused(Refusal.OFFLINE, str(exc)) from exc
        except (StoreError, OSError) as exc:
            raise FeedRefused(Refusal.DISK, f"the feed's folder cannot be written: {exc}") from exc

    def _clock_is_ahead(self, expired_at: float) -> str:
        """Return the sentence that says so when the clock, and not the feed, is wrong; '' when it seems right.

        What a server says about the time is nobody's signature: it chooses between two sentences, nothing else.
        """
        now, server = self._clock.now, self._fetcher.server_at
        if now < expired_at or self._clock.synchronised():
            return ""
        if server is not None and now - server > _DAY_S:
            return f"this box's clock says {_day(now)}, the feed's server {_day(server)}: the clock is wrong"
        if server is None and now - expired_at > _LONG_S:
            return f"this box's clock says {_day(now)}, the feed ended {_day(expired_at)}: the clock may be wrong"
        return ""

    def _is_foreign(self) -> bool:
        """True when the feed shows another root than the pinned one under the same number."""
        from tuf.api.metadata import Metadata, Root

        try:
            version = Metadata[Root].from_bytes(self._pinned).signed.version
            shown = self._fetcher.download_bytes(f"{self._base}/metadata/{version}.root.json", 512_000)
        except (RepositoryError, DownloadError, FeedRefused):
            return False
        return shown != self._pinned


_DAY_S = 86_400.0
_LONG_S = 400 * _DAY_S  # a folder has no clock of its own; a feed is renewed every few days


def _day(moment: float) -> str:
    return datetime.fromtimestamp(min(max(moment, 0.0), 2 * _LATEST), UTC).strftime("%Y-%m-%d")


class _Updater(Updater):
    """python-tuf's client; its files are written so that a power cut leaves the old or the new."""

    def judge_by(self, root: bytes, reference: float) -> _Judged:
        """Judge from now on with bounds for versions, as if it were `reference` (POSIX seconds)."""
        judged = _Judged(root, EnvelopeType.METADATA)
        judged.reference_time = datetime.fromtimestamp(reference, UTC)
        self._trusted_set = judged
        return judged

    def _persist_file(self, filename: str, data: bytes) -> None:
        path = Path(filename)
        if not path.is_file() or path.stat().st_size != len(data) or path.read_bytes() != data:
            write_atomic(path, data)


class _Judged(TrustedMetadataSet):
    """python-tuf's judgement; a version that leaps too far is refused before anything of it is kept.

    Who gets hold of an online key could otherwise make every later publication look like a rollback, until the root
    brings a new key.
    """

    def _add(self, role: str, signed: Signed, delegator: str) -> None:
        before = self._trusted_set.get(role)
        if isinstance(signed, Timestamp):
            old = before.snapshot_meta.version if isinstance(before, Timestamp) else None
            _check_leap("the timestamp", signed.version, None if before is None else before.version)
            _check_leap("the snapshot", signed.snapshot_meta.version, old)
        elif isinstance(signed, Snapshot):
            held = before.meta if isinstance(before, Snapshot) else {}
            for name, meta in signed.meta.items():
                _check_leap(name, meta.version, held[name].version if name in held else None)
        super()._add(role, signed, delegator)


def _check_leap(what: str, version: int, held: int | None) -> None:
    most = MAX_VERSION if held is None else held + MAX_LEAP
    if version > most:
        raise FeedRefused(
            Refusal.FAST_FORWARD, f"{what[:60]!s} leaps to version {version}, expected at most {most} at this look"
        )
