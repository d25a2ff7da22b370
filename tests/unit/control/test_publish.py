"""Publication: one new revision in force, or the old one; never a mixture."""

from __future__ import annotations

import json
import os
import random
import signal
import socket
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from filterd.control import publish as publication
from filterd.control.publish import Published, current, publish
from filterd.errors import FilterdError, PublishError, StoreError
from filterd.host import revision as revisions
from filterd.host.run import listen


@pytest.fixture
def state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty state folder with a run folder of its own."""
    (tmp_path / "run").mkdir()
    monkeypatch.setenv("FILTERD_RUN", str(tmp_path / "run"))
    (tmp_path / "state").mkdir()
    return tmp_path / "state"


def files(state: Path) -> set[str]:
    """All files of the state folder but the lock."""
    return {str(p.relative_to(state)) for p in state.rglob("*") if p.is_file()} - {"publish.lock"}


def test_the_first_revision_names_its_parts_by_digest(state: Path) -> None:
    assert current(state) is None
    assert publish(state, snapshot=b"policy").revision == 1
    now = current(state)
    assert now is not None and now.snapshot is not None and now.clients is None
    assert (state / now.snapshot.file).read_bytes() == b"policy"
    assert now.snapshot.digest == revisions.digest_of(b"policy")


def test_other_parts_stay_as_they_are(state: Path) -> None:
    publish(state, snapshot=b"policy")
    publish(state, clients=b"map")
    now = current(state)
    assert now is not None and now.number == 2 and now.snapshot is not None and now.clients is not None


def test_the_same_content_makes_no_new_revision(state: Path) -> None:
    assert publish(state, snapshot=b"policy").revision == 1
    assert publish(state, snapshot=b"policy").revision == 1
    assert publish(state).revision == 1


def test_a_snapshot_may_be_made_under_the_lock_from_the_newest_state(state: Path) -> None:
    results = []
    counter = iter(range(100))

    def compile_newest() -> bytes:
        return b"%d" % next(counter)

    def one() -> None:
        results.append(publish(state, snapshot=compile_newest).revision)

    threads = [threading.Thread(target=one) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    now = current(state)
    assert now is not None and now.snapshot is not None
    assert sorted(results) == list(range(1, 9))
    assert (state / now.snapshot.file).read_bytes() == b"7"


def test_two_revisions_before_are_kept_and_no_more(state: Path) -> None:
    for number in range(6):
        publish(state, snapshot=b"%d" % number, clients=b"map %d" % number)
    assert [r.number for r in revisions.candidates(state)] == [6, 5, 4]
    kept = {r.snapshot.file for r in revisions.candidates(state) if r.snapshot}
    kept |= {r.clients.file for r in revisions.candidates(state) if r.clients}
    assert files(state) == kept | {"revision.json", "revision.json.1", "revision.json.2"}


def test_a_damaged_newest_revision_is_repaired_with_a_higher_number(state: Path) -> None:
    for number in range(3):
        publish(state, snapshot=b"%d" % number)
    (state / "revision.json").write_bytes(b"\0" * 100)
    assert publish(state).revision == 4
    assert [r.number for r in revisions.candidates(state)] == [4, 2, 1]


def test_a_part_that_vanished_is_written_again(state: Path) -> None:
    publish(state, snapshot=b"policy")
    now = current(state)
    assert now is not None and now.snapshot is not None
    (state / now.snapshot.file).unlink()
    publish(state, snapshot=b"policy")
    assert (state / now.snapshot.file).read_bytes() == b"policy"


def test_a_client_map_that_was_damaged_holds_nothing_up(state: Path) -> None:
    publish(state, snapshot=b"policy", clients=b"map")
    now = current(state)
    assert now is not None and now.clients is not None
    (state / now.clients.file).write_bytes(b"maq")
    publish(state, snapshot=b"policy 2")
    later = current(state)
    assert later is not None and later.clients is None
    publish(state, clients=b"map")
    assert (state / now.clients.file).read_bytes() == b"map"


def test_leftovers_of_killed_publishers_are_removed(state: Path) -> None:
    publish(state, snapshot=b"1")
    (state / "policy" / ".x.snapshot.0123.tmp").write_bytes(b"half")
    (state / ".revision.json.0123.tmp").write_bytes(b"half")
    (state / ".household.yaml.0123.tmp").write_bytes(b"another writer at work")
    publish(state, snapshot=b"2")
    assert {f for f in files(state) if f.endswith(".tmp")} == {".household.yaml.0123.tmp"}


def test_without_hard_links_the_revision_before_is_copied(state: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refused(*_: object) -> None:
        raise PermissionError(1, "Operation not permitted")

    monkeypatch.setattr(os, "link", refused)
    for number in range(4):
        publish(state, snapshot=b"%d" % number)
    assert [r.number for r in revisions.candidates(state)] == [4, 3, 2]


@pytest.mark.parametrize("call", ["fsync", "rename", "write"])
def test_every_refused_call_leaves_old_or_new(state: Path, monkeypatch: pytest.MonkeyPatch, call: str) -> None:
    """Fail the n-th call of a publication, for every n: what can be read afterwards is one whole revision."""
    publish(state, snapshot=b"old")
    real = getattr(os, call)
    for n in range(1, 12):
        with monkeypatch.context() as patch:
            calls = iter(range(1, 100))

            def failing(*args: object, calls: Iterator[int] = calls, n: int = n) -> object:
                if next(calls) == n:
                    raise OSError(28, "No space left on device")
                return real(*args)

            patch.setattr(os, call, failing)
            try:
                publish(state, snapshot=b"new %d" % n)
                outcome = "new"
            except StoreError:
                outcome = "old"
        assert_whole(state)
        assert publish(state, snapshot=b"next %s %d" % (outcome.encode(), n)).revision > 0


def assert_whole(state: Path) -> None:
    """The newest readable revision is the newest file, and all its parts are there with their digests."""
    now = revisions.read(state / "revision.json")
    for part in (now.snapshot, now.clients):
        assert part is not None or now.clients is None
        if part is not None:
            assert revisions.digest_of((state / part.file).read_bytes()) == part.digest


def test_kill_9_at_random_moments_leaves_old_or_new(state: Path) -> None:
    publish(state, snapshot=b"first", clients=b"first")
    dice = random.Random(20261124)
    last = 1
    for turn in range(40):
        pid = os.fork()
        if pid == 0:  # pragma: no cover - dies
            try:
                for n in range(10_000):
                    publish(state, snapshot=b"%d %d" % (turn, n) * 2000, clients=b"%d" % n)
            finally:
                os._exit(1)
        time.sleep(dice.uniform(0.001, 0.03))
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)
        assert_whole(state)
        now = current(state)
        assert now is not None and now.number >= last
        last = now.number
    assert publish(state, snapshot=b"after").revision == last + 1
    assert len(list((state / "policy").iterdir())) <= 3


class Worker(threading.Thread):
    """A worker's control socket that answers each request with what it is told."""

    def __init__(self, path: Path, answer: Callable[[], bytes | None]) -> None:
        super().__init__(daemon=True)
        self.listener = listen(path)
        self.listener.settimeout(5)
        self.answer = answer
        self.asked: list[bytes] = []

    def run(self) -> None:
        """Serve one connection."""
        connection, _ = self.listener.accept()
        with connection:
            connection.settimeout(5)
            self.asked.append(connection.recv(1000))
            answer = self.answer()
            if answer is None:
                connection.recv(1)  # until the publisher gives up
            else:
                connection.sendall(answer[:3])
                time.sleep(0.02)
                connection.sendall(answer[3:])
        self.listener.close()


