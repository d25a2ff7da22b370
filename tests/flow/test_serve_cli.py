"""The command line itself: help, version, errors as sentences, the log's lines."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from filterd.cli import COMMANDS, main
from filterd.cli.log import as_line
from filterd.cli.run import default_listens, read_settings
from filterd.config.settings import Listen, Settings
from filterd.control.activity_live import entry_of
from filterd.control.privacy import Masks
from filterd.errors import ConfigError
from filterd.model.activity import Entry
from filterd.model.decision import Action, Row
from filterd.model.event import Origin, Tail
from filterd.net.ring import Ring
from tests.unit.net.test_ring import event


def run(*arguments: str, stdin: str = "") -> subprocess.CompletedProcess[str]:
    """Run `filterd` for real."""
    command = [sys.executable, "-m", "filterd", *arguments]
    return subprocess.run(command, capture_output=True, text=True, timeout=60, input=stdin)


def test_help_names_every_command_and_loads_none() -> None:
    shown = CliRunner().invoke(main, ["--help"]).output
    assert all(f"  {name} " in shown for name in COMMANDS)
    assert "Examples:" in shown


@pytest.mark.parametrize("command", list(COMMANDS))
def test_every_command_has_help_with_an_example(command: str) -> None:
    shown = CliRunner().invoke(main, [command, "--help"])
    assert shown.exit_code == 0, shown.output
    assert "Example" in shown.output


def test_version_and_unknown_commands() -> None:
    assert run("--version").stdout.startswith("filterd ")
    unknown = run("fly")
    assert unknown.returncode == 2 and "No such command 'fly'" in unknown.stderr


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion_scripts(shell: str) -> None:
    script = CliRunner().invoke(main, ["completion", shell])
    assert script.exit_code == 0
    assert "_FILTERD_COMPLETE" in script.output


def test_starting_a_worker_loads_no_other_commands_imports() -> None:
    code = (
        "import sys; sys.argv = ['filterd', 'serve', '--help']\n"
        "import filterd.cli\n"
        "try: filterd.cli.main()\n"
        "except SystemExit: pass\n"
        "print(sorted(sys.modules), file=sys.stderr)"
    )
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stderr
    assert not any(f"'{module}'" in loaded for module in ("yaml", "dnslib", "requests", "idna"))


def test_our_errors_are_sentences(tmp_path: Path) -> None:
    done = run("serve", "--state", str(tmp_path / "absent"))
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == f"filterd: {tmp_path}/absent: no such state folder; `filterd up` sets one up\n"
    assert run("manage", "--state", str(tmp_path / "absent")).returncode == 1


def test_every_problem_of_a_file_has_its_line(monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(*_: object, **__: object) -> None:
        raise ConfigError(["a: wrong (x:1)", "b: wrong (x:2)"])

    monkeypatch.setattr("click.Group.main", fails)
    shown = CliRunner().invoke(main, ["explain"])
    assert shown.exit_code == 1
    assert "filterd: a: wrong (x:1)\nfilterd: b: wrong (x:2)\n" in shown.output


def test_a_reader_that_goes_away_is_no_error(tmp_path: Path) -> None:
    ring = Ring.create(tmp_path / "worker-0.blocked", 1024 * 1024)
    for number in range(5000):
        ring.append(event(number))
    ring.close()
    command = f"{sys.executable} -m filterd log --state {tmp_path} | head -1"
    done = subprocess.run(
        ["sh", "-c", command],
        capture_output=True,
        text=True,
        timeout=60,
        env=os.environ | {"FILTERD_RUN": str(tmp_path)},
    )
    assert done.stderr == ""
    assert done.stdout.count("\n") == 1


def test_a_gap_in_the_log_is_shown(tmp_path: Path) -> None:
    ring = Ring.create(tmp_path / "worker-0.blocked", 1024 * 1024)
    ring.append(event(0) + b"\xff" * 40, count=4)
    ring.close()
    environment = os.environ | {"FILTERD_RUN": str(tmp_path)}
    for option, expected in (("--blocked", "-- 3 questions came too fast to be kept --"), ("--json", '{"lost": 3}')):
        shown = CliRunner().invoke(main, ["log", option, "--state", str(tmp_path)], env=environment)
        assert expected in shown.output


def test_without_a_running_service_the_log_is_empty(tmp_path: Path) -> None:
    shown = CliRunner().invoke(main, ["log", "--state", str(tmp_path)], env={"FILTERD_RUN": str(tmp_path / "absent")})
    assert (shown.exit_code, shown.output) == (0, "")


def entry(at_ms: int, client: bytes, tail: Tail) -> Entry:
    """A record of a ring as the log shows it when nothing is masked."""
    return entry_of(0, at_ms, client, tail, Masks(harm=frozenset()))


def test_a_line_of_the_log_says_who_what_and_why(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TZ", "UTC")
    tail = Tail(
        Action.BLOCK, Row.CATEGORY, 65, 0, Origin.UPSTREAM, b"\x03www\x07example\x03org\x00", profile="lan",
        device="phone", category="adult", rule="adult blocked", list_id="shipped", matched=b"\x03bad\x07example\x00",
    )  # fmt: skip
    line = as_line(entry(1_795_500_000_000, b"\x7f\0\0\x0b", tail), as_json=False)
    assert line.endswith(
        "lan        phone           BLOCKED www.example.org HTTPS  category adult adult blocked because of bad.example"
    )
    document = json.loads(as_line(entry(1_795_500_000_123, bytes(15) + b"\1", tail), as_json=True))
    assert document["client"] == "::1" and document["matched"] == "bad.example" and document["type"] == "HTTPS"
    assert document["origin"] == "upstream" and document["at"].split(".")[1].startswith("123")


def test_a_line_of_an_allowed_question_gives_no_reason_where_there_is_none() -> None:
    tail = Tail(Action.ALLOW, Row.DEFAULT, 999, 2, Origin.FAILED, b"\xc0bad", profile="lan")
    line = as_line(entry(0, b"", tail), as_json=False)
    assert line.endswith("allowed c0626164 TYPE999")
    assert json.loads(as_line(entry(0, b"", tail), as_json=True))["origin"] == "failed"


def given(**changes: object) -> dict[str, object]:
    """Options as the command line gives them."""
    nothing: dict[str, object] = dict.fromkeys(("config", "web", "web_tls", "child", "workers", "block"))
    return nothing | {"dns": (), "upstream": ()} | changes


def test_settings_come_from_defaults_then_file_then_command_line(tmp_path: Path) -> None:
    assert read_settings(given()) == Settings(dns=default_listens())
    (tmp_path / "filterd.yaml").write_text("workers: 3\nblock: page\ndns: 127.0.0.1:53\n")
    settings = read_settings(given(config=tmp_path / "filterd.yaml", workers=2))
    assert (settings.workers, settings.block, settings.dns) == (2, "page", (Listen("127.0.0.1", 53),))


def test_without_ipv6_it_answers_on_ipv4_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    def refused(*_: object) -> None:
        raise OSError("no IPv6")

    monkeypatch.setattr("filterd.cli.run.socket.socket", refused)
    assert default_listens() == (Listen("127.0.0.1", 5300),)
