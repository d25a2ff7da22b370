"""Why: the decision on a name with its whole trace, how long it has stood and what changes it next.

The same code as the workers run (policy/precedence.py through policy/judge.py); here it also writes down each row it
passed. Pure: files, clocks and sockets are the caller's (control/explain.py).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from filterd.model.decision import Action, Decision, Row
from filterd.policy.judge import Client, Judge, Rewrite, SlotState
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
    judge: Judge,
    client: Client,
    asked: Name,
    wall: float,
    trusted: bool = True,
    chain: Sequence[Name] = (),
    answer: Decision | None = None,
) -> Explanation:
    """Return the explanation for `client` asking `asked` at `wall`.

    `chain`: the targets of its answer, when known; `answer`: what row 11 or 12 says of the answer.
    """

    def decide(state: SlotState) -> tuple[Decision, bytes]:
        decision = state.question(asked.tagset, asked.overlay, asked.special)
        if decision.action is Action.ALLOW:
            for link in chain:
                blocked = state.target(link.tagset, link.overlay, decision.covered)
                if blocked is not None:
                    return blocked, link.name
            if answer is not None:
                return answer, b""
        return decision, b""

    def at(moment: float) -> SlotState:
        return judge.state(client.slot, moment, trusted)

    state = at(wall)
    decision, target = decide(state)
    steps: list[Step] = []
    first = decide_question(state.rules, state.facts(asked.tagset, asked.overlay, asked.special), steps)
    if target:
        for link in chain:
            more: list[Step] = []
            decide_target(state.rules, state.facts(link.tagset, link.overlay), first.covered, more)
            steps += [replace(s, why=f"target: {s.why}".rstrip(": ")) for s in more]
            if link.name == target:
                break
    if decision is answer:
        steps.append(Step(decision.row, decision.action.name.lower(), decision.rule))
    change, since = None, None
    if target or decision.row > Row.MANDATORY:  # what the package and the province say has no hours
        change = _next(at, wall, decision, lambda s: decide(s)[0])
        since = _since(at, wall, decision, lambda s: decide(s)[0])
    return Explanation(decision, tuple(steps), state.rewrite(asked.name, first), target, since, change)


_At = Callable[[float], SlotState]
_Decide = Callable[[SlotState], Decision]


def _next(at: _At, wall: float, decision: Decision, decide: _Decide) -> Change | None:
    state = at(wall)
    for _ in range(_MAX_STEPS):
        moment = state.until
        if moment > wall + _MAX_AHEAD_S:
            return None
        state = at(moment)
        then = decide(state)
        if then is not decision and not _same(then, decision):
            return Change(moment, then)
    return None


def _since(at: _At, wall: float, decision: Decision, decide: _Decide) -> float | None:
    state = at(wall)
    for _ in range(_MAX_STEPS):
        since = state.since
        if since <= 0 or since < wall - _MAX_BACK_S:
            return None
        state = at(since - 1)
        before = decide(state)
        if before is not decision and not _same(before, decision):
            return since
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
    listed = decision.row is Row.GRANT and (decision.service or decision.category)
    if listed or decision.row in (Row.LIFELINE, Row.MANDATORY, Row.SERVICE, Row.CATEGORY, Row.BUDGET):
        return asked.matched or asked.name
    return b""
