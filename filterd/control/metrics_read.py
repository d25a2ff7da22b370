"""Reads the numbers that control/metrics.py shows: asks the workers, looks at databases, rings and lists.

Nothing here raises or waits long: what cannot be read is left out, so that a sick part never hides the others.

    for name, stats in ask_workers(state):
        print(name, stats["queries"] if stats else "does not answer")
"""

from __future__ import annotations

import contextlib
import json
import logging
import select
import socket
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import sqlalchemy as sa

from filterd.control.moves import is_off
from filterd.errors import FilterdError, StoreError
from filterd.host.run import connect, run_dir, worker_sockets
from filterd.model.alert import UNSEEN
from filterd.model.household import Household
from filterd.net.ring import ring_names, written
from filterd.store import activity as tables
from filterd.store.engine import open_engine, reading, url_of

WAIT_S = 1.0  # for all workers together
COUNT_S = 0.5  # for counting a database's rows; what takes longer is left out
_MAX_REPLY = 256 * 1024
_GIVEN_UP = '"gave_up":{"'  # in an alert's detail, as alerts_rows.py writes it

log = logging.getLogger(__name__)


def ask_workers(state: Path, wait_s: float = WAIT_S) -> list[tuple[str, dict[str, Any] | None]]:
    """Return each worker's number and its counters, None when it is dead or does not answer in time.

    All are asked at once: one that hangs costs `wait_s` once, whatever their number.
    """
    found: dict[str, dict[str, Any] | None] = {}
    waiting: dict[int, tuple[str, socket.socket, bytearray]] = {}
    deadline = time.monotonic() + wait_s
    with contextlib.ExitStack() as stack:
        poll = select.poll()
        for path in _sockets(state):
            name = path.stem.removeprefix("worker-")
            found[name] = None
            try:
                sock = stack.enter_context(connect(path, timeout_s=max(0.01, min(0.2, deadline - time.monotonic()))))
                sock.sendall(b'{"op":"stats"}\n')
            except OSError:
                continue
            sock.setblocking(False)
            waiting[sock.fileno()] = (name, sock, bytearray())
            poll.register(sock.fileno(), select.POLLIN)
        while waiting and (left := deadline - time.monotonic()) > 0:
            for fd, _ in poll.poll(left * 1000):
                name, sock, received = waiting[fd]
                if _received(sock, received):
                    continue  # not the whole line yet
                found[name] = _stats(bytes(received))
                poll.unregister(fd)
                del waiting[fd]
    return list(found.items())


def _sockets(state: Path) -> list[Path]:
    try:
        return worker_sockets(run_dir(state, create=False))
    except FilterdError:
        return []


def _received(sock: socket.socket, received: bytearray) -> bool:
    """Take what came; True while more must come."""
    try:
        data = sock.recv(65_536)
    except BlockingIOError:
        return True
    except OSError:
        return False
    received += data
    return bool(data) and b"\n" not in received and len(received) < _MAX_REPLY


def _stats(line: bytes) -> dict[str, Any] | None:
    try:
        stats = json.loads(line)["stats"]
    except (ValueError, TypeError, KeyError, RecursionError):
        return None
    return stats if isinstance(stats, dict) else None


@dataclass(slots=True)
class LogNumbers:
    """What the log's database says of itself."""

    rows: dict[str, int] = field(default_factory=dict)  # table -> rows; without those that took too long
    today: dict[tuple[int, int], int] = field(default_factory=dict)  # (action, row) -> questions since local midnight
    gaps: dict[str, tuple[int, int]] = field(default_factory=dict)  # kind -> gaps, questions lost in them
    last_event: float | None = None  # POSIX seconds
    cursors: dict[str, tuple[int, int]] = field(default_factory=dict)
    alerts: dict[str, int] = field(default_factory=dict)  # state -> alerts
    given_up: int = 0  # alerts that nobody has looked at, and that a channel gave up
    slots: dict[tuple[str, str], int] = field(default_factory=dict)  # profile, budget -> slots of the local day


def has_database(state: Path, which: str) -> bool:
    """Return whether there is one, without making it."""
    return (state / f"{which}.db").exists() or (state / "database").exists()


