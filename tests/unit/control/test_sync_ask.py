"""Asked for an update: what is switched on and comes from an address is due, nothing else, and nothing is fetched."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from filterd.control import sync_sources
from filterd.control.sync_ask import ask_update
from filterd.control.sync_due import is_due
from filterd.listbuild import registry

NOW = 1_800_000_000.0  # 2027-01-15 08:00 UTC
LATER = "2027-01-15T20:00:00+00:00"


def test_what_is_switched_on_is_due(tmp_path: Path) -> None:
    assert ask_update(tmp_path) == 0
    sync_sources.offer(tmp_path)
    with registry.registry_lock(tmp_path):
        lists = {key: replace(one, next_at=LATER) for key, one in registry.load(tmp_path).items()}
        first, second, *_ = lists
        lists[first] = replace(lists[first], enabled=False)
        lists[second] = replace(lists[second], origin="/media/stick/own.txt")
        registry.save(tmp_path, lists)
    assert not any(is_due(one, NOW) for one in lists.values())
    assert ask_update(tmp_path) == len(lists) - 2
    due = {key for key, one in registry.load(tmp_path).items() if is_due(one, NOW)}
    assert due == set(lists) - {first, second}
