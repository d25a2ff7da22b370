"""An office for tests, with keys that are worth nothing, and a client that reads its published tree from the disk.

made = office(tmp_path)
made.publish(gambling=["casino.example"])
made.client(tmp_path / "box").text("lists/gambling/base-1.zz")
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from tuf.api.exceptions import DownloadHTTPError
from tuf.ngclient import Updater
from tuf.ngclient.fetcher import FetcherInterface

from filterd.control.feed_office_keys import make
from filterd.feed import delta, publish, root
from filterd.feed.chain import ListContent
from filterd.feed.index import INDEX, parse
from filterd.feed.office import Office
from filterd.feed.office_new import create
from filterd.model.feed import FeedIndex, Level, Words

PASSPHRASE = "four words are enough"
START = datetime(2026, 11, 30, 8, tzinfo=UTC)
HOLDERS = {"root-1": "Lan", "root-2": "Minh", "root-3": "Hoa"}


def ask(_label: str, _new: bool) -> str:
    return PASSPHRASE


class Tree(FetcherInterface):
    """Serves a folder to python-tuf's client and notes what was asked: (path, bytes; -1 for a 404)."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.asked: list[tuple[str, int]] = []

    def _fetch(self, url: str) -> Iterator[bytes]:
        path = self.folder / url.removeprefix("http://feed.example.org/")
        if not path.is_file():
            self.asked.append((url, -1))
            raise DownloadHTTPError("not there", 404)
        data = path.read_bytes()
        self.asked.append((url, len(data)))
        yield data


@dataclass
class Client:
    """A box that trusts the office's first root, as python-tuf alone would be one."""

    state: Path
    tree: Tree
    bootstrap: bytes
    at: datetime
    updater: Updater = field(init=False)

    def __post_init__(self) -> None:
        self.updater = self._updater()

    def sync(self, at: datetime | None = None) -> FeedIndex:
        """Refresh and return the index. Raises what python-tuf raises."""
        self.at = at or self.at
        self.tree.asked.clear()
        self.updater = self._updater()
        self.updater._trusted_set.reference_time = self.at
        self.updater.refresh()
        return parse(self.data(INDEX))

    def data(self, path: str) -> bytes:
        """Return a verified target."""
        found = self.updater.get_targetinfo(path)
        assert found is not None, path
        kept = self.updater.find_cached_target(found)
        return Path(kept or self.updater.download_target(found)).read_bytes()

    def text(self, path: str) -> bytes:
        """Return a verified target, unpacked."""
        return delta.unpack(self.data(path), delta.MAX_TEXT_BYTES)

    def _updater(self) -> Updater:
        for name in ("trust", "files"):
            (self.state / name).mkdir(parents=True, exist_ok=True)
        base = "http://feed.example.org"
        return Updater(
            str(self.state / "trust"),
            f"{base}/metadata/",
            str(self.state / "files"),
            f"{base}/targets/",
            fetcher=self.tree,
            bootstrap=self.bootstrap,
        )


@dataclass
class Made:
    """An office with three holders, each with a folder of their own, and the keys that publish in another."""

    office: Office
    keys: Path

    def stick(self, label: str) -> Path:
        """Where a holder of a root key keeps it."""
        return self.keys / label

    @property
    def desk(self) -> Path:
        """Where the keys of targets, online and the parts are."""
        return self.keys / "desk"

    def publish(self, at: datetime = START, parts: Any = (), documents: Any = None, **lists: list[str]) -> Any:
        """Publish lists by category, as if all had been approved."""
        own = publish.Content("", self.office.feed.name, contents(**lists))
        hand = publish.Hand((self.desk,), ask)
        return publish.publish(self.office, [own, *parts], documents or {}, hand, at)

    def sign(self, *labels: str, at: datetime = START, renew: bool = False) -> Any:
        """Let holders sign the root, one after the other; return what the last one came to."""
        done = None
        for label in labels:
            done = root.sign(self.office, [self.stick(label)], ask, at, renew=renew)
        return done

    def client(self, state: Path, at: datetime = START) -> Client:
        """Return a box that was given the first root."""
        bootstrap = root.roots(self.office.folder)[1].read_bytes()
        return Client(state, Tree(self.office.repository), bootstrap, at)


def contents(**lists: list[str]) -> tuple[ListContent, ...]:
    return tuple(
        ListContent(one, one, Level.OPTIONAL, delta.canonical(name.encode() for name in names), name=Words(one, one))
        for one, names in lists.items()
    )


def office(folder: Path, *, signed: bool = True) -> Made:
    """Make an office with its keys; `signed`: and its first root."""
    made = Made(create(folder / "office", "tinh", "Tỉnh", "Province"), folder / "keys")
    for label, holder in HOLDERS.items():
        make(made.office, "root", holder, made.stick(label), ask, START.date())
    for role in ("targets", "online"):
        make(made.office, role, "Lan", made.desk, ask, START.date())
    if signed:
        assert made.sign("root-1", "root-2").missing == 0
    return made


def copy(made: Made, folder: Path) -> Made:
    """Return a copy of an office as it is now: what somebody kept from then."""
    shutil.copytree(made.office.folder, folder)
    return Made(Office.open(folder), made.keys)


def days(count: float) -> timedelta:
    return timedelta(days=count)
