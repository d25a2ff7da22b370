"""A list's body as it came, made into plain UTF-8 lines, or refused with a sentence that says what came instead.

Refused: archives, web pages, JSON, PDF, other binary data, bodies over the size cap. A byte order mark is obeyed:
UTF-8's is dropped, UTF-16 is decoded. Line ends may be LF, CRLF or CR. Bytes that are not UTF-8 (Latin-1 lists exist)
spoil only their own line: a comment stays a comment, anything else is an error.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from io import BytesIO

from filterd.listbuild.line import MAX_LINE_BYTES
from filterd.listbuild.refusal import Refused, Why

MAX_BODY_BYTES = 64 * 1024 * 1024  # the largest public list has some 40 MB

_MAGICS = (
    (b"\x1f\x8b", "a gzip archive"),
    (b"PK\x03\x04", "a zip archive"),
    (b"PK\x05\x06", "an empty zip archive"),
    (b"\xfd7zXZ\x00", "an xz archive"),
    (b"BZh", "a bzip2 archive"),
    (b"\x28\xb5\x2f\xfd", "a zstd archive"),
    (b"7z\xbc\xaf\x27\x1c", "a 7z archive"),
    (b"%PDF-", "a PDF document"),
    (b"\x7fELF", "a program"),
    (b"\xff\xfe\x00\x00", "UTF-32 text"),
    (b"\x00\x00\xfe\xff", "UTF-32 text"),
)
_PAGE = re.compile(rb"\s*(?:<!--.{0,2000}?-->\s*)?<(?:!doctype\s|html[\s>]|head[\s>]|body[\s>]|\?xml\s)", re.I | re.S)
_JSON = re.compile(rb'\s*(?:\{\s*["}]|\[\s*[{"\]])')
_SAMPLE = 4096  # bytes
_MAX_NULS = 0.05  # of the sample: text has none, UTF-16 without a mark has half


def prepare(data: bytes) -> bytes:
    """Return `data` as UTF-8 bytes without a byte order mark, with LF line ends. Raises ListRejected."""
    if len(data) > MAX_BODY_BYTES:
        raise Refused(
            Why.TOO_LARGE,
            f"expected a list of at most {MAX_BODY_BYTES >> 20} MiB, got {len(data) / (1 << 20):.1f} MiB",
        )
    for magic, what in _MAGICS:
        if data.startswith(magic):
            raise Refused(Why.NOT_TEXT, f"expected a list as plain text, got {what}: unpack it first")
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        try:
            data = data.decode("utf-16").encode()
        except UnicodeError as exc:
            raise Refused(Why.NOT_TEXT, f"expected a list as text, got damaged UTF-16: {exc}") from None
    data = data.removeprefix(b"\xef\xbb\xbf")
    sample = data[:_SAMPLE]
    if _PAGE.match(sample):
        raise Refused(
            Why.WEB_PAGE,
            "expected a list as plain text, got a web page: its address may lead to a page about the list",
        )
    if _JSON.match(sample):
        raise Refused(Why.NOT_TEXT, "expected a list as plain text, got JSON")
    if sample.count(0) > len(sample) * _MAX_NULS:
        raise Refused(Why.NOT_TEXT, "expected a list as plain text, got binary data (or UTF-16 without its mark)")
    if b"\r" in data:
        data = data.replace(b"\r\n", b"\n") if b"\n" in data else data.replace(b"\r", b"\n")
    return data


def lines(data: bytes) -> Iterator[bytes]:
    """Yield the lines of a prepared body with their line end. Memory stays that of one line."""
    return iter(BytesIO(data))


def decode(line: bytes) -> str | None:
    """Return a line as text without its end, or None when it is no UTF-8 or over-long (leading white space matters)."""
    if len(line) > MAX_LINE_BYTES:
        return None
    try:
        return line.decode("utf-8").removeprefix("\ufeff").rstrip()
    except UnicodeDecodeError:
        return None
