"""Alerts as rows of the log's database: found, written, listed, marked as seen, deleted. One writer, the manager.

A row's `detail` is JSON with parts of several owners (what happened: control/alerts.py; how far it was delivered:
control/deliver.py), so it is changed part by part within a transaction. One row is no alert: the manager's memory
(devices that were seen, the change that was looked at last), which goes when a person deletes everything.

    with writing(engine, "activity") as connection:
        add(connection, AlertKind.NEW_DEVICE, "aa:bb:cc:dd:ee:ff", at_ms, detail={"mac": "aa:bb:cc:dd:ee:ff"})
    list_alerts(state, limit=20, unseen=True)
"""

from __future__ import annotations

import json
import secrets
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from filterd.control.household import has_store
from filterd.errors import ConfigError
from filterd.model.alert import HARM_KINDS, UNSEEN, Alert, AlertKind
from filterd.model.change import Who
from filterd.store.activity import alert as table
from filterd.store.activity import open_activity
from filterd.store.engine import reading, writing

KEPT_MS = 90 * 86_400_000
KEPT_ROWS = 2000
MAX_DETAIL = 16 * 1024  # characters of JSON; the memory has its own bound
_MEMORY = "memory"  # kind and state of the row that is no alert
_FOR_EVER = 2**62  # ms: no retention takes it for old
_KINDS = tuple(kind.value for kind in AlertKind)


def find(connection: sa.Connection, kind: AlertKind, key: str) -> Alert | None:
    """Return the alert with this key."""
    row = connection.execute(
        sa.select(table).where(table.c.kind == kind.value, table.c.key == key).order_by(table.c.id).limit(1)
    ).first()
    return None if row is None else _alert(row)


def recent(connection: sa.Connection, kind: AlertKind, profile: str | None, since_ms: int) -> list[Alert]:
    """Return alerts of a kind (None: of all profiles) that began or went on since then, oldest first."""
    wanted = sa.select(table).where(table.c.kind == kind.value, table.c.last_at >= since_ms).order_by(table.c.id)
    if profile is not None:
        wanted = wanted.where(table.c.profile == profile)
    return [_alert(row) for row in connection.execute(wanted)]


def add(
    connection: sa.Connection,
    kind: AlertKind,
    key: str,
    at_ms: int,
    *,
    last_at_ms: int | None = None,
    profile: str = "",
    device: str = "",
    count: int = 1,
    detail: Mapping[str, Any] | None = None,
) -> None:
    """Write a new alert, with an id for its messages."""
    connection.execute(
        sa.insert(table).values(
            at=at_ms,
            last_at=max(at_ms, at_ms if last_at_ms is None else last_at_ms),
            kind=kind.value,
            key=key,
            profile=profile,
            device=device,
            detail=_text({**(detail or {}), "uid": secrets.token_hex(8)}),
            count=count,
            state="new",
        )
    )


def change(connection: sa.Connection, ident: int, parts: Mapping[str, Any], **columns: Any) -> None:
    """Replace parts of an alert's detail, and columns. Nothing happens when it was deleted meanwhile."""
    here = table.c.id == ident
    found = connection.execute(sa.select(table.c.detail).where(here).with_for_update()).scalar()
    if found is None:
        return
    connection.execute(sa.update(table).where(here).values(detail=_text({**_loads(found), **parts}), **columns))


def list_alerts(
    state: Path, *, limit: int = 50, before: int | None = None, unseen: bool = False, ident: int | None = None
) -> list[Alert]:
    """Return alerts, newest first. `before`: only those with smaller ids. Raises StoreError."""
    if not has_store(state, "activity"):
        return []
    wanted = sa.select(table).where(table.c.kind.in_(_KINDS)).order_by(table.c.id.desc()).limit(limit)
    if before is not None:
        wanted = wanted.where(table.c.id < before)
    if ident is not None:
        wanted = wanted.where(table.c.id == ident)
    if unseen:
        wanted = wanted.where(table.c.state.in_(UNSEEN))
    engine = open_activity(state)
    try:
        with reading(engine, "activity") as connection:
            return [_alert(row) for row in connection.execute(wanted)]
    finally:
        engine.dispose()


def mark_seen(state: Path, who: Who, idents: Iterable[int] | None = None) -> int:
    """Note that `who` has seen these alerts (None: all); return how many were unseen. ConfigError: no such alert.

    What was seen is not sent any more. Who has seen it first is kept with it: two parents share the alerts.
    """
    wanted = None if idents is None else sorted(set(idents))
    if wanted is not None and len(wanted) > KEPT_ROWS:
        raise ConfigError(f"expected at most {KEPT_ROWS} alerts at once, got {len(wanted)}")
    if not has_store(state, "activity"):
        if wanted:
            raise ConfigError(f"alert: there is no {wanted[0]}")
        return 0
    engine = open_activity(state)
    try:
        with writing(engine, "activity") as connection:
            which = [table.c.kind.in_(_KINDS)]
            if wanted is not None:
                which.append(table.c.id.in_(wanted))
                known = set(connection.execute(sa.select(table.c.id).where(*which)).scalars())
                if missing := [i for i in wanted if i not in known]:
                    raise ConfigError(f"alert: there is no {missing[0]}; `filterd alerts` shows them")
            done = connection.execute(sa.select(table.c.id).where(*which, table.c.state.in_(UNSEEN))).scalars().all()
            for one in done:
                change(connection, one, {"seen_by": who.by}, state="seen")
    finally:
        engine.dispose()
    return len(done)


