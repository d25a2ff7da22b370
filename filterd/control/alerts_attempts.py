"""Harm that was met, from the questions to rows: first hits of a day and bursts, each once whatever crashes between.

A new row is written at once; its count is settled when the questions are stored, in their transaction. Until then the
row's detail says how much of the count is settled, so that questions that are read again change nothing. Counting is
alerts_harm.py's.

    attempts.take(events)
    if attempts.news(): attempts.write(connection, settle=False)     # within a step
    attempts.write(connection, settle=True)                          # within the transaction that stores the questions
    attempts.stored()
"""

from __future__ import annotations

import logging
import time
from collections.abc import Sequence
from datetime import tzinfo
from pathlib import Path
from zoneinfo import ZoneInfo

import sqlalchemy as sa

from filterd.config.catalogue import load as load_catalogue
from filterd.control import alerts_rows as rows
from filterd.control.alerts_harm import BURST_MINUTES, MINUTE_MS, Burst, Group, Hits, counted
from filterd.control.household import has_store
from filterd.control.known import halve
from filterd.control.privacy import HOUR_MS, Masks
from filterd.errors import StoreError
from filterd.model.alert import Alert, AlertKind
from filterd.model.decision import Action
from filterd.model.event import Tail
from filterd.store import activity as tables
from filterd.store.activity import ID_SHIFT, forgotten, open_activity
from filterd.store.engine import reading

MAX_KNOWN = 4096  # groups and bursts that are known to be in the store
_A = 1  # DNS type

log = logging.getLogger(__name__)


