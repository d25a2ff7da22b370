"""The rules' database: entities, the history of their changes, and the budgets that are used up today.

One row an entity with its body as JSON, the plain values of the household's file: one reader (config/household.py)
judges both, and before and after of a change are two bodies. Every change is one transaction: it reads the newest
state, is made from that, and writes the entities that differ together with its row of history. What entities mean, and
whether they fit together, is control/change.py's.

    store = HouseholdStore.open(state)
    change = store.change(Who("mẹ"), "device", time.time(), lambda stored: {**stored.bodies(), ("device", "tv"): body})
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import sqlalchemy as sa

from filterd.errors import Conflict, StoreError
from filterd.model.change import Body, Change, Edit, Entity, Key, Who
from filterd.store.engine import open_engine, reading, upgrade, url_of, writing

KEPT_CHANGES = 10_000  # rows of history
KEPT_BYTES = 32 * 1024 * 1024  # of before and after in it
MAX_ENTITY_BYTES = 1024 * 1024  # one profile, with all its names

_tables = sa.MetaData()
meta = sa.Table("meta", _tables, sa.Column("key", sa.Text, primary_key=True), sa.Column("value", sa.BigInteger))
entity = sa.Table(
    "entity",
    _tables,
    sa.Column("kind", sa.Text, primary_key=True),
    sa.Column("id", sa.Text, primary_key=True),
    sa.Column("position", sa.Integer),
    sa.Column("revision", sa.BigInteger),
    sa.Column("body", sa.Text),
)
change_table = sa.Table(
    "change",
    _tables,
    sa.Column("number", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("at", sa.Float(53)),
    sa.Column("by", sa.Text),
    sa.Column("source", sa.Text),
    sa.Column("address", sa.Text),
    sa.Column("verb", sa.Text),
    sa.Column("reverts", sa.BigInteger),
    sa.Column("edits", sa.Text),
)
spent_table = sa.Table(
    "spent",
    _tables,
    sa.Column("profile", sa.Text, primary_key=True),
    sa.Column("budget", sa.Text, primary_key=True),
    sa.Column("day", sa.Integer, primary_key=True),
    sa.Column("start", sa.Float(53)),
    sa.Column("end", sa.Float(53)),
    sa.Column("used", sa.Integer),
)


@dataclass(frozen=True, slots=True)
class SpentRow:
    """A budget that is used up on a day. `budget`: its key (policy/budget.py); `used`: slots of five minutes."""

    profile: str
    budget: str
    day: int  # date.toordinal() of the household's date
    start: float
    end: float
    used: int


@dataclass(frozen=True, slots=True)
class Stored:
    """All entities at one revision, in their order."""

    revision: int
    entities: dict[Key, Entity]

    def bodies(self) -> dict[Key, Body]:
        """Return what a change may start from."""
        return {key: found.body for key, found in self.entities.items()}


Make = Callable[[Stored], Mapping[Key, Body]]


class HouseholdDatabase:
    """What all who keep something in household.db share."""

    def __init__(self, engine: sa.Engine) -> None:
        """Use `open`. `engine`: at the newest version."""
        self.engine = engine

    @classmethod
    def open(cls, state: Path) -> Self:
        """Return the store of a state folder; the database is made, or brought to the newest version, when need be."""
        engine = open_engine(url_of(state, "household"), durable=True)
        upgrade(engine, "household")
        return cls(engine)

    def close(self) -> None:
        """Let go of everything."""
        self.engine.dispose()


class HouseholdStore(HouseholdDatabase):
    """One household's rules. Every method is one transaction and raises StoreError when the database cannot do it."""

    def revision(self) -> int:
        """Return the number of the newest change; 0 when there was none."""
        with reading(self.engine, "household") as connection:
            return _revision(connection)

    def stored(self) -> Stored:
        """Return everything, as of one moment."""
        with reading(self.engine, "household") as connection:
            return _stored(connection)

    def change(
        self, who: Who, verb: str, at: float, make: Make, *, seen: int | None = None, reverts: int | None = None
    ) -> Change | None:
        """Write what `make` returns for the newest state and return the change, or None when nothing differs.

        `seen`: the revision that the person had before their eyes; Conflict when somebody wrote one of the same
        entities since. What `make` raises leaves everything as it was.
        """
        with writing(self.engine, "household") as connection:
            revision = lock(connection)
            stored = _stored(connection)
            edits = _difference(stored, make(stored))
            if not edits:
                return None
            if seen is not None:
                _refuse_conflict(connection, stored, edits, seen)
            made = Change(revision + 1, at, who, verb, edits, reverts)
            _write(connection, made)
            return made

    def note(self, who: Who, verb: str, at: float, edits: tuple[Edit, ...]) -> Change:
        """Write a row of history that tells of something beside the entities, which stay as they are; return it."""
        with writing(self.engine, "household") as connection:
            made = Change(lock(connection) + 1, at, who, verb, edits)
            tell(connection, made)
            return made

    def find(self, number: int) -> Change:
        """Return one change; StoreError when it is not (any more) in the history."""
        with reading(self.engine, "household") as connection:
            row = connection.execute(sa.select(change_table).where(change_table.c.number == number)).one_or_none()
        if row is None:
            raise StoreError(f"the history has no change {number}")
        return _change(row)

    def history(self, *, limit: int = 50, before: int | None = None, key: Key | None = None) -> list[Change]:
        """Return changes, newest first; `before`: older than that number; `key`: only those of one entity."""
        wanted = sa.select(change_table).order_by(change_table.c.number.desc()).limit(limit)
        if before is not None:
            wanted = wanted.where(change_table.c.number < before)
        if key is not None:
            wanted = wanted.where(change_table.c.edits.contains(_mark(key), autoescape=True))
        with reading(self.engine, "household") as connection:
            return [_change(row) for row in connection.execute(wanted)]

    def prune(self, keep: int = KEPT_CHANGES, keep_bytes: int = KEPT_BYTES) -> int:
        """Forget the oldest changes beyond the bounds; the newest stays whatever its size. Returns how many went."""
        with writing(self.engine, "household") as connection:
            sizes = connection.execute(
                sa.select(change_table.c.number, sa.func.length(change_table.c.edits)).order_by(
                    change_table.c.number.desc()
                )
            ).all()
            total = 0
            for count, (number, size) in enumerate(sizes):
                total += size
                if count and (count >= keep or total > keep_bytes):
                    gone = connection.execute(sa.delete(change_table).where(change_table.c.number <= number))
                    return gone.rowcount
        return 0

    def setting(self, ident: str) -> Body | None:
        """Return the body of a setting, None when it was never set."""
        with reading(self.engine, "household") as connection:
            wanted = sa.select(entity.c.body).where(entity.c.kind == "setting", entity.c.id == ident)
            body = connection.execute(wanted).scalar()
        return None if body is None else dict(json.loads(body))

    def spent(self, day: int) -> list[SpentRow]:
        """Return the budgets that are used up on `day`."""
        with reading(self.engine, "household") as connection:
            rows = connection.execute(sa.select(spent_table).where(spent_table.c.day == day))
            return [SpentRow(r.profile, r.budget, r.day, r.start, r.end, r.used) for r in rows]

    def set_spent(self, rows: Sequence[SpentRow]) -> None:
        """Write these rows in the place of those for the same budgets and days; forget the days before yesterday."""
        with writing(self.engine, "household") as connection:
            for row in rows:
                same = (spent_table.c.profile == row.profile) & (spent_table.c.budget == row.budget)
                same &= spent_table.c.day == row.day
                connection.execute(sa.delete(spent_table).where(same | (spent_table.c.day < row.day - 1)))
                connection.execute(
                    sa.insert(spent_table).values(
                        profile=row.profile,
                        budget=row.budget,
                        day=row.day,
                        start=row.start,
                        end=row.end,
                        used=row.used,
                    )
                )


