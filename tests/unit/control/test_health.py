"""Is the filter answering: counted from the workers' sockets, whatever state they are in."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest

from filterd.control import health
from filterd.control.household import ensure
from filterd.host.run import listen


@pytest.fixture
def state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("FILTERD_RUN", str(tmp_path / "run"))
    (tmp_path / "run").mkdir()
    return tmp_path / "state"


def test_nothing_is_there(state: Path) -> None:
    seen = health.look(state)
    assert seen == health.Health(0, 0, 0, None, None)
    assert not seen.is_answering


def test_counts_without_names(state: Path) -> None:
    ensure(state)
    seen = health.look(state)
    assert (seen.profiles, seen.devices) == (4, 3)
    assert seen.revision > 0


def test_workers_that_answer_hang_or_are_dead(state: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(health, "WAIT_S", 0.2)
    listen(tmp_path / "run" / "worker-0.sock").close()  # dead
    with listen(tmp_path / "run" / "worker-1.sock"), listen(tmp_path / "run" / "worker-2.sock") as working:  # 1 hangs
        working.setblocking(True)

        def answer() -> None:
            connection, _ = working.accept()
            with connection:
                assert connection.recv(100) == b'{"op":"ping"}\n'
                connection.sendall(b'{"pid": 7}\n')

        thread = threading.Thread(target=answer)
        thread.start()
        seen = health.look(state)
        thread.join()
    assert (seen.workers, seen.answering) == (2, 1)
    assert seen.is_answering
