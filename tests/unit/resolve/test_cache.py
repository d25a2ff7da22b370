"""Bounds, eviction, absences and failures of the cache."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from filterd.resolve.cache import MAX_FAILURES, Cache, Fact, absence_key, failed, is_all_types, key
from filterd.wire.name import to_wire


def _fact(stored: float = 0.0, lifetime: int = 300, rcode: int = 0, size: int = 10) -> Fact:
    return Fact((b"x" * size, b""), (lifetime,), 1, 0, rcode, stored, lifetime)


def _key(name: str, qtype: int = 1) -> bytes:
    return key(to_wire(name), qtype, False, False, 0)


def test_keys_differ_in_every_part() -> None:
    name = to_wire("a.example")
    keys = {
        key(name, 1, False, False, 0), key(name, 28, False, False, 0), key(name, 1, True, False, 0),
        key(name, 1, False, True, 0), key(name, 1, False, False, 1), key(name, 0, False, False, 0),
        absence_key(name, False, False, 0), absence_key(name, True, False, 0), key(to_wire("example"), 1, False, False, 0),
    }  # fmt: skip
    assert len(keys) == 9
    assert [is_all_types(k) for k in (absence_key(name, True, True, 7), key(name, 0, True, True, 7))] == [True, False]


def test_fact_knows_what_is_left() -> None:
    assert _fact(stored=10.0).left(110.0) == 200.0
    assert _fact(stored=10.0).left(311.0) == -1.0


def test_replacing_keeps_count_and_popularity() -> None:
    cache = Cache(10_000, 0)
    cache.put(_key("a.example"), _fact())
    size = cache.bytes
    cache.get(_key("a.example")).hits = 5  # type: ignore[union-attr]
    cache.put(_key("a.example"), _fact())
    assert (len(cache), cache.bytes) == (1, size)
    assert cache.get(_key("a.example")).hits == 5  # type: ignore[union-attr]
    cache.remove(_key("a.example"))
    cache.remove(_key("a.example"))
    assert (len(cache), cache.bytes) == (0, 0)


def test_what_is_asked_for_is_spared_and_the_old_goes_first() -> None:
    cache = Cache(30_000, 86_400)
    cache.put(_key("popular.example"), _fact())
    cache.put(_key("outdated.example"), _fact(lifetime=1))
    cache.get(_key("outdated.example")).hits = 9  # type: ignore[union-attr]
    for number in range(300):
        cache.get(_key("popular.example")).hits += 1  # type: ignore[union-attr]
        cache.put(_key(f"n{number}.example"), _fact(stored=10.0))
    assert cache.get(_key("popular.example")) is not None
    assert cache.get(_key("outdated.example")) is None
    assert cache.bytes <= 30_000


def test_giant_alone_may_stay_and_pushes_all_else_out() -> None:
    cache = Cache(5000, 0)
    for number in range(5):
        cache.put(_key(f"n{number}.example"), _fact())
        cache.get(_key(f"n{number}.example")).hits = 100  # type: ignore[union-attr]
    cache.put(_key("giant.example"), _fact(size=60_000))
    assert len(cache) == 1
    cache.put(_key("small.example"), _fact())
    assert cache.bytes <= 5000


@given(st.lists(st.tuples(st.integers(0, 40), st.integers(0, 3000), st.booleans()), max_size=200))
def test_bytes_are_always_within_bounds(steps: list[tuple[int, int, bool]]) -> None:
    cache = Cache(8000, 0)
    for number, size, absent in steps:
        name = to_wire(f"n{number}.example")
        cache.put(absence_key(name, False, False, 0) if absent else _key(f"n{number}.example"), _fact(size=size))
        assert cache.bytes <= 8000 or len(cache) == 1
    keys = list(cache._facts)
    assert cache._nxdomains == sum(map(is_all_types, keys))
    for k in keys:
        cache.remove(k)
    assert (cache.bytes, cache._nxdomains) == (0, 0)


def test_absence_covers_what_is_below_while_it_is_fresh() -> None:
    cache = Cache(10_000, 0)
    name = to_wire("gone.example")
    assert cache.nonexistent(name, False, False, 0, 0.0) is None
    cache.put(absence_key(name, False, False, 0), _fact(rcode=3))
    for below in ("gone.example", "a.gone.example", "a.b.gone.example"):
        assert cache.nonexistent(to_wire(below), False, False, 0, 299.0) is not None
    assert cache.nonexistent(to_wire("example"), False, False, 0, 1.0) is None
    assert cache.nonexistent(to_wire("xgone.example"), False, False, 0, 1.0) is None
    assert cache.nonexistent(name, True, False, 0, 1.0) is None
    assert cache.nonexistent(name, False, False, 0, 300.0) is None
    assert cache.nonexistent(b"\0", False, False, 0, 1.0) is None


def test_failures_end_and_are_bounded() -> None:
    cache = Cache(10_000, 0)
    fact = failed(1.0, ((23, ""),))
    assert (fact.rcode, fact.lifetime, fact.ttls) == (2, 0, ())
    cache.fail(b"k", fact, 6.0)
    assert cache.failure(b"other", 2.0) is None
    assert cache.failure(b"k", 5.9) is fact
    assert cache.failure(b"k", 6.0) is None
    assert cache.failure(b"k", 1.0) is None
    cache.fail(_key("a.example"), fact, 6.0)
    cache.put(_key("a.example"), _fact())
    assert cache.failure(_key("a.example"), 2.0) is None
    for number in range(MAX_FAILURES + 1):
        cache.fail(b"%d" % number, fact, 6.0)
    assert len(cache._failures) == 1
