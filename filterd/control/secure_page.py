"""Whether the household wants its page encrypted too: a setting (`setting/page`), with a history, that can be taken back.

The page itself opens and closes its second address by it (webui/secure_switch.py); what the operator's settings say
(`web_tls`) stands above it. The certificate is tls.py's.

    switch(state, Who("mẹ"), True)
    assert is_on(state)
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from filterd.control.change import Done, apply
from filterd.control.household import has_store, open_store
from filterd.model.change import Body, Change, Key, Who

PORT = 8443  # needs no privilege, and browsers know it as one of HTTPS
_KEY: Key = ("setting", "page")


def is_on(state: Path) -> bool:
    """Return whether the page shall be encrypted too; no when nobody ever said so. Raises StoreError."""
    if not has_store(state):
        return False
    with open_store(state) as store:
        body = store.setting(_KEY[1])
    return body is not None and body.get("encrypted") is True


def switch(state: Path, who: Who, on: bool, *, seen: int | None = None) -> Done:
    """Say whether the page shall be encrypted too. Raises Conflict, ConfigError, StoreError; then nothing has changed."""

    def more(others: dict[Key, Body]) -> Mapping[Key, Body]:
        if (others.get(_KEY, {}).get("encrypted") is True) is on:
            return others
        return {**others, _KEY: {"encrypted": on}}

    return apply(state, who, "encrypted page on" if on else "encrypted page off", more=more, seen=seen)


def is_changed_by(change: Change) -> bool:
    """Return whether a change of the history concerns this: taking it back needs the right to it."""
    return any((edit.kind, edit.id) == _KEY for edit in change.edits)
