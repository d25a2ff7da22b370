"""The bundle against a naive model that keeps every entry of every list and walks all of them for each question."""

from __future__ import annotations

import tempfile
from pathlib import Path

from hypothesis import example, given, settings
from hypothesis import strategies as st

from filterd.listbuild.build import Builder
from filterd.listbuild.line import Entry
from filterd.lists.bundle import Bundle
from filterd.model.tags import Tag, TagKind
from filterd.wire.name import is_below, label_count, suffixes, to_wire
from tests.examples import examples

LABELS = st.sampled_from(["a", "b", "ab", "x"])
NAMES = st.lists(LABELS, min_size=2, max_size=5).map(lambda labels: to_wire(".".join(labels)))
SCOPES = st.sampled_from(["both", "exact", "below"])
ENTRIES = st.tuples(NAMES, SCOPES, st.sampled_from(["block", "allow", "hole"]), st.booleans())
LISTS = st.lists(st.lists(ENTRIES, max_size=8), min_size=1, max_size=4)

Item = tuple[bytes, str, str, bool]


def model(entries: list[Item], asked: bytes) -> bool:
    """Whether one list blocks `asked`, from the rules' text: important first; the longest decides; ties: @@, block, hole."""
    for level in (True, False):
        matching = [
            (label_count(name), ["hole", "block", "allow"].index(kind))
            for name, scope, kind, important in entries
            if important is level
            and is_below(asked, name)
            and not (scope == "exact" and asked != name)
            and not (scope == "below" and asked == name)
        ]
        if matching and (best := max(matching)[1]):
            return best == 1
    return False


def mask(item: Item) -> int:
    _, scope, kind, important = item
    entry = Entry(b"", scope == "exact", scope == "below", important)
    if kind == "hole":
        bits = {"both": 48, "exact": 16, "below": 32}[scope]
        return bits << 6 if important else bits
    return entry.mask(allow=kind == "allow")


@settings(max_examples=examples(300), deadline=None)
@given(LISTS)
@example([[(to_wire("b.a"), "both", "block", False), (to_wire("x.b.a"), "both", "hole", False)]])
@example([[(to_wire("b.a"), "both", "allow", True), (to_wire("x.b.a"), "exact", "block", True)]])
def test_look_up_agrees_with_the_model(lists: list[list[Item]]) -> None:
    builder = Builder()
    for number, entries in enumerate(lists):
        builder.add(Tag(TagKind.LIST, f"l{number}", "c"), [(mask(item), item[0]) for item in entries])
    with tempfile.TemporaryDirectory() as folder:
        bundle = Bundle.open(builder.write(Path(folder), b"k" * 16).path)
        listed = {item[0] for entries in lists for item in entries}
        asked = {suffix for name in listed for suffix in suffixes(name) if label_count(suffix) > 1}
        asked |= {b"\1a" + name for name in asked} | {b"\1q" + name for name in asked}
        for name in asked:
            expected = {f"l{number}" for number, entries in enumerate(lists) if model(entries, name)}
            number, matched = bundle.match(name)
            assert {tag.id for tag in bundle.tagsets[bundle.lookup(name)].tags} == expected
            assert number == bundle.lookup(name)
            assert not matched or (is_below(name, matched) and matched in listed)
            assert matched or not expected
        bundle.close()
