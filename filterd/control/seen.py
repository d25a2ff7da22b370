"""Who is on the network: the manager's side. Takes presence's sightings, keeps who was seen, and says who has which address.

Presence sends datagrams to RUN/presence.sock. When it does not run, or may not look, the kernel's neighbour table is read
instead: then only those are known that talk to this box. The page reads what is written here every few seconds (in
memory), and once an hour on disk, so that a phone is still that phone after a restart.

    seen = Seen(state)                     # of the manager, which alone opens the socket
    seen.open(); seen.receive()            # when the socket is readable
    addresses = seen.step()                # None: nothing has changed since
    for device in devices(state): ...      # anywhere
"""

from __future__ import annotations

import contextlib
import json
import logging
import socket
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from filterd.control.dictionary import address_of
from filterd.errors import FilterdError, ParseError, StoreError
from filterd.host.files import read_bounded, write_atomic
from filterd.host.neighbours import neighbours
from filterd.host.run import listen_datagrams, run_dir
from filterd.model.event import Origin, Tail
from filterd.model.household import Household
from filterd.model.seen import SeenDevice
from filterd.model.sighting import INBOX, INBOX_MODE, MAX_BYTES, Sighting, decode
from filterd.presence.identify import Identify
from filterd.presence.vendor import vendor

if TYPE_CHECKING:
    from filterd.net.loop import Complaints

FILE = "devices.json"
LAYOUT = 1
MAX_FILE_BYTES = 8 * 1024 * 1024  # 4,096 devices with all that is kept of each are below 4 MiB
READ_S = 2.0  # between two readings of the kernel's table
SHOWN_S = 2.0  # between two files for the page, in memory
SAVED_S = 3600.0  # between two on disk
BATCH = 512  # datagrams taken at once: DNS has nothing to do with it, the manager's other jobs have
VENDORS = 8  # makers looked up in one step: a few milliseconds each
MAX_ASKED = 65_536  # addresses whose last question waits to be noted

log = logging.getLogger(__name__)


class Seen:
    """The devices of one state. One process at a time: the manager."""

    def __init__(
        self,
        state: Path,
        read: Callable[[], dict[str, str]] = neighbours,
        clock: Callable[[], float] = time.time,
        complaints: Complaints | None = None,
    ) -> None:
        self.identify = Identify()
        self.listeners: list[Callable[[Sighting], object]] = []
        self.heard = 0.0  # when presence last said something, on `clock`
        self._state = state
        self._read = read
        self._clock = clock
        self._complaints = complaints
        self._sock: socket.socket | None = None
        self._asked: dict[bytes, int] = {}  # client of a ring's record -> time in ms
        self._published: dict[str, str] | None = None
        self._next_read = self._next_shown = 0.0
        self._next_saved = clock() + SAVED_S
        self._is_new = False  # a device that no file has
        self.identify.restore(_load(state / FILE).get("devices"), clock())

    def open(self) -> int:
        """Open the inbox; return its descriptor to wait on. Raises StoreError."""
        self._sock = listen_datagrams(run_dir(self._state) / INBOX, INBOX_MODE)
        return self._sock.fileno()

    def close(self) -> None:
        """Bring what is known to the disk and close the inbox."""
        if self._sock is not None:
            self._sock.close()
            self._sock = None
            with contextlib.suppress(OSError):
                (run_dir(self._state, create=False) / INBOX).unlink()
        self._note_asked()
        self._save(self._state / FILE)

    def reload(self, household: Household) -> None:
        """Keep the devices of `household` when strangers fill the table."""
        self.identify.named = frozenset(d.mac for d in household.devices if d.mac)

    def receive(self) -> int:
        """Take what presence has sent; return how many sightings it was. What is no sighting is passed over."""
        count = 0
        while self._sock is not None and count < BATCH:
            try:
                data = self._sock.recv(MAX_BYTES + 1)
            except (BlockingIOError, InterruptedError):
                break
            count += 1
            try:
                self.take(decode(data))
            except ParseError as exc:
                log.debug("not a sighting: %s", exc)
        return count

    def take(self, sighting: Sighting) -> None:
        """Take one sighting."""
        before = len(self.identify)
        self.heard = self._clock()
        self.identify.take(sighting)
        self._is_new |= len(self.identify) > before
        for listener in self.listeners:
            listener(sighting)

    def step(self) -> dict[str, str] | None:
        """Bring everything up to date; return the addresses (-> MAC) when they have changed. Raises StoreError."""
        at = self._clock()
        if at >= self._next_read or at < self._next_read - 2 * READ_S:
            self._next_read = at + READ_S
            before = len(self.identify)
            try:
                self.identify.table(self._read(), at)
            except OSError as exc:  # a kernel that cannot be asked costs nothing of what presence says
                self._complain("the neighbour table cannot be read", exc)
            self._is_new |= len(self.identify) > before
        self._note_asked()
        for mac in self.identify.without_vendor(VENDORS):
            self.identify.made_by(mac, vendor(mac))
        if at >= self._next_shown or at < self._next_shown - 2 * SHOWN_S:
            self._next_shown = at + SHOWN_S
            self._show(run_dir(self._state) / FILE, at)
        if at >= self._next_saved or at < self._next_saved - 2 * SAVED_S or (self._is_new and self._may_save_new(at)):
            self._next_saved = at + SAVED_S
            self._save(self._state / FILE)
        found = self.identify.addresses(at)
        if found == self._published:
            return None
        return found

    def published(self, addresses: dict[str, str]) -> None:
        """The map with these addresses is in force."""
        self._published = addresses

    # --- an ingest consumer: who asks ---

    def take_events(self, events: Sequence[tuple[int, bytes, Tail]]) -> None:
        """Note when each client last asked and was answered."""
        asked = self._asked
        for at_ms, client, tail in events:
            if tail.origin is not Origin.FAILED:
                asked[client] = at_ms
        if len(asked) > MAX_ASKED:
            asked.clear()  # a flood of made-up sources; who is real asks again

    def _note_asked(self) -> None:
        for client, at_ms in self._asked.items():
            self.identify.asked(address_of(client), at_ms / 1000)
        self._asked.clear()

    # --- files ---

    def _may_save_new(self, at: float) -> bool:
        return self._next_saved - at < SAVED_S - 60.0  # at most one a minute, however many come

    def _save(self, path: Path) -> None:
        try:
            write_atomic(path, _packed(self._document(self._clock())))
            self._is_new = False
        except StoreError as exc:
            self._complain("who was seen cannot be saved", exc)

    def _show(self, path: Path, at: float) -> None:
        """Write for the page: in memory, whole or not at all; nothing is synced, for nothing of it is needed later."""
        document = self._document(at)
        document["conflicts"] = self.identify.conflicts(at)
        document["shared"] = [d.mac for d in self.identify.devices(at) if d.is_shared]
        temp = path.with_name(f".{path.name}.tmp")
        try:
            temp.write_bytes(_packed(document))
            temp.chmod(0o640)
            temp.rename(path)
        except OSError as exc:
            self._complain("who was seen cannot be shown", exc)

    def _complain(self, kind: str, exc: BaseException) -> None:
        if self._complaints is not None:
            self._complaints.report(kind, exc)

    def _document(self, at: float) -> dict[str, Any]:
        return {"layout": LAYOUT, "at": at, "heard": self.heard, "devices": self.identify.document()}


