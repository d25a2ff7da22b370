"""A list's size as a line: what was taken on it, what was held beside it, everything inside the picture."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.examples import examples
from webui.list_chart import BOTTOM, LEFT, RIGHT, TOP, Cross, of

DAY = 86_400.0


def test_the_held_version_is_a_cross_joined_to_the_last_good_one() -> None:
    chart = of([(2 * DAY, 10, False, "too small"), (DAY, 100, True, ""), (0.0, 50, True, "")])
    assert chart is not None
    assert chart.line == "8,48 160,12" and chart.dots == ((8, 48), (160, 12))
    assert chart.held == (Cross(312, 77, 160, 12),)
    assert (chart.low, chart.high, chart.newest, chart.first, chart.last) == (50, 100, 100, 0.0, 2 * DAY)


def test_one_version_is_no_line() -> None:
    assert of([]) is of([(0.0, 5, True, "")]) is None
    assert of([(0.0, 5, False, ""), (DAY, 6, False, "")]) is None  # nothing was ever taken
    assert of([(None, 5, True, ""), (DAY, 0, True, ""), (DAY, 6, True, "")]) is None


EVENTS = st.lists(
    st.tuples(st.none() | st.floats(0, 4e9), st.integers(0, 10**9), st.booleans(), st.text(max_size=3)), max_size=30
)


@given(events=EVENTS)
@settings(max_examples=examples(200))
def test_everything_lies_inside_the_picture(events: list[tuple[float | None, int, bool, str]]) -> None:
    chart = of(events)
    if chart is None:
        return
    for x, y in [*chart.dots, *((c.x, c.y) for c in chart.held), *((c.from_x, c.from_y) for c in chart.held)]:
        assert LEFT <= x <= RIGHT and TOP <= y <= BOTTOM
    assert len(chart.dots) + len(chart.held) == sum(at is not None and names > 0 for at, names, _, _ in events)
    assert list(chart.dots) == sorted(chart.dots, key=lambda dot: dot[0])
