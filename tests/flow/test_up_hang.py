"""A worker that hangs under `filterd up` is noticed by its silence, killed and started again; the questions waited."""

from __future__ import annotations

import os
import signal
import time
from pathlib import Path

import pytest

from filterd.host.parts import SILENT_S
from tests.processes import Service, UpstreamStub, part

pytestmark = pytest.mark.slow


def test_a_worker_that_hangs_is_started_again(tmp_path: Path) -> None:
    with (
        UpstreamStub({"www.example.org": ["192.0.2.80"]}) as upstream,
        Service.up(tmp_path / "state", upstream) as service,
    ):
        worker = part(service.process.pid, "filterd.serve")
        os.kill(worker, signal.SIGSTOP)
        began = time.monotonic()
        answer = service.ask("www.example.org", seconds=SILENT_S + 20)
        assert answer.header.rcode == 0
        assert time.monotonic() - began > SILENT_S / 2
        assert part(service.process.pid, "filterd.serve", 5.0) != worker
        assert "worker-0 gives no sign of life; it is killed" in service.said


def test_a_worker_that_works_is_left_alone_without_questions(tmp_path: Path) -> None:
    with UpstreamStub() as upstream, Service.up(tmp_path / "state", upstream) as service:
        worker = part(service.process.pid, "filterd.serve")
        time.sleep(SILENT_S + 5)
        assert part(service.process.pid, "filterd.serve") == worker
