"""The bar of a device: higher for one whose silences often go far, and back again."""

from __future__ import annotations

import json
from typing import Any

import pytest

from filterd.presence.bypass_bar import LOW, Bar


def after(silences: list[float], days: int = 10) -> Bar:
    """A bar after so many days with these silences each."""
    bar = Bar()
    for _ in range(days):
        for nats in silences:
            bar.see(nats)
            bar.end(told=False)
        bar.day()
    return bar


def test_a_calm_device_has_a_low_bar_and_one_with_long_silences_a_high_one() -> None:
    assert LOW < after([]).nats < after([3.5]).nats < after([3.5, 4.5]).nats < after([5.0, 6.0]).nats


def test_only_silences_beyond_low_count() -> None:
    assert after([LOW, 1.0, 0.0]).nats == after([]).nats


def test_a_silence_counts_by_the_most_it_reached_and_once() -> None:
    one, many = Bar(), Bar()
    for nats in (3.5, 5.0, 4.0):
        many.see(nats)
    many.end(told=False)
    many.end(told=False)
    one.take(5.0)
    assert many.document() == one.document()


def test_what_was_told_is_not_counted() -> None:
    bar = Bar()
    bar.see(9.0)
    bar.end(told=True)
    assert bar.document() == Bar().document()


def test_it_forgets_within_weeks() -> None:
    bar, calm = after([6.0, 6.0]), after([])
    high = bar.nats
    for _ in range(90):
        bar.day()
        calm.day()
    assert bar.nats < high - 2 and bar.nats == pytest.approx(calm.nats, abs=0.5)


def test_it_comes_back() -> None:
    bar = after([4.0])
    assert Bar.of(json.loads(json.dumps(bar.document()))).nats == pytest.approx(bar.nats, abs=0.01)


@pytest.mark.parametrize(
    "document", [None, [], [1, 2], [1, 2, 3, 4], ["x", 0, 0], [-1, 0, 0], [0, float("nan"), 0], [0, 0, 1e9]]
)
def test_damage_is_refused(document: Any) -> None:
    with pytest.raises((TypeError, ValueError)):
        Bar.of(document)