def _revision(connection: sa.Connection) -> int:
    return int(connection.execute(sa.select(meta.c.value).where(meta.c.key == "revision")).scalar_one())


def _stored(connection: sa.Connection) -> Stored:
    rows = connection.execute(sa.select(entity).order_by(entity.c.kind, entity.c.position, entity.c.id))
    try:
        found = {
            (row.kind, row.id): Entity(row.kind, row.id, row.position, row.revision, json.loads(row.body))
            for row in rows
        }
    except ValueError as exc:
        raise StoreError(f"the household database is damaged: an entity is no JSON: {exc}") from exc
    return Stored(_revision(connection), found)


def _difference(stored: Stored, wanted: Mapping[Key, Body]) -> tuple[Edit, ...]:
    """Return what must be written. An entity keeps its place as long as the order of its kind allows it."""
    edits = []
    last: dict[str, int] = {}
    for (kind, ident), body in wanted.items():
        old = stored.entities.get((kind, ident))
        place = last.get(kind, -1) + 1
        if old is not None and old.position >= place:
            place = old.position
        last[kind] = place
        if old is None:
            edits.append(Edit(kind, ident, None, body, 0, place))
        elif old.body != body or old.position != place:
            edits.append(Edit(kind, ident, old.body, body, old.position, place))
    for key, old in stored.entities.items():
        if key not in wanted:
            edits.append(Edit(old.kind, old.id, old.body, None, old.position, 0))
    return tuple(edits)


