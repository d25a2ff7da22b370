"""`filterd account` and `filterd setup-code`: in words and as JSON; no password is ever a word of the command."""

from __future__ import annotations

import json
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from filterd.cli.account import account, setup_code
from filterd.control import accounts
from filterd.control.change import history
from filterd.errors import ConfigError
from tests.unit.cli.told import document, run, state
from tests.unit.control.accounts_home import OTHER, PASSWORD

__all__ = ["state"]


def typed(state: Path, text: str, *words: str) -> str:
    """Run a command of `filterd account` with something on standard input."""
    done = CliRunner().invoke(
        account, [*words, "--state", str(state)], input=text, standalone_mode=False, catch_exceptions=False
    )
    assert done.exit_code == 0, done.output
    return done.stdout


def test_added_shown_changed_and_removed(state: Path) -> None:
    assert run(state, account, "list").startswith("no accounts yet")
    said = typed(state, f"{PASSWORD}\n", "add", "Hạnh", "--role", "admin", "--shown", "mẹ Hạnh", "--password-stdin")
    assert said == "account hanh added: mẹ Hạnh, admin\n"
    typed(state, f"{OTHER}\r\n", "add", "Cô Lan", "--role", "teacher", "--range", "pad", "--password-stdin")
    assert run(state, account, "list").splitlines() == [
        "hanh  Hạnh, called mẹ Hạnh; admin",
        "co-lan  Cô Lan, called Cô Lan; teacher, of pad",
    ]
    found = document(state, account, "list")["accounts"]
    assert [(a["id"], a["role"], a["ranges"]) for a in found] == [("hanh", "admin", []), ("co-lan", "teacher", ["pad"])]
    assert run(state, account, "role", "co lan", "viewer") == "account co-lan is viewer\n"
    assert run(state, account, "remove", "Cô Lan") == "account co-lan removed\n"
    assert [(c.verb, c.who.by, c.who.source) for c in history(state, limit=2)] == [
        ("account removed", "mẹ", "cli"), ("role changed", "mẹ", "cli"),
    ]  # fmt: skip
    with pytest.raises(ConfigError, match="last admin"):
        run(state, account, "remove", "hanh")
    with pytest.raises(ConfigError, match="there is no account"):
        run(state, account, "remove", "nobody")


def test_a_password_is_asked_for_twice_and_not_shown(state: Path) -> None:
    said = typed(state, f"{PASSWORD}\n{PASSWORD}\n", "add", "Hạnh", "--role", "admin")
    assert PASSWORD not in said and "account hanh added" in said
    with pytest.raises(click.Abort):
        typed(state, f"{OTHER}\n{PASSWORD}\n", "password", "hanh")  # two different ones, and then nothing more
    assert accounts.log_in(state, "hanh", PASSWORD)


def test_a_new_password_and_signed_out(state: Path) -> None:
    typed(state, PASSWORD, "add", "Hạnh", "--role", "admin", "--password-stdin")
    accounts.log_in(state, "hanh", PASSWORD, address="192.0.2.7", agent="Fire\x1bfox")
    assert "192.0.2.7" in run(state, account, "sessions", "hanh")
    assert document(state, account, "sessions", "hanh")["sessions"][0]["address"] == "192.0.2.7"
    assert run(state, account, "log-out", "hanh") == "signed out in 1 browser\n"
    assert run(state, account, "sessions", "hanh") == "signed in nowhere\n"
    assert typed(state, OTHER, "password", "hanh", "--password-stdin") == "account hanh has a new password\n"
    assert accounts.log_in(state, "hanh", OTHER)
    for weak in ("12345678", "short", ""):
        with pytest.raises(ConfigError, match="password: "):
            typed(state, weak, "password", "hanh", "--password-stdin")
    assert run(state, account, "totp-off", "hanh") == "account hanh had no second factor\n"


def test_the_setup_code(state: Path) -> None:
    said = run(state, setup_code)
    assert said == (state / "setup.code").read_text()
    assert document(state, setup_code) == {"needed": True, "code": said.strip()}
    typed(state, PASSWORD, "add", "Hạnh", "--role", "admin", "--password-stdin")
    assert "set up already" in run(state, setup_code)
    assert document(state, setup_code) == {"needed": False, "code": None}


def test_json_is_one_document(state: Path) -> None:
    said = typed(state, PASSWORD, "add", "Hạnh", "--role", "admin", "--password-stdin", "--json")
    assert json.loads(said)["account"]["id"] == "hanh" and "argon2" not in said
