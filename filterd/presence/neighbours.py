"""Changes of the kernel's neighbour tables as they happen: who answers at which address, and who no longer does.

The kernel knows the devices that talk to this box, which for a DNS server are exactly the ones that matter, also where a
switch hides their packets from each other. Needs no privilege. The bytes are read by host/neighbours.py.

    watch = NeighbourWatch()
    watch.read(at)          # what changed
    watch.look(at)          # all of it, at the start and when changes were missed

Sources: rtnetlink(7), netlink(7).
"""

from __future__ import annotations

import contextlib
import errno
import socket
from collections.abc import Callable, Iterable

from filterd.errors import StartError
from filterd.host.neighbours import (
    FAILED,
    PERMANENT,
    REACHABLE,
    RTM_NEWNEIGH,
    Entry,
    entries,
    messages,
    parse_entry,
)
from filterd.model.sighting import Kind, Sighting

_RTMGRP_NEIGH = 1 << 2
_FRESH = REACHABLE | PERMANENT  # confirmed this very moment; the rest may be long asleep
MAX_ENTRIES = 16_384  # addresses remembered, the oldest are forgotten first
_BUFFER = 1024 * 1024  # bytes of events that wait in the kernel
_READS = 64  # datagrams at a time


class Mappings:
    """Pure: turns entries into sightings, knowing what was known before."""

    def __init__(self) -> None:
        self._macs: dict[tuple[int, str], str] = {}  # (interface, address) -> MAC: link-local ones repeat

    def take(self, entry: Entry, at: float, interface: str) -> Sighting | None:
        """Return what is new in an entry: a device confirmed, one at another address, one that does not answer."""
        key = (entry.interface, entry.address)
        before = self._macs.get(key, "")
        if entry.is_there:
            if not entry.state & _FRESH and entry.mac == before:
                return None
            self._macs.pop(key, None)
            self._macs[key] = entry.mac
            if len(self._macs) > MAX_ENTRIES:
                del self._macs[next(iter(self._macs))]
            return Sighting(at, Kind.NEIGHBOUR, entry.mac, entry.address, interface=interface)
        if entry.state & FAILED and before:
            del self._macs[key]
            return Sighting(at, Kind.GONE, before, entry.address, interface=interface)
        return None

    def forget(self) -> None:
        """Know nothing any more, so that everything is new."""
        self._macs.clear()


class NeighbourWatch:
    """The netlink socket. `fileno` is readable when something changed."""

    def __init__(self, table: Callable[[], Iterable[Entry]] = entries) -> None:
        """Subscribe. `table` reads all of it. Raises StartError."""
        self._table = table
        self._mappings = Mappings()
        self._names: dict[int, str] = {}
        self.missed = 0  # times that the kernel had no room for events
        kind = socket.SOCK_RAW | socket.SOCK_CLOEXEC | socket.SOCK_NONBLOCK
        try:
            self.sock = socket.socket(socket.AF_NETLINK, kind, socket.NETLINK_ROUTE)
            self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _BUFFER)
            self.sock.bind((0, _RTMGRP_NEIGH))
        except OSError as exc:
            raise StartError(f"cannot watch the kernel's neighbour tables: {exc.strerror or exc}") from exc

    def fileno(self) -> int:
        """The socket's descriptor."""
        return self.sock.fileno()

    def read(self, at: float) -> list[Sighting]:
        """Return what changed. When changes were missed, the whole table is read instead."""
        found: list[Sighting] = []
        for _ in range(_READS):
            try:
                data, (sender, _) = self.sock.recvfrom(64 * 1024)
            except BlockingIOError:
                break
            except OSError as exc:
                if exc.errno != errno.ENOBUFS:
                    raise
                self.missed += 1
                found += self.look(at)
                continue
            if sender == 0:  # the kernel; other programs may write to us too
                bodies = (body for kind, _, body in messages(data) if kind == RTM_NEWNEIGH)
                found += self._sightings((parse_entry(body) for body in bodies), at)
        return found

    def look(self, at: float, *, anew: bool = False) -> list[Sighting]:
        """Return what is new in the whole table; `anew`: all of it. Raises OSError when the kernel cannot be asked."""
        if anew:
            self._mappings.forget()
        return self._sightings(self._table(), at)

    def forget_names(self) -> None:
        """Ask for the interfaces' names anew: they come and go."""
        self._names.clear()

    def close(self) -> None:
        """End it."""
        self.sock.close()

    def _sightings(self, found: Iterable[Entry | None], at: float) -> list[Sighting]:
        taken = (self._mappings.take(e, at, self._name(e.interface)) for e in found if e is not None)
        return [sighting for sighting in taken if sighting is not None]

    def _name(self, index: int) -> str:
        if index not in self._names:
            self._names[index] = ""
            with contextlib.suppress(OSError):
                self._names[index] = socket.if_indextoname(index)
        return self._names[index]
