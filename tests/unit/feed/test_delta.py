"""Lists as text and their changes: applied to the byte, refused when they do not fit, unpacked within bounds."""

from __future__ import annotations

import zlib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from filterd.feed import delta
from filterd.feed.refusal import FeedRefused
from filterd.model.feed import Refusal
from tests.examples import examples

NAMES = st.sets(st.text("abc-.", min_size=1, max_size=5).map(str.encode), max_size=60)


@given(NAMES, NAMES)
@settings(max_examples=examples(300))
def test_a_change_leads_from_one_list_to_the_other(before: set[bytes], after: set[bytes]) -> None:
    old, new = delta.canonical(before), delta.canonical(after)
    change = delta.make(old, new)
    assert delta.apply(old, change) == new
    assert set(delta.added(change).splitlines()) == after - before


@given(NAMES, st.binary(max_size=80) | st.text("+-abc\n", max_size=40).map(str.encode))
@settings(max_examples=examples(300))
def test_any_change_is_applied_or_refused(before: set[bytes], change: bytes) -> None:
    try:
        delta.apply(delta.canonical(before), change)
    except FeedRefused as exc:
        assert exc.code is Refusal.BAD_LIST


@given(st.binary(max_size=200), st.text("+-ab\n", max_size=20).map(str.encode))
@settings(max_examples=examples(200))
def test_a_list_that_is_none_is_no_trap(text: bytes, change: bytes) -> None:
    """Signed nonsense: it may come to anything, but it comes to an end."""
    try:
        delta.apply(text, change)
    except FeedRefused:
        pass


@pytest.mark.parametrize(
    "change",
    [b"-z.example\n", b"+a.example\n", b"a.example\n", b"+c.example", b"+\n", b"+d.example\n+c.example\n",
     b"+c.example\n+c.example\n"],
)  # fmt: skip
def test_a_change_that_does_not_fit_is_refused(change: bytes) -> None:
    with pytest.raises(FeedRefused, match="a change of a list"):
        delta.apply(b"a.example\nb.example\n", change)


@given(st.binary(max_size=2000))
@settings(max_examples=examples(100))
def test_packed_is_unpacked(data: bytes) -> None:
    assert delta.unpack(delta.pack(data), 2000) == data


@given(st.binary(max_size=100))
@settings(max_examples=examples(200))
def test_unpacking_anything_is_refused_or_within_the_bound(data: bytes) -> None:
    try:
        assert len(delta.unpack(data, 50)) <= 50
    except FeedRefused as exc:
        assert exc.code in (Refusal.BAD_LIST, Refusal.BOMB)


def test_the_bound_is_exact() -> None:
    packed = delta.pack(b"x" * 5_000_000)
    assert len(delta.unpack(packed, 5_000_000)) == 5_000_000
    with pytest.raises(FeedRefused) as refused:
        delta.unpack(packed, 4_999_999)
    assert refused.value.code is Refusal.BOMB


@pytest.mark.parametrize("data", [b"", zlib.compress(b"abc")[:-1], zlib.compress(b"abc") + b"x", b"\x00" * 9])
def test_damaged_files_are_refused(data: bytes) -> None:
    with pytest.raises(FeedRefused) as refused:
        delta.unpack(data, 100)
    assert refused.value.code is Refusal.BAD_LIST


@pytest.mark.parametrize(
    ("text", "count"),
    [(b"a.b\n", 2), (b"a.b", 1), (b"a.b\n\nc.d\n", 3), (b"\na.b\n", 2), (b"A.b\n", 1), (b"a b\n", 1), (b"||a.b^\n", 1)],
)
def test_a_text_that_is_no_list_is_refused(text: bytes, count: int) -> None:
    with pytest.raises(FeedRefused):
        delta.check(text, count)


def test_a_text_that_is_a_list_passes() -> None:
    delta.check(b"", 0)
    delta.check(b"a.example\nxn--b_c.example\n", 2)
