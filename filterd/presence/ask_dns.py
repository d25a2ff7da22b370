"""Does that machine answer DNS itself? One question over UDP to routers, and to on-link resolvers that somebody offers.

Asked is for the root's name servers, without recursion: every DNS server has something to say to that, a refusal too, and
nothing leaves the house for it. Any answer at all is a sighting (`dns_server`, detail `answers`): a device with a name
server set by hand could go that way round the filter. What it means is judged in bypass.py.

    questions = Questions()
    questions.ask(targets(links, known), now)
    questions.read(now, at)          # again and again, until nothing is awaited

Sources: RFC 1035 (4.1), RFC 5452 (9.1: an answer is from whom it was asked of).
"""

from __future__ import annotations

import contextlib
import ipaddress
import os
import socket
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from filterd.host.interfaces import Link
from filterd.host.neighbours import Entry, entries
from filterd.model.sighting import ANSWERS, Kind, Sighting

WAIT_S = 4.0  # for an answer
MAX_TARGETS = 16  # of one round
_PORT = 53
_QUESTION = bytes.fromhex("0000 0001 0000 0000 0000 00 0002 0001")  # after the id: no flag; one question: ". NS IN"
_HEADER = 12
_MAX_BYTES = 512  # of an answer, of which two bytes matter


@dataclass(frozen=True, slots=True)
class Target:
    """Whom to ask: an address, on one of our interfaces ("": as the kernel routes it)."""

    address: str
    interface: str = ""


def targets(found: Sequence[Link], known: Iterable[Target]) -> list[Target]:
    """Return whom to ask: the gateways of our interfaces, then those `known` that are on-link; never ourselves."""
    own = {str(prefix.ip) for link in found for prefix in link.prefixes}
    wanted = [Target(gateway, link.name) for link in found for gateway in link.gateways]
    wanted += [one for one in known if any(one.interface == link.name and _is_on(link, one.address) for link in found)]
    return [one for one in dict.fromkeys(wanted) if one.address not in own][:MAX_TARGETS]


def _is_on(link: Link, address: str) -> bool:
    ip = ipaddress.ip_address(address)
    return any(ip.version == own.version and ip in own.network for own in link.prefixes)


class Questions:
    """The questions that wait for an answer. Nothing here waits or raises."""

    def __init__(self, table: Callable[[], list[Entry]] = entries, port: int = _PORT) -> None:
        """`table`: the kernel's neighbours, for the MAC of who answers."""
        self._table = table
        self._port = port
        self._open: list[tuple[Target, bytes, socket.socket]] = []
        self._until = 0.0

    @property
    def awaited(self) -> int:
        """How many have not been answered yet."""
        return len(self._open)

    def ask(self, found: Sequence[Target], now: float) -> None:
        """Ask each of `found`; what was asked before and not answered is given up."""
        self.close()
        self._until = now + WAIT_S
        for target in found[:MAX_TARGETS]:
            with contextlib.suppress(OSError):  # no way there, or not allowed: not asked is not known
                self._send(target)

    def read(self, now: float, at: float) -> list[Sighting]:
        """Return who has answered since. `at`: wall time."""
        answered: list[Target] = []
        left: list[tuple[Target, bytes, socket.socket]] = []
        for one in self._open:
            said = _answer(one[2], one[1])
            if said is None and now < self._until:
                left.append(one)
                continue
            one[2].close()
            if said:
                answered.append(one[0])
        self._open = left
        return self._sightings(answered, at) if answered else []

    def close(self) -> None:
        """Give up what is awaited."""
        for _, _, sock in self._open:
            sock.close()
        self._open = []

    def _send(self, target: Target) -> None:
        six = ":" in target.address
        kind = socket.SOCK_DGRAM | socket.SOCK_CLOEXEC | socket.SOCK_NONBLOCK
        sock = socket.socket(socket.AF_INET6 if six else socket.AF_INET, kind)
        try:
            scope = 0
            if target.interface:
                sock.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, target.interface.encode() + b"\0")
                scope = socket.if_nametoindex(target.interface)
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_DONTROUTE, 1)  # on-link or nowhere
            place = (target.address, self._port, 0, scope) if six else (target.address, self._port)
            sock.connect(place)
            ident = os.urandom(2)
            sock.send(ident + _QUESTION)
        except OSError:
            sock.close()
            raise
        self._open.append((target, ident, sock))

    def _sightings(self, answered: Sequence[Target], at: float) -> list[Sighting]:
        """The kernel has just talked to them, so it knows their MACs."""
        try:
            known = {(e.interface, e.address): e.mac for e in self._table() if e.is_there}
        except OSError:
            return []
        names = dict(socket.if_nameindex())
        macs = {(names.get(index, ""), address): mac for (index, address), mac in known.items()}
        return [
            Sighting(at, Kind.DNS_SERVER, mac, one.address, detail=ANSWERS, interface=one.interface)
            for one in answered
            if (mac := macs.get((one.interface, one.address), ""))
        ]


def _answer(sock: socket.socket, ident: bytes) -> bool | None:
    """Return whether it has answered; None: not yet."""
    try:
        data = sock.recv(_MAX_BYTES)
    except BlockingIOError:
        return None
    except OSError:  # its port is closed
        return False
    if len(data) < _HEADER or data[:2] != ident or not data[2] & 0x80:
        return None  # anything but an answer to us; the one that was meant may still come
    return True
