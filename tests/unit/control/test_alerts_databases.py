"""The whole life of an alert on SQLite and on PostgreSQL: kept, counted, sent, seen, deleted, remembered."""

from __future__ import annotations

from pathlib import Path

import pytest

from filterd.control.alerts_harm import BURST_HITS
from filterd.control.alerts_rows import list_alerts, mark_seen
from filterd.control.alerts_settings import set_settings
from filterd.control.deliver import Deliver
from filterd.control.deliver_send import Message
from filterd.control.household import import_household
from filterd.control.retention import delete
from filterd.model.change import Who
from tests.contract.databases import *  # noqa: F403
from tests.unit.control.alerts_data import NEW_MAC, NOW, OLD_MAC, Home
from tests.unit.control.policy_state import HOUSEHOLD
from tests.unit.control.ring_data import START

MUM = Who("mẹ")


def test_the_life_of_an_alert(store_state: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FILTERD_RUN", str(tmp_path / "run"))
    (tmp_path / "run").mkdir()
    import_household(store_state, HOUSEHOLD.encode(), "h.yaml")
    monkeypatch.setattr("time.time", lambda: NOW + 3600)
    home = Home(store_state, tmp_path / "run")
    home.alerts.neighbours({"192.0.2.1": OLD_MAC})
    for n in range(BURST_HITS - 1):
        home.harm(START + n, profile="anna")
    assert home.step() is True
    home.commit()
    home.kill()
    home.harm(START + 20, profile="anna")
    home.alerts.neighbours({"192.0.2.2": NEW_MAC})
    assert home.step(NOW + 700) is True
    home.kill()
    home.step(NOW + 701)
    home.commit()
    assert [(kind, n) for kind, _, _, n in home.brief] == [("harm_first", 10), ("harm_burst", 10), ("new_device", 1)]

    sent: list[Message] = []
    deliver = Deliver(store_state, send=lambda _, message: sent.append(message))
    set_settings(store_state, MUM, {"ntfy": {"topic": "abc"}})
    deliver.round()
    assert sent == []  # of before
    home.harm(START + 30, "drugs", profile="anna")
    home.step(NOW + 702)
    deliver.reload()
    deliver.round()
    assert [m.more["categories"] for m in sent] == [["drugs"]]
    assert [a.state for a in home.found] == ["new", "new", "new", "sent"]

    assert mark_seen(store_state, MUM, [home.found[0].id]) == 1 and mark_seen(store_state, MUM) == 3
    delete(store_state, profile="anna", now=NOW + 800)
    assert [a.kind.value for a in list_alerts(store_state)] == ["new_device"]
    delete(store_state, everything=True, now=NOW + 801)
    home.alerts.neighbours({"192.0.2.2": NEW_MAC, "192.0.2.3": "3c:00:00:00:00:03"})
    home.step(NOW + 802)
    assert list_alerts(store_state) == []
    home.close()
