"""Questions of our own to upstreams: does one that failed answer again, and does one lead back to us?

Every upstream has its own nonce name under `filterd-loop-check.arpa`. If such a question arrives as a client's
question, the upstream it was sent to asks us in the end: it is not used until a later nonce gets through without
coming back.
"""

from __future__ import annotations

import logging
from hashlib import blake2b
from typing import Final

from filterd.engine.commands import Command
from filterd.engine.lanes import Lanes
from filterd.engine.stats import Stats
from filterd.resolve.choose import Health
from filterd.resolve.transaction import Attempt
from filterd.wire.constants import NOERROR, NXDOMAIN, REFUSED
from filterd.wire.name import to_wire

LOOP_ZONE: Final = to_wire("filterd-loop-check.arpa")
EVERY_S: Final = 600.0  # the house's wiring may change
LOOPING_EVERY_S: Final = 60.0
TIMEOUT_S: Final = 5.0
MAX_REFUSED: Final = 8  # a refused question may have come back to another worker of this box: ask again, so often
_NONCE_BYTES: Final = 12

log = logging.getLogger(__name__)


class Probes:
    """Watches over all upstreams."""

    def __init__(self, lanes: Lanes, key: bytes, stats: Stats) -> None:
        """`key`: secret; the same in all workers of a box, so that each knows the others' questions."""
        self._lanes = lanes
        self._key = key
        self._stats = stats
        self._healths: list[Health] = []
        self._names: list[bytes] = []  # of each upstream
        self._by_name: dict[bytes, Health] = {}
        self._due: list[Health] = []  # whose question is still to be sent
        self._open: list[Attempt] = []
        self._refused: dict[int, int] = {}
        self._came_back: set[int] = set()  # whose last question came back to us
        self._checked_at = self._asked_at = self._looping_asked_at = float("-inf")

    def watch(self, health: Health) -> None:
        """Watch over one more upstream."""
        url = health.upstream.url.encode()
        nonce = blake2b(url, key=self._key, digest_size=_NONCE_BYTES).hexdigest().encode()
        name = bytes((len(nonce),)) + nonce + LOOP_ZONE
        self._healths.append(health)
        self._names.append(name)
        self._by_name[name] = health
        self._due.append(health)

    def ask(self, health: Health) -> None:
        """Ask an upstream at the next look: it is in use again."""
        self._due.append(health)

    def is_loop(self, name: bytes) -> bool:
        """Return whether a client's question for `name` is one of ours; its upstream is not used any more."""
        health = self._by_name.get(name)
        if health is None:
            return False
        self._stats.loops += 1
        self._came_back.add(health.number)
        if not health.looping:
            health.looping = True
            log.error("upstream leads back to this box and is not used upstream=%s", health.upstream.url)
        return True

    def on_timer(self, now: float, out: list[Command]) -> None:
        """Ask, once a second at most: new upstreams, those on probation, those that loop, and all from time to time."""
        if now - self._checked_at < 1.0:
            return
        self._checked_at = now
        for attempt in [attempt for attempt in self._open if now - attempt.sent_at >= TIMEOUT_S]:
            self._open.remove(attempt)
            self._lanes.forget(attempt)
        due, self._due = [health for health in self._due if health.in_use], []
        if now - self._asked_at >= EVERY_S:
            self._asked_at = self._looping_asked_at = now
            due = [health for health in self._healths if health.in_use]
        elif now - self._looping_asked_at >= LOOPING_EVERY_S:
            self._looping_asked_at = now
            due += [health for health in self._healths if health.in_use and health.looping and health not in due]
        due += [h for h in self._healths if h.in_use and h.probe_due(now) and h not in due]
        for health in due:
            self._came_back.discard(health.number)
            case, edns = now >= health.folds_until, now >= health.plain_until
            self._open.append(self._lanes.probe(self._names[health.number], health, case, edns, now, out))

    def heard(self, attempt: Attempt, packet: bytes, now: float) -> None:
        """Take the answer to a question of ours."""
        self._lanes.forget(attempt)
        self._open = [other for other in self._open if other is not attempt]
        health = self._healths[attempt.number]
        rcode = packet[3] & 15
        if rcode in (NOERROR, NXDOMAIN):
            health.answered(now - attempt.sent_at)
            if health.looping and health.number not in self._came_back:
                health.looping = False
                log.warning("upstream does not lead back to this box any more upstream=%s", health.upstream.url)
        elif rcode == REFUSED and not health.looping:
            refused = self._refused.get(health.number, 0)
            if refused < MAX_REFUSED:
                self._refused[health.number] = refused + 1
                self._due.append(health)

    def lost(self, attempt: Attempt) -> None:
        """A question of ours did not arrive."""
        self._open = [other for other in self._open if other is not attempt]
