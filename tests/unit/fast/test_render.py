"""TTL arithmetic: what is shown, and how long it stays true."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from filterd.fast import render
from filterd.fast.loop import cap_fall
from filterd.resolve.cache import Fact


def _fact(ttls: list[int], stored: float) -> Fact:
    pieces = tuple(b"%d" % index for index in range(len(ttls) + 1))
    return Fact(pieces, tuple(ttls), len(ttls), 0, 0, stored, min(ttls))


def _ttls(fact: Fact, age: int, cap: int) -> list[int]:
    """The TTLs in the rendered bytes, read back by their places."""
    data = render.records(fact, age, cap)
    shown, pos = [], len(fact.pieces[0])
    for piece in fact.pieces[1:]:
        shown.append(int.from_bytes(data[pos : pos + 4], "big"))
        pos += 4 + len(piece)
    assert pos == len(data)
    return shown


def test_ttls_count_down_and_are_capped() -> None:
    fact = _fact([300, 20], 5.0)
    assert _ttls(fact, 0, render.NO_CAP) == [300, 20]
    assert _ttls(fact, 7, render.NO_CAP) == [293, 13]
    assert _ttls(fact, 7, 60) == [60, 13]
    assert _ttls(fact, 25, 60) == [60, 0]
    assert _ttls(_fact([300], 5.0), 301, 60) == [0]


def test_stale_ttls_are_thirty_or_the_cap() -> None:
    fact = _fact([300, 5], 5.0)
    assert render.stale_records(fact, render.NO_CAP) == b"0\0\0\0\x1e1\0\0\0\x1e2"
    assert render.stale_records(fact, 7) == b"0\0\0\0\x071\0\0\0\x072"


@given(
    st.lists(st.integers(1, 90_000), min_size=1, max_size=4),
    st.floats(0, 1e6, allow_nan=False),
    st.floats(0, 1),
    st.one_of(st.none(), st.floats(0.01, 400)),
    st.floats(0, 1),
)
def test_prepared_answer_is_true_until_it_says_so(
    ttls: list[int], stored: float, age_part: float, boundary: float | None, later_part: float
) -> None:
    """At any moment before `true_until` the same TTLs would be shown. `boundary`: seconds to the next turn of rules."""
    fact = _fact(ttls, stored)
    now = stored + age_part * fact.lifetime * 0.999
    if boundary is None:
        cap, fall = render.NO_CAP, float("inf")
    else:
        cap = max(1, min(render.FULL_CAP, int(boundary)))
        fall = cap_fall(cap, boundary, 0.0, now)  # wall time 0 at `now`
    until = render.true_until(fact, now, cap, fall)
    assert until <= max(now, stored + fact.lifetime) + 1.0
    if until <= now:
        return
    later = now + (until - now) * later_part * 0.999999
    if boundary is None:
        cap_later = render.NO_CAP
    else:
        cap_later = max(1, min(render.FULL_CAP, int(boundary - (later - now))))
    age, age_later = int(now - stored), int(later - stored)
    close = min(abs((later - stored) % 1.0), 1 - (later - stored) % 1.0) < 1e-6 or (
        boundary is not None and min((boundary - (later - now)) % 1.0, 1 - (boundary - (later - now)) % 1.0) < 1e-6
    )
    if not close:  # at the very edge of a second floating point may say either
        assert _ttls(fact, age, cap) == _ttls(fact, age_later, cap_later)
    if now < stored + fact.lifetime * render.PREFETCH_PART:
        assert until <= stored + fact.lifetime * render.PREFETCH_PART


def test_far_answer_under_a_cap_stays_true_for_long() -> None:
    fact = _fact([3600], 100.0)
    assert render.true_until(fact, 100.0, 60, float("inf")) == 100.0 + 3600 * render.PREFETCH_PART
    assert render.true_until(_fact([100], 100.0), 100.5, 60, float("inf")) == 100.0 + 41
    assert render.true_until(_fact([100], 100.0), 150.5, 60, float("inf")) == 151.0
    assert render.true_until(_fact([100], 100.0), 195.2, 60, float("inf")) == 196.0
    assert render.true_until(fact, 100.0, 60, 130.0) == 130.0


def test_cap_falls_when_the_boundary_is_a_minute_away() -> None:
    assert cap_fall(60, until=1000.0, wall=900.0, now=5.0) == 45.0
    assert cap_fall(59, until=1000.0, wall=940.5, now=5.0) == 5.5
    assert cap_fall(1, until=1000.0, wall=999.7, now=5.0) == 5.0
