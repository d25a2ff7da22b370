"""The .flt file's bytes: what is refused, and the order of the table."""

from __future__ import annotations

from pathlib import Path

import pytest

from filterd.errors import LayoutError
from filterd.listbuild.build import Builder
from filterd.listbuild.claims import BLOCK
from filterd.lists import format as flt
from filterd.lists.bundle import Bundle
from filterd.lists.lookup import make_find, make_lookup
from filterd.model.tags import Tag, TagKind
from filterd.wire.name import to_wire

KEY = bytes(range(16))
ADS = Tag(TagKind.LIST, "ads", "ads")


@pytest.fixture
def path(tmp_path: Path) -> Path:
    builder = Builder()
    builder.add(ADS, [(BLOCK, to_wire(f"host{n}.example")) for n in range(100)])
    return builder.write(tmp_path, KEY).path


def test_a_damaged_byte_anywhere_is_found(path: Path) -> None:
    good = path.read_bytes()
    for at in (0, 8, 20, 40, 70, 100, 130, 1500, len(good) - 200, len(good) - 1):
        bad = bytearray(good)
        bad[at] ^= 0x40
        path.write_bytes(bad)
        with pytest.raises(LayoutError):
            Bundle.open(path)


@pytest.mark.parametrize("length", [0, 7, 127, 128, 1000])
def test_a_cut_off_file_is_refused(path: Path, length: int) -> None:
    path.write_bytes(path.read_bytes()[:length])
    with pytest.raises(LayoutError):
        Bundle.open(path)


def test_another_layout_is_named(path: Path) -> None:
    data = bytearray(path.read_bytes())
    data[8] = 99
    with pytest.raises(LayoutError, match="expected layout 1, got 99"):
        Bundle(bytes(data))


def test_an_absent_file_is_a_layout_error(tmp_path: Path) -> None:
    with pytest.raises(LayoutError, match="cannot be mapped"):
        Bundle.open(tmp_path / "nothing.flt")


def test_another_digest_than_expected_is_refused(path: Path) -> None:
    with pytest.raises(LayoutError, match="expected digest abcd"):
        Bundle.open(path, "abcd")


def test_a_trailer_that_does_not_fit_is_refused() -> None:
    for data in (
        b"",
        b"[]",
        b"{}",
        b'{"tags":[],"sets":[],"pairs":[]}',  # no empty set at 0
        b'{"tags":[[1,"a","b",0]],"sets":[[0]],"pairs":[]}',  # set 0 is not empty
        b'{"tags":[[9,"a","b",0]],"sets":[[]],"pairs":[]}',  # no such kind
        b'{"tags":[[1,"a","b",0]],"sets":[[],[-1]],"pairs":[]}',  # a negative index
        b'{"tags":[[1,"a","b",0]],"sets":[[],[true]],"pairs":[]}' * 2,
        b'{"tags":[],"sets":[[]],"pairs":[[0,1]]}',
    ):
        with pytest.raises(LayoutError):
            flt.decode_meaning(data, data.count(b"[0,1]"))


def test_the_table_keeps_order_and_ends_empty() -> None:
    entries = [(5 << 32) | 200, (5 << 32) | 230, (6 << 32) | 260, (0xFFFFFFFF << 32) | 290]
    table = flt.order_table(entries, 4)
    assert list(table) == [5, 200, 5, 230, 6, 260, 0xFFFFFFFF, 290, flt.EMPTY, 0]
    pushed = flt.order_table([(0xFFFFFFF0 + n << 32) | 200 + n for n in range(6)], 8)  # all live in the last home
    assert pushed[-2:].tolist() == [flt.EMPTY, 0]
    assert [pushed[at] for at in range(14, 26, 2)] == [0xFFFFFFF0 + n for n in range(6)]


def test_equal_fingerprints_are_told_apart_by_the_name() -> None:
    """Collisions are forced by a table in which every entry has the fingerprint of the asked name."""
    from filterd.lists.lookup import fingerprint

    names = [to_wire("first.example"), to_wire("other.example"), to_wire("third.example")]
    blob = bytearray(128)
    offsets = []
    for number, name in enumerate(names):
        offsets.append(len(blob))
        blob += name + number.to_bytes(2, "little")
    for asked in names:
        table = flt.order_table([fingerprint(asked, KEY) << 32 | offset for offset in offsets], 4)
        lookup = make_lookup(table, bytes(blob), KEY, 4, [10, 11, 12], [20, 21, 22])
        find = make_find(table, bytes(blob), KEY, 4)
        assert lookup(asked) == 10 + names.index(asked)
        assert lookup(b"\1a" + asked) == 20 + names.index(asked)
        assert find(asked) == (names.index(asked), 0)
    table = flt.order_table([fingerprint(to_wire("absent.example"), KEY) << 32 | offset for offset in offsets], 4)
    assert make_lookup(table, bytes(blob), KEY, 4, [1, 2, 3], [1, 2, 3])(to_wire("absent.example")) == 0
    assert make_find(table, bytes(blob), KEY, 4)(to_wire("absent.example")) is None


def test_load_is_never_above_the_promise() -> None:
    for names in (0, 1, 2, 3, 100, 1_000_001):
        assert names <= flt.homes_for(names) * flt.LOAD