def answer_of(**fields: object) -> Callable[[], bytes]:
    """Return a function that gives this reply's line."""
    return lambda: json.dumps(fields).encode() + b"\n"


def test_workers_are_told_and_their_acknowledgements_counted(state: Path) -> None:
    folder = state.parent / "run"
    listen(folder / "worker-9.sock").close()  # a dead worker is none
    answers: list[Callable[[], bytes | None]] = [
        answer_of(revision=1),
        answer_of(error="the snapshot is damaged", revision=0),
        answer_of(revision=0),
        lambda: b"rubbish\n",
        lambda: b"no line",
        lambda: None,
    ]
    workers = [Worker(folder / f"worker-{i}.sock", answer) for i, answer in enumerate(answers)]
    for worker in workers:
        worker.start()
    done = publish(state, snapshot=b"policy", wait_s=0.5)
    for worker in workers:
        worker.join()
        assert json.loads(worker.asked[0]) == {"op": "reload"}
    assert done == Published(
        1,
        acknowledged=1,
        workers=6,
        late=[
            *sorted(
                [
                    "worker-1 keeps revision 0: the snapshot is damaged",
                    "worker-2 is at revision 0",
                    "worker-3 gave an answer that is none",
                    "worker-4 went away before it answered",
                ],
                key=lambda s: next(i for i, late in enumerate(done.late) if late == s),
            ),
            "worker-5 did not answer within 0.5 s",
        ],
    )


def test_a_socket_that_cannot_be_reached_is_said(state: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (state.parent / "run" / "worker-0.sock").write_bytes(b"no socket")

    def refused(*_: object, **__: object) -> socket.socket:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(publication, "connect", refused)
    done = publish(state, snapshot=b"policy")
    assert done.workers == 1
    assert done.late == ["worker-0 cannot be reached: [Errno 13] Permission denied"]


def test_no_run_folder_means_no_workers(state: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FILTERD_RUN", str(state / "absent"))
    assert publish(state, snapshot=b"policy") == Published(1)


def test_a_bundle_outside_its_folder_is_refused(state: Path, tmp_path: Path) -> None:
    with pytest.raises(PublishError, match="a bundle is published from"):
        publish(state, bundle=tmp_path / "x.flt")


def test_a_damaged_bundle_is_never_the_newest_revision(state: Path) -> None:
    pytest.importorskip("filterd.lists.bundle")
    (state / "bundles").mkdir()
    (state / "bundles" / "x.flt").write_bytes(b"\0" * 1000)
    for name in ("x.flt", "absent.flt"):
        with pytest.raises(FilterdError, match=r"\.flt"):
            publish(state, bundle=state / "bundles" / name)
    assert current(state) is None
