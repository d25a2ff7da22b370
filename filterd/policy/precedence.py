"""The precedence table: one list of rules, the first that applies decides (DECISIONS 1). The only decision there is.

`decide_question` walks QUESTION_ROWS over what is known of a name (Facts) and what is in force for the asker (State);
`decide_target` walks TARGET_ROWS over a name in the answer's chain, where only a block counts. Both write down each
row they passed when a trace is asked for, so that workers, `explain` and the page run the very same code.

Rows 11 and 12 judge bytes of the answer and are found by resolve/; their verdicts are the constants at the end.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from filterd.model.decision import (
    EDE_BLOCKED,
    EDE_CENSORED,
    EDE_FILTERED,
    Action,
    Decision,
    Row,
    SetBy,
)
from filterd.model.household import Rule
from filterd.model.tags import NO_TAGS, TagSet


@dataclass(frozen=True, slots=True)
class Own:
    """What the household itself says about a name, for one profile, with all its listed ancestors folded in."""

    rule: Rule | None = None  # row 7: the most specific of the profile's own names; a tie blocks
    rule_name: str = ""
    always: str = ""  # the `always` name that covers it
    grants: frozenset[int] = frozenset()  # numbers of the name grants that cover it
    windows: frozenset[int] = frozenset()  # numbers of the profile's `only` windows that name it


NOTHING_OWN = Own()


@dataclass(frozen=True, slots=True)
class Facts:
    """All that is known of one name before anybody is asked."""

    tags: TagSet = NO_TAGS
    own: Own = NOTHING_OWN
    special: bool = False  # row 1: special-use or the appliance's own name, and no forwarding zone covers it


@dataclass(frozen=True, slots=True)
class LiveGrant:
    """A grant in force."""

    number: int
    scope: str  # time | name | service | category | filter
    value: str = ""
    by: str = ""


@dataclass(frozen=True, slots=True)
class LiveWindow:
    """A window in force. `number` counts within the profile."""

    number: int
    name: str
    services: frozenset[str] = frozenset()
    categories: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class State:
    """What is in force for one asker at one moment: flat, so that a decision is a handful of look-ups."""

    categories: dict[str, Rule] = field(default_factory=dict)
    services: dict[str, Rule] = field(default_factory=dict)
    off: str = ""  # whom the internet is off for: "device", "profile", "everyone"; "" when it is on
    off_by: str = ""
    offline: LiveWindow | None = None
    only: tuple[LiveWindow, ...] = ()
    timed_services: frozenset[str] = frozenset()  # named by some permit window of the profile
    timed_categories: frozenset[str] = frozenset()
    open_services: dict[str, str] = field(default_factory=dict)  # opened right now -> window's name
    open_categories: dict[str, str] = field(default_factory=dict)
    time: LiveGrant | None = None
    filter: LiveGrant | None = None
    grants: tuple[LiveGrant, ...] = ()  # name, service and category grants
    spent: tuple[tuple[frozenset[str], frozenset[str], int], ...] = ()  # used-up budgets: services, categories, minutes
    harm: frozenset[str] = frozenset()
    clock_trusted: bool = True


@dataclass(frozen=True, slots=True)
class Step:
    """One line of a trace: what a row said. `verdict` is "" for a row that did not apply."""

    row: Row
    verdict: str
    why: str = ""


_Judge = Callable[[State, Facts, "_Lift"], "Decision | None"]


@dataclass(frozen=True, slots=True)
class _Lift:
    """What grants lift for this very name, worked out once before the rows are walked."""

    time: bool = False  # rows 5, 6, 8 and the windows of 9 and 10
    blocks: bool = False  # the blocks of rows 5 to 9: a category grant covers the name, yet row 10 may still block
    service: bool = False  # a service grant covers the name
    categories: frozenset[str] = frozenset()  # categories that a grant opens


_NO_LIFT = _Lift()


def decide_question(state: State, facts: Facts, trace: list[Step] | None = None) -> Decision:
    """Return the decision on a question's name. `trace`, when given, gets one Step a row up to the deciding one."""
    lift = _lift_of(state, facts)
    for row, judge in QUESTION_ROWS:
        decision = judge(state, facts, lift)
        if trace is not None:
            trace.append(_step(row, decision, state, lift))
        if decision is not None:
            return decision
    raise AssertionError("row 13 always applies")  # pragma: no cover


def decide_target(state: State, facts: Facts, covered: bool, trace: list[Step] | None = None) -> Decision | None:
    """Return the block of a name in the answer's chain, or None when it passes.

    `covered`: the question was allowed by row 2, 4 or 7, so row 3 alone judges the chain.
    """
    lift = _lift_of(state, facts)
    for row, judge in TARGET_ROWS:
        if covered and row is not Row.MANDATORY:
            continue
        decision = judge(state, facts, lift)
        blocks = decision is not None and decision.action is Action.BLOCK
        if trace is not None:
            trace.append(_step(row, decision if blocks else None, state, lift))
        if blocks:
            return decision
    return None


