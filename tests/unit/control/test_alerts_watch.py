"""Lists that were not renewed for long are told once; a damaged registry stops no other alert."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from filterd.control.alerts_watch import LISTS_S, STALE_MS
from filterd.listbuild.gate import ACCEPTED, REFUSED
from filterd.listbuild.registry import Event, Listed, save
from tests.unit.control.alerts_data import NOW, Home, home

__all__ = ["home"]  # a fixture


@pytest.fixture(autouse=True)
def _log(home: Home) -> None:
    home.ingest.step(NOW)  # makes the log


WEEK = STALE_MS / 1000


def listed(ident: str, *syncs: tuple[float, str], origin: str = "https://x.example/l", enabled: bool = True) -> Listed:
    history = tuple(
        Event(datetime.fromtimestamp(at, UTC).isoformat(timespec="seconds"), "a" * 64, 5, 9, verdict)
        for at, verdict in syncs
    )
    return Listed(ident, "ads", "hosts", "auto", origin, enabled=enabled, digest="a" * 64, history=history)


def keep(state: Path, *lists: Listed) -> None:
    save(state, {x.id: x for x in lists})


def test_only_enabled_lists_with_an_address_go_stale(home: Home) -> None:
    keep(
        home.state,
        listed("old", (NOW - WEEK - 60, ACCEPTED), (NOW - 5, REFUSED)),
        listed("fresh", (NOW - WEEK + 60, ACCEPTED)),
        listed("off", (NOW - 9e6, ACCEPTED), enabled=False),
        listed("file", (NOW - 9e6, ACCEPTED), origin="/etc/list.txt"),
        listed("never-good", (NOW - WEEK - 60, REFUSED)),
        listed("empty"),
    )
    assert home.alerts.step(NOW) is True
    assert [(a.kind.value, a.detail["list"], a.detail["days"]) for a in home.found] == [
        ("stale_lists", "never-good", 7),
        ("stale_lists", "old", 7),
    ]


def test_it_is_told_once_until_it_was_renewed(home: Home) -> None:
    keep(home.state, listed("old", (NOW - WEEK - 60, ACCEPTED)))
    assert home.alerts.step(NOW) is True
    assert home.alerts.step(NOW + LISTS_S) is False
    home.kill()
    assert home.alerts.step(NOW + 86_400) is False
    (alert,) = home.found
    assert alert.detail["days"] == 8 and alert.count == 1
    keep(home.state, listed("old", (NOW + 86_400, ACCEPTED)))
    assert home.alerts.step(NOW + 2 * 86_400) is False
    assert home.alerts.step(NOW + 86_400 + WEEK + LISTS_S) is True and len(home.found) == 2


def test_the_bound(home: Home) -> None:
    keep(home.state, listed("old", (NOW - WEEK, ACCEPTED)))
    assert home.alerts.step(NOW) is False
    assert home.alerts.step(NOW + 1) is False  # looks once an hour
    assert home.alerts.step(NOW + LISTS_S) is True


def test_a_damaged_registry_stops_no_other_alert(home: Home, caplog: pytest.LogCaptureFixture) -> None:
    (home.state / "lists").mkdir()
    (home.state / "lists" / "registry.json").write_text("{")
    home.harm()
    home.ingest.step(NOW)
    assert home.alerts.step(NOW) is True and home.brief == [("harm_first", "lan", "gambling", 1)]
    assert "lists cannot be looked at" in caplog.text
    home.alerts.step(NOW + 1)
    assert caplog.text.count("lists cannot be looked at") == 1
