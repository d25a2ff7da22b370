"""Unpacking with bounds: what a server compresses for the way, and what lies compressed on a stick.

A body of a few kilobytes can unpack to gigabytes. Nothing here ever holds more than the limit: the size is checked
after every piece, and a ratio that no list of names has ends it early.

    unpacker = Unpacker("gzip", 8 << 20)
    body = unpacker.feed(first) + unpacker.feed(second) + unpacker.finish()
"""

from __future__ import annotations

import lzma
import zlib
from typing import Any, Protocol

from filterd.listbuild.refusal import Refused, Why

MAX_RATIO = 200  # unpacked to packed; real lists of names have 2 to 25
FREE_BYTES = 1 << 20  # so much may come out whatever the ratio: a short file may well be one line a thousand times
_STEP_BYTES = 256 * 1024
GZIP, XZ = "gzip", "xz"


class _Unpack(Protocol):
    eof: bool
    unused_data: bytes

    def decompress(self, data: bytes, max_length: int, /) -> bytes: ...


class Unpacker:
    """Unpacks a stream piece by piece. `kind`: gzip, deflate, xz, or identity, which passes bytes on and counts them."""

    def __init__(self, kind: str, max_bytes: int) -> None:
        """Raises Refused for a kind that is not known."""
        self._kind = {"x-gzip": GZIP, "": "identity"}.get(kind, kind)
        if self._kind not in ("identity", GZIP, "deflate", XZ):
            raise Refused(Why.NOT_TEXT, f"expected plain text or gzip, got the content encoding {kind[:40]!r}")
        self._max = max_bytes
        self._packed = 0
        self._size = 0
        self._unpack: _Unpack | None = None

    def feed(self, data: bytes) -> bytes:
        """Return what `data` unpacks to. Raises Refused when it is damaged, too large or out of proportion."""
        self._packed += len(data)
        if self._kind == "identity":
            self._count(len(data))
            return data
        out = bytearray()
        try:
            more = bool(data)
            while more:
                if self._unpack is None:
                    self._unpack = _new(self._kind)
                piece = self._unpack.decompress(data, _STEP_BYTES)
                out += piece
                if self._unpack.eof:  # gzip and xz files may be several, one after the other (RFC 1952 2.2)
                    data, self._unpack = self._unpack.unused_data.lstrip(b"\0"), None
                else:
                    data = getattr(self._unpack, "unconsumed_tail", b"")
                self._count(len(piece), len(data))
                # a full piece may have more behind it, even when all of the packed bytes are taken in
                more = bool(data) or (self._unpack is not None and len(piece) == _STEP_BYTES)
        except (zlib.error, lzma.LZMAError, EOFError) as exc:
            raise Refused(Why.TRUNCATED, f"the packed body is damaged: {exc}") from exc
        return bytes(out)

    def finish(self) -> bytes:
        """Return b"" at a proper end. Raises Refused when the packed body stops in the middle."""
        if self._unpack is not None and not self._unpack.eof:
            raise Refused(Why.TRUNCATED, f"the packed body stops in the middle, after {self._packed} bytes")
        return b""

    def _count(self, more: int, waiting: int = 0) -> None:
        """Take `more` bytes into account that came out while `waiting` packed bytes were not yet looked at."""
        self._size += more
        if self._size > self._max:
            raise Refused(Why.TOO_LARGE, f"longer than {_shown(self._max)}")
        if self._size > max(FREE_BYTES, (self._packed - waiting) * MAX_RATIO):
            raise Refused(Why.BOMB, f"{self._packed} packed bytes become more than {self._size}: that is no list")


def _new(kind: str) -> Any:
    # 32: gzip or zlib by their header, since servers disagree on what "deflate" is
    return lzma.LZMADecompressor(memlimit=128 << 20) if kind == XZ else zlib.decompressobj(wbits=32 + zlib.MAX_WBITS)


def _shown(size: int) -> str:
    return f"{size >> 20} MiB" if size >= 1 << 20 else f"{size} bytes"
