"""The first evening of a family: one command, three children, a look at the log, a change, a list, and the way back."""

from __future__ import annotations

import json
import os
import queue
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from tests.processes import Service, UpstreamStub, addresses

LAN, MINH, TUAN = "127.0.0.11", "127.0.0.12", "127.0.0.13"
SITE, SAFE = "192.0.2.80", "192.0.2.99"
ZONE = {
    "www.example.org": [SITE],
    "forum.example.org": [SITE],
    "games.new-list.example": [SITE],
    "www.google.com": ["192.0.2.10"],
    "forcesafesearch.google.com": [SAFE],
    "facebook.com": ["192.0.2.11"],
    "tiktok.com": ["192.0.2.12"],
}


class Home:
    """A running `filterd up` on a fresh state, and the command line beside it."""

    def __init__(self, service: Service) -> None:
        self.service = service
        self.state = service.state

    def command(self, *arguments: str) -> str:
        """Run a command on this state; return what it printed."""
        done = subprocess.run(
            [sys.executable, "-m", "filterd", *arguments, "--state", str(self.state)],
            capture_output=True, text=True, timeout=60, env=self.service.environment,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
        return done.stdout

    def gets(self, name: str, client: str, qtype: str = "A") -> list[str]:
        """The addresses that a client gets."""
        return addresses(self.service.ask(name, qtype, client))

    def bites_within(self, seconds: float, name: str, client: str, wanted: list[str]) -> None:
        """Wait for an answer to become what it shall be."""
        deadline = time.monotonic() + seconds
        while (found := self.gets(name, client)) != wanted:
            assert time.monotonic() < deadline, found
            time.sleep(0.02)


class Follow:
    """`filterd log --follow --json`, read as it comes."""

    def __init__(self, home: Home, *more: str) -> None:
        self.lines: queue.Queue[str] = queue.Queue()
        command = [sys.executable, "-m", "filterd", "log", "--follow", "--json", *more, "--state", str(home.state)]
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=home.service.environment)
        self._thread = threading.Thread(target=self._read, daemon=True)
        self._thread.start()

    def _read(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self.lines.put(line)

    def wait_for(self, name: str, seconds: float = 10.0) -> dict:
        """The next event about a name."""
        deadline = time.monotonic() + seconds
        while True:
            event = json.loads(self.lines.get(timeout=max(0.01, deadline - time.monotonic())))
            if event.get("name") == name:
                return event

    def end(self) -> None:
        """End it."""
        self.process.terminate()
        self.process.wait(5)
        self._thread.join(5)
        assert self.process.stdout is not None
        self.process.stdout.close()


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Home]:
    """The box, just switched on."""
    folder = tmp_path_factory.mktemp("home")
    with UpstreamStub(ZONE) as upstream, Service.up(folder / "state", upstream) as service:
        yield Home(service)


def test_each_child_gets_its_own_answers(home: Home) -> None:
    assert home.gets("tiktok.com", LAN) == ["0.0.0.0"]
    assert home.gets("facebook.com", MINH) == ["0.0.0.0"]
    assert home.gets("tiktok.com", TUAN) == ["192.0.2.12"]
    answer = home.service.ask("www.google.com", client=TUAN)
    assert str(answer.rr[0].rdata) == "forcesafesearch.google.com." and addresses(answer) == [SAFE]
    blocked = home.service.ask("tiktok.com", "HTTPS", LAN)
    assert not blocked.rr and blocked.auth[0].rtype == 6


@pytest.mark.skipif(shutil.which("dig") is None, reason="dig is not installed")
def test_the_dig_lines_that_are_printed_work(home: Home) -> None:
    home.service.until(lambda: sum("dig @" in line for line in home.service.lines) == 3, 5)
    lines = [line.partition("#")[0].split() for line in home.service.lines if "dig @" in line]
    found = [subprocess.run([*line, "+short"], capture_output=True, text=True, timeout=20).stdout for line in lines]
    assert found == ["0.0.0.0\n", "0.0.0.0\n", f"forcesafesearch.google.com.\n{SAFE}\n"]


def test_the_log_shows_the_blocked_one_as_it_happens(home: Home) -> None:
    follow = Follow(home, "--blocked")
    try:
        home.gets("tiktok.com", LAN)
        event = follow.wait_for("tiktok.com")
        home.gets("facebook.com", MINH)
        start = time.monotonic()
        later = follow.wait_for("facebook.com")
        assert time.monotonic() - start < 2
    finally:
        follow.end()
    assert (event["client"], event["profile"], event["device"], event["action"]) == (LAN, "lan", "may-lan", "block")
    assert event["service"] == "tiktok" or event["row"] == "window"  # after half past nine bedtime comes first
    assert (later["device"], later["row"], later["action"]) == ("may-minh", "category", "block")


def test_a_change_of_the_household_bites_at_once(home: Home, tmp_path: Path) -> None:
    assert home.gets("www.example.org", TUAN) == [SITE]
    household = yaml.safe_load(home.command("policy", "export"))
    tuan = next(profile for profile in household["profiles"] if profile["id"] == "tuan")
    tuan["names"] = {"block": ["example.org"], "allow": ["forum.example.org"]}
    file = tmp_path / "household.yaml"
    file.write_text(yaml.safe_dump(household, allow_unicode=True))
    home.command("policy", "import", str(file))
    home.bites_within(1.0, "www.example.org", TUAN, ["0.0.0.0"])
    assert home.gets("forum.example.org", TUAN) == [SITE]
    assert home.gets("www.example.org", MINH) == [SITE]
    said = json.loads(home.command("explain", "www.example.org", "--client", "may-tuan", "--json"))
    assert (said["action"], said["row"], said["matched"]) == ("block", "name", "example.org")


def test_a_mistake_in_the_household_names_its_line_and_changes_nothing(home: Home, tmp_path: Path) -> None:
    before = home.command("policy", "export")
    file = tmp_path / "wrong.yaml"
    file.write_text(before.replace("effect: offline", "effect: of_line"))
    command = [sys.executable, "-m", "filterd", "policy", "import", str(file), "--state", str(home.state)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, env=os.environ)
    line = next(n for n, text in enumerate(file.read_text().splitlines(), 1) if "of_line" in text)
    assert done.returncode != 0 and f"{file}:{line}" in done.stderr
    assert home.command("policy", "export") == before


def test_a_list_bites_and_a_rollback_takes_it_back(home: Home, tmp_path: Path) -> None:
    name = "games.new-list.example"
    assert home.gets(name, TUAN) == [SITE]
    file = tmp_path / "names.txt"
    file.write_text("new-list.example\nold-list.example\nthird-list.example\n")
    home.command("lists", "add", "ours", "--category", "gambling", str(file))
    home.bites_within(1.0, name, TUAN, ["0.0.0.0"])
    home.command("lists", "rollback")
    home.bites_within(1.0, name, TUAN, [SITE])
    shown = json.loads(home.command("lists", "show", "--json"))
    assert [entry["id"] for entry in shown["lists"]] == ["ours"] and shown["previous"]


def test_the_week_of_a_child_can_be_looked_at(home: Home) -> None:
    week = json.loads(home.command("simulate", "lan", "--week", "--json"))
    nights = [s for s in week["stretches"] if s["internet"] == "off"]
    assert len(nights) >= 7 and {s["why"] for s in nights} == {"Giờ ngủ"}
