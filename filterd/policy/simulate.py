"""A week at a glance: for a profile, stretches of time in which the same rules are in force. Pure."""

from __future__ import annotations

from dataclasses import dataclass

from filterd.policy.judge import Judge
from filterd.policy.precedence import State


@dataclass(frozen=True, slots=True)
class Stretch:
    """[start, end) in POSIX seconds, in which nothing changes."""

    start: float
    end: float
    internet: str  # on | off | only
    why: str  # the window's name, or whom the internet is off for
    open: tuple[str, ...]  # services and categories that a permit window opens
    closed: tuple[str, ...]  # services and categories that are closed outside their permit windows
    grants: tuple[str, ...]


def simulate(judge: Judge, slot: int, start: float, end: float) -> list[Stretch]:
    """Return the stretches of [start, end) for `slot`, equal neighbours joined."""
    found: list[Stretch] = []
    at = start
    while at < end:
        state = judge.state(slot, at)
        until = min(end, state.until)
        piece = _stretch(state.rules, at, until)
        if found and _rest(found[-1]) == _rest(piece):
            piece = Stretch(found[-1].start, until, *_rest(piece))
            found.pop()
        found.append(piece)
        at = until
    return found


def _rest(stretch: Stretch) -> tuple[str, str, tuple[str, ...], tuple[str, ...], tuple[str, ...]]:
    return stretch.internet, stretch.why, stretch.open, stretch.closed, stretch.grants


def _stretch(rules: State, start: float, end: float) -> Stretch:
    internet, why = "on", ""
    if rules.time is None:
        if rules.off:
            internet, why = "off", rules.off
        elif rules.offline is not None:
            internet, why = "off", rules.offline.name
        elif rules.only:
            internet, why = "only", ", ".join(w.name for w in rules.only)
    opened = {**rules.open_services, **rules.open_categories}
    timed = rules.timed_services | rules.timed_categories
    if rules.time is not None:
        opened = dict.fromkeys(timed, "")
    live = [g for g in (rules.time, rules.filter, *rules.grants) if g is not None]
    return Stretch(
        start,
        end,
        internet,
        why,
        tuple(sorted(opened)),
        tuple(sorted(timed - set(opened))),
        tuple(f"{g.scope} {g.value}".strip() for g in live),
    )
