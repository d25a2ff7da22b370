"""The log of a real service: a blocked question is there within two seconds, with and without a manager."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

from tests.processes import Service, UpstreamStub, gone, log_is_made, part

KID = "127.0.0.11"


def asked(service: Service, state: Path, *options: str) -> list[dict]:
    command = [sys.executable, "-m", "filterd", "log", "--json", "--state", str(state), *options]
    shown = subprocess.run(command, capture_output=True, text=True, check=True, env=service.environment).stdout
    return [json.loads(line) for line in shown.splitlines()]


def wait_for(service: Service, state: Path, name: str, *options: str) -> float:
    """Look until a name is there; return how long it took until the look that found it began."""
    began = time.monotonic()
    while True:
        looked = time.monotonic() - began
        if any(e["name"] == name for e in asked(service, state, *options)):
            return looked
        assert looked < 2.0, f"{name} is not in the log after {looked:.1f} s"


def test_a_blocked_question_is_in_the_log_within_two_seconds(tmp_path: Path) -> None:
    state = tmp_path / "state"
    with UpstreamStub({"www.example.org": ["192.0.2.1"]}) as upstream, Service.up(state, upstream) as service:
        service.ask("tiktok.com", client=KID)
        wait_for(service, state, "tiktok.com", "--blocked", "--profile", "lan")
        assert service.until(
            lambda: log_is_made(state)
        )  # stopped while it makes the log it would hold the lock for ever
        manager = part(service.process.pid, "filterd.manage", 5.0)
        os.kill(manager, signal.SIGSTOP)  # alive, and of no use
        try:
            service.ask("www.tiktok.com", client=KID)
            wait_for(service, state, "www.tiktok.com", "--blocked", "--device", "may-lan", "--service", "tiktok")
        finally:
            os.kill(manager, signal.SIGKILL)
        assert gone(manager, 3.0)
        service.ask("m.tiktok.com", client=KID)
        wait_for(service, state, "m.tiktok.com", "--name", "tiktok.com")
        names = [e["name"] for e in asked(service, state, "--blocked")]
        assert sorted(names) == ["m.tiktok.com", "tiktok.com", "www.tiktok.com"]
