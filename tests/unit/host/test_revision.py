"""The revision file."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from filterd.errors import LayoutError
from filterd.host import revision
from filterd.host.revision import Part, Revision

FULL = Revision(7, Part("bundles/aa.flt", "a" * 64), Part("policy/bb.snapshot", "b" * 64), None, ("bundles/old.flt",))


def test_it_reads_what_it_wrote() -> None:
    assert revision.parse(FULL.encode()) == FULL
    assert FULL.files() == {"bundles/aa.flt", "policy/bb.snapshot", "bundles/old.flt"}


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"layout": 2}, "expected layout 1, got 2"),
        ({"revision": 0}, "positive revision number, got 0"),
        ({"revision": True}, "positive revision number"),
        ({"revision": "7"}, "positive revision number"),
        ({"bundles": "x"}, "`bundles` is no list"),
        ({"bundles": ["/etc/passwd"]}, "`bundles` is no list"),
        ({"bundle": "x"}, "`bundle` is no object"),
        ({"bundle": {"file": "../x.flt", "digest": "a" * 64}}, "bundle.file"),
        ({"snapshot": {"file": "policy/../../x", "digest": "a" * 64}}, "snapshot.file"),
        ({"clients": {"file": "clients/x.map", "digest": "xyz"}}, "clients.digest"),
        ({"clients": {"file": "clients/x.map"}}, "clients.digest"),
    ],
)
def test_a_damaged_one_is_refused_with_what_was_expected(change: dict[str, Any], message: str) -> None:
    document = json.loads(FULL.encode()) | change
    with pytest.raises(LayoutError, match=message):
        revision.parse(json.dumps(document).encode())


@pytest.mark.parametrize("data", [b"", b"{", b"[]", b"\xff\xfe", b"[" * 100_000, b"\0" * 300])
def test_rubbish_is_refused(data: bytes) -> None:
    with pytest.raises(LayoutError):
        revision.parse(data)


def test_the_revisions_before_stand_in_for_a_damaged_one(tmp_path: Path) -> None:
    assert list(revision.candidates(tmp_path)) == []
    (tmp_path / "revision.json").write_bytes(FULL.encode()[:50])
    (tmp_path / "revision.json.1").write_bytes(FULL.encode())
    assert list(revision.candidates(tmp_path)) == [FULL]
