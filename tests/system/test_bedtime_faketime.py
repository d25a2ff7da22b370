"""Bedtime for real: under a faked clock shortly before 21:30, with a manager that was killed and stays dead.

`faketime` (Debian) is loaded into every part with a fixed distance to the real clock, so that all parts and this test
agree on the time to the millisecond. Monotonic time stays real.
"""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from tests.processes import Service, UpstreamStub, addresses, children, gone, part

ZONE = ZoneInfo("Asia/Ho_Chi_Minh")
LEAD_S = 18  # the service is started so long before bedtime
KID, NAME = "127.0.0.11", "www.example.org"
HOUSEHOLD = """\
version: 1
language: en
profiles:
  - id: lan
    name: Lan
    windows: [{name: Bedtime, from: "21:30", to: "06:00", effect: offline}]
  - {id: parents, name: Parents, preset: adult}
devices:
  - {id: phone, name: Phone, profile: lan, ip: 127.0.0.11}
  - {id: laptop, name: Laptop, profile: parents, ip: 127.0.0.12}
"""

pytestmark = pytest.mark.slow


@contextlib.contextmanager
def held(pid: int) -> Iterator[None]:
    """Stop a process for the length of a block: a supervisor that cannot start anything again."""
    os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(pid, signal.SIGCONT)


def library() -> str:
    """Where faketime's library is; the tool itself knows."""
    if shutil.which("faketime") is None:
        pytest.skip("faketime is not installed")
    out = subprocess.run(["faketime", "-f", "+0", "env"], capture_output=True, text=True, timeout=20, check=True).stdout
    return next(line.partition("=")[2] for line in out.splitlines() if line.startswith("LD_PRELOAD="))


def test_bedtime_bites_at_half_past_nine_with_a_dead_manager(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    preload = library()
    state = tmp_path / "state"
    monkeypatch.setenv("FILTERD_RUN", str(tmp_path / "state.run"))

    def command(*arguments: str) -> str:
        done = subprocess.run(
            [sys.executable, "-m", "filterd", *arguments, "--state", str(state)],
            capture_output=True, text=True, timeout=60,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
        return done.stdout

    (tmp_path / "household.yaml").write_text(HOUSEHOLD)
    command("policy", "import", str(tmp_path / "household.yaml"))

    bedtime = (datetime.now(ZONE) + timedelta(days=2)).replace(hour=21, minute=30, second=0, microsecond=0)

    # said before
    said = {}
    for when in (bedtime - timedelta(seconds=1), bedtime):
        at = when.strftime("%Y-%m-%d %H:%M:%S")
        said[when] = json.loads(command("explain", NAME, "--client", KID, "--at", at, "--json"))
    before, after = said.values()
    assert (before["action"], before["row"]) == ("allow", "default")
    assert before["next"]["row"] == "window" and datetime.fromisoformat(before["next"]["at"]) == bedtime
    assert (after["action"], after["row"], after["rule"]) == ("block", "window", "Bedtime")
    assert datetime.fromisoformat(after["since"]) == bedtime

    ahead = int(bedtime.timestamp() - LEAD_S - time.time())  # s; fake clock = real clock + this
    environment = {
        "LD_PRELOAD": preload, "FAKETIME": f"+{ahead}", "FAKETIME_DISABLE_SHM": "1", "NO_FAKE_STAT": "1",
        "FAKETIME_DONT_FAKE_MONOTONIC": "1", "DONT_FAKE_MONOTONIC": "1",
    }  # fmt: skip

    def left() -> float:
        """Seconds until bedtime by the faked clock."""
        return bedtime.timestamp() - ahead - time.time()

    with UpstreamStub({NAME: ["192.0.2.80"]}) as upstream:
        arguments = ["up", "--state", str(state), "--web", "off", "--dns", "127.0.0.1:0", "--upstream", upstream.url]
        with Service(arguments, state, tmp_path / "state.run", environment) as service:
            assert left() > 5, "the machine is too slow for this test"
            supervisor = service.process.pid
            worker = part(supervisor, "filterd.serve")
            assert addresses(service.ask(NAME, client=KID)) == ["192.0.2.80"]
            time.sleep(max(0.0, left() - 5))
            with held(supervisor):
                manager = part(supervisor, "filterd.manage")
                os.kill(manager, signal.SIGKILL)
                assert gone(manager, 3)
                ttls: list[tuple[float, int]] = []  # (s to bedtime when asked, TTL)
                while (now := left()) > -1.5:
                    answer = service.ask(NAME, client=KID)
                    if addresses(answer) == ["192.0.2.80"]:
                        ttls.append((now, answer.rr[0].ttl))
                    time.sleep(0.02)
                assert addresses(service.ask(NAME, client="127.0.0.12")) == ["192.0.2.80"]  # parents are up
                assert part(supervisor, "filterd.serve") == worker
            events = [json.loads(line) for line in command("log", "--json").splitlines()]
            assert service.end() == 0
            assert all(gone(pid, 1) for pid in children(supervisor))

    # what the worker itself noted, by the clock that it goes by
    seen = [(datetime.fromisoformat(e["at"]), e["action"], e["row"]) for e in events if e["device"] == "phone"]
    early = {(action, row) for at, action, row in seen if at < bedtime}
    late = {(action, row) for at, action, row in seen if at >= bedtime + timedelta(seconds=1)}
    assert early == {("allow", "default")} and late == {("block", "window")}
    first = min(at for at, action, _ in seen if action == "block")
    assert sum(at < bedtime for at, _, _ in seen) > 20
    with capsys.disabled():
        print(f"\nbedtime bit {(first - bedtime).total_seconds() * 1000:.0f} ms after 21:30:00 household time")

    # the times to live count down to it: no well-behaved client keeps the answer beyond
    assert all(1 <= ttl <= max(1, int(now) + 1) for now, ttl in ttls), ttls
    assert ttls[0][1] >= 3 and ttls[-1][1] == 1
