"""The bundle: the longest listed name decides, exactly or from above; close lets go."""

from __future__ import annotations

from pathlib import Path

import pytest

from filterd.listbuild.build import Builder
from filterd.listbuild.claims import ALLOW, BLOCK, BLOCK_BELOW, BLOCK_SELF, IMPORTANT_SHIFT
from filterd.lists.bundle import Bundle
from filterd.model.tags import Tag, TagKind
from filterd.wire.name import to_wire

ADS = Tag(TagKind.LIST, "ads", "ads")
ADULT = Tag(TagKind.LIST, "adult", "adult")
TUBE = Tag(TagKind.SERVICE, "tube")


def bundle(folder: Path, claims: dict[Tag, list[tuple[int, str]]]) -> Bundle:
    builder = Builder()
    for tag, entries in claims.items():
        builder.add(tag, [(mask, to_wire(name)) for mask, name in entries])
    return Bundle.open(builder.write(folder, b"k" * 16).path)


def tags(found: Bundle, name: str) -> set[str]:
    return {tag.id for tag in found.tagsets[found.lookup(to_wire(name))].tags}


def test_a_name_and_everything_below_it(tmp_path: Path) -> None:
    found = bundle(tmp_path, {ADS: [(BLOCK, "ads.example")]})
    assert tags(found, "ads.example") == tags(found, "a.b.c.ads.example") == {"ads"}
    assert tags(found, "example") == tags(found, "bads.example") == tags(found, "ads.example.org") == set()
    assert found.lookup(b"\0") == 0
    assert found.match(to_wire("x.ads.example")) == (1, to_wire("ads.example"))
    assert found.match(to_wire("x.example")) == (0, b"")


def test_a_dot_inside_a_label_is_no_separator(tmp_path: Path) -> None:
    found = bundle(tmp_path, {ADS: [(BLOCK, "ads.example")]})
    assert found.lookup(b"\x05x.ads\x07example\x00") == 0
    assert found.lookup(b"\x0bads.example\x00") == 0


def test_exact_and_below_only(tmp_path: Path) -> None:
    found = bundle(tmp_path, {ADS: [(BLOCK_SELF, "only.example"), (BLOCK_BELOW, "below.example")]})
    assert tags(found, "only.example") == tags(found, "x.below.example") == {"ads"}
    assert tags(found, "x.only.example") == tags(found, "below.example") == set()


def test_sets_are_closed_over_lists_and_ancestors(tmp_path: Path) -> None:
    found = bundle(
        tmp_path, {ADS: [(BLOCK, "a.site.example")], ADULT: [(BLOCK, "site.example")], TUBE: [(BLOCK, "site.example")]}
    )
    assert tags(found, "x.a.site.example") == {"ads", "adult", "tube"}
    assert tags(found, "b.site.example") == {"adult", "tube"}


def test_an_exception_lifts_its_own_list_only(tmp_path: Path) -> None:
    found = bundle(
        tmp_path,
        {ADS: [(BLOCK, "site.example"), (ALLOW, "good.site.example")], ADULT: [(BLOCK, "site.example")]},
    )
    assert tags(found, "site.example") == {"ads", "adult"}
    assert tags(found, "x.good.site.example") == {"adult"}


def test_important_beats_an_exception_of_any_length(tmp_path: Path) -> None:
    found = bundle(
        tmp_path,
        {
            ADS: [
                (BLOCK << IMPORTANT_SHIFT, "site.example"),
                (ALLOW, "good.site.example"),
                (ALLOW << IMPORTANT_SHIFT, "ok.site.example"),
            ]
        },
    )
    assert tags(found, "good.site.example") == {"ads"}
    assert tags(found, "ok.site.example") == set()


def test_entries_that_say_nothing_new_are_folded(tmp_path: Path) -> None:
    builder = Builder()
    builder.add(ADS, [(BLOCK, to_wire(n)) for n in ("site.example", "www.site.example", "a.www.site.example")])
    built = builder.write(tmp_path, b"k" * 16)
    assert (built.names, built.folded) == (1, 2)
    found = Bundle.open(built.path)
    assert list(found.entries()) == [(to_wire("site.example"), 1, 1)]
    assert tags(found, "b.a.www.site.example") == {"ads"}


def test_close_lets_go_even_while_lookup_is_held(tmp_path: Path) -> None:
    found = bundle(tmp_path, {ADS: [(BLOCK, "ads.example")]})
    held = found.lookup
    found.close()
    assert held(to_wire("ads.example")) == 1
    with pytest.raises(ValueError, match="closed"):
        found.lookup(to_wire("ads.example"))
    with pytest.raises(ValueError, match="closed"):
        found.match(to_wire("ads.example"))
    other = bundle(tmp_path, {ADS: [(BLOCK, "b.example")]})
    other.close()
    in_memory = Bundle(next(tmp_path.glob("*.flt")).read_bytes())
    in_memory.close()
