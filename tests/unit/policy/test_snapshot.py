"""A snapshot that is damaged, of another layout, or points nowhere is refused as a whole."""

from __future__ import annotations

import json
from typing import Any

import pytest

from filterd.errors import LayoutError
from filterd.model.decision import Action, Decision, Row
from filterd.policy import snapshot as module
from filterd.policy.compile import compile_snapshot
from filterd.policy.snapshot import Snapshot, dump, local_text
from tests.unit.policy.house import EVERY_NIGHT, KNOWLEDGE, NOON, house, kid, names


def document() -> dict[str, Any]:
    """A compiled household with something of everything."""
    household = house(kid(windows=(EVERY_NIGHT,), names=names(block=["x.example"]))).household
    found: dict[str, Any] = json.loads(dump(compile_snapshot(household, KNOWLEDGE, NOON)))
    return found


def test_a_dumped_document_loads_and_has_the_digest_of_its_bytes() -> None:
    data = dump(document())
    loaded = Snapshot.load(data)
    assert loaded.digest == Snapshot.load(data).digest and len(loaded.digest) == 64
    assert (loaded.block_mode, loaded.language, loaded.timezone) == ("null", "en", "Asia/Ho_Chi_Minh")


@pytest.mark.parametrize("data", [b"", b"{", b"[]", b"null", b'{"layout": 99}', b'{"layout": 1}', b"\xff" * 10])
def test_other_bytes_are_no_snapshot(data: bytes) -> None:
    with pytest.raises(LayoutError, match="snapshot"):
        Snapshot.load(data)


def test_deeply_nested_json_is_refused() -> None:
    with pytest.raises(LayoutError):
        Snapshot.load(b"[" * 200_000)


def test_too_many_bytes_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MAX_BYTES", 100)
    with pytest.raises(LayoutError, match="at most 100"):
        Snapshot.load(dump(document()))


@pytest.mark.parametrize(
    ("path", "value"),
    [
        (["default_slot"], 9),
        (["default_slot"], -1),
        (["devices", 0, "slot"], 9),
        (["devices", 0, "more"], 9),
        (["slots", 0, "profile"], 9),
        (["overlay", "x.example"], 0),
        (["overlay", "x.example"], 9),
        (["profiles", 0, "at"], []),
        (["profiles", 0, "at", 0], 10**12),
        (["profiles", 0, "state_at", 0], 9),
        (["profiles", 0, "state_at", 0], -1),
        (["profiles", 0, "states", 0], [7]),
        (["profiles", 0, "weekly"], [1]),
        (["profiles", 0, "spent"], [[0, 1, 2]]),
        (["profiles", 0, "windows", 0, "effect"], "sleep"),
        (["profiles", 0, "categories"], {"games": "maybe"}),
        (["own_sets", 0], {"x": {}}),
        (["harm"], None),
    ],
)
def test_a_document_that_points_nowhere_is_refused(path: list[Any], value: Any) -> None:
    damaged = document()
    here: Any = damaged
    for step in path[:-1]:
        here = here[step]
    here[path[-1]] = value
    with pytest.raises(LayoutError):
        Snapshot.load(dump(damaged))


@pytest.mark.parametrize("key", sorted(document()))
def test_a_document_without_a_part_is_refused(key: str) -> None:
    damaged = document()
    del damaged[key]
    with pytest.raises(LayoutError):
        Snapshot.load(dump(damaged))


def test_texts_are_carried() -> None:
    loaded = Snapshot.load(dump(document()))
    assert loaded.text("row.off") == "Internet is off" and loaded.text("nothing") == "nothing"
    assert loaded.ede_text(Decision(Action.BLOCK, Row.REBIND)) == "Private address in a public answer"
    assert loaded.ede_text(Decision(Action.BLOCK, Row.CATEGORY, category="own")) == "Filtered, category: own"


def test_a_moment_is_written_with_the_households_offset() -> None:
    assert local_text(NOON, house().judge.zone) == "2026-11-24T12:00:00+07:00"
