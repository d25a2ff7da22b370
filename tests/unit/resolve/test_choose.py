"""Round-trip times, probation, and who is asked."""

from __future__ import annotations

from filterd.model.upstream import parse
from filterd.resolve.choose import (
    FAILURES_TO_PROBATION,
    FIRST_TIMEOUT_S,
    MAX_PROBATION_S,
    MAX_TIMEOUT_S,
    MIN_TIMEOUT_S,
    Health,
    choose,
)


def _healths(count: int = 3) -> list[Health]:
    return [Health(number, parse(f"udp://192.0.2.{number + 1}")) for number in range(count)]


def test_timeout_follows_the_round_trips_within_bounds() -> None:
    health = _healths()[0]
    assert health.timeout_s == FIRST_TIMEOUT_S
    for _ in range(50):
        health.answered(0.001)
    assert health.timeout_s == MIN_TIMEOUT_S
    for _ in range(50):
        health.answered(0.8)
    assert 0.8 < health.timeout_s < MAX_TIMEOUT_S
    for _ in range(50):
        health.answered(5.0)
    assert health.timeout_s == MAX_TIMEOUT_S
    before = health.srtt
    health.answered(None)
    assert health.srtt == before
    assert Health(0, parse("tcp://192.0.2.1")).timeout_s == MAX_TIMEOUT_S


def test_order_counts_among_equals_and_the_clearly_faster_wins() -> None:
    healths = _healths()
    for health, rtt in zip(healths, (0.03, 0.02, 0.4), strict=True):
        health.answered(rtt)
    assert choose(healths, (0, 1, 2), ()) is healths[0]
    assert choose(healths, (2, 1), ()) is healths[1]
    assert choose(healths, (0, 1, 2), {0}) is healths[1]
    assert choose(healths, (0,), {0}) is None
    assert choose(healths, (), ()) is None
    healths[0].looping = True
    assert choose(healths, (0, 1), ()) is healths[1]


def test_probation_comes_after_failures_in_a_row_and_doubles() -> None:
    health = _healths()[0]
    for _ in range(FAILURES_TO_PROBATION - 1):
        health.failed(1.0)
    health.answered(0.1)
    assert not health.on_probation
    for _ in range(FAILURES_TO_PROBATION + 2):
        health.failed(1.0)
    assert health.on_probation
    assert not health.probe_due(1.5)
    now, waits = 2.0, []
    while health.probe_due(now):
        waits.append(health.down_until - now)
        now = health.down_until
        if len(waits) > 8:
            break
    assert waits[:4] == [2.0, 4.0, 8.0, 16.0]
    assert waits[-1] == MAX_PROBATION_S
    health.answered(0.1)
    assert not health.on_probation
    assert not health.probe_due(1e9)


def test_those_on_probation_come_last_longest_suffering_first() -> None:
    healths = _healths()
    for number, at in ((0, 5.0), (1, 1.0)):
        for _ in range(FAILURES_TO_PROBATION):
            healths[number].failed(at)
    healths[2].answered(0.9)
    assert choose(healths, (0, 1, 2), ()) is healths[2]
    assert choose(healths, (2, 1, 0), ()) is healths[2]
    assert choose(healths, (0, 1), ()) is healths[1]
    assert choose(healths, (1, 0), ()) is healths[1]


def test_folding_is_believed_at_once_over_tcp_and_after_three_by_udp() -> None:
    health = _healths()[0]
    health.confirmed_fold(1.0, certain=False)
    health.confirmed_fold(1.0, certain=False)
    assert health.folds_until == 0.0
    health.confirmed_fold(1.0, certain=False)
    assert health.folds_until > 1000
    other = _healths()[1]
    other.confirmed_fold(1.0, certain=True)
    assert other.folds_until > 1000
