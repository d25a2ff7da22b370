"""The whole way of a report, with real processes: a box offline, its manager, the office's server, a decision, the answer."""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from filterd.control import feed_reports
from filterd.control.feed_office_demo import PASSPHRASE, Demo, make_demo
from tests.processes import Service, UpstreamStub
from tests.unit.control.receivers import free_port

READY_S = 60.0


@contextlib.contextmanager
def office(folder: Path, port: int) -> Iterator[None]:
    """`filterd feed serve` in a process of its own."""
    process = subprocess.Popen(
        [sys.executable, "-m", "filterd", "feed", "serve", "--folder", str(folder), "--listen", f"127.0.0.1:{port}"],
        stdout=subprocess.PIPE,
    )
    assert process.stdout is not None
    guard = threading.Timer(READY_S, process.kill)
    guard.start()
    try:
        assert process.stdout.readline().startswith(b"ready: ")
        guard.cancel()
        yield
    finally:
        guard.cancel()
        process.terminate()
        process.wait(10)
        process.stdout.close()


def filterd(*words: str, code: int = 0, **environment: str) -> str:
    """Run a command to its end."""
    done = subprocess.run(
        [sys.executable, "-m", "filterd", *words], capture_output=True, text=True, timeout=180, check=False,
        env=os.environ | environment,
    )  # fmt: skip
    assert done.returncode == code, done.stdout + done.stderr
    return done.stdout


def reports(state: Path) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(filterd("report", "list", "--json", "--state", str(state)))["reports"]
    return found


def test_a_report_leaves_when_there_is_a_connection_and_its_answer_comes_with_the_feed(tmp_path: Path) -> None:
    demo: Demo = make_demo(tmp_path / "demo", datetime.now(UTC))
    port, state, folder = free_port(), tmp_path / "state", demo.office.folder
    with UpstreamStub({"www.example.org": ["192.0.2.1"]}) as upstream, Service.up(state, upstream) as box:
        at = ("--state", str(state))
        with office(folder, port):
            filterd(
                "feed", "trust", str(demo.root), "--url", f"http://127.0.0.1:{port}", "--fingerprint", demo.fingerprint, *at,
                FILTERD_RUN=str(box.run),
            )  # fmt: skip
            filterd("feed", "sync", *at, FILTERD_RUN=str(box.run))
        # the office is away: it waits, and nothing of the family is in what waits
        filterd("report", "mistake", "hoctoan.example.org", "--category", "games", "--reason", "trang học", *at)
        assert box.until(lambda: feed_reports.load(state).problem != "", READY_S)
        assert [one["state"] for one in reports(state)] == ["waiting"]
        with office(folder, port):
            with_patience = feed_reports.load(state)
            assert with_patience.next_at > with_patience.reports[0].at
            filterd("report", "send", *at)
            filterd("report", "missed", "casino2.example", "--category", "gambling", *at)
            # the second one nobody sends by hand: the manager's child does
            assert box.until(lambda: all(one.state == "sent" for one in feed_reports.load(state).reports), 120.0)
            groups = json.loads(filterd("feed", "inbox", "--json", "--folder", str(folder)))["groups"]
            assert {(g["name"], g["kind"], g["homes"]) for g in groups} == {
                ("hoctoan.example.org", "mistake", 1), ("casino2.example", "missed", 1),
            }  # fmt: skip
            filterd(
                "feed", "inbox", "decide", "hoctoan.example.org", "--kind", "mistake", "--accept", "--by", "cô Hoa",
                "--vi", "Đã gỡ khỏi danh sách.", "--en", "Taken off the list.", "--folder", str(folder),
            )  # fmt: skip
            secret = tmp_path / "pass"
            secret.write_text(PASSPHRASE)
            secret.chmod(0o600)
            filterd(
                "feed",
                "publish",
                "--folder",
                str(folder),
                "--keys",
                str(demo.keys),
                FILTERD_FEED_PASSPHRASE_FILE=str(secret),
            )
            filterd("feed", "sync", *at, FILTERD_RUN=str(box.run))
    (newest, oldest) = reports(state)
    assert newest["outcome"] is None and oldest["outcome"]["verdict"] == "accepted"
    assert oldest["outcome"]["note"]["vi"] == "Đã gỡ khỏi danh sách."
    published = (demo.office.repository / "targets" / "feed").glob("*.outcomes.json")
    for path in published:
        text = path.read_text()
        assert "hoctoan" not in text and oldest["site"] not in text and "Hoa" not in text
