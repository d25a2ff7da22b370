"""Adds up the log: questions by day and dimension from `count`, the most blocked names from `hour`.

A name has an id of its own every day, so names are added up by id first and by text then: most of the work is on
small numbers.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import sqlalchemy as sa

from filterd.store.activity import count, hour, name, who
from filterd.store.activity_read import who_conditions

Counts = tuple[int, str, str, int, str, str, int]  # day, profile, device, action, category, service, n
_TEXTS = 500


def counted(connection: sa.Connection, first_day: int, last_day: int, profile: str, device: str) -> Iterator[Counts]:
    """Yield how many questions there were, for each day and kind."""
    keys = (count.c.day, count.c.profile, count.c.device, count.c.action, count.c.category, count.c.service)
    conditions: list[sa.ColumnElement[bool]] = [count.c.day >= first_day, count.c.day <= last_day]
    if profile:
        conditions.append(count.c.profile == profile)
    if device:
        conditions.append(count.c.device == device)
    for row in connection.execute(sa.select(*keys, sa.func.sum(count.c.n)).where(*conditions).group_by(*keys)):
        yield row[0], row[1], row[2], row[3], row[4], row[5], int(row[6])


def top_blocked(
    connection: sa.Connection, first_hour: int, profile: str, device: str, hidden: frozenset[str], limit: int
) -> list[tuple[str, int]]:
    """Return the most blocked names since an hour, and how often. `hidden`: profiles whose names do not count."""
    return _named(_names(first_hour, profile, device, hidden), connection, None, limit)


def blocked_of(
    connection: sa.Connection, first_hour: int, profile: str, device: str, hidden: frozenset[str], texts: Sequence[str]
) -> dict[str, int]:
    """Return how often these names were blocked since an hour."""
    names = _names(first_hour, profile, device, hidden)
    found: dict[str, int] = {}
    for at in range(0, len(texts), _TEXTS):
        part = texts[at : at + _TEXTS]
        found.update(_named(names, connection, part, len(part)))
    return found


def blocked_since(connection: sa.Connection, first_hour: int, profile: str, device: str) -> int:
    """Return how many questions were blocked since an hour, with and without a name."""
    statement = sa.select(sa.func.sum(hour.c.n)).where(*_conditions(first_hour, profile, device, frozenset()))
    return int(connection.execute(statement).scalar() or 0)


def named_since(connection: sa.Connection, first_hour: int, profile: str, device: str, hidden: frozenset[str]) -> int:
    """Return how many of them have a name that may be shown."""
    conditions = [*_conditions(first_hour, profile, device, hidden), hour.c.name != 0]
    return int(connection.execute(sa.select(sa.func.sum(hour.c.n)).where(*conditions)).scalar() or 0)


def _names(first_hour: int, profile: str, device: str, hidden: frozenset[str]) -> Any:
    return (
        sa.select(hour.c.name, sa.func.sum(hour.c.n).label("n"))
        .where(*_conditions(first_hour, profile, device, hidden), hour.c.name != 0)
        .group_by(hour.c.name)
        .subquery()
    )


def _conditions(first_hour: int, profile: str, device: str, hidden: frozenset[str]) -> list[sa.ColumnElement[bool]]:
    conditions = [hour.c.hour >= first_hour]
    wanted = who_conditions(profile, device)
    if hidden:
        wanted.append(who.c.profile.not_in(sorted(hidden)))
    if wanted:
        conditions.append(hour.c.who.in_(sa.select(who.c.id).where(*wanted)))
    return conditions


def _named(names: Any, connection: sa.Connection, texts: Sequence[str] | None, limit: int) -> list[tuple[str, int]]:
    total = sa.func.sum(names.c.n)
    statement = sa.select(name.c.text, total).select_from(names.join(name, name.c.id == names.c.name))
    if texts is not None:
        statement = statement.where(name.c.text.in_(texts))
    statement = statement.group_by(name.c.text).order_by(total.desc(), name.c.text).limit(limit)
    return [(row[0], int(row[1])) for row in connection.execute(statement)]