def _refuse_conflict(connection: sa.Connection, stored: Stored, edits: Sequence[Edit], seen: int) -> None:
    """Conflict when an entity of `edits` was written, or removed, after revision `seen`."""
    touched = {(e.kind, e.id) for e in edits}
    later = [_change(r) for r in connection.execute(sa.select(change_table).where(change_table.c.number > seen))]
    mine = tuple(c for c in later if any((e.kind, e.id) in touched for e in c.edits))
    missed = any((found := stored.entities.get(key)) is not None and found.revision > seen for key in touched)
    if mine or missed:
        raise Conflict(conflict_text(mine), mine)


def conflict_text(changes: Sequence[Change]) -> str:
    """Return the sentence for changes that came in between."""
    said = "; ".join(
        f"change {c.number} ({c.verb}{' by ' + c.who.by if c.who.by else ''}, {c.who.source})" for c in changes[-3:]
    )
    return f"somebody else changed the same thing meanwhile: {said or 'see the history'}; look at it and try again"


def lock(connection: sa.Connection) -> int:
    """Take the writers' lock for this transaction and return the household's revision."""
    wanted = sa.select(meta.c.value).where(meta.c.key == "revision").with_for_update()
    return int(connection.execute(wanted).scalar_one())


def tell(connection: sa.Connection, made: Change) -> None:
    """Write the row of history; its number is the household's revision from now on."""
    connection.execute(
        sa.insert(change_table).values(
            number=made.number,
            at=made.at,
            by=made.who.by,
            source=made.who.source,
            address=made.who.address,
            verb=made.verb,
            reverts=made.reverts,
            edits=json.dumps(
                [
                    {
                        "kind": e.kind,
                        "id": e.id,
                        "before": e.before,
                        "after": e.after,
                        "places": [e.position_before, e.position_after],
                    }
                    for e in made.edits
                ],
                ensure_ascii=False,
                separators=(",", ":"),
            ),
        )
    )
    connection.execute(sa.update(meta).where(meta.c.key == "revision").values(value=made.number))


def _write(connection: sa.Connection, made: Change) -> None:
    for edit in made.edits:
        here = (entity.c.kind == edit.kind) & (entity.c.id == edit.id)
        if edit.before is not None:
            connection.execute(sa.delete(entity).where(here))
        if edit.after is not None:
            body = json.dumps(edit.after, ensure_ascii=False, separators=(",", ":"))
            try:
                size = len(body.encode())
            except UnicodeEncodeError:
                raise StoreError(f"{edit.kind} {edit.id}: expected text, got half a character") from None
            if size > MAX_ENTITY_BYTES:
                raise StoreError(f"{edit.kind} {edit.id} has {size} bytes, expected at most {MAX_ENTITY_BYTES}")
            connection.execute(
                sa.insert(entity).values(
                    kind=edit.kind, id=edit.id, position=edit.position_after, revision=made.number, body=body
                )
            )
    tell(connection, made)


def _mark(key: Key) -> str:
    """Return how an edit of `key` begins in the history's JSON."""
    return json.dumps({"kind": key[0], "id": key[1]}, ensure_ascii=False, separators=(",", ":"))[:-1] + ","


def _change(row: Any) -> Change:
    edits = tuple(
        Edit(e["kind"], e["id"], e["before"], e["after"], e["places"][0], e["places"][1]) for e in json.loads(row.edits)
    )
    return Change(row.number, row.at, Who(row.by, row.source, row.address), row.verb, edits, row.reverts)
