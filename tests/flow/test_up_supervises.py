"""`filterd up` for real: sets a state up, keeps its parts alive, ends them all, and never runs twice."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.processes import READY_S, Service, UpstreamStub, addresses, children, gone, load, log_is_made, part

LAN = "127.0.0.11"
BLOCKED = "tiktok.com"  # by the demonstration household, for Lan


@pytest.fixture(scope="module")
def upstream() -> Iterator[UpstreamStub]:
    """An upstream that knows a site."""
    with UpstreamStub({"www.example.org": ["192.0.2.80"]}) as stub:
        yield stub


@pytest.fixture
def state(tmp_path: Path) -> Path:
    """A state folder that is not there yet."""
    return tmp_path / "state"


def until(condition: object, seconds: float = READY_S) -> bool:
    """Wait for something."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if condition():  # type: ignore[operator] # a function
            return True
        time.sleep(0.05)
    return False


def test_the_first_start_sets_up_a_demonstration_and_says_what_to_try(state: Path, upstream: UpstreamStub) -> None:
    with Service.up(state, upstream, dns=("127.0.0.1:0", "[::1]:0")) as service:
        service.until(lambda: len(service.lines) >= 6, 5)
        port = service.bound[0][1]
        assert (
            service.lines[0] == f"ready: answering DNS at 127.0.0.1:{port}, [::1]:{service.bound[1][1]} (UDP and TCP)"
        )
        assert any(f"dig @127.0.0.1 -p {port} -b 127.0.0.11" in line for line in service.lines)
        assert addresses(service.ask(BLOCKED, client=LAN)) == ["0.0.0.0"]
        assert addresses(service.ask("www.example.org", at=1)) == ["192.0.2.80"]
        assert "a demonstration household" in service.said
        assert len(children(service.process.pid)) == 2
        assert service.until(lambda: log_is_made(state))
        assert "alembic" not in service.said  # which library makes the databases is no news for a parent


def test_a_familys_own_household_needs_no_lines_to_try(state: Path, upstream: UpstreamStub) -> None:
    state.mkdir()
    (state / "household.yaml").write_text("version: 1\nprofiles: [{id: an, name: An}]\n")
    with Service.up(state, upstream) as service:
        service.until(lambda: len(service.lines) > 1, 0.5)
        assert len(service.lines) == 1
        assert "demonstration" not in service.said


def test_a_killed_worker_is_back_and_no_question_is_lost_meanwhile(state: Path, upstream: UpstreamStub) -> None:
    with Service.up(state, upstream) as service:
        with load(service.bound[0], ["www.example.org"], 50) as running:
            time.sleep(0.3)
            os.kill(part(service.process.pid, "filterd.serve"), signal.SIGKILL)
            assert until(lambda: "worker-0 is back" in service.said)
            time.sleep(0.3)
        assert "worker-0 ended (killed by signal 9); started again in 0.2 s" in service.said
        assert running.lost <= 2  # what the killed worker had in its hands; the others waited in the socket


def test_with_a_dead_manager_answers_go_on_and_it_is_started_again(state: Path, upstream: UpstreamStub) -> None:
    with Service.up(state, upstream) as service:
        manager = part(service.process.pid, "filterd.manage")
        os.kill(manager, signal.SIGKILL)
        assert addresses(service.ask(BLOCKED, client=LAN)) == ["0.0.0.0"]
        assert until(lambda: "manager ended (killed by signal 9); started again" in service.said)
        assert until(lambda: len(children(service.process.pid)) == 2)


def test_a_killed_supervisor_takes_its_parts_with_it_and_can_be_started_anew(
    state: Path, upstream: UpstreamStub
) -> None:
    service = Service.up(state, upstream)
    try:
        service.ready()
        below = children(service.process.pid)
        service.process.kill()
        service.process.wait()
        assert all(gone(pid, 5) for pid in below)
    finally:
        service.end()
    with Service.up(state, upstream) as again:
        assert addresses(again.ask(BLOCKED, client=LAN)) == ["0.0.0.0"]


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_everything_within_five_seconds(state: Path, upstream: UpstreamStub, number: int) -> None:
    service = Service.up(state, upstream, "--workers", "2")
    try:
        service.ready()
        below = children(service.process.pid)
        assert len(below) == 3
        start = time.monotonic()
        assert service.end(number) == 0
        assert time.monotonic() - start < 5
        assert all(gone(pid, 0.5) for pid in below)
        assert "ended (" not in service.said
    finally:
        service.end(signal.SIGKILL)


