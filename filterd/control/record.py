"""What is done beside the rules, in the history all the same: lists that come and go, a log that is deleted.

Such a row tells who, when, from where and what; nothing of it can be taken back from the history (model/change.py
OUTSIDE), for what it tells of is kept elsewhere or is gone. A state folder without a household has no history: nothing is
written then.

    record(state, Who("mẹ", "web", "192.168.1.20"), "list disabled", Edit("list", "ads", {"enabled": True}, {"enabled": False}))
"""

from __future__ import annotations

from pathlib import Path

from filterd.control.change import check_who
from filterd.control.household import has_store, open_store
from filterd.host.clock import rules_time
from filterd.model.change import OUTSIDE, Change, Edit, Who


def record(state: Path, who: Who, verb: str, edit: Edit) -> Change | None:
    """Write a row of history; None: nothing differs, or there is no history. Raises StoreError, ConfigError (`who`)."""
    assert edit.kind in OUTSIDE, edit.kind
    check_who(who)
    if edit.before == edit.after or not has_store(state):
        return None
    with open_store(state) as store:
        return store.note(who, verb, rules_time(state), (edit,))
