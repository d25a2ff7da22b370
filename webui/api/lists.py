"""Lists: which are used, how old they are, what is in force, and that they be fetched now."""

from __future__ import annotations

from typing import Any

from marshmallow import fields

from filterd.control import sync_ask, sync_sources, sync_state
from filterd.control.lists_look import show_lists
from filterd.model.account import Action, Scope
from webui.api.fields import Shown, said, when, whole, yes
from webui.api.gate import house, state
from webui.api.operation import Calls, Paged, operation, page_of
from webui.api.paging import page
from webui.api.times import moment

calls = Calls("lists", __name__, description="Lists of names")
PHASES = ("fetching", "building", "done", "offline", "cut", "never")


class Listing(Shown):
    """A list."""

    id = said("Its id", "example-list")
    name = said("What it is called", "Example")
    category = said("Id of the category that its names are in", "adult")
    licence = said("Its licence, as far as it is known", "MIT")
    used = yes("It is switched on")
    names = whole("Names of the version in use", 84_012)
    good_at = when("When that was last confirmed", none=True)
    refused = said("Why its newest version was not taken: a code, empty when it was", "")


class Sync(Shown):
    """The newest look at the sources."""

    phase = said("How far it is", "done", among=PHASES)
    done = whole("Lists looked at", 5)
    of = whole("of so many", 5)
    finished = when("When it ended", none=True)
    next_at = when("When the next one is due", none=True)


class Due(Shown):
    """How many lists are looked at in a moment."""

    lists = whole("So many", 5)


LISTINGS = page_of(
    Listing,
    names=whole("Names in force", 120_000),
    bundle=said("File of the bundle in force; empty: none", "bundles/7f3a.flb"),
    sync=fields.Nested(Sync, required=True),
)


@operation(calls, "GET", "/lists", Scope.READ, Action.LOOK, LISTINGS, query=Paged)
def lists(query: dict[str, Any]) -> Any:
    """The lists of this box, what is in force, and how the newest look at their sources went."""
    seen = show_lists(state())
    items, following = page(seen.lists, lambda found: found.id, query["limit"], query["cursor"])
    sources = {row.source.id: row.source for row in sync_sources.overview(state())}
    sync = sync_state.status(state())
    return {
        "items": [_document(found, sources.get(found.id)) for found in items],
        "next": following,
        "names": seen.names,
        "bundle": seen.bundle,
        "sync": {
            "phase": sync.phase, "done": sync.done, "of": sync.of, "finished": moment(sync.finished or None),
            "next_at": moment(sync.next_at or None),
        },
    }  # fmt: skip


@operation(calls, "POST", "/lists/update", Scope.LISTS, Action.LISTS, Due, status=202)
def lists_update() -> Any:
    """Have all lists that come from the Internet looked at now; GET /lists tells how it goes."""
    return {"lists": sync_ask.ask_update(state())}


def _document(found: Any, source: Any) -> dict[str, Any]:
    newest = found.history[-1] if found.history else None
    name = "" if source is None else source.name_en if house().language == "en" else source.name_vi
    return {
        "id": found.id,
        "name": name or found.id,
        "category": found.category,
        "licence": "" if source is None else source.licence.id,
        "used": found.enabled,
        "names": found.names,
        "good_at": moment(found.good_seconds()),
        "refused": "" if newest is None or newest.verdict == "accepted" else newest.code or newest.verdict,
    }
