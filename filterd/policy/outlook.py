"""On, off, only some sites, or the filter paused: what a name that nobody knows would get, now and next. Pure.

The state of a person is not worked out a second time: it is the decision of the precedence table on a probe, a name
that no list and no rule of the household mentions. Times come from the judge's own boundaries.

    judge = judge_of(household, now)
    around(judge, 0, now)        # Piece(start, end, "off", "window", "Bedtime")
    strip(judge, 0, now, now + 12 * 3600)
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from filterd.model.decision import Row
from filterd.model.household import Grant, Household, Names, Scope
from filterd.model.now import OFF, ON, ONLY, PAUSED, Piece
from filterd.model.tags import NO_TAGS, TagSet
from filterd.policy.compile import Knowledge, Spent, compile_snapshot
from filterd.policy.judge import Judge, SlotState
from filterd.policy.snapshot import Snapshot

AHEAD_S = 40 * 86_400  # how far the next change is looked for: more than the longest move, 31 days
BACK_S = 40 * 86_400
NEAR_S = 86_400  # +15 moves the next off within a day; later ones are nobody's +15
_FOREVER = 1e17  # beyond every boundary; the judge says 1e18 for "never"
_NOTHING = Knowledge({}, {}, {}, {}, {}, {})
# what a probe is asked with: tag set 0 (in no list), set 0 of the household's own names (none)
_PROBE = (0, 0)


def judge_of(
    household: Household, now: float, spent: Sequence[Spent] = (), tagsets: Sequence[TagSet] = (NO_TAGS,)
) -> Judge:
    """Return a judge over the household's times: all of it but the names and words that no probe meets."""
    lean = tuple(replace(p, names=Names(), safe_search={}) for p in household.profiles)
    bare = replace(household, profiles=lean, forward_zones=(), rebind_allow=())
    return Judge(Snapshot(compile_snapshot(bare, _NOTHING, now, spent), "outlook"), tagsets)


def sight(state: SlotState) -> Piece:
    """Return what is in force as a piece without times."""
    decision = state.question(*_PROBE)
    rules = state.rules
    if decision.row is Row.GRANT:  # a probe is covered by a pause of the filter alone
        return Piece(None, None, PAUSED, "grant", decision.rule, decision.by)
    if decision.row is Row.OFF:
        return Piece(None, None, OFF, "off", decision.rule, decision.by)
    if decision.row is Row.WINDOW:
        if rules.offline is not None:
            return Piece(None, None, OFF, "window", decision.rule)
        return Piece(None, None, ONLY, "window", ", ".join(w.name for w in rules.only))
    if rules.time is not None and (rules.off or rules.offline is not None or rules.only):
        return Piece(None, None, ON, "grant", rules.time.scope, rules.time.by)
    return Piece(None, None, ON)


def around(judge: Judge, slot: int, wall: float) -> Piece:
    """Return the piece of time at `wall`: since when it is so for this reason, until when it is of this kind."""
    state = judge.state(slot, wall)
    seen = sight(state)
    start = _since(judge, slot, wall, seen)
    return replace(seen, start=start, end=_until(judge, slot, wall, seen))


def following(judge: Judge, slot: int, piece: Piece) -> Piece | None:
    """Return what comes at the end of a piece, None when there is no end in sight."""
    if piece.end is None:
        return None
    seen = sight(judge.state(slot, piece.end))
    return replace(seen, start=piece.end, end=_until(judge, slot, piece.end, seen))


def strip(judge: Judge, slot: int, start: float, end: float) -> tuple[Piece, ...]:
    """Return the pieces of [start, end), equal neighbours joined."""
    found: list[Piece] = []
    at = start
    while at < end:
        state = judge.state(slot, at)
        until = min(state.until, end)
        seen = replace(sight(state), start=at, end=until)
        if found and replace(found[-1], start=at, end=until) == seen:
            seen = replace(seen, start=found.pop().start)
        found.append(seen)
        at = until
    return tuple(found)


def next_off(judge: Judge, slot: int, wall: float) -> float | None:
    """Return when it is off (or open for some sites alone) next, `wall` itself when it is so now; None: not in sight."""
    piece = around(judge, slot, wall)
    while piece.kind in (ON, PAUSED):
        after = following(judge, slot, piece)
        if after is None:
            return None
        piece = after
    return wall if piece.start is None or piece.start < wall else piece.start


def extra_grant(household: Household, judge: Judge, profile: str, minutes: int, now: float) -> Grant | None:
    """Return the grant that `minutes` more means for a profile; None: there is no off to open or move within a day.

    Off now: from now on. On now: behind the next off's beginning. It begins then too when it would lift anything
    meanwhile (a budget, hours of a service), else now, so that an "off" given in between ends it.
    """
    slot = slot_of(judge, profile)
    at = next_off(judge, slot, now)
    if at is None or at > now + NEAR_S:
        return None
    compiled = judge.snapshot.profiles[slot]
    lifts = bool(compiled.budgets or compiled.timed_services or compiled.timed_categories)
    return Grant(Scope.TIME, profile=profile, start=at if lifts else now, until=at + minutes * 60)


def slot_of(judge: Judge, profile: str) -> int:
    """Return the slot of a profile. KeyError: there is no such."""
    for number, one in enumerate(judge.snapshot.profiles):
        if one.id == profile:
            return number
    raise KeyError(profile)


def _kind(piece: Piece) -> tuple[str, str]:
    """What must change for a piece to end: with "only", other windows are other sites."""
    return piece.kind, piece.rule if piece.kind == ONLY else ""


def _why(piece: Piece) -> tuple[str, str, str, str]:
    return piece.kind, piece.reason, piece.rule, piece.by


def _until(judge: Judge, slot: int, wall: float, seen: Piece) -> float | None:
    kind = _kind(seen)
    horizon = wall + AHEAD_S
    compiled = judge.snapshot.slots[slot]
    edges = [t for g in compiled.grants for t in (g.start, g.end) if t is not None]
    edges += [t for o in compiled.offs for t in (o.start, o.end) if t is not None]
    at = wall
    while True:
        at = judge.state(slot, at).until
        if at > horizon:  # only a grant or an off with an end far away can still change it: go there at once
            at = min((t for t in edges if t >= at), default=_FOREVER)
            horizon = at + AHEAD_S
        if at >= _FOREVER:
            return None
        if _kind(sight(judge.state(slot, at))) != kind:
            return at


def _since(judge: Judge, slot: int, wall: float, seen: Piece) -> float | None:
    why = _why(seen)
    at = wall
    while True:
        since = judge.state(slot, at).since
        if since <= 0 or since < wall - BACK_S:
            return None
        at = since - 1
        if _why(sight(judge.state(slot, at))) != why:
            return since
