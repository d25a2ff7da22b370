"""Overlap and repetition of lists, on bundles small enough to count by hand."""

from __future__ import annotations

from pathlib import Path

from filterd.listbuild.build import Builder, content_key
from filterd.listbuild.overlap import Share, repeated, shares
from filterd.listbuild.read import Report, read_claims
from filterd.lists.bundle import Bundle
from filterd.model.tags import Tag, TagKind


def test_what_each_list_adds(tmp_path: Path) -> None:
    builder = Builder()
    for ident, category, body in (
        ("one", "ads", b"a.example.com\nb.example.com\nc.example.com\n"),
        ("two", "ads", b"b.example.com\nexample.net\n"),
        ("three", "games", b"c.example.com\nwww.example.net\n"),
    ):
        builder.add(Tag(TagKind.LIST, ident, category), read_claims(body, "domains", Report()))
    builder.add(Tag(TagKind.SERVICE, "app"), read_claims(b"a.example.com\n", "domains", Report()))  # no list
    built = builder.write(tmp_path, content_key([]))
    found, both = shares(Bundle.open(built.path))
    assert found == {
        "one": Share("one", "ads", 3, 1),
        "two": Share("two", "ads", 3, 1),  # www.example.net lies below its example.net
        "three": Share("three", "games", 2, 0),
    }
    assert both == {("one", "two"): 1, ("one", "three"): 1, ("three", "two"): 1}


def test_what_a_list_says_twice() -> None:
    body = b"example.com\nwww.example.com\nexample.com\nother.example.org\n"
    assert repeated(read_claims(body, "domains", Report())) == (4, 2)
    assert repeated(read_claims(b"0.0.0.0 example.com\n0.0.0.0 www.example.com\n", "hosts", Report())) == (2, 0)
    assert repeated(read_claims(b"@@||example.com^\n", "adblock", Report())) == (0, 0)
