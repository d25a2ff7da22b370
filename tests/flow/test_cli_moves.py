"""The daily moves from the command line, against running workers: in force at once, taken back, told, refused."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from filterd.control.household import export_household, import_household
from tests.processes import Service, UpstreamStub, addresses

LAN, MINH = "127.0.0.11", "127.0.0.12"
SITE, NOTHING = ["192.0.2.80"], ["0.0.0.0"]
ZONE = {"www.example.org": SITE, "tiktok.com": SITE}


class Home:
    """A running service with the demonstration household, and the command line beside it."""

    def __init__(self, service: Service) -> None:
        self.service = service
        self.environment = service.environment | {"FILTERD_STATE": str(service.state), "FILTERD_BY": "mẹ"}

    def run(self, *words: str | bytes) -> subprocess.CompletedProcess[str]:
        """Run a command for real."""
        return subprocess.run(
            [sys.executable, "-m", "filterd", *words], capture_output=True, text=True, timeout=60, env=self.environment
        )

    def said(self, *words: str) -> str:
        """Run a command that succeeds; what it printed."""
        done = self.run(*words)
        assert (done.returncode, done.stderr) == (0, ""), done
        return done.stdout

    def gets(self, name: str, client: str) -> list[str]:
        """The addresses that a client gets right now."""
        return addresses(self.service.ask(name, "A", client))


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Home]:
    """`filterd up` on a fresh state."""
    state = tmp_path_factory.mktemp("home") / "state"
    with UpstreamStub(ZONE) as upstream, Service.up(state, upstream, "--workers", "2") as service:
        yield Home(service)


@pytest.fixture(autouse=True)
def _as_it_was(home: Home, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Every story begins and ends with the same rules."""
    monkeypatch.setenv("FILTERD_RUN", home.environment["FILTERD_RUN"])
    before = export_household(home.service.state)
    yield
    import_household(home.service.state, before, "before")


def test_off_bites_at_once_ends_grants_and_undo_gives_them_back(home: Home) -> None:
    home.said("profile", "set", "lan", "windows=")  # the test may run at bedtime
    assert home.gets("tiktok.com", LAN) == NOTHING
    home.said("grant", "add", "lan", "service", "tiktok", "--minutes", "30")
    assert (home.gets("tiktok.com", LAN), home.gets("www.example.org", MINH)) == (SITE, SITE)
    said = home.said("off", "lan", "--minutes", "60")
    assert "Internet off: profile lan (Lan) since " in said and "acknowledged by 2 of 2 workers" in said
    assert (home.gets("tiktok.com", LAN), home.gets("www.example.org", LAN)) == (NOTHING, NOTHING)
    assert home.gets("www.example.org", MINH) == SITE
    assert "taken back" in home.said("undo")
    assert (home.gets("tiktok.com", LAN), home.gets("www.example.org", LAN)) == (SITE, SITE)
    home.said("off", "lan")
    home.said("on", "lan")
    assert (home.gets("tiktok.com", LAN), home.gets("www.example.org", LAN)) == (NOTHING, SITE)


def test_a_bonus_pierces_an_off_for_everyone(home: Home) -> None:
    home.said("off", "everyone", "--reason", "ăn tối")
    assert (home.gets("www.example.org", LAN), home.gets("www.example.org", MINH)) == (NOTHING, NOTHING)
    home.said("bonus", "minh", "15")
    assert (home.gets("www.example.org", LAN), home.gets("www.example.org", MINH)) == (NOTHING, SITE)
    shown = json.loads(home.said("explain", "www.example.org", "--client", LAN, "--json"))
    assert (shown["action"], shown["row"]) == ("block", "off")


def test_rules_and_requests_bite_at_once(home: Home) -> None:
    assert home.gets("www.example.org", MINH) == SITE
    home.said("profile", "name", "minh", "add", "block", "example.org")
    assert home.gets("www.example.org", MINH) == NOTHING
    told = json.loads(home.said("request", "ask", "minh", "name", "www.example.org", "--json"))
    told = json.loads(home.said("request", "yes", told["request"]["id"], "--minutes", "5", "--json"))
    assert told["in_force"] is True and told["published"]["acknowledged"] == told["published"]["workers"] == 2
    assert home.gets("www.example.org", MINH) == SITE
    home.said("grant", "revoke", told["request"]["grant"])
    assert home.gets("www.example.org", MINH) == NOTHING


def test_who_did_what_is_in_the_history(home: Home) -> None:
    home.said("pause", "bo-me", "--by", "bố")
    said = home.said("history", "--limit", "1")
    assert "  bố (cli)  pause\n" in said and "scope: filter" in said


def test_refusals_are_one_sentence_and_exit_code_1(home: Home) -> None:
    for words in (
        ["off", "nobody"],
        ["undo", "9999"],
        ["off", b"\xff\xfe\x1b[2J"],
        ["device", "rename", "may-lan", b"\xff"],
    ):
        done = home.run(*words)
        assert (done.returncode, done.stdout) == (1, ""), done
        assert done.stderr.startswith("filterd: ") and done.stderr.count("\n") == 1 and done.stderr[:-1].isprintable()


def test_what_somebody_else_changed_is_exit_code_3(home: Home) -> None:
    seen = json.loads(home.said("profile", "list", "--json"))["revision"]
    home.said("profile", "service", "lan", "youtube", "block", "--by", "bố")
    done = home.run("profile", "service", "lan", "roblox", "block", "--if-revision", str(seen))
    assert done.returncode == 3 and "(service block by bố, cli)" in done.stderr


def test_many_at_once_all_count_once(home: Home) -> None:
    with ThreadPoolExecutor(4) as pool:
        told = list(pool.map(lambda i: json.loads(home.said("bonus", "lan", str(i + 1), "--json")), range(8)))
    assert len({t["grant"]["id"] for t in told}) == len({t["revision"] for t in told}) == 8
    listed = json.loads(home.said("grant", "list", "--json"))
    assert {g["id"] for g in listed["grants"]} >= {t["grant"]["id"] for t in told}


def test_help_loads_nothing_heavy() -> None:
    code = (
        "import sys\n"
        "import filterd.cli\n"
        "for command in ('profile', 'device', 'grant', 'off', 'on', 'pause', 'bonus', 'undo', 'history', 'request'):\n"
        "    sys.argv = ['filterd', command, '--help']\n"
        "    try: filterd.cli.main()\n"
        "    except SystemExit as exc: assert not exc.code\n"
        "print(sorted(sys.modules), file=sys.stderr)"
    )
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stderr
    heavy = ("yaml", "sqlalchemy", "alembic", "dnslib", "requests", "idna", "filterd.control", "filterd.engine")
    assert not any(f"'{module}'" in loaded for module in heavy)


def test_a_state_without_a_household_is_said(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "filterd", "off", "lan", "--state", str(tmp_path / "typo")],
        capture_output=True, text=True, timeout=60,
    )  # fmt: skip
    assert done.returncode == 1 and "no household yet; start `filterd up` once" in done.stderr
    assert not (tmp_path / "typo").exists()