class Attempts:
    """Blocked attempts of harm categories, as far as the household wants them remembered."""

    def __init__(self, state: Path) -> None:
        self.state = state
        self.dirty = False  # harm was met since news() was asked
        self._hits = Hits(frozenset(c.id for c in load_catalogue().categories.values() if c.harm))
        self._masks = Masks()
        self._zone: tzinfo = ZoneInfo("UTC")
        self._recalled = False
        self._known: dict[tuple[str, str, str], None] = {}  # first hits that are in the store
        self._bursts: dict[str, list[Burst]] = {}  # the bursts of a profile that may go on

    def judge(self, masks: Masks, zone: tzinfo) -> None:
        """Remember from now on what `masks` allow; days are those of `zone`."""
        self._masks, self._zone = masks, zone
        if masks.level == "nothing":
            self._hits.pending.clear()
            self._hits.settled.clear()

    def take(self, events: Sequence[tuple[int, bytes, Tail]]) -> None:
        """See some questions."""
        if not self._recalled:
            self._recall()
        if self._masks.level == "nothing":
            return
        harm = self._hits.harm
        for at_ms, _, tail in events:
            if tail.category in harm and self._hits.take(at_ms, tail):
                self.dirty = True

    def news(self) -> bool:
        """Return whether something that waits has no row yet, as far as is known without asking the store."""
        if not self.dirty:
            return False
        self.dirty = False
        if any((g.day, g.profile, g.category) not in self._known for g in self._hits.firsts(self._zone)):
            return True
        return any(True for _ in self._hits.bursts(self._cuts, lambda profile: self._bursts.get(profile, ())))

    def failed(self) -> None:
        """What was written last did not hold."""
        self.dirty = True
        self._known.clear()
        self._bursts.clear()

    def stored(self) -> None:
        """What was settled is there to stay."""
        self._hits.store()

    def write(self, connection: sa.Connection, *, settle: bool) -> int:
        """Write rows that are missing; with `settle` their counts too. Returns how many rows are new."""
        if not self._hits.pending:
            return 0
        self._sift(connection)
        new = sum(self._first(connection, group, settle) for group in self._hits.firsts(self._zone))
        known: dict[str, list[tuple[Burst, Alert | None]]] = {}

        def of(profile: str) -> list[Burst]:
            if profile not in known:
                known[profile] = [(_burst_of(a), a) for a in self._recent(connection, profile)]
            return [burst for burst, _ in known[profile]]

        for burst in list(self._hits.bursts(self._cuts, of)):
            known[burst.profile].append((burst, None))
            new += 1
        if settle:
            for profile in {key[0] for key in self._hits.pending}:
                of(profile)
        for found in known.values():
            for burst, alert in found:
                self._count(connection, burst, alert, settle)
        for profile, found in known.items():
            self._bursts[profile] = [burst for burst, _ in found]
        if len(self._bursts) > MAX_KNOWN:
            halve(self._bursts)
        return new

    def _first(self, connection: sa.Connection, group: Group, settle: bool) -> int:
        key = "|".join((group.day, group.profile, group.category))
        self._known[group.day, group.profile, group.category] = None
        if len(self._known) > MAX_KNOWN:
            halve(self._known)
        at_ms, last_ms = self._cut(group.first_ms, group.category), self._cut(group.last_ms, group.category)
        row = rows.find(connection, AlertKind.HARM_FIRST, key)
        if row is None:
            rows.add(
                connection, AlertKind.HARM_FIRST, key, at_ms, last_at_ms=last_ms, profile=group.profile,
                device=group.device, count=counted({}, group.n),
                detail={"category": group.category, "settled": group.n if settle else 0},
            )  # fmt: skip
            return 1
        if settle:
            total = int(row.detail.get("settled", 0)) + group.n
            rows.change(
                connection, row.id, {"settled": total}, count=max(1, total), at=min(row.at_ms, at_ms),
                last_at=max(row.last_at_ms, last_ms),
            )  # fmt: skip
        return 0

    def _count(self, connection: sa.Connection, burst: Burst, alert: Alert | None, settle: bool) -> None:
        """Write a new burst, or raise the count of one that goes on."""
        pending = self._hits.within(burst, pending=True)
        last_ms, categories = self._hits.latest(burst)
        if burst.cut:
            last_ms -= last_ms % HOUR_MS
        if alert is None:
            settled = self._hits.within(burst, pending=False)
            rows.add(
                connection, AlertKind.HARM_BURST, f"{burst.profile}|{burst.start}", burst.at_ms, last_at_ms=last_ms,
                profile=burst.profile, device=burst.device, count=counted({"settled": settled}, pending),
                detail={
                    "categories": rows.shortened([*burst.categories, *categories], 20), "minutes": BURST_MINUTES,
                    "from": burst.start, "until": burst.end, "cut": burst.cut,
                    "settled": settled + pending if settle else settled,
                },
            )  # fmt: skip
        elif settle and (pending or last_ms > alert.last_at_ms):
            total = int(alert.detail.get("settled", 0)) + pending
            named = rows.shortened([*(alert.detail.get("categories") or ()), *categories], 20)
            rows.change(
                connection, alert.id, {"settled": total, "categories": named}, count=max(1, total),
                last_at=max(alert.last_at_ms, last_ms),
            )  # fmt: skip

    def _recent(self, connection: sa.Connection, profile: str) -> list[Alert]:
        """Return the bursts that may cover what waits for a profile."""
        oldest = min((b.first_ms for k, b in self._hits.pending.items() if k[0] == profile), default=0)
        return rows.recent(connection, AlertKind.HARM_BURST, profile, oldest - 3 * HOUR_MS)

    def _sift(self, connection: sa.Connection) -> None:
        """Drop what a person deleted meanwhile."""
        oldest = min((b.first_ms for b in self._hits.pending.values()), default=None)
        if oldest is None:
            return
        deletions = forgotten(connection, oldest, int(time.time() * 1000))
        if deletions:
            self._hits.forget(lambda at_ms, profile, device: any(d.covers(at_ms, profile, device) for d in deletions))

    def _cuts(self, category: str) -> bool:
        return self._masks.level == "counts" or self._masks.time(1, category) == 0

    def _cut(self, at_ms: int, category: str) -> int:
        return at_ms - at_ms % HOUR_MS if self._cuts(category) else at_ms

    def _recall(self) -> None:
        """Take the last minutes before this start from the log, so that a burst across it is one."""
        self._recalled = True
        if not has_store(self.state, "activity"):
            return
        event, who, what = tables.event, tables.who, tables.what
        try:
            engine = open_activity(self.state)
            try:
                with reading(engine, "activity") as connection:
                    newest = connection.execute(sa.select(sa.func.max(event.c.id)).where(event.c.what < 0)).scalar()
                    if newest is None:
                        return
                    wanted = (
                        sa.select(event.c.id, who.c.profile, who.c.device, what.c.category)
                        .join(who, who.c.id == event.c.who)
                        .join(what, what.c.id == event.c.what)
                        .where(
                            event.c.what < 0, event.c.id > newest - (BURST_MINUTES * MINUTE_MS << ID_SHIFT),
                            what.c.qtype == _A, what.c.action == int(Action.BLOCK), what.c.category.in_(self._hits.harm),
                        )
                        .order_by(event.c.id)
                    )  # fmt: skip
                    for ident, profile, _, category in connection.execute(wanted):
                        key = (profile, category, (ident >> ID_SHIFT) // MINUTE_MS)
                        if not self._cuts(category):  # its minute is not known
                            self._hits.settled[key] = self._hits.settled.get(key, 0) + 1
            finally:
                engine.dispose()
        except StoreError as exc:
            log.warning("the last minutes of the log cannot be read: %s", exc)


def _burst_of(alert: Alert) -> Burst:
    detail = alert.detail
    minute = alert.at_ms // MINUTE_MS
    start, end = int(detail.get("from", minute)), int(detail.get("until", minute + 1))
    return Burst(alert.profile, start, end, alert.at_ms, bool(detail.get("cut")), alert.device)
