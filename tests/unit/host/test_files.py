"""Files that survive: whole or not at all, locked, bounded."""

from __future__ import annotations

import errno
import os
import subprocess
import sys
from pathlib import Path

import pytest

from filterd.errors import StoreError
from filterd.host.files import Lock, locked, make_folder, read_bounded, temporary_files, write_atomic


def test_a_file_is_replaced_whole_with_its_mode(tmp_path: Path) -> None:
    path = tmp_path / "rules.yaml"
    path.write_bytes(b"old")
    write_atomic(path, b"new" * 1000, mode=0o600)
    assert path.read_bytes() == b"new" * 1000
    assert path.stat().st_mode & 0o777 == 0o600
    assert os.listdir(tmp_path) == ["rules.yaml"]


def test_a_refused_write_leaves_the_old_file_and_nothing_else(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "rules.yaml"
    path.write_bytes(b"old")

    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(StoreError, match=r"cannot write .*rules.yaml: No space left"):
        write_atomic(path, b"new")
    assert path.read_bytes() == b"old"
    assert os.listdir(tmp_path) == ["rules.yaml"]


def test_a_short_write_goes_on_where_it_stopped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    real = os.write
    monkeypatch.setattr(os, "write", lambda fd, data: real(fd, bytes(data[:3])))
    write_atomic(tmp_path / "x", b"0123456789")
    assert (tmp_path / "x").read_bytes() == b"0123456789"


def test_writing_into_a_folder_that_is_not_there_is_a_sentence(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="No such file or directory"):
        write_atomic(tmp_path / "absent" / "x", b"")


def test_left_temporary_files_are_found(tmp_path: Path) -> None:
    left = tmp_path / ".rules.yaml.0123456789ab.tmp"
    left.write_bytes(b"half")
    (tmp_path / "rules.yaml").write_bytes(b"whole")
    assert temporary_files(tmp_path) == [left]
    assert temporary_files(tmp_path / "absent") == []


def test_reading_is_bounded(tmp_path: Path) -> None:
    path = tmp_path / "x"
    path.write_bytes(b"12345")
    assert read_bounded(path, 5) == b"12345"
    with pytest.raises(StoreError, match="longer than 4 bytes"):
        read_bounded(path, 4)
    with pytest.raises(StoreError, match="No such file"):
        read_bounded(tmp_path / "absent", 4)
    with pytest.raises(StoreError):
        read_bounded(tmp_path, 4)


def test_a_fifo_in_the_place_of_a_file_does_not_hang_its_reader(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "x")
    writer = os.open(tmp_path / "x", os.O_RDWR)
    try:
        with pytest.raises(StoreError, match="not a regular file"):
            read_bounded(tmp_path / "x", 10)
    finally:
        os.close(writer)


def test_a_folder_that_cannot_be_made_is_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(StoreError, match="cannot create the folder"):
        make_folder(tmp_path / "file" / "below")
    assert make_folder(tmp_path / "a" / "b").is_dir()


def test_the_second_holder_is_refused_with_the_first_ones_number(tmp_path: Path) -> None:
    refusal = rf"held by another instance \(process {os.getpid()}\)"
    with locked(tmp_path / "lock"), pytest.raises(StoreError, match=refusal):
        Lock(tmp_path / "lock", wait=False)
    with locked(tmp_path / "lock", wait=False) as lock:
        lock.release()
        lock.release()


def test_a_lock_ends_with_its_process(tmp_path: Path) -> None:
    code = "import sys, pathlib, filterd.host.files as f; f.Lock(pathlib.Path(sys.argv[1])); print('held'); input()"
    child = subprocess.Popen(
        [sys.executable, "-c", code, str(tmp_path / "lock")], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    try:
        assert child.stdout is not None and child.stdin is not None
        assert child.stdout.readline() == "held\n"
        with pytest.raises(StoreError, match=f"process {child.pid}"):
            Lock(tmp_path / "lock", wait=False)
    finally:
        child.kill()
        child.wait()
        child.stdin.close()
        child.stdout.close()
    Lock(tmp_path / "lock").release()


def test_a_lock_that_cannot_be_opened_is_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "lock").mkdir()
    with pytest.raises(StoreError, match="cannot open"):
        Lock(tmp_path / "lock")


def test_a_lock_on_a_system_without_locks_is_a_sentence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refused(*_: object) -> None:
        raise OSError(errno.ENOLCK, "No locks available")

    monkeypatch.setattr("fcntl.flock", refused)
    with pytest.raises(StoreError, match=r"cannot lock .*: No locks available"):
        Lock(tmp_path / "lock")
