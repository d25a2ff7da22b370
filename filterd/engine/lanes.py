"""Attempts on their way: the ids, ports and letters a forger would have to guess, and whose answer has come.

A lane is one of an upstream's UDP sockets, each on its own random port (net/upstream.py). Leaves to others: whom to
ask and when (forward.py, probes.py), whether an answer fits (resolve/transaction.py).
"""

from __future__ import annotations

import random
from typing import Final

from filterd.engine.commands import Ask, AskTcp, Command
from filterd.engine.stats import Stats
from filterd.resolve.choose import Health
from filterd.resolve.inflight import Flight
from filterd.resolve.transaction import TYPE_CLASS, Attempt, message, scramble
from filterd.wire.constants import TYPE_TXT

TCP_EXTRA: Final = 2.0  # a try over TCP may take this many times longer: it begins with a handshake

_NOISE: Final = 4096  # random bytes drawn at once
_new = tuple.__new__  # of a named tuple: its own constructor costs twice as much


class Lanes:
    """The attempts of all upstreams."""

    def __init__(self, lanes: int, source: random.Random, stats: Stats) -> None:
        """`lanes`: sockets an upstream, at most 2,048; `source`: SystemRandom in production."""
        self._count = lanes
        self._random = source
        self._stats = stats
        self._udp: list[list[dict[int, Attempt]]] = []  # upstream, lane: id -> attempt
        self._tcp: dict[int, Attempt] = {}  # token -> attempt
        self._tcp_ids: list[dict[int, Attempt]] = []  # upstream: id -> attempt over TCP
        self._next_token = 1
        self._decks: list[list[int]] = []  # upstream: lanes in the order they are used next
        self._noise = b""
        self._noise_at = _NOISE

    def add_upstream(self) -> None:
        """Make room for one more upstream."""
        self._udp.append([{} for _ in range(self._count)])
        self._tcp_ids.append({})
        self._decks.append([])

    def send(
        self, flight: Flight, health: Health, case: bool, edns: bool, now: float, out: list[Command],
        tcp: bool = False, suspect: bool = False,
    ) -> float:  # fmt: skip
        """Ask what `flight` wants to know; return how long that may take in seconds.

        `case`: mix the letters; `suspect`: to find out whether an answer in folded letters was genuine.
        """
        name = flight.name
        number = health.number
        noise = self._draw(len(name) + 2)
        ident = noise[0] << 8 | noise[1]
        question = (scramble(name, noise[2:]) if case else name) + TYPE_CLASS(flight.qtype, 1)
        lane = -1 if tcp else (self._decks[number] or self._shuffled(number)).pop()
        waiting = self._tcp_ids[number] if tcp else self._udp[number][lane]
        while ident in waiting:
            ident = int.from_bytes(self._draw(2), "big")
        attempt = waiting[ident] = Attempt(flight, number, lane, ident, question, now, case, edns, suspect)
        flight.attempts.append(attempt)
        packet = message(ident, question, edns, flight.do, flight.cd, health.is_loopback)
        if not tcp:
            out.append(_new(Ask, (number, lane, packet)))
            return health.timeout_s
        attempt.token = self._next_token
        self._next_token += 1
        self._tcp[attempt.token] = attempt
        self._stats.upstream_tcp += 1
        out.append(AskTcp(number, attempt.token, packet))
        return health.timeout_s * TCP_EXTRA

    def probe(self, name: bytes, health: Health, case: bool, edns: bool, now: float, out: list[Command]) -> Attempt:
        """Ask a question of our own, that no flight waits for."""
        flight = Flight(b"", name, TYPE_TXT, False, False, 0, now, now)
        self.send(flight, health, case, edns, now, out, health.tcp)
        attempt: Attempt = flight.attempts.pop()
        attempt.flight = None
        return attempt

    def find(self, number: int, lane: int, packet: bytes) -> Attempt | None:
        """Return the attempt with the id of `packet`, which came from upstream `number` to the socket `lane`."""
        try:
            return self._udp[number][lane].get(packet[0] << 8 | packet[1])
        except IndexError:
            return None

    def take_tcp(self, number: int, token: int) -> Attempt | None:
        """Return and forget the attempt over TCP with this token."""
        attempt = self._tcp.get(token)
        if attempt is None or attempt.number != number:
            return None
        self.forget(attempt)
        return attempt

    def take_lane(self, number: int, lane: int) -> list[Attempt]:
        """Return and forget all attempts from one socket."""
        try:
            waiting = self._udp[number][lane]
        except IndexError:
            return []
        attempts = list(waiting.values())
        waiting.clear()
        return attempts

    def forget(self, attempt: Attempt) -> None:
        """Expect no answer to this any more."""
        if attempt.lane >= 0:
            self._udp[attempt.number][attempt.lane].pop(attempt.id, None)
        elif self._tcp.pop(attempt.token, None) is not None:
            self._tcp_ids[attempt.number].pop(attempt.id, None)

    def _shuffled(self, number: int) -> list[int]:
        """Return all lanes in a new random order: every port is used once before one is used again."""
        keys = self._draw(2 * self._count)
        deck = sorted(range(self._count), key=lambda lane: keys[2 * lane : 2 * lane + 2])
        self._decks[number] = deck
        return deck

    def _draw(self, size: int) -> bytes:
        """Return `size` random bytes, at most _NOISE."""
        at = self._noise_at
        if at + size > _NOISE:
            self._noise = self._random.getrandbits(8 * _NOISE).to_bytes(_NOISE, "big")
            at = 0
        self._noise_at = at + size
        return self._noise[at : at + size]