def test_a_part_that_does_not_listen_is_killed_in_time(state: Path, upstream: UpstreamStub) -> None:
    service = Service.up(state, upstream)
    try:
        service.ready()
        worker = part(service.process.pid, "filterd.serve")
        os.kill(worker, signal.SIGSTOP)
        start = time.monotonic()
        assert service.end(signal.SIGTERM) == 0
        assert time.monotonic() - start < 5
        assert gone(worker, 0.5)
    finally:
        service.end(signal.SIGKILL)


def test_a_second_instance_is_refused_and_the_first_goes_on(state: Path, upstream: UpstreamStub) -> None:
    with Service.up(state, upstream) as service:
        for command in ("up", "serve"):
            done = subprocess.run(
                [sys.executable, "-m", "filterd", command, "--state", str(state), "--dns", "127.0.0.1:0"],
                capture_output=True,
                text=True,
                timeout=30,
                env=service.environment,
            )
            assert done.returncode == 1
            assert done.stdout == ""
            assert done.stderr.startswith("filterd: filterd runs on this state already")
            assert done.stderr.count("\n") == 1
        manager = subprocess.run(
            [sys.executable, "-m", "filterd", "manage", "--state", str(state)],
            capture_output=True,
            text=True,
            timeout=30,
            env=service.environment,
        )
        assert manager.returncode == 1 and "held by another instance" in manager.stderr
        assert addresses(service.ask(BLOCKED, client=LAN)) == ["0.0.0.0"]


def test_the_page_is_part_of_it_and_a_port_that_is_taken_ends_nothing(state: Path, upstream: UpstreamStub) -> None:
    with Service.up(state, upstream, "--web", "127.0.0.1:0") as service:
        assert service.until(lambda: any(line.startswith("page: http://127.0.0.1:") for line in service.lines))
        address = next(line for line in service.lines if line.startswith("page: ")).removeprefix("page: ")
        with urllib.request.urlopen(address + "healthz", timeout=10) as answer:
            assert answer.status == 200
        web = part(service.process.pid, "webui")
        os.kill(web, signal.SIGKILL)
        assert gone(web, 5.0)
        part(service.process.pid, "webui", 10.0)
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with Service.up(state, upstream, "--web", f"127.0.0.1:{port}") as service:
            assert until(lambda: "web ended (exit code 1)" in service.said)
            assert addresses(service.ask(BLOCKED, client=LAN)) == ["0.0.0.0"]


def test_a_damaged_household_leaves_the_last_good_one_in_force(state: Path, upstream: UpstreamStub) -> None:
    with Service.up(state, upstream):
        pass
    for file in state.glob("household.db*"):
        file.write_bytes(b"no database at all, and long enough to look like one" * 100)
    with Service.up(state, upstream) as service:
        assert "the last good one stays in force" in service.said
        assert addresses(service.ask(BLOCKED, client=LAN)) == ["0.0.0.0"]


def test_a_worker_that_cannot_start_ends_up_with_a_sentence(state: Path, upstream: UpstreamStub) -> None:
    service = Service.up(state, upstream, "--dns", "192.0.2.77:0")
    try:
        assert service.process.wait(READY_S) == 1
        assert "192.0.2.77:0: this machine does not have that address" in service.said
        assert "Traceback" not in service.said
    finally:
        service.end()


def test_a_taken_port_is_said_before_anything_is_started(state: Path, tmp_path: Path, upstream: UpstreamStub) -> None:
    with Service.up(state, upstream) as service:
        other = Service.up(tmp_path / "other", upstream, dns=(f"127.0.0.1:{service.bound[0][1]}",))
        try:
            assert other.process.wait(READY_S) == 1
            assert "another program answers there already" in other.said
        finally:
            other.end()


def test_closed_standard_output_stops_no_answers(state: Path, upstream: UpstreamStub) -> None:
    service = Service.up(state, upstream)
    try:
        assert service.process.stdout is not None
        service.process.stdout.close()
        assert until(lambda: len(children(service.process.pid)) == 2)
        time.sleep(2)
        assert service.process.poll() is None
    finally:
        service.end()
