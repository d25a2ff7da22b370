"""The run folder and its sockets."""

from __future__ import annotations

import os
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from filterd.errors import StoreError
from filterd.host import run


@pytest.fixture(autouse=True)
def shm(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A /dev/shm of this test's own."""
    monkeypatch.delenv("FILTERD_RUN", raising=False)
    monkeypatch.delenv("RUNTIME_DIRECTORY", raising=False)
    folder = tmp_path / "shm"
    folder.mkdir()
    monkeypatch.setattr(run, "_SHM", folder)
    yield folder


def test_each_state_has_a_private_folder_in_memory(tmp_path: Path, shm: Path) -> None:
    (tmp_path / "a").mkdir()
    first = run.run_dir(tmp_path / "a")
    assert first.parent == shm
    assert first.stat().st_mode & 0o777 == 0o700
    assert run.run_dir(tmp_path / "a" / ".." / "a") == first
    assert run.run_dir(tmp_path / "b") != first


def test_the_environment_says_where(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RUNTIME_DIRECTORY", f"{tmp_path}/systemd:{tmp_path}/other")
    assert run.run_dir(tmp_path) == tmp_path / "systemd"
    monkeypatch.setenv("FILTERD_RUN", str(tmp_path / "own"))
    assert run.run_dir(tmp_path, create=False) == tmp_path / "own"
    assert not (tmp_path / "own").exists()
    assert run.run_dir(tmp_path).is_dir()


def test_a_folder_that_others_can_write_is_not_trusted(tmp_path: Path) -> None:
    folder = run.run_dir(tmp_path)
    folder.chmod(0o777)
    assert run.run_dir(tmp_path) == tmp_path / "run"


def test_a_link_in_the_place_of_the_folder_is_not_followed(tmp_path: Path) -> None:
    folder = run.run_dir(tmp_path)
    folder.rmdir()
    folder.symlink_to(tmp_path)
    assert run.run_dir(tmp_path) == tmp_path / "run"


def test_without_shared_memory_the_state_folder_serves(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(run, "_SHM", tmp_path / "absent")
    assert run.run_dir(tmp_path / "state", create=False) == tmp_path / "state" / "run"
    assert run.run_dir(tmp_path / "state").is_dir()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root sees another owner's run folder")
def test_root_finds_the_folder_of_the_states_owner(tmp_path: Path) -> None:
    state = tmp_path / "state"
    state.mkdir()
    os.chown(state, 12345, 12345)
    folder = run.run_dir(state)
    assert "filterd-12345-" in folder.name
    assert folder.stat().st_uid == 12345


@pytest.mark.parametrize("depth", [1, 12])
def test_sockets_work_however_long_their_path(tmp_path: Path, depth: int) -> None:
    folder = tmp_path.joinpath(*["a-folder-of-some-length"] * depth)
    folder.mkdir(parents=True)
    path = folder / "worker-0.sock"
    with run.listen(path):
        pass
    with run.listen(path) as listener:  # in the place of the dead one
        assert path.stat().st_mode & 0o777 == 0o600
        with run.connect(path) as client:
            accepted, _ = listener.accept()
            accepted.sendall(b"x")
            assert client.recv(1) == b"x"
            accepted.close()
    with pytest.raises(ConnectionRefusedError):
        run.connect(path)
    with pytest.raises(FileNotFoundError):
        run.connect(folder / "absent.sock")


def test_a_socket_that_cannot_be_made_is_a_sentence(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="cannot listen on"):
        run.listen(tmp_path / "absent" / "worker-0.sock")


def test_workers_are_found_by_number(tmp_path: Path) -> None:
    for name in ("worker-10.sock", "worker-2.sock", "worker-x.sock", "worker-1.blocked", "manager.sock"):
        (tmp_path / name).touch()
    assert [p.name for p in run.worker_sockets(tmp_path)] == ["worker-2.sock", "worker-10.sock"]
    assert run.worker_sockets(tmp_path / "absent") == []
    assert socket.AF_UNIX


def test_the_command_line_finds_the_folder_that_systemd_gave(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    state, folder = tmp_path / "state", tmp_path / "systemd"
    state.mkdir()
    monkeypatch.setenv("RUNTIME_DIRECTORY", str(folder))
    assert run.run_dir(state) == folder  # a part
    assert run.run_dir(state) == folder
    monkeypatch.delenv("RUNTIME_DIRECTORY")
    assert run.run_dir(state, create=False) == folder  # the command line
    monkeypatch.setenv("RUNTIME_DIRECTORY", str(tmp_path / "moved"))
    run.run_dir(state)
    monkeypatch.delenv("RUNTIME_DIRECTORY")
    assert run.run_dir(state) == tmp_path / "moved"
    assert sorted(p.name for p in state.iterdir()) == [run.POINTER]


@pytest.mark.parametrize("spoilt", ["absent", "open to others", "relative"])
def test_a_link_to_nothing_of_ours_is_not_followed(tmp_path: Path, shm: Path, spoilt: str) -> None:
    state, folder = tmp_path / "state", tmp_path / "folder"
    state.mkdir()
    if spoilt != "absent":
        folder.mkdir(mode=0o700)
    if spoilt == "open to others":
        folder.chmod(0o777)
    (state / run.POINTER).symlink_to("../folder" if spoilt == "relative" else folder)
    assert run.run_dir(state).parent == shm
