"""The manager's part: when a child is started, that there is never a second one, and what follows its end."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from filterd.control import child_job
from filterd.control.sync_due import (
    FIRST_RETRY_S,
    OFFLINE_MAX_S,
    OFFLINE_RETRY_S,
    after_failure,
    after_success,
    due_at,
    is_due,
    next_due,
)
from filterd.control.sync_fetch import fetch_all
from filterd.control.sync_folder import find, read
from filterd.control.sync_job import FIRST_WAIT_S, RETRY_MAX_S, RETRY_S, START_WAIT_S, SyncJob
from filterd.control.sync_state import Writer
from filterd.control.sync_words import sentence
from filterd.errors import StartError, StoreError
from filterd.listbuild.fetch import Fetched
from filterd.listbuild.refusal import Refused, Why
from filterd.listbuild.registry import Listed, save

NOW = 1_795_500_000.0
LIST = Listed("one", "ads", "hosts", "auto", "https://lists.example.org/one.txt", digest="d" * 64, names=5)


PARENT = """import sys, time
from filterd.control.child_job import start_child
child = start_child(sys.argv[1:])
print(child.pid, flush=True)
time.sleep(60)
"""


class Child:
    """A process that ends when the test says so."""

    def __init__(self, words: Sequence[str]) -> None:
        self.words = list(words)
        self.code: int | None = None
        self.ended: list[str] = []

    def poll(self) -> int | None:
        return self.code

    def terminate(self) -> None:
        self.ended.append("terminate")

    def kill(self) -> None:
        self.ended.append("kill")
        self.code = -9

    def wait(self, timeout: float | None = None) -> int:
        if timeout is not None and self.code is None:
            raise subprocess.TimeoutExpired("child", timeout)
        return self.code or 0


class Bench:
    def __init__(self, state: Path, **more: object) -> None:
        self.state = state
        self.children: list[Child] = []
        self.job = SyncJob(state, start=self.start, chance=random.Random(1), **more)  # type: ignore[arg-type]

    def start(self, words: Sequence[str]) -> Child:
        self.children.append(Child(words))
        return self.children[-1]

    def until_started(self, now: float, seconds: float) -> float:
        """Step every second until another child is there; return when."""
        before = len(self.children)
        for tick in range(int(seconds) + 2):
            self.job.step(now + tick)
            if len(self.children) > before:
                return now + tick
        raise AssertionError("no child was started")


@pytest.fixture
def state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("FILTERD_RUN", str(tmp_path / "no-run-folder"))
    (tmp_path / "state").mkdir()
    return tmp_path / "state"


def register(state: Path, **changes: object) -> None:
    save(state, {"one": replace(LIST, **changes)})  # type: ignore[arg-type]


def test_without_sources_nothing_is_ever_started(state: Path) -> None:
    bench = Bench(state)
    for hours in range(200):
        bench.job.step(NOW + hours * 3600)
    assert bench.children == []
    save(state, {"one": replace(LIST, origin="/a/file")})
    for hours in range(200, 400):
        bench.job.step(NOW + hours * 3600)
    assert bench.children == []


def test_the_first_sync_begins_at_once_and_a_later_one_at_some_moment(state: Path) -> None:
    register(state, digest="", names=0)
    bench = Bench(state)
    assert bench.until_started(NOW, 10) == NOW + FIRST_WAIT_S
    assert bench.children[0].words == ["lists", "update", "--state", str(state), "--child"]
    register(state)
    starts = {Bench(state).until_started(NOW, START_WAIT_S + FIRST_WAIT_S) for _ in range(1)}
    assert max(starts) <= NOW + FIRST_WAIT_S + START_WAIT_S


def test_never_two_at_once_and_the_next_when_it_is_due(state: Path) -> None:
    register(state, digest="")
    bench = Bench(state)
    bench.until_started(NOW, 10)
    for seconds in range(10, 4000, 10):
        bench.job.step(NOW + seconds)
    assert len(bench.children) == 1 and bench.job.is_running
    save(state, {"one": after_success(LIST, NOW + 4000, random.Random(1))})
    bench.children[0].code = 0
    for minutes in range(70, 20 * 60):
        bench.job.step(NOW + minutes * 60)
    assert len(bench.children) == 1 and not bench.job.is_running
    for minutes in range(20 * 60, 28 * 60):
        bench.job.step(NOW + minutes * 60)
    assert len(bench.children) == 2


def test_a_child_that_makes_nothing_better_is_started_less_and_less_often(state: Path) -> None:
    register(state, digest="")
    bench = Bench(state)
    now = bench.until_started(NOW, 10)
    waits = []
    for _ in range(8):
        bench.children[-1].code = -9
        bench.job.step(now)
        started = bench.until_started(now, RETRY_MAX_S * 1.3)
        waits.append(started - now)
        now = started
    assert RETRY_S * 0.8 <= waits[0] <= RETRY_S * 1.2 + 2 and waits == sorted(waits[:7]) + waits[7:]
    assert max(waits) <= RETRY_MAX_S * 1.2 + 2


def test_a_sync_that_was_cut_after_its_last_list_is_begun_again(state: Path) -> None:
    """Nothing is due any more, and yet nothing is in force: the file of the sync says that it did not end."""
    save(state, {"one": after_success(LIST, NOW, random.Random(1))})
    Writer(state, None).begin(phase="building", started=NOW)
    file = state / "sync" / "last.json"
    file.write_text(file.read_text().replace(f'"pid": {os.getpid()}', '"pid": 999999999'))
    bench = Bench(state)
    bench.until_started(NOW, START_WAIT_S + FIRST_WAIT_S)
    Writer(state, None).finish(phase="done", started=NOW + 9)
    bench.children[0].code = 0
    for seconds in range(200, 3000):
        bench.job.step(NOW + seconds)
    assert len(bench.children) == 1


def test_a_folder_comes_first_and_once_and_needs_no_network(state: Path, tmp_path: Path) -> None:
    bench = Bench(state, folder=tmp_path, online=False, options=("--allow-loopback",))
    bench.until_started(NOW, 10)
    words = ["lists", "update", "--state", str(state), "--child", "--from", str(tmp_path), "--allow-loopback"]
    assert bench.children[0].words == words
    register(state, digest="")
    bench.children[0].code = 0
    for hours in range(100):
        bench.job.step(NOW + hours * 3600)
    assert len(bench.children) == 1
    both = Bench(state, folder=tmp_path)
    started = both.until_started(NOW, 10)
    both.children[0].code = 0
    both.job.step(started + 1)
    both.until_started(started + 1, RETRY_S * 1.3)
    assert "--from" not in both.children[1].words


def test_a_clock_that_is_set_back_does_not_stop_it(state: Path) -> None:
    register(state, digest="")
    bench = Bench(state)
    bench.job.step(NOW)
    bench.until_started(NOW - 400 * 86_400, 10)


def test_a_start_that_fails_is_said_and_tried_again_later(state: Path) -> None:
    register(state, digest="")
    calls: list[float] = []
    now = NOW

    def start(_: Sequence[str]) -> Child:
        calls.append(now)
        raise StartError("no more processes")

    job = SyncJob(state, start=start, chance=random.Random(1))
    for tick in range(700):
        now = NOW + tick
        try:
            job.step(now)
        except StartError:
            pass
    assert [call - NOW for call in calls] == [2.0, 302.0, 602.0]


def test_a_damaged_registry_ends_nothing(state: Path) -> None:
    register(state, digest="")
    (state / "lists" / "registry.json").write_text("{")
    bench = Bench(state)
    for tick in range(200):
        bench.job.step(NOW + tick)
    assert bench.children == []


def test_closing_ends_the_child_the_hard_way_if_need_be(state: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(child_job, "END_S", 0.01)
    register(state, digest="")
    bench = Bench(state)
    bench.job.close()
    bench.until_started(NOW, 10)
    bench.job.close()
    assert bench.children[0].ended == ["terminate", "kill"] and not bench.job.is_running


def test_the_real_child_ends_with_its_parent(state: Path) -> None:
    """The manager is killed: its end of the pipe is gone, and the sync ends too, however long its server would take."""
    from tests.list_server import ListServer, silent

    with ListServer({"/slow.txt": silent}) as server:
        save(state, {"one": replace(LIST, origin=server.url("/slow.txt"), digest="", names=0)})
        (state / "none.yaml").write_text("licences: []\nsources: []\n")
        options = [
            "lists",
            "update",
            "--state",
            str(state),
            "--child",
            "--allow-loopback",
            "--sources",
            str(state / "none.yaml"),
        ]
        parent = subprocess.Popen([sys.executable, "-c", PARENT, *options], stdout=subprocess.PIPE)
        assert parent.stdout is not None
        pid = int(parent.stdout.readline())
        deadline = time.monotonic() + 30
        while not server.asked("/slow.txt"):
            assert time.monotonic() < deadline
            time.sleep(0.02)
        parent.send_signal(signal.SIGKILL)
        parent.wait()
        parent.stdout.close()
        while Path(f"/proc/{pid}/stat").exists() and " Z " not in Path(f"/proc/{pid}/stat").read_text():
            assert time.monotonic() < deadline
            time.sleep(0.02)


def test_a_program_that_cannot_be_started_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "executable", "/nowhere/python")
    with pytest.raises(StartError, match="cannot be started"):
        child_job.start_child(["lists"])


# when a list is due


def test_the_rhythm_has_some_chance_in_it() -> None:
    waits = {(due_at(after_success(LIST, NOW, random.Random(seed))) or 0) - NOW for seed in range(50)}
    assert len(waits) > 30 and min(waits) >= 0.9 * 86_400 and max(waits) <= 1.1 * 86_400 + 1


def test_patience_doubles_up_to_the_rhythm_and_offline_up_to_an_hour() -> None:
    for why, first, most in (
        (Why.STATUS, FIRST_RETRY_S, 86_400.0),
        (Why.NO_CONNECTION, OFFLINE_RETRY_S, OFFLINE_MAX_S),
    ):
        listed = LIST
        for turn in range(40):
            listed = after_failure(listed, why, NOW, random.Random(turn))
            expected = min(first * 2**turn, most)
            assert 0.75 * expected - 1 <= (due_at(listed) or 0) - NOW <= 1.25 * expected + 1
        assert listed.failures == 40
    assert after_failure(replace(LIST, failures=3), Why.HELD, NOW, random.Random(1)).failures == 0


def test_due_is_what_is_on_has_an_address_and_whose_time_has_come() -> None:
    assert is_due(LIST, NOW) and is_due(replace(LIST, next_at="nonsense"), NOW)
    assert not is_due(replace(LIST, enabled=False), NOW) and not is_due(replace(LIST, origin="/file"), NOW)
    later = after_success(LIST, NOW, random.Random(1))
    assert not is_due(later, NOW) and is_due(later, NOW + 1.2 * 86_400)
    assert is_due(later, NOW - 400 * 86_400)  # the clock was wrong when it was written
    assert next_due([later, replace(LIST, enabled=False)]) == due_at(later)
    assert next_due([later, LIST]) == 0.0 and next_due([]) is None


# fetching several at once


def test_a_bug_in_fetching_is_not_swallowed() -> None:
    def broken(_: Listed) -> Fetched:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        list(fetch_all([LIST, LIST, LIST], broken))


def test_one_slow_list_keeps_nobody_waiting() -> None:
    import threading

    release = threading.Event()

    def fetch(listed: Listed) -> Fetched:
        if listed.id == "slow":
            release.wait(30)
        return Fetched(listed.id.encode())

    lists = [replace(LIST, id="slow"), *(replace(LIST, id=f"n{n}") for n in range(20))]
    seen = []
    for listed, _ in fetch_all(lists, fetch):
        seen.append(listed.id)
        if len(seen) == 20:
            release.set()
    assert seen[-1] == "slow" and len(seen) == 21


# files of a folder


def test_files_are_known_by_id_or_by_the_end_of_the_address(tmp_path: Path) -> None:
    for name in ("one", "two.txt", "three.gz", "four.txt.xz", "hosts-VN", "domains", "readme.md", "five.zip"):
        (tmp_path / name).write_bytes(b"")
    addresses = {key: f"https://x.example.org/{key}/domains" for key in ("one", "two", "three", "four", "five")}
    found = find(tmp_path, addresses | {"vn": "https://x.example.org/option/hosts-VN"})
    assert {key: path.name for key, path in found.files.items()} == {
        "one": "one", "two": "two.txt", "three": "three.gz", "four": "four.txt.xz", "vn": "hosts-VN",
    }  # fmt: skip
    assert found.unknown == ("domains", "five.zip", "readme.md")  # `domains` might be any of five
    with pytest.raises(StoreError, match="cannot be read"):
        find(tmp_path / "none", {})


def test_files_are_unpacked_within_the_bound(tmp_path: Path) -> None:
    import gzip
    import lzma

    body = b"a.example.org\n" * 50
    for name, data in (("a", body), ("a.gz", gzip.compress(body)), ("a.xz", lzma.compress(body))):
        (tmp_path / name).write_bytes(data)
        assert read(tmp_path / name, len(body)).data == body
        with pytest.raises(Refused) as caught:
            read(tmp_path / name, len(body) - 1)
        assert caught.value.why in (Why.TOO_LARGE, Why.FILE)
    (tmp_path / "a.gz").write_bytes(gzip.compress(body)[:-9])
    with pytest.raises(Refused, match="a.gz: the packed body stops"):
        read(tmp_path / "a.gz", 1 << 20)


def test_every_reason_has_a_sentence_in_both_languages() -> None:
    for why in Why:
        both = sentence(why, "vi"), sentence(why, "en")
        assert all(len(text) > 20 and text.endswith((".", ").")) for text in both) and both[0] != both[1], why
    assert sentence("another", "vi") == ""
