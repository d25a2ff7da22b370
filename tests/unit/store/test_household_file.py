"""The rules' database as a file: its mode, what stands in its place, damage, a stuck writer, and what deletion leaves."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from filterd.errors import StoreError
from filterd.store.engine import writing
from filterd.store.household import HouseholdStore
from tests.contract.households import put


def test_the_files_are_their_owners_alone(tmp_path: Path) -> None:
    old = os.umask(0o022)
    try:
        store = HouseholdStore.open(tmp_path / "state")
        put(store, a={})
        modes = {p.name: oct(p.stat().st_mode & 0o777) for p in (tmp_path / "state").iterdir()}
        store.close()
    finally:
        os.umask(old)
    assert modes["household.db"] == "0o600" and set(modes.values()) == {"0o600"}, modes


@pytest.mark.parametrize(
    "content",
    [b"no database " * 100, b"\0" * 8192, b"SQLite format 3\0" + b"\xff" * 4080],
    ids=["text", "zeros", "header"],
)
def test_a_file_that_is_no_database_is_said_and_left_alone(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "household.db").write_bytes(content)
    with pytest.raises(StoreError, match=r"household\.db: .+"):
        HouseholdStore.open(tmp_path)
    assert (tmp_path / "household.db").read_bytes() == content


def test_a_folder_or_a_link_in_its_place_is_said(tmp_path: Path) -> None:
    (tmp_path / "household.db").mkdir()
    with pytest.raises(StoreError, match=r"cannot open .*household\.db: Is a directory"):
        HouseholdStore.open(tmp_path)
    other = tmp_path / "other"
    other.mkdir()
    (other / "household.db").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(StoreError, match=r"household\.db: .*symbolic links"):
        HouseholdStore.open(other)
    assert not (tmp_path / "elsewhere").exists()


def test_a_database_that_is_cut_short_is_said(tmp_path: Path) -> None:
    store = HouseholdStore.open(tmp_path)
    for number in range(20):
        put(store, a={"n": number, "text": "x" * 3000})
    store.close()
    path = tmp_path / "household.db"
    whole = path.read_bytes()
    for share in (0.3, 0.6, 0.9):
        path.write_bytes(whole[: int(len(whole) * share)])
        with pytest.raises(StoreError, match=r"household\.db: .+"):
            store = HouseholdStore.open(tmp_path)
            store.stored()
            store.history(limit=1000)
            put(store, a={"n": -1})
    path.write_bytes(whole)
    assert HouseholdStore.open(tmp_path).revision() == 20


def test_a_writer_that_never_ends_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("filterd.store.engine.BUSY_S", 0.2)
    store, other = HouseholdStore.open(tmp_path), HouseholdStore.open(tmp_path)
    with writing(store.engine, "household"):
        assert other.revision() == 0  # reading goes on
        with pytest.raises(StoreError, match="another program has been writing"):
            put(other, a={})
    assert put(other, a={}) is not None
    store.close()
    other.close()


def test_what_is_removed_leaves_no_trace_in_the_file(tmp_path: Path) -> None:
    """A person that was removed is gone from the pages; the history has them until it forgets."""
    store = HouseholdStore.open(tmp_path)
    put(store, a={"name": "Nguyễn Thị Bí Mật"})
    put(store, a=None)
    put(store, b={"n": 1})
    assert store.prune(keep=1) == 2
    store.close()  # and with it the write-ahead log goes
    data = b"".join(path.read_bytes() for path in tmp_path.iterdir())
    assert "Bí Mật".encode() not in data and json.dumps("Bí Mật").encode()[1:-1] not in data


@pytest.mark.parametrize(
    "line", ["", "sqlite:////tmp/x.db", "mysql://x", "postgresql", "::", "postgresql+psycopg:///x\n" * 2000]
)
def test_a_wrong_address_of_a_database_is_said(tmp_path: Path, line: str) -> None:
    (tmp_path / "database").write_text(line)
    with pytest.raises(StoreError):
        HouseholdStore.open(tmp_path)
    assert not (tmp_path / "household.db").exists()


def test_a_server_that_does_not_answer_is_said_without_its_password(tmp_path: Path) -> None:
    pytest.importorskip("psycopg")
    (tmp_path / "database").write_text("postgresql+psycopg://u:s3cret@127.0.0.1:9/x\n")
    with pytest.raises(StoreError) as refused:
        HouseholdStore.open(tmp_path)
    assert "127.0.0.1:9" in str(refused.value) and "s3cret" not in str(refused.value)
