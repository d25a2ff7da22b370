"""A daily budget in a real house: used up it blocks at once, `explain` says so, and nothing but a bonus opens it."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from filterd.control.moves import Whom, bonus
from filterd.control.profiles import patch, patch_household
from filterd.model.change import Who
from tests.processes import Service, UpstreamStub, addresses, gone, part

LAN, MINH = "127.0.0.11", "127.0.0.12"
SITE, NOTHING = ["192.0.2.80"], ["0.0.0.0"]
ZONE = dict.fromkeys(("roblox.com", "www.roblox.com", "youtube.com", "www.example.org"), SITE)
BUDGET = "from filterd.cli.budget import budget; budget()"


class Home:
    """`filterd up` with a child whose games have five minutes a day."""

    def __init__(self, service: Service) -> None:
        self.service = service
        self.state = service.state

    def gets(self, name: str, client: str = LAN) -> list[str]:
        """The addresses that a client gets right now."""
        return addresses(self.service.ask(name, "A", client))

    def becomes(self, wanted: list[str], name: str, seconds: float = 20.0) -> None:
        """Wait for an answer to become what it shall be."""
        deadline = time.monotonic() + seconds
        while (found := self.gets(name)) != wanted:
            assert time.monotonic() < deadline, found
            time.sleep(0.05)

    def run(self, *arguments: str) -> str:
        """What a command prints."""
        command = [sys.executable, *arguments, "--state", str(self.state)]
        return subprocess.run(
            command, capture_output=True, text=True, check=True, timeout=60, env=self.service.environment
        ).stdout

    def row(self, name: str) -> str:
        """The action and the row that `explain` names."""
        found = json.loads(self.run("-m", "filterd", "explain", name, "--client", LAN, "--json"))
        return f"{found['action']} {found['row']}"

    def budget(self) -> dict:
        """The one budget, as the command line has it."""
        (found,) = json.loads(self.run("-c", BUDGET, "--json"))["budgets"]
        return found


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Home]:
    state = tmp_path / "state"
    with UpstreamStub(ZONE) as upstream, Service.up(state, upstream) as service:
        monkeypatch.setenv("FILTERD_RUN", str(service.run))
        noon = time.gmtime().tm_hour - 12
        patch_household(state, Who("mẹ"), {"timezone": f"Etc/GMT{noon:+d}"})  # far from midnight whenever this runs
        budgets = {"budgets": [{"services": ["roblox"], "minutes": 5}], "windows": [], "preset": "none"}
        patch(state, Who("mẹ"), "lan", budgets)
        made = Home(service)
        made.becomes(SITE, "www.example.org")
        yield made


def test_five_minutes_of_a_game(home: Home) -> None:
    assert home.row("roblox.com") == "allow default"
    assert (home.budget()["used"], home.budget()["used_up"]) == (0, False)
    assert home.gets("roblox.com") == SITE  # one allowed question fills five minutes
    home.becomes(NOTHING, "www.roblox.com")
    assert home.row("www.roblox.com") == "block budget"
    assert home.gets("www.roblox.com", MINH) == SITE  # another child's day is its own
    assert home.gets("youtube.com") == SITE  # what the budget does not name goes on
    found = home.budget()
    assert (found["text"], found["used_up"], found["blocked"]) == ("khoảng 5 trên 5 phút", True, True)
    assert "khoảng 5 trên 5 phút, đã hết giờ đến 00:00" in home.run("-c", BUDGET)

    manager = part(home.service.process.pid, "filterd.manage", 10.0)
    os.kill(manager, signal.SIGKILL)
    assert gone(manager, 5.0)
    assert home.gets("www.roblox.com") == NOTHING  # the block lies in the snapshot
    assert home.budget()["text"] == "khoảng 5 trên 5 phút"
    successor = part(home.service.process.pid, "filterd.manage", 20.0)
    assert successor != manager
    patch(home.state, Who("mẹ"), "lan", {"name": "Lan Anh"})  # published anew by whoever is there
    assert home.gets("www.roblox.com") == NOTHING
    assert home.row("www.roblox.com") == "block budget"

    bonus(home.state, Who("mẹ"), Whom(profile="lan"), 15)
    home.becomes(SITE, "www.roblox.com")
    assert home.row("www.roblox.com") == "allow default"


def test_more_minutes_open_it_and_fewer_close_it_without_another_question(home: Home) -> None:
    assert home.gets("roblox.com") == SITE
    home.becomes(NOTHING, "roblox.com")
    patch(home.state, Who("mẹ"), "lan", {"budgets": [{"services": ["roblox"], "minutes": 90}]})
    home.becomes(SITE, "roblox.com")
    assert home.budget()["text"].endswith("trên 90 phút")
    patch(home.state, Who("mẹ"), "lan", {"budgets": [{"services": ["roblox"], "minutes": 5}]})
    home.becomes(NOTHING, "roblox.com")
