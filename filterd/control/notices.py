"""What the province tells the house: advisories that may be dismissed or switched off, cards, and whom to call.

All of it was verified when it came (feed/); what cannot be read counts as not there, and what is shipped stands in.
Which advisories were read is in STATE/feed/read.json, for the whole house.

    current(state)                            # the newest advisory that nobody has dismissed; None
    dismiss(state, "2026-11-gia-mao-vneid")
    cards(state, Audience.CHILD, 6, 9)        # of the feed, else those that are shipped
    links(state).hotline                      # "111"
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from filterd.config import notices
from filterd.control import feed_documents
from filterd.errors import ConfigError, StoreError
from filterd.host.files import locked, make_folder, read_bounded, write_atomic
from filterd.model.feed import FeedLinks, Words
from filterd.model.notice import MAX_AGE, Advisory, Audience, Card

SHOWN = 3  # advisories that are kept at hand; of these one stands on the first page
MAX_READ = 200  # ids that are remembered as dismissed
OLD_DAYS = 60  # an advisory that names no end is over by then
SHIPPED = FeedLinks("111", "https://vn-cop.vn", Words("https://vn-cop.vn/cnbvte2024", "https://vn-cop.vn/cnbvte2024"))
_MAX_BYTES = 64 * 1024
_PARALLEL_DAYS = 1  # a day begins elsewhere earlier than here


@dataclass(frozen=True, slots=True)
class Choice:
    """What the house wants to see. `read`: ids of advisories that were dismissed, oldest first."""

    wanted: bool = True
    read: tuple[str, ...] = ()


def advisories(state: Path, now: float | None = None) -> tuple[Advisory, ...]:
    """Return the newest advisories that are not over, at most SHOWN."""
    day = datetime.fromtimestamp(time.time() if now is None else now, UTC).date()
    tomorrow = (day + timedelta(days=_PARALLEL_DAYS)).isoformat()
    old = (day - timedelta(days=OLD_DAYS)).isoformat()
    found = (one for one in feed_documents.advisories(state) if one.date <= tomorrow)
    return tuple(one for one in found if (one.until >= day.isoformat() if one.until else one.date >= old))[:SHOWN]


def current(state: Path, now: float | None = None) -> Advisory | None:
    """Return the advisory that stands on the first page: the newest that nobody has dismissed."""
    chosen = choice(state)
    if not chosen.wanted:
        return None
    return next((one for one in advisories(state, now) if one.id not in chosen.read), None)


def choice(state: Path) -> Choice:
    """Return what the house wants to see; everything, when that cannot be read."""
    try:
        values = json.loads(read_bounded(_file(state), _MAX_BYTES))
        read = tuple(ident for ident in values["read"] if isinstance(ident, str))
        return Choice(values["wanted"] is not False, read[-MAX_READ:])
    except (StoreError, ValueError, KeyError, TypeError):
        return Choice()


def dismiss(state: Path, ident: str) -> None:
    """Note that an advisory was read. Raises ConfigError (there is none), StoreError."""
    if ident not in {one.id for one in feed_documents.advisories(state)}:
        raise ConfigError(f"advisory: there is no {ident[:80]!r}")
    _change(state, lambda old: replace(old, read=(*(one for one in old.read if one != ident), ident)[-MAX_READ:]))


def recall(state: Path, ident: str) -> None:
    """Take a dismissal back. Raises StoreError."""
    _change(state, lambda old: replace(old, read=tuple(one for one in old.read if one != ident)))


def want(state: Path, wanted: bool) -> None:
    """Show advisories on the first page, or not. Raises StoreError."""
    _change(state, lambda old: replace(old, wanted=wanted))


def cards(state: Path, audience: Audience, first: int = 0, last: int = MAX_AGE) -> tuple[Card, ...]:
    """Return the cards for an audience about a child of `first` to `last` years: the feed's, else the shipped ones."""
    found: Sequence[Card] = feed_documents.materials(state) or notices.cards()
    return tuple(one for one in found if one.is_for(audience, first, last))


def of_the_day(found: Sequence[Card], now: float) -> Card | None:
    """Return one of some cards: another one every day, the same all day."""
    return found[int(now // 86_400) % len(found)] if found else None


def links(state: Path) -> FeedLinks:
    """Return whom to call and where to read on: as the feed says, else as shipped."""
    given = feed_documents.links(state)
    handbook = Words(given.handbook.vi or SHIPPED.handbook.vi, given.handbook.en or SHIPPED.handbook.en)
    return replace(
        given, hotline=given.hotline or SHIPPED.hotline, report=given.report or SHIPPED.report, handbook=handbook
    )


def site_of(address: str) -> str:
    """Return the name of the site in an address, as people read it."""
    return address.partition("://")[2].partition("/")[0].removeprefix("www.")


def _change(state: Path, alter: Callable[[Choice], Choice]) -> None:
    folder = make_folder(state / "feed")
    with locked(folder / "read.lock"):
        new = alter(choice(state))
        document = {"layout": 1, "wanted": new.wanted, "read": list(new.read)}
        write_atomic(_file(state), json.dumps(document).encode())


def _file(state: Path) -> Path:
    return state / "feed" / "read.json"
