"""The log's file: who may read it, how it is made, and what becomes of a damaged one."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest

from filterd.errors import StoreError
from filterd.store.activity import Forgotten, open_activity
from filterd.store.activity_write import KEPT_DAMAGED, ActivityWriter, Damaged, as_damaged, damaged_files, set_aside


def test_a_new_log_belongs_to_its_owner_and_can_be_vacuumed(tmp_path: Path) -> None:
    engine = open_activity(tmp_path)
    assert stat.S_IMODE((tmp_path / "activity.db").stat().st_mode) == 0o600
    with engine.connect() as connection:
        found = {word: connection.exec_driver_sql(f"PRAGMA {word}").scalar() for word in
                 ("auto_vacuum", "journal_mode", "synchronous", "secure_delete")}  # fmt: skip
    engine.dispose()
    assert found == {"auto_vacuum": 2, "journal_mode": "wal", "synchronous": 1, "secure_delete": 1}


def test_files_set_aside_are_few_and_the_newest_stay(tmp_path: Path) -> None:
    path = tmp_path / "activity.db"
    for n in range(KEPT_DAMAGED + 3):
        path.write_bytes(b"%d" % n)
        path.with_name("activity.db-wal").write_bytes(b"x")
        os.utime(set_aside(path), (n, n))
    assert sorted(p.read_bytes() for p in damaged_files(path)) == [b"3", b"4"]
    assert len(list(tmp_path.iterdir())) == KEPT_DAMAGED
    with pytest.raises(StoreError, match="cannot set aside"):
        set_aside(path)


def test_damage_is_told_from_other_failures(tmp_path: Path) -> None:
    engine = open_activity(tmp_path)
    with ActivityWriter(engine) as writer:
        with pytest.raises(StoreError) as refused, writer.transaction() as connection:
            connection.exec_driver_sql("SELECT nothing")
        assert not as_damaged(refused.value) and not isinstance(refused.value, Damaged)
    (tmp_path / "activity.db").write_bytes(b"no database at all, only words" * 1000)
    with pytest.raises(StoreError) as damaged:
        open_activity(tmp_path)
    assert as_damaged(damaged.value)


@pytest.mark.parametrize(
    ("at_ms", "profile", "device", "covered"),
    [(5, "lan", "pad", True), (6, "lan", "pad", False), (5, "minh", "pad", False)],
)
def test_a_deletion_covers_its_past(at_ms: int, profile: str, device: str, covered: bool) -> None:
    assert Forgotten(5, "lan").covers(at_ms, profile, device) is covered
    assert Forgotten(5, "", "pad").covers(at_ms, profile, device) is (at_ms <= 5)
    assert Forgotten(5, "lan", "pad").covers(at_ms, profile, device) is covered