def _lift_of(state: State, facts: Facts) -> _Lift:
    if state.time is None and not state.grants:
        return _NO_LIFT
    tags = facts.tags
    categories = frozenset(g.value for g in state.grants if g.scope == "category" and g.value in tags.categories)
    return _Lift(
        time=state.time is not None,
        blocks=bool(categories),
        service=any(g.scope == "service" and g.value in tags.services for g in state.grants),
        categories=categories,
    )


# ---- the rows, in order ------------------------------------------------------------------------------------------


def _local(state: State, facts: Facts, lift: _Lift) -> Decision | None:
    if not facts.special:
        return None
    return Decision(Action.LOCAL, Row.LOCAL, rule="special-use", set_by=SetBy.PACKAGE, covered=True)


def _lifeline(state: State, facts: Facts, lift: _Lift) -> Decision | None:
    if not facts.tags.lifeline:
        return None
    return Decision(Action.ALLOW, Row.LIFELINE, rule="lifeline", set_by=SetBy.PACKAGE, covered=True)


def _mandatory(state: State, facts: Facts, lift: _Lift) -> Decision | None:
    tag = facts.tags.mandatory
    if tag is None:
        return None
    return Decision(
        Action.BLOCK,
        Row.MANDATORY,
        rule=tag.category,
        category=tag.category,
        list_id=tag.id,
        set_by=SetBy.PROVINCE,
        canary=facts.tags.canary,
        ede=EDE_CENSORED,
    )


def _grant(state: State, facts: Facts, lift: _Lift) -> Decision | None:
    """A grant that covers the whole question; `time`, or a category grant beside another blocked one, only lifts."""
    if state.filter is not None:
        return _granted("filter", state.filter, safe_search=False)
    if facts.own.always:
        return Decision(Action.ALLOW, Row.GRANT, rule=f"always {facts.own.always}", set_by=SetBy.PARENT, covered=True)
    for grant in state.grants:
        if (grant.scope == "name" and grant.number in facts.own.grants) or (
            grant.scope == "service" and grant.value in facts.tags.services
        ):
            return _granted(f"{grant.scope} {grant.value}", grant)
    if lift.categories and _category(state, facts, lift) is None:
        for grant in state.grants:
            if grant.scope == "category" and grant.value in lift.categories:
                return _granted(f"category {grant.value}", grant)
    return None


def _granted(rule: str, grant: LiveGrant, *, safe_search: bool = True) -> Decision:
    return Decision(
        Action.ALLOW,
        Row.GRANT,
        rule=rule,
        service=grant.value if grant.scope == "service" else "",
        category=grant.value if grant.scope == "category" else "",
        set_by=SetBy.PARENT,
        by=grant.by,
        covered=True,
        safe_search=safe_search,
    )


def _off(state: State, facts: Facts, lift: _Lift) -> Decision | None:
    if not state.off or lift.time or lift.blocks:
        return None
    return _block(Row.OFF, state.off, facts, by=state.off_by)


def _window(state: State, facts: Facts, lift: _Lift) -> Decision | None:
    if lift.time or lift.blocks:
        return None
    if state.offline is not None:
        return _block(Row.WINDOW, state.offline.name, facts)
    for window in state.only:
        if window.number in facts.own.windows:
            continue
        if not window.services.isdisjoint(facts.tags.services):
            continue
        if not window.categories.isdisjoint(facts.tags.categories):
            continue
        return _block(Row.WINDOW, window.name, facts)
    return None


def _name(state: State, facts: Facts, lift: _Lift) -> Decision | None:
    rule = facts.own.rule
    if rule is None:
        return None
    if rule is Rule.ALLOW:
        text = f"allow {facts.own.rule_name}"
        return Decision(Action.ALLOW, Row.NAME, rule=text, set_by=SetBy.PARENT, covered=True)
    if lift.blocks:
        return None
    return _block(Row.NAME, f"block {facts.own.rule_name}", facts)


def _target_name(state: State, facts: Facts, lift: _Lift) -> Decision | None:
    """In the chain grants lift rows 9 and 10 alone, so a parent's own block stays."""
    return _name(state, facts, _NO_LIFT)


def _budget(state: State, facts: Facts, lift: _Lift) -> Decision | None:
    if lift.time or lift.blocks:
        return None
    for services, categories, minutes in state.spent:
        service = next((s for s in facts.tags.services if s in services), "")
        category = next((c for c in facts.tags.categories if c in categories), "")
        if service or category:
            return _block(Row.BUDGET, f"{minutes} min", facts, service=service, category=category)
    return None


