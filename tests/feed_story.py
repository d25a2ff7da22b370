"""Everybody in the story of the feed (flow/test_feed_story.py): the office's clerk, a running box, who asks it.

story.filterd("feed", "status", "--json")        # a command, as somebody types it
story.blocks("casino.example")                   # a question, as a device asks it
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import requests
from securesystemslib.signer import CryptoSigner

from filterd.control import accounts
from filterd.feed.keys import find_signer, read_keys
from filterd.feed.office import Office
from filterd.model.change import Who
from tests.flow.test_feed_office import PASSPHRASE, Clerk
from tests.processes import Service, UpstreamStub, addresses

OUTSIDE = "192.0.2.66"  # where the world is: never the answer for a blocked name
WAIT_S = 60.0
PASSWORD = "con-mèo-trèo-cây-cau"


@dataclass
class Story:
    """Everybody in it."""

    clerk: Clerk
    port: int
    box: Service
    upstream: UpstreamStub

    @property
    def state(self) -> Path:
        return self.box.state

    @property
    def office(self) -> Office:
        return Office.open(self.clerk.office)

    @property
    def repository(self) -> Path:
        return self.clerk.office / "build" / "repository"

    @property
    def desk(self) -> Path:
        return self.clerk.home / "config" / "filterd-feed" / "lai-chau"

    def filterd(self, *words: str, code: int | None = 0, behind_s: float = 0.0) -> Any:
        """Run a command of the box; `behind_s`: with a clock that is so far behind. Returns its JSON, or its text."""
        start = [sys.executable, "-m", "filterd"]
        if behind_s:
            text = f"import time; real = time.time; time.time = lambda: real() - {behind_s!r}\n"
            start = [sys.executable, "-c", text + "from filterd.cli import main; main()"]
        env = self.clerk.env | {"FILTERD_RUN": str(self.box.run)}
        done = subprocess.run([*start, *words], env=env, capture_output=True, text=True, timeout=120, check=False)
        assert code is None or done.returncode == code, (words, done.stdout, done.stderr)
        assert "Traceback" not in done.stderr, done.stderr
        return json.loads(done.stdout) if "--json" in words else done.stdout

    def look(self, source: str, *more: str, code: int | None = 0, behind_s: float = 0.0) -> Any:
        """Look at the feed by command."""
        return self.filterd(
            "feed", "sync", "--state", str(self.state), "--from", source, "--json", *more, code=code, behind_s=behind_s
        )

    def signer(self, label: str, folder: Path | None = None) -> CryptoSigner:
        """Return an office's key."""
        key = next(one for one in read_keys(self.clerk.office) if one.label == label)
        found = find_signer(key, [folder or self.desk], lambda _label, _new: PASSPHRASE)
        assert found is not None
        return found

    def blocks(self, name: str) -> bool:
        """Ask the running box as a device does."""
        return OUTSIDE not in addresses(self.box.ask(name))

    def blocks_in_time(self, name: str, wanted: bool = True) -> bool:
        deadline = time.monotonic() + WAIT_S
        while self.blocks(name) is not wanted:
            if time.monotonic() > deadline:
                return False
            time.sleep(0.1)
        return True


def home_page(story: Story) -> str:
    """Log in on the box's page as a mother does, and return what stands on the first page."""
    box = story.box
    accounts.add(box.state, Who("test", "cli"), "me", PASSWORD, "admin", shown="mẹ")
    assert box.until(lambda: any(line.startswith("page: ") for line in box.lines), WAIT_S), box.said
    url = next(line for line in box.lines if line.startswith("page: ")).removeprefix("page: ").rstrip("/")
    with requests.Session() as browser:
        browser.trust_env = False
        form = browser.get(f"{url}/login", timeout=30)
        token = re.search(r'name="([a-z_]*(?:csrf|token)[a-z_]*)"[^>]*value="([^"]+)"', form.text)
        assert token is not None, form.text
        home = browser.post(
            f"{url}/login", {"name": "me", "password": PASSWORD, "to": "/", token[1]: token[2]}, timeout=30
        )
        assert home.status_code == 200
        return home.text
