"""Unpacking: whole, in any pieces, and never more than allowed."""

from __future__ import annotations

import gzip
import lzma
import random
import zlib

import pytest

from filterd.listbuild.refusal import Refused, Why
from filterd.listbuild.unpack import _STEP_BYTES, FREE_BYTES, MAX_RATIO, Unpacker

TEXT = b"".join(b"0.0.0.0 host-%d.example.org\n" % random.Random(n).getrandbits(60) for n in range(40_000))
PACKED = {"gzip": gzip.compress(TEXT), "deflate": zlib.compress(TEXT), "xz": lzma.compress(TEXT), "identity": TEXT}


def unpack(kind: str, data: bytes, step: int = 1 << 20, limit: int = 64 << 20) -> bytes:
    unpacker = Unpacker(kind, limit)
    out = b"".join(unpacker.feed(data[at : at + step]) for at in range(0, len(data), step))
    return out + unpacker.finish()


def refused(kind: str, data: bytes, limit: int = 64 << 20) -> Why:
    with pytest.raises(Refused) as caught:
        unpack(kind, data, limit=limit)
    return caught.value.why


@pytest.mark.parametrize("kind", list(PACKED))
@pytest.mark.parametrize("step", [997, 65_536, 1 << 24])
def test_whole_in_any_pieces(kind: str, step: int) -> None:
    assert unpack(kind, PACKED[kind], step) == TEXT


@pytest.mark.parametrize("kind", ["gzip", "xz"])
def test_several_one_after_the_other(kind: str) -> None:
    assert unpack(kind, PACKED[kind] * 3, 4096) == TEXT * 3


@pytest.mark.parametrize("kind", list(PACKED))
def test_the_bound_is_exact(kind: str) -> None:
    assert unpack(kind, PACKED[kind], limit=len(TEXT)) == TEXT
    assert refused(kind, PACKED[kind], len(TEXT) - 1) is Why.TOO_LARGE


@pytest.mark.parametrize("pack", [gzip.compress, lzma.compress])
def test_a_thousand_to_one_is_no_list(pack) -> None:  # type: ignore[no-untyped-def]
    kind = "gzip" if pack is gzip.compress else "xz"
    data = pack(b"a.example.org\n" * (8 * FREE_BYTES // 14))
    assert len(data) * MAX_RATIO < 8 * FREE_BYTES
    assert refused(kind, data) is Why.BOMB
    small = b"a.example.org\n" * (FREE_BYTES // 14)
    assert unpack(kind, pack(small)) == small


@pytest.mark.parametrize("kind", ["gzip", "deflate", "xz"])
def test_cut_and_damaged(kind: str) -> None:
    whole = PACKED[kind]
    for data in (whole[:-1], whole[: len(whole) // 2], whole[:40], whole[:500] + b"damage" + whole[506:], TEXT):
        assert refused(kind, data) is Why.TRUNCATED


@pytest.mark.parametrize("kind", ["gzip", "deflate", "xz"])
def test_a_body_that_ends_with_a_full_piece(kind: str) -> None:
    text = TEXT[: 2 * _STEP_BYTES]
    packed = {"gzip": gzip.compress, "deflate": zlib.compress, "xz": lzma.compress}[kind](text)
    for step in (1, 3, 65_536, 1 << 24) if kind != "xz" else (65_536, 1 << 24):
        assert unpack(kind, packed, step) == text


def test_nothing_at_all() -> None:
    assert unpack("gzip", b"") == b"" == unpack("identity", b"")


def test_unknown_kinds() -> None:
    for kind in ("br", "zstd", "gzip, gzip"):
        with pytest.raises(Refused) as caught:
            Unpacker(kind, 1)
        assert caught.value.why is Why.NOT_TEXT
