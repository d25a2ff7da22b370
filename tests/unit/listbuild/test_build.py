"""The builder: deterministic, refuses what look-up could not find, writes whole or not at all."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from filterd.errors import ListRejected, StoreError
from filterd.listbuild import build
from filterd.listbuild.build import Builder, content_key
from filterd.listbuild.claims import ALLOW, BLOCK, BLOCK_SELF
from filterd.lists.bundle import Bundle
from filterd.model.tags import Tag, TagKind
from filterd.wire.name import to_wire

KEY = b"k" * 16


def test_the_file_depends_on_the_claims_not_on_their_order(tmp_path: Path) -> None:
    names = [to_wire(f"n{n}.{n % 50}.example") for n in range(3000)]
    claims = [
        (Tag(TagKind.LIST, f"l{n % 3}", "c"), (BLOCK, BLOCK_SELF, ALLOW)[n % 7 % 3], name)
        for n, name in enumerate(names)
    ]
    digests = set()
    for seed in range(3):
        random.Random(seed).shuffle(claims)
        builder = Builder()
        for tag, mask, name in claims:
            builder.add(tag, [(mask, name)])
        digests.add(builder.write(tmp_path / str(seed), KEY).digest)
    assert len(digests) == 1


def test_names_with_one_fingerprint_are_in_order_of_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """All fingerprints are made equal, so that only the name can order them."""

    class Flat:
        def __init__(self, **_: object) -> None: ...
        def copy(self) -> Flat:
            return self

        def update(self, _: bytes) -> None: ...
        def digest(self) -> bytes:
            return b"\x07\0\0\0"

    real = build.blake2b
    monkeypatch.setattr(build, "blake2b", lambda *a, **k: Flat() if k.get("digest_size") == 4 else real(*a, **k))
    found = []
    for order in ((1, 2, 3), (3, 1, 2), (2, 3, 1)):
        builder = Builder()
        builder.add(Tag(TagKind.LIST, "l", "c"), [(BLOCK, to_wire(f"n{n}.example")) for n in order])
        found.append(builder.write(tmp_path, KEY).digest)
    assert len(set(found)) == 1


def test_single_labels_and_the_root_are_refused(tmp_path: Path) -> None:
    for name in ("com", "."):
        with pytest.raises(ListRejected, match="two labels"):
            Builder().add(Tag(TagKind.LIST, "l", "c"), [(BLOCK, to_wire(name))])


def test_too_many_different_overlaps_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(build, "MAX_PAIRS", 3)
    builder = Builder()
    for n in range(4):
        builder.add(Tag(TagKind.LIST, f"l{n}", "c"), [(BLOCK, to_wire(f"n{n}.example"))])
    with pytest.raises(ListRejected, match="more than 3 different ways"):
        builder.write(tmp_path, KEY)
    assert list(tmp_path.iterdir()) == []


def test_a_file_beyond_32_bit_offsets_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(build, "MAX_FILE_BYTES", 200)
    builder = Builder()
    builder.add(Tag(TagKind.LIST, "l", "c"), [(BLOCK, to_wire(f"n{n}.example")) for n in range(9)])
    with pytest.raises(ListRejected, match="file of more than"):
        builder.write(tmp_path, KEY)


def test_a_failed_write_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    builder = Builder()
    builder.add(Tag(TagKind.LIST, "l", "c"), [(BLOCK, to_wire("n.example"))])
    monkeypatch.setattr(build.os, "fsync", full)
    with pytest.raises(StoreError, match="No space left"):
        builder.write(tmp_path, KEY)
    assert list(tmp_path.iterdir()) == []


def test_a_key_of_another_length_is_a_bug(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="16 bytes"):
        Builder().write(tmp_path, b"short")


def test_an_empty_bundle_finds_nothing(tmp_path: Path) -> None:
    found = Bundle.open(Builder().write(tmp_path, KEY).path)
    assert found.names == found.lookup(to_wire("a.example")) == 0
    assert list(found.entries()) == []


def test_equal_contents_give_equal_keys() -> None:
    assert content_key([b"a", b"b"]) == content_key([b"b", b"a"]) != content_key([b"ab"])
    assert len(content_key([])) == 16
