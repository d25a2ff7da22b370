"""A box for stories about the sync: a state folder, sources on a local server, `filterd lists` as real processes."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import yaml

from tests.list_server import Content, ListServer


class SyncBox:
    """Commands on one state, with sources of one's own."""

    def __init__(self, folder: Path, server: ListServer) -> None:
        self.state = folder / "state"
        self.state.mkdir()
        self.file = folder / "sources.yaml"
        self.server = server
        self.rows: list[dict[str, Any]] = []
        self.environment = os.environ | {"FILTERD_RUN": str(folder / "state.run"), "FILTERD_SYNC": "0"}
        Path(self.environment["FILTERD_RUN"]).mkdir(exist_ok=True)

    def source(
        self, key: str, content: Content, category: str, format: str = "domains", path: str = "", **more: Any
    ) -> None:
        """Know a source and serve its content."""
        path = path or f"/{key}.txt"
        self.server.content[path] = content
        row = {
            "id": key, "name": {"vi": key, "en": key}, "url": self.server.url(path), "homepage": self.server.url("/"),
            "format": format, "category": category, "licence": "MIT", "every_h": 24, "shrink": 0.2, "grow": 1, "max_mib": 64,
            "names": 0, "recommended": True, "checked": "never", "known_from": "a test",
        }  # fmt: skip
        self.rows.append(row | more)
        licence = {"id": "MIT", "mirror": True, "mirror_why": "may", "ship": False, "ship_why": "may not"}
        self.file.write_text(yaml.safe_dump({"licences": [licence], "sources": self.rows}))

    def words(self, *words: str) -> list[str]:
        """The command line of an update."""
        own = ["--state", str(self.state), "--sources", str(self.file), "--allow-loopback"]
        return [sys.executable, "-m", "filterd", "lists", "update", *own, *words]

    def update(self, *words: str, code: int = 0, seconds: float = 120.0) -> subprocess.CompletedProcess[str]:
        """Run an update to its end."""
        done = subprocess.run(
            self.words(*words), capture_output=True, text=True, timeout=seconds, env=self.environment, check=False
        )
        assert done.returncode == code, done.stderr
        return done

    def start(self, *words: str) -> subprocess.Popen[str]:
        """Start an update; who calls ends it."""
        return subprocess.Popen(
            self.words(*words), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, env=self.environment
        )

    def command(self, *words: str) -> str:
        """Run another command on this state; return what it printed."""
        done = subprocess.run(
            [sys.executable, "-m", "filterd", *words, "--state", str(self.state)],
            capture_output=True, text=True, timeout=120, env=self.environment,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
        return done.stdout

    def prepare(self) -> None:
        """Set the state up with one child and no windows: what is blocked shall not depend on the time of day."""
        self.command("prepare")
        home = self.file.with_name("home.yaml")
        home.write_text("version: 1\ndefault_profile: kid\nprofiles: [{id: kid, name: Kid, preset: age-10-13}]\n")
        self.command("policy", "import", str(home))

    def status(self) -> Mapping[str, Any]:
        """What `filterd lists status` says."""
        found: dict[str, Any] = json.loads(self.command("lists", "status", "--json"))
        return found

    def lists(self) -> dict[str, dict[str, Any]]:
        """What `filterd lists show` says, by id."""
        return {row["id"]: row for row in json.loads(self.command("lists", "show", "--json"))["lists"]}


def wait_until(condition: Callable[[], Any], seconds: float = 60.0) -> None:
    """Wait for something to become true."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.02)
