"""A log for tests: questions as plain values, the rows and ring records they become, and a model of a page."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

import sqlalchemy as sa

from filterd.control.privacy import Masks
from filterd.model.activity import Entry, Filter
from filterd.model.decision import Action, Row
from filterd.model.event import Tail, record
from filterd.net.ring import Ring
from filterd.store import activity as tables
from filterd.store.activity import open_activity
from filterd.store.engine import writing
from filterd.wire.name import to_wire

START = 1_795_500_000_000


@dataclass(frozen=True)
class Asked:
    """One question."""

    at_ms: int = START
    client: str = "192.0.2.7"
    profile: str = "lan"
    device: str = "phone"
    name: str = "www.example.org"
    action: Action = Action.ALLOW
    row: Row = Row.DEFAULT
    category: str = ""
    service: str = ""
    rule: str = ""
    qtype: int = 1

    @property
    def blocked(self) -> bool:
        return self.action is Action.BLOCK

    def record(self) -> bytes:
        """As a worker writes it."""
        tail = Tail(
            self.action, self.row, self.qtype, 0, 0, to_wire(self.name), profile=self.profile, device=self.device,
            category=self.category, service=self.service, rule=self.rule,
        )  # fmt: skip
        return record(self.at_ms, bytes(map(int, self.client.split("."))), tail.encode())


def store(state: Path, asked: Sequence[Asked], gaps: Sequence[tuple[int, int, int, str]] = ()) -> None:
    """Write questions, in the order of time, into a state's log."""
    engine = open_activity(state)
    with writing(engine, "activity") as connection:
        ids: dict[tuple, int] = {}
        blocked = other = names = whos = 0
        last = 0
        hours: dict[tuple[int, int, int], int] = {}
        counts: dict[tuple, int] = {}
        for q in asked:
            day = datetime.fromtimestamp(q.at_ms / 1000, UTC).date().toordinal()
            n, w = ("name", day, q.name), ("who", day, q.client, q.profile, q.device)
            v = ("what", day, int(q.action), int(q.row), q.qtype, 0, 0, q.category, q.service, "", q.rule, "")
            if n not in ids:
                names += 1
                ids[n] = names
                connection.execute(sa.insert(tables.name).values(id=names, day=day, text=q.name))
            if w not in ids:
                whos += 1
                ids[w] = whos
                connection.execute(sa.insert(tables.who).values((whos, *w[1:])))
            if v not in ids:
                if q.blocked:
                    blocked -= 1
                    ids[v] = blocked
                else:
                    other += 1
                    ids[v] = other
                connection.execute(sa.insert(tables.what).values((ids[v], *v[1:])))
            last = max(q.at_ms << 10, last + 1)
            connection.execute(sa.insert(tables.event).values((last, ids[w], ids[n], ids[v])))
            if q.blocked:
                key = (q.at_ms // 3_600_000, ids[n], ids[w])
                hours[key] = hours.get(key, 0) + 1
            counted = (day, q.profile, q.device, int(q.action), int(q.row), q.category, q.service)
            counts[counted] = counts.get(counted, 0) + 1
        for hour, number in hours.items():
            connection.execute(sa.insert(tables.hour).values((*hour, number)))
        for counted, number in counts.items():
            connection.execute(sa.insert(tables.count).values((*counted, number)))
        for since, until, lost, kind in gaps:
            connection.execute(sa.insert(tables.gap).values(at_from=since, at_to=until, lost=lost, kind=kind))
    engine.dispose()


def ring(folder: Path, asked: Sequence[Asked]) -> None:
    """Write questions into the rings of a worker."""
    folder.mkdir(exist_ok=True)
    for kind in ("blocked", "allowed"):
        made = Ring.create(folder / f"worker-0.{kind}", 1024 * 1024)
        for q in asked:
            if q.blocked == (kind == "blocked"):
                made.append(q.record())
        made.close()


def shown(q: Asked, masks: Masks) -> Asked | None:
    """The model of privacy: what may be seen of a question."""
    if masks.level not in ("everything", "blocked") or (masks.level == "blocked" and not q.blocked):
        return None
    if q.category in masks.harm:
        q = replace(q, at_ms=q.at_ms // 3_600_000 * 3_600_000, name="")
    if q.profile in masks.hidden:
        q = replace(q, name="", service="")
    if q.name == "" and q.row in (Row.GRANT, Row.NAME, Row.BUDGET, Row.SERVICE):
        q = replace(q, rule="")
    return q


def wanted(q: Asked, by: Filter) -> bool:
    """The model of a filter."""
    labels, below = q.name.split("."), by.name.split(".")
    return all(
        (
            by.profile in ("", q.profile),
            by.device in ("", q.device, q.client),
            by.category in ("", q.category),
            by.service in ("", q.service),
            by.row in (None, q.row),
            by.action in (None, q.action),
            not by.name or labels[-len(below) :] == below,
            by.part in q.name,
            by.since is None or q.at_ms >= by.since,
            by.until is None or q.at_ms < by.until,
        )
    )


def of_entry(entry: Entry) -> Asked:
    """An entry as the question it shows."""
    return Asked(
        entry.at_ms, entry.client, entry.profile, entry.device, entry.name, entry.action, entry.row, entry.category,
        entry.service, entry.rule, entry.qtype,
    )  # fmt: skip
