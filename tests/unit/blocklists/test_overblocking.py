"""The recommended sources against the most asked names: at most one in a thousand is blocked outside its category."""

from __future__ import annotations

import lzma
from pathlib import Path

import pytest

from filterd.config.sources import load
from filterd.control.lists_report import report
from filterd.control.sync import sync
from tests.shared import need_shared
from tests.unit.blocklists.test_sources import local_file

pytestmark = [pytest.mark.shared, pytest.mark.slow]


def test_every_well_known_name_on_a_list_is_decided_and_hardly_any_is_wrong(tmp_path: Path) -> None:
    shared = need_shared() / "data" / "lists"
    folder = tmp_path / "lists"
    folder.mkdir()
    for source in load().values():
        file = local_file(source, shared) if source.recommended else None
        if file is not None:
            body = file.read_bytes()
            (folder / f"{source.id}.txt").write_bytes(lzma.decompress(body) if file.suffix == ".xz" else body)
    assert len(list(folder.iterdir())) >= 25
    sync(tmp_path / "state", folder=folder)
    found = report(tmp_path / "state", popular=shared / "opendns" / "opendns-top-domains.txt").popular
    assert found is not None and found.asked > 9_900 and len(found.names) > 500
    assert found.outside_share <= 0.001, [(n.name, n.category) for n in found.names if n.verdict == "wrong"]
    assert found.undecided == 0, [(n.name, n.category, n.lists) for n in found.names if not n.verdict]
