"""How the daily moves are told: a grant or an off in one line, and what a change made of them.

tell_grant(call, done, now)     # granted g12: category games for Lan, until 21:30, by Mum
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from filterd.cli import whom
from filterd.cli.said import Call, when

if TYPE_CHECKING:
    from filterd.model.household import Grant, Household, InternetOff


def tell_grant(call: Call, done: Any, now: float) -> None:
    """Tell a grant that was just given."""
    ident = made_id(done.change, "grant")
    made = next((g for g in done.household.grants if g.id == ident), None)
    text = "" if made is None else f"granted {made.id}: {grant_text(done.household, made, now)}"
    call.tell(done, text, grant=made_document(done, "grant"))


def made_id(change: Any, kind: str) -> str:
    """Return the id of the `kind` that a change made; "" when it made none."""
    return "" if change is None else next((e.id for e in change.edits if e.kind == kind and e.before is None), "")


def made_document(done: Any, kind: str) -> dict[str, Any] | None:
    """Return the body of what a change made, as the change has it."""
    made = () if done.change is None else (e.after for e in done.change.edits if e.kind == kind and e.before is None)
    return next((dict(body) for body in made if body is not None), None)


def grant_text(household: Household, grant: Grant, now: float) -> str:
    """Return a grant in one line: what, for whom, how long, by whom."""
    what = {"time": "more time", "filter": "filter paused"}.get(grant.scope.value, grant.scope.value)
    end = "until revoked" if grant.until is None else f"until {when(grant.until, household.timezone, now)}"
    cut = _cut_by(household, grant, now)
    end += f", ended by {cut.id} ({whom.name_of(household, cut)} off)" if cut is not None else ""
    return f"{what}{' ' + grant.value if grant.value else ''} for {whom.name_of(household, grant)}, {end}{_said(grant)}"


def off_text(household: Household, off: InternetOff, now: float) -> str:
    """Return an off in one line: for whom, how long, by whom."""
    since = "" if off.start is None else f" since {when(off.start, household.timezone, now)}"
    end = "until switched on" if off.until is None else f"until {when(off.until, household.timezone, now)}"
    return f"{whom.name_of(household, off)}{since} {end}{_said(off)}"


def standing_of(household: Household, grant: Grant, now: float) -> str:
    """Return how a grant stands: over, waiting or in force."""
    if (grant.until is not None and grant.until <= now) or _cut_by(household, grant, now) is not None:
        return "over"
    return "waiting" if (grant.start or 0.0) > now else "in force"


def _said(move: Grant | InternetOff) -> str:
    return (f", by {move.by}" if move.by else "") + (f": {move.reason}" if move.reason else "")


def _cut_by(household: Household, grant: Grant, now: float) -> InternetOff | None:
    """Return the off that ended the grant for all whom it covers (DECISIONS 1: one given later, while it had an end)."""
    if grant.until is None:
        return None
    profile = grant.profile or next((d.profile for d in household.devices if d.id == grant.device), "")
    for off in household.internet_off:
        start = off.start or 0.0
        covers = off.everyone or off.profile == profile or (bool(grant.device) and off.device == grant.device)
        worked = (off.until is None or start < off.until) and (off.ended is None or start < off.ended)
        if covers and worked and (grant.start or 0.0) < start <= min(now, grant.until):
            return off
    return None
