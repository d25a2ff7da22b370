"""Bodies that are no lists, encodings, line ends, and telling formats apart."""

from __future__ import annotations

import bz2
import gzip
import lzma

import pytest

from filterd.errors import ListRejected
from filterd.listbuild import body
from filterd.listbuild.body import prepare
from filterd.listbuild.detect import detect
from filterd.listbuild.read import format_of

LIST = b"ads.example.com\nb.example.com\n"


@pytest.mark.parametrize(
    ("data", "what"),
    [
        (gzip.compress(LIST, mtime=0), "a gzip archive"),
        (lzma.compress(LIST), "an xz archive"),
        (bz2.compress(LIST), "a bzip2 archive"),
        (b"PK\x03\x04....", "a zip archive"),
        (b"\x28\xb5\x2f\xfd....", "a zstd archive"),
        (b"%PDF-1.7", "a PDF document"),
        (b"\xff\xfe\x00\x00a\x00\x00\x00", "UTF-32"),
        (b"<!DOCTYPE html><html>", "a web page"),
        (b"\n  <html lang='en'>\n", "a web page"),
        (b"<!-- hello -->\n<HTML>", "a web page"),
        (b"<?xml version='1.0'?>", "a web page"),
        (b'{"names": []}', "JSON"),
        (b'[{"a": 1}]', "JSON"),
        (LIST.decode().encode("utf-16-le"), "binary data"),
        (bytes(range(9)) * 100, "binary data"),
        (b"\xff\xfea", "damaged UTF-16"),
    ],
)
def test_what_is_no_list_is_refused_by_name(data: bytes, what: str) -> None:
    if what == "binary data" and data[0] == 0:
        data = bytes(600)
    with pytest.raises(ListRejected, match=what):
        prepare(data)


@pytest.mark.parametrize(
    "data",
    [
        LIST,
        b"\xef\xbb\xbf" + LIST,
        LIST.replace(b"\n", b"\r\n"),
        LIST.replace(b"\n", b"\r"),
        LIST.decode().encode("utf-16"),
        b"\xfe\xff" + LIST.decode().encode("utf-16-be"),
    ],
)
def test_encodings_and_line_ends(data: bytes) -> None:
    assert prepare(data) == LIST


def test_an_over_long_body_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(body, "MAX_BODY_BYTES", 10)
    with pytest.raises(ListRejected, match="at most"):
        prepare(b"x" * 11)


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("# title\n0.0.0.0 a.example.com\n:: b.example.com\n", "hosts"),
        ("127.0.0.1 localhost\n127.0.0.1 a.example.com\n", "hosts"),
        ("a.example.com\nb.example.com # why\n.c.example.com\n", "domains"),
        ("a.example.com\n" * 30 + "*.b.example.com\n", "domains"),
        ("203.0.113.7\n" * 500 + "a.example.com\n", "domains"),
        ("*.a.example.com\n*.b.example.com\n", "wildcard"),
        ("! title\n||a.example.com^\n||b.example.com^$third-party\n", "adblock"),
        ("[Adblock Plus 2.0]\n.com/qc/\n/banner\n", "adblock"),
        ("||a.example.com^\n||b.example.com^\nexample.com##.ad\n/banner/ads.\n", "adblock"),
        ("address=/a.example.com/#\nserver=/b.example.com/\nlocal=/c.example.com/\n", "dnsmasq"),
        ('server:\n  local-zone: "a.example.com" static\n  num-threads: 2\n', "unbound"),
        ("$TTL 300\n@ SOA a. b. (\n 1\n 2\n 3\n 4\n 5 )\n NS localhost.\na.example.com CNAME .\n*.a.example.com CNAME .\n" + "b.example.com CNAME .\n" * 9, "rpz"),
    ],
)  # fmt: skip
def test_formats_are_told_apart(text: str, name: str) -> None:
    assert detect(text.encode()).format == name


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "nothing but comments"),
        ("# title\n\n! more\n", "nothing but comments"),
        ("203.0.113.7\n2001:db8::1 # x\n", "got addresses"),
        ("https://example.com/a\nexample.org/b\n", "got URLs"),
        ("hello there\nwhat is this\n", "no known format"),
        ("a.example.com\n*.b.example.com\n" * 9, "not clear"),
        ("a.example.com\n0.0.0.0 b.example.com\n" * 9, "not clear"),
        ("||a.example.com^\n0.0.0.0 b.example.com\n" * 9, "not clear"),
        (b"\xe9\xe9\n".decode("latin-1"), "no known format"),
    ],
)
def test_unclear_lists_are_refused(text: str, why: str) -> None:
    with pytest.raises(ListRejected, match=why):
        detect(text.encode())


def test_an_unknown_format_lists_the_known_ones() -> None:
    with pytest.raises(ListRejected, match="hosts, domains, wildcard"):
        format_of("csv")
