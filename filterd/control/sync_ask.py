"""Somebody wants the lists updated now: all that are switched on become due, and the manager fetches them.

Who asks fetches nothing: the page must not wait for a server on the other side of the world.

    ask_update(state)      # 3 lists are due now; `sync_state.status` shows how it goes
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path


def ask_update(state: Path) -> int:
    """Make every switched-on list that has an address due now; return how many. Raises StoreError."""
    from filterd.listbuild.registry import load, registry_lock, save

    with registry_lock(state):
        lists = load(state)
        due = [listed.id for listed in lists.values() if listed.enabled and "://" in listed.origin]
        if due:
            save(state, lists | {key: replace(lists[key], next_at="") for key in due})
    return len(due)
