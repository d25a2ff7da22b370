"""Sums of the log: against a model, over days, with what is in the rings, masked."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from filterd.control.activity import View
from filterd.control.activity_stats import stats
from filterd.control.privacy import Masks
from filterd.model.activity import Counted, Gap
from filterd.model.decision import Action, Row
from tests.examples import examples
from tests.unit.control.activity_data import START, Asked, ring, shown, store

DAY, HOUR = 86_400_000, 3_600_000
NOW = START / 1000 + 60
BLOCKED = Asked(action=Action.BLOCK, row=Row.CATEGORY, category="games", service="tiktok", name="bad.example.org")


@pytest.fixture
def state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("FILTERD_RUN", str(tmp_path / "run"))
    return tmp_path


def changed(q: Asked, **more: object) -> Asked:
    return Asked(**{k: getattr(q, k) for k in q.__dataclass_fields__} | more)  # type: ignore[arg-type]


ASKED = st.builds(
    Asked,
    at_ms=st.integers(START - 2 * DAY, START),
    profile=st.sampled_from(("lan", "minh")),
    device=st.sampled_from(("phone", "")),
    name=st.sampled_from(("a.example.org", "b.example.org", "c.example.org")),
    action=st.sampled_from(Action),
    category=st.sampled_from(("", "games")),
    service=st.sampled_from(("", "tiktok")),
)


@settings(max_examples=examples(60), deadline=None)
@given(
    st.lists(ASKED, max_size=25),
    st.lists(ASKED, max_size=10),
    st.sampled_from(("", "lan")),
    st.sampled_from(("", "phone")),
    st.sampled_from((frozenset(), frozenset({"minh"}))),
    st.integers(START - 2 * DAY, START),
)
def test_sums_are_those_of_the_model(
    stored: list[Asked], live: list[Asked], profile: str, device: str, hidden: frozenset[str], since: int
) -> None:
    from tempfile import TemporaryDirectory

    masks = Masks(hidden=hidden)
    with TemporaryDirectory() as folder, pytest.MonkeyPatch.context() as patch:
        patch.setenv("FILTERD_RUN", f"{folder}/run")
        store(Path(folder), sorted(stored, key=lambda q: q.at_ms))
        ring(Path(folder) / "run", live)
        found = stats(Path(folder), since=since, profile=profile, device=device, view=View(masks), now=NOW)
    mine = [
        s
        for q in [*stored, *live]
        if (s := shown(q, masks)) and profile in ("", q.profile) and device in ("", q.device)
    ]
    days = [q for q in mine if day_of(since) <= day_of(q.at_ms)]
    assert found.total == Counted(len(days), sum(q.blocked for q in days))
    assert dict(found.profiles) == {
        p: Counted(sum(q.profile == p for q in days), sum(q.profile == p and q.blocked for q in days))
        for p in {q.profile for q in days}
    }
    assert dict(found.services) == {
        s: Counted(sum(q.service == s for q in days), sum(q.service == s and q.blocked for q in days))
        for s in {q.service for q in days} - {""}
    }
    assert {d: c.asked for d, c in found.days} == Counter(day_of(q.at_ms) for q in days)
    recent = [q for q in mine if q.blocked and q.at_ms // HOUR >= since // HOUR]
    names = Counter(q.name for q in recent if q.name)
    assert found.names == tuple(sorted(names.items(), key=lambda item: (-item[1], item[0])))
    assert found.unnamed == sum(not q.name for q in recent)


def day_of(at_ms: int) -> date:
    return datetime.fromtimestamp(at_ms / 1000, UTC).date()


def test_a_name_has_one_sum_though_each_day_has_its_own_dictionary(state: Path) -> None:
    store(
        state, [changed(BLOCKED, at_ms=START - DAY), changed(BLOCKED, at_ms=START - 5), changed(BLOCKED, at_ms=START)]
    )
    assert stats(state, since=START - 2 * DAY, view=View(Masks()), now=NOW).names == (("bad.example.org", 3),)


def test_the_rings_bring_a_name_into_the_most_blocked(state: Path) -> None:
    stored = [changed(BLOCKED, at_ms=START - 50 + n, name=f"n{n // 2}.example") for n in range(6)]
    store(state, [changed(BLOCKED, at_ms=START - 60, name="z.example"), *stored])
    ring(state / "run", [changed(BLOCKED, name="z.example")] * 2)
    assert stats(state, since=START - HOUR, view=View(Masks()), now=NOW, top=1).names == (("z.example", 3),)


@pytest.mark.parametrize(("level", "asked", "names"), [("blocked", 2, 1), ("counts", 2, 0), ("nothing", 0, 0)])
def test_a_level_shows_no_more_than_it_keeps(state: Path, level: str, asked: int, names: int) -> None:
    store(state, [Asked(START - 1), BLOCKED])
    found = stats(state, since=START - HOUR, view=View(Masks(level)), now=NOW)
    assert (found.total.asked, len(found.names)) == (asked, names)


def test_gaps_are_said(state: Path) -> None:
    store(state, [Asked()], [(START - 9 * DAY, START - 8 * DAY, 1, "ring"), (START - 10, START - 5, 7, "rate")])
    assert stats(state, since=START - HOUR, view=View(Masks()), now=NOW).gaps == (
        Gap(START - 10, START - 5, 7, "rate"),
    )
