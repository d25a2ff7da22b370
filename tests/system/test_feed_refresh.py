"""The daily renewal of an office's feed: locked up, off until an office wants it, done by its own words, loud when it fails."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from filterd.control.feed_office_demo import PASSPHRASE, Demo, make_demo
from tests.system.test_units import OFFICE, TOP, analyze, settings
from tests.system.test_units import folder as folder

TIMER = TOP / "systemd/filterd-feed-refresh.timer"
INSTALL = (TOP / "deploy/install.sh").read_text()


def one(name: str, path: Path = OFFICE) -> str:
    """The value of a setting that stands there once."""
    (value,) = [line.partition("=")[2] for line in settings(path) if line.startswith(f"{name}=")]
    return value


def environment() -> dict[str, str]:
    """What the unit gives to its program."""
    pairs = [line.partition("=")[2] for line in settings(OFFICE) if line.startswith("Environment=")]
    return dict(pair.split("=", 1) for pair in pairs)


def test_it_is_locked_up_as_the_parts_are_and_more() -> None:
    def block(path: Path) -> list[str]:
        lines = settings(path)
        return lines[lines.index("CapabilityBoundingSet=") : lines.index("LimitCORE=0") + 1]

    assert block(OFFICE) == block(TOP / "systemd/filterd-web.service")
    lines = set(settings(OFFICE))
    assert {"PrivateNetwork=yes", "IPAddressDeny=any", "RestrictAddressFamilies=AF_UNIX", "ProtectClock=yes"} <= lines
    assert "InaccessiblePaths=-/var/lib/filterd -/etc/filterd -/run/filterd" in lines
    assert (one("User"), one("Group"), one("UMask")) == ("filterd-feed", "filterd-feed", "0022")
    assert "\nu filterd-feed - " in (TOP / "systemd/sysusers.d/filterd.conf").read_text()
    # what it may write is its own state, and the folder that it works in lies there; the keys do not
    values = environment()
    assert values["FILTERD_FEED_FOLDER"].startswith(f"/var/lib/{one('StateDirectory')}/")
    assert not values["FILTERD_FEED_KEYS"].startswith("/var/")
    assert not [line for line in lines if line.startswith(("ReadWritePaths", "ConfigurationDirectory"))]


def test_its_exposure_is_the_least_of_all(folder: Path) -> None:
    done = analyze("security", "--offline=true", "--threshold=10", f"./{OFFICE.name}", folder=folder)
    assert done.returncode == 0, done.stdout.splitlines()[-1]


def test_the_timer_comes_daily_spread_and_makes_up_for_a_day_that_was_missed(folder: Path) -> None:
    assert (one("OnCalendar", TIMER), one("Persistent", TIMER)) == ("daily", "true")
    assert one("RandomizedDelaySec", TIMER) == "1h"
    assert one("Unit", TIMER) == OFFICE.name and one("WantedBy", TIMER) == "timers.target"
    assert "[Install]" not in OFFICE.read_text()  # its timer alone starts it
    said = analyze("calendar", one("OnCalendar", TIMER), folder=folder)
    assert said.returncode == 0 and "Normalized form: *-*-* 00:00:00" in said.stdout


def test_it_is_installed_and_taken_away_but_an_office_enables_it() -> None:
    (services,) = re.findall(r'^SERVICES="(.*)"$', INSTALL, re.MULTILINE)
    assert {OFFICE.name, TIMER.name} <= set(services.split())
    (looked,) = re.findall(r"for file in ((?:.*\\\n)*.*); do\n +\[ -r", INSTALL)
    assert {OFFICE.name, TIMER.name} <= set(looked.replace("\\\n", " ").split())
    started = [
        line
        for line in INSTALL.splitlines()
        if re.search(r"enable |for unit in filterd\.service|systemctl start", line)
    ]
    assert len(started) >= 5 and not [line for line in started if "feed-refresh" in line]


def test_the_clerks_chapter_names_what_the_unit_uses() -> None:
    values = environment()
    vietnamese, english = (TOP / "blocklists/README.md").read_text().split("## For parents and teachers")
    for text in (vietnamese, english):
        for word in (f"enable --now {TIMER.name}", f"start {OFFICE.name}", "systemctl --failed",
                     f"journalctl -u {OFFICE.stem}", *values.values()):  # fmt: skip
            assert word in text


# --- its words, as systemd would run them


@pytest.fixture
def office(tmp_path: Path) -> Demo:
    """An office that published yesterday; the server has the online key alone."""
    demo = make_demo(tmp_path / "demo", datetime.now(UTC) - timedelta(days=1))
    for path in demo.keys.iterdir():
        if not path.name.startswith("online-"):
            path.unlink()
    passphrase = tmp_path / "passphrase"
    passphrase.write_text(f"{PASSPHRASE}\n")
    passphrase.chmod(0o600)
    return demo


def start(demo: Demo) -> subprocess.CompletedProcess[str]:
    """Run the unit's program with the unit's environment, its places exchanged for those of a test."""
    places = {
        "FILTERD_FEED_FOLDER": str(demo.office.folder),
        "FILTERD_FEED_KEYS": str(demo.keys),
        "FILTERD_FEED_PASSPHRASE_FILE": str(demo.keys.parents[1] / "passphrase"),
    }
    assert environment().keys() == places.keys()
    words = one("ExecStart").split()
    assert words.pop(0) == "/opt/filterd/bin/filterd"
    words = [re.sub(r"\$\{(\w+)\}", lambda match: places[match[1]], word) for word in words]
    env = {"PATH": os.environ["PATH"], "HOME": "/nonexistent", "LC_ALL": "C.UTF-8"} | places
    command = [sys.executable, "-m", "filterd", *words]
    return subprocess.run(
        command, cwd=TOP, env=env, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=120
    )


def timestamp(demo: Demo) -> dict[str, object]:
    """The signed timestamp that a web server gives out."""
    (path,) = demo.office.repository.rglob("timestamp.json")
    signed: dict[str, object] = json.loads(path.read_text())["signed"]
    return signed


def test_a_day_is_renewed_with_the_online_key_alone(office: Demo) -> None:
    before = timestamp(office)
    done = start(office)
    assert done.returncode == 0, done.stderr
    after = timestamp(office)
    assert int(str(after["version"])) == int(str(before["version"])) + 1
    assert str(after["expires"]) > str(before["expires"])
    (path,) = office.office.repository.rglob("timestamp.json")
    assert path.stat().st_mode & 0o004  # the web server's


@pytest.mark.parametrize("missing", ["passphrase", "key", "wrong", "open", "folder"])
def test_what_keeps_it_from_that_is_said_and_fails(office: Demo, missing: str) -> None:
    before = timestamp(office)
    passphrase = office.keys.parents[1] / "passphrase"
    if missing == "passphrase":
        passphrase.unlink()
    elif missing == "key":
        for path in office.keys.iterdir():
            path.unlink()
    elif missing == "wrong":
        passphrase.write_text("another one, which is wrong\n")
    elif missing == "open":
        passphrase.chmod(0o644)
    else:
        (office.office.folder / "feed.yaml").rename(office.office.folder / "feed.yaml.away")
    done = start(office)
    assert done.returncode != 0 and done.stderr.strip() and "Traceback" not in done.stderr
    assert timestamp(office) == before


def test_a_failure_is_an_error_in_the_journal_and_a_success_is_silent() -> None:
    shell = one("ExecStopPost").removeprefix("/bin/sh -c '").removesuffix("'").replace("$$", "$")
    for result, said in (("success", False), ("exit-code", True), ("timeout", True), ("oom-kill", True)):
        done = subprocess.run(["/bin/sh", "-c", shell], env={"SERVICE_RESULT": result}, capture_output=True, text=True)
        assert done.returncode == 0 and done.stdout.startswith("<3>") == said and bool(done.stdout) == said
    assert one("Type") == "oneshot" and not [line for line in settings(OFFICE) if line.startswith("Restart")]