def waiting(connection: sa.Connection, kinds: Iterable[AlertKind]) -> list[Alert]:
    """Return what nobody has seen and what was not sent everywhere yet, oldest first."""
    wanted = sa.select(table).where(table.c.state == "new", table.c.kind.in_([k.value for k in kinds]))
    return [_alert(row) for row in connection.execute(wanted.order_by(table.c.id).limit(KEPT_ROWS))]


def handled(alert: Alert) -> frozenset[str]:
    """Return the channels that have nothing to do with this alert any more: sent, given up, or set later than it."""
    delivery = alert.detail.get("delivery") or {}
    return frozenset(delivery.get("done") or ()) | frozenset(delivery.get("gave_up") or ())


def note(
    connection: sa.Connection,
    alert: Alert,
    channel: str,
    channels: Sequence[str],
    *,
    since: float | None = None,
    gave_up: str = "",
) -> None:
    """Write down that a channel failed first `since`, `gave_up`, or (neither) has sent. All have sent: `sent`.

    Nothing happens when the alert was deleted meanwhile, whoever has its number now.
    """
    row = connection.execute(sa.select(table).where(table.c.id == alert.id).with_for_update()).first()
    if row is None or (now := _alert(row)).uid != alert.uid:
        return
    delivery: dict[str, Any] = dict(now.detail.get("delivery") or {})
    if since is not None:
        delivery["since"] = {**(delivery.get("since") or {}), channel: since}
    elif gave_up:
        delivery["gave_up"] = {**(delivery.get("gave_up") or {}), channel: gave_up}
    else:
        delivery["done"] = shortened([*(delivery.get("done") or ()), channel], 10)
        delivery["sent"] = True
    left = set(channels) - set(delivery.get("done") or ()) - set(delivery.get("gave_up") or ())
    state = "sent" if now.state == "new" and not left and delivery.get("sent") else now.state
    change(connection, alert.id, {"delivery": delivery}, state=state)


def skip(state: Path, channel: str) -> None:
    """Let a channel that is set now have nothing to do with what happened before: nobody wants a flood of old news."""
    if not has_store(state, "activity"):
        return
    engine = open_activity(state)
    try:
        with writing(engine, "activity") as connection:
            for alert in waiting(connection, AlertKind):
                deliver = dict(alert.detail.get("delivery") or {})
                deliver["done"] = shortened([*(deliver.get("done") or ()), channel], 10)
                change(connection, alert.id, {"delivery": deliver})
    finally:
        engine.dispose()


def delete_alerts(
    connection: sa.Connection, *, profile: str = "", device: str = "", before_ms: int | None = None, harm: bool = False
) -> int:
    """Delete alerts of a profile, a device, before a moment, of harm kinds; without any of these all, with the memory.

    Of a row that counts several devices of a profile, `device` is the first. SQLite overwrites what is deleted
    (secure_delete); `scrub` cuts the write-ahead log.
    """
    which = [column == value for column, value in ((table.c.profile, profile), (table.c.device, device)) if value]
    if before_ms is not None:
        which.append(table.c.last_at < before_ms)
    if harm:
        which.append(table.c.kind.in_([k.value for k in HARM_KINDS]))
    if which:
        which.append(table.c.kind != _MEMORY)
    return max(connection.execute(sa.delete(table).where(*which)).rowcount, 0)


def prune(connection: sa.Connection, now_ms: int) -> int:
    """Delete what is older than KEPT_MS, and the oldest beyond KEPT_ROWS; return how many went."""
    gone = delete_alerts(connection, before_ms=now_ms - KEPT_MS)
    kept = sa.select(table.c.id).where(table.c.kind != _MEMORY).order_by(table.c.id.desc())
    last = connection.execute(kept.offset(KEPT_ROWS).limit(1)).scalar()
    if last is not None:
        gone += connection.execute(sa.delete(table).where(table.c.kind != _MEMORY, table.c.id <= last)).rowcount
    return gone


def memory(connection: sa.Connection) -> dict[str, Any] | None:
    """Return what the manager remembers between two runs; None when it begins, or was told to forget everything."""
    found = connection.execute(sa.select(table.c.detail).where(table.c.kind == _MEMORY).limit(1)).scalar()
    return None if found is None else _loads(found)


def remember(connection: sa.Connection, document: Mapping[str, Any]) -> None:
    """Keep what the manager remembers."""
    text = json.dumps(document, separators=(",", ":"))
    changed = connection.execute(sa.update(table).where(table.c.kind == _MEMORY).values(detail=text))
    if not changed.rowcount:
        connection.execute(
            sa.insert(table).values(
                at=0, last_at=_FOR_EVER, kind=_MEMORY, key="", profile="", device="", detail=text, count=0,
                state=_MEMORY,
            )
        )  # fmt: skip


def shortened(items: Sequence[Any], most: int) -> list[Any]:
    """Return at most `most` items without repetition, in their order."""
    return list(dict.fromkeys(items))[:most]


def _text(detail: Mapping[str, Any]) -> str:
    text = json.dumps(detail, ensure_ascii=False, separators=(",", ":"))
    if len(text) > MAX_DETAIL:
        raise ConfigError(f"an alert's detail has {len(text)} characters, expected at most {MAX_DETAIL}")
    return text


def _loads(text: str) -> dict[str, Any]:
    try:
        found = json.loads(text)
    except ValueError:
        return {}  # damaged: the row still says what and when
    return found if isinstance(found, dict) else {}


def _alert(row: Any) -> Alert:
    return Alert(
        row.id, row.at, row.last_at, AlertKind(row.kind), row.key, row.profile, row.device, _loads(row.detail),
        row.count, row.state,
    )  # fmt: skip
