"""The numbers of a service that really runs: workers answer, one is stopped, one is killed."""

from __future__ import annotations

import os
import signal
import time
from pathlib import Path

import pytest

from filterd.control.metrics import collect
from filterd.control.metrics_read import ask_workers
from tests.processes import Service, UpstreamStub, children
from tests.unit.control.test_metrics import samples, value
from tests.worlds import KID, publish_world

ZONE = {"www.example.org": ["192.0.2.80"]}


@pytest.fixture
def state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A published state."""
    monkeypatch.setenv("FILTERD_RUN", str(tmp_path / "state.run"))
    publish_world(tmp_path / "state", {"adult": ["secret-site.example"]})
    return tmp_path / "state"


def test_a_running_service_counts_what_it_did(state: Path) -> None:
    with UpstreamStub(ZONE) as upstream, Service.serve(state, upstream) as service:
        for _ in range(3):
            assert service.ask("secret-site.example", client=KID).header.rcode == 0
        for _ in range(2):
            service.ask("www.example.org", client=KID)
        service.ask("not-there.example", client=KID)
        deadline = time.monotonic() + 5
        while True:  # workers write their events a moment later
            text = collect(state)
            found = samples(text)
            if value(found, "ring_records_total", ring="worker-0.blocked") == 3 or time.monotonic() > deadline:
                break
            time.sleep(0.05)
        assert value(found, "ring_records_total", ring="worker-0.blocked") == 3
        assert value(found, "worker_up", worker="0") == 1
        assert (value(found, "worker_questions_total", worker="0") or 0) >= 6
        assert value(found, "worker_decisions_total", worker="0", action="block") == 3
        assert (value(found, "worker_answers_total", worker="0", origin="upstream") or 0) >= 2
        assert value(found, "worker_revision", worker="0") == value(found, "revision") == 1
        assert value(found, "worker_clock_trusted", worker="0") == 1
        assert not [w for w in (b"example", b"127.0.0", b"192.0", b"lan", b"phone", b"secret") if w in text]
    after = samples(collect(state))
    assert value(after, "worker_up", worker="0") == 0  # its socket is there, nobody owns it
    assert value(after, "worker_questions_total", worker="0") is None


def test_a_stopped_worker_costs_no_more_than_the_wait(state: Path) -> None:
    with UpstreamStub(ZONE) as upstream, Service.serve(state, upstream, "--workers", "2") as service:
        stats = dict(ask_workers(state, 5))["1"]
        assert stats is not None
        stopped = stats["pid"]
        assert stopped in children(service.process.pid)
        os.kill(stopped, signal.SIGSTOP)
        try:
            began = time.monotonic()
            found = samples(collect(state, wait_s=0.5))
            took = time.monotonic() - began
        finally:
            os.kill(stopped, signal.SIGCONT)
        assert (value(found, "worker_up", worker="0"), value(found, "worker_up", worker="1")) == (1, 0)
        assert took < 3
        found = samples(collect(state, wait_s=5))
        assert value(found, "worker_up", worker="1") == 1
