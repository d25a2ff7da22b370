"""Why: the decision on a name with its whole trace, how long it has stood and what changes it next.

The same code as the workers run (policy/precedence.py through policy/judge.py); here it also writes down each row it
passed. Pure: files, clocks and sockets are the caller's (control/explain.py).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from filterd.model.decision import Action, Decision, Row
from filterd.policy.judge import Client, Judge, Rewrite
from filterd.policy.precedence import Step, decide_question, decide_target

_MAX_STEPS = 3000  # boundaries looked at in either direction
_MAX_BACK_S = 40 * 86400
_MAX_AHEAD_S = 400 * 86400


@dataclass(frozen=True, slots=True)
class Name:
    """A name with the numbers of its sets, looked up once."""

    name: bytes
    tagset: int
    overlay: int
    special: bool = False
    matched: bytes = b""  # the listed name that the bundle matched


@dataclass(frozen=True, slots=True)
class Change:
    """What the decision becomes, and when (POSIX s)."""

    at: float
    decision: Decision


@dataclass(frozen=True, slots=True)
class Explanation:
    """The decision of one question with all that explains it."""

    decision: Decision
    steps: tuple[Step, ...]
    rewrite: Rewrite | None
    target: bytes  # the chain's name that was blocked, b"" when the question's own name decided
    since: float | None  # None: longer than anybody remembers
    change: Change | None  # None: not within 400 days


def explain(
    judge: Judge, client: Client, asked: Name, wall: float, trusted: bool = True, chain: Sequence[Name] = ()
) -> Explanation:
    """Return the explanation for `client` asking `asked` at `wall`. `chain`: the targets of its answer, when known."""

    def decide(at: float) -> tuple[Decision, bytes]:
        state = judge.state(client.slot, at, trusted)
        decision = state.question(asked.tagset, asked.overlay, asked.special)
        if decision.action is Action.ALLOW:
            for link in chain:
                blocked = state.target(link.tagset, link.overlay, decision.covered)
                if blocked is not None:
                    return blocked, link.name
        return decision, b""

    decision, target = decide(wall)
    steps: list[Step] = []
    state = judge.state(client.slot, wall, trusted)
    first = decide_question(state.rules, state.facts(asked.tagset, asked.overlay, asked.special), steps)
    if target:
        for link in chain:
            more: list[Step] = []
            decide_target(state.rules, state.facts(link.tagset, link.overlay), first.covered, more)
            steps += [replace(s, why=f"target: {s.why}".rstrip(": ")) for s in more]
            if link.name == target:
                break
    change = _next(judge, client, wall, trusted, decision, lambda at: decide(at)[0])
    since = _since(judge, client, wall, trusted, decision, lambda at: decide(at)[0])
    return Explanation(decision, tuple(steps), state.rewrite(asked.name, first), target, since, change)


def _next(
    judge: Judge, client: Client, wall: float, trusted: bool, decision: Decision, decide: Callable[[float], Decision]
) -> Change | None:
    at = wall
    for _ in range(_MAX_STEPS):
        at = judge.state(client.slot, at, trusted).until
        if at > wall + _MAX_AHEAD_S:
            return None
        then = decide(at)
        if not _same(then, decision):
            return Change(at, then)
    return None


def _since(
    judge: Judge, client: Client, wall: float, trusted: bool, decision: Decision, decide: Callable[[float], Decision]
) -> float | None:
    at = wall
    for _ in range(_MAX_STEPS):
        since = judge.state(client.slot, at, trusted).since
        if since <= 0 or since < wall - _MAX_BACK_S:
            return None
        if not _same(decide(since - 1), decision):
            return since
        at = since - 1
    return None


def _same(one: Decision, other: Decision) -> bool:
    """Equal for a person: the same verdict by the same rule."""
    return (one.action, one.row, one.rule, one.service, one.category) == (
        other.action,
        other.row,
        other.rule,
        other.service,
        other.category,
    )


def matched_name(explanation: Explanation, asked: Name, chain: Sequence[Name]) -> bytes:
    """Return the name that decided: the chain's, the listed one, or the question's own."""
    decision = explanation.decision
    if explanation.target:
        return explanation.target
    if decision.row in (Row.LIFELINE, Row.MANDATORY, Row.SERVICE, Row.CATEGORY, Row.BUDGET):
        return asked.matched or asked.name
    return b""