def read_log(state: Path, zone: str, now: float) -> LogNumbers | None:
    """Return the log's numbers; None when it cannot be read. Never makes or migrates a database."""
    try:
        engine = open_engine(url_of(state, "activity"), durable=False)
        try:
            with reading(engine, "activity") as connection:
                return _log(connection, datetime.fromtimestamp(now, ZoneInfo(zone)).date().toordinal())
        finally:
            engine.dispose()
    except (FilterdError, OSError, sa.exc.SQLAlchemyError):
        return None


def _log(connection: sa.Connection, day: int) -> LogNumbers:
    found = LogNumbers(cursors=tables.cursors(connection))
    count, gap = tables.count.c, tables.gap.c
    wanted = sa.select(count.action, count.row, sa.func.sum(count.n)).where(count.day == day)
    for action, row, n in connection.execute(wanted.group_by(count.action, count.row)):
        found.today[action, row] = int(n)
    losses = sa.select(gap.kind, sa.func.count(), sa.func.sum(gap.lost)).group_by(gap.kind)
    found.gaps = {kind: (int(n), int(lost or 0)) for kind, n, lost in connection.execute(losses)}
    _alerts(connection, found)
    slot = tables.slot.c
    used = sa.select(slot.profile, slot.budget, sa.func.count()).where(slot.day == day)
    for profile, budget, n in connection.execute(used.group_by(slot.profile, slot.budget)):
        found.slots[profile, budget] = int(n)
    newest = connection.execute(sa.select(sa.func.max(tables.event.c.id))).scalar()
    if newest is not None:
        found.last_event = (int(newest) >> tables.ID_SHIFT) / 1000
    deadline = time.monotonic() + COUNT_S
    for table in (tables.alert, tables.gap, tables.count, tables.hour, tables.name, tables.event):  # the largest last
        with hurry(connection, deadline - time.monotonic()):
            if time.monotonic() > deadline:
                break
            found.rows[table.name] = int(connection.execute(sa.select(sa.func.count()).select_from(table)).scalar_one())
    return found


def _alerts(connection: sa.Connection, found: LogNumbers) -> None:
    alert = tables.alert.c
    for state, n in connection.execute(sa.select(alert.state, sa.func.count()).group_by(alert.state)):
        found.alerts[state] = int(n)
    # of the JSON's text: a quotation mark within a value has a backslash before it, so this is a key
    given_up = sa.select(sa.func.count()).where(alert.state.in_(UNSEEN), alert.detail.contains(_GIVEN_UP))
    found.given_up = int(connection.execute(given_up).scalar_one())


@contextlib.contextmanager
def hurry(connection: sa.Connection, seconds: float) -> Iterator[None]:
    """Break off the statement of the block when it takes longer, without an error. Nothing else follows it then."""
    sqlite = connection.dialect.name == "sqlite"
    driver: Any = connection.connection.driver_connection
    timer = threading.Timer(max(seconds, 0.0), driver.interrupt if sqlite else lambda: None)
    timer.daemon = True
    try:
        if not sqlite:
            connection.execute(sa.text(f"SET LOCAL statement_timeout = {max(1, int(seconds * 1000))}"))
        timer.start()
        yield
    except sa.exc.DBAPIError as exc:
        log.debug("not counted in time: %s", exc)
    finally:
        timer.cancel()
        timer.join()  # an interrupt must not hit what comes later


def database_bytes(state: Path, which: str) -> int | None:
    """Return a database's size on disk with its write-ahead log, None when it is no file here."""
    total = None
    for suffix in ("", "-wal"):
        with contextlib.suppress(OSError):
            total = (total or 0) + (state / f"{which}.db{suffix}").stat().st_size
    return total


def ring_records(state: Path) -> dict[str, tuple[int, int]]:
    """Return for each ring of the workers its generation and how many records were ever written to it."""
    try:
        folder = run_dir(state, create=False)
    except StoreError:
        return {}
    return {name: found for name in ring_names(folder) if (found := written(folder / name)) is not None}


def grants_in_force(household: Household, now: float) -> dict[str, int]:
    """Return scope -> grants in force, as far as the household says it."""
    found: dict[str, int] = {}
    for grant in household.grants:
        if (grant.start is None or grant.start <= now) and (grant.until is None or now < grant.until):
            found[grant.scope.value] = found.get(grant.scope.value, 0) + 1
    return found


def offs_in_force(household: Household, now: float) -> int:
    """Return how many "internet off" are in force."""
    return sum(is_off(off, now) for off in household.internet_off)
