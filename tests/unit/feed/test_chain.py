"""From one publication to the next: whatever a box holds of the last thirty, the deltas lead it to the newest text."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from filterd.errors import FeedError
from filterd.feed import chain, delta
from filterd.feed.chain import ListContent, Step, advance, remember
from filterd.feed.index import base_name, delta_name, list_path
from filterd.feed.index import chain as way
from filterd.model.feed import MAX_DELTAS, FeedList, Level
from tests.examples import examples

NAMES = [f"{c}{n}.example" for c in "abcdef" for n in range(6)]


def content(names: set[str] | list[str]) -> ListContent:
    return ListContent("scam", "scam", Level.OPTIONAL, delta.canonical(name.encode() for name in names))


class Shelf:
    """What a repository holds: the files that are signed now."""

    def __init__(self, history: Path) -> None:
        self.history = history
        self.files: dict[str, bytes] = {}
        self.listed: FeedList | None = None
        self.seq = 0

    def put(self, names: set[str] | list[str]) -> Step:
        self.seq += 1
        one = content(names)
        step = advance(self.listed, one, self.seq, "", self.history, {p: len(d) for p, d in self.files.items()})
        if step.new:
            remember(self.history, "", one)
        self.files = {path: self.files[path] for path in step.kept} | step.new
        self.listed = step.listed
        return step

    def follow(self, held: int, text: bytes) -> bytes | None:
        """Return what a box that has `text` of `held` gets by deltas; None when it has to take the base."""
        assert self.listed is not None
        steps = way(self.listed, held)
        for step in steps or ():
            file = self.files[list_path("scam", delta_name(*step))]
            text = delta.apply(text, delta.unpack(file, delta.MAX_DELTA_BYTES))
        return text if steps is not None else None

    def fresh(self) -> bytes:
        """Return what a new box gets: the base and the deltas after it."""
        assert self.listed is not None
        base = self.files[list_path("scam", base_name(self.listed.base))]
        found = self.follow(self.listed.base, delta.unpack(base, delta.MAX_TEXT_BYTES))
        assert found is not None
        return found


@settings(max_examples=examples(40), deadline=None)
@given(st.lists(st.sets(st.sampled_from(NAMES), min_size=1), min_size=1, max_size=40))
def test_every_box_of_the_window_and_every_new_one_ends_with_the_same_text(
    tmp_path_factory: pytest.TempPathFactory, days: list[set[str]]
) -> None:
    shelf = Shelf(tmp_path_factory.mktemp("h"))
    texts: dict[int, bytes] = {}
    for names in days:
        shelf.put(names)
        assert shelf.listed is not None
        texts[shelf.listed.seq] = content(names).text
        for held, text in texts.items():
            found = shelf.follow(held, text)
            assert found in (None, content(names).text)
        assert shelf.fresh() == content(names).text
    held = sorted(texts)[-MAX_DELTAS - 1 :]
    assert all(shelf.follow(seq, texts[seq]) is not None for seq in held)


def test_an_unchanged_list_keeps_its_number_and_writes_nothing(tmp_path: Path) -> None:
    shelf = Shelf(tmp_path)
    first = shelf.put({"a1.example"})
    again = shelf.put({"a1.example"})
    assert list(first.new) == ["lists/scam/base-1.zz"]
    assert (again.listed, again.new) == (first.listed, {})
    third = shelf.put({"a1.example", "b1.example"})
    assert list(third.new) == ["lists/scam/delta-1-3.zz"]
    assert (third.listed.base, third.listed.deltas, third.listed.seq) == (1, ((1, 3),), 3)


def test_the_chain_is_bounded_and_old_deltas_stay_for_boxes_that_were_away(tmp_path: Path) -> None:
    shelf = Shelf(tmp_path)
    for day in range(MAX_DELTAS + 1):
        step = shelf.put({f"n{day}.example"})
    assert (step.listed.base, len(step.listed.deltas)) == (1, MAX_DELTAS)
    step = shelf.put({"last.example"})  # the base would be too far away
    assert step.listed.base == step.listed.seq == MAX_DELTAS + 2
    assert step.listed.deltas[0] == (2, 3)
    assert len(step.listed.deltas) == MAX_DELTAS
    assert set(step.new) == {"lists/scam/base-32.zz", "lists/scam/delta-31-32.zz"}
    assert "lists/scam/base-1.zz" not in shelf.files


def test_deltas_that_weigh_more_than_half_the_base_make_a_new_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(chain, "SMALL_BYTES", 0)
    shelf = Shelf(tmp_path)
    names = {f"name{n * 7919 % 10007}.example" for n in range(2000)}
    shelf.put(names)
    small = shelf.put(names | {"x.example"})
    assert small.listed.base == 1
    large = shelf.put({f"other{n * 6007 % 10007}.example" for n in range(2000)})
    assert large.listed.base == 3
    assert large.listed.deltas == ((1, 2), (2, 3))  # who was there goes on by the delta all the same


@pytest.mark.parametrize("harm", ["missing", "damaged", "another"])
def test_a_lost_memory_costs_a_base_and_nothing_else(tmp_path: Path, harm: str) -> None:
    shelf = Shelf(tmp_path)
    shelf.put({"a1.example"})
    (kept,) = tmp_path.rglob("*.zz")
    if harm == "missing":
        kept.unlink()
    elif harm == "damaged":
        kept.write_bytes(b"no zlib")
    else:
        remember(tmp_path, "", content({"other.example"}))
    step = shelf.put({"a1.example", "b1.example"})
    assert (step.listed.base, step.listed.deltas) == (2, ())
    assert shelf.fresh() == b"a1.example\nb1.example\n"


def test_a_missing_file_of_the_chain_costs_a_base(tmp_path: Path) -> None:
    shelf = Shelf(tmp_path)
    shelf.put({"a1.example"})
    shelf.put({"a1.example", "b1.example"})
    del shelf.files["lists/scam/delta-1-2.zz"]
    assert shelf.put({"a1.example", "b1.example"}).listed.base == 3
    del shelf.files["lists/scam/base-3.zz"]
    assert shelf.put({"c1.example"}).listed.base == 4


def test_more_names_than_a_box_takes_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(chain, "MAX_NAMES", 2)
    Shelf(tmp_path).put({"a.example", "b.example"})
    with pytest.raises(FeedError, match="expected at most 2 names"):
        Shelf(tmp_path).put({"a.example", "b.example", "c.example"})
