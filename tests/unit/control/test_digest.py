"""A child's week: hours with use, what was blocked, what was asked; and what is no longer kept is not invented."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from filterd.control import profiles
from filterd.control import requests as wishes
from filterd.control.digest import USED, digest
from filterd.control.household import ensure
from filterd.errors import ConfigError
from filterd.model.change import Who
from filterd.model.decision import Action, Row
from filterd.model.household import Scope
from tests.unit.control.activity_data import Asked, store

MUM = Who("Hạnh", "web")
UTC = ZoneInfo("UTC")
NOW = datetime(2026, 11, 24, 9, 0, tzinfo=UTC).timestamp()  # a Tuesday
DAY = 86_400_000
HOUR = 3_600_000
MIDNIGHT = int(datetime(2026, 11, 24, tzinfo=UTC).timestamp() * 1000)


@pytest.fixture
def state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("FILTERD_RUN", str(tmp_path / "run"))
    folder = tmp_path / "state"
    ensure(folder)
    profiles.patch_household(folder, MUM, {"timezone": "UTC"})
    return folder


def used(days_ago: int, hour: int, count: int = USED, **more: str) -> list[Asked]:
    start = MIDNIGHT - days_ago * DAY + hour * HOUR
    return [replace(Asked(start + i * 1000), **more) for i in range(count)]  # type: ignore[arg-type]


def blocked(days_ago: int, category: str, count: int = 1, name: str = "x.example") -> list[Asked]:
    start = MIDNIGHT - days_ago * DAY + 15 * HOUR
    return [Asked(start + i, name=name, action=Action.BLOCK, row=Row.CATEGORY, category=category) for i in range(count)]


def log(state: Path, *parts: list[Asked]) -> None:
    store(state, sorted((q for part in parts for q in part), key=lambda q: q.at_ms))


def test_seven_whole_days_with_hours_of_use(state: Path) -> None:
    log(
        state, used(1, 8), used(1, 20), used(2, 9, USED - 1), used(7, 23), used(0, 8),
        used(3, 10, profile="minh"), used(8, 8),
    )  # fmt: skip
    found = digest(state, "lan", now=NOW)
    assert (found.first, found.last) == (date(2026, 11, 17), date(2026, 11, 23))
    assert [d.hours for d in found.days] == [1, 0, 0, 0, 0, 0, 2]
    assert [d.asked for d in found.days][-2:] == [USED - 1, 2 * USED]
    assert found.topic == "calm" and found.days[0].late and not found.days[-1].late


def test_what_is_kept_no_more_is_unknown(state: Path) -> None:
    log(state, used(1, 8))
    before = digest(state, "lan", back=1, now=NOW)
    assert before.last == date(2026, 11, 16) and before.known == ()
    profiles.patch_household(state, MUM, {"privacy": {"detail_days": 2}})
    assert [d.hours for d in digest(state, "lan", now=NOW).days] == [None] * 5 + [0, 1]
    profiles.patch_household(state, MUM, {"privacy": {"level": "counts"}})
    assert digest(state, "lan", now=NOW).known == ()


def test_categories_and_the_gravest_topic(state: Path) -> None:
    log(state, blocked(1, "ads", 30), blocked(2, "social", 4), blocked(3, "malware", 5), blocked(4, "games", 2))
    found = digest(state, "lan", now=NOW)
    assert found.categories == (("ads", 30), ("malware", 5), ("social", 4)) and found.blocked == 41
    assert found.topic == "calm"  # a device runs into malware by itself, and adverts are nobody's fault


@pytest.mark.parametrize(
    ("parts", "topic", "value"),
    [
        ([blocked(1, "gambling"), blocked(1, "ads", 40), used(1, 23), used(2, 23)], "harm", "gambling"),
        ([blocked(1, "abuse"), blocked(1, "gambling", 9)], "harm", "abuse"),
        ([used(1, 23), used(2, 2)], "late", ""),
        ([used(1, 23), used(2, 22)], "calm", ""),
        ([blocked(1, "social", 20)], "category", "social"),
        ([blocked(1, "social", 19)], "calm", ""),
    ],
)
def test_one_thing_to_talk_about(state: Path, parts: list[list[Asked]], topic: str, value: str) -> None:
    log(state, *parts)
    found = digest(state, "lan", now=NOW)
    assert (found.topic, found.value) == (topic, value)


def test_wishes_of_the_week_with_their_answers(state: Path) -> None:
    for days, value in ((1, "tiktok"), (3, "youtube"), (9, "roblox")):
        asked = wishes.ask(state, Who("Lan"), profile="lan", scope=Scope.SERVICE, value=value, now=NOW - days * 86_400)
        wishes.answer(state, MUM, asked.id, False, now=NOW - days * 86_400 + 60)
    found = digest(state, "lan", now=NOW)
    assert [(r.value, r.state) for r in found.requests] == [("youtube", "refused"), ("tiktok", "refused")]
    assert found.topic == "refused" and digest(state, "minh", now=NOW).requests == ()


def test_names_only_when_asked_for_and_never_masked_ones(state: Path) -> None:
    log(state, blocked(1, "social", 3, "secret.example"))
    assert digest(state, "lan", now=NOW).names == ()
    assert digest(state, "lan", names=True, now=NOW).names == (("secret.example", 3),)
    profiles.patch(state, MUM, "lan", {"parent_sees": "categories"})
    found = digest(state, "lan", names=True, now=NOW)
    assert found.masked and found.names == () and "secret" not in repr(found)


def test_nobody_and_nothing(state: Path) -> None:
    assert digest(state, "lan", now=NOW).blocked == 0
    with pytest.raises(ConfigError, match="profile"):
        digest(state, "nobody", now=NOW)