def _service(state: State, facts: Facts, lift: _Lift) -> Decision | None:
    """Among several services of one name a block beats an allow."""
    allowed: Decision | None = None
    tags = facts.tags
    for service in tags.services:
        if service in state.timed_services:
            window = state.open_services.get(service)
            if window is None and not lift.time:
                if not (lift.service or lift.blocks):
                    return _block(Row.SERVICE, "outside its windows", facts, service=service)
                continue
            if _guarded(state, tags, lift):
                continue
            rule = f"inside {window}" if window is not None else "time grant"
        else:
            said = state.services.get(service)
            if said is Rule.BLOCK and not (lift.service or lift.blocks):
                return _block(Row.SERVICE, "blocked", facts, service=service)
            if said is not Rule.ALLOW:
                continue
            rule = "allowed"
        if allowed is None:
            allowed = Decision(Action.ALLOW, Row.SERVICE, rule=rule, service=service, set_by=SetBy.PARENT)
    return allowed


def _guarded(state: State, tags: TagSet, lift: _Lift) -> bool:
    """Return True when a permit window must not carry the name past row 10: a box with a wrong clock must not be
    talked into opening a harm category that the profile blocks (DECISIONS 5).
    """
    return not state.clock_trusted and any(
        state.categories.get(c) is Rule.BLOCK and c in state.harm and c not in lift.categories for c in tags.categories
    )


def _category(state: State, facts: Facts, lift: _Lift) -> Decision | None:
    if lift.service:
        return None
    for category in facts.tags.categories:
        if category in lift.categories:
            continue
        blocked = state.categories.get(category) is Rule.BLOCK
        rule = "blocked"
        if category in state.timed_categories:
            opened = lift.time or category in state.open_categories
            if not state.clock_trusted and blocked and category in state.harm:
                rule = "blocked while the clock is not trusted"
            elif opened:
                continue
            else:
                blocked, rule = True, "outside its windows"
        if blocked:
            return _block(Row.CATEGORY, rule, facts, category=category)
    return None


def _default(state: State, facts: Facts, lift: _Lift) -> Decision | None:
    return _DEFAULT_ALLOW


_DEFAULT_ALLOW = Decision(Action.ALLOW, Row.DEFAULT, rule="nothing blocks it")

QUESTION_ROWS: Sequence[tuple[Row, _Judge]] = (
    (Row.LOCAL, _local),
    (Row.LIFELINE, _lifeline),
    (Row.MANDATORY, _mandatory),
    (Row.GRANT, _grant),
    (Row.OFF, _off),
    (Row.WINDOW, _window),
    (Row.NAME, _name),
    (Row.BUDGET, _budget),
    (Row.SERVICE, _service),
    (Row.CATEGORY, _category),
    (Row.DEFAULT, _default),  # 11 and 12 judge the answer, after every allow
)
TARGET_ROWS: Sequence[tuple[Row, _Judge]] = (
    (Row.MANDATORY, _mandatory),
    (Row.NAME, _target_name),
    (Row.SERVICE, _service),
    (Row.CATEGORY, _category),
)

REBIND_BLOCK = Decision(
    Action.BLOCK, Row.REBIND, rule="private address in a public answer", set_by=SetBy.PACKAGE, ede=EDE_BLOCKED
)
UPSTREAM_BLOCK = Decision(
    Action.BLOCK, Row.UPSTREAM, rule="blocked by the upstream", set_by=SetBy.UPSTREAM, ede=EDE_BLOCKED
)


def _block(row: Row, rule: str, facts: Facts, *, service: str = "", category: str = "", by: str = "") -> Decision:
    """Return a block by the household; what else is known of the name comes along for the log and the page."""
    tags = facts.tags
    if not category and tags.categories:
        category = tags.categories[0]
    if not service and tags.services and row is not Row.CATEGORY:
        service = tags.services[0]
    return Decision(
        Action.BLOCK,
        row,
        rule=rule,
        service=service,
        category=category,
        list_id=tags.list_of(category) if category else "",
        set_by=SetBy.PARENT,
        by=by,
        canary=tags.canary,
        ede=EDE_FILTERED,
    )


_LIFTED_BY_TIME = frozenset({Row.OFF, Row.WINDOW, Row.BUDGET})
_LIFTED_BY_CATEGORY = frozenset({Row.OFF, Row.WINDOW, Row.NAME, Row.BUDGET, Row.SERVICE})


def _step(row: Row, decision: Decision | None, state: State, lift: _Lift) -> Step:
    if decision is not None:
        return Step(row, decision.action.name.lower(), decision.rule)
    if lift.time and row in _LIFTED_BY_TIME:
        return Step(row, "", "lifted by a time grant")
    if lift.blocks and row in _LIFTED_BY_CATEGORY:
        return Step(row, "", "lifted by a category grant")
    if lift.service and row in (Row.SERVICE, Row.CATEGORY):
        return Step(row, "", "lifted by a service grant")
    if row is Row.GRANT and state.time is not None:
        return Step(row, "", "a time grant lifts rows off, window, budget and the windows of service and category")
    return Step(row, "")
