"""The manager notices every change of the household, and a file that was put there anew."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

from filterd.control.follow import Follow
from filterd.control.household import ensure
from filterd.control.moves import Whom, bonus
from filterd.errors import StoreError
from filterd.model.change import Who
from filterd.store.household import HouseholdStore


@pytest.fixture
def state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("FILTERD_RUN", str(tmp_path / "run"))
    ensure(tmp_path / "state")
    return tmp_path / "state"


def test_a_change_is_seen_once(state: Path) -> None:
    follow = Follow(state)
    assert follow.changed()
    assert not follow.changed()
    bonus(state, Who("mẹ"), Whom(profile="lan"), 15)
    assert follow.changed()
    assert not follow.changed()
    assert follow.revision == 2
    follow.close()


def test_nothing_is_opened_while_nothing_changes(state: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    follow = Follow(state)
    follow.changed()
    monkeypatch.setattr("filterd.store.household.HouseholdStore.revision", lambda _: pytest.fail("asked the database"))
    assert not follow.changed()
    follow.close()


def test_a_change_between_reading_and_remembering_is_seen_the_next_time(
    state: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    follow = Follow(state)
    follow.changed()
    bonus(state, Who("mẹ"), Whom(profile="lan"), 15)
    plain = HouseholdStore.revision

    def read_and_then(store: HouseholdStore) -> int:
        found = plain(store)
        with monkeypatch.context() as patch:
            patch.setattr(HouseholdStore, "revision", plain)
            bonus(state, Who("mẹ"), Whom(profile="lan"), 15)
        return found

    with monkeypatch.context() as patch:
        patch.setattr(HouseholdStore, "revision", read_and_then)
        assert follow.changed() and follow.revision == 2
    assert follow.changed() and follow.revision == 3
    follow.close()


def test_again_makes_the_next_look_a_change(state: Path) -> None:
    follow = Follow(state)
    follow.changed()
    follow.again()
    assert follow.changed()
    follow.close()


def test_the_log_of_writes_stays_while_it_is_followed(state: Path) -> None:
    follow = Follow(state)
    follow.changed()
    bonus(state, Who("mẹ"), Whom(profile="lan"), 15)
    assert (state / "household.db-wal").exists()  # a last connection that closes would copy and remove it
    follow.close()


def test_a_restored_file_is_opened_anew(state: Path) -> None:
    follow = Follow(state)
    shutil.copy(state / "household.db", state / "saved.db")
    bonus(state, Who("mẹ"), Whom(profile="lan"), 15)
    assert follow.changed()
    for name in ("household.db-wal", "household.db-shm"):
        (state / name).unlink(missing_ok=True)
    os.replace(state / "saved.db", state / "household.db")
    assert follow.changed()
    assert follow.revision == 1
    follow.close()


def test_no_household_is_said(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="no household"):
        Follow(tmp_path).changed()