class AskedConsumer:
    """`Seen` as an ingest consumer: it sees every question and writes nothing into the log."""

    def __init__(self, seen: Seen) -> None:
        self.take = seen.take_events

    def flush(self, connection: sa.Connection) -> None:
        """Nothing of it is in the database."""


# --- for everybody: what the manager has written ---


def devices(state: Path, now: float | None = None) -> list[SeenDevice]:
    """Return who was seen on the network, the last heard first; [] when nobody has looked yet. Never raises."""
    document = _newest(state)
    identify = Identify()
    at = time.time() if now is None else now
    identify.restore(document.get("devices"), at)
    rivals: dict[str, str] = {}
    for _, one, other in document.get("conflicts", ()):
        rivals |= {one: other, other: one}
    shared = set(document.get("shared", ()))
    return [
        replace(device, is_shared=device.mac in shared, rival=rivals.get(device.mac, ""))
        for device in identify.devices(at)
    ]


def is_watched(state: Path, now: float | None = None, within_s: float = 120.0) -> bool:
    """Return whether presence looks at the network: it has said something lately, and the manager is alive."""
    document = _newest(state)
    at = time.time() if now is None else now
    try:
        return at - float(document.get("heard", 0.0)) <= within_s
    except (TypeError, ValueError):
        return False


@dataclass(frozen=True, slots=True)
class Glance:
    """How many devices were seen, without who. Times are POSIX seconds, 0.0 for never."""

    at: float  # when the manager wrote this
    heard: float  # when presence last said something
    devices: int
    online: int  # heard lately


def glance(state: Path, now: float, within_s: float) -> Glance | None:
    """Return the counts at `now`, `online` of those heard `within_s`; None when nobody has looked yet, or it is damaged."""
    document = _newest(state)
    if not document:
        return None
    devices = document.get("devices", {})
    try:
        online = sum(now - float(row["last"]) <= within_s for row in devices.values())
        return Glance(float(document.get("at", 0.0)), float(document.get("heard", 0.0)), len(devices), online)
    except (TypeError, ValueError, KeyError, OverflowError):
        return None


def _newest(state: Path) -> dict[str, Any]:
    shown = _load(run_dir(state, create=False) / FILE)
    return shown or _load(state / FILE)


def _packed(document: dict[str, Any]) -> bytes:
    return json.dumps(document, ensure_ascii=False, separators=(",", ":")).encode()


def _load(path: Path) -> dict[str, Any]:
    """Return the document in `path`; {} when there is none that can be read: it is only a memory."""
    try:
        document = json.loads(read_bounded(path, MAX_FILE_BYTES))
    except (OSError, ValueError, RecursionError, FilterdError):
        return {}
    if not isinstance(document, dict) or document.get("layout") != LAYOUT:
        return {}
    for key, kind in (("devices", dict), ("conflicts", list), ("shared", list)):
        if not isinstance(document.get(key, kind()), kind):
            return {}
    return document
