"""The lists as the page shows them: where each comes from, how it is used, and what became of its versions."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from filterd.control import sync_sources
from filterd.control.sync_words import sentence
from webui import words
from webui.frame import state
from webui.words import gettext as _

MOST_EVENTS = 12  # of a list's own history
_AWAY = frozenset({"no-connection", "slow", "status"})


@dataclass(frozen=True, slots=True)
class ListRow:
    """A list as the page shows it."""

    id: str
    name: str
    category: str
    licence: str
    homepage: str
    how: str  # on | off | waits | unused
    names: int
    good_at: float | None
    events: tuple[tuple[float | None, int, bool, str], ...]  # when, names, accepted, more of it
    problem: str  # why the newest look brought nothing; "" when it did
    earlier: tuple[tuple[str, float | None, int], ...] = ()  # (version, since when it was in use, names)
    is_away: bool = False  # its server could not be reached: that is no fault of the list


def rows() -> list[ListRow]:
    """Return every list that there is, registered or not: the known sources in their order, then the house's own."""
    from filterd.control.lists_look import show_lists

    vi = words.language() == "vi"
    found = []
    known = set()
    for row in sync_sources.overview(state()):
        known.add(row.source.id)
        name = row.source.name_vi if vi else row.source.name_en
        found.append(
            _row(row.source.id, name, row.source.category, row.source.licence.id, row.source.homepage, row.listed)
        )
    found += [
        _row(own.id, own.id, own.category, "", "", own) for own in show_lists(state()).lists if own.id not in known
    ]
    return found


def _row(ident: str, name: str, category: str, licence: str, homepage: str, listed: Any) -> ListRow:
    if listed is None:
        return ListRow(ident, name, category, licence, homepage, "unused", 0, None, (), "")
    how = "off" if not listed.enabled else "on" if listed.digest else "waits"
    events = tuple(
        (e.seconds(), e.names, e.verdict == "accepted", _why(e)) for e in reversed(listed.history[-MOST_EVENTS:])
    )
    by_sync = "://" in listed.origin and not listed.origin.startswith("feed:")  # the manager puts it into force
    earlier = tuple((one.digest, one.seconds(), one.names) for one in listed.kept) if by_sync else ()
    problem = events[0][3] if events and not events[0][2] else ""
    plain = homepage if homepage.startswith(("https://", "http://")) else ""
    return ListRow(
        ident, name, category, licence, plain, how, listed.names, listed.good_seconds(), events, problem,
        earlier, bool(problem) and listed.history[-1].code in _AWAY,
    )  # fmt: skip


def _why(event: Any) -> str:
    if event.verdict == "accepted":
        return _("an earlier version, put back by hand") if event.code == "rolled-back" else ""
    return sentence(event.code, words.language()) or _("The new version was not taken.")
