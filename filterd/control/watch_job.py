"""The manager's part that watches for ways round the filter. Nothing here raises: DNS and the manager go on.

What the watch learns of devices is saved now and then, so that a restart does not begin a new day of learning. Whoever
asks without a known hardware address (a routed network) is not watched.

    ways = Ways(state)
    ways.sighting(sighting)                         # a listener of control/seen.py
    ways.addresses = {"192.168.1.7": "02:aa:00:00:00:11"}
    Ingest(state, consumers=[ways]); ways.step(time.time())
    for finding in ways.news(): ...                 # for alerts
"""

from __future__ import annotations

import json
import logging
from collections.abc import Sequence
from pathlib import Path

import sqlalchemy as sa

from filterd.control import watch as kept_ways
from filterd.control.dictionary import address_of
from filterd.control.watch import BEAT_S, KEPT_S, MAX_KEPT, Kept, findings, ident_of
from filterd.errors import FilterdError
from filterd.host.files import read_bounded, write_atomic
from filterd.host.interfaces import local_networks
from filterd.model.bypass import Finding, Kind
from filterd.model.decision import Action
from filterd.model.event import Tail
from filterd.model.sighting import Sighting
from filterd.net.loop import Complaints
from filterd.presence.bypass import Watch
from filterd.presence.bypass_asks import AGAIN_S
from filterd.presence.bypass_claims import Claims
from filterd.presence.bypass_names import BypassNames
from filterd.wire.name import to_text

HABITS = "ways-habits.json"
SAVE_S = 6 * 3600.0  # between two files of habits
OWN_S = 300.0  # between two looks at this box's own addresses
LOOK_S = 30.0  # between two looks at what has ended and what a person answered
_MAX_BYTES = 8 * 1024 * 1024
_MAX_NEWS = 50
_MAX_NAMES = 16_384

log = logging.getLogger(__name__)


class Ways:
    """The watch of one state. One process at a time: the manager."""

    def __init__(self, state: Path, box: Sequence[str] = ()) -> None:
        """`box`: this box's own addresses; `own` changes them later."""
        self.state = state
        self.addresses: dict[str, str] = {}  # address -> MAC, as in the client map
        self._watch = Watch(BypassNames.load(), box)
        self._claims = Claims()
        self._at_odds: list[Finding] = []  # not yet kept
        self._ways = {kept.id: kept for kept in kept_ways.load(state)}
        self._news: list[Finding] = []
        self._names: dict[bytes, str] = {}
        self._complaints = Complaints(log)
        self._next_look = self._next_beat = self._next_own = 0.0
        self._next_save: float | None = None
        self._forgiven: set[str] = set()
        try:
            self._watch.restore(json.loads(read_bounded(state / HABITS, _MAX_BYTES)))
        except (OSError, ValueError, RecursionError, FilterdError) as exc:
            log.debug("no habits yet: %s", exc)

    def own(self, addresses: Sequence[str]) -> None:
        """Take `addresses` for this box's own."""
        self._watch.box = frozenset(addresses)

    def sighting(self, seen: Sighting) -> None:
        """Take what presence saw."""
        self._watch.sighting(seen)

    def take(self, events: Sequence[tuple[int, bytes, Tail]]) -> None:
        """See some questions."""
        for at_ms, client, tail in events:
            mac = self.addresses.get(address_of(client))
            if mac:
                blocked = tail.action == Action.BLOCK
                self._watch.question(at_ms / 1000, mac, self._name(tail.qname), blocked, tail.category)

    def conflicts(self, at: float, found: Sequence[tuple[str, str, str]]) -> None:
        """Take the addresses that two devices claim now, as `Identify.conflicts` returns them."""
        self._at_odds = [*self._at_odds, *self._claims.take(at, found)][-_MAX_NEWS:]

    def flush(self, connection: sa.Connection) -> None:
        """Nothing of this is in the log."""

    def step(self, now: float) -> None:
        """Bring what was found up to date. `now`: seconds since the epoch."""
        try:
            self._step(now)
        except (FilterdError, OSError) as exc:
            self._complaints.report("ways round cannot be kept", exc)

    def news(self) -> list[Finding]:
        """Return what is new since the last call and worth an alert: not what a person called fine."""
        news, self._news = self._news, []
        return news

    def close(self) -> None:
        """Save what was learned. Raises StoreError."""
        self._save_habits()

    def _step(self, now: float) -> None:
        if now >= self._next_own or now < self._next_own - 2 * OWN_S:
            self._next_own = now + OWN_S
            self.own(local_networks()[0])  # a home's addresses change with its provider
        found = [*self._watch.tick(now), *self._at_odds]
        self._at_odds = []
        for finding in found:
            self._note(finding)
        changed = bool(found)
        if now >= self._next_look or now < self._next_look - 2 * LOOK_S:
            self._next_look = now + LOOK_S
            changed |= self._settle(now)
        if changed:
            kept_ways.save(self.state, self._sorted())
        if now >= self._next_beat or now < self._next_beat - 2 * BEAT_S:
            self._next_beat = now + BEAT_S
            kept_ways.beat(self.state, now)
        if self._next_save is None:
            self._next_save = now + SAVE_S
        elif now >= self._next_save:
            self._next_save = now + SAVE_S
            self._save_habits()

    def _note(self, finding: Finding) -> None:
        ident = ident_of(finding.key)
        before = self._ways.get(ident)
        if before is not None and before.ended is None and before.finding.confidence.rank > finding.confidence.rank:
            return
        self._ways[ident] = Kept(finding)
        if ident not in self._forgiven:
            self._news = [*self._news, finding][-_MAX_NEWS:]

    def _settle(self, now: float) -> bool:
        """Note what has ended and what a person called fine; forget what is long over."""
        changed = False
        fine = {kept.id for kept in findings(self.state) if kept.is_fine}
        for ident in fine - self._forgiven:
            if ident in self._ways:
                self._watch.forgive(self._ways[ident].finding.mac)
        self._forgiven = fine
        for ident, kept in list(self._ways.items()):
            if kept.ended is None and not self._goes_on(kept.finding, now):
                self._ways[ident], changed = Kept(kept.finding, now), True
            elif kept.ended is not None and now - kept.ended > KEPT_S:
                del self._ways[ident]
                changed = True
        return changed

    def _goes_on(self, finding: Finding, now: float) -> bool:
        if finding.kind is Kind.ADDRESS_CONFLICT:
            return now - self._claims.last(str(finding.facts.get("address", "")), finding.at) < AGAIN_S
        return self._watch.goes_on(finding, now)

    def _sorted(self) -> list[Kept]:
        ways = sorted(self._ways.values(), key=lambda k: (k.ended is not None, -k.finding.at))[:MAX_KEPT]
        self._ways = {kept.id: kept for kept in ways}
        return ways

    def _save_habits(self) -> None:
        data = json.dumps(self._watch.document(), separators=(",", ":")).encode()
        if len(data) <= _MAX_BYTES:
            write_atomic(self.state / HABITS, data)

    def _name(self, wire: bytes) -> str:
        text = self._names.get(wire)
        if text is None:
            if len(self._names) >= _MAX_NAMES:
                self._names.clear()
            text = self._names[wire] = to_text(wire).rstrip(".")
        return text
