"""The newest questions of real devices: from the log, and from the workers' rings what the log does not have yet.

Bounded: NEWEST questions of the log, RING_RECORDS of each ring. The box's own questions and those that nobody answered
do not count.

    found = newest_questions(state, time.time())
    found.at, found.profiles["lan"], found.seen["may-lan", "192.168.1.23"]
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

from filterd.errors import FilterdError
from filterd.host.run import run_dir
from filterd.model.event import Origin

COUNT_S = 86_400.0  # devices are counted over so long
NEWEST = 5000  # questions of the log that are looked at
RING_RECORDS = 4000  # of each ring
_MAX_TAILS = 8192


@dataclass(slots=True)
class Newest:
    """The newest questions of real devices. Times are POSIX seconds."""

    at: float | None = None  # of any device
    profiles: dict[str, float] = field(default_factory=dict)
    seen: dict[tuple[str, str], float] = field(default_factory=dict)  # device ("" when nobody's) and address: when
    devices: set[str] = field(default_factory=set)  # asked in the last COUNT_S: ids, or addresses of unknown ones
    upstream: float | None = None  # when an upstream last gave an answer; None: not among what was looked at

    def note(self, at: float, profile: str, device: str, address: str, now: float) -> None:
        """Take a question that was answered."""
        if at > now + 60 or _is_box(device, address):
            return  # a clock that was wrong then must not hide silence now
        self.at = at if self.at is None else max(self.at, at)
        if at > self.profiles.get(profile, 0.0):
            self.profiles[profile] = at
        self.seen[device, address] = max(at, self.seen.get((device, address), 0.0))
        if at > now - COUNT_S:
            self.devices.add(device or address)


def newest_questions(state: Path, at: float, zone: ZoneInfo | None = None) -> Newest:
    """Return the newest questions at `at` (POSIX seconds). `zone`: the household's, None to read it. Raises StoreError."""
    found = Newest()
    stored = _from_log(state, at, found, zone or zone_of(state))
    _from_rings(state, at, found, stored)
    return found


def zone_of(state: Path) -> ZoneInfo:
    """Return the household's time zone; the default where there is no household that can be read."""
    from filterd.control.household import load

    try:
        return ZoneInfo(load(state).timezone)
    except FilterdError:
        return ZoneInfo("Asia/Ho_Chi_Minh")  # DECISIONS 5: the default


def _from_log(state: Path, at: float, found: Newest, zone: ZoneInfo) -> dict[str, tuple[int, int]]:
    """Take what is stored; return how far into each ring that is."""
    from filterd.control.household import has_store

    if not has_store(state, "activity"):
        return {}
    import sqlalchemy as sa

    from filterd.control.activity import engine_of
    from filterd.store.activity import ID_SHIFT, cursors, event, what, who
    from filterd.store.engine import reading

    newest = sa.select(event.c.id, event.c.who, event.c.what).order_by(event.c.id.desc()).limit(NEWEST).subquery()
    with_what = newest.join(what, what.c.id == newest.c.what)
    answered = sa.select(newest.c.who, sa.func.max(newest.c.id).label("last")).select_from(with_what)
    # a failure answers nobody
    by_who = answered.where(what.c.origin != Origin.FAILED).group_by(newest.c.who).subquery()
    from_upstream = sa.select(sa.func.max(newest.c.id)).select_from(with_what)
    from_upstream = from_upstream.where(what.c.origin == Origin.UPSTREAM)
    wanted = sa.select(who.c.profile, who.c.device, who.c.address, by_who.c.last)
    with reading(engine_of(state), "activity") as connection:
        for row in connection.execute(wanted.join(by_who, by_who.c.who == who.c.id)):
            found.note((row.last >> ID_SHIFT) / 1000, row.profile, row.device, row.address, at)
        # the dictionary of this day names everybody who asked today, also before those that were looked at
        today = datetime.fromtimestamp(at, zone).date().toordinal()
        for device, address in connection.execute(sa.select(who.c.device, who.c.address).where(who.c.day == today)):
            if not _is_box(device, address):
                found.devices.add(device or address)
        last = connection.execute(from_upstream).scalar()
        found.upstream = None if last is None else (int(last) >> ID_SHIFT) / 1000
        return cursors(connection)


def _from_rings(state: Path, at: float, found: Newest, stored: dict[str, tuple[int, int]]) -> None:
    from filterd.control.dictionary import address_of
    from filterd.control.ring_events import Tails, waiting
    from filterd.net.ring import MAX_RINGS, ring_names, written

    folder, tails = run_dir(state, create=False), Tails(_MAX_TAILS)
    for name in ring_names(folder)[:MAX_RINGS]:
        words = written(folder / name)
        if words is None or not words[1]:
            continue
        generation, count = words
        after = stored.get(name, (0, -1))
        number = max(after[1] if after[0] == generation else -1, count - RING_RECORDS - 1)
        for events in waiting(folder / name, (generation, number), tails):
            for at_ms, client, tail in events:
                if tail.origin == Origin.FAILED:
                    continue  # a failure answers nobody
                found.note(at_ms / 1000, tail.profile, tail.device, address_of(client), at)
                if tail.origin == Origin.UPSTREAM:
                    found.upstream = max(found.upstream or 0.0, at_ms / 1000)


def _is_box(device: str, address: str) -> bool:
    """The box asks itself from its own loopback address. A device of a demonstration has another one of that network."""
    return not device and address in ("", "127.0.0.1", "::1")
