"""Random households: the outlook says of every minute what the decision on an unknown name says, and promises hold."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, time
from itertools import pairwise
from zoneinfo import ZoneInfo

from hypothesis import given, settings
from hypothesis import strategies as st

from filterd.model.decision import Action, Row
from filterd.model.household import DayException, Effect, Grant, Household, InternetOff, Profile, Scope, Window
from filterd.model.tags import NO_TAGS
from filterd.policy.compile import compile_snapshot
from filterd.policy.explain import Name, explain
from filterd.policy.judge import Client, Judge
from filterd.policy.outlook import around, extra_grant, following, judge_of, next_off, strip
from filterd.policy.snapshot import Snapshot, dump
from filterd.wire.name import to_wire
from tests.policy_model import Model, Named
from tests.property.test_policy_model import CHANGES, KNOWLEDGE

UNKNOWN = to_wire("nobody.knows.example")
_HALF_HOURS = st.integers(0, 47).map(lambda n: n * 30)


@st.composite
def windows(draw: st.DrawFn, number: int = 0) -> Window:
    """A window that starts at a half hour."""
    effect = draw(st.sampled_from(Effect))
    start = draw(_HALF_HOURS)
    days = draw(st.none() | st.frozensets(st.integers(0, 6), min_size=1))
    services = ("tube",) if effect is not Effect.OFFLINE else ()
    return Window(
        f"w{draw(st.integers(0, 3))}",
        effect,
        start,
        start + draw(st.sampled_from((30, 90, 540, 1440))),
        days,
        (),
        services,
    )


@st.composite
def worlds(draw: st.DrawFn) -> tuple[Household, float]:
    """A household of one person and a moment, around a day on which the zone's clock may change."""
    zone_name, day = draw(st.sampled_from(CHANGES))
    zone = ZoneInfo(zone_name)
    now = (
        datetime.combine(day, time(), zone).timestamp() + draw(st.integers(-600, 1800)) * 60 + draw(st.integers(0, 59))
    )

    def moments() -> st.SearchStrategy[float]:
        return st.integers(-900, 900).map(lambda n: float(int(now) // 60 * 60 + n * 60))

    def end() -> float | None:
        return draw(st.none() | moments())

    grants, offs = [], []
    for _ in range(draw(st.integers(0, 3))):
        start, until = draw(moments()), end()
        scope = draw(st.sampled_from((Scope.TIME, Scope.FILTER)))
        if until is None or until > start:
            grants.append(Grant(scope, "", "lan", "", start, until, "mẹ"))
    for _ in range(draw(st.integers(0, 2))):
        start, until = draw(moments()), end()
        if until is None or until > start:
            ended = draw(st.none() | moments())
            offs.append(InternetOff("lan", "", False, start, until, "bố", ended=ended))
    exceptions = (DayException((draw(windows()),), on=day),) if draw(st.booleans()) else ()
    profile = Profile("lan", "Lan", windows=tuple(draw(st.lists(windows(), max_size=4))), exceptions=exceptions)
    household = Household((profile,), timezone=zone_name, grants=tuple(grants), internet_off=tuple(offs))
    return household, now


def decided(judge: Judge, at: float) -> str:
    """The kind of Internet that the decision on an unknown name means: by explain, over the whole compiled snapshot."""
    overlay = judge.snapshot.overlay(UNKNOWN)
    decision = explain(judge, Client(0, "lan", ""), Name(UNKNOWN, 0, overlay), at).decision
    if decision.action is Action.BLOCK:
        rules = judge.state(0, at).rules
        return "only" if decision.row is Row.WINDOW and rules.offline is None else "off"
    return "paused" if decision.row is Row.GRANT else "on"


def published(household: Household, now: float) -> Judge:
    """A judge over the household as it is published."""
    return Judge(Snapshot.load(dump(compile_snapshot(household, KNOWLEDGE, now))), (NO_TAGS,))


@given(worlds(), st.lists(st.integers(0, 30 * 60), min_size=1, max_size=8))
@settings(max_examples=150, deadline=None)
def test_every_minute_of_the_strip_is_what_is_decided(world: tuple[Household, float], minutes: list[int]) -> None:
    household, now = world
    judge, model = judge_of(household, now), Model(household, set(), {}, now)
    pieces = strip(judge, 0, now, now + 31 * 3600)
    assert pieces[0].start == now and pieces[-1].end == now + 31 * 3600
    for one, other in pairwise(pieces):
        assert one.end == other.start and replace(one, start=0, end=0) != replace(other, start=0, end=0)
    whole = published(household, now)
    for minute in minutes:
        at = now + minute * 60
        kind = next(p.kind for p in pieces if p.start is not None and p.end is not None and p.start <= at < p.end)
        assert kind == decided(whole, at) == around(judge, 0, at).kind
        if not any(o.ended for o in household.internet_off):  # the naive model knows no offs that were ended
            action, row = model.decide("lan", "", Named("nobody.knows.example"), at)
            assert (kind in ("off", "only")) == (action == "block") and (kind == "paused") == (row == "grant")


@given(worlds())
@settings(max_examples=100, deadline=None)
def test_until_and_then_are_true(world: tuple[Household, float]) -> None:
    household, now = world
    judge, whole = judge_of(household, now), published(household, now)
    piece = around(judge, 0, now)
    then = following(judge, 0, piece)
    assert piece.start is None or piece.start <= now
    if piece.end is None:
        assert then is None and {decided(whole, now + d * 3571) for d in range(240)} == {piece.kind}
        return
    assert then is not None and then.start == piece.end and (then.kind, then.rule) != (piece.kind, piece.rule)
    assert decided(whole, piece.end) == then.kind
    step = max(60.0, (piece.end - now) / 50)
    at = now
    while at < piece.end:
        assert decided(whole, at) == piece.kind
        at += step
    assert decided(whole, piece.end - 1) == piece.kind


@given(worlds(), st.sampled_from((1, 15, 30, 60)))
@settings(max_examples=100, deadline=None)
def test_more_minutes_keep_their_promise(world: tuple[Household, float], minutes: int) -> None:
    household, now = world
    judge = judge_of(household, now)
    before = next_off(judge, 0, now)
    grant = extra_grant(household, judge, "lan", minutes, now)
    if grant is None:
        assert before is None or before > now + 86_400
        return
    assert before is not None and grant.start is not None
    given_to = replace(household, grants=(*household.grants, grant))
    whole = published(given_to, now)
    off_at = next_off(judge_of(given_to, now), 0, now)
    # it is open until then, and no grant ever closes anything
    assert off_at is None or off_at >= before
    for at in (now, before, max(now, before + minutes * 60 - 1)):
        if off_at is None or at < off_at:
            assert decided(whole, at) in ("on", "paused")
    if not any((o.start or 0) > grant.start and (o.start or 0) < before + minutes * 60 for o in household.internet_off):
        assert off_at is None or off_at >= before + minutes * 60
